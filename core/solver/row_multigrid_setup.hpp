#pragma once
#include "core/solver/comb_system.hpp"

namespace dermaflux {

/// The matrix of the system, row by row parity, with the factors that FactorTeethStep left. A spine row whose value is given
/// becomes storage of its neighbours.
struct SplitSystemStep {
  CombSystem s;
  RowLevel level;

  DF_FUNCTION bool is_free(int row) const { return row >= 0 && row < s.grid.n_z && s.compliance(row) >= 0.0; }
  DF_FUNCTION void split_cell(const RowSet& set, FieldView<double> axial, int ring, int m, int row) const {
    const int at = level.at(ring, m), k = s.grid.cell(ring - 1, row);
    set.inverse(at) = s.inverse(k);
    set.coupling(at) = s.coupling(k);
    set.right(at) = s.radial(k);
    set.value(at) = ring == 1 && s.compliance(row) < 0.0 ? s.storage(k) + s.wall(row) : s.storage(k);
    axial(at) = s.axial(k);
  }
  DF_FUNCTION void split_spine(const RowSet& set, FieldView<double> axial, int m, int row) const {
    set.inverse(m) = set.coupling(m) = set.right(m) = set.value(m) = axial(m) = 0.0;
    if (!is_free(row)) return;
    const double upper = s.face(row), lower = s.face(row + 1), compliance = s.compliance(row);
    set.inverse(m) = 1.0 / (compliance + s.spine_response(row) + upper + lower);
    set.coupling(m) = s.wall(row) * s.inverse(s.grid.cell(0, row));
    set.right(m) = s.wall(row);
    set.value(m) = compliance + (is_free(row - 1) ? 0.0 : upper) + (is_free(row + 1) ? 0.0 : lower);
    if (is_free(row + 1)) axial(m) = lower;
  }
  DF_FUNCTION void operator()(int ring, int m) const {
    if (ring == 0) {
      split_spine(level.even, level.within, m, 2 * m);
      split_spine(level.odd, level.beyond, m, 2 * m + 1);
    } else {
      split_cell(level.even, level.within, ring, m, 2 * m);
      split_cell(level.odd, level.beyond, ring, m, 2 * m + 1);
    }
  }
};

/// Shares of the odd rows in the value of the even rows above and below them, if rings exchanged nothing; kept where the next
/// level will have its factors.
struct RowSharesStep {
  RowLevel fine, coarse;

  DF_FUNCTION void share(const RowSet& set, int ring, int m, int odd) const {
    const int k = fine.at(ring, odd), at = coarse.at(ring, m);
    const double above = fine.within(k), below = fine.beyond(k);
    const double sum_above = fine.even.value(k) + above + fine.beyond(k - 1);
    const double sum_below = fine.even.value(k + 1) + below + fine.within(k + 1);
    set.inverse(at) = sum_above > 0.0 ? above / sum_above : 0.0;
    set.coupling(at) = sum_below > 0.0 ? below / sum_below : 0.0;
  }
  DF_FUNCTION void operator()(int ring, int m) const {
    share(coarse.even, ring, m, 2 * m);
    share(coarse.odd, ring, m, 2 * m + 1);
  }
};

/// The matrix of a level from the one above: even rows are eliminated column by column, exact where rings exchange nothing. Their
/// conductance between two rings goes to the odd rows above and below by the smaller share of the two.
struct CoarsenRowsStep {
  RowLevel fine, coarse;

  DF_FUNCTION void coarsen(const RowSet& set, FieldView<double> axial, int ring, int m, int odd) const {
    const int k = fine.at(ring, odd), at = coarse.at(ring, m), outer = ring + 1 < coarse.rings ? at + coarse.stride : at;
    const double above = set.inverse(at), below = set.coupling(at);
    set.value(at) = fine.odd.value(k) + above * fine.even.value(k) + below * fine.even.value(k + 1);
    set.right(at) = fine.odd.right(k) + smaller(above, set.inverse(outer)) * fine.even.right(k) +
                    smaller(below, set.coupling(outer)) * fine.even.right(k + 1);
    axial(at) = below * fine.within(k + 1);
  }
  DF_FUNCTION void operator()(int ring, int m) const {
    coarsen(coarse.even, coarse.within, ring, m, 2 * m);
    coarsen(coarse.odd, coarse.beyond, ring, m, 2 * m + 1);
  }
};

/// Factors of the lines of a level.
struct FactorRowsStep {
  RowLevel level;
  template <int W>
  DF_FUNCTION void factor(const RowSet& set, FieldView<const double> up, FieldView<const double> down, int m) const {
    double inverse[W] = {};
    for (int ring = level.rings - 1; ring >= 0; --ring) {
      const int first = level.at(ring, m);
      DF_LANES
      for (int l = 0; l < W; ++l) {
        const int k = first + l;
        const double outward = set.right(k), inward = ring > 0 ? set.right(k - level.stride) : 0.0;
        const double coupling = outward * inverse[l];
        const double diagonal = set.value(k) + outward + inward + up(k) + down(k) - coupling * outward;
        inverse[l] = diagonal > 0.0 ? 1.0 / diagonal : 0.0;
        set.coupling(k) = coupling;
        set.inverse(k) = inverse[l];
      }
    }
  }
  template <int W>
  DF_FUNCTION void rows(int m) const {
    const FieldView<double> above{level.beyond.data - 1, level.beyond.size, level.beyond.pad - 1};  // of an even row
    factor<W>(level.even, above, level.within, m);
    factor<W>(level.odd, level.within, level.beyond, m);
  }
};

/// Empties the memory of the levels and notes for which rings and rows it is laid out.
struct ClearLevelsStep {
  CombSystem s;
  static constexpr int width = 1024;
  DF_FUNCTION void operator()(int i, int j) const {
    const int k = i * width + j;
    if (k < s.levels.size) s.levels(k) = 0.0;
    if (k == 0) {
      s.scalars(scalar_level_rings) = s.grid.n_r;
      s.scalars(scalar_level_rows) = s.grid.n_z;
    }
  }
};

/// Matrices and factors of all levels, from the system and the factors of its teeth.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION void set_up_levels(const Executor& executor, const CombSystem& s) {
  const RowHierarchy hierarchy{s.grid.n_r + 1, s.grid.n_z};
  RowLevel level = hierarchy.level(s.levels, 0);
  if (executor.read(s.scalars, scalar_level_rings) != s.grid.n_r || executor.read(s.scalars, scalar_level_rows) != s.grid.n_z)
    executor.cells((s.levels.size + ClearLevelsStep::width - 1) / ClearLevelsStep::width, ClearLevelsStep::width,
                   ClearLevelsStep{s});
  executor.cells(level.rings, level.pairs, SplitSystemStep{s, level});
  for (int n = 1; n < hierarchy.count(); ++n) {
    const RowLevel coarse = hierarchy.level(s.levels, n);
    executor.cells(coarse.rings, coarse.pairs, RowSharesStep{level, coarse});
    executor.cells(coarse.rings, coarse.pairs, CoarsenRowsStep{level, coarse});
    executor.rows(coarse.pairs, FactorRowsStep{coarse});
    level = coarse;
  }
}

}  // namespace dermaflux
