#pragma once
#include <cmath>

#include "core/portability.hpp"

namespace dermaflux {

/// Slope limiter of van Leer (1974): second order where the profile is smooth, first order at extrema.
struct VanLeerLimiter {
  DF_FUNCTION double operator()(double upwind_step, double face_step) const {
    const double product = upwind_step * face_step;
    return product > 0.0 ? 2.0 * product / (upwind_step + face_step) : 0.0;
  }
};

/// Concentration carried through a face by a flow from `donor` to `receiver`, with `behind` upstream of the donor and the
/// Courant number of the donor: donor + (1 - courant)/2 * limited step. Positive and bounded for a Courant number of at most
/// one half in sum over all faces. Source: LeVeque 2002, ch. 6.
struct FaceConcentration {
  VanLeerLimiter limiter;
  DF_FUNCTION double operator()(double behind, double donor, double receiver, double courant) const {
    return donor + 0.5 * (1.0 - courant) * limiter(donor - behind, receiver - donor);
  }
};

/// Rate at which flowing pigment is caught by a clean matrix, per unit of fluid content [1/s]: lambda |u|. Deposit lowers it by
/// the factor (1 - sigma/sigma_max). Source: Iwasaki 1937; Herzig, Leclerc & Le Goff 1970, Ind. Eng. Chem. 62.
struct Filtration {
  DF_FUNCTION double operator()(double filter_coefficient, double darcy_speed) const { return filter_coefficient * darcy_speed; }
};

}  // namespace dermaflux
