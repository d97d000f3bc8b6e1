#pragma once
#include <cmath>

#include "core/portability.hpp"

namespace dermaflux {

/// A response of skin to the puncture that is largest at once and dies away [-]: e^(-t/decay), 1 right after treatment.
/// Source: clinics state redness and swelling of a few days (SMP practice pages); first-order decay is an estimate.
struct AcuteDecay {
  double decay;  ///< time constant [s]
  DF_FUNCTION double operator()(double time) const { return std::exp(-time / decay); }
};

/// Redness: vessels widened by the puncture.
struct Erythema {
  double gain;       ///< extra blood right after treatment over resting blood [-]
  AcuteDecay fades;  ///< amplitude 1 at time 0

  DF_FUNCTION double amplitude(double time) const { return fades(time); }           ///< [-]
  DF_FUNCTION double extra_blood(double time) const { return gain * fades(time); }  ///< over resting blood [-]
};

/// Swelling: water that leaks into the dermis and thickens it, while what lies in it stays in its place in the tissue.
struct Oedema {
  double swelling;    ///< extra thickness of the dermis right after treatment over its resting thickness [-]
  AcuteDecay drains;  ///< amplitude 1 at time 0

  DF_FUNCTION double amplitude(double time) const { return drains(time); }  ///< [-]
  /// Thickness of the dermis over its resting thickness, what a needle meets at that time [-].
  DF_FUNCTION double thickness(double time) const { return 1.0 + swelling * drains(time); }
};

/// Probability that a puncture bleeds [-]: logistic in the depth of the tip, one half at `depth`. Source: capillary loops begin
/// at the junction and the upper plexus lies at 1 to 1.5 mm, Braverman 2000, J. Investig. Dermatol. Symp. Proc. 5; the form is an
/// estimate.
struct BleedingLaw {
  double depth, width;  ///< [m]
  DF_FUNCTION double operator()(double tip_depth) const { return 1.0 / (1.0 + std::exp(-(tip_depth - depth) / width)); }
};

/// Bruise: blood that leaves a cut vessel stays in the tissue and is cleared in days.
struct Haematoma {
  double probability;  ///< that the dot bruises [-]
  double gain;         ///< blood of a bruise over resting blood [-]
  AcuteDecay clears;   ///< amplitude 1 at time 0

  /// A bleeding puncture bruises the likelier, the more blood the tissue holds [-]: p_bleed (1 - e^(-f/f_0)). Estimate.
  DF_FUNCTION static double chance(double bleeding, double blood_fraction, double bruising_fraction) {
    return -bleeding * std::expm1(-blood_fraction / bruising_fraction);
  }
  /// Expected share of the first bruise that is left [-].
  DF_FUNCTION double amplitude(double time) const { return probability * clears(time); }
  DF_FUNCTION double extra_blood(double time) const { return gain * amplitude(time); }  ///< expected, over resting blood [-]
};

}  // namespace dermaflux
