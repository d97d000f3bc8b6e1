#pragma once
#include <cmath>

#include "core/execution/column_executor.hpp"
#include "core/solver/insertion_cycle.hpp"
#include "core/solver/space_pressure.hpp"
#include "core/solver/space_spreading.hpp"
#include "core/solver/space_transport.hpp"

namespace dermaflux {

/// The insertion of one dot in a box: the tissue, and a strip per prong.
struct SpaceInsertion {
  SpaceProblem box;
  InsertionProblem strip[max_tracks];
  BoxLevels levels;                ///< of the pressure solver
  double* level_memory = nullptr;  ///< in which they lie
  long level_room = 0;             ///< [double]
  SpacePart laid_out{};            ///< part for which
  int all_levels = 0;

  SpaceStrips strips() const {
    SpaceStrips all{};
    all.count = box.tracks;
    for (int t = 0; t < box.tracks; ++t) all.system[t] = strip[t].system;
    return all;
  }
  /// Rows that a prong has reached when the middle of the needle was so deep along its axis [m].
  DF_FUNCTION int reached(int t, double deepest) const { return reached_rows(strip[t].grid, deepest - box.track[t].setback); }
};

/// Lays out levels and links of the pressure solver for the part and its tracks.
void lay_out_pressure(SpaceInsertion& in);

/// Largest pressure that any track has had [Pa].
template <class Executor>
double peak_pressure(const Executor& executor, const SpaceInsertion& in) {
  double peak = 0.0;
  for (int t = 0; t < in.box.tracks; ++t) peak = larger(peak, executor.read(in.strip[t].account, RimAccount::peak_pressure));
  return peak;
}

/// The part that pressure is likely to reach: around all tracks, down to below their tips.
inline void start_part(const SpaceInsertion& in, SpacePart& part) {
  const SpaceProblem& b = in.box;
  const CartesianGrid& g = b.grid;
  const double around = 150.0 * units::um;
  double west = HUGE_VAL, east = -HUGE_VAL, south = HUGE_VAL, north = -HUGE_VAL, deep = 0.0;
  for (int t = 0; t < b.tracks; ++t) {
    const SpaceTrack& track = b.track[t];
    const double depth = larger(in.strip[t].params.tip_depth - track.setback, 0.0) * track.upright;
    west = smaller(west, smaller(track.x, track.x + track.lean_x * depth) - around);
    east = larger(east, larger(track.x, track.x + track.lean_x * depth) + around);
    south = smaller(south, smaller(track.y, track.y + track.lean_y * depth) - around);
    north = larger(north, larger(track.y, track.y + track.lean_y * depth) + around);
    deep = larger(deep, depth + 100.0 * units::um);
  }
  part = {0, g.n_x, 0, g.n_y, 0};
  while (part.i0 + 1 < g.n_x && g.x_face(part.i0 + 1) < west) ++part.i0;
  while (part.i1 - 1 > 0 && g.x_face(part.i1 - 1) > east) --part.i1;
  while (part.j0 + 1 < g.n_y && g.y_face(part.j0 + 1) < south) ++part.j0;
  while (part.j1 - 1 > 0 && g.y_face(part.j1 - 1) > north) --part.j1;
  while (part.rows < g.n_z && g.z_face(part.rows) < deep) part.rows += 8;
}

/// Widens the part where pressure has reached its edges; false where it has not.
template <class Executor>
bool widen_part(const Executor& executor, const SpaceInsertion& in, const InsertionParams& c, SpacePart& part) {
  const SpaceProblem& b = in.box;
  const CartesianGrid& g = b.grid;
  const bool sides = part.i0 > 0 || part.i1 < g.n_x || part.j0 > 0 || part.j1 < g.n_y, bottom = part.rows < g.n_z;
  if (!sides && !bottom) return false;
  const double most = larger(c.edge_pressure, c.edge_share * peak_pressure(executor, in));
  executor.cells(b.part.columns(), 1, SpaceEdgeStep{b});
  executor.single(SpaceMaximumStep{b, b.scratch.gross, scalar_maximum});
  const bool outward = sides && executor.read(b.scratch.scalars, scalar_maximum) > most;
  executor.single(SpaceMaximumStep{b, b.scratch.net, scalar_maximum});
  const bool downward = bottom && executor.read(b.scratch.scalars, scalar_maximum) > most;
  if (outward) {
    part.i0 = part.i0 > 2 ? part.i0 - 2 : 0;
    part.j0 = part.j0 > 2 ? part.j0 - 2 : 0;
    part.i1 = part.i1 + 2 < g.n_x ? part.i1 + 2 : g.n_x;
    part.j1 = part.j1 + 2 < g.n_y ? part.j1 + 2 : g.n_y;
  }
  if (downward) part.rows = part.rows + 8 < g.n_z ? part.rows + 8 : g.n_z;
  return outward || downward;
}

/// Tracks and pressure of one time step, up to the face fluxes, as attempt_step of the axisymmetric insertion.
template <class Executor>
Attempt attempt_step(const Executor& executor, SpaceInsertion& in, double tip_before, double tip_after, bool cutting, double dt,
                     double& rate, InsertionTally& tally) {
  SpaceProblem& b = in.box;
  const bool grown = !(in.laid_out == b.part);
  if (grown) lay_out_pressure(in);
  // In most steps pressure hardly crosses a column: the coarser levels then cost more than the iterations that they spare (README).
  in.levels.count = tally.wide ? in.all_levels : 1;
  const int columns = b.part.columns(), rows = b.part.rows;
  const InsertionParams& c = in.strip[0].params;
  for (int t = 0; t < b.tracks; ++t) {
    const double back = b.track[t].setback;
    executor.rows(rows, NeedleStep{in.strip[t], tip_before - back, tip_after - back, larger(tally.deepest - back, 0.0), dt});
  }
  if (cutting || grown) executor.cells(columns, 1, SpaceDamageStep{b});
  in_columns(executor, b, MobilityStep{b.tissue});
  executor.cells(columns, 1, ObstacleStep{b});
  executor.cells(columns, 1, SpaceConductanceStep{b});
  // Columns and tracks are not solved together as the comb does it, and what a track holds answers to its pressure at once: a
  // solution as loose as the comb's moved the ink that is left in a track by up to a third where the needle left, from rounding
  // alone.
  constexpr double tighter = 0.1;
  const double tolerance = tighter * larger(c.pressure_tolerance, c.pressure_share * peak_pressure(executor, in));
  // A track's own solution knows only a guess of how the tissue answers it; once that has answered, the track is solved again.
  for (const bool again : {false, true}) {
    executor.cells(columns, 1, SpaceBalanceStep{b, dt, again});
    for (int t = 0; t < b.tracks; ++t) {
      executor.cells(1, rows, GatherTrackStep{b, in.strip[t], t});
      if (!again) executor.rows(rows, WallConductanceStep{in.strip[t]});
      executor.cells(1, rows, TrackResponseStep{b, in.strip[t], t});
      executor.rows(rows, WallReferenceStep{in.strip[t]});
      const InsertionProblem active = in.strip[t].within(1, rows);
      if (!solve_track(executor, active, in.reached(t, tally.deepest), dt, std::fabs(tip_after - tip_before) / dt)) {
        in_columns(executor, b, PressureFromFluidStep{b.tissue});
        return Attempt::too_long;
      }
    }
    for (int t = 0; t < b.tracks; ++t) executor.single(SpaceWallResidualStep{b, in.strip[t], t});
    executor.single(SpaceNodesStep{b, in.strips()});
    const int iterations = solve_box(executor, b.system, in.levels, {tolerance, 0.0, 400}, again).iterations;
    tally.iterations += iterations;
    if (!again) tally.wide = tally.wide ? iterations >= 6 : iterations > 60;
    executor.single(SpaceNodesBackStep{b, in.strips()});
    executor.cells(columns, 1, SpaceApplyStep{b});
    for (int t = 0; t < b.tracks; ++t) executor.single(SpaceWallFluxStep{b, in.strip[t], t});
  }
  SpacePart wider = b.part;
  Attempt end = widen_part(executor, in, c, wider) ? Attempt::outgrown : Attempt::good;
  if (end == Attempt::good) {
    executor.cells(columns, 1, SpaceFluxStep{b});
    for (int t = 0; t < b.tracks; ++t) {
      executor.single(TrackFlowStep{in.strip[t].within(1, rows), in.reached(t, tally.deepest), dt});
      executor.single(HoldCrossingsStep{b, in.strip[t], t});
    }
    executor.cells(columns, 1, SpaceSpeedStep{b, dt});
    executor.single(SpaceMaximumStep{b, b.scratch.gross, scalar_maximum});
    rate = executor.read(b.scratch.scalars, scalar_maximum);
    executor.single(SpaceMaximumStep{b, b.scratch.net, scalar_maximum});
    if (!(executor.read(b.scratch.scalars, scalar_maximum) * dt < 0.5)) end = Attempt::too_long;
    executor.single(WallSpeedStep{b});
  }
  if (end != Attempt::good) in_columns(executor, b, PressureFromFluidStep{b.tissue});
  b.part = wider;
  return end;
}

/// One time step, as insertion_step of the axisymmetric insertion. `tip` is the way along the needle's axis. Returns the step
/// taken [s].
template <class Executor, class Tip>
double insertion_step(const Executor& executor, SpaceInsertion& in, const Tip& tip, double t, double dt, bool contact,
                      InsertionTally& tally) {
  const double deepest = tally.deepest;
  const InsertionParams& c = in.strip[0].params;
  double rate = 0.0;
  if (c.fracture.enabled) in_columns(executor, in.box, CrackStep{in.box.tissue});
  for (;;) {
    tally.deepest = larger(deepest, tip(t + dt));
    const Attempt end = attempt_step(executor, in, tip(t), tip(t + dt), tally.deepest > deepest, dt, rate, tally);
    if (end == Attempt::good) break;
    if (end == Attempt::outgrown) continue;
    tally.rejected += 1;
    dt *= 0.5;
    if (dt < c.smallest_step) {
      tally.failed = true;
      return dt;
    }
  }
  const SpaceProblem& b = in.box;
  const int rows = b.part.rows;
  for (int s = 0; s < b.tracks; ++s) {
    const int reached = in.reached(s, tally.deepest);
    executor.single(TrackBalanceStep{in.strip[s].within(1, rows), reached, dt, contact});
    executor.rows(rows, TrackAreaStep{in.strip[s], reached, dt});
  }
  const int substeps = static_cast<int>(smaller(larger(std::ceil(rate * dt / largest_courant), 1.0), 1e4));
  const ActiveColumns inked = carry_ink(executor, b, dt, substeps, static_cast<int>(tally.substeps));
  for (int s = 0; s < b.tracks; ++s) executor.single(TrackReturnStep{in.strip[s]});
  executor.cells(b.part.columns(), 1, SpaceFluidStep{b, inked, dt});
  spread_when_due(executor, b, dt, rate, tally);
  tally.time += dt;
  tally.steps += 1;
  tally.substeps += substeps;
  return dt;
}

/// The strokes of the contact from one on; `after` is told how many are done after each.
template <class Executor, class After>
void run_strokes(const Executor& executor, SpaceInsertion& in, int first, const InsertionTrace& trace, InsertionTally& tally,
                 const After& after) {
  const InsertionParams c = in.strip[0].params;
  if (c.tip_depth <= 0.0) return;
  const TipPath tip{c.tip_depth, c.stroke, c.frequency};
  for (int n = first; n < c.strokes; ++n) {
    executor.milestone(c.done_before + c.done_in_it * n / c.strokes);
    for (int m = 0; m < StrokePart::count; ++m) {
      const StrokePart part = stroke_part(tip, c, m);
      double t = part.start, dt = part.step;
      while (part.ends_after(t) && !tally.failed) {
        const double step = held_to_travel(tip, t, smaller(dt, part.end - t), c);
        const double taken = insertion_step(executor, in, tip, t, step, true, tally);
        t += taken;
        dt = taken < step ? taken : smaller(dt * part.growth, part.largest);
        if (trace.rows.size > 0) executor.single(TraceStep{in.strip[0], trace.rows, trace.count, tally.time, tip(t)});
      }
    }
    if (!tally.failed) after(n + 1);
  }
}

/// The needle is out for good: the drop is wiped, pressure falls until it is a small share of its peak, what is left in the tracks
/// is laid down where it is.
template <class Executor>
void relax(const Executor& executor, SpaceInsertion& in, InsertionTally& tally) {
  const InsertionParams& c = in.strip[0].params;
  const SpaceProblem& b = in.box;
  for (int t = 0; t < b.tracks; ++t) executor.single(WipeDropStep{in.strip[t]});
  double t = 0.0, dt = c.recoil_time / 20.0;
  while (t < c.relaxation_limit && !tally.failed) {
    const double taken = insertion_step(executor, in, TipOut{}, t, dt, false, tally);
    t += taken;
    dt = taken < dt ? taken : 1.2 * dt;
    executor.cells(b.part.columns(), 1, SpaceExcessStep{b});
    executor.single(SpaceMaximumStep{b, b.scratch.gross, scalar_maximum});
    double largest = executor.read(b.scratch.scalars, scalar_maximum);
    for (int s = 0; s < b.tracks; ++s)
      for (int j = 0; j < b.part.rows; ++j) largest = larger(largest, std::fabs(in.strip[s].track.pressure(j)));
    if (largest < c.relaxed_share * peak_pressure(executor, in)) break;
  }
  if (tally.unspread_cells > 0.0) spread_ink(executor, b, tally);
  for (int s = 0; s < b.tracks; ++s) executor.single(CloseTrackStep{b, in.strip[s], s});
}

}  // namespace dermaflux
