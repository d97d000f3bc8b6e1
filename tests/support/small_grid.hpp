#pragma once
#include <vector>

#include "core/execution/executor.hpp"
#include "core/solver/insertion_setup.hpp"
#include "core/solver/ink_cycle.hpp"
#include "core/solver/tissue_steps.hpp"

namespace dermaflux::test {

/// Equal intervals from 0 to `end`.
inline std::vector<double> equal_faces(int count, double end) {
  std::vector<double> faces;
  for (int n = 0; n <= count; ++n) faces.push_back(end * n / count);
  return faces;
}

/// An insertion problem on a grid of a test's own, so that single steps can be run on it. Tissue is uniform at rest: content
/// equals porosity, no track, mobility and damage are 1, laws are zero unless the test sets them.
struct SmallGrid {
  std::vector<double> constants, state;
  InsertionProblem p{};

  SmallGrid(const std::vector<double>& r_face, const std::vector<double>& z_face, double porosity = 0.4, int classes = 1) {
    const int n_r = static_cast<int>(r_face.size()) - 1, n_z = static_cast<int>(z_face.size()) - 1;
    ViewArena count;
    lay_out_constants(count, n_r, n_z, p);
    constants.assign(static_cast<std::size_t>(count.used), 0.0);
    ViewArena arena{constants.data()};
    lay_out_constants(arena, n_r, n_z, p);
    p.params.classes = classes;
    for (int n = 0; n < classes; ++n) p.params.pigment[n].share = 1.0 / classes;
    ViewArena needed;
    lay_out_state(needed, p);
    state.assign(static_cast<std::size_t>(needed.used), 0.0);
    ViewArena memory{state.data()};
    lay_out_state(memory, p);
    for (int i = 0; i <= n_r; ++i) put(p.grid.r_face, i, r_face[static_cast<std::size_t>(i)]);
    for (int j = 0; j <= n_z; ++j) put(p.grid.z_face, j, z_face[static_cast<std::size_t>(j)]);
    for (int i = 0; i < n_r; ++i) put(p.grid.r_centre, i, 0.5 * (p.grid.r_face(i) + p.grid.r_face(i + 1)));
    for (int j = 0; j < n_z; ++j) {
      put(p.grid.z_centre, j, 0.5 * (p.grid.z_face(j) + p.grid.z_face(j + 1)));
      put(p.rows.porosity, j, porosity);
      put(p.rows.anisotropy, j, 1.0);
      put(p.rows.storage, j, 1.0);
      put(p.rows.permeability, j, 1.0);
    }
    p.params.permeability.strain_limit = 1.0;
    p.params.max_captured = 1e300;
    for (int k = 0; k < p.grid.cell_count(); ++k) {
      p.tissue.fluid(k) = porosity;
      p.scratch.fluid_inverse(k) = 1.0 / porosity;
      p.scratch.mobility(k) = p.scratch.permeability(k) = p.scratch.damage(k) = 1.0;
    }
  }
  SmallGrid(const SmallGrid&) = delete;
  SmallGrid& operator=(const SmallGrid&) = delete;

  /// Substeps of transport and filtration on the whole grid, in the order of a time step.
  void carry(int count, double dt) const {
    const SerialExecutor executor;
    const TransportBox box{p.grid.n_r, p.grid.n_z};
    executor.cells(box.rings, box.rows, FluidInverseStep{p});
    executor.rows(box.rows, FiltrationStep{p, box, 0.5 * dt});
    for (int n = 0; n < count; ++n) {
      transport_substep(executor, p, box, dt, n % 2 == 0);
      executor.rows(box.rows, FiltrationStep{p, box, n + 1 < count ? dt : 0.5 * dt});
    }
  }

  /// Sum over all cells of a field times volume.
  double integral(FieldView<const double> field) const {
    double sum = 0.0;
    for (int i = 0; i < p.grid.n_r; ++i)
      for (int j = 0; j < p.grid.n_z; ++j) sum += field(p.grid.cell(i, j)) * p.grid.volume(i, j);
    return sum;
  }
};

}  // namespace dermaflux::test
