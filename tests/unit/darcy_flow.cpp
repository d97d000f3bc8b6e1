#include "core/physics/darcy_flow.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <initializer_list>

/// The laws of flow in tissue against exact limits and independent quadrature.
namespace dermaflux {
namespace {

constexpr Clogging clogging{.plugged_share = 1e-3};

TEST(Clogging, IsCubicInTheOpenPoresAndEndsAtThePluggedShare) {
  EXPECT_DOUBLE_EQ(clogging(0.0), 1.0);
  EXPECT_DOUBLE_EQ(clogging(0.5), 0.125);
  EXPECT_DOUBLE_EQ(clogging(1.0), 1e-3);
  EXPECT_DOUBLE_EQ(clogging(7.0), 1e-3);
}

TEST(Clogging, NeverRisesWithDeposit) {
  for (double x = 0.0; x < 1.5; x += 0.01) {
    EXPECT_LE(clogging(x + 0.01), clogging(x));
  }
}

TEST(TissuePermeability, GrowsExponentiallyWithStrainWithinItsData) {
  const TissuePermeability law{.strain_exponent = 2.94, .strain_limit = 0.3};
  EXPECT_DOUBLE_EQ(law(1e-15, 0.0, 1.0), 1e-15);
  EXPECT_NEAR(law(1e-15, 0.2, 1.0) / law(1e-15, 0.1, 1.0), std::exp(0.294), 1e-14);
  EXPECT_DOUBLE_EQ(law(1e-15, 0.9, 1.0), law(1e-15, 0.3, 1.0));
  EXPECT_DOUBLE_EQ(law(1e-15, -0.9, 1.0), law(1e-15, -0.3, 1.0));
  EXPECT_DOUBLE_EQ(law(1e-15, 0.0, 30.0), 30e-15);
}

constexpr PoreStorage storage{.storage = 1e-5, .porosity = 0.35, .stiffening_strain = 0.3, .rest_pressure = -300.0};

TEST(PoreStorage, RestsAtThePorosityWithTheStatedSlope) {
  EXPECT_DOUBLE_EQ(storage.pressure(0.35), -300.0);
  EXPECT_DOUBLE_EQ(storage.capacity(0.35), 1e-5);
  EXPECT_NEAR(storage.capacity(0.35 * (1.0 + 1e-9)), 1e-5, 1e-5 * 1e-8);  // the same slope from both sides
}

TEST(PoreStorage, CapacityIsTheDerivativeOfContentByPressure) {
  for (const double content : {0.01, 0.1, 0.3, 0.4, 0.6, 1.2}) {
    const double h = 1e-6 * content;  // central difference: O(h^2/content^2) = 1e-12, rounding 1e-10
    const double slope = (storage.pressure(content + h) - storage.pressure(content - h)) / (2.0 * h);
    EXPECT_NEAR(slope * storage.capacity(content), 1.0, 1e-8) << "content " << content;
  }
}

TEST(PoreStorage, NeedsInfiniteSuctionToEmptyThePores) {
  EXPECT_LT(storage.pressure(1e-6), -1e9);
  for (double content = 0.01; content < 1.0; content *= 1.1) EXPECT_LT(storage.pressure(content), storage.pressure(1.1 * content));
}

TEST(DamageGain, FallsFromTheCutToUndamagedTissue) {
  const DamageGain damage{.gain = 30.0};
  EXPECT_DOUBLE_EQ(damage(0.0, 50e-6), 30.0);
  EXPECT_NEAR(damage(50e-6, 50e-6), 1.0 + 29.0 * std::exp(-1.0), 1e-13);
  EXPECT_DOUBLE_EQ(damage(1.0, 50e-6), 1.0);
  EXPECT_DOUBLE_EQ(damage(10e-6, 0.0), 1.0);  // no needle passed here
}

TEST(PoreShearRate, FollowsVelocityAndPoreSize) {
  const PoreShearRate law{};
  EXPECT_DOUBLE_EQ(law(2e-3, 1e-15, 0.4), 2.0 * law(1e-3, 1e-15, 0.4));
  EXPECT_NEAR(law(1e-3, 1e-15, 0.4) / law(1e-3, 4e-15, 0.4), 2.0, 1e-14);  // twice the pore radius
}

TEST(PoreShearRate, IsThatOfABundleOfTubesWithTheSamePermeability) {
  const double radius = 0.2e-6, porosity = 0.35, permeability = porosity * radius * radius / 8.0, darcy = 1e-3;
  EXPECT_NEAR(PoreShearRate{}(darcy, permeability, porosity) / (4.0 * darcy / porosity / radius), 1.0, 1e-14);
}

TEST(OpeningStretch, IsTheSquareOfTheRadiusRatioOfAnIncompressibleShell) {
  const double radius = 60e-6, opened = 45e-6, moved = std::sqrt(radius * radius + opened * opened);
  EXPECT_NEAR(OpeningStretch{}(opened * opened, radius), (moved / radius) * (moved / radius), 1e-14);
  EXPECT_DOUBLE_EQ(OpeningStretch{}(0.0, radius), 1.0);
}

}  // namespace
}  // namespace dermaflux
