#pragma once
#include "core/grid/axisymmetric_grid.hpp"

namespace dermaflux {

// Multigrid over the rows of a CombSystem: each level keeps every second row of the level above it, and all rings. Ring 0 is the
// spine, ring i + 1 is ring i of the grid. Rows are stored by parity, even and odd ones apart, so that the rows of one parity,
// which are relaxed together, lie side by side.
//
// The matrices of the levels are held in single precision, because memory is what a cycle waits for: factors and conductances
// rounded to 24 bits are those of a system that is near by, still symmetric and positive. Vectors and all arithmetic are in
// double precision: where storage is a billionth of the conductances, pressure rounded to 24 bits hides what storage says about
// its mean, and layered skin takes up to 5 iterations more.

/// The rows of one parity on one level, `stride` values per ring: factors of their lines, right-hand side and solution. While
/// a level is set up, `right` holds the conductance to the next ring and `value` the storage.
struct RowSet {
  FieldView<float> inverse, coupling;
  FieldView<double> right, value;
};

/// One level.
struct RowLevel {
  int rings;   ///< of the grid, and the spine
  int rows;    ///< on this level
  int pairs;   ///< of an even row and the odd one below it; the last odd one may be missing and is then zero
  int stride;  ///< from ring to ring
  RowSet even, odd;
  FieldView<float> within, beyond;  ///< conductance between even row m and odd row m, between odd row m and even row m + 1
  DF_FUNCTION int at(int ring, int m) const { return ring * stride + m; }
};

/// All levels of a grid in one block of memory; the views of a level are worked out where they are needed.
struct RowHierarchy {
  int rings, rows;

  /// Room for what groups of 8 rows of this level and of the next one touch, and an odd number of cache lines, so that rings do
  /// not fall onto each other in a cache. What is not a row stays zero.
  DF_FUNCTION static int stride(int pairs) { return 8 * ((pairs + 15) / 16 * 2 + 1); }
  DF_FUNCTION int count() const {
    int levels = 1;
    for (int n = rows; n > 1; n /= 2) ++levels;
    return levels;
  }
  /// Views of a level; also leaves in `arena` where the next level starts.
  DF_FUNCTION RowLevel take(ViewArena& arena, int on_level) const {
    RowLevel level{};
    level.rings = rings;
    level.rows = on_level;
    level.pairs = (on_level + 1) / 2;
    level.stride = stride(level.pairs);
    take(arena, level, level.even);
    take(arena, level, level.odd);
    level.within = take_singles(arena, level);
    level.beyond = take_singles(arena, level);
    return level;
  }
  DF_FUNCTION static void take(ViewArena& arena, const RowLevel& level, RowSet& set) {
    set.inverse = take_singles(arena, level);
    set.coupling = take_singles(arena, level);
    set.right = arena.take(level.rings * level.stride, 8);
    set.value = arena.take(level.rings * level.stride, 8);
  }
  DF_FUNCTION static FieldView<float> take_singles(ViewArena& arena, const RowLevel& level) {
    return dermaflux::take_singles(arena, level.rings * level.stride, 8);
  }
  DF_FUNCTION RowLevel level(FieldView<double> memory, int number) const {
    ViewArena arena{memory.data};
    int n = rows;
    for (int k = 0; k < number; ++k, n /= 2) take(arena, n);
    return take(arena, n);
  }
  /// Doubles that all levels take.
  DF_FUNCTION long memory() const {
    ViewArena arena;
    for (int n = rows; n > 0; n /= 2) take(arena, n);
    return arena.used;
  }
};

/// How many rings ahead a sweep asks for memory. From ring to ring it goes by whole columns of rows, which no processor foresees:
/// a fifth of the time on 128 x 256 cells and a third on 512 x 1024. Where columns are short all is near anyway.
inline constexpr int fetch_rings = 8;
inline constexpr int long_column = 256;

/// Asks for the values at `k` of several views.
template <class... Views>
DF_FUNCTION void fetch_later(int k, const Views&... views) {
  (DF_FETCH_LATER(views.data + k), ...);
}

}  // namespace dermaflux
