#pragma once
#include <cstring>
#include <type_traits>

#include "core/simulation/outcome.hpp"
#include "core/solver/healing_cycle.hpp"

namespace dermaflux {

/// When a dot is treated again, and how. What needs the host's laws (dimple, motor) is computed beforehand.
struct SessionPlan {
  int count;                           ///< the first included
  double start[max_sessions];          ///< since the first [s]
  FieldView<const double> parameters;  ///< InsertionParams of each session, one after the other
  FieldView<const double> strokes;     ///< of each session in each branch, session by session
  static constexpr int length = (sizeof(InsertionParams) + sizeof(double) - 1) / sizeof(double);  ///< of InsertionParams [double]
};
static_assert(std::is_trivially_copyable_v<InsertionParams>);

/// Where the program of a treatment stands, and the sums it carries along: with the fields, all that the rest of a run depends on.
/// The same on every lane. Zero means that nothing has been done yet.
struct Progress {
  enum : int {
    nothing = 0,  ///< not even the first contact is over
    inserting,    ///< a later session is about to begin
    healing,      ///< stopped between two steps of healing
    finished,
  };
  int stage;
  int sessions, moments;  ///< done
  HealingTally clock;
  // Sums over the sessions done; what was laid down is described by means, by mass.
  double drawn_volume, back_volume, exuded_volume;     ///< [m^3]
  double drawn_pigment, back_pigment, exuded_pigment;  ///< [kg]
  double peak_pressure;                                ///< [Pa]
  double fractured_volume;                             ///< largest of one session [m^3]
  double contact_time;                                 ///< [s]
  long strokes, steps, iterations, substeps, rejected;
  double deposited;                      ///< [kg]
  double epidermal, below_dermis;        ///< share of it [-]
  double radius_in_skin, radius_in_fat;  ///< [m]
  double mean_start;                     ///< of the sessions, by what they left [s]
  double imbalance;                      ///< largest so far, relative to the pigment drawn [-]
  double failed_at;                      ///< time of the contact at which a session failed [s]
  bool failed, lost_finite;
};
static_assert(std::is_trivially_copyable_v<Progress>);

/// Length of a Progress in memory [double].
inline constexpr int progress_length = (sizeof(Progress) + sizeof(double) - 1) / sizeof(double);

/// Writes down where the program stands.
struct KeepProgressStep {
  FieldView<double> to;
  Progress progress;
  DF_FUNCTION void operator()() const { memcpy(to.data, &progress, sizeof progress); }
};

/// What was written down.
DF_FUNCTION inline Progress progress_at(FieldView<const double> from) {
  Progress progress;
  memcpy(static_cast<void*>(&progress), from.data, sizeof progress);
  return progress;
}

/// Puts the numbers of a session into the insertion.
struct ChooseSessionStep {
  SessionPlan plan;
  int session;
  InsertionParams* params;
  DF_FUNCTION void operator()() const {
    memcpy(static_cast<void*>(params), plan.parameters.data + session * SessionPlan::length, sizeof *params);
  }
};

/// Does nothing: all lanes have read what the next step changes.
struct WaitStep {
  DF_FUNCTION void operator()() const {}
};

}  // namespace dermaflux
