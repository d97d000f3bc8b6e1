#pragma once
#include "core/execution/executor.hpp"
#include "core/solver/comb_solver.hpp"
#include "core/solver/deposit_step.hpp"
#include "core/solver/healing_reaction.hpp"
#include "core/solver/healing_spread_steps.hpp"
#include "core/solver/healing_steps.hpp"
#include "core/solver/session_steps.hpp"

namespace dermaflux {

/// Distance of the outermost track from the dot's axis [m].
DF_FUNCTION inline double dot_radius(const TrackGroups& tracks) {
  double radius = 0.0;
  for (int n = 0; n < tracks.count; ++n) radius = larger(radius, tracks.offset[n]);
  return radius;
}

/// Turns what lies around one track into what lies around the axis of the dot, on average over tracks and angle; the mean that a
/// track sees of what lies around the axis is the same map. Returns the fields where the result stands, `source` or `other`.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION PoolFields shift_tracks(const Executor& executor, const HealingProblem& p, PoolFields source, PoolFields other) {
  const HealingParams& c = p.params;
  const auto shift = [&](const TrackGroups& groups, double tilt) {
    executor.cells(p.grid.n_r, p.grid.n_z, ShiftTracksStep{p.grid, source, other, groups, tilt, c.tilt_centre});
    const PoolFields moved = other;
    other = source;
    source = moved;
  };
  if (dot_radius(c.tracks) > 0.0) shift(c.tracks, 0.0);
  if (c.tilt > 0.0) shift(TrackGroups{1, {0.0}, {1.0}}, c.tilt);
  return source;
}

/// Starts healing from what the insertion left.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION void lay_down(const Executor& executor, const InsertionProblem& from, const HealingProblem& p) {
  const int n_r = p.grid.n_r, n_z = p.grid.n_z;
  executor.cells(n_r, n_z, LayDownStep{from, p});
  const PoolFields source = shift_tracks(executor, p, p.pools, p.scratch.old);
  executor.cells(n_r, n_z, PartitionStep{p, source, dot_radius(p.params.tracks)});
}

/// Time and step size of healing, the same on every lane.
struct HealingTally {
  double time = 0.0, dt = 0.0;  ///< [s]
  double spread_until = 0.0;    ///< time to which pigment has spread and risen; leads `time` within a step [s]
  bool bounded = false;         ///< whether it is known within which rings pigment may be
  double released_share = 0.0;  ///< of the free pigment, what depleted macrophages let go [-]
  long steps = 0, rejected = 0;
};

/// Diffusivities of the pools in both tissues of a dot.
struct SpreadSpeeds {
  SpreadPair free, macrophage, slow;

  /// Free pigment spreads as the mean of what came with the ink and of the clusters that depleted cells let go.
  DF_FUNCTION static SpreadSpeeds of(const HealingParams& c, double released_share) {
    const TissueSpread &here = c.spread[at_axis], &other = c.spread[c.bordered ? beside : at_axis];
    return {SpreadPair::of(mix(here.free, here.released, released_share), mix(other.free, other.released, released_share)),
            SpreadPair::of(here.macrophage, other.macrophage), SpreadPair::of(here.slow, other.slow)};
  }
  DF_FUNCTION bool any() const { return free.largest + macrophage.largest + slow.largest > 0.0; }
};

/// Radial diffusion of one pool over a step, and its vertical diffusion and descent.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION void spread_radially(const Executor& executor, const HealingProblem& p, const FieldView<double>& pool,
                                 const SpreadPair& diffusivity, double dt) {
  if (diffusivity.largest > 0.0) executor.rows(p.grid.n_z, RadialSpreadStep{p, pool, diffusivity, dt});
}
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION void spread_vertically(const Executor& executor, const HealingProblem& p, const FieldView<double>& pool,
                                   const SpreadPair& diffusivity, bool sinks, double dt) {
  const TissueSpread* c = p.params.spread;
  const double speed = sinks ? c[at_axis].deepening_speed : 0.0;
  const double aside = sinks ? c[p.params.bordered ? beside : at_axis].deepening_speed : 0.0;
  if (diffusivity.largest <= 0.0 && speed <= 0.0 && aside <= 0.0) return;
  if (p.params.bordered || p.rows.per_column > 0) {
    executor.cells(p.grid.n_r, 1, BorderedVerticalSpreadStep{p, pool, diffusivity, {speed, aside}, dt});
    return;
  }
  executor.single(VerticalFactorStep{p, diffusivity.largest, speed, dt});
  executor.cells(VerticalSpreadStep::groups(p.grid.n_r), 1, VerticalSpreadStep{p, pool});
}

/// The reaction of a step: time counts from the last session; wounds of several recruit each for itself.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION ReactionStep start_step(const Executor& executor, const HealingProblem& p, double time, double dt, bool bounded) {
  const HealingParams& c = p.params;
  const double since = time - p.wounds.last(), middle = time + 0.5 * dt;
  const bool several = p.wounds.shares.size > 0;
  HealingClock clock{};
  clock.time = since;
  clock.dt = dt;
  clock.survivors_before = c.depletion(time);
  clock.survivors = c.depletion(middle);
  RecruitmentStep all{p, {}};
  for (int side = at_axis; side <= (c.bordered ? beside : at_axis); ++side) {
    const TissueCourses& courses = c.courses[side];
    const double ends[2] = {since, since + 0.5 * dt};
    for (int n = 0; n < 2; ++n) {
      clock.recruited[side][n] = several ? 1.0 : courses.recruitment(ends[n], 1.0) - 1.0;
      for (int s = 0; s < p.wounds.count; ++s)
        all.extra[side][n][s] = courses.recruitment((n == 0 ? time : middle) - p.wounds.start[s], 1.0) - 1.0;
    }
    clock.exudation[side] = courses.open_track(since, dt);
    clock.exudation_fall[side] = courses.open_track(since) - clock.exudation[side];
    clock.crust[side] = courses.crust.loss(since, dt);
  }
  clock.migrating = c.rates[at_axis].migration(since, dt) > 0.0 || (c.bordered && c.rates[beside].migration(since, dt) > 0.0);
  clock.at_axis_only = clock.reaction(c.rates[at_axis], 0.0);
  if (several) executor.cells(p.grid.n_r, p.grid.n_z, all);
  return {p, clock, bounded, several ? p.scratch.wound_before : p.scratch.wound};
}

/// A step that goes over the rings of every row; pigment that a step has shed; rings in which pigment may be. A box has its own.
DF_CALLER_DECIDES
template <class Executor, class Step>
DF_FUNCTION void over_rings(const Executor& executor, const HealingProblem& p, const Step& step) {
  executor.rows(p.grid.n_z, step);
}
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION void book_shed(const Executor& executor, const HealingProblem& p) {
  executor.single(BookShedStep{p});
}
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION void bound(const Executor& executor, const HealingProblem& p) {
  executor.single(BoundStep{p});
}

/// Spread and descent of the pools, rise and shedding of the epidermis over a time [s]. Backward Euler: first order, as any
/// linear scheme that stays positive for every step (Bolley & Crouzeix 1978, RAIRO Anal. Numer. 12).
DF_CALLER_DECIDES
template <class Executor, class Problem>
DF_FUNCTION void spread(const Executor& executor, const Problem& p, const HealingTally& tally, double dt) {
  const SpreadSpeeds c = SpreadSpeeds::of(p.params, tally.released_share);
  spread_radially(executor, p, p.pools.free, c.free, dt);
  spread_radially(executor, p, p.pools.macrophage, c.macrophage, dt);
  spread_radially(executor, p, p.pools.slow, c.slow, dt);
  spread_vertically(executor, p, p.pools.free, c.free, false, dt);
  spread_vertically(executor, p, p.pools.macrophage, c.macrophage, true, dt);
  spread_vertically(executor, p, p.pools.slow, c.slow, true, dt);
  executor.cells(p.grid.n_r, 1, EpidermisRiseStep{p, dt});
  book_shed(executor, p);
}

/// Spreads until a time, unless pigment has spread farther already.
DF_CALLER_DECIDES
template <class Executor, class Problem>
DF_FUNCTION void spread_until(const Executor& executor, const Problem& p, double time, HealingTally& tally) {
  if (time <= tally.spread_until) return;
  const double all = time - tally.spread_until, longest = p.params.largest_spread;
  const int parts = longest > 0.0 ? static_cast<int>(smaller(std::ceil(all / longest), 1e6)) : 1;
  for (int n = 0; n < parts; ++n) spread(executor, p, tally, all / parts);
  tally.spread_until = time;
}

/// Heals from the tally's time to `end`: reactions (second order, error-controlled) split from spread, descent and epidermal
/// rise. While pigment spreads, which goes with the root of time, a step is a share of the time since the last session at most,
/// because splitting off a fast spread is of first order. Each reaction starts when pigment has spread to the middle of its step:
/// Strang's symmetric splitting, with the halves of two neighbouring steps done at once. A rejected step leaves spread ahead; the
/// next ones wait for the reaction. Returns false where it was stopped before, after the first step that reached `stop` or at a
/// word from outside.
DF_CALLER_DECIDES
template <class Executor, class Problem>
DF_FUNCTION bool heal_through(const Executor& executor, const Problem& p, double end, HealingTally& tally, double stop) {
  const HealingParams& c = p.params;
  if (tally.dt <= 0.0) tally.dt = c.first_step;
  const bool spreads = c.spread_share > 0.0 && SpreadSpeeds::of(c, tally.released_share).any();
  while (tally.time < end * (1.0 - 1e-12)) {
    if (tally.time >= stop || executor.asked_to_stop()) return false;
    const double longest = spreads ? larger(c.first_step, c.spread_share * (tally.time - p.wounds.last())) : HUGE_VAL;
    const double wanted = smaller(smaller(tally.dt, c.largest_step), longest), left = end - tally.time;
    const double dt = wanted >= left ? left : (wanted > 0.5 * left ? 0.5 * left : wanted);
    spread_until(executor, p, tally.time + 0.5 * dt, tally);
    over_rings(executor, p, start_step(executor, p, tally.time, dt, tally.bounded));
    executor.single(MaximumStep{p.scratch.error, p.scratch.scalars});
    const double error = executor.read(p.scratch.scalars, scalar_maximum) / c.tolerance;
    const double factor = smaller(larger(0.9 / std::sqrt(larger(error, 1e-6)), 0.3), 2.5);
    if (error > 1.0 && dt > 1e-3 * c.first_step) {
      tally.dt = dt * smaller(factor, 0.7);
      tally.rejected += 1;
      over_rings(executor, p, UndoReactionStep{p, tally.bounded});
      continue;
    }
    executor.single(BookReactionStep{p});
    bound(executor, p);
    tally.bounded = true;
    tally.time += dt;
    tally.steps += 1;
    if (dt >= wanted) tally.dt = dt * factor;
  }
  spread_until(executor, p, end, tally);
  return true;
}

/// Sums over the present pigment field.
DF_CALLER_DECIDES
template <class Executor, class Problem>
DF_FUNCTION void measure(const Executor& executor, const Problem& p, double depth_limit) {
  over_rings(executor, p, RowMomentStep{p});
  executor.single(MomentStep{p, depth_limit});
}

/// Kills the share of the macrophages that the problem says. Free pigment then spreads as the mean of what was free and of
/// what they let go.
DF_CALLER_DECIDES
template <class Executor, class Problem>
DF_FUNCTION void deplete(const Executor& executor, const Problem& p, HealingTally& tally) {
  measure(executor, p, 0.0);
  const double fresh = executor.read(p.moments, Moment::free);
  const double released = p.params.depletion.share * executor.read(p.moments, Moment::macrophage);
  executor.cells(p.grid.n_r, p.grid.n_z, DepleteStep{p});
  if (released > 0.0) tally.released_share = released / (fresh + released);
}

/// Heals from the tally's time to `end`, a depletion of macrophages in between included. Returns false where it was stopped
/// before, after the first step that reached `stop` or at a word from outside; called again with the same `end` it goes on as if it
/// had not been.
DF_CALLER_DECIDES
template <class Executor, class Problem>
DF_FUNCTION bool heal_until(const Executor& executor, const Problem& p, double end, HealingTally& tally, double stop = HUGE_VAL) {
  const double day = p.params.depletion.time;
  if (day > tally.time && day <= end) {
    if (!heal_through(executor, p, day, tally, stop)) return false;
    tally.time = day;
    deplete(executor, p, tally);
    tally.dt = p.params.first_step;
  }
  return heal_through(executor, p, end, tally, stop);
}

}  // namespace dermaflux
