#pragma once
#include <cmath>

#include "core/physics/skin_optics.hpp"
#include "core/portability.hpp"

namespace dermaflux {

/// Light of one ultraviolet band in skin: dose over that at the surface [-], e^(-z/penetration) in skin of the reference
/// melanosome fraction; each melanosome more or less adds or takes its own absorption along the way through the epidermis.
/// Source: Jacques 1998, omlc.org (melanosomes); that skin attenuates as one exponential is an estimate.
struct UltravioletBand {
  double wavelength;             ///< that stands for the band [m]
  double penetration;            ///< depth at which it falls to 1/e in skin of that pigmentation [m]
  double reference_melanosomes;  ///< volume fraction of the epidermis [-]

  /// `epidermis` is the length of the way down to `depth` that lies in epidermis [m].
  DF_FUNCTION double operator()(double depth, double epidermis, double melanosomes) const {
    const double further = (melanosomes - reference_melanosomes) * MelanosomeAbsorption{}(wavelength);
    return std::exp(-depth / penetration - larger(further, -1.0 / penetration) * epidermis);  // no skin amplifies
  }
};

inline constexpr double uva_wavelength = 365e-9;  ///< peak of sunlight's effect between 340 and 400 nm [m]
inline constexpr double uvb_wavelength = 305e-9;  ///< middle of what the ozone layer lets through below 320 nm [m]

/// Bleaching by one band [1/s]: in proportion to its dose, each pigment with its own rate at the reference dose.
struct Photolysis {
  double rate;            ///< at the reference dose [1/s]
  double reference_dose;  ///< per day [J/m^2]
  DF_FUNCTION double operator()(double dose) const { return rate * dose / reference_dose; }
};

}  // namespace dermaflux
