#include "core/io/study_file.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "core/error.hpp"
#include "core/grid/grid_builder.hpp"
#include "core/io/keys.hpp"
#include "core/io/output_fields.hpp"
#include "core/io/study_keys.hpp"
#include "core/io/table_reader.hpp"
#include "core/io/toml_reader.hpp"
#include "core/number_text.hpp"

namespace dermaflux {
namespace {

namespace fs = std::filesystem;
using Table = std::map<std::string, ConfigValue>;

std::vector<double> increasing(std::vector<double> values, const std::string& what) {
  if (values.empty()) throw InputError(what + " is empty; give at least one value");
  if (!std::is_sorted(values.begin(), values.end(), std::less_equal<>()))
    throw InputError(what + " does not increase; sort the values and drop doubles");
  return values;
}

Criterion read_criterion(Table entry) {
  const std::string where = where_of(entry);
  const bool weighted = entry.contains("weight");
  TableReader reader = entry_reader(std::move(entry));
  Criterion rule;
  rule.name = reader.take<std::string>("name", "text");
  rule.output = reader.take<std::string>("output", "the name of an output");
  for (const char* edge : {"low", "high"}) reader.expect_unit(edge, output_field(rule.output).unit);
  rule.low = reader.take_or<double>("low", "a number", -HUGE_VAL);
  rule.high = reader.take_or<double>("high", "a number", HUGE_VAL);
  rule.reason = reader.take<std::string>("reason", "text");
  rule.source = reader.take<std::string>("source", "text");
  reader.expect_unit("weight", "1");
  const double weight = reader.take_or<double>("weight", "a number above 0, below 1", 0.0);
  if (weighted && !(weight > 0.0 && weight < 1.0))
    throw InputError(where + ": criterion " + rule.name + " has weight = " + number_text(weight) +
                     "; give a number above 0, below 1, or leave it out: then a dot that breaks the rule is not right");
  if (weighted) rule.weight = weight;
  reader.finish({"name", "output", "low", "high", "weight", "reason", "source"});
  if (!(rule.low < rule.high))
    throw InputError(where + ": criterion " + rule.name + " has low = " + number_text(rule.low) +
                     " at or above high = " + number_text(rule.high) + "; no dot can be right, so raise high or lower low");
  return rule;
}

Alarm read_alarm(Table entry) {
  const std::string where = where_of(entry);
  TableReader reader = entry_reader(std::move(entry));
  Alarm alarm;
  alarm.name = reader.take<std::string>("name", "text");
  alarm.quantity = reader.take<std::string>("quantity", "text");
  alarm.action = reader.take<std::string>("action", "text");
  alarm.reason = reader.take<std::string>("reason", "text");
  alarm.source = reader.take<std::string>("source", "text");
  alarm.unit = reader.unit_of(reader.unit_of("warn").empty() ? "stop" : "warn");
  if (alarm.unit.empty()) throw InputError(where + ": alarm " + alarm.name + " has no unit; write it beside warn or stop");
  reader.expect_unit("stop", alarm.unit);
  alarm.warn = reader.take_or<double>("warn", "a number", NAN);
  alarm.stop = reader.take_or<double>("stop", "a number", NAN);
  reader.finish({"name", "quantity", "action", "reason", "source", "warn", "stop"});
  return alarm;
}

EnvelopeLimit read_limit(Table entry) {
  const std::string where = where_of(entry);
  TableReader reader = entry_reader(std::move(entry));
  EnvelopeLimit limit;
  limit.key = reader.take<std::string>("key", "a dotted key");
  for (const char* edge : {"low", "high"}) reader.expect_unit(edge, numeric_key(limit.key, keys(), where).unit);
  limit.low = reader.take<double>("low", "a number");
  limit.high = reader.take<double>("high", "a number");
  limit.source = reader.take<std::string>("source", "text");
  reader.finish({"key", "low", "high", "source"});
  if (!(limit.low < limit.high))
    throw InputError(where + ": envelope of " + limit.key + " has low = " + number_text(limit.low) +
                     " at or above high = " + number_text(limit.high) + "; no setting is allowed, so raise high or lower low");
  return limit;
}

/// Splits the values of one table off, under their names in it.
Table split_off(Table& values, const std::string& table) {
  const std::string prefix = table + ".";
  Table own;
  for (auto it = values.lower_bound(prefix); it != values.end() && it->first.starts_with(prefix); it = values.erase(it))
    own[it->first.substr(prefix.size())] = it->second;
  return own;
}

SettingsTable read_table(Table values, const TreatmentDocument& base, const std::string& where) {
  TableReader reader(std::move(values), where);
  for (const char* key : {"shares", "contrast_tolerance", "share_tolerance"}) reader.expect_unit(key, "1");
  SettingsTable table;
  table.thickness = reader.take<std::vector<std::string>>("thickness", "a list of keys");
  table.resistance = reader.take<std::vector<std::string>>("resistance", "a list of keys");
  table.shares = increasing(reader.take<std::vector<double>>("shares", "a list of shares"), where + ".shares");
  table.contrast_tolerance = reader.take<double>("contrast_tolerance", "a number");
  table.share_tolerance = reader.take<double>("share_tolerance", "a number");
  reader.finish({"thickness", "resistance", "shares", "contrast_tolerance", "share_tolerance"});
  for (const double share : table.shares)
    if (!(share > 0.0 && share < 1.0))
      throw InputError(where + ".shares has " + number_text(share) + "; give shares of the probability between 0 and 1");
  for (const double tolerance : {table.contrast_tolerance, table.share_tolerance})
    if (!(tolerance > 0.0 && tolerance < 1.0))
      throw InputError(where + " has a tolerance of " + number_text(tolerance) + "; give one between 0 and 1");
  for (const std::vector<std::string>* keys : {&table.thickness, &table.resistance}) {
    if (keys->empty()) throw InputError(where + " names no key for one of its axes; name at least one");
    for (const std::string& key : *keys) check_uncertain(base, key, where);
  }
  return table;
}

LocationGoal read_location(Table values, const std::string& where) {
  TableReader reader(std::move(values), where);
  reader.expect_unit("depth_um", "um");
  for (const char* key : {"dwell_share", "confidence", "as_good", "most_draws"}) reader.expect_unit(key, "1");
  LocationGoal goal{};
  const auto within = [&](const char* key, double low, double high) {
    const double value = reader.take<double>(key, "a number");
    if (!(value >= low && value <= high))
      throw InputError(where + "." + key + " = " + number_text(value) + " is out of range; give " + number_text(low) + " to " +
                       number_text(high));
    return value;
  };
  goal.depth_um = within("depth_um", 5.0, 200.0);
  goal.dwell_share = within("dwell_share", 0.02, 0.5);
  goal.confidence = within("confidence", 0.5, 0.99);
  goal.as_good = within("as_good", 0.0001, 0.1);
  const double most = within("most_draws", 1.0, 65536.0);
  if (most != std::floor(most)) throw InputError(where + ".most_draws is not a whole number; give one from 1 to 65536");
  goal.most_draws = static_cast<int>(most);
  reader.finish({"depth_um", "dwell_share", "confidence", "as_good", "most_draws"});
  return goal;
}

/// Some rule decides what is right, and a right dot that breaks all the others is still worth more than one that is not.
void check_criteria(const std::vector<Criterion>& criteria, const std::string& where) {
  double weights = 0.0;
  bool hard = false;
  for (const Criterion& rule : criteria) {
    weights += rule.weight.value_or(0.0);
    hard = hard || !rule.weight;
  }
  if (!hard) throw InputError(where + ": no [[criterion]] without a weight (every dot would be right); add one");
  if (!(weights < 1.0))
    throw InputError(where + ": the weights of the criteria sum to " + number_text(weights) +
                     " (a right dot that breaks them all would be worth no more than one that is not right); lower them below 1");
}

/// Further settings are not uncertain too, stay in the envelope, and are not too many together.
void check_settings(const CalibrationFile& c, const std::string& where) {
  double members = static_cast<double>(c.depths_mm.size() * c.dwells_ms.size()) * c.draws;
  for (const StudyAxis& setting : c.settings) {
    members *= static_cast<double>(setting.size());
    if (std::find(c.uncertain.begin(), c.uncertain.end(), setting.key) != c.uncertain.end())
      throw InputError(where + ": " + setting.key + " is a setting to search and uncertain; leave it out of one of them");
    for (const EnvelopeLimit& limit : c.envelope)
      for (const double value : setting.numbers)
        if (limit.key == setting.key && !(value >= limit.low && value <= limit.high))
          throw InputError(where + ": " + setting.key + " = " + number_text(value) + " is outside its envelope, " +
                           number_text(limit.low) + " to " + number_text(limit.high) + "; search another, or widen the envelope");
  }
  if (members > largest_sweep)
    throw InputError(where + ": the search has " + std::to_string(static_cast<long long>(std::fmin(members, 1e18))) +
                     " members (settings x depths x dwell times x draws), more than " + number_text(largest_sweep) +
                     "; search fewer values");
}

}  // namespace

CalibrationFile with_settings(const CalibrationFile& file, const std::vector<std::pair<std::string, std::string>>& chosen) {
  CalibrationFile c = file;
  const fs::path path = file.files.back();
  c.base = file.base.with(chosen);
  c.settings.clear();
  for (const double depth : c.depths_mm) {
    Treatment trial = c.base.treatment();
    set_value(trial, c.base.layers(), "machine.depth_mm", depth, path.string() + ": depths_mm");
    check_treatment(trial, path.string() + ": depths_mm");
  }
  for (const std::string& key : c.uncertain) check_uncertain(c.base, key, path.string() + ": uncertain");
  c.files = c.base.files();
  if (c.corrections) c.files.push_back(c.corrections->file);
  c.files.push_back(path);
  return c;
}

PresetSet load_preset_set(const fs::path& path) {
  Table values = read_toml(path).values;
  Table own = split_off(values, "set");
  if (own.empty())
    throw InputError(path.string() + ": has no table [set], which names the classes, needles and inks of a set of presets; add it");
  const std::string where = path.string() + ": set";
  TableReader reader(std::move(own), where);
  PresetSet set;
  for (const auto& [key, names] : {std::pair{"classes", &set.classes}, {"needles", &set.needles}, {"inks", &set.inks}}) {
    *names = reader.take<std::vector<std::string>>(key, "a list of names");
    if (names->empty()) throw InputError(where + "." + key + " is empty; name at least one");
    if (std::set<std::string>(names->begin(), names->end()).size() != names->size())
      throw InputError(where + "." + key + " has a name twice; name each once");
  }
  reader.finish({"classes", "needles", "inks"});
  return set;
}

CalibrationFile load_calibration(const fs::path& path, const std::string& skin_class, bool quick,
                                 const std::vector<std::pair<std::string, std::string>>& overrides,
                                 const std::vector<std::pair<std::string, std::string>>& also) {
  const TomlFile file = read_toml(path);
  Table values = file.values;
  for (auto it = values.begin(); it != values.end();) {  // [quick] replaces what it names, or is ignored
    if (!it->first.starts_with("quick.")) {
      ++it;
      continue;
    }
    const std::string name = it->first.substr(6);
    if (!values.contains(name))
      throw InputError(it->second.where + ": quick." + name + " is an unknown key; [quick] may only replace keys of this file");
    if (quick) values[name] = it->second;
    it = values.erase(it);
  }
  const Table of_table = split_off(values, "settings_table"), of_location = split_off(values, "location");
  const Table of_sessions = split_off(values, "sessions");
  split_off(values, "set");  // load_preset_set reads it
  TableReader reader(values, path.string());
  CalibrationFile c;
  c.skin_class = skin_class;
  c.title = reader.take<std::string>("title", "text");
  reader.take_or<std::string>("description", "text", "");
  const fs::path treatments = path.parent_path() / reader.take<std::string>("treatments", "the folder of the treatment files");
  const fs::path treatment = treatments / (skin_class + "_scalp.toml");
  if (!fs::is_regular_file(treatment)) {
    std::vector<std::string> classes;
    if (fs::is_directory(treatments))
      for (const auto& entry : fs::directory_iterator(treatments))
        if (const std::string stem = entry.path().stem().string(); stem.ends_with("_scalp"))
          classes.push_back(stem.substr(0, stem.size() - 6));
    std::sort(classes.begin(), classes.end());
    const std::string near = nearest(skin_class, classes);
    std::string all;
    for (const std::string& one : classes) all += (all.empty() ? "" : ", ") + one;
    throw InputError("--class " + skin_class + " is unknown (no file " + treatment.string() + "); " +
                     (near.empty() ? "there are " + all : "did you mean " + near + "?"));
  }
  c.base = TreatmentDocument::load(treatment, overrides);
  for (const char* key : {"machine.depth_mm", "machine.dwell_ms"}) require_effect(c.base.treatment(), key, path.string());
  for (const auto& [key, unit] :
       {std::pair{"depths_mm", "mm"}, {"dwells_ms", "ms"}, {"draws", "1"}, {"seed", "1"}, {"accepted_share", "1"}})
    reader.expect_unit(key, unit);
  c.depths_mm =
      increasing(reader.take<std::vector<double>>("depths_mm", "a list of set depths in mm"), path.string() + ": depths_mm");
  c.dwells_ms =
      increasing(reader.take<std::vector<double>>("dwells_ms", "a list of dwell times in ms"), path.string() + ": dwells_ms");
  if (c.dwells_ms.size() > max_branches)
    throw InputError(path.string() + ": dwells_ms has " + std::to_string(c.dwells_ms.size()) + " values; give at most " +
                     std::to_string(max_branches));
  const double draws = reader.take<double>("draws", "a number"), seed = reader.take<double>("seed", "a number");
  if (!(draws >= 1.0 && draws <= 65536.0)) throw InputError(path.string() + ": draws is out of range; give 1 to 65536");
  if (draws != std::floor(draws)) throw InputError(path.string() + ": draws is not a whole number; give one from 1 to 65536");
  if (!(seed >= 0.0 && seed <= 2147483647.0) || seed != std::floor(seed))
    throw InputError(path.string() + ": seed is out of range or not a whole number; give one from 0 to 2147483647");
  c.draws = static_cast<int>(draws);
  c.seed = static_cast<int>(seed);
  c.grid = reader.take<std::string>("grid", "quick, standard, fine or finest");
  grid_level(c.grid);
  c.uncertain = reader.take<std::vector<std::string>>("uncertain", "a list of keys");
  c.accepted_share = reader.take<double>("accepted_share", "a number from 0 to 1");
  if (!(c.accepted_share > 0.0 && c.accepted_share <= 1.0))
    throw InputError(path.string() + ": accepted_share is out of range; give a number above 0, at most 1");
  if (const auto corrections = reader.take_or<std::string>("corrections", "the path of a file of corrections", "");
      !corrections.empty())
    c.corrections = load_corrections(path.parent_path() / corrections);
  reader.finish({"title", "description", "treatments", "depths_mm", "dwells_ms", "draws", "seed", "grid", "uncertain",
                 "accepted_share", "corrections"});
  for (const double depth : c.depths_mm) {
    Treatment trial = c.base.treatment();
    set_value(trial, c.base.layers(), "machine.depth_mm", depth, path.string() + ": depths_mm");
    check_treatment(trial, path.string() + ": depths_mm");
  }
  for (const double dwell : c.dwells_ms) {
    Treatment trial = c.base.treatment();
    set_value(trial, c.base.layers(), "machine.dwell_ms", dwell, path.string() + ": dwells_ms");
  }
  for (const std::string& key : c.uncertain) check_uncertain(c.base, key, path.string() + ": uncertain");
  if (!of_table.empty()) c.table = read_table(of_table, c.base, path.string() + ": settings_table");
  if (!of_location.empty()) c.location = read_location(of_location, path.string() + ": location");
  std::vector<Table> settings, correlations;
  for (const Table& entry : file.arrays) {
    const std::string& kind = std::get<std::string>(entry.at("[[]]").content);
    if (kind == "criterion")
      c.criteria.push_back(read_criterion(entry));
    else if (kind == "alarm")
      c.alarms.push_back(read_alarm(entry));
    else if (kind == "envelope")
      c.envelope.push_back(read_limit(entry));
    else if (kind == "setting")
      settings.push_back(entry);
    else if (kind == "correlation")
      correlations.push_back(entry);
    else
      throw InputError(
          where_of(entry) + ": [[" + kind +
          "]] is unknown in a calibration; write [[criterion]], [[alarm]], [[envelope]], [[setting]] or [[correlation]]");
  }
  if (!of_sessions.empty()) {
    double earliest = 0.0;
    for (const Alarm& alarm : c.alarms)
      if (alarm.quantity == "days since last session below") earliest = std::fmax(earliest, alarm.stop);
    c.sessions = read_session_rules(of_sessions, c.base, skin_class, treatments, earliest, path.string() + ": sessions");
  }
  check_criteria(c.criteria, path.string());
  c.correlations = read_correlations(correlations, c.uncertain);
  c.settings = read_further_settings(settings, also, c.base);
  check_settings(c, path.string());
  c.files = c.base.files();
  if (c.corrections) c.files.push_back(c.corrections->file);
  c.files.push_back(path);
  return c;
}

}  // namespace dermaflux
