#include "kernels/cuda/draws.cuh"

#include <gtest/gtest.h>
#include <thrust/execution_policy.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/physics/philox.hpp"
#include "kernels/cuda/order.cuh"

/// What Thrust makes of an ensemble, by its host backend: the same source as on the device.
namespace dermaflux {
namespace {

constexpr int settings = 7, draws = 33;
const double nan = std::nan("");

/// Numbers in (0, 1), some of them failed members; setting 5 has none that did not fail.
std::vector<double> values_with_failures(unsigned seed) {
  std::vector<double> values;
  for (unsigned k = 0; k < settings * draws; ++k) {
    const Words words = Philox{seed, 0u}({k, 0u, 0u, 0u});
    values.push_back(words.b % 9 == 0 || k / draws == 5 ? nan : Philox::uniform(words.a));
  }
  return values;
}

/// Draws of a setting that did not fail, sorted.
std::vector<double> good_draws(const std::vector<double>& values, int setting) {
  std::vector<double> own(values.begin() + setting * draws, values.begin() + (setting + 1) * draws);
  std::erase_if(own, [](double value) { return std::isnan(value); });
  std::sort(own.begin(), own.end());
  return own;
}

TEST(Draws, AreRankedFromTheLargestAndEqualOnesStayInOrder) {
  std::vector<double> costs = {2.0, 5.0, 2.0, 9.0, 5.0, -1.0};
  std::vector<std::size_t> order(costs.size());
  rank_falling(thrust::host, costs.begin(), costs.end(), order.begin());
  EXPECT_EQ(order, (std::vector<std::size_t>{3, 1, 4, 0, 2, 5}));
}

TEST(Draws, AreSummedInTheirOrder) {
  const std::vector<double> values = values_with_failures(1);
  std::vector<double> sums(settings);
  for_settings(thrust::host, sums.begin(), settings, SumOfDraws{{values.data(), settings, draws}});
  for (int s = 0; s < settings; ++s) {
    double sum = 0.0;
    for (int n = 0; n < draws; ++n)
      if (!std::isnan(values[static_cast<std::size_t>(s * draws + n)])) sum += values[static_cast<std::size_t>(s * draws + n)];
    EXPECT_EQ(sums[static_cast<std::size_t>(s)], sum);  // bit by bit
  }
}

TEST(Draws, AreSortedWithinTheirSettingFailedOnesLast) {
  std::vector<double> values = values_with_failures(2);
  const std::vector<double> before = values;
  std::vector<int> room(values.size());
  sort_draws(thrust::host, values.begin(), static_cast<long>(values.size()), draws, room.begin());
  for (int s = 0; s < settings; ++s) {
    const std::vector<double> good = good_draws(before, s);
    for (int n = 0; n < draws; ++n) {
      const double value = values[static_cast<std::size_t>(s * draws + n)];
      if (n < static_cast<int>(good.size()))
        EXPECT_EQ(value, good[static_cast<std::size_t>(n)]);
      else
        EXPECT_TRUE(std::isnan(value));
    }
  }
}

TEST(Draws, HaveTheQuantilesOfTheirDefinition) {
  std::vector<double> values = {4.0, 1.0, nan, 3.0, 2.0, nan, nan, nan, nan, nan};
  std::vector<int> room(values.size());
  sort_draws(thrust::host, values.begin(), 10, 5, room.begin());
  std::vector<double> found(2);
  const DrawTable sorted{values.data(), 2, 5};
  for (const auto& [share, expected] : {std::pair{0.0, 1.0}, {0.5, 2.5}, {0.25, 1.75}, {1.0, 4.0}}) {
    for_settings(thrust::host, found.begin(), 2, QuantileOfDraws{sorted, share});
    EXPECT_DOUBLE_EQ(found[0], expected);
    EXPECT_TRUE(std::isnan(found[1]));  // all failed
  }
}

TEST(Draws, AreCountedBelowEdges) {
  const std::vector<double> sorted = {0.1, 0.2, 0.2, 0.4, 0.9}, edges = {0.0, 0.2, 0.5, 1.0};
  std::vector<long> below(edges.size());
  count_below(thrust::host, sorted.begin(), sorted.end(), edges.begin(), edges.end(), below.begin());
  EXPECT_EQ(below, (std::vector<long>{0, 1, 4, 5}));
}

TEST(Draws, GiveTheShareThatKeepsEveryRuleAndFailedOnesKeepNone) {
  const std::vector<double> one = values_with_failures(3), other = values_with_failures(4);
  const Rule rules[] = {{one.data(), 0.2, 0.8}, {other.data(), 0.1, HUGE_VAL}};
  std::vector<double> shares(settings);
  for_settings(thrust::host, shares.begin(), settings, ShareOfDraws{rules, 2, draws});
  for (int s = 0; s < settings; ++s) {
    int right = 0;
    for (int n = 0; n < draws; ++n) {
      const auto at = static_cast<std::size_t>(s * draws + n);
      right += one[at] >= 0.2 && one[at] <= 0.8 && other[at] >= 0.1;
    }
    EXPECT_EQ(shares[static_cast<std::size_t>(s)], static_cast<double>(right) / draws);
  }
  EXPECT_EQ(shares[5], 0.0);
  EXPECT_GT(shares[0], 0.0);
}

}  // namespace
}  // namespace dermaflux
