#include "core/treatment/ink.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/refusal.hpp"
#include "tests/support/small_cases.hpp"

/// Size classes of pigment stand for its log-normal distribution.
namespace dermaflux {
namespace {

Ink with_classes(int count) {
  Ink ink = test::treatment().ink;
  ink.size_classes = count;
  return ink;
}

/// Sum over the classes of their mass share times (ln(d/d_median)/ln(spread))^power.
double moment(const Ink& ink, int power) {
  double sum = 0.0;
  for (int n = 0; n < ink.size_classes; ++n) {
    const SizeClass size = ink.size_class(n);
    const double deviation = std::log(size.diameter / ink.particle_diameter) / std::log(ink.particle_spread);
    sum += size.share * std::pow(deviation, power);
  }
  return sum;
}

TEST(SizeClasses, HaveTheMomentsOfTheNormalDistributionOfTheLogarithm) {
  // A Gauss rule of n nodes is exact up to the power 2n - 1: 1, 0, 1, 0, 3, 0, 15, 0.
  const double exact[8] = {1.0, 0.0, 1.0, 0.0, 3.0, 0.0, 15.0, 0.0};
  for (int count = 1; count <= max_size_classes; ++count) {
    const Ink ink = with_classes(count);
    for (int power = 0; power < 2 * count; ++power) EXPECT_NEAR(moment(ink, power), exact[power], 1e-13) << count << ", " << power;
    for (int n = 1; n < count; ++n) EXPECT_GT(ink.size_class(n).diameter, ink.size_class(n - 1).diameter);
  }
}

TEST(SizeClasses, OfOneHoldTheMedian) {
  const Ink ink = with_classes(1);
  EXPECT_EQ(ink.size_class(0).diameter, ink.particle_diameter);
}

TEST(SizeClasses, OfOneHaveTheMeanDiameterOfTheDistribution) {
  // With the exact mean taken out, the sum over 81 points h = 0.1 apart is the midpoint rule for a normal density around s, the
  // logarithm of the spread, over one around 0, both cut at b = 4.05 standard deviations. Its error is h^2/24 times what the
  // slopes differ by at the ends; the next term is h^2 b^2 7/240, half a percent, of it.
  for (const double spread : {1.4, 1.8, 2.2}) {
    Ink ink = with_classes(1);
    ink.particle_spread = spread;
    const double s = std::log(spread), h = 0.1, b = 4.05;
    const auto below = [](double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); };
    const auto slope = [](double x) { return std::fabs(x) * std::exp(-0.5 * x * x) / std::sqrt(2.0 * units::pi); };
    const double kept = (below(b - s) - below(-b - s)) / (below(b) - below(-b));
    const double error = h * h / 24.0 * (slope(b - s) + slope(-b - s) + 2.0 * slope(b));
    const double mean = ink.class_mean(0, [](double d) { return d; });
    EXPECT_NEAR(mean / (ink.particle_diameter * std::exp(0.5 * s * s)), kept, 1.01 * error) << spread;
    EXPECT_GT(kept, 1.0 - 1e-3) << spread;
  }
}

TEST(SizeClasses, TogetherHaveTheMeanOfAnyPropertyOfTheDistribution) {
  const auto kinked = [](double d) { return d < 123e-9 ? 1.0 : 1e-7 / d; };
  for (int count = 1; count <= max_size_classes; ++count) {
    const Ink ink = with_classes(count);
    double mean = 0.0;
    for (int n = 0; n < count; ++n) mean += ink.size_class(n).share * ink.class_mean(n, kinked);
    EXPECT_NEAR(mean / ink.mass_mean(kinked), 1.0, 1e-13);
    for (int n = 1; n < count; ++n) EXPECT_LE(ink.class_mean(n, kinked), ink.class_mean(n - 1, kinked));
  }
}

TEST(SizeClasses, OfThreeGiveTheMeanDiameterOfTheDistribution) {
  // Error of a Gauss-Hermite rule of 3 nodes: 3!/6! times the sixth derivative of e^(s x) somewhere between the nodes, at most at
  // the largest, sqrt(3); s = ln 1.8.
  const Ink ink = with_classes(3);
  double mean = 0.0;
  for (int n = 0; n < 3; ++n) mean += ink.size_class(n).share * ink.size_class(n).diameter;
  const double s = std::log(ink.particle_spread);
  EXPECT_NEAR(mean / ink.particle_diameter, std::exp(0.5 * s * s), 6.0 / 720.0 * std::pow(s, 6) * std::exp(std::sqrt(3.0) * s));
}

TEST(SizeClasses, AreOneToFour) {
  for (const char* count : {"0", "5", "2.5"})
    test::expect_says(test::refusal<InputError>([&] {
                        test::treatment("normal", {{"ink.size_classes", count}});
                      }),
                      {"ink.size_classes", count, "1", "4"});
}

}  // namespace
}  // namespace dermaflux
