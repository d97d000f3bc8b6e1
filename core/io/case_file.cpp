#include "core/io/case_file.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <sstream>

#include "core/error.hpp"
#include "core/grid/grid_builder.hpp"
#include "core/io/key_values.hpp"
#include "core/io/output_fields.hpp"
#include "core/io/run_file.hpp"
#include "core/io/study_keys.hpp"
#include "core/io/table_reader.hpp"
#include "core/io/toml_reader.hpp"
#include "core/number_text.hpp"
#include "core/simulation/case_builder.hpp"
#include "core/units.hpp"

namespace dermaflux {
namespace {

namespace fs = std::filesystem;
using Table = std::map<std::string, ConfigValue>;

constexpr double none = std::numeric_limits<double>::quiet_NaN();
constexpr double horizon = 10.0 * units::year;  // how long the runs of a validation look at a dot

/// What a quantity is made of: the parts that its case must give.
struct Quantity {
  const char* name;
  std::vector<std::string> parts;
};

const std::vector<Quantity>& quantities() {
  static const std::vector<Quantity> all = {
      {"output", {"output"}},
      {"output_ratio", {"output", "over"}},
      {"series_ratio", {"output", "over", "day", "over_day"}},
      {"series_difference", {"output", "day", "over_day"}},
      {"early_share", {"output", "day", "over_day"}},
      {"slope", {"output", "key", "low", "high"}},
      {"at_tip", {"output", "tip_mm"}},
      {"per_area", {"output"}},
      {"radius", {"share", "day"}},
      {"permeability", {}},
      {"longevity", {"day", "share"}},
      {"fade_ratio", {"day", "over_day", "against"}},
      {"profile", {"day", "depth_below"}},
  };
  return all;
}

const Quantity& quantity_of(const std::string& name, const std::string& where) {
  std::vector<std::string> names;
  for (const Quantity& one : quantities()) {
    if (one.name == name) return one;
    names.push_back(one.name);
  }
  const std::string near = nearest(name, names);
  throw InputError(where + ": quantity " + name + " is unknown; " +
                   (near.empty() ? "write " + list_of(names) : "did you mean " + near + "?"));
}

std::string scalar_unit(const std::string& name, const std::string& where) {
  if (name == "runtime_s" || name == "fell_back")
    throw InputError(where + ": output " + name +
                     " tells of the computation, not of the dot; `dermaflux info --outputs` lists others");
  try {
    return output_field(name).unit;
  } catch (const InputError& error) {
    throw InputError(where + ": " + error.what());
  }
}

std::string series_unit(const std::string& name, const std::string& where) {
  std::vector<std::string> names;
  for (const MomentSeries& one : moment_series(Outcome{})) {
    if (one.column.name == name) return one.column.unit;
    names.push_back(one.column.name);
  }
  const std::string near = nearest(name, names);
  throw InputError(where + ": output " + name + " is no series of a run; " +
                   (near.empty() ? "there are " + list_of(names) : "did you mean " + near + "?"));
}

/// A value as TOML writes it.
std::string toml_text(const ConfigValue& one, const std::string& key) {
  if (const auto* flag = std::get_if<bool>(&one.content)) return *flag ? "true" : "false";
  if (const auto* word = std::get_if<std::string>(&one.content)) return "\"" + *word + "\"";
  if (const auto* number = std::get_if<double>(&one.content)) {
    std::ostringstream text;
    text.precision(17);
    text << *number;
    return text.str();
  }
  throw InputError(one.where + ": " + key + " is a list; a setting of a case takes numbers and words");
}

double look_day(TableReader& reader, const std::string& key, const std::string& where) {
  reader.expect_unit(key, "day");
  const std::string place = reader.place(key);
  const double day = reader.take<double>(key, "days after the first session");
  std::string known;
  for (const double time : look_times(horizon)) {
    if (std::fabs(time - day * units::day) < 1.0) return day;
    known += (known.empty() ? "" : ", ") + number_text(time / units::day);
  }
  throw InputError((place.empty() ? where : place) + ": " + key + " = " + number_text(day) +
                   " is no day on which a run looks at the dot; give one of " + known);
}

double in_range(TableReader& reader, const std::string& key, const std::string& unit, double low, double high) {
  reader.expect_unit(key, unit);
  const std::string place = reader.place(key);
  const double value = reader.take<double>(key, "a number");
  if (!(value >= low && value <= high))
    throw InputError(place + ": " + key + " = " + number_text(value) + " is out of range; use " + number_text(low) + " to " +
                     with_unit(high, unit == "1" ? "" : unit));
  return value;
}

CaseSetting read_setting(Table entry, const TreatmentDocument& base, const std::string& where) {
  CaseSetting setting;
  TableReader reader = entry_reader(entry);
  setting.name = reader.take<std::string>("name", "what distinguishes this setting");
  std::vector<std::pair<std::string, std::string>> overrides;
  for (const auto& [key, value] : entry) {
    if (key == "name" || key == "[[]]") continue;
    overrides.emplace_back(key, toml_text(value, key));
    setting.changed.push_back(key);
  }
  try {
    setting.treatment = base.with(overrides);
  } catch (const InputError& error) {
    throw InputError(where + ": setting \"" + setting.name + "\": " + error.what());
  }
  return setting;
}

/// Takes what the quantity needs.
void read_parts(CaseFile& one, TableReader& reader, const fs::path& folder, const std::string& where) {
  const std::vector<std::string>& parts = quantity_of(one.quantity, where).parts;
  const auto needs = [&](const char* part) { return std::find(parts.begin(), parts.end(), part) != parts.end(); };
  one.day = one.over_day = one.low = one.high = one.tip_mm = one.share = none;
  if (needs("output")) one.output = reader.take<std::string>("output", "the name of an output");
  if (needs("over")) one.over = reader.take_or<std::string>("over", "the name of an output", one.output);
  if (needs("day")) one.day = look_day(reader, "day", where);
  if (needs("over_day")) one.over_day = look_day(reader, "over_day", where);
  if (needs("tip_mm")) one.tip_mm = in_range(reader, "tip_mm", "mm", 0.05, 2.0);
  if (needs("share") && one.quantity == "radius") one.share = in_range(reader, "share", "1", 0.01, 0.99);
  if (one.quantity == "longevity" && !reader.place("share").empty() && reader.place("share") != where)
    one.share = in_range(reader, "share", "1", 0.01, 0.99);
  if (needs("depth_below")) {
    one.depth_below = reader.take<std::string>("depth_below", "surface or junction");
    if (one.depth_below != "surface" && one.depth_below != "junction")
      throw InputError(where + ": depth_below = " + one.depth_below + " is unknown; write surface or junction");
  }
  if (needs("key")) {
    one.key = reader.take<std::string>("key", "the dotted key that varies");
    one.low = reader.take<double>("low", "a number in the unit of the key");
    one.high = reader.take<double>("high", "a number in the unit of the key");
    if (!(one.low < one.high))
      throw InputError(where + ": low = " + number_text(one.low) + " is not below high; write two increasing numbers");
  }
  if (needs("against"))
    one.against.push_back(TreatmentDocument::load(folder / reader.take<std::string>("against", "the path of a treatment file")));
}

/// The unit of the quantity.
std::string unit_of(const CaseFile& one, const std::string& where) {
  const auto or_one = [](const std::string& unit) { return unit.empty() ? std::string("1") : unit; };
  const std::string& q = one.quantity;
  if (q == "output" || q == "at_tip") return or_one(scalar_unit(one.output, where));
  if (q == "output_ratio") {
    const std::string above = scalar_unit(one.output, where), below = scalar_unit(one.over, where);
    return above == below ? "1" : or_one(above) + "/" + or_one(below);
  }
  if (q == "series_ratio") {
    const std::string above = series_unit(one.output, where), below = series_unit(one.over, where);
    return above == below ? "1" : or_one(above) + "/" + or_one(below);
  }
  if (q == "series_difference") return or_one(series_unit(one.output, where));
  if (q == "early_share") return series_unit(one.output, where), "1";
  if (q == "per_area") {
    if (scalar_unit(one.output, where) != "ng")
      throw InputError(where + ": output " + one.output + " is no mass of pigment; per_area takes one in ng");
    return "mg/cm2";
  }
  if (q == "slope") {
    const std::string key = numeric_key(one.key, all_keys(one.settings.front().treatment), where).unit;
    return or_one(scalar_unit(one.output, where)) + "/" + or_one(key);
  }
  if (q == "radius") return "mm";
  if (q == "permeability") return "m2";
  if (q == "longevity") return "year";
  return q == "profile" ? "um" : "1";
}

int whole(TableReader& reader, const std::string& key, double low, double high) {
  const std::string place = reader.place(key);
  const double value = in_range(reader, key, "1", low, high);
  if (value != std::floor(value))
    throw InputError(place + ": " + key + " = " + number_text(value) + " is not a whole number; round it");
  return static_cast<int>(value);
}

}  // namespace

CaseFile load_case(const fs::path& path) {
  const TomlFile file = read_toml(path);
  const std::string where = path.string();
  const fs::path folder = path.parent_path();
  TableReader reader(file.values, where);
  CaseFile one;
  for (auto [part, key] :
       {std::pair{&one.id, "id"}, {&one.title, "title"}, {&one.stage, "stage"}, {&one.quantity, "quantity"}, {&one.how, "how"}})
    *part = reader.take<std::string>(key, "text");
  const std::vector<std::string> stages = {"insertion", "deposit", "healing", "fading", "input"};
  if (std::find(stages.begin(), stages.end(), one.stage) == stages.end())
    throw InputError(where + ": stage = " + one.stage + " is unknown; write " + list_of(stages));
  one.input_only = one.stage == "input";
  const TreatmentDocument base =
      TreatmentDocument::load(folder / reader.take<std::string>("treatment", "the path of a treatment file"));
  read_parts(one, reader, folder, where);
  if (reader.place("waiting.look_up") != where) {
    CaseWaiting wanted;
    wanted.look_up = reader.take<std::string>("waiting.look_up", "which table or figure to look up");
    wanted.columns = reader.take<std::string>("waiting.columns", "which numbers to write down");
    wanted.put = reader.take<std::string>("waiting.put", "where to put them");
    one.waiting.push_back(wanted);
  }
  reader.finish({"id",
                 "title",
                 "stage",
                 "quantity",
                 "how",
                 "treatment",
                 "output",
                 "over",
                 "day",
                 "over_day",
                 "key",
                 "low",
                 "high",
                 "tip_mm",
                 "share",
                 "depth_below",
                 "against",
                 "waiting.look_up",
                 "waiting.columns",
                 "waiting.put"});
  std::set<std::string> names;
  for (const Table& entry : file.arrays) {
    if (const std::string& kind = std::get<std::string>(entry.at("[[]]").content); kind != "setting")
      throw InputError(where_of(entry) + ": [[" + kind + "]] is unknown in a case; write [[setting]]");
    one.settings.push_back(read_setting(entry, base, where_of(entry)));
    if (!names.insert(one.settings.back().name).second)
      throw InputError(where_of(entry) + ": two settings are called " + one.settings.back().name + "; name them apart");
  }
  if (one.settings.empty()) one.settings.push_back({"as shipped", base, {}});
  one.unit = unit_of(one, where);
  one.observed = folder / (path.stem().string() + ".observed.toml");
  one.files = base.files();
  for (const TreatmentDocument& other : one.against) one.files.insert(one.files.end(), other.files().begin(), other.files().end());
  one.files.push_back(path);
  return one;
}

CaseStudy load_case_study(const fs::path& path) {
  const TomlFile file = read_toml(path);
  TableReader reader(file.values, path.string());
  CaseStudy study;
  study.grid = reader.take<std::string>("grid", "quick, standard, fine or finest");
  study.quick_grid = reader.take<std::string>("quick.grid", "quick, standard, fine or finest");
  grid_level(study.grid), grid_level(study.quick_grid);
  study.draws = whole(reader, "draws", 8.0, 65536.0);
  study.quick_draws = whole(reader, "quick.draws", 8.0, 65536.0);
  study.seed = whole(reader, "seed", 0.0, 2147483647.0);
  study.uncertain = reader.take<std::vector<std::string>>("uncertain", "a list of keys");
  reader.finish({"grid", "draws", "seed", "uncertain", "quick.grid", "quick.draws"});
  if (std::set<std::string>(study.uncertain.begin(), study.uncertain.end()).size() != study.uncertain.size())
    throw InputError(path.string() + ": uncertain names a key twice; name it once");
  return study;
}

std::vector<std::string> drawn_keys(const CaseStudy& study, const TreatmentDocument& treatment,
                                    const std::vector<std::string>& changed) {
  std::vector<std::string> keys;
  for (const std::string& key : study.uncertain) {
    if (std::find(changed.begin(), changed.end(), key) != changed.end()) continue;
    check_uncertain(treatment, key, treatment.file().string() + ": uncertain");
    keys.push_back(key);
  }
  return keys;
}

}  // namespace dermaflux
