#pragma once
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "core/io/config.hpp"

namespace dermaflux {

/// One measured number that an output of a run is compared with.
struct ObservedValue {
  std::string output, unit, source;
  double value, sd;  ///< in `unit`; standard deviation of the measurement
};

/// A table of measurements in a file of its own: an output over time, or shares of the pigment over depth on one day.
struct ObservedTable {
  std::string output, unit, source;  ///< output and unit empty for a profile
  double day;                        ///< of a profile; NaN for a series
  std::filesystem::path file;
};

/// A fit: which keys are inferred from what was measured of one treatment.
struct FitFile {
  std::string title;
  TreatmentDocument base;
  std::string grid;
  std::vector<std::string> uncertain;  ///< keys inferred; their priors are the ranges of their files
  int runs;                            ///< of the engine, at points of the priors
  int seed;
  int walkers, steps;  ///< of the ensemble sampler
  std::vector<ObservedValue> values;
  std::vector<ObservedTable> series, profiles;
  std::vector<std::filesystem::path> files;  ///< of the treatment, the tables, its own at last
};

/// Reads a fit with overrides of its treatment; the tables it names are read by who uses them. Throws InputError: unknown key or
/// output, a key without a range, a unit that is not the output's, a standard deviation that is not positive, nothing observed.
FitFile load_fit(const std::filesystem::path& file, const std::vector<std::pair<std::string, std::string>>& overrides);

}  // namespace dermaflux
