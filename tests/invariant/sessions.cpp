#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "tests/support/bound_case.hpp"
#include "tests/support/refusal.hpp"
#include "tests/support/same_bits.hpp"

/// Several sessions on one dot: each injects into what the earlier ones left, and the books close over all of them.
namespace dermaflux {
namespace {

using namespace units;
using test::output;

/// A short treatment with sessions on these days.
Treatment on_days(const std::string& days, test::Overrides more = {}, const std::string& name = "normal") {
  more.insert(more.begin(), {{"machine.dwell_ms", "40"}, {"sessions.days", days}});
  return test::treatment(name, more);
}

/// The moments of an outcome before a time, without what lies behind them.
std::vector<double> until(Outcome o, double time) {
  int count = 0;
  while (count < o.moment_count && o.moments[count].time < time) ++count;
  o.moment_count = count;
  std::vector<double> all;
  for (int m = 0; m < count; ++m) {
    all.insert(all.end(), std::begin(o.moments[m].pools), std::end(o.moments[m].pools));
    all.insert(all.end(), std::begin(o.moments[m].losses), std::end(o.moments[m].losses));
    for (const double value : {o.moments[m].time, o.moments[m].depth_mean, o.moments[m].radius_mean, o.moments[m].contrast})
      all.push_back(value);
  }
  return all;
}

double in_skin(const MomentOutcome& m) { return std::accumulate(std::begin(m.pools), std::end(m.pools), 0.0); }

const MomentOutcome& moment_at(const Outcome& o, double time) {
  for (int m = 0; m < o.moment_count; ++m)
    if (std::fabs(o.moments[m].time - time) < 1.0) return o.moments[m];
  ADD_FAILURE() << "no look on day " << time / day;
  return o.moments[0];
}

TEST(Sessions, OneThatIsListedGivesTheBitsOfNoneListed) {
  for (const test::Overrides& more :
       {test::Overrides{}, {{"needle.model", "round_liner_3_025_long"}, {"machine.angle_deg", "20"}}}) {
    Treatment listed = on_days("[0]", more), none = listed;
    none.sessions = {};
    const RunResult a = test::run_recorded(listed), b = test::run_recorded(none);
    EXPECT_TRUE(test::same_bits(test::numbers(a.member.outcome), test::numbers(b.member.outcome)));
    EXPECT_TRUE(test::same_bits(a.fields.pools, b.fields.pools));
    EXPECT_TRUE(test::same_bits(a.fields.trace, b.fields.trace));
    EXPECT_EQ(a.member.outcome.session_count, 1);
    EXPECT_EQ(a.member.outcome.sessions[0].deposited, a.member.outcome.deposited);
  }
}

TEST(Sessions, BeforeALaterOneTheDotIsThatOfOneSession) {
  const Outcome one = test::run_one(on_days("[0]")).outcome, two = test::run_one(on_days("[0, 30]")).outcome;
  const std::vector<double> before = until(one, 30 * day);
  EXPECT_EQ(before.size(), 6u * 13u);  // six looks up to day 28
  EXPECT_TRUE(test::same_bits(before, until(two, 30 * day)));
  EXPECT_FALSE(test::same_bits(until(one, 50 * day), until(two, 50 * day)));
}

TEST(Sessions, ALaterOneRaisesTheDoseInTheSkinAndTheContrast) {
  for (const char* name : {"normal", "atrophic", "hypertrophic"}) {
    const MemberResult one = test::run_one(on_days("[0]", {}, name)), two = test::run_one(on_days("[0, 60]", {}, name));
    const SessionOutcome& second = two.outcome.sessions[1];
    EXPECT_GT(second.deposited, 0.0) << name;
    EXPECT_GT(moment_at(two.outcome, 60 * day).contrast, second.contrast_before) << name;
    for (const double after : {90 * day, year, 5 * year})
      EXPECT_GT(in_skin(moment_at(two.outcome, after)), in_skin(moment_at(one.outcome, after))) << name << ", day " << after / day;
    EXPECT_GT(output(two, "contrast_1y"), output(one, "contrast_1y")) << name;
  }
}

TEST(Sessions, TheBooksCloseOverAllOfThem) {
  const test::Overrides settings[] = {
      {},
      {{"needle.model", "round_liner_3_025_long"}, {"machine.angle_deg", "25"}},
      {{"ink.size_classes", "3"}, {"sessions.depth_mm", "[0.5, 0.3, 0.7]"}, {"sessions.dwell_ms", "[40, 20, 60]"}},
      {{"skin.fracture", "true"}, {"ink.photolysis_per_year", "0.5"}}};
  for (const test::Overrides& more : settings)
    for (const char* name : {"normal", "burn_radiation"}) {
      const Outcome o = test::run_one(on_days("[0, 10, 45]", more, name)).outcome;
      double deposited = 0.0, drawn = 0.0, strokes = 0.0;
      for (int s = 0; s < 3; ++s) {
        deposited += o.sessions[s].deposited;
        drawn += o.sessions[s].drawn_pigment;
        strokes += o.sessions[s].strokes;
      }
      // Sums of some thousand cells over some hundred steps, each rounded: a thousand times the rounding of one number.
      EXPECT_LT(o.imbalance, 1e-12) << name;
      EXPECT_NEAR(deposited, o.deposited, 1e-14 * deposited);
      EXPECT_NEAR(drawn, o.drawn_pigment, 1e-14 * drawn);
      EXPECT_EQ(strokes, o.strokes);
      // What the second one laid down is what the skin then holds more than just before; lost or kept, it is there.
      EXPECT_NEAR(o.deposited, o.drawn_pigment - o.back_pigment - o.exuded_pigment, 1e-12 * o.drawn_pigment) << name;
    }
}

TEST(Sessions, EachHasItsOwnDepthAndContactTime) {
  const Outcome own =
      test::run_one(on_days("[0, 30]", {{"sessions.depth_mm", "[0.5, 0.3]"}, {"sessions.dwell_ms", "[40, 80]"}})).outcome;
  EXPECT_GT(own.sessions[0].tip_depth, own.sessions[1].tip_depth + 0.1 * mm);
  EXPECT_GT(own.sessions[1].strokes, own.sessions[0].strokes);
  const Treatment first = on_days("[0]", {{"machine.depth_mm", "0.5"}});
  EXPECT_EQ(own.sessions[0].deposited, test::run_one(first).outcome.deposited);
  // Listing what the machine does anyway changes nothing.
  const Treatment same = on_days("[0, 30]", {{"sessions.depth_mm", "[0.5, 0.5]"}, {"sessions.dwell_ms", "[40, 40]"}});
  EXPECT_TRUE(
      test::same_bits(test::numbers(test::run_one(same).outcome), test::numbers(test::run_one(on_days("[0, 30]")).outcome)));
}

TEST(Sessions, BranchesOfTheFirstContactAreSingleRunsBitByBit) {
  Treatment t = on_days("[0, 14, 60]");
  const std::vector<double> dwells = {0.012, 0.05, 0.11};
  const std::vector<MemberResult> branches = test::run_dwells(t, dwells);
  for (std::size_t n = 0; n < dwells.size(); ++n) {
    t.machine.dwell = dwells[n];
    EXPECT_TRUE(test::same_bits(test::numbers(branches[n].outcome), test::numbers(test::run_one(t).outcome))) << dwells[n];
  }
}

TEST(Sessions, ContactTimesThatAreFixedRefuseBranchesByName) {
  const Treatment t = on_days("[0, 14]", {{"sessions.dwell_ms", "[40, 60]"}});
  RunOptions options = test::quick_grid();
  options.dwells = {0.02, 0.04};
  test::expect_says(test::refusal<InputError>([&] { build_case(t, options); }), {"sessions.dwell_ms", "machine.dwell_ms", "leave"});
}

TEST(Sessions, InTissueThatHasForgottenTheLastOneGiveTheInsertionOfTheFirst) {
  // Nothing that the first contact left in track, tissue or scratch may reach the next: bit by bit the same insertion.
  test::BoundCase one(on_days("[0, 30]"));
  one.run(SerialExecutor{});
  InsertionProblem& p = one.bound.insertion;
  const auto contact = [&] {
    InsertionTally tally;
    run_strokes(SerialExecutor{}, p, 0, p.params.strokes, InsertionTrace{}, tally);
    const FieldView<double>& state = one.bound.checkpoint.own;
    return std::vector<double>(state.data, state.data + state.size);
  };
  test::BoundCase fresh(on_days("[0, 30]"));
  SerialExecutor{}.cells(fresh.bound.insertion.grid.n_r, fresh.bound.insertion.grid.n_z, StartTissueStep{fresh.bound.insertion});
  SerialExecutor{}.single(FillDropStep{fresh.bound.insertion});
  InsertionTally tally;
  run_strokes(SerialExecutor{}, fresh.bound.insertion, 0, p.params.strokes, InsertionTrace{}, tally);
  const FieldView<double>& expected = fresh.bound.checkpoint.own;
  for (auto* view : {&p.tissue.torn, &p.tissue.held})
    for (int k = -view->pad; k < view->size + view->pad; ++k) (*view)(k) = 0.0;
  for (int j = 0; j < p.grid.n_z; ++j) p.track.opened(j) = 0.0;
  start_again(SerialExecutor{}, one.bound, 1);
  p.params.tip_depth = fresh.bound.insertion.params.tip_depth;  // without what is left of the swelling
  const std::vector<double> again = contact();
  EXPECT_TRUE(test::same_bits(again, {expected.data, expected.data + expected.size}));
}

TEST(Sessions, MeetADermisThatTheOnesBeforeHaveLeftSwollen) {
  // Swollen by s, the dermis holds the tip at (depth - junction) / (1 + s) of its own, s added up over the sessions before.
  const Treatment t = on_days("[0, 1, 2]");
  const test::BoundCase one(t);
  const SkinAppearance& look = t.skin.appearance;
  const double junction = t.skin.bottom_of(LayerKind::epidermis), first = one.bound.insertion.params.tip_depth;
  TreatmentCase c = one.bound;
  for (int s = 1; s < 3; ++s) {
    double swelling = 0.0;
    for (int day_since = 1; day_since <= s; ++day_since)
      swelling += look.oedema_swelling * std::exp(-day_since * day / look.oedema_decay);
    choose_session(SerialExecutor{}, c, s);
    EXPECT_NEAR(c.insertion.params.tip_depth, junction + (first - junction) / (1.0 + swelling), 1e-14 * first);
    EXPECT_LT(c.insertion.params.tip_depth, 0.99 * first);
  }
}

TEST(Sessions, WhatTheLastOneToreHealsAndWhatItOpenedCloses) {
  RunOptions first_only = test::quick_grid();
  first_only.stop_time = 1.0 * day;
  test::BoundCase stopped(on_days("[0, 30]"), first_only);
  stopped.run(SerialExecutor{});
  const InsertionProblem& p = stopped.bound.insertion;
  HealingProblem h = stopped.bound.healing;
  const int rows_in = 20, n_z = p.grid.n_z;
  const std::vector<double> widest(&p.track.widest(0), &p.track.widest(0) + n_z);
  const double gain = p.scratch.damage(p.grid.cell(0, rows_in));
  EXPECT_GT(gain, 10.0);
  // One time constant of the torn zone later: e^-1 of the extra permeability; the track closes by its own.
  const double pause = h.params.torn_zone_healing;
  leave_to_next(SerialExecutor{}, stopped.bound, h, pause);
  EXPECT_NEAR(p.tissue.torn(p.grid.cell(0, rows_in)), (gain - 1.0) * std::exp(-1.0), 1e-12 * gain);
  EXPECT_NEAR(p.track.opened(rows_in),
              p.params.open_fraction * widest[rows_in] * std::exp(-pause / h.params.courses[at_axis].open_track.decay),
              1e-12 * widest[rows_in]);
  for (int i = 0; i < p.grid.n_r; ++i)
    for (int j = 0; j < n_z; ++j) {
      const int k = p.grid.cell(i, j);
      EXPECT_EQ(p.tissue.held(k),
                h.pools.free(k) + h.pools.matrix(k) + h.pools.macrophage(k) + h.pools.slow(k) + h.pools.epidermal(k));
    }
}

TEST(Sessions, PigmentAroundSeveralTracksIsSeenByEachWithoutLoss) {
  RunOptions first_only = test::quick_grid();
  first_only.stop_time = 1.0 * day;
  test::BoundCase stopped(on_days("[0, 30]", {{"needle.model", "round_liner_3_025_long"}, {"machine.angle_deg", "20"}}),
                          first_only);
  stopped.run(SerialExecutor{});
  HealingProblem h = stopped.bound.healing;
  measure(SerialExecutor{}, h, 1 * mm);
  const double total = h.moments(Moment::total);
  leave_to_next(SerialExecutor{}, stopped.bound, h, 30 * day);
  double held = 0.0;
  for (int i = 0; i < h.grid.n_r; ++i)
    for (int j = 0; j < h.grid.n_z; ++j) held += h.grid.volume(i, j) * stopped.bound.insertion.tissue.held(h.grid.cell(i, j));
  EXPECT_NEAR(held, total, 1e-12 * total);
  EXPECT_GT(total, 0.0);
}

TEST(Sessions, HeldPigmentTakesTheRoomOfWhatIsCaught) {
  // Pores that earlier pigment fills to the brim catch nothing more.
  test::BoundCase one(on_days("[0]"));
  const InsertionProblem& p = one.bound.insertion;
  SerialExecutor{}.cells(p.grid.n_r, p.grid.n_z, StartTissueStep{p});
  SerialExecutor{}.single(FillDropStep{p});
  for (int k = 0; k < p.grid.cell_count(); ++k) p.tissue.held(k) = p.params.max_captured;
  InsertionTally tally;
  run_strokes(SerialExecutor{}, p, 0, 3, InsertionTrace{}, tally);
  double caught = 0.0, suspended = 0.0;
  for (int k = 0; k < p.grid.cell_count(); ++k) {
    caught += p.tissue.captured.total(k);
    suspended += p.tissue.pigment.total(k);
  }
  EXPECT_EQ(caught, 0.0);
  EXPECT_GE(suspended, 0.0);
}

TEST(Sessions, RecruitedCellsOfTwoWoundsAddUp) {
  test::BoundCase one(on_days("[0, 5]"));
  one.run(SerialExecutor{});
  HealingProblem h = one.bound.healing;
  h.wounds.count = 2;
  h.wounds.start[0] = 0.0;
  h.wounds.start[1] = 5 * day;
  const double time = 8 * day, dt = 2 * hour;
  const HealingClock clock = start_step(SerialExecutor{}, h, time, dt, h.grid.n_r).clock;
  EXPECT_EQ(clock.time, 3 * day);
  EXPECT_EQ(clock.recruited[at_axis][1], 1.0);
  EXPECT_EQ(clock.exudation[at_axis], h.params.courses[at_axis].open_track(3 * day, dt));  // the track was opened again
  for (const int k : {h.grid.cell(0, 5), h.grid.cell(3, 30), h.grid.cell(8, 12)}) {
    const double first = h.params.courses[at_axis].recruitment(time + 0.5 * dt, 1.0) - 1.0,
                 second = h.params.courses[at_axis].recruitment(3 * day + 0.5 * dt, 1.0) - 1.0;
    EXPECT_NEAR(h.scratch.wound(k), first * h.wounds.shares[0](k) + second * h.wounds.shares[1](k), 1e-14 * (first + second));
    EXPECT_GT(h.wounds.shares[1](k), 0.0);
  }
}

TEST(Sessions, LooksComeRightAfterEachAndAfterTheLast) {
  const Sessions plan = on_days("[0, 30, 100]").sessions;
  const std::vector<double> times = look_times(5 * year, plan);
  EXPECT_TRUE(std::is_sorted(times.begin(), times.end()));
  for (const double wanted : {0.0, 28 * day, 30 * day, 44 * day, 100 * day, 114 * day, 142 * day, 465.25 * day, 5 * year})
    EXPECT_TRUE(std::any_of(times.begin(), times.end(), [&](double t) { return std::fabs(t - wanted) < 1.0; })) << wanted / day;
  const std::vector<double> plain = look_times(5 * year),
                            long_run = look_times(30 * year, on_days("[0, 5, 11, 22, 33, 47]").sessions);
  EXPECT_EQ(plain.size(), 13u);
  EXPECT_LE(long_run.size(), static_cast<std::size_t>(max_moments));
  EXPECT_EQ(long_run.back(), 30 * year);
  EXPECT_EQ(look_times(10 * year).back(), 10 * year);
  EXPECT_EQ(look_times(4 * year).back(), 4 * year);
}

}  // namespace
}  // namespace dermaflux
