#pragma once
#include "core/solver/box_levels.hpp"

namespace dermaflux {

/// Smallest conductance that is told from none [m^3/(Pa s)].
inline constexpr float least_conductance = 1e-36f;

/// Storage of the finest level, with what links to nodes add to the diagonal when nodes hold still.
template <class Grid>
struct LevelStorageStep {
  BoxSystemOn<Grid> s;
  BoxLevelOn<Grid> level;
  DF_FUNCTION void operator()(int i, int j) const {
    const int first = s.grid.cell(i, j, 0), step = s.grid.step_z();
    DF_LANES
    for (int k = 0; k < s.grid.n_z; ++k) level.right(first + k * step) = static_cast<float>(s.storage(first + k * step));
  }
};

/// Adds what the links of a cell bring to its right-hand side on a level.
template <class Links, class Grid>
DF_FUNCTION void add_links(const EmbeddedNodes& nodes, const Links& brought, int m, const BoxLevelOn<Grid>& level) {
  double sum = level.right(nodes.cell(m));
  for (int n = nodes.first_of_cell(m); n < nodes.first_of_cell(m + 1); ++n) sum += brought(nodes.by_cell(n));
  level.right(nodes.cell(m)) = static_cast<float>(sum);
}

template <class Grid>
struct LinkStorageStep {
  EmbeddedNodes nodes;
  BoxLevelOn<Grid> level;
  DF_FUNCTION void operator()(int m) const { add_links(nodes, nodes.link, m, level); }
};

/// Share of the next coarse column in the correction of each cell: by the resistances between it, its own coarse column's middle
/// and the next one's middle, as a linear profile has it where all are equal. A cell whose interval is not merged is its own
/// middle.
template <class Grid>
struct SharesStep {
  BoxLevelOn<Grid> level;

  struct Side {
    int own, outward, other;  ///< cells whose conductance leads: to the partner, outward, inside the next pair
    bool paired, open, other_paired;
  };
  /// Along one axis: an interval, the first of its pair and of the pairs beside it.
  DF_FUNCTION static Side side(int n, FieldView<const int> owner, FieldView<const int> first, int at, int step) {
    const int mine = owner(n), begin = first(mine), end = first(mine + 1), count = first.size - 1;
    Side s{at, at, at, end - begin == 2, false, false};
    if (!s.paired) return s;
    const bool lower = n == begin;  // looks down
    s.own = lower ? at : at - step;
    s.outward = lower ? at - step : at;
    s.other = lower ? at - 2 * step : at + step;
    const int next = lower ? mine - 1 : mine + 1;
    s.open = next >= 0 && next < count;
    s.other_paired = s.open && first(next + 1) - first(next) == 2;
    return s;
  }
  /// From the conductances that lead to the partner, outward and inside the next pair, if there is one.
  DF_IN_LANES DF_FUNCTION static float share(float own, float outward, float other, float half_of_other) {
    const float to_partner = 0.5f / (own > least_conductance ? own : least_conductance);
    const float across = 1.0f / (outward > least_conductance ? outward : least_conductance);
    const float beyond = half_of_other / (other > least_conductance ? other : least_conductance);
    return to_partner / (to_partner + across + beyond);
  }
  /// Shares of a column along one axis, from its first cell.
  DF_FUNCTION void along(const Side& side, FieldView<const float> conductance, FieldView<std::uint8_t> shares, int first) const {
    const int step = level.grid.step_z();
    const int own = first + side.own, outward = first + (side.open ? side.outward : 0);
    const int other = first + (side.other_paired ? side.other : 0);
    const float scale = side.paired && side.open ? 255.0f : 0.0f, half_of_other = side.other_paired ? 0.5f : 0.0f;
    DF_LANES
    for (int k = 0; k < level.grid.n_z; ++k) {
      const int at = k * step;
      const float part = share(conductance(own + at), conductance(outward + at), conductance(other + at), half_of_other);
      shares(first + at) = static_cast<std::uint8_t>(static_cast<int>(scale * part + 0.5f));
    }
  }
  DF_FUNCTION void operator()(int i, int j) const {
    const int first = level.grid.cell(i, j, 0);
    along(side(i, level.owner_x, level.first_x, 0, level.grid.step_x()), level.x, level.share_x, first);
    along(side(j, level.owner_y, level.first_y, 0, level.grid.step_y()), level.y, level.share_y, first);
  }
};

/// The matrix of a level from the one above: storage and vertical conductances add up; sideways, cells in series from middle to
/// middle and side by side add up. The same as if the flow were discretised anew on the coarser grid.
template <class Grid>
struct CoarsenStep {
  BoxLevelOn<Grid> fine, coarse;

  DF_IN_LANES DF_FUNCTION static float resistance(float conductance) {
    return 1.0f / (conductance > least_conductance ? conductance : least_conductance);
  }
  /// Adds the fine cells of one column.
  DF_FUNCTION void add(int from, int to) const {
    const int step = fine.grid.step_z(), step_to = coarse.grid.step_z();
    DF_LANES
    for (int k = 0; k < fine.grid.n_z; ++k) {
      coarse.right(to + k * step_to) += fine.right(from + k * step);
      coarse.z(to + k * step_to) += fine.z(from + k * step);
    }
  }
  /// Adds one line of fine cells across a face: half of the own pair, the face, half of the next pair.
  DF_FUNCTION void across(FieldView<const float> from, FieldView<float> to, int own, int face, int next, bool paired,
                          bool next_paired, int at) const {
    const int step = fine.grid.step_z(), step_to = coarse.grid.step_z();
    const float half = paired ? 0.5f : 0.0f, next_half = next_paired ? 0.5f : 0.0f;
    DF_LANES
    for (int k = 0; k < fine.grid.n_z; ++k) {
      const float through = from(face + k * step);
      const float in_series =
          half * resistance(from(own + k * step)) + resistance(through) + next_half * resistance(from(next + k * step));
      to(at + k * step_to) += through > 0.0f ? 1.0f / in_series : 0.0f;
    }
  }
  DF_FUNCTION void operator()(int i, int j) const {
    const int at = coarse.grid.cell(i, j, 0), step_to = coarse.grid.step_z();
    const int i0 = fine.first_x(i), i1 = fine.first_x(i + 1), j0 = fine.first_y(j), j1 = fine.first_y(j + 1);
    DF_LANES
    for (int k = 0; k < coarse.grid.n_z; ++k) {
      const int to = at + k * step_to;
      coarse.right(to) = coarse.x(to) = coarse.y(to) = coarse.z(to) = 0.0f;
    }
    for (int a = i0; a < i1; ++a)
      for (int b = j0; b < j1; ++b) add(fine.grid.cell(a, b, 0), at);
    const int sx = fine.grid.step_x(), sy = fine.grid.step_y();
    if (i + 1 < coarse.grid.n_x)
      for (int b = j0; b < j1; ++b) {
        const int face = fine.grid.cell(i1 - 1, b, 0);
        const bool paired = i1 - i0 == 2, next_paired = fine.first_x(i + 2) - i1 == 2;
        across(fine.x, coarse.x, paired ? face - sx : face, face, next_paired ? face + sx : face, paired, next_paired, at);
      }
    if (j + 1 < coarse.grid.n_y)
      for (int a = i0; a < i1; ++a) {
        const int face = fine.grid.cell(a, j1 - 1, 0);
        const bool paired = j1 - j0 == 2, next_paired = fine.first_y(j + 2) - j1 == 2;
        across(fine.y, coarse.y, paired ? face - sy : face, face, next_paired ? face + sy : face, paired, next_paired, at);
      }
  }
};

/// Factors of the columns of a level, from its conductances and the storage in `right`. What leaves a cell is its diagonal less the
/// conductance downward; from the cell above it comes as a conductance in series with what leaves that, so that nothing is
/// subtracted.
template <class Grid>
struct FactorColumnsStep {
  BoxLevelOn<Grid> level;
  template <int W>
  DF_FUNCTION void lines(int i, int j) const {
    const Grid& grid = level.grid;
    const int sx = grid.step_x(), sy = grid.step_y();
    float leaving[W] = {}, coupling[W] = {};
    for (int k = 0; k < grid.n_z; ++k)
      for (int w = 0; w < W; ++w) {
        const int at = grid.cell(i, j + w, k);
        const float sides = level.x(at) + level.x(at - sx) + level.y(at) + level.y(at - sy);
        leaving[w] = level.right(at) + sides + coupling[w] * leaving[w];
        const float diagonal = leaving[w] + level.z(at);
        const float inverse = diagonal > 0.0f ? 1.0f / diagonal : 0.0f;
        level.inverse(at) = inverse;
        coupling[w] = level.z(at) * inverse;
      }
  }
};

/// Matrices and factors of all levels.
template <class Executor, class Grid>
void set_up_levels(const Executor& executor, const BoxSystemOn<Grid>& s, const BoxLevelsOn<Grid>& levels) {
  executor.columns(s.grid.n_x, s.grid.n_y, LevelStorageStep<Grid>{s, levels.level[0]});
  if (s.nodes.cells > 0) executor.list(s.nodes.cells, LinkStorageStep<Grid>{s.nodes, levels.level[0]});
  for (int n = 0; n < levels.count; ++n) {
    const BoxLevelOn<Grid>& level = levels.level[n];
    executor.lines(level.grid.n_x, level.grid.n_y, FactorColumnsStep<Grid>{level});
    if (n + 1 == levels.count) break;
    const BoxLevelOn<Grid>& coarse = levels.level[n + 1];
    executor.columns(level.grid.n_x, level.grid.n_y, SharesStep<Grid>{level});
    executor.columns(coarse.grid.n_x, coarse.grid.n_y, CoarsenStep<Grid>{level, coarse});
  }
}

}  // namespace dermaflux
