#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "tests/support/small_box.hpp"

/// Pressure in three dimensions against exact solutions: second order on graded grids, the same whichever way it is turned, and
/// the axisymmetric solver. Sources: box_exact.cpp.
namespace dermaflux {
namespace {

using test::SmallBox;
constexpr double pi = std::numbers::pi;
constexpr SolveUntil tight{0.0, 1e-11, 60};

/// Faces of [0, 1] with smoothly varying widths.
std::vector<double> waved_faces(int count) {
  std::vector<double> faces;
  for (int n = 0; n <= count; ++n) faces.push_back(n / double(count) + 0.1 * std::sin(2.0 * pi * n / count));
  return faces;
}

/// Root mean square error of  2 p - div(K grad p) = f  for p = cos(pi x) cos(pi y) cos(pi z), K = (1 + x/2) diag(3, 3, 1), closed
/// rim.
double manufactured_error(int count) {
  SmallBox box(waved_faces(count), waved_faces(count), waved_faces(count));
  const CartesianGrid& grid = box.p.grid;
  const double in_plane = 3.0, storage = 2.0;
  box.set_conductances([&](int i, int, int) { return 1.0 + 0.5 * grid.x_centre(i); }, in_plane);
  const auto exact = [&](int i, int j, int k) {
    return std::cos(pi * grid.x_centre(i)) * std::cos(pi * grid.y_centre(j)) * std::cos(pi * grid.z_centre(k));
  };
  box.for_cells([&](int i, int j, int k, int at) {
    const double p = exact(i, j, k), x = grid.x_centre(i), mobility = 1.0 + 0.5 * x;
    const double p_x = -pi * std::sin(pi * x) * std::cos(pi * grid.y_centre(j)) * std::cos(pi * grid.z_centre(k));
    const double divergence = in_plane * (0.5 * p_x - 2.0 * mobility * pi * pi * p) - mobility * pi * pi * p;
    box.p.system.storage(at) = storage * grid.volume(i, j, k);
    box.p.system.residual(at) = (storage * p - divergence) * grid.volume(i, j, k);
  });
  solve_box(SerialColumns{}, box.p.system, box.levels, tight);
  double sum = 0.0;
  box.for_cells([&](int i, int j, int k, int at) {
    sum += grid.volume(i, j, k) * std::pow(box.p.system.correction(at) - exact(i, j, k), 2);
  });
  return std::sqrt(sum);
}

TEST(BoxFlow, IsOfSecondOrderOnAGradedGridWithVariableAnisotropicMobility) {
  const double coarse = manufactured_error(16), fine = manufactured_error(32);
  EXPECT_GT(std::log2(coarse / fine), 1.9);
  EXPECT_LT(fine, 0.01);
}

/// A lopsided problem with x and y exchanged or x turned round; the solution at the cell that corresponds.
std::vector<double> turned(bool exchanged, bool mirrored) {
  const std::vector<double> along_x = test::growing_faces(14, 1.0, 0.3, 1.2), y = test::growing_faces(11, 0.7, 0.6, 1.15);
  std::vector<double> x = along_x;
  if (mirrored)
    for (std::size_t n = 0; n < x.size(); ++n) x[n] = 1.0 - along_x[x.size() - 1 - n];
  SmallBox box(exchanged ? y : x, exchanged ? x : y, test::equal_faces(8, 0.5));
  const CartesianGrid& grid = box.p.grid;
  const auto original = [&](int i, int j) {
    const int a = exchanged ? j : i, b = exchanged ? i : j;
    return std::pair{mirrored ? 13 - a : a, b};
  };
  box.set_conductances([&](int i, int j, int k) {
    const auto [a, b] = original(i, j);
    return 1.0 + 0.9 * std::sin(1.7 * a + 0.6 * b * b + 2.9 * k);
  });
  box.for_cells([&](int i, int j, int k, int at) {
    const auto [a, b] = original(i, j);
    box.p.system.storage(at) = grid.volume(i, j, k);
    box.p.system.residual(at) = grid.volume(i, j, k) * std::cos(a + 2.0 * b + 3.0 * k);
  });
  solve_box(SerialColumns{}, box.p.system, box.levels, {0.0, 1e-13, 100});
  std::vector<double> values(14 * 11 * 8);
  box.for_cells([&](int i, int j, int k, int at) {
    const auto [a, b] = original(i, j);
    values[static_cast<std::size_t>((a * 11 + b) * 8 + k)] = box.p.system.correction(at);
  });
  return values;
}

TEST(BoxFlow, GivesTheTurnedAnswerToTheTurnedProblem) {
  // To the tolerance of the solver and the single precision of conductances, that of each relative: 6e-8 of values of order 1.
  const std::vector<double> straight = turned(false, false);
  for (const auto& other : {turned(true, false), turned(false, true), turned(true, true)})
    for (std::size_t k = 0; k < straight.size(); ++k) EXPECT_NEAR(other[k], straight[k], 1e-6);
}

/// Mean pressure, weighted by a bell around the axis, of a bell-shaped source in tissue that drains: in a quarter of a box.
double bell(double r2, double z) { return std::exp(-(r2 + std::pow(z - 0.4, 2)) / 0.02); }
constexpr double draining = 150.0;  // pressure falls by e over 1/sqrt(150) = 0.08: the rim is far

double mean_in_box(int cells) {
  const auto across = test::growing_faces(cells, 1.0, 0.0, std::pow(4.0, 1.0 / cells));
  SmallBox box(across, across, test::equal_faces(cells, 0.8));
  const CartesianGrid& g = box.p.grid;
  box.set_conductances([&](int, int, int k) { return 1.0 + g.z_centre(k); });
  const auto weight = [&](int i, int j, int k) {
    return bell(std::pow(g.x_centre(i), 2) + std::pow(g.y_centre(j), 2), g.z_centre(k));
  };
  box.for_cells([&](int i, int j, int k, int at) {
    box.p.system.storage(at) = draining * g.volume(i, j, k);
    box.p.system.residual(at) = weight(i, j, k) * g.volume(i, j, k);
  });
  solve_box(SerialColumns{}, box.p.system, box.levels, tight);
  double sum = 0.0;
  box.for_cells(
      [&](int i, int j, int k, int at) { sum += 4.0 * box.p.system.correction(at) * weight(i, j, k) * g.volume(i, j, k); });
  return sum;
}

double mean_in_rings(int cells) {
  test::SmallGrid rings(test::growing_faces(cells, 1.0, 0.0, std::pow(4.0, 1.0 / cells)), test::equal_faces(cells, 0.8));
  const AxisymmetricGrid& g = rings.p.grid;
  const CombSystem& s = rings.p.system;
  for (int i = 0; i < g.n_r; ++i)
    for (int j = 0; j < g.n_z; ++j) rings.p.scratch.mobility(g.cell(i, j)) = 1.0 + g.z_centre(j);
  const SerialExecutor executor;
  executor.rows(g.n_z, TransmissibilityStep{rings.p});
  for (int i = 0; i < g.n_r; ++i)
    for (int j = 0; j < g.n_z; ++j) {
      s.storage(g.cell(i, j)) = draining * g.volume(i, j);
      s.residual(g.cell(i, j)) = bell(std::pow(g.r_centre(i), 2), g.z_centre(j)) * g.volume(i, j);
      s.compliance(j) = -1.0;
    }
  executor.rows(g.n_z, FactorTeethStep{s});
  solve_comb(executor, s, 1e-14, 200);
  double sum = 0.0;
  for (int i = 0; i < g.n_r; ++i)
    for (int j = 0; j < g.n_z; ++j)
      sum += s.correction(g.cell(i, j)) * bell(std::pow(g.r_centre(i), 2), g.z_centre(j)) * g.volume(i, j);
  return sum;
}

TEST(BoxFlow, ConvergesTogetherWithTheAxisymmetricSolver) {
  const double box_coarse = mean_in_box(16), box_fine = mean_in_box(32), rings_coarse = mean_in_rings(16),
               rings_fine = mean_in_rings(32);
  // Both of second order: halving the cells leaves a quarter of each one's error, and so of their difference.
  EXPECT_NEAR(box_fine / rings_fine, 1.0, 5e-3);
  EXPECT_LT(std::fabs(box_fine - rings_fine), std::fabs(box_coarse - rings_coarse) / 3.0);
}

}  // namespace
}  // namespace dermaflux
