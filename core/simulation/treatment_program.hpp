#pragma once
#include "core/simulation/contact_end.hpp"
#include "core/simulation/moment_booking.hpp"

namespace dermaflux {

/// The dot as it now looks, as far as is wanted.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION DF_OUTLINE Appearance look_now(const Executor& executor, const TreatmentCase& c, const HealingProblem& healing,
                                           double time, const Progress& at, bool colour, Look wanted) {
  SkinClock clock{time, time - at.mean_start};
  for (int s = 0; s < at.sessions; ++s) clock.add(c.optics.params, time - c.sessions.start[s]);
  return look(executor, c.optics, healing.pools, clock, colour, c.look, wanted);
}

/// One of the moments: sums, ledger, what was seen, and the fields if they are kept.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION DF_OUTLINE void book_moment(const Executor& executor, const TreatmentCase& c, const HealingProblem& healing,
                                        const Appearance& seen, int colour, Progress& at, Outcome& out) {
  const int m = at.moments;
  measure(executor, healing, c.depth_limit);
  MomentOutcome& moment = out.moments[m];
  const double held = book_sums(executor, healing, c.moments[m], moment);
  at.imbalance = imbalance_with(at.imbalance, held, at.drawn_pigment, at.back_pigment, at.exuded_pigment);
  at.lost_finite = at.lost_finite || !(held >= 0.0 && held < 1.0);
  book_look(seen, colour, moment, out);
  if (c.recorder.pools.size > 0)
    executor.cells(healing.grid.n_r, healing.grid.n_z, RecordPoolsStep{c.recorder, healing.grid, healing.pools, m});
  at.moments = m + 1;
}

/// Leaves the skin to the next session: torn tissue and open track as far as they have healed, and the pigment in its pores.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION DF_OUTLINE void leave_to_next(const Executor& executor, const TreatmentCase& c, const HealingProblem& healing,
                                          double pause) {
  const int n_r = healing.grid.n_r, n_z = healing.grid.n_z;
  const double closed = Remainder{healing.params.courses[at_axis].open_track.decay}(pause),
               healed = Remainder{healing.params.torn_zone_healing}(pause);
  executor.cells(n_r, n_z, HealTornZoneStep{c.insertion, closed, healed});
  executor.cells(n_r, n_z, GatherPigmentStep{healing, healing.scratch.old});
  const PoolFields seen = shift_tracks(executor, healing, healing.scratch.old, c.laid.fresh);
  executor.cells(n_r, n_z, HoldPigmentStep{c.insertion, seen.free});
}

/// A later contact begins: what was there of the insertion is forgotten, but for what it left to the next.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION void start_again(const Executor& executor, TreatmentCase& c, int session) {
  choose_session(executor, c, session);
  const FieldView<double>& own = c.checkpoint.own;
  constexpr int width = InsertionCheckpoint::width;
  executor.cells((own.size + width - 1) / width, width, ZeroStep{own, width});
  executor.cells(c.insertion.grid.n_r, c.insertion.grid.n_z, StartTissueStep{c.insertion});
  executor.single(ReopenTrackStep{c.insertion});
  executor.single(FillDropStep{c.insertion});
}

/// Writes down where the program stands, so that it can go on from there.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION void keep_progress(const Executor& executor, const TreatmentCase& c, int stage, Progress& at) {
  at.stage = stage;
  executor.single(KeepProgressStep{c.progress, at});
}

/// Why healing ended.
enum class Healed : int { to_the_end, to_a_session, stopped };

/// Healing from where it stands to the next session, or to the last moment, with the looks on the way.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION Healed follow_healing(const Executor& executor, const TreatmentCase& c, HealingProblem& healing, Progress& at,
                                  Outcome& out) {
  for (;;) {
    const int s = at.sessions, m = at.moments;
    const bool again = s < c.sessions.count && (m == c.moment_count || c.sessions.start[s] <= c.moments[m]);
    if (!again && m == c.moment_count) return Healed::to_the_end;
    const double end = again ? c.sessions.start[s] : c.moments[m];
    if (!heal_until(executor, healing, end, at.clock, c.stop_time)) return Healed::stopped;
    const int colour = again ? -1 : (m == c.colour_moment[0] ? 0 : (m == c.colour_moment[1] ? 1 : -1));
    const Appearance seen = look_now(executor, c, healing, end, at, colour >= 0, again ? Look::contrast : c.looks[m]);
    if (again) {
      out.sessions[s].contrast_before = seen.contrast;
      leave_to_next(executor, c, healing, end - c.sessions.start[s - 1]);
      return Healed::to_a_session;
    }
    book_moment(executor, c, healing, seen, colour, at, out);
  }
}

/// The sums of a finished run.
DF_FUNCTION inline void conclude(const TreatmentCase& c, const Progress& at, Outcome& out) {
  out.strokes = static_cast<int>(at.strokes);
  out.failed_at = at.failed_at;
  out.contact_time = at.contact_time;
  out.drawn_volume = at.drawn_volume;
  out.back_volume = at.back_volume;
  out.exuded_volume = at.exuded_volume;
  out.drawn_pigment = at.drawn_pigment;
  out.back_pigment = at.back_pigment;
  out.exuded_pigment = at.exuded_pigment;
  out.retained_volume = at.drawn_volume - at.back_volume - at.exuded_volume;
  out.deposited = at.deposited;
  out.epidermal_share = at.epidermal;
  out.below_dermis = at.below_dermis;
  out.radius_in_skin = at.radius_in_skin;
  out.radius_in_fat = at.radius_in_fat;
  out.fractured_volume = at.fractured_volume;
  out.peak_pressure = at.peak_pressure;
  out.imbalance = at.imbalance;
  out.steps = at.steps;
  out.iterations = at.iterations;
  out.substeps = at.substeps;
  out.rejected = at.rejected;
  out.healing_steps = at.clock.steps;
  out.session_count = c.sessions.count;
  out.moment_count = c.moment_count;
  out.status = at.failed ? Status::step_too_small
                         : (at.lost_finite ? Status::not_finite : (at.imbalance < ledger_limit ? Status::ok : Status::ledger_open));
}

/// Puts healing where a stopped run left it.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION void take_up(const Executor& executor, TreatmentCase& c, const Progress& at, HealingProblem& healing) {
  healing.wounds.count = at.sessions;
  for (int s = 0; s < at.sessions; ++s) healing.wounds.start[s] = c.sessions.start[s];
  choose_session(executor, c, at.sessions - 1);
  follow_session(c, healing);
}

/// One branch: its first contact from where the branch before left it, relaxation, healing, fading, later sessions and the looks.
/// `tally` is that of the first contact; if `more` branches follow, it is set aside where this one leaves it.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION void run_branch(const Executor& executor, TreatmentCase& c, int branch, bool more, InsertionTally& tally, Progress at,
                            Outcome& out) {
  HealingProblem healing = c.healing;
  // Light is solved from the last look; a branch must not see the looks of the one before.
  if (at.stage != Progress::nothing) take_up(executor, c, at, healing);
  for (bool contact = at.stage != Progress::healing;; contact = true) {
    if (contact) {
      const bool first = at.sessions == 0;
      executor.stop_where_asked(false);
      if (!first) start_again(executor, c, at.sessions);
      const int done = first && branch > 0 ? c.branches.strokes[branch - 1] : 0;
      const int strokes = static_cast<int>(executor.read(c.sessions.strokes, at.sessions * c.branches.count + branch));
      InsertionTally own = first ? tally : InsertionTally{};
      run_strokes(executor, c.insertion, done, strokes,
                  first ? InsertionTrace{c.recorder.trace, c.recorder.trace_rows} : InsertionTrace{}, own);
      if (first) tally = own;
      if (first && more) c.checkpoint.save(executor);
      finish_contact(executor, c, healing, own, strokes, at, out);
    }
    executor.stop_where_asked(true);
    const Healed healed = follow_healing(executor, c, healing, at, out);
    if (healed == Healed::to_the_end) break;
    keep_progress(executor, c, healed == Healed::stopped ? Progress::healing : Progress::inserting, at);
    if (healed == Healed::stopped) return;
  }
  conclude(c, at, out);
  keep_progress(executor, c, Progress::finished, at);
}

/// One treatment from the first stroke to the last year, for every dwell time of its branches: the same program on every
/// executor. The contact is run once; at each branch its state is set aside, the branch is finished, and the contact goes on.
/// On memory that a stopped run left it goes on from there, with the bits of a run that was never stopped.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION void run_treatment(const Executor& executor, TreatmentCase& c, Outcome* outcomes) {
  Progress at = progress_at(c.progress);
  if (at.stage == Progress::nothing) {
    executor.cells(c.insertion.grid.n_r, c.insertion.grid.n_z, StartTissueStep{c.insertion});
    executor.single(FillDropStep{c.insertion});
  }
  InsertionTally tally;
  for (int b = 0; b < c.branches.count; ++b) {
    const bool more = b + 1 < c.branches.count;
    run_branch(executor, c, b, more, tally, at, outcomes[b]);
    at = Progress{};
    if (!more) continue;
    if (c.sessions.count > 1) choose_session(executor, c, 0);
    c.checkpoint.restore(executor, c.insertion);
  }
}

}  // namespace dermaflux
