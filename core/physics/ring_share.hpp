#pragma once
#include <cmath>

#include "core/portability.hpp"
#include "core/units.hpp"

namespace dermaflux {

/// Share of a thin ring of radius `ring` that lies within `radius` of an axis `offset` away [-]: the angle at which the circle
/// r^2 = offset^2 + ring^2 + 2 offset ring cos(phi) is crossed.
struct ShiftedRingShare {
  double offset;  ///< [m]
  DF_FUNCTION double operator()(double ring, double radius) const {
    const double product = 2.0 * offset * ring;
    const double excess = radius * radius - offset * offset - ring * ring;
    if (excess >= product) return 1.0;
    if (excess <= -product) return 0.0;
    return 1.0 - std::acos(excess / product) / units::pi;
  }
};

/// Share of a thin ring of radius `ring` that lies in a strip whose centre line passes its axis at `offset` [-]: the angles at
/// which ring cos(phi) crosses the two borders, at half the width on either side of that line.
struct StripRingShare {
  double width, offset;  ///< [m]

  /// Share of the ring that lies on the near side of a line `distance` away, positive outward [-].
  DF_FUNCTION static double inside(double ring, double distance) {
    if (distance >= ring) return 1.0;
    if (distance <= -ring) return 0.0;
    return 1.0 - std::acos(distance / ring) / units::pi;
  }
  DF_FUNCTION double operator()(double ring) const {
    return larger(inside(ring, 0.5 * width - offset) + inside(ring, 0.5 * width + offset) - 1.0, 0.0);
  }
};

}  // namespace dermaflux
