#include "core/treatment/contraindications.hpp"

#include <gtest/gtest.h>

#include "tests/support/refusal.hpp"
#include "tests/support/small_cases.hpp"

/// Who must not be treated.
namespace dermaflux {
namespace {

std::vector<std::string> reasons(const test::Overrides& overrides) {
  return contraindications(test::treatment("normal", overrides));
}

TEST(Contraindications, AreNoneByDefaultInEveryClass) {
  for (const std::string& name : test::tissue_classes()) EXPECT_TRUE(contraindications(test::treatment(name)).empty()) << name;
}

/// The one reason that stands against a treatment; a failure if there is none or more.
std::string the_reason(const test::Overrides& overrides) {
  const std::vector<std::string> all = reasons(overrides);
  EXPECT_EQ(all.size(), 1u);
  return all.empty() ? "" : all.front();
}

TEST(Contraindications, NameKeloidsInflammationAndYoungScars) {
  test::expect_says(the_reason({{"host.keloid_history", "true"}}), {"keloid", "A8"});
  test::expect_says(the_reason({{"host.active_inflammation", "true"}}), {"inflammation", "A10"});
  test::expect_says(the_reason({{"host.months_since_surgery", "3"}}), {"immature scar", "3 months", "6", "A9"});
}

TEST(Contraindications, AllowAScarFromTheStatedMonthOn) {
  EXPECT_TRUE(reasons({{"host.months_since_surgery", "6"}}).empty());
  EXPECT_FALSE(reasons({{"host.months_since_surgery", "5.99"}}).empty());
}

TEST(Contraindications, AreAllListed) {
  EXPECT_EQ(
      reasons({{"host.keloid_history", "true"}, {"host.active_inflammation", "true"}, {"host.months_since_surgery", "0"}}).size(),
      3u);
}

TEST(Contraindications, ForbidThePreset) {
  MemberResult result{};
  result.treatment = test::treatment();
  EXPECT_EQ(test::output(result, "preset_allowed"), 1.0);
  result.treatment.host.keloid_history = true;
  EXPECT_EQ(test::output(result, "preset_allowed"), 0.0);
}

}  // namespace
}  // namespace dermaflux
