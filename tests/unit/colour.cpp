#include "core/physics/colour.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <initializer_list>

#include "core/solver/optics_setup.hpp"

/// Colour against exact values and published test pairs.
namespace dermaflux {
namespace {

Lab grey(double reflectance) {
  double bands[band_count];
  for (double& band : bands) band = reflectance;
  return lab_of_reflectance(bands);
}

TEST(Colour, PerfectWhiteUnderD65IsLab100) {
  const Lab white = grey(1.0);
  EXPECT_NEAR(white.l, 100.0, 1e-12);
  EXPECT_NEAR(white.a, 0.0, 1e-12);
  EXPECT_NEAR(white.b, 0.0, 1e-12);
}

TEST(Colour, FlatReflectanceOf18PercentHasLightness49Point5) {
  const Lab middle = grey(0.18);
  EXPECT_NEAR(middle.l, 116.0 * std::cbrt(0.18) - 16.0, 1e-12);
  EXPECT_NEAR(middle.l, 49.5, 0.005);  // printed to one digit
  EXPECT_NEAR(middle.a, 0.0, 1e-11);   // grey stays grey: differences of equal cube roots
  EXPECT_NEAR(middle.b, 0.0, 1e-11);
}

TEST(Colour, DarkReflectanceFollowsTheLinearBranch) {
  EXPECT_NEAR(grey(0.005).l, 0.005 * 24389.0 / 27.0, 1e-11);  // CIE kappa = 24389/27 below (6/29)^3
  EXPECT_NEAR(grey(0.0).l, 0.0, 1e-13);
}

TEST(Colour, LightnessGrowsWithReflectance) {
  for (double r = 0.0; r < 1.0; r += 0.02) EXPECT_LT(grey(r).l, grey(r + 0.02).l);
}

TEST(Colour, RedReflectanceIsRedAndBlueReflectanceIsBlue) {
  double red[band_count] = {0.1, 0.1, 0.1, 0.1, 0.6, 0.6, 0.6}, blue[band_count] = {0.6, 0.6, 0.4, 0.1, 0.1, 0.1, 0.1};
  EXPECT_GT(lab_of_reflectance(red).a, 20.0);
  EXPECT_LT(lab_of_reflectance(blue).b, -20.0);
}

TEST(Colour, BandWeightsIntegrateD65ToItsWhitePoint) {
  // CIE 15:2018, 2 degrees: X/Y = 0.9504, Z/Y = 1.0889. The multi-lobe fit of the matching functions is good to about 1 %.
  const BandColours colours = band_colours();
  double white[3] = {};
  for (int k = 0; k < 3; ++k)
    for (const double weight : colours.weight[k]) white[k] += weight;
  EXPECT_NEAR(white[0], 0.9504, 0.01);
  EXPECT_NEAR(white[1], 1.0, 1e-12);
  EXPECT_NEAR(white[2], 1.0889, 0.02);
}

/// Test pairs of Sharma, Wu & Dalal 2005, Color Res. Appl. 30, table 1.
struct Pair {
  Lab first, second;
  double difference;
};
constexpr Pair pairs[] = {
    {{50, 2.6772, -79.7751}, {50, 0, -82.7485}, 2.0425},
    {{50, 3.1571, -77.2803}, {50, 0, -82.7485}, 2.8615},
    {{50, 2.8361, -74.0200}, {50, 0, -82.7485}, 3.4412},
    {{50, -1.3802, -84.2814}, {50, 0, -82.7485}, 1.0000},
    {{50, -1.1848, -84.8006}, {50, 0, -82.7485}, 1.0000},
    {{50, -0.9009, -85.5211}, {50, 0, -82.7485}, 1.0000},
    {{50, 0, 0}, {50, -1, 2}, 2.3669},
    {{50, -1, 2}, {50, 0, 0}, 2.3669},
    {{50, 2.4900, -0.0010}, {50, -2.4900, 0.0009}, 7.1792},
    {{50, 2.4900, -0.0010}, {50, -2.4900, 0.0010}, 7.1792},
    {{50, 2.4900, -0.0010}, {50, -2.4900, 0.0011}, 7.2195},
    {{50, 2.4900, -0.0010}, {50, -2.4900, 0.0012}, 7.2195},
    {{50, -0.0010, 2.4900}, {50, 0.0009, -2.4900}, 4.8045},
    {{50, -0.0010, 2.4900}, {50, 0.0010, -2.4900}, 4.8045},
    {{50, -0.0010, 2.4900}, {50, 0.0011, -2.4900}, 4.7461},
    {{50, 2.5, 0}, {50, 0, -2.5}, 4.3065},
    {{50, 2.5, 0}, {73, 25, -18}, 27.1492},
    {{50, 2.5, 0}, {61, -5, 29}, 22.8977},
    {{50, 2.5, 0}, {56, -27, -3}, 31.9030},
    {{50, 2.5, 0}, {58, 24, 15}, 19.4535},
    {{50, 2.5, 0}, {50, 3.1736, 0.5854}, 1.0000},
    {{50, 2.5, 0}, {50, 3.2972, 0}, 1.0000},
    {{50, 2.5, 0}, {50, 1.8634, 0.5757}, 1.0000},
    {{50, 2.5, 0}, {50, 3.2592, 0.3350}, 1.0000},
    {{60.2574, -34.0099, 36.2677}, {60.4626, -34.1751, 39.4387}, 1.2644},
    {{63.0109, -31.0961, -5.8663}, {62.8187, -29.7946, -4.0864}, 1.2630},
    {{61.2901, 3.7196, -5.3901}, {61.4292, 2.2480, -4.9620}, 1.8731},
    {{35.0831, -44.1164, 3.7933}, {35.0232, -40.0716, 1.5901}, 1.8645},
    {{22.7233, 20.0904, -46.6940}, {23.0331, 14.9730, -42.5619}, 2.0373},
    {{36.4612, 47.8580, 18.3852}, {36.2715, 50.5065, 21.2231}, 1.4146},
    {{90.8027, -2.0831, 1.4410}, {91.1528, -1.6435, 0.0447}, 1.4441},
    {{90.9257, -0.5406, -0.9208}, {88.6381, -0.8985, -0.7239}, 1.5381},
    {{6.7747, -0.2908, -2.4247}, {5.8714, -0.0985, -2.2286}, 0.6377},
    {{2.0776, 0.0795, -1.1350}, {0.9033, -0.0636, -0.5514}, 0.9082},
};

TEST(TypologyAngle, IsTheAngleOverTheYellowAxis) {
  EXPECT_DOUBLE_EQ(TypologyAngle{}({70.0, 8.0, 20.0}), 45.0);  // atan(20/20)
  EXPECT_NEAR(TypologyAngle{}({50.0, 8.0, 20.0}), 0.0, 1e-15);
  EXPECT_NEAR(TypologyAngle{}({30.0, 8.0, 20.0 / std::sqrt(3.0)}), -60.0, 1e-12);
}

TEST(DeltaE2000, GivesThePublishedDifferences) {
  for (const Pair& pair : pairs) EXPECT_NEAR(DeltaE2000{}(pair.first, pair.second), pair.difference, 5.1e-5);  // four digits
}

TEST(DeltaE2000, IsSymmetricAndZeroOnlyForEqualColours) {
  for (const Pair& pair : pairs) {
    EXPECT_NEAR(DeltaE2000{}(pair.second, pair.first), DeltaE2000{}(pair.first, pair.second), 1e-12);
    EXPECT_EQ(DeltaE2000{}(pair.first, pair.first), 0.0);
  }
}

}  // namespace
}  // namespace dermaflux
