#pragma once
#include "core/physics/colour.hpp"
#include "core/solver/insertion_setup.hpp"
#include "core/solver/optics_problem.hpp"

namespace dermaflux {

/// Takes grid and rows of the optical problem from an arena of constants; `fine` is the grid of the tissue.
void lay_out_optics_rows(ViewArena& arena, int coarsening, const AxisymmetricGrid& fine, OpticsProblem& problem);

/// Takes fields and solver from an arena of state.
void lay_out_optics_state(ViewArena& arena, OpticsProblem& problem);

/// Fills grid and rows from the tissue's grid, whose coordinates must be bound.
void fill_optics_rows(const Treatment& treatment, const AxisymmetricGrid& fine, const OpticsProblem& problem);

/// What photon paths in the skin of a treatment depend on.
PathSettings path_settings(const Model& model);

/// Photon paths followed for the contrast: a third of them on the quick grid, whose tissue is as coarse as the optical grid.
int contrast_paths(int coarsening);

OpticsParams build_optics_params(const Treatment& treatment, const Puncture& puncture, GridLevel level);

/// Weights of X, Y, Z per band under D65 for a reflectance that is linear between bands; Y of white is 1.
struct BandColours {
  double weight[3][band_count];
};
BandColours band_colours();

/// CIE L*a*b* of a reflectance per band, D65, 2 degrees.
Lab lab_of_reflectance(const double (&reflectance)[band_count]);

}  // namespace dermaflux
