#include "core/treatment/bleeding.hpp"

#include "core/physics/acute_response.hpp"

namespace dermaflux {

double bleed_probability(const Treatment& treatment, double tip_depth) {
  constexpr double node[5] = {-2.856970013872806, -1.355626179974266, 0.0, 1.355626179974266, 2.856970013872806};
  constexpr double weight[5] = {0.011257411327721, 0.222075922005613, 0.533333333333333, 0.222075922005613, 0.011257411327721};
  const SkinAppearance& look = treatment.skin_at_axis().appearance;
  const BleedingLaw bleeds{look.bleed_depth, look.bleed_width};
  double sum = 0.0;
  for (int n = 0; n < 5; ++n) sum += weight[n] * bleeds(tip_depth + treatment.pattern.depth_jitter * node[n]);
  return sum;
}

}  // namespace dermaflux
