#include "core/grid/grid_builder.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "core/units.hpp"
#include "tests/support/refusal.hpp"
#include "tests/support/small_cases.hpp"
#include "tests/support/small_grid.hpp"

/// The grid of every level: sizes, order, volume.
namespace dermaflux {
namespace {

using namespace units;

constexpr GridExtent extent{.radius = 2 * mm, .fine_depth = 1 * mm, .depth = 3 * mm};
constexpr auto& levels = grid_levels;

TEST(GridBuilder, DoublesCellsFromLevelToLevel) {
  std::size_t rings = 16, rows = 64;
  for (const GridLevel level : levels) {
    const GridFaces faces = build_grid(level, extent);
    EXPECT_EQ(faces.r.size(), rings + 1);
    EXPECT_EQ(faces.z.size(), rows + 1);
    EXPECT_EQ(rows % 8, 0u);  // whole groups of rows
    rings *= 2;
    rows *= 2;
  }
}

TEST(GridBuilder, FacesIncreaseStrictlyFromAxisAndSurfaceToTheExtent) {
  for (const GridLevel level : levels) {
    const GridFaces faces = build_grid(level, extent);
    for (const auto* axis : {&faces.r, &faces.z}) {
      EXPECT_EQ(axis->front(), 0.0);
      for (std::size_t n = 1; n < axis->size(); ++n) EXPECT_GT((*axis)[n], (*axis)[n - 1]);
    }
    EXPECT_EQ(faces.r.back(), 2 * mm);
    EXPECT_EQ(faces.z.back(), 3 * mm);
  }
}

TEST(GridBuilder, RowsAreEqualInTheFineDepthAndWidthsGrowSmoothlyBeyond) {
  for (const GridLevel level : levels) {
    const GridFaces faces = build_grid(level, extent);
    const std::size_t equal = (faces.z.size() - 1) / 64 * 52;
    EXPECT_NEAR(faces.z[equal], 1 * mm, 1e-18);
    EXPECT_NEAR(faces.z[equal / 2], 0.5 * mm, 1e-18);
    for (std::size_t n = equal + 1; n + 1 < faces.z.size(); ++n) {
      const double ratio = (faces.z[n + 1] - faces.z[n]) / (faces.z[n] - faces.z[n - 1]);
      EXPECT_GT(ratio, 1.0);
      EXPECT_LT(ratio, 1.5);
    }
  }
}

TEST(GridBuilder, VolumesSumToTheCylinders) {
  for (const GridLevel level : levels) {
    const GridFaces faces = build_grid(level, extent);
    const test::SmallGrid grid(faces.r, faces.z);
    double sum = 0.0;
    for (int i = 0; i < grid.p.grid.n_r; ++i)
      for (int j = 0; j < grid.p.grid.n_z; ++j) sum += grid.p.grid.volume(i, j);
    EXPECT_NEAR(sum / (pi * 4.0 * 3.0 * mm * mm * mm), 1.0, 2e-13);  // roundings of 65536 terms add as a random walk
  }
}

TEST(GridBuilder, ReachesBelowTheDeepestTip) {
  const Treatment deep = test::treatment("normal", {{"machine.depth_mm", "2.0"}});
  EXPECT_GT(grid_extent(deep).fine_depth, solve_puncture(deep).tip_depth);
  // In thin skin that tip is in the fat: rows are equal across the interface and the grid goes on for two millimetres below it.
  const Treatment thin = test::treatment("atrophic", {{"machine.depth_mm", "2.0"}});
  EXPECT_GT(solve_puncture(thin).tip_depth, thin.skin.bottom_of(LayerKind::dermis));
  EXPECT_GT(grid_extent(thin).fine_depth, solve_puncture(thin).tip_depth);
  EXPECT_GT(grid_extent(thin).depth, solve_puncture(thin).tip_depth + 2.0 * mm);
}

TEST(GridBuilder, NamesItsLevels) {
  for (const GridLevel level : levels) EXPECT_EQ(grid_level(grid_level_name(level)), level);
  test::expect_says(test::refusal<InputError>([] { grid_level("coarse"); }), {"coarse", "quick", "standard", "fine"});
}

}  // namespace
}  // namespace dermaflux
