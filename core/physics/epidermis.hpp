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

}  // namespace dermaflux
