#pragma once
#include <string>
#include <vector>

#include "core/treatment/treatment.hpp"

namespace dermaflux {

/// Reasons why nobody should treat this client now, in words; empty if there is none. A preset is refused for each of them.
/// Source: practice and alarms A8 to A10 (keloid history, active inflammation, immature scars).
std::vector<std::string> contraindications(const Treatment& treatment);

}  // namespace dermaflux
