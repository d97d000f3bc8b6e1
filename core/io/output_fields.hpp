#pragma once
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "core/simulation/outcome.hpp"
#include "core/treatment/puncture.hpp"
#include "core/treatment/treatment.hpp"

namespace dermaflux {

/// What the outputs of one member are computed from.
struct MemberResult {
  Treatment treatment;
  Puncture puncture;
  Outcome outcome;
  double runtime;  ///< wall time of the member, or its share of an ensemble's [s]
  /// Estimated relative error of dose and depth by the grid [-]; NaN where one grid was run.
  double grid_error = std::numeric_limits<double>::quiet_NaN();
  bool fell_back = false;  ///< ran on another backend than was chosen
};

/// One row of the output table: a scalar result. JSON, HDF5, sweeps, Python and the documentation derive from it.
struct OutputField {
  std::string name;  ///< with its unit, "pigment_deposited_ng"
  std::string unit;  ///< empty for pure numbers
  std::string meaning;
  std::function<double(const MemberResult&)> value;  ///< in that unit; NaN where the run did not reach the time
};

const std::vector<OutputField>& output_fields();

/// The output of a name. Throws InputError with the nearest name.
const OutputField& output_field(const std::string& name);

}  // namespace dermaflux
