#pragma once
#include <array>
#include <cstddef>

namespace dermaflux {

/// Up to so many numbers, in SI; empty where the treatment does not say.
template <int most>
struct NumberList {
  int count;
  std::array<double, most> values;

  /// The n-th; one value stands for all.
  double of(int n) const { return values[static_cast<std::size_t>(count == 1 ? 0 : n)]; }
};

}  // namespace dermaflux
