#pragma once
#include <cmath>

#include "core/solver/box_multigrid.hpp"

namespace dermaflux {

// Conjugate gradients in double precision, preconditioned by one V-cycle on the cells in single precision and by the exact solution
// of the chains of nodes before and after it (a block factorisation with cells as the rest). Symmetric and positive.

/// Starts a solution from zero: the residual is the right-hand side.
template <class Grid>
struct StartSolutionStep {
  BoxSystemOn<Grid> s;
  DF_FUNCTION void operator()(int i, int j) const {
    const int first = s.grid.cell(i, j, 0), step = s.grid.step_z();
    DF_LANES
    for (int k = 0; k < s.grid.n_z; ++k) s.correction(first + k * step) = s.direction(first + k * step) = 0.0;
  }
};

/// Cells of a column that are summed side by side.
inline constexpr int box_lanes = 8;

/// Sum of the lanes in a fixed order.
DF_FUNCTION inline double sum_of_lanes(const double (&sum)[box_lanes]) {
  return ((sum[0] + sum[4]) + (sum[2] + sum[6])) + ((sum[1] + sum[5]) + (sum[3] + sum[7]));
}

/// Sum of `term(cell)` over a column.
template <class Grid, class Term>
DF_FUNCTION double lane_sum(const Grid& grid, int i, int j, const Term& term) {
  const int first = grid.cell(i, j, 0), step = grid.step_z();
  double sum[box_lanes] = {};
  int k = 0;
  for (; k + box_lanes <= grid.n_z; k += box_lanes) {
    DF_LANES
    for (int l = 0; l < box_lanes; ++l) sum[l] += term(first + (k + l) * step);
  }
  for (; k < grid.n_z; ++k) sum[0] += term(first + k * step);
  return sum_of_lanes(sum);
}

/// Moves along the direction unless `alpha` is 0, hands the residual to the first level and leaves, per column, by how much a
/// cell's balance is off beyond what is tolerated and the sum of the squares of the residual.
template <class Grid>
struct AdvanceColumnsStep {
  BoxSystemOn<Grid> s;
  BoxLevelOn<Grid> level;
  double alpha, tolerance;
  DF_FUNCTION void operator()(int i, int j) const {
    const int first = s.grid.cell(i, j, 0), step = s.grid.step_z();
    double excess[lanes] = {}, sum[lanes] = {};
    for (int k = 0; k < s.grid.n_z; k += lanes) {
      const int count = s.grid.n_z - k < lanes ? s.grid.n_z - k : lanes;
      if (count == lanes)
        part<lanes>(first + k * step, step, excess, sum);
      else
        for (int l = 0; l < count; ++l) part<1>(first + (k + l) * step, step, excess, sum);
    }
    s.partial(s.grid.column(i, j)) = sum_of_lanes(sum);
    double largest = 0.0;
    for (int l = 0; l < lanes; ++l) largest = larger(largest, excess[l]);
    s.partial_excess(s.grid.column(i, j)) = largest;
  }

 private:
  static constexpr int lanes = box_lanes;
  template <int W>
  DF_IN_LANES DF_FUNCTION void part(int first, int step, double (&excess)[lanes], double (&sum)[lanes]) const {
    DF_LANES
    for (int l = 0; l < W; ++l) {
      const int at = first + l * step;
      const double residual = s.residual(at) - alpha * s.image(at);
      s.correction(at) += alpha * s.direction(at);
      s.residual(at) = residual;
      level.right(at) = static_cast<float>(residual);
      excess[l] = larger(excess[l], std::fabs(residual) - tolerance * s.storage(at));
      sum[l] += residual * residual;
    }
  }
};

/// Residual times preconditioned residual, per column.
template <class Grid>
struct ProductStep {
  BoxSystemOn<Grid> s;
  BoxLevelOn<Grid> level;
  DF_FUNCTION void operator()(int i, int j) const {
    s.partial(s.grid.column(i, j)) =
        lane_sum(s.grid, i, j, [&](int at) { return s.residual(at) * static_cast<double>(level.value(at)); });
  }
};

/// New search direction.
template <class Grid>
struct TurnStep {
  BoxSystemOn<Grid> s;
  BoxLevelOn<Grid> level;
  double beta;
  DF_FUNCTION void operator()(int i, int j) const {
    const int first = s.grid.cell(i, j, 0), step = s.grid.step_z();
    DF_LANES
    for (int k = 0; k < s.grid.n_z; ++k) {
      const int at = first + k * step;
      s.direction(at) = static_cast<double>(level.value(at)) + beta * s.direction(at);
    }
  }
};

/// The matrix times the direction, without links, and their product per column.
template <class Grid>
struct ImageStep {
  BoxSystemOn<Grid> s;
  DF_FUNCTION void operator()(int i, int j) const {
    s.partial(s.grid.column(i, j)) = lane_sum(s.grid, i, j, [&](int at) { return row(at); });
  }
  DF_IN_LANES DF_FUNCTION double row(int at) const {
    const int sx = s.grid.step_x(), sy = s.grid.step_y(), sz = s.grid.step_z();
    const FieldView<double> p = s.direction;
    const double here = p(at);
    const double along_x =
        static_cast<double>(s.x(at)) * (here - p(at + sx)) + static_cast<double>(s.x(at - sx)) * (here - p(at - sx));
    const double along_y =
        static_cast<double>(s.y(at)) * (here - p(at + sy)) + static_cast<double>(s.y(at - sy)) * (here - p(at - sy));
    const double along_z =
        static_cast<double>(s.z(at)) * (here - p(at + sz)) + static_cast<double>(s.z(at - sz)) * (here - p(at - sz));
    const double image = s.storage(at) * here + ((along_x + along_y) + along_z);
    s.image(at) = image;
    return image * here;
  }
};

/// Sums of the columns of each plane, in order.
template <class Grid>
struct PlaneSumStep {
  BoxSystemOn<Grid> s;
  DF_FUNCTION void operator()(int i) const {
    double sum = 0.0, excess = 0.0;
    for (int j = 0; j < s.grid.n_y; ++j) {
      sum += s.partial(s.grid.column(i, j));
      excess = larger(excess, s.partial_excess(s.grid.column(i, j)));
    }
    s.plane(i) = sum;
    s.plane_excess(i) = excess;
  }
};

/// Of all planes; and of the nodes the sum of a times b.
template <class Grid>
struct TotalStep {
  BoxSystemOn<Grid> s;
  FieldView<const double> a, b;
  DF_FUNCTION void operator()() const {
    double sum = 0.0, excess = 0.0;
    for (int i = 0; i < s.grid.n_x; ++i) {
      sum += s.plane(i);
      excess = larger(excess, s.plane_excess(i));
    }
    for (int n = 0; n < s.nodes.nodes; ++n) sum += a(n) * b(n);
    s.scalars(box_sum) = sum;
    s.scalars(box_excess) = excess;
  }
};

// --- nodes ----------------------------------------------------------------------------------------------------------------

/// Factors of the chains; starts the solution.
struct FactorNodesStep {
  EmbeddedNodes nodes;
  DF_FUNCTION void operator()() const {
    double leaving = 0.0, coupling = 0.0;
    for (int n = 0; n < nodes.nodes; ++n) {
      nodes.correction(n) = nodes.direction(n) = nodes.image(n) = 0.0;
      if (nodes.compliance(n) < 0.0) {
        nodes.inverse(n) = leaving = coupling = 0.0;
        nodes.residual(n) = 0.0;
        continue;
      }
      double own = nodes.compliance(n);
      for (int l = nodes.first_link(n); l < nodes.first_link(n + 1); ++l) own += nodes.link(l);
      const bool fixed_before = n > 0 && nodes.compliance(n - 1) < 0.0;
      leaving = own + (fixed_before || n == 0 ? nodes.face(n) : coupling * leaving);
      const double diagonal = leaving + nodes.face(n + 1);
      nodes.inverse(n) = diagonal > 0.0 ? 1.0 / diagonal : 0.0;
      coupling = nodes.face(n + 1) * nodes.inverse(n);
    }
  }
};

/// Solves the chains for what stands in `reduced`.
DF_FUNCTION inline void solve_chains(const EmbeddedNodes& nodes) {
  for (int n = 1; n < nodes.nodes; ++n)
    if (nodes.inverse(n) > 0.0) nodes.reduced(n) += nodes.face(n) * nodes.inverse(n - 1) * nodes.reduced(n - 1);
  double after = 0.0;
  for (int n = nodes.nodes - 1; n >= 0; --n) {
    const double onward = n + 1 < nodes.nodes ? nodes.face(n + 1) * after : 0.0;
    after = nodes.reduced(n) = nodes.inverse(n) * (nodes.reduced(n) + onward);
  }
}

/// Moves the nodes along their direction, solves the chains for their residual and leaves what their links bring to the cells.
struct NodesBeforeStep {
  EmbeddedNodes nodes;
  double alpha;
  DF_FUNCTION void operator()() const {
    for (int n = 0; n < nodes.nodes; ++n) {
      nodes.correction(n) += alpha * nodes.direction(n);
      nodes.residual(n) -= alpha * nodes.image(n);
      nodes.reduced(n) = nodes.residual(n);
    }
    solve_chains(nodes);
    for (int l = 0; l < nodes.links; ++l) nodes.flow(l) = nodes.link(l) * nodes.reduced(nodes.link_node(l));
  }
};

/// How far the balances of the nodes are off beyond what is tolerated, on top of those of the cells.
template <class Grid>
struct NodesExcessStep {
  BoxSystemOn<Grid> s;
  double tolerance;
  DF_FUNCTION void operator()() const {
    const EmbeddedNodes& nodes = s.nodes;
    double excess = s.scalars(box_excess);
    for (int n = 0; n < nodes.nodes; ++n) {
      if (nodes.compliance(n) < 0.0) continue;
      double own = nodes.compliance(n);
      for (int l = nodes.first_link(n); l < nodes.first_link(n + 1); ++l) own += nodes.link(l);
      excess = larger(excess, std::fabs(nodes.residual(n)) - tolerance * own);
    }
    s.scalars(box_excess) = excess;
  }
};

/// Hands what the links bring to the first level.
template <class Grid>
struct LinkToLevelStep {
  EmbeddedNodes nodes;
  BoxLevelOn<Grid> level;
  DF_FUNCTION void operator()(int m) const { add_links(nodes, nodes.flow, m, level); }
};

/// Solves the chains for the cells' preconditioned residual.
template <class Grid>
struct NodesAfterStep {
  EmbeddedNodes nodes;
  BoxLevelOn<Grid> level;
  DF_FUNCTION void operator()() const {
    for (int n = 0; n < nodes.nodes; ++n) {
      nodes.reduced(n) = nodes.residual(n);
      for (int l = nodes.first_link(n); l < nodes.first_link(n + 1); ++l)
        nodes.reduced(n) += nodes.link(l) * static_cast<double>(level.value(nodes.link_cell(l)));
    }
    solve_chains(nodes);
  }
};

/// New direction of the nodes, its image, and the flow through each link for the direction.
template <class Grid>
struct TurnNodesStep {
  EmbeddedNodes nodes;
  FieldView<const double> cells;  ///< direction of the cells
  double beta;
  DF_FUNCTION void operator()() const {
    for (int n = 0; n < nodes.nodes; ++n) nodes.direction(n) = nodes.reduced(n) + beta * nodes.direction(n);
    for (int n = 0; n < nodes.nodes; ++n) {
      const double here = nodes.direction(n), before = n > 0 ? nodes.direction(n - 1) : 0.0;
      const double after = n + 1 < nodes.nodes ? nodes.direction(n + 1) : 0.0;
      double image = nodes.compliance(n) * here + nodes.face(n) * (here - before) + nodes.face(n + 1) * (here - after);
      for (int l = nodes.first_link(n); l < nodes.first_link(n + 1); ++l) {
        nodes.flow(l) = nodes.link(l) * (here - cells(nodes.link_cell(l)));
        image += nodes.flow(l);
      }
      nodes.image(n) = nodes.compliance(n) < 0.0 ? 0.0 : image;
    }
  }
};

/// Takes the links' flow into the image of the cells, and into the product: in the order of the links, however cells are numbered.
template <class Grid>
struct LinkToImageStep {
  BoxSystemOn<Grid> s;
  DF_FUNCTION void operator()() const {
    for (int m = 0; m < s.nodes.cells; ++m) {
      double in = 0.0;
      for (int n = s.nodes.first_of_cell(m); n < s.nodes.first_of_cell(m + 1); ++n) in += s.nodes.flow(s.nodes.by_cell(n));
      s.image(s.nodes.cell(m)) -= in;
    }
    double product = 0.0;
    for (int l = 0; l < s.nodes.links; ++l) product += s.nodes.flow(l) * s.direction(s.nodes.link_cell(l));
    s.plane(0) -= product;
  }
};

/// When a solution is good enough.
struct SolveUntil {
  /// No cell's balance is off by more than this times its storage, no node's by more than this times what it would hold or give
  /// to cells that stand still [unit of the unknown]
  double tolerance = 0.0;
  double share = 0.0;  ///< or the norm of the residual is at most this share of that of the right-hand side [-]
  int limit = 200;     ///< iterations
};

/// What a solution took.
struct SolveCost {
  int iterations;
  double residual;  ///< norm of what is left over that of the right-hand side, cells and nodes [-]
};

/// Solves a system for `correction` of cells and nodes, from zero. The levels are set up first unless they hold (`levels_ready`).
template <class Executor, class Grid>
SolveCost solve_box(const Executor& executor, const BoxSystemOn<Grid>& s, const BoxLevelsOn<Grid>& levels, const SolveUntil& until,
                    bool levels_ready = false) {
  const BoxLevelOn<Grid>& level = levels.level[0];
  const EmbeddedNodes& nodes = s.nodes;
  const int n_x = s.grid.n_x, n_y = s.grid.n_y;
  if (!levels_ready) set_up_levels(executor, s, levels);
  executor.columns(n_x, n_y, StartSolutionStep<Grid>{s});
  if (nodes.nodes > 0) executor.single(FactorNodesStep{nodes});
  const auto total = [&](FieldView<const double> a, FieldView<const double> b) {
    executor.single(TotalStep<Grid>{s, a, b});
    return executor.read(s.scalars, box_sum);
  };
  double rho = 0.0, alpha = 0.0, start = 0.0, square = 0.0;
  int iteration = 0;
  for (;; ++iteration) {
    executor.columns(n_x, n_y, AdvanceColumnsStep<Grid>{s, level, alpha, until.tolerance});
    executor.list(n_x, PlaneSumStep<Grid>{s});
    if (nodes.nodes > 0) executor.single(NodesBeforeStep{nodes, alpha});
    square = total(nodes.residual, nodes.residual);
    if (nodes.nodes > 0 && until.tolerance > 0.0) executor.single(NodesExcessStep<Grid>{s, until.tolerance});
    if (iteration == 0) start = square;
    const bool within = until.tolerance > 0.0 && !(executor.read(s.scalars, box_excess) > 0.0);
    if (within || !(square > until.share * until.share * start) || iteration == until.limit) break;
    if (nodes.cells > 0) executor.list(nodes.cells, LinkToLevelStep<Grid>{nodes, level});
    run_cycle(executor, levels);
    if (nodes.nodes > 0) executor.single(NodesAfterStep<Grid>{nodes, level});
    executor.columns(n_x, n_y, ProductStep<Grid>{s, level});
    executor.list(n_x, PlaneSumStep<Grid>{s});
    const double rho_new = total(nodes.residual, nodes.reduced), beta = iteration == 0 ? 0.0 : rho_new / rho;
    rho = rho_new;
    executor.columns(n_x, n_y, TurnStep<Grid>{s, level, beta});
    executor.columns(n_x, n_y, ImageStep<Grid>{s});
    executor.list(n_x, PlaneSumStep<Grid>{s});
    if (nodes.nodes > 0) {
      executor.single(TurnNodesStep<Grid>{nodes, s.direction, beta});
      executor.single(LinkToImageStep<Grid>{s});
    }
    alpha = rho / total(nodes.direction, nodes.image);
  }
  return {iteration, start > 0.0 ? std::sqrt(square / start) : 0.0};
}

}  // namespace dermaflux
