#include <algorithm>
#include <numeric>
#include <vector>

#include "core/solver/box_system.hpp"

namespace dermaflux {

void sort_links(EmbeddedNodes& nodes) {
  for (int n = 0, l = 0; n <= nodes.nodes; ++n) {
    while (l < nodes.links && nodes.link_node(l) < n) ++l;
    nodes.first_link(n) = l;
  }
  std::vector<int> order(static_cast<std::size_t>(nodes.links));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return nodes.link_cell(a) < nodes.link_cell(b); });
  nodes.cells = 0;
  for (int l = 0; l < nodes.links; ++l) {
    const int link = order[static_cast<std::size_t>(l)], cell = nodes.link_cell(link);
    nodes.by_cell(l) = link;
    if (l > 0 && cell == nodes.cell(nodes.cells - 1)) continue;
    nodes.cell(nodes.cells) = cell;
    nodes.first_of_cell(nodes.cells) = l;
    ++nodes.cells;
  }
  nodes.first_of_cell(nodes.cells) = nodes.links;
}

}  // namespace dermaflux
