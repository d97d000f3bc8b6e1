#pragma once
#include <cmath>

#include "core/portability.hpp"

namespace dermaflux {

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

/// The same with a smooth plate between, so thin that light leaves it where it came in: it goes to and fro between both faces,
/// without interference.
struct PlatedSurface {
  double from, plate, to;  ///< refractive indices [-]

  DF_FUNCTION double refracted(double cosine) const { return FresnelSurface{from, to}.refracted(cosine); }
  DF_FUNCTION double operator()(double cosine) const {
    if (from != to && !(refracted(cosine) > 0.0)) return 1.0;  // beyond the critical angle, whatever lies between (Snell)
    const FresnelSurface first{from, plate}, second{plate, to};
    const double near = first(cosine), far = second(first.refracted(cosine)), passed = 1.0 - near;
    if (!(passed > 0.0)) return 1.0;  // nothing enters the plate
    return near + passed * passed * far / (1.0 - near * far);
  }
};

/// Share of diffuse light that comes back from the surface to the tissue below it, through a smooth stratum corneum of its own
/// refractive index [-]: r = int_0^1 R(mu) 2 mu dmu, with both faces of the corneum, light going to and fro between them without
/// interference. Beyond the critical angle of tissue and air R = 1, whatever lies between (Snell). Source: Keijzer, Star & Storchi
/// 1988, Appl. Opt. 27 (the integral); the smooth face is an idealisation.
struct InternalReflection {
  double tissue, corneum;  ///< refractive indices [-]
  DF_FUNCTION double operator()() const {
    constexpr int points = 400;
    const double critical = tissue > 1.0 ? std::sqrt(1.0 - 1.0 / (tissue * tissue)) : 0.0;
    double sum = critical * critical;
    for (int n = 0; n < points; ++n) {  // mu = critical + (1 - critical) t^2: smooth where the root of Snell's law begins
      const double t = (n + 0.5) / points, mu = critical + (1.0 - critical) * t * t;
      sum += PlatedSurface{tissue, corneum, 1.0}(mu)*2.0 * mu * 2.0 * (1.0 - critical) * t / points;
    }
    return sum;
  }
};

}  // namespace dermaflux
