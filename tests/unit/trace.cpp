#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/solver/insertion_setup.hpp"
#include "kernels/backends.hpp"
#include "tests/support/bound_case.hpp"
#include "tests/support/refusal.hpp"

/// The trace of the insertion has room for every step, and says so where it has not.
namespace dermaflux {
namespace {

RunOptions recorded(GridLevel level) {
  RunOptions options = test::on_grid(level);
  options.record = true;
  return options;
}

int room(const CaseBlueprint& blueprint) { return blueprint.plan.recorder.trace.size / TraceStep::columns; }

TEST(Trace, HasARowForEveryPlannedStep) {
  for (const GridLevel level : {GridLevel::quick, GridLevel::standard}) {
    const Treatment treatment = test::treatment("normal", {{"machine.dwell_ms", "30"}});
    const RunResult result = test::run_recorded(treatment, test::on_grid(level));
    ASSERT_EQ(result.member.outcome.rejected, 0);  // or there would be more steps than planned
    const CaseBlueprint blueprint = build_case(treatment, recorded(level));
    const int planned = result.member.outcome.strokes * planned_steps(blueprint.plan.insertion.params);
    EXPECT_EQ(static_cast<int>(result.fields.trace.size()), planned * TraceStep::columns);
    EXPECT_EQ(result.fields.trace_lost, 0);
    EXPECT_EQ(room(blueprint), 5 * planned);
  }
}

TEST(Trace, GrowsWithTheStrokes) {
  Treatment treatment = test::treatment();
  int before = 0;
  for (const int strokes : {1, 20, 200, 2000}) {
    treatment.machine.dwell = strokes / solve_puncture(treatment).frequency;
    const CaseBlueprint blueprint = build_case(treatment, recorded(GridLevel::standard));
    EXPECT_EQ(room(blueprint), 5 * strokes * planned_steps(blueprint.plan.insertion.params)) << strokes;
    EXPECT_GT(room(blueprint), before);
    before = room(blueprint);
  }
}

TEST(Trace, HasRoomForTheStepsThatHarshSettingsHalve) {
  const RunResult result = test::run_recorded(test::treatment("atrophic", {{"needle.model", "\"round_liner_1_030_long\""},
                                                                           {"machine.depth_mm", "1.8"},
                                                                           {"machine.dwell_ms", "64"},
                                                                           {"machine.frequency_hz", "23"},
                                                                           {"ink.carrier_viscosity_mpa_s", "42"}}));
  EXPECT_GT(result.member.outcome.rejected, 0);
  EXPECT_EQ(result.fields.trace_lost, 0);
}

TEST(Trace, HasAnEnd) {
  Treatment treatment = test::treatment();
  treatment.machine.dwell = 15000.0 / solve_puncture(treatment).frequency;
  EXPECT_EQ(room(build_case(treatment, recorded(GridLevel::finest))), 2'000'000);
}

TEST(Trace, WithoutRoomKeepsItsBeginningAndWarns) {
  const Treatment treatment = test::treatment("normal", {{"machine.dwell_ms", "30"}});
  const RunResult whole = test::run_recorded(treatment);
  const int steps = static_cast<int>(whole.fields.trace.size()) / TraceStep::columns, kept = 10;
  test::BoundCase one(treatment, recorded(GridLevel::quick));
  one.bound.recorder.trace.size = kept * TraceStep::columns + 1;  // a row that fits in part does not count
  const MemberResult member{treatment, one.blueprint.puncture, one.run(SerialExecutor{}), 0.0};
  const RunFields fields = collect_fields(one.bound);
  const std::vector<double> beginning(whole.fields.trace.begin(), whole.fields.trace.begin() + kept * TraceStep::columns);
  EXPECT_EQ(fields.trace, beginning);
  EXPECT_EQ(fields.trace_lost, steps - kept);
  const std::vector<ValidityWarning> warnings = run_warnings(member, fields);
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_EQ(warnings[0].name, "trace_cut");
  test::expect_says(warnings[0].text, {"last " + std::to_string(steps - kept) + " time steps", "(", "; "});
  EXPECT_EQ(warning_text(member, fields), "trace_cut: " + warnings[0].text);
  EXPECT_EQ(warning_text(whole.member, whole.fields), "none");
}

TEST(Trace, OfALimitThatIsPassedWarnsOfBoth) {
  const MemberResult member =
      test::run_one(test::treatment("normal", {{"machine.dwell_ms", "10"}, {"machine.frequency_hz", "200"}}));
  RunFields fields;
  fields.trace_lost = 1;
  const std::vector<ValidityWarning> warnings = run_warnings(member, fields);
  ASSERT_EQ(warnings.size(), validity_warnings(member.treatment, member.puncture).size() + 1);
  EXPECT_EQ(warnings.back().name, "trace_cut");
  EXPECT_NE(warning_text(member, fields).find("\n"), std::string::npos);
}

}  // namespace
}  // namespace dermaflux
