#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "tests/support/small_box.hpp"

/// Sources in three dimensions against exact solutions, with steps quartered when cells are halved: implicit steps are of first
/// order, so that both errors fall fourfold and the order of the whole is that in space, 2.
namespace dermaflux {
namespace {

using test::SmallBox;
constexpr double pi = std::numbers::pi;

/// Cells along an axis from a place of symmetry, growing thirtyfold on the way.
std::vector<double> from_symmetry(int cells, double length) {
  return test::growing_faces(cells, length, 0.0, std::pow(30.0, 1.0 / cells));
}

/// A box of storage 1 and mobility 1 normal to the surface, `anisotropy` times that in the plane, and what marches in it.
struct SourceBox : SmallBox {
  SourceBox(const std::vector<double>& x, const std::vector<double>& y, const std::vector<double>& z, double anisotropy)
      : SmallBox(x, y, z) {
    p.tissue.params.permeability.strain_limit = 1e12;  // linear storage
    set_conductances([](int, int, int) { return 1.0; }, anisotropy);
  }
  /// Under constant sources to a time in steps that grow with it, t = end (n/steps)^3, as pressure does.
  void march(double end, int steps) {
    for (int n = 0; n < steps; ++n) {
      const double dt = end * (std::pow((n + 1.0) / steps, 3) - std::pow(n / double(steps), 3));
      pressure_step(SerialColumns{}, dt, {0.0, 1e-9, 60});
    }
  }
  /// Root of the mean square error relative to the exact pressure, where `in_range` holds.
  template <class Exact, class InRange>
  double error(const Exact& exact, const InRange& in_range) const {
    double off = 0.0, norm = 0.0;
    for_cells([&](int i, int j, int k, int at) {
      if (!in_range(i, j, k)) return;
      off += p.grid.volume(i, j, k) * std::pow(p.tissue.tissue.pressure(at) - exact(i, j, k), 2);
      norm += p.grid.volume(i, j, k) * std::pow(exact(i, j, k), 2);
    });
    return std::sqrt(off / norm);
  }
};

/// Order that two errors show, on cells half as wide.
double order(double coarse, double fine) { return std::log2(coarse / fine); }

/// Exponential integral W(u) by its series, u < 2, or continued fraction.
double theis(double u) {
  if (u > 2.0) {
    double fraction = 0.0;
    for (int n = 60; n > 0; --n) fraction = n / (1.0 + n / (u + fraction));
    return std::exp(-u) / (u + fraction);
  }
  double sum = -std::numbers::egamma - std::log(u), term = -1.0;
  for (int n = 1; n < 60; ++n) {
    term *= -u / n;
    sum += term / n;
  }
  return sum;
}

TEST(BoxSources, TheExponentialIntegralIsThatOfTheTables) {
  for (const auto& [u, w] : {std::pair{1e-2, 4.037930}, {0.1, 1.822924}, {1.0, 0.219384}}) EXPECT_NEAR(theis(u), w, 1e-6);
}

/// A line source at a corner of closed planes: along z, or along y where the plane across it is anisotropic. Pressure is that of
/// Theis with the geometric mean of both mobilities, p = Q/(4 pi sqrt(Ka Kb)) W(rho^2/(4 t)), rho^2 = a^2/Ka + b^2/Kb.
double line_error(bool lying, int cells) {
  const double in_plane = 4.0, other = lying ? 1.0 : in_plane, end = 0.004;
  const std::vector<double> fine = from_symmetry(cells, 1.0), even = test::equal_faces(8, 0.1);
  SourceBox box(fine, lying ? even : fine, lying ? fine : even, in_plane);
  const CartesianGrid& g = box.p.grid;
  for (int n = 0; n < 8; ++n)
    box.source[static_cast<std::size_t>(lying ? g.cell(0, n, 0) : g.cell(0, 0, n))] = 0.25 * (lying ? g.dy(n) : g.dz(n));
  box.march(end, cells * cells / 24);
  const auto rho2 = [&](int i, int j, int k) {
    return std::pow(g.x_centre(i), 2) / in_plane + std::pow(lying ? g.z_centre(k) : g.y_centre(j), 2) / other;
  };
  return box.error(
      [&](int i, int j, int k) { return theis(rho2(i, j, k) / (4.0 * end)) / (4.0 * pi * std::sqrt(in_plane * other)); },
      [&](int i, int j, int k) { return rho2(i, j, k) > 0.03 * 0.03 && rho2(i, j, k) < 0.25 * 0.25; });
}

TEST(BoxSources, LineNormalToTheSurfaceIsThatOfTheisToSecondOrder) {
  const double coarse = line_error(false, 24), fine = line_error(false, 48);
  EXPECT_LT(fine, 0.01);
  EXPECT_GT(order(coarse, fine), 1.9);
}

TEST(BoxSources, LineAcrossAnisotropicTissueHasTheGeometricMeanOfBothMobilities) {
  const double coarse = line_error(true, 24), fine = line_error(true, 48);
  EXPECT_LT(fine, 0.01);
  EXPECT_GT(order(coarse, fine), 1.9);
}

/// p = Q/(4 pi sqrt(K K K_z) rho) erfc(rho/sqrt(4 t)), rho^2 = (x^2 + y^2)/K + z^2/K_z, K_z = 1.
double point_error(int cells) {
  const double in_plane = 4.0, end = 0.004;
  const std::vector<double> faces = from_symmetry(cells, 1.0);
  SourceBox box(faces, faces, from_symmetry(cells, 0.7), in_plane);
  const CartesianGrid& g = box.p.grid;
  box.source[0] = 0.125;
  box.march(end, cells * cells / 16);
  const auto rho = [&](int i, int j, int k) {
    return std::sqrt((std::pow(g.x_centre(i), 2) + std::pow(g.y_centre(j), 2)) / in_plane + std::pow(g.z_centre(k), 2));
  };
  return box.error(
      [&](int i, int j, int k) { return std::erfc(rho(i, j, k) / std::sqrt(4.0 * end)) / (4.0 * pi * in_plane * rho(i, j, k)); },
      [&](int i, int j, int k) { return rho(i, j, k) > 0.05 && rho(i, j, k) < 0.3; });
}

TEST(BoxSources, PointInAnisotropicTissueIsExactToSecondOrder) {
  const double coarse = point_error(16), fine = point_error(32);
  EXPECT_LT(fine, 0.02);
  EXPECT_GT(order(coarse, fine), 1.9);
}

/// Injection at a constant rate through the wall of a sphere of radius a that stores nothing, as for a bulb of ink: Carslaw &
/// Jaeger 1959, section 9.10. The sphere is made of the cells whose middles lie in it, a million times as permeable as what is
/// around.
double sphere_error(int cells) {
  const double a = 0.06, end = 0.004;
  const std::vector<double> faces = test::growing_faces(cells, 0.7, 0.0, std::pow(6.0, 1.0 / cells));
  SourceBox box(faces, faces, faces, 1.0);
  const CartesianGrid& g = box.p.grid;
  const auto radius = [&](int i, int j, int k) { return std::hypot(g.x_centre(i), g.y_centre(j), g.z_centre(k)); };
  double volume = 0.0;
  box.for_cells([&](int i, int j, int k, int) { volume += radius(i, j, k) < a ? g.volume(i, j, k) : 0.0; });
  const double wall = std::cbrt(volume * 6.0 / pi);  // radius of the sphere that these cells fill
  box.set_conductances([&](int i, int j, int k) { return radius(i, j, k) < a ? 1e6 : 1.0; });
  box.source[0] = 0.125;
  const int steps = cells * cells / 16;
  for (int n = 0; n < steps; ++n) {
    const double dt = end * (std::pow((n + 1.0) / steps, 3) - std::pow(n / double(steps), 3));
    SerialColumns on;
    on.pieces(box.p.part.columns(), box.p.part.rows, SpaceConductanceStep{box.p});
    on.pieces(box.p.part.columns(), box.p.part.rows, SpaceBalanceStep{box.p, dt, false});
    box.p.system.residual(0) += box.source[0];
    box.for_cells([&](int i, int j, int k, int at) {
      if (radius(i, j, k) < a) box.p.system.storage(at) *= 1e-6;
    });
    solve_box(on, box.p.system, box.levels, {0.0, 1e-9, 60});
    on.pieces(box.p.part.columns(), box.p.part.rows, SpaceApplyStep{box.p});
  }
  const auto exact = [&](int i, int j, int k) {
    const double r = radius(i, j, k), s = std::sqrt(end), u = (r - wall) / (2.0 * s);
    return (std::erfc(u) - std::exp((r - wall) / wall + end / (wall * wall)) * std::erfc(u + s / wall)) / (4.0 * pi * r);
  };
  return box.error(exact, [&](int i, int j, int k) { return radius(i, j, k) > 2.0 * a && radius(i, j, k) < 0.3; });
}

TEST(BoxSources, InjectionFromASphereIsThatOfCarslawAndJaeger) {
  // The steps of the sphere's wall are not seen from two radii on: what they add falls off with the fourth power of the radius over
  // the distance, and the volume of the sphere is that of its cells.
  const double coarse = sphere_error(16), fine = sphere_error(32);
  // The wall is made of whole cells, whose number does not follow their width smoothly: measured 1.87.
  EXPECT_GT(order(coarse, fine), 1.5);
  EXPECT_LT(fine, 0.01);
}

/// Carrier and pigment that flow and spread in a closed box: c = 2 + cos(pi x) cos(pi y) cos(pi z) (1 + t/2), monotone along every
/// line, so that nothing is limited but at the rim; two rolls of flow, of the stream functions S sin(pi x) sin(pi y) and
/// S sin(pi x) sin(pi z). What the balance leaves over is the source, added at the middle of each step.
double carried_error(int cells, bool flows, bool spreads) {
  const double porosity = 0.4, diffusivity = spreads ? 0.05 : 0.0, stream = flows ? 0.1 : 0.0, end = 0.25;
  std::vector<double> faces;
  for (int n = 0; n <= cells; ++n) faces.push_back(n / double(cells) + 0.06 * std::sin(2.0 * pi * n / cells));
  SmallBox box(faces, faces, faces, porosity);
  SpaceProblem& p = box.p;
  const TissueState& tissue = p.tissue.tissue;
  const CartesianGrid& g = p.grid;
  p.tissue.params.pigment[0].diffusivity = diffusivity;
  const auto roll = [&](double a, double b) { return stream * std::sin(pi * a) * std::sin(pi * b); };
  box.for_cells([&](int i, int j, int k, int at) {
    const double x0 = g.x_face(i), x = g.x_face(i + 1), y0 = g.y_face(j), y = g.y_face(j + 1), z0 = g.z_face(k),
                 z = g.z_face(k + 1);
    if (i + 1 < g.n_x) p.scratch.x_flux(at) = (roll(x, y) - roll(x, y0)) * g.dz(k) + (roll(x, z) - roll(x, z0)) * g.dy(j);
    if (j + 1 < g.n_y) p.scratch.y_flux(at) = (roll(x0, y) - roll(x, y)) * g.dz(k);
    if (k + 1 < g.n_z) p.scratch.z_flux(at) = (roll(x0, z) - roll(x, z)) * g.dy(j);
  });
  struct Point {
    double value, source;
  };
  const auto exact = [&](int i, int j, int k, double t) {
    const double x = pi * g.x_centre(i), y = pi * g.y_centre(j), z = pi * g.z_centre(k), grown = 1.0 + 0.5 * t;
    const double wave = std::cos(x) * std::cos(y) * std::cos(z);
    const double u_x = stream * pi * std::sin(x) * (std::cos(y) + std::cos(z)), u_y = -stream * pi * std::cos(x) * std::sin(y);
    const double u_z = -stream * pi * std::cos(x) * std::sin(z);
    const double carried = -pi * grown *
                           (u_x * std::sin(x) * std::cos(y) * std::cos(z) + u_y * std::cos(x) * std::sin(y) * std::cos(z) +
                            u_z * std::cos(x) * std::cos(y) * std::sin(z));
    const double rate = 0.5 * wave;
    return Point{2.0 + grown * wave, porosity * rate + carried + porosity * diffusivity * 3.0 * pi * pi * grown * wave};
  };
  box.for_cells([&](int i, int j, int k, int at) { tissue.pigment[0](at) = porosity * exact(i, j, k, 0.0).value; });
  const int steps = spreads ? cells * cells / 8 : cells * 3 / 2;
  const double dt = end / steps;
  for (int n = 0; n < steps; ++n) {
    const auto half = [&](double t) {
      box.for_cells([&](int i, int j, int k, int at) { tissue.pigment[0](at) += 0.5 * dt * exact(i, j, k, t).source; });
    };
    half(n * dt);
    carry_ink(SerialColumns{}, p, dt, 1, n);
    spread_over(SerialColumns{}, p, dt, n % 2 == 0);
    half((n + 1) * dt);
  }
  double sum = 0.0;
  box.for_cells([&](int i, int j, int k, int at) {
    sum += g.volume(i, j, k) * std::pow(tissue.pigment[0](at) / tissue.fluid(at) - exact(i, j, k, end).value, 2);
  });
  return std::sqrt(sum);
}

TEST(BoxTransport, AndSpreadingAreOfSecondOrderInAManufacturedFlow) {
  // On a graded grid. Flow alone is of second order in its steps, which are halved; implicit spreading of first, and they are
  // quartered.
  for (const auto& [flows, spreads] : {std::pair{true, false}, {false, true}, {true, true}}) {
    const double coarse = carried_error(12, flows, spreads), fine = carried_error(24, flows, spreads);
    EXPECT_GT(order(coarse, fine), 1.9) << flows << spreads;
    EXPECT_LT(fine, 0.01);
  }
}

}  // namespace
}  // namespace dermaflux
