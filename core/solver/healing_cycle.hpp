#pragma once
#include "core/execution/executor.hpp"
#include "core/solver/comb_solver.hpp"
#include "core/solver/deposit_step.hpp"
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
  const PoolFields source = shift_tracks(executor, p, p.pools, p.scratch.next);
  executor.cells(n_r, n_z, PartitionStep{p, source, dot_radius(p.params.tracks)});
}

/// Time and step size of healing, the same on every lane.
struct HealingTally {
  double time = 0.0, dt = 0.0;  ///< [s]
  long steps = 0, rejected = 0;
};

/// Vertical diffusion [m^2/s] and descent [m/s] of one pool over a step.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION void spread_vertically(const Executor& executor, const HealingProblem& p, const FieldView<double>& pool,
                                   double diffusivity, double speed, double dt) {
  if (diffusivity <= 0.0 && speed <= 0.0) return;
  executor.single(VerticalFactorStep{p, diffusivity, speed, dt});
  executor.cells(p.grid.n_r, 1, VerticalSpreadStep{p, pool});
}

/// The clock of a step: time counts from the last session; wounds of several recruit each for itself.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION HealingClock start_step(const Executor& executor, const HealingProblem& p, double time, double dt) {
  const HealingParams& c = p.params;
  const double since = time - p.wounds.last();
  HealingClock clock{since, dt, c.recruitment(since + 0.5 * dt, 1.0) - 1.0, c.open_track(since, dt)};
  if (p.wounds.shares.size > 0) {
    RecruitmentStep step{p, {}};
    for (int s = 0; s < p.wounds.count; ++s) step.extra[s] = c.recruitment(time - p.wounds.start[s] + 0.5 * dt, 1.0) - 1.0;
    executor.cells(p.grid.n_r, p.grid.n_z, step);
    clock.recruitment = 1.0;
  }
  return clock;
}

/// Heals from the tally's time to `end`: reaction (second order, error-controlled), then spread, descent and epidermal rise.
/// Returns false where it was stopped before, after the first step that reached `stop` or at a word from outside; called again with
/// the same `end` it goes on as if it had not been.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION bool heal_until(const Executor& executor, HealingProblem& p, double end, HealingTally& tally, double stop = HUGE_VAL) {
  const int n_r = p.grid.n_r, n_z = p.grid.n_z;
  const HealingParams& c = p.params;
  if (tally.dt <= 0.0) tally.dt = c.first_step;
  while (tally.time < end * (1.0 - 1e-12)) {
    if (tally.time >= stop || executor.asked_to_stop()) return false;
    const double wanted = smaller(tally.dt, c.largest_step), left = end - tally.time;
    const double dt = wanted >= left ? left : (wanted > 0.5 * left ? 0.5 * left : wanted);
    const HealingClock clock = start_step(executor, p, tally.time, dt);
    executor.rows(n_z, ReactionStep{p, clock});
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
    if (c.free_diffusivity > 0.0) executor.rows(n_z, RadialSpreadStep{p, p.pools.free, c.free_diffusivity, dt});
    if (c.cell_diffusivity > 0.0) executor.rows(n_z, RadialSpreadStep{p, p.pools.macrophage, c.cell_diffusivity, dt});
    if (c.slow_diffusivity > 0.0) executor.rows(n_z, RadialSpreadStep{p, p.pools.slow, c.slow_diffusivity, dt});
    spread_vertically(executor, p, p.pools.free, c.free_diffusivity, 0.0, dt);
    spread_vertically(executor, p, p.pools.macrophage, c.cell_diffusivity, c.deepening_speed, dt);
    spread_vertically(executor, p, p.pools.slow, c.slow_diffusivity, c.deepening_speed, dt);
    executor.cells(n_r, 1, EpidermisRiseStep{p, dt});
    executor.single(BookShedStep{p});
    tally.time += dt;
    tally.steps += 1;
    if (dt >= wanted) tally.dt = dt * factor;
  }
  return true;
}

/// Sums over the present pigment field.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION void measure(const Executor& executor, const HealingProblem& p, double depth_limit) {
  executor.rows(p.grid.n_z, RowMomentStep{p});
  executor.single(MomentStep{p, depth_limit});
}

}  // namespace dermaflux
