#pragma once

namespace dermaflux {

/// A unit vector; z points down, into the skin.
struct Direction {
  double x, y, z;
};

}  // namespace dermaflux
