#pragma once
#include <map>
#include <string>

#include "core/io/sweep_file.hpp"

namespace dermaflux {

/// Reads an entry [[condition]] of a sweep whose axes are known. Throws InputError: what it compares is no axis, or cannot be
/// compared.
Condition read_condition(std::map<std::string, ConfigValue> entry, const SweepFile& sweep);

}  // namespace dermaflux
