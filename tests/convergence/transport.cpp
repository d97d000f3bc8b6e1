#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/execution/executor.hpp"
#include "core/solver/tissue_steps.hpp"
#include "tests/support/small_grid.hpp"

/// Order of the transport step on a smooth profile, and deep-bed filtration against its exact solution.
namespace dermaflux {
namespace {

constexpr double length = 1e-3, porosity = 0.4, velocity = 1e-3;  // [m], [-], Darcy velocity [m/s]

/// A column of one ring in which fluid flows straight down.
struct Column : test::SmallGrid {
  explicit Column(int cells) : SmallGrid(test::equal_faces(1, 1e-4), test::equal_faces(cells, length), porosity) {
    for (int j = 0; j < cells; ++j) p.scratch.axial_flux(j) = velocity * p.grid.ring_area(0);
  }
  void steps(int count, double dt) const {
    const SerialExecutor executor;
    const TransportBox box{1, p.grid.n_z};
    for (int n = 0; n < count; ++n) {
      executor.rows(p.grid.n_z, FaceTransportStep{p, box, dt});
      executor.rows(p.grid.n_z, CellBalanceStep{p, box, dt});
    }
  }
};

double pulse(double z) { return std::exp(-std::pow((z - 0.3 * length) / (0.08 * length), 2)); }

/// Mean error after a pulse has moved by 0.3 of the column, at a Courant number of one half.
double pulse_error(int cells) {
  Column column(cells);
  const InsertionProblem& p = column.p;
  // The flow enters through the rim, so that the first cell keeps its content; the pulse never feels the ends.
  p.scratch.axial_flux(-1) = p.scratch.axial_flux(0);
  for (int j = 0; j < cells; ++j) {
    p.scratch.w(j) = p.scratch.c(j) = pulse(p.grid.z_centre(j));
    p.tissue.carrier(j) = p.tissue.pigment(j) = porosity * pulse(p.grid.z_centre(j));
  }
  const double dz = length / cells, dt = 0.5 * dz * porosity / velocity;
  const int count = static_cast<int>(std::lround(0.3 * length / (0.5 * dz)));
  column.steps(count, dt);
  double error = 0.0;
  for (int j = 0; j < cells; ++j) error += std::fabs(p.scratch.c(j) - pulse(p.grid.z_centre(j) - count * 0.5 * dz)) / cells;
  return error;
}

TEST(TransportConvergence, IsOfSecondOrderOnASmoothPulse) {
  // Second order away from the one extremum, where the limiter falls back to first: in the mean 2^1.8 or better per halving, and no
  // more than 2^2.5 before the limit is reached.
  const double coarse = pulse_error(160), middle = pulse_error(320), fine = pulse_error(640);
  EXPECT_GT(coarse / middle, std::pow(2.0, 1.7));
  EXPECT_GT(middle / fine, std::pow(2.0, 1.7));
  EXPECT_LT(middle / fine, std::pow(2.0, 2.5));
  EXPECT_LT(fine, 1e-3);
}

TEST(TransportConvergence, KeepsThePulsePositiveAndBelowItsTop) {
  Column column(80);
  const InsertionProblem& p = column.p;
  p.scratch.axial_flux(-1) = p.scratch.axial_flux(0);
  for (int j = 0; j < 80; ++j) {
    const double square = j > 15 && j < 30 ? 1.0 : 0.0;
    p.scratch.c(j) = square;
    p.tissue.pigment(j) = porosity * square;
  }
  column.steps(80, 0.5 * length / 80 * porosity / velocity);
  for (int j = 0; j < 80; ++j) {
    EXPECT_GE(p.scratch.c(j), 0.0);
    EXPECT_LE(p.scratch.c(j), 1.0 + 80 * 2.2e-16);
  }
}

/// Suspended and captured pigment of a column that is fed at its top until the profile is steady: error of the exponential decay
/// between 0.2 and 0.6 of the column, for `lambda` captures per length.
double filtration_error(int cells, double lambda, double& closure) {
  Column column(cells);
  InsertionProblem& p = column.p;
  const double feed = velocity * p.grid.ring_area(0), concentration = 40.0;
  p.scratch.wall_flux(0) = feed;
  p.scratch.wall_pigment(0) = feed * concentration;
  for (int j = 0; j < cells; ++j) p.scratch.capture(j) = Filtration{}(lambda, velocity);
  const double dz = length / cells, dt = 0.5 * dz * porosity / velocity;
  const int count = static_cast<int>(0.95 * length / (0.5 * dz));  // the front is at 0.95 of the column
  column.steps(count, dt);
  const double inside = column.integral(p.tissue.pigment) + column.integral(p.tissue.captured);
  closure = inside / (count * dt * feed * concentration) - 1.0;
  const int first = cells / 5, last = 3 * cells / 5;
  const double decay = std::log(p.scratch.c(first) / p.scratch.c(last)) / (p.grid.z_centre(last) - p.grid.z_centre(first));
  return std::fabs(decay / lambda - 1.0);
}

TEST(DeepBedFiltration, DecaysExponentiallyAlongThePathAndKeepsMass) {
  // C = C_0 exp(-lambda x). The scheme captures after it transports, which shifts the decay by (lambda dz)/4 at this Courant
  // number; the rest is of second order.
  const double lambda = 4000.0;
  double closure;
  const double coarse = filtration_error(40, lambda, closure);
  EXPECT_NEAR(closure, 0.0, 80 * 2.2e-16);  // one rounding per step
  const double fine = filtration_error(160, lambda, closure);
  EXPECT_LT(fine, 0.5 * lambda * length / 160);
  EXPECT_GT(coarse / fine, 3.5);  // at least first order: the cells are four times smaller
}

TEST(DeepBedFiltration, DepositGrowsLinearlyInTimeBehindTheFront) {
  // sigma = lambda U C_0 (t - n x/U) exp(-lambda x).
  Column column(160);
  InsertionProblem& p = column.p;
  const double lambda = 4000.0, feed = velocity * p.grid.ring_area(0), concentration = 40.0;
  p.scratch.wall_flux(0) = feed;
  p.scratch.wall_pigment(0) = feed * concentration;
  for (int j = 0; j < 160; ++j) p.scratch.capture(j) = Filtration{}(lambda, velocity);
  const double dz = length / 160, dt = 0.5 * dz * porosity / velocity;
  column.steps(300, dt);
  for (const int j : {20, 50, 80}) {
    // Feed enters the first cell as a whole, so the path begins somewhere in it: half a cell either way, in the decay and in the
    // time of arrival, and as much from capture after transport.
    const double x = p.grid.z_centre(j), t = 300 * dt, arrival = porosity * x / velocity;
    const double exact = lambda * velocity * concentration * (t - arrival) * std::exp(-lambda * x);
    const double path = dz * (lambda + porosity / velocity / (t - arrival));
    EXPECT_NEAR(p.tissue.captured(j) / exact, 1.0, 1.0 * path) << "row " << j;
  }
}

}  // namespace
}  // namespace dermaflux
