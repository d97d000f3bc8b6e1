#pragma once
#include <cmath>
#include <memory>
#include <string>

#include "core/simulation/space_program.hpp"
#include "tests/support/small_cases.hpp"

/// Treatments in a box that are cheap: the quick grid, a few strokes, a year.
namespace dermaflux::test {

inline Treatment in_box(const Overrides& overrides = {}, const std::string& name = "normal") {
  Overrides all{{"machine.dwell_ms", "15"}, {"geometry.kind", "box"}, {"geometry.margin_mm", "0.4"}};
  all.insert(all.end(), overrides.begin(), overrides.end());
  return treatment(name, all);
}

inline RunOptions one_year() {
  RunOptions options = quick_grid();
  options.horizon = units::year;
  return options;
}

/// A box and what became of it.
struct BoxRun {
  std::unique_ptr<SpaceCase> box;
  Outcome outcome;
};

inline BoxRun run_box(const Treatment& treatment) {
  BoxRun run{build_space_case(treatment, one_year()), {}};
  run_in_space(SerialColumns{}, *run.box, run.outcome);
  return run;
}

/// By how much columns of mirrored runs may differ, over the largest: what the pressure solver leaves, 2e-7 of that by what a tenth
/// of its tolerance changes (SpaceSymmetry), and single precision of every cell that is kept, 2^-24 of both.
inline constexpr double mirrored = 2e-7 + 2.0 * 6e-8;

/// Pigment in a column of the box right after treatment, over its depth [kg/m^2].
inline double column_pigment(const SpaceFields& f, std::size_t i, std::size_t l) {
  const std::size_t n_y = f.y_face.size() - 1, n_z = f.z_face.size() - 1;
  double sum = 0.0;
  for (std::size_t pool = 0; pool < 5; ++pool)
    for (std::size_t j = 0; j < n_z; ++j)
      sum += static_cast<double>(f.pools[pool * f.cells() + (i * n_y + l) * n_z + j]) * (f.z_face[j + 1] - f.z_face[j]);
  return sum;
}

}  // namespace dermaflux::test
