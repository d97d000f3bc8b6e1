#include "core/simulation/skin_look.hpp"

#include <algorithm>

#include "core/simulation/optical_scene.hpp"
#include "core/solver/insertion_setup.hpp"

namespace dermaflux {

std::array<double, band_count> skin_reflectance(const Treatment& treatment) {
  const GridFaces faces = build_grid(GridLevel::standard, grid_extent(session_treatment(treatment, 0)));
  const double healed = units::year + treatment.sessions.time(treatment.sessions.count() - 1);
  std::vector<double> none(5 * (faces.r.size() - 1) * (faces.z.size() - 1));
  const Appearance seen = OpticalScene(treatment, faces, std::move(none), healed, 0.0).look();
  std::array<double, band_count> result{};
  std::copy_n(seen.skin, band_count, result.begin());
  return result;
}

}  // namespace dermaflux
