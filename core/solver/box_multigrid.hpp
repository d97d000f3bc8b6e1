#pragma once
#include "core/solver/box_multigrid_setup.hpp"

namespace dermaflux {

// The V-cycle over the levels of box_levels.hpp. Red columns (i + j even) are solved exactly, then black ones; what is left on the
// red ones goes to the next level, and back in the opposite order, so that the whole is symmetric and positive. Corrections come to
// red columns only: black ones are solved again anyway. The coarsest level may be any: red, black and red again are symmetric, too.

enum class Colour : int { red, black };

/// Solves the columns of one colour for those of the other as they are, or as if they were zero.
template <class Grid, Colour colour, bool alone>
struct SolveColumnsStep {
  BoxLevelOn<Grid> level;

  template <int W>
  DF_FUNCTION void lines(int i, int m) const {
    const int j = 2 * m + ((i & 1) == (colour == Colour::red ? 1 : 0) ? 1 : 0);
    if (j + 2 * (W - 1) < level.grid.n_y) return solve<W>(i, j);
    for (int b = j; b < level.grid.n_y; b += 2) solve<1>(i, b);
  }

 private:
  /// Right-hand side of a cell with what comes from the columns beside it.
  DF_IN_LANES DF_FUNCTION float with_sides(int at) const {
    if constexpr (alone) return level.right(at);
    const int sx = level.grid.step_x(), sy = level.grid.step_y();
    return level.right(at) + level.x(at - sx) * level.value(at - sx) + level.x(at) * level.value(at + sx) +
           level.y(at - sy) * level.value(at - sy) + level.y(at) * level.value(at + sy);
  }
  /// What a row passes on, to the one below in the elimination and to the one above in the substitution.
  DF_IN_LANES DF_FUNCTION float coupling(int at) const { return level.z(at) * level.inverse(at); }

  static constexpr int rows_at_once = 128, block = 16;

  /// Some rows of W columns of one colour, as far as the nearest cache holds them. Recurrences wait for themselves and go along W
  /// columns side by side; all else goes along each column.
  template <int W>
  struct Part {
    static constexpr int stride = rows_at_once + block;  ///< so that columns do not share their places in the cache
    float value[W][stride], coupling[W][stride];
    int first = 0, apart = 0, count = 0;

    DF_FUNCTION void place(const Grid& grid, int i, int j, int k) {
      first = grid.cell(i, j, k);
      apart = 2 * grid.step_y();
      count = grid.n_z - k < rows_at_once ? grid.n_z - k : rows_at_once;
    }
  };
  /// `what(w, n, at)` for each row n of each column w and its cell.
  template <int W, class What>
  DF_IN_LANES DF_FUNCTION void along_columns(const Part<W>& part, const What& what) const {
    const int sz = level.grid.step_z();
    for (int w = 0; w < W; ++w) {
      const int at = part.first + w * part.apart;
      int m = 0;
      for (; m + block <= part.count; m += block) {
        DF_LANES
        for (int n = m; n < m + block; ++n) what(w, n, at + n * sz);
      }
      for (; m < part.count; ++m) what(w, m, at + m * sz);
    }
  }
  /// Asks for what the next columns need in a block of rows, while the recurrences of these ones wait for themselves.
  template <int W>
  DF_IN_LANES DF_FUNCTION void fetch(const Part<W>& part, int n) const {
    for (int w = W; w < 2 * W; ++w) {
      const int at = part.first + w * part.apart + n * level.grid.step_z();
      DF_FETCH_LATER(level.right.data + at);
      DF_FETCH_LATER(level.value.data + at);
      DF_FETCH_LATER(level.z.data + at);
      DF_FETCH_LATER(level.inverse.data + at);
      if constexpr (alone) continue;
      DF_FETCH_LATER(level.x.data + at);
      DF_FETCH_LATER(level.y.data + at);
      DF_FETCH_LATER(level.y.data + at - level.grid.step_y());
      DF_FETCH_LATER(level.value.data + at + level.grid.step_x());
    }
  }
  template <int W>
  DF_FUNCTION void solve(int i, int j) const {
    if constexpr (W == 1) return solve_one(i, j);
    const int n_z = level.grid.n_z, last = (n_z - 1) / rows_at_once * rows_at_once;
    Part<W> part;
    float above[W] = {}, passed[W] = {}, below[W] = {};
    for (int k = 0; k < n_z; k += rows_at_once) {
      part.place(level.grid, i, j, k);
      along_columns(part, [&](int w, int n, int at) {
        part.value[w][n] = with_sides(at);
        part.coupling[w][n] = coupling(at);
      });
      for (int n = 0; n < part.count; ++n) {
        if (n % block == 0) fetch(part, n);
        for (int w = 0; w < W; ++w) {
          above[w] = part.value[w][n] = part.value[w][n] + passed[w] * above[w];
          passed[w] = part.coupling[w][n];
        }
      }
      along_columns(part, [&](int w, int n, int at) { part.value[w][n] = part.value[w][n] * level.inverse(at); });
      if (k < last) along_columns(part, [&](int w, int n, int at) { level.value(at) = part.value[w][n]; });
    }
    for (int k = last; k >= 0; k -= rows_at_once) {
      part.place(level.grid, i, j, k);
      if (k < last)
        along_columns(part, [&](int w, int n, int at) {
          part.value[w][n] = level.value(at);
          part.coupling[w][n] = coupling(at);
        });
      for (int n = part.count - 1; n >= 0; --n)
        for (int w = 0; w < W; ++w) below[w] = part.value[w][n] = part.value[w][n] + part.coupling[w][n] * below[w];
      along_columns(part, [&](int w, int n, int at) { level.value(at) = part.value[w][n]; });
    }
  }
  DF_FUNCTION void solve_one(int i, int j) const {
    const int first = level.grid.cell(i, j, 0), sz = level.grid.step_z(), n_z = level.grid.n_z;
    float left = 0.0f, passed = 0.0f;
    for (int k = 0; k < n_z; ++k) {
      const int at = first + k * sz;
      left = with_sides(at) + passed * left;
      passed = coupling(at);
      level.value(at) = left * level.inverse(at);
    }
    left = 0.0f;
    for (int k = n_z - 1; k >= 0; --k) {
      const int at = first + k * sz;
      left = level.value(at) + coupling(at) * left;
      level.value(at) = left;
    }
  }
};

/// What is left on red columns that were solved alone, after black ones were solved for them.
template <class Grid>
struct LeftStep {
  BoxLevelOn<Grid> level;
  DF_FUNCTION void operator()(int i, int j) const {
    if (((i + j) & 1) != 0) return;
    const int first = level.grid.cell(i, j, 0), sx = level.grid.step_x(), sy = level.grid.step_y(), sz = level.grid.step_z();
    DF_LANES
    for (int k = 0; k < level.grid.n_z; ++k) {
      const int at = first + k * sz;
      level.left(at) = level.x(at - sx) * level.value(at - sx) + level.x(at) * level.value(at + sx) +
                       level.y(at - sy) * level.value(at - sy) + level.y(at) * level.value(at + sy);
    }
  }
};

inline constexpr float per_share = 1.0f / 255.0f;

/// Where a fine interval looks: steps, in intervals of the coarser level, to the one on its side; 0 if it is not half of a pair or
/// there is none.
DF_FUNCTION inline int looks_at(int n, FieldView<const int> owner, FieldView<const int> first) {
  const int own = owner(n);
  if (first(own + 1) - first(own) < 2) return 0;
  if (n == first(own)) return own > 0 ? -1 : 0;
  return own + 2 < first.size ? 1 : 0;
}

/// What is left on red columns, handed to the next level: the transpose of ProlongColumnsStep.
template <class Grid>
struct RestrictColumnsStep {
  BoxLevelOn<Grid> fine, coarse;

  /// The part of one fine column; `beside_x` and `beside_y` tell whether the coarse column is the one it looks at or its own.
  template <bool beside_x, bool beside_y>
  DF_FUNCTION void add(int a, int b, int to) const {
    if (((a + b) & 1) != 0) return;
    const int from = fine.grid.cell(a, b, 0), step = fine.grid.step_z(), step_to = coarse.grid.step_z();
    DF_LANES
    for (int k = 0; k < fine.grid.n_z; ++k) {
      const int at = from + k * step;
      const float x = per_share * static_cast<float>(fine.share_x(at)), y = per_share * static_cast<float>(fine.share_y(at));
      coarse.right(to + k * step_to) += (beside_x ? x : 1.0f - x) * (beside_y ? y : 1.0f - y) * fine.left(at);
    }
  }
  /// Fine columns of one interval along y that look at it, or are its own.
  template <bool beside_x>
  DF_FUNCTION void add_along_y(int a, int j, int to) const {
    for (int b = fine.first_y(j); b < fine.first_y(j + 1); ++b) add<beside_x, false>(a, b, to);
    const int before = fine.first_y(j) - 1, after = fine.first_y(j + 1);
    if (before >= 0 && looks_at(before, fine.owner_y, fine.first_y) == 1) add<beside_x, true>(a, before, to);
    if (after < fine.grid.n_y && looks_at(after, fine.owner_y, fine.first_y) == -1) add<beside_x, true>(a, after, to);
  }
  DF_FUNCTION void operator()(int i, int j) const {
    const int to = coarse.grid.cell(i, j, 0), step_to = coarse.grid.step_z();
    DF_LANES
    for (int k = 0; k < coarse.grid.n_z; ++k) coarse.right(to + k * step_to) = 0.0f;
    for (int a = fine.first_x(i); a < fine.first_x(i + 1); ++a) add_along_y<false>(a, j, to);
    const int before = fine.first_x(i) - 1, after = fine.first_x(i + 1);
    if (before >= 0 && looks_at(before, fine.owner_x, fine.first_x) == 1) add_along_y<true>(before, j, to);
    if (after < fine.grid.n_x && looks_at(after, fine.owner_x, fine.first_x) == -1) add_along_y<true>(after, j, to);
  }
};

/// Adds the solution of the next level to the red columns.
template <class Grid>
struct ProlongColumnsStep {
  BoxLevelOn<Grid> fine, coarse;
  DF_FUNCTION void operator()(int a, int b) const {
    if (((a + b) & 1) != 0) return;
    const int first = fine.grid.cell(a, b, 0), from = coarse.grid.cell(fine.owner_x(a), fine.owner_y(b), 0);
    const int along_x = looks_at(a, fine.owner_x, fine.first_x) * coarse.grid.step_x();
    const int along_y = looks_at(b, fine.owner_y, fine.first_y) * coarse.grid.step_y();
    const int step = fine.grid.step_z(), step_from = coarse.grid.step_z();
    DF_LANES
    for (int k = 0; k < fine.grid.n_z; ++k) {
      const int at = first + k * step, own = from + k * step_from;
      const float x = per_share * static_cast<float>(fine.share_x(at)), y = per_share * static_cast<float>(fine.share_y(at));
      const float here = (1.0f - x) * coarse.value(own) + x * coarse.value(own + along_x);
      const float there = (1.0f - x) * coarse.value(own + along_y) + x * coarse.value(own + along_x + along_y);
      fine.value(at) += (1.0f - y) * here + y * there;
    }
  }
};

/// The V-cycle, from `right` of the finest level to its `value`.
template <class Executor, class Grid>
void run_cycle(const Executor& executor, const BoxLevelsOn<Grid>& levels) {
  const auto half = [](const BoxLevelOn<Grid>& level) { return (level.grid.n_y + 1) / 2; };
  for (int n = 0; n < levels.count; ++n) {
    const BoxLevelOn<Grid>& level = levels.level[n];
    executor.lines(level.grid.n_x, half(level), SolveColumnsStep<Grid, Colour::red, true>{level});
    executor.lines(level.grid.n_x, half(level), SolveColumnsStep<Grid, Colour::black, false>{level});
    if (n + 1 == levels.count) {
      if (level.grid.column_count() > 1)
        executor.lines(level.grid.n_x, half(level), SolveColumnsStep<Grid, Colour::red, false>{level});
      break;
    }
    const BoxLevelOn<Grid>& coarse = levels.level[n + 1];
    executor.columns(level.grid.n_x, level.grid.n_y, LeftStep<Grid>{level});
    executor.columns(coarse.grid.n_x, coarse.grid.n_y, RestrictColumnsStep<Grid>{level, coarse});
  }
  for (int n = levels.count - 2; n >= 0; --n) {
    const BoxLevelOn<Grid>& level = levels.level[n];
    executor.columns(level.grid.n_x, level.grid.n_y, ProlongColumnsStep<Grid>{level, levels.level[n + 1]});
    executor.lines(level.grid.n_x, half(level), SolveColumnsStep<Grid, Colour::black, false>{level});
    executor.lines(level.grid.n_x, half(level), SolveColumnsStep<Grid, Colour::red, false>{level});
  }
}

}  // namespace dermaflux
