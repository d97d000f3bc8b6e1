#pragma once
#include <cmath>

#include "core/lane_math.hpp"
#include "core/physics/photon_laws.hpp"
#include "core/solver/raster_steps.hpp"

namespace dermaflux {

/// Fills the table of depths, linear in equal parts; below the grid the last part goes on. Water that swells the dermis changes no
/// optical depth, see SwollenRows.
struct SkinDepthStep {
  OpticsProblem o;
  LightClock clock;
  DF_FUNCTION void operator()() const {
    const int n_z = o.tissue.n_z;
    o.tables.scattered(0) = 0.0;
    for (int j = 0; j < n_z; ++j) o.tables.scattered(j + 1) = o.tables.scattered(j) + scattering(j) * o.tissue.dz(j);
    const double part = o.tables.scattered(n_z) / depth_parts;
    o.tables.scale(0) = 1.0 / part;
    double depth = 0.0, absorbed = 0.0;  // down to the upper face of row j
    double depth_before = 0.0, absorbed_before = 0.0;
    for (int k = 0, j = 0; k <= depth_parts; ++k) {
      const double end = k * part;
      for (; j + 1 < n_z && o.tables.scattered(j + 1) <= end; ++j) {
        depth += stretch(j) * o.tissue.dz(j);
        absorbed += absorption(j) * o.tissue.dz(j);
      }
      const double into = (end - o.tables.scattered(j)) / scattering(j);  // the row [m at rest]
      const double depth_here = depth + stretch(j) * into, absorbed_here = absorbed + absorption(j) * into;
      if (k > 0) {
        const DepthPart part_before{static_cast<float>(depth_before), static_cast<float>(depth_here - depth_before),
                                    static_cast<float>(absorbed_before), static_cast<float>(absorbed_here - absorbed_before)};
        std::memcpy(o.tables.parts.data + (k - 1) * DepthPart::length, &part_before, sizeof part_before);
      }
      depth_before = depth_here;
      absorbed_before = absorbed_here;
    }
  }

 private:
  DF_FUNCTION SkinRow skin(int j) const { return {o, clock, j / o.params.coarsening}; }
  DF_FUNCTION double scattering(int j) const { return skin(j).scattering() / o.params.sharpness; }
  DF_FUNCTION double absorption(int j) const { return skin(j).absorption(); }
  DF_FUNCTION double stretch(int j) const { return SwollenRows{o, clock.swelling}.stretch(j / o.params.coarsening); }
};

/// Pieces of a path that are handled together. What is said of ends begins with where the first piece begins.
struct PathPieces {
  static constexpr int count = path_pieces;
  float scattered[count + 1], depth[count + 1], absorbed[count + 1];  ///< optical depth; [m]; optical depth of absorption
  float x[count + 1], y[count + 1];                                   ///< ways along the surface, over the finest bin
  float stretch[count], thinning[count];                              ///< depth and absorption per optical depth, where each ends
  float length[count + 1], turn[count + 1];                           ///< optical, of the piece that ends there; a PathTurn

  /// Before the first piece of a path, which begins at the surface.
  DF_FUNCTION void begin(float surface) {
    for (float* ends : {scattered, absorbed, x, y, length, turn}) ends[0] = 0.0f;
    depth[0] = surface;
  }
  /// The next pieces begin where these end.
  DF_FUNCTION void go_on() {
    for (float* ends : {scattered, depth, absorbed, x, y, length, turn}) ends[0] = ends[count];
  }
};

/// What pigment that scatters does to a path through skin. It has the phase function of skin, so that a path through both is one of
/// skin with another weight: e^-(int mu_s dl) for what is scattered out of it, and 1 + mu_s/mu_s(skin) at each turn, which pigment
/// may have made as well. That has no bias, however often light is scattered. Source: Hayakawa et al. 2001, Opt. Lett. 26.
///
/// Where pigment is dense, light turns back in a shell so thin that hardly a turn of any path lies in it. So a turn by which light
/// leaves through the face it came in by is moved back along the way in, the way out with it, and the mean taken of all places
/// along half the pieces before and after: with an optical depth m of absorption there, s scattering over absorption and t the mean
/// of such lengths, e^-((1 + s) m) + s/(k t) (1 - e^-(k m)), as above for thin pigment, the reflection of a half-space for dense.
/// What is scattered into the forward peak, g^2 of all, goes on as if it were not: k = 1 + (1 - g^2) s (delta-P1: Joseph, Wiscombe
/// & Weinman 1976, J. Atmos. Sci. 33). Which turns these are says PathTurn.
struct PigmentTurns {
  float scattering, extinction, lasting;  ///< s, 1 + s and k [-]
  float back;                             ///< s/(k t) [-]

  /// `gain`: reduced scattering over absorption; `sharpness`: 1 - g.
  DF_FUNCTION static PigmentTurns of(double gain, double sharpness, double turn_length) {
    const double g = 1.0 - sharpness, s = gain / sharpness, lasting = 1.0 + (1.0 - g * g) * s;
    return {static_cast<float>(s), static_cast<float>(1.0 + s), static_cast<float>(lasting),
            static_cast<float>(s / (lasting * turn_length))};
  }
};

}  // namespace dermaflux
