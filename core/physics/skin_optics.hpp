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

/// Factor A of the partial-current boundary of photon diffusion, phi - 2 A D dphi/dz = source [-]: A = (1 + r)/(1 - r) with the
/// internal reflection r. Source: Groenhuis, Ferwerda & Ten Bosch 1983, Appl. Opt. 22.
struct BoundaryFactor {
  DF_FUNCTION double operator()(double reflection) const { return (1.0 + reflection) / (1.0 - reflection); }
};

}  // namespace dermaflux
