#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/io/sweep_file.hpp"

namespace dermaflux {

/// How two uncertain keys hang together: the correlation of the normal numbers behind their draws.
struct Correlation {
  std::string first, second, source;
  double rho;  ///< above -1, below 1 [-]
};

/// What a calibration searches beside depth and dwell time, on request.
const std::vector<std::string>& further_settings();

/// Reads entries [[setting]] of a file and what the command line asks for, "machine.frequency_hz" and "80,100,120"; the latter
/// replaces an entry of the same key. Throws InputError: a key that is no setting or stands twice, one that an override fixes, a
/// value that is out of range or does not fit the treatment.
std::vector<StudyAxis> read_further_settings(const std::vector<std::map<std::string, ConfigValue>>& entries,
                                             const std::vector<std::pair<std::string, std::string>>& asked,
                                             const TreatmentDocument& base);

/// Reads entries [[correlation]]. Throws InputError: a key that is not uncertain, a pair twice, and the first pair that no law can
/// have together with those before it (their matrix is not positive definite).
std::vector<Correlation> read_correlations(const std::vector<std::map<std::string, ConfigValue>>& entries,
                                           const std::vector<std::string>& uncertain);

}  // namespace dermaflux
