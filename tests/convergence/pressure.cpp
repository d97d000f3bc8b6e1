#include <gtest/gtest.h>

#include <cmath>

#include "core/execution/executor.hpp"
#include "core/solver/pressure_steps.hpp"
#include "core/solver/tissue_steps.hpp"
#include "tests/support/small_grid.hpp"

/// Order of the pressure solve against exact solutions.
namespace dermaflux {
namespace {

using units::pi;

/// Largest error of s p - div(grad p) = f on a cylinder with closed rims, p = cos(pi r/R) cos(2 pi z/Z), with `n` by 2 n cells.
double manufactured_error(int n) {
  const double radius = 1.0, depth = 2.0, storage = 3.0;
  test::SmallGrid grid(test::equal_faces(n, radius), test::equal_faces(2 * n, depth));
  const InsertionProblem& p = grid.p;
  const SerialExecutor executor;
  executor.rows(2 * n, TransmissibilityStep{p});
  const double a = pi / radius, b = 2.0 * pi / depth;
  const auto exact = [&](int i, int j) { return std::cos(a * p.grid.r_centre(i)) * std::cos(b * p.grid.z_centre(j)); };
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < 2 * n; ++j) {
      const int k = p.grid.cell(i, j);
      const double r = p.grid.r_centre(i), column = std::cos(b * p.grid.z_centre(j));
      const double minus_laplacian = (a * a + b * b) * exact(i, j) + a * std::sin(a * r) / r * column;
      p.system.storage(k) = storage * p.grid.volume(i, j);
      p.system.residual(k) = p.grid.volume(i, j) * (storage * exact(i, j) + minus_laplacian);
    }
  for (int j = 0; j < 2 * n; ++j) p.system.compliance(j) = -1.0;  // no track
  executor.rows(2 * n, FactorTeethStep{p.system});
  solve_comb(executor, p.system, 1e-12, 1000);
  double error = 0.0;
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < 2 * n; ++j) error = std::fmax(error, std::fabs(p.system.correction(p.grid.cell(i, j)) - exact(i, j)));
  return error;
}

TEST(PressureConvergence, IsOfSecondOrderInACylinder) {
  // Halving the cells divides the error by 4, up to the next term of relative size h, 1/16 and less, and the axis.
  const double coarse = manufactured_error(16), middle = manufactured_error(32), fine = manufactured_error(64);
  EXPECT_GT(coarse / middle, 3.2);
  EXPECT_GT(middle / fine, 3.4);
  EXPECT_LT(middle / fine, 4.6);
  EXPECT_LT(fine, 2e-3);
}

/// Resistance of radial Darcy flow between two ring centres, over the exact ln(r_2/r_1) / (2 pi dz k/mu), minus one.
double radial_error(int n) {
  test::SmallGrid grid(test::equal_faces(n, 1e-3), test::equal_faces(8, 1e-3));
  const InsertionProblem& p = grid.p;
  for (int k = 0; k < p.grid.cell_count(); ++k) p.scratch.mobility(k) = 1e-12;
  SerialExecutor{}.rows(8, TransmissibilityStep{p});
  double resistance = 0.0;
  const int first = n / 10, last = n - 1;
  for (int i = first; i < last; ++i) resistance += 1.0 / p.system.radial(p.grid.cell(i, 3));
  const double exact = std::log(p.grid.r_centre(last) / p.grid.r_centre(first)) / (2.0 * pi * p.grid.dz(3) * 1e-12);
  return std::fabs(resistance / exact - 1.0);
}

TEST(PressureConvergence, RadialFlowToACylinderIsOfSecondOrder) {
  // ln((r + h/2)/(r - h/2)) = h/r (1 + (h/r)^2/12 + ...): the error falls by 4 per halving between the same radii. Ring centres
  // move by half a cell against r = 0.1 mm, h/(2 r) relative in each ratio.
  EXPECT_NEAR(radial_error(80) / radial_error(160), 4.0, 0.4);
  EXPECT_NEAR(radial_error(160) / radial_error(320), 4.0, 0.2);
  EXPECT_LT(radial_error(320), 1e-3);
}

TEST(PressureConvergence, HarmonicMeanMakesLayersInSeriesExact) {
  // Two layers of mobilities 1 and 1e-6: the flow through the face between them sees both half cells in series.
  test::SmallGrid grid(test::equal_faces(2, 1.0), test::equal_faces(8, 8.0));
  const InsertionProblem& p = grid.p;
  for (int i = 0; i < 2; ++i)
    for (int j = 4; j < 8; ++j) p.scratch.mobility(p.grid.cell(i, j)) = 1e-6;
  SerialExecutor{}.rows(8, TransmissibilityStep{p});
  EXPECT_NEAR(p.system.axial(p.grid.cell(0, 3)) / (p.grid.ring_area(0) / (0.5 + 0.5e6)), 1.0, 1e-15);
  EXPECT_NEAR(p.system.axial(p.grid.cell(0, 2)) / p.grid.ring_area(0), 1.0, 1e-15);
  EXPECT_EQ(p.system.axial(p.grid.cell(0, 7)), 0.0);
  EXPECT_EQ(p.system.radial(p.grid.cell(1, 0)), 0.0);
}

/// Degree of consolidation of a column that drains through its top after a time factor T = c_v t / H^2, in `steps` steps on 64
/// rows.
double consolidation(double factor, int steps) {
  // The first of 72 rows is the drain: it holds so much fluid and conducts so well that its pressure stays at rest.
  constexpr int rows = 72, drain = 8;
  const double height = 1.0, dz = height / (rows - drain);
  test::SmallGrid grid(test::equal_faces(1, 1.0), test::equal_faces(rows, rows * dz));
  const InsertionProblem& p = grid.p;
  for (int j = 0; j < drain; ++j) {
    put(p.rows.storage, j, 1e12);
    p.scratch.mobility(j) = 1e12;
  }
  for (int j = drain; j < rows; ++j) p.tissue.pressure(j) = 1.0;
  for (int j = 0; j < rows; ++j) p.system.compliance(j) = -1.0;
  const SerialExecutor executor;
  executor.rows(rows, TransmissibilityStep{p});
  const double dt = factor * height * height / steps;  // c_v = k / (mu S) = 1
  for (int n = 0; n < steps; ++n) {
    executor.rows(rows, PressureBalanceStep{p, dt});
    executor.rows(rows, FactorTeethStep{p.system});
    solve_comb(executor, p.system, 1e-13, 2000);
    executor.rows(rows, ApplyCorrectionStep{p});
  }
  double mean = 0.0;
  for (int j = drain; j < rows; ++j) mean += p.tissue.pressure(j) / (rows - drain);
  return 1.0 - mean;
}

TEST(PressureConvergence, ConsolidationFollowsTerzaghi) {
  // U = 1 - sum 8/((2 m + 1)^2 pi^2) exp(-(2 m + 1)^2 pi^2 T/4), tabulated to five digits. Implicit Euler is late by about
  // (lambda T/2) lambda dT (1 - U), lambda = pi^2/4, and the sudden start adds one part in the number of steps.
  struct Reference {
    double factor, degree;
  };
  for (const auto& [factor, degree] : {Reference{0.1, 0.35682}, {0.197, 0.50034}, {0.5, 0.76395}, {0.848, 0.89998}}) {
    constexpr int steps = 200;
    const double lambda = pi * pi / 4.0, late = 0.5 * lambda * factor * lambda * factor / steps * (1.0 - degree);
    EXPECT_NEAR(consolidation(factor, steps), degree, late + 0.5 * degree / steps + 1e-4) << "T = " << factor;
  }
}

TEST(PressureConvergence, ConsolidationIsOfFirstOrderInTime) {
  const double exact = 0.763953;  // the series at T = 0.5; rows of H/64 add 1e-5
  const double coarse = std::fabs(consolidation(0.5, 20) - exact), fine = std::fabs(consolidation(0.5, 40) - exact);
  EXPECT_NEAR(coarse / fine, 2.0, 0.15);
}

TEST(PressureConvergence, DrainOfAWetSpotConservesFluid) {
  // Without lymph, what one cell loses the others gain: storage times change of pressure sums to zero up to the solver's tolerance.
  test::SmallGrid grid(test::equal_faces(8, 1.0), test::equal_faces(16, 2.0));
  const InsertionProblem& p = grid.p;
  p.tissue.pressure(p.grid.cell(2, 5)) = 100.0;
  const double before = grid.integral(p.tissue.pressure);
  for (int j = 0; j < 16; ++j) p.system.compliance(j) = -1.0;
  const SerialExecutor executor;
  executor.rows(16, TransmissibilityStep{p});
  executor.rows(16, PressureBalanceStep{p, 0.1});
  executor.rows(16, FactorTeethStep{p.system});
  solve_comb(executor, p.system, 1e-11, 500);
  executor.rows(16, ApplyCorrectionStep{p});
  EXPECT_LT(p.tissue.pressure(p.grid.cell(2, 5)), 50.0);
  EXPECT_NEAR(grid.integral(p.tissue.pressure), before, 1e-9 * before);  // 128 cells, each off by 1e-11/dt of its storage
}

}  // namespace
}  // namespace dermaflux
