#pragma once
#include <cmath>

#include "core/portability.hpp"
#include "core/units.hpp"

namespace dermaflux {

/// Shear modulus of skin at a strain rate [Pa]: mu (1 + (rate / rate_0)^q). Source: Shergold, Fleck & Radford 2006, Int. J.
/// Impact Eng. 32 (0.4 to 7.5 MPa over 0.004 to 4000 1/s).
struct RateStiffening {
  double modulus;         ///< quasi-static [Pa]
  double exponent;        ///< q [-]
  double reference_rate;  ///< [1/s]
  DF_FUNCTION double operator()(double rate) const { return modulus * (1.0 + std::pow(rate / reference_rate, exponent)); }
};

/// What the force on a needle is made of [N].
struct ForceParts {
  double cutting, wedging, friction;
  DF_FUNCTION double total() const { return cutting + wedging + friction; }
};

/// Force on a needle whose tip is h below the surface [N]: N^x (J (d - s) + c_s mu d^2 + tau_f pi int_0^h d dz), cutting,
/// wedging and friction, d the diameter at the surface. Source: Shergold & Fleck 2004, Proc. R. Soc. A 460 (energy balance of a
/// planar crack wedged open); the exponent x < 1 because close prongs share the strained skin. The edge of a bevelled tip slices:
/// see BevelEdge for s.
struct InsertionForce {
  double toughness;           ///< J_Ic [J/m^2]
  double wedging_factor;      ///< c_s [-]
  double modulus;             ///< mu at the rate of the stroke [Pa]
  double wall_friction;       ///< tau_f [Pa]
  double prong_factor;        ///< N^x [-]
  double sliced_width = 0.0;  ///< s, crack width that the edge cuts for nothing, at most the tip's diameter [m]
  /// `diameter` of one prong at the surface [m], `wall` its area below the surface [m^2].
  DF_FUNCTION ForceParts parts(double diameter, double wall) const {
    return {.cutting = prong_factor * toughness * (diameter - sliced_width),
            .wedging = prong_factor * wedging_factor * modulus * diameter * diameter,
            .friction = prong_factor * wall_friction * wall};
  }
  DF_FUNCTION double operator()(double diameter, double wall) const { return parts(diameter, wall).total(); }
};

/// Force on all prongs over that on one [-]: N^x when neighbours stand closer than the pitch of interaction, N when they do not.
/// An estimate: prongs that share strained skin need less force each. That spacing matters below some 150 um only is measured
/// (Olatunji et al. 2013, J. Pharm. Sci. 102, microneedles), but there each needed 1 to 7 % more force at 30 um than at 600 um.
struct ProngFactor {
  double exponent;           ///< x [-]
  double interaction_pitch;  ///< [m]
  DF_FUNCTION double operator()(int prongs, double pitch) const {
    return pitch < interaction_pitch ? std::pow(prongs, exponent) : static_cast<double>(prongs);
  }
};

/// The face of a bevelled tip, inclined by gamma against the needle's axis; a right angle is no bevel.
struct BevelEdge {
  double tip_diameter;  ///< t [m]
  double length;        ///< of the bevel along the axis [m]
  /// sin(gamma) = t / sqrt(t^2 + L^2): share of the tip that meets the skin bluntly [-].
  DF_FUNCTION double bluntness() const { return tip_diameter / std::sqrt(tip_diameter * tip_diameter + length * length); }
  /// Crack width that costs no force [m], t cos^2(gamma). An estimate: an edge that moves along itself slices, and the force
  /// across it falls per width from J to J / (1 + xi^2), xi = cot(gamma) the slice-push ratio, without friction (Atkins, Xu &
  /// Jeronimidis 2004, J. Mater. Sci. 39). There a second force moves the edge along itself; here the push does both, so that this
  /// is the most that a bevel can save.
  DF_FUNCTION double sliced_width() const { return tip_diameter * (1.0 - bluntness() * bluntness()); }
};

/// Reduced modulus E / (1 - nu^2) of skin too fast to drain, nu = 1/2 [Pa]: 4 mu.
DF_FUNCTION inline double undrained_reduced_modulus(double shear_modulus) { return 4.0 * shear_modulus; }

/// Force on a rounded tip pressed into a half-space [N]: 4/3 E* sqrt(R) d^(3/2). Valid until the tip is buried, d <= R.
/// Source: Hertz 1882; Johnson 1985, Contact Mechanics, eq. 4.23.
struct HertzContact {
  double reduced_modulus;  ///< E* = E / (1 - nu^2) [Pa]
  double radius;           ///< R [m]
  DF_FUNCTION double operator()(double depth) const { return 4.0 / 3.0 * reduced_modulus * std::sqrt(radius * depth) * depth; }
};

/// Force on a cone pressed into a half-space [N]: (2/pi) E* tan(beta) d^2. Source: Sneddon 1965, Int. J. Eng. Sci. 3.
struct SneddonCone {
  double reduced_modulus;  ///< E* [Pa]
  double slope;            ///< tan of the half angle beta [-]
  DF_FUNCTION double operator()(double depth) const { return 2.0 / units::pi * reduced_modulus * slope * depth * depth; }
};

/// Force on a thin needle pressed far deeper into a soft solid than its tip is wide [N]: b mu d^2, independent of the tip's
/// radius. Source: Shojaeifard & Bacca 2025, Soft Matter (finite elements and tests, b = 3 beta).
struct DeepIndentation {
  double factor;   ///< b [-]
  double modulus;  ///< mu [Pa]
  DF_FUNCTION double operator()(double depth) const { return factor * modulus * depth * depth; }
};

/// Force on a tip that has not yet broken the skin [N]: the largest of three, so that each holds where it governs and the whole
/// rises with depth. Hertz until the tip is buried and from there the contact no longer widens (a flat punch, dF/dd = 2 E* R,
/// which goes on with Hertz's own slope); Sneddon's cone and the deep indentation, both quadratic.
struct TipIndentation {
  double reduced_modulus;  ///< E* [Pa]
  double radius;           ///< R of the tip [m]
  double quadratic;        ///< larger of the factors of d^2 [Pa]

  static DF_FUNCTION TipIndentation of(double modulus, double factor, double radius, double slope) {
    const double reduced = undrained_reduced_modulus(modulus);
    return {.reduced_modulus = reduced,
            .radius = radius,
            .quadratic = larger(DeepIndentation{factor, modulus}(1.0), SneddonCone{reduced, slope}(1.0))};
  }
  DF_FUNCTION double tip_force(double depth) const {
    const double rounded = smaller(depth, radius);
    return HertzContact{reduced_modulus, radius}(rounded) + 2.0 * reduced_modulus * radius * (depth - rounded);
  }
  DF_FUNCTION double operator()(double depth) const { return larger(tip_force(depth), quadratic * depth * depth); }
  /// Depth under a force, the inverse of operator() [m].
  DF_FUNCTION double depth(double force) const {
    const double buried = tip_force(radius);
    const double rounded = 3.0 * force / (4.0 * reduced_modulus * std::sqrt(radius));
    const double of_tip =
        force < buried ? std::cbrt(rounded * rounded) : radius + (force - buried) / (2.0 * reduced_modulus * radius);
    return smaller(of_tip, std::sqrt(force / quadratic));
  }
  /// Depth from which on the quadratic law governs [m].
  DF_FUNCTION double crossover() const {
    if (quadratic * radius * radius >= tip_force(radius)) {
      const double ratio = 4.0 * reduced_modulus / (3.0 * quadratic);
      return ratio * ratio * radius;
    }
    const double share = quadratic / reduced_modulus;
    return radius * (1.0 + std::sqrt(1.0 - 2.0 / 3.0 * share)) / share;
  }
  /// Work done down to a depth, the integral of operator() [J].
  DF_FUNCTION double work(double depth) const {
    const double cross = crossover(), shallow = smaller(depth, cross), rounded = smaller(shallow, radius);
    const double beyond = shallow - rounded;
    const double tip = 0.4 * tip_force(rounded) * rounded + tip_force(radius) * beyond + reduced_modulus * radius * beyond * beyond;
    return depth > cross ? tip + quadratic * (depth * depth * depth - cross * cross * cross) / 3.0 : tip;
  }
  /// Depth at which that work is done, by bisection below the depth that the quadratic law alone would need [m].
  DF_FUNCTION double depth_of_work(double energy) const {
    double low = 0.0, high = std::cbrt(3.0 * energy / quadratic);
    for (int k = 0; k < 60; ++k) {
      const double middle = 0.5 * (low + high);
      (work(middle) < energy ? low : high) = middle;
    }
    return 0.5 * (low + high);
  }
};

/// How far one prong pushes the skin under another down [m]: F / (pi E* s), s the distance between them. Source: Boussinesq
/// 1885; Johnson 1985, Contact Mechanics, eq. 3.22.
struct NeighbourDimple {
  double reduced_modulus;  ///< E* [Pa]
  /// `force` of one prong [N]; `closeness` sum of 1/s over its neighbours [1/m].
  DF_FUNCTION double operator()(double force, double closeness) const { return force * closeness / (units::pi * reduced_modulus); }
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
