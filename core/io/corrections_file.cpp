#include "core/io/corrections_file.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "core/error.hpp"
#include "core/io/output_fields.hpp"
#include "core/io/table_reader.hpp"
#include "core/io/toml_reader.hpp"
#include "core/number_text.hpp"
#include "core/units.hpp"

namespace dermaflux {
namespace {

using Table = std::map<std::string, ConfigValue>;

constexpr double most_prongs = 7.0, steepest = 60.0;  ///< limits of the keys needle.prongs and machine.angle_deg

double within(TableReader& reader, const std::string& key, double low, double high) {
  const std::string at = reader.place(key);
  reader.expect_unit(key, "1");
  const double value = reader.take<double>(key, "a number");
  if (!(value >= low && value <= high))
    throw InputError(at + ": " + key + " = " + number_text(value) + " is out of range; write " + number_text(low) + " to " +
                     number_text(high));
  return value;
}

Correction read_correction(const Table& entry) {
  const std::string where = where_of(entry);
  TableReader reader = entry_reader(entry);
  Correction one;
  one.output = reader.take<std::string>("output", "the name of an output");
  try {
    output_field(one.output);
  } catch (const InputError& error) {
    throw InputError(where + ": " + error.what());
  }
  const double prongs = within(reader, "prongs", 1.0, most_prongs);
  if (prongs != std::floor(prongs)) throw InputError(where + ": prongs is not a whole number; write 1 to 7");
  one.prongs = static_cast<int>(prongs);
  one.constant = within(reader, "constant", 0.1, 10.0);
  one.linear = within(reader, "linear", -100.0, 100.0);
  one.square = within(reader, "square", -100.0, 100.0);
  one.error = within(reader, "error", 0.0, 1.0);
  reader.finish({"output", "prongs", "constant", "linear", "square", "error"});
  return one;
}

}  // namespace

double Correction::factor(double angle_deg) const {
  const double u = 1.0 - std::cos(angle_deg * units::degree);
  return constant + (linear + square * u) * u;
}

std::vector<std::string> Corrections::outputs() const {
  std::vector<std::string> names;
  for (const Correction& one : all)
    if (std::find(names.begin(), names.end(), one.output) == names.end()) names.push_back(one.output);
  return names;
}

const Correction& Corrections::of(const std::string& output, int prongs, double angle_deg) const {
  if (!(angle_deg >= lowest_angle_deg && angle_deg <= highest_angle_deg))
    throw InputError(file.string() + ": holds no correction for machine.angle_deg = " + number_text(angle_deg) +
                     " (the study went from " + number_text(lowest_angle_deg) + " to " + with_unit(highest_angle_deg, "deg") +
                     "); use an angle in that range, or leave corrections out");
  std::set<int> known;
  for (const Correction& one : all) {
    known.insert(one.prongs);
    if (one.output == output && one.prongs == prongs) return one;
  }
  std::string numbers;
  for (const int n : known) numbers += (numbers.empty() ? "" : ", ") + std::to_string(n);
  throw InputError(file.string() + ": holds no correction of " + output + " for " + std::to_string(prongs) +
                   " prongs (the study had " + numbers + "); use such a needle, or leave corrections out");
}

Corrections load_corrections(const std::filesystem::path& path) {
  const TomlFile file = read_toml(path);
  TableReader reader(file.values, path.string());
  Corrections c;
  c.file = path;
  c.title = reader.take<std::string>("title", "text");
  c.source = reader.take<std::string>("source", "text");
  c.study_sha256 = reader.take<std::string>("study_sha256", "the SHA-256 of the study's result");
  const std::string angles_at = reader.place("angles_deg");
  reader.expect_unit("angles_deg", "deg");
  const auto angles = reader.take<std::vector<double>>("angles_deg", "the lowest and the highest angle");
  reader.finish({"title", "source", "study_sha256", "angles_deg"});
  if (c.study_sha256.size() != 64 || c.study_sha256.find_first_not_of("0123456789abcdef") != std::string::npos)
    throw InputError(path.string() + ": study_sha256 is no SHA-256; write its 64 digits");
  if (angles.size() != 2 || !(angles[0] >= 0.0 && angles[0] < angles[1] && angles[1] <= steepest))
    throw InputError(angles_at + ": angles_deg is no range; write two angles from 0 to " + with_unit(steepest, "deg"));
  c.lowest_angle_deg = angles[0];
  c.highest_angle_deg = angles[1];
  for (const Table& entry : file.arrays) {
    const std::string& kind = std::get<std::string>(entry.at("[[]]").content);
    if (kind != "correction")
      throw InputError(where_of(entry) + ": [[" + kind + "]] is unknown among corrections; write [[correction]]");
    Correction one = read_correction(entry);
    for (const Correction& other : c.all)
      if (other.output == one.output && other.prongs == one.prongs)
        throw InputError(where_of(entry) + ": the correction of " + one.output + " for " + std::to_string(one.prongs) +
                         " prongs stands twice; leave one of them out");
    for (const double angle : angles)
      if (!(one.factor(angle) > 0.0))
        throw InputError(where_of(entry) + ": the correction of " + one.output + " is not positive at " + with_unit(angle, "deg") +
                         " (nothing can be scaled by that); measure it anew");
    c.all.push_back(std::move(one));
  }
  if (c.all.empty()) throw InputError(path.string() + ": there is no [[correction]] (nothing would be corrected); add one");
  for (const std::string& output : c.outputs())
    for (const Correction& one : c.all) c.of(output, one.prongs, c.lowest_angle_deg);
  return c;
}

}  // namespace dermaflux
