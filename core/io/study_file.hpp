#pragma once
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "core/io/config.hpp"

namespace dermaflux {

/// One axis of a study: a key of the treatment and the values it takes, numbers in the key's unit or words.
struct StudyAxis {
  std::string key;
  std::string unit;
  std::vector<double> numbers;
  std::vector<std::string> words;

  std::size_t size() const { return words.empty() ? numbers.size() : words.size(); }
};

/// A sweep: all combinations of its axes around one treatment.
struct SweepFile {
  std::string title;
  TreatmentDocument base;
  std::vector<StudyAxis> axes;
  std::vector<std::string> outputs;  ///< empty: all
  std::string grid;                  ///< level, "standard" unless the file says otherwise
};

/// Largest sweep that is started; above it, memory and time are beyond one machine.
inline constexpr double largest_sweep = 1e6;

/// Reads a sweep with overrides of its base treatment. Throws InputError: unknown key or output, an axis twice, an empty axis,
/// more members than `largest_sweep`.
SweepFile load_sweep(const std::filesystem::path& file, const std::vector<std::pair<std::string, std::string>>& overrides);

/// A rule that a right dot keeps: an output between two limits.
struct Criterion {
  std::string name, output, reason, source;
  double low, high;
};

/// A level at which the driver warns or stops.
struct Alarm {
  std::string name, quantity, unit, action, reason, source;
  double warn, stop;  ///< in `unit`
};

/// Hard limits of one setting.
struct EnvelopeLimit {
  std::string key, source;
  double low, high;
};

/// A search for the best depth and dwell.
struct CalibrationFile {
  std::string title;
  std::string skin_class;
  TreatmentDocument base;
  std::vector<double> depths_mm, dwells_ms;
  int draws;
  int seed;
  std::string grid;
  std::vector<std::string> uncertain;  ///< keys drawn from their ranges
  double accepted_share;               ///< of the best probability that bounds the tolerance box [-]
  std::vector<Criterion> criteria;
  std::vector<Alarm> alarms;
  std::vector<EnvelopeLimit> envelope;
  std::vector<std::filesystem::path> files;
};

/// Reads a calibration for one tissue class; `quick` takes the values of its table [quick] where given.
CalibrationFile load_calibration(const std::filesystem::path& file, const std::string& skin_class, bool quick,
                                 const std::vector<std::pair<std::string, std::string>>& overrides);

}  // namespace dermaflux
