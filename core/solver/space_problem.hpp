#pragma once
#include "core/grid/cartesian_grid.hpp"
#include "core/solver/box_system.hpp"
#include "core/solver/insertion_problem.hpp"

namespace dermaflux {

/// Tracks that one dot has at most.
inline constexpr int max_tracks = 7;
/// Cells that share a track in one row: the four whose middles lie around its axis.
inline constexpr int max_crossings = 4;

/// Where one straight track lies, and what the tissue needs to know of it in every row. The row of a cell stands for the piece of
/// the track next to it.
struct SpaceTrack {
  double x, y;                                                   ///< where it enters the skin [m]
  double lean_x, lean_y;                                         ///< sideways per depth [-]
  double upright;                                                ///< cosine of its angle from the normal [-]
  double setback;                                                ///< its tip behind that of the needle's middle, along the axis [m]
  FieldView<double> widest, hole, needle_area, wall, wall_flux;  ///< of its strip
  FieldView<double> wall_carrier, returned_carrier;              ///< of its strip
  FieldGroup wall_pigment, returned_pigment;                     ///< of its strip
  FieldView<const double> cell, share;  ///< of each crossing: the cell, -1 for none; its share of the track [-]
  FieldView<double> flux;               ///< of each crossing, into the tissue [m^3/s]

  /// Calls `what(at, k)` for every cell that shares the track in a row: the crossing and its cell.
  template <class What>
  DF_FUNCTION void crossings(int j, const What& what) const {
    for (int at = j * max_crossings; at < (j + 1) * max_crossings; ++at)
      if (const int k = static_cast<int>(cell(at)); k >= 0) what(at, k);
  }
  /// Area over pi by which the wall stands open in a row [m^2].
  DF_IN_LANES DF_FUNCTION double opening(int j) const { return larger(hole(j), needle_area(j)) * (1.0 / units::pi); }

  /// A place as the track sees it: distance from its axis, and the components of the unit vector away from it.
  struct Seen {
    double square;      ///< of the distance [m^2]
    double x2, y2, z2;  ///< squares of the components [-]
  };
  DF_IN_LANES DF_FUNCTION Seen seen(double at_x, double at_y, double at_z) const {
    const double dx = at_x - (x + lean_x * at_z), dy = at_y - (y + lean_y * at_z);
    const double along = (dx * lean_x + dy * lean_y) * upright * upright;  // the foot of the perpendicular, per depth
    const double ex = dx - along * lean_x, ey = dy - along * lean_y, ez = -along;
    const double square = larger(ex * ex + ey * ey + ez * ez, 1e-24), per = 1.0 / square;
    return {square, ex * ex * per, ey * ey * per, ez * ez * per};
  }
  /// Squares of the components of its own direction [-].
  DF_IN_LANES DF_FUNCTION double along_x() const { return lean_x * lean_x * upright * upright; }
  DF_IN_LANES DF_FUNCTION double along_y() const { return lean_y * lean_y * upright * upright; }
  DF_IN_LANES DF_FUNCTION double along_z() const { return upright * upright; }
};

/// The part of a box that pressure has reached; all else rests and is left out of the steps. Columns i0 to i1 and j0 to j1
/// (exclusive), and the uppermost rows, a multiple of eight.
struct SpacePart {
  int i0, i1, j0, j1, rows;
  DF_FUNCTION int columns() const { return (i1 - i0) * (j1 - j0); }
  bool operator==(const SpacePart&) const = default;
};

/// Where ink is or may come in the next step: the columns that transport visits, each down to a row of its own.
struct ActiveColumns {
  FieldView<int> rows;              ///< per column of the grid, rows from the surface that take part, 0 for none; valid in the part
  FieldView<int> list;              ///< numbers of the columns that have any, in order
  FieldView<int> reached, along_x;  ///< per column, on the way there
  int count = 0;                    ///< columns in the list
};

/// Scratch of one time step in a box. Cell arrays are padded by a layer of cells on both sides.
struct SpaceScratch {
  FieldView<double> x_flux, y_flux, z_flux;  ///< through the face to the next cell [m^3/s]
  FieldView<double> resistance;              ///< of obstacles: permeability over that of the row [-]
  FieldView<double> gross, net;              ///< per column
  FieldView<double> scalars;
  FieldView<const double> per_height;  ///< per row, 1 / dz [1/m]
};

/// Insertion in a box, by value. The fields of the tissue stand in an InsertionProblem whose rings are the columns of the box, one
/// after the other: the steps that work cell by cell are those of the axisymmetric insertion, column by column.
struct SpaceProblem {
  InsertionProblem tissue;
  CartesianGrid grid;
  SpacePart part;
  int tracks;
  SpaceTrack track[max_tracks];
  SpaceScratch scratch;
  ActiveColumns active;
  double narrowest;  ///< least width of a cell along any axis [m]
  BoxSystem system;  ///< pressure of the part, and of the tracks in it; conductances to what lies around are zero

  DF_FUNCTION int layer() const { return grid.n_y * grid.n_z; }  ///< cells from one x to the next
  /// Column of the n-th of the part.
  DF_FUNCTION int column(int n) const {
    const int width = part.j1 - part.j0;
    return (part.i0 + n / width) * grid.n_y + part.j0 + n % width;
  }
  DF_FUNCTION int column_x(int column) const { return column / grid.n_y; }
  DF_FUNCTION int column_y(int column) const { return column % grid.n_y; }
  DF_FUNCTION double column_area(int column) const { return grid.dx(column_x(column)) * grid.dy(column_y(column)); }
};

/// One column of the tissue as a problem of one ring, for the steps that work cell by cell.
DF_FUNCTION inline InsertionProblem one_column(const InsertionProblem& p, int column, int rows) {
  InsertionProblem one = p;
  const long first = static_cast<long>(column) * p.grid.column;
  const auto move = [first](FieldView<double>& view) { view.data += first; };
  const auto move_group = [first](FieldGroup& group) { group.data += first; };
  TissueState& t = one.tissue;
  InsertionScratch& s = one.scratch;
  for (auto* view :
       {&t.fluid, &t.carrier, &t.pressure, &t.speed, &t.path, &t.crack, &t.torn, &t.held, &s.permeability, &s.mobility, &s.damage})
    move(*view);
  for (auto* group : {&t.pigment, &t.captured, &s.capture}) move_group(*group);
  one.grid.n_r = 1;
  one.grid.n_z = rows;
  return one;
}

/// Calls `step.rows<W>` for the rows from `j` to `end`, as many abreast as suit the machine and then one by one.
template <class Step>
DF_FUNCTION void rows_of_column(const Step& step, int j, int end) {
  if constexpr (rows_abreast > 1)
    for (; j + rows_abreast <= end; j += rows_abreast) step.template rows<rows_abreast>(j);
  for (; j < end; ++j) step.template rows<1>(j);
}

/// A step that works cell by cell, in every column of the part.
template <class Step>
struct InColumns {
  SpaceProblem b;
  Step step;
  DF_FUNCTION void operator()(int n, int top, int end) const {
    Step own = step;
    own.p = one_column(step.p, b.column(n), b.part.rows);
    if constexpr (requires { own.template rows<1>(0); }) {
      rows_of_column(own, top, end);
    } else {
      for (int j = top; j < end; ++j) own(0, j);
    }
  }
};

DF_CALLER_DECIDES
template <class Executor, class Step>
DF_FUNCTION void in_columns(const Executor& executor, const SpaceProblem& b, const Step& step) {
  executor.pieces(b.part.columns(), b.part.rows, InColumns<Step>{b, step});
}

}  // namespace dermaflux
