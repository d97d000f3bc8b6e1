#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "core/execution/executor.hpp"
#include "core/solver/comb_solver.hpp"
#include "tests/support/random_system.hpp"

/// The solver of tissue and track against a dense direct solution.
namespace dermaflux {
namespace {

using test::direct_solution, test::product, test::random_values, test::RandomSystem;
constexpr int n_r = 6, n_z = 16;

TEST(CombSolver, EqualsADirectSolveAtContrastsOfAMillion) {
  // The matrix is an M-matrix with row sums of at least 0.5, so |error| <= 2 max|residual| <= 2 tolerance max(storage) for the
  // cells; rounding: 1e-16 times the largest diagonal 4e3 times the solution of O(1), over 0.5, a few times.
  for (unsigned seed = 1; seed <= 5; ++seed) {
    RandomSystem system(seed, n_r, n_z);
    const std::vector<double> exact = direct_solution(system.matrix(), system.right_side());
    const SerialExecutor executor;
    executor.rows(n_z, FactorTeethStep{system.s});
    const double tolerance = 1e-10;
    const int iterations = solve_comb(executor, system.s, tolerance, 500, 500);
    EXPECT_LT(iterations, 200);
    for (int k = 0; k < n_r * n_z; ++k)
      EXPECT_NEAR(system.s.correction(k), exact[static_cast<std::size_t>(k)], 8.0 * tolerance) << "seed " << seed << ", cell " << k;
    for (int j = 0; j < n_z; ++j)
      EXPECT_NEAR(system.s.spine_correction(j), exact[static_cast<std::size_t>(n_r * n_z + j)], 8.0 * tolerance) << "row " << j;
  }
}

TEST(CombSolver, IsDirectWithoutVerticalCouplingOfTheTissue) {
  RandomSystem system(9, n_r, n_z);
  for (int k = 0; k < n_r * n_z; ++k) system.s.axial(k) = 0.0;
  const std::vector<double> exact = direct_solution(system.matrix(), system.right_side());
  const SerialExecutor executor;
  executor.rows(n_z, FactorTeethStep{system.s});
  EXPECT_EQ(solve_comb(executor, system.s, 1e-9, 50), 1);
  for (int k = 0; k < n_r * n_z; ++k) EXPECT_NEAR(system.s.correction(k), exact[static_cast<std::size_t>(k)], 1e-9);
}

/// The preconditioner applied to a vector over cells and spine.
std::vector<double> precondition(RandomSystem& system, const std::vector<double>& x) {
  CombSystem& s = system.s;
  for (int k = 0; k < n_r * n_z; ++k) s.residual(k) = x[static_cast<std::size_t>(k)];
  for (int j = 0; j < n_z; ++j) s.spine_residual(j) = x[static_cast<std::size_t>(n_r * n_z + j)];
  const SerialExecutor executor;
  executor.rows(n_z, FactorTeethStep{s});
  executor.single(SpineFactorStep{s});
  executor.rows(n_z, AdvanceAndEliminateStep{s, s.direction, s.spine_direction, 0.0, 0.0});
  executor.single(SpineSolveStep{s});
  executor.rows(n_z, SubstituteStep{s});
  std::vector<double> y;
  for (int k = 0; k < n_r * n_z; ++k) y.push_back(s.reduced(k));
  for (int j = 0; j < n_z; ++j) y.push_back(s.spine_reduced(j));
  return y;
}

TEST(CombSolver, PreconditionerIsSymmetricAndPositive) {
  RandomSystem system(4, n_r, n_z);
  for (int trial = 0; trial < 20; ++trial) {
    const std::vector<double> a = random_values(system), b = random_values(system);
    const std::vector<double> of_a = precondition(system, a), of_b = precondition(system, b);
    const double scale = std::sqrt(product(a, of_a) * product(b, of_b));
    EXPECT_NEAR(product(a, of_b), product(b, of_a), 1e-12 * scale);  // rounding of sums of 112 terms through two sweeps
    EXPECT_GT(product(a, of_a), 0.0);
  }
}

TEST(CombSolver, DoesNothingWithoutAResidual) {
  RandomSystem system(2, n_r, n_z);
  for (int k = 0; k < n_r * n_z; ++k) system.s.residual(k) = 0.0;
  for (int j = 0; j < n_z; ++j) system.s.spine_residual(j) = 0.0;
  const SerialExecutor executor;
  executor.rows(n_z, FactorTeethStep{system.s});
  EXPECT_EQ(solve_comb(executor, system.s, 1e-10, 50), 0);
  for (int k = 0; k < n_r * n_z; ++k) EXPECT_EQ(system.s.correction(k), 0.0);
}

}  // namespace
}  // namespace dermaflux
