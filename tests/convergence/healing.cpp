#include <gtest/gtest.h>

#include <cmath>

#include "core/solver/healing_cycle.hpp"
#include "core/solver/healing_setup.hpp"
#include "tests/support/bound_case.hpp"

/// Time steps of healing, and the spread of pigment against the exact blur of a Gaussian.
namespace dermaflux {
namespace {

using namespace units;

/// Pools at a time [kg], in steps finer than the default ones by a factor: the share of time that a step is, and the root of the
/// tolerance.
std::vector<double> healed(double finer, double end, long& steps) {
  test::BoundCase one(test::treatment("normal", {{"machine.dwell_ms", "40"}}));
  one.run(SerialExecutor{});
  HealingProblem p = one.bound.healing;
  p.params.tolerance /= finer * finer;
  p.params.spread_share /= finer;
  p.params.first_step /= finer;
  HealingTally clock;
  lay_down(SerialExecutor{}, one.bound.insertion, p);
  heal_until(SerialExecutor{}, p, end, clock);
  measure(SerialExecutor{}, p, 1 * mm);
  steps = clock.steps;
  std::vector<double> pools;
  for (int n = 0; n < 4; ++n) pools.push_back(p.moments(n));
  return pools;
}

TEST(HealingConvergence, FinerStepsChangeLess) {
  long steps[4];
  std::vector<double> pools[4];
  const double finer[4] = {0.25, 1.0, 4.0, 16.0};
  for (int n = 0; n < 4; ++n) pools[n] = healed(finer[n], 42.0 * day, steps[n]);
  double total = 0.0;
  for (const double pool : pools[3]) total += pool;
  double error[3] = {};
  for (int n = 0; n < 3; ++n)
    for (std::size_t k = 0; k < 4; ++k) error[n] += std::fabs(pools[n][k] - pools[3][k]) / total;
  for (int n = 0; n < 3; ++n) EXPECT_GT(steps[n + 1], steps[n]);
  // Of first order: spread is, and what it is split from sees it in steps. A quarter per level, less the error of the judge. A step
  // of 3.5 % of the time, in which sigma^2 grows by as much, leaves half of that of what spreads, a few tenths of the pigment.
  EXPECT_LT(error[1], 0.5 * error[0]);
  EXPECT_LT(error[2], 0.5 * error[1]);
  EXPECT_LT(error[1], 0.01);
}

/// Width of a Gaussian in a row after spreading, and its peak over the exact one.
struct Blur {
  double variance, peak;
};
Blur spread_gaussian(int rings, int steps) {
  HealingProblem p{};
  constexpr int n_z = 8;
  const double end = 1 * mm;
  std::vector<double> memory(static_cast<std::size_t>(40 * (rings + 2) * (n_z + 2) + 40 * 200), 0.0);
  ViewArena arena{memory.data()};
  p.grid = take_grid(arena, rings, n_z);
  for (int i = 0; i <= rings; ++i) put(p.grid.r_face, i, end * i / rings);
  for (int i = 0; i < rings; ++i) put(p.grid.r_centre, i, end * (i + 0.5) / rings);
  for (int j = 0; j <= n_z; ++j) put(p.grid.z_face, j, 1e-4 * j);
  for (int j = 0; j < n_z; ++j) put(p.grid.z_centre, j, 1e-4 * (j + 0.5));
  lay_out_healing_rows(arena, p);
  lay_out_healing_state(arena, p);
  const double sigma = 0.1 * mm, diffusivity = 1e-17, time = 10.0 * year;
  for (int i = 0; i < rings; ++i)
    for (int j = 0; j < n_z; ++j) {
      const double r = p.grid.r_centre(i);
      p.pools.macrophage(p.grid.cell(i, j)) = std::exp(-0.5 * r * r / (sigma * sigma));
    }
  for (int n = 0; n < steps; ++n)
    SerialExecutor{}.rows(n_z, RadialSpreadStep{p, p.pools.macrophage, SpreadPair{diffusivity}, time / steps});
  double mass = 0.0, second = 0.0;
  for (int i = 0; i < rings; ++i) {
    const double weight = p.grid.ring_area(i) * p.pools.macrophage(p.grid.cell(i, 0));
    mass += weight;
    second += weight * p.grid.r_centre(i) * p.grid.r_centre(i);
  }
  const double exact = sigma * sigma + 2.0 * diffusivity * time;
  return {0.5 * second / mass / exact, p.pools.macrophage(0) * exact / (sigma * sigma)};
}

TEST(HealingConvergence, ADotBlursLikeAGaussian) {
  // sigma^2 = sigma_0^2 + 2 D t, peak = sigma_0^2 / sigma^2; D = 1e-17 m^2/s adds 79 um in ten years. The variance grows linearly
  // for any step; ring centres instead of ring means leave h^2/8 of it, (7.8 um)^2/8 against (127 um)^2. The peak is of first order
  // in the step, (2 D dt/sigma_0^2)/4 at the start and less later, and of second in the cells.
  const Blur fine = spread_gaussian(128, 80);
  EXPECT_NEAR(fine.variance, 1.0, 5e-4);
  EXPECT_NEAR(fine.peak, 1.0, 0.63 / 80 + 1e-3);
  const double coarse = std::fabs(spread_gaussian(128, 5).peak - 1.0), half = std::fabs(spread_gaussian(128, 10).peak - 1.0);
  EXPECT_NEAR(coarse / half, 2.0, 0.3);
}

}  // namespace
}  // namespace dermaflux
