#include "core/physics/control_laws.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "core/physics/track_laws.hpp"
#include "core/treatment/control_numbers.hpp"
#include "tests/support/small_cases.hpp"

/// Control numbers against tabulated values and against what they mean.
namespace dermaflux {
namespace {

using namespace units;

TEST(WashburnTime, HasTheTabulatedValues) {
  // h = 0.6 mm, r = 25 um, gamma = 38 mN/m, 50 deg; given to three digits or two.
  const WashburnTime law{.surface_tension = 0.038, .wall_cosine = std::cos(50 * degree)};
  const double viscosities[] = {3, 10, 30, 100, 300}, times[] = {3.5, 12, 35, 118, 354}, digits[] = {0.05, 0.5, 0.5, 0.5, 0.5};
  for (int n = 0; n < 5; ++n) EXPECT_NEAR(law(viscosities[n] * mPa_s, 0.6 * mm, 25 * um) / ms, times[n], digits[n]);
}

TEST(WashburnTime, IsTheInverseOfWashburnsRise) {
  const WashburnTime law{.surface_tension = 0.04, .wall_cosine = 0.5};
  const double viscosity = 0.01, radius = 30 * um, time = law(viscosity, 0.7 * mm, radius);
  EXPECT_NEAR(std::sqrt(radius * 0.04 * 0.5 * time / (2.0 * viscosity)) / (0.7 * mm), 1.0, 1e-14);
}

TEST(CapillaryNumber, GivesTheFilmOfATabulatedShaft) {
  // r = 125 um, 3 mPa.s, 0.1 m/s, 38 mN/m: h_f = 1.34 r Ca^(2/3) = 6.6 um, given to two digits.
  const double number = capillary_number(3 * mPa_s, 0.1, 0.038);
  EXPECT_NEAR(1.34 * 125 * um * std::cbrt(number * number), 6.6 * um, 0.05 * um);
  EXPECT_GT(capillary_number(10 * mPa_s, 0.4, 0.038), 0.1);  // "Ca > 0.1 at v > 0.4 m/s and 10 mPa.s"
}

TEST(ReynoldsNumber, OfTheFilmIsAboutOne) {
  // A film of 6.6 um at 0.94 m/s in ink of 1150 kg/m^3 and 10 mPa.s.
  EXPECT_NEAR(reynolds_number(1150.0, 0.94, 6.6 * um, 10 * mPa_s), 0.71, 0.005);
}

TEST(BondNumber, IsOneAtTheCapillaryLengthAndSmallInATrack) {
  const double capillary_length = std::sqrt(0.038 / (1050.0 * standard_gravity));
  EXPECT_NEAR(capillary_length, 1.92 * mm, 0.005 * mm);
  EXPECT_NEAR(bond_number(1050.0, capillary_length, 0.038), 1.0, 1e-14);
  EXPECT_LT(bond_number(1150.0, 0.55 * mm, 0.038), 0.1);
}

TEST(PoroelasticTime, OfATenthOfAMillimetreIsTheTabulatedOne) {
  // k = 1e-15 m^2, M = 200 kPa, mu = 1 mPa.s: c_v = 2e-7 m^2/s, 0.05 s.
  EXPECT_NEAR((PoroelasticTime{1e-15, 200 * kPa, 1 * mPa_s}(0.1 * mm)), 0.05, 1e-15);
}

TEST(BackflowLength, HasTheTabulatedValues) {
  // 1 nL in 5 to 100 ms, k = 1e-15 m^2, G = 50 kPa, 10 mPa.s, r = 50 um: 5.3 to 0.5 mm, two digits and one.
  const BackflowLength law{.resistance = 1e-3 / 1e-15, .shear_modulus = 50 * kPa, .viscosity = 10 * mPa_s};
  EXPECT_NEAR(law(1 * nl / (5 * ms), 50 * um), 5.3 * mm, 0.1 * mm);
  EXPECT_NEAR(law(1 * nl / (100 * ms), 50 * um), 0.5 * mm, 0.1 * mm);
}

TEST(BackflowLength, HasMorrisonsCoefficientAndExponents) {
  const BackflowLength law{.resistance = 0.0, .shear_modulus = 1.0, .viscosity = 1.0};
  EXPECT_NEAR(law.with_leak(1.0, 1.0, 1.0), 0.804, 0.001);
  EXPECT_NEAR(law.with_leak(32.0, 1.0, 1.0) / law.with_leak(1.0, 1.0, 1.0), std::pow(32.0, 0.8), 1e-12);
  EXPECT_NEAR(law.with_leak(1.0, 32.0, 1.0) / law.with_leak(1.0, 1.0, 1.0), std::pow(32.0, 0.6), 1e-12);
  EXPECT_NEAR(law.with_leak(1.0, 1.0, 32.0) / law.with_leak(1.0, 1.0, 1.0), std::pow(32.0, 0.8), 1e-12);
}

TEST(BackflowLength, SolvesItsOwnLeak) {
  const BackflowLength law{.resistance = 1e12, .shear_modulus = 50 * kPa, .viscosity = 10 * mPa_s};
  const double rate = 1 * nl / (20 * ms), radius = 40 * um, length = law(rate, radius);
  EXPECT_NEAR(law.with_leak(std::log(length / radius) / (2.0 * pi) * law.resistance, rate, radius) / length, 1.0, 1e-12);
}

TEST(ControlNumbers, FollowFromTreatmentAndPuncture) {
  const Treatment t = test::treatment();
  const Puncture p = solve_puncture(t);
  const ControlNumbers now = control_numbers(t, p);
  Treatment longer = t;
  longer.machine.dwell *= 2.0;
  const double contact = complete_strokes(p.frequency, t.machine.dwell) / p.frequency;
  const double twice = complete_strokes(p.frequency, longer.machine.dwell) / p.frequency, recoil = t.skin.mechanics.recoil_time;
  EXPECT_NEAR(control_numbers(longer, p).washburn / now.washburn, (twice + recoil) / (contact + recoil), 1e-12);
  Treatment thick = t;
  thick.ink.viscosity.carrier_viscosity *= 10.0;
  const ControlNumbers slow = control_numbers(thick, p);
  EXPECT_NEAR(slow.washburn * 10.0 / now.washburn, 1.0, 1e-12);
  EXPECT_NEAR(slow.capillary / 10.0 / now.capillary, 1.0, 1e-12);
  EXPECT_NEAR(slow.reynolds * 10.0 / now.reynolds, 1.0, 1e-12);
  EXPECT_DOUBLE_EQ(slow.bond, now.bond);
  EXPECT_LT(slow.backflow_length, now.backflow_length);
  // 1 / c_v = mu / (k M) with k = 1e-15 m^2, M = 104.4 kPa 0.7 / (1.3 0.4) and mu = 1 mPa.s of the shipped reticular dermis.
  EXPECT_NEAR(now.poroelastic_time, p.tip_depth * p.tip_depth * 1e-3 / (1e-15 * 104.4e3 * 0.7 / (1.3 * 0.4)), 1e-9);
}

TEST(ControlNumbers, AreNoneWithoutATrack) {
  const ControlNumbers all = control_numbers(test::treatment(), Puncture{});
  for (const double number : {all.washburn, all.capillary, all.reynolds, all.bond, all.poroelastic_time, all.backflow_length})
    EXPECT_TRUE(std::isnan(number));
}

}  // namespace
}  // namespace dermaflux
