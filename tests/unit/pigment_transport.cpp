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
    const double behind = share(random), donor = share(random), receiver = share(random), courant = share(random);
    const double face = FaceConcentration{}(behind, donor, receiver, courant);
    EXPECT_GE(face, std::min(donor, receiver) - 1e-15);  // one rounding
    EXPECT_LE(face, std::max(donor, receiver) + 1e-15);
  }
}

TEST(FaceConcentration, IsCentredOnALineForSmallStepsAndUpwindForAWholeCell) {
  EXPECT_DOUBLE_EQ(FaceConcentration{}(1.0, 2.0, 3.0, 0.0), 2.5);
  EXPECT_DOUBLE_EQ(FaceConcentration{}(1.0, 2.0, 3.0, 1.0), 2.0);
  EXPECT_DOUBLE_EQ(FaceConcentration{}(3.0, 2.0, 3.0, 0.2), 2.0);  // an extremum is donated as it is
  EXPECT_DOUBLE_EQ(FaceConcentration{}(4.0, 4.0, 4.0, 0.3), 4.0);
}

TEST(Filtration, CatchesPerLengthOfPath) { EXPECT_DOUBLE_EQ(Filtration{}(2e4, 1e-3), 20.0); }

}  // namespace
}  // namespace dermaflux
