#include <gtest/gtest.h>

#include <set>

#include "kernels/emulated_block.hpp"
#include "kernels/kokkos/kokkos_executor.hpp"
#include "kernels/step_parity.hpp"
#include "tests/support/bound_case.hpp"
#include "tests/support/same_bits.hpp"
#include "tests/support/steps_of_source.hpp"
#include "tests/support/thread_count.hpp"
#include "validation/gpu/step_courses.hpp"

/// Every step of a treatment by its name: from the same state, the bits of the serial reference.
namespace dermaflux {
namespace {

using Space = Kokkos::DefaultHostExecutionSpace;
using Findings = std::map<std::string, StepFinding>;

/// What was found of every step of all those courses. The outcome must be that of the reference alone: a step that added to
/// something else than the state would have added twice.
template <class Other>
Findings steps_twice(const Other& other) {
  Findings found;
  for (const StepCourse& course : step_courses) {
    RunOptions options = test::quick_grid();
    options.every_look = options.record = course.dwells.empty();
    options.dwells = course.dwells;
    const Treatment t = test::treatment(course.skin, course.overrides);
    test::BoundCase plain(t, options), twice(t, options);
    const long length = twice.blueprint.state_length;
    StepParity parity = step_parity(twice.bound, twice.workspace.zeroed(length), length, std::move(found));
    Outcome expected[2] = {}, outcome[2] = {};
    run_treatment(SerialExecutor{}, plain.bound, expected);
    run_treatment(StepTwice<Other>{parity, other}, twice.bound, outcome);
    for (std::size_t n = 0; n == 0 || n < course.dwells.size(); ++n)
      EXPECT_TRUE(test::same_bits(test::numbers(expected[n]), test::numbers(outcome[n]))) << course.skin;
    found = std::move(parity.found);
  }
  return found;
}

void expect_same_bits(const Findings& found) {
  for (const auto& [name, one] : found) EXPECT_EQ(one.different, 0) << name << ", " << one.compared << " calls compared";
}

struct StepsOnThreads : test::AtThreadCount {};

TEST_P(StepsOnThreads, GiveTheBitsOfTheReferenceOneByOne) {
  EXPECT_GT(thread_count(), 0);  // starts Kokkos
  expect_same_bits(steps_twice(KokkosExecutor<Space>{}));
}

INSTANTIATE_TEST_SUITE_P(Count, StepsOnThreads, test::thread_counts, ::testing::PrintToStringParamName());

TEST(StepsInABlock, GiveTheBitsOfTheReferenceOneByOne) { expect_same_bits(steps_twice(StridedExecutor{96})); }

TEST(StepsInABlock, AreAllThatTheSourceHas) {
  // A step that no course above takes would never be compared. Those of other programs have parity tests of their own.
  std::set<std::string> written = test::steps_of_source(""), taken;
  for (const char* others : {"box_", "space_", "photon_", "row_"})
    for (const std::string& name : test::steps_of_source(others)) written.erase(name);
  EXPECT_GT(written.size(), 60U);
  // A reaction marks the groups of cells that it left alone in its executor's width, and is undone by the same executor.
  written.erase("UndoReactionStep");
  const std::set<std::string> not_in_the_state = {"ChooseSessionStep", "WaitStep", "ClearAccountStep"};
  for (const auto& [name, one] : steps_twice(StridedExecutor{96})) {
    taken.insert(name.substr(0, name.find('<')));
    EXPECT_TRUE(one.changed > 0 || not_in_the_state.contains(name)) << name << " changed nothing in " << one.compared << " calls";
  }
  for (const std::string& name : written) EXPECT_TRUE(taken.contains(name)) << name;
}

/// Leaves out the last row.
struct ShortExecutor : StridedExecutor {
  template <class Step>
  void rows(int n_j, const Step& step) const {
    StridedExecutor::rows(n_j - 1, step);
  }
};

TEST(StepsInABlock, ThatComeOutWrongAreFoundByName) {
  long wrong = 0;
  for (const auto& [name, one] : steps_twice(ShortExecutor{{96}})) wrong += one.different > 0;
  EXPECT_GT(wrong, 3);
}

}  // namespace
}  // namespace dermaflux
