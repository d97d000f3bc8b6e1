#include "core/physics/acute_response.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <initializer_list>

#include "core/units.hpp"
#include "tests/support/small_cases.hpp"

/// Redness, swelling and bruises: limits, decay and what they do to the look of a dot.
namespace dermaflux {
namespace {

using namespace units;

TEST(AcuteResponse, BeginsAtOneAndFallsToAnEthInItsDecay) {
  const Erythema redness{.gain = 3.0, .fades = {1.5 * day}};
  const Oedema swelling{.swelling = 0.15, .drains = {1.0 * day}};
  const Haematoma bruise{.probability = 0.1, .gain = 10.0, .clears = {5.0 * day}};
  EXPECT_EQ(redness.amplitude(0.0), 1.0);
  EXPECT_EQ(swelling.amplitude(0.0), 1.0);
  EXPECT_EQ(bruise.amplitude(0.0), 0.1);
  EXPECT_NEAR(redness.amplitude(1.5 * day), std::exp(-1.0), 1e-15);
  EXPECT_NEAR(swelling.amplitude(1.0 * day), std::exp(-1.0), 1e-15);
  EXPECT_NEAR(bruise.amplitude(5.0 * day), 0.1 * std::exp(-1.0), 1e-16);
  EXPECT_DOUBLE_EQ(redness.extra_blood(0.0), 3.0);
  EXPECT_DOUBLE_EQ(bruise.extra_blood(0.0), 1.0);
  EXPECT_DOUBLE_EQ(swelling.thickness(0.0), 1.15);
  EXPECT_EQ(swelling.thickness(1.0 * year), 1.0);  // the dermis is as thick as before, to the bit
}

TEST(BleedingLaw, IsOneHalfAtItsDepthAndSymmetricAroundIt) {
  const BleedingLaw bleeds{.depth = 0.65 * mm, .width = 0.1 * mm};
  EXPECT_DOUBLE_EQ(bleeds(0.65 * mm), 0.5);
  EXPECT_NEAR(bleeds(0.85 * mm), 1.0 / (1.0 + std::exp(-2.0)), 1e-14);
  for (const double off : {0.05 * mm, 0.3 * mm}) EXPECT_NEAR(bleeds(0.65 * mm + off) + bleeds(0.65 * mm - off), 1.0, 1e-14);
}

TEST(Haematoma, NeedsABleedingPunctureAndBlood) {
  EXPECT_EQ(Haematoma::chance(0.0, 0.005, 0.005), 0.0);
  EXPECT_EQ(Haematoma::chance(0.5, 0.0, 0.005), 0.0);
  EXPECT_NEAR(Haematoma::chance(0.5, 0.005, 0.005), 0.5 * (1.0 - std::exp(-1.0)), 1e-15);
  EXPECT_LE(Haematoma::chance(1.0, 0.1, 1e-4), 1.0);
  for (double blood = 0.001; blood < 0.05; blood *= 1.5)
    EXPECT_LT(Haematoma::chance(0.3, blood, 0.005), Haematoma::chance(0.3, 1.5 * blood, 0.005));
}

TEST(AcuteResponse, OfTheShippedSkinIsWhatARunReports) {
  const Treatment t = test::treatment("normal", {{"machine.dwell_ms", "25"}});
  const MemberResult result = test::run_one(t);
  const SkinAppearance& look = t.skin.appearance;
  for (int m = 0; m < result.outcome.moment_count; ++m) {
    const MomentOutcome& at = result.outcome.moments[m];
    EXPECT_DOUBLE_EQ(at.erythema, std::exp(-at.time / look.erythema_decay));
    EXPECT_DOUBLE_EQ(at.oedema, std::exp(-at.time / look.oedema_decay));
    EXPECT_DOUBLE_EQ(at.haematoma, result.outcome.moments[0].haematoma * std::exp(-at.time / look.haematoma_clearance));
  }
  EXPECT_NEAR(result.outcome.moments[0].haematoma, test::output(result, "bleed_probability") * -std::expm1(-0.005 / 0.005), 1e-15);
}

/// Contrast of a short treatment at the days of the acute phase, with one number of the skin changed.
std::vector<double> contrast(double SkinAppearance::*number, double value) {
  Treatment t = test::treatment("normal", {{"machine.dwell_ms", "25"}});
  t.skin.appearance.oedema_swelling = t.skin.appearance.haematoma_gain = t.skin.appearance.erythema_gain = 0.0;
  t.skin.appearance.*number = value;
  const MemberResult result = test::run_one(t);
  std::vector<double> values;
  for (const char* name : {"contrast_day0", "contrast_day1", "contrast_day7", "contrast_1y"})
    values.push_back(test::output(result, name));
  return values;
}

TEST(AcuteResponse, VeilsTheDotAndPasses) {
  // The optical solver stops at 1e-3 of the escape probability; a response that has gone leaves no more than that.
  for (const auto& [number, strong] : {std::pair{&SkinAppearance::oedema_swelling, 0.4},
                                       {&SkinAppearance::erythema_gain, 4.0},
                                       {&SkinAppearance::haematoma_gain, 50.0}}) {
    const std::vector<double> without = contrast(number, 0.0), with = contrast(number, strong);
    EXPECT_LT(with[0], without[0] - 2e-3);
    EXPECT_LT(without[0] - with[0], 0.5 * without[0]);
    EXPECT_LT(with[1], without[1]);
    EXPECT_NEAR(with[3], without[3], 2e-3);
  }
}

}  // namespace
}  // namespace dermaflux
