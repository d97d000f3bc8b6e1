#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/units.hpp"
#include "tests/support/pressure_march.hpp"

/// Flow of pore fluid against exact solutions. Cells are halved from grid to grid and implicit steps quartered, so that the error
/// of first order in time falls with the cells' own second order and the order of the whole is seen.
namespace dermaflux {
namespace {

using test::observed_order;
using test::PressureMarch;
using units::pi;

/// Degree of consolidation of a column that drains through its top, after T = c_v t / H^2.
double consolidation(double factor, int cells, int steps) {
  // Above the column lie eight rows that hold the pressure outside.
  constexpr int drain = 8;
  const double dz = 1.0 / cells;
  PressureMarch column(test::equal_faces(1, 1.0), test::equal_faces(cells + drain, (cells + drain) * dz));
  for (int j = 0; j < drain; ++j) column.hold(j, 0.0);
  for (int j = drain; j < cells + drain; ++j) column.p.tissue.pressure(j) = 1.0;
  for (int n = 0; n < steps; ++n) column.step(factor / steps, 1e-13);
  double mean = 0.0;
  for (int j = drain; j < cells + drain; ++j) mean += column.p.tissue.pressure(j) / cells;
  return 1.0 - mean;
}

TEST(ExactFlow, ConsolidationFollowsTerzaghiAtSecondOrder) {
  // U = 1 - sum 8/((2 m + 1)^2 pi^2) exp(-(2 m + 1)^2 pi^2 T/4); the table has five digits.
  struct Reference {
    double factor, degree;
  };
  for (const auto& [factor, degree] :
       {Reference{0.01, 0.11284}, {0.05, 0.25231}, {0.1, 0.35682}, {0.197, 0.50034}, {0.5, 0.76395}, {0.848, 0.89998}}) {
    double exact = 1.0, error[3];
    for (int m = 0; m < 60; ++m) {
      const double root = (2 * m + 1) * pi / 2.0;
      exact -= 2.0 / (root * root) * std::exp(-root * root * factor);
    }
    ASSERT_NEAR(exact, degree, 0.51e-5);
    for (int n = 0; n < 3; ++n) error[n] = std::fabs(consolidation(factor, 32 << n, 25 << (2 * n)) - exact);
    EXPECT_GT(observed_order(error[0], error[1]), 1.9) << "T = " << factor;
    EXPECT_GT(observed_order(error[1], error[2]), 1.9) << "T = " << factor;
    // Implicit Euler is late by half a step: dU/dT dT/2 = (U/2T) T/400/2 at most, and less once U saturates.
    EXPECT_LT(error[2], 0.25 * degree / 400.0 * 2.0) << "T = " << factor;
  }
}

/// Share of a cell that lies outside the unit sphere around the origin, from 16 x 16 points.
double share_outside(const AxisymmetricGrid& grid, int i, int j) {
  constexpr int points = 16;
  int outside = 0;
  for (int a = 0; a < points; ++a)
    for (int b = 0; b < points; ++b) {
      const double r = grid.r_face(i) + grid.dr(i) * (a + 0.5) / points, z = grid.z_face(j) + grid.dz(j) * (b + 0.5) / points;
      if (r * r + z * z > 1.0) ++outside;
    }
  return static_cast<double>(outside) / (points * points);
}

/// Largest error around a spherical cavity of radius 1 that is fed at a constant rate from t = 0 to t = 1, over the largest
/// pressure; c = k/(mu S) = 1. The surface of the grid is the sphere's plane of symmetry.
double sphere_error(int n, int steps) {
  const auto faces = test::growing_faces(n, 10.0, 3.5);
  PressureMarch march(faces, faces);
  const InsertionProblem& p = march.p;
  // The cavity stores nothing and conducts freely; a cell that it cuts stores and resists by its share outside.
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < n; ++j) {
      const double share = share_outside(p.grid, i, j);
      march.storage_factor[static_cast<std::size_t>(p.grid.cell(i, j))] = std::max(share, 1e-6);
      p.scratch.mobility(p.grid.cell(i, j)) = 1.0 / std::max(share, 1e-4);
    }
  march.source_of(0) = 2.0 * pi;  // of 4 pi, half on this side
  for (int k = 0; k < steps; ++k) march.step(1.0 / steps, 1e-8);
  double error = 0.0;
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < n; ++j) {
      const double r = std::hypot(p.grid.r_centre(i), p.grid.z_centre(j)), t = 1.0;
      if (r < 1.3 || r > 6.0) continue;  // beside the stairs; next to the rim, where the exact pressure is 1e-7
      const double x = (r - 1.0) / (2.0 * std::sqrt(t)), y = x + std::sqrt(t);
      const double exact = (std::erfc(x) - std::exp(r - 1.0 + t) * std::erfc(y)) / r;
      error = std::max(error, std::fabs(p.tissue.pressure(p.grid.cell(i, j)) - exact));
    }
  return error;
}

TEST(ExactFlow, InjectionFromASphereFollowsCarslawAndJaeger) {
  double error[3];
  for (int n = 0; n < 3; ++n) error[n] = sphere_error(16 << n, 20 << (2 * n));
  // First order is what stairs along the sphere would give; cells cut by share bring it towards the second, with some noise.
  EXPECT_GT(observed_order(error[0], error[1]), 1.0);
  EXPECT_GT(observed_order(error[1], error[2]), 1.0);
  EXPECT_GT(observed_order(error[0], error[2]), 2.0 * 1.5);
  // Cells of 10 x 3.5 cosh(1.28)/sinh(3.5)/64 = 0.064 at the sphere, h^2/12 times the second derivative of 1/r there, 2.
  EXPECT_LT(error[2], 0.064 * 0.064 / 6.0);
}

/// Largest relative error around a steady point source in tissue that conducts `anisotropy` times better in the plane, beyond a
/// quarter of the domain's size; the rim is held at the exact pressure.
double point_source_error(int n, double anisotropy) {
  PressureMarch march(test::equal_faces(n, 1.0), test::equal_faces(n, 1.0));
  const InsertionProblem& p = march.p;
  const auto exact = [&](int i, int j) {
    const double r = p.grid.r_centre(i), z = p.grid.z_centre(j);
    return 1.0 / (4.0 * pi * anisotropy * std::sqrt(r * r / anisotropy + z * z));
  };
  for (int j = 0; j < n; ++j) put(p.rows.anisotropy, j, anisotropy);
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < n; ++j)
      if (i == n - 1 || j == n - 1) march.hold(p.grid.cell(i, j), exact(i, j), 1.0);
  march.source_of(0) = 0.5;  // half of a unit source in the plane of symmetry
  // A step of 1e6 diffusion times leaves 1e-6 of what is missing, two of them nothing.
  for (int k = 0; k < 2; ++k) march.step(1e6, 1e-3);
  double error = 0.0;
  for (int i = 0; i < n - 1; ++i)
    for (int j = 0; j < n - 1; ++j)
      if (std::hypot(p.grid.r_centre(i), p.grid.z_centre(j)) > 0.25)
        error = std::max(error, std::fabs(p.tissue.pressure(p.grid.cell(i, j)) / exact(i, j) - 1.0));
  return error;
}

TEST(ExactFlow, AnisotropicPointSourceIsOfSecondOrder) {
  for (const double anisotropy : {1.0, 2.0, 5.0}) {
    double error[3];
    for (int n = 0; n < 3; ++n) error[n] = point_source_error(32 << n, anisotropy);
    EXPECT_GT(observed_order(error[0], error[1]), 1.9) << "anisotropy " << anisotropy;
    EXPECT_GT(observed_order(error[1], error[2]), 1.9) << "anisotropy " << anisotropy;
    // A cell instead of a point: its second moment is h^2/2 across and h^2/3 along, weighted by 1/rho^2 of a quadrupole.
    EXPECT_LT(error[2], 0.5 * std::pow(1.0 / 128.0 / 0.25, 2)) << "anisotropy " << anisotropy;
  }
}

/// Theis' well function W(u), the exponential integral.
double well(double u) { return -std::expint(-u); }

/// Largest error of the drawdown around a line source for u = r^2 S/(4 T t) from 1e-4 to 1, in units of Q/(4 pi T).
double line_source_error(int n, int steps) {
  const double depth = 1.0, t = 16.0;
  PressureMarch march(test::growing_faces(n, 45.0, 8.0), test::equal_faces(8, depth));
  const InsertionProblem& p = march.p;
  for (int j = 0; j < 8; ++j) march.source_of(p.grid.cell(0, j)) = 4.0 * pi * p.grid.dz(j);
  for (int k = 0; k < steps; ++k) march.step(t / steps, 1e-12);
  double error = 0.0;
  for (int i = 0; i < n; ++i) {
    const double r = p.grid.r_centre(i), u = r * r / (4.0 * t);
    if (u > 1e-4 && u < 1.0) error = std::max(error, std::fabs(p.tissue.pressure(p.grid.cell(i, 3)) - well(u)));
  }
  return error;
}

TEST(ExactFlow, LineSourceFollowsTheis) {
  struct Reference {
    double u, well;
  };
  for (const auto& [u, value] : {Reference{1e-4, 8.633225}, {1e-3, 6.331539}, {1e-2, 4.037930}, {0.1, 1.822924}, {1.0, 0.219384}})
    EXPECT_NEAR(well(u), value, 0.51e-6);
  double error[3];
  for (int n = 0; n < 3; ++n) error[n] = line_source_error(64 << n, 100 << (2 * n));
  EXPECT_GT(observed_order(error[0], error[1]), 1.9);
  EXPECT_GT(observed_order(error[1], error[2]), 1.9);
  // N implicit steps: t dt/2 d2W/dt2 = (u - 1) e^-u / 2N, at most 1/3200. Rings of h = 8/256 r: (h/r)^2/12 of the resistance, W <=
  // 9, with a fifth for the next terms.
  EXPECT_LT(error[2], 1.2 * (1.0 / 3200.0 + 9.0 * std::pow(8.0 / 256.0, 2) / 12.0));
}

/// Steady Darcy velocity through a layer of thickness 1 whose permeability falls with the strain of its pores, e = S (p - p_i):
/// the pressure is that of rest at the free face and lower by `suction` at the fixed base, so strain is largest at the base.
double strained_flow(int cells, double exponent, double suction, double porosity) {
  constexpr int outside = 8;
  const double dz = 1.0 / cells;
  PressureMarch layer(test::equal_faces(1, 1.0), test::equal_faces(cells + 2 * outside, (cells + 2 * outside) * dz), porosity);
  InsertionProblem& p = layer.p;
  p.params.permeability = {.strain_exponent = exponent, .strain_limit = 1e9};
  p.params.clogging = {.plugged_share = 1e-3};
  p.params.viscosity.interstitial_viscosity = 1.0;
  const SerialExecutor executor;
  const auto hold_outside = [&] {
    for (int j = 0; j < outside; ++j) {
      layer.hold(j, 0.0);
      layer.hold(cells + outside + j, -suction);
    }
  };
  // Permeability follows the content of the step before, so the step is no longer than the time in which pressure spreads.
  const double dt = 1.0;
  for (int n = 0; n < 400; ++n) {
    executor.rows(p.grid.n_z, MobilityStep{p});
    hold_outside();
    layer.step(dt, 1e-13);
    executor.cells(1, p.grid.n_z, FluxStep{p});
    executor.rows(p.grid.n_z, FluidAndPressureStep{p, TransportBox{0, 0}, dt});
    for (int j = 0; j < outside; ++j) p.tissue.fluid(j) = p.tissue.fluid(cells + outside + j) = porosity;
  }
  return p.scratch.axial_flux(outside + cells / 2) / p.grid.ring_area(0);
}

TEST(ExactFlow, FlowThroughStrainedTissueSaturates) {
  // Linear storage is the limit of a large porosity: content n/(1 - e/n) = n + e (1 + e/n + ...), here to 1e-5.
  // q = k0/(mu S m L) (1 - exp(-m S dp)).
  const double exponent = 2.94;
  for (const double suction : {0.1, 0.5, 1.0, 1.5}) {
    const double exact = (1.0 - std::exp(-exponent * suction)) / exponent;
    double error[3];
    for (int n = 0; n < 3; ++n) error[n] = std::fabs(strained_flow(32 << n, exponent, suction, 1e6) / exact - 1.0);
    EXPECT_GT(observed_order(error[0], error[1]), 1.9) << suction;
    EXPECT_GT(observed_order(error[1], error[2]), 1.9) << suction;
    // Permeability changes over a cell by x = m h de/dx, at most (e^(m S dp) - 1) h at the base; a harmonic mean of an exponential
    // is off by x^2/24.
    EXPECT_LT(error[2], std::pow(std::expm1(exponent * suction) / 128.0, 2) / 24.0) << suction;
  }
}

}  // namespace
}  // namespace dermaflux
