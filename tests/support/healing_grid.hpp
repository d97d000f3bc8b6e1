#pragma once
#include <vector>

#include "core/execution/executor.hpp"
#include "core/solver/healing_cycle.hpp"
#include "core/solver/healing_setup.hpp"

namespace dermaflux::test {

/// A healing problem on a grid of a test's own: all dermis, no pigment, no rates, no cells; one step is as long as the test says.
struct HealingGrid {
  std::vector<double> memory;
  HealingProblem p{};

  HealingGrid(const std::vector<double>& r_face, const std::vector<double>& z_face) {
    const int n_r = static_cast<int>(r_face.size()) - 1, n_z = static_cast<int>(z_face.size()) - 1;
    ViewArena needed;
    lay_out(needed, n_r, n_z);
    memory.assign(static_cast<std::size_t>(needed.used), 0.0);
    ViewArena arena{memory.data()};
    lay_out(arena, n_r, n_z);
    for (int i = 0; i <= n_r; ++i) put(p.grid.r_face, i, r_face[static_cast<std::size_t>(i)]);
    for (int j = 0; j <= n_z; ++j) put(p.grid.z_face, j, z_face[static_cast<std::size_t>(j)]);
    for (int i = 0; i < n_r; ++i) put(p.grid.r_centre, i, 0.5 * (p.grid.r_face(i) + p.grid.r_face(i + 1)));
    for (int j = 0; j < n_z; ++j) put(p.grid.z_centre, j, 0.5 * (p.grid.z_face(j) + p.grid.z_face(j + 1)));
    for (int k = 0; k < p.grid.cell_count(); ++k) p.scratch.lymph_factor(k) = 1.0;
    p.params.courses[at_axis].recruitment = {.peak = 1.0, .rise = 2.0 * units::day, .decay = 7.0 * units::day};
    p.params.rates[at_axis].density = 1.0;
    p.params.rates[at_axis].uptake = {.rate = 0.0, .resident_density = 1e13, .capacity = 1e300};
    p.params.courses[at_axis].open_track = {.initial = 0.0, .decay = units::day};
    p.params.depletion = {.time = 0.0, .share = 0.0, .return_time = units::day};
    equal_steps(units::day);
  }
  HealingGrid(const HealingGrid&) = delete;
  HealingGrid& operator=(const HealingGrid&) = delete;

  /// Steps of this length [s], whatever the error.
  void equal_steps(double dt) {
    p.params.tolerance = 1e300;
    p.params.first_step = p.params.largest_step = dt;
  }
  /// Pigment of all pools [kg].
  double held() const {
    double sum = 0.0;
    for (const FieldView<double>& pool : {p.pools.free, p.pools.matrix, p.pools.macrophage, p.pools.slow, p.pools.epidermal})
      sum += integral(pool);
    return sum;
  }
  double lost() const {  ///< [kg]
    double sum = 0.0;
    for (int n = 0; n < HealingAccount::count; ++n) sum += p.account(n);
    return sum;
  }
  double integral(const FieldView<double>& field) const {
    double sum = 0.0;
    for (int i = 0; i < p.grid.n_r; ++i)
      for (int j = 0; j < p.grid.n_z; ++j) sum += field(p.grid.cell(i, j)) * p.grid.volume(i, j);
    return sum;
  }

 private:
  void lay_out(ViewArena& arena, int n_r, int n_z) {
    p.grid = take_grid(arena, n_r, n_z);
    lay_out_healing_rows(arena, p);
    lay_out_healing_state(arena, p);
  }
};

}  // namespace dermaflux::test
