#include "core/simulation/validity.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/support/refusal.hpp"
#include "tests/support/small_cases.hpp"

/// Every limit of the model: warned of by name with value, limit and advice, refused where it has a hard end.
namespace dermaflux {
namespace {

using namespace units;

std::set<std::string> warned(const Treatment& t, const Puncture& p) {
  std::set<std::string> names;
  for (const ValidityWarning& warning : validity_warnings(t, p)) {
    names.insert(warning.name);
    test::expect_says(warning.text, {" is above ", "(", "); "});
  }
  return names;
}
std::set<std::string> warned(const Treatment& t) { return warned(t, solve_puncture(t)); }

TEST(Validity, ShippedTreatmentsPassNoLimit) {
  for (const std::string& name : test::tissue_classes()) {
    const Treatment t = test::treatment(name);
    EXPECT_EQ(warned(t), std::set<std::string>{}) << name;
    EXPECT_EQ(validity_mask(t, solve_puncture(t)), 0) << name;
    EXPECT_NO_THROW(require_valid(t, solve_puncture(t))) << name;
  }
}

/// A treatment that passes one limit, by its name.
struct Beyond {
  const char* name;
  void (*change)(Treatment&);
  void (*refused)(Treatment&);  ///< null where there is no hard limit
};

const Beyond cases[] = {
    {"skin_unbroken",
     [](Treatment& t) {
       t.machine.depth = 0.1 * mm;
       t.machine.hand_force = 0.0;
     },
     nullptr},
    {"tip_in_fat", [](Treatment& t) { t.skin.thickness_factor = 0.3; }, nullptr},
    {"tip_below_fat",
     [](Treatment& t) {
       t.skin.thickness_factor = 0.3;
       t.machine.depth = 2.0 * mm;
       t.machine.hand_force = 1.0;
     },
     nullptr},
    {"tip_beyond_grid", [](Treatment& t) { t.machine.nozzle_diameter = 5.9 * mm; },
     [](Treatment& t) {
       t.machine.nozzle_diameter = 5.9 * mm;
       t.machine.depth = 1.0 * mm;
       t.machine.hand_force = 1.0;
     }},
    {"prongs_beyond_grid",
     [](Treatment& t) {
       t.needle.prongs = 3;
       t.needle.prong_pitch = 1.9 * mm;
     },
     [](Treatment& t) {
       t.needle.prongs = 7;
       t.needle.shape = NeedleShape::magnum;
       t.needle.prong_pitch = 0.7 * mm;
       t.machine.stall_force = 50.0;
     }},
    {"many_strokes", [](Treatment& t) { t.machine.dwell = 6.0; }, [](Treatment& t) { t.machine.dwell = 300.0; }},
    {"fast_strain", [](Treatment& t) { t.machine.frequency = 180.0; }, nullptr},
    {"crowded_ink", [](Treatment& t) { t.ink.viscosity.crowding.structure_factor = 40.0; },
     [](Treatment& t) { t.ink.viscosity.crowding.structure_factor = 45.0; }},
    {"viscous_film", [](Treatment& t) { t.ink.viscosity.carrier_viscosity = 0.2; }, nullptr},
    {"inertial_flow",
     [](Treatment& t) {
       t.ink.viscosity.carrier_viscosity = 0.5 * mPa_s;
       t.machine.frequency = 250.0;
       t.machine.stroke = 5.0 * mm;
     },
     [](Treatment& t) { t.ink.viscosity.carrier_viscosity = 1e-3 * mPa_s; }},
    {"heavy_column", [](Treatment& t) { t.machine.depth = 2.3 * mm; }, nullptr},
    {"early_session",
     [](Treatment& t) {
       t.sessions.start = {2, {0.0, 4.9 * day}};
     },
     nullptr},
    {"red_session",
     [](Treatment& t) {
       t.sessions.start = {3, {0.0, 10.0 * day, 12.0 * day}};
     },
     nullptr},
};

TEST(Validity, EveryLimitHasACaseThatPassesIt) {
  std::set<std::string> tried;
  for (const Beyond& one : cases) tried.insert(one.name);
  const std::vector<std::string> names = validity_names();
  EXPECT_EQ(tried, std::set<std::string>(names.begin(), names.end()));
}

TEST(Validity, PassingALimitWarnsByItsNameAndSetsItsBit) {
  const std::vector<std::string> names = validity_names();
  for (const Beyond& one : cases) {
    Treatment t = test::treatment();
    one.change(t);
    const Puncture p = solve_puncture(t);
    EXPECT_TRUE(warned(t, p).contains(one.name)) << one.name;
    const auto bit = std::find(names.begin(), names.end(), one.name) - names.begin();
    EXPECT_TRUE(validity_mask(t, p) & (1 << bit)) << one.name;
    EXPECT_NO_THROW(require_valid(t, p)) << one.name;
  }
}

TEST(Validity, AHardLimitIsRefusedBeforeWorkStarts) {
  for (const Beyond& one : cases) {
    if (!one.refused) continue;
    Treatment t = test::treatment();
    one.refused(t);
    test::expect_says(test::refusal<InputError>([&] { build_case(t, test::quick_grid()); }), {one.name, " is above ", "; "});
  }
}

TEST(Validity, AValueOnTheLimitIsInside) {
  Treatment t = test::treatment();
  Puncture p = solve_puncture(t);
  p.speed = 4000.0 * t.model.strain_length;
  EXPECT_FALSE(warned(t, p).contains("fast_strain"));
  p.speed *= 1.0 + 1e-12;
  EXPECT_TRUE(warned(t, p).contains("fast_strain"));
}

TEST(Validity, ARefusedMemberLeavesTheOthersAlone) {
  Treatment bad = test::treatment();
  bad.needle.prongs = 7;
  bad.needle.shape = NeedleShape::magnum;
  bad.needle.prong_pitch = 0.7 * mm;
  bad.machine.stall_force = 50.0;
  const Treatment good = test::treatment("normal", {{"machine.dwell_ms", "10"}});
  const auto outcomes = test::run_members({{good, {}}, {bad, {}}, {good, {}}}, test::quick_grid(), Backend::serial);
  EXPECT_TRUE(std::holds_alternative<std::vector<MemberResult>>(outcomes[0]));
  ASSERT_TRUE(std::holds_alternative<std::string>(outcomes[1]));
  test::expect_says(std::get<std::string>(outcomes[1]), {"prongs_beyond_grid", "2.1 mm", "2 mm"});
  EXPECT_TRUE(std::holds_alternative<std::vector<MemberResult>>(outcomes[2]));
}

TEST(Validity, OutputsCountTheWarnings) {
  Treatment t = test::treatment("normal", {{"machine.dwell_ms", "10"}, {"machine.frequency_hz", "200"}});
  const MemberResult result = test::run_one(t);
  EXPECT_EQ(test::output(result, "warning_count"), static_cast<double>(warned(t).size()));
  EXPECT_EQ(test::output(result, "warning_mask"), validity_mask(t, result.puncture));
  EXPECT_GT(test::output(result, "warning_count"), 0.0);
}

TEST(Validity, SessionsFiveDaysApartAreNotEarly) {
  Treatment t = test::treatment();
  t.sessions.start = {3, {0.0, 5.0 * day, 30.0 * day}};
  EXPECT_EQ(validity_mask(t, solve_puncture(t)), 0);
}

TEST(Validity, OfEverySessionIsLookedAt) {
  Treatment t = test::treatment();
  t.sessions.start = {2, {0.0, 30.0 * day}};
  t.sessions.depth = {2, {0.5 * mm, 2.3 * mm}};
  const Puncture p = solve_puncture(t);
  ASSERT_EQ(warned(t, p), (std::set<std::string>{"heavy_column", "tip_in_fat"}));
  for (const ValidityWarning& warning : validity_warnings(t, p))
    EXPECT_TRUE(warning.text.starts_with("session 2: ")) << warning.text;
}

}  // namespace
}  // namespace dermaflux
