#pragma once
#include "core/solver/healing_problem.hpp"
#include "core/solver/insertion_cycle.hpp"
#include "core/treatment/ink.hpp"
#include "core/treatment/sessions.hpp"

namespace dermaflux {

/// Times after the first session at which a run is looked at.
inline constexpr int max_moments = 32;

/// Dwell times that may share one insertion.
inline constexpr int max_branches = 24;

/// How a member ended.
enum class Status : int {
  ok = 0,
  step_too_small,  ///< no time step of the insertion was small enough
  not_finite,      ///< a NaN or infinity in the pigment
  ledger_open,     ///< pigment was lost or made beyond rounding
};

/// The state of the dot at one time after treatment; the whole dot, all prongs.
struct MomentOutcome {
  double time;                              ///< [s]
  double pools[5];                          ///< free, matrix, macrophage, slow, epidermal [kg]
  double losses[HealingAccount::count];     ///< shed, exuded, lymph, photolysed [kg]
  double depth_mean, depth_p10, depth_p90;  ///< of all pigment below the surface [m]
  double radius_mean;                       ///< [m]
  double below_limit;                       ///< share of the pigment below 1 mm [-]
  double contrast;                          ///< at 550 nm [-], NaN where nobody looked
  double fwhm;                              ///< [m], NaN where nobody looked
  double erythema, oedema;                  ///< amplitude, 1 right after treatment [-]
  double haematoma;                         ///< expected share of a bruise that is left [-]
};

/// Reflectance of dot and skin in all bands at one time.
struct ColourOutcome {
  double skin[band_count], dot[band_count];
};

/// What one session did; the whole dot, all prongs.
struct SessionOutcome {
  double time;             ///< since the first [s]
  double tip_depth;        ///< [m]
  double strokes;          ///< complete ones
  double drawn_pigment;    ///< that entered the track [kg]
  double deposited;        ///< pigment that it left in the skin after relaxation [kg]
  double contrast_before;  ///< at 550 nm, just before it; 0 before the first [-]
};

/// Result of one member: one treatment of one dot. Plain numbers, so that a device returns it as it is. Amounts are those of all
/// sessions together; shares and radii of what was laid down are means over the sessions, by mass.
struct Outcome {
  Status status;
  int strokes;
  double failed_at;                                    ///< time of the contact at which the member failed [s]
  double contact_time;                                 ///< [s]
  double drawn_volume, back_volume, exuded_volume;     ///< through the rim [m^3]
  double drawn_pigment, back_pigment, exuded_pigment;  ///< [kg]
  double retained_volume;                              ///< ink carrier in track and tissue after relaxation [m^3]
  double deposited;                                    ///< pigment in the skin after relaxation [kg]
  double epidermal_share;                              ///< of it above the junction [-]
  double below_dermis;                                 ///< of it below the interface of dermis and fat [-]
  double radius_in_skin, radius_in_fat;                ///< mean distance from the axis above and below that interface [m]
  double fractured_volume;                             ///< of tissue cracked by pore pressure [m^3]
  double peak_pressure;                                ///< of the liquid in the track [Pa]
  double imbalance;                                    ///< largest |ledger| over all stages, relative to the pigment drawn [-]
  long steps, iterations, substeps, rejected, healing_steps;
  int session_count;
  SessionOutcome sessions[max_sessions];
  int moment_count;
  MomentOutcome moments[max_moments];
  ColourOutcome colour[2];  ///< day 14 and one year
};

}  // namespace dermaflux
