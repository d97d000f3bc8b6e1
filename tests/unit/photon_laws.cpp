#include "core/physics/photon_laws.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/physics/philox.hpp"
#include "core/physics/surface_laws.hpp"
#include "core/units.hpp"

/// Laws of one photon: random numbers, plain functions, scattering, surfaces, roulette.
namespace dermaflux {
namespace {

constexpr double epsilon = std::numeric_limits<double>::epsilon();

void expect_words(const Words& found, std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
  EXPECT_EQ(found.a, a);
  EXPECT_EQ(found.b, b);
  EXPECT_EQ(found.c, c);
  EXPECT_EQ(found.d, d);
}

TEST(Philox, GivesTheKnownAnswersOfItsAuthors) {
  // Salmon et al. 2011, vectors published with the paper (philox4x32, 10 rounds): zeros, ones, digits of pi.
  expect_words(Philox{0, 0}({0, 0, 0, 0}), 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8);
  constexpr std::uint32_t ones = 0xffffffff;
  expect_words(Philox{ones, ones}({ones, ones, ones, ones}), 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd);
  expect_words(Philox{0xa4093822, 0x299f31d0}({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}), 0xd16cfe09, 0x94fdcceb, 0x5001e420,
               0x24126ea1);
}

TEST(Philox, UniformNumbersLieInsideZeroAndOneWithMeanAndVarianceOfTheUniformLaw) {
  EXPECT_GT(Philox::uniform(0), 0.0);
  EXPECT_LT(Philox::uniform(0xffffffff), 1.0);
  constexpr int count = 100000;
  double sum = 0.0, squares = 0.0;
  for (std::uint32_t n = 0; n < count / 4; ++n) {
    const Words w = Philox{7, 0}({n, 0, 0, 0});
    for (const std::uint32_t word : {w.a, w.b, w.c, w.d}) {
      const double u = Philox::uniform(word);
      sum += u;
      squares += u * u;
    }
  }
  // Standard errors 1/sqrt(12 N) and sqrt(4/45/N); four of them.
  EXPECT_NEAR(sum / count, 0.5, 4.0 / std::sqrt(12.0 * count));
  EXPECT_NEAR(squares / count, 1.0 / 3.0, 4.0 * std::sqrt(4.0 / 45.0 / count));
}

TEST(HenyeyGreenstein, SamplesTheMeanCosineAndTheSecondMomentOfItsLaw) {
  // Moments of the Legendre polynomials of this law are g^l: <cos> = g, <cos^2> = (1 + 2 g^2)/3. Midpoint rule over the uniform
  // number, 2e5 points: h^2/24 times the difference of the slopes at the ends, below 4 g (1 + g)/(1 - g)^2 < 700 for g = 0.9: 1e-9.
  constexpr int points = 200000;
  for (const double g : {-0.6, 0.0, 5e-4, 0.3, 0.75, 0.9}) {
    double mean = 0.0, square = 0.0;
    for (int n = 0; n < points; ++n) {
      const double cosine = HenyeyGreenstein{g}((n + 0.5) / points);
      mean += cosine / points;
      square += cosine * cosine / points;
    }
    EXPECT_NEAR(mean, g, 1e-8 + 1.5e-7 * (std::fabs(g) < 1e-3)) << g;  // near 0 a series to g^2 stands in
    EXPECT_NEAR(square, (1.0 + 2.0 * g * g) / 3.0, 1e-8 + 1e-6 * (std::fabs(g) < 1e-3)) << g;
  }
}

TEST(HenyeyGreenstein, StaysInsideTheCosinesAtTheEndsOfTheDraws) {
  for (const double g : {-0.99, -1e-3, 0.0, 1e-3, 0.99})
    for (const std::uint32_t word : {0u, 1u, 0xfffffffeu, 0xffffffffu}) {
      const double cosine = HenyeyGreenstein{g}(Philox::uniform(word));
      EXPECT_GE(cosine, -1.0);
      EXPECT_LE(cosine, 1.0);
    }
}

TEST(TurnedDirection, KeepsTheAngleTheLengthAndCoversAllAzimuths) {
  const double c = std::sqrt(1.0 / 3.0);
  for (const Direction& from : {Direction{0, 0, 1}, Direction{0, 0, -1}, Direction{1, 0, 0}, Direction{c, -c, c},
                                Direction{-c, c, -c}, Direction{1e-9, 0, -std::sqrt(1 - 1e-18)}})
    for (const double cosine : {-1.0, -0.3, 0.0, 0.8, 1.0}) {
      Direction sum{0, 0, 0};
      constexpr int count = 16;
      for (int n = 0; n < count; ++n) {
        const Direction to = TurnedDirection{}(from, cosine, lane_turn((n + 0.5) / count));
        EXPECT_NEAR(to.x * to.x + to.y * to.y + to.z * to.z, 1.0, 8 * epsilon);
        EXPECT_NEAR(to.x * from.x + to.y * from.y + to.z * from.z, cosine, 8 * epsilon);
        sum = {sum.x + to.x / count, sum.y + to.y / count, sum.z + to.z / count};
      }
      // Equal azimuths: what is left of the sum points along the old direction.
      EXPECT_NEAR(sum.x, cosine * from.x, 16 * epsilon);
      EXPECT_NEAR(sum.y, cosine * from.y, 16 * epsilon);
      EXPECT_NEAR(sum.z, cosine * from.z, 16 * epsilon);
    }
}

TEST(TurnedDirection, KeepsTheLengthOverAMillionTurns) {
  Direction to{0, 0, 1};
  for (std::uint32_t n = 0; n < 1000000; ++n) {
    const Words w = Philox{3, 0}({n, 0, 0, 0});
    to = TurnedDirection{}(to, HenyeyGreenstein{0.8}(Philox::uniform(w.a)), lane_turn(Philox::uniform(w.b)));
  }
  EXPECT_NEAR(to.x * to.x + to.y * to.y + to.z * to.z, 1.0, 8 * epsilon);  // no drift: each step corrects the one before
}

TEST(FresnelSurface, IsTheClosedFormAtTheNormalAtBrewstersAngleAndBeyondTheCriticalOne) {
  const FresnelSurface in{1.0, 1.5}, out{1.5, 1.0};
  EXPECT_NEAR(in(1.0), 0.04, epsilon);
  EXPECT_NEAR(out(1.0), 0.04, epsilon);
  EXPECT_EQ((FresnelSurface{1.4, 1.4})(0.1), 0.0);
  // Brewster, tan = n: the parallel part vanishes, the other is ((n^2 - 1)/(n^2 + 1))^2.
  const double part = (1.5 * 1.5 - 1.0) / (1.5 * 1.5 + 1.0);
  EXPECT_NEAR(in(std::cos(std::atan(1.5))), 0.5 * part * part, 4 * epsilon);
  const double critical = std::sqrt(1.0 - 1.0 / 2.25);
  EXPECT_EQ(out(critical - 1e-9), 1.0);
  EXPECT_LT(out(critical + 1e-3), 1.0);
  EXPECT_NEAR(in(1e-9), 1.0, 1e-7);  // grazing
}

TEST(FresnelSurface, ReflectsTheSameFromBothSidesOfOneRay) {
  for (double cosine = 0.05; cosine < 1.0; cosine += 0.05) {
    const FresnelSurface in{1.0, 1.4}, out{1.4, 1.0};
    const double inside = in.refracted(cosine);
    EXPECT_NEAR(std::sqrt(1 - inside * inside) * 1.4, std::sqrt(1 - cosine * cosine), 4 * epsilon);  // Snell
    EXPECT_NEAR(out.refracted(inside), cosine, 8 * epsilon);
    EXPECT_NEAR(out(inside), in(cosine), 8 * epsilon / cosine);  // Snell's square root loses digits near grazing
  }
}

TEST(RussianRoulette, KeepsTheMeanWeight) {
  const RussianRoulette roulette{.threshold = 0.1, .chance = 0.25};
  constexpr int points = 1000;
  double mean = 0.0;
  for (int n = 0; n < points; ++n) mean += roulette(0.08, (n + 0.5) / points) / points;
  EXPECT_NEAR(mean, 0.08, 1e-15);
}

}  // namespace
}  // namespace dermaflux
