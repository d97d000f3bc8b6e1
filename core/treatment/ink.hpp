#pragma once
#include <array>
#include <cmath>

#include "core/physics/viscosity.hpp"

namespace dermaflux {

/// Wavelengths at which colour is computed, 400 to 700 nm [m].
inline constexpr int band_count = 7;
inline constexpr std::array<double, band_count> band_wavelength = {400e-9, 450e-9, 500e-9, 550e-9, 600e-9, 650e-9, 700e-9};
inline constexpr int contrast_band = 3;  ///< 550 nm, where the eye is most sensitive

/// Size classes that stand for the distribution of particle diameters.
inline constexpr int max_size_classes = 4;

/// Particles of one diameter and their share of the pigment's mass.
struct SizeClass {
  double share, diameter;  ///< [-], [m]
};

/// The suspension: pigment, carrier, and how the mixture flows and absorbs.
struct Ink {
  double pigment_density;      ///< [kg/m^3]
  double mass_fraction;        ///< of pigment in the neat ink [-]
  double dilution;             ///< share of neat ink in the mixture, 1 = neat [-]
  double carrier_density;      ///< [kg/m^3]
  double particle_diameter;    ///< mass-median hydrodynamic diameter [m]
  double particle_spread;      ///< geometric standard deviation [-]
  int size_classes;            ///< classes that stand for that distribution
  double carrier_diffusivity;  ///< of the carrier's slow component in water [m^2/s]
  InkViscosity viscosity;
  double surface_tension;                     ///< [N/m]
  std::array<double, band_count> absorption;  ///< mass absorption of small clusters per band [m^2/kg]
  std::array<double, band_count> albedo;      ///< reduced scattering over extinction of the pigment per band [-]
  double photolysis_rate;                     ///< by UVA, at the reference dose, at the surface [1/s]
  double photolysis_rate_uvb;                 ///< by UVB, at the same dose, at the surface [1/s]

  /// Volume fraction of pigment in the ink as used [-]: the mass fraction is scaled by the dilution, then converted.
  double volume_fraction() const {
    const double mass = mass_fraction * dilution, solid = mass / pigment_density;
    return solid / (solid + (1.0 - mass) / carrier_density);
  }
  double concentration() const { return volume_fraction() * pigment_density; }  ///< pigment per ink volume [kg/m^3]

  /// Mean of a property of the particle over a part of the log-normal distribution of their mass with diameter: the part that
  /// begins at the share `from` of the mass and ends at `to`, counted from the smallest particles on.
  template <class Property>
  double mass_mean(Property property, double from = 0.0, double to = 1.0) const {
    constexpr int points = 81;
    const double spread = std::log(particle_spread);
    if (spread <= 0.0) return property(particle_diameter);
    const auto weight = [](int n) {
      const double x = -4.0 + 8.0 * n / (points - 1);
      return std::exp(-0.5 * x * x);
    };
    double all = 0.0, sum = 0.0, weights = 0.0, passed = 0.0;
    for (int n = 0; n < points; ++n) all += weight(n);
    for (int n = 0; n < points; ++n) {
      const double next = passed + weight(n), part = std::fmin(next, to * all) - std::fmax(passed, from * all);
      if (part > 0.0) {
        sum += part * property(particle_diameter * std::exp(spread * (-4.0 + 8.0 * n / (points - 1))));
        weights += part;
      }
      passed = next;
    }
    return sum / weights;
  }

  /// One class: nodes and weights of the Gauss-Hermite quadrature of the log-normal distribution of mass, from the smallest on.
  SizeClass size_class(int n) const {
    static constexpr double node[max_size_classes][max_size_classes] = {
        {0.0},
        {-1.0, 1.0},
        {-1.7320508075688772, 0.0, 1.7320508075688772},
        {-2.3344142183389773, -0.7419637843027259, 0.7419637843027259, 2.3344142183389773}};
    static constexpr double weight[max_size_classes][max_size_classes] = {
        {1.0},
        {0.5, 0.5},
        {1.0 / 6.0, 2.0 / 3.0, 1.0 / 6.0},
        {0.045875854768068492, 0.45412414523193151, 0.45412414523193151, 0.045875854768068492}};
    const double x = node[size_classes - 1][n];
    return {weight[size_classes - 1][n], particle_diameter * std::exp(std::log(particle_spread) * x)};
  }

  /// Mean of a property over the particles that one class stands for: its share of the mass, in the order of diameters. The
  /// classes together thus have the mean of the distribution, however few they are and whatever the property.
  template <class Property>
  double class_mean(int n, Property property) const {
    double from = 0.0;
    for (int k = 0; k < n; ++k) from += size_class(k).share;
    return mass_mean(property, from, n + 1 < size_classes ? from + size_class(n).share : 1.0);
  }
};

}  // namespace dermaflux
