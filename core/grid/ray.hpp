#pragma once
#include "core/direction.hpp"
#include "core/grid/field_view.hpp"

namespace dermaflux {

/// A point and a direction; z counts downward from the surface [m].
struct Ray {
  double x, y, z;
  Direction to;

  DF_FUNCTION void advance(double way) {
    x += way * to.x;
    y += way * to.y;
    z += way * to.z;
  }
};

/// Faces through which a ray leaves a cell.
enum class Face : int { none, above, below, inner, outer, left, right, front, back };

/// Where a ray leaves a cell.
struct Crossing {
  double distance;  ///< [m]
  Face face;
};

}  // namespace dermaflux
