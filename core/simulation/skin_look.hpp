#pragma once
#include <array>

#include "core/treatment/treatment.hpp"

namespace dermaflux {

/// Diffuse reflectance per band of resting skin without a dot, as every run of the treatment on the standard grid or a finer one
/// sees it [-]. Throws InputError where the needle cannot be run.
std::array<double, band_count> skin_reflectance(const Treatment& treatment);

}  // namespace dermaflux
