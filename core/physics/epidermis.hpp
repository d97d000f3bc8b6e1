#pragma once
#include "core/portability.hpp"

namespace dermaflux {

/// Upward motion of the epidermis: cells rise through the viable part and then through the horny layer, each in its own
/// transit time. Both speeds are constant within their part.
struct EpidermalTransit {
  double corneum_depth;  ///< thickness of the stratum corneum [m]
  double corneum_speed;  ///< [m/s]
  double viable_speed;   ///< [m/s]

  /// Depth at which a cell was `dt` before it was at `depth` [m].
  DF_FUNCTION double departure(double depth, double dt) const {
    if (depth >= corneum_depth) return depth + viable_speed * dt;
    const double within = (corneum_depth - depth) / corneum_speed;  // time spent in the horny layer before that
    if (dt <= within) return depth + corneum_speed * dt;
    return corneum_depth + viable_speed * (dt - within);
  }
};

/// Crust: the punctured column of epidermis dies and is cast off with the pigment in it, while new epidermis grows in under it
/// from the sides at a constant speed, so that the share still attached after t is e^(-(t/T)^2). Source: microscopic epidermal
/// necrotic debris below holes of 0.1 mm is cast off within 7 to 14 days and carries dermal content, Hantash 2006, Lasers Surg.
/// Med. 38, and Laubach 2006, ibid.; the form is an estimate.
struct CrustShedding {
  double time;  ///< T; none if 0 [s]

  /// Rate of loss over the step from `since` on, times the step [-]: ((since + dt)^2 - since^2) / T^2.
  DF_FUNCTION double loss(double since, double dt) const { return time > 0.0 ? dt * (2.0 * since + dt) / (time * time) : 0.0; }
};

}  // namespace dermaflux
