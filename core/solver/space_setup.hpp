#pragma once
#include <vector>

#include "core/solver/healing_problem.hpp"
#include "core/solver/space_cycle.hpp"
#include "core/solver/space_places.hpp"

namespace dermaflux {

/// Takes constants and state of the insertion from arenas; the state of the tracks, which each dot begins anew, apart.
void lay_out_space_constants(ViewArena& arena, const CartesianFaces& faces, SpaceInsertion& in);
void lay_out_space_strips(ViewArena& arena, SpaceInsertion& in);
void lay_out_space_state(ViewArena& arena, SpaceInsertion& in);

/// Share of a column in the tissue that the middle of the box does not lie in: a strip of scar runs along y, its middle line at
/// x = scar.offset_mm, where the centre of a disc lies, too [-].
double share_beside(const Treatment& treatment, const CartesianGrid& grid, int i, int l);

/// The columns within a distance of the tracks that lie in the box, down to a depth below their tips [m].
SpacePart part_around(const SpaceInsertion& in, double reach, double below);

/// Fills grid and rows, and the obstacles of the treatment.
void fill_space(const Treatment& treatment, const CartesianFaces& faces, const SpaceInsertion& in);

/// Share of epidermis, macrophages and open track of every cell under the ridges of the junction, mean over the cell.
void fill_ridges(const Treatment& treatment, const CartesianGrid& grid, const HealingProblem& healing);

/// Puts the tracks of a dot into the problem: where they lie, which cells they cross, and their strips, empty. `params` is that of
/// a needle whose middle goes to the dot's depth along its axis.
void place_tracks(const std::vector<SpaceTrack>& tracks, const InsertionParams& params, SpaceInsertion& in);

/// Numbers of the insertion of a dot along the axis of its needle.
InsertionParams space_params(const Treatment& treatment, const Puncture& puncture, const SpaceDot& dot, GridLevel level);

}  // namespace dermaflux
