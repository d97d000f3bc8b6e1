#pragma once
#include <cmath>
#include <functional>
#include <vector>

#include "core/execution/column_executor.hpp"
#include "core/solver/insertion_cycle.hpp"
#include "core/solver/space_pressure.hpp"
#include "core/solver/space_spreading.hpp"
#include "core/solver/space_transport.hpp"

namespace dermaflux {

/// What the host knows of an insertion whose memory may lie elsewhere.
struct SpaceOnHost {
  CartesianGrid grid;                      ///< its coordinates
  TissueRows rows;                         ///< of plain tissue
  std::vector<double> cell[max_tracks];    ///< SpaceTrack::cell
  std::vector<double> z_face[max_tracks];  ///< of the rows of each strip, along its axis [m]
};

/// The pressure solver of an insertion, on its own system or, where an executor wants x to run fastest, on a turned one.
struct SpaceSolver {
  BoxLevels levels;
  double* level_memory = nullptr;  ///< in which they lie
  long level_room = 0;             ///< [double]
  BoxSystemOn<TurnedPart> turned;
  BoxLevelsOn<TurnedPart> turned_levels;
  double* turned_memory = nullptr;  ///< of both
  long turned_room = 0;             ///< [double]
  int all_levels = 0;
  SpacePart laid_out{};  ///< part for which
};

/// The insertion of one dot in a box: the tissue, and a strip per prong.
struct SpaceInsertion {
  SpaceProblem box;
  InsertionProblem strip[max_tracks];
  SpaceSolver solver;
  SpaceOnHost host;

  SpaceStrips strips() const {
    SpaceStrips all{};
    all.count = box.tracks;
    for (int t = 0; t < box.tracks; ++t) all.system[t] = strip[t].system;
    return all;
  }
  /// Row down to which a track has been reached when the middle of the needle was so deep along its axis [m].
  int reached(int t, double deepest) const {
    AxisymmetricGrid along = strip[t].grid;
    along.z_face = {host.z_face[t].data(), static_cast<int>(host.z_face[t].size()), 0};
    return reached_rows(along, deepest - box.track[t].setback);
  }
};

/// What the pressure solver of a part consists of, found on the host: its levels, and the links of the tracks' rows to cells.
struct PressurePlan {
  CoarseningPlan levels;
  std::vector<double> memory;  ///< of the nodes
  EmbeddedNodes nodes;         ///< their numbers and links
};
/// `cell(i, l, j)` numbers the cells of the part in the system that is solved.
PressurePlan plan_pressure(const SpaceInsertion& in, const std::function<int(int, int, int)>& cell);

/// Views of the levels in cleared memory, as many as there is room for.
template <class Executor, class Grid>
void lay_out_levels(const Executor& executor, const BoxSystemOn<Grid>& s, CoarseningPlan plan, ViewArena arena, long end,
                    BoxLevelsOn<Grid>& levels) {
  const auto write = [&executor](FieldView<int> to, const std::vector<int>& from) { executor.write(to, from); };
  for (;; plan.levels.pop_back()) {  // where merging is slow the coarsest levels may have no room
    ViewArena counted;
    levels.lay_out(counted, s, plan, write);
    if (arena.used + counted.used <= end) break;
  }
  levels.lay_out(arena, s, plan, write);
}

/// Sets a block of memory to zero, seen as `width` values per index i.
struct SpaceClearStep {
  double* from;
  long count;
  static constexpr int width = 1024;
  DF_FUNCTION void operator()(int i, int j) const {
    const long k = static_cast<long>(i) * width + j;
    if (k < count) from[k] = 0.0;
  }
};
template <class Executor>
void clear(const Executor& executor, double* from, long count) {
  constexpr int width = SpaceClearStep::width;
  executor.cells(static_cast<int>((count + width - 1) / width), width, SpaceClearStep{from, count});
}

/// Lays out levels and links of the pressure solver for the part and its tracks.
template <class Executor>
void lay_out_pressure(const Executor& executor, SpaceInsertion& in) {
  SpaceProblem& b = in.box;
  SpaceSolver& to = in.solver;
  const CartesianGrid& g = b.grid;
  const SpacePart& part = b.part;
  const int n_x = part.i1 - part.i0, n_y = part.j1 - part.j0;
  b.system.grid = {n_x, n_y, part.rows, g.cell(part.i0, part.j0, 0), g.step_x(), g.step_y()};
  PressurePlan plan;
  if constexpr (Executor::pressure == Fastest::z) {
    plan = plan_pressure(in, [&](int i, int l, int j) { return b.system.grid.cell(i, l, j); });
    clear(executor, to.level_memory, to.level_room);
    lay_out_levels(executor, b.system, plan.levels, ViewArena{to.level_memory}, to.level_room, to.levels);
    to.all_levels = to.levels.count;
  } else {
    clear(executor, to.turned_memory, to.turned_room);
    ViewArena arena{to.turned_memory};
    to.turned.lay_out(arena, TurnedPart::of(n_x, n_y, part.rows));
    plan = plan_pressure(in, [&](int i, int l, int j) { return to.turned.grid.cell(i, l, j); });
    lay_out_levels(executor, to.turned, plan.levels, arena, to.turned_room, to.turned_levels);
    to.all_levels = to.turned_levels.count;
  }
  EmbeddedNodes& nodes = b.system.nodes;
  const EmbeddedNodes& found = plan.nodes;
  nodes.nodes = found.nodes;
  nodes.links = found.links;
  nodes.cells = found.cells;
  const auto write = [&executor](FieldView<int> view, FieldView<int> from, int count) {
    executor.write(view, std::vector<int>(from.data, from.data + count));
  };
  write(nodes.link_cell, found.link_cell, found.links);
  write(nodes.link_node, found.link_node, found.links);
  write(nodes.by_cell, found.by_cell, found.links);
  write(nodes.first_link, found.first_link, found.nodes + 1);
  write(nodes.cell, found.cell, found.cells);
  write(nodes.first_of_cell, found.first_of_cell, found.cells + 1);
  to.laid_out = part;
}

/// Solves the pressure of tissue and tracks; what the solution took.
template <class Executor>
SolveCost solve_pressure(const Executor& executor, SpaceInsertion& in, bool wide, const SolveUntil& until, bool again) {
  SpaceProblem& b = in.box;
  SpaceSolver& solver = in.solver;
  // In most steps pressure hardly crosses a column: the coarser levels then cost more than the iterations that they spare (README).
  const int count = wide ? solver.all_levels : 1;
  if constexpr (Executor::pressure == Fastest::z) {
    solver.levels.count = count;
    return solve_box(executor, b.system, solver.levels, until, again);
  } else {
    const int columns = b.part.columns(), rows = b.part.rows;
    solver.turned.nodes = b.system.nodes;
    solver.turned_levels.count = count;
    executor.pieces(columns, rows, TurnSystemStep{b, solver.turned, !again});
    const SolveCost cost = solve_box(executor, solver.turned, solver.turned_levels, until, again);
    executor.pieces(columns, rows, TurnBackStep{b, solver.turned});
    return cost;
  }
}

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
  const CartesianGrid& g = in.host.grid;
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
  const bool outward = sides && largest_of_columns(executor, b, b.scratch.gross) > most;
  const bool downward = bottom && largest_of_columns(executor, b, b.scratch.net) > most;
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
  const bool grown = !(in.solver.laid_out == b.part);
  if (grown) lay_out_pressure(executor, in);
  const int columns = b.part.columns(), rows = b.part.rows;
  const InsertionParams& c = in.strip[0].params;
  for (int t = 0; t < b.tracks; ++t) {
    const double back = b.track[t].setback;
    executor.rows(rows, NeedleStep{in.strip[t], tip_before - back, tip_after - back, larger(tally.deepest - back, 0.0), dt});
  }
  if (cutting || grown) executor.pieces(columns, rows, SpaceDamageStep{b});
  in_columns(executor, b, MobilityStep{b.tissue});
  executor.pieces(columns, rows, ObstacleStep{b});
  executor.pieces(columns, rows, SpaceConductanceStep{b});
  // Columns and tracks are not solved together as the comb does it, what a track holds answers to its pressure at once, and the
  // peak is that of a closed gap which the needle enters: looser solutions moved the ink that is left in a track by up to a half
  // where the needle left, from rounding alone (README).
  constexpr double tighter = 1e-4;
  const double tolerance = tighter * larger(c.pressure_tolerance, c.pressure_share * peak_pressure(executor, in));
  // A track's own solution knows only a guess of how the tissue answers it; once that has answered, the track is solved again.
  for (const bool again : {false, true}) {
    executor.pieces(columns, rows, SpaceBalanceStep{b, dt, again});
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
    const int iterations = solve_pressure(executor, in, tally.wide, {tolerance, 0.0, 400}, again).iterations;
    tally.iterations += iterations;
    if (!again) tally.wide = tally.wide ? iterations >= 6 : iterations > 200;
    executor.single(SpaceNodesBackStep{b, in.strips()});
    executor.pieces(columns, rows, SpaceApplyStep{b});
    for (int t = 0; t < b.tracks; ++t) executor.single(SpaceWallFluxStep{b, in.strip[t], t});
  }
  SpacePart wider = b.part;
  Attempt end = widen_part(executor, in, c, wider) ? Attempt::outgrown : Attempt::good;
  if (end == Attempt::good) {
    executor.pieces(columns, rows, SpaceFluxStep{b});
    for (int t = 0; t < b.tracks; ++t) {
      executor.single(TrackFlowStep{in.strip[t].within(1, rows), in.reached(t, tally.deepest), dt});
      executor.single(HoldCrossingsStep{b, in.strip[t], t});
    }
    executor.cells(columns, 1, SpaceSpeedStep{b, dt});
    rate = largest_of_columns(executor, b, b.scratch.gross);
    if (!(largest_of_columns(executor, b, b.scratch.net) * dt < 0.5)) end = Attempt::too_long;
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
  executor.pieces(b.part.columns(), b.part.rows, SpaceFluidStep{b, inked, dt});
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
    double largest = largest_of_columns(executor, b, b.scratch.gross);
    for (int s = 0; s < b.tracks; ++s)
      for (const double pressure : executor.values(in.strip[s].track.pressure)) largest = larger(largest, std::fabs(pressure));
    if (largest < c.relaxed_share * peak_pressure(executor, in)) break;
  }
  if (tally.unspread_cells > 0.0) spread_ink(executor, b, tally);
  for (int s = 0; s < b.tracks; ++s) executor.single(CloseTrackStep{b, in.strip[s], s});
}

}  // namespace dermaflux
