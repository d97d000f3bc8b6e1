#pragma once
#include <array>

#include "core/physics/viscosity.hpp"

namespace dermaflux {

/// Wavelengths at which colour is computed, 400 to 700 nm [m].
inline constexpr int band_count = 7;
inline constexpr std::array<double, band_count> band_wavelength = {400e-9, 450e-9, 500e-9, 550e-9, 600e-9, 650e-9, 700e-9};
inline constexpr int contrast_band = 3;  ///< 550 nm, where the eye is most sensitive

/// The suspension: pigment, carrier, and how the mixture flows and absorbs.
struct Ink {
  double pigment_density;    ///< [kg/m^3]
  double mass_fraction;      ///< of pigment in the neat ink [-]
  double dilution;           ///< share of neat ink in the mixture, 1 = neat [-]
  double carrier_density;    ///< [kg/m^3]
  double particle_diameter;  ///< mass-median hydrodynamic diameter [m]
  double particle_spread;    ///< geometric standard deviation [-]
  InkViscosity viscosity;
  double surface_tension;                     ///< [N/m]
  std::array<double, band_count> absorption;  ///< mass absorption of small clusters per band [m^2/kg]
  double albedo;                              ///< scattering over extinction of the pigment [-]
  double photolysis_rate;                     ///< at the reference UV dose, at the surface [1/s]

  /// Volume fraction of pigment in the ink as used [-]: the mass fraction is scaled by the dilution, then converted.
  double volume_fraction() const {
    const double mass = mass_fraction * dilution, solid = mass / pigment_density;
    return solid / (solid + (1.0 - mass) / carrier_density);
  }
  double concentration() const { return volume_fraction() * pigment_density; }  ///< pigment per ink volume [kg/m^3]
};

}  // namespace dermaflux
