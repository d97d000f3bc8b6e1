#pragma once
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "core/simulation/outcome.hpp"
#include "kernels/run.hpp"

/// Comparison of results bit by bit: a NaN equals the same NaN, and -0 differs from 0.
namespace dermaflux::test {

/// Every number of an outcome, in the order of its members; what lies behind the last moment is left out.
inline std::vector<double> numbers(const Outcome& o) {
  std::vector<double> all = {static_cast<double>(o.status),
                             static_cast<double>(o.strokes),
                             o.failed_at,
                             o.contact_time,
                             o.drawn_volume,
                             o.back_volume,
                             o.exuded_volume,
                             o.drawn_pigment,
                             o.back_pigment,
                             o.exuded_pigment,
                             o.retained_volume,
                             o.deposited,
                             o.epidermal_share,
                             o.below_dermis,
                             o.radius_in_skin,
                             o.radius_in_fat,
                             o.fractured_volume,
                             o.peak_pressure,
                             o.imbalance,
                             static_cast<double>(o.steps),
                             static_cast<double>(o.iterations),
                             static_cast<double>(o.substeps),
                             static_cast<double>(o.rejected),
                             static_cast<double>(o.healing_steps),
                             static_cast<double>(o.moment_count)};
  for (int s = 0; s < o.session_count; ++s)
    for (const double value : {o.sessions[s].time, o.sessions[s].tip_depth, o.sessions[s].strokes, o.sessions[s].drawn_pigment,
                               o.sessions[s].deposited, o.sessions[s].contrast_before})
      all.push_back(value);
  for (int m = 0; m < o.moment_count; ++m) {
    const MomentOutcome& at = o.moments[m];
    all.insert(all.end(), std::begin(at.pools), std::end(at.pools));
    all.insert(all.end(), std::begin(at.losses), std::end(at.losses));
    for (const double value : {at.time, at.depth_mean, at.depth_p10, at.depth_p90, at.radius_mean, at.below_limit, at.contrast,
                               at.fwhm, at.erythema, at.oedema, at.haematoma})
      all.push_back(value);
  }
  for (const ColourOutcome& colour : o.colour) {
    all.insert(all.end(), std::begin(colour.skin), std::end(colour.skin));
    all.insert(all.end(), std::begin(colour.dot), std::end(colour.dot));
  }
  return all;
}

inline std::vector<double> numbers(const std::vector<MemberResult>& results) {
  std::vector<double> all;
  for (const MemberResult& result : results) {
    const std::vector<double> own = numbers(result.outcome);
    all.insert(all.end(), own.begin(), own.end());
  }
  return all;
}

/// Whether two lists hold the same bits; names the first place where they do not.
inline ::testing::AssertionResult same_bits(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() != b.size()) return ::testing::AssertionFailure() << a.size() << " values against " << b.size();
  for (std::size_t k = 0; k < a.size(); ++k)
    if (std::bit_cast<std::uint64_t>(a[k]) != std::bit_cast<std::uint64_t>(b[k]))
      return ::testing::AssertionFailure() << "value " << k << " of " << a.size() << ": " << a[k] << " against " << b[k]
                                           << ", difference " << a[k] - b[k];
  return ::testing::AssertionSuccess();
}

inline ::testing::AssertionResult same_bits(const MemberOutcome& a, const MemberOutcome& b) {
  if (a.index() != b.index()) return ::testing::AssertionFailure() << "one member failed, the other did not";
  if (const auto* message = std::get_if<std::string>(&a)) {
    if (*message == std::get<std::string>(b)) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << *message << " against " << std::get<std::string>(b);
  }
  return same_bits(numbers(std::get<0>(a)), numbers(std::get<0>(b)));
}

}  // namespace dermaflux::test
