#pragma once
#include "core/lane_math.hpp"
#include "core/physics/skin_optics.hpp"
#include "core/solver/healing_problem.hpp"
#include "core/solver/optics_rows.hpp"

namespace dermaflux {

/// Pigment on the optical grid: volume means over blocks of tissue cells.
struct CoarsenPigmentStep {
  OpticsProblem o;
  PoolFields pools;
  DF_FUNCTION void operator()(int i, int j) const {
    const AxisymmetricGrid& fine = o.tissue;
    const int n = o.params.coarsening;
    double dispersed = 0.0, packed = 0.0;
    for (int a = i * n; a < (i + 1) * n; ++a)
      for (int b = j * n; b < (j + 1) * n; ++b) {
        const int k = fine.cell(a, b);
        const double volume = fine.volume(a, b);
        dispersed += volume * pools.dispersed(k);
        packed += volume * pools.packed(k);
      }
    const double volume = o.grid.volume(i, j);
    o.dispersed(o.grid.cell(i, j)) = dispersed / volume;
    o.packed(o.grid.cell(i, j)) = packed / volume;
  }
};

/// Optical coefficients of one cell.
struct OpticalCellStep {
  OpticsProblem o;
  LightClock clock;
  DF_FUNCTION void operator()(int i, int j) const {
    const SkinRow skin{o, clock, j};
    const int k = o.grid.cell(i, j);
    const double pigment = o.dispersed(k) * clock.dispersed + o.packed(k) * clock.packed;
    const double absorption = skin.absorption() + pigment, scattering = skin.scattering() + pigment * clock.scattering_gain;
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

/// Before diffusion is solved: the problem has no spine, and skin without absorption lets every photon out.
struct StartOpticsStep {
  OpticsProblem o;
  DF_FUNCTION void operator()(int i, int j) const {
    o.escape(o.grid.cell(i, j)) = 1.0;
    if (i == 0) o.system.compliance(j) = -1.0;
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

/// Light that comes back along the normal from each ring by diffusion [-]; by reciprocity, all light out for a pencil beam in. Of
/// the beam, what is scattered nearly straight on counts as not scattered (delta-P1): at each depth a share 1 - e^(-(mu_a + (1 + g)
/// mu_s') dz) ends, and the scattered part of that leaves with a mean cosine g/(1 + g), so that it escapes with probability psi +
/// 3 g/(1 + g) D dpsi/dz. Source: Joseph, Wiscombe & Weinman 1976, J. Atmos. Sci. 33; for skin Carp, Prahl & Venugopalan 2004, J.
/// Biomed. Opt. 9.
struct GlowStep {
  OpticsProblem o;
  LightClock clock;
  DF_FUNCTION void operator()(int i, int) const {
    const AxisymmetricGrid& grid = o.grid;
    const double g = 1.0 - o.params.sharpness, area = grid.ring_area(i);
    double light = 0.0, below = 0.0;  // D dpsi/dz at the lower face
    for (int j = grid.n_z - 1; j >= 0; --j) {
      const int k = grid.cell(i, j);
      const double above = j > 0 ? o.system.axial(k - 1) * (o.escape(k) - o.escape(k - 1)) / area
                                 : OpticalFaceStep{o, clock}.surface_conductance(i) * (o.escape(k) - 1.0) / area;
      const double scattered = (1.0 + g) * o.scattered(k), extinction = o.extinction(k) + g * o.scattered(k);
      const double passed = lane_exp(-extinction * grid.dz(j));
      const double escape = o.escape(k) + 1.5 * g / (1.0 + g) * (above + below);
      light = passed * light + (1.0 - passed) * scattered / extinction * escape;
      below = above;
    }
    o.glow(i) = light;
  }
};

/// Adds to the reflectance, or takes from it, what diffusion says of it; linear between the rings of its grid.
struct AddGlowStep {
  OpticsProblem o;
  double sign;
  DF_FUNCTION void operator()(int n, int) const {
    const FieldView<const double>& centre = o.grid.r_centre;
    const double radius = o.rows.view_r(n);
    int i = 0;
    while (i + 2 < o.grid.n_r && centre(i + 1) < radius) ++i;
    const double t = i + 1 < o.grid.n_r ? larger(0.0, smaller(1.0, (radius - centre(i)) / (centre(i + 1) - centre(i)))) : 0.0;
    o.reflectance(n) += sign * (t > 0.0 ? mix(o.glow(i), o.glow(i + 1), t) : o.glow(i));
  }
};

/// Mean contrast over the centre, width at half of it, and mean reflectance of the centre.
struct DotProfileStep {
  OpticsProblem o;
  int places;                 ///< of the view that were looked at
  FieldView<double> profile;  ///< contrast, fwhm, mean reflectance, skin reflectance

  static constexpr double wider = -1.0;  ///< fwhm if the places that were looked at do not reach so far

  /// Contrast at a distance from the axis, linear between the places looked at and flat inside the first.
  DF_FUNCTION double contrast(double radius) const {
    const FieldView<const double>& place = o.rows.view_r;
    int i = 0;
    while (i + 2 < view_rings && place(i + 1) < radius) ++i;
    const double t = larger((radius - place(i)) / (place(i + 1) - place(i)), 0.0);
    return 1.0 - (o.reflectance(i) + t * (o.reflectance(i + 1) - o.reflectance(i))) / o.reflectance(view_rings);
  }
  DF_FUNCTION void operator()() const {
    constexpr int samples = 60;
    double mean = 0.0;
    for (int n = 0; n < samples; ++n) mean += contrast(centre_radius * (n + 0.5) / samples) / samples;
    profile(0) = mean;
    profile(1) = mean > 0.0 ? width(0.5 * mean) : 0.0;
    profile(2) = (1.0 - mean) * o.reflectance(view_rings);
    profile(3) = o.reflectance(view_rings);
  }

 private:
  /// Twice the radius at which the contrast has fallen so far [m].
  DF_FUNCTION double width(double half) const {
    const double step = 1e-6, end = o.rows.view_r(places - 1);
    double radius = step;
    while (radius < end && contrast(radius) > half) radius += step;
    if (radius >= end && places < view_rings) return wider;
    const double over = contrast(radius - step) - half, under = half - contrast(radius);
    if (over > 0.0 && under > 0.0) radius -= step * under / (over + under);
    return 2.0 * radius;
  }
};

}  // namespace dermaflux
