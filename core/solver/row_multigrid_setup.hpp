#pragma once
#include <cmath>
#include <cstring>

#include "core/solver/comb_system.hpp"

namespace dermaflux {

/// The power of two by which the levels hold the system, so that none of its values is too small or too large for single precision
/// (1e-38 to 1e38), whatever it describes: a conductance of pressure is 1e-30 to 1e-10 m^3/(Pa s), its inverse up to 1e30. The
/// largest near the axis becomes 1e12; conductances may be 50 decades less, and 26 more. A power of two rounds nothing and
/// cancels in the solution.
struct LevelScaleStep {
  CombSystem s;
  static constexpr int exponent = 40;
  DF_FUNCTION void operator()() const {
    double largest = 0.0;
    for (int j = 0; j < s.grid.n_z; ++j) {
      const int k = s.grid.cell(0, j);
      largest = larger(largest, s.storage(k) + s.radial(k) + s.axial(k));
    }
    int power = 0;
    std::frexp(largest, &power);
    s.scalars(scalar_level_scale) = std::ldexp(1.0, exponent - power);
  }
};

/// The matrix of the system, row by row parity, with the factors that FactorTeethStep left. A spine row whose value is given
/// becomes storage of its neighbours.
struct SplitSystemStep {
  CombSystem s;
  RowLevel level;
  double scale, inverse_scale;

  DF_FUNCTION float scaled(double value) const { return static_cast<float>(scale * value); }
  DF_FUNCTION float inverse_scaled(double value) const { return static_cast<float>(inverse_scale * value); }
  DF_FUNCTION bool is_free(int row) const { return row >= 0 && row < s.grid.n_z && s.compliance(row) >= 0.0; }
  DF_FUNCTION void split_cell(const RowSet& set, FieldView<float> axial, int ring, int m, int row) const {
    const int at = level.at(ring, m), k = s.grid.cell(ring - 1, row);
    set.inverse(at) = inverse_scaled(s.inverse(k));
    set.coupling(at) = static_cast<float>(s.coupling(k));
    set.right(at) = scale * s.radial(k);
    set.value(at) = scale * (ring == 1 && s.compliance(row) < 0.0 ? s.storage(k) + s.wall(row) : s.storage(k));
    axial(at) = scaled(s.axial(k));
  }
  DF_FUNCTION void split_spine(const RowSet& set, FieldView<float> axial, int m, int row) const {
    set.inverse(m) = set.coupling(m) = axial(m) = 0.0f;
    set.right(m) = set.value(m) = 0.0;
    if (!is_free(row)) return;
    const double upper = s.face(row), lower = s.face(row + 1), compliance = s.compliance(row);
    set.inverse(m) = inverse_scaled(1.0 / (compliance + s.spine_response(row) + upper + lower));
    set.coupling(m) = static_cast<float>(s.wall(row) * s.inverse(s.grid.cell(0, row)));
    set.right(m) = scale * s.wall(row);
    set.value(m) = scale * (compliance + (is_free(row - 1) ? 0.0 : upper) + (is_free(row + 1) ? 0.0 : lower));
    if (is_free(row + 1)) axial(m) = scaled(lower);
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
    set.inverse(at) = static_cast<float>(sum_above > 0.0 ? above / sum_above : 0.0);
    set.coupling(at) = static_cast<float>(sum_below > 0.0 ? below / sum_below : 0.0);
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

  DF_FUNCTION void coarsen(const RowSet& set, FieldView<float> axial, int ring, int m, int odd) const {
    const int k = fine.at(ring, odd), at = coarse.at(ring, m), outer = ring + 1 < coarse.rings ? at + coarse.stride : at;
    const double above = set.inverse(at), below = set.coupling(at);
    const double above_both = smaller(above, set.inverse(outer)), below_both = smaller(below, set.coupling(outer));
    set.value(at) = fine.odd.value(k) + above * fine.even.value(k) + below * fine.even.value(k + 1);
    set.right(at) = fine.odd.right(k) + above_both * fine.even.right(k) + below_both * fine.even.right(k + 1);
    axial(at) = static_cast<float>(below * fine.within(k + 1));
  }
  DF_FUNCTION void operator()(int ring, int m) const {
    coarsen(coarse.even, coarse.within, ring, m, 2 * m);
    coarsen(coarse.odd, coarse.beyond, ring, m, 2 * m + 1);
  }
};

/// Factors of the lines of a level. What leaves a ring is its diagonal less the conductance inward; outward it is the conductance
/// to the next ring in series with what leaves that, so that nothing is subtracted.
struct FactorRowsStep {
  RowLevel level;
  template <int W>
  DF_FUNCTION void factor(const RowSet& set, FieldView<const float> up, FieldView<const float> down, int m) const {
    double inverse[W] = {}, leaving[W] = {};
    for (int ring = level.rings - 1; ring >= 0; --ring) {
      const int first = level.at(ring, m);
      DF_LANES
      for (int l = 0; l < W; ++l) {
        const int k = first + l;
        const double outward = set.right(k), inward = ring > 0 ? set.right(k - level.stride) : 0.0;
        const double coupling = outward * inverse[l];
        leaving[l] = set.value(k) + up(k) + down(k) + coupling * leaving[l];
        const double diagonal = leaving[l] + inward;
        inverse[l] = diagonal > 0.0 ? 1.0 / diagonal : 0.0;
        set.coupling(k) = static_cast<float>(coupling);
        set.inverse(k) = static_cast<float>(inverse[l]);
      }
    }
  }
  template <int W>
  DF_FUNCTION void rows(int m) const {
    const FieldView<float> above{level.beyond.data - 1, level.beyond.size, level.beyond.pad - 1};  // of an even row
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
    if (k < s.levels.size) std::memset(s.levels.data + k, 0, sizeof(double));  // both kinds of values
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
  executor.single(LevelScaleStep{s});
  const double scale = executor.read(s.scalars, scalar_level_scale);
  executor.cells(level.rings, level.pairs, SplitSystemStep{s, level, scale, 1.0 / scale});
  for (int n = 1; n < hierarchy.count(); ++n) {
    const RowLevel coarse = hierarchy.level(s.levels, n);
    executor.cells(coarse.rings, coarse.pairs, RowSharesStep{level, coarse});
    executor.cells(coarse.rings, coarse.pairs, CoarsenRowsStep{level, coarse});
    executor.rows(coarse.pairs, FactorRowsStep{coarse});
    level = coarse;
  }
}

}  // namespace dermaflux
