#include "core/io/session_input.hpp"

#include <sstream>

#include "core/error.hpp"
#include "core/units.hpp"

namespace dermaflux {
namespace {

std::string list_text(const SessionList& list, double unit) {
  std::ostringstream text;
  text << "[";
  for (std::size_t n = 0; n < static_cast<std::size_t>(list.count); ++n) text << (n > 0 ? ", " : "") << list.values[n] / unit;
  return text.str() + "]";
}

void check_length(const SessionList& list, const char* key, double unit, int sessions, const std::string& where) {
  if (list.count == 0 || list.count == sessions) return;
  throw InputError(where + ": sessions." + key + " = " + list_text(list, unit) + " has " + std::to_string(list.count) +
                   " values, but sessions.days has " + std::to_string(sessions) +
                   "; give one per session, or leave it out for the machine's");
}

}  // namespace

std::map<std::string, ConfigValue> single_session() {
  const auto value = [](std::vector<double> list, const char* source) {
    return ConfigValue{std::move(list), std::nullopt, source, "default"};
  };
  return {{"sessions.days", value({0.0}, "definition: one session unless stated")},
          {"sessions.depth_mm", value({}, "definition: the machine's unless stated")},
          {"sessions.dwell_ms", value({}, "definition: the machine's unless stated")}};
}

void check_sessions(const Treatment& treatment, const std::string& where) {
  const Sessions& sessions = treatment.sessions;
  const double skin_thickness = treatment.skin_at_axis().thickness();
  const std::string days = where + ": sessions.days = " + list_text(sessions.start, units::day);
  if (sessions.time(0) != 0.0)
    throw InputError(days + " does not begin with 0 (days count from the first session); subtract the first day");
  for (int s = 1; s < sessions.count(); ++s)
    if (!(sessions.time(s) > sessions.time(s - 1)))
      throw InputError(days + " does not increase (a session follows the one before); sort the days and give each once");
  check_length(sessions.depth, "depth_mm", units::mm, sessions.count(), where);
  check_length(sessions.dwell, "dwell_ms", units::ms, sessions.count(), where);
  for (int s = 0; s < sessions.depth.count; ++s) {
    const double depth = sessions.depth.values[static_cast<std::size_t>(s)];
    if (depth <= treatment.machine.stroke && depth <= skin_thickness) continue;
    std::ostringstream text;
    text << where << ": sessions.depth_mm = " << list_text(sessions.depth, units::mm)
         << " asks for more than machine.stroke_mm = " << treatment.machine.stroke / units::mm << " mm or than the skin is thick ("
         << skin_thickness / units::mm << " mm); use less depth";
    throw InputError(text.str());
  }
}

}  // namespace dermaflux
