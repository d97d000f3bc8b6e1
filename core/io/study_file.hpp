#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/io/config.hpp"
#include "core/io/corrections_file.hpp"
#include "core/io/session_rules.hpp"
#include "core/io/study_settings.hpp"

namespace dermaflux {

/// A rule that a right dot keeps: an output between two limits. One with a weight does not decide what is right; a right dot that
/// breaks it is worth less by that weight.
struct Criterion {
  std::string name, output, reason, source;
  double low, high;
  std::optional<double> weight;  ///< above 0, below 1 [-]
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

/// Which skins the settings table of a preset is made for, and what counts as the same result there.
struct SettingsTable {
  std::vector<std::string> thickness, resistance;  ///< keys that move together
  std::vector<double> shares;                      ///< of the probability of each key, beside its value [-]
  double contrast_tolerance, share_tolerance;      ///< of contrast_1y and share_epidermis [-]
};

/// How well the place of the best setting shall be known.
struct LocationGoal {
  double depth_um, dwell_share;  ///< half of the ranges; of the dwell time over it [-]
  double confidence;             ///< share of resampled draws in which it falls there [-]
  double as_good;                ///< below the best probability, of settings that are as good as the best [-]
  int most_draws;                ///< that may be run for it
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
  std::vector<Correlation> correlations;
  std::vector<StudyAxis> settings;  ///< searched beside depth and dwell time
  double accepted_share;            ///< of the best probability that bounds the tolerance box [-]
  std::vector<Criterion> criteria;
  std::vector<Alarm> alarms;
  std::vector<EnvelopeLimit> envelope;
  std::optional<SettingsTable> table;
  std::optional<LocationGoal> location;
  std::optional<SessionRules> sessions;
  std::optional<Corrections> corrections;  ///< that outputs are multiplied by before anything is judged
  std::vector<std::filesystem::path> files;
};

/// What a set of presets is made for.
struct PresetSet {
  std::vector<std::string> classes, needles, inks;
};

/// Reads the table [set] of a calibration file.
PresetSet load_preset_set(const std::filesystem::path& file);

/// Reads a calibration for one tissue class; `quick` takes the values of its table [quick] where given, `also` names further
/// settings to search, as read_further_settings takes them.
CalibrationFile load_calibration(const std::filesystem::path& file, const std::string& skin_class, bool quick,
                                 const std::vector<std::pair<std::string, std::string>>& overrides,
                                 const std::vector<std::pair<std::string, std::string>>& also = {});

/// The calibration of one combination of its further settings, given as overrides; it searches depth and dwell time alone. Throws
/// InputError where they do not fit the treatment.
CalibrationFile with_settings(const CalibrationFile& file, const std::vector<std::pair<std::string, std::string>>& chosen);

}  // namespace dermaflux
