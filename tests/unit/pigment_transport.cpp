#include "core/physics/pigment_transport.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

/// The limiter and the face value keep to the bounds that make transport positive and free of new extrema.
namespace dermaflux {
namespace {

TEST(VanLeerLimiter, IsSymmetricHomogeneousAndExactOnALine) {
  std::mt19937 random(11);
  std::uniform_real_distribution<double> number(-1.0, 1.0);
  const VanLeerLimiter limited{};
  for (int n = 0; n < 1000; ++n) {
    const double a = number(random), b = number(random);
    EXPECT_DOUBLE_EQ(limited(a, b), limited(b, a));
    EXPECT_DOUBLE_EQ(limited(-a, -b), -limited(a, b));
    EXPECT_DOUBLE_EQ(limited(a, a), a);
  }
}

TEST(VanLeerLimiter, StaysInTheRegionOfTotalVariationDiminishingSchemes) {
  // Sweby: 0 <= limited <= 2 min(|a|, |b|) with the sign of both, and 0 at an extremum.
  std::mt19937 random(12);
  std::uniform_real_distribution<double> number(-1.0, 1.0);
  for (int n = 0; n < 1000; ++n) {
    const double a = number(random), b = number(random), value = VanLeerLimiter{}(a, b);
    if (a * b <= 0.0) {
      EXPECT_EQ(value, 0.0);
    } else {
      EXPECT_GE(value * a, 0.0);
      EXPECT_LE(std::fabs(value), 2.0 * std::min(std::fabs(a), std::fabs(b)) * (1.0 + 1e-15));
    }
  }
}

TEST(FaceConcentration, LiesBetweenDonorAndReceiver) {
  std::mt19937 random(13);
  std::uniform_real_distribution<double> share(0.0, 1.0);
  for (int n = 0; n < 2000; ++n) {
    const double behind = share(random), donor = share(random), receiver = share(random);
    const double face = FaceConcentration{}(behind, donor, receiver, share(random));
    EXPECT_GE(face, std::min(donor, receiver) - 1e-15);  // one rounding
    EXPECT_LE(face, std::max(donor, receiver) + 1e-15);
  }
}

TEST(FaceConcentrations, CarryWhatTwoFaceConcentrationsDo) {
  // Some ten roundings of values up to one. Steps may be far below rounding, none, or of either sign.
  std::mt19937 random(15);
  std::uniform_real_distribution<double> share(0.0, 1.0), decade(-160.0, 0.0);
  for (int n = 0; n < 4000; ++n) {
    double c[2][4];
    for (auto& of_one : c)
      for (double& value : of_one) value = n % 3 == 0 ? std::pow(10.0, decade(random)) : (n % 7 == 0 ? 0.5 : share(random));
    const double flux = share(random) - 0.5, taken = share(random);
    const bool onward = flux >= 0.0;
    const auto seen = [&](int m) { return FaceConcentrations::seen(onward, c[m][0], c[m][1], c[m][2], c[m][3]); };
    double out[2];
    FaceConcentrations::carry(flux, onward ? 1.0 - taken : taken - 1.0, seen(0), seen(1), out[0], out[1]);
    for (int m = 0; m < 2; ++m) {
      const double* const v = c[m];
      const double face = onward ? FaceConcentration{}(v[0], v[1], v[2], taken) : FaceConcentration{}(v[3], v[2], v[1], taken);
      EXPECT_NEAR(out[m], flux * face, 1e-15 * std::fabs(flux));
    }
  }
}

TEST(FaceConcentration, TakesNoMoreFromACellThanItHoldsWhereverItsFluidGoes) {
  // Fluid leaves a cell of content 1 through both faces, in shares that add up to at most one.
  std::mt19937 random(14);
  std::uniform_real_distribution<double> share(0.0, 1.0);
  double most = 0.0;
  for (int n = 0; n < 20000; ++n) {
    const double left = n % 2 ? 0.0 : share(random), here = share(random), right = share(random),
                 sum = n % 4 < 2 ? 1.0 : share(random);
    const double east = sum * share(random), west = sum - east;
    const double taken = east * FaceConcentration{}(left, here, right, east) + west * FaceConcentration{}(right, here, left, west);
    EXPECT_LE(taken, here * (1.0 + 1e-15) + 1e-16);
    most = std::max(most, taken / here);
  }
  EXPECT_GT(most, 0.99);  // the bound is met, not only kept
}

TEST(FaceConcentration, IsTheMeanOfWhatPassesOnALineAndUpwindAtAnExtremum) {
  EXPECT_DOUBLE_EQ(FaceConcentration{}(1.0, 2.0, 3.0, 0.0), 2.5);
  EXPECT_DOUBLE_EQ(FaceConcentration{}(1.0, 2.0, 3.0, 0.5), 2.25);  // the half of the donor next to the face
  EXPECT_DOUBLE_EQ(FaceConcentration{}(1.0, 2.0, 3.0, 1.0), 2.0);   // all of the donor
  EXPECT_DOUBLE_EQ(FaceConcentration{}(3.0, 2.0, 3.0, 0.3), 2.0);
  EXPECT_DOUBLE_EQ(FaceConcentration{}(4.0, 4.0, 4.0, 0.3), 4.0);
}

TEST(Filtration, CatchesPerLengthOfPath) { EXPECT_DOUBLE_EQ(Filtration{}(2e4, 1e-3), 20.0); }

TEST(CaughtShare, IsTheExponentialToSecondOrderAndNeverMoreThanAll) {
  for (const double rate : {0.0, 1e-3, 1e-2, 0.1})
    EXPECT_NEAR(CaughtShare{}(rate), -std::expm1(-rate), rate * rate * rate / 6.0 * 1.001 + 1e-18);  // the next term of the series
  for (const double rate : {1.0, 10.0, 1e6}) {
    EXPECT_GT(CaughtShare{}(rate), 0.5);
    EXPECT_LE(CaughtShare{}(rate), 1.0);
  }
}

TEST(StrainingGain, IsOneInWidePoresAndGrowsAsThePowerThreeHalvesInTightOnes) {
  // Pore of 1e-15 m2 and n = 0.32: sqrt(32e-15 / 0.32) = 316 nm, of which 0.3 is 95 nm.
  const double pore = std::sqrt(1e-13), limit = 0.3 * pore;
  EXPECT_EQ(StrainingGain{}(0.99 * limit, 1e-15, 0.32), 1.0);
  EXPECT_NEAR(StrainingGain{}(4.0 * limit, 1e-15, 0.32), 8.0, 1e-14);
  EXPECT_NEAR(StrainingGain{}(4.0 * limit, 1e-15 / 16.0, 0.32), 64.0, 1e-13);  // pores a quarter as wide
}

TEST(PoreSpreading, AddsDiffusionInTheFluidAndDispersionAlongThePath) {
  const PoreSpreading spreading{.dispersivity = 2e-6};
  EXPECT_DOUBLE_EQ(spreading(0.4, 3e-10, 10.0, 0.0), 0.4 * 3e-10 * 10.0);
  EXPECT_DOUBLE_EQ(spreading(0.4, 0.0, 10.0, 1e-4), 2e-10);
}

}  // namespace
}  // namespace dermaflux
