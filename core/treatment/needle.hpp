#pragma once
#include <cmath>

#include "core/portability.hpp"
#include "core/units.hpp"

namespace dermaflux {

/// How the prongs of a needle stand: on a circle, or in a line.
enum class NeedleShape : int { round_liner = 0, magnum = 1 };

/// One prong is a blunt cone of `tip_diameter` that widens to `shaft_diameter` over `taper_length`; all prongs are alike.
struct Needle {
  int prongs;
  NeedleShape shape;
  double shaft_diameter;  ///< [m]
  double tip_diameter;    ///< [m]
  double taper_length;    ///< [m]
  double prong_pitch;     ///< between neighbouring tips [m]
  double contact_angle;   ///< of ink on the steel [rad]
  double roughness;       ///< gap at which shaft and wall touch [m]
  double film_cap;        ///< dragged film over radius at most [-]
  double film_wiped;      ///< share of the film that the skin wipes off at entry [-]

  DF_FUNCTION double slope() const { return (shaft_diameter - tip_diameter) / taper_length; }  ///< d(diameter)/dx [-]
  /// Diameter at a distance x behind the tip [m].
  DF_FUNCTION double diameter(double x) const { return tip_diameter + slope() * smaller(larger(x, 0.0), taper_length); }
  /// Cross-section of one prong at a distance x behind the tip [m^2].
  DF_FUNCTION double area(double x) const { return units::pi / 4.0 * diameter(x) * diameter(x); }
  /// Integral of the diameter from the tip to x [m^2].
  DF_FUNCTION double diameter_integral(double x) const {
    const double cone = smaller(larger(x, 0.0), taper_length), shaft = larger(x - taper_length, 0.0);
    return cone * (tip_diameter + 0.5 * slope() * cone) + shaft_diameter * shaft;
  }
  /// Volume of one prong from the tip to x [m^3].
  DF_FUNCTION double volume(double x) const {
    const double cone = smaller(larger(x, 0.0), taper_length), shaft = larger(x - taper_length, 0.0);
    const double end = tip_diameter + slope() * cone;
    return units::pi / 4.0 *
           (cone * (tip_diameter * tip_diameter + tip_diameter * end + end * end) / 3.0 + shaft_diameter * shaft_diameter * shaft);
  }
  /// Mean cross-section of one prong between two depths while the tip is at `tip_depth` [m^2].
  DF_FUNCTION double mean_area(double top, double bottom, double tip_depth) const {
    return (volume(tip_depth - top) - volume(tip_depth - bottom)) / (bottom - top);
  }
  /// Mean perimeter of one prong between two depths [m].
  DF_FUNCTION double mean_perimeter(double top, double bottom, double tip_depth) const {
    return units::pi * (diameter_integral(tip_depth - top) - diameter_integral(tip_depth - bottom)) / (bottom - top);
  }
};

}  // namespace dermaflux
