#include <gtest/gtest.h>

#include "tests/support/same_bits.hpp"
#include "tests/support/small_cases.hpp"

/// One insertion serves all its dwell times: a branch of a longer contact is the contact that ended there.
namespace dermaflux {
namespace {

/// What insertion and healing left: everything but the look of the dot.
std::vector<double> without_look(const MemberResult& result) {
  Outcome o = result.outcome;
  for (int m = 0; m < o.moment_count; ++m) o.moments[m].contrast = o.moments[m].fwhm = 0.0;
  for (ColourOutcome& colour : o.colour) colour = {};
  return test::numbers(o);
}

/// Branches of one insertion, and the same dwell times run alone.
struct Pairs {
  std::vector<MemberResult> branches, alone;
  Pairs(const std::string& name, const std::vector<double>& dwells) {
    Treatment t = test::treatment(name);
    branches = test::run_dwells(t, dwells);
    for (const double dwell : dwells) {
      t.machine.dwell = dwell;
      alone.push_back(test::run_one(t));
    }
  }
};
const std::vector<double> dwells = {0.012, 0.05, 0.0501, 0.11, 0.2};

TEST(Branches, HoldThePigmentOfSingleRunsBitByBit) {
  for (const char* name : {"normal", "hypertrophic"}) {
    const Pairs pairs(name, dwells);
    ASSERT_EQ(pairs.branches.size(), dwells.size());
    for (std::size_t n = 0; n < dwells.size(); ++n) {
      EXPECT_TRUE(test::same_bits(without_look(pairs.branches[n]), without_look(pairs.alone[n])))
          << name << ", dwell " << dwells[n];
      EXPECT_EQ(pairs.branches[n].treatment.machine.dwell, dwells[n]);
    }
  }
}

TEST(Branches, EqualSingleRunsBitByBit) {
  const Pairs pairs("normal", dwells);
  for (std::size_t n = 0; n < dwells.size(); ++n)
    EXPECT_TRUE(test::same_bits(test::numbers(pairs.branches[n].outcome), test::numbers(pairs.alone[n].outcome)))
        << "dwell " << dwells[n];
}

TEST(Branches, DoNotDependOnWhatComesAfterThem) {
  const Treatment t = test::treatment("normal", {{"machine.depth_mm", "0.4"}});
  const MemberResult short_plan = test::run_dwells(t, {0.03, 0.06}).front(), long_plan = test::run_dwells(t, {0.03, 0.3}).front();
  EXPECT_TRUE(test::same_bits(test::numbers(short_plan.outcome), test::numbers(long_plan.outcome)));
}

TEST(Branches, WithTheSameNumberOfStrokesHoldTheSamePigment) {
  const std::vector<MemberResult> results = test::run_dwells(test::treatment(), {0.041, 0.042});
  EXPECT_EQ(results[0].outcome.strokes, results[1].outcome.strokes);
  EXPECT_TRUE(test::same_bits(without_look(results[0]), without_look(results[1])));
}

TEST(Branches, ARunRepeatedInTheSameMemoryGivesTheSameBits) {
  const Member member{test::treatment("bald", {{"machine.dwell_ms", "40"}}), {}};
  const auto outcomes = test::run_members({member, {test::treatment("atrophic"), {}}, member}, test::quick_grid(), Backend::serial);
  EXPECT_TRUE(test::same_bits(outcomes[0], outcomes[2]));
}

}  // namespace
}  // namespace dermaflux
