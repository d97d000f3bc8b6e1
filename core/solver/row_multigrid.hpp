#pragma once
#include <cmath>

#include "core/solver/row_multigrid_setup.hpp"

namespace dermaflux {

// The V-cycle over the levels of row_levels.hpp. Lines of a row, spine included, are always solved exactly; odd rows are
// relaxed, then even ones, then the odd ones' residual goes to the next level, and back in the opposite order, so that the whole
// is symmetric and positive. Restriction and interpolation are the solution of the even rows themselves. Where rings do not
// exchange anything this is cyclic reduction and exact, for any contrast; the matrix of a level is chosen so.

/// Second half of the solution of a line, outward from the spine. Here as in the other sweeps lanes are computed first and then
/// stored: a store between them would keep GCC from vector registers once it has unrolled the lanes.
template <int W>
DF_FUNCTION void substitute_rows(const RowLevel& level, const RowSet& set, int m) {
  double inward[W] = {};
  for (int ring = 0; ring < level.rings; ++ring) {
    const int first = level.at(ring, m), inner = ring > 0 ? first - level.stride : first;
    fetch_later(first + fetch_rings * level.stride, set.inverse, set.value, set.coupling);
    DF_LANES
    for (int l = 0; l < W; ++l) inward[l] = set.inverse(first + l) * set.value(first + l) + set.coupling(inner + l) * inward[l];
    for (int l = 0; l < W; ++l) set.value(first + l) = inward[l];
  }
}

/// Moves along the direction (unless `alpha` is 0), hands the residual to the first level and solves its odd rows. Leaves, per row,
/// by how much a cell's balance is off beyond what is tolerated.
struct AdvanceAndSplitStep {
  CombSystem s;
  RowLevel level;
  FieldView<const double> direction, spine_direction;
  double alpha, tolerance;

  template <int W>
  DF_FUNCTION void rows(int m) const {  // the grid may end with half a group
    if (m + W > level.pairs)
      pairs<(W > 1 ? W / 2 : 1)>(m);
    else
      pairs<W>(m);
  }
  template <int W>
  DF_FUNCTION void pairs(int m) const {
    const double scale = s.scalars(scalar_level_scale);
    double reduced[W] = {}, excess[2 * W] = {};
    for (int i = s.grid.n_r - 1; i >= 0; --i) {
      const int first = s.grid.cell(i, 2 * m), at = level.at(i + 1, m);
      double residual[2 * W];
      for (int l = 0; l < 2 * W; l += 8)
        fetch_later(first - fetch_rings * s.grid.column + l, s.residual, s.image, s.correction, direction, s.storage);
      fetch_later(at - fetch_rings * level.stride, level.even.right, level.odd.right, level.odd.coupling, level.odd.value);
      DF_LANES
      for (int l = 0; l < 2 * W; ++l) {
        const int k = first + l;
        residual[l] = s.residual(k) - alpha * s.image(k);
        s.correction(k) += alpha * direction(k);
        s.residual(k) = residual[l];
        excess[l] = larger(excess[l], std::fabs(residual[l]) - tolerance * s.storage(k));
      }
      DF_LANES
      for (int l = 0; l < W; ++l) {
        const double odd = scale * residual[2 * l + 1];
        level.even.right(at + l) = scale * residual[2 * l];
        level.odd.right(at + l) = odd;
        reduced[l] = odd + level.odd.coupling(at + l) * reduced[l];
        level.odd.value(at + l) = reduced[l];
      }
    }
    for (int l = 0; l < 2 * W; ++l) {
      const int row = 2 * m + l, at = m + l / 2;
      const double residual = s.spine_residual(row) - alpha * s.spine_image(row);
      s.spine_correction(row) += alpha * spine_direction(row);
      s.spine_residual(row) = residual;
      s.partial_defect(row) = excess[l];
      const RowSet& set = l % 2 == 0 ? level.even : level.odd;
      set.right(at) = s.compliance(row) < 0.0 ? 0.0 : scale * residual;
      if (l % 2 == 1) level.odd.value(at) = level.odd.right(at) + level.odd.coupling(at) * reduced[l / 2];
    }
    substitute_rows<W>(level, level.odd, m);
  }
};

/// What is left of the odd rows of a level, handed to the next level, whose odd rows are solved.
struct RestrictStep {
  RowLevel fine, coarse;
  template <int W>
  DF_FUNCTION void rows(int m) const {
    double reduced[W] = {};
    for (int ring = coarse.rings - 1; ring >= 0; --ring) {
      const int from = fine.at(ring, 2 * m), at = coarse.at(ring, m);
      double left[2 * W];
      for (int l = 0; l < 2 * W; l += 8)
        fetch_later(from - fetch_rings * fine.stride + l, fine.within, fine.beyond, fine.even.value);
      fetch_later(at - fetch_rings * coarse.stride, coarse.even.right, coarse.odd.right, coarse.odd.coupling, coarse.odd.value);
      DF_LANES
      for (int l = 0; l < 2 * W; ++l)
        left[l] = fine.within(from + l) * fine.even.value(from + l) + fine.beyond(from + l) * fine.even.value(from + l + 1);
      DF_LANES
      for (int l = 0; l < W; ++l) {
        coarse.even.right(at + l) = left[2 * l];
        coarse.odd.right(at + l) = left[2 * l + 1];
        reduced[l] = left[2 * l + 1] + coarse.odd.coupling(at + l) * reduced[l];
        coarse.odd.value(at + l) = reduced[l];
      }
    }
    substitute_rows<W>(coarse, coarse.odd, m);
  }
};

/// Solves the even rows of a level for the odd ones as they are.
struct EvenRowsStep {
  RowLevel level;
  template <int W>
  DF_FUNCTION void rows(int m) const {
    double reduced[W] = {};
    for (int ring = level.rings - 1; ring >= 0; --ring) {
      const int first = level.at(ring, m);
      fetch_later(first - fetch_rings * level.stride, level.even.right, level.even.value, level.even.coupling, level.beyond,
                  level.within, level.odd.value);
      DF_LANES
      for (int l = 0; l < W; ++l) {
        const int k = first + l;
        reduced[l] = level.even.right(k) + level.beyond(k - 1) * level.odd.value(k - 1) + level.within(k) * level.odd.value(k) +
                     level.even.coupling(k) * reduced[l];
      }
      for (int l = 0; l < W; ++l) level.even.value(first + l) = reduced[l];
    }
    substitute_rows<W>(level, level.even, m);
  }
};

/// First half of the solution of the odd rows for the even ones as they are.
template <int W>
DF_FUNCTION void eliminate_odd_rows(const RowLevel& level, int m) {
  double reduced[W] = {};
  for (int ring = level.rings - 1; ring >= 0; --ring) {
    const int first = level.at(ring, m);
    fetch_later(first - fetch_rings * level.stride, level.odd.right, level.odd.value, level.odd.coupling, level.within,
                level.beyond, level.even.value);
    DF_LANES
    for (int l = 0; l < W; ++l) {
      const int k = first + l;
      reduced[l] = level.odd.right(k) + level.within(k) * level.even.value(k) + level.beyond(k) * level.even.value(k + 1) +
                   level.odd.coupling(k) * reduced[l];
    }
    for (int l = 0; l < W; ++l) level.odd.value(first + l) = reduced[l];
  }
}

/// Solves the odd rows of a level and adds the level's solution to the odd rows of the level above.
struct ProlongStep {
  RowLevel level, fine;
  template <int W>
  DF_FUNCTION void rows(int m) const {
    eliminate_odd_rows<W>(level, m);
    double inward[W] = {};
    for (int ring = 0; ring < level.rings; ++ring) {
      const int first = level.at(ring, m), inner = ring > 0 ? first - level.stride : first, to = fine.at(ring, 2 * m);
      DF_LANES
      for (int l = 0; l < W; ++l) {
        const int k = first + l;
        inward[l] = level.odd.inverse(k) * level.odd.value(k) + level.odd.coupling(inner + l) * inward[l];
      }
      for (int l = 0; l < W; ++l) level.odd.value(first + l) = inward[l];
      DF_LANES
      for (int l = 0; l < W; ++l) {
        fine.odd.value(to + 2 * l) += level.even.value(first + l);
        fine.odd.value(to + 2 * l + 1) += inward[l];
      }
    }
  }
};

/// Solves the odd rows of the first level and leaves the preconditioned residual in `reduced`, and the partial sums of residual
/// times preconditioned residual.
struct JoinStep {
  CombSystem s;
  RowLevel level;
  template <int W>
  DF_FUNCTION void rows(int m) const {
    if (m + W > level.pairs)
      pairs<(W > 1 ? W / 2 : 1)>(m);
    else
      pairs<W>(m);
  }
  template <int W>
  DF_FUNCTION void pairs(int m) const {
    eliminate_odd_rows<W>(level, m);
    double inward[W] = {}, sum[2 * W] = {};
    for (int ring = 0; ring < level.rings; ++ring) {
      const int first = level.at(ring, m), inner = ring > 0 ? first - level.stride : first;
      const FieldView<double> to = ring > 0 ? s.reduced : s.spine_reduced;
      const int into = ring > 0 ? s.grid.cell(ring - 1, 2 * m) : 2 * m;
      for (int l = 0; l < 2 * W; l += 8) fetch_later(s.grid.cell(ring + fetch_rings, 2 * m) + l, s.reduced);
      fetch_later(first + fetch_rings * level.stride, level.odd.inverse, level.odd.value, level.odd.coupling, level.even.value,
                  level.even.right, level.odd.right);
      DF_LANES
      for (int l = 0; l < W; ++l) {
        const int k = first + l;
        inward[l] = level.odd.inverse(k) * level.odd.value(k) + level.odd.coupling(inner + l) * inward[l];
        const double even = level.even.value(k), odd = inward[l];
        to(into + 2 * l) = even;
        to(into + 2 * l + 1) = odd;
        sum[2 * l] += even * level.even.right(k);
        sum[2 * l + 1] += odd * level.odd.right(k);
      }
    }
    for (int l = 0; l < 2 * W; ++l) s.partial(2 * m + l) = sum[l] / s.scalars(scalar_level_scale);
  }
};

/// The V-cycle, from odd rows solved on the first level to the preconditioned residual.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION void run_cycle(const Executor& executor, const CombSystem& s) {
  const RowHierarchy hierarchy{s.grid.n_r + 1, s.grid.n_z};
  const int last = hierarchy.count() - 1;
  for (int n = 0; n <= last; ++n) {
    const RowLevel level = hierarchy.level(s.levels, n);
    executor.rows(level.pairs, EvenRowsStep{level});
    if (n < last) {
      const RowLevel coarse = hierarchy.level(s.levels, n + 1);
      executor.rows(coarse.pairs, RestrictStep{level, coarse});
    }
  }
  for (int n = last; n > 0; --n) {
    const RowLevel level = hierarchy.level(s.levels, n), fine = hierarchy.level(s.levels, n - 1);
    executor.rows(level.pairs, ProlongStep{level, fine});
    executor.rows(fine.pairs, EvenRowsStep{fine});
  }
  executor.rows(hierarchy.level(s.levels, 0).pairs, JoinStep{s, hierarchy.level(s.levels, 0)});
}

}  // namespace dermaflux
