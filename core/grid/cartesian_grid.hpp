#pragma once
#include "core/grid/field_view.hpp"

namespace dermaflux {

/// Which index of a Cartesian grid runs fastest in memory: z on a host, where a column fills vector registers, x on a device, where
/// each thread follows a column of its own and neighbouring threads shall read neighbouring cells.
enum class Fastest : int { z, x };

/// Rectilinear (x, y, z) grid of a piece of skin in material coordinates: x and y along the surface, z from the undeformed surface
/// downward; spacings vary along each axis. A view: the coordinates live in the constants of the case. Cells are numbered by int,
/// up to 2^31 of them; addresses are worked out in 64 bits by the views.
template <Fastest fastest>
struct CartesianGridIn {
  int n_x = 0, n_y = 0, n_z = 0;
  FieldView<const double> x_face, y_face, z_face;        ///< n + 1 values each [m], z_face(0) = 0
  FieldView<const double> x_centre, y_centre, z_centre;  ///< n values each [m]

  DF_FUNCTION int cell_count() const { return n_x * n_y * n_z; }
  DF_FUNCTION int column_count() const { return n_x * n_y; }
  DF_FUNCTION int step_x() const { return fastest == Fastest::z ? n_y * n_z : 1; }  ///< cells to the next one along x in memory
  DF_FUNCTION int step_y() const { return fastest == Fastest::z ? n_z : n_x; }
  DF_FUNCTION int step_z() const { return fastest == Fastest::z ? 1 : n_x * n_y; }
  DF_FUNCTION int cell(int i, int j, int k) const { return i * step_x() + j * step_y() + k * step_z(); }
  DF_FUNCTION int column(int i, int j) const { return i * n_y + j; }  ///< number of the column, whatever runs fastest
  /// Values before the first and after the last cell that a stencil may read, where its coefficient is zero.
  DF_FUNCTION int pad() const { return fastest == Fastest::z ? n_y * n_z : n_x * n_y; }

  DF_FUNCTION double dx(int i) const { return x_face(i + 1) - x_face(i); }                    ///< [m]
  DF_FUNCTION double dy(int j) const { return y_face(j + 1) - y_face(j); }                    ///< [m]
  DF_FUNCTION double dz(int k) const { return z_face(k + 1) - z_face(k); }                    ///< [m]
  DF_FUNCTION double column_area(int i, int j) const { return dx(i) * dy(j); }                ///< seen from above [m^2]
  DF_FUNCTION double volume(int i, int j, int k) const { return column_area(i, j) * dz(k); }  ///< [m^3]
};
using CartesianGrid = CartesianGridIn<Fastest::z>;

/// Neighbouring columns of a Cartesian grid and their uppermost rows, numbered from the first of them; cells keep their places in
/// the memory of the whole. What lies around is to stay out: conductances to it are zero.
template <Fastest fastest>
struct GridPartIn {
  int n_x = 0, n_y = 0, n_z = 0;
  int first = 0;            ///< place of the first cell
  int plane = 0, line = 0;  ///< cells to the next one along the slowest and the middle index

  DF_FUNCTION int cell_count() const { return n_x * n_y * n_z; }
  DF_FUNCTION int column_count() const { return n_x * n_y; }
  DF_FUNCTION int step_x() const { return fastest == Fastest::z ? plane : 1; }
  DF_FUNCTION int step_y() const { return line; }
  DF_FUNCTION int step_z() const { return fastest == Fastest::z ? 1 : plane; }
  DF_FUNCTION int cell(int i, int j, int k) const { return first + i * step_x() + j * step_y() + k * step_z(); }
  DF_FUNCTION int column(int i, int j) const { return i * n_y + j; }
  DF_FUNCTION int pad() const { return plane; }

  /// A grid of so many cells in memory of its own.
  static GridPartIn of(int n_x, int n_y, int n_z) {
    return fastest == Fastest::z ? GridPartIn{n_x, n_y, n_z, 0, n_y * n_z, n_z} : GridPartIn{n_x, n_y, n_z, 0, n_x * n_y, n_x};
  }
};
using GridPart = GridPartIn<Fastest::z>;

/// A grid whose coordinates are the next views of an arena.
template <Fastest fastest = Fastest::z>
CartesianGridIn<fastest> take_cartesian_grid(ViewArena& arena, int n_x, int n_y, int n_z) {
  CartesianGridIn<fastest> grid;
  grid.n_x = n_x;
  grid.n_y = n_y;
  grid.n_z = n_z;
  grid.x_face = arena.take(n_x + 1);
  grid.y_face = arena.take(n_y + 1);
  grid.z_face = arena.take(n_z + 1);
  grid.x_centre = arena.take(n_x);
  grid.y_centre = arena.take(n_y);
  grid.z_centre = arena.take(n_z);
  return grid;
}

/// Writes faces, and centres half-way between them, into the constants of a grid; for the code that sets a case up.
template <class Grid, class Faces>
void put_faces(const Grid& grid, const Faces& x, const Faces& y, const Faces& z) {
  const auto put_axis = [](FieldView<const double> face, FieldView<const double> centre, const Faces& values) {
    for (int n = 0; n < face.size; ++n) put(face, n, values[static_cast<std::size_t>(n)]);
    for (int n = 0; n < centre.size; ++n) put(centre, n, 0.5 * (face(n) + face(n + 1)));
  };
  put_axis(grid.x_face, grid.x_centre, x);
  put_axis(grid.y_face, grid.y_centre, y);
  put_axis(grid.z_face, grid.z_centre, z);
}

}  // namespace dermaflux
