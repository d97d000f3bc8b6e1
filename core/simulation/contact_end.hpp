#pragma once
#include "core/simulation/treatment_case.hpp"

namespace dermaflux {

/// Puts the numbers of a session into the insertion.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION void choose_session(const Executor& executor, TreatmentCase& c, int session) {
  executor.single(WaitStep{});
  executor.single(ChooseSessionStep{c.sessions, session, &c.insertion.params});
}

/// What later laws need of the session that the insertion now stands for.
DF_FUNCTION inline void follow_session(const TreatmentCase& c, HealingProblem& healing) {
  healing.params.wound_depth = c.insertion.params.tip_depth;
  healing.params.tilt_centre = 0.5 * c.insertion.params.tip_depth;
}

/// The mean of two values with two weights; the second value where only it counts.
DF_FUNCTION inline double mean_of(double a, double weight_a, double b, double weight_b) {
  return weight_a > 0.0 ? (weight_a * a + weight_b * b) / (weight_a + weight_b) : b;
}

/// Adds what the insertion did, and what it will have laid down, to the sums.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION void book_contact(const Executor& executor, const TreatmentCase& c, const InsertionTally& tally, int strokes,
                              Progress& at, SessionOutcome& own) {
  const InsertionProblem& insertion = c.insertion;
  const double prongs = c.healing.params.prongs;
  const auto account = [&](int n) { return prongs * executor.read(insertion.account, n); };
  const double drawn = account(RimAccount::drawn_pigment);
  at.drawn_volume += account(RimAccount::drawn_volume);
  at.back_volume += account(RimAccount::back_volume);
  at.exuded_volume += account(RimAccount::exuded_volume);
  at.drawn_pigment += drawn;
  at.back_pigment += account(RimAccount::back_pigment);
  at.exuded_pigment += account(RimAccount::exuded_pigment);
  at.peak_pressure = larger(at.peak_pressure, executor.read(insertion.account, RimAccount::peak_pressure));
  at.contact_time += strokes / insertion.params.frequency;
  at.strokes += strokes;
  at.steps += tally.steps;
  at.iterations += tally.iterations;
  at.substeps += tally.substeps;
  at.rejected += tally.rejected;
  if (tally.failed && !at.failed) at.failed_at = tally.time;
  at.failed = at.failed || tally.failed;
  executor.rows(insertion.grid.n_z, CrackedVolumeStep{insertion});
  executor.single(SumStep{insertion.system.partial, insertion.system.scalars});
  at.fractured_volume = larger(at.fractured_volume, prongs * executor.read(insertion.system.scalars, scalar_sum));
  own.time = c.sessions.start[at.sessions];
  own.tip_depth = insertion.params.tip_depth;
  own.strokes = strokes;
  own.drawn_pigment = drawn;
}

/// Adds what a session laid down to the sums, from its own moments.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION void book_deposit(const Executor& executor, const TreatmentCase& c, const HealingProblem& laid, Progress& at,
                              SessionOutcome& own) {
  measure(executor, laid, c.depth_limit);
  const auto sum = [&](int n) { return executor.read(laid.moments, n); };
  const double total = sum(Moment::total), above = sum(Moment::epidermal), deep = sum(Moment::below_dermis);
  const double before = at.deposited, in_fat = before * at.below_dermis;
  at.radius_in_skin = mean_of(at.radius_in_skin, before - in_fat, sum(Moment::radius_above_interface), total - deep * total);
  at.radius_in_fat = mean_of(at.radius_in_fat, in_fat, sum(Moment::radius_below_interface), deep * total);
  at.epidermal = mean_of(at.epidermal, before, total > 0.0 ? above / total : 0.0, total);
  at.below_dermis = mean_of(at.below_dermis, before, deep, total);
  at.mean_start = mean_of(at.mean_start, before, c.sessions.start[at.sessions], total);
  at.deposited = before + total;
  own.deposited = total;
}

/// The contact is over: relaxation, and the pigment on top of what the skin holds.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION DF_OUTLINE void finish_contact(const Executor& executor, TreatmentCase& c, HealingProblem& healing,
                                           InsertionTally tally, int strokes, Progress& at, Outcome& out) {
  const InsertionProblem& insertion = c.insertion;
  const int session = at.sessions;
  const bool first = session == 0;
  if (insertion.params.tip_depth > 0.0) {
    executor.single(WipeDropStep{insertion});
    relax(executor, insertion, tally);
  }
  if (first && c.recorder.insertion.size > 0)
    executor.cells(insertion.grid.n_r, insertion.grid.n_z, RecordInsertionStep{c.recorder, insertion});
  book_contact(executor, c, tally, strokes, at, out.sessions[session]);

  follow_session(c, healing);
  HealingProblem laid = healing;
  if (healing.wounds.shares.size > 0) laid.scratch.wound = healing.wounds.shares[session];
  if (first) {
    executor.single(ClearAccountStep{healing});
  } else {
    laid.pools = c.laid.fresh;
    laid.scratch.lymph_factor = c.laid.lymph_factor;
  }
  lay_down(executor, insertion, laid);
  book_deposit(executor, c, laid, at, out.sessions[session]);
  if (!first) executor.cells(healing.grid.n_r, healing.grid.n_z, AddPigmentStep{healing, c.laid});
  healing.wounds.count = at.sessions = session + 1;
  healing.wounds.start[session] = c.sessions.start[session];
  at.clock.dt = 0.0;
  at.clock.bounded = false;
}

}  // namespace dermaflux
