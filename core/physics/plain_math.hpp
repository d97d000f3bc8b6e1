#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>

#include "core/portability.hpp"

namespace dermaflux::plain {

/// Elementary functions of nothing but + - * / and square roots, which every IEEE machine rounds alike: photons then fly the same
/// paths on host and device, bit for bit. Series after an exact reduction of the argument; errors are tested in tests/unit.

DF_FUNCTION inline double from_bits(std::uint64_t bits) {
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}
DF_FUNCTION inline std::uint64_t to_bits(double value) {
  std::uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

/// e^-x for x >= 0, 0 beyond 700; relative error below 1e-15 times max(1, x).
DF_FUNCTION inline double decay(double x) {
  if (!(x < 700.0)) return 0.0;
  const double k = static_cast<double>(static_cast<int>(x * 1.4426950408889634 + 0.5));
  const double r = k * 1.42860682030941723212e-6 - (x - k * 0.693145751953125);  // k ln 2 - x, ln 2 in two parts: |r| <= ln 2 / 2
  double sum = 1.0 / 479001600.0;
  constexpr double inverse[] = {1.0 / 39916800.0, 1.0 / 3628800.0, 1.0 / 362880.0, 1.0 / 40320.0, 1.0 / 5040.0, 1.0 / 720.0,
                                1.0 / 120.0,      1.0 / 24.0,      1.0 / 6.0,      0.5,           1.0,          1.0};
  for (const double coefficient : inverse) sum = sum * r + coefficient;
  return sum * from_bits(static_cast<std::uint64_t>(1023 - static_cast<int>(k)) << 52);
}

/// -ln u for 0 < u <= 1, u no denormal; relative error below 1e-14.
DF_FUNCTION inline double minus_log(double u) {
  const std::uint64_t bits = to_bits(u), shifted = bits - 0x3FE6A09E667F3BCDull;  // from sqrt(1/2) on
  const std::int64_t power = static_cast<std::int64_t>(shifted) >> 52;
  const double m = from_bits(bits - (static_cast<std::uint64_t>(power) << 52));  // sqrt(1/2) to sqrt(2)
  const double s = (m - 1.0) / (m + 1.0), q = s * s;
  double sum = 1.0 / 19.0;
  constexpr double odd[] = {1.0 / 17.0, 1.0 / 15.0, 1.0 / 13.0, 1.0 / 11.0, 1.0 / 9.0, 1.0 / 7.0, 1.0 / 5.0, 1.0 / 3.0};
  for (const double coefficient : odd) sum = sum * q + coefficient;
  const double k = static_cast<double>(power);
  return -(k * 0.693145751953125 + (2.0 * s + (2.0 * s * q * sum + k * 1.42860682030941723212e-6)));
}

/// Cosine and sine of an angle.
struct Angle {
  double cosine, sine;
};

/// A random direction in the plane: cosine and sine of 2 pi u - pi/4, 0 <= u < 1; error below 2e-14.
DF_FUNCTION inline Angle turn(double u) {
  const double quarters = 4.0 * u;
  const int quarter = static_cast<int>(quarters);
  const double a = (quarters - quarter - 0.5) * 1.5707963267948966, q = a * a;  // |a| <= pi/4
  const double s =
      a * (1.0 +
           q * (-1.0 / 6.0 + q * (1.0 / 120.0 + q * (-1.0 / 5040.0 +
                                                     q * (1.0 / 362880.0 + q * (-1.0 / 39916800.0 + q * (1.0 / 6227020800.0)))))));
  const double c =
      1.0 +
      q * (-0.5 + q * (1.0 / 24.0 +
                       q * (-1.0 / 720.0 +
                            q * (1.0 / 40320.0 + q * (-1.0 / 3628800.0 + q * (1.0 / 479001600.0 + q * (-1.0 / 87178291200.0)))))));
  const bool odd = (quarter & 1) != 0, turned = (quarter & 2) != 0;
  const double cosine = odd ? -s : c, sine = odd ? c : s;
  return turned ? Angle{-cosine, -sine} : Angle{cosine, sine};
}

}  // namespace dermaflux::plain
