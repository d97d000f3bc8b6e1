#include "core/lane_math.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "core/units.hpp"

/// The elementary functions against those of the C library in long double, to the accuracy that their header states.
namespace dermaflux {
namespace {

/// Distance from a value to the exact one, in units of the last place of the latter.
double units_off(double value, long double exact) {
  const double size = std::fabs(static_cast<double>(exact));
  return static_cast<double>(std::fabs(value - exact)) / (std::nextafter(size, std::numeric_limits<double>::infinity()) - size);
}

TEST(LaneMath, ExponentialIsWithinOneAndAHalfUnitsOverItsWholeRange) {
  // Rounded by half a unit each: the last sum, and 1 + r in it; by a quarter r itself, which is below 1/2; and by as much,
  // together, what is multiplied by r^2 < 0.13.
  std::mt19937_64 random(21);
  for (const double reach : {1e-3, 1.0, 30.0, 700.0}) {
    std::uniform_real_distribution<double> number(-reach, reach);
    for (int n = 0; n < 20000; ++n) {
      const double x = number(random);
      ASSERT_LE(units_off(lane_exp(x), std::exp(static_cast<long double>(x))), 1.5) << x;
    }
  }
  EXPECT_EQ(lane_exp(0.0), 1.0);
}

TEST(LaneMath, ExponentialLessOneIsWithinThreeUnitsHoweverSmall) {
  // Worst between (ln 2)/2 and ln 2, where 2 (e^r - 1) and 1 nearly cancel: one unit of e^r - 1 is two of what is left.
  std::mt19937_64 random(23);
  for (const double reach : {1e-12, 1e-3, 0.4, 1.1, 30.0, 700.0}) {
    std::uniform_real_distribution<double> number(-reach, reach);
    for (int n = 0; n < 20000; ++n) {
      const double x = number(random);
      ASSERT_LE(units_off(lane_expm1(x), std::expm1(static_cast<long double>(x))), 3.0) << x;
    }
  }
  EXPECT_EQ(lane_expm1(0.0), 0.0);
  EXPECT_EQ(lane_expm1(-1e300), -1.0);
}

TEST(LaneMath, DecayIsTheExponentialOfWhatIsNotNegative) {
  for (const double x : {0.0, 1e-300, 1e-9, 0.3, 0.7, 1.0, 17.3, 345.6, 708.0}) EXPECT_EQ(lane_decay(x), lane_exp(-x)) << x;
  EXPECT_EQ(lane_decay(1e300), lane_exp(-708.0));
  EXPECT_TRUE(std::isnan(lane_decay(std::nan(""))));
}

TEST(LaneMath, ExponentialStaysANormalNumberWhateverItIsGiven) {
  EXPECT_GT(lane_exp(-1e300), 0.0);
  EXPECT_LT(lane_exp(-1e300), 1e-300);
  EXPECT_GT(lane_exp(1e300), 1e300);
  EXPECT_TRUE(std::isfinite(lane_exp(1e300)));
  EXPECT_TRUE(std::isnan(lane_exp(std::nan(""))));
}

TEST(LaneMath, LogarithmIsWithinThreeUnitsForNumbersOfEverySize) {
  std::mt19937_64 random(22);
  for (const double reach : {1e-6, 0.3, 5.0, 690.0}) {
    std::uniform_real_distribution<double> number(-reach, reach);
    for (int n = 0; n < 20000; ++n) {
      const double x = std::exp(number(random));
      if (x != 1.0) {
        ASSERT_LE(units_off(lane_log(x), std::log(static_cast<long double>(x))), 3.0) << x;
      }
    }
  }
  EXPECT_EQ(lane_log(1.0), 0.0);
  EXPECT_TRUE(std::isnan(lane_log(std::nan(""))));
  EXPECT_GE(lane_log(std::numeric_limits<double>::infinity()), std::log(std::numeric_limits<double>::max()));
}

TEST(LaneMath, PowerOfInfinityIsAsLargeOrSmallAsANumberCanBe) {
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_GT(lane_power(infinity, 2.0), 1e307);
  EXPECT_LT(lane_power(infinity, -2.0), 1e-307);
  EXPECT_EQ(lane_power(infinity, 0.0), 1.0);
}

TEST(LaneMath, PowerIsOffByNoMoreThanItsLogarithmTimesTheExponent) {
  std::mt19937_64 random(23);
  std::uniform_real_distribution<double> base(0.01, 10.0), exponent(-5.0, 5.0);
  for (int n = 0; n < 20000; ++n) {
    const double x = base(random), y = exponent(random);
    // ln x is off by 3 units and y ln x by half a one, each of |y ln x| 2^-52 in e^(y ln x); 3 more of the exponential.
    const double bound = 3.0 + 3.5 * std::fabs(y * std::log(x)) * 2.0;
    ASSERT_LE(units_off(lane_power(x, y), std::pow(static_cast<long double>(x), static_cast<long double>(y))), bound);
  }
}

TEST(LaneMath, TurnIsAPointOfTheUnitCircleAtItsAngle) {
  for (double u = 0.0; u < 1.0; u += 0.00137) {
    const Angle angle = lane_turn(u);
    const double exact = 2.0 * units::pi * u - 0.25 * units::pi;
    // First term left out at pi/4: (pi/4)^15/15! = 2.04e-14 in one of the two; 4 u and the quarter are exact.
    ASSERT_NEAR(angle.cosine, std::cos(exact), 2.1e-14) << u;
    ASSERT_NEAR(angle.sine, std::sin(exact), 2.1e-14) << u;
  }
}

}  // namespace
}  // namespace dermaflux
