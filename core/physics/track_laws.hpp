#pragma once
#include <cmath>

#include "core/lane_math.hpp"
#include "core/units.hpp"

namespace dermaflux {

/// Load of the wall over one time step as a function of its open area alone, K ln(A / A_0) [Pa].
struct WallSpring {
  double stiffness;  ///< K [Pa]
  double unloaded;   ///< A_0, open area without load [m^2]
  DF_IN_LANES DF_FUNCTION double operator()(double area) const { return stiffness * lane_log(area / unloaded); }
  DF_IN_LANES DF_FUNCTION double slope(double area) const { return stiffness / area; }  ///< dp/dA [Pa/m^2]
  DF_IN_LANES DF_FUNCTION double area_at(double load) const {
    return unloaded * lane_exp(load / stiffness);
  }  ///< the inverse [m^2]
};

/// Load that the wall of the track puts on its content, per slice [Pa]: a cylindrical cavity in an incompressible standard
/// linear solid,
///   p = G ln(A / A_rest) + s,   ds/dt + s / t_r = G_1 d(ln A)/dt,   t_r = tau / (1 + G_1 / G),
/// advanced implicitly over one time step. A is the whole open area, A_rest what stays open after recoil, tau the time in
/// which an unloaded hole recoils, and G_1 bounds the stiffening in a sudden opening (a Kelvin-Voigt wall would be rigid).
struct WallLoad {
  double modulus;     ///< G, quasi-static shear modulus [Pa]
  double rest;        ///< A_rest [m^2]
  double previous;    ///< A one time step ago [m^2]
  double stress;      ///< s one time step ago [Pa]
  double stiffening;  ///< G_1 / G [-]
  double kept;        ///< 1 / (1 + dt / t_r), share of s that outlives the step [-]

  static DF_FUNCTION double kept_share(double stiffening, double recoil_time, double dt) {
    return 1.0 / (1.0 + dt * (1.0 + stiffening) / recoil_time);
  }
  /// s at the end of the step [Pa].
  DF_IN_LANES DF_FUNCTION double branch(double area) const {
    return kept * (stress + stiffening * modulus * lane_log(area / previous));
  }
  /// The whole load as a function of area, K ln(A / A_0): both logarithms in one. Its K [Pa] and its A_0 [m^2].
  DF_IN_LANES DF_FUNCTION double stiffness() const { return modulus * (1.0 + kept * stiffening); }
  DF_IN_LANES DF_FUNCTION double unloaded() const {
    const double rate = kept * stiffening;
    return lane_exp((lane_log(rest) + rate * lane_log(previous) - kept * stress / modulus) / (1.0 + rate));
  }
  DF_FUNCTION WallSpring spring() const { return {stiffness(), unloaded()}; }
};

/// Share of a compressive wall load carried by the liquid in a gap of width b, the rest being carried by contact between
/// wall and needle roughness: 1 - exp(-b / b_rough). It lets a gap close without ever squeezing out more than it holds.
struct LiquidShare {
  double roughness;  ///< b_rough [m]
  DF_IN_LANES DF_FUNCTION double operator()(double gap) const { return -lane_expm1(-gap / roughness); }
  DF_IN_LANES DF_FUNCTION double slope(double gap) const { return lane_exp(-gap / roughness) / roughness; }  ///< [1/m]
};

/// Axial conductance of a liquid ring between a needle of area A_n and a wall of area A_n + A_g: Q = -Lambda/mu dp/dz [m^4].
/// Exact concentric annulus, pi/8 (R^4 - r^4 - (R^2 - r^2)^2 / ln(R/r)); a plain tube A_g^2 / (8 pi) without a needle and
/// the slit 2 pi r b^3 / 12 where the gap is too thin for the difference to be computed. Source: Bird, Stewart & Lightfoot, 2.4.
struct AnnulusConductance {
  DF_IN_LANES DF_FUNCTION double operator()(double needle_area, double liquid_area) const {
    const double tube = liquid_area * liquid_area / (8.0 * units::pi), difference = liquid_area / units::pi;
    const double inner = std::sqrt(needle_area / units::pi), outer = std::sqrt((needle_area + liquid_area) / units::pi);
    const double gap = difference / (inner + outer), thin = 2.0 * units::pi * inner * gap * gap * gap / 12.0;
    const double ring =
        units::pi / 8.0 * difference * (outer * outer + inner * inner - difference / lane_log(outer / larger(inner, 1e-300)));
    return needle_area <= 1e-9 * liquid_area ? tube : (gap < 1e-3 * inner ? thin : ring);
  }
};

/// Thickness over radius of the ink film that a shaft drags along [-]: 1.34 Ca^(2/3), Ca = mu v / gamma, for thin fibres and
/// Ca << 1, capped beyond. Source: Quere 1999, Annu. Rev. Fluid Mech. 31.
struct FilmThickness {
  double surface_tension;  ///< gamma [N/m]
  double cap;              ///< largest thickness over radius [-]
  DF_IN_LANES DF_FUNCTION double operator()(double viscosity, double speed) const {
    const double capillary_number = viscosity * speed / surface_tension;
    return smaller(1.34 * std::cbrt(capillary_number * capillary_number), cap);
  }
};

/// Pressure of the liquid at a free front inside the track [Pa], negative when it wets: -2 gamma cos(theta_w) / R in the
/// open hole, -gamma (cos(theta_w) + cos(theta_n)) / b in a gap b beside the needle, never narrower than the roughness of the
/// steel. Young-Laplace.
struct CapillaryPressure {
  double surface_tension;  ///< [N/m]
  double wall_cosine;      ///< cos of the contact angle on the wound wall [-]
  double needle_cosine;    ///< cos of the contact angle on steel [-]
  double roughness;        ///< narrowest gap [m]
  DF_IN_LANES DF_FUNCTION double operator()(double needle_area, double open_area) const {
    const double outer = std::sqrt(open_area / units::pi), tube = -2.0 * surface_tension * wall_cosine / outer;
    const double gap = larger(outer - std::sqrt(needle_area / units::pi), roughness);
    return needle_area <= 1e-9 * open_area ? tube : -surface_tension * (wall_cosine + needle_cosine) / gap;
  }
};

}  // namespace dermaflux
