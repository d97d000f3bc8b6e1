#include <gtest/gtest.h>

#include <barrier>
#include <thread>

#include "kernels/emulated_block.hpp"
#include "tests/support/bound_case.hpp"
#include "tests/support/same_bits.hpp"

/// The order in which a thread block of a GPU works through the steps, on the host: cells and rows dealt out by stride, one row at
/// a time, a barrier after every loop. Shows without a device that no step depends on the order of its cells or on the group of
/// rows.
namespace dermaflux {
namespace {

/// The lanes of a block side by side on threads, each with its own control flow, as on a device.
struct LockstepExecutor {
  static constexpr int row_width = 1;
  std::barrier<>* barrier;
  int lane, lanes;

  template <class Step>
  void cells(int n_i, int n_j, const Step& step) const {
    for (int k = lane; k < n_i * n_j; k += lanes) step(k / n_j, k % n_j);
    barrier->arrive_and_wait();
  }
  template <class Step>
  void rows(int n_j, const Step& step) const {
    for (int j = lane; j < n_j; j += lanes) step.template rows<1>(j);
    barrier->arrive_and_wait();
  }
  template <class Step>
  void single(const Step& step) const {
    if (lane == 0) step();
    barrier->arrive_and_wait();
  }
  double read(FieldView<const double> view, int i) const {
    const double value = view(i);
    barrier->arrive_and_wait();
    return value;
  }
  void milestone(double) const {}
  bool asked_to_stop() const { return false; }
  void stop_where_asked(bool) const {}
};
static_assert(Executor<LockstepExecutor>);

class BlockOrder : public ::testing::TestWithParam<std::string> {};

TEST_P(BlockOrder, GivesTheBitsOfTheSerialReference) {
  // No tolerance: the same operations on the same numbers, sums in the same fixed order, no contraction.
  RunOptions options = test::quick_grid();
  options.record = options.every_look = true;
  const Treatment t = test::treatment(GetParam());
  test::BoundCase serial(t, options), strided(t, options);
  const Outcome reference = serial.run(SerialExecutor{}), outcome = strided.run(StridedExecutor{256});
  EXPECT_TRUE(test::same_bits(test::numbers(reference), test::numbers(outcome)));
  const auto values = [](FieldView<double> view) { return std::vector<double>(view.data, view.data + view.size); };
  EXPECT_TRUE(test::same_bits(values(serial.bound.recorder.pools), values(strided.bound.recorder.pools)));
  EXPECT_TRUE(test::same_bits(values(serial.bound.recorder.insertion), values(strided.bound.recorder.insertion)));
  EXPECT_GT(reference.deposited, 0.0);
}

INSTANTIATE_TEST_SUITE_P(Class, BlockOrder, ::testing::Values("normal", "hypertrophic", "burn_radiation"),
                         [](const auto& instance) { return instance.param; });

TEST(BlockOrder, OfSeveralProngsTiltAndBranchesGivesTheBitsOfTheSerialReference) {
  RunOptions options = test::quick_grid();
  options.dwells = {0.02, 0.04};
  const Treatment t = test::treatment("normal", {{"needle.model", "round_liner_3_025_long"}, {"machine.angle_deg", "20"}});
  test::BoundCase serial(t, options), strided(t, options);
  Outcome reference[2] = {}, outcome[2] = {};
  run_treatment(SerialExecutor{}, serial.bound, reference);
  run_treatment(StridedExecutor{96}, strided.bound, outcome);
  for (int b = 0; b < 2; ++b)
    EXPECT_TRUE(test::same_bits(test::numbers(reference[b]), test::numbers(outcome[b]))) << "branch " << b;
}

TEST(BlockOrder, EveryLaneOfABlockReachesTheSameOutcome) {
  // Lanes that disagreed on a value read would part ways at a barrier and never finish.
  constexpr int lanes = 3;
  RunOptions options = test::quick_grid();
  options.horizon = 7.0 * units::day;
  const Treatment t = test::treatment("normal", {{"machine.dwell_ms", "10"}});
  test::BoundCase serial(t, options), block(t, options);
  const Outcome reference = serial.run(SerialExecutor{});
  std::barrier<> barrier(lanes);
  Outcome outcomes[lanes] = {};
  {
    std::vector<std::jthread> threads;
    for (int lane = 0; lane < lanes; ++lane)
      threads.emplace_back([&, lane] {
        TreatmentCase own = block.bound;
        run_treatment(LockstepExecutor{&barrier, lane, lanes}, own, &outcomes[lane]);
      });
  }
  for (const Outcome& outcome : outcomes) EXPECT_TRUE(test::same_bits(test::numbers(reference), test::numbers(outcome)));
}

TEST(BlockOrder, OfSeveralSessionsGivesTheBitsOfTheSerialReferenceOnEveryLane) {
  // The lanes share one case, as on a device: what a session changes in it is seen by all, and only then.
  constexpr int lanes = 3;
  RunOptions options = test::quick_grid();
  options.horizon = 7.0 * units::day;
  const Treatment t = test::treatment(
      "normal", {{"machine.dwell_ms", "10"}, {"sessions.days", "[0, 2, 4]"}, {"sessions.depth_mm", "[0.5, 0.3, 0.4]"}});
  test::BoundCase serial(t, options), strided(t, options), block(t, options);
  const Outcome reference = serial.run(SerialExecutor{});
  EXPECT_TRUE(test::same_bits(test::numbers(reference), test::numbers(strided.run(StridedExecutor{96}))));
  std::barrier<> barrier(lanes);
  Outcome outcomes[lanes] = {};
  {
    std::vector<std::jthread> threads;
    for (int lane = 0; lane < lanes; ++lane)
      threads.emplace_back([&, lane] { run_treatment(LockstepExecutor{&barrier, lane, lanes}, block.bound, &outcomes[lane]); });
  }
  for (const Outcome& outcome : outcomes) EXPECT_TRUE(test::same_bits(test::numbers(reference), test::numbers(outcome)));
}

}  // namespace
}  // namespace dermaflux
