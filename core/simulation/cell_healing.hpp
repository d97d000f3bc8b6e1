#pragma once
#include <array>
#include <vector>

#include "core/solver/healing_problem.hpp"

namespace dermaflux {

/// Healing of one piece of dermis that exchanges nothing with its neighbours: numbers in, numbers out. SI units.
struct CellHealing {
  HealingParams params;  ///< rates and laws; what moves pigment or concerns the epidermis is not used
  double residents;      ///< resident macrophages [1/m^3]
  double wound;          ///< share of the piece in the wound [-]
  double lymph_factor;   ///< lymph clearance of its pigment over that of 100 nm particles [-]
  double photolysis;     ///< [1/s]
  PigmentPools start;    ///< [kg/m^3]

  TissueRates& rates() { return params.rates[at_axis]; }
  TissueCourses& courses() { return params.courses[at_axis]; }
};

/// Pools of the piece at one time, and what has left it until then.
struct CellMoment {
  PigmentPools pools;                ///< [kg/m^3]
  double lymph, exuded, photolysed;  ///< [kg/m^3]
};

/// Runs the healing of a treatment (`heal_until`, serial) on one cell and looks at it at increasing times [s].
/// @throws InputError if the times do not increase or a number is negative or not finite.
std::vector<CellMoment> heal_cell(const CellHealing& cell, const std::vector<double>& times);

}  // namespace dermaflux
