#pragma once
#include <cstdint>

#include "core/portability.hpp"

namespace dermaflux {

/// Four words: a counter, or what comes of it.
struct Words {
  std::uint32_t a, b, c, d;
};

/// Philox4x32-10, a random number generator without state: ten rounds of multiplication turn a counter into four words, so that
/// every draw of every photon can be had alone, in any order. Source: Salmon, Moraes, Dror & Shaw 2011, Proc. SC11, "Parallel
/// random numbers: as easy as 1, 2, 3".
struct Philox {
  std::uint32_t key_low, key_high;

  DF_FUNCTION Words operator()(Words counter) const {
    std::uint32_t low = key_low, high = key_high;
    for (int round = 0; round < 10; ++round) {
      const std::uint64_t first = std::uint64_t{0xD2511F53u} * counter.a, second = std::uint64_t{0xCD9E8D57u} * counter.c;
      counter = {upper(second) ^ counter.b ^ low, lower(second), upper(first) ^ counter.d ^ high, lower(first)};
      low += 0x9E3779B9u;
      high += 0xBB67AE85u;
    }
    return counter;
  }
  /// A word as a number inside (0, 1), never an end.
  DF_FUNCTION static double uniform(std::uint32_t word) { return (static_cast<double>(word) + 0.5) * 0x1p-32; }

 private:
  DF_FUNCTION static std::uint32_t upper(std::uint64_t word) { return static_cast<std::uint32_t>(word >> 32); }
  DF_FUNCTION static std::uint32_t lower(std::uint64_t word) { return static_cast<std::uint32_t>(word); }
};

}  // namespace dermaflux
