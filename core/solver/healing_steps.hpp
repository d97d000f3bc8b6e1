#pragma once
#include <cmath>

#include "core/solver/healing_problem.hpp"

namespace dermaflux {

/// Time-dependent factors of one healing step, the same for every cell.
struct HealingClock {
  double time, dt;     ///< since the last session, and of the step [s]
  double recruitment;  ///< extra macrophages over resident at the centre of the wound, mid-step [-]
  double exudation;    ///< [1/s]
};

/// Exchange between the pools of every cell over one step, by a modified Patankar-Runge-Kutta scheme, into `next`; per row
/// the losses [kg] and the largest difference to the first-order predictor.
struct ReactionStep {
  HealingProblem p;
  HealingClock clock;

  DF_FUNCTION PoolRates rates(int row, double density, double cell_bound, double lymph_factor) const {
    const HealingParams& c = p.params;
    const double light = p.rows.photolysis(row);
    return {.uptake = c.uptake(density, cell_bound),
            .free_lymph = c.free_lymph * lymph_factor * (1.0 - p.rows.epidermal(row)),
            .exudation = clock.exudation * p.rows.open_track(row),
            .matrix_release = c.matrix_release,
            .cell_lymph = c.cell_death_loss + c.migration(clock.time, density, cell_bound),
            .transfer = c.transfer,
            .slow_return = c.slow_return,
            .slow_lymph = c.slow_loss,
            .photolysis = {light, light, light, light}};
  }
  template <int W>
  DF_FUNCTION void rows(int j) const {
    const AxisymmetricGrid& grid = p.grid;
    const double dt = clock.dt;
    double lymph[W] = {}, exuded[W] = {}, photolysed[W] = {}, error[W] = {};
    for (int i = 0; i < grid.n_r; ++i) {
      const int first = grid.cell(i, j);
      const double ring = grid.ring_area(i);
      DF_LANES
      for (int l = 0; l < W; ++l) {
        const int k = first + l, row = j + l;
        const PigmentPools before{p.pools.free(k), p.pools.matrix(k), p.pools.macrophage(k), p.pools.slow(k)};
        const double density = p.rows.residents(row) * (1.0 + clock.recruitment * p.scratch.wound(k));
        const PoolRates start = rates(row, density, before.macrophage, p.scratch.lymph_factor(k));
        const PigmentPools trial = start.advance(before, dt);
        PoolRates end = start;
        end.uptake = p.params.uptake(density, trial.macrophage);
        const PoolRates mean = end.corrector(before, trial, start.uptake);
        const PigmentPools after = mean.advance(before, dt);

        const double volume = ring * grid.dz(row), light = dt * p.rows.photolysis(row);
        const double epidermal = p.pools.epidermal(k) / (1.0 + light);
        p.scratch.next.free(k) = after.free;
        p.scratch.next.matrix(k) = after.matrix;
        p.scratch.next.macrophage(k) = after.macrophage;
        p.scratch.next.slow(k) = after.slow;
        p.scratch.next.epidermal(k) = epidermal;
        lymph[l] +=
            volume * dt * (mean.free_lymph * after.free + mean.cell_lymph * after.macrophage + mean.slow_lymph * after.slow);
        exuded[l] += volume * dt * mean.exudation * after.free;
        photolysed[l] += volume * (dt * (mean.photolysis.free * after.free + mean.photolysis.matrix * after.matrix +
                                         mean.photolysis.macrophage * after.macrophage + mean.photolysis.slow * after.slow) +
                                   light * epidermal);
        error[l] = larger(error[l], larger(std::fabs(after.free - trial.free), std::fabs(after.macrophage - trial.macrophage)));
      }
    }
    for (int l = 0; l < W; ++l) {
      p.scratch.lymph(j + l) = lymph[l];
      p.scratch.exuded(j + l) = exuded[l];
      p.scratch.photolysed(j + l) = photolysed[l];
      p.scratch.error(j + l) = error[l];
    }
  }
};

/// Adds the losses of an accepted reaction to the account.
struct BookReactionStep {
  HealingProblem p;
  DF_FUNCTION void operator()() const {
    double lymph = 0.0, exuded = 0.0, photolysed = 0.0;
    for (int j = 0; j < p.grid.n_z; ++j) {
      lymph += p.scratch.lymph(j);
      exuded += p.scratch.exuded(j);
      photolysed += p.scratch.photolysed(j);
    }
    p.account(HealingAccount::lymph) += lymph;
    p.account(HealingAccount::exuded) += exuded;
    p.account(HealingAccount::photolysed) += photolysed;
  }
};

/// Implicit radial diffusion of one pool, every row by the Thomas algorithm; the junction is a barrier.
struct RadialSpreadStep {
  HealingProblem p;
  FieldView<double> field;
  double diffusivity, dt;  ///< [m^2/s], [s]

  template <int W>
  DF_FUNCTION void rows(int j) const {
    const AxisymmetricGrid& grid = p.grid;
    double inverse[W] = {}, reduced[W] = {}, inner[W];
    for (int i = grid.n_r - 1; i >= 0; --i) {
      const int first = grid.cell(i, j);
      const double ring = grid.ring_area(i) / (2.0 * units::pi * diffusivity * dt);
      const double outward = i + 1 < grid.n_r ? grid.r_face(i + 1) / (grid.r_centre(i + 1) - grid.r_centre(i)) : 0.0;
      const double inward = i > 0 ? grid.r_face(i) / (grid.r_centre(i) - grid.r_centre(i - 1)) : 0.0;
      DF_LANES
      for (int l = 0; l < W; ++l) {
        const int k = first + l;
        const double open = 1.0 - p.rows.epidermal(j + l), coupling = open * outward * inverse[l];
        reduced[l] = ring * field(k) + coupling * reduced[l];
        inverse[l] = 1.0 / (ring + open * (outward + inward) - coupling * open * outward);
        p.scratch.factor(k) = inverse[l];
        p.scratch.solved(k) = reduced[l];
      }
    }
    for (int l = 0; l < W; ++l) inner[l] = 0.0;
    for (int i = 0; i < grid.n_r; ++i) {
      const int first = grid.cell(i, j);
      const double inward = i > 0 ? grid.r_face(i) / (grid.r_centre(i) - grid.r_centre(i - 1)) : 0.0;
      DF_LANES
      for (int l = 0; l < W; ++l) {
        const int k = first + l;
        inner[l] = p.scratch.factor(k) * (p.scratch.solved(k) + (1.0 - p.rows.epidermal(j + l)) * inward * inner[l]);
        field(k) = inner[l];
      }
    }
  }
};

/// Factors of implicit vertical diffusion and slow descent (upwind) by the Thomas algorithm: the same for every ring.
struct VerticalFactorStep {
  HealingProblem p;
  double diffusivity, speed, dt;  ///< [m^2/s], [m/s] downward, [s]

  /// Share of dermis in the row; nothing crosses into epidermis.
  DF_FUNCTION double open(int j) const { return 1.0 - p.rows.epidermal(j); }
  DF_FUNCTION double exchange(int j) const {  ///< across the lower face of row j [m/s]
    if (j + 1 >= p.grid.n_z) return 0.0;
    const double a = open(j), b = open(j + 1);
    if (a <= 0.0 || b <= 0.0) return 0.0;
    return diffusivity / (0.5 * p.grid.dz(j) / a + 0.5 * p.grid.dz(j + 1) / b);
  }
  DF_FUNCTION double descent(int j) const { return j + 1 < p.grid.n_z ? speed * open(j) : 0.0; }

  DF_FUNCTION void operator()() const {
    double coupling = 0.0, up = 0.0, from_above = 0.0;
    for (int j = 0; j < p.grid.n_z; ++j) {
      const double down = dt * exchange(j), sinking = dt * descent(j);
      const double inverse = 1.0 / (p.grid.dz(j) + up + down + sinking - from_above * coupling);
      coupling = down * inverse;
      p.scratch.from_above(j) = from_above;
      p.scratch.inverse(j) = inverse;
      p.scratch.coupling(j) = coupling;
      up = down;
      from_above = down + sinking;
    }
  }
};

/// Vertical diffusion and descent of one pool in one ring, with the factors of VerticalFactorStep. A ring without pigment is
/// left alone.
struct VerticalSpreadStep {
  HealingProblem p;
  FieldView<double> field;

  DF_FUNCTION void operator()(int i, int) const {
    const int n_z = p.grid.n_z, first = p.grid.cell(i, 0);
    double largest = 0.0;
    for (int j = 0; j < n_z; ++j) largest = larger(largest, field(first + j));
    if (largest < negligible) return;
    double reduced = 0.0;
    for (int j = 0; j < n_z; ++j) {
      reduced = (p.grid.dz(j) * field(first + j) + p.scratch.from_above(j) * reduced) * p.scratch.inverse(j);
      p.scratch.solved(first + j) = reduced;
    }
    double below = 0.0;
    for (int j = n_z - 1; j >= 0; --j) {
      below = p.scratch.solved(first + j) + p.scratch.coupling(j) * below;
      field(first + j) = below;
    }
  }

 private:
  static constexpr double negligible = 1e-30;  ///< less than a particle in any cell [kg/m^3]
};

/// Rise of the epidermal pigment of one ring by the distance its cells move in dt: the mass between two depths is the mass
/// between their departure points. Conservative and stable for any step. Leaves what reached the surface in `solved`.
struct EpidermisRiseStep {
  HealingProblem p;
  double dt;  ///< [s]

  /// Pigment per area between the surface and a depth [kg/m^2], linear within a row.
  DF_FUNCTION double above(int first, double depth) const {
    double sum = 0.0;
    for (int j = 0; j < p.params.epidermal_rows && p.grid.z_face(j) < depth; ++j)
      sum += p.pools.epidermal(first + j) * (smaller(depth, p.grid.z_face(j + 1)) - p.grid.z_face(j));
    return sum;
  }
  DF_FUNCTION void operator()(int i, int) const {
    const int first = p.grid.cell(i, 0);
    double top = above(first, p.params.epidermis.departure(0.0, dt));
    p.scratch.solved(first) = top * p.grid.ring_area(i);
    for (int j = 0; j < p.params.epidermal_rows; ++j) {
      const double bottom = above(first, p.params.epidermis.departure(p.grid.z_face(j + 1), dt));
      p.scratch.factor(first + j) = (bottom - top) / p.grid.dz(j);
      top = bottom;
    }
    for (int j = 0; j < p.params.epidermal_rows; ++j) p.pools.epidermal(first + j) = p.scratch.factor(first + j);
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
