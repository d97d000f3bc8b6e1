#pragma once

namespace dermaflux {

/// What the tissue is computed on: rings around one straight track, or a box with every track where it stands.
enum class GeometryKind : int { axisymmetric = 0, box = 1 };

/// How a treatment lies in space. All but the kind counts in a box only. x and y lie in the skin, z is depth; the curvature of the
/// scalp (a radius of 80 mm and more) is left out.
struct Geometry {
  GeometryKind kind;
  double azimuth;      ///< direction, from x towards y, in which the tips of a tilted needle point [rad]
  double margin;       ///< tissue beyond the outermost track on each side [m]
  int dots;            ///< in a row along x, `pattern.dot_spacing_mm` apart
  int seed;            ///< of the hand's jitter of several dots
  double follicle_x;   ///< centre of a hair follicle [m]
  double follicle_y;   ///< [m]
  double follicle;     ///< its diameter without the sheath, 0 for none [m]
  double sheath;       ///< thickness of its sheath [m]
  double sheath_gain;  ///< permeability of the sheath over that of the tissue around [-]
};

}  // namespace dermaflux
