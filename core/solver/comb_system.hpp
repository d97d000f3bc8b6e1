#pragma once
#include <initializer_list>

#include "core/solver/row_levels.hpp"

namespace dermaflux {

/// Uniform values that steps hand to the control flow, by position in CombSystem::scalars.
enum Scalar : int {
  scalar_sum = 0,
  scalar_maximum,
  scalar_converged,
  scalar_level_rings,
  scalar_level_rows,
  scalar_level_scale,
  scalar_count
};

/// Coefficients and work arrays; cell arrays are padded by n_z on both sides.
struct CombSystem {
  AxisymmetricGrid grid;
  FieldView<double> storage;            ///< diagonal without fluxes
  FieldView<double> radial, axial;      ///< conductance to the next ring, to the next row
  FieldView<double> wall;               ///< conductance between spine and first ring, per row
  FieldView<double> face;               ///< conductance of the spine's upper face, per row and one more
  FieldView<double> compliance;         ///< diagonal of the spine without fluxes; negative where its value is given
  FieldView<double> inverse, coupling;  ///< factors of the teeth
  FieldView<double> residual, correction, reduced, image, direction, direction_next;
  FieldView<double> spine_residual, spine_correction, spine_reduced, spine_image, spine_direction, spine_direction_next;
  FieldView<double> spine_inverse, spine_coupling, spine_response;  ///< factors of the spine; its link to the teeth
  FieldView<double> partial, partial_defect;                        ///< partial sums and maxima per row
  FieldView<double> scalars;
  FieldView<double> levels;  ///< memory of the multigrid, see RowHierarchy

  /// Takes all views from an arena.
  void lay_out(ViewArena& arena, const AxisymmetricGrid& on) {
    grid = on;
    for (auto* view :
         {&storage, &radial, &axial, &inverse, &coupling, &residual, &correction, &reduced, &image, &direction, &direction_next})
      *view = arena.take(on.cell_count(), on.n_z);
    for (auto* view : {&wall, &spine_residual, &spine_correction, &spine_reduced, &spine_image, &spine_direction,
                       &spine_direction_next, &spine_inverse, &spine_coupling, &spine_response, &partial, &partial_defect})
      *view = arena.take(on.n_z);
    compliance = arena.take(on.n_z, row_pad);
    face = arena.take(on.n_z + 1, row_pad);
    scalars = arena.take(scalar_count);
    levels = arena.take(static_cast<int>(RowHierarchy{on.n_r + 1, on.n_z}.memory()));
  }
};

}  // namespace dermaflux
