#include "validation/gpu/lines.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "tests/support/bound_case.hpp"

/// The host's half of the comparison with cuSPARSE in validation/gpu: the systems, their layouts, the judge of solutions.
namespace dermaflux::gpu_check {
namespace {

class Lines : public ::testing::TestWithParam<LinesAlong> {
 protected:
  static const LineEnsemble& ensemble() {
    static const LineEnsemble all =
        line_ensemble({test::treatment("normal"), test::treatment("hypertrophic")}, GridLevel::quick, 2, 3);
    return all;
  }
};

TEST_P(Lines, AreSystemsWithARowSumOfStorageAndEqualConductancesOnBothSides) {
  const Tridiagonals s = systems_of(ensemble(), GetParam());
  ASSERT_EQ(ensemble().members(), 6);
  ASSERT_EQ(static_cast<int>(s.right.size()), s.length * s.count);
  const double nothing = 1e-60 * *std::max_element(s.right.begin(), s.right.end());  // what transport leaves where no ink is
  EXPECT_GT(nothing, 0.0);
  for (std::size_t k = 0; k < s.right.size(); ++k) {
    const bool last = static_cast<int>(k) % s.length == s.length - 1;
    EXPECT_GT(s.storage[k], 0.0);
    EXPECT_GE(s.right[k], -nothing);
    if (last)
      EXPECT_EQ(s.upper[k], 0.0);
    else
      EXPECT_EQ(s.upper[k], s.lower[k + 1]);
    // Two sums of three positive numbers, rounded twice each.
    EXPECT_NEAR(s.diagonal[k] + s.lower[k] + s.upper[k], s.storage[k],
                4.0 * std::numeric_limits<double>::epsilon() * s.diagonal[k]);
  }
}

TEST_P(Lines, DifferFromTreatmentToTreatment) {
  const Tridiagonals s = systems_of(ensemble(), GetParam());
  const std::size_t size = s.diagonal.size() / 6;
  for (std::size_t a = 0; a < 6; ++a)
    for (std::size_t b = 0; b < a; ++b) {
      const auto one = s.diagonal.begin() + static_cast<long>(a * size), other = s.diagonal.begin() + static_cast<long>(b * size);
      EXPECT_FALSE(std::equal(one, one + static_cast<long>(size), other)) << a << " and " << b;
    }
}

TEST_P(Lines, AreSolvedByOurStepsAndByEliminationWithinWhatRoundingAllows) {
  const Tridiagonals s = systems_of(ensemble(), GetParam());
  std::vector<double> memory = ensemble().memory;
  solve_emulated(ensemble(), memory, GetParam());
  const std::vector<double> ours = solution_of(ensemble(), memory, GetParam());
  const std::vector<double> thomas = by_line(eliminate_interleaved(interleaved(s)), s.length);
  EXPECT_LE(error_of_our_steps(s, ours), 1.0);
  EXPECT_LE(error_of_matrix_solver(s, thomas, false), 1.0);
  EXPECT_LE(error_of_matrix_solver(s, ours, false), 1.0);
}

TEST_P(Lines, OfAWrongSolutionAreFoundOut) {
  const Tridiagonals s = systems_of(ensemble(), GetParam());
  std::vector<double> x = by_line(eliminate_interleaved(interleaved(s)), s.length);
  // Each line has a bound of its own, so the number that is changed is the largest of all.
  double& largest = *std::max_element(x.begin(), x.end());
  const double right = largest;
  largest = right * (1.0 + 1e-7);
  EXPECT_GT(error_of_our_steps(s, x), 1.0);
  EXPECT_GT(error_of_matrix_solver(s, x, true), 1.0);
  largest = std::nan("");
  EXPECT_GT(error_of_our_steps(s, x), 1.0);
  EXPECT_GT(error_of_matrix_solver(s, x, true), 1.0);
}

TEST_P(Lines, KeepTheInkTheySpread) {
  // Eliminated cells are kept as storage, without differences: each of n cells rounds a few times.
  const Tridiagonals s = systems_of(ensemble(), GetParam());
  std::vector<double> memory = ensemble().memory;
  solve_emulated(ensemble(), memory, GetParam());
  const std::vector<double> x = solution_of(ensemble(), memory, GetParam());
  const double before = std::accumulate(s.right.begin(), s.right.end(), 0.0);
  const double after = std::inner_product(x.begin(), x.end(), s.storage.begin(), 0.0);
  EXPECT_NEAR(after, before, 5.0 * s.length * s.length * std::numeric_limits<double>::epsilon() * before);
  double moved = 0.0;
  for (std::size_t k = 0; k < x.size(); ++k) moved += std::fabs(x[k] * s.storage[k] - s.right[k]);
  EXPECT_GT(moved, 1e-6 * before);  // and something moves, far above rounding
}

TEST_P(Lines, LieTheSameAfterTurningThemTwice) {
  const Tridiagonals s = systems_of(ensemble(), GetParam());
  EXPECT_EQ(by_line(interleaved(s.diagonal, s.length), s.length), s.diagonal);
  EXPECT_EQ(interleaved(s.diagonal, s.length)[1], s.diagonal[static_cast<std::size_t>(s.length)]);  // the second line's first place
}

INSTANTIATE_TEST_SUITE_P(Along, Lines, ::testing::Values(LinesAlong::rings, LinesAlong::rows),
                         [](const auto& one) { return one.param == LinesAlong::rings ? "Rings" : "Rows"; });

}  // namespace
}  // namespace dermaflux::gpu_check
