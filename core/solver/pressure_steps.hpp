#pragma once
#include <cmath>

#include "core/solver/insertion_problem.hpp"

namespace dermaflux {

/// Storage of every cell and the residual of the old pressure in its balance, without the wall.
struct PressureBalanceStep {
  InsertionProblem p;
  double dt;  ///< [s]

  template <int W>
  DF_FUNCTION void rows(int j) const {
    const AxisymmetricGrid& grid = p.grid;
    const FieldView<double> pressure = p.tissue.pressure, radial = p.system.radial, axial = p.system.axial;
    const double per_time = 1.0 / dt;
    for (int i = 0; i < grid.n_r; ++i) {
      const int first = grid.cell(i, j), column = grid.column, inward = i > 0 ? column : 0;
      const double ring = grid.ring_area(i), inside = i > 0 ? 1.0 : 0.0;
      DF_LANES
      for (int l = 0; l < W; ++l) {
        const int k = first + l;
        const double here = pressure(k), volume = ring * grid.dz(j + l), drain = volume * p.params.lymph_conductance;
        p.system.storage(k) = volume * pore_storage(p, j + l).capacity(p.tissue.fluid(k)) * per_time + drain;
        p.system.residual(k) = drain * (p.params.rest_pressure - here) + axial(k) * (pressure(k + 1) - here) +
                               axial(k - 1) * (pressure(k - 1) - here) + radial(k) * (pressure(k + column) - here) +
                               inside * radial(k - inward) * (pressure(k - inward) - here);
      }
    }
  }
};

/// Pressure of the first ring if the wall were closed, as the track sees it.
struct WallReferenceStep {
  InsertionProblem p;
  template <int W>
  DF_FUNCTION void rows(int j) const {
    for (int row = j; row < j + W; ++row)
      p.scratch.wall_reference(row) = p.tissue.pressure(p.grid.cell(0, row)) + p.system.partial(row);
  }
};

/// Residuals on both sides of the wall once the track pressure is known.
struct WallResidualStep {
  InsertionProblem p;
  template <int W>
  DF_FUNCTION void rows(int j) const {
    DF_LANES
    for (int l = 0; l < W; ++l) {
      const int row = j + l, k = p.grid.cell(0, row);
      const double flux = p.system.wall(row) * (p.track.pressure(row) - p.tissue.pressure(k));
      p.system.residual(k) += flux;
      p.system.spine_residual(row) -= flux;
      p.system.spine_correction(row) = 0.0;
    }
  }
};

/// Adds the solved change to the pressures and leaves the flow through the wall.
struct ApplyCorrectionStep {
  InsertionProblem p;
  template <int W>
  DF_FUNCTION void rows(int j) const {
    for (int i = 0; i < p.grid.n_r; ++i) {
      const int first = p.grid.cell(i, j);
      DF_LANES
      for (int l = 0; l < W; ++l) p.tissue.pressure(first + l) += p.system.correction(first + l);
    }
    for (int row = j; row < j + W; ++row) {
      p.track.pressure(row) += p.system.spine_correction(row);
      p.scratch.wall_flux(row) = p.system.wall(row) * (p.track.pressure(row) - p.tissue.pressure(p.grid.cell(0, row)));
    }
  }
};

}  // namespace dermaflux
