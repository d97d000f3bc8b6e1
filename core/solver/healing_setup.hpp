#pragma once
#include "core/solver/healing_problem.hpp"
#include "core/solver/insertion_setup.hpp"

namespace dermaflux {

/// Takes the views of the healing rows from an arena of constants; if `per_column`, with rows of its own for every ring.
void lay_out_healing_rows(ViewArena& arena, HealingProblem& problem, bool per_column = false);

/// Takes pools and scratch from an arena of state.
void lay_out_healing_state(ViewArena& arena, HealingProblem& problem);

/// What a row of tissue holds under a junction whose ridges interlock over a depth.
struct JunctionRow {
  double epidermal;   ///< share of epidermis [-]
  double residents;   ///< macrophages [1/m^3]
  double open_track;  ///< share that exudation through the open track reaches [-]
};
JunctionRow junction_row(const SkinBiology& biology, double top, double bottom, double junction, double rete);

/// Fills the rows, those that all rings share; the grid must be bound.
void fill_healing_rows(const Treatment& treatment, const HealingProblem& problem);

/// Fills the share of each ring that lies across the border of a scar, as the mean over eight thin rings of equal area; the grid
/// must be bound. Returns whether any ring reaches across.
bool fill_healing_rings(const Treatment& treatment, const HealingProblem& problem);

/// Numbers of healing and fading.
HealingParams build_healing_params(const Treatment& treatment, const Puncture& puncture);

}  // namespace dermaflux
