#pragma once
#include <initializer_list>

#include "core/grid/cartesian_grid.hpp"
#include "core/grid/field_view.hpp"

namespace dermaflux {

// One symmetric positive definite system on the cells of a Cartesian grid and the nodes of lines embedded in it:
//   cell:  storage p - sum of conductance (p' - p) over its six faces - sum of link (q - p) over its links = residual
//   node:  compliance q - face (q' - q) to the nodes before and after - sum of link (p - q) over its links = residual
// For the pressure: storage = capacity V / dt + drain [m^3/(Pa s)], conductances in [m^3/(Pa s)], residuals in [m^3/s], unknown the
// change of pressure in a time step. Conductances of cells are held in single precision: each is one number on both sides of its
// face, so nothing is lost by it, and it is what a solution waits for.

/// Nodes of lines in the tissue, and what joins them to cells. A chain's nodes follow each other; `face(n)` joins nodes n - 1 and n
/// and is 0 where a chain begins. Links are sorted by node; `by_cell` names them again, sorted by the cells that have any.
struct EmbeddedNodes {
  int nodes = 0, links = 0, cells = 0;                         ///< cells: that have links
  FieldView<double> face;                                      ///< nodes + 1
  FieldView<double> compliance;                                ///< per node; negative where its value is given and does not change
  FieldView<double> residual, correction;                      ///< per node: right-hand side, later what is left of it; solution
  FieldView<double> link;                                      ///< conductance of each link, positive or zero
  FieldView<int> link_cell, link_node;                         ///< per link
  FieldView<int> first_link;                                   ///< per node and one more
  FieldView<int> cell;                                         ///< per cell that has links
  FieldView<int> first_of_cell, by_cell;                       ///< per such cell and one more; numbers of links
  FieldView<double> inverse, direction, image, reduced, flow;  ///< work of the solver; flow per link
};

/// Whole numbers from an arena of doubles.
DF_FUNCTION inline FieldView<int> take_integers(ViewArena& arena, int size) {
  const FieldView<double> block = arena.take((size + 1) / 2);
  return {reinterpret_cast<int*>(block.data), size, 0};
}

/// Takes the views of nodes from an arena. The caller fills numbers and links once per geometry (sort_links), conductances and
/// residuals for every solution.
inline EmbeddedNodes take_nodes(ViewArena& arena, int nodes, int links) {
  EmbeddedNodes n;
  n.nodes = nodes;
  n.links = links;
  n.face = arena.take(nodes + 1);
  for (auto* view : {&n.compliance, &n.residual, &n.correction, &n.inverse, &n.direction, &n.image, &n.reduced})
    *view = arena.take(nodes);
  n.link = arena.take(links);
  n.flow = arena.take(links);
  n.link_cell = take_integers(arena, links);
  n.link_node = take_integers(arena, links);
  n.first_link = take_integers(arena, nodes + 1);
  n.cell = take_integers(arena, links);
  n.first_of_cell = take_integers(arena, links + 1);
  n.by_cell = take_integers(arena, links);
  return n;
}

/// From link_cell and link_node, sorted by node: first_link, and the same by cell. On the host, once per geometry.
void sort_links(EmbeddedNodes& nodes);

/// Uniform values that steps hand to the control flow, by position in BoxSystem::scalars.
enum BoxScalar : int { box_sum = 0, box_excess, box_scalar_count };

/// Coefficients, unknowns and work arrays of a system.
template <class Grid>
struct BoxSystemOn {
  Grid grid;
  FieldView<float> x, y, z;            ///< conductance to the next cell along each axis; 0 at the last
  FieldView<double> storage;           ///< diagonal without fluxes, positive or zero but not zero everywhere
  FieldView<double> residual;          ///< right-hand side; afterwards what is left of it
  FieldView<double> correction;        ///< solution
  FieldView<double> direction, image;  ///< work
  EmbeddedNodes nodes;
  FieldView<double> partial, partial_excess;  ///< per column
  FieldView<double> plane, plane_excess;      ///< per plane of columns with equal i
  FieldView<double> scalars;                  ///< by BoxScalar

  /// Takes all views but those of nodes from an arena.
  void lay_out(ViewArena& arena, const Grid& on) {
    grid = on;
    const int cells = on.cell_count(), pad = on.pad();
    for (auto* view : {&x, &y, &z}) *view = take_singles(arena, cells, pad);
    for (auto* view : {&storage, &residual, &correction, &direction, &image}) *view = arena.take(cells, pad);
    partial = arena.take(on.column_count());
    partial_excess = arena.take(on.column_count());
    plane = arena.take(on.n_x);
    plane_excess = arena.take(on.n_x);
    scalars = arena.take(box_scalar_count);
  }
};
using BoxSystem = BoxSystemOn<GridPart>;

}  // namespace dermaflux
