#include <gtest/gtest.h>

#include <limits>

#include "kernels/backends.hpp"
#include "tests/support/refusal.hpp"
#include "tests/support/small_cases.hpp"

/// What a failed member says: why, its last good time, and the settings that made it.
namespace dermaflux {
namespace {

Outcome ended(Status status) {
  Outcome outcome{};
  outcome.status = status;
  outcome.failed_at = 0.0125;
  outcome.steps = 77;
  outcome.imbalance = 3e-5;
  outcome.moment_count = 3;
  for (int m = 0; m < 3; ++m) outcome.moments[m].time = m * 7.0 * units::day;
  return outcome;
}

const std::initializer_list<std::string> key_settings = {"depth 0.5 mm", "dwell 150 ms", "100 Hz",
                                                         "1 x 0.25 mm",  "mPa.s",        "1e-15 m2"};

TEST(FailureMessage, IsEmptyWhereNothingFailed) { EXPECT_EQ(failure(test::treatment(), ended(Status::ok)), ""); }

TEST(FailureMessage, OfAStepTooSmallNamesTheLastGoodTimeAndTheSettings) {
  const std::string message = failure(test::treatment(), ended(Status::step_too_small));
  test::expect_says(message, {"no time step", "t = 0.0125 s", "last good time"});
  test::expect_says(message, key_settings);
}

TEST(FailureMessage, OfAFieldThatIsNotFiniteNamesTheLastGoodDayAndTheSettings) {
  Outcome outcome = ended(Status::not_finite);
  outcome.moments[2].pools[3] = std::numeric_limits<double>::quiet_NaN();
  const std::string message = failure(test::treatment(), outcome);
  test::expect_says(message, {"not finite", "77 steps", "last good on day 7;"});
  test::expect_says(message, key_settings);
  outcome.moments[0].pools[0] = std::numeric_limits<double>::infinity();
  test::expect_says(failure(test::treatment(), outcome), {"not even right after treatment"});
}

TEST(FailureMessage, OfAnOpenLedgerNamesTheShareAndTheSettings) {
  const std::string message = failure(test::treatment(), ended(Status::ledger_open));
  test::expect_says(message, {"ledger is open by 3e-05", "report"});
  test::expect_says(message, key_settings);
}

TEST(FailureMessage, OfABranchNamesItsOwnDwellTime) {
  const Member member{test::treatment(), {0.02, 0.04}};
  CaseBlueprint blueprint;
  const MemberOutcome outcome = collect_member(member, blueprint, {ended(Status::ok), ended(Status::ledger_open)}, 1.0);
  ASSERT_TRUE(std::holds_alternative<std::string>(outcome));
  test::expect_says(std::get<std::string>(outcome), {"dwell 40 ms"});
}

TEST(FailureMessage, AMemberWithoutAFinitePermeabilityStopsAloneAndSaysSo) {
  Treatment broken = test::treatment("normal", {{"machine.dwell_ms", "10"}});
  const Treatment good = broken;
  broken.skin.layers[3].permeability = std::numeric_limits<double>::quiet_NaN();
  const auto outcomes = test::run_members({{good, {}}, {broken, {}}, {good, {}}}, test::quick_grid(), Backend::serial);
  ASSERT_TRUE(std::holds_alternative<std::string>(outcomes[1]));
  test::expect_says(std::get<std::string>(outcomes[1]), {"depth 0.5 mm", "dwell 10 ms", "good"});
  for (const std::size_t n : {std::size_t{0}, std::size_t{2}})
    EXPECT_TRUE(std::holds_alternative<std::vector<MemberResult>>(outcomes[n]));
}

}  // namespace
}  // namespace dermaflux
