#pragma once
#include <map>
#include <string>

#include "core/io/config.hpp"

namespace dermaflux {

/// What the keys of sessions hold unless a file says otherwise: one session with the machine's depth and contact time.
std::map<std::string, ConfigValue> single_session();

/// Checks the sessions of a treatment. Throws InputError: the first not on day 0, days that do not
/// increase, depths or contact times of another number of sessions, a depth beyond stroke or skin.
void check_sessions(const Treatment& treatment, const std::string& where);

}  // namespace dermaflux
