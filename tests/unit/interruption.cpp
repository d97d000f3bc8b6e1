#include <gtest/gtest.h>

#include "tests/support/close_backends.hpp"
#include "tests/support/small_cases.hpp"

/// A stop asked for by the user is heard, and what is finished is kept.
namespace dermaflux {
namespace {

TEST(Interruption, StopsASingleRun) {
  for (const Backend backend : {Backend::serial, Backend::kokkos}) {
    RunMonitor monitor;
    monitor.stop = true;
    EXPECT_THROW(run(test::treatment(), test::quick_grid(), backend, monitor), Interrupted);
  }
}

/// Stops the ensemble as soon as one member is done.
struct StopAfterOne : test::KeepAll {
  RunMonitor& monitor;
  StopAfterOne(std::size_t members, RunMonitor& watched) : KeepAll(members), monitor(watched) {}
  void member_done(std::size_t index, MemberOutcome outcome) override {
    KeepAll::member_done(index, std::move(outcome));
    monitor.stop = true;
  }
};

TEST(Interruption, OfAnEnsembleKeepsFinishedMembersAndReportsNoOthers) {
  RunMonitor monitor;
  const std::vector<Member> members(4, Member{test::treatment("normal", {{"machine.dwell_ms", "20"}}), {}});
  StopAfterOne sink(members.size(), monitor);
  run_batch(members, test::quick_grid(), Backend::serial, monitor, sink);
  EXPECT_EQ(sink.told, (std::vector<int>{1, 0, 0, 0}));
  EXPECT_FALSE(std::holds_alternative<std::string>(sink.outcomes[0]));
}

TEST(Interruption, MonitorHearsOfProgress) {
  RunMonitor monitor;
  run(test::treatment("normal", {{"machine.dwell_ms", "40"}}), test::quick_grid(), Backend::serial, monitor);
  EXPECT_GT(monitor.progress.load(), 0.5);
}

}  // namespace
}  // namespace dermaflux
