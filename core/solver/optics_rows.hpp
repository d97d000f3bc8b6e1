#pragma once
#include "core/solver/optics_problem.hpp"

namespace dermaflux {

/// The light problem of one band at one time.
struct LightClock {
  int band;
  double blood;              ///< blood over resting blood [-]
  double swelling;           ///< extra thickness of the dermis over its resting thickness [-]
  double dispersed, packed;  ///< mass absorption of pigment outside and inside cells [m^2/kg]
  double scattering_gain;    ///< reduced scattering of pigment over its absorption [-]
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

/// Skin without pigment in a row of the optical grid.
struct SkinRow {
  OpticsProblem o;
  LightClock clock;
  int row;

  DF_FUNCTION int at() const { return clock.band * o.grid.n_z + row; }
  /// [1/m]
  DF_FUNCTION double absorption() const { return o.rows.absorption(at()) + clock.blood * o.rows.blood(at()); }
  /// Reduced [1/m].
  DF_FUNCTION double scattering() const { return o.rows.scattering(at()); }
};

}  // namespace dermaflux
