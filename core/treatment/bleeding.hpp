#pragma once
#include "core/treatment/treatment.hpp"

namespace dermaflux {

/// Probability that a puncture bleeds [-]: BleedingLaw of the skin at the axis, averaged over the hand's depth jitter by five-point
/// Gauss-Hermite quadrature. `tip_depth` is the mean depth of the tip [m].
double bleed_probability(const Treatment& treatment, double tip_depth);

}  // namespace dermaflux
