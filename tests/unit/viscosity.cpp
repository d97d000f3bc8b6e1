#include "core/physics/viscosity.hpp"

#include <gtest/gtest.h>

#include <cmath>

/// The viscosity laws against their exact limits.
namespace dermaflux {
namespace {

constexpr KriegerDougherty crowding{.max_packing = 0.6, .intrinsic_viscosity = 2.5, .structure_factor = 2.0};
constexpr CarreauYasuda thinning{.relaxation_time = 0.1, .thinning_index = 0.6, .yasuda_exponent = 2.0};

TEST(Viscosity, KriegerDoughertyGivesEinsteinSlopeWhenDilute) {
  // (1 - x)^-q = 1 + q x + q (q + 1)/2 x^2 + ..., x = s phi / phi_m, q = [eta] phi_m: the slope is [eta] s up to the second term.
  const double phi = 1e-5, q = 2.5 * 0.6, x = 2.0 * phi / 0.6;
  const double second_term = 0.5 * q * (q + 1.0) * x * x / phi, rounding = 4.0 * 2.2e-16 / phi;
  EXPECT_NEAR((crowding(phi) - 1.0) / phi, 2.5 * 2.0, 1.01 * second_term + rounding);
  EXPECT_DOUBLE_EQ(crowding(0.0), 1.0);
}

TEST(Viscosity, KriegerDoughertyDivergesTowardsPackingWithItsExponent) {
  // Halving the distance to packing multiplies by 2^q exactly, as long as the law is not held (crowding below 95 %).
  const double packing = 0.6 / 2.0;
  EXPECT_NEAR(crowding(0.92 * packing) / crowding(0.84 * packing), std::pow(2.0, 1.5), 1e-12);
  EXPECT_GT(crowding(0.949 * packing), 80.0);
}

TEST(Viscosity, KriegerDoughertyStaysFiniteBeyondPacking) {
  const double held = std::pow(0.05, -1.5);  // 1 - 0.95 keeps the rounding of 0.95: 1e-16/0.05 relative, times the exponent
  EXPECT_NEAR(crowding(0.3) / held, 1.0, 4e-15);
  EXPECT_EQ(crowding(1.0), crowding(0.3));
}

TEST(Viscosity, KriegerDoughertyGrowsWithPigment) {
  for (double phi = 0.0; phi < 0.28; phi += 0.01) EXPECT_LT(crowding(phi), crowding(phi + 0.004));
}

TEST(Viscosity, CarreauYasudaIsOneAtRestAndNewtonianAtIndexOne) {
  EXPECT_DOUBLE_EQ(thinning(0.0), 1.0);
  const CarreauYasuda newtonian{.relaxation_time = 3.0, .thinning_index = 1.0, .yasuda_exponent = 0.7};
  for (const double rate : {0.0, 1e-3, 1.0, 1e6}) EXPECT_DOUBLE_EQ(newtonian(rate), 1.0);
}

TEST(Viscosity, CarreauFormHasTheSameBits) {
  const PoreFluidViscosity mixture = PoreFluidViscosity::of({5e-3, crowding, thinning, 3.0}, 1e-3);
  ASSERT_TRUE(thinning.carreau());
  for (const double rate : {0.0, 1e-3, 0.7, 10.0, 1e6})
    EXPECT_EQ(mixture.of_mixture<true>(0.3, 0.1, rate), mixture(0.3, 0.1, rate)) << rate;
  const CarreauYasuda other{.relaxation_time = 0.1, .thinning_index = 0.6, .yasuda_exponent = 1.0};
  EXPECT_FALSE(other.carreau());
  EXPECT_NE(other(10.0), thinning(10.0));
}

TEST(Viscosity, CarreauYasudaIsAPowerLawAtHighShear) {
  // ln f = (n - 1)/a ln(1 + x^a): at x = 1e8 and a = 2 the 1 is below rounding, so the slope is n - 1 to rounding.
  EXPECT_NEAR(std::log10(thinning(1e10) / thinning(1e9)), 0.6 - 1.0, 1e-13);
}

TEST(Viscosity, CarreauYasudaBendsAtTheInverseRelaxationTime) {
  EXPECT_NEAR(thinning(10.0), std::pow(2.0, (0.6 - 1.0) / 2.0), 1e-15);  // lambda g = 1
}

TEST(Viscosity, InkThinsFromItsNetworkToTheBareSuspension) {
  const InkViscosity ink{.carrier_viscosity = 5e-3, .crowding = crowding, .thinning = thinning, .structure_ratio = 12.0};
  const double phi = 0.05, particles = crowding(phi) - 1.0;
  EXPECT_DOUBLE_EQ(ink(phi, 0.0), 5e-3 * (1.0 + 12.0 * particles));
  // The network left at rate g is 11 (lambda g)^(n - 1) of the suspension's particle contribution.
  const double left = 11.0 * std::pow(1e12, -0.4);
  EXPECT_NEAR(ink(phi, 1e13) / (5e-3 * (1.0 + particles)), 1.0, 1.001 * left);
  EXPECT_GT(ink(phi, 1.0), ink(phi, 100.0));
  EXPECT_DOUBLE_EQ(ink(0.0, 123.0), 5e-3);  // a carrier without pigment is Newtonian
}

TEST(Viscosity, PoreFluidMixesGeometricallyBetweenInterstitialFluidAndInk) {
  const InkViscosity ink{.carrier_viscosity = 9e-3, .crowding = crowding, .thinning = thinning, .structure_ratio = 12.0};
  const PoreFluidViscosity pore = PoreFluidViscosity::of(ink, 1e-3);
  EXPECT_DOUBLE_EQ(pore(0.0, 0.0, 0.0), 1e-3);
  EXPECT_DOUBLE_EQ(pore(1.0, 0.02, 50.0), ink(0.02, 50.0));
  EXPECT_NEAR(pore(0.5, 0.0, 0.0), 3e-3, 1e-17);
}

}  // namespace
}  // namespace dermaflux
