#pragma once
#include <cmath>

#include "core/physics/pigment_transport.hpp"
#include "core/solver/healing_problem.hpp"

namespace dermaflux {

/// What one step does alike in all cells of a tissue.
struct TissueReaction {
  PigmentUptake uptake;
  LadenCellMigration migration;
  double density;                      ///< of resident macrophages over that of the tissue at the axis [-]
  double recruited_before, recruited;  ///< extra macrophages over resident at the centre of the wound, first and mid-step [-]
  double lymph, exudation;             ///< of free pigment, the mean of the step [1/s]
  double exudation_fall;               ///< from the beginning of the step to its mean [1/s]
  double crust;                        ///< loss of punctured epidermis over the step [-]
  FreeExchange free;
  HeldShares staying;     ///< where no cells migrate
  HeldShares by_leaving;  ///< what migration adds to that
  double loses;           ///< whether cells or slow pool lose anything, 1 or 0

  /// What becomes of pigment in cells and in the slow pool and of what came into the cells [kg/m^3], of which `fed` stays, if light
  /// cells stay (`leave` 0) or leave (1).
  template <bool migrating>
  DF_IN_LANES DF_FUNCTION HeldShare held(double leave, double cells, double slow, HeldShare fed, double taken) const {
    if constexpr (migrating) {
      return held(staying.cells.plus(by_leaving.cells, leave), cells, staying.slow.plus(by_leaving.slow, leave), slow,
                  fed.plus(by_leaving.fed, leave), taken);
    } else {
      return held(staying.cells, cells, staying.slow, slow, fed, taken);
    }
  }

 private:
  DF_IN_LANES DF_FUNCTION static HeldShare held(HeldShare of_cells, double cells, HeldShare of_slow, double slow,
                                                HeldShare of_taken, double taken) {
    const HeldShare sum = (of_cells * cells).plus(of_slow, slow).plus(of_taken, taken);
    return {larger(sum.in_cells, 0.0), larger(sum.in_slow, 0.0)};  // differences of shares are rounded
  }
};

/// Time-dependent factors of one healing step, the same for every cell.
struct HealingClock {
  double time, dt;           ///< since the last session, and of the step [s]
  double survivors_before;   ///< macrophages over those without depletion, first [-]
  double survivors;          ///< mid-step [-]
  double recruited[2][2];    ///< per TissueSide, first and mid-step: extra macrophages over resident at the centre of the wound [-]
  double exudation[2];       ///< per TissueSide, mean of the step [1/s]
  double exudation_fall[2];  ///< per TissueSide, from the beginning of the step to its mean [1/s]
  double crust[2];           ///< per TissueSide: loss of punctured epidermis over the step [-]
  bool migrating;            ///< whether light cells leave during the step
  TissueReaction at_axis_only;  ///< in rings that lie in the tissue at the axis

  /// What holds where the share `s` lies in the other tissue.
  DF_FUNCTION TissueReaction reaction(const TissueRates& rates, double s) const {
    const HeldExchange held{rates.cell_death_loss, rates.transfer, rates.slow_return, rates.slow_loss};
    HeldExchange with_migration = held;
    with_migration.cell_loss += rates.migration(time, dt);
    const HeldShares staying = held(dt), leaving = with_migration.cell_loss > held.cell_loss ? with_migration(dt) : staying;
    const auto mean = [s](double here, double other) { return s > 0.0 ? mix(here, other, s) : here; };
    return {.uptake = rates.uptake,
            .migration = rates.migration,
            .density = rates.density,
            .recruited_before = mean(recruited[at_axis][0], recruited[beside][0]),
            .recruited = mean(recruited[at_axis][1], recruited[beside][1]),
            .lymph = rates.free_lymph,
            .exudation = mean(exudation[at_axis], exudation[beside]),
            .exudation_fall = mean(exudation_fall[at_axis], exudation_fall[beside]),
            .crust = mean(crust[at_axis], crust[beside]),
            .free = FreeExchange::of(rates.matrix_release, dt),
            .staying = staying,
            .by_leaving = {leaving.cells - staying.cells, leaving.slow - staying.slow, leaving.fed - staying.fed},
            .loses = with_migration.loses() ? 1.0 : 0.0};
  }
};

/// Exchange between the pools of every cell over one step; per row the losses [kg] and the largest difference to the
/// first-order predictor. An exponential midpoint rule: with the uptake of the middle of the step every pool is followed exactly,
/// but for what came into cells during it, of which no more than the mean time is right. Light takes from all pools at one rate,
/// half of it before and half after.
struct ReactionStep {
  HealingProblem p;
  HealingClock clock;
  static constexpr double untouched = -1.0;  ///< free pigment set aside of a group of cells that a step leaves alone
  bool bounded;                              ///< whether `scratch.within` says where pigment may be
  FieldView<const double> wound_before;      ///< share of a cell in the wound, first; `scratch.wound` mid-step [-]
  static constexpr int groups_abreast = 2;   ///< those of UndoReactionStep as well

  /// What happens in a group of cells: nothing where all hold too little to be followed, only the exchange between cells and slow
  /// pool where all have too little free pigment or such to come.
  enum class Part { none, held, all };

  /// 1 for the cells that hold enough pigment to be followed, 0 for the others, which keep what they hold; and the same for what is
  /// free or held by the matrix.
  template <int W>
  struct Followed {
    double any[W], loose[W];
  };
  template <int W>
  DF_FUNCTION Part follow(int i, int first, const double (&within)[W], Followed<W>& of) const {
    double loose[W], held[W];
    DF_LANES
    for (int l = 0; l < W; ++l) {
      const int k = first + l;
      loose[l] = p.pools.free(k) + p.pools.matrix(k);
      const double all = loose[l] + p.pools.macrophage(k) + p.pools.slow(k) + p.pools.epidermal(k);
      held[l] = i < within[l] ? all : 0.0;
    }
    if (largest(held) < negligible_pigment) return Part::none;
    const double least_loose = clock.migrating ? 0.0 : negligible_pigment;
    DF_LANES
    for (int l = 0; l < W; ++l) {
      of.any[l] = held[l] < negligible_pigment ? 0.0 : 1.0;
      of.loose[l] = loose[l] < least_loose ? 0.0 : of.any[l];
    }
    return largest(of.loose) > 0.0 ? Part::all : Part::held;
  }
  /// Losses of a group of rows [kg] and the error in them.
  template <int W>
  struct Sums {
    double lymph[W], exuded[W], photolysed[W], shed[W], error[W];
    DF_FUNCTION Sums() {
      DF_LANES
      for (int l = 0; l < W; ++l) lymph[l] = exuded[l] = photolysed[l] = shed[l] = error[l] = 0.0;
    }
  };

  template <int W>
  DF_FUNCTION void rows(int j) const {
    const AxisymmetricGrid& grid = p.grid;
    Sums<W> sums;
    double bleached[W], within[W], reached[W] = {};
    DF_LANES
    for (int l = 0; l < W; ++l) bleached[l] = -lane_expm1(-0.5 * clock.dt * p.rows.photolysis(j + l));
    const int rings = p.followed_rings(bounded, j, within);
    for (int i = 0; i < rings; ++i) {
      const int first = grid.cell(i, j);
      Followed<W> followed;
      const Part part = follow(i, first, within, followed);
      if (part == Part::none) {
        p.scratch.old.free(first) = untouched;
        continue;
      }
      p.scratch.old.take<W>(p.pools, first);
      for (int l = 0; l < W; ++l) reached[l] = larger(reached[l], followed.any[l] * (i + 1.0));
      const double share = p.rings.beside(i), area = grid.ring_area(i);
      const auto react = [&](const TissueReaction& c) {
        if (part == Part::all && clock.migrating)
          exchange<true>(c, area, i, j, first, followed, bleached, sums);
        else if (part == Part::all)
          exchange<false>(c, area, i, j, first, followed, bleached, sums);
        else
          exchange_held(c, area, j, first, followed, bleached, sums);
        if (j < p.params.epidermal_rows) cast_off(c, area, j, first, followed, bleached, sums);
      };
      if (share > 0.0)
        react(clock.reaction(TissueRates::blend(p.params.rates[at_axis], p.params.rates[beside], share), share));
      else
        react(clock.at_axis_only);
    }
    for (int l = 0; l < W; ++l) {
      p.scratch.lymph(j + l) = sums.lymph[l];
      p.scratch.exuded(j + l) = sums.exuded[l];
      p.scratch.photolysed(j + l) = sums.photolysed[l];
      p.scratch.shed(j + l) = sums.shed[l];
      p.scratch.error(j + l) = sums.error[l];
      p.scratch.reached(j + l) = reached[l];
    }
  }

 private:
  /// The largest of some numbers; they are left in any order.
  template <int W>
  DF_FUNCTION static double largest(const double (&of)[W]) {
    double most[W];
    for (int l = 0; l < W; ++l) most[l] = of[l];
    for (int part = W / 2; part > 0; part /= 2)
      for (int l = 0; l < part; ++l) most[l] = larger(most[l], most[l + part]);
    return most[0];
  }
  template <bool migrating, int W>
  DF_FUNCTION void exchange(const TissueReaction& c, double area, int i, int j, int first, const Followed<W>& followed,
                            const double (&bleached)[W], Sums<W>& sums) const {
    // Short loops: the processor works at several lanes at once where no single one keeps it waiting.
    const PoolFields &from = p.scratch.old, &to = p.pools;
    const int own_rows = p.rows.of(i) + j;
    double free[W], matrix[W], cells[W], slow[W], exudation[W], drained[W], outflow[W], before[W], density[W];
    DF_LANES
    for (int l = 0; l < W; ++l) {
      const int k = first + l, row = own_rows + l;
      const double left = 1.0 - bleached[l], of_loose = followed.loose[l] * left, residents = c.density * p.rows.residents(row);
      matrix[l] = of_loose * from.matrix(k);
      free[l] = of_loose * from.free(k);
      cells[l] = left * from.macrophage(k);
      slow[l] = left * from.slow(k);
      exudation[l] = c.exudation * p.rows.open_track(row);
      drained[l] = c.lymph * p.scratch.lymph_factor(k) * (1.0 - p.rows.epidermal(row));
      outflow[l] = drained[l] + exudation[l];
      before[l] = residents * (1.0 + c.recruited_before * wound_before(k)) * clock.survivors_before;
      density[l] = residents * (1.0 + c.recruited * p.scratch.wound(k)) * clock.survivors;
    }
    double uptake[W], rate[W], decay[W], leave[W], trial[W], half_way[W], lasting[W], early[W], taken[W], loose[W], error[W];
    const auto choose = [&](const double(&macrophages)[W], const double(&laden)[W]) {
      DF_LANES
      for (int l = 0; l < W; ++l) {
        uptake[l] = c.uptake(macrophages[l], laden[l]);
        rate[l] = uptake[l] + outflow[l];
        decay[l] = c.free.decay(rate[l]);
        leave[l] = migrating && laden[l] < c.migration.lightest(macrophages[l]) ? 1.0 : 0.0;
      }
    };
    // Predictor with the uptake of the beginning, corrector with that of the middle.
    choose(before, cells);
    DF_LANES
    for (int l = 0; l < W; ++l) {
      trial[l] = uptake[l] * c.free(free[l], matrix[l], rate[l], decay[l]).time;
      half_way[l] = 0.5 * (cells[l] + c.held<migrating>(leave[l], cells[l], slow[l], c.staying.fed, trial[l]).in_cells);
    }
    choose(density, half_way);
    DF_LANES
    for (int l = 0; l < W; ++l) {
      const FreePigment after = c.free(free[l], matrix[l], rate[l], decay[l]);
      free[l] = after.left;
      lasting[l] = after.time;
    }
    DF_LANES
    for (int l = 0; l < W; ++l) early[l] = c.free.early({free[l], lasting[l]}, matrix[l], rate[l]);
    DF_LANES
    for (int l = 0; l < W; ++l) {
      matrix[l] *= c.free.stays;
      taken[l] = uptake[l] * lasting[l];
      drained[l] *= lasting[l];
      exudation[l] *= lasting[l];
    }
    DF_LANES
    for (int l = 0; l < W; ++l) {
      const double old_matrix = from.matrix(first + l), old_free = from.free(first + l), left = 1.0 - bleached[l];
      loose[l] = followed.loose[l] * (old_matrix + old_free + matrix[l] + free[l]);
      to.matrix(first + l) = followed.loose[l] > 0.0 ? left * matrix[l] : old_matrix;
      to.free(first + l) = followed.loose[l] > 0.0 ? left * free[l] : old_free;
    }
    DF_LANES
    for (int l = 0; l < W; ++l) {
      const int k = first + l;
      const HeldShare after = c.held<migrating>(leave[l], cells[l], slow[l], c.staying.fed_early(early[l]), taken[l]);
      const double lost = drained[l] + c.loses * ((cells[l] + slow[l] + taken[l]) - (after.in_cells + after.in_slow));
      // What the first order misses besides uptake: how exudation falls, light on what is lost, when cells were fed.
      const double fed_wrongly = (c.staying.fed_early(early[l]).in_cells - c.staying.fed.in_cells) * taken[l];
      const double missed =
          c.exudation_fall * p.rows.open_track(own_rows + l) * lasting[l] + bleached[l] * lost + std::fabs(fed_wrongly);
      const double old_cells = from.macrophage(k), old_slow = from.slow(k), left = 1.0 - bleached[l];
      const double volume = followed.any[l] * area * p.grid.dz(j + l);
      to.macrophage(k) = followed.any[l] > 0.0 ? left * after.in_cells : old_cells;
      to.slow(k) = followed.any[l] > 0.0 ? left * after.in_slow : old_slow;
      sums.lymph[l] += volume * lost;
      sums.exuded[l] += volume * exudation[l];
      sums.photolysed[l] += volume * bleached[l] * (loose[l] + (old_cells + old_slow + after.in_cells + after.in_slow));
      error[l] = followed.any[l] * (std::fabs(taken[l] - trial[l]) + missed);
    }
    for (int l = 0; l < W; ++l) sums.error[l] = larger(sums.error[l], error[l]);
  }
  /// The same where nothing is free, bit for bit.
  template <int W>
  DF_FUNCTION void exchange_held(const TissueReaction& c, double area, int j, int first, const Followed<W>& followed,
                                 const double (&bleached)[W], Sums<W>& sums) const {
    const PoolFields &from = p.scratch.old, &to = p.pools;
    double error[W];
    DF_LANES
    for (int l = 0; l < W; ++l) {
      const int k = first + l;
      const double old_cells = from.macrophage(k), old_slow = from.slow(k);
      const double left = 1.0 - bleached[l], cells = left * old_cells, slow = left * old_slow;
      const double in_cells = fused(c.staying.slow.in_cells, slow, c.staying.cells.in_cells * cells);
      const double in_slow = fused(c.staying.slow.in_slow, slow, c.staying.cells.in_slow * cells);
      const double lost = c.loses * ((cells + slow) - (in_cells + in_slow));
      const double volume = followed.any[l] * area * p.grid.dz(j + l);
      to.macrophage(k) = followed.any[l] > 0.0 ? left * in_cells : old_cells;
      to.slow(k) = followed.any[l] > 0.0 ? left * in_slow : old_slow;
      sums.lymph[l] += volume * lost;
      sums.photolysed[l] += volume * bleached[l] * (old_cells + old_slow + in_cells + in_slow);
      error[l] = followed.any[l] * (bleached[l] * lost);
    }
    for (int l = 0; l < W; ++l) sums.error[l] = larger(sums.error[l], error[l]);
  }
  /// Pigment of the punctured epidermis.
  template <int W>
  DF_FUNCTION void cast_off(const TissueReaction& c, double area, int j, int first, const Followed<W>& followed,
                            const double (&bleached)[W], Sums<W>& sums) const {
    const FieldView<const double> punctured = p.wounds.newest(p.scratch.wound);
    DF_LANES
    for (int l = 0; l < W; ++l) {
      const int k = first + l;
      const double before = p.scratch.old.epidermal(k), off = before * CaughtShare{}(c.crust * punctured(k));
      const double left = (before - off) * (1.0 - bleached[l]) * (1.0 - bleached[l]);
      const double volume = followed.any[l] * area * p.grid.dz(j + l);
      p.pools.epidermal(k) = followed.any[l] > 0.0 ? left : before;
      sums.shed[l] += volume * off;
      sums.photolysed[l] += volume * (before - off - left);
    }
  }
};

/// Takes the last reaction back.
struct UndoReactionStep {
  HealingProblem p;
  bool bounded;  ///< as of the reaction
  static constexpr int groups_abreast = ReactionStep::groups_abreast;
  template <int W>
  DF_FUNCTION void rows(int j) const {
    double within[W];
    const int rings = p.followed_rings(bounded, j, within);
    for (int i = 0; i < rings; ++i) {
      const int first = p.grid.cell(i, j);
      if (p.scratch.old.free(first) == ReactionStep::untouched) continue;
      p.pools.take<W>(p.scratch.old, first);
    }
  }
};

/// Says for each row within which rings pigment may be in the next step: where it was in this one, in these eight rows or in the
/// sixteen above and below, and a quarter farther. In a box the columns of a plane of equal x are counted, in all planes alike: tracks
/// have the same margin on both sides, so the last one with pigment lies at half of the width or beyond.
struct BoundStep {
  HealingProblem p;
  static constexpr int rows = 8, around = 16;  ///< any number of rows that a step takes at once gives the same

  DF_FUNCTION void operator()() const {
    const auto farthest = [this](int first) {
      double reached = 0.0;
      for (int j = first < 0 ? 0 : first; j < first + rows && j < p.grid.n_z; ++j) reached = larger(reached, p.scratch.reached(j));
      return reached;
    };
    double near[1 + 2 * around / rows];  // of the groups about a group
    for (int n = 0; n < 2 * around / rows; ++n) near[n + 1] = farthest(n * rows - around);
    for (int first = 0; first < p.grid.n_z; first += rows) {
      for (int n = 0; n < 2 * around / rows; ++n) near[n] = near[n + 1];
      near[2 * around / rows] = farthest(first + around);
      double reached = 0.0;
      for (const double one : near) reached = larger(reached, one);
      const int last = first + rows;
      const double within = smaller(std::floor(1.25 * reached) + 2.0, p.grid.n_r);
      for (int j = first; j < last && j < p.grid.n_z; ++j) p.scratch.within(j) = within;
    }
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

}  // namespace dermaflux
