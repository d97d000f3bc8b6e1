#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <thread>
#include <vector>

#include "core/execution/executor.hpp"
#include "core/solver/comb_solver.hpp"
#include "tests/support/random_system.hpp"
#include "tests/support/same_bits.hpp"

/// Multigrid over the rows: the same answers as a direct solution, a symmetric preconditioner, few iterations whatever the grid.
namespace dermaflux {
namespace {

using test::direct_solution, test::product, test::random_values, test::RandomSystem;

constexpr int never = 1000;  // patience: the comb alone; 0 is multigrid alone

/// Solves and returns cells, then spine.
template <class Executor>
std::vector<double> solve(const Executor& executor, RandomSystem& system, double tolerance, int patience, int& iterations) {
  executor.rows(system.n_z, FactorTeethStep{system.s});
  iterations = solve_comb(executor, system.s, tolerance, 500, patience);
  std::vector<double> x(system.s.correction.data, system.s.correction.data + system.s.correction.size);
  x.insert(x.end(), system.s.spine_correction.data, system.s.spine_correction.data + system.n_z);
  return x;
}

class RowMultigrid : public ::testing::TestWithParam<int> {};  // number of rows

TEST_P(RowMultigrid, EqualsADirectSolveAtContrastsOfAMillion) {
  // As for the comb: |error| <= 2 tolerance max(storage) <= 4 tolerance for the cells, and rounding.
  for (unsigned seed = 1; seed <= 3; ++seed)
    for (const int patience : {0, 4}) {
      RandomSystem system(seed, 5, GetParam());
      const std::vector<double> exact = direct_solution(system.matrix(), system.right_side());
      int iterations = 0;
      const std::vector<double> x = solve(SerialExecutor{}, system, 1e-10, patience, iterations);
      EXPECT_LT(iterations, 500);
      for (std::size_t k = 0; k < x.size(); ++k)
        EXPECT_NEAR(x[k], exact[k], 8e-10) << "seed " << seed << ", patience " << patience << ", unknown " << k;
    }
}

/// The preconditioner applied to a vector over cells and spine.
std::vector<double> precondition(RandomSystem& system, const std::vector<double>& x) {
  CombSystem& s = system.s;
  const int cells = system.n_r * system.n_z;
  for (int k = 0; k < cells; ++k) s.residual(k) = x[static_cast<std::size_t>(k)];
  for (int j = 0; j < system.n_z; ++j) s.spine_residual(j) = x[static_cast<std::size_t>(cells + j)];
  const SerialExecutor executor;
  const RowLevel rows = RowHierarchy{system.n_r + 1, system.n_z}.level(s.levels, 0);
  executor.rows(system.n_z, FactorTeethStep{s});
  set_up_levels(executor, s);
  executor.rows(rows.pairs, AdvanceAndSplitStep{s, rows, s.direction, s.spine_direction, 0.0, 0.0});
  run_cycle(executor, s);
  std::vector<double> y(s.reduced.data, s.reduced.data + cells);
  y.insert(y.end(), s.spine_reduced.data, s.spine_reduced.data + system.n_z);
  return y;
}

TEST_P(RowMultigrid, PreconditionerIsSymmetricAndPositive) {
  RandomSystem system(4, 5, GetParam());
  for (int trial = 0; trial < 10; ++trial) {
    const std::vector<double> a = random_values(system), b = random_values(system);
    const std::vector<double> of_a = precondition(system, a), of_b = precondition(system, b);
    // Rounding: 1e-16 times the number of terms, a few hundred, through at most eight levels.
    EXPECT_NEAR(product(a, of_b), product(b, of_a), 1e-12 * std::sqrt(product(a, of_a) * product(b, of_b)));
    EXPECT_GT(product(a, of_a), 0.0);
  }
}

TEST_P(RowMultigrid, IsDirectWhereRingsExchangeNothing) {
  // Cyclic reduction column by column, exact but for the matrix's single precision. A rounded conductance changes the energy x'Ax
  // by a share u = 2^-24 of it, but a rounded inverse diagonal by u times diagonal over storage, at most 2 * 1e3 + 2 over 0.5.
  // Storage doubles and conductance does not from level to level, so that all levels make at most twice that share, 5e-4.
  const double u = std::ldexp(1.0, -24), share = 2.0 * u * 2002.0 / 0.5;
  RandomSystem system(6, 5, GetParam());
  for (int k = 0; k < system.n_r * system.n_z; ++k) system.s.radial(k) = 0.0;
  for (int j = 0; j < system.n_z; ++j) system.s.wall(j) = 0.0;
  const std::vector<std::vector<double>> matrix = system.matrix();
  const auto times_matrix = [&matrix](const std::vector<double>& x) {
    std::vector<double> y;
    for (const std::vector<double>& row : matrix) y.push_back(product(row, x));
    return y;
  };
  const std::vector<double> exact = direct_solution(matrix, system.right_side());
  int iterations = 0;
  const std::vector<double> solution = solve(SerialExecutor{}, system, 1e-10, 0, iterations);
  // One iteration leaves about `share` of the energy's root, n iterations its power n: 1e-10 of the residual takes 3 and, since
  // the residual weighs stiff errors by the root of the condition 1e4 more than energy, at most one more.
  EXPECT_LE(iterations, 4);
  for (std::size_t k = 0; k < solution.size(); ++k) EXPECT_NEAR(solution[k], exact[k], 1e-9);
  const std::vector<double> x = random_values(system), image = times_matrix(x), y = precondition(system, image);
  std::vector<double> error = y;
  for (std::size_t k = 0; k < x.size(); ++k) error[k] -= x[k];
  EXPECT_LE(std::sqrt(product(error, times_matrix(error))), share * std::sqrt(product(x, image)));
}

TEST_P(RowMultigrid, DoesNotDependOnTheUnitOfTheSystem) {
  // Matrix and right-hand side times a power of two, beyond the range of single precision: the same bits.
  std::vector<double> x[3];
  int iterations[3] = {};
  const int powers[3] = {0, -200, 200};
  for (int n = 0; n < 3; ++n) {
    RandomSystem system(7, 5, GetParam());
    const CombSystem& s = system.s;
    for (const FieldView<double>& view : {s.storage, s.radial, s.axial, s.residual, s.wall, s.face, s.compliance, s.spine_residual})
      for (int k = 0; k < view.size; ++k) view(k) = std::ldexp(view(k), powers[n]);
    x[n] = solve(SerialExecutor{}, system, 1e-10, 0, iterations[n]);
    EXPECT_EQ(iterations[n], iterations[0]);
    EXPECT_TRUE(test::same_bits(x[n], x[0])) << "2^" << powers[n];
  }
}

INSTANTIATE_TEST_SUITE_P(Rows, RowMultigrid, ::testing::Values(8, 16, 24, 40, 72),
                         [](const auto& instance) { return std::to_string(instance.param); });

/// Rows one at a time, the last first, as a block of a GPU may take them.
struct BackwardExecutor : SerialExecutor {
  template <class Step>
  void cells(int n_i, int n_j, const Step& step) const {
    for (int k = n_i * n_j - 1; k >= 0; --k) step(k / n_j, k % n_j);
  }
  template <class Step>
  void rows(int n_j, const Step& step) const {
    for (int j = n_j - 1; j >= 0; --j) step.template rows<1>(j);
  }
};

/// Groups of 8 rows on two threads at once.
struct ThreadedExecutor : SerialExecutor {
  template <class Step>
  void rows(int n_j, const Step& step) const {
    const auto every_second = [&step, n_j](int first) {
      for (int j = first * row_width; j < n_j; j += 2 * row_width) step.template rows<row_width>(j);
    };
    std::jthread other(every_second, 1);
    every_second(0);
  }
};

TEST(RowMultigridBits, AreTheSameForAnyOrderGroupingAndThreads) {
  for (const int rows : {8, 24, 40, 64, 104}) {
    int iterations[3] = {};
    RandomSystem serial(3, 6, rows), backward(3, 6, rows), threaded(3, 6, rows);
    const std::vector<double> x = solve(SerialExecutor{}, serial, 1e-8, 2, iterations[0]);
    EXPECT_TRUE(test::same_bits(x, solve(BackwardExecutor{}, backward, 1e-8, 2, iterations[1]))) << rows << " rows";
    EXPECT_TRUE(test::same_bits(x, solve(ThreadedExecutor{}, threaded, 1e-8, 2, iterations[2]))) << rows << " rows";
    EXPECT_EQ(iterations[0], iterations[1]);
    EXPECT_EQ(iterations[0], iterations[2]);
  }
}

/// Pressure with almost no storage in skin of 20 layers between 1e-19 and 1e-13 m^2, torn around a track that conducts a thousand
/// times better and is closed below.
struct LayeredSkin : RandomSystem {
  std::vector<double> right_side_at_start;

  LayeredSkin(unsigned seed, int rows) : RandomSystem(seed, 48, rows) {
    const double viscosity = 1e-3, specific_storage = 7e-6, dt = 100.0;
    const AxisymmetricGrid& grid = p.grid;
    std::uniform_real_distribution<double> decade(-19.0, -13.0), either(-1.0, 1.0);
    double layers[20];
    for (double& layer : layers) layer = std::pow(10.0, decade(random));
    const auto resistance = [&](int i, int j) {
      const double away = grid.r_centre(i) / 0.15e-3;
      return viscosity / (layers[j * 20 / n_z] * (1.0 + 29.0 * std::exp(-away * away)));
    };
    for (int i = 0; i < n_r; ++i)
      for (int j = 0; j < n_z; ++j) {
        const int k = grid.cell(i, j);
        const double here = resistance(i, j);
        s.storage(k) = grid.volume(i, j) * specific_storage / dt;
        s.radial(k) = i + 1 < n_r ? 2.0 * grid.outer_area(i, j) / (grid.dr(i) * (here + resistance(i + 1, j))) : 0.0;
        s.axial(k) = j + 1 < n_z ? 2.0 * grid.ring_area(i) / (grid.dz(j) * (here + resistance(i, j + 1))) : 0.0;
        s.residual(k) = grid.volume(i, j) * either(random);
      }
    for (int j = 0; j < n_z; ++j) {
      s.wall(j) = s.radial(grid.cell(0, j));
      s.compliance(j) = j < n_z / 2 ? 1e-3 * s.storage(grid.cell(0, j)) : -1.0;
      s.face(j) = 0 < j && j < n_z / 2 ? 1e3 * s.axial(grid.cell(0, j)) : 0.0;
      s.spine_residual(j) = 0.0;
    }
    right_side_at_start = right_side();
  }
  /// Norm of the residual after some iterations from zero, relative to the right-hand side.
  double residual_after(int iterations, int patience) {
    const int cells = n_r * n_z;
    for (int k = 0; k < cells; ++k) s.residual(k) = right_side_at_start[static_cast<std::size_t>(k)];
    for (int j = 0; j < n_z; ++j) s.spine_residual(j) = right_side_at_start[static_cast<std::size_t>(cells + j)];
    const SerialExecutor executor;
    executor.rows(n_z, FactorTeethStep{s});
    solve_comb(executor, s, 0.0, iterations, patience);
    const std::vector<double> left = right_side();
    return std::sqrt(product(left, left) / product(right_side_at_start, right_side_at_start));
  }
};

TEST(RowMultigridSpeed, NeedsFewIterationsWhateverTheNumberOfRows) {
  // The goal: a hundred-millionth of the residual in at most 15 iterations, and rows multiplied by 8 cost at most 3.
  for (unsigned seed = 1; seed <= 3; ++seed) {
    int needed[2] = {};
    for (const bool fine : {false, true}) {
      LayeredSkin skin(seed, fine ? 512 : 64);
      while (skin.residual_after(++needed[fine ? 1 : 0], 0) > 1e-8 && needed[fine ? 1 : 0] < 20) {
      }
    }
    EXPECT_LE(needed[0], 15) << "seed " << seed;
    EXPECT_LE(needed[1], needed[0] + 3) << "seed " << seed;
  }
}

TEST(RowMultigridSpeed, TakesOverFromACombThatIsSlow) {
  LayeredSkin skin(1, 128);
  EXPECT_GT(skin.residual_after(comb_patience + 15, never), 1e-6);  // the comb alone would need hundreds
  EXPECT_LT(skin.residual_after(comb_patience + 15, comb_patience), 1e-8);
}

}  // namespace
}  // namespace dermaflux
