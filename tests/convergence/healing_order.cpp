#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "core/simulation/cell_healing.hpp"
#include "tests/support/healing_grid.hpp"
#include "tests/support/small_grid.hpp"

/// Order of healing in time: of the reaction alone, and of the split step.
namespace dermaflux {
namespace {

using namespace units;

/// Pools of one cell after 14 days in equal steps: uptake that saturates, by cells that are recruited and leave, exudation,
/// lymph, death and the slow pool. `k` are the rates of no cell in particular [1/day].
std::vector<double> cell_after(int steps) {
  CellHealing cell{};
  HealingParams& c = cell.params;
  TissueRates& rates = cell.rates();
  rates.uptake = {.rate = 1.0 / day, .resident_density = 1e13, .capacity = 1.1 * ng};
  cell.courses().recruitment = {.peak = 5.0, .rise = 2.0 * day, .decay = 7.0 * day};
  cell.courses().open_track = {.initial = 0.15 / day, .decay = 0.917 * day};
  c.depletion.return_time = day;
  rates.free_lymph = 0.4 / day;
  rates.matrix_release = 0.2 / day;
  rates.transfer = 0.03 / day;
  rates.slow_return = rates.cell_death_loss = 0.01 / day;
  c.tolerance = 1e300;  // steps as long as they may be
  c.first_step = c.largest_step = 14.0 * day / steps;
  cell.residents = 1e13;
  cell.wound = 0.8;
  cell.lymph_factor = 1.0;
  cell.start = {40.0, 30.0, 0.0, 0.0};
  const PigmentPools y = heal_cell(cell, {14.0 * day}).front().pools;
  return {y.free, y.matrix, y.macrophage, y.slow};
}

double distance(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0.0, all = 0.0;
  for (std::size_t k = 0; k < a.size(); ++k) {
    sum += std::fabs(a[k] - b[k]);
    all += std::fabs(b[k]);
  }
  return sum / all;
}

TEST(HealingOrder, OfTheReactionIsTwo) {
  // Judge: the same with 2^14 steps, whose error is a thousand times smaller than that of 512: it moves the order by 0.001.
  const std::vector<double> judge = cell_after(1 << 14);
  EXPECT_GE(std::log2(distance(cell_after(256), judge) / distance(cell_after(512), judge)), 1.9);
  EXPECT_LT(distance(cell_after(512), judge), 1e-4);
}

/// Macrophage pigment after four days in equal steps: free pigment in the upper half of 64 rows of 10 um spreads while cells that
/// become denser with depth take it up. Uptake passes in a day, spread over a row (D t = h^2 / 2) takes 1000: the error of its own,
/// first-order scheme is small beside that of splitting as long as a step is not far below an hour.
std::vector<double> split_after(int steps) {
  test::HealingGrid h({0.0, 1 * mm}, test::equal_faces(64, 0.64 * mm));
  for (int j = 0; j < 64; ++j) {
    put(h.p.rows.residents, j, 1e13 * j / 63.0);
    h.p.pools.free(j) = j < 32 ? 1.0 : 0.0;
  }
  h.p.params.rates[at_axis].uptake.rate = 2.0 / day;
  h.p.params.spread[at_axis].free = 0.5 * (10 * um) * (10 * um) / (1000.0 * day);
  h.equal_steps(4.0 * day / steps);
  HealingTally tally;
  heal_until(SerialExecutor{}, h.p, 4.0 * day, tally);
  EXPECT_EQ(tally.steps, steps);
  std::vector<double> taken;
  for (int j = 0; j < 64; ++j) taken.push_back(h.p.pools.macrophage(j));
  return taken;
}

TEST(HealingOrder, OfTheSplittingIsTwo) {
  // With reaction and then spread, one after the other, the order here is 1.0; the reaction itself is exact. Spread by
  // backward Euler is of first order, as any linear scheme that stays positive for every step (Bolley & Crouzeix 1978); its error
  // is (D t / h^2) (D dt / h^2).
  const std::vector<double> judge = split_after(1 << 13);
  const double coarse = distance(split_after(32), judge), fine = distance(split_after(64), judge);
  EXPECT_GE(std::log2(coarse / fine), 1.9);
  EXPECT_LT(fine, 1e-7);
}

}  // namespace
}  // namespace dermaflux
