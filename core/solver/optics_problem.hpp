#pragma once
#include "core/physics/acute_response.hpp"
#include "core/solver/comb_solver.hpp"
#include "core/treatment/ink.hpp"

namespace dermaflux {

/// Numbers of the optical estimate, derived from a Treatment once, on the host.
struct OpticsParams {
  double pigment_density;              ///< [kg/m^3]
  double absorption[band_count];       ///< of dispersed pigment per mass [m^2/kg]
  double scattering_gain[band_count];  ///< reduced scattering of pigment over its absorption [-]
  double fresh_size;                   ///< of pigment outside cells [m]
  double cluster_start, cluster_end;   ///< of pigment inside cells [m]
  double cluster_growth;               ///< time constant [s]
  double depletion_time;               ///< from then on free pigment is what dying cells let go [s], 0 for never
  double cluster_solids;               ///< solid volume fraction of a cluster [-]
  Erythema erythema;
  Oedema oedema;
  Haematoma haematoma;
  double boundary_factor;  ///< A of the partial-current boundary [-]
  double beam_spread;      ///< widening of the viewing beam over Gaussian multiple scattering [-]
  double tolerance;        ///< of the escape probability [-]
  int coarsening;          ///< cells of the tissue grid merged in each direction
};

/// Skin without pigment per band and row of the optical grid; index band * n_z + row.
struct OpticsRows {
  FieldView<const double> absorption;  ///< baseline and melanin [1/m]
  FieldView<const double> blood;       ///< of resting blood [1/m]
  FieldView<const double> scattering;  ///< reduced [1/m]
  FieldView<const double> dermis;      ///< thickness of dermis above each face of the rows, n_z + 1 values [m]
};

/// What a dot looks like at one time.
struct Appearance {
  double contrast;                           ///< 1 - R/R_skin at 550 nm over the central 60 um of radius [-]
  double fwhm;                               ///< width at half of that contrast [m]
  double erythema, oedema, haematoma;        ///< amplitudes, see core/physics/acute_response.hpp [-]
  double skin[band_count], dot[band_count];  ///< diffuse reflectance of skin, and of the dot's centre [-]
};

struct OpticsProblem {
  OpticsParams params;
  AxisymmetricGrid grid;  ///< coarser than the tissue's
  OpticsRows rows;
  FieldView<double> dispersed, packed;  ///< pigment outside and inside cells per tissue volume [kg/m^3]
  FieldView<double> escape;             ///< probability that a photon released here leaves through the surface [-]
  FieldView<double> extinction;         ///< mu_a + mu_s' of the view's path [1/m]
  FieldView<double> scattered;          ///< mu_s' [1/m]
  FieldView<double> reflectance;        ///< per ring, then skin without dot last [-]
  CombSystem system;
};

}  // namespace dermaflux
