#pragma once
#include <cmath>

#include "core/physics/pigment_transport.hpp"
#include "core/solver/healing_problem.hpp"

namespace dermaflux {

/// Time-dependent factors of one healing step, the same for every cell.
struct HealingClock {
  double time, dt;        ///< since the last session, and of the step [s]
  double recruitment[2];  ///< per TissueSide: extra macrophages over resident at the centre of the wound, mid-step [-]
  double exudation[2];    ///< per TissueSide [1/s]
  double crust[2];        ///< per TissueSide: loss of punctured epidermis over the step [-]
  double survivors;       ///< macrophages over those without depletion, mid-step [-]
};

/// Exchange between the pools of every cell over one step, by a modified Patankar-Runge-Kutta scheme, into `next`; per row
/// the losses [kg] and the largest difference to the first-order predictor.
struct ReactionStep {
  HealingProblem p;
  HealingClock clock;

  /// What holds in all cells of a ring.
  struct Ring {
    TissueRates tissue;
    double recruitment, exudation, crust;
  };
  DF_FUNCTION Ring ring_at(int i) const {
    const HealingParams& c = p.params;
    const double s = p.rings.beside(i);
    if (s <= 0.0) return {c.rates[at_axis], clock.recruitment[at_axis], clock.exudation[at_axis], clock.crust[at_axis]};
    return {TissueRates::blend(c.rates[at_axis], c.rates[beside], s), mix(clock.recruitment[at_axis], clock.recruitment[beside], s),
            mix(clock.exudation[at_axis], clock.exudation[beside], s), mix(clock.crust[at_axis], clock.crust[beside], s)};
  }
  DF_FUNCTION PoolRates rates(const Ring& ring, int row, double density, double cell_bound, double lymph_factor) const {
    const TissueRates& c = ring.tissue;
    const double light = p.rows.photolysis(row);
    return {.uptake = c.uptake(density, cell_bound),
            .free_lymph = c.free_lymph * lymph_factor * (1.0 - p.rows.epidermal(row)),
            .exudation = ring.exudation * p.rows.open_track(row),
            .matrix_release = c.matrix_release,
            .cell_lymph = c.cell_death_loss + c.migration(clock.time, density, cell_bound),
            .transfer = c.transfer,
            .slow_return = c.slow_return,
            .slow_lymph = c.slow_loss,
            .photolysis = {light, light, light, light}};
  }
  /// 1 for the cells that hold enough pigment to be followed, 0 for the others, which keep what they hold. False if all do.
  template <int W>
  DF_FUNCTION bool follow(int first, double (&followed)[W]) const {
    DF_LANES
    for (int l = 0; l < W; ++l) {
      const int k = first + l;
      const double held = p.pools.free(k) + p.pools.matrix(k) + p.pools.macrophage(k) + p.pools.slow(k) + p.pools.epidermal(k);
      followed[l] = held < negligible_pigment ? 0.0 : 1.0;
    }
    double any = 0.0;
    for (int l = 0; l < W; ++l) any += followed[l];
    return any > 0.0;
  }
  /// What a step of no length leaves, in every bit: it makes zeros positive.
  template <int W>
  DF_FUNCTION void keep(int first) const {
    const PoolFields &from = p.pools, &to = p.scratch.next;
    DF_LANES
    for (int l = 0; l < W; ++l) {
      const int k = first + l;
      to.free(k) = from.free(k) + 0.0;
      to.matrix(k) = from.matrix(k) + 0.0;
      to.macrophage(k) = from.macrophage(k) + 0.0;
      to.slow(k) = from.slow(k) + 0.0;
      to.epidermal(k) = from.epidermal(k) + 0.0;
    }
  }
  template <int W>
  DF_FUNCTION void rows(int j) const {
    const AxisymmetricGrid& grid = p.grid;
    const FieldView<const double> punctured = p.wounds.newest(p.scratch.wound);
    double lymph[W] = {}, exuded[W] = {}, photolysed[W] = {}, shed[W] = {}, error[W] = {};
    for (int i = 0; i < grid.n_r; ++i) {
      const int first = grid.cell(i, j);
      double followed[W];
      if (!follow(first, followed)) {
        keep<W>(first);
        continue;
      }
      const double area = grid.ring_area(i);
      const Ring ring = ring_at(i);
      DF_LANES
      for (int l = 0; l < W; ++l) {
        const int k = first + l, row = j + l;
        const double dt = followed[l] * clock.dt;
        const PigmentPools before{p.pools.free(k), p.pools.matrix(k), p.pools.macrophage(k), p.pools.slow(k)};
        const double recruited = 1.0 + ring.recruitment * p.scratch.wound(k);
        const double density = ring.tissue.density * p.rows.residents(row) * recruited * clock.survivors;
        const PoolRates start = rates(ring, row, density, before.macrophage, p.scratch.lymph_factor(k));
        const PigmentPools trial = start.advance(before, dt);
        PoolRates end = start;
        end.uptake = ring.tissue.uptake(density, trial.macrophage);
        const PoolRates mean = end.corrector(before, trial, start.uptake);
        const PigmentPools after = mean.advance(before, dt);

        const double volume = area * grid.dz(row), light = dt * p.rows.photolysis(row);
        const double cast_off = p.pools.epidermal(k) * CaughtShare{}(followed[l] * ring.crust * punctured(k));
        const double epidermal = (p.pools.epidermal(k) - cast_off) / (1.0 + light);
        p.scratch.next.free(k) = after.free;
        p.scratch.next.matrix(k) = after.matrix;
        p.scratch.next.macrophage(k) = after.macrophage;
        p.scratch.next.slow(k) = after.slow;
        p.scratch.next.epidermal(k) = epidermal;
        lymph[l] +=
            volume * dt * (mean.free_lymph * after.free + mean.cell_lymph * after.macrophage + mean.slow_lymph * after.slow);
        exuded[l] += volume * dt * mean.exudation * after.free;
        shed[l] += volume * cast_off;
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
      p.scratch.shed(j + l) = shed[l];
      p.scratch.error(j + l) = error[l];
    }
  }
};

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

/// Adds the losses of an accepted reaction to the account.
struct BookReactionStep {
  HealingProblem p;
  DF_FUNCTION void operator()() const {
    double lymph = 0.0, exuded = 0.0, photolysed = 0.0, shed = 0.0;
    for (int j = 0; j < p.grid.n_z; ++j) {
      lymph += p.scratch.lymph(j);
      exuded += p.scratch.exuded(j);
      photolysed += p.scratch.photolysed(j);
      shed += p.scratch.shed(j);
    }
    p.account(HealingAccount::lymph) += lymph;
    p.account(HealingAccount::exuded) += exuded;
    p.account(HealingAccount::photolysed) += photolysed;
    p.account(HealingAccount::shed) += shed;
  }
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
