#pragma once
#include <array>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "core/grid/grid_builder.hpp"
#include "core/simulation/treatment_program.hpp"
#include "core/treatment/puncture.hpp"
#include "core/treatment/treatment.hpp"

namespace dermaflux {

/// What a run looks at last unless it is told otherwise [s].
inline constexpr double default_horizon = 5.0 * units::year;

/// What to compute of a treatment and what to keep.
struct RunOptions {
  GridLevel grid = GridLevel::standard;
  std::vector<double> dwells;        ///< dwell times that share the insertion, increasing [s]; empty: the treatment's own
  double horizon = default_horizon;  ///< last time looked at [s]
  bool record = false;               ///< keep fields and trace
  bool every_look = false;           ///< look at the dot at all moments, not only at those that outputs ask for
  double stop_time = HUGE_VAL;       ///< healing stops after the first step that reaches it, to be continued later [s]
};

/// Longest time that may be looked at [s]: no clinical series and no rate of this model has been followed for longer.
inline constexpr double longest_horizon = 30.0 * units::year;

/// Times after the first session at which a run is looked at, up to the horizon [s]: those of every run; right after each later
/// session (it has begun and ended then) and a fortnight after it; six weeks and a year after the last one.
std::vector<double> look_times(double horizon, const Sessions& sessions = {});

/// What outputs ask of the look of a dot, and when.
struct AskedLook {
  double time;  ///< [s]
  Look look;
};
inline constexpr std::array<AskedLook, 10> asked_looks = {{{0.0, Look::contrast},
                                                           {1.0 * units::day, Look::contrast},
                                                           {7.0 * units::day, Look::contrast},
                                                           {14.0 * units::day, Look::width},
                                                           {90.0 * units::day, Look::contrast},
                                                           {1.0 * units::year, Look::width},
                                                           {3.0 * units::year, Look::contrast},
                                                           {5.0 * units::year, Look::width},
                                                           {7.0 * units::year, Look::contrast},
                                                           {10.0 * units::year, Look::contrast}}};

/// Throws InputError, naming `where`, if the horizon is no time from above 0 to the longest, or if a session lies beyond it.
void require_horizon(double horizon, const Sessions& sessions, const std::string& where);

/// One member, ready to run anywhere: numbers, constants, and how much memory its state takes. `bind` turns it into a case on
/// given memory, which may be a device's: only addresses are computed.
struct CaseBlueprint {
  Puncture puncture;   ///< of the first session
  TreatmentCase plan;  ///< views are bound later
  int n_r = 0, n_z = 0;
  long checkpoint_length = 0;     ///< [double]
  long state_length = 0;          ///< [double]
  std::vector<double> constants;  ///< to be copied where `bind` is told
  std::shared_ptr<const PhotonPaths> paths;

  /// Views on `constants`, on `state`, which must be zero, and on a copy of the values of `paths`, or those themselves.
  TreatmentCase bind(double* constants, double* state, const float* paths_copy = nullptr) const;
};

/// Throws InputError or NumericsError where the treatment cannot be run.
CaseBlueprint build_case(const Treatment& treatment, const RunOptions& options);

}  // namespace dermaflux
