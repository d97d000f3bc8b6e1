#pragma once
#include <vector>

#include "core/grid/grid_builder.hpp"
#include "core/simulation/treatment_program.hpp"
#include "core/treatment/puncture.hpp"
#include "core/treatment/treatment.hpp"

namespace dermaflux {

/// What to compute of a treatment and what to keep.
struct RunOptions {
  GridLevel grid = GridLevel::standard;
  std::vector<double> dwells;  ///< dwell times that share the insertion, increasing [s]; empty: the treatment's own
  double horizon = 0.0;        ///< last time looked at [s]; 0: five years
  bool record = false;         ///< keep fields and trace
};

/// Times after treatment at which every run is looked at [s].
std::vector<double> look_times(double horizon);

/// One member, ready to run anywhere: numbers, constants, and how much memory its state takes. `bind` turns it into a case on
/// given memory, which may be a device's: only addresses are computed.
struct CaseBlueprint {
  Puncture puncture;
  TreatmentCase plan;  ///< views are bound later
  int n_r = 0, n_z = 0;
  long checkpoint_length = 0;     ///< [double]
  long state_length = 0;          ///< [double]
  std::vector<double> constants;  ///< to be copied where `bind` is told

  /// Views on `constants` and on `state`, which must be zero.
  TreatmentCase bind(double* constants, double* state) const;
};

CaseBlueprint build_case(const Treatment& treatment, const RunOptions& options);

}  // namespace dermaflux
