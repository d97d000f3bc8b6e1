#include "core/tissue/scar.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <initializer_list>

#include "core/solver/healing_problem.hpp"
#include "core/units.hpp"

/// Share of a ring in a scar against exact angles and areas, and the numbers of a ring that lies in two tissues.
namespace dermaflux {
namespace {

using namespace units;

Scar disc(double width, double offset) { return {ScarShape::disc, width, offset, {}}; }
Scar strip(double width, double offset) { return {ScarShape::strip, width, offset, {}}; }

TEST(Scar, ADiscAroundTheAxisHoldsTheRingsWithinIt) {
  const Scar scar = disc(1.0 * mm, 0.0);
  for (const double ring : {1 * um, 0.1 * mm, 0.499 * mm}) EXPECT_EQ(scar.share(ring), 1.0);
  for (const double ring : {0.501 * mm, 2.0 * mm}) EXPECT_EQ(scar.share(ring), 0.0);
}

TEST(Scar, OnTheBorderOfAStripHalfOfEveryRingLiesInIt) {
  for (const double ring : {1 * um, 0.2 * mm, 1.9 * mm}) EXPECT_DOUBLE_EQ(strip(2.0 * mm, 1.0 * mm).share(ring), 0.5);
}

TEST(Scar, KnownAnglesGiveTheirShares) {
  // |cos phi| < 1/2 between 60 and 120 degrees and opposite: a third. cos phi > 1/2 within 60 degrees of the axis: a third.
  EXPECT_NEAR(strip(1.0 * mm, 0.0).share(1.0 * mm), 1.0 / 3.0, 1e-15);
  EXPECT_NEAR(strip(10.0 * mm, 5.5 * mm).share(1.0 * mm), 1.0 / 3.0, 1e-15);
  // Three equal circles through each other's centres: the arc of one inside another is 120 degrees.
  EXPECT_NEAR(disc(2.0 * mm, 1.0 * mm).share(1.0 * mm), 1.0 / 3.0, 1e-15);
  // A ring sqrt(2) R around a point of the rim: the cosine rule gives 90 degrees.
  EXPECT_NEAR(disc(2.0 * mm, 1.0 * mm).share(std::sqrt(2.0) * mm), 0.25, 1e-15);
}

TEST(Scar, FarAwayNothingLiesInIt) {
  for (const Scar& scar : {disc(0.9 * mm, 3.0 * mm), strip(3.0 * mm, 4.0 * mm), Scar{}})
    for (const double ring : {1 * um, 0.5 * mm, 2.0 * mm}) EXPECT_EQ(scar.share(ring), 0.0);
}

TEST(Scar, RingsAddUpToItsArea) {
  // Midpoint rule over 20000 rings: the share has square-root edges, whose error is (dr)^1.5 of the radius, 4e-7.
  const auto area = [](const Scar& scar, double reach) {
    constexpr int rings = 20000;
    double sum = 0.0;
    for (int n = 0; n < rings; ++n) {
      const double ring = (n + 0.5) / rings * reach;
      sum += scar.share(ring) * 2.0 * pi * ring * reach / rings;
    }
    return sum / mm2;
  };
  for (const double offset : {0.0, 0.3, 0.5, 0.9}) EXPECT_NEAR(area(disc(1.0 * mm, offset * mm), 2.0 * mm), pi / 4.0, 1e-5);
  // A strip cut off by a circle of 2 mm: two circular segments are missing, each R^2 acos(d/R) - d sqrt(R^2 - d^2).
  for (const double offset : {0.0, 0.4, 1.2}) {
    const auto segment = [](double d) { return 4.0 * std::acos(d / 2.0) - d * std::sqrt(4.0 - d * d); };
    EXPECT_NEAR(area(strip(1.0 * mm, offset * mm), 2.0 * mm), 4.0 * pi - segment(0.5 - offset) - segment(0.5 + offset), 1e-5);
  }
}

TEST(Scar, LessOfARingLiesInItTheFartherTheAxis) {
  for (const double ring : {0.05 * mm, 0.3 * mm})
    for (const bool round : {true, false})
      for (double offset = 0.0; offset < 1.5 * mm; offset += 0.01 * mm) {
        const auto share = [&](double at) { return (round ? disc(1.0 * mm, at) : strip(1.0 * mm, at)).share(ring); };
        EXPECT_LE(share(offset + 0.01 * mm), share(offset) + 1e-15);
      }
}

TEST(Scar, HoldsTheAxisUpToItsBorder) {
  EXPECT_TRUE(disc(1.0 * mm, 0.49 * mm).holds_axis());
  EXPECT_FALSE(disc(1.0 * mm, 0.5 * mm).holds_axis());
  EXPECT_FALSE(Scar{}.holds_axis());
}

constexpr TissueRates some{.density = 1.0,
                           .uptake = {.rate = 0.3, .resident_density = 0.7, .capacity = 1.1},
                           .migration = {.rate = 0.02, .load = 0.1, .window = 14.0, .capacity = 1.3},
                           .free_lymph = 1.38,
                           .cell_death_loss = 0.017,
                           .matrix_release = 0.21,
                           .transfer = 0.003,
                           .slow_return = 0.00031,
                           .slow_loss = 0.00007};

/// The numbers of `some`, each times a factor of its own.
TissueRates others() {
  TissueRates result = some;
  auto* values = reinterpret_cast<double*>(&result);
  for (std::size_t n = 0; n < sizeof(TissueRates) / sizeof(double); ++n) values[n] *= 1.1 + 0.37 * static_cast<double>(n);
  return result;
}

TEST(TissueRates, OfARingInOneTissueAreThatTissuesToTheBit) {
  const TissueRates a = some, b = others(), none = TissueRates::blend(a, b, 0.0), all = TissueRates::blend(a, b, 1.0);
  EXPECT_EQ(std::memcmp(&none, &a, sizeof a), 0);
  EXPECT_EQ(std::memcmp(&all, &b, sizeof b), 0);
}

TEST(TissueRates, OfARingInBothLieBetweenInProportion) {
  const TissueRates a = some, b = others(), mean = TissueRates::blend(a, b, 0.25);
  const auto at = [](const TissueRates& rates, std::size_t n) { return reinterpret_cast<const double*>(&rates)[n]; };
  for (std::size_t n = 0; n < sizeof(TissueRates) / sizeof(double); ++n)
    EXPECT_NEAR(at(mean, n) / (0.75 * at(a, n) + 0.25 * at(b, n)), 1.0, 1e-15) << "number " << n;
}

}  // namespace
}  // namespace dermaflux
