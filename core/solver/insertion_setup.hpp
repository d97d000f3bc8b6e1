#pragma once
#include <algorithm>

#include "core/grid/grid_builder.hpp"
#include "core/solver/insertion_problem.hpp"
#include "core/treatment/puncture.hpp"
#include "core/treatment/treatment.hpp"

namespace dermaflux {

/// Mean of a layer property over [top, bottom], weighted by overlap; skin continues with its last layer.
template <class Property>
double layer_mean(const Skin& skin, double top, double bottom, Property property) {
  double depth = 0.0, sum = 0.0;
  for (int k = 0; k < skin.layer_count; ++k) {
    const SkinLayer& layer = skin.layers[static_cast<std::size_t>(k)];
    const bool last = k + 1 == skin.layer_count;
    const double end = last ? bottom + 1.0 : depth + layer.thickness * skin.thickness_factor;
    const double overlap = std::min(end, bottom) - std::max(depth, top);
    if (overlap > 0.0) sum += overlap * property(layer);
    depth = end;
  }
  return sum / (bottom - top);
}

/// Takes grid and tissue rows from an arena of constants.
void lay_out_constants(ViewArena& arena, int n_r, int n_z, InsertionProblem& problem);

/// Takes the state from an arena, first what a checkpoint covers (its length is returned), then scratch.
long lay_out_state(ViewArena& arena, InsertionProblem& problem);

/// Extent of the grid for a treatment.
GridExtent grid_extent(const Treatment& treatment);

/// Fills grid coordinates and tissue rows.
void fill_constants(const Treatment& treatment, const GridFaces& faces, const InsertionProblem& problem);

/// Diffusivity of one size class of pigment in tissue fluid [m^2/s]: Stokes-Einstein, hindered; none above 500 nm.
double pigment_diffusivity(const Treatment& treatment, int n);

/// Numbers of the insertion of one prong.
InsertionParams build_insertion_params(const Treatment& treatment, const Puncture& puncture, GridLevel level);

/// Time steps of one stroke as `run_strokes` takes them, if none has to be halved.
int planned_steps(const InsertionParams& params);

}  // namespace dermaflux
