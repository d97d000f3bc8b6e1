#pragma once
#include <cmath>

#include "core/lane_math.hpp"

namespace dermaflux {

/// Share of the low-shear structure that survives a shear rate, 1 at rest and 0 at infinite shear:
/// (1 + (lambda g)^a)^((n - 1) / a). Source: Carreau 1972; Yasuda, Armstrong & Cohen 1981, Rheol. Acta 20.
struct CarreauYasuda {
  double relaxation_time;  ///< lambda [s]
  double thinning_index;   ///< n, 1 is Newtonian [-]
  double yasuda_exponent;  ///< a [-]
  /// Whether it is the form of Carreau, for which lanes need one power less.
  DF_FUNCTION bool carreau() const { return yasuda_exponent == 2.0; }
  template <bool is_carreau = false>
  DF_IN_LANES DF_FUNCTION double surviving(double shear_rate) const {
    const double x = relaxation_time * shear_rate;
    const double broken = is_carreau || carreau() ? x * x : lane_power(larger(x, 1e-300), yasuda_exponent);
    return lane_power(1.0 + broken, (thinning_index - 1.0) / yasuda_exponent);
  }
  DF_IN_LANES DF_FUNCTION double operator()(double shear_rate) const { return surviving(shear_rate); }
};

/// Viscosity of a suspension relative to its carrier at high shear: (1 - phi_eff / phi_m)^(-[eta] phi_m), phi_eff = s phi,
/// where the factor s counts the liquid trapped in aggregates. Valid below packing; held finite above 95 % of it, where a
/// deposit, not a suspension, forms. Source: Krieger & Dougherty 1959, Trans. Soc. Rheol. 3.
struct KriegerDougherty {
  double max_packing;          ///< phi_m [-]
  double intrinsic_viscosity;  ///< [eta] [-]
  double structure_factor;     ///< s = phi_eff / phi [-]
  DF_IN_LANES DF_FUNCTION double operator()(double volume_fraction) const {
    const double crowding = smaller(structure_factor * volume_fraction / max_packing, 0.95);
    return lane_power(1.0 - crowding, -intrinsic_viscosity * max_packing);
  }
};

/// Viscosity of ink [Pa s]: a Newtonian carrier whose particle contribution thins with shear. At infinite shear it is the
/// Krieger-Dougherty suspension; at rest the particle contribution is larger by `structure_ratio` (a weak network), so a
/// dilute ink is nearly Newtonian and a neat one thins, as pigment dispersions do.
struct InkViscosity {
  double carrier_viscosity;  ///< [Pa s]
  KriegerDougherty crowding;
  CarreauYasuda thinning;
  double structure_ratio;  ///< particle contribution at rest over that at infinite shear, >= 1 [-]

  /// Particle factor on the viscosity of whatever liquid carries the pigment [-].
  template <bool is_carreau = false>
  DF_IN_LANES DF_FUNCTION double particle_factor(double volume_fraction, double shear_rate) const {
    return factor_of_crowded<is_carreau>(crowding(volume_fraction), shear_rate);
  }
  /// The same where it is known what `crowding` says.
  template <bool is_carreau = false>
  DF_IN_LANES DF_FUNCTION double factor_of_crowded(double crowded, double shear_rate) const {
    const double structure = 1.0 + (structure_ratio - 1.0) * thinning.surviving<is_carreau>(shear_rate);
    return 1.0 + (crowded - 1.0) * structure;
  }
  DF_IN_LANES DF_FUNCTION double operator()(double volume_fraction, double shear_rate) const {
    return carrier_viscosity * particle_factor(volume_fraction, shear_rate);
  }
};

/// What the viscosity of neat ink needs at any shear rate, worked out once.
struct NeatInk {
  double crowding;  ///< [-]
  double at_rest;   ///< viscosity [Pa s]

  static DF_FUNCTION NeatInk of(const InkViscosity& ink, double volume_fraction) {
    const double crowding = ink.crowding(volume_fraction);
    return {crowding, ink.carrier_viscosity * ink.factor_of_crowded(crowding, 0.0)};
  }
};

/// Viscosity of the pore fluid [Pa s]: interstitial fluid and ink carrier mixed by the carrier fraction w with the
/// logarithmic rule of Arrhenius (1887), times the particle factor of the pigment it carries.
struct PoreFluidViscosity {
  InkViscosity ink;
  double interstitial_viscosity;  ///< [Pa s]
  double log_ratio;               ///< ln of the carrier's viscosity over the interstitial one [-]

  static DF_FUNCTION PoreFluidViscosity of(const InkViscosity& ink, double interstitial_viscosity) {
    return {ink, interstitial_viscosity, std::log(ink.carrier_viscosity / interstitial_viscosity)};
  }
  template <bool is_carreau = false>
  DF_IN_LANES DF_FUNCTION double of_mixture(double carrier_fraction, double volume_fraction, double shear_rate) const {
    const double liquid = interstitial_viscosity * lane_exp(log_ratio * carrier_fraction);
    return liquid * ink.particle_factor<is_carreau>(volume_fraction, shear_rate);
  }
  DF_IN_LANES DF_FUNCTION double operator()(double carrier_fraction, double volume_fraction, double shear_rate) const {
    return of_mixture(carrier_fraction, volume_fraction, shear_rate);
  }
};

}  // namespace dermaflux
