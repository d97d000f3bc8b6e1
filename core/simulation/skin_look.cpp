#include "core/simulation/skin_look.hpp"

#include "core/simulation/case_builder.hpp"
#include "core/simulation/workspace.hpp"
#include "core/solver/optics_steps.hpp"

namespace dermaflux {

std::array<double, band_count> skin_reflectance(const Treatment& treatment) {
  RunOptions options;
  options.grid = GridLevel::quick;  // light is solved on the same grid at every level
  options.horizon = units::year + treatment.sessions.time(treatment.sessions.count() - 1);
  CaseBlueprint blueprint = build_case(treatment, options);
  Workspace workspace;
  const TreatmentCase bound = blueprint.bind(blueprint.constants.data(), workspace.zeroed(blueprint.state_length));
  std::array<double, band_count> result{};
  for (int band = 0; band < band_count; ++band) {
    LightClock resting{};
    resting.band = band;
    resting.blood = 1.0;
    SkinViewStep{bound.optics, resting}();
    result[static_cast<std::size_t>(band)] = bound.optics.reflectance(bound.optics.grid.n_r);
  }
  return result;
}

}  // namespace dermaflux
