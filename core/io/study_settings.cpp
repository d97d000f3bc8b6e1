#include "core/io/study_settings.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "core/error.hpp"
#include "core/io/table_reader.hpp"
#include "core/number_text.hpp"

namespace dermaflux {
namespace {

using Table = std::map<std::string, ConfigValue>;

std::string listed(const std::vector<std::string>& names) {
  std::string all;
  for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name;
  return all;
}

/// What the command line asks for, as the file would say it.
Table as_entry(const std::string& key, const std::string& text) {
  const std::string where = "--also " + key + "=" + text;
  std::vector<double> numbers;
  std::vector<std::string> words;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) {
    const ConfigValue::Content content = read_toml_value(part, where);
    if (const auto* number = std::get_if<double>(&content))
      numbers.push_back(*number);
    else if (const auto* word = std::get_if<std::string>(&content); word && !word->empty())
      words.push_back(*word);
    else
      throw InputError(where + ": \"" + part + "\" is neither a number nor a name; write for example " + key + "=80,100,120");
  }
  if (!numbers.empty() && !words.empty())
    throw InputError(where + ": " + words.front() + " is no number, but others are; give numbers or names");
  Table entry;
  const auto put = [&](const std::string& name, ConfigValue::Content content) {
    entry[name] = {std::move(content), std::nullopt, "override", where};
  };
  put("[[]]", std::string("setting"));
  put("key", key);
  if (words.empty())
    put("values", numbers);
  else
    put("values", words);
  return entry;
}

/// A row of the Cholesky factor of a matrix, the rows above being there. False if the matrix is not positive definite.
bool factor_row(std::vector<std::vector<double>>& a, std::size_t row) {
  for (std::size_t column = 0; column <= row; ++column) {
    double sum = a[row][column];
    for (std::size_t k = 0; k < column; ++k) sum -= a[row][k] * a[column][k];
    if (column == row && !(sum > 1e-12)) return false;  // a unit diagonal: what is left of a variance of 1
    a[row][column] = column == row ? std::sqrt(sum) : sum / a[column][column];
  }
  return true;
}

bool positive_definite(std::vector<std::vector<double>> matrix) {
  for (std::size_t row = 0; row < matrix.size(); ++row)
    if (!factor_row(matrix, row)) return false;
  return true;
}

}  // namespace

const std::vector<std::string>& further_settings() {
  static const std::vector<std::string> all = {"machine.frequency_hz", "machine.angle_deg", "needle.model", "ink.dilution"};
  return all;
}

std::vector<StudyAxis> read_further_settings(const std::vector<Table>& entries,
                                             const std::vector<std::pair<std::string, std::string>>& asked,
                                             const TreatmentDocument& base) {
  std::vector<Table> all;
  for (const Table& entry : entries) {
    const auto key = entry.find("key");
    const auto* name = key == entry.end() ? nullptr : std::get_if<std::string>(&key->second.content);
    const auto same = [&](const auto& other) { return name && other.first == *name; };
    if (std::none_of(asked.begin(), asked.end(), same)) all.push_back(entry);
  }
  for (const auto& [key, text] : asked) all.push_back(as_entry(key, text));
  std::vector<StudyAxis> settings;
  for (Table& entry : all) {
    const std::string where = where_of(entry);
    const std::string key = entry_reader(entry).take<std::string>("key", "the key of a setting");
    const auto& known = further_settings();
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      const std::string near = nearest(key, known);
      throw InputError(where + ": " + key + " is no setting that is searched beside depth and dwell time; " +
                       (near.empty() ? "there are " + listed(known) : "did you mean " + near + "?"));
    }
    const auto same = [&key](const auto& one) { return one.key == key; };
    if (std::any_of(settings.begin(), settings.end(), same))
      throw InputError(where + ": the setting " + key + " stands twice; join its values in one");
    for (const auto& [fixed, text] : base.overrides())
      if (fixed == key)
        throw InputError(where + ": " + key + " is searched, but -s " + key + "=" + text + " fixes it; leave out one of them");
    settings.push_back(read_listed_axis(std::move(entry), base));
  }
  return settings;
}

std::vector<Correlation> read_correlations(const std::vector<Table>& entries, const std::vector<std::string>& uncertain) {
  std::vector<std::vector<double>> matrix(uncertain.size(), std::vector<double>(uncertain.size(), 0.0));
  for (std::size_t n = 0; n < uncertain.size(); ++n) matrix[n][n] = 1.0;
  std::vector<Correlation> all;
  for (const Table& entry : entries) {
    const std::string where = where_of(entry);
    TableReader reader = entry_reader(entry);
    const auto keys = reader.take<std::vector<std::string>>("keys", "two uncertain keys");
    reader.expect_unit("rho", "1");
    const double rho = reader.take<double>("rho", "a number above -1, below 1");
    const std::string source = reader.take<std::string>("source", "text");
    reader.finish({"keys", "rho", "source"});
    if (keys.size() != 2 || keys[0] == keys[1]) throw InputError(where + ": keys does not name two keys; name two uncertain keys");
    std::size_t at[2];
    for (std::size_t n = 0; n < 2; ++n) {
      const auto found = std::find(uncertain.begin(), uncertain.end(), keys[n]);
      const std::string near = nearest(keys[n], uncertain);
      if (found == uncertain.end())
        throw InputError(where + ": " + keys[n] + " is not uncertain (nothing is drawn that could be correlated); " +
                         (near.empty() ? "add it to uncertain" : "did you mean " + near + "?"));
      at[n] = static_cast<std::size_t>(found - uncertain.begin());
    }
    if (!(std::fabs(rho) < 1.0))
      throw InputError(where + ": rho = " + number_text(rho) + " of " + keys[0] + " and " + keys[1] +
                       " is out of range; give a number above -1, below 1");
    if (matrix[at[0]][at[1]] != 0.0)
      throw InputError(where + ": the correlation of " + keys[0] + " and " + keys[1] + " stands twice; leave one of them out");
    matrix[at[0]][at[1]] = matrix[at[1]][at[0]] = rho;
    if (!positive_definite(matrix))
      throw InputError(
          where + ": rho = " + number_text(rho) + " of " + keys[0] + " and " + keys[1] +
          " contradicts the correlations before it (the matrix of all is not positive definite); bring it nearer to 0, "
          "or one of those");
    all.push_back({keys[0], keys[1], source, rho});
  }
  return all;
}

}  // namespace dermaflux
