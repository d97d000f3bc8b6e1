#include "core/treatment/puncture.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/error.hpp"
#include "core/physics/puncture_laws.hpp"

namespace dermaflux {
namespace {

/// Share of the unloaded speed below which a motor stands still: the crank no longer passes its dead points smoothly, and the
/// balance of force and speed has no stable root, since skin softens ever faster towards rest [-].
constexpr double standstill = 0.1;

InsertionForce force_law(const Treatment& treatment, double mu) {
  const SkinMechanics& skin = treatment.skin_at_axis().mechanics;
  const Needle& needle = treatment.needle;
  const ProngFactor factor{treatment.model.force_prong_exponent, treatment.model.interaction_pitch};
  return {.toughness = skin.fracture_toughness,
          .wedging_factor = skin.wedging_factor,
          .modulus = mu,
          .wall_friction = skin.wall_friction,
          .prong_factor = factor(needle.prongs, needle.prong_pitch),
          .sliced_width = BevelEdge{needle.tip_diameter, needle.bevel_length}.sliced_width()};
}

/// The laws with the numbers of one treatment; the modulus follows from the speed at which the tip meets the skin.
struct Balance {
  const Treatment& treatment;
  HandBulge bulge;
  double closeness;  ///< of the prongs [1/m]

  explicit Balance(const Treatment& t) : treatment(t), bulge{}, closeness(t.needle.closeness()) {
    const SkinLayer& dermis = t.skin_at_axis().thickest_dermis();
    const double outer = t.machine.nose_diameter, inner = t.machine.nozzle_diameter;
    bulge = {.nose_area = units::pi / 4.0 * (outer * outer - inner * inner),
             .nozzle_radius = 0.5 * inner,
             .plane_modulus = dermis.youngs_modulus / (1.0 - dermis.poisson_ratio * dermis.poisson_ratio),
             .hand_stiffness = t.machine.hand_stiffness};
  }

  /// Speed of the tip where it passes the surface, `reach` above its lowest point [m/s].
  double speed(double frequency, double reach) const {
    const double stroke = treatment.machine.stroke, inside = std::clamp(reach, 0.0, stroke);
    return 2.0 * units::pi * frequency * std::sqrt(inside * (stroke - inside));
  }

  /// Shear modulus at that speed [Pa].
  double modulus(double speed) const {
    const SkinMechanics& skin = treatment.skin_at_axis().mechanics;
    return RateStiffening{skin.ogden_modulus, skin.rate_exponent, skin.reference_rate}(speed / treatment.model.strain_length);
  }

  InsertionForce force(double mu) const { return force_law(treatment, mu); }

  /// How one tip indents the skin before it breaks.
  TipIndentation indentation(double mu) const {
    const Needle& needle = treatment.needle;
    const double radius = 0.5 * needle.tip_diameter * BevelEdge{needle.tip_diameter, needle.bevel_length}.bluntness();
    return TipIndentation::of(mu, treatment.skin_at_axis().mechanics.indentation_factor, radius, 0.5 * needle.slope());
  }

  /// Depth of the dimple under a force on all prongs [m].
  double dimple(double force, double mu) const {
    const TipIndentation law = indentation(mu);
    const double one = force / treatment.needle.prongs;
    return std::min(law.depth(force), law.depth(one) + NeighbourDimple{law.reduced_modulus}(one, closeness));
  }

  /// Dimple of one tip at which its work pays the puncture energy [m].
  double own_break(double mu) const {
    const Needle& needle = treatment.needle;
    const double blunt = BevelEdge{needle.tip_diameter, needle.bevel_length}.bluntness() * needle.area(0.0);
    return indentation(mu).depth_of_work(treatment.skin_at_axis().mechanics.puncture_toughness * blunt);
  }

  /// Reach of the needle below the local undeformed surface for a given bulge, by bisection: the right-hand side falls
  /// monotonically with the reach because the force, and with it the dimple, rises [m].
  double reach(double extended, double mu) const {
    const InsertionForce law = force(mu);
    double low = 0.0, high = std::max(extended, 0.0);
    for (int k = 0; k < 60; ++k) {
      const double middle = 0.5 * (low + high);
      (extended - dimple(needle_force(law, treatment.needle, middle).total(), mu) > middle ? low : high) = middle;
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
      sum += needle_force(law, treatment.needle, reach_depth - lift).total();
    }
    return sum / points;
  }
};

}  // namespace

ForceParts needle_force(const InsertionForce& law, const Needle& needle, double depth) {
  if (depth <= 0.0) return {0.0, 0.0, 0.0};
  return law.parts(needle.diameter(depth), units::pi * needle.diameter_integral(depth));
}

Puncture solve_puncture(const Treatment& treatment) {
  const Machine& machine = treatment.machine;
  const Balance balance(treatment);
  Puncture result{};
  result.bulge = balance.bulge(machine.hand_force);
  result.frequency = machine.frequency;
  double reach = machine.depth;
  for (int k = 0; k < 200; ++k) {  // a damped fixed point: force and reach act back on each other weakly
    result.speed = balance.speed(result.frequency, reach);
    const double mu = balance.modulus(result.speed);
    const double extended = machine.depth + result.bulge;
    result.break_force = treatment.needle.prongs * balance.indentation(mu)(balance.own_break(mu));
    result.break_dimple = balance.dimple(result.break_force, mu);
    const double target = extended > result.break_dimple ? balance.reach(extended, mu) : 0.0;
    const double before = reach;
    result.modulus = mu;
    reach += 0.5 * (target - reach);
    result.mean_force = balance.mean_force(reach, mu);
    result.peak = needle_force(balance.force(mu), treatment.needle, reach);
    result.peak_force = result.peak.total();
    result.dimple = reach > 0.0 ? balance.dimple(result.peak_force, mu) : result.break_dimple;
    // The first guesses of the reach may ask for more than the motor has, the balance decides.
    const double slowed = std::max(1.0 - result.mean_force / machine.stall_force, standstill) * machine.frequency;
    const double change = 0.5 * (slowed - result.frequency);
    result.frequency += change;
    result.bulge = balance.bulge(machine.hand_force - result.mean_force);
    if (std::fabs(reach - before) < 1e-12 && std::fabs(change) < 1e-13 * machine.frequency) break;
  }
  if (1.0 - result.mean_force / machine.stall_force < standstill)
    throw NumericsError("the motor stalls (mean needle force " + std::to_string(result.mean_force) +
                        " N against machine.stall_force_n = " + std::to_string(machine.stall_force) +
                        " leaves less than a tenth of its speed); use fewer or thinner prongs, less depth or a stronger machine");
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
