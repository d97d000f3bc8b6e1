#include <gtest/gtest.h>

#include "core/error.hpp"
#include "tests/support/same_bits.hpp"
#include "tests/support/small_cases.hpp"
#include "tests/support/thread_count.hpp"

/// Results do not depend on the number of threads. Each count is a test of its own.
namespace dermaflux {
namespace {

struct Threads : test::AtThreadCount {};

TEST_P(Threads, LeaveTheFieldsOfASingleRunAsTheyAre) {
  const Treatment t = test::treatment("normal", {{"machine.dwell_ms", "30"}});
  const RunResult serial = test::run_recorded(t), threads = test::run_recorded(t, test::quick_grid(), Backend::kokkos);
  EXPECT_TRUE(test::same_bits(serial.fields.pools, threads.fields.pools));
  EXPECT_TRUE(test::same_bits(serial.fields.insertion, threads.fields.insertion));
  EXPECT_TRUE(test::same_bits(serial.fields.trace, threads.fields.trace));
  EXPECT_TRUE(test::same_bits(test::numbers(serial.member.outcome), test::numbers(threads.member.outcome)));
}

TEST_P(Threads, LeaveATreatmentInABoxAsItIs) {
  const Treatment t = test::treatment(
      "normal", {{"machine.dwell_ms", "12"}, {"machine.angle_deg", "20"}, {"geometry.kind", "box"}, {"geometry.margin_mm", "0.2"}});
  RunOptions options = test::quick_grid();
  options.horizon = 0.25 * units::year;
  const RunResult serial = test::run_recorded(t, options), threads = test::run_recorded(t, options, Backend::kokkos);
  EXPECT_EQ(serial.fields.space.pools, threads.fields.space.pools);
  EXPECT_TRUE(test::same_bits(serial.fields.pools, threads.fields.pools));
  EXPECT_TRUE(test::same_bits(serial.fields.trace, threads.fields.trace));
  EXPECT_TRUE(test::same_bits(test::numbers(serial.member.outcome), test::numbers(threads.member.outcome)));
}

TEST_P(Threads, LeaveEveryMemberOfAnEnsembleAsItIs) {
  std::vector<Member> members;
  for (const char* name : {"normal", "bald", "hypertrophic", "burn_radiation", "atrophic"})
    members.push_back({test::treatment(name), {0.01, 0.03}});
  const auto serial = test::run_members(members, test::quick_grid(), Backend::serial);
  const auto threads = test::run_members(members, test::quick_grid(), Backend::kokkos);
  for (std::size_t n = 0; n < members.size(); ++n) EXPECT_TRUE(test::same_bits(serial[n], threads[n])) << "member " << n;
}

INSTANTIATE_TEST_SUITE_P(Count, Threads, test::thread_counts, ::testing::PrintToStringParamName());

TEST(ThreadCount, CannotBeNegativeOrChangeAfterTheFirstRun) {
  EXPECT_THROW(set_threads(-1), InputError);
  const int now = thread_count();
  EXPECT_NO_THROW(set_threads(now));
  EXPECT_THROW(set_threads(now + 1), BackendError);
}

}  // namespace
}  // namespace dermaflux
