#pragma once
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "core/io/config.hpp"

namespace dermaflux {

/// Where the dots of a patch stand before the hand's jitter.
enum class Lattice { hexagonal, square, random };

/// A patch of skin full of dots: one treatment, many places. Spacing and jitter are keys of the treatment ([pattern]) and are kept
/// there; a pattern file that gives them overrides the treatment it names.
struct PatternFile {
  std::string title;
  TreatmentDocument base;
  Lattice lattice = Lattice::hexagonal;
  double width = 0.0, height = 0.0;  ///< of the patch [m]
  double margin = 0.0;               ///< bare skin in front of the hairline [m]
  double feather = 0.0;              ///< way over which the density rises from none to all behind the hairline [m]
  double irregularity = 0.0;         ///< standard deviation of the hairline about its mean [m]
  double irregularity_length = 0.0;  ///< way along the hairline over which it wanders [m]
  std::vector<double> days;          ///< when the patch is looked at [s]
  double visible_contrast = 0.0;     ///< loss of luminance from which on skin counts as covered [-]
  int seed = 0;
  std::vector<std::filesystem::path> files;
};

/// Words of a lattice, in the order of its values.
const std::vector<std::string>& lattice_words();

/// Reads a pattern. Overrides of keys of the pattern (patch.width_mm ...) act on it, all others on its treatment. Throws
/// InputError: unknown key, wrong kind or unit, value out of range, spacing and density both given, days that do not increase.
PatternFile load_pattern(const std::filesystem::path& file, const std::vector<std::pair<std::string, std::string>>& overrides);

}  // namespace dermaflux
