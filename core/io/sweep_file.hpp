#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/io/config.hpp"
#include "core/io/corrections_file.hpp"
#include "core/io/space_study.hpp"

namespace dermaflux {

/// One axis of a study: a key of the treatment and the values it takes, numbers in the key's unit or words.
struct StudyAxis {
  std::string key;
  std::string unit;
  std::vector<double> numbers;
  std::vector<std::string> words;

  std::size_t size() const { return words.empty() ? numbers.size() : words.size(); }
};

/// A key that is drawn between two ends.
struct SampledAxis {
  std::string key;
  std::string unit;
  double low, high;   ///< in `unit`
  std::string scale;  ///< linear or log: draws are even in the value or in its logarithm
};

/// Draws that all sampled axes of a sweep share: one dimension.
struct Sample {
  std::string method;  ///< sobol or latin_hypercube
  int count, seed;
  std::string source;
  std::string where;  ///< "file.toml:12"
  std::vector<SampledAxis> axes;
};

/// What the value of an axis is compared with.
struct Comparison {
  std::string key;
  std::string unit;                                                   ///< of the key
  std::string relation;                                               ///< at_least, at_most or is
  std::variant<double, std::string, std::vector<std::string>> value;  ///< a number in `unit`, the key of another axis, or names
};

/// What a combination of the axes must keep to be a member.
struct Condition {
  Comparison demand;
  std::optional<Comparison> when;  ///< the demand is made only where this holds
  std::string reason;
};

/// A sweep: all combinations of its axes, and of one draw of its sampled axes, around one treatment.
struct SweepFile {
  std::string title, description;
  TreatmentDocument base;
  std::vector<StudyAxis> axes;
  std::optional<Sample> sample;
  std::vector<Condition> conditions;
  std::vector<std::string> outputs;        ///< empty: all
  std::string grid;                        ///< level, "standard" unless the file says otherwise
  std::optional<SpaceStudy> study;         ///< what is shown of the members, where the sweep is a study in space
  std::optional<Corrections> corrections;  ///< that outputs of members on rings are multiplied by
};

/// Largest sweep that is started; above it, memory and time are beyond one machine.
inline constexpr double largest_sweep = 1e6;

/// Reads an axis that lists its values, and checks each. Throws InputError.
StudyAxis read_listed_axis(std::map<std::string, ConfigValue> entry, const TreatmentDocument& base);

/// Reads a sweep with overrides of its base treatment. Throws InputError: unknown key or output, an axis twice, an empty axis, a
/// range that cannot be drawn from, a condition between what cannot be compared, more combinations than `largest_sweep`, a study
/// that does not vary what it shows.
SweepFile load_sweep(const std::filesystem::path& file, const std::vector<std::pair<std::string, std::string>>& overrides);

}  // namespace dermaflux
