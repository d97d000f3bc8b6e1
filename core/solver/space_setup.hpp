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

/// Room for a turned pressure system and its levels [double].
long turned_room(const SpaceInsertion& in);

/// Takes note, for the host, of constants that have been filled in its memory.
void keep_for_host(SpaceInsertion& in);

/// Share of a column in the tissue that the middle of the box does not lie in: a strip of scar runs along y, its middle line at
/// x = scar.offset_mm, where the centre of a disc lies, too [-].
double share_beside(const Treatment& treatment, const CartesianGrid& grid, int i, int l);

/// The columns within a distance of the tracks that lie in the box, down to a depth below their tips [m].
SpacePart part_around(const SpaceInsertion& in, double reach, double below);

/// Fills grid and rows, and the obstacles of the treatment.
void fill_space(const Treatment& treatment, const CartesianFaces& faces, SpaceInsertion& in);

/// Share of epidermis, macrophages and open track of every cell under the ridges of the junction, mean over the cell.
void fill_ridges(const Treatment& treatment, const CartesianGrid& grid, const HealingProblem& healing);

/// Constants of a track: its strip's rows along its axis and which cells they cross.
struct TrackPlan {
  std::vector<double> z_face, z_centre, anisotropy, cell, share;
  double radius;  ///< at which tissue begins: one for the whole track, the geometric mean over its rows [m]
};
TrackPlan plan_track(const SpaceOnHost& host, const SpaceTrack& track, const InsertionParams& params);

/// Puts the tracks of a dot into the problem: where they lie, which cells they cross, and their strips, empty. `params` is that of
/// a needle whose middle goes to the dot's depth along its axis.
template <class Executor>
void place_tracks(const Executor& executor, const std::vector<SpaceTrack>& tracks, const InsertionParams& params,
                  SpaceInsertion& in) {
  SpaceProblem& b = in.box;
  in.solver.laid_out = {};
  b.tracks = static_cast<int>(tracks.size());
  b.tissue.params = params;
  for (int t = 0; t < b.tracks; ++t) {
    const SpaceTrack& from = tracks[static_cast<std::size_t>(t)];
    SpaceTrack& track = b.track[t];
    const InsertionProblem& strip = in.strip[t];
    track.x = from.x;
    track.y = from.y;
    track.lean_x = from.lean_x;
    track.lean_y = from.lean_y;
    track.upright = from.upright;
    track.setback = from.setback;
    in.strip[t].params = params;
    const TrackPlan plan = plan_track(in.host, track, params);
    executor.write(strip.grid.z_face, plan.z_face);
    executor.write(strip.grid.z_centre, plan.z_centre);
    executor.write(strip.grid.r_centre, {plan.radius});
    executor.write(strip.grid.r_face, {0.0, 2.0 * plan.radius});
    executor.write(strip.rows.anisotropy, plan.anisotropy);
    const auto copy = [&](FieldView<const double> to, FieldView<const double> rows) {
      executor.write(to, std::vector<double>(rows.data, rows.data + rows.size));
    };
    copy(strip.rows.permeability, in.host.rows.permeability);
    copy(strip.rows.porosity, in.host.rows.porosity);
    copy(strip.rows.storage, in.host.rows.storage);
    copy(strip.rows.shear_modulus, in.host.rows.shear_modulus);
    copy(strip.rows.filtration, in.host.rows.filtration);
    executor.write(track.cell, plan.cell);
    executor.write(track.share, plan.share);
    clear(executor, track.flux.data, track.flux.size);
    in.host.cell[t] = plan.cell;
    in.host.z_face[t] = plan.z_face;
  }
}

/// Numbers of the insertion of a dot along the axis of its needle.
InsertionParams space_params(const Treatment& treatment, const Puncture& puncture, const SpaceDot& dot, GridLevel level);

}  // namespace dermaflux
