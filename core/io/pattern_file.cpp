#include "core/io/pattern_file.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>

#include "core/error.hpp"
#include "core/io/key_values.hpp"
#include "core/io/table_reader.hpp"
#include "core/number_text.hpp"
#include "core/simulation/case_builder.hpp"

namespace dermaflux {
namespace {

namespace fs = std::filesystem;
using Overrides = std::vector<std::pair<std::string, std::string>>;

/// A number of the pattern itself: name, unit, SI value of one unit, allowed range in that unit, meaning, member.
struct PatternNumber {
  const char *name, *unit;
  double scale, low, high;
  const char* meaning;
  double PatternFile::*member;
};

constexpr PatternNumber numbers[] = {
    {"patch.width_mm", "mm", units::mm, 2.0, 200.0, "width of the patch", &PatternFile::width},
    {"patch.height_mm", "mm", units::mm, 2.0, 200.0, "height of the patch", &PatternFile::height},
    {"hairline.margin_mm", "mm", units::mm, 0.0, 100.0, "bare skin in front of the hairline", &PatternFile::margin},
    {"hairline.feather_mm", "mm", units::mm, 0.0, 50.0, "way over which the density rises behind it", &PatternFile::feather},
    {"hairline.irregularity_mm", "mm", units::mm, 0.0, 10.0, "standard deviation of the hairline about its mean",
     &PatternFile::irregularity},
    {"hairline.irregularity_length_mm", "mm", units::mm, 0.5, 50.0, "way along the hairline over which it wanders",
     &PatternFile::irregularity_length},
    {"view.visible_contrast", "", 1.0, 0.005, 0.5, "loss of luminance from which on skin counts as covered",
     &PatternFile::visible_contrast},
};

const std::vector<std::string>& own_names() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> names = {"title",     "description", "treatment", "lattice", "pattern.density_per_cm2",
                                      "view.days", "view.seed"};
    for (const PatternNumber& number : numbers) names.emplace_back(number.name);
    for (const char* key : {"pattern.dot_spacing_mm", "pattern.position_jitter_mm", "pattern.depth_jitter_mm"})
      names.emplace_back(key);
    return names;
  }();
  return all;
}

[[noreturn]] void out_of_range(const std::string& where, const std::string& key, double value, const std::string& unit,
                               const std::string& meaning, double low, double high) {
  throw InputError(where + ": " + key + " = " + with_unit(value, unit) + " is out of range (" + meaning +
                   "); write a number from " + number_text(low) + " to " + with_unit(high, unit));
}

/// A number checked against its unit and range, in its own unit.
double checked(TableReader& reader, const std::string& where, const std::string& key, const std::string& unit,
               const std::string& meaning, double low, double high) {
  reader.expect_unit(key, unit);
  const double value = reader.take<double>(key, "a number");
  if (!(value >= low && value <= high)) out_of_range(where, key, value, unit, meaning, low, high);
  return value;
}

/// A number as text that reads back to the same bits.
std::string exact_text(double value) {
  std::ostringstream text;
  text.precision(std::numeric_limits<double>::max_digits10);
  text << value;
  return text.str();
}

/// Distance between neighbours of a lattice of some density; for random places that of a square lattice [m].
double spacing_of(Lattice lattice, double density) {
  return std::sqrt((lattice == Lattice::hexagonal ? 2.0 / std::sqrt(3.0) : 1.0) / density);
}

/// Values of [pattern], which are keys of the treatment, as overrides of it; a density becomes the spacing of the lattice.
Overrides pattern_overrides(std::map<std::string, ConfigValue>& values, Lattice lattice, const std::string& where) {
  Overrides result;
  TableReader reader(values, where);
  const bool by_density = values.contains("pattern.density_per_cm2");
  if (by_density && values.contains("pattern.dot_spacing_mm"))
    throw InputError(values.at("pattern.density_per_cm2").where +
                     ": pattern.density_per_cm2 and pattern.dot_spacing_mm say the same twice; give one of them");
  if (by_density) {
    const double density = checked(reader, where, "pattern.density_per_cm2", "1/cm2", "dots per area", 1.0, 5000.0);
    result.emplace_back("pattern.dot_spacing_mm", exact_text(spacing_of(lattice, density / units::cm2) / units::mm));
  }
  for (const char* key : {"pattern.dot_spacing_mm", "pattern.position_jitter_mm", "pattern.depth_jitter_mm"}) {
    if (!values.contains(key)) continue;
    reader.expect_unit(key, "mm");
    result.emplace_back(key, exact_text(reader.take<double>(key, "a number in mm")));
  }
  std::erase_if(values, [](const auto& entry) { return entry.first.starts_with("pattern."); });
  return result;
}

std::vector<double> read_days(TableReader& reader, const std::string& where) {
  reader.expect_unit("view.days", "day");
  std::vector<double> days = reader.take<std::vector<double>>("view.days", "a list of days");
  if (days.empty()) throw InputError(where + ": view.days is empty (nothing would be seen); give at least one day");
  if (days.size() > 12) throw InputError(where + ": view.days has " + std::to_string(days.size()) + " values; give at most 12");
  if (!std::is_sorted(days.begin(), days.end(), std::less_equal<>()))
    throw InputError(where + ": view.days does not increase; sort the days and drop doubles");
  const double last = longest_horizon / units::day;
  for (double& day : days) {
    if (!(day >= 0.0 && day <= last * (1.0 + 1e-9)))
      out_of_range(where, "view.days", day, "day", "time since the first session", 0.0, last);
    day *= units::day;
  }
  return days;
}

Lattice read_lattice(TableReader& reader, const std::string& where) {
  const std::string word = reader.take<std::string>("lattice", "hexagonal, square or random");
  const auto found = std::find(lattice_words().begin(), lattice_words().end(), word);
  if (found == lattice_words().end())
    throw InputError(where + ": lattice = \"" + word + "\" is unknown; write " + list_of(lattice_words()));
  return static_cast<Lattice>(found - lattice_words().begin());
}

}  // namespace

const std::vector<std::string>& lattice_words() {
  static const std::vector<std::string> all = {"hexagonal", "square", "random"};
  return all;
}

PatternFile load_pattern(const fs::path& path, const Overrides& overrides) {
  const TomlFile file = read_toml(path);
  if (!file.arrays.empty())
    throw InputError(file.arrays.front().at("[[]]").where + ": an array of tables has no place in a pattern; write [table]");
  std::map<std::string, ConfigValue> values = file.values;
  Overrides of_treatment;
  for (const auto& [key, text] : overrides) {
    const bool own = std::find(own_names().begin(), own_names().end(), key) != own_names().end();
    if (!own) {
      of_treatment.emplace_back(key, text);
      continue;
    }
    // Spacing and density are two names of one thing: the later word holds.
    if (key == "pattern.dot_spacing_mm") values.erase("pattern.density_per_cm2");
    if (key == "pattern.density_per_cm2") values.erase("pattern.dot_spacing_mm");
    const std::string where = "-s " + key + "=" + text;
    values[key] = {read_toml_value(text, where), std::nullopt, "override", where};
  }
  const std::string where = path.string();
  PatternFile pattern;
  {
    TableReader first(values, where);
    pattern.lattice = read_lattice(first, where);
  }
  values.erase("lattice");
  Overrides all = pattern_overrides(values, pattern.lattice, where);
  all.insert(all.end(), of_treatment.begin(), of_treatment.end());
  TableReader reader(values, where);
  pattern.title = reader.take_or<std::string>("title", "text", path.stem().string());
  reader.take_or<std::string>("description", "text", "");
  pattern.base =
      TreatmentDocument::load(path.parent_path() / reader.take<std::string>("treatment", "the path of a treatment file"), all);
  for (const PatternNumber& number : numbers)
    pattern.*number.member =
        number.scale * checked(reader, where, number.name, number.unit, number.meaning, number.low, number.high);
  if (pattern.margin + pattern.feather >= pattern.height)
    throw InputError(where + ": hairline.margin_mm and hairline.feather_mm reach across the whole patch (" + in_mm(pattern.height) +
                     " high; no place would have its full density); use a higher patch or less of them");
  pattern.days = read_days(reader, where);
  const double seed = checked(reader, where, "view.seed", "", "seed of the places", 0.0, 2147483647.0);
  if (seed != std::floor(seed))
    throw InputError(where + ": view.seed = " + number_text(seed) + " is not a whole number; write one");
  pattern.seed = static_cast<int>(seed);
  reader.finish(own_names());
  pattern.files = pattern.base.files();
  pattern.files.push_back(path);
  return pattern;
}

}  // namespace dermaflux
