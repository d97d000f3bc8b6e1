#pragma once
#include "core/grid/field_view.hpp"
#include "core/units.hpp"

namespace dermaflux {

/// Axisymmetric (r, z) grid of one puncture in material coordinates: r from the track axis, z from the undeformed skin
/// surface downward. Cells are numbered with z running fastest, cell = i * column + j, so that the rows of one ring lie side
/// by side and several of them fill a vector register. A view: the coordinates live in the constants of the case.
struct AxisymmetricGrid {
  int n_r = 0;
  int n_z = 0;                       ///< a multiple of 8, the widest group of rows one step handles together
  int column = 0;                    ///< cells from ring to ring in memory; n_z, or more where a part of a grid is meant
  FieldView<const double> r_face;    ///< n_r + 1 values [m], r_face(0) = 0
  FieldView<const double> r_centre;  ///< n_r values [m]
  FieldView<const double> z_face;    ///< n_z + 1 values [m], z_face(0) = 0
  FieldView<const double> z_centre;  ///< n_z values, and 0 for the surface before the first [m]

  DF_FUNCTION int cell_count() const { return n_r * n_z; }
  DF_FUNCTION int cell(int i, int j) const { return i * column + j; }

  DF_FUNCTION double dr(int i) const { return r_face(i + 1) - r_face(i); }  ///< [m]
  DF_FUNCTION double dz(int j) const { return z_face(j + 1) - z_face(j); }  ///< [m]
  /// Area of ring i seen from above, also the area of its horizontal faces [m^2].
  DF_FUNCTION double ring_area(int i) const { return units::pi * dr(i) * (r_face(i + 1) + r_face(i)); }
  DF_FUNCTION double volume(int i, int j) const { return ring_area(i) * dz(j); }  ///< [m^3]
  /// Area of the cylinder between rings i and i + 1 in row j [m^2].
  DF_FUNCTION double outer_area(int i, int j) const { return 2.0 * units::pi * r_face(i + 1) * dz(j); }
};

/// A grid whose coordinates are the next views of an arena.
inline AxisymmetricGrid take_grid(ViewArena& arena, int n_r, int n_z) {
  return {.n_r = n_r,
          .n_z = n_z,
          .column = n_z,
          .r_face = arena.take(n_r + 1),
          .r_centre = arena.take(n_r),
          .z_face = arena.take(n_z + 1),
          .z_centre = arena.take(n_z, row_pad)};
}

}  // namespace dermaflux
