#include "core/simulation/skin_look.hpp"

#include "core/simulation/case_builder.hpp"
#include "core/simulation/workspace.hpp"
#include "core/solver/optics_cycle.hpp"

namespace dermaflux {

std::array<double, band_count> skin_reflectance(const Treatment& treatment) {
  RunOptions options;
  options.horizon = units::year + treatment.sessions.time(treatment.sessions.count() - 1);
  CaseBlueprint blueprint = build_case(treatment, options);
  Workspace workspace;
  const TreatmentCase bound = blueprint.bind(blueprint.constants.data(), workspace.zeroed(blueprint.state_length));
  std::array<double, band_count> result{};
  for (int band = 0; band < band_count; ++band) {
    const LightClock resting = light_clock(bound.optics.params, band, {});
    look_in_band(SerialExecutor{}, bound.optics, bound.healing.pools, resting, bound.look);
    result[static_cast<std::size_t>(band)] = bound.look(3);
  }
  return result;
}

}  // namespace dermaflux
