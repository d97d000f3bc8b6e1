#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace dermaflux {

/// Factor from the axisymmetric model to a box, of one output and one number of prongs, over the angle of the needle:
/// f = constant + linear u + square u^2, u = 1 - cos(angle).
struct Correction {
  std::string output;
  int prongs;
  double constant, linear, square;  ///< [-]
  double error;                     ///< standard error of the factor: of the grid and of the fit together [-]

  double factor(double angle_deg) const;
};

/// Correction factors for tilt and prongs, with the study that they were measured in.
struct Corrections {
  std::filesystem::path file;
  std::string title, source;
  std::string study_sha256;  ///< of the result file of the study
  double lowest_angle_deg, highest_angle_deg;
  std::vector<Correction> all;

  /// Names of the outputs that are corrected, each once, in the order of the file.
  std::vector<std::string> outputs() const;
  /// Throws InputError where the study has not measured: another number of prongs, an angle beyond its range.
  const Correction& of(const std::string& output, int prongs, double angle_deg) const;
};

/// Reads a file of correction factors. Throws FileError, InputError: unknown key or output, a factor twice or missing for a number
/// of prongs, a value out of range.
Corrections load_corrections(const std::filesystem::path& file);

}  // namespace dermaflux
