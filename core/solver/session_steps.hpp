#pragma once
#include <cmath>

#include "core/solver/healing_problem.hpp"
#include "core/solver/insertion_problem.hpp"

namespace dermaflux {

/// What several sessions on one dot need beyond the fields of one: views are empty where there is only one.
struct SessionFields {
  PoolFields fresh;                ///< what the newest session laid down [kg/m^3]
  FieldView<double> lymph_factor;  ///< lymph clearance of that pigment over that of 100 nm particles [-]
};

/// What is left of a state that decays with a time constant, after a time [-]: e^(-t/tau).
struct Remainder {
  double decay;  ///< tau [s]
  DF_FUNCTION double operator()(double time) const { return std::exp(-time / decay); }
};

/// The track and the torn zone of the sessions before, as they are when the next one begins: the hole that recoil left open closes
/// as micropores do (`skin.pore_closure_day`); the extra permeability of torn tissue heals with `skin.torn_zone_healing_day`.
struct HealTornZoneStep {
  InsertionProblem p;
  double closed, healed;  ///< what is left of the open area and of the extra permeability [-]
  DF_FUNCTION void operator()(int i, int j) const {
    const int k = p.grid.cell(i, j);
    p.tissue.torn(k) = healed * (p.scratch.damage(k) - 1.0);
    if (i > 0) return;
    const bool passed = p.track.widest(j) > 0.0;
    p.track.opened(j) = closed * (passed ? p.params.open_fraction * p.track.widest(j) : p.track.opened(j));
  }
};

/// All pigment of the dot in one field, to be seen from a track: in `free`, with nothing in the other two that are moved.
struct GatherPigmentStep {
  HealingProblem p;
  PoolFields to;
  DF_FUNCTION void operator()(int i, int j) const {
    const int k = p.grid.cell(i, j);
    to.free(k) = p.pools.free(k) + p.pools.matrix(k) + p.pools.macrophage(k) + p.pools.slow(k) + p.pools.epidermal(k);
    to.matrix(k) = to.macrophage(k) = 0.0;
  }
};

/// Pigment of the sessions before fills pore space whoever holds it: it clogs, and takes capture capacity, like what the matrix
/// catches now. Estimate: cells that hold pigment lie in the pores that it clogged.
struct HoldPigmentStep {
  InsertionProblem p;
  FieldView<const double> held;  ///< around a track [kg/m^3]
  DF_FUNCTION void operator()(int i, int j) const { p.tissue.held(p.grid.cell(i, j)) = held(p.grid.cell(i, j)); }
};

/// Zeroes a block of memory, seen as `width` values per index i.
struct ZeroStep {
  FieldView<double> block;
  int width;
  DF_FUNCTION void operator()(int i, int j) const {
    const int k = i * width + j;
    if (k < block.size) block(k) = 0.0;
  }
};

/// The hole that is still open when the needle comes again; it is empty.
struct ReopenTrackStep {
  InsertionProblem p;
  DF_FUNCTION void operator()() const {
    for (int j = 0; j < p.grid.n_z; ++j) p.track.hole(j) = p.track.opened(j);
  }
};

/// Lays the pigment of a session on top of what the skin holds. How well lymph drains a cell is the mean over what lies outside of
/// cells in it, by mass.
struct AddPigmentStep {
  HealingProblem p;
  SessionFields from;
  DF_FUNCTION void operator()(int i, int j) const {
    const int k = p.grid.cell(i, j);
    const double old = p.pools.free(k) + p.pools.matrix(k), more = from.fresh.free(k) + from.fresh.matrix(k);
    if (more > 0.0) p.scratch.lymph_factor(k) = (old * p.scratch.lymph_factor(k) + more * from.lymph_factor(k)) / (old + more);
    p.pools.free(k) += from.fresh.free(k);
    p.pools.matrix(k) += from.fresh.matrix(k);
    p.pools.epidermal(k) += from.fresh.epidermal(k);
  }
};

/// Recruited macrophages of all wounds, as a share of the residents and extra to them, first and in the middle of a step: arrivals
/// of each wound by itself, added up.
struct RecruitmentStep {
  HealingProblem p;
  double extra[2][2][max_sessions];  ///< per TissueSide, first and mid-step, at the centre of each wound, over the residents [-]
  DF_FUNCTION void operator()(int i, int j) const {
    const int k = p.grid.cell(i, j);
    const double share = p.rings.beside(i);
    double sum[2] = {};
    for (int n = 0; n < 2; ++n)
      for (int s = 0; s < p.wounds.count; ++s)
        sum[n] += mix(extra[at_axis][n][s], extra[beside][n][s], share) * p.wounds.shares[s](k);
    p.scratch.wound_before(k) = sum[0];
    p.scratch.wound(k) = sum[1];
  }
};

}  // namespace dermaflux
