#pragma once
#include "core/solver/healing_problem.hpp"
#include "core/solver/insertion_setup.hpp"

namespace dermaflux {

/// Takes the views of the healing rows from an arena of constants.
void lay_out_healing_rows(ViewArena& arena, HealingProblem& problem);

/// Takes pools and scratch from an arena of state.
void lay_out_healing_state(ViewArena& arena, HealingProblem& problem);

/// Fills the rows; the grid must be bound.
void fill_healing_rows(const Treatment& treatment, const HealingProblem& problem);

/// Fills the share of each ring that lies across the border of a scar, as the mean over eight thin rings of equal area; the grid
/// must be bound. Returns whether any ring reaches across.
bool fill_healing_rings(const Treatment& treatment, const HealingProblem& problem);

/// Numbers of healing and fading.
HealingParams build_healing_params(const Treatment& treatment, const Puncture& puncture);

}  // namespace dermaflux
