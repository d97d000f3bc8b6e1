#pragma once
#include <cmath>

#include "core/physics/skin_optics.hpp"
#include "core/solver/healing_problem.hpp"
#include "core/solver/optics_problem.hpp"

namespace dermaflux {

/// Pigment on the optical grid: volume means over blocks of tissue cells.
struct CoarsenPigmentStep {
  OpticsProblem o;
  PoolFields pools;
  AxisymmetricGrid fine;
  DF_FUNCTION void operator()(int i, int j) const {
    const int n = o.params.coarsening;
    double dispersed = 0.0, packed = 0.0;
    for (int a = i * n; a < (i + 1) * n; ++a)
      for (int b = j * n; b < (j + 1) * n; ++b) {
        const int k = fine.cell(a, b);
        const double volume = fine.volume(a, b);
        dispersed += volume * (pools.free(k) + pools.matrix(k) + pools.epidermal(k));
        packed += volume * (pools.macrophage(k) + pools.slow(k));
      }
    const double volume = o.grid.volume(i, j);
    o.dispersed(o.grid.cell(i, j)) = dispersed / volume;
    o.packed(o.grid.cell(i, j)) = packed / volume;
  }
};

/// The light problem of one band at one time.
struct LightClock {
  int band;
  double blood;              ///< blood over resting blood [-]
  double swelling;           ///< extra thickness of the dermis over its resting thickness [-]
  double dispersed, packed;  ///< mass absorption of pigment outside and inside cells [m^2/kg]
};

/// Rows of swollen skin. Water thickens the dermis and thins out all that scatters and absorbs in it, so that the optical depth of
/// a row stays; light travels farther sideways on its longer way. The problem is solved on the grid of resting skin.
struct SwollenRows {
  OpticsProblem o;
  double swelling;  ///< [-]

  /// Depth of a face [m].
  DF_FUNCTION double face(int j) const { return o.grid.z_face(j) + swelling * o.rows.dermis(j); }
  /// Thickness of a row over that at rest [-].
  DF_FUNCTION double stretch(int j) const { return 1.0 + swelling * ((o.rows.dermis(j + 1) - o.rows.dermis(j)) / o.grid.dz(j)); }
};

/// Optical coefficients of one cell.
struct OpticalCellStep {
  OpticsProblem o;
  LightClock clock;
  DF_FUNCTION void operator()(int i, int j) const {
    const int k = o.grid.cell(i, j), at = clock.band * o.grid.n_z + j;
    const double pigment = o.dispersed(k) * clock.dispersed + o.packed(k) * clock.packed;
    const double absorption = o.rows.absorption(at) + clock.blood * o.rows.blood(at) + pigment;
    const double scattering = o.rows.scattering(at) + pigment * o.params.scattering_gain[clock.band];
    o.scattered(k) = scattering;
    o.extinction(k) = absorption + scattering;
    o.system.storage(k) = absorption * o.grid.volume(i, j);
  }
};

/// Conductances of photon diffusion, D = 1 / (3 (mu_a + mu_s')), in series across a face, and the open surface. Sideways swelling
/// counts twice: the face is higher and what resists is thinned out.
struct OpticalFaceStep {
  OpticsProblem o;
  LightClock clock;
  DF_FUNCTION void operator()(int i, int j) const {
    const AxisymmetricGrid& grid = o.grid;
    const int k = grid.cell(i, j);
    const double here = 3.0 * o.extinction(k);
    double radial = 0.0, axial = 0.0;
    if (i + 1 < grid.n_r) {
      const double face = grid.r_face(i + 1), there = 3.0 * o.extinction(k + grid.n_z);
      const double stretch = SwollenRows{o, clock.swelling}.stretch(j);
      radial =
          stretch * stretch * grid.outer_area(i, j) / ((face - grid.r_centre(i)) * here + (grid.r_centre(i + 1) - face) * there);
    }
    if (j + 1 < grid.n_z) axial = grid.ring_area(i) / (0.5 * grid.dz(j) * here + 0.5 * grid.dz(j + 1) * 3.0 * o.extinction(k + 1));
    o.system.radial(k) = radial;
    o.system.axial(k) = axial;
    if (j == 0) o.system.storage(k) += surface_conductance(i);
  }
  DF_FUNCTION double surface_conductance(int i) const {
    return o.grid.ring_area(i) / (0.5 * o.grid.dz(0) * 3.0 * o.extinction(o.grid.cell(i, 0)) + 2.0 * o.params.boundary_factor);
  }
};

/// Residual of the present escape probability: -div(D grad psi) + mu_a psi = 0, psi - 2 A D dpsi/dn = 1 at the surface.
struct OpticalResidualStep {
  OpticsProblem o;
  LightClock clock;
  DF_FUNCTION void operator()(int i, int j) const {
    const AxisymmetricGrid& grid = o.grid;
    const int k = grid.cell(i, j), n_z = grid.n_z;
    const double here = o.escape(k);
    double residual = -o.system.storage(k) * here + o.system.radial(k) * (o.escape(k + n_z) - here) +
                      o.system.axial(k) * (o.escape(k + 1) - here) + o.system.axial(k - 1) * (o.escape(k - 1) - here);
    if (i > 0) residual += o.system.radial(k - n_z) * (o.escape(k - n_z) - here);
    if (j == 0) residual += OpticalFaceStep{o, clock}.surface_conductance(i);
    o.system.residual(k) = residual;
  }
};

struct ApplyEscapeStep {
  OpticsProblem o;
  DF_FUNCTION void operator()(int i, int j) const {
    const int k = o.grid.cell(i, j);
    o.escape(k) += o.system.correction(k);
  }
};

/// Light of a diffuse source returned along the normal from each ring [-]; by reciprocity, all light out for a pencil beam
/// in. The beam is followed from the bottom up: at each depth a share 1 - e^(-(mu_a + mu_s') dz) ends, of which the scattered
/// part escapes with probability psi, and the rest has come from rings around, because forward scattering has widened the
/// beam: its variance per axis grows as d(sigma^2)/dz = s mu_s' z^2, s = 1 for Gaussian multiple scattering and less for the
/// peaked phase function of skin (fitted, see configs/model.toml).
struct ViewStep {
  OpticsProblem o;
  LightClock clock;
  DF_FUNCTION void operator()() const {
    const AxisymmetricGrid& grid = o.grid;
    for (int i = 0; i < grid.n_r; ++i) o.reflectance(i) = 0.0;
    for (int j = grid.n_z - 1; j >= 0; --j) {
      for (int i = 0; i < grid.n_r; ++i) {
        const int k = grid.cell(i, j);
        const double passed = std::exp(-o.extinction(k) * grid.dz(j));
        o.reflectance(i) = passed * o.reflectance(i) + (1.0 - passed) * o.scattered(k) / o.extinction(k) * o.escape(k);
      }
      const SwollenRows rows{o, clock.swelling};
      const double top = rows.face(j), bottom = rows.face(j + 1);
      const double scattering = o.scattered(grid.cell(grid.n_r - 1, j));
      blur(o.params.beam_spread * scattering * (bottom * bottom * bottom - top * top * top) / 3.0 / rows.stretch(j));
    }
  }

  /// Implicit radial diffusion of the view by a variance per axis [m^2].
  DF_FUNCTION void blur(double variance) const {
    const AxisymmetricGrid& grid = o.grid;
    FieldView<double> x = o.reflectance, factor = o.system.spine_inverse;
    double inward = 0.0;
    for (int i = 0; i < grid.n_r; ++i) {
      const double ring = grid.ring_area(i) / (units::pi * variance);
      const double outward = i + 1 < grid.n_r ? grid.r_face(i + 1) / (grid.r_centre(i + 1) - grid.r_centre(i)) : 0.0;
      const double before = i > 0 ? factor(i - 1) : 0.0;
      const double diagonal = ring + inward + outward - inward * before;
      x(i) = (ring * x(i) + (i > 0 ? inward * x(i - 1) : 0.0)) / diagonal;
      factor(i) = outward / diagonal;
      inward = outward;
    }
    for (int i = grid.n_r - 2; i >= 0; --i) x(i) += factor(i) * x(i + 1);
  }
};

/// The same for skin without a dot: the diffusion problem of a column, solved directly.
struct SkinViewStep {
  OpticsProblem o;
  LightClock clock;
  DF_FUNCTION double absorption(int j) const {
    return o.rows.absorption(clock.band * o.grid.n_z + j) + clock.blood * o.rows.blood(clock.band * o.grid.n_z + j);
  }
  DF_FUNCTION double extinction(int j) const { return absorption(j) + o.rows.scattering(clock.band * o.grid.n_z + j); }
  DF_FUNCTION double conductance(int j) const {
    if (j + 1 >= o.grid.n_z) return 0.0;
    return 1.0 / (1.5 * (o.grid.dz(j) * extinction(j) + o.grid.dz(j + 1) * extinction(j + 1)));
  }
  DF_FUNCTION void operator()() const {
    const int n_z = o.grid.n_z;
    FieldView<double> factor = o.system.spine_inverse, value = o.system.spine_reduced;
    const double surface = 1.0 / (1.5 * o.grid.dz(0) * extinction(0) + 2.0 * o.params.boundary_factor);
    for (int j = 0; j < n_z; ++j) {
      const double up = j > 0 ? conductance(j - 1) : 0.0, down = conductance(j);
      const double diagonal =
          o.grid.dz(j) * absorption(j) + up + down + (j == 0 ? surface : 0.0) - (j > 0 ? up * factor(j - 1) : 0.0);
      factor(j) = down / diagonal;
      value(j) = ((j == 0 ? surface : 0.0) + (j > 0 ? up * value(j - 1) : 0.0)) / diagonal;
    }
    for (int j = n_z - 2; j >= 0; --j) value(j) += factor(j) * value(j + 1);
    double through = 1.0, sum = 0.0;
    for (int j = 0; j < n_z; ++j) {
      const double passed = std::exp(-extinction(j) * o.grid.dz(j));
      sum += through * (1.0 - passed) * (1.0 - absorption(j) / extinction(j)) * value(j);
      through *= passed;
    }
    o.reflectance(o.grid.n_r) = sum;
  }
};

/// Mean contrast over the centre, width at half of it, and mean reflectance of the centre.
struct DotProfileStep {
  OpticsProblem o;
  double centre_radius;       ///< [m]
  FieldView<double> profile;  ///< contrast, fwhm, mean reflectance, skin reflectance

  /// Contrast at a distance from the axis, linear between ring centres and flat inside the first.
  DF_FUNCTION double contrast(double radius) const {
    const AxisymmetricGrid& grid = o.grid;
    const double skin = o.reflectance(grid.n_r);
    int i = 0;
    while (i + 2 < grid.n_r && grid.r_centre(i + 1) < radius) ++i;
    const double t = larger((radius - grid.r_centre(i)) / (grid.r_centre(i + 1) - grid.r_centre(i)), 0.0);
    return 1.0 - (o.reflectance(i) + t * (o.reflectance(i + 1) - o.reflectance(i))) / skin;
  }
  DF_FUNCTION void operator()() const {
    constexpr int samples = 60;
    double mean = 0.0;
    for (int n = 0; n < samples; ++n) mean += contrast(centre_radius * (n + 0.5) / samples) / samples;
    const double step = 1e-6, end = o.grid.r_centre(o.grid.n_r - 1);
    double radius = step;
    while (radius < end && contrast(radius) > 0.5 * mean) radius += step;
    profile(0) = mean;
    profile(1) = mean > 0.0 ? 2.0 * radius : 0.0;
    profile(2) = (1.0 - mean) * o.reflectance(o.grid.n_r);
    profile(3) = o.reflectance(o.grid.n_r);
  }
};

/// Copies what is seen in one band to the record of a look: band x (ring, then skin without a dot).
struct RecordViewStep {
  OpticsProblem o;
  FieldView<double> view;
  int band;
  DF_FUNCTION void operator()(int i, int) const { view(band * (o.grid.n_r + 1) + i) = o.reflectance(i); }
};

/// Copies an escape probability of the optical grid.
struct CopyEscapeStep {
  OpticsProblem o;
  FieldView<double> from, to;
  DF_FUNCTION void operator()(int i, int j) const { to(o.grid.cell(i, j)) = from(o.grid.cell(i, j)); }
};

}  // namespace dermaflux
