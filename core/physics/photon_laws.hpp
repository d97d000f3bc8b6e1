#pragma once
#include <cmath>

#include "core/direction.hpp"
#include "core/physics/plain_math.hpp"
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
  DF_FUNCTION Direction operator()(const Direction& d, double cosine, const plain::Angle& azimuth) const {
    const double sign = d.z >= 0.0 ? 1.0 : -1.0, a = -1.0 / (sign + d.z), b = d.x * d.y * a;
    const double sine = std::sqrt(larger(1.0 - cosine * cosine, 0.0));
    const double p = sine * azimuth.cosine, q = sine * azimuth.sine;
    const Direction n{p * (1.0 + sign * d.x * d.x * a) + q * b + cosine * d.x,
                      p * sign * b + q * (sign + d.y * d.y * a) + cosine * d.y, -p * sign * d.x - q * d.y + cosine * d.z};
    const double keep = 1.5 - 0.5 * (n.x * n.x + n.y * n.y + n.z * n.z);
    return {n.x * keep, n.y * keep, n.z * keep};
  }
};

/// A smooth surface between two refractive indices, for unpolarised light. Source: Fresnel and Snell, Born & Wolf 1999, ch. 1.5.
struct FresnelSurface {
  double from, to;  ///< refractive index where the light comes from, and beyond [-]

  /// Cosine of the refracted ray with the normal; 0 where all light is reflected.
  DF_FUNCTION double refracted(double cosine) const {
    const double ratio = from / to, rest = 1.0 - ratio * ratio * (1.0 - cosine * cosine);
    return rest > 0.0 ? std::sqrt(rest) : 0.0;
  }
  /// Share of the light that is reflected.
  DF_FUNCTION double operator()(double cosine) const {
    if (from == to) return 0.0;
    const double beyond = refracted(cosine);
    if (!(beyond > 0.0)) return 1.0;
    const double s = (from * cosine - to * beyond) / (from * cosine + to * beyond);
    const double p = (from * beyond - to * cosine) / (from * beyond + to * cosine);
    return 0.5 * (s * s + p * p);
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
