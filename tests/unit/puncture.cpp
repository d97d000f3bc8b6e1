#include "core/treatment/puncture.hpp"

#include <gtest/gtest.h>

#include <algorithm>
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

TEST(InsertionForce, IsTheSumOfCuttingWedgingAndFriction) {
  const InsertionForce law{.toughness = 2500.0,
                           .wedging_factor = 4.0,
                           .modulus = 1e6,
                           .wall_friction = 1e4,
                           .prong_factor = 2.0,
                           .sliced_width = 10 * um};
  const ForceParts parts = law.parts(50 * um, 2e-8);
  EXPECT_DOUBLE_EQ(parts.cutting, 2.0 * 2500.0 * 40e-6);
  EXPECT_DOUBLE_EQ(parts.wedging, 2.0 * 4.0 * 1e6 * 2.5e-9);
  EXPECT_DOUBLE_EQ(parts.friction, 2.0 * 1e4 * 2e-8);
  EXPECT_DOUBLE_EQ(law(50 * um, 2e-8), parts.cutting + parts.wedging + parts.friction);
}

TEST(HertzContact, HasTheExactValueAndTheExponent) {
  // E* = 400 kPa, R = 10 um, d = 2.5 um: 4/3 4e5 sqrt(1e-5) (2.5e-6)^1.5 = 4/3 4e5 sqrt(1e-5 2.5e-6) 2.5e-6 = 20/3 uN.
  const HertzContact law{.reduced_modulus = 4e5, .radius = 10 * um};
  EXPECT_NEAR(law(2.5 * um) / (20e-6 / 3.0), 1.0, 1e-14);
  EXPECT_NEAR(law(4.0 * um) / law(1.0 * um), 8.0, 1e-13);
}

TEST(SneddonCone, HasTheExactValueAndTheExponent) {
  // E* = pi/2 MPa and tan(beta) = 0.1: F = 1e5 d^2.
  const SneddonCone law{.reduced_modulus = pi / 2.0 * 1e6, .slope = 0.1};
  EXPECT_NEAR(law(100 * um) / 1e-3, 1.0, 1e-14);
  EXPECT_NEAR(law(200 * um) / law(100 * um), 4.0, 1e-14);
}

TEST(TipIndentation, IsHertzAtFirstAndDeepIndentationAtLast) {
  const double mu = 1e6, radius = 10 * um;
  const TipIndentation law = TipIndentation::of(mu, 3.0, radius, 0.03);
  EXPECT_DOUBLE_EQ(law(1 * um), (HertzContact{4.0 * mu, radius}(1 * um)));
  EXPECT_DOUBLE_EQ(law(radius), (HertzContact{4.0 * mu, radius}(radius)));
  EXPECT_DOUBLE_EQ(law(150 * um), (DeepIndentation{3.0, mu}(150 * um)));
  // A blunt cone takes over from the thin needle: 2/pi 4 mu tan(beta) > b mu from tan(beta) = 3 pi/8 on.
  EXPECT_DOUBLE_EQ(TipIndentation::of(mu, 3.0, radius, 1.3)(150 * um), (SneddonCone{4.0 * mu, 1.3}(150 * um)));
  EXPECT_DOUBLE_EQ(TipIndentation::of(mu, 3.0, radius, 1.1)(150 * um), (DeepIndentation{3.0, mu}(150 * um)));
}

/// Tips whose quadratic law takes over after and before the tip is buried (b mu above or below 4/3 E* = 16/3 mu).
const TipIndentation tips[] = {TipIndentation::of(1e6, 3.0, 10 * um, 0.03), TipIndentation::of(1e6, 8.0, 10 * um, 0.03)};

TEST(TipIndentation, RisesWithoutAStepAndIsInvertible) {
  for (const TipIndentation& law : tips) {
    double before = 0.0;
    for (int n = 1; n <= 4000; ++n) {
      const double depth = n * 0.05 * um, force = law(depth);
      EXPECT_GT(force, before);
      // Between two points the force cannot rise by more than the steepest slope, 2 k d or Hertz's 2 E* sqrt(R d).
      const double slope = std::max(2.0 * law.quadratic * depth, 2.0 * law.reduced_modulus * std::sqrt(law.radius * depth));
      EXPECT_LE(force - before, 1.0001 * slope * 0.05 * um);
      EXPECT_NEAR(law.depth(force) / depth, 1.0, 1e-12);
      before = force;
    }
    const double cross = law.crossover();
    EXPECT_NEAR(law.tip_force(cross) / (law.quadratic * cross * cross), 1.0, 1e-12);
  }
}

TEST(TipIndentation, WorkIsTheIntegralOfTheForceAndInvertible) {
  for (const TipIndentation& law : tips)
    for (const double depth : {5 * um, 15 * um, 22 * um, 160 * um}) {
      constexpr int points = 200000;  // midpoint rule; the kinks cost (depth/points)^2 of the slope, Hertz's start (1/points)^1.5
      double work = 0.0;
      for (int n = 0; n < points; ++n) work += law(depth * (n + 0.5) / points) * depth / points;
      EXPECT_NEAR(law.work(depth) / work, 1.0, 1e-8);
      EXPECT_NEAR(law.depth_of_work(law.work(depth)) / depth, 1.0, 1e-12);
    }
}

TEST(TipIndentation, BreaksDeeperThanItsTipWhereTheDeepLawAloneWould) {
  // A 20 um tip, G_p = 30 kJ/m^2, skin of 2 MPa: the rounded tip's share of the work is 0.1 % of G_p A.
  const double energy = 3e4 * pi * 1e-10;
  const double deep = std::cbrt(3.0 * energy / (3.0 * 2e6)),
               found = TipIndentation::of(2e6, 3.0, 10 * um, 0.03).depth_of_work(energy);
  EXPECT_LT(found, deep);
  EXPECT_NEAR(found / deep, 1.0, 1e-3);
}

TEST(NeighbourDimple, IsBoussinesqsSurfaceDisplacement) {
  const double depth = NeighbourDimple{4e6}(0.1, 1.0 / (0.2 * mm));
  EXPECT_NEAR(depth / (0.1 / (pi * 4e6 * 0.2e-3)), 1.0, 1e-14);
}

TEST(BevelEdge, IsNoBevelWhenShortAndSlicesWhenLong) {
  EXPECT_DOUBLE_EQ((BevelEdge{20 * um, 0.0}.bluntness()), 1.0);
  EXPECT_DOUBLE_EQ((BevelEdge{20 * um, 0.0}.sliced_width()), 0.0);
  // 3-4-5 triangle: sin = 3/5, saved width 15 um (1 - 9/25) = 9.6 um.
  EXPECT_NEAR((BevelEdge{15 * um, 20 * um}.bluntness()), 0.6, 1e-15);
  EXPECT_NEAR((BevelEdge{15 * um, 20 * um}.sliced_width()), 9.6 * um, 1e-19);
}

TEST(ProngFactor, SharesSkinBelowThePitchOfInteractionOnly) {
  const ProngFactor factor{.exponent = 0.8, .interaction_pitch = 150 * um};
  EXPECT_DOUBLE_EQ(factor(5, 149 * um), std::pow(5.0, 0.8));
  EXPECT_DOUBLE_EQ(factor(5, 150 * um), 5.0);
  EXPECT_DOUBLE_EQ(factor(1, 10 * um), 1.0);
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
    EXPECT_GT(p.dimple, t.needle.tip_diameter) << name;  // deeper than the tip, so that the deep law alone governs
    const double force = DeepIndentation{t.skin.mechanics.indentation_factor, p.modulus}(p.dimple);
    EXPECT_NEAR(force / p.peak_force, 1.0, 1e-12) << name;
    EXPECT_NEAR(p.peak.total(), p.peak_force, 1e-15) << name;
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
  five.needle.prong_pitch = 149 * um;
  EXPECT_NEAR(insertion_force(five, p)(1e-4, 1e-7) / insertion_force(t, p)(1e-4, 1e-7), std::pow(5.0, 0.8), 1e-12);
  five.needle.prong_pitch = 151 * um;
  EXPECT_NEAR(insertion_force(five, p)(1e-4, 1e-7) / insertion_force(t, p)(1e-4, 1e-7), 5.0, 1e-12);
}

TEST(Puncture, ProngsFarApartDimpleEachForItselfAndCloseOnesTogether) {
  Treatment t = test::treatment("normal", {{"needle.prongs", "3"}, {"machine.stall_force_n", "50"}});
  t.needle.prong_pitch = 2 * mm;
  const Puncture far = solve_puncture(t);
  const double one = far.peak_force / 3.0, modulus = far.modulus;
  const double own = std::sqrt(one / (t.skin.mechanics.indentation_factor * modulus));
  EXPECT_NEAR(far.dimple, own + one * t.needle.closeness() / (pi * 4.0 * modulus), 1e-12);
  t.needle.prong_pitch = 20 * um;
  const Puncture close = solve_puncture(t);
  EXPECT_NEAR(close.dimple, std::sqrt(close.peak_force / (t.skin.mechanics.indentation_factor * close.modulus)), 1e-12);
  EXPECT_GT(close.dimple, 1.2 * far.dimple);
}

TEST(Puncture, ABevelledTipCutsAndBreaksEasier) {
  const Treatment round = test::treatment();
  Treatment bevelled = round;
  bevelled.needle.bevel_length = 60 * um;
  const Puncture p = solve_puncture(round), q = solve_puncture(bevelled);
  EXPECT_LT(q.break_dimple, p.break_dimple);
  EXPECT_LT(q.break_force, p.break_force);
  EXPECT_LT(q.peak.cutting, p.peak.cutting);
  EXPECT_GT(q.tip_depth, p.tip_depth);
  // At one depth only the sliced width is saved: J t L^2 / (t^2 + L^2) with t = 20 um, L = 60 um.
  const ForceParts a = insertion_force(round, p).parts(50 * um, 1e-8), b = insertion_force(bevelled, p).parts(50 * um, 1e-8);
  EXPECT_NEAR(a.cutting - b.cutting, round.skin.mechanics.fracture_toughness * 18 * um, 1e-12);
  EXPECT_DOUBLE_EQ(a.wedging, b.wedging);
  EXPECT_DOUBLE_EQ(a.friction, b.friction);
}

TEST(Puncture, LocalResistanceActsThroughTheLawOfItsKind) {
  const Treatment t = test::treatment();
  const Puncture p = solve_puncture(t);
  const auto parts = [&](auto change) {
    Treatment changed = t;
    change(changed.skin.mechanics);
    return insertion_force(changed, p).parts(50 * um, 1e-8);
  };
  const ForceParts now = insertion_force(t, p).parts(50 * um, 1e-8);
  const ForceParts tough = parts([](SkinMechanics& skin) { skin.fracture_toughness *= 2.0; });
  EXPECT_DOUBLE_EQ(tough.cutting, 2.0 * now.cutting);
  EXPECT_DOUBLE_EQ(tough.wedging, now.wedging);
  EXPECT_DOUBLE_EQ(tough.friction, now.friction);
  const ForceParts rough = parts([](SkinMechanics& skin) { skin.wall_friction *= 2.0; });
  EXPECT_DOUBLE_EQ(rough.friction, 2.0 * now.friction);
  EXPECT_DOUBLE_EQ(rough.cutting + rough.wedging, now.cutting + now.wedging);
  const ForceParts tight = parts([](SkinMechanics& skin) { skin.wedging_factor *= 2.0; });
  EXPECT_DOUBLE_EQ(tight.wedging, 2.0 * now.wedging);
  EXPECT_DOUBLE_EQ(tight.cutting + tight.friction, now.cutting + now.friction);
  Treatment stiff = t;
  stiff.skin.mechanics.ogden_modulus *= 2.0;
  const Puncture harder = solve_puncture(stiff);
  EXPECT_NEAR(harder.modulus / p.modulus, 2.0, 0.02);  // the rate of strain shifts a little with the depth
  EXPECT_LT(harder.dimple, p.dimple);
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

TEST(Puncture, AMotorThatOnlyTheFirstGuessWouldStallRuns) {
  // Without dimple and slowing the force at the set depth is above the stall force; with them it is not.
  Treatment t = test::treatment("normal", {{"needle.prongs", "7"}, {"needle.taper_length_mm", "1"}, {"machine.depth_mm", "1"}});
  const Puncture strong = solve_puncture(t);
  t.machine.stall_force = 1.05 * strong.mean_force;
  const Puncture weak = solve_puncture(t);
  EXPECT_NEAR(weak.frequency, t.machine.frequency * (1.0 - weak.mean_force / t.machine.stall_force), 1e-9);
  EXPECT_GT(weak.frequency, 0.1 * t.machine.frequency);
  EXPECT_LT(weak.mean_force, strong.mean_force);
}

TEST(Puncture, CountsCompleteStrokesAndAtLeastOne) {
  EXPECT_EQ(complete_strokes(100.0, 0.15), 15);  // a product of 15 - 1 ulp still counts as 15
  EXPECT_EQ(complete_strokes(100.0, 0.1499), 14);
  EXPECT_EQ(complete_strokes(20.0, 0.01), 1);
}

}  // namespace
}  // namespace dermaflux
