#pragma once
#include <cmath>

#include "core/direction.hpp"
#include "core/lane_math.hpp"
#include "core/portability.hpp"

namespace dermaflux {

/// Cosine of the angle by which a photon is scattered, from a uniform number: cos = (1 + g^2 - ((1 - g^2)/(1 - g + 2 g u))^2)/(2
/// g), 2 u - 1 where g = 0. Source: Henyey & Greenstein 1941, Astrophys. J. 93; sampling: Witt 1977, Astrophys. J. Suppl. 35.
struct HenyeyGreenstein {
  double anisotropy;  ///< g, mean cosine, inside (-1, 1) [-]
  DF_FUNCTION double operator()(double u) const {
    const double g = anisotropy;
    if (std::fabs(g) < 1e-3) return 2.0 * u - 1.0 + 1.5 * g * (1.0 - (2.0 * u - 1.0) * (2.0 * u - 1.0));  // to g^2
    const double ratio = (1.0 - g * g) / (1.0 - g + 2.0 * g * u);
    return smaller(larger((1.0 + g * g - ratio * ratio) / (2.0 * g), -1.0), 1.0);
  }
};

/// A direction turned by a polar angle of the given cosine and by an azimuth about itself. The frame about the old direction has no
/// singular axis. Source: Duff et al. 2017, J. Comput. Graph. Tech. 6, 1. One Newton step keeps the length at 1.
struct TurnedDirection {
  DF_FUNCTION Direction operator()(const Direction& d, double cosine, const Angle& azimuth) const {
    const double sign = d.z >= 0.0 ? 1.0 : -1.0, a = -1.0 / (sign + d.z), b = d.x * d.y * a;
    const double sine = std::sqrt(larger(1.0 - cosine * cosine, 0.0));
    const double p = sine * azimuth.cosine, q = sine * azimuth.sine;
    const Direction n{p * (1.0 + sign * d.x * d.x * a) + q * b + cosine * d.x,
                      p * sign * b + q * (sign + d.y * d.y * a) + cosine * d.y, -p * sign * d.x - q * d.y + cosine * d.z};
    const double keep = 1.5 - 0.5 * (n.x * n.x + n.y * n.y + n.z * n.z);
    return {n.x * keep, n.y * keep, n.z * keep};
  }
};

/// Russian roulette: a photon lighter than the threshold lives on with a chance, and then stands for those that did not, so that
/// the mean is kept. Source: Wang, Jacques & Zheng 1995, Comput. Methods Programs Biomed. 47.
struct RussianRoulette {
  double threshold;  ///< weight below which it is played; 0 for never [-]
  double chance;     ///< of survival [-]

  /// Weight after the game, from a uniform number.
  DF_FUNCTION double operator()(double weight, double u) const { return u < chance ? weight / chance : 0.0; }
};

}  // namespace dermaflux
