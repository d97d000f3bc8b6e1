#pragma once
#include <cmath>

#include "core/solver/space_track_steps.hpp"

namespace dermaflux {

// The coupled pressure of tissue and tracks in a box, by conjugate gradients; columns and tracks are solved exactly by the
// preconditioner, tracks before and after the columns.

/// What belongs to the tracks in the solver: all strips of one dot, by value.
struct SpaceStrips {
  int count;
  CombSystem system[max_tracks];
};

/// Calls `what(t, j, k, conductance)` for every crossing.
template <class What>
DF_FUNCTION void for_crossings(const SpaceProblem& b, const SpaceStrips& strips, const What& what) {
  for (int t = 0; t < strips.count; ++t)
    for (int j = 0; j < b.part.rows; ++j)
      b.track[t].crossings(j, [&](int at, int k) { what(t, j, k, strips.system[t].wall(j) * b.track[t].share(at)); });
}

/// Adds the conductance of the walls to the diagonal of the crossed cells and factors the tracks.
struct SpaceStartStep {
  SpaceProblem b;
  SpaceStrips strips;
  DF_FUNCTION void operator()() const {
    for_crossings(b, strips, [&](int, int, int k, double wall) { b.scratch.image(k) += wall; });
    for (int t = 0; t < strips.count; ++t) {
      const CombSystem& s = strips.system[t];
      double above = 0.0;
      for (int j = 0; j < b.part.rows; ++j) {
        const double upper = s.face(j), lower = s.face(j + 1), compliance = s.compliance(j);
        const double coupling = compliance < 0.0 ? 0.0 : upper * above;
        above = compliance < 0.0 ? 0.0 : 1.0 / (compliance + s.wall(j) + upper + lower - coupling * upper);
        s.spine_coupling(j) = coupling;
        s.spine_inverse(j) = above;
      }
    }
  }
};

/// Leaves the diagonal of the cells without walls in `image`.
struct SpaceDiagonalStep {
  SpaceProblem b;
  DF_FUNCTION void operator()(int n, int) const {
    const Inflow edge = Inflow::of(b, b.column(n));
    DF_LANES
    for (int j = 0; j < b.part.rows; ++j) {
      b.scratch.image(edge.first + j) = b.scratch.storage(edge.first + j) + edge.sum(j);
      b.scratch.correction(edge.first + j) = 0.0;
    }
  }
};

/// Factors of the columns.
struct SpaceFactorStep {
  SpaceProblem b;
  DF_FUNCTION void operator()(int n, int) const {
    const int first = b.column(n) * b.grid.n_z;
    double above = 0.0;
    for (int j = 0; j < b.part.rows; ++j) {
      const int k = first + j;
      const double upper = j > 0 ? b.scratch.z_conductance(k - 1) : 0.0, coupling = upper * above;
      above = 1.0 / (b.scratch.image(k) - coupling * upper);
      b.scratch.coupling(k) = coupling;
      b.scratch.inverse(k) = above;
    }
  }
};

/// Moves along the direction and copies the residual to where it is preconditioned. Leaves, per column, by how much a cell's
/// balance is off beyond what is tolerated.
struct SpaceAdvanceStep {
  SpaceProblem b;
  double alpha, tolerance;
  DF_FUNCTION void operator()(int n, int) const {
    const int column = b.column(n), first = column * b.grid.n_z;
    const SpaceScratch& s = b.scratch;
    double excess = 0.0;
    for (int k = first; k < first + b.part.rows; ++k) {
      const double residual = alpha != 0.0 ? s.residual(k) - alpha * s.image(k) : s.residual(k);
      if (alpha != 0.0) s.correction(k) += alpha * s.direction(k);
      s.residual(k) = s.reduced(k) = residual;
      excess = larger(excess, std::fabs(residual) - tolerance * s.storage(k));
    }
    s.gross(column) = excess;
  }
};

/// The tracks' part of the same, and their first solve, whose result enters the cells.
struct SpaceTrackSolveStep {
  SpaceProblem b;
  SpaceStrips strips;
  double alpha;
  bool after;  ///< the second solve, with what the cells say
  DF_FUNCTION void operator()() const {
    for (int t = 0; t < strips.count; ++t) {
      const CombSystem& s = strips.system[t];
      for (int j = 0; j < b.part.rows; ++j) {
        if (!after && alpha != 0.0) {
          s.spine_residual(j) -= alpha * s.spine_image(j);
          s.spine_correction(j) += alpha * s.spine_direction(j);
        }
        s.spine_reduced(j) = s.compliance(j) < 0.0 ? 0.0 : s.spine_residual(j);
      }
    }
    if (after)
      for_crossings(b, strips, [&](int t, int j, int k, double wall) {
        if (strips.system[t].compliance(j) >= 0.0) strips.system[t].spine_reduced(j) += wall * b.scratch.reduced(k);
      });
    for (int t = 0; t < strips.count; ++t) {
      const CombSystem& s = strips.system[t];
      for (int j = 1; j < b.part.rows; ++j) s.spine_reduced(j) += s.spine_coupling(j) * s.spine_reduced(j - 1);
      double below = 0.0;
      for (int j = b.part.rows - 1; j >= 0; --j)
        below = s.spine_reduced(j) = s.spine_inverse(j) * (s.spine_reduced(j) + s.face(j + 1) * below);
    }
    if (!after)
      for_crossings(b, strips,
                    [&](int t, int j, int k, double wall) { b.scratch.reduced(k) += wall * strips.system[t].spine_reduced(j); });
  }
};

/// How far the tracks' balances are off beyond what is tolerated, on top of that of the cells. A void's pressure is given.
struct SpaceTrackExcessStep {
  SpaceProblem b;
  SpaceStrips strips;
  double tolerance;
  DF_FUNCTION void operator()() const {
    double largest = b.scratch.scalars(scalar_maximum);
    for (int t = 0; t < strips.count; ++t) {
      const CombSystem& s = strips.system[t];
      for (int j = 0; j < b.part.rows; ++j)
        if (s.compliance(j) >= 0.0)
          largest = larger(largest, std::fabs(s.spine_residual(j)) - tolerance * (s.compliance(j) + s.wall(j)));
    }
    b.scratch.scalars(scalar_maximum) = largest;
  }
};

/// Solves every column for the preconditioned residual.
struct SpaceColumnSolveStep {
  SpaceProblem b;
  DF_FUNCTION void operator()(int n, int) const {
    const int first = b.column(n) * b.grid.n_z, rows = b.part.rows;
    const FieldView<double> x = b.scratch.reduced;
    for (int j = 1; j < rows; ++j) x(first + j) += b.scratch.coupling(first + j) * x(first + j - 1);
    double below = 0.0;
    for (int j = rows - 1; j >= 0; --j) {
      const int k = first + j;
      below = x(k) = b.scratch.inverse(k) * (x(k) + b.scratch.z_conductance(k) * below);
    }
  }
};

/// Per column, residual times preconditioned residual.
struct SpaceProductStep {
  SpaceProblem b;
  FieldView<double> one, other;
  DF_FUNCTION void operator()(int n, int) const {
    const int column = b.column(n), first = column * b.grid.n_z;
    double sum = 0.0;
    for (int k = first; k < first + b.part.rows; ++k) sum += one(k) * other(k);
    b.scratch.gross(column) = sum;
  }
};

/// The whole sum, tracks included, in fixed order.
struct SpaceSumStep {
  SpaceProblem b;
  SpaceStrips strips;
  bool of_direction;
  DF_FUNCTION void operator()() const {
    double sum = 0.0;
    for (int n = 0; n < b.part.columns(); ++n) sum += b.scratch.gross(b.column(n));
    for (int t = 0; t < strips.count; ++t) {
      const CombSystem& s = strips.system[t];
      for (int j = 0; j < b.part.rows; ++j)
        sum += of_direction ? s.spine_direction(j) * s.spine_image(j) : s.spine_residual(j) * s.spine_reduced(j);
    }
    b.scratch.scalars(scalar_sum) = sum;
  }
};

/// New direction.
struct SpaceDirectionStep {
  SpaceProblem b;
  double beta;
  DF_FUNCTION void operator()(int n, int) const {
    const int first = b.column(n) * b.grid.n_z;
    DF_LANES
    for (int j = 0; j < b.part.rows; ++j) {
      const int k = first + j;
      b.scratch.direction(k) = b.scratch.reduced(k) + beta * b.scratch.direction(k);
    }
  }
};

/// The matrix times the direction, cells without walls.
struct SpaceImageStep {
  SpaceProblem b;
  DF_FUNCTION void operator()(int n, int) const {
    const Inflow inflow = Inflow::of(b, b.column(n));
    DF_LANES
    for (int j = 0; j < b.part.rows; ++j) {
      const int k = inflow.first + j;
      b.scratch.image(k) = b.scratch.storage(k) * b.scratch.direction(k) - inflow(b.scratch.direction, j);
    }
  }
};

/// The tracks' direction, and their part of the matrix times it.
struct SpaceTrackImageStep {
  SpaceProblem b;
  SpaceStrips strips;
  double beta;
  DF_FUNCTION void operator()() const {
    for (int t = 0; t < strips.count; ++t) {
      const CombSystem& s = strips.system[t];
      for (int j = 0; j < b.part.rows; ++j)
        s.spine_direction(j) = s.compliance(j) < 0.0 ? 0.0 : s.spine_reduced(j) + beta * s.spine_direction(j);
      for (int j = 0; j < b.part.rows; ++j) {
        const double here = s.spine_direction(j), above = j > 0 ? s.spine_direction(j - 1) : 0.0;
        const double below = j + 1 < b.part.rows ? s.spine_direction(j + 1) : 0.0;
        s.spine_image(j) =
            s.compliance(j) < 0.0 ? 0.0 : s.compliance(j) * here + s.face(j) * (here - above) + s.face(j + 1) * (here - below);
      }
    }
    for_crossings(b, strips, [&](int t, int j, int k, double wall) {
      const CombSystem& s = strips.system[t];
      const double fall = wall * (s.spine_direction(j) - b.scratch.direction(k));
      b.scratch.image(k) -= fall;
      if (s.compliance(j) >= 0.0) s.spine_image(j) += fall;
    });
  }
};

/// Solves for the corrections of cells and tracks until no cell's balance is off by more than `tolerance` times its storage.
/// Returns the number of iterations.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION int solve_space(const Executor& executor, const SpaceProblem& b, const SpaceStrips& strips, double tolerance,
                            int limit) {
  const int columns = b.part.columns();
  executor.cells(columns, 1, SpaceDiagonalStep{b});
  executor.single(SpaceStartStep{b, strips});
  executor.cells(columns, 1, SpaceFactorStep{b});
  double rho = 0.0, alpha = 0.0;
  int iteration = 0;
  for (;; ++iteration) {
    executor.cells(columns, 1, SpaceAdvanceStep{b, alpha, tolerance});
    executor.single(SpaceTrackSolveStep{b, strips, alpha, false});
    executor.single(SpaceMaximumStep{b, b.scratch.gross, scalar_maximum});
    executor.single(SpaceTrackExcessStep{b, strips, tolerance});
    if (!(executor.read(b.scratch.scalars, scalar_maximum) > 0.0) || iteration == limit) break;
    executor.cells(columns, 1, SpaceColumnSolveStep{b});
    executor.single(SpaceTrackSolveStep{b, strips, 0.0, true});
    executor.cells(columns, 1, SpaceProductStep{b, b.scratch.residual, b.scratch.reduced});
    executor.single(SpaceSumStep{b, strips, false});
    const double rho_new = executor.read(b.scratch.scalars, scalar_sum), beta = iteration == 0 ? 0.0 : rho_new / rho;
    rho = rho_new;
    executor.cells(columns, 1, SpaceDirectionStep{b, beta});
    executor.cells(columns, 1, SpaceImageStep{b});
    executor.single(SpaceTrackImageStep{b, strips, beta});
    executor.cells(columns, 1, SpaceProductStep{b, b.scratch.direction, b.scratch.image});
    executor.single(SpaceSumStep{b, strips, true});
    alpha = rho / executor.read(b.scratch.scalars, scalar_sum);
  }
  return iteration;
}

}  // namespace dermaflux
