#pragma once
#include <string>

#include "core/tissue/scar.hpp"

namespace dermaflux {

/// Checks that the numbers of one skin fit together and to the set depth of the needle [m]. Throws InputError, with `where` in
/// front; `group` is the name of the skin's keys, "skin" or "scar.tissue".
void check_skin(const Skin& skin, double depth, const std::string& group, const std::string& where);

/// Checks that what is said of a scar describes one. Throws InputError.
void check_scar(const Scar& scar, const std::string& where);

}  // namespace dermaflux
