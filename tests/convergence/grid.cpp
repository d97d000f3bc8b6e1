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
  // Steps and cells halve from level to level, so errors of first order halve and the differences with them.
  for (const double* value : {dose, depth}) {
    const double coarse = std::fabs(value[1] - value[0]), fine = std::fabs(value[2] - value[1]);
    EXPECT_LT(fine, 0.7 * coarse) << value[0] << ", " << value[1] << ", " << value[2];
  }
}

}  // namespace
}  // namespace dermaflux
