#pragma once
#include <cmath>

#include "core/execution/executor.hpp"
#include "core/simulation/outcome.hpp"
#include "core/solver/optics_problem.hpp"

namespace dermaflux {

/// Sums of a moment that has been measured; returns all pigment that there is and that was lost [kg].
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION double book_sums(const Executor& executor, const HealingProblem& healing, double time, MomentOutcome& moment) {
  const auto sum = [&](int n) { return executor.read(healing.moments, n); };
  double held = 0.0;
  moment.time = time;
  for (int n = 0; n < 5; ++n) held += moment.pools[n] = sum(Moment::free + n);
  for (int n = 0; n < HealingAccount::count; ++n) held += moment.losses[n] = executor.read(healing.account, n);
  moment.depth_mean = sum(Moment::depth_mean);
  moment.depth_p10 = sum(Moment::depth_p10);
  moment.depth_p90 = sum(Moment::depth_p90);
  moment.radius_mean = sum(Moment::radius_mean);
  moment.below_limit = sum(Moment::below_limit);
  return held;
}

/// The larger one of an imbalance and what a dot of which `drawn`, `back` and `exuded` crossed the rim and `held` is known says
/// [-].
DF_FUNCTION inline double imbalance_with(double imbalance, double held, double drawn, double back, double exuded) {
  return drawn > 0.0 ? larger(imbalance, std::fabs(held - (drawn - back - exuded)) / drawn) : imbalance;
}

/// What was seen at a moment; `colour` says which of the two colours of a run that is, below 0 for none.
DF_FUNCTION inline void book_look(const Appearance& seen, int colour, MomentOutcome& moment, Outcome& out) {
  moment.contrast = seen.contrast;
  moment.fwhm = seen.fwhm;
  moment.erythema = seen.erythema;
  moment.oedema = seen.oedema;
  moment.haematoma = seen.haematoma;
  for (int n = 0; colour >= 0 && n < band_count; ++n) {
    out.colour[colour].skin[n] = seen.skin[n];
    out.colour[colour].dot[n] = seen.dot[n];
  }
}

}  // namespace dermaflux
