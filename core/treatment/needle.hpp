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
  double bevel_length;    ///< over which the tip is ground to an edge, 0 for a round tip [m]
  double roughness;       ///< gap at which shaft and wall touch [m]
  double film_cap;        ///< dragged film over radius at most [-]
  double film_wiped;      ///< share of the film that the skin wipes off at entry [-]

  /// Where a tip stands in the plane of the tips [m]: on a circle (from six up with one in the middle), or in a line.
  struct Place {
    double x, y;
  };
  DF_FUNCTION Place place(int prong) const {
    if (prongs <= 1) return {0.0, 0.0};
    if (shape == NeedleShape::magnum) return {(prong - 0.5 * (prongs - 1)) * prong_pitch, 0.0};
    const int around = prongs >= 6 ? prongs - 1 : prongs;
    if (prong >= around) return {0.0, 0.0};
    const double radius = 0.5 * prong_pitch / std::sin(units::pi / around), angle = 2.0 * units::pi * prong / around;
    return {radius * std::cos(angle), radius * std::sin(angle)};
  }
  /// Sum of 1 / distance from a prong to all others, mean over the prongs [1/m].
  DF_FUNCTION double closeness() const {
    double sum = 0.0;
    for (int k = 0; k < prongs; ++k)
      for (int m = 0; m < k; ++m) sum += 2.0 / std::hypot(place(k).x - place(m).x, place(k).y - place(m).y);
    return sum / prongs;
  }
  /// Distance of the outermost tip from the axis of the dot [m].
  DF_FUNCTION double reach() const { return std::hypot(place(0).x, place(0).y); }

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
