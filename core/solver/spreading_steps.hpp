#pragma once
#include "core/solver/tissue_steps.hpp"

namespace dermaflux {

/// Conductances for spreading of one component between the middles of neighbouring cells over a time, n D t A / h [m^3], as the
/// series resistance of the half cells. No spreading through the wall of the track nor through the rim of the box.
struct SpreadingConductanceStep {
  InsertionProblem p;
  TransportBox box;
  double diffusivity, time;  ///< in pore fluid [m^2/s], [s]
  static constexpr int groups_abreast = 2;
  template <int W>
  DF_FUNCTION void rows(int j) const {
    const AxisymmetricGrid& grid = p.grid;
    double here[W + 1], half[W + 1], open[W];  // to the row below the group
    for (int l = 0; l <= W; ++l) half[l] = 0.5 * grid.dz(j + l < grid.n_z ? j + l : grid.n_z - 1);
    for (int l = 0; l < W; ++l) open[l] = j + l + 1 < box.rows ? 1.0 : 0.0;
    for (int i = 0; i < box.rings; ++i) {
      const int first = grid.cell(i, j), column = grid.column;
      const bool inside = i + 1 < box.rings;
      const double face = grid.r_face(i + 1), near = face - grid.r_centre(i), far = inside ? grid.r_centre(i + 1) - face : near;
      const double girth = inside ? 4.0 * units::pi * face : 0.0, ring = grid.ring_area(i);
      DF_LANES
      for (int l = 0; l <= W; ++l) here[l] = spreading(first + l);
      DF_LANES
      for (int l = 0; l < W; ++l) {
        p.scratch.radial_spreading(first + l) = in_series(girth * half[l], near, here[l], far, spreading(first + column + l));
        p.scratch.axial_spreading(first + l) = open[l] * in_series(ring, half[l], here[l], half[l + 1], here[l + 1]);
      }
    }
  }

 private:
  DF_IN_LANES DF_FUNCTION double spreading(int k) const {
    return p.params.spreading(p.tissue.fluid(k), diffusivity, time, p.tissue.path(k));
  }
};

/// Implicit spreading of one component along the rings of each row: a tridiagonal M-matrix, so that it is stable and positive
/// for any step. What lies outward of a cell is eliminated as a storage in series with its conductance: without differences,
/// so that mass is kept to rounding however long the step.
struct RingSpreadingStep {
  InsertionProblem p;
  TransportBox box;
  FieldView<double> amount, share;  ///< per tissue volume; per fluid volume
  static constexpr int groups_abreast = 2;
  template <int W>
  DF_FUNCTION void rows(int j) const {
    const AxisymmetricGrid& grid = p.grid;
    double storage[W] = {}, inverse[W] = {}, reduced[W] = {}, inner[W] = {};
    for (int i = box.rings - 1; i >= 0; --i) {
      const int first = grid.cell(i, j), inward = i > 0 ? grid.column : 0;
      const double ring = grid.ring_area(i), inside = i > 0 ? 1.0 : 0.0;
      DF_LANES
      for (int l = 0; l < W; ++l) {
        const int k = first + l;
        const double volume = ring * grid.dz(j + l), outer = p.scratch.radial_spreading(k), coupling = outer * inverse[l];
        reduced[l] = volume * amount(k) + coupling * reduced[l];
        storage[l] = volume * p.tissue.fluid(k) + coupling * storage[l];
        inverse[l] = 1.0 / (storage[l] + inside * p.scratch.radial_spreading(k - inward));
        p.scratch.factor(k) = inverse[l];
        share(k) = reduced[l];
      }
    }
    for (int i = 0; i < box.rings; ++i) {
      const int first = grid.cell(i, j), inward = i > 0 ? grid.column : 0;
      DF_LANES
      for (int l = 0; l < W; ++l) {
        const int k = first + l;
        inner[l] = p.scratch.factor(k) * (share(k) + p.scratch.radial_spreading(k - inward) * inner[l]);
        share(k) = inner[l];
        amount(k) = inner[l] * p.tissue.fluid(k);
      }
    }
  }
};

/// The same along the rows of each ring; a line waits for its divisions, so several rings go side by side.
struct RowSpreadingStep {
  InsertionProblem p;
  TransportBox box;
  FieldView<double> amount, share;
  static constexpr int abreast = 4;

  DF_FUNCTION static int groups(const TransportBox& box) { return (box.rings + abreast - 1) / abreast; }
  DF_FUNCTION void operator()(int group, int) const {
    const int first = group * abreast;
    if (first + abreast <= box.rings) return rings<abreast>(first);
    for (int i = first; i < box.rings; ++i) rings<1>(i);
  }

 private:
  template <int N>
  DF_FUNCTION void rings(int first) const {
    double storage[N] = {}, inverse[N] = {}, reduced[N] = {}, upper[N] = {}, below[N] = {}, area[N];
    for (int n = 0; n < N; ++n) area[n] = p.grid.ring_area(first + n);
    for (int j = 0; j < box.rows; ++j)
      for (int n = 0; n < N; ++n) {
        const int k = p.grid.cell(first + n, j);
        const double volume = area[n] * p.grid.dz(j), lower = p.scratch.axial_spreading(k), coupling = upper[n] * inverse[n];
        reduced[n] = volume * amount(k) + coupling * reduced[n];
        storage[n] = volume * p.tissue.fluid(k) + coupling * storage[n];
        inverse[n] = 1.0 / (storage[n] + lower);
        p.scratch.factor(k) = inverse[n];
        share(k) = reduced[n];
        upper[n] = lower;
      }
    for (int j = box.rows - 1; j >= 0; --j)
      for (int n = 0; n < N; ++n) {
        const int k = p.grid.cell(first + n, j);
        below[n] = p.scratch.factor(k) * (share(k) + p.scratch.axial_spreading(k) * below[n]);
        share(k) = below[n];
        amount(k) = below[n] * p.tissue.fluid(k);
      }
  }
};

/// Ink has been spread: its path starts anew.
struct ForgetPathStep {
  InsertionProblem p;
  DF_FUNCTION void operator()(int i, int j) const { p.tissue.path(p.grid.cell(i, j)) = 0.0; }
};

}  // namespace dermaflux
