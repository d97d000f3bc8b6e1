#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/io/config.hpp"

namespace dermaflux {

/// When the skin is treated again: practice for the class, when that is too early, and by what a touch-up is due.
struct SessionRules {
  int fewest, most;
  double days_between_min, days_between_max;  ///< from one session to the next, none sooner than `earliest_day`
  std::vector<std::string> purposes;          ///< of each session up to `most`
  std::string source;                         ///< of all that
  double earliest_day;                        ///< since the last session, whole
  double touch_up_share;                      ///< of the contrast of day 14 below which a touch-up is due [-]
  double horizon_years;                       ///< how long a prediction looks on
};

/// Reads the table [sessions], in which a table [sessions.CLASS] replaces what it names for one tissue class. The earliest day is
/// that of the alarm, or the one on which the erythema of the treatment has faded to what the table allows, if that is later.
///
/// Parameters: `treatments`, the folder of the treatment files, which say what classes there are; `alarm_day`, below which the
/// driver stops. Throws InputError.
SessionRules read_session_rules(std::map<std::string, ConfigValue> values, const TreatmentDocument& base,
                                const std::string& skin_class, const std::filesystem::path& treatments, double alarm_day,
                                const std::string& where);

}  // namespace dermaflux
