#include "kernels/batches.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/emulated_block.hpp"
#include "tests/support/refusal.hpp"
#include "tests/support/same_bits.hpp"
#include "tests/support/small_cases.hpp"

/// An ensemble cut into batches as for a GPU, run on the host: each member has the bits of the serial reference, whatever runs
/// beside it and in whatever order.
namespace dermaflux {
namespace {

/// Members of different length, with branches, and one that fails to be built.
std::vector<Member> uneven_members() {
  std::vector<Member> members;
  for (const char* dwell : {"10", "40", "20"}) members.push_back({test::treatment("normal", {{"machine.dwell_ms", dwell}}), {}});
  members.push_back({test::treatment("bald"), {0.01, 0.02}});
  members.push_back({test::treatment("normal", {{"machine.dwell_ms", "10"}, {"sessions.days", "[0, 2]"}}), {}});
  Treatment stalled = test::treatment();
  stalled.machine.stall_force = 1e-6;
  members.push_back({stalled, {}});
  return members;
}

RunOptions short_run() {
  RunOptions options = test::quick_grid();
  options.horizon = 7.0 * units::day;
  return options;
}

std::uint64_t largest_of(const std::vector<Member>& members) {
  test::KeepAll sink(members.size());
  std::uint64_t largest = 0;
  for (const Prepared& one : prepare_members(members, 0, members.size(), short_run(), sink))
    largest = std::max(largest, member_bytes(one.blueprint));
  return largest;
}

constexpr std::uint64_t plenty = std::numeric_limits<std::uint64_t>::max();

struct InBatches {
  test::KeepAll sink;
  std::vector<Unfit> unfit;
  std::vector<std::size_t> sizes;
  explicit InBatches(const std::vector<Member>& members, std::uint64_t bytes = plenty, std::size_t window = window_length)
      : sink(members.size()) {
    RunMonitor monitor;
    EmulatedDevice device(bytes);
    unfit = run_in_batches(members, short_run(), monitor, sink, device, window);
    sizes = device.sizes;
  }
};

TEST(Batches, OfAnySizeGiveEachMemberTheBitsOfTheSerialReference) {
  // No tolerance: the same operations on the same numbers.
  const std::vector<Member> members = uneven_members();
  const auto serial = test::run_members(members, short_run(), Backend::serial);
  const std::uint64_t largest = largest_of(members);
  const struct {
    std::uint64_t bytes;
    std::size_t window, batches;
  } cases[] = {{plenty, window_length, 1}, {largest, window_length, 5}, {plenty, 2, 3}};
  for (const auto& one : cases) {
    const InBatches run(members, one.bytes, one.window);
    EXPECT_TRUE(run.unfit.empty());
    EXPECT_EQ(run.sizes.size(), one.batches);
    EXPECT_EQ(run.sink.told, std::vector<int>(members.size(), 1));
    for (std::size_t n = 0; n < members.size(); ++n)
      EXPECT_TRUE(test::same_bits(serial[n], run.sink.outcomes[n])) << "member " << n;
  }
}

TEST(Batches, DoNotCareForTheOrderOfTheMembers) {
  const std::vector<Member> members = uneven_members();
  const std::vector<Member> reversed(members.rbegin(), members.rend());
  const InBatches one(members), other(reversed, 2 * largest_of(members));
  for (std::size_t n = 0; n < members.size(); ++n)
    EXPECT_TRUE(test::same_bits(one.sink.outcomes[n], other.sink.outcomes[members.size() - 1 - n])) << "member " << n;
}

TEST(Batches, ReturnAMemberThatDoesNotFitAndRunTheOthers) {
  // The member with two branches needs more than those with one.
  const std::vector<Member> members = uneven_members();
  const InBatches run(members, largest_of(members) - 1);
  ASSERT_EQ(run.unfit.size(), 1u);
  EXPECT_EQ(run.unfit[0].index, 3u);
  test::expect_says(run.unfit[0].reason, {"MiB of device memory", "coarser grid", "kokkos"});
  EXPECT_EQ(run.sink.told, (std::vector<int>{1, 1, 1, 0, 1, 1}));
}

TEST(Batches, OfAPoisonedMemberFailAloneAndTouchNoOther) {
  std::vector<Member> members(3, Member{test::treatment("normal", {{"machine.dwell_ms", "10"}}), {}});
  members[1].treatment.skin.layers[3].permeability = std::nan("");
  const InBatches run(members);
  EXPECT_TRUE(std::holds_alternative<std::string>(run.sink.outcomes[1]));
  EXPECT_FALSE(std::holds_alternative<std::string>(run.sink.outcomes[0]));
  EXPECT_TRUE(test::same_bits(run.sink.outcomes[0], run.sink.outcomes[2]));
}

TEST(Batches, ThatAreStoppedTellOfNobodyTwiceAndOfNobodyNew) {
  const std::vector<Member> members(4, Member{test::treatment("normal", {{"machine.dwell_ms", "10"}}), {}});
  RunMonitor monitor;
  monitor.stop = true;
  test::KeepAll sink(members.size());
  EmulatedDevice device;
  run_in_batches(members, short_run(), monitor, sink, device);
  EXPECT_EQ(sink.told, std::vector<int>(4, 0));
  EXPECT_TRUE(device.sizes.empty());
}

TEST(Batches, AreCutSoThatEachFitsAndNobodyIsLost) {
  const std::vector<std::uint64_t> bytes = {5, 1, 9, 4, 4, 2, 7};
  const std::vector<std::size_t> order = {6, 0, 3, 4, 2, 5, 1};
  const auto batches = cut_into_batches(bytes, order, 8);
  EXPECT_EQ(batches, (std::vector<std::vector<std::size_t>>{{6}, {0}, {3, 4}, {5, 1}}));
  EXPECT_TRUE(cut_into_batches(bytes, order, 0).empty());
  constexpr std::uint64_t huge = std::uint64_t{1} << 63;  // no sum of two may wrap around
  EXPECT_EQ(cut_into_batches({huge, huge, huge}, {0, 1, 2}, huge + 1).size(), 3u);
}

TEST(Batches, CountTheirMemoryInSixtyFourBits) {
  CaseBlueprint large;
  large.state_length = 3'000'000'000;
  large.plan.branches.count = 2;
  const BatchLayout layout = lay_out_batch({&large, &large, &large});
  EXPECT_EQ(layout.state_at, (std::vector<std::int64_t>{0, 3'000'000'000, 6'000'000'000}));
  EXPECT_EQ(layout.state, 9'000'000'000);
  EXPECT_EQ(layout.outcomes_at, (std::vector<std::int64_t>{0, 2, 4}));
  EXPECT_GT(member_bytes(large), std::uint64_t{24'000'000'000});
}

TEST(Batches, RunTheLongestMembersFirst) {
  // The estimate must order members as the steps that they take do, or blocks of a batch would not end together. The longest branch
  // of a member counts.
  std::vector<Member> members = uneven_members();
  members.push_back({test::treatment("normal"), {0.01, 0.08}});
  test::KeepAll sink(members.size());
  const std::vector<Prepared> built = prepare_members(members, 0, members.size(), short_run(), sink);
  const auto results = test::run_members(members, short_run(), Backend::serial);
  const auto steps = [&](const Prepared& one) { return std::get<0>(results[one.index]).back().outcome.steps; };
  for (const Prepared& a : built)
    for (const Prepared& b : built)
      if (static_cast<double>(steps(a)) > 1.3 * static_cast<double>(steps(b))) {
        EXPECT_GT(member_cost(a.blueprint), member_cost(b.blueprint)) << a.index << ", " << b.index;
      }
}

}  // namespace
}  // namespace dermaflux
