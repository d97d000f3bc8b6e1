#pragma once
#include <cmath>
#include <limits>
#include <vector>

#include "core/io/output_fields.hpp"

namespace dermaflux {

/// What an output is that a run cannot give.
inline constexpr double missing = std::numeric_limits<double>::quiet_NaN();

/// The moment of a run at a time after treatment [s], or none.
inline const MomentOutcome* moment_at(const MemberResult& r, double time) {
  for (int m = 0; m < r.outcome.moment_count; ++m)
    if (std::fabs(r.outcome.moments[m].time - time) < 1.0) return &r.outcome.moments[m];
  return nullptr;
}

/// A value of that moment; missing if the run did not reach it.
template <class Value>
double at(const MemberResult& r, double time, Value value) {
  const MomentOutcome* m = moment_at(r, time);
  return m ? value(*m) : missing;
}

/// What the eye sees of the dot, and of a field of them.
std::vector<OutputField> appearance_outputs();

}  // namespace dermaflux
