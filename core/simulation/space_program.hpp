#pragma once
#include "core/simulation/moment_booking.hpp"
#include "core/simulation/space_case.hpp"
#include "core/solver/insertion_start.hpp"

namespace dermaflux {

/// Tells whoever keeps the state of a run that it may be kept now.
inline void pause(const SpaceCase& c, const Outcome& out) {
  if (c.between && (!c.due || c.due())) c.between(out);
}

/// Lays the dots of a box one after the other, each into what the ones before left, from where the run stands.
template <class Executor>
void lay_dots(const Executor& executor, SpaceCase& c, Outcome& out) {
  SpaceInsertion& in = c.insertion;
  SpaceProblem& b = in.box;
  const SpacePart whole{0, b.grid.n_x, 0, b.grid.n_y, b.grid.n_z};
  const int count = static_cast<int>(c.dots.size());
  for (int d = c.at.dot; d < count; ++d) {
    const SpaceDot& dot = c.dots[static_cast<std::size_t>(d)];
    InsertionParams params = space_params(c.treatment, c.puncture, dot, c.options.grid);
    params.done_before = 0.95 * d / count;
    params.done_in_it = 0.95 / count;
    const bool anew = c.at.stroke == 0;
    if (anew) clear(executor, c.strips.data, c.strips.size);
    place_tracks(executor, dot_tracks(c.treatment, dot), params, in);
    b.part = whole;
    if (anew && d == 0) in_columns(executor, b, StartTissueStep{b.tissue});
    for (int t = 0; anew && t < b.tracks; ++t) executor.single(FillDropStep{in.strip[t]});
    InsertionTally tally = anew ? InsertionTally{} : c.at.tally;
    if (params.tip_depth > 0.0) {
      if (anew)
        start_part(in, b.part);
      else
        b.part = c.at.part;
      run_strokes(executor, in, c.at.stroke, d == 0 ? InsertionTrace{c.trace_rows, c.trace_count} : InsertionTrace{}, tally,
                  [&](int strokes) {
                    c.at.stroke = strokes;
                    c.at.part = b.part;
                    c.at.tally = tally;
                    pause(c, out);
                  });
      relax(executor, in, tally);
    }
    for (int t = 0; t < b.tracks; ++t) {
      const auto account = [&](int n) { return executor.read(in.strip[t].account, n); };
      out.drawn_volume += account(RimAccount::drawn_volume);
      out.back_volume += account(RimAccount::back_volume);
      out.exuded_volume += account(RimAccount::exuded_volume);
      out.drawn_pigment += account(RimAccount::drawn_pigment);
      out.back_pigment += account(RimAccount::back_pigment);
      out.exuded_pigment += account(RimAccount::exuded_pigment);
      out.peak_pressure = larger(out.peak_pressure, account(RimAccount::peak_pressure));
    }
    out.strokes += params.strokes;
    out.contact_time += params.strokes / params.frequency;
    out.steps += tally.steps;
    out.iterations += tally.iterations;
    out.substeps += tally.substeps;
    out.rejected += tally.rejected;
    if (tally.failed) {
      out.status = Status::step_too_small;
      out.failed_at = tally.time;
      return;
    }
    executor.cells(b.part.columns(), b.part.rows, SpaceTearStep{b});
    // Until the hand has moved on, what is left of the pore pressure has gone.
    if (d + 1 < count) in_columns(executor, b, StartTissueStep{b.tissue});
    const double wounded = SpaceWoundStep::reach(c.healing.params);
    b.part = part_around(in, wounded, wounded);
    executor.cells(b.part.columns(), b.part.rows, SpaceWoundStep{b, c.healing, dot.tip_depth});
    c.at.dot = d + 1;
    c.at.stroke = 0;
    pause(c, out);
  }
  out.retained_volume = out.drawn_volume - out.back_volume - out.exuded_volume;
}

/// Sums, ledger and fields of one moment.
template <class Executor>
void book_moment(const Executor& executor, SpaceCase& c, int m, Outcome& out) {
  const SpaceHealing& healing = c.healing;
  measure(executor, healing, 1.0 * units::mm);
  const double held = book_sums(executor, healing, c.times[static_cast<std::size_t>(m)], out.moments[m]);
  out.imbalance = imbalance_with(out.imbalance, held, out.drawn_pigment, out.back_pigment, out.exuded_pigment);
  if (!(held >= 0.0 && held < 1.0)) out.status = Status::not_finite;
  const PoolFields& p = healing.pools;
  for (const FieldView<double>& pool : {p.free, p.matrix, p.macrophage, p.slow, p.epidermal})
    for (const double value : executor.values(pool)) c.fields.pools.push_back(static_cast<float>(value));
}

/// What the tracks left becomes the start of healing.
template <class Executor>
void start_healing(const Executor& executor, SpaceCase& c, Outcome& out) {
  const SpaceProblem& b = c.insertion.box;
  SpaceHealing& healing = c.healing;
  const TissueState& tissue = b.tissue.tissue;
  for (const FieldGroup& group : {tissue.pigment, tissue.captured}) {
    std::vector<decltype(executor.values(group[0]))> classes;
    for (int n = 0; n < group.count; ++n) classes.push_back(executor.values(group[n]));
    for (std::size_t k = 0; k < classes[0].size(); ++k) {
      double total = classes[0][k];
      for (std::size_t n = 1; n < classes.size(); ++n) total += classes[n][k];
      c.fields.insertion.push_back(static_cast<float>(total));
    }
  }
  for (const FieldView<double>& field : {tissue.carrier, tissue.fluid, tissue.pressure})
    for (const double value : executor.values(field)) c.fields.insertion.push_back(static_cast<float>(value));
  double cracked = 0.0;
  const CartesianGrid& g = c.insertion.host.grid;
  for (int k = 0; const double crack : executor.values(tissue.crack)) {
    if (crack > 0.0) cracked += g.column_area(b.column_x(k / g.n_z), b.column_y(k / g.n_z)) * g.dz(k % g.n_z);
    ++k;
  }
  out.fractured_volume = cracked;
  executor.cells(b.grid.column_count(), b.grid.n_z, SpaceLayDownStep{b.tissue, healing});
  executor.single(ClearAccountStep{healing});
  measure(executor, healing, 1.0 * units::mm);
  const auto sum = [&](int n) { return executor.read(healing.moments, n); };
  out.deposited = sum(Moment::total);
  out.epidermal_share = out.deposited > 0.0 ? sum(Moment::epidermal) / out.deposited : 0.0;
  out.below_dermis = sum(Moment::below_dermis);
  out.radius_in_skin = sum(Moment::radius_above_interface);
  out.radius_in_fat = sum(Moment::radius_below_interface);
  SessionOutcome& session = out.sessions[0];
  session.tip_depth = c.puncture.tip_depth;
  session.strokes = out.strokes;
  session.drawn_pigment = out.drawn_pigment;
  session.deposited = out.deposited;
  c.at.heals = true;
}

/// One treatment in a box, from the first stroke, or from where it stands, to the last year or to where it is stopped in healing.
template <class Executor>
void run_in_space(const Executor& executor, SpaceCase& c, Outcome& out) {
  if (c.at.dot == 0 && c.at.stroke == 0) {
    out = Outcome{};
    out.session_count = 1;
    out.moment_count = static_cast<int>(c.times.size());
  }
  lay_dots(executor, c, out);
  if (out.status != Status::ok) return;
  if (!c.at.heals) start_healing(executor, c, out);
  SpaceHealing& healing = c.healing;
  healing.wounds.count = 1;
  healing.wounds.start[0] = 0.0;
  executor.stop_where_asked(true);
  for (int m = c.at.moment; m < out.moment_count; ++m) {
    if (!heal_until(executor, healing, c.times[static_cast<std::size_t>(m)], c.at.clock, c.options.stop_time)) {
      c.stopped = true;
      return;
    }
    book_moment(executor, c, m, out);
    executor.milestone(0.95 + 0.05 * (m + 1) / out.moment_count);
    c.at.moment = m + 1;
    pause(c, out);
  }
  out.healing_steps = c.at.clock.steps;
  if (out.status == Status::ok && !(out.imbalance < ledger_limit)) out.status = Status::ledger_open;
}

}  // namespace dermaflux
