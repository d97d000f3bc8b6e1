#pragma once
#include "core/solver/healing_problem.hpp"

namespace dermaflux {

/// Death of a share of the macrophages: the clusters they held become free pigment, drained by lymph as clusters are.
struct DepleteStep {
  HealingProblem p;
  DF_FUNCTION void operator()(int i, int j) const {
    const int k = p.grid.cell(i, j);
    const double released = p.params.depletion.share * p.pools.macrophage(k);
    const double fresh = p.pools.free(k) + p.pools.matrix(k);  // what the matrix lets go is drained like what is free
    p.pools.macrophage(k) -= released;
    p.pools.free(k) += released;
    if (released > 0.0)
      p.scratch.lymph_factor(k) =
          (fresh * p.scratch.lymph_factor(k) + released * p.params.released_lymph_factor) / (fresh + released);
  }
};

/// Rise of the epidermal pigment of one ring by the distance its cells move in dt: the mass between two depths is the mass
/// between their departure points. Conservative and stable for any step. Leaves what reached the surface in `solved`.
struct EpidermisRiseStep {
  HealingProblem p;
  double dt;  ///< [s]

  DF_FUNCTION void operator()(int i, int) const {
    const int first = p.grid.cell(i, 0), rows = p.params.epidermal_rows;
    double held = 0.0;
    for (int j = 0; j < rows; ++j) held = larger(held, p.pools.epidermal(first + j));
    p.scratch.solved(first) = 0.0;
    if (!(held > 0.0)) return;
    // Pigment per area between the surface and the departure point of a face [kg/m^2], linear within a row; the points descend.
    int row = 0;
    double whole = 0.0;  // above the row
    const auto above = [&](double depth) {
      while (row < rows && p.grid.z_face(row + 1) < depth) {
        whole += p.pools.epidermal(first + row) * p.grid.dz(row);
        row += 1;
      }
      return row < rows ? whole + p.pools.epidermal(first + row) * (depth - p.grid.z_face(row)) : whole;
    };
    double top = above(p.params.epidermis.departure(0.0, dt));
    p.scratch.solved(first) = top * p.grid.ring_area(i);
    for (int j = 0; j < rows; ++j) {
      const double bottom = above(p.params.epidermis.departure(p.grid.z_face(j + 1), dt));
      p.scratch.factor(first + j) = (bottom - top) / p.grid.dz(j);
      top = bottom;
    }
    for (int j = 0; j < rows; ++j) p.pools.epidermal(first + j) = p.scratch.factor(first + j);
  }
};

/// Adds what all rings shed to the account.
struct BookShedStep {
  HealingProblem p;
  DF_FUNCTION void operator()() const {
    double shed = 0.0;
    for (int i = 0; i < p.grid.n_r; ++i) shed += p.scratch.solved(p.grid.cell(i, 0));
    p.account(HealingAccount::shed) += shed;
  }
};

/// Pools, mass and mean radius per row.
struct RowMomentStep {
  HealingProblem p;
  template <int W>
  DF_FUNCTION void rows(int j) const {
    for (int row = j; row < j + W; ++row) {
      double free = 0.0, matrix = 0.0, macrophage = 0.0, slow = 0.0, epidermal = 0.0, radius = 0.0;
      for (int i = 0; i < p.grid.n_r; ++i) {
        const int k = p.grid.cell(i, row);
        const double volume = p.grid.volume(i, row);
        free += volume * p.pools.free(k);
        matrix += volume * p.pools.matrix(k);
        macrophage += volume * p.pools.macrophage(k);
        slow += volume * p.pools.slow(k);
        epidermal += volume * p.pools.epidermal(k);
        radius += volume * p.grid.r_centre(i) *
                  (p.pools.free(k) + p.pools.matrix(k) + p.pools.macrophage(k) + p.pools.slow(k) + p.pools.epidermal(k));
      }
      p.scratch.lymph(row) = free;
      p.scratch.exuded(row) = matrix;
      p.scratch.photolysed(row) = macrophage;
      p.scratch.error(row) = slow;
      p.scratch.mass(row) = epidermal;
      p.scratch.radius(row) = radius;
    }
  }
};

/// Totals, mean depth and radius, and the depths above which a tenth and nine tenths of the pigment lie.
struct MomentStep {
  HealingProblem p;
  double depth_limit;  ///< share below this depth is reported [m]

  DF_FUNCTION double row_mass(int j) const {
    return p.scratch.lymph(j) + p.scratch.exuded(j) + p.scratch.photolysed(j) + p.scratch.error(j) + p.scratch.mass(j);
  }
  DF_FUNCTION double quantile(double share, double total) const {
    double sum = 0.0;
    for (int j = 0; j < p.grid.n_z; ++j) {
      const double mass = row_mass(j);
      if (mass > 0.0 && sum + mass >= share * total) return p.grid.z_face(j) + p.grid.dz(j) * (share * total - sum) / mass;
      sum += mass;
    }
    return 0.0;
  }
  DF_FUNCTION void operator()() const {
    for (int m = 0; m < Moment::count; ++m) p.moments(m) = 0.0;
    double depth = 0.0, radius = 0.0, below = 0.0, deep = 0.0, deep_radius = 0.0;
    for (int j = 0; j < p.grid.n_z; ++j) {
      const double mass = row_mass(j);
      p.moments(Moment::free) += p.scratch.lymph(j);
      p.moments(Moment::matrix) += p.scratch.exuded(j);
      p.moments(Moment::macrophage) += p.scratch.photolysed(j);
      p.moments(Moment::slow) += p.scratch.error(j);
      p.moments(Moment::epidermal) += p.scratch.mass(j);
      p.moments(Moment::total) += mass;
      depth += mass * p.grid.z_centre(j);
      radius += p.scratch.radius(j);
      const double share = smaller(larger((p.grid.z_face(j + 1) - p.params.dermis_bottom) / p.grid.dz(j), 0.0), 1.0);
      deep += mass * share;
      deep_radius += p.scratch.radius(j) * share;
      below += mass * smaller(larger((p.grid.z_face(j + 1) - depth_limit) / p.grid.dz(j), 0.0), 1.0);
    }
    const double total = p.moments(Moment::total);
    if (total <= 0.0) return;
    p.moments(Moment::depth_mean) = depth / total;
    p.moments(Moment::radius_mean) = radius / total;
    p.moments(Moment::below_limit) = below / total;
    p.moments(Moment::below_dermis) = deep / total;
    p.moments(Moment::radius_above_interface) = total > deep ? (radius - deep_radius) / (total - deep) : 0.0;
    p.moments(Moment::radius_below_interface) = deep > 0.0 ? deep_radius / deep : 0.0;
    p.moments(Moment::depth_p10) = quantile(0.1, total);
    p.moments(Moment::depth_p90) = quantile(0.9, total);
  }
};

}  // namespace dermaflux
