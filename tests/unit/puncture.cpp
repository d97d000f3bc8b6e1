#include "core/treatment/puncture.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/refusal.hpp"
#include "tests/support/small_cases.hpp"

/// The balance of needle, skin, hand and motor, and the force laws it is made of.
namespace dermaflux {
namespace {

using namespace units;

TEST(InsertionForce, CuttingOfA50MicrometreNeedleTakesAnEighthOfANewton) {
  // Reference check of the law: J = 2.5 kJ/m^2, d = 50 um -> 0.125 N without wedging and friction.
  const InsertionForce law{.toughness = 2500.0, .wedging_factor = 0.0, .modulus = 1e5, .wall_friction = 0.0, .prong_factor = 1.0};
  EXPECT_DOUBLE_EQ(law(50 * um, 1.0), 0.125);
}

TEST(RateStiffening, DoublesAtTheReferenceRateAndIsQuasiStaticAtRest) {
  const RateStiffening law{.modulus = 0.11e6, .exponent = 0.2, .reference_rate = 0.004};
  EXPECT_DOUBLE_EQ(law(0.0), 0.11e6);
  EXPECT_DOUBLE_EQ(law(0.004), 0.22e6);
  // Six decades of rate: from 2 mu to about (1 + 10^1.2) mu, the measured order of stiffening.
  EXPECT_NEAR(law(4000.0) / law(0.004), (1.0 + std::pow(1e6, 0.2)) / 2.0, 1e-12);
}

TEST(SurfaceDimple, AndPunctureDimpleBalanceForceAndWork) {
  const double factor = 3.0, modulus = 5e5, force = 0.15;
  const double dimple = SurfaceDimple{factor, modulus}(force);
  EXPECT_NEAR(factor * modulus * dimple * dimple, force, 1e-15);
  const double area = 3e-10, broken = PunctureDimple{3e4, factor, modulus}(area);
  EXPECT_NEAR(factor * modulus * broken * broken * broken / 3.0 / (3e4 * area), 1.0, 1e-13);
}

TEST(HandBulge, IsTimoshenkosHoleUnderPressureAndASpringWhenLifted) {
  const HandBulge law{.nose_area = 2e-5, .nozzle_radius = 1e-3, .plane_modulus = 1.1e5, .hand_stiffness = 700.0};
  EXPECT_DOUBLE_EQ(law(0.3), 2.0 * (0.3 / 2e-5) * 1e-3 / 1.1e5);
  EXPECT_DOUBLE_EQ(law(-0.07), -1e-4);
}

TEST(Puncture, WithoutResistanceReachesItsSetDepth) {
  Treatment t = test::treatment();
  t.machine.hand_force = 0.0;
  SkinMechanics& skin = t.skin.mechanics;
  skin.fracture_toughness = skin.wedging_factor = skin.wall_friction = 0.0;
  skin.puncture_toughness = 1e-6;
  const Puncture puncture = solve_puncture(t);
  EXPECT_NEAR(puncture.tip_depth, t.machine.depth, 1e-11);  // the fixed point stops at steps of 1e-12 m and halves each
  EXPECT_DOUBLE_EQ(puncture.frequency, t.machine.frequency);
  EXPECT_DOUBLE_EQ(puncture.peak_force, 0.0);
}

TEST(Puncture, SolvesItsBalance) {
  for (const std::string& name : test::tissue_classes()) {
    const Treatment t = test::treatment(name);
    const Puncture p = solve_puncture(t);
    EXPECT_NEAR(p.tip_depth, t.machine.depth + p.bulge - p.dimple, 1e-9) << name;
    EXPECT_NEAR(p.frequency, t.machine.frequency * (1.0 - p.mean_force / t.machine.stall_force), 1e-9) << name;
    const double dimple = SurfaceDimple{t.skin.mechanics.indentation_factor, p.modulus}(p.peak_force);
    EXPECT_NEAR(p.dimple, dimple, 1e-12) << name;
    EXPECT_GT(p.peak_force, p.mean_force) << name;
  }
}

TEST(Puncture, IsProjectedOnTheNormalWhenTilted) {
  const Puncture upright = solve_puncture(test::treatment()),
                 tilted = solve_puncture(test::treatment("normal", {{"machine.angle_deg", "30"}}));
  EXPECT_NEAR(tilted.tip_depth / upright.tip_depth, std::cos(30 * degree), 1e-9);
}

TEST(Puncture, ForceGrowsWithProngsAsTheSharedSkinAllows) {
  const Treatment t = test::treatment();
  Treatment five = t;
  five.needle.prongs = 5;
  const Puncture p = solve_puncture(t);
  EXPECT_NEAR(insertion_force(five, p)(1e-4, 1e-7) / insertion_force(t, p)(1e-4, 1e-7), std::pow(5.0, 0.8), 1e-12);
}

TEST(Puncture, SkinTooToughToBreakIsOnlyDimpled) {
  const Treatment t = test::treatment(
      "normal", {{"skin.puncture_toughness_kj_m2", "300"}, {"machine.depth_mm", "0.2"}, {"machine.hand_force_n", "0.1"}});
  EXPECT_DOUBLE_EQ(solve_puncture(t).tip_depth, 0.0);
  EXPECT_GT(solve_puncture(test::treatment("normal", {{"machine.depth_mm", "0.2"}, {"machine.hand_force_n", "0.1"}})).tip_depth,
            0.0);
  EXPECT_DOUBLE_EQ(test::run_one(t).outcome.deposited, 0.0);
}

TEST(Puncture, AWeakMotorStallsWithAMessage) {
  const Treatment t = test::treatment("normal", {{"needle.prongs", "7"},
                                                 {"needle.shaft_diameter_mm", "1"},
                                                 {"needle.taper_length_mm", "0.5"},
                                                 {"machine.stall_force_n", "0.2"},
                                                 {"machine.hand_force_n", "5"}});
  test::expect_says(test::refusal<NumericsError>([&] { solve_puncture(t); }), {"motor stalls", "stall_force_n", "prongs"});
}

TEST(Puncture, CountsCompleteStrokesAndAtLeastOne) {
  EXPECT_EQ(complete_strokes(100.0, 0.15), 15);  // a product of 15 - 1 ulp still counts as 15
  EXPECT_EQ(complete_strokes(100.0, 0.1499), 14);
  EXPECT_EQ(complete_strokes(20.0, 0.01), 1);
}

}  // namespace
}  // namespace dermaflux
