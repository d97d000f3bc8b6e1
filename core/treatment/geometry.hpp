#pragma once
#include <cmath>

#include "core/treatment/number_list.hpp"
#include "core/units.hpp"

namespace dermaflux {

/// What the tissue is computed on: rings around one straight track, or a box with every track where it stands.
enum class GeometryKind : int { axisymmetric = 0, box = 1 };

/// How the dots of a box stand to each other: in straight rows and columns, or every other row shifted by half their spacing.
enum class DotLattice : int { square = 0, hexagonal = 1 };

/// Hair follicles that a box may have.
inline constexpr int max_follicles = 32;
using FollicleList = NumberList<max_follicles>;

/// A hair follicle: a straight cylinder in a sheath of connective tissue.
struct Follicle {
  double x, y;            ///< where its axis meets the surface [m]
  double lean_x, lean_y;  ///< sideways per depth [-]
  double core, rim;       ///< radius without and with its sheath [m]

  /// Distance of a place from its axis [m].
  double distance(double at_x, double at_y, double z) const {
    const double dx = at_x - x - lean_x * z, dy = at_y - y - lean_y * z;
    const double along = (dx * lean_x + dy * lean_y) / (1.0 + lean_x * lean_x + lean_y * lean_y);
    return std::hypot(dx - along * lean_x, dy - along * lean_y, along);
  }
};

/// How a treatment lies in space. All but the kind counts in a box only. x and y lie in the skin, z is depth; the curvature of the
/// scalp (a radius of 80 mm and more) is left out.
struct Geometry {
  GeometryKind kind;
  double azimuth;           ///< direction, from x towards y, in which the tips of a tilted needle point [rad]
  double margin;            ///< tissue beyond the outermost track on each side [m]
  int dots_x, dots_y;       ///< in rows along x, and rows; `pattern.dot_spacing_mm` apart
  DotLattice lattice;       ///< how the rows stand to each other
  int seed;                 ///< of the hand's jitter of several dots
  double angle_jitter;      ///< of the needle from dot to dot, in two directions: standard deviation [rad]
  FollicleList follicle_x;  ///< where the axes of hair follicles meet the surface [m]
  FollicleList follicle_y;  ///< [m]
  FollicleList follicle;    ///< their diameters without the sheath, one for all or one each [m]
  FollicleList sheath;      ///< thickness of their sheaths, one for all or one each [m]
  double follicle_tilt;     ///< of all hairs from the surface normal [rad]
  double follicle_azimuth;  ///< direction, from x towards y, in which they lead on their way down [rad]
  double rete_wavelength;   ///< from ridge to ridge of the junction as a surface, 0: ridges are a share of each row [m]
  double sheath_gain;       ///< permeability of the sheaths over that of the tissue around [-]

  /// How deep the junction lies at a place, over the depth in which epidermis and dermis interlock: 1 at the tips of the ridges, 0
  /// at those of the papillae [-].
  double ridge(double x, double y) const {
    const double wave = 2.0 * units::pi / rete_wavelength;
    return 0.5 + 0.5 * std::cos(wave * x) * std::cos(wave * y);
  }
  /// Follicles there are: as many as there are places, none where they have no width.
  int follicles() const { return follicle.count > 0 && follicle.of(0) > 0.0 ? follicle_x.count : 0; }
  int dots() const { return dots_x * dots_y; }
  /// Where the n-th dot is meant to lie: row by row, about the middle of the box [m].
  struct Place {
    double x, y;
  };
  Place dot(int n, double spacing) const {
    const int row = n / dots_x;
    const double shift = lattice == DotLattice::hexagonal && dots_y > 1 ? (row % 2 == 0 ? -0.25 : 0.25) : 0.0;
    const double apart = lattice == DotLattice::hexagonal ? 0.5 * std::sqrt(3.0) : 1.0;
    return {(n % dots_x - 0.5 * (dots_x - 1) + shift) * spacing, (row - 0.5 * (dots_y - 1)) * apart * spacing};
  }
  Follicle follicle_at(int n) const {
    const double lean = std::tan(follicle_tilt), radius = 0.5 * follicle.of(n);
    return {.x = follicle_x.values[static_cast<std::size_t>(n)],
            .y = follicle_y.of(n),
            .lean_x = lean * std::cos(follicle_azimuth),
            .lean_y = lean * std::sin(follicle_azimuth),
            .core = radius,
            .rim = radius + sheath.of(n)};
  }
};

}  // namespace dermaflux
