#include "core/physics/kinetics.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "core/units.hpp"

/// Kinetics of the pigment pools: exact steps, limits, positivity and conservation to rounding.
namespace dermaflux {
namespace {

using namespace units;

/// e^(At) v of dy/dt = A y for a 2 x 2 matrix A with rows {a, b}, {c, d}, and its integral over the time: Taylor's series of a
/// 2^-k-th of the time, doubled k times.
struct Flow {
  double m[2][2], integral[2][2];
  double rounding;  ///< each doubling doubles it
};
Flow exact(const double (&a)[2][2], double time) {
  int halvings = 0;
  double h = time;
  for (; h * (std::fabs(a[0][0]) + std::fabs(a[0][1]) + std::fabs(a[1][0]) + std::fabs(a[1][1])) > 0.1; h *= 0.5) ++halvings;
  Flow of{{{1.0, 0.0}, {0.0, 1.0}}, {{h, 0.0}, {0.0, h}}, 1e-15};
  double term[2][2] = {{1.0, 0.0}, {0.0, 1.0}};
  for (int n = 1; n < 15; ++n) {  // 0.1^15 / 15! is far below rounding
    double next[2][2];
    for (int i = 0; i < 2; ++i)
      for (int k = 0; k < 2; ++k) next[i][k] = (a[i][0] * term[0][k] + a[i][1] * term[1][k]) * h / n;
    for (int i = 0; i < 2; ++i)
      for (int k = 0; k < 2; ++k) {
        term[i][k] = next[i][k];
        of.m[i][k] += term[i][k];
        of.integral[i][k] += term[i][k] * h / (n + 1);
      }
  }
  for (; halvings > 0; --halvings) {
    Flow twice{};
    twice.rounding = 2.0 * of.rounding;
    for (int i = 0; i < 2; ++i)
      for (int k = 0; k < 2; ++k) {
        twice.m[i][k] = of.m[i][0] * of.m[0][k] + of.m[i][1] * of.m[1][k];
        twice.integral[i][k] = of.integral[i][k] + of.m[i][0] * of.integral[0][k] + of.m[i][1] * of.integral[1][k];
      }
    of = twice;
  }
  return of;
}

/// Rates within six decades, and none.
double any_rate(std::mt19937& random) {
  const double decades = std::uniform_real_distribution<double>(-3.6, 3.0)(random);
  return decades < -3.0 ? 0.0 : std::pow(10.0, decades);
}

/// Mean time of a step's free pigment by the midpoint rule over exact steps, over half the step, before its middle.
double early_by_quadrature(const FreeExchange& step, double free, double matrix, double k) {
  constexpr int parts = 2000;
  double all = 0.0, moment = 0.0;
  for (int n = 0; n < parts; ++n) {
    // Finer where it is fast, times as the cube: parts are 3 (k dt)^(1/3) / 2000 of 1/k at most, the square of which over 24 is
    // 4e-5.
    const double from = std::pow(static_cast<double>(n) / parts, 3.0) * step.dt, to = std::pow((n + 1.0) / parts, 3.0) * step.dt;
    const double middle = 0.5 * (from + to);
    const FreeExchange until = FreeExchange::of(step.release, middle);
    const double there = until(free, matrix, k, until.decay(k)).left * (to - from);
    all += there;
    moment += there * middle;
  }
  return 1.0 - 2.0 * moment / (all * step.dt);
}

TEST(FreeExchange, IsExactForAnyStep) {
  // y = (matrix, free), dy/dt = {{-a, 0}, {a, -k}} y. The two agree to the roundings of the reference, and to those of the
  // quotient of nearly equal rates, 1e-16 / 0.01.
  std::mt19937 random(21);
  for (int n = 0; n < 2000; ++n) {
    const double a = any_rate(random), k = n % 3 == 0 ? a * (1.0 + 0.02 * (n % 7 - 3)) : any_rate(random);
    for (const double dt : {1e-6, 1e-2, 1.0, 10.0}) {
      const FreeExchange step = FreeExchange::of(a, dt);
      const FreePigment after = step(0.7, 1.3, k, step.decay(k));
      const Flow flow = exact({{-a, 0.0}, {a, -k}}, dt);
      const double free = flow.m[1][0] * 1.3 + flow.m[1][1] * 0.7;
      const double time = flow.integral[1][0] * 1.3 + flow.integral[1][1] * 0.7;
      EXPECT_NEAR(after.left, free, 2.0 * (flow.rounding + 1e-14)) << a << " " << k << " " << dt;
      EXPECT_NEAR(step.stays, flow.m[0][0], flow.rounding);
      EXPECT_NEAR(after.left + k * after.time, 0.7 + 1.3 * step.leaves, 1e-15 * 4.0);  // what has gone is what is missing
      if (k * dt > 1e-3) {
        EXPECT_NEAR(after.time, time, 2.0 * dt * (flow.rounding + 1e-14) * std::fmax(1.0, 1.0 / (k * dt)));
        EXPECT_NEAR(step.early(after, 1.3, k), early_by_quadrature(step, 0.7, 1.3, k), 1e-4);
      }
    }
  }
}

TEST(FreeExchange, StaysPositiveAndEmptiesInAnEndlessStep) {
  std::mt19937 random(22);
  for (int n = 0; n < 2000; ++n) {
    const FreeExchange step = FreeExchange::of(any_rate(random), 1e15);
    const double rate = any_rate(random);
    const FreePigment after = step(1.0, 2.0, rate, step.decay(rate));
    EXPECT_GE(after.left, 0.0);
    EXPECT_GE(after.time, 0.0);
    if (rate > 0.0) {
      EXPECT_LT(after.left, 1e-12);
    }
  }
  const FreeExchange still = FreeExchange::of(0.0, 1e9);
  EXPECT_EQ(still(1.0, 2.0, 0.0, still.decay(0.0)).left, 1.0);
  EXPECT_EQ(still.stays, 1.0);
}

TEST(HeldExchange, IsExactForAnyStep) {
  // y = (cells, slow), fed evenly: y(t) = e^(At) y_0 + integral / t (1, 0). Where the eigenvalues nearly agree the shares are those
  // of the same middle, to the square of 1e-5.
  std::mt19937 random(23);
  for (int n = 0; n < 2000; ++n) {
    HeldExchange rates{any_rate(random), any_rate(random), any_rate(random), any_rate(random)};
    if (n % 5 == 0) rates = {rates.cell_loss, 0.0, 1e-12 * rates.slow_return, rates.cell_loss};
    for (const double dt : {1e-6, 1e-2, 1.0, 10.0}) {
      const HeldShares of = rates(dt);
      const Flow flow = exact(
          {{-rates.cell_loss - rates.transfer, rates.slow_return}, {rates.transfer, -rates.slow_return - rates.slow_loss}}, dt);
      EXPECT_NEAR(of.cells.in_cells, flow.m[0][0], flow.rounding);
      EXPECT_NEAR(of.slow.in_cells, flow.m[0][1], flow.rounding);
      EXPECT_NEAR(of.cells.in_slow, flow.m[1][0], flow.rounding);
      EXPECT_NEAR(of.slow.in_slow, flow.m[1][1], flow.rounding);
      EXPECT_NEAR(of.fed.in_cells, flow.integral[0][0] / dt, 1e-10 + flow.rounding);
      EXPECT_NEAR(of.fed.in_slow, flow.integral[1][0] / dt, 1e-10 + flow.rounding);
      for (const double share :
           {of.cells.in_cells, of.cells.in_slow, of.slow.in_cells, of.slow.in_slow, of.fed.in_cells, of.fed.in_slow})
        EXPECT_GE(share, 0.0);
      // Nothing is lost that does not leave: the columns of A sum to the losses, which take so much of the integral.
      EXPECT_NEAR(1.0 - of.cells.in_cells - of.cells.in_slow,
                  rates.cell_loss * flow.integral[0][0] + rates.slow_loss * flow.integral[1][0],
                  flow.rounding * (1.0 + (rates.cell_loss + rates.slow_loss) * dt));
    }
  }
}

TEST(HeldExchange, KeepsAllWithoutLossAndComesToRest) {
  // At rest the cycle carries one flow: transfer x cells = return x slow.
  const HeldShares of = HeldExchange{0.0, 0.2, 0.1, 0.0}(1e4);
  EXPECT_NEAR(of.cells.in_cells, 1.0 / 3.0, 1e-15);
  EXPECT_NEAR(of.cells.in_slow, 2.0 / 3.0, 1e-15);
  EXPECT_NEAR(of.slow.in_cells + of.slow.in_slow, 1.0, 1e-15);
  const HeldShares nothing = HeldExchange{0.0, 0.0, 0.0, 0.0}(1e9);
  EXPECT_EQ(nothing.cells.in_cells, 1.0);
  EXPECT_EQ(nothing.slow.in_slow, 1.0);
  EXPECT_EQ(nothing.fed.in_cells, 1.0);
  EXPECT_EQ(nothing.cells.in_slow + nothing.slow.in_cells + nothing.fed.in_slow, 0.0);
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
  EXPECT_NEAR(leaving.lightest(1e13), 1.0, 1e-15);
  EXPECT_EQ(leaving(1.0 * day, 1.0 * day), 1e-6);
  EXPECT_NEAR(leaving(13.0 * day, 4.0 * day), 0.25e-6, 1e-21);  // a quarter of the step is in time
  EXPECT_EQ(leaving(15.0 * day, 1.0 * day), 0.0);
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
