#pragma once
#include <array>

#include "core/physics/acute_response.hpp"
#include "core/solver/comb_solver.hpp"
#include "core/solver/photon_paths.hpp"
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
  double sharpness;        ///< 1 - g of skin, reduced scattering over scattering [-]
  double boundary_factor;  ///< A of the partial-current boundary [-]
  double tolerance;        ///< of the escape probability [-]
  int coarsening;          ///< cells of the tissue grid merged in each direction
  int paths, paths_aside;  ///< photon paths followed in the band of the contrast, and in the others
};

/// Distances from the axis at which the dot is looked at: close together where microdots end, and out to where light comes no more.
inline constexpr std::array<double, 16> view_radii = {5e-6,   15e-6,  25e-6,  36e-6,  48e-6,  61e-6,  76e-6,  93e-6,
                                                      115e-6, 145e-6, 185e-6, 240e-6, 320e-6, 460e-6, 800e-6, 1600e-6};
inline constexpr int view_rings = static_cast<int>(view_radii.size());
/// Radius of the centre of a dot, whose contrast and colour count [m], and places of the view that reach out to there.
inline constexpr double centre_radius = 60e-6;
inline constexpr int centre_rings = 8;
static_assert(view_radii[centre_rings - 1] >= centre_radius);
/// Places of the view that are looked at for the width, as long as the dot is not wider.
inline constexpr int near_rings = 12;

/// Equal parts of the depth of the grid at whose borders it is tabulated what light passes down to there.
inline constexpr int depth_parts = 1024;
/// Rows and bins of radius of the raster of pigment.
inline constexpr int raster_rows = 128, raster_bins = 320;
/// Photon paths whose light is added up by one call of a step.
inline constexpr int path_group = 16;

/// Skin without pigment per band and row of the optical grid; index band * n_z + row.
struct OpticsRows {
  FieldView<const double> absorption;  ///< baseline and melanin [1/m]
  FieldView<const double> blood;       ///< of resting blood [1/m]
  FieldView<const double> scattering;  ///< reduced [1/m]
  FieldView<const double> dermis;      ///< thickness of dermis above each face of the rows, n_z + 1 values [m]
  FieldView<const double> view_r;      ///< where the dot is looked at [m]
};

/// What a path that passes one of the equal parts of the depth needs to know of it.
struct DepthPart {
  static constexpr int length = 4;  ///< values
  float depth, deeper;              ///< where it begins [m], and how much deeper it ends
  float absorbed, dimmer;           ///< optical depth of absorption down to where it begins, and in it
};

/// What photon paths need to know of skin and pigment, in one band at one time; depths in optical depths of scattering, mu_s l.
struct PathTables {
  FieldView<double> scattered;  ///< depth at each face of the rows of tissue
  FieldView<float> parts;       ///< of each of the equal parts a DepthPart
  FieldView<double> scale;      ///< parts per depth, one value
  FieldView<double> reach;      ///< radius within which each row of tissue holds pigment [m]
  FieldView<double> box;        ///< a PigmentBox
  FieldView<float> raster;      ///< row x (bin, then 0): absorption of pigment over scattering, between top and bottom
  FieldView<double> returned;   ///< group of paths x (place of the view, then skin without a dot): light that came back
};

/// How much of a dot is looked at: nothing, what its contrast takes, what its width takes as well, or every place of the view.
enum class Look : int { nothing, contrast, width, everything };

/// What a dot looks like at one time. NaN where nobody looked.
struct Appearance {
  double contrast;                           ///< 1 - R/R_skin at 550 nm over the central 60 um of radius [-]
  double fwhm;                               ///< width at half of that contrast [m]
  double erythema, oedema, haematoma;        ///< amplitudes, see core/physics/acute_response.hpp [-]
  double skin[band_count], dot[band_count];  ///< diffuse reflectance of skin, and of the dot's centre [-]
};

struct OpticsProblem {
  OpticsParams params;
  AxisymmetricGrid tissue, grid;  ///< the tissue's grid, and the coarser one of diffusion
  OpticsRows rows;
  FieldView<double> dispersed, packed;  ///< pigment outside and inside cells per tissue volume [kg/m^3]
  FieldView<double> pigment;            ///< on the tissue's grid: its absorption over the scattering of skin [-]
  FieldView<double> escape;             ///< probability that a photon released here leaves through the surface [-]
  FieldView<double> extinction;         ///< mu_a + mu_s' of the view's path [1/m]
  FieldView<double> scattered;          ///< mu_s' [1/m]
  FieldView<double> reflectance;        ///< at the places of the view, then of skin without a dot [-]
  FieldView<double> glow;               ///< per ring, what diffusion says of the reflectance [-]
  PhotonPathView paths;
  PathTables tables;
  CombSystem system;
};

}  // namespace dermaflux
