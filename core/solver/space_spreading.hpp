#pragma once
#include <cmath>

#include "core/solver/space_transport.hpp"

namespace dermaflux {

/// Diffusion and dispersion of one component along the lines of one axis, implicit, as RingSpreadingStep: a tridiagonal M-matrix by
/// elimination of storages in series. Lines end where cells are not active; those along x or y are worked on with their rows side
/// by side.
template <SpaceAxis axis>
struct SpaceSpreadStep {
  SpaceProblem b;
  ActiveColumns active;
  FieldView<double> amount;
  double diffusivity, time;  ///< in pore fluid [m^2/s], [s]
  static constexpr int abreast = 32;
  static constexpr Fastest fastest = Fastest::z;

  DF_FUNCTION int line_count() const { return axis == SpaceAxis::x ? b.part.j1 - b.part.j0 : b.part.i1 - b.part.i0; }
  DF_IN_LANES DF_FUNCTION double spreading(int k) const {
    return b.tissue.params.spreading(b.tissue.tissue.fluid(k), diffusivity, time, b.tissue.tissue.path(k));
  }
  /// A cell on the way up the line: what lies behind it is a storage in series with the conductance to it.
  /// Work of the pressure system: `image` holds the conductance to the cell before, `correction` the factors, `residual` the sums
  /// and then the shares, `direction` the storages.
  DF_IN_LANES DF_FUNCTION void eliminate(int k, int stride, bool behind, double volume, double before) const {
    const BoxSystem& s = b.system;
    double sum = volume * amount(k), storage = volume * b.tissue.tissue.fluid(k);
    if (behind) {
      const double part = s.image(k + stride) * s.correction(k + stride);
      sum += part * s.residual(k + stride);
      storage += part * s.direction(k + stride);
    }
    s.image(k) = before;
    s.direction(k) = storage;
    s.residual(k) = sum;
    s.correction(k) = 1.0 / (storage + before);
  }
  DF_IN_LANES DF_FUNCTION void substitute(int k, int stride, bool before) const {
    const BoxSystem& s = b.system;
    const double from = before ? s.image(k) * s.residual(k - stride) : 0.0;
    const double share = s.correction(k) * (s.residual(k) + from);
    s.residual(k) = share;
    amount(k) = share * b.tissue.tissue.fluid(k);
  }

  /// Lines along x or y, groups of rows side by side.
  template <int W>
  DF_FUNCTION void lines(int line, int row) const {
    const CartesianGrid& g = b.grid;
    const bool along_x = axis == SpaceAxis::x;
    const int low = along_x ? b.part.i0 : b.part.j0, high = along_x ? b.part.i1 : b.part.j1;
    const int stride = along_x ? g.step_x() : g.step_y(), other = line + (along_x ? b.part.j0 : b.part.i0);
    const auto column = [&](int n) { return along_x ? g.column(n, other) : g.column(other, n); };
    const auto width = [&](int n) { return along_x ? g.dx(n) : g.dy(n); };
    const auto held = [&](int n) {
      const int rows = n < low || n >= high ? 0 : active.rows(column(n)) - row;
      return rows < 0 ? 0 : (rows < W ? rows : W);
    };
    const double across = along_x ? g.dy(other) : g.dx(other);
    for (int n = high - 1; n >= low; --n) {
      const int count = held(n), behind = held(n + 1), before = held(n - 1), first = column(n) * g.n_z + row;
      const auto cells = [&](int from, int to, bool any_behind, bool any_before) {
        for (int l = from; l < to; ++l) {
          const int k = first + l;
          const double area = across * g.dz(row + l);
          const double conductance =
              any_before ? in_series(area, 0.5 * width(n), spreading(k), 0.5 * width(n - 1), spreading(k - stride)) : 0.0;
          eliminate(k, stride, any_behind, area * width(n), conductance);
        }
      };
      for (int from = 0; from < count;) {  // where lines beside each other end differently
        const bool any_behind = from < behind, any_before = from < before;
        int to = any_behind && behind < count ? behind : count;
        to = any_before && before < to ? before : to;
        cells(from, to, any_behind, any_before);
        from = to;
      }
    }
    for (int n = low; n < high; ++n) {
      const int count = held(n), before = held(n - 1), first = column(n) * g.n_z + row;
      for (int l = 0; l < count; ++l) substitute(first + l, stride, l < before);
    }
  }

  /// Lines along z, one column after the other.
  DF_FUNCTION void operator()(int m) const {
    const CartesianGrid& g = b.grid;
    const int column = active.list(m), rows = active.rows(column), first = column * g.n_z;
    const double area = b.column_area(column);
    for (int j = rows - 1; j >= 0; --j) {
      const int k = first + j;
      const double conductance = j > 0 ? in_series(area, 0.5 * g.dz(j), spreading(k), 0.5 * g.dz(j - 1), spreading(k - 1)) : 0.0;
      eliminate(k, 1, j + 1 < rows, area * g.dz(j), conductance);
    }
    for (int j = 0; j < rows; ++j) substitute(first + j, 1, j > 0);
  }
};

/// Ink has been spread: its path starts anew.
struct SpaceForgetStep {
  SpaceProblem b;
  DF_FUNCTION void operator()(int n, int top, int end) const {
    const int first = b.column(n) * b.grid.n_z;
    for (int j = top; j < end; ++j) b.tissue.tissue.path(first + j) = 0.0;
  }
};

/// Diffusion and dispersion of everything over a time: x, y, z and, the next time (`forward` false), z, y, x.
template <class Executor>
void spread_over(const Executor& executor, const SpaceProblem& b, double time, bool forward) {
  const InsertionParams& c = b.tissue.params;
  const ActiveColumns active = active_columns(executor, b, 2, 6.0 * std::sqrt(2.0 * c.fastest_diffusivity() * time));
  const auto spread = [&](FieldView<double> amount, double diffusivity) {
    const auto sideways = [&](const auto& step) { executor.lines(step.line_count(), b.part.rows, step); };
    for (int turn = 0; turn < 3; ++turn) {
      const int axis = forward ? turn : 2 - turn;
      if (axis == 0) sideways(SpaceSpreadStep<SpaceAxis::x>{b, active, amount, diffusivity, time});
      if (axis == 1) sideways(SpaceSpreadStep<SpaceAxis::y>{b, active, amount, diffusivity, time});
      if (axis == 2) executor.list(active.count, SpaceSpreadStep<SpaceAxis::z>{b, active, amount, diffusivity, time});
    }
  };
  if (active.count > 0) {
    spread(b.tissue.tissue.carrier, c.carrier_diffusivity);
    for (int n = 0; n < c.classes; ++n) spread(b.tissue.tissue.pigment[n], c.pigment[n].diffusivity);
  }
  executor.pieces(b.part.columns(), b.part.rows, SpaceForgetStep{b});
}

/// The same over the time since it was last applied.
template <class Executor>
void spread_ink(const Executor& executor, const SpaceProblem& b, InsertionTally& tally) {
  spread_over(executor, b, tally.unspread_time, tally.spreadings % 2 == 0);
  tally.unspread_time = tally.unspread_cells = 0.0;
  tally.spreadings += 1;
}

/// Books a step of transport; spreads the ink once it would have moved by the width of the narrowest cell, as in the axisymmetric
/// insertion.
template <class Executor>
void spread_when_due(const Executor& executor, const SpaceProblem& b, double dt, double rate, InsertionTally& tally) {
  const double h = b.narrowest;
  tally.unspread_time += dt;
  tally.unspread_cells +=
      2.0 * dt * (b.tissue.params.fastest_diffusivity() / (h * h) + rate * b.tissue.params.spreading.dispersivity / h);
  if (tally.unspread_cells >= 1.0) spread_ink(executor, b, tally);
}

}  // namespace dermaflux
