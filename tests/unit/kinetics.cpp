#include "core/physics/kinetics.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <initializer_list>
#include <random>

#include "core/units.hpp"

/// Kinetics of the pigment pools: exact limits, positivity, conservation to rounding and the order of the time step.
namespace dermaflux {
namespace {

using namespace units;

double sum(const PigmentPools& y) { return y.free + y.matrix + y.macrophage + y.slow; }

/// What the rates take out of all pools per time, with the pools as given.
double loss(const PoolRates& k, const PigmentPools& y) {
  return (k.free_lymph + k.exudation + k.photolysis.free) * y.free + k.photolysis.matrix * y.matrix +
         (k.cell_lymph + k.photolysis.macrophage) * y.macrophage + (k.slow_lymph + k.photolysis.slow) * y.slow;
}

PoolRates random_rates(std::mt19937& random) {
  std::uniform_real_distribution<double> decades(-3.0, 3.0);
  const auto rate = [&] { return std::pow(10.0, decades(random)); };
  return {.uptake = rate(),
          .free_lymph = rate(),
          .exudation = rate(),
          .matrix_release = rate(),
          .cell_lymph = rate(),
          .transfer = rate(),
          .slow_return = rate(),
          .slow_lymph = rate(),
          .photolysis = {rate(), rate(), rate(), rate()}};
}

PigmentPools random_pools(std::mt19937& random) {
  std::uniform_real_distribution<double> share(0.0, 1.0);
  return {share(random), share(random), share(random), share(random)};
}

/// A step leaves no pool negative and loses what its rates book. One division and some ten additions per pool: a dozen roundings
/// of the mass before; a step of 1e3 units times rates of 1e3 multiplies a loss of 1e-6 by 1e6, so each rounding counts against
/// sums of the order of the mass.
void expect_positive_and_booked(const PoolRates& rates, const PigmentPools& before, double dt) {
  const PigmentPools after = rates.advance(before, dt);
  for (const double pool : {after.free, after.matrix, after.macrophage, after.slow}) EXPECT_GE(pool, 0.0);
  // macrophage = known / (of_cells - loop): the difference cancels up to 1/(1 - loop), bounded by the ratio of the diagonals.
  const double of_cells = 1.0 + dt * (rates.cell_lymph + rates.transfer + rates.photolysis.macrophage);
  const double least = 1.0 + dt * (rates.cell_lymph + rates.photolysis.macrophage);
  EXPECT_NEAR(sum(after) + dt * loss(rates, after), sum(before), 20.0 * 2.2e-16 * sum(before) * of_cells / least);
}

TEST(PoolRates, StepIsPositiveAndLosesExactlyWhatItBooks) {
  std::mt19937 random(21);
  for (int n = 0; n < 500; ++n) {
    const PoolRates rates = random_rates(random);
    const PigmentPools before = random_pools(random);
    for (const double dt : {1e-6, 1e-2, 1.0, 1e3}) expect_positive_and_booked(rates, before, dt);
  }
}

TEST(PoolRates, CorrectorKeepsPositivityAndTheLedger) {
  std::mt19937 random(22);
  for (int n = 0; n < 500; ++n) {
    const PoolRates start = random_rates(random);
    const PigmentPools before = random_pools(random);
    for (const double dt : {1e-4, 1.0, 100.0}) {
      PoolRates end = start;
      end.uptake *= 0.3;  // cells have filled
      expect_positive_and_booked(end.corrector(before, start.advance(before, dt), start.uptake), before, dt);
    }
  }
}

TEST(PoolRates, ClosedExchangeKeepsAllPigment) {
  PoolRates rates{};
  rates.uptake = 3.0;
  rates.matrix_release = 0.5;
  rates.transfer = 0.2;
  rates.slow_return = 0.1;
  PigmentPools pools{1.0, 2.0, 0.5, 0.25};
  const double total = sum(pools);
  for (int n = 0; n < 1000; ++n) pools = rates.advance(pools, 0.3);
  EXPECT_NEAR(sum(pools), total, 1000 * 4.0 * 2.2e-16 * total);  // one rounding per pool and step
  // At equilibrium the cycle carries one flow, transfer macrophage = return slow; free pigment and matrix are empty.
  EXPECT_LT(pools.free, 1e-50);
  EXPECT_NEAR(rates.slow_return * pools.slow / (rates.transfer * pools.macrophage), 1.0, 1e-10);
  EXPECT_LT(pools.matrix, 1e-50);
}

TEST(PoolRates, NoRatesChangeNothing) {
  const PigmentPools before{1.0, 2.0, 3.0, 4.0}, after = PoolRates{}.advance(before, 1e9);
  EXPECT_EQ(after.free, 1.0);
  EXPECT_EQ(after.matrix, 2.0);
  EXPECT_EQ(after.macrophage, 3.0);
  EXPECT_EQ(after.slow, 4.0);
}

TEST(PoolRates, AnEndlessStepEmptiesEveryPoolThatLeaks) {
  std::mt19937 random(23);
  const PigmentPools after = random_rates(random).advance({1.0, 1.0, 1.0, 1.0}, 1e15);
  EXPECT_LT(sum(after), 1e-9);
}

/// The exact flow of the linear system, by classical Runge-Kutta with steps so small that its error is below 1e-12.
PigmentPools exact(const PoolRates& k, PigmentPools y, double end) {
  using Vector = std::array<double, 4>;
  const auto slope = [&k](const Vector& v) {
    const double taken = k.uptake * v[0], released = k.matrix_release * v[1], moved = k.transfer * v[2],
                 back = k.slow_return * v[3];
    return Vector{released - taken - (k.free_lymph + k.exudation + k.photolysis.free) * v[0],
                  -released - k.photolysis.matrix * v[1], taken + back - moved - (k.cell_lymph + k.photolysis.macrophage) * v[2],
                  moved - back - (k.slow_lymph + k.photolysis.slow) * v[3]};
  };
  const auto add = [](const Vector& a, const Vector& b, double h) {
    return Vector{a[0] + h * b[0], a[1] + h * b[1], a[2] + h * b[2], a[3] + h * b[3]};
  };
  constexpr int steps = 4000;
  const double h = end / steps;
  Vector v = {y.free, y.matrix, y.macrophage, y.slow};
  for (int n = 0; n < steps; ++n) {
    const Vector k1 = slope(v), k2 = slope(add(v, k1, 0.5 * h)), k3 = slope(add(v, k2, 0.5 * h)), k4 = slope(add(v, k3, h));
    v = add(add(add(add(v, k1, h / 6.0), k2, h / 3.0), k3, h / 3.0), k4, h / 6.0);
  }
  return {v[0], v[1], v[2], v[3]};
}

constexpr PoolRates cycle{.uptake = 1.3,
                          .free_lymph = 0.4,
                          .exudation = 0.1,
                          .matrix_release = 0.7,
                          .cell_lymph = 0.2,
                          .transfer = 0.5,
                          .slow_return = 0.3,
                          .slow_lymph = 0.06,
                          .photolysis = {0.05, 0.02, 0.03, 0.01}};

/// Largest error over the pools after unit time in `steps` steps, with or without the corrector.
double error_after(int steps, bool corrected) {
  PigmentPools y{1.0, 0.6, 0.2, 0.1};
  const PigmentPools reference = exact(cycle, y, 1.0);
  for (int n = 0; n < steps; ++n) {
    const PigmentPools trial = cycle.advance(y, 1.0 / steps);
    y = corrected ? cycle.corrector(y, trial, cycle.uptake).advance(y, 1.0 / steps) : trial;
  }
  return std::fmax(std::fmax(std::fabs(y.free - reference.free), std::fabs(y.matrix - reference.matrix)),
                   std::fmax(std::fabs(y.macrophage - reference.macrophage), std::fabs(y.slow - reference.slow)));
}

TEST(PoolRates, PredictorIsOfFirstAndCorrectorOfSecondOrder) {
  // Halving the step divides the error by 2^order; the next term changes the ratio by O(dt) = 1/64 relative.
  EXPECT_NEAR(error_after(64, false) / error_after(128, false), 2.0, 0.05);
  EXPECT_NEAR(error_after(64, true) / error_after(128, true), 4.0, 0.2);
  EXPECT_LT(error_after(128, true), 1e-4);
}

TEST(MacrophageRecruitment, RisesToItsPeakAndReturns) {
  const MacrophageRecruitment density{.peak = 5.0, .rise = 2.0 * day, .decay = 7.0 * day};
  EXPECT_DOUBLE_EQ(density(0.0, 1.0), 1.0);
  EXPECT_NEAR(density(1000.0 * day, 1.0), 1.0, 1e-12);
  double largest = 0.0, when = 0.0;
  for (double t = 0.0; t < 20.0 * day; t += 0.001 * day)
    if (const double now = density(t, 1.0); now > largest) {
      largest = now;
      when = t;
    }
  EXPECT_NEAR(largest, 5.0, 1e-6);  // the scan misses the top by half a step: (dt/2)^2 of the curvature
  EXPECT_NEAR(when / day, std::log(3.5) / (1.0 / 2.0 - 1.0 / 7.0), 0.002);
  EXPECT_DOUBLE_EQ(density(3.0 * day, 0.0), 1.0);  // outside the wound
}

TEST(PigmentUptake, SaturatesWhenEveryCellIsFull) {
  const PigmentUptake uptake{.rate = 1.0 / day, .resident_density = 1e13, .capacity = 1e-12};
  EXPECT_DOUBLE_EQ(uptake(1e13, 0.0), 1.0 / day);
  EXPECT_DOUBLE_EQ(uptake(5e13, 0.0), 5.0 / day);
  EXPECT_NEAR(uptake(1e13, 5.0), 0.5 / day, 1e-20);
  EXPECT_EQ(uptake(1e13, 10.0), 0.0);
  EXPECT_EQ(uptake(1e13, 20.0), 0.0);
  EXPECT_EQ(uptake(0.0, 0.0), 0.0);  // no cells, as in the epidermis
}

TEST(LadenCellMigration, NeedsALightLoadAndAYoungWound) {
  const LadenCellMigration leaving{.rate = 1e-6, .load = 0.1, .window = 14.0 * day, .capacity = 1e-12};
  EXPECT_EQ(leaving(1.0 * day, 1e13, 0.9), 1e-6);
  EXPECT_EQ(leaving(1.0 * day, 1e13, 1.1), 0.0);
  EXPECT_EQ(leaving(15.0 * day, 1e13, 0.9), 0.0);
}

TEST(LymphSizeFactor, FallsByTenAtTheStatedSizes) {
  const LymphSizeFactor factor{};
  EXPECT_DOUBLE_EQ(factor(30 * nm), 1.0);
  EXPECT_DOUBLE_EQ(factor(100 * nm), 1.0);
  EXPECT_NEAR(factor(200 * nm), 0.1, 1e-15);
  EXPECT_NEAR(factor(500 * nm), 0.01, 1e-15);
  EXPECT_NEAR(factor(1.0), 1e-3, 1e-18);
  for (double d = 50 * nm; d < 1000 * nm; d *= 1.1) EXPECT_GE(factor(d), factor(1.1 * d));
}

TEST(StokesEinstein, GivesThermalEnergyOverDrag) {
  // k_B T at 37 C is 4.2821e-21 J.
  EXPECT_NEAR(StokesEinstein{}(100 * nm, 1 * mPa_s) * 3.0 * pi * 1e-3 * 100e-9 / 4.2821e-21, 1.0, 2e-5);
}

TEST(HopDiffusivity, OfTheDefaultNumbersLiesInTheObservedSpreadOfTattoos) {
  // Observed over decades: 2e-18 to 7e-17 m^2/s. Half-life 300 days, recapture 0.95, hops of 30 um.
  const double spread = HopDiffusivity{}(std::log(2.0) / (300.0 * day), 0.95, 30 * um);
  EXPECT_GT(spread, 2e-18);
  EXPECT_LT(spread, 7e-17);
  EXPECT_DOUBLE_EQ(HopDiffusivity{}(1e-8, 0.95, 60 * um), 4.0 * HopDiffusivity{}(1e-8, 0.95, 30 * um));
}

TEST(DecayingRate, AddsUpToTheExactIntegralInAnySteps) {
  const DecayingRate rate{.initial = 0.15 / day, .decay = 0.917 * day};
  double integral = 0.0, t = 0.0;
  for (const double dt : {0.01, 0.2, 1.0, 3.0, 10.0}) {
    integral += rate(t, dt * day) * dt * day;
    t += dt * day;
  }
  EXPECT_NEAR(integral, 0.15 * 0.917 * -std::expm1(-14.21 / 0.917), 1e-15);
}

}  // namespace
}  // namespace dermaflux
