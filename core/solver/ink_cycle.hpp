#pragma once
#include <cmath>

#include "core/execution/executor.hpp"
#include "core/solver/insertion_tally.hpp"
#include "core/solver/spreading_steps.hpp"
#include "core/solver/tissue_steps.hpp"
#include "core/solver/track_balance_steps.hpp"
#include "core/solver/transport_sweeps.hpp"

namespace dermaflux {

/// The part of the tissue that ink has reached, wider by `cells` rings and rows and by a length.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION TransportBox reached_box(const Executor& executor, const InsertionProblem& p, int cells, double length) {
  const AxisymmetricGrid& grid = p.grid;
  executor.rows(grid.n_z, ReachStep{p});
  executor.single(MaximumStep{p.system.partial, p.system.scalars});
  int rings = static_cast<int>(executor.read(p.system.scalars, scalar_maximum));
  executor.single(MaximumStep{p.system.partial_defect, p.system.scalars});
  int rows = static_cast<int>(executor.read(p.system.scalars, scalar_maximum));
  const double radius = grid.r_face(rings) + length, depth = grid.z_face(rows) + length;
  for (rings += cells; rings < grid.n_r && grid.r_face(rings) < radius;) ++rings;
  for (rows += cells; rows < grid.n_z && grid.z_face(rows) < depth;) ++rows;
  const int whole_groups = (rows + 7) / 8 * 8;  // the same on every executor
  return {rings < grid.n_r ? rings : grid.n_r, whole_groups < grid.n_z ? whole_groups : grid.n_z};
}

/// One substep of transport: along rings and rows, or along rows and rings.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION void transport_substep(const Executor& executor, const InsertionProblem& p, const TransportBox& box, double dt,
                                   bool rings_first) {
  for (int sweep = 0; sweep < 2; ++sweep) {
    const bool second = sweep == 1;
    if (rings_first != second)
      executor.rows(box.rows, TransportSweepStep<Along::rings>{p, box, dt, second});
    else
      executor.rows(box.rows, TransportSweepStep<Along::rows>{p, box, dt, second});
  }
}

/// Transport of carrier and pigment with the step's flow in substeps, and what the matrix catches on the way: rings, rows, matrix
/// and, the next time, matrix, rows, rings, which is symmetric and so of second order.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION DF_OUTLINE TransportBox carry_ink(const Executor& executor, const InsertionProblem& p, double dt, int substeps,
                                              const InsertionTally& tally) {
  const TransportBox box = reached_box(executor, p, substeps + 1, 0.0);
  const double part = dt / substeps;
  executor.cells(box.rings, box.rows, FluidInverseStep{p});
  executor.rows(box.rows, CaptureRateStep{p, box, dt});
  for (int n = 0; n < substeps; ++n) {
    const bool forward = (tally.substeps + n) % 2 == 0;
    if (!forward && n == 0) executor.rows(box.rows, FiltrationStep{p, box, part});
    transport_substep(executor, p, box, part, forward);
    if (forward) executor.rows(box.rows, FiltrationStep{p, box, n + 1 < substeps ? 2.0 * part : part});
  }
  executor.single(TrackReturnStep{p});
  return box;
}

/// Diffusion and dispersion of one component: rings then rows, and the other way round the next time, so that the splitting of
/// two such times is symmetric.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION DF_OUTLINE void spread_component(const Executor& executor, const InsertionProblem& p, const TransportBox& box,
                                             FieldView<double> amount, FieldView<double> share, double diffusivity,
                                             const InsertionTally& tally) {
  const bool rings_first = tally.spreadings % 2 == 0;
  executor.rows(box.rows, SpreadingConductanceStep{p, box, diffusivity, tally.unspread_time});
  if (rings_first) executor.rows(box.rows, RingSpreadingStep{p, box, amount, share});
  executor.cells(RowSpreadingStep::groups(box), 1, RowSpreadingStep{p, box, amount, share});
  if (!rings_first) executor.rows(box.rows, RingSpreadingStep{p, box, amount, share});
}

/// Diffusion and dispersion of everything over the time since they were last applied. The box reaches six standard deviations
/// beyond the ink.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION DF_OUTLINE void spread_ink(const Executor& executor, const InsertionProblem& p, InsertionTally& tally) {
  const TransportBox box = reached_box(executor, p, 2, 6.0 * std::sqrt(2.0 * p.params.fastest_diffusivity() * tally.unspread_time));
  spread_component(executor, p, box, p.tissue.carrier, p.scratch.w, p.params.carrier_diffusivity, tally);
  for (int n = 0; n < p.params.classes; ++n)
    spread_component(executor, p, box, p.tissue.pigment[n], p.scratch.c[n], p.params.pigment[n].diffusivity, tally);
  executor.cells(p.grid.n_r, p.grid.n_z, ForgetPathStep{p});
  tally.unspread_time = tally.unspread_cells = 0.0;
  tally.spreadings += 1;
}

/// Books a step of transport with the largest gross rate; spreads the ink once it would have moved by the width of the narrowest
/// cell anywhere, 2 D t = h^2. Until then spreading changes nothing that the grid can show.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION void spread_when_due(const Executor& executor, const InsertionProblem& p, double dt, double rate,
                                 InsertionTally& tally) {
  const double h = smaller(smaller(p.grid.dr(0), p.grid.dr(p.grid.n_r > 1 ? 1 : 0)), p.grid.dz(0));
  tally.unspread_time += dt;
  tally.unspread_cells += 2.0 * dt * (p.params.fastest_diffusivity() / (h * h) + rate * p.params.spreading.dispersivity / h);
  if (tally.unspread_cells >= 1.0) spread_ink(executor, p, tally);
}

}  // namespace dermaflux
