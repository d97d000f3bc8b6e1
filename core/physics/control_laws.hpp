#pragma once
#include <cmath>

#include "core/portability.hpp"
#include "core/units.hpp"

namespace dermaflux {

/// Numbers that say beforehand which effect rules a puncture. They are reported, never used by the solver.

inline constexpr double standard_gravity = 9.80665;  ///< [m/s^2], exact

/// Time in which capillarity fills a tube of radius r to the depth h [s]: 2 mu h^2 / (r gamma cos(theta)). Source: Washburn
/// 1921, Phys. Rev. 17 (h = sqrt(r gamma cos(theta) t / (2 mu))).
struct WashburnTime {
  double surface_tension;  ///< gamma [N/m]
  double wall_cosine;      ///< cos(theta) on the wound wall [-]
  DF_FUNCTION double operator()(double viscosity, double depth, double radius) const {
    return 2.0 * viscosity * depth * depth / (radius * surface_tension * wall_cosine);
  }
};

/// Viscous over capillary force on a film [-]: Ca = mu v / gamma.
DF_FUNCTION inline double capillary_number(double viscosity, double speed, double surface_tension) {
  return viscosity * speed / surface_tension;
}

/// Inertial over viscous force of a flow of width `length` [-]: Re = rho v l / mu.
DF_FUNCTION inline double reynolds_number(double density, double speed, double length, double viscosity) {
  return density * speed * length / viscosity;
}

/// Weight over capillary force of a column of height `length` [-]: Bo = rho g l^2 / gamma.
DF_FUNCTION inline double bond_number(double density, double length, double surface_tension) {
  return density * standard_gravity * length * length / surface_tension;
}

/// Time in which pore pressure spreads over a length [s]: l^2 / c_v, c_v = k M / mu. Source: Biot 1941, J. Appl. Phys. 12.
struct PoroelasticTime {
  double permeability;       ///< k [m^2]
  double aggregate_modulus;  ///< M [Pa]
  double viscosity;          ///< of the pore fluid [Pa s]
  DF_FUNCTION double operator()(double length) const { return length * length * viscosity / (permeability * aggregate_modulus); }
};

/// How far liquid that is pressed into a needle's track at a rate Q flows back along it before the tissue has taken it up [m]:
/// the gap u = p r / (2 G) conducts as pi r^4 p^3 / (48 mu G^3) = A p^3, the wall takes p / (c R) per length, so that
///   x_m = (5/3 Q c R)^(3/5) (A c R / 0.9)^(1/5) = 0.804 (c R)^(4/5) Q^(3/5) r^(4/5) G^(-3/5) mu^(-1/5),
/// R = mu_i / k, c = ln(x_m / r) / (2 pi). Source: Morrison, Chen, Chadwick, Lonser & Oldfield 1999, Am. J. Physiol. 277.
struct BackflowLength {
  double resistance;     ///< R, viscosity of the interstitial fluid over permeability [Pa s/m^2]
  double shear_modulus;  ///< G of the tissue [Pa]
  double viscosity;      ///< mu of the liquid in the gap [Pa s]
  /// Length for a given c R [m].
  DF_FUNCTION double with_leak(double leak, double rate, double radius) const {
    const double stiffness = shear_modulus * shear_modulus * shear_modulus;
    const double gap = units::pi * radius * radius * radius * radius / (48.0 * viscosity * stiffness);
    return std::pow(5.0 / 3.0 * rate * leak, 0.6) * std::pow(gap * leak / 0.9, 0.2);
  }
  /// By substitution: c changes with the logarithm of x_m only, so each pass gains about a digit. Where the backflow is
  /// shorter than e r the leak is no longer radial and c is held at its value there, 1 / (2 pi).
  DF_FUNCTION double operator()(double rate, double radius) const {
    double length = 100.0 * radius;
    for (int k = 0; k < 60; ++k)
      length = with_leak(larger(std::log(length / radius), 1.0) / (2.0 * units::pi) * resistance, rate, radius);
    return length;
  }
};

}  // namespace dermaflux
