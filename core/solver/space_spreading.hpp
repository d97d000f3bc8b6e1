#pragma once
#include <cmath>

#include "core/solver/space_transport.hpp"

namespace dermaflux {

/// Adds the solved change to the pressures.
struct SpaceApplyStep {
  SpaceProblem b;
  DF_FUNCTION void operator()(int n, int) const {
    const int first = b.column(n) * b.grid.n_z;
    for (int k = first; k < first + b.part.rows; ++k) b.tissue.tissue.pressure(k) += b.scratch.correction(k);
  }
};

/// Diffusion and dispersion of one component along the lines of one axis, implicit, as RingSpreadingStep: a tridiagonal M-matrix by
/// elimination of storages in series. Lines along x or y are worked on with their rows side by side.
template <SpaceAxis axis>
struct SpaceSpreadStep {
  SpaceProblem b;
  FieldView<double> amount;
  double diffusivity, time;  ///< in pore fluid [m^2/s], [s]

  DF_FUNCTION static int lines(const SpacePart& part) {
    return axis == SpaceAxis::x ? part.j1 - part.j0 : (axis == SpaceAxis::y ? part.i1 - part.i0 : part.columns());
  }
  DF_IN_LANES DF_FUNCTION double spreading(int k) const {
    return b.tissue.params.spreading(b.tissue.tissue.fluid(k), diffusivity, time, b.tissue.tissue.path(k));
  }
  DF_FUNCTION void operator()(int line, int) const {
    const CartesianGrid& g = b.grid;
    const SpaceScratch& s = b.scratch;
    const int stride = axis == SpaceAxis::x ? b.layer() : (axis == SpaceAxis::y ? g.n_z : 1);
    const int low = axis == SpaceAxis::x ? b.part.i0 : (axis == SpaceAxis::y ? b.part.j0 : 0);
    const int high = axis == SpaceAxis::x ? b.part.i1 : (axis == SpaceAxis::y ? b.part.j1 : b.part.rows);
    const int across = axis == SpaceAxis::z ? 1 : b.part.rows;  // cells side by side
    const int column = axis == SpaceAxis::z ? b.column(line) : 0;
    const auto cell = [&](int n, int j) {
      if constexpr (axis == SpaceAxis::x) return g.cell(n, b.part.j0 + line, j);
      if constexpr (axis == SpaceAxis::y) return g.cell(b.part.i0 + line, n, j);
      return column * g.n_z + n;
    };
    const auto width = [&](int n) { return axis == SpaceAxis::x ? g.dx(n) : (axis == SpaceAxis::y ? g.dy(n) : g.dz(n)); };
    const auto area = [&](int j) {
      if constexpr (axis == SpaceAxis::x) return g.dy(b.part.j0 + line) * g.dz(j);
      if constexpr (axis == SpaceAxis::y) return g.dx(b.part.i0 + line) * g.dz(j);
      return b.column_area(column);
    };
    // `coupling` holds the conductance to the cell before, `inverse` the factors, `reduced` the sums and then the shares,
    // `direction` the storages.
    for (int n = high - 1; n >= low; --n) {
      for (int j = 0; j < across; ++j) {
        const int k = cell(n, j);
        const double volume = area(j) * width(n);
        double sum = volume * amount(k), storage = volume * b.tissue.tissue.fluid(k);
        if (n + 1 < high) {
          const double part = s.coupling(k + stride) * s.inverse(k + stride);
          sum += part * s.reduced(k + stride);
          storage += part * s.direction(k + stride);
        }
        const double before =
            n > low ? in_series(area(j), 0.5 * width(n), spreading(k), 0.5 * width(n - 1), spreading(k - stride)) : 0.0;
        s.coupling(k) = before;
        s.direction(k) = storage;
        s.reduced(k) = sum;
        s.inverse(k) = 1.0 / (storage + before);
      }
    }
    for (int n = low; n < high; ++n)
      for (int j = 0; j < across; ++j) {
        const int k = cell(n, j);
        const double before = n > low ? s.coupling(k) * s.reduced(k - stride) : 0.0;
        const double share = s.inverse(k) * (s.reduced(k) + before);
        s.reduced(k) = share;
        amount(k) = share * b.tissue.tissue.fluid(k);
      }
  }
};

/// Ink has been spread: its path starts anew.
struct SpaceForgetStep {
  SpaceProblem b;
  DF_FUNCTION void operator()(int n, int) const {
    const int first = b.column(n) * b.grid.n_z;
    for (int j = 0; j < b.part.rows; ++j) b.tissue.tissue.path(first + j) = 0.0;
  }
};

/// Diffusion and dispersion of everything over the time since they were last applied.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION void spread_ink(const Executor& executor, const SpaceProblem& whole, InsertionTally& tally) {
  SpaceProblem b = whole;
  const InsertionParams& c = b.tissue.params;
  b.part = reached_part(executor, whole, 2, 6.0 * std::sqrt(2.0 * c.fastest_diffusivity() * tally.unspread_time));
  const bool forward = tally.spreadings % 2 == 0;
  const auto spread = [&](FieldView<double> amount, double diffusivity) {
    for (int n = 0; n < 3; ++n) {
      const int axis = forward ? n : 2 - n;
      if (axis == 0)
        executor.cells(SpaceSpreadStep<SpaceAxis::x>::lines(b.part), 1,
                       SpaceSpreadStep<SpaceAxis::x>{b, amount, diffusivity, tally.unspread_time});
      if (axis == 1)
        executor.cells(SpaceSpreadStep<SpaceAxis::y>::lines(b.part), 1,
                       SpaceSpreadStep<SpaceAxis::y>{b, amount, diffusivity, tally.unspread_time});
      if (axis == 2)
        executor.cells(SpaceSpreadStep<SpaceAxis::z>::lines(b.part), 1,
                       SpaceSpreadStep<SpaceAxis::z>{b, amount, diffusivity, tally.unspread_time});
    }
  };
  if (b.part.columns() > 0) {
    spread(b.tissue.tissue.carrier, c.carrier_diffusivity);
    for (int n = 0; n < c.classes; ++n) spread(b.tissue.tissue.pigment[n], c.pigment[n].diffusivity);
  }
  executor.cells(whole.part.columns(), 1, SpaceForgetStep{whole});
  tally.unspread_time = tally.unspread_cells = 0.0;
  tally.spreadings += 1;
}

/// Books a step of transport; spreads the ink once it would have moved by the width of the narrowest cell, as in the axisymmetric
/// insertion.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION void spread_when_due(const Executor& executor, const SpaceProblem& b, double dt, double rate, InsertionTally& tally) {
  const CartesianGrid& g = b.grid;
  double h = g.dz(0);
  for (int i = 0; i < g.n_x; ++i) h = smaller(h, g.dx(i));
  for (int l = 0; l < g.n_y; ++l) h = smaller(h, g.dy(l));
  tally.unspread_time += dt;
  tally.unspread_cells +=
      2.0 * dt * (b.tissue.params.fastest_diffusivity() / (h * h) + rate * b.tissue.params.spreading.dispersivity / h);
  if (tally.unspread_cells >= 1.0) spread_ink(executor, b, tally);
}

}  // namespace dermaflux
