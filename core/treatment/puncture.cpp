#include "core/treatment/puncture.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/error.hpp"
#include "core/physics/puncture_laws.hpp"

namespace dermaflux {
namespace {

const SkinLayer& thickest_dermis(const Skin& skin) {
  std::size_t best = 0;
  double thickness = -1.0;
  for (std::size_t k = 0; k < static_cast<std::size_t>(skin.layer_count); ++k)
    if (skin.layers[k].kind == LayerKind::dermis && skin.layers[k].thickness > thickness) {
      best = k;
      thickness = skin.layers[k].thickness;
    }
  return skin.layers[best];
}

/// Force on all prongs with their tips at `depth` below the surface [N].
double needle_force(const InsertionForce& law, const Needle& needle, double depth) {
  if (depth <= 0.0) return 0.0;
  return law(needle.diameter(depth), units::pi * needle.diameter_integral(depth));
}

InsertionForce force_law(const Treatment& treatment, double mu) {
  const SkinMechanics& skin = treatment.skin.mechanics;
  return {skin.fracture_toughness, skin.wedging_factor, mu, skin.wall_friction,
          std::pow(treatment.needle.prongs, treatment.model.force_prong_exponent)};
}

/// The laws with the numbers of one treatment; the modulus follows from the speed at which the tip meets the skin.
struct Balance {
  const Treatment& treatment;
  HandBulge bulge;

  explicit Balance(const Treatment& t) : treatment(t), bulge{} {
    const SkinLayer& dermis = thickest_dermis(t.skin);
    const double outer = t.machine.nose_diameter, inner = t.machine.nozzle_diameter;
    bulge = {.nose_area = units::pi / 4.0 * (outer * outer - inner * inner),
             .nozzle_radius = 0.5 * inner,
             .plane_modulus = dermis.youngs_modulus / (1.0 - dermis.poisson_ratio * dermis.poisson_ratio),
             .hand_stiffness = t.machine.hand_stiffness};
  }

  /// Shear modulus while the tip passes the surface at the speed it has `reach` above its lowest point [Pa].
  double modulus(double frequency, double reach) const {
    const Machine& machine = treatment.machine;
    const double inside = std::clamp(reach, 0.0, machine.stroke);
    const double speed = 2.0 * units::pi * frequency * std::sqrt(inside * (machine.stroke - inside));
    const SkinMechanics& skin = treatment.skin.mechanics;
    return RateStiffening{skin.ogden_modulus, skin.rate_exponent, skin.reference_rate}(speed / treatment.model.strain_length);
  }

  InsertionForce force(double mu) const { return force_law(treatment, mu); }

  /// Reach of the needle below the local undeformed surface for a given bulge, by bisection: the right-hand side falls
  /// monotonically with the reach because the force, and with it the dimple, rises [m].
  double reach(double extended, double mu) const {
    const SurfaceDimple dimple{treatment.skin.mechanics.indentation_factor, mu};
    const InsertionForce law = force(mu);
    double low = 0.0, high = std::max(extended, 0.0);
    for (int k = 0; k < 60; ++k) {
      const double middle = 0.5 * (low + high);
      (extended - dimple(needle_force(law, treatment.needle, middle)) > middle ? low : high) = middle;
    }
    return low;
  }

  /// Force averaged over a full stroke, midpoint rule in phase [N].
  double mean_force(double reach_depth, double mu) const {
    constexpr int points = 256;
    const InsertionForce law = force(mu);
    double sum = 0.0;
    for (int k = 0; k < points; ++k) {
      const double lift = 0.5 * treatment.machine.stroke * (1.0 + std::cos(2.0 * units::pi * (k + 0.5) / points));
      sum += needle_force(law, treatment.needle, reach_depth - lift);
    }
    return sum / points;
  }
};

}  // namespace

Puncture solve_puncture(const Treatment& treatment) {
  const Machine& machine = treatment.machine;
  const SkinMechanics& skin = treatment.skin.mechanics;
  const Balance balance(treatment);
  Puncture result{.tip_depth = 0.0,
                  .dimple = 0.0,
                  .bulge = balance.bulge(machine.hand_force),
                  .peak_force = 0.0,
                  .mean_force = 0.0,
                  .frequency = machine.frequency,
                  .modulus = skin.ogden_modulus,
                  .strokes = 1};
  double reach = machine.depth;
  for (int k = 0; k < 200; ++k) {  // a damped fixed point: force and reach act back on each other weakly
    const double mu = balance.modulus(result.frequency, reach);
    const double extended = machine.depth + result.bulge;
    const double breaks = PunctureDimple{skin.puncture_toughness, skin.indentation_factor, mu}(treatment.needle.area(0.0));
    const double target = extended > breaks ? balance.reach(extended, mu) : 0.0;
    const double before = reach;
    result.modulus = mu;
    reach += 0.5 * (target - reach);
    result.mean_force = balance.mean_force(reach, mu);
    result.peak_force = needle_force(balance.force(mu), treatment.needle, reach);
    result.dimple = reach > 0.0 ? SurfaceDimple{skin.indentation_factor, mu}(result.peak_force) : breaks;
    result.frequency = machine.frequency * (1.0 - result.mean_force / machine.stall_force);
    if (result.frequency <= 0.0)
      throw NumericsError("the motor stalls (mean needle force " + std::to_string(result.mean_force) +
                          " N reaches machine.stall_force_n); use fewer or thinner prongs or a stronger machine");
    result.bulge = balance.bulge(machine.hand_force - result.mean_force);
    if (std::fabs(reach - before) < 1e-12) break;
  }
  if (reach < 1e-7) reach = 0.0;
  result.tip_depth = reach * std::cos(machine.angle);
  result.strokes = complete_strokes(result.frequency, machine.dwell);
  return result;
}

int complete_strokes(double frequency, double dwell) { return std::max(1, static_cast<int>(frequency * dwell + 1e-9)); }

InsertionForce insertion_force(const Treatment& treatment, const Puncture& puncture) {
  return force_law(treatment, puncture.modulus);
}

}  // namespace dermaflux
