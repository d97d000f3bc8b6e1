#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "tests/support/small_box.hpp"

/// Transport in three dimensions: pulses along each axis against the exact solution of advection and dispersion, solid-body
/// rotation, deep-bed filtration, and the account of mass.
namespace dermaflux {
namespace {

using test::equal_faces, test::SmallBox;
constexpr double porosity = 0.4;

/// A box that is long along one axis and 8 cells wide along the others, through which fluid flows from one end to the other.
struct Column : SmallBox {
  Axis axis;
  int cells;
  std::vector<double> memory;
  BoxSources ends;

  static std::vector<double> faces(Axis along, Axis axis, int cells) {
    return equal_faces(along == axis ? cells : 8, along == axis ? 1.0 : 0.1);
  }
  Column(Axis along, int count, double darcy)
      : SmallBox(faces(Axis::x, along, count), faces(Axis::y, along, count), faces(Axis::z, along, count), porosity),
        axis(along),
        cells(count) {
    ViewArena needed;
    take_sources(needed, 2 * 64, 1);
    memory.assign(static_cast<std::size_t>(needed.used), 0.0);
    ViewArena arena{memory.data()};
    ends = take_sources(arena, 2 * 64, 1);
    int m = 0;
    for_cells([&](int i, int j, int k, int at) {
      const int n = place(i, j, k);
      const double area = p.grid.volume(i, j, k) * cells, flux = darcy * area;
      const bool last = n + 1 == cells;
      if (!last) (axis == Axis::x ? p.scratch.flux_x : axis == Axis::y ? p.scratch.flux_y : p.scratch.flux_z)(at) = flux;
      if (n == 0 || last) {
        ends.cell(m) = at;
        ends.volume(m) = last ? -flux : flux;
        p.scratch.source(at) = ends.volume(m++);
      }
      p.tissue.speed(at) = darcy;
    });
  }
  int place(int i, int j, int k) const { return axis == Axis::x ? i : (axis == Axis::y ? j : k); }
  double centre(int n) const { return (n + 0.5) / cells; }
  /// Pigment concentration of the pore fluid along the middle, and whether it is the same across.
  std::vector<double> profile() const {
    std::vector<double> c(static_cast<std::size_t>(cells));
    for_cells([&](int i, int j, int k, int at) {
      const double here = p.tissue.pigment[0](at) / p.tissue.fluid(at);
      double& kept = c[static_cast<std::size_t>(place(i, j, k))];
      if (kept == 0.0) kept = here;
      EXPECT_NEAR(here, kept, 1e-9);  // where less is left the columns may end
    });
    return c;
  }
};

/// Mean error of a Gaussian pulse that has moved and spread: c = exp(-(x - v t)^2 / (4 D (t + t0))) sqrt(t0 / (t + t0)).
double pulse_error(Axis axis, int cells) {
  const double darcy = 0.4, velocity = darcy / porosity, dispersion = 2e-3, before = 1.0, end = 0.3;
  Column column(axis, cells, darcy);
  BoxProblem& p = column.p;
  p.params.spreading.dispersivity = porosity * dispersion / darcy;
  const auto exact = [&](double x, double t) {
    return std::sqrt(before / (t + before)) * std::exp(-std::pow(x - 0.3 - velocity * t, 2) / (4.0 * dispersion * (t + before)));
  };
  column.for_cells(
      [&](int i, int j, int k, int at) { p.tissue.pigment[0](at) = porosity * exact(column.centre(column.place(i, j, k)), 0.0); });
  const int steps = cells / 4, substeps = 2;  // Courant number 0.6
  for (int n = 0; n < steps; ++n) {
    const ActiveColumns active = carry_in_box(SerialColumns{}, p, column.ends, column.active, end / steps, substeps, substeps * n);
    spread_in_box(SerialColumns{}, p, active, end / steps, n % 2 == 0);
  }
  const std::vector<double> c = column.profile();
  double error = 0.0;
  for (int n = 0; n < cells; ++n) error += std::fabs(c[static_cast<std::size_t>(n)] - exact(column.centre(n), end)) / cells;
  return error;
}

TEST(BoxTransport, CarriesAndSpreadsAPulseAlongEachAxis) {
  // Second order in space but at the one extremum; spreading is first order in its steps, which are as many as cells.
  for (const Axis axis : {Axis::x, Axis::y, Axis::z}) {
    const double coarse = pulse_error(axis, 48), fine = pulse_error(axis, 96);
    EXPECT_LT(fine, 2e-3);
    EXPECT_GT(coarse / fine, 1.9);
  }
}

TEST(BoxTransport, CatchesPigmentAsADeepBedDoes) {
  // Steady inflow at c = 1 from the first plane: c = exp(-lambda x), lambda per Darcy velocity, once the front has passed.
  const double darcy = 0.4, lambda = 3.0;
  Column column(Axis::z, 64, darcy);
  BoxProblem& p = column.p;
  put(p.rows.filtration, 0, lambda);
  p.params.pigment[0] = {1.0, 0.0, 1.0, 0.0};
  column.for_cells([&](int, int, int, int at) { p.scratch.permeability(at) = 1.0; });
  for (int m = 0; m < column.ends.count; ++m) column.ends.pigment[0](m) = std::fmax(column.ends.volume(m), 0.0);
  const int steps = 128;
  for (int n = 0; n < steps; ++n) carry_in_box(SerialColumns{}, p, column.ends, column.active, 1.5 / steps, 1, n);
  const std::vector<double> c = column.profile();
  for (int n = 2; n < 60; ++n) EXPECT_NEAR(c[static_cast<std::size_t>(n)], std::exp(-lambda * column.centre(n)), 0.02);
}

TEST(BoxTransport, KeepsTheAccountOfMassAndTheBoundsOfConcentration) {
  // Random divergence-free flow in a closed box, partly filled; one spring brings ink in, another takes fluid out.
  SmallBox box(test::growing_faces(20, 1.0, 0.4, 1.1), test::growing_faces(18, 1.0, 0.6, 1.1),
               test::growing_faces(16, 1.0, 0.2, 1.1), porosity);
  BoxProblem& p = box.p;
  const CartesianGrid& g = p.grid;
  std::mt19937 random(3);
  std::uniform_real_distribution<double> either(-1.0, 1.0);
  std::vector<double> stream(static_cast<std::size_t>(20 * 18 * 16));
  for (double& value : stream) value = either(random);
  const auto psi = [&](int i, int j, int k) {  // on edges along z; none on the rim
    return i <= 0 || j <= 0 || i >= g.n_x || j >= g.n_y ? 0.0 : 2e-4 * stream[static_cast<std::size_t>(g.cell(i, j, k))];
  };
  box.for_cells([&](int i, int j, int k, int at) {
    if (i + 1 < g.n_x) p.scratch.flux_x(at) = psi(i + 1, j + 1, k) - psi(i + 1, j, k);
    if (j + 1 < g.n_y) p.scratch.flux_y(at) = -(psi(i + 1, j + 1, k) - psi(i, j + 1, k));
    const bool inside = i > 4 && i < 10 && j > 4 && j < 10 && k > 3 && k < 8;
    p.tissue.pigment[0](at) = p.tissue.carrier(at) = inside ? porosity : 0.0;
    p.scratch.permeability(at) = 1.0;
    p.tissue.speed(at) = 0.1;
  });
  put(p.rows.filtration, 0, 0.2);
  p.params.pigment[0] = {1.0, 0.0, 1.0, 1e-3};
  p.params.carrier_diffusivity = 2e-3;
  ViewArena needed;
  take_sources(needed, 2, 1);
  std::vector<double> memory(static_cast<std::size_t>(needed.used), 0.0);
  ViewArena arena{memory.data()};
  const BoxSources springs = take_sources(arena, 2, 1);
  springs.cell(0) = g.cell(7, 7, 5);
  springs.cell(1) = g.cell(9, 9, 6);
  springs.volume(0) = springs.carrier(0) = springs.pigment[0](0) = 1e-5;
  springs.volume(1) = -1e-5;
  for (int m = 0; m < 2; ++m) p.scratch.source(springs.cell(m)) = springs.volume(m);
  const double carrier = box.integral(p.tissue.carrier), pigment = box.integral(p.tissue.pigment[0]),
               fluid = box.integral(p.tissue.fluid);
  double time = 0.0;
  int visited = 0;
  for (int n = 0; n < 10; ++n, time += 0.2) {
    const ActiveColumns active = carry_in_box(SerialColumns{}, p, springs, box.active, 0.2, 2, 2 * n);
    visited = active.count;
    SerialColumns{}.columns(g.n_x, g.n_y, BoxFluidStep{p, active, 0.2});
    spread_in_box(SerialColumns{}, p, active, 0.2, n % 2 == 0);
    EXPECT_LT(n > 0 ? 0 : visited, 20 * 18);  // far columns are not visited at first
  }
  const double in = 1e-5 * time, held = box.integral(p.tissue.pigment[0]) + box.integral(p.tissue.captured[0]);
  EXPECT_NEAR(box.integral(p.tissue.carrier) + springs.returned_carrier(1), carrier + in, 1e-13 * carrier * 100);
  EXPECT_NEAR(held + springs.returned_pigment[0](1), pigment + in, 1e-13 * pigment * 100);
  EXPECT_NEAR(box.integral(p.tissue.fluid), fluid, 1e-12);
  EXPECT_GT(box.integral(p.tissue.captured[0]), 0.0);
  EXPECT_GT(springs.returned_pigment[0](1), 0.0);
  box.for_cells([&](int, int, int, int at) {
    EXPECT_GE(p.tissue.pigment[0](at), -1e-15);
    EXPECT_LE(p.tissue.carrier(at) / p.tissue.fluid(at), 1.0 + 1e-12);
  });
}

/// A cone and a slotless cylinder after one turn of the disc on which they lie: mean error of both.
std::pair<double, double> turned_error(int cells) {
  SmallBox box(equal_faces(cells, 1.0), equal_faces(cells, 1.0), equal_faces(8, 0.1), porosity);
  BoxProblem& p = box.p;
  const CartesianGrid& g = p.grid;
  const double h = 1.0 / cells, dz = 0.1 / 8, omega = 2.0 * std::numbers::pi;
  const auto psi = [&](int i, int j) {  // solid-body rotation of pore fluid within r < 0.48, none outside
    const double r2 = std::pow(i * h - 0.5, 2) + std::pow(j * h - 0.5, 2);
    return 0.5 * porosity * omega * dz * std::fmax(0.48 * 0.48 - r2, 0.0);
  };
  const auto cone = [&](int i, int j) {
    return std::fmax(1.0 - std::hypot(g.x_centre(i) - 0.5, g.y_centre(j) - 0.72) / 0.15, 0.0);
  };
  const auto cylinder = [&](int i, int j) { return std::hypot(g.x_centre(i) - 0.5, g.y_centre(j) - 0.28) < 0.15 ? 1.0 : 0.0; };
  box.for_cells([&](int i, int j, int, int at) {
    if (i + 1 < g.n_x) p.scratch.flux_x(at) = psi(i + 1, j + 1) - psi(i + 1, j);
    if (j + 1 < g.n_y) p.scratch.flux_y(at) = -(psi(i + 1, j + 1) - psi(i, j + 1));
    p.tissue.pigment[0](at) = porosity * cone(i, j);
    p.tissue.carrier(at) = porosity * cylinder(i, j);
  });
  const int steps = 8 * cells;
  for (int n = 0; n < steps; ++n) carry_in_box(SerialColumns{}, p, BoxSources{}, box.active, 1.0 / steps, 1, n);
  double of_cone = 0.0, of_cylinder = 0.0;
  box.for_cells([&](int i, int j, int k, int at) {
    if (k != 4) return;
    of_cone += h * h * std::fabs(p.tissue.pigment[0](at) / porosity - cone(i, j));
    of_cylinder += h * h * std::fabs(p.tissue.carrier(at) / porosity - cylinder(i, j));
    EXPECT_LE(p.tissue.carrier(at) / porosity, 1.0 + 1e-3);  // the discs' edge compresses fluid by what its rim cuts
    EXPECT_GE(p.tissue.carrier(at), -1e-15);
  });
  return {of_cone, of_cylinder};
}

TEST(BoxTransport, TurnsAConeAndACylinder) {
  const auto [cone, cylinder] = turned_error(24);
  const auto [cone_fine, cylinder_fine] = turned_error(48);
  // A limited scheme of second order: about 2^1.3 for the kinks of the cone, 2^(2/3) for the jump of the cylinder.
  EXPECT_GT(cone / cone_fine, std::pow(2.0, 1.2));
  EXPECT_GT(cylinder / cylinder_fine, std::pow(2.0, 0.55));
}

}  // namespace
}  // namespace dermaflux
