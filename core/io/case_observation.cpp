#include <algorithm>
#include <cctype>
#include <cmath>
#include <limits>

#include "core/error.hpp"
#include "core/io/case_file.hpp"
#include "core/io/key_values.hpp"
#include "core/io/table_reader.hpp"
#include "core/io/toml_reader.hpp"
#include "core/number_text.hpp"

namespace dermaflux {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string>& ways() {
  static const std::vector<std::string> all = {"interval", "value",    "number",   "at_most",
                                               "at_least", "negative", "positive", "profile"};
  return all;
}

/// A number of the case, with its unit beside it.
double measured_number(TableReader& reader, const std::string& key, const std::string& unit) {
  const std::string place = reader.place(key);
  const std::string given = reader.unit_of(key);
  reader.expect_unit(key, unit);
  const double value = reader.take<double>(key, "a number with its unit");
  if (given.empty())
    throw InputError(place + ": " + key + " is given without a unit; write " + key + " = { value = " + number_text(value) +
                     ", unit = \"" + unit + "\" }");
  if (!std::isfinite(value)) throw InputError(place + ": " + key + " is not a finite number; give what was measured");
  return value;
}

void read_numbers(CaseObservation& seen, TableReader& reader, const fs::path& folder, const std::string& unit,
                  const std::string& where) {
  seen.low = seen.high = seen.value = seen.sd = std::numeric_limits<double>::quiet_NaN();
  const std::string& way = seen.compared;
  if (way == "interval" || way == "at_least") seen.low = measured_number(reader, "low", unit);
  if (way == "interval" || way == "at_most") seen.high = measured_number(reader, "high", unit);
  if (way == "value" || way == "number") seen.value = measured_number(reader, "value", unit);
  if (way == "value") seen.sd = measured_number(reader, "sd", unit);
  if (way == "interval" && !(seen.low < seen.high))
    throw InputError(where + ": low = " + number_text(seen.low) +
                     " is not below high; write two increasing numbers, or compared = \"number\"");
  if (way == "value" && !(seen.sd > 0.0))
    throw InputError(where + ": sd = " + number_text(seen.sd) + " is not a standard deviation; give a number above 0");
  if (way != "profile") return;
  seen.profile = folder / reader.take<std::string>("file", "the path of a profile, CSV or HDF5, of `dermaflux histology extract`");
  if (!fs::is_regular_file(seen.profile))
    throw InputError(where + ": file " + seen.profile.string() + " does not exist; give a path from the folder of the case");
}

}  // namespace

CaseObservation load_case_observation(const fs::path& path, const CaseFile& of) {
  const TomlFile file = read_toml(path);
  const std::string where = path.string();
  TableReader reader(file.values, where);
  CaseObservation seen;
  if (const std::string id = reader.take<std::string>("id", "the id of the case"); id != of.id)
    throw InputError(where + ": id = " + id + " is not that of its case, " + of.id + "; correct one of them");
  seen.compared = reader.take<std::string>("compared", "how it is compared");
  if (std::find(ways().begin(), ways().end(), seen.compared) == ways().end())
    throw InputError(where + ": compared = " + seen.compared + " is unknown; write " + list_of(ways()));
  if ((seen.compared == "profile") != (of.quantity == "profile"))
    throw InputError(where + ": compared = " + seen.compared + " does not go with the quantity " + of.quantity + " of the case; " +
                     (of.quantity == "profile" ? "write profile" : "profile goes with a profile only"));
  read_numbers(seen, reader, path.parent_path(), of.unit, where);
  for (auto [part, key] :
       {std::pair{&seen.measured, "measured"}, {&seen.error_is, "error_is"}, {&seen.source, "source"}, {&seen.check, "check"}})
    *part = reader.take<std::string>(key, "text");
  if (std::none_of(seen.source.begin(), seen.source.end(), [](unsigned char c) { return std::isdigit(c) != 0; }))
    throw InputError(where + ": source names no year, volume or number; cite it so that it can be found");
  seen.doi = reader.take_or<std::string>("doi", "text", "");
  seen.url = reader.take_or<std::string>("url", "text", "");
  reader.finish({"id", "compared", "low", "high", "value", "sd", "file", "measured", "error_is", "source", "check", "doi", "url"});
  if (!file.arrays.empty()) throw InputError(where_of(file.arrays.front()) + ": an observation has no tables; remove them");
  return seen;
}

}  // namespace dermaflux
