#pragma once
#include <cmath>

#include "core/portability.hpp"
#include "core/units.hpp"

namespace dermaflux {

/// Reduced scattering of skin [1/m]: mu_500 (lambda / 500 nm)^-b. Source of the form: Jacques 2013, Phys. Med. Biol. 58.
struct SkinScattering {
  double at_500_nm;  ///< [1/m]
  double power;      ///< b [-]
  DF_FUNCTION double operator()(double wavelength) const { return at_500_nm * std::pow(wavelength / (500.0 * units::nm), -power); }
};

/// Absorption of bloodless, melanin-free skin [1/m]: 0.244 + 85.3 exp(-(lambda - 154)/66.2) per cm, lambda in nm. Source:
/// Jacques 1998, omlc.org/news/jan98/skinoptics.html.
struct BaselineAbsorption {
  DF_FUNCTION double operator()(double wavelength) const {
    return 100.0 * (0.244 + 85.3 * std::exp(-(wavelength / units::nm - 154.0) / 66.2));
  }
};

/// Absorption of the interior of a melanosome [1/m]: 6.6e11 lambda^-3.33 per cm, lambda in nm. Source: as above.
struct MelanosomeAbsorption {
  DF_FUNCTION double operator()(double wavelength) const { return 100.0 * 6.6e11 * std::pow(wavelength / units::nm, -3.33); }
};

/// Absorption of whole blood [1/m] from the molar extinctions of oxygenated and deoxygenated haemoglobin [1/(cm M)]:
/// 0.005356 eps per cm at 150 g/L. Source: Prahl's compilation, omlc.org.
struct BloodAbsorption {
  double saturation;  ///< [-]
  DF_FUNCTION double operator()(double oxygenated, double deoxygenated) const {
    return 100.0 * 0.005356 * (saturation * oxygenated + (1.0 - saturation) * deoxygenated);
  }
};

/// Share of its mass absorption that pigment keeps when packed into clusters [-]: (3/2) Q(x)/x, Q = 1 + 2 e^-x/x +
/// 2 (e^-x - 1)/x^2, x = rho kappa phi d the absorption thickness of a cluster. Source: Duysens 1956; Morel & Bricaud 1981,
/// Deep-Sea Res. 28.
struct PackageEffect {
  DF_FUNCTION double operator()(double thickness) const {
    if (thickness < 1e-2) return 1.0 - 0.375 * thickness;  // series: the closed form cancels
    const double decay = std::exp(-thickness);
    const double efficiency = 1.0 + 2.0 * decay / thickness + 2.0 * (decay - 1.0) / (thickness * thickness);
    return 1.5 * efficiency / thickness;
  }
};

/// What a smooth face between two media sends back of unpolarised light, and the cosine with which the rest goes on. Source:
/// Fresnel and Snell; Born & Wolf 1999, ch. 1.5.
struct FresnelFace {
  double from, to;  ///< refractive indices [-]
  struct Light {
    double reflected, cosine;
  };
  DF_FUNCTION Light operator()(double cosine) const {
    const double ratio = from / to, refracted = 1.0 - ratio * ratio * (1.0 - cosine * cosine);
    if (refracted <= 0.0) return {1.0, 0.0};
    const double beyond = std::sqrt(refracted);
    const double across = (from * cosine - to * beyond) / (from * cosine + to * beyond);
    const double along = (from * beyond - to * cosine) / (from * beyond + to * cosine);
    return {0.5 * (across * across + along * along), beyond};
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
      const FresnelFace::Light below = FresnelFace{tissue, corneum}(mu);
      const double above = FresnelFace{corneum, 1.0}(below.cosine).reflected, passed = 1.0 - below.reflected;
      const double all = below.reflected + passed * passed * above / (1.0 - below.reflected * above);
      sum += all * 2.0 * mu * 2.0 * (1.0 - critical) * t / points;
    }
    return sum;
  }
};

/// Factor A of the partial-current boundary of photon diffusion, phi - 2 A D dphi/dz = source [-]: A = (1 + r)/(1 - r) with the
/// internal reflection r. Source: Groenhuis, Ferwerda & Ten Bosch 1983, Appl. Opt. 22.
struct BoundaryFactor {
  DF_FUNCTION double operator()(double reflection) const { return (1.0 + reflection) / (1.0 - reflection); }
};

}  // namespace dermaflux
