#pragma once
#include <cmath>

#include "core/execution/executor.hpp"
#include "core/solver/insertion_start.hpp"
#include "core/solver/needle_steps.hpp"
#include "core/solver/pressure_steps.hpp"
#include "core/solver/tissue_steps.hpp"
#include "core/solver/trace_step.hpp"
#include "core/solver/track_balance_steps.hpp"

namespace dermaflux {

/// Tip below the surface at time t into a stroke that starts with the needle out [m]: d_tip - s/2 (1 + cos(2 pi f t)).
struct TipPath {
  double tip_depth, stroke, frequency;  ///< [m], [m], [1/s]
  DF_FUNCTION double operator()(double t) const {
    return tip_depth - 0.5 * stroke * (1.0 + std::cos(2.0 * units::pi * frequency * t));
  }
  /// Time into the stroke at which the tip meets the surface [s].
  DF_FUNCTION double entry() const {
    const double share = smaller(2.0 * tip_depth / stroke, 2.0);
    return std::acos(share - 1.0) / (2.0 * units::pi * frequency);
  }
};

/// Where the insertion writes what it sees step by step; empty views record nothing.
struct InsertionTrace {
  FieldView<double> rows, count;
};

/// Statistics of the insertion, the same on every lane.
struct InsertionTally {
  double time = 0.0;     ///< since the first approach of the needle [s]
  double deepest = 0.0;  ///< tip depth reached so far [m]
  long steps = 0, iterations = 0, substeps = 0, rejected = 0;
  bool failed = false;
};

/// One attempt at a time step up to the face fluxes. False if the track found no solution or a cell would lose most of its
/// fluid, where the linearised storage is no longer true; `rate` is the largest share of a cell's fluid that leaves it [1/s].
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION bool attempt_step(const Executor& executor, const InsertionProblem& p, double tip_before, double tip_after,
                              double deepest, bool cutting, double dt, double& rate, InsertionTally& tally) {
  const int n_r = p.grid.n_r, n_z = p.grid.n_z;
  executor.single(NeedleStep{p, tip_before, tip_after, deepest, dt});
  if (cutting) executor.cells(n_r, n_z, DamageStep{p});
  executor.cells(n_r, n_z, MobilityStep{p});
  executor.rows(n_z, WallConductanceStep{p});
  executor.cells(n_r, n_z, TransmissibilityStep{p});
  executor.rows(n_z, PressureBalanceStep{p, dt});
  executor.rows(n_z, FactorTeethStep{p.system});
  executor.rows(n_z, WallReferenceStep{p});
  executor.single(TrackSolveStep{p, dt, std::fabs(tip_after - tip_before) / dt});
  if (executor.read(p.system.scalars, scalar_converged) < 0.5) return false;
  executor.rows(n_z, WallResidualStep{p});
  const double peak = executor.read(p.account, RimAccount::peak_pressure);
  const double tolerance = larger(p.params.pressure_tolerance, p.params.pressure_share * peak);
  tally.iterations += solve_comb(executor, p.system, tolerance, 200);
  executor.rows(n_z, ApplyCorrectionStep{p});
  executor.cells(n_r, n_z, FluxStep{p});
  executor.single(TrackFlowStep{p, dt});
  executor.rows(n_z, SpeedStep{p});
  executor.single(MaximumStep{p.system.partial, p.system.scalars});
  rate = executor.read(p.system.scalars, scalar_maximum);
  executor.single(MaximumStep{p.system.partial_defect, p.system.scalars});
  if (executor.read(p.system.scalars, scalar_maximum) * dt < 0.5) return true;
  executor.cells(n_r, n_z, PressureFromFluidStep{p});
  return false;
}

/// What transport has to touch in `substeps` substeps.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION TransportBox transport_box(const Executor& executor, const InsertionProblem& p, int substeps) {
  executor.rows(p.grid.n_z, ReachStep{p});
  executor.single(MaximumStep{p.system.partial, p.system.scalars});
  const int rings = static_cast<int>(executor.read(p.system.scalars, scalar_maximum)) + substeps + 1;
  executor.single(MaximumStep{p.system.partial_defect, p.system.scalars});
  const int rows = static_cast<int>(executor.read(p.system.scalars, scalar_maximum)) + substeps + 1;
  const int whole_groups = (rows + 7) / 8 * 8;  // the same on every executor
  return {rings < p.grid.n_r ? rings : p.grid.n_r, whole_groups < p.grid.n_z ? whole_groups : p.grid.n_z};
}

/// The order of one time step, written once for every executor:
/// needle -> permeability and viscosity -> track -> coupled pressure -> track balance -> transport in substeps.
/// `tip` gives the tip depth at a time; a step that fails is halved. Returns the step taken [s].
DF_CALLER_DECIDES
template <class Executor, class Tip>
DF_FUNCTION double insertion_step(const Executor& executor, const InsertionProblem& p, const Tip& tip, double t, double dt,
                                  bool contact, InsertionTally& tally) {
  const int n_z = p.grid.n_z;
  const double deepest = tally.deepest;
  double rate = 0.0;
  for (;;) {
    tally.deepest = larger(deepest, tip(t + dt));
    if (attempt_step(executor, p, tip(t), tip(t + dt), tally.deepest, tally.deepest > deepest, dt, rate, tally)) break;
    tally.rejected += 1;
    dt *= 0.5;
    if (dt < p.params.smallest_step) {
      tally.failed = true;
      return dt;
    }
  }
  executor.single(TrackBalanceStep{p, dt, contact});
  const int substeps = static_cast<int>(smaller(larger(std::ceil(rate * dt / 0.5), 1.0), 1e4));
  const TransportBox box = transport_box(executor, p, substeps);
  for (int n = 0; n < substeps; ++n) {
    executor.rows(box.rows, FaceTransportStep{p, box, dt / substeps});
    executor.rows(box.rows, CellBalanceStep{p, box, dt / substeps});
  }
  executor.single(TrackReturnStep{p});
  executor.rows(n_z, FluidAndPressureStep{p, box, dt});
  tally.time += dt;
  tally.steps += 1;
  tally.substeps += substeps;
  return dt;
}

/// The part of a step over which the tip moves no further in the skin than it may [s].
template <class Tip>
DF_FUNCTION double held_to_travel(const Tip& tip, double t, double dt, const InsertionParams& c) {
  for (int k = 0; k < 4; ++k) {
    const double moved = larger(tip(t + dt), 0.0) - larger(tip(t), 0.0), travel = moved > 0.0 ? c.largest_travel_in : c.largest_travel_out;
    if (std::fabs(moved) <= travel) break;
    dt *= travel / std::fabs(moved);
  }
  return dt;
}

/// Steps from `start` to `end`, the first of length `dt`, growing by `growth` up to `largest`.
DF_CALLER_DECIDES
template <class Executor, class Tip>
DF_FUNCTION void run_interval(const Executor& executor, const InsertionProblem& p, const Tip& tip, double start, double end,
                              double dt, double growth, double largest, const InsertionTrace& trace, InsertionTally& tally) {
  double t = start;
  while (t < end - 1e-9 * (end - start) && !tally.failed) {
    const double step = held_to_travel(tip, t, smaller(dt, end - t), p.params);
    const double taken = insertion_step(executor, p, tip, t, step, true, tally);
    t += taken;
    dt = taken < step ? taken : smaller(dt * growth, largest);
    if (trace.rows.size > 0) executor.single(TraceStep{p, trace.rows, trace.count, tally.time, tip(t)});
  }
}

/// Strokes `first` to `last` (exclusive) of the contact. Each stroke: out, in, out; steps are equal inside the skin and grow
/// while the needle is out.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION void run_strokes(const Executor& executor, const InsertionProblem& p, int first, int last, const InsertionTrace& trace,
                             InsertionTally& tally) {
  const InsertionParams& c = p.params;
  if (c.tip_depth <= 0.0) return;
  const TipPath tip{c.tip_depth, c.stroke, c.frequency};
  const double period = 1.0 / c.frequency, entry = tip.entry(), fine = (period - 2.0 * entry) / c.steps_inside;
  for (int n = first; n < last; ++n) {
    executor.milestone(static_cast<double>(n) / c.strokes);
    run_interval(executor, p, tip, 0.0, entry, 4.0 * fine, 1.3, 4.0 * fine, trace, tally);
    run_interval(executor, p, tip, entry, period - entry, fine, 1.5, fine, trace, tally);
    run_interval(executor, p, tip, period - entry, period, fine, 1.3, 4.0 * fine, trace, tally);
  }
}

/// Where the tip is once the needle is out for good.
struct TipOut {
  DF_FUNCTION double operator()(double) const { return -1.0; }
};

/// The needle is out for good: the drop is wiped, pressure falls until it is a small share of its peak.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION void relax(const Executor& executor, const InsertionProblem& p, InsertionTally& tally) {
  double t = 0.0, dt = p.params.recoil_time / 20.0;
  while (t < p.params.relaxation_limit && !tally.failed) {
    const double taken = insertion_step(executor, p, TipOut{}, t, dt, false, tally);
    t += taken;
    dt = taken < dt ? taken : 1.2 * dt;
    executor.rows(p.grid.n_z, ExcessPressureStep{p});
    executor.single(MaximumStep{p.system.partial, p.system.scalars});
    if (executor.read(p.system.scalars, scalar_maximum) <
        p.params.relaxed_share * executor.read(p.account, RimAccount::peak_pressure))
      break;
  }
}

}  // namespace dermaflux
