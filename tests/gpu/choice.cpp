#include <gtest/gtest.h>

#include <algorithm>

#include "core/error.hpp"
#include "kernels/backends.hpp"
#include "tests/support/close_backends.hpp"
#include "tests/support/refusal.hpp"
#include "tests/support/same_bits.hpp"
#include "tests/support/small_cases.hpp"

/// Which backend automatic means, and what happens when a GPU has no room or fails.
namespace dermaflux {
namespace {

const BackendState absent{Backend::cuda, false, "no CUDA device"}, device{Backend::cuda, true, "A GPU, 80 GiB"};

TEST(AutomaticChoice, TakesADeviceThatTheEnsembleFills) {
  const BackendChoice choice = automatic_choice(200, device, 132, "OpenMP, 2 threads");
  EXPECT_EQ(choice.backend, Backend::cuda);
  test::expect_says(choice.reason, {"A GPU, 80 GiB", "200"});
  EXPECT_EQ(automatic_choice(132, device, 132, "").backend, Backend::cuda);
}

TEST(AutomaticChoice, TakesThreadsForASmallEnsembleAndSaysFromWhereOnTheDevice) {
  const BackendChoice choice = automatic_choice(131, device, 132, "OpenMP, 2 threads");
  EXPECT_EQ(choice.backend, Backend::kokkos);
  test::expect_says(choice.reason, {"OpenMP, 2 threads", "A GPU", "132 or more"});
}

TEST(AutomaticChoice, TakesThreadsOrOneThreadWithoutADeviceAndSaysWhy) {
  const BackendChoice many = automatic_choice(1000, absent, 0, "OpenMP, 2 threads"), one = automatic_choice(1, absent, 0, "");
  EXPECT_EQ(many.backend, Backend::kokkos);
  EXPECT_EQ(one.backend, Backend::serial);
  for (const BackendChoice& choice : {many, one}) test::expect_says(choice.reason, {"no CUDA device"});
}

TEST(AutomaticChoice, TakesOneThreadForASingleTreatmentBesideADevice) {
  EXPECT_EQ(automatic_choice(1, device, 132, "").backend, Backend::serial);
}

/// Two short members and the serial table, in whose place a test puts what goes wrong.
struct FallsBack : ::testing::Test {
  std::vector<Member> members;
  RunOptions options = test::quick_grid();
  RunMonitor monitor;
  test::KeepAll sink{3};
  FallsBack() : members(3, Member{test::treatment("normal", {{"machine.dwell_ms", "10"}}), {}}) {
    options.horizon = 7.0 * units::day;
    members[2].treatment.machine.dwell *= 2.0;
  }
  bool fell_back(std::size_t n) const { return std::get<0>(sink.outcomes[n])[0].fell_back; }
};

std::vector<Unfit> without_the_second(const std::vector<Member>& members, const RunOptions& options, RunMonitor& monitor,
                                      MemberSink& sink) {
  Workspace workspace;
  for (const std::size_t k : {0, 2}) sink.member_done(k, run_member_on_host(members[k], options, workspace, monitor));
  return {{1, "no room for it"}};
}

std::vector<Unfit> broken_after_the_first(const std::vector<Member>& members, const RunOptions& options, RunMonitor& monitor,
                                          MemberSink& sink) {
  Workspace workspace;
  sink.member_done(0, run_member_on_host(members[0], options, workspace, monitor));
  throw BackendError("the device is lost");
}

TEST_F(FallsBack, OnlyAMemberThatDoesNotFit) {
  BackendTable small = serial_backend();
  small.run_members = without_the_second;
  const FallBack fallen = run_members_on(small, &serial_backend(), members, options, monitor, sink);
  EXPECT_EQ(fallen.members, 1u);
  EXPECT_EQ(fallen.reason, "no room for it");
  EXPECT_EQ(sink.told, std::vector<int>(3, 1));
  EXPECT_TRUE(!fell_back(0) && fell_back(1) && !fell_back(2));
  EXPECT_TRUE(test::same_bits(sink.outcomes[0], sink.outcomes[1]));
}

TEST_F(FallsBack, EveryMemberThatAFailedDeviceLeavesAndNoneTwice) {
  BackendTable broken = serial_backend();
  broken.run_members = broken_after_the_first;
  const FallBack fallen = run_members_on(broken, &serial_backend(), members, options, monitor, sink);
  EXPECT_EQ(fallen.members, 2u);
  EXPECT_EQ(fallen.reason, "the device is lost");
  EXPECT_EQ(sink.told, std::vector<int>(3, 1));
  EXPECT_TRUE(!fell_back(0) && fell_back(1) && fell_back(2));
  const auto alone = test::run_members({members[2]}, options, Backend::serial);
  EXPECT_TRUE(test::same_bits(sink.outcomes[2], alone[0]));
  EXPECT_EQ(test::output(std::get<0>(sink.outcomes[2])[0], "fell_back"), 1.0);
}

TEST_F(FallsBack, NobodyWhereTheDeviceWasAskedFor) {
  BackendTable small = serial_backend(), broken = serial_backend();
  small.run_members = without_the_second;
  broken.run_members = broken_after_the_first;
  EXPECT_EQ(run_members_on(small, nullptr, members, options, monitor, sink).members, 0u);
  EXPECT_EQ(std::get<std::string>(sink.outcomes[1]), "no room for it");
  EXPECT_THROW(run_members_on(broken, nullptr, members, options, monitor, sink), BackendError);
}

TEST(Ensemble, SaysWhichBackendItTookAndWhy) {
  RunMonitor monitor;
  test::KeepAll sink(1);
  RunOptions options = test::quick_grid();
  options.horizon = 1.0 * units::day;
  const Member member{test::treatment("normal", {{"machine.dwell_ms", "10"}}), {}};
  const BatchReport report = run_batch({member}, options, Backend::automatic, monitor, sink, 7);
  EXPECT_EQ(report.backend.backend, choose_backend(Backend::automatic, 7).backend);  // by the whole, not by the part
  EXPECT_FALSE(report.backend.reason.empty());
  EXPECT_EQ(report.fell_back, 0u);
}

}  // namespace
}  // namespace dermaflux
