#pragma once
#include <string>
#include <vector>

#include "core/treatment/puncture.hpp"
#include "core/treatment/treatment.hpp"

namespace dermaflux {

/// A setting outside what the model is made for: the result is there, but should not be trusted in this respect.
struct ValidityWarning {
  std::string name;  ///< one of `validity_names`
  std::string text;  ///< value, limit, why, and what to do
};

/// Names of all limits, in the order of the bits of `validity_mask`.
std::vector<std::string> validity_names();

/// Limits that a treatment passes, each once: for the first of its sessions that does. `puncture` is that of the first session.
std::vector<ValidityWarning> validity_warnings(const Treatment& treatment, const Puncture& puncture);

/// The same as a number, the sum of 2^k over the limits k that are passed.
int validity_mask(const Treatment& treatment, const Puncture& puncture);

/// Throws InputError, before any work, where a hard limit is passed: beyond it the equations have no meaning.
void require_valid(const Treatment& treatment, const Puncture& puncture);

}  // namespace dermaflux
