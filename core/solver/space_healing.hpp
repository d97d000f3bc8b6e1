#pragma once
#include <cmath>

#include "core/solver/deposit_step.hpp"
#include "core/solver/healing_cycle.hpp"
#include "core/solver/space_problem.hpp"

namespace dermaflux {

/// Healing in a box: its columns stand for rings of the same area in every step that works column by column. Only spread along the
/// surface is another.
struct SpaceHealing : HealingProblem {
  CartesianGrid box;
};

/// What the insertion left becomes the start of healing; the tracks have closed.
struct SpaceLayDownStep {
  InsertionProblem from;
  HealingProblem to;
  DF_FUNCTION void operator()(int column, int j) const {
    const int k = to.grid.cell(column, j);
    LaidDown::of(from, to, k, [](int) { return 0.0; }).begin(to, column, j, k);
  }
};

/// Marks the wound of a dot, in the part: how near a cell lies to the next of its tracks.
struct SpaceWoundStep {
  SpaceProblem b;
  HealingProblem to;
  double tip_depth;  ///< of the dot [m]
  /// Distance beyond which the share in a wound is below 1e-16, which changes no rate [m].
  DF_FUNCTION static double reach(const HealingParams& params) { return 6.1 * params.wound_reach; }
  DF_FUNCTION void operator()(int n, int j) const {
    const int column = b.column(n), k = to.grid.cell(column, j);
    const double z = b.grid.z_centre(j);
    double share = to.scratch.wound(k);
    for (int t = 0; t < b.tracks; ++t) {
      const double square = b.track[t].seen(b.grid.x_centre(b.column_x(column)), b.grid.y_centre(b.column_y(column)), z).square;
      const double below = larger(z - tip_depth, 0.0), reach = to.params.wound_reach;
      share = larger(share, std::exp(-(square + below * below) / (reach * reach)));
    }
    to.scratch.wound(k) = share;
  }
};

/// Implicit diffusion of one pool along x or y, every line by the Thomas algorithm with its rows side by side; the junction is a
/// barrier (as RadialSpreadStep). Across a face the mean of both columns counts where they lie in two tissues, and it is open as
/// far as both are dermis.
struct SpaceLateralSpreadStep {
  SpaceHealing p;
  FieldView<double> field;
  SpreadPair diffusivity;
  double dt;  ///< [s]
  bool along_x;

  DF_FUNCTION int lines() const { return along_x ? p.box.n_y : p.box.n_x; }
  DF_FUNCTION void operator()(int line, int) const {
    const CartesianGrid& g = p.box;
    const int count = along_x ? g.n_x : g.n_y, stride = along_x ? g.step_x() : g.step_y();
    const int first = along_x ? line * g.step_y() : line * g.step_x();
    const auto width = [&](int n) { return along_x ? g.dx(n) : g.dy(n); };
    double held = 0.0;
    for (int n = 0; n < count; ++n)
      for (int j = 0; j < g.n_z; ++j) held = larger(held, field(first + n * stride + j));
    if (held < negligible_pigment) return;
    const auto through = [&](int n) {  // of the face before cell n, over the height [m^2 / m]
      const int a = (first + n * stride) / g.n_z, c = (first + (n - 1) * stride) / g.n_z;
      const double share = 0.5 * (p.rings.beside(a) + p.rings.beside(c));
      return dt * diffusivity.largest * diffusivity.relative(share) / (0.5 * (width(n) + width(n - 1)));
    };
    const auto rows_of = [&](int n) { return p.rows.of((first + n * stride) / g.n_z); };
    const auto open = [&](int n, int j) {  // of the face before cell n
      return n > 0 && n < count ? 1.0 - larger(p.rows.epidermal(rows_of(n) + j), p.rows.epidermal(rows_of(n - 1) + j)) : 0.0;
    };
    for (int n = count - 1; n >= 0; --n) {
      const double behind = n + 1 < count ? through(n + 1) : 0.0, before = n > 0 ? through(n) : 0.0, own = width(n);
      for (int j = 0; j < g.n_z; ++j) {
        const int k = first + n * stride + j;
        const double next = open(n + 1, j) * behind, inverse = n + 1 < count ? p.scratch.factor(k + stride) : 0.0;
        const double coupling = next * inverse;
        const double reduced = own * field(k) + (n + 1 < count ? coupling * p.scratch.solved(k + stride) : 0.0);
        p.scratch.factor(k) = 1.0 / (own + (next + open(n, j) * before) - coupling * next);
        p.scratch.solved(k) = reduced;
      }
    }
    for (int n = 0; n < count; ++n) {
      const double before = n > 0 ? through(n) : 0.0;
      for (int j = 0; j < g.n_z; ++j) {
        const int k = first + n * stride + j;
        const double inner = n > 0 ? field(k - stride) : 0.0;
        field(k) = p.scratch.factor(k) * (p.scratch.solved(k) + open(n, j) * before * inner);
      }
    }
  }
};

/// Spread of one pool along the surface over a step.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION void spread_radially(const Executor& executor, const SpaceHealing& p, const FieldView<double>& pool,
                                 const SpreadPair& diffusivity, double dt) {
  if (diffusivity.largest <= 0.0) return;
  for (const bool along_x : {true, false}) {
    const SpaceLateralSpreadStep step{p, pool, diffusivity, dt, along_x};
    executor.cells(step.lines(), 1, step);
  }
}

}  // namespace dermaflux
