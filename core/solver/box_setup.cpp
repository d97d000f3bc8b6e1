#include <algorithm>
#include <numeric>
#include <vector>

#include "core/solver/box_problem.hpp"

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

BoxSources take_sources(ViewArena& arena, int count, int classes) {
  BoxSources sources;
  sources.count = count;
  sources.cell = take_integers(arena, count);
  for (auto* view : {&sources.volume, &sources.carrier, &sources.returned_carrier}) *view = arena.take(count);
  sources.pigment = arena.take_group(classes, count);
  sources.returned_pigment = arena.take_group(classes, count);
  return sources;
}

ActiveColumns take_active(ViewArena& arena, const CartesianGrid& grid) {
  ActiveColumns active;
  for (auto* view : {&active.rows, &active.list, &active.scratch}) *view = take_integers(arena, grid.column_count());
  return active;
}

void lay_out_box(ViewArena& arena, BoxProblem& p) {
  const int cells = p.grid.cell_count(), pad = p.grid.pad(), classes = p.params.classes;
  TissueState& t = p.tissue;
  for (auto* view : {&t.fluid, &t.carrier, &t.pressure, &t.speed, &t.path, &t.crack, &t.torn, &t.held, &p.damage})
    *view = arena.take(cells, pad);
  t.pigment = arena.take_group(classes, cells, pad);
  t.captured = arena.take_group(classes, cells, pad);
  BoxScratch& s = p.scratch;
  for (auto* view : {&s.permeability, &s.mobility, &s.flux_x, &s.flux_y, &s.flux_z, &s.source, &s.w, &s.w_between, &s.fluid_inverse,
                     &s.inverse_between})
    *view = arena.take(cells, pad);
  for (auto* group : {&s.capture, &s.c, &s.c_between}) *group = arena.take_group(classes, cells, pad);
  p.account = arena.take(RimAccount::count);
  p.system.lay_out(arena, p.grid);
}

}  // namespace dermaflux
