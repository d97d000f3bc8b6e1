#pragma once
#include "core/treatment/puncture.hpp"
#include "core/treatment/treatment.hpp"

namespace dermaflux {

/// Numbers that say beforehand which effect rules a puncture; NaN where the skin never breaks. The liquid is taken at the shear
/// rate v / r, the track as a tube of the radius r that gives the needle's mean cross-section in the skin.
struct ControlNumbers {
  double washburn;          ///< W: contact and recoil time over the time in which capillarity fills the track [-]
  double capillary;         ///< Ca of the film that the needle drags where it passes the surface [-]
  double reynolds;          ///< Re of the ink in the track at the speed of the needle, over r [-]
  double bond;              ///< Bo of the ink column in the track [-]
  double poroelastic_time;  ///< in which pore pressure spreads over the depth of the tip in undamaged dermis [s]
  double backflow_length;   ///< x_m of the ink that one stroke displaces, in undamaged dermis [m]
};

ControlNumbers control_numbers(const Treatment& treatment, const Puncture& puncture);

}  // namespace dermaflux
