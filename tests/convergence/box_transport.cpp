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
  SpaceAxis axis;
  int cells;
  double darcy;

  static std::vector<double> faces(SpaceAxis along, SpaceAxis axis, int cells) {
    return equal_faces(along == axis ? cells : 8, along == axis ? 1.0 : 0.1);
  }
  Column(SpaceAxis along, int count, double speed)
      : SmallBox(faces(SpaceAxis::x, along, count), faces(SpaceAxis::y, along, count), faces(SpaceAxis::z, along, count), porosity),
        axis(along),
        cells(count),
        darcy(speed) {
    const SpaceScratch& s = p.scratch;
    for_cells([&](int i, int j, int k, int at) {
      const double flux = darcy * p.grid.volume(i, j, k) * cells;
      if (place(i, j, k) + 1 < cells) (axis == SpaceAxis::x ? s.x_flux : axis == SpaceAxis::y ? s.y_flux : s.z_flux)(at) = flux;
      p.tissue.tissue.speed(at) = darcy;
    });
  }
  /// Carries for a time; liquid that holds so much pigment comes in at the first plane, and leaves at the last.
  ActiveColumns carry(double dt, int substeps, int done, double pigment_in = 0.0) {
    const TissueState& t = p.tissue.tissue;
    const double passing = dt * darcy * cells;  // per volume of a cell
    for_cells([&](int i, int j, int k, int at) {
      if (place(i, j, k) > 0) return;
      t.fluid(at) += passing;
      t.pigment[0](at) += passing * pigment_in;
    });
    const ActiveColumns active = carry_ink(SerialColumns{}, p, dt, substeps, done);
    SerialColumns{}.pieces(p.part.columns(), p.part.rows, SpaceFluidStep{p, active, dt});
    for_cells([&](int i, int j, int k, int at) {
      if (place(i, j, k) + 1 < cells) return;
      const double kept = 1.0 - passing / t.fluid(at);
      t.fluid(at) *= kept;
      t.pigment[0](at) *= kept;
    });
    return active;
  }
  int place(int i, int j, int k) const { return axis == SpaceAxis::x ? i : (axis == SpaceAxis::y ? j : k); }
  double centre(int n) const { return (n + 0.5) / cells; }
  /// Pigment concentration of the pore fluid along the middle, and whether it is the same across.
  std::vector<double> profile() const {
    std::vector<double> c(static_cast<std::size_t>(cells));
    for_cells([&](int i, int j, int k, int at) {
      const double here = p.tissue.tissue.pigment[0](at) / p.tissue.tissue.fluid(at);
      double& kept = c[static_cast<std::size_t>(place(i, j, k))];
      if (kept == 0.0) kept = here;
      EXPECT_NEAR(here, kept, 1e-9);  // where less is left the columns may end
    });
    return c;
  }
};

/// Mean error of a Gaussian pulse that has moved and spread: c = exp(-(x - v t)^2 / (4 D (t + t0))) sqrt(t0 / (t + t0)).
double pulse_error(SpaceAxis axis, int cells) {
  const double darcy = 0.4, velocity = darcy / porosity, dispersion = 2e-3, before = 1.0, end = 0.3;
  Column column(axis, cells, darcy);
  SpaceProblem& p = column.p;
  p.tissue.params.spreading.dispersivity = porosity * dispersion / darcy;
  const auto exact = [&](double x, double t) {
    return std::sqrt(before / (t + before)) * std::exp(-std::pow(x - 0.3 - velocity * t, 2) / (4.0 * dispersion * (t + before)));
  };
  column.for_cells([&](int i, int j, int k, int at) {
    p.tissue.tissue.pigment[0](at) = porosity * exact(column.centre(column.place(i, j, k)), 0.0);
  });
  const int steps = cells / 4, substeps = 2;  // Courant number 0.6
  for (int n = 0; n < steps; ++n) {
    column.carry(end / steps, substeps, substeps * n);
    spread_over(SerialColumns{}, p, end / steps, n % 2 == 0);
  }
  const std::vector<double> c = column.profile();
  double error = 0.0;
  for (int n = 0; n < cells; ++n) error += std::fabs(c[static_cast<std::size_t>(n)] - exact(column.centre(n), end)) / cells;
  return error;
}

TEST(BoxTransport, CarriesAndSpreadsAPulseAlongEachAxis) {
  // Second order in space but at the one extremum; spreading is first order in its steps, which are as many as cells.
  for (const SpaceAxis axis : {SpaceAxis::x, SpaceAxis::y, SpaceAxis::z}) {
    const double coarse = pulse_error(axis, 48), fine = pulse_error(axis, 96);
    EXPECT_LT(fine, 2e-3);
    EXPECT_GT(coarse / fine, 1.9);
  }
}

/// What one sweep along an axis makes of the same lines of random content and flow: fluid, carrier and pigment, line by line.
std::vector<double> swept(SpaceAxis axis) {
  const int along = 77, across = 8;  // more rows than a sweep along z takes at once
  const auto faces = [&](SpaceAxis of) {
    return of == axis ? test::growing_faces(along, 1.0, 0.3, 1.05) : equal_faces(across, 0.1);
  };
  SmallBox box(faces(SpaceAxis::x), faces(SpaceAxis::y), faces(SpaceAxis::z), porosity);
  const SpaceProblem& p = box.p;
  const TissueState& t = p.tissue.tissue;
  const SpaceScratch& s = p.scratch;
  std::mt19937 random(11);
  std::uniform_real_distribution<double> any(0.0, 1.0);
  const auto at = [&](int n, int a, int b) {
    return axis == SpaceAxis::x ? p.grid.cell(n, a, b) : (axis == SpaceAxis::y ? p.grid.cell(a, n, b) : p.grid.cell(a, b, n));
  };
  const auto for_lines = [&](const auto& what) {
    for (int a = 0; a < across; ++a)
      for (int b = 0; b < across; ++b)
        for (int n = 0; n < along; ++n) what(n, at(n, a, b));
  };
  for_lines([&](int n, int k) {
    t.fluid(k) = 0.3 + 0.2 * any(random);
    t.carrier(k) = 0.1 + 0.1 * any(random);
    t.pigment[0](k) = any(random);
    const double flux = 2e-6 * (any(random) - 0.5);
    if (n + 1 < along) (axis == SpaceAxis::x ? s.x_flux : axis == SpaceAxis::y ? s.y_flux : s.z_flux)(k) = flux;
  });
  const SerialColumns on;
  const ActiveColumns active = active_columns(on, p, 0, 0.0);
  const auto sideways = [&](const auto& step) { on.lines(step.line_count(), p.grid.n_z, step); };
  if (axis == SpaceAxis::x) sideways(SpaceSidewaysStep<SpaceAxis::x, false>{{p, active, 1.0}});
  if (axis == SpaceAxis::y) sideways(SpaceSidewaysStep<SpaceAxis::y, false>{{p, active, 1.0}});
  if (axis == SpaceAxis::z) on.list(active.count, SpaceDownStep<false>{{p, active, 1.0}});
  std::vector<double> all;
  for_lines([&](int, int k) { all.insert(all.end(), {t.fluid(k), t.carrier(k), t.pigment[0](k)}); });
  return all;
}

TEST(BoxTransport, SweepsAllAxesAlike) {
  // The volumes of cells are products in another order: rounding, a few units in the last place.
  const std::vector<double> along_x = swept(SpaceAxis::x), along_y = swept(SpaceAxis::y), along_z = swept(SpaceAxis::z);
  for (std::size_t k = 0; k < along_x.size(); ++k) {
    EXPECT_NEAR(along_y[k], along_x[k], 1e-14);
    EXPECT_NEAR(along_z[k], along_x[k], 1e-14);
  }
}

TEST(BoxTransport, CatchesPigmentAsADeepBedDoes) {
  // Steady inflow at c = 1 from the first plane: c = exp(-lambda x), lambda per Darcy velocity, once the front has passed.
  const double darcy = 0.4, lambda = 3.0;
  Column column(SpaceAxis::z, 64, darcy);
  SpaceProblem& p = column.p;
  SmallBox::set_rows(p.tissue.rows.filtration, lambda);
  p.tissue.params.pigment[0] = {1.0, 0.0, 1.0, 0.0};
  column.for_cells([&](int, int, int, int at) { p.tissue.scratch.permeability(at) = 1.0; });
  const int steps = 128;
  for (int n = 0; n < steps; ++n) column.carry(1.5 / steps, 1, n, 1.0);
  const std::vector<double> c = column.profile();
  for (int n = 2; n < 60; ++n) EXPECT_NEAR(c[static_cast<std::size_t>(n)], std::exp(-lambda * column.centre(n)), 0.02);
}

TEST(BoxTransport, KeepsTheAccountOfMassAndTheBoundsOfConcentration) {
  // Random divergence-free flow in a closed box, partly filled; one spring brings ink in, another takes fluid out.
  SmallBox box(test::growing_faces(20, 1.0, 0.4, 1.1), test::growing_faces(18, 1.0, 0.6, 1.1),
               test::growing_faces(16, 1.0, 0.2, 1.1), porosity);
  SpaceProblem& p = box.p;
  const CartesianGrid& g = p.grid;
  std::mt19937 random(3);
  std::uniform_real_distribution<double> either(-1.0, 1.0);
  std::vector<double> stream(static_cast<std::size_t>(20 * 18 * 16));
  for (double& value : stream) value = either(random);
  const auto psi = [&](int i, int j, int k) {  // on edges along z; none on the rim
    return i <= 0 || j <= 0 || i >= g.n_x || j >= g.n_y ? 0.0 : 2e-4 * stream[static_cast<std::size_t>(g.cell(i, j, k))];
  };
  box.for_cells([&](int i, int j, int k, int at) {
    if (i + 1 < g.n_x) p.scratch.x_flux(at) = psi(i + 1, j + 1, k) - psi(i + 1, j, k);
    if (j + 1 < g.n_y) p.scratch.y_flux(at) = -(psi(i + 1, j + 1, k) - psi(i, j + 1, k));
    const bool inside = i > 4 && i < 10 && j > 4 && j < 10 && k > 3 && k < 8;
    p.tissue.tissue.pigment[0](at) = p.tissue.tissue.carrier(at) = inside ? porosity : 0.0;
    p.tissue.scratch.permeability(at) = 1.0;
    p.tissue.tissue.speed(at) = 0.1;
  });
  SmallBox::set_rows(p.tissue.rows.filtration, 0.2);
  p.tissue.params.pigment[0] = {1.0, 0.0, 1.0, 1e-3};
  p.tissue.params.carrier_diffusivity = 2e-3;
  // One row of a track brings liquid, another one takes it.
  SpaceTrack& track = p.track[0];
  p.tracks = 1;
  for (int at = 0; at < track.cell.size; ++at) put(track.cell, at, -1.0);
  const int in_row = 5, out_row = 6;
  for (const int row : {in_row, out_row}) {
    put(track.cell, row * max_crossings, row == in_row ? g.cell(7, 7, row) : g.cell(9, 9, row));
    track.widest(row) = 1.0;
    track.wall_flux(row) = track.flux(row * max_crossings) = row == in_row ? 1e-5 : -1e-5;
  }
  track.wall_carrier(in_row) = track.wall_pigment[0](in_row) = 1e-5;
  const double carrier = box.integral(p.tissue.tissue.carrier), pigment = box.integral(p.tissue.tissue.pigment[0]),
               fluid = box.integral(p.tissue.tissue.fluid);
  double time = 0.0;
  int visited = 0;
  for (int n = 0; n < 10; ++n, time += 0.2) {
    const ActiveColumns active = carry_ink(SerialColumns{}, p, 0.2, 2, 2 * n);
    visited = active.count;
    SerialColumns{}.pieces(p.part.columns(), p.part.rows, SpaceFluidStep{p, active, 0.2});
    spread_over(SerialColumns{}, p, 0.2, n % 2 == 0);
    EXPECT_LT(n > 0 ? 0 : visited, 20 * 18);  // far columns are not visited at first
  }
  const double in = 1e-5 * time, held = box.integral(p.tissue.tissue.pigment[0]) + box.integral(p.tissue.tissue.captured[0]);
  EXPECT_NEAR(box.integral(p.tissue.tissue.carrier) + track.returned_carrier(out_row), carrier + in, 1e-13 * carrier * 100);
  EXPECT_NEAR(held + track.returned_pigment[0](out_row), pigment + in, 1e-13 * pigment * 100);
  EXPECT_NEAR(box.integral(p.tissue.tissue.fluid), fluid, 1e-12);
  EXPECT_GT(box.integral(p.tissue.tissue.captured[0]), 0.0);
  EXPECT_GT(track.returned_pigment[0](out_row), 0.0);
  box.for_cells([&](int, int, int, int at) {
    EXPECT_GE(p.tissue.tissue.pigment[0](at), -1e-15);
    EXPECT_LE(p.tissue.tissue.carrier(at) / p.tissue.tissue.fluid(at), 1.0 + 1e-12);
  });
}

/// A cone and a slotless cylinder after one turn of the disc on which they lie: mean error of both.
std::pair<double, double> turned_error(int cells) {
  SmallBox box(equal_faces(cells, 1.0), equal_faces(cells, 1.0), equal_faces(8, 0.1), porosity);
  SpaceProblem& p = box.p;
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
    if (i + 1 < g.n_x) p.scratch.x_flux(at) = psi(i + 1, j + 1) - psi(i + 1, j);
    if (j + 1 < g.n_y) p.scratch.y_flux(at) = -(psi(i + 1, j + 1) - psi(i, j + 1));
    p.tissue.tissue.pigment[0](at) = porosity * cone(i, j);
    p.tissue.tissue.carrier(at) = porosity * cylinder(i, j);
  });
  const int steps = 8 * cells;
  for (int n = 0; n < steps; ++n) carry_ink(SerialColumns{}, p, 1.0 / steps, 1, n);
  double of_cone = 0.0, of_cylinder = 0.0;
  box.for_cells([&](int i, int j, int k, int at) {
    if (k != 4) return;
    of_cone += h * h * std::fabs(p.tissue.tissue.pigment[0](at) / porosity - cone(i, j));
    of_cylinder += h * h * std::fabs(p.tissue.tissue.carrier(at) / porosity - cylinder(i, j));
    EXPECT_LE(p.tissue.tissue.carrier(at) / porosity, 1.0 + 1e-3);  // the discs' edge compresses fluid by what its rim cuts
    EXPECT_GE(p.tissue.tissue.carrier(at), -1e-15);
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
