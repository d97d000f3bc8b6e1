#include <cxxabi.h>
#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <memory>
#include <set>

#include "kernels/emulated_block.hpp"
#include "kernels/kokkos/kokkos_executor.hpp"
#include "tests/support/bound_case.hpp"
#include "tests/support/same_bits.hpp"
#include "tests/support/thread_count.hpp"

/// Each step by its name: on the memory that it finds in a treatment it leaves the same bits whether one thread takes many rows at
/// once, Kokkos shares them among threads, or the lanes of a block take them one by one.
namespace dermaflux {
namespace {

/// What was compared, and which steps differed.
struct StepsSeen {
  std::map<std::string, long> calls;
  std::set<std::string> wrong;
};

/// Runs every step on the serial executor, and now and then the others before, on the same memory.
struct ComparingExecutor : SerialExecutor {
  double* memory;
  long length;
  std::vector<FieldView<double>> scratch;  ///< that a step may leave as it was where there is nothing to do
  StepsSeen* seen;

  template <class Step>
  void cells(int n_i, int n_j, const Step& step) const {
    compare(step, [&](const auto& executor) { executor.cells(n_i, n_j, step); });
  }
  template <class Step>
  void rows(int n_j, const Step& step) const {
    compare(step, [&](const auto& executor) { executor.rows(n_j, step); });
  }

 private:
  template <class Step, class Loop>
  void compare(const Step&, const Loop& loop) const {
    int status = 0;
    const std::unique_ptr<char, void (*)(void*)> name(abi::__cxa_demangle(typeid(Step).name(), nullptr, nullptr, &status),
                                                      std::free);
    const long call = seen->calls[name.get()]++;
    constexpr bool takes_back = std::is_same_v<Step, UndoReactionStep>;  // only in the groups in which it was done
    if (takes_back || (call >= 2 && call % 499 != 0)) return loop(SerialExecutor{});
    const std::vector<double> before = memory_now();
    const auto after = [&](const auto& executor) {
      std::copy(before.begin(), before.end(), memory);
      loop(executor);
      std::vector<double> result = memory_now();
      for (const FieldView<double>& view : scratch)
        std::fill_n(result.begin() + (view.data - memory) - view.pad, view.size + 2 * view.pad, 0.0);
      return result;
    };
    const std::vector<double> block = after(StridedExecutor{96});
    const std::vector<double> threads = after(KokkosExecutor<Kokkos::DefaultHostExecutionSpace>{});
    const std::vector<double> serial = after(SerialExecutor{});
    const auto same = [&](const std::vector<double>& other) {
      return std::memcmp(serial.data(), other.data(), serial.size() * sizeof(double)) == 0;
    };
    if (!same(block) || !same(threads)) seen->wrong.insert(name.get());
  }
  std::vector<double> memory_now() const { return {memory, memory + length}; }
};
static_assert(Executor<ComparingExecutor>);

StepsSeen compare_steps(const Treatment& treatment) {
  RunOptions options = test::quick_grid();
  options.record = options.every_look = true;
  options.horizon = 42.0 * units::day;
  CaseBlueprint blueprint = build_case(treatment, options);
  Workspace workspace;
  double* memory = workspace.zeroed(blueprint.state_length);
  TreatmentCase bound = blueprint.bind(blueprint.constants.data(), memory);
  StepsSeen seen;
  ComparingExecutor executor{};
  executor.memory = memory;
  executor.length = blueprint.state_length;
  HealingScratch& s = bound.healing.scratch;
  executor.scratch = {s.factor, s.solved, s.old.free, s.old.matrix, s.old.macrophage, s.old.slow, s.old.epidermal};
  executor.seen = &seen;
  std::vector<Outcome> outcomes(static_cast<std::size_t>(bound.branches.count));
  run_treatment(executor, bound, outcomes.data());
  EXPECT_GT(outcomes[0].deposited, 0.0);
  return seen;
}

struct Steps : test::AtThreadCount {};

TEST_P(Steps, EachLeavesTheBitsOfTheSerialReferenceOnThreadsAndOnABlock) {
  // Two size classes of pigment, cracks and a scar beside, so that what those need runs, too.
  StepsSeen seen = compare_steps(test::treatment("normal", {{"machine.dwell_ms", "20"}}));
  const StepsSeen other = compare_steps(test::treatment(
      "burn_radiation",
      {{"machine.dwell_ms", "20"}, {"ink.size_classes", "2"}, {"skin.fracture", "true"}, {"ink.model", "titanium_white"}}));
  seen.calls.insert(other.calls.begin(), other.calls.end());
  seen.wrong.insert(other.wrong.begin(), other.wrong.end());
  EXPECT_EQ(seen.wrong, std::set<std::string>{});
  for (const char* name : {"NeedleStep",
                           "DamageStep",
                           "MobilityStep",
                           "WallConductanceStep",
                           "TransmissibilityStep",
                           "PressureBalanceStep",
                           "FactorTeethStep",
                           "TrackRowStep",
                           "TrackPressureStep",
                           "TrackFaceStep",
                           "TrackBalanceOfRowStep",
                           "AdvanceAndEliminateStep",
                           "SubstituteStep",
                           "DirectionAndMatrixStep",
                           "FluxStep",
                           "SpeedStep",
                           "TrackAreaStep",
                           "ReachStep",
                           "CaptureRateStep",
                           "FiltrationStep",
                           "TransportSweepStep<(dermaflux::Along)0>",
                           "TransportSweepStep<(dermaflux::Along)1>",
                           "SpreadingConductanceStep",
                           "RingSpreadingStep",
                           "RowSpreadingStep",
                           "CrackStep",
                           "ReactionStep",
                           "RadialSpreadStep",
                           "VerticalSpreadStep",
                           "RasterStep",
                           "FollowPathsStep"})
    EXPECT_TRUE(seen.calls.contains("dermaflux::" + std::string(name))) << name << " was not run";
}

INSTANTIATE_TEST_SUITE_P(Count, Steps, ::testing::Values(1, 2, 4), ::testing::PrintToStringParamName());

}  // namespace
}  // namespace dermaflux
