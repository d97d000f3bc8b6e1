#pragma once
#include <cmath>
#include <random>
#include <utility>
#include <vector>

#include "core/execution/column_executor.hpp"
#include "tests/support/random_system.hpp"
#include "tests/support/small_grid.hpp"
#include "validation/benchmark/bare_box.hpp"

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

/// A box on a grid of a test's own: uniform tissue at rest, permeability, storage and viscosity 1, no track, laws zero unless the
/// test sets them. The part is the whole.
struct SmallBox : BareBox {
  std::vector<double> source;  ///< liquid that enters each cell [m^3/s], for pressure_step
  BoxLevels& levels = in.solver.levels;

  SmallBox(const std::vector<double>& x, const std::vector<double>& y, const std::vector<double>& z, double porosity = 0.4,
           int nodes = 0, int links = 0)
      : BareBox({x, y, z}) {
    p.system.nodes.nodes = nodes;
    p.system.nodes.links = links;
    source.assign(static_cast<std::size_t>(p.grid.cell_count()), 0.0);
    InsertionParams& c = p.tissue.params;
    c.pigment[0].share = 1.0;
    c.permeability.strain_limit = 1.0;
    c.viscosity.interstitial_viscosity = 1.0;
    c.max_captured = 1e300;
    c.ink_concentration = 1.0;
    c.pigment_density = 1e300;
    set_rows(p.tissue.rows.permeability, 1.0);
    set_rows(p.tissue.rows.anisotropy, 1.0);
    set_rows(p.tissue.rows.porosity, porosity);
    set_rows(p.tissue.rows.storage, 1.0);
    for (int at = 0; at < p.grid.cell_count(); ++at) {
      p.tissue.tissue.fluid(at) = porosity;
      p.tissue.scratch.damage(at) = p.tissue.scratch.permeability(at) = 1.0;
      put(p.scratch.resistance, at, 1.0);
    }
  }
  /// The same value of a constant in all rows.
  static void set_rows(FieldView<const double> constant, double value) {
    for (int k = 0; k < constant.size; ++k) put(constant, k, value);
  }
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
    set_rows(p.tissue.rows.anisotropy, anisotropy);
    for_cells([&](int i, int j, int k, int at) { p.tissue.scratch.mobility(at) = mobility(i, j, k); });
    SerialColumns{}.pieces(p.part.columns(), p.part.rows, SpaceConductanceStep{p});
  }
  /// One implicit step of the pressure under the sources.
  template <class Executor>
  SolveCost pressure_step(const Executor& on, double dt, const SolveUntil& until) {
    on.pieces(p.part.columns(), p.part.rows, SpaceConductanceStep{p});
    on.pieces(p.part.columns(), p.part.rows, SpaceBalanceStep{p, dt, false});
    for (int at = 0; at < p.grid.cell_count(); ++at) p.system.residual(at) += source[static_cast<std::size_t>(at)];
    const SolveCost cost = solve_box(on, p.system, levels, until);
    on.pieces(p.part.columns(), p.part.rows, SpaceApplyStep{p});
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
