#pragma once
#include <cmath>

#include "core/execution/executor.hpp"
#include "core/solver/ink_cycle.hpp"
#include "core/solver/insertion_start.hpp"
#include "core/solver/needle_steps.hpp"
#include "core/solver/pressure_steps.hpp"
#include "core/solver/trace_step.hpp"

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

/// How an attempt at a time step ended.
enum class Attempt : int {
  good = 0,
  too_long,  ///< the track found no solution, or a cell would lose most of its fluid, where the linearised storage ends
  outgrown,  ///< pressure has reached the edge of the active part, which has been widened
};

/// The part of the grid that pressure has reached; all else rests and is left out of the steps. Wide enough that a tip on its way
/// stays inside.
DF_FUNCTION inline void start_active(const InsertionProblem& p, InsertionTally& tally) {
  const AxisymmetricGrid& grid = p.grid;
  while (tally.rings < grid.n_r && (tally.rings < 2 || grid.r_face(tally.rings) < 150.0 * units::um)) ++tally.rings;
  while (tally.rows < grid.n_z && grid.z_face(tally.rows) < p.params.tip_depth + 100.0 * units::um) tally.rows += 8;
}

/// Widens the active part where pressure has reached its edges; false where it has not.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION bool widen_active(const Executor& executor, const InsertionProblem& active, const AxisymmetricGrid& whole,
                              InsertionTally& tally) {
  if (tally.rings == whole.n_r && tally.rows == whole.n_z) return false;
  const double peak = executor.read(active.account, RimAccount::peak_pressure);
  const double most = larger(active.params.edge_pressure, active.params.edge_share * peak);
  executor.rows(active.grid.n_z, EdgePressureStep{active});
  executor.single(MaximumStep{active.system.partial, active.system.scalars});
  const bool outward = tally.rings < whole.n_r && executor.read(active.system.scalars, scalar_maximum) > most;
  executor.single(MaximumStep{active.system.partial_defect, active.system.scalars});
  const bool downward = tally.rows < whole.n_z && executor.read(active.system.scalars, scalar_maximum) > most;
  const int more_rings = tally.rings + 2 + tally.rings / 8, more_rows = tally.rows + 8 + tally.rows / 64 * 8;
  if (outward) tally.rings = more_rings < whole.n_r ? more_rings : whole.n_r;
  if (downward) tally.rows = more_rows < whole.n_z ? more_rows : whole.n_z;
  return outward || downward;
}

/// One attempt at a time step up to the face fluxes; `rate` is the largest share of a cell's fluid that leaves it [1/s].
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION DF_OUTLINE Attempt attempt_step(const Executor& executor, const InsertionProblem& whole, double tip_before,
                                            double tip_after, bool cutting, double dt, double& rate, InsertionTally& tally) {
  const InsertionProblem p = whole.within(tally.rings, tally.rows);
  const int n_r = p.grid.n_r, n_z = p.grid.n_z, reached = reached_rows(p.grid, tally.deepest);
  executor.rows(n_z, NeedleStep{p, tip_before, tip_after, tally.deepest, dt});
  if (cutting) executor.cells(whole.grid.n_r, whole.grid.n_z, DamageStep{whole});
  executor.rows(n_z, MobilityStep{p});
  executor.rows(n_z, WallConductanceStep{p});
  executor.rows(n_z, TransmissibilityStep{p});
  executor.rows(n_z, PressureBalanceStep{p, dt});
  executor.rows(n_z, FactorTeethStep{p.system});
  executor.rows(n_z, WallReferenceStep{p});
  if (!solve_track(executor, p, reached, dt, std::fabs(tip_after - tip_before) / dt)) return Attempt::too_long;
  executor.rows(n_z, WallResidualStep{p});
  const double peak = executor.read(p.account, RimAccount::peak_pressure);
  const double tolerance = larger(p.params.pressure_tolerance, p.params.pressure_share * peak);
  tally.iterations += solve_comb(executor, p.system, tolerance, 200);
  executor.rows(n_z, ApplyCorrectionStep{p});
  Attempt end = widen_active(executor, p, whole.grid, tally) ? Attempt::outgrown : Attempt::good;
  if (end == Attempt::good) {
    executor.cells(n_r, n_z, FluxStep{p});
    executor.single(TrackFlowStep{p, reached, dt});
    executor.rows(n_z, SpeedStep{p, dt});
    executor.single(MaximumStep{p.system.partial, p.system.scalars});
    rate = executor.read(p.system.scalars, scalar_maximum);
    executor.single(MaximumStep{p.system.partial_defect, p.system.scalars});
    if (!(executor.read(p.system.scalars, scalar_maximum) * dt < 0.5)) end = Attempt::too_long;
  }
  if (end != Attempt::good) executor.cells(n_r, n_z, PressureFromFluidStep{p});
  return end;
}

/// The order of one time step, written once for every executor:
/// needle -> permeability and viscosity -> track -> coupled pressure -> track balance -> transport in substeps -> spreading.
/// `tip` gives the tip depth at a time; a step that fails is halved. Returns the step taken [s].
DF_CALLER_DECIDES
template <class Executor, class Tip>
DF_FUNCTION double insertion_step(const Executor& executor, const InsertionProblem& p, const Tip& tip, double t, double dt,
                                  bool contact, InsertionTally& tally) {
  const double deepest = tally.deepest;
  double rate = 0.0;
  if (tally.rows == 0) {  // nobody has chosen a part
    tally.rings = p.grid.n_r;
    tally.rows = p.grid.n_z;
  }
  if (p.params.fracture.enabled) executor.cells(p.grid.n_r, p.grid.n_z, CrackStep{p});
  for (;;) {
    tally.deepest = larger(deepest, tip(t + dt));
    const Attempt end = attempt_step(executor, p, tip(t), tip(t + dt), tally.deepest > deepest, dt, rate, tally);
    if (end == Attempt::good) break;
    if (end == Attempt::outgrown) continue;
    tally.rejected += 1;
    dt *= 0.5;
    if (dt < p.params.smallest_step) {
      tally.failed = true;
      return dt;
    }
  }
  const InsertionProblem active = p.within(tally.rings, tally.rows);
  const int reached = reached_rows(active.grid, tally.deepest);
  executor.single(TrackBalanceStep{active, reached, dt, contact});
  executor.rows(active.grid.n_z, TrackAreaStep{active, reached, dt});
  const int substeps = static_cast<int>(smaller(larger(std::ceil(rate * dt / largest_courant), 1.0), 1e4));
  const TransportBox box = carry_ink(executor, active, dt, substeps, tally);
  executor.rows(active.grid.n_z, FluidAndPressureStep{active, box, dt});
  spread_when_due(executor, p, dt, rate, tally);
  tally.time += dt;
  tally.steps += 1;
  tally.substeps += substeps;
  return dt;
}

/// The part of a step over which the tip moves no further in the skin than it may [s].
template <class Tip>
DF_FUNCTION double held_to_travel(const Tip& tip, double t, double dt, const InsertionParams& c) {
  for (int k = 0; k < 4; ++k) {
    const double moved = larger(tip(t + dt), 0.0) - larger(tip(t), 0.0),
                 travel = moved > 0.0 ? c.largest_travel_in : c.largest_travel_out;
    if (std::fabs(moved) <= travel) break;
    dt *= travel / std::fabs(moved);
  }
  return dt;
}

/// A part of a stroke and the steps it is taken in: the first of length `step`, growing by `growth` up to `largest`.
struct StrokePart {
  static constexpr int count = 3;
  double start, end;             ///< times into the stroke [s]
  double step, growth, largest;  ///< [s], [-], [s]

  DF_FUNCTION bool ends_after(double t) const { return t < end - 1e-9 * (end - start); }
};

/// The parts of a stroke: out, in, out. Steps are equal inside the skin and grow while the needle is out.
DF_FUNCTION inline StrokePart stroke_part(const TipPath& tip, const InsertionParams& c, int n) {
  const double period = 1.0 / c.frequency, entry = tip.entry(), fine = (period - 2.0 * entry) / c.steps_inside;
  if (n == 0) return {0.0, entry, 4.0 * fine, 1.3, 4.0 * fine};
  if (n == 1) return {entry, period - entry, fine, 1.5, fine};
  return {period - entry, period, fine, 1.3, 4.0 * fine};
}

/// Takes the steps of a part of a stroke.
DF_CALLER_DECIDES
template <class Executor, class Tip>
DF_FUNCTION void run_part(const Executor& executor, const InsertionProblem& p, const Tip& tip, const StrokePart& part,
                          const InsertionTrace& trace, InsertionTally& tally) {
  double t = part.start, dt = part.step;
  while (part.ends_after(t) && !tally.failed) {
    const double step = held_to_travel(tip, t, smaller(dt, part.end - t), p.params);
    const double taken = insertion_step(executor, p, tip, t, step, true, tally);
    t += taken;
    dt = taken < step ? taken : smaller(dt * part.growth, part.largest);
    if (trace.rows.size > 0) executor.single(TraceStep{p, trace.rows, trace.count, tally.time, tip(t)});
  }
}

/// Strokes `first` to `last` (exclusive) of the contact.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION void run_strokes(const Executor& executor, const InsertionProblem& p, int first, int last, const InsertionTrace& trace,
                             InsertionTally& tally) {
  const InsertionParams& c = p.params;
  if (c.tip_depth <= 0.0) return;
  if (tally.rows == 0) start_active(p, tally);
  const TipPath tip{c.tip_depth, c.stroke, c.frequency};
  for (int n = first; n < last; ++n) {
    executor.milestone(c.done_before + c.done_in_it * n / c.strokes);
    for (int part = 0; part < StrokePart::count; ++part) run_part(executor, p, tip, stroke_part(tip, c, part), trace, tally);
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
    const InsertionProblem active = p.within(tally.rings, tally.rows);
    executor.rows(active.grid.n_z, ExcessPressureStep{active});
    executor.single(MaximumStep{active.system.partial, p.system.scalars});
    if (executor.read(p.system.scalars, scalar_maximum) <
        p.params.relaxed_share * executor.read(p.account, RimAccount::peak_pressure))
      break;
  }
  if (tally.unspread_cells > 0.0) spread_ink(executor, p, tally);
}

}  // namespace dermaflux
