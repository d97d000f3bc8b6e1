#include "core/grid/cartesian_grid.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/error.hpp"
#include "core/grid/cartesian_builder.hpp"

/// Graded rectilinear grids: as fine as asked where asked, smooth between, and no more cells than the budget.
namespace dermaflux {
namespace {

const AxisPlan plan{-2e-3, 2e-3, {{-0.2e-3, 0.2e-3, 10e-6}, {1e-3, 1e-3, 20e-6}}, 1.15, 200e-6};

TEST(CartesianBuilder, IsFineWhereAskedAndGrowsSmoothly) {
  const std::vector<double> faces = graded_faces(plan);
  EXPECT_EQ(faces.front(), plan.first);
  EXPECT_EQ(faces.back(), plan.last);
  double before = 0.0;
  for (std::size_t n = 0; n + 1 < faces.size(); ++n) {
    const double width = faces[n + 1] - faces[n], middle = 0.5 * (faces[n + 1] + faces[n]);
    ASSERT_GT(width, 0.0);
    EXPECT_LE(width, (middle > -0.2e-3 && middle < 0.2e-3 ? 10e-6 : plan.widest) * 1.001);
    const double other = before > 0.0 ? before : width;
    EXPECT_LT(std::max(width / other, other / width), 1.25) << "cell " << n;  // 1.15, and the kink where parts meet
    before = width;
  }
  EXPECT_LT(faces.size(), 150u);  // 40 fine ones, and four tails of ln(200/10)/ln 1.15 = 21, and the rest at 200 um
}

TEST(CartesianBuilder, MakesRowsByEights) { EXPECT_EQ((graded_faces({0.0, 1e-3, {}, 1.1, 70e-6}, 8).size() - 1) % 8, 0u); }

TEST(CartesianBuilder, RefusesMoreCellsThanTheBudgetAndNamesAGridThatFits) {
  const AxisPlan z{0.0, 3e-3, {{0.0, 1e-3, 15e-6}}, 1.15, 200e-6};
  const CartesianFaces faces = build_cartesian(plan, plan, z, 10'000'000);
  EXPECT_EQ(faces.cell_count() % 8, 0);
  try {
    build_cartesian(plan, plan, z, faces.cell_count() / 3);
    FAIL() << "accepted";
  } catch (const InputError& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find(std::to_string(faces.cell_count())), std::string::npos) << text;
    EXPECT_NE(text.find("times as wide would fit"), std::string::npos) << text;
  }
}

TEST(CartesianGrid, NumbersCellsInEitherOrder) {
  CartesianGridIn<Fastest::z> z;
  CartesianGridIn<Fastest::x> x;
  z.n_x = x.n_x = 5;
  z.n_y = x.n_y = 4;
  z.n_z = x.n_z = 3;
  std::vector<int> seen_z(60, 0), seen_x(60, 0);
  for (int i = 0; i < 5; ++i)
    for (int j = 0; j < 4; ++j)
      for (int k = 0; k < 3; ++k) {
        ++seen_z[static_cast<std::size_t>(z.cell(i, j, k))];
        ++seen_x[static_cast<std::size_t>(x.cell(i, j, k))];
      }
  EXPECT_EQ(seen_z, std::vector<int>(60, 1));
  EXPECT_EQ(seen_x, std::vector<int>(60, 1));
  EXPECT_EQ(z.cell(0, 0, 1) - z.cell(0, 0, 0), 1);
  EXPECT_EQ(x.cell(1, 0, 0) - x.cell(0, 0, 0), 1);
}

}  // namespace
}  // namespace dermaflux
