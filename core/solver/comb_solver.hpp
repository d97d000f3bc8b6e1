#pragma once
#include <cmath>

#include "core/solver/row_multigrid.hpp"

namespace dermaflux {

// A diffusion problem on the rings and rows of the grid, coupled to a line on its axis: one symmetric positive definite
// system, solved by conjugate gradients and preconditioned by its "comb": the rings of each row (the teeth) and the line (the
// spine) are solved exactly and only the vertical coupling of the cells is left to the iteration. For the pressure of tissue
// and track the strong couplings, radial flow from the wall and axial flow in the track, are thus always solved directly,
// whatever the contrast of permeability. Without a spine (wall = 0, compliance < 0) it is a line-preconditioned solver.

/// Factors of the teeth, and the present residual eliminated along them: leaves per row, in `partial`, the value the first
/// ring would take if the spine did not change, and in `spine_response` the conductance of wall and tooth in series.
struct FactorTeethStep {
  CombSystem s;
  static constexpr int groups_abreast = 2;
  template <int W>
  DF_FUNCTION void rows(int j) const {
    double inverse[W] = {}, reduced[W] = {};
    for (int i = s.grid.n_r - 1; i >= 0; --i) {
      const int first = s.grid.cell(i, j);
      const double* inner = i > 0 ? &s.radial(first - s.grid.column) : &s.wall(j);
      if (s.grid.column >= long_column)
        fetch_later(first - fetch_rings * s.grid.column, s.radial, s.axial, s.residual, s.storage, s.coupling, s.inverse,
                    s.correction);
      DF_LANES
      for (int l = 0; l < W; ++l) {
        const int k = first + l;
        const double outward = s.radial(k), coupling = outward * inverse[l];
        reduced[l] = s.residual(k) + coupling * reduced[l];
        inverse[l] = 1.0 / (s.storage(k) + outward + s.axial(k) + s.axial(k - 1) + inner[l] - coupling * outward);
        s.coupling(k) = coupling;
        s.inverse(k) = inverse[l];
        s.correction(k) = 0.0;
      }
    }
    for (int l = 0; l < W; ++l) {
      const double share = 1.0 - s.wall(j + l) * inverse[l];
      s.spine_response(j + l) = s.wall(j + l) * share;
      s.partial(j + l) = reduced[l] * inverse[l] / share;
    }
  }
};

/// Moves along the direction (unless `alpha` is 0) and starts the preconditioner: teeth, first half, eliminates each row
/// from the rim of the domain to the wall. Leaves, per row, by how much a cell's balance is off beyond what is tolerated.
struct AdvanceAndEliminateStep {
  CombSystem s;
  FieldView<const double> direction, spine_direction;
  double alpha, tolerance;
  template <int W>
  DF_FUNCTION void rows(int j) const {
    double reduced[W] = {}, excess[W] = {};
    for (int i = s.grid.n_r - 1; i >= 0; --i) {
      const int first = s.grid.cell(i, j);
      DF_LANES
      for (int l = 0; l < W; ++l) {
        const int k = first + l;
        const double residual = s.residual(k) - alpha * s.image(k);
        s.correction(k) += alpha * direction(k);
        s.residual(k) = residual;
        reduced[l] = residual + s.coupling(k) * reduced[l];
        s.reduced(k) = reduced[l];
        excess[l] = larger(excess[l], std::fabs(residual) - tolerance * s.storage(k));
      }
    }
    for (int l = 0; l < W; ++l) {
      const int row = j + l;
      s.partial_defect(row) = excess[l];
      const double residual = s.spine_residual(row) - alpha * s.spine_image(row);
      s.spine_correction(row) += alpha * spine_direction(row);
      s.spine_residual(row) = residual;
      s.spine_reduced(row) = residual + s.wall(row) * s.inverse(s.grid.cell(0, row)) * reduced[l];
    }
  }
};

/// Spine: factors of its tridiagonal matrix after elimination of the teeth.
struct SpineFactorStep {
  CombSystem s;
  DF_FUNCTION void operator()() const {
    double above = 0.0;  // factor of the row above
    for (int j = 0; j < s.grid.n_z; ++j) {
      const double upper = s.face(j), lower = s.face(j + 1), compliance = s.compliance(j);
      if (compliance < 0.0) {  // its value is given
        s.spine_inverse(j) = 0.0;
        s.spine_coupling(j) = 0.0;
        above = 0.0;
        continue;
      }
      const double coupling = j > 0 ? upper * above : 0.0;
      const double diagonal = compliance + s.spine_response(j) + upper + lower - coupling * upper;
      s.spine_coupling(j) = coupling;
      s.spine_inverse(j) = above = 1.0 / diagonal;
    }
  }
};

/// Spine, middle of the preconditioner.
struct SpineSolveStep {
  CombSystem s;
  DF_FUNCTION void operator()() const {
    const int n_z = s.grid.n_z;
    FieldView<double> x = s.spine_reduced;
    for (int j = 1; j < n_z; ++j)
      if (s.compliance(j) >= 0.0) x(j) += s.spine_coupling(j) * x(j - 1);
    double below = 0.0;
    for (int j = n_z - 1; j >= 0; --j) {
      below = x(j) = s.compliance(j) >= 0.0 ? s.spine_inverse(j) * (x(j) + s.face(j + 1) * below) : 0.0;
    }
  }
};

/// Teeth, second half: substitutes outward from the spine, leaves the preconditioned residual in `reduced` and the partial
/// sums of residual times preconditioned residual, and the largest pressure error the residual would leave behind.
struct SubstituteStep {
  CombSystem s;
  static constexpr int groups_abreast = 2;
  template <int W>
  DF_FUNCTION void rows(int j) const {
    const AxisymmetricGrid& grid = s.grid;
    double inward[W], sum[W];
    for (int l = 0; l < W; ++l) {
      inward[l] = s.spine_reduced(j + l);
      sum[l] = inward[l] * s.spine_residual(j + l);
    }
    for (int i = 0; i < grid.n_r; ++i) {
      const int first = grid.cell(i, j);
      const double* inner = i > 0 ? &s.radial(first - grid.column) : &s.wall(j);
      DF_LANES
      for (int l = 0; l < W; ++l) {
        const int k = first + l;
        const double residual = s.residual(k);
        inward[l] = s.inverse(k) * (s.reduced(k) + inner[l] * inward[l]);
        s.reduced(k) = inward[l];
        sum[l] += inward[l] * residual;
      }
    }
    for (int l = 0; l < W; ++l) s.partial(j + l) = sum[l];
  }
};

/// New search direction, to = reduced + beta from, the matrix times it, and the partial sums of their product. The direction
/// is formed again where a neighbour needs it, so that one pass does both.
struct DirectionAndMatrixStep {
  CombSystem s;
  FieldView<const double> from, spine_from;
  FieldView<double> to, spine_to;
  double beta;

  static constexpr int groups_abreast = 2;
  DF_FUNCTION double direction(int k) const { return s.reduced(k) + beta * from(k); }
  DF_FUNCTION double spine_direction(int j) const {
    return j >= 0 && j < s.grid.n_z ? s.spine_reduced(j) + beta * spine_from(j) : 0.0;
  }
  template <int W>
  DF_FUNCTION void rows(int j) const {
    const AxisymmetricGrid& grid = s.grid;
    const int column = grid.column;
    double sum[W], inward[W];
    for (int l = 0; l < W; ++l) {
      const int row = j + l;
      const double here = spine_direction(row), compliance = s.compliance(row);
      const double image = compliance * here + s.wall(row) * (here - direction(grid.cell(0, row))) +
                           s.face(row) * (here - spine_direction(row - 1)) + s.face(row + 1) * (here - spine_direction(row + 1));
      s.spine_image(row) = compliance < 0.0 ? 0.0 : image;
      spine_to(row) = here;
      sum[l] = s.spine_image(row) * here;
      inward[l] = here;
    }
    for (int i = 0; i < grid.n_r; ++i) {
      const int first = grid.cell(i, j);
      const double* inner = i > 0 ? &s.radial(first - column) : &s.wall(j);
      if (column >= long_column) {
        fetch_later(first + (fetch_rings + 1) * column, s.reduced, from);
        fetch_later(first + fetch_rings * column, s.storage, s.radial, s.axial, to, s.image);
      }
      DF_LANES
      for (int l = 0; l < W; ++l) {
        const int k = first + l;
        const double here = direction(k);
        const double image = s.storage(k) * here + inner[l] * (here - inward[l]) + s.radial(k) * (here - direction(k + column)) +
                             s.axial(k) * (here - direction(k + 1)) + s.axial(k - 1) * (here - direction(k - 1));
        to(k) = here;
        s.image(k) = image;
        sum[l] += image * here;
        inward[l] = here;
      }
    }
    for (int l = 0; l < W; ++l) s.partial(j + l) = sum[l];
  }
};

/// Sum of the partial sums in fixed order, so that any executor gives the same bits.
struct SumStep {
  FieldView<const double> partial;
  FieldView<double> scalars;
  DF_FUNCTION void operator()() const {
    double sum = 0.0;
    for (int j = 0; j < partial.size; ++j) sum += partial(j);
    scalars(scalar_sum) = sum;
  }
};

/// Largest of the partial values.
struct MaximumStep {
  FieldView<const double> partial;
  FieldView<double> scalars;
  DF_FUNCTION void operator()() const {
    constexpr int abreast = 8;  // each comparison waits for the one before
    double largest[abreast] = {};
    int j = 0;
    for (; j + abreast <= partial.size; j += abreast) {
      DF_LANES
      for (int l = 0; l < abreast; ++l) largest[l] = larger(largest[l], partial(j + l));
    }
    for (; j < partial.size; ++j) largest[0] = larger(largest[0], partial(j));
    for (int l = 1; l < abreast; ++l) largest[0] = larger(largest[0], largest[l]);
    scalars(scalar_maximum) = largest[0];
  }
};

/// Iterations after which a solve that the comb has not finished goes on with multigrid: about what multigrid costs as a whole
/// (measured, validation/benchmark/README.md), so that no solve takes much more than twice the time of the better choice.
inline constexpr int comb_patience = 12;

/// Solves a CombSystem for `correction` by conjugate gradients, until no cell's balance is off by more than `tolerance` times
/// its storage. The comb alone preconditions the first `patience` iterations, multigrid the others. Returns the number of
/// iterations.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION DF_OUTLINE int solve_comb(const Executor& executor, const CombSystem& s, double tolerance, int limit,
                                      int patience = comb_patience) {
  const int n_z = s.grid.n_z;
  const RowLevel rows = RowHierarchy{s.grid.n_r + 1, n_z}.level(s.levels, 0);
  FieldView<double> from = s.direction, to = s.direction_next;
  FieldView<double> spine_from = s.spine_direction, spine_to = s.spine_direction_next;
  if (patience > 0) executor.single(SpineFactorStep{s});
  double rho = 0.0, alpha = 0.0;
  int iteration = 0;
  for (;; ++iteration) {
    const bool comb = iteration < patience, first = iteration == 0 || iteration == patience;
    if (comb) {
      executor.rows(n_z, AdvanceAndEliminateStep{s, from, spine_from, alpha, tolerance});
    } else {
      if (iteration == patience) set_up_levels(executor, s);
      executor.rows(rows.pairs, AdvanceAndSplitStep{s, rows, from, spine_from, alpha, tolerance});
    }
    executor.single(MaximumStep{s.partial_defect, s.scalars});
    if (!(executor.read(s.scalars, scalar_maximum) > 0.0) || iteration == limit) break;
    if (comb) {
      executor.single(SpineSolveStep{s});
      executor.rows(n_z, SubstituteStep{s});
    } else {
      run_cycle(executor, s);
    }
    executor.single(SumStep{s.partial, s.scalars});
    const double rho_new = executor.read(s.scalars, scalar_sum), beta = first ? 0.0 : rho_new / rho;
    rho = rho_new;
    executor.rows(n_z, DirectionAndMatrixStep{s, from, spine_from, to, spine_to, beta});
    executor.single(SumStep{s.partial, s.scalars});
    alpha = rho / executor.read(s.scalars, scalar_sum);
    const FieldView<double> old = from, spine_old = spine_from;
    from = to;
    spine_from = spine_to;
    to = old;
    spine_to = spine_old;
  }
  return iteration;
}

}  // namespace dermaflux
