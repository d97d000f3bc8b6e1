#pragma once
#include "core/physics/ring_share.hpp"
#include "core/tissue/skin.hpp"

namespace dermaflux {

/// Outline of a scar seen from above.
enum class ScarShape : int { none = 0, disc = 1, strip = 2 };

/// A scar in the skin, and where the dot stands in it or beside it.
struct Scar {
  ScarShape shape;
  double width;   ///< diameter of a disc, width of a strip [m]
  double offset;  ///< distance of the dot's axis from the centre of a disc or the centre line of a strip [m]
  Skin tissue;    ///< of the scar; nothing where there is none

  /// Whether the dot's axis lies in the scar; on its border it lies beside it.
  bool holds_axis() const { return shape != ScarShape::none && offset < 0.5 * width; }

  /// Share of a thin ring around the dot's axis that lies in the scar [-]; exact for the outline.
  double share(double ring) const {
    switch (shape) {
      case ScarShape::none:
        return 0.0;
      case ScarShape::disc:
        return ShiftedRingShare{offset}(ring, 0.5 * width);
      case ScarShape::strip:
        return StripRingShare{width, offset}(ring);
    }
    return 0.0;
  }
};

}  // namespace dermaflux
