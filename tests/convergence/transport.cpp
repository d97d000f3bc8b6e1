#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/execution/executor.hpp"
#include "core/solver/insertion_cycle.hpp"
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
};

double pulse(double z) { return std::exp(-std::pow((z - 0.3 * length) / (0.08 * length), 2)); }

/// Mean error after a pulse has moved by 0.3 of the column, at a Courant number of one half.
double pulse_error(int cells) {
  Column column(cells);
  const InsertionProblem& p = column.p;
  // The flow enters through the rim, so that the first cell keeps its content; the pulse never feels the ends.
  p.scratch.axial_flux(-1) = p.scratch.axial_flux(0);
  for (int j = 0; j < cells; ++j) {
    p.scratch.w(j) = p.scratch.c[0](j) = pulse(p.grid.z_centre(j));
    p.tissue.carrier(j) = p.tissue.pigment[0](j) = porosity * pulse(p.grid.z_centre(j));
  }
  const double dz = length / cells, dt = 0.5 * dz * porosity / velocity;
  const int count = static_cast<int>(std::lround(0.3 * length / (0.5 * dz)));
  column.carry(count, dt);
  double error = 0.0;
  for (int j = 0; j < cells; ++j) error += std::fabs(p.scratch.c[0](j) - pulse(p.grid.z_centre(j) - count * 0.5 * dz)) / cells;
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
    p.scratch.c[0](j) = square;
    p.tissue.pigment[0](j) = porosity * square;
  }
  column.carry(80, 0.5 * length / 80 * porosity / velocity);
  for (int j = 0; j < 80; ++j) {
    EXPECT_GE(p.scratch.c[0](j), 0.0);
    EXPECT_LE(p.scratch.c[0](j), 1.0 + 80 * 2.2e-16);
  }
}

/// Suspended and captured pigment of a column that is fed at its top until the profile is steady: error of the exponential decay
/// between 0.2 and 0.6 of the column, for `lambda` captures per length.
double filtration_error(int cells, double lambda, double& closure) {
  Column column(cells);
  InsertionProblem& p = column.p;
  const double feed = velocity * p.grid.ring_area(0), concentration = 40.0;
  p.scratch.wall_flux(0) = feed;
  p.scratch.wall_pigment[0](0) = feed * concentration;
  for (int j = 0; j < cells; ++j) p.scratch.capture[0](j) = Filtration{}(lambda, velocity);
  const double dz = length / cells, dt = 0.5 * dz * porosity / velocity;
  const int count = static_cast<int>(0.95 * length / (0.5 * dz));  // the front is at 0.95 of the column
  column.carry(count, dt);
  const double inside = column.integral(p.tissue.pigment[0]) + column.integral(p.tissue.captured[0]);
  closure = inside / (count * dt * feed * concentration) - 1.0;
  const int first = cells / 5, last = 3 * cells / 5;
  const double decay = std::log(p.scratch.c[0](first) / p.scratch.c[0](last)) / (p.grid.z_centre(last) - p.grid.z_centre(first));
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

/// Error of a cloud that a closed vortex in a cylinder carries there and back again: mean over the cells, `n` by 2 n of them.
double vortex_error(int n) {
  test::SmallGrid grid(test::equal_faces(n, length), test::equal_faces(2 * n, 2.0 * length), porosity);
  const InsertionProblem& p = grid.p;
  const auto stream = [n](int i, int j) {  // of the flow, zero on the rim; r^2 keeps the axis smooth
    const double x = static_cast<double>(i) / n, y = static_cast<double>(j) / (2 * n);
    return i > 0 && i < n && j > 0 && j < 2 * n ? x * x * std::pow(1.0 - x, 2) * std::sin(units::pi * y) : 0.0;
  };
  const double scale = 4.0 * length * length * velocity;
  const auto cloud = [](double r, double z) {
    return std::exp(-(std::pow(r - 0.45 * length, 2) + std::pow(z - 0.7 * length, 2)) / std::pow(0.15 * length, 2));
  };
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < 2 * n; ++j) {
      const int k = p.grid.cell(i, j);
      p.scratch.radial_flux(k) = scale * (stream(i + 1, j) - stream(i + 1, j + 1));
      p.scratch.axial_flux(k) = scale * (stream(i + 1, j + 1) - stream(i, j + 1));
      p.scratch.c[0](k) = cloud(p.grid.r_centre(i), p.grid.z_centre(j));
      p.tissue.pigment[0](k) = porosity * p.scratch.c[0](k);
    }
  const double dt = 0.1 * length / n * porosity / velocity;  // well inside the limit; halved with the cells
  const int count = n;
  grid.carry(count, dt);
  for (int k = 0; k < p.grid.cell_count(); ++k) {
    p.scratch.radial_flux(k) = -p.scratch.radial_flux(k);
    p.scratch.axial_flux(k) = -p.scratch.axial_flux(k);
  }
  grid.carry(count, dt);
  double error = 0.0;
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < 2 * n; ++j)
      error += std::fabs(p.scratch.c[0](p.grid.cell(i, j)) - cloud(p.grid.r_centre(i), p.grid.z_centre(j)));
  return error / p.grid.cell_count();
}

TEST(TransportConvergence, IsOfSecondOrderInAVortex) {
  // In both directions at once, where corrections by the Courant number of one direction leave first order. The limiter's first
  // order at the top of the cloud costs a little of the exponent 2.
  const double coarse = vortex_error(32), middle = vortex_error(64), fine = vortex_error(128);
  EXPECT_GT(coarse / middle, std::pow(2.0, 1.6));
  EXPECT_GT(middle / fine, std::pow(2.0, 1.7));
}

/// Error of the pigment left suspended in a cell that fills with deposit, in `count` steps. With s = a - P, a = sigma_max minus all
/// pigment: dP/dt = -k (1 - sigma/sigma_max) P has the logistic solution P = a P_0 e / (a + P_0 (1 - e)), e = exp(-k a
/// t/sigma_max).
double clogging_error(int count) {
  test::SmallGrid grid(test::equal_faces(2, 1e-4), test::equal_faces(8, length), porosity);
  InsertionProblem& p = grid.p;
  const double start = 8.0, most = 5.0, rate = 3.0, time = 1.0;  // [kg/m^3], [kg/m^3], [1/s], [s]
  const int k = p.grid.cell(1, 3);                               // not in the first ring, which has a law of its own
  p.params.max_captured = most;
  p.tissue.pigment[0](k) = start;
  p.scratch.capture[0](k) = rate * porosity;
  const TransportBox box{2, 8};
  for (int n = 0; n < count; ++n) SerialExecutor{}.rows(8, FiltrationStep{p, box, time / count});
  const double room = most - start, e = std::exp(-rate * room * time / most);
  EXPECT_LE(p.tissue.captured[0](k), most);
  return std::fabs(p.tissue.pigment[0](k) - room * start * e / (room + start * (1.0 - e)));
}

TEST(FiltrationConvergence, IsOfSecondOrderWhileDepositPlugsTheMatrix) {
  const double coarse = clogging_error(20), middle = clogging_error(40), fine = clogging_error(80);
  EXPECT_GT(coarse / middle, 3.6);  // 4, up to the next order: a tenth of a step's rate
  EXPECT_GT(middle / fine, 3.8);
  EXPECT_LT(middle / fine, 4.4);
}

/// Error of the slowest mode of diffusion in a closed cylinder, J_0(a r) cos(b z), with `n` by 2 n cells and steps of h^2.
double spreading_error(int n) {
  const double diffusivity = 3e-10, a = 3.8317059702075125 / length, b = units::pi / (2.0 * length);  // J_1(3.83...) = 0
  test::SmallGrid grid(test::equal_faces(n, length), test::equal_faces(2 * n, 2.0 * length), porosity);
  const InsertionProblem& p = grid.p;
  const auto mode = [&](int i, int j) { return std::cyl_bessel_j(0.0, a * p.grid.r_centre(i)) * std::cos(b * p.grid.z_centre(j)); };
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < 2 * n; ++j) p.tissue.carrier(p.grid.cell(i, j)) = porosity * (1.0 + mode(i, j));
  InsertionTally tally;
  const int count = n * n / 8;
  const double time = 0.5 / (diffusivity * (a * a + b * b));
  tally.unspread_time = time / count;
  for (; tally.spreadings < count; ++tally.spreadings)
    spread_component(SerialExecutor{}, p, TransportBox{n, 2 * n}, p.tissue.carrier, p.scratch.w, diffusivity, tally);
  double error = 0.0;
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < 2 * n; ++j)
      error = std::fmax(error, std::fabs(p.scratch.w(p.grid.cell(i, j)) - 1.0 - std::exp(-0.5) * mode(i, j)));
  return error;
}

TEST(SpreadingConvergence, IsOfSecondOrderInSpaceInACylinder) {
  const double coarse = spreading_error(8), middle = spreading_error(16), fine = spreading_error(32);
  EXPECT_GT(coarse / middle, 3.2);  // 4, up to the next term of relative size h, and the axis
  EXPECT_GT(middle / fine, 3.4);
  EXPECT_LT(middle / fine, 4.6);
}

TEST(Spreading, WidensACloudByTwiceTheDiffusivityTimesTheTimePlusTheDispersedPath) {
  // On equal cells the second moment grows by 2 D t per step without error, whatever the step, as long as no edge is felt: here
  // e^(-20) of the cloud.
  const int cells = 400;
  for (const bool dispersed : {false, true}) {
    Column column(cells);
    const InsertionProblem& p = column.p;
    column.p.params.spreading.dispersivity = 2e-6;
    const double middle = p.grid.z_centre(cells / 2), diffusivity = 1e-10, time = 0.05, path = 4e-6;
    p.tissue.carrier(cells / 2) = 1.0;
    for (int j = 0; j < cells; ++j) p.tissue.path(j) = dispersed ? path : 0.0;
    InsertionTally tally;
    tally.unspread_time = time;
    for (; tally.spreadings < 20; ++tally.spreadings)
      spread_component(SerialExecutor{}, p, TransportBox{1, cells}, p.tissue.carrier, p.scratch.w, diffusivity, tally);
    double sum = 0.0, second = 0.0;
    for (int j = 0; j < cells; ++j) {
      sum += p.tissue.carrier(j);
      second += p.tissue.carrier(j) * std::pow(p.grid.z_centre(j) - middle, 2);
    }
    EXPECT_NEAR(sum, 1.0, 1e-12);
    const double expected = 2.0 * 20.0 * (diffusivity * time + (dispersed ? 2e-6 * path / porosity : 0.0));
    EXPECT_NEAR(second / expected, 1.0, 1e-6);
  }
}

TEST(DeepBedFiltration, DepositGrowsLinearlyInTimeBehindTheFront) {
  // sigma = lambda U C_0 (t - n x/U) exp(-lambda x).
  Column column(160);
  InsertionProblem& p = column.p;
  const double lambda = 4000.0, feed = velocity * p.grid.ring_area(0), concentration = 40.0;
  p.scratch.wall_flux(0) = feed;
  p.scratch.wall_pigment[0](0) = feed * concentration;
  for (int j = 0; j < 160; ++j) p.scratch.capture[0](j) = Filtration{}(lambda, velocity);
  const double dz = length / 160, dt = 0.5 * dz * porosity / velocity;
  column.carry(300, dt);
  for (const int j : {20, 50, 80}) {
    // Feed enters the first cell as a whole, so the path begins somewhere in it: half a cell either way, in the decay and in the
    // time of arrival, and as much from capture after transport.
    const double x = p.grid.z_centre(j), t = 300 * dt, arrival = porosity * x / velocity;
    const double exact = lambda * velocity * concentration * (t - arrival) * std::exp(-lambda * x);
    const double path = dz * (lambda + porosity / velocity / (t - arrival));
    EXPECT_NEAR(p.tissue.captured[0](j) / exact, 1.0, 1.0 * path) << "row " << j;
  }
}

}  // namespace
}  // namespace dermaflux
