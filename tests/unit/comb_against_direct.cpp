#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <utility>
#include <vector>

#include "core/execution/executor.hpp"
#include "core/solver/comb_solver.hpp"
#include "tests/support/small_grid.hpp"

/// The solver of tissue and track against a dense direct solution.
namespace dermaflux {
namespace {

constexpr int n_r = 6, n_z = 16;

/// A system with conductances over six decades; some rows of the spine have a given value.
struct RandomSystem : test::SmallGrid {
  std::mt19937 random;
  CombSystem& s = p.system;

  explicit RandomSystem(unsigned seed) : SmallGrid(test::equal_faces(n_r, 1e-3), test::equal_faces(n_z, 1e-3)), random(seed) {
    std::uniform_real_distribution<double> share(0.5, 2.0), either(-1.0, 1.0);
    for (int i = 0; i < n_r; ++i)
      for (int j = 0; j < n_z; ++j) {
        const int k = p.grid.cell(i, j);
        s.storage(k) = share(random);
        s.radial(k) = i + 1 < n_r ? conductance() : 0.0;
        s.axial(k) = j + 1 < n_z ? conductance() : 0.0;
        s.residual(k) = either(random);
      }
    for (int j = 0; j < n_z; ++j) {
      s.wall(j) = conductance();
      s.face(j) = conductance();
      s.compliance(j) = j % 5 == 3 ? -1.0 : share(random);
      s.spine_residual(j) = s.compliance(j) < 0.0 ? 0.0 : either(random);
    }
    s.face(n_z) = 0.0;
  }
  double conductance() { return std::pow(10.0, std::uniform_real_distribution<double>(-3.0, 3.0)(random)); }
  static constexpr int size = n_r * n_z + n_z;

  /// Right-hand side, cells then spine.
  std::vector<double> right_side() const {
    std::vector<double> b(size);
    for (int k = 0; k < n_r * n_z; ++k) b[static_cast<std::size_t>(k)] = s.residual(k);
    for (int j = 0; j < n_z; ++j) b[static_cast<std::size_t>(n_r * n_z + j)] = s.spine_residual(j);
    return b;
  }
  /// The matrix, row by row, written from the balance of each cell and each row of the spine.
  std::vector<std::vector<double>> matrix() const {
    std::vector<std::vector<double>> a(size, std::vector<double>(size, 0.0));
    const auto link = [&a](int m, int n, double g) {
      const auto x = static_cast<std::size_t>(m), y = static_cast<std::size_t>(n);
      a[x][x] += g;
      a[y][y] += g;
      a[x][y] -= g;
      a[y][x] -= g;
    };
    for (int i = 0; i < n_r; ++i)
      for (int j = 0; j < n_z; ++j) {
        const int k = p.grid.cell(i, j);
        a[static_cast<std::size_t>(k)][static_cast<std::size_t>(k)] += s.storage(k);
        if (i + 1 < n_r) link(k, p.grid.cell(i + 1, j), s.radial(k));
        if (j + 1 < n_z) link(k, p.grid.cell(i, j + 1), s.axial(k));
      }
    for (int j = 0; j < n_z; ++j) {
      const int at = n_r * n_z + j;
      a[static_cast<std::size_t>(at)][static_cast<std::size_t>(at)] += std::fabs(s.compliance(j));
      link(at, p.grid.cell(0, j), s.wall(j));
      if (j + 1 < n_z) link(at, at + 1, s.face(j + 1));
    }
    a[static_cast<std::size_t>(n_r * n_z)][static_cast<std::size_t>(n_r * n_z)] +=
        s.face(0);  // to the drop, whose pressure is given
    for (int j = 0; j < n_z; ++j)
      if (s.compliance(j) < 0.0)
        for (int n = 0; n < size; ++n)
          a[static_cast<std::size_t>(n_r * n_z + j)][static_cast<std::size_t>(n)] = n == n_r * n_z + j ? 1.0 : 0.0;
    return a;
  }
};

/// Gaussian elimination with partial pivoting.
std::vector<double> direct_solution(std::vector<std::vector<double>> a, std::vector<double> b) {
  const std::size_t n = b.size();
  for (std::size_t k = 0; k < n; ++k) {
    std::size_t best = k;
    for (std::size_t m = k + 1; m < n; ++m)
      if (std::fabs(a[m][k]) > std::fabs(a[best][k])) best = m;
    std::swap(a[k], a[best]);
    std::swap(b[k], b[best]);
    for (std::size_t m = k + 1; m < n; ++m) {
      const double factor = a[m][k] / a[k][k];
      for (std::size_t c = k; factor != 0.0 && c < n; ++c) a[m][c] -= factor * a[k][c];
      b[m] -= factor * b[k];
    }
  }
  for (std::size_t k = n; k-- > 0;) {
    for (std::size_t c = k + 1; c < n; ++c) b[k] -= a[k][c] * b[c];
    b[k] /= a[k][k];
  }
  return b;
}

TEST(CombSolver, EqualsADirectSolveAtContrastsOfAMillion) {
  // The matrix is an M-matrix with row sums of at least 0.5, so |error| <= 2 max|residual| <= 2 tolerance max(storage) for the
  // cells; rounding: 1e-16 times the largest diagonal 4e3 times the solution of O(1), over 0.5, a few times.
  for (unsigned seed = 1; seed <= 5; ++seed) {
    RandomSystem system(seed);
    const std::vector<double> exact = direct_solution(system.matrix(), system.right_side());
    const SerialExecutor executor;
    executor.rows(n_z, FactorTeethStep{system.s});
    const double tolerance = 1e-10;
    const int iterations = solve_comb(executor, system.s, tolerance, 500);
    EXPECT_LT(iterations, 200);
    for (int k = 0; k < n_r * n_z; ++k)
      EXPECT_NEAR(system.s.correction(k), exact[static_cast<std::size_t>(k)], 8.0 * tolerance) << "seed " << seed << ", cell " << k;
    for (int j = 0; j < n_z; ++j)
      EXPECT_NEAR(system.s.spine_correction(j), exact[static_cast<std::size_t>(n_r * n_z + j)], 8.0 * tolerance) << "row " << j;
  }
}

TEST(CombSolver, IsDirectWithoutVerticalCouplingOfTheTissue) {
  RandomSystem system(9);
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
  executor.rows(n_z, AdvanceAndEliminateStep{s, s.direction, s.spine_direction, 0.0});
  executor.single(SpineSolveStep{s});
  executor.rows(n_z, SubstituteStep{s});
  std::vector<double> y;
  for (int k = 0; k < n_r * n_z; ++k) y.push_back(s.reduced(k));
  for (int j = 0; j < n_z; ++j) y.push_back(s.spine_reduced(j));
  return y;
}

double product(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0.0;
  for (std::size_t k = 0; k < a.size(); ++k) sum += a[k] * b[k];
  return sum;
}

TEST(CombSolver, PreconditionerIsSymmetricAndPositive) {
  RandomSystem system(4);
  std::normal_distribution<double> number;
  for (int trial = 0; trial < 20; ++trial) {
    std::vector<double> a, b;
    for (int k = 0; k < RandomSystem::size; ++k) {
      const bool given = k >= n_r * n_z && system.s.compliance(k - n_r * n_z) < 0.0;  // no unknown there
      a.push_back(given ? 0.0 : number(system.random));
      b.push_back(given ? 0.0 : number(system.random));
    }
    const std::vector<double> of_a = precondition(system, a), of_b = precondition(system, b);
    const double scale = std::sqrt(product(a, of_a) * product(b, of_b));
    EXPECT_NEAR(product(a, of_b), product(b, of_a), 1e-12 * scale);  // rounding of sums of 112 terms through two sweeps
    EXPECT_GT(product(a, of_a), 0.0);
  }
}

TEST(CombSolver, DoesNothingWithoutAResidual) {
  RandomSystem system(2);
  for (int k = 0; k < n_r * n_z; ++k) system.s.residual(k) = 0.0;
  for (int j = 0; j < n_z; ++j) system.s.spine_residual(j) = 0.0;
  const SerialExecutor executor;
  executor.rows(n_z, FactorTeethStep{system.s});
  EXPECT_EQ(solve_comb(executor, system.s, 1e-10, 50), 0);
  for (int k = 0; k < n_r * n_z; ++k) EXPECT_EQ(system.s.correction(k), 0.0);
}

}  // namespace
}  // namespace dermaflux
