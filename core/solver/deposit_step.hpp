#pragma once
#include <cmath>

#include "core/physics/ring_share.hpp"
#include "core/solver/healing_problem.hpp"
#include "core/solver/insertion_problem.hpp"

namespace dermaflux {

/// Pigment in the pores of a cell and what its matrix holds, and both times their lymph factors [kg/m^3].
struct LaidDown {
  double free, matrix, drained;

  /// What an insertion left in a cell, with what is `in_track` there of each size class. Where next to nothing is, rounding leaves
  /// less than nothing, and the mean clearance of two size classes would have no bounds: that counts as none.
  template <class InTrack>
  DF_FUNCTION static LaidDown of(const InsertionProblem& from, const HealingProblem& to, int k, const InTrack& in_track) {
    LaidDown all{};
    for (int n = 0; n < from.params.classes; ++n) {
      const double suspended = larger(from.tissue.pigment[n](k), 0.0) + in_track(n), captured = from.tissue.captured[n](k);
      all.free += suspended;
      all.matrix += captured;
      all.drained += to.params.lymph_factor[n] * (suspended + captured);
    }
    return all;
  }
  /// Begins healing with it. Pigment in the epidermal part of a cell belongs to the epidermis from the start.
  DF_FUNCTION void begin(const HealingProblem& p, int i, int j, int k) const {
    const double above = p.rows.epidermal(p.rows.of(i) + j);
    p.pools.epidermal(k) = above * (free + matrix);
    p.pools.free(k) = (1.0 - above) * free;
    p.pools.matrix(k) = (1.0 - above) * matrix;
    p.scratch.lymph_factor(k) = free + matrix > 0.0 ? drained / (free + matrix) : p.params.mean_lymph_factor;
    p.pools.macrophage(k) = p.pools.slow(k) = 0.0;
  }
};

/// What the insertion of one prong left becomes the start of healing: ink still in the track is laid down where it is.
struct LayDownStep {
  InsertionProblem from;
  HealingProblem to;
  DF_FUNCTION void operator()(int i, int j) const {
    const int k = to.grid.cell(i, j);
    const LaidDown all =
        LaidDown::of(from, to, k, [&](int n) { return i == 0 ? from.track.pigment[n](j) / to.grid.volume(0, j) : 0.0; });
    to.pools.free(k) = to.params.prongs * all.free;
    to.pools.matrix(k) = to.params.prongs * all.matrix;
    to.pools.macrophage(k) = to.params.prongs * all.drained;  // pigment times its lymph factor, until PartitionStep
    to.pools.slow(k) = to.pools.epidermal(k) = 0.0;
  }
};

/// Moves tracks sideways and averages over the angle, so that several prongs and tilted tracks stay axisymmetric: a ring of
/// pigment around a track that is `offset` away from the dot's axis is spread over the rings of the dot that it crosses.
/// Conserves mass; exact for the ring average, to the width of a ring.
struct ShiftTracksStep {
  AxisymmetricGrid grid;
  PoolFields from, to;  ///< free, matrix and what stands in macrophage are moved
  TrackGroups groups;
  double tilt, tilt_centre;  ///< further distance |z - tilt_centre| tilt [-], [m]

  /// Share of ring m, seen as four thin rings of equal area, that falls into ring i.
  DF_FUNCTION double share(int m, int i, double offset) const {
    const ShiftedRingShare within{offset};
    const double inner = grid.r_face(m) * grid.r_face(m), outer = grid.r_face(m + 1) * grid.r_face(m + 1);
    double sum = 0.0;
    for (int n = 0; n < 4; ++n) {
      const double ring = std::sqrt(inner + (n + 0.5) / 4.0 * (outer - inner));
      const double below = i + 1 < grid.n_r ? within(ring, grid.r_face(i + 1)) : 1.0;  // the last ring keeps what passes it
      sum += 0.25 * (below - within(ring, grid.r_face(i)));
    }
    return sum;
  }
  DF_FUNCTION void operator()(int i, int j) const {
    const double shift = std::fabs(grid.z_centre(j) - tilt_centre) * tilt;
    double free = 0.0, matrix = 0.0, drained = 0.0;
    for (int n = 0; n < groups.count; ++n) {
      const double offset = groups.offset[n] + shift;
      for (int m = 0; m < grid.n_r; ++m) {
        const int k = grid.cell(m, j);
        if (from.free(k) + from.matrix(k) <= 0.0) continue;
        const double part = groups.weight[n] * (offset > 0.0 ? share(m, i, offset) : (m == i ? 1.0 : 0.0));
        free += part * from.free(k) * grid.ring_area(m);
        matrix += part * from.matrix(k) * grid.ring_area(m);
        drained += part * from.macrophage(k) * grid.ring_area(m);
      }
    }
    to.free(grid.cell(i, j)) = free / grid.ring_area(i);
    to.matrix(grid.cell(i, j)) = matrix / grid.ring_area(i);
    to.macrophage(grid.cell(i, j)) = drained / grid.ring_area(i);
  }
};

/// Pigment in the epidermal part of a row belongs to the epidermis from the start; marks the wound, and how well lymph drains the
/// sizes that lie in each cell, suspended or captured, because what the matrix lets go is free again.
struct PartitionStep {
  HealingProblem p;
  PoolFields from;
  double dot_radius;  ///< of the outermost track [m]
  DF_FUNCTION void operator()(int i, int j) const {
    const int k = p.grid.cell(i, j);
    LaidDown{from.free(k), from.matrix(k), from.macrophage(k)}.begin(p, i, j, k);
    const double aside = larger(p.grid.r_centre(i) - dot_radius, 0.0) / p.params.wound_reach;
    const double below = larger(p.grid.z_centre(j) - p.params.wound_depth, 0.0) / p.params.wound_reach;
    p.scratch.wound(k) = std::exp(-aside * aside - below * below);
  }
};

/// Nothing has left the skin yet.
struct ClearAccountStep {
  HealingProblem p;
  DF_FUNCTION void operator()() const {
    for (int n = 0; n < HealingAccount::count; ++n) p.account(n) = 0.0;
  }
};

}  // namespace dermaflux
