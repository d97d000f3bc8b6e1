#pragma once
#include "core/solver/transport_steps.hpp"

namespace dermaflux {

/// Conductances for spreading of one component between the middles of neighbouring cells over a time, n D t A / h [m^3], as the
/// series resistance of the half cells. No spreading through the wall of the track nor through the rim of the box.
struct SpreadingConductanceStep {
  InsertionProblem p;
  TransportBox box;
  double diffusivity, time;  ///< in pore fluid [m^2/s], [s]
  DF_FUNCTION double spreading(int k) const { return p.params.spreading(p.tissue.fluid(k), diffusivity, time, p.tissue.path(k)); }
  DF_FUNCTION void operator()(int i, int j) const {
    const AxisymmetricGrid& grid = p.grid;
    const int k = grid.cell(i, j);
    const double here = spreading(k);
    double radial = 0.0, axial = 0.0;
    if (i + 1 < box.rings) {
      const double face = grid.r_face(i + 1);
      radial =
          grid.outer_area(i, j) / ((face - grid.r_centre(i)) / here + (grid.r_centre(i + 1) - face) / spreading(k + grid.column));
    }
    if (j + 1 < box.rows) axial = grid.ring_area(i) / (0.5 * grid.dz(j) / here + 0.5 * grid.dz(j + 1) / spreading(k + 1));
    p.scratch.radial_spreading(k) = radial;
    p.scratch.axial_spreading(k) = axial;
  }
};

/// Implicit spreading of one component along the rings of each row: a tridiagonal M-matrix, so that it is stable and positive
/// for any step. What lies outward of a cell is eliminated as a storage in series with its conductance: without differences,
/// so that mass is kept to rounding however long the step.
struct RingSpreadingStep {
  InsertionProblem p;
  TransportBox box;
  FieldView<double> amount, share;  ///< per tissue volume; per fluid volume
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

/// The same along the rows of each ring.
struct RowSpreadingStep {
  InsertionProblem p;
  TransportBox box;
  FieldView<double> amount, share;
  DF_FUNCTION void operator()(int i, int) const {
    const AxisymmetricGrid& grid = p.grid;
    const int first = grid.cell(i, 0);
    const double ring = grid.ring_area(i);
    double storage = 0.0, inverse = 0.0, reduced = 0.0, upper = 0.0;
    for (int j = 0; j < box.rows; ++j) {
      const int k = first + j;
      const double volume = ring * grid.dz(j), lower = p.scratch.axial_spreading(k), coupling = upper * inverse;
      reduced = volume * amount(k) + coupling * reduced;
      storage = volume * p.tissue.fluid(k) + coupling * storage;
      inverse = 1.0 / (storage + lower);
      p.scratch.factor(k) = inverse;
      share(k) = reduced;
      upper = lower;
    }
    double below = 0.0;
    for (int j = box.rows - 1; j >= 0; --j) {
      const int k = first + j;
      below = p.scratch.factor(k) * (share(k) + p.scratch.axial_spreading(k) * below);
      share(k) = below;
      amount(k) = below * p.tissue.fluid(k);
    }
  }
};

/// Ink has been spread: its path starts anew.
struct ForgetPathStep {
  InsertionProblem p;
  DF_FUNCTION void operator()(int i, int j) const { p.tissue.path(p.grid.cell(i, j)) = 0.0; }
};

}  // namespace dermaflux
