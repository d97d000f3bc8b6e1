#pragma once
#include <cstdint>
#include <vector>

#include "core/solver/box_system.hpp"

namespace dermaflux {

// Multigrid over the columns of a Cartesian grid. Columns along z are always solved exactly, so layers of any thickness and
// contrast never meet the iteration; what is coarsened are x and y. From level to level, neighbouring intervals of an axis are
// merged in pairs where they are small against the narrowest of both axes: a graded grid thus becomes even first, and where cells
// are long in one direction it is the other one, in which they are strongly coupled, that is coarsened.

/// Which intervals of the level above each interval of a level is made of.
struct CoarseningPlan {
  struct Level {
    std::vector<int> first_x, first_y;  ///< first interval above, one more at the end
  };
  std::vector<Level> levels;  ///< without the finest
};

/// Columns of all levels over those of the finest, if it can be kept: memory is 66 bytes per cell for the finest and 26 for others.
inline constexpr double most_columns = 2.9;

/// Merges until one column is left, as slowly as `most_columns` lets it: the slower, the less cells of a level differ in shape.
CoarseningPlan plan_coarsening(FieldView<const double> x_face, FieldView<const double> y_face);

/// One level: matrix, factors of the columns and vectors, in single precision. The finest shares its conductances with the system
/// and `left` with what the system does not need meanwhile.
template <class Grid>
struct BoxLevelOn {
  Grid grid;
  FieldView<float> x, y, z;                  ///< conductances to the next cell
  FieldView<float> inverse;                  ///< of the pivots of each column
  FieldView<float> right, value, left;       ///< right-hand side (storage during set-up), solution, residual that is left
  FieldView<std::uint8_t> share_x, share_y;  ///< of the column next to a cell's own coarse one in its correction, in 255ths
  FieldView<int> owner_x, owner_y;           ///< interval of the coarser level that an interval belongs to
  FieldView<int> first_x, first_y;           ///< per interval of the coarser level and one more, its first interval here
};

/// Writes values into a view whose memory is the host's.
struct WriteHere {
  void operator()(FieldView<int> to, const std::vector<int>& from) const { std::copy(from.begin(), from.end(), to.data); }
};

/// All levels, the finest first.
template <class Grid>
struct BoxLevelsOn {
  static constexpr int most = 40;
  int count = 0;
  BoxLevelOn<Grid> level[most];

  /// Takes all views from an arena, of memory that is zero. Where it has memory, writes the plan into it by `write(view, values)`.
  /// The finest level lies as the system does.
  template <class Write = WriteHere>
  void lay_out(ViewArena& arena, const BoxSystemOn<Grid>& s, const CoarseningPlan& plan, const Write& write = {});
};
using BoxLevels = BoxLevelsOn<GridPart>;

/// Bytes from an arena of doubles.
DF_FUNCTION inline FieldView<std::uint8_t> take_bytes(ViewArena& arena, int size) {
  const FieldView<double> block = arena.take((size + 7) / 8);
  return {reinterpret_cast<std::uint8_t*>(block.data), size, 0};
}

template <class Grid>
template <class Write>
void BoxLevelsOn<Grid>::lay_out(ViewArena& arena, const BoxSystemOn<Grid>& s, const CoarseningPlan& plan, const Write& write) {
  count = 1 + static_cast<int>(plan.levels.size());
  for (int n = 0; n < count; ++n) {
    BoxLevelOn<Grid>& here = level[n];
    const bool finest = n == 0;
    if (finest) {
      here.grid = s.grid;
      here.x = s.x;
      here.y = s.y;
      here.z = s.z;
    } else {
      const CoarseningPlan::Level& made = plan.levels[static_cast<std::size_t>(n - 1)];
      here.grid = Grid::of(static_cast<int>(made.first_x.size()) - 1, static_cast<int>(made.first_y.size()) - 1, s.grid.n_z);
    }
    const int cells = finest ? s.storage.size : here.grid.cell_count(), pad = finest ? s.storage.pad : here.grid.pad();
    here.left = {reinterpret_cast<float*>(s.image.data), cells, 0};
    if (!finest)
      for (auto* view : {&here.x, &here.y, &here.z}) *view = take_singles(arena, cells, pad);
    for (auto* view : {&here.inverse, &here.right, &here.value}) *view = take_singles(arena, cells, pad);
    if (n + 1 == count) break;
    const CoarseningPlan::Level& merged = plan.levels[static_cast<std::size_t>(n)];
    here.share_x = take_bytes(arena, cells);
    here.share_y = take_bytes(arena, cells);
    const auto take_map = [&](const std::vector<int>& first, int fine, FieldView<int>& firsts, FieldView<int>& owner) {
      firsts = take_integers(arena, static_cast<int>(first.size()));
      owner = take_integers(arena, fine);
      if (!arena.buffer) return;
      std::vector<int> owners;
      for (std::size_t m = 0; m + 1 < first.size(); ++m) owners.resize(static_cast<std::size_t>(first[m + 1]), static_cast<int>(m));
      write(firsts, first);
      write(owner, owners);
    };
    take_map(merged.first_x, here.grid.n_x, here.first_x, here.owner_x);
    take_map(merged.first_y, here.grid.n_y, here.first_y, here.owner_y);
  }
}

}  // namespace dermaflux
