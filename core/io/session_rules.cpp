#include "core/io/session_rules.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "core/error.hpp"
#include "core/io/table_reader.hpp"
#include "core/number_text.hpp"
#include "core/treatment/sessions.hpp"
#include "core/units.hpp"

namespace dermaflux {
namespace {

using Table = std::map<std::string, ConfigValue>;

/// Two numbers, the second not below the first, both within limits.
std::pair<double, double> interval(TableReader& reader, const char* key, double low, double high) {
  const std::string place = reader.place(key);
  const auto ends = reader.take<std::vector<double>>(key, "two numbers, [least, most]");
  const bool good = ends.size() == 2 && ends[0] >= low && ends[0] <= ends[1] && ends[1] <= high;
  if (!good)
    throw InputError(place + ": " + key + " is no interval; give two numbers, [least, most], from " + number_text(low) + " to " +
                     number_text(high));
  return {ends[0], ends[1]};
}

double within(TableReader& reader, const char* key, double low, double high) {
  const std::string place = reader.place(key);
  const double value = reader.take<double>(key, "a number");
  if (!(value >= low && value <= high))
    throw InputError(place + ": " + key + " = " + number_text(value) + " is out of range; give " + number_text(low) + " to " +
                     number_text(high));
  return value;
}

SessionRules read_rules(Table values, const TreatmentDocument& base, double alarm_day, const std::string& where) {
  TableReader reader(std::move(values), where);
  for (const char* key : {"count", "erythema", "touch_up_share"}) reader.expect_unit(key, "1");
  reader.expect_unit("days_between", "day");
  reader.expect_unit("horizon_years", "year");
  SessionRules rules;
  const auto [fewest, most] = interval(reader, "count", 1.0, max_sessions);
  if (fewest != std::floor(fewest) || most != std::floor(most))
    throw InputError(where + ".count is not whole; give whole numbers from 1 to " + std::to_string(max_sessions));
  rules.fewest = static_cast<int>(fewest);
  rules.most = static_cast<int>(most);
  std::tie(rules.days_between_min, rules.days_between_max) = interval(reader, "days_between", 1.0, 365.0);
  rules.purposes = reader.take<std::vector<std::string>>("purposes", "a list of texts");
  if (rules.purposes.size() != static_cast<std::size_t>(rules.most))
    throw InputError(where + ".purposes has " + std::to_string(rules.purposes.size()) + " texts for up to " +
                     std::to_string(rules.most) + " sessions; say of each what it is for");
  rules.source = reader.take<std::string>("source", "text");
  const double erythema = within(reader, "erythema", 0.01, 1.0);
  rules.touch_up_share = within(reader, "touch_up_share", 0.01, 1.0);
  rules.horizon_years = within(reader, "horizon_years", 1.0, 10.0);
  reader.finish({"count", "days_between", "purposes", "source", "erythema", "touch_up_share", "horizon_years"});
  const double faded = -std::log(erythema) * base.treatment().skin_at_axis().appearance.erythema_decay / units::day;
  rules.earliest_day = std::ceil(std::max(alarm_day, faded));
  rules.days_between_min = std::max(rules.days_between_min, rules.earliest_day);
  rules.days_between_max = std::max(rules.days_between_max, rules.days_between_min);
  return rules;
}

}  // namespace

SessionRules read_session_rules(Table values, const TreatmentDocument& base, const std::string& skin_class,
                                const std::filesystem::path& treatments, double alarm_day, const std::string& where) {
  if (!(alarm_day > 0.0))
    throw InputError(where + " needs an [[alarm]] on \"days since last session below\" with a stop, which no session comes before");
  std::map<std::string, Table> of_class{{skin_class, {}}};
  for (auto it = values.begin(); it != values.end();) {
    const std::size_t dot = it->first.find('.');
    if (dot == std::string::npos) {
      ++it;
      continue;
    }
    const std::string name = it->first.substr(0, dot);
    if (!std::filesystem::is_regular_file(treatments / (name + "_scalp.toml")))
      throw InputError(it->second.where + ": [sessions." + name + "] is of no tissue class (no file " +
                       (treatments / (name + "_scalp.toml")).string() + "); give the name of a class");
    of_class[name][it->first.substr(dot + 1)] = it->second;
    it = values.erase(it);
  }
  SessionRules wanted;
  for (auto& [name, own] : of_class) {  // all are read, so that none is wrong unseen
    own.insert(values.begin(), values.end());
    const SessionRules rules = read_rules(own, base, alarm_day, where);
    if (name == skin_class) wanted = rules;
  }
  return wanted;
}

}  // namespace dermaflux
