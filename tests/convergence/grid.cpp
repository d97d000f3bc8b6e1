#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/small_cases.hpp"

/// A treatment on finer and finer grids.
namespace dermaflux {
namespace {

TEST(GridConvergence, OfDoseAndDepthFromLevelToLevel) {
  const Treatment t = test::treatment();
  double dose[3], depth[3];
  for (const GridLevel level : {GridLevel::quick, GridLevel::standard, GridLevel::fine}) {
    const MemberResult result = test::run_one(t, test::on_grid(level));
    const int n = static_cast<int>(level);
    dose[n] = test::output(result, "pigment_deposited_ng");
    depth[n] = test::output(result, "pigment_depth_mm");
  }
  // Steps and cells halve from level to level, so an error of first order halves and the differences with it: the sum of all
  // later differences is the last one, which is the estimate of --grid auto.
  EXPECT_LT(std::fabs(dose[2] - dose[1]), 0.7 * std::fabs(dose[1] - dose[0])) << dose[0] << ", " << dose[1] << ", " << dose[2];
  // In depth errors of opposite sign, of the tip's travel and of the rows, cancel already on the quick grid.
  for (int n = 1; n < 3; ++n) EXPECT_NEAR(depth[n] / depth[n - 1], 1.0, 0.02) << depth[0] << ", " << depth[1] << ", " << depth[2];
}

}  // namespace
}  // namespace dermaflux
