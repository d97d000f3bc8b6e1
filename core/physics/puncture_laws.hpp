#pragma once
#include <cmath>

#include "core/portability.hpp"

namespace dermaflux {

/// Shear modulus of skin at a strain rate [Pa]: mu (1 + (rate / rate_0)^q). Source: Shergold, Fleck & Radford 2006, Int. J.
/// Impact Eng. 32 (0.4 to 7.5 MPa over 0.004 to 4000 1/s).
struct RateStiffening {
  double modulus;         ///< quasi-static [Pa]
  double exponent;        ///< q [-]
  double reference_rate;  ///< [1/s]
  DF_FUNCTION double operator()(double rate) const { return modulus * (1.0 + std::pow(rate / reference_rate, exponent)); }
};

/// Force on a needle whose tip is h below the surface [N]: N^x (J d + c_s mu d^2 + tau_f pi int_0^h d dz), cutting, wedging
/// and friction, d the diameter at the surface. Source: Shergold & Fleck 2004, Proc. R. Soc. A 460 (energy balance of a
/// planar crack wedged open); the exponent x < 1 because neighbouring prongs share the strained skin.
struct InsertionForce {
  double toughness;       ///< J_Ic [J/m^2]
  double wedging_factor;  ///< c_s [-]
  double modulus;         ///< mu at the rate of the stroke [Pa]
  double wall_friction;   ///< tau_f [Pa]
  double prong_factor;    ///< N^x [-]
  /// `diameter` of one prong at the surface [m], `wall` its area below the surface [m^2].
  DF_FUNCTION double operator()(double diameter, double wall) const {
    return prong_factor * (toughness * diameter + wedging_factor * modulus * diameter * diameter + wall_friction * wall);
  }
};

/// Depth of the dimple under a force [m]: sqrt(F / (b mu)), from F = b mu delta^2, the deep indentation of a soft solid.
struct SurfaceDimple {
  double indentation_factor;  ///< b [-]
  double modulus;             ///< [Pa]
  DF_FUNCTION double operator()(double force) const { return std::sqrt(force / (indentation_factor * modulus)); }
};

/// Dimple at which the surface breaks [m]: (3 G_p A_tip / (b mu))^(1/3), where the work of indentation b mu delta^3 / 3 pays
/// the puncture energy G_p A_tip. Source of G_p: Davis et al. 2004, J. Biomech. 37.
struct PunctureDimple {
  double puncture_toughness;  ///< G_p [J/m^2]
  double indentation_factor;  ///< b [-]
  double modulus;             ///< [Pa]
  DF_FUNCTION double operator()(double tip_area) const {
    return std::cbrt(3.0 * puncture_toughness * tip_area / (indentation_factor * modulus));
  }
};

/// Bulge of skin into the nozzle under a pressed nose [m]: 2 (1 - nu^2) p a / E, an elastic half-space under a uniform
/// pressure p = F / A_nose seen at the centre of a hole of radius a. Negative when the needle lifts the pen off: then the
/// hand yields like a spring. Source: Timoshenko & Goodier, Theory of Elasticity, art. 139.
struct HandBulge {
  double nose_area;       ///< [m^2]
  double nozzle_radius;   ///< [m]
  double plane_modulus;   ///< E / (1 - nu^2) of the skin [Pa]
  double hand_stiffness;  ///< [N/m]
  DF_FUNCTION double operator()(double net_force) const {
    if (net_force < 0.0) return net_force / hand_stiffness;
    return 2.0 * net_force / nose_area * nozzle_radius / plane_modulus;
  }
};

}  // namespace dermaflux
