#pragma once
#include <cmath>
#include <memory>
#include <random>
#include <vector>

#include "core/execution/column_executor.hpp"
#include "core/solver/box_solver.hpp"
#include "core/solver/box_spreading.hpp"
#include "tests/support/random_system.hpp"
#include "tests/support/small_grid.hpp"

namespace dermaflux::test {

/// Cells that grow by a factor from the place where they are finest, at a share of their number; the whole is `length` long.
inline std::vector<double> growing_faces(int count, double length, double finest, double growth) {
  std::vector<double> faces{0.0};
  for (int n = 0; n < count; ++n) faces.push_back(faces.back() + std::pow(growth, std::fabs(n + 0.5 - finest * count)));
  for (double& face : faces) face *= length / faces[static_cast<std::size_t>(count)];
  return faces;
}

/// As grids around needles are: two fifths of the cells equal, those beyond growing by a factor up to 20 times as wide.
inline std::vector<double> cored_faces(int count, double length, double middle, double growth) {
  std::vector<double> faces{0.0};
  for (int n = 0; n < count; ++n) {
    const double beyond = std::fabs(n + 0.5 - middle * count) - 0.2 * count;
    faces.push_back(faces.back() + (beyond > 0.0 ? std::fmin(std::pow(growth, beyond), 20.0) : 1.0));
  }
  for (double& face : faces) face *= length / faces[static_cast<std::size_t>(count)];
  return faces;
}

/// A box problem on a grid of a test's own: uniform tissue at rest, permeability, storage and viscosity 1, no track, laws zero
/// unless the test sets them. One material.
struct SmallBox {
  std::vector<double> constants, state;
  std::vector<std::uint16_t> materials;
  BoxProblem p{};
  BoxLevels levels;
  ActiveColumns active;

  SmallBox(const std::vector<double>& x, const std::vector<double>& y, const std::vector<double>& z, double porosity = 0.4,
           int nodes = 0, int links = 0) {
    const auto count = [](const std::vector<double>& faces) { return static_cast<int>(faces.size()) - 1; };
    const auto lay_out_fixed = [&](ViewArena& arena) {
      p.grid = take_cartesian_grid(arena, count(x), count(y), count(z));
      for (auto* view :
           {&p.rows.permeability, &p.rows.anisotropy, &p.rows.porosity, &p.rows.storage, &p.rows.shear_modulus, &p.rows.filtration})
        *view = arena.take(1);
    };
    ViewArena counted;
    lay_out_fixed(counted);
    constants.assign(static_cast<std::size_t>(counted.used), 0.0);
    ViewArena fixed{constants.data()};
    lay_out_fixed(fixed);
    put_faces(p.grid, x, y, z);
    p.params.classes = 1;
    p.params.pigment[0].share = 1.0;
    p.params.permeability.strain_limit = 1.0;
    p.params.viscosity.interstitial_viscosity = 1.0;
    p.params.max_captured = 1e300;
    p.params.ink_concentration = 1.0;
    p.params.pigment_density = 1e300;
    put(p.rows.permeability, 0, 1.0);
    put(p.rows.anisotropy, 0, 1.0);
    put(p.rows.porosity, 0, porosity);
    put(p.rows.storage, 0, 1.0);
    const CoarseningPlan plan = plan_coarsening(p.grid.x_face, p.grid.y_face);
    const auto lay_out = [&](ViewArena& arena) {
      lay_out_box(arena, p);
      levels.lay_out(arena, p.system, plan);
      active = take_active(arena, p.grid);
      if (nodes > 0) p.system.nodes = take_nodes(arena, nodes, links);
    };
    ViewArena needed;
    lay_out(needed);
    state.assign(static_cast<std::size_t>(needed.used), 0.0);
    ViewArena memory{state.data()};
    lay_out(memory);
    materials.assign(static_cast<std::size_t>(p.grid.cell_count()), 0);
    p.material = {materials.data(), p.grid.cell_count(), 0};
    for (int at = 0; at < p.grid.cell_count(); ++at) {
      p.tissue.fluid(at) = porosity;
      p.damage(at) = p.scratch.permeability(at) = 1.0;
    }
  }
  SmallBox(const SmallBox&) = delete;
  SmallBox& operator=(const SmallBox&) = delete;

  template <class F>
  void for_cells(const F& f) const {
    for (int i = 0; i < p.grid.n_x; ++i)
      for (int j = 0; j < p.grid.n_y; ++j)
        for (int k = 0; k < p.grid.n_z; ++k) f(i, j, k, p.grid.cell(i, j, k));
  }
  double integral(FieldView<const double> field) const {
    double sum = 0.0;
    for_cells([&](int i, int j, int k, int at) { sum += field(at) * p.grid.volume(i, j, k); });
    return sum;
  }
  /// Conductances of a given mobility per cell, normal to the surface and in the plane, without storage.
  template <class Mobility>
  void set_conductances(const Mobility& mobility, double anisotropy = 1.0) {
    put(p.rows.anisotropy, 0, anisotropy);
    for_cells([&](int i, int j, int k, int at) { p.scratch.mobility(at) = mobility(i, j, k); });
    for (int i = 0; i < p.grid.n_x; ++i)
      for (int j = 0; j < p.grid.n_y; ++j) BoxBalanceStep{p, 1.0}.conductances(i, j);
  }
  /// One implicit step of the pressure under the sources of p.scratch.source.
  template <class Executor>
  SolveCost pressure_step(const Executor& on, double dt, const SolveUntil& until) {
    const int n_x = p.grid.n_x, n_y = p.grid.n_y;
    on.columns(n_x, n_y, BoxBalanceStep{p, dt});
    on.columns(n_x, n_y, BoxResidualStep{p});
    const SolveCost cost = solve_box(on, p.system, levels, until);
    on.columns(n_x, n_y, BoxCorrectionStep{p});
    return cost;
  }
};

/// Layers between 1e-19 and 1e-13 m^2, drawn once; almost no storage; random sources.
struct LayeredBox : SmallBox {
  std::vector<double> right;

  LayeredBox(const std::vector<double>& x, const std::vector<double>& y, const std::vector<double>& z, unsigned seed, bool layered)
      : SmallBox(x, y, z) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> decade(-19.0, -13.0), either(-1.0, 1.0);
    double layers[20];
    for (double& layer : layers) layer = layered ? std::pow(10.0, decade(random)) : 1e-15;
    const int n_z = p.grid.n_z;
    set_conductances([&](int, int, int k) { return layers[k * 20 / n_z] / 1e-3; });
    for_cells([&](int i, int j, int k, int at) {
      p.system.storage(at) = p.grid.volume(i, j, k) * 7e-6 / 10.0;  // steps of 10 s
      p.system.residual(at) = p.grid.volume(i, j, k) * either(random);
    });
    right.assign(p.system.residual.data, p.system.residual.data + p.system.residual.size);
  }
  /// Mean factor by which one cycle lowers the residual, down to 1e-8.
  double factor() {
    const SolveCost cost = solve_box(SerialColumns{}, p.system, levels, {0.0, 1e-8, 60});
    return std::pow(cost.residual, 1.0 / cost.iterations);
  }
};

}  // namespace dermaflux::test
