#pragma once
#include "core/execution/executor.hpp"
#include "core/solver/comb_solver.hpp"
#include "core/solver/deposit_step.hpp"
#include "core/solver/healing_spread_steps.hpp"
#include "core/solver/healing_steps.hpp"

namespace dermaflux {

/// Starts healing from what the insertion left.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION void lay_down(const Executor& executor, const InsertionProblem& from, const HealingProblem& p) {
  const int n_r = p.grid.n_r, n_z = p.grid.n_z;
  executor.cells(n_r, n_z, LayDownStep{from, p});
  const HealingParams& c = p.params;
  PoolFields source = p.pools, other = p.scratch.next;
  const auto shift = [&](const TrackGroups& groups, double tilt) {
    executor.cells(n_r, n_z, ShiftTracksStep{p.grid, source, other, groups, tilt, c.tilt_centre});
    const PoolFields moved = other;
    other = source;
    source = moved;
  };
  double dot_radius = 0.0;
  for (int n = 0; n < c.tracks.count; ++n) dot_radius = larger(dot_radius, c.tracks.offset[n]);
  if (dot_radius > 0.0) shift(c.tracks, 0.0);
  if (c.tilt > 0.0) shift(TrackGroups{1, {0.0}, {1.0}}, c.tilt);
  executor.cells(n_r, n_z, PartitionStep{p, source, dot_radius});
  executor.single(ClearAccountStep{p});
}

/// Time and step size of healing, the same on every lane.
struct HealingTally {
  double time = 0.0, dt = 0.0;  ///< [s]
  double spread_until = 0.0;    ///< time to which pigment has spread and risen; leads `time` within a step [s]
  long steps = 0, rejected = 0;
};

/// Radial diffusion of one pool over a step, and its vertical diffusion and descent.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION void spread_radially(const Executor& executor, const HealingProblem& p, const FieldView<double>& pool,
                                 double TissueSpread::*diffusivity, double dt) {
  const TissueSpread* c = p.params.spread;
  const SpreadPair pair = SpreadPair::of(c[at_axis].*diffusivity, c[p.params.bordered ? beside : at_axis].*diffusivity);
  if (pair.largest > 0.0) executor.rows(p.grid.n_z, RadialSpreadStep{p, pool, pair, dt});
}
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION void spread_vertically(const Executor& executor, const HealingProblem& p, const FieldView<double>& pool,
                                   double TissueSpread::*diffusivity, bool sinks, double dt) {
  const TissueSpread* c = p.params.spread;
  const int other = p.params.bordered ? beside : at_axis;
  const SpreadPair pair = SpreadPair::of(c[at_axis].*diffusivity, c[other].*diffusivity);
  const double speed = sinks ? c[at_axis].deepening_speed : 0.0, aside = sinks ? c[other].deepening_speed : 0.0;
  if (pair.largest <= 0.0 && speed <= 0.0 && aside <= 0.0) return;
  if (p.params.bordered) {
    executor.cells(p.grid.n_r, 1, BorderedVerticalSpreadStep{p, pool, pair, {speed, aside}, dt});
    return;
  }
  executor.single(VerticalFactorStep{p, c[at_axis].*diffusivity, speed, dt});
  executor.cells(p.grid.n_r, 1, VerticalSpreadStep{p, pool});
}

/// Spread and descent of the pools, rise and shedding of the epidermis over a time [s]. Backward Euler: first order, as any
/// linear scheme that stays positive for every step (Bolley & Crouzeix 1978, RAIRO Anal. Numer. 12).
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION void spread(const Executor& executor, const HealingProblem& p, double dt) {
  spread_radially(executor, p, p.pools.free, &TissueSpread::free, dt);
  spread_radially(executor, p, p.pools.macrophage, &TissueSpread::macrophage, dt);
  spread_radially(executor, p, p.pools.slow, &TissueSpread::slow, dt);
  spread_vertically(executor, p, p.pools.free, &TissueSpread::free, false, dt);
  spread_vertically(executor, p, p.pools.macrophage, &TissueSpread::macrophage, true, dt);
  spread_vertically(executor, p, p.pools.slow, &TissueSpread::slow, true, dt);
  executor.cells(p.grid.n_r, 1, EpidermisRiseStep{p, dt});
  executor.single(BookShedStep{p});
}

/// Spreads until a time, unless pigment has spread farther already.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION void spread_until(const Executor& executor, const HealingProblem& p, double time, HealingTally& tally) {
  if (time <= tally.spread_until) return;
  spread(executor, p, time - tally.spread_until);
  tally.spread_until = time;
}

/// Heals from the tally's time to `end`: reactions (second order, error-controlled) split from spread, descent and epidermal
/// rise. Each reaction starts when pigment has spread to the middle of its step: Strang's symmetric splitting, with the halves
/// of two neighbouring steps done at once. A rejected step leaves spread ahead; the next ones wait for the reaction.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION void heal_through(const Executor& executor, HealingProblem& p, double end, HealingTally& tally) {
  const HealingParams& c = p.params;
  if (tally.dt <= 0.0) tally.dt = c.first_step;
  while (tally.time < end * (1.0 - 1e-12)) {
    const double wanted = smaller(tally.dt, c.largest_step), left = end - tally.time;
    const double dt = wanted >= left ? left : (wanted > 0.5 * left ? 0.5 * left : wanted), middle = tally.time + 0.5 * dt;
    spread_until(executor, p, middle, tally);
    HealingClock clock{tally.time, dt, {}, {}, c.depletion(middle)};
    for (int side = at_axis; side <= beside; ++side) {
      clock.recruitment[side] = c.courses[side].recruitment(middle, 1.0) - 1.0;
      clock.exudation[side] = c.courses[side].open_track(tally.time, dt);
    }
    executor.rows(p.grid.n_z, ReactionStep{p, clock});
    executor.single(MaximumStep{p.scratch.error, p.scratch.scalars});
    const double error = executor.read(p.scratch.scalars, scalar_maximum) / c.tolerance;
    const double factor = smaller(larger(0.9 / std::sqrt(larger(error, 1e-6)), 0.3), 1.6);
    if (error > 1.0 && dt > 1e-3 * c.first_step) {
      tally.dt = dt * smaller(factor, 0.7);
      tally.rejected += 1;
      continue;
    }
    executor.single(BookReactionStep{p});
    const PoolFields old = p.pools;
    p.pools = p.scratch.next;
    p.scratch.next = old;
    tally.time += dt;
    tally.steps += 1;
    if (dt >= wanted) tally.dt = dt * factor;
  }
  spread_until(executor, p, end, tally);
}

/// Sums over the present pigment field.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION void measure(const Executor& executor, const HealingProblem& p, double depth_limit) {
  executor.rows(p.grid.n_z, RowMomentStep{p});
  executor.single(MomentStep{p, depth_limit});
}

/// Kills the share of the macrophages that the problem says. Free pigment then spreads as the mean of what was free and of
/// what they let go.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION void deplete(const Executor& executor, HealingProblem& p) {
  HealingParams& c = p.params;
  measure(executor, p, 0.0);
  const double fresh = executor.read(p.moments, Moment::free);
  const double released = c.depletion.share * executor.read(p.moments, Moment::macrophage);
  executor.cells(p.grid.n_r, p.grid.n_z, DepleteStep{p});
  for (TissueSpread& tissue : c.spread)
    if (released > 0.0) tissue.free = (fresh * tissue.free + released * tissue.released) / (fresh + released);
}

/// Heals from the tally's time to `end`, a depletion of macrophages in between included.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION void heal_until(const Executor& executor, HealingProblem& p, double end, HealingTally& tally) {
  const double day = p.params.depletion.time;
  if (day > tally.time && day <= end) {
    heal_through(executor, p, day, tally);
    tally.time = day;
    deplete(executor, p);
    tally.dt = p.params.first_step;
  }
  heal_through(executor, p, end, tally);
}

}  // namespace dermaflux
