#pragma once
#include "core/solver/space_problem.hpp"

namespace dermaflux {

enum class SpaceAxis : int { x, y, z };

/// Per column of the part, one more than the lowest row reached by ink, 0 for none.
struct SpaceReachStep {
  SpaceProblem b;
  DF_FUNCTION void operator()(int n, int) const {
    const int column = b.column(n), first = column * b.grid.n_z;
    const double trace = 1e-9, trace_pigment = trace * b.tissue.params.ink_concentration;
    int rows = 0;
    for (int j = b.part.rows - 1; j >= 0 && rows == 0; --j) {
      bool any = b.tissue.tissue.carrier(first + j) > trace;
      for (int m = 0; m < b.tissue.params.classes; ++m) any = any || b.tissue.tissue.pigment[m](first + j) > trace_pigment;
      if (any) rows = j + 1;
    }
    b.active.reached(column) = rows;
  }
};

/// So have all columns that share a track, as far as a needle has been.
struct SpaceReachByTracksStep {
  SpaceProblem b;
  DF_FUNCTION void operator()() const {
    for (int t = 0; t < b.tracks; ++t)
      for (int j = 0; j < b.part.rows; ++j)
        if (b.track[t].widest(j) > 0.0)
          b.track[t].crossings(j, [&](int, int k) {
            int& rows = b.active.reached(k / b.grid.n_z);
            rows = j + 1 > rows ? j + 1 : rows;
          });
  }
};

/// The same with a margin around, in cells and at least a length: first along x, then along y and z, in whole groups of eight rows.
struct SpaceMarginStep {
  SpaceProblem b;
  int cells;
  double length;  ///< [m]
  bool along_x;

  /// First and one more than the last place whose cell is so near to another one.
  DF_FUNCTION static void near(FieldView<const double> face, int at, int low, int high, int cells, double length, int& first,
                               int& last) {
    first = at;
    while (first > low && (at - first < cells || face(at) - face(first) < length)) --first;
    last = at + 1;
    while (last < high && (last - at - 1 < cells || face(last) - face(at + 1) < length)) ++last;
  }
  DF_FUNCTION void operator()(int n, int) const {
    const CartesianGrid& g = b.grid;
    const int column = b.column(n), i = b.column_x(column), l = b.column_y(column);
    int first, last, rows = 0;
    const auto take = [&](int reached) { rows = reached > rows ? reached : rows; };
    if (along_x) {
      near(g.x_face, i, b.part.i0, b.part.i1, cells, length, first, last);
      for (int a = first; a < last; ++a) take(b.active.reached(g.column(a, l)));
      b.active.along_x(column) = rows;
      return;
    }
    near(g.y_face, l, b.part.j0, b.part.j1, cells, length, first, last);
    for (int c = first; c < last; ++c) take(b.active.along_x(g.column(i, c)));
    if (rows > 0) {
      near(g.z_face, rows - 1, 0, b.part.rows, cells, length, first, last);
      rows = (last + 7) / 8 * 8;
      rows = rows < b.part.rows ? rows : b.part.rows;
    }
    b.active.rows(column) = rows;
  }
};

/// Lists the active columns in order, plane by plane: how many each has, how many stand before it and, among the scalars, in all.
struct SpaceCountStep {
  SpaceProblem b;
  DF_FUNCTION void operator()(int m) const {
    int count = 0;
    for (int l = b.part.j0; l < b.part.j1; ++l) count += b.active.rows(b.grid.column(b.part.i0 + m, l)) > 0 ? 1 : 0;
    b.system.plane(m) = count;
  }
};
struct SpaceCountBeforeStep {
  SpaceProblem b;
  DF_FUNCTION void operator()() const {
    double before = 0.0;
    for (int m = 0; m < b.part.i1 - b.part.i0; ++m) {
      const double own = b.system.plane(m);
      b.system.plane(m) = before;
      before += own;
    }
    b.scratch.scalars(scalar_sum) = before;
  }
};
struct SpaceListStep {
  SpaceProblem b;
  DF_FUNCTION void operator()(int m) const {
    int at = static_cast<int>(b.system.plane(m));
    for (int l = b.part.j0; l < b.part.j1; ++l)
      if (const int column = b.grid.column(b.part.i0 + m, l); b.active.rows(column) > 0) b.active.list(at++) = column;
  }
};

/// The columns of the part that ink has reached, or reaches within so many cells or that length [m], each down to a row of its own.
template <class Executor>
ActiveColumns active_columns(const Executor& executor, const SpaceProblem& b, int cells, double length) {
  executor.cells(b.part.columns(), 1, SpaceReachStep{b});
  executor.single(SpaceReachByTracksStep{b});
  for (const bool along_x : {true, false}) executor.cells(b.part.columns(), 1, SpaceMarginStep{b, cells, length, along_x});
  const int planes = b.part.i1 - b.part.i0;
  executor.list(planes, SpaceCountStep{b});
  executor.single(SpaceCountBeforeStep{b});
  executor.list(planes, SpaceListStep{b});
  ActiveColumns active = b.active;
  active.count = static_cast<int>(executor.read(b.scratch.scalars, scalar_sum));
  return active;
}

/// A step of the axisymmetric insertion that works cell by cell, in every active column.
template <class Step>
struct InActiveColumns {
  SpaceProblem b;
  ActiveColumns active;
  Step step;
  DF_FUNCTION void operator()(int m) const {
    const int column = active.list(m), rows = active.rows(column);
    Step own = step;
    own.p = one_column(step.p, column, rows);
    rows_of_column(own, 0, rows);
  }
};
template <class Executor, class Step>
void in_active(const Executor& executor, const SpaceProblem& b, const ActiveColumns& active, const Step& step) {
  executor.list(active.count, InActiveColumns<Step>{b, active, step});
}

}  // namespace dermaflux
