#pragma once
#include <bit>
#include <cmath>
#include <cstdint>

#include "core/portability.hpp"

namespace dermaflux {

/// Elementary functions of nothing but + - * /, fused a b + c and bits, without branches or tables. The compiler puts them into
/// vector registers, which it cannot do with those of the C library, and they give the same bits in any number of lanes and on any
/// device, so that photons fly the same paths everywhere. Within 3 units in the last place of the exact value.

/// a b + c, rounded once: on every device, and on hosts that have no such instruction slowly by the C library, with the same bits.
DF_IN_LANES DF_FUNCTION inline double fused(double a, double b, double c) { return std::fma(a, b, c); }

/// Polynomial in x, coefficients in pairs from the lowest power: (a + b x) + x^2 ((c + d x) + x^2 ...), half as deep as Horner's.
template <class... Coefficients>
DF_IN_LANES DF_FUNCTION inline double polynomial(double x, double square, double a, double b, Coefficients... rest) {
  if constexpr (sizeof...(rest) == 0)
    return fused(b, x, a);
  else
    return fused(square, polynomial(x, square, rest...), fused(b, x, a));
}

/// The parts of e^x = 2^n (1 + rest), x held between -708 and 709, where the result is a normal number. x = n ln 2 + r, |r| <= (ln
/// 2)/2, and the Taylor series of e^r - 1 to r^13, whose remainder is 4e-18.
struct ExponentialParts {
  double scale, rest;  ///< 2^n, e^r - 1

  DF_IN_LANES DF_FUNCTION static ExponentialParts of(double x) { return between(x < -708.0 ? -708.0 : (x > 709.0 ? 709.0 : x)); }
  /// Of a number between the two.
  DF_IN_LANES DF_FUNCTION static ExponentialParts between(double x) {
    constexpr double shift = 6755399441055744.0;  // 1.5 * 2^52: the last bits of a sum with it are a whole number
    const double sum = fused(x, 1.4426950408889634, shift), n = sum - shift;
    const double r = fused(n, -1.9082149292705877e-10, fused(n, -0.6931471803691238, x));  // ln 2 in two parts
    const double series = polynomial(r, r * r, 0.5, 1.0 / 6.0, 1.0 / 24.0, 1.0 / 120.0, 1.0 / 720.0, 1.0 / 5040.0, 1.0 / 40320.0,
                                     1.0 / 362880.0, 1.0 / 3628800.0, 1.0 / 39916800.0, 1.0 / 479001600.0, 1.0 / 6227020800.0);
    return {std::bit_cast<double>((std::bit_cast<std::uint64_t>(sum) + 1023) << 52), fused(r * r, series, r)};
  }
};

/// e^x, x held between -708 and 709.
DF_IN_LANES DF_FUNCTION inline double lane_exp(double x) {
  const ExponentialParts parts = ExponentialParts::of(x);
  return fused(parts.scale, parts.rest, parts.scale);
}

/// e^-x of a number that is not negative, of more than 708 as of that.
DF_IN_LANES DF_FUNCTION inline double lane_decay(double x) {
  const ExponentialParts parts = ExponentialParts::between(x > 708.0 ? -708.0 : -x);
  return fused(parts.scale, parts.rest, parts.scale);
}

/// e^x - 1, exact to the last places for small x, too.
DF_IN_LANES DF_FUNCTION inline double lane_expm1(double x) {
  const ExponentialParts parts = ExponentialParts::of(x);
  return fused(parts.scale, parts.rest, parts.scale - 1.0);
}

/// ln x of a positive normal number; of infinity 709.8, no less than of any number. x = 2^n m, m from sqrt(1/2) to sqrt(2), and ln
/// m = 2 artanh((m - 1)/(m + 1)) to the 21st power, whose remainder is 1e-19.
DF_IN_LANES DF_FUNCTION inline double lane_log(double x) {
  constexpr std::uint64_t least = 0x3fe6a09e667f3bcd;  // sqrt(1/2)
  const std::uint64_t bits = std::bit_cast<std::uint64_t>(x), exponent = (bits - least + (std::uint64_t{1024} << 52)) >> 52;
  const double n = std::bit_cast<double>(exponent | 0x4330000000000000) - 4503599627371520.0;  // 2^52 + 1024
  const double m = std::bit_cast<double>(bits - ((exponent - 1024) << 52));
  const double s = (m - 1.0) / (m + 1.0), square = s * s;
  const double series = polynomial(square, square * square, 2.0 / 3.0, 2.0 / 5.0, 2.0 / 7.0, 2.0 / 9.0, 2.0 / 11.0, 2.0 / 13.0,
                                   2.0 / 15.0, 2.0 / 17.0, 2.0 / 19.0, 2.0 / 21.0);
  const double sum = fused(n, 0.6931471803691238, fused(2.0, s, fused(s * square, series, n * 1.9082149292705877e-10)));
  return x == x ? sum : x;  // NaN stays NaN
}

/// x^y of a positive normal number x; within |y ln x| units in the last place more.
DF_IN_LANES DF_FUNCTION inline double lane_power(double x, double y) { return lane_exp(y * lane_log(x)); }

/// Cosine and sine of an angle.
struct Angle {
  double cosine, sine;
};

/// A random direction in the plane: cosine and sine of 2 pi u - pi/4, 0 <= u < 1; error below 2e-14.
DF_IN_LANES DF_FUNCTION inline Angle lane_turn(double u) {
  const double quarters = 4.0 * u;
  const int quarter = static_cast<int>(quarters);
  const double a = (quarters - quarter - 0.5) * 1.5707963267948966, q = a * a;  // |a| <= pi/4
  const double s = a * polynomial(q, q * q, 1.0, -1.0 / 6.0, 1.0 / 120.0, -1.0 / 5040.0, 1.0 / 362880.0, -1.0 / 39916800.0,
                                  1.0 / 6227020800.0, -1.0 / 1307674368000.0);
  const double c = polynomial(q, q * q, 1.0, -0.5, 1.0 / 24.0, -1.0 / 720.0, 1.0 / 40320.0, -1.0 / 3628800.0, 1.0 / 479001600.0,
                              -1.0 / 87178291200.0);
  const bool odd = (quarter & 1) != 0, turned = (quarter & 2) != 0;
  const double cosine = odd ? -s : c, sine = odd ? c : s;
  return turned ? Angle{-cosine, -sine} : Angle{cosine, sine};
}

}  // namespace dermaflux
