#pragma once
#include <vector>

#include "core/grid/cartesian_builder.hpp"
#include "core/grid/grid_builder.hpp"
#include "core/solver/space_cycle.hpp"
#include "core/treatment/puncture.hpp"
#include "core/treatment/treatment.hpp"

namespace dermaflux {

/// One dot of a box: where its needle points, and how deep.
struct SpaceDot {
  double x, y;       ///< where the middle of the needle enters [m]
  double tip_depth;  ///< of the middle of the needle, normal to the surface [m]
};

/// The dots of a treatment, in the order in which they are laid. Several have the jitter of a hand, drawn from `geometry.seed`.
std::vector<SpaceDot> space_dots(const Treatment& treatment, const Puncture& puncture);

/// Where the tracks of one dot lie; views are bound later.
std::vector<SpaceTrack> dot_tracks(const Treatment& treatment, const SpaceDot& dot);

/// Faces of the box of a treatment: fine around all tracks, with the rows of the axisymmetric grid. Throws InputError where it
/// would need more cells than `most`, saying what would fit.
CartesianFaces space_faces(const Treatment& treatment, const std::vector<SpaceDot>& dots, GridLevel level, long long most);

/// Width of the finest cells of a level [m].
double finest_cell(GridLevel level);

/// Takes constants and state of the insertion from arenas; the state of the tracks, which each dot begins anew, apart.
void lay_out_space_constants(ViewArena& arena, const CartesianFaces& faces, SpaceInsertion& in);
void lay_out_space_strips(ViewArena& arena, SpaceInsertion& in);
void lay_out_space_state(ViewArena& arena, SpaceInsertion& in);

/// Share of a column in the tissue that the middle of the box does not lie in: a strip of scar runs along y, its middle line at
/// x = scar.offset_mm, where the centre of a disc lies, too [-].
double share_beside(const Treatment& treatment, const CartesianGrid& grid, int i, int l);

/// Fills grid and rows, and the obstacles of the treatment.
void fill_space(const Treatment& treatment, const CartesianFaces& faces, const SpaceInsertion& in);

/// Puts the tracks of a dot into the problem: where they lie, which cells they cross, and their strips, empty. `params` is that of
/// a needle whose middle goes to the dot's depth along its axis.
void place_tracks(const std::vector<SpaceTrack>& tracks, const InsertionParams& params, SpaceInsertion& in);

/// Numbers of the insertion of a dot along the axis of its needle.
InsertionParams space_params(const Treatment& treatment, const Puncture& puncture, const SpaceDot& dot, GridLevel level);

}  // namespace dermaflux
