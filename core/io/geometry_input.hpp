#pragma once
#include <map>
#include <string>

#include "core/io/config.hpp"

namespace dermaflux {

/// What a treatment says that has no [geometry].
std::map<std::string, ConfigValue> plain_geometry();

/// Checks that what is said of a box describes one that can be run. Throws InputError.
void check_geometry(const Treatment& treatment, const std::string& where);

}  // namespace dermaflux
