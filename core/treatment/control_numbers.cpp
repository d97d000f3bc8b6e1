#include "core/treatment/control_numbers.hpp"

#include <cmath>
#include <limits>

#include "core/physics/control_laws.hpp"

namespace dermaflux {

ControlNumbers control_numbers(const Treatment& treatment, const Puncture& puncture) {
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  if (puncture.tip_depth <= 0.0) return {none, none, none, none, none, none};
  const Ink& ink = treatment.ink;
  const Machine& machine = treatment.machine;
  const SkinMechanics& skin = treatment.skin_at_axis().mechanics;
  const SkinLayer& dermis = treatment.skin_at_axis().thickest_dermis();
  const double depth = puncture.tip_depth, length = depth / std::cos(machine.angle);  // of the track
  const double volume = treatment.needle.volume(length), radius = std::sqrt(volume / (units::pi * length));
  const double share = ink.volume_fraction(), viscosity = ink.viscosity(share, puncture.speed / radius);
  const double density = share * ink.pigment_density + (1.0 - share) * ink.carrier_density;
  const double contact = complete_strokes(puncture.frequency, machine.dwell) / puncture.frequency;
  // A stroke pushes its volume in during half of the time that the tip is inside, arccos(1 - 2 x / s) / (pi f).
  const double inside = std::acos(std::fmax(1.0 - 2.0 * length / machine.stroke, -1.0)) / (units::pi * puncture.frequency);
  return {.washburn = (contact + skin.recoil_time) /
                      WashburnTime{ink.surface_tension, std::cos(skin.wound_contact_angle)}(viscosity, length, radius),
          .capillary = capillary_number(viscosity, puncture.speed, ink.surface_tension),
          .reynolds = reynolds_number(density, puncture.speed, radius, viscosity),
          .bond = bond_number(density, depth, ink.surface_tension),
          .poroelastic_time = PoroelasticTime{dermis.permeability, dermis.aggregate_modulus(), skin.interstitial_viscosity}(depth),
          .backflow_length = BackflowLength{skin.interstitial_viscosity / dermis.permeability, dermis.shear_modulus(), viscosity}(
              2.0 * volume / inside, radius)};
}

}  // namespace dermaflux
