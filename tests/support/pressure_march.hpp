#pragma once
#include <cmath>
#include <vector>

#include "core/execution/executor.hpp"
#include "core/solver/pressure_steps.hpp"
#include "core/solver/tissue_steps.hpp"
#include "tests/support/small_grid.hpp"

namespace dermaflux::test {

/// Faces from 0 to `end` that are fine at 0 and grow smoothly, end sinh(stretch n / count) / sinh(stretch), so that a grid of twice
/// the count halves every cell.
inline std::vector<double> growing_faces(int count, double end, double stretch) {
  std::vector<double> faces;
  for (int n = 0; n <= count; ++n) faces.push_back(end * std::sinh(stretch * n / count) / std::sinh(stretch));
  return faces;
}

/// Pore pressure in time through the program's own steps, without a track: what a test adds is a source per cell and a factor on
/// the storage of a cell, tiny where nothing is stored and infinite where the pressure is held.
struct PressureMarch : SmallGrid {
  std::vector<double> source, storage_factor;  ///< [m^3/s]; [-], infinite where the pressure is held

  PressureMarch(const std::vector<double>& r_face, const std::vector<double>& z_face, double porosity = 0.4)
      : SmallGrid(r_face, z_face, porosity),
        source(static_cast<std::size_t>(p.grid.cell_count()), 0.0),
        storage_factor(static_cast<std::size_t>(p.grid.cell_count()), 1.0) {}

  double& source_of(int k) { return source[static_cast<std::size_t>(k)]; }
  /// Keeps the pressure of a cell; with a mobility of 1e12 it is the pressure on its faces, too.
  void hold(int k, double pressure, double mobility = 1e12) {
    storage_factor[static_cast<std::size_t>(k)] = HUGE_VAL;
    p.scratch.mobility(k) = mobility;
    p.tissue.pressure(k) = pressure;
  }
  /// Carrier and pigment of the pore fluid from a test's own amounts.
  void find_pore_fluid() const {
    for (int k = 0; k < p.grid.cell_count(); ++k) {
      p.scratch.w(k) = p.tissue.carrier(k) / p.tissue.fluid(k);
      for (int n = 0; n < p.params.classes; ++n) p.scratch.c[n](k) = p.tissue.pigment[n](k) / p.tissue.fluid(k);
    }
  }
  /// One implicit step; no cell's balance is off by more than `tolerance` times its storage over dt.
  void step(double dt, double tolerance) const {
    const SerialExecutor executor;
    const int n_z = p.grid.n_z;
    executor.rows(n_z, TransmissibilityStep{p});
    executor.rows(n_z, PressureBalanceStep{p, dt});
    for (int k = 0; k < p.grid.cell_count(); ++k) {
      const auto at = static_cast<std::size_t>(k);
      const bool held = storage_factor[at] == HUGE_VAL;
      const double linked = p.system.radial(k) + p.system.radial(k - n_z) + p.system.axial(k) + p.system.axial(k - 1);
      p.system.storage(k) = held ? 1e12 * linked : p.system.storage(k) * storage_factor[at];
      p.system.residual(k) = held ? 0.0 : p.system.residual(k) + source[at];
    }
    for (int j = 0; j < n_z; ++j) p.system.compliance(j) = -1.0;  // no track
    executor.rows(n_z, FactorTeethStep{p.system});
    solve_comb(executor, p.system, tolerance, 4000);
    executor.rows(n_z, ApplyCorrectionStep{p});
  }
};

/// Order of convergence between two errors whose cells differ by a factor of two.
inline double observed_order(double coarse, double fine) { return std::log2(coarse / fine); }

}  // namespace dermaflux::test
