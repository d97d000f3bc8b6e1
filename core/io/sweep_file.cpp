#include "core/io/sweep_file.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <optional>
#include <set>

#include "core/error.hpp"
#include "core/grid/grid_builder.hpp"
#include "core/io/output_fields.hpp"
#include "core/io/study_keys.hpp"
#include "core/io/sweep_condition.hpp"
#include "core/io/table_reader.hpp"
#include "core/io/toml_reader.hpp"
#include "core/number_text.hpp"

namespace dermaflux {
namespace {

namespace fs = std::filesystem;
using Table = std::map<std::string, ConfigValue>;

const std::vector<std::string> axis_parts = {"key", "values", "low", "high", "scale", "source"};

/// Whether an axis is drawn and not listed.
bool drawn(const Table& entry) {
  return !entry.contains("values") && (entry.contains("low") || entry.contains("high") || entry.contains("scale"));
}

/// The unit of a key that can be drawn: one that holds a real number.
std::string drawn_unit(const std::string& path, const TreatmentDocument& base, const std::string& where) {
  const auto refuse = [&](const std::string& what) {
    throw InputError(where + ": " + path + " takes " + what + " (only real numbers can be drawn); write values = [ ... ]");
  };
  if (is_selector(path)) refuse("names");
  const Key key = numeric_key(path, all_keys(base), where);
  Treatment any{};
  const KeyTarget target = key.target(any);
  if (std::holds_alternative<int*>(target)) refuse("whole numbers");
  if (!allowed_words(target).empty()) refuse("words");
  if (!std::holds_alternative<double*>(target)) refuse("no single number");
  return key.unit;
}

SampledAxis read_sampled_axis(Table entry, const TreatmentDocument& base) {
  TableReader reader = entry_reader(std::move(entry));
  SampledAxis axis;
  const std::string key_at = reader.place("key"), scale_at = reader.place("scale");
  axis.key = reader.take<std::string>("key", "the dotted key that varies");
  axis.unit = drawn_unit(axis.key, base, key_at);
  const auto take_end = [&](const char* edge) {
    const std::string where = reader.place(edge) + ": " + edge;
    reader.expect_unit(edge, axis.unit);
    const double end = reader.take<double>(edge, "a number; the axis is drawn between low and high");
    Treatment trial = base.treatment();
    set_value(trial, base.layers(), axis.key, end, where);
    return end;
  };
  const std::string low_at = reader.place("low");
  axis.low = take_end("low");
  axis.high = take_end("high");
  axis.scale = reader.take_or<std::string>("scale", "linear or log", "linear");
  reader.take_or<std::string>("source", "text", "");
  reader.finish(axis_parts);
  if (axis.scale != "linear" && axis.scale != "log")
    throw InputError(scale_at + ": scale = \"" + axis.scale + "\" of the axis " + axis.key + " is unknown; write linear or log");
  if (!(axis.low < axis.high))
    throw InputError(low_at + ": the axis " + axis.key + " has low = " + with_unit(axis.low, axis.unit) +
                     " at or above high = " + with_unit(axis.high, axis.unit) + " (nothing lies between); raise high or lower low");
  if (axis.scale == "log" && axis.low <= 0.0)
    throw InputError(low_at + ": the axis " + axis.key + " has low = " + with_unit(axis.low, axis.unit) +
                     " and scale = \"log\" (zero has no logarithm); raise low above 0, or write scale = \"linear\"");
  return axis;
}

/// A whole number of a table from `low` to `high`.
int take_whole(TableReader& reader, const char* key, double low, double high) {
  const std::string wanted = "a whole number from " + number_text(low) + " to " + number_text(high), at = reader.place(key);
  reader.expect_unit(key, "1");
  const double value = reader.take<double>(key, wanted.c_str());
  if (!(value >= low && value <= high))
    throw InputError(at + ": " + key + " = " + number_text(value) + " is out of range; write " + wanted);
  if (value != std::floor(value))
    throw InputError(at + ": " + key + " = " + number_text(value) + " is not a whole number; write " + wanted);
  return static_cast<int>(value);
}

/// Takes a table out of the values of a file: its values by their names in it.
Table take_table(Table& values, const std::string& name) {
  const std::string prefix = name + ".";
  Table own;
  for (auto it = values.begin(); it != values.end();) {
    if (it->first.starts_with(prefix)) own.emplace(it->first.substr(prefix.size()), it->second);
    it = it->first.starts_with(prefix) ? values.erase(it) : std::next(it);
  }
  return own;
}

/// Takes the table [sample] out of the values of a file.
std::optional<Sample> take_sample(Table& values) {
  Table own = take_table(values, "sample");
  if (own.empty()) return std::nullopt;
  Sample sample;
  sample.where = own.begin()->second.where;
  TableReader reader(std::move(own), sample.where + ": [sample]");
  const std::string method_at = reader.place("method"), count_at = reader.place("count");
  sample.method = reader.take<std::string>("method", "sobol or latin_hypercube");
  sample.count = take_whole(reader, "count", 1.0, largest_sweep);
  sample.seed = take_whole(reader, "seed", 0.0, 2147483647.0);
  sample.source = reader.take_or<std::string>("source", "text", "");
  reader.finish({"method", "count", "seed", "source"});
  const std::string near = nearest(sample.method, {"sobol", "latin_hypercube"});
  if (sample.method != "sobol" && sample.method != "latin_hypercube")
    throw InputError(method_at + ": method = \"" + sample.method + "\" is unknown; " +
                     (near.empty() ? "write sobol or latin_hypercube" : "did you mean " + near + "?"));
  const auto count = static_cast<unsigned>(sample.count);
  if (sample.method == "sobol" && !std::has_single_bit(count)) {
    const unsigned below = std::bit_floor(count), above = std::bit_ceil(count);
    throw InputError(count_at + ": count = " + std::to_string(count) +
                     " is not a power of two (Sobol points are balanced only then); write " + std::to_string(below) +
                     (above <= largest_sweep ? " or " + std::to_string(above) : "") + ", or method = \"latin_hypercube\"");
  }
  return sample;
}

/// A count that may be beyond every integer.
std::string whole_text(double count) {
  const std::string text = std::to_string(count);
  return text.substr(0, text.find('.'));
}

/// Reads the axes, those that are drawn into the sample, and checks that there are some and not too many combinations.
void read_axes(const TomlFile& file, SweepFile& sweep) {
  std::set<std::string> seen;
  double members = 1.0;
  for (const Table& entry : file.arrays) {
    const std::string& kind = std::get<std::string>(entry.at("[[]]").content);
    if (kind == "condition") continue;
    if (kind != "axis")
      throw InputError(where_of(entry) + ": [[" + kind + "]] is unknown in a sweep; write [[axis]] or [[condition]]");
    std::string key;
    if (drawn(entry)) {
      SampledAxis axis = read_sampled_axis(entry, sweep.base);
      if (!sweep.sample)
        throw InputError(
            where_of(entry) + ": the axis " + axis.key +
            " has low and high, but the sweep has no [sample] (how many draws is unknown); add one with method, count and seed");
      key = axis.key;
      sweep.sample->axes.push_back(std::move(axis));
    } else {
      StudyAxis axis = read_listed_axis(entry, sweep.base);
      key = axis.key;
      members *= static_cast<double>(axis.size());
      sweep.axes.push_back(std::move(axis));
    }
    require_effect(sweep.base.treatment(), key, where_of(entry));
    if (!seen.insert(key).second) throw InputError(where_of(entry) + ": the axis " + key + " stands twice; join its values in one");
  }
  if (seen.empty())
    throw InputError(file.path.string() + ": the sweep has no [[axis]] (nothing would vary); add one, or use `dermaflux run`");
  if (sweep.sample && sweep.sample->axes.empty())
    throw InputError(sweep.sample->where +
                     ": [sample] draws no axis (none has low and high); give an [[axis]] low and high, or leave [sample] out");
  if (sweep.sample) members *= sweep.sample->count;
  if (members > largest_sweep)
    throw InputError(file.path.string() + ": the sweep has " + whole_text(members) + " combinations, more than " +
                     whole_text(largest_sweep) + "; drop values" + (sweep.sample ? ", lower count" : "") + " or split it");
}

/// Takes the table [study] out of the values of a file.
std::optional<SpaceStudy> take_study(Table& values) {
  Table own = take_table(values, "study");
  if (own.empty()) return std::nullopt;
  const std::string where = own.begin()->second.where + ": [study]";
  return read_space_study(std::move(own), where);
}

/// A study varies what it shows, by listed values, and runs in a box.
void check_study(const SweepFile& sweep, const std::string& where) {
  const auto varies = [&](const std::string& key) {
    return std::any_of(sweep.axes.begin(), sweep.axes.end(), [&](const StudyAxis& axis) { return axis.key == key; });
  };
  for (const StudyKind& kind : study_kinds())
    if (kind.name == sweep.study->shows && !varies(kind.key))
      throw InputError(where + ": study.shows = \"" + kind.name + "\", but no [[axis]] lists values of " + kind.key +
                       " (there is nothing to show it over); add one");
  if (sweep.sample)
    throw InputError(where + ": a study lists its members, and [sample] draws them; leave [sample] out, or [study]");
  if (sweep.base.treatment().geometry.kind != GeometryKind::box && !varies("geometry.kind"))
    throw InputError(where +
                     ": a study runs in a box, and the treatment has geometry.kind = \"axisymmetric\"; write kind = \"box\" there");
}

}  // namespace

StudyAxis read_listed_axis(Table entry, const TreatmentDocument& base) {
  const std::string where = where_of(entry);
  StudyAxis axis;
  std::optional<ConfigValue> listed;
  const auto values = entry.find("values");
  if (values != entry.end()) {
    listed = values->second;
    if (const auto* words = std::get_if<std::vector<std::string>>(&values->second.content))
      axis.words = *words;
    else if (const auto* numbers = std::get_if<std::vector<double>>(&values->second.content))
      axis.numbers = *numbers;
    else
      throw InputError(values->second.where + ": values is not a list; write values = [ ... ]");
    entry.erase(values);
  }
  TableReader reader = entry_reader(std::move(entry));
  axis.key = reader.take<std::string>("key", "the dotted key that varies");
  for (const char* part : {"low", "high", "scale"})
    if (const auto given = reader.take_any(part))
      throw InputError(given->where + ": the axis " + axis.key + " has values and " + part +
                       " (it is either listed or drawn); leave out one of them");
  reader.take_or<std::string>("source", "text", "");
  reader.finish(axis_parts);
  if (axis.size() == 0)
    throw InputError(where + ": the axis " + axis.key +
                     " has no values (nothing would run); write values = [ ... ], or low and high beside a [sample]");
  if (!is_selector(axis.key))
    axis.unit = numeric_key(axis.key, all_keys(base), where).unit;
  else if (axis.words.empty())
    throw InputError(where + ": " + axis.key + " takes names; write values = [\"normal\", ... ]");
  if (listed) check_unit(*listed, "values", axis.unit);
  // Every value is checked now, before any member runs.
  for (std::size_t n = 0; n < axis.size(); ++n) {
    if (!axis.words.empty()) {
      try {
        base.with({{axis.key, "\"" + axis.words[n] + "\""}});
      } catch (const InputError& error) {
        throw InputError(where + ": " + error.what());
      }
    } else {
      Treatment trial = base.treatment();
      set_value(trial, base.layers(), axis.key, axis.numbers[n], where);
    }
  }
  const std::set<double> numbers(axis.numbers.begin(), axis.numbers.end());
  const std::set<std::string> words(axis.words.begin(), axis.words.end());
  if (numbers.size() + words.size() < axis.size())
    throw InputError(where + ": the axis " + axis.key + " has a value twice (the same would run twice); leave one of them out");
  return axis;
}

SweepFile load_sweep(const fs::path& path, const std::vector<std::pair<std::string, std::string>>& overrides) {
  const TomlFile file = read_toml(path);
  Table values = file.values;
  SweepFile sweep;
  sweep.sample = take_sample(values);
  sweep.study = take_study(values);
  TableReader reader(std::move(values), path.string());
  sweep.title = reader.take_or<std::string>("title", "text", path.stem().string());
  sweep.description = reader.take_or<std::string>("description", "text", "");
  sweep.base = TreatmentDocument::load(path.parent_path() / reader.take<std::string>("treatment", "the path of a treatment file"),
                                       overrides);
  sweep.grid = reader.take_or<std::string>("grid", "quick, standard, fine or finest", "standard");
  grid_level(sweep.grid);
  sweep.outputs = reader.take_or<std::vector<std::string>>("outputs", "a list of names of outputs", {});
  for (const std::string& output : sweep.outputs) output_field(output);
  if (const auto corrections = reader.take_or<std::string>("corrections", "the path of a file of corrections", "");
      !corrections.empty())
    sweep.corrections = load_corrections(path.parent_path() / corrections);
  reader.finish({"title", "description", "treatment", "grid", "outputs", "corrections"});
  read_axes(file, sweep);
  if (sweep.study) check_study(sweep, path.string());
  for (const Table& entry : file.arrays)
    if (std::get<std::string>(entry.at("[[]]").content) == "condition") sweep.conditions.push_back(read_condition(entry, sweep));
  return sweep;
}

}  // namespace dermaflux
