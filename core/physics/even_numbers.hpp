#pragma once
#include <cstdint>

#include "core/portability.hpp"

namespace dermaflux {

/// Points that fill the unit cube evenly: coordinate k of point n is the fraction of n / x^(k + 1), x the real root of x^(d + 1) =
/// x + 1 (the golden ratio for d = 1). A mean over them comes closer than one over random points. Kept in words of 64 bits, so that
/// point n is exact however large n is. Source: Niederreiter 1992, Random Number Generation and Quasi-Monte Carlo Methods, ch. 3
/// (Kronecker sequences); the choice of numbers: Schretter, Kobbelt & Dehaye 2012, J. Graph. Tools 16, for d = 1.
template <int Dimensions>
class EvenNumbers {
 public:
  EvenNumbers() {
    constexpr int degree = Dimensions + 1;
    double root = 1.0 + 1.0 / degree;
    for (int n = 0; n < 100; ++n) {  // Newton; at a root of 24 dimensions six steps are enough
      double power = 1.0;
      for (int k = 0; k < degree - 1; ++k) power *= root;
      root -= (power * root - root - 1.0) / (degree * power - 1.0);
    }
    double part = 1.0;
    for (auto& step : step_) {
      part /= root;
      step = static_cast<std::uint64_t>(part * 0x1p53) << 11;
    }
  }
  /// Coordinate of a point, inside (0, 1).
  double operator()(std::uint64_t point, int coordinate) const {
    const std::uint64_t word = (std::uint64_t{1} << 63) + point * step_[coordinate];  // the first point is the middle
    return (static_cast<double>(word >> 11) + 0.5) * 0x1p-53;
  }

 private:
  std::uint64_t step_[Dimensions] = {};
};

}  // namespace dermaflux
