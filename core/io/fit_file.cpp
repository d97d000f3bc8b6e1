#include "core/io/fit_file.hpp"

#include <cmath>
#include <set>

#include "core/error.hpp"
#include "core/grid/grid_builder.hpp"
#include "core/io/output_fields.hpp"
#include "core/io/run_file.hpp"
#include "core/io/study_keys.hpp"
#include "core/io/table_reader.hpp"
#include "core/io/toml_reader.hpp"
#include "core/number_text.hpp"

namespace dermaflux {
namespace {

namespace fs = std::filesystem;
using Table = std::map<std::string, ConfigValue>;

constexpr double last_day = 30.0 * 365.25;  // the largest horizon of a run

/// An output of a run that its input decides.
OutputField observable(const std::string& name, const std::string& where) {
  if (name == "runtime_s" || name == "fell_back")
    throw InputError(where + ": output " + name +
                     " tells of the computation, not of the dot; `dermaflux info --outputs` lists others");
  try {
    return output_field(name);
  } catch (const InputError& error) {
    throw InputError(where + ": " + error.what());
  }
}

/// The unit of a series of a run.
std::string series_unit(const std::string& name, const std::string& where) {
  std::vector<std::string> names;
  for (const MomentSeries& one : moment_series(Outcome{})) {
    if (one.column.name == name) return one.column.unit.empty() ? "1" : one.column.unit;
    names.push_back(one.column.name);
  }
  std::string all;
  for (const std::string& one : names) all += (all.empty() ? "" : ", ") + one;
  const std::string near = nearest(name, names);
  throw InputError(where + ": output " + name + " is no series of a run; " +
                   (near.empty() ? "there are " + all : "did you mean " + near + "?"));
}

ObservedValue read_value(Table entry) {
  const std::string where = where_of(entry);
  TableReader reader = entry_reader(std::move(entry));
  ObservedValue seen;
  seen.output = reader.take<std::string>("output", "the name of an output");
  const OutputField field = observable(seen.output, where);
  seen.unit = field.unit.empty() ? "1" : field.unit;
  for (const char* part : {"measured", "sd"}) {
    if (reader.unit_of(part).empty())
      throw InputError(reader.place(part) + ": " + part + " of " + seen.output + " is given without a unit; write " + part +
                       " = { value = ..., unit = \"" + seen.unit + "\" }");
    reader.expect_unit(part, seen.unit);
  }
  seen.value = reader.take<double>("measured", "a number");
  seen.sd = reader.take<double>("sd", "the standard deviation of the measurement");
  seen.source = reader.take<std::string>("source", "text");
  reader.finish({"output", "measured", "sd", "source"});
  if (!std::isfinite(seen.value))
    throw InputError(where + ": measured of " + seen.output + " is not a finite number; give what was measured");
  if (!(seen.sd > 0.0 && std::isfinite(seen.sd)))
    throw InputError(where + ": sd = " + number_text(seen.sd) + " of " + seen.output +
                     " is not a standard deviation; give a number above 0");
  return seen;
}

ObservedTable read_table(Table entry, const fs::path& folder, bool profile) {
  const std::string where = where_of(entry);
  TableReader reader = entry_reader(std::move(entry));
  ObservedTable seen;
  seen.day = NAN;
  if (profile) {
    reader.expect_unit("day", "day");
    seen.day = reader.take<double>("day", "days after the first session");
    if (!(seen.day >= 0.0 && seen.day <= last_day))
      throw InputError(where + ": day = " + number_text(seen.day) + " is out of range; give 0 to " + number_text(last_day));
  } else {
    seen.output = reader.take<std::string>("output", "the name of a series");
    seen.unit = series_unit(seen.output, where);
    const std::string unit = reader.take<std::string>("unit", "the unit of the values");
    if (unit != seen.unit)
      throw InputError(where + ": unit of " + seen.output + " is given as \"" + unit + "\" (its unit is " + seen.unit +
                       "); convert the values");
  }
  seen.file = folder / reader.take<std::string>("file", "the path of a CSV file");
  seen.source = reader.take<std::string>("source", "text");
  reader.finish({"output", "unit", "day", "file", "source"});
  if (!fs::is_regular_file(seen.file))
    throw InputError(where + ": file " + seen.file.string() + " does not exist; give a path from the folder of the fit");
  return seen;
}

int whole(TableReader& reader, const std::string& key, double low, double high, const std::string& where) {
  reader.expect_unit(key, "1");
  const double value = reader.take<double>(key, "a whole number");
  if (!(value >= low && value <= high) || value != std::floor(value))
    throw InputError(where + ": " + key + " = " + number_text(value) + " is out of range or not a whole number; give one from " +
                     number_text(low) + " to " + number_text(high));
  return static_cast<int>(value);
}

void check_keys(const FitFile& fit, const std::string& where) {
  if (fit.uncertain.empty()) throw InputError(where + ": uncertain is empty; name the keys to infer");
  std::set<std::string> seen;
  for (const std::string& key : fit.uncertain) {
    check_uncertain(fit.base, key, where + ": uncertain");
    require_effect(fit.base.treatment(), key, where + ": uncertain");
    if (!seen.insert(key).second) throw InputError(where + ": uncertain names " + key + " twice; name it once");
  }
  const int fewest = 4 * (static_cast<int>(fit.uncertain.size()) + 1);
  if (fit.runs < fewest)
    throw InputError(where + ": runs = " + std::to_string(fit.runs) + " are too few for " + std::to_string(fit.uncertain.size()) +
                     " keys; give at least " + std::to_string(fewest) + ", a power of two");
  if (fit.walkers < 2 * static_cast<int>(fit.uncertain.size()))
    throw InputError(where + ": walkers = " + std::to_string(fit.walkers) + " are too few for " +
                     std::to_string(fit.uncertain.size()) + " keys; give at least two for each");
}

}  // namespace

FitFile load_fit(const fs::path& path, const std::vector<std::pair<std::string, std::string>>& overrides) {
  const TomlFile file = read_toml(path);
  const std::string where = path.string();
  TableReader reader(file.values, where);
  FitFile fit;
  fit.title = reader.take<std::string>("title", "text");
  reader.take_or<std::string>("description", "text", "");
  fit.base = TreatmentDocument::load(path.parent_path() / reader.take<std::string>("treatment", "the path of a treatment file"),
                                     overrides);
  fit.grid = reader.take_or<std::string>("grid", "quick, standard, fine or finest", "quick");
  grid_level(fit.grid);
  fit.uncertain = reader.take<std::vector<std::string>>("uncertain", "a list of keys");
  fit.runs = whole(reader, "runs", 8.0, 65536.0, where);
  fit.seed = whole(reader, "seed", 0.0, 2147483647.0, where);
  fit.walkers = whole(reader, "walkers", 8.0, 1024.0, where);
  fit.steps = whole(reader, "steps", 100.0, 1e6, where);
  reader.finish({"title", "description", "treatment", "grid", "uncertain", "runs", "seed", "walkers", "steps"});
  check_keys(fit, where);
  for (const Table& entry : file.arrays) {
    const std::string& kind = std::get<std::string>(entry.at("[[]]").content);
    if (kind == "observation")
      fit.values.push_back(read_value(entry));
    else if (kind == "series")
      fit.series.push_back(read_table(entry, path.parent_path(), false));
    else if (kind == "profile")
      fit.profiles.push_back(read_table(entry, path.parent_path(), true));
    else
      throw InputError(where_of(entry) + ": [[" + kind +
                       "]] is unknown in a fit; write [[observation]], [[series]] or [[profile]]");
  }
  if (fit.values.empty() && fit.series.empty() && fit.profiles.empty())
    throw InputError(where + ": nothing was observed; add [[observation]], [[series]] or [[profile]]");
  fit.files = fit.base.files();
  for (const auto* tables : {&fit.series, &fit.profiles})
    for (const ObservedTable& table : *tables) fit.files.push_back(table.file);
  fit.files.push_back(path);
  return fit;
}

}  // namespace dermaflux
