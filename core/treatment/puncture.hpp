#pragma once
#include "core/physics/puncture_laws.hpp"
#include "core/treatment/treatment.hpp"

namespace dermaflux {

/// What the machine's settings become in the skin.
struct Puncture {
  double tip_depth;     ///< d_tip: deepest point of the tip, normal to the surface [m]; 0 if the skin never breaks
  double dimple;        ///< [m]
  double break_dimple;  ///< at which the skin breaks [m]
  double break_force;   ///< on all prongs at that moment [N]
  double bulge;         ///< of skin towards the needle [m]
  double peak_force;    ///< [N]
  ForceParts peak;      ///< what it is made of [N]
  double mean_force;    ///< over a stroke [N]
  double frequency;     ///< of the loaded motor [1/s]
  double speed;         ///< of the tip where it passes the surface [m/s]
  double modulus;       ///< shear modulus of skin at the rate of the stroke [Pa]
  int strokes;          ///< complete strokes within the dwell time, at least 1
};

/// Solves the balance of needle force, dimple, hand and motor for one treatment.
///   reach = d_set + bulge(F_hand - F_mean) - dimple(F(reach)),  d_tip = reach cos(angle),  f = f_0 (1 - F_mean / F_stall)
/// The skin breaks where the work of indentation pays the puncture energy G_p A_tip of each tip (G_p: Davis et al. 2004, J.
/// Biomech. 37). A prong's dimple is its own and what its neighbours add, never more than one shared dimple under the whole force.
/// Throws NumericsError if the motor stalls, which it does below a tenth of its unloaded speed.
Puncture solve_puncture(const Treatment& treatment);

/// Complete strokes of the loaded motor within a dwell time, at least 1.
int complete_strokes(double frequency, double dwell);

/// Force on all prongs with their tips at `depth` below the surface [N].
ForceParts needle_force(const InsertionForce& law, const Needle& needle, double depth);

/// Law of the force on all prongs at the modulus of a solved puncture.
InsertionForce insertion_force(const Treatment& treatment, const Puncture& puncture);

}  // namespace dermaflux
