#include "core/simulation/case_builder.hpp"

#include <algorithm>
#include <string>

#include "core/error.hpp"
#include "core/simulation/validity.hpp"
#include "core/solver/healing_setup.hpp"
#include "core/solver/insertion_setup.hpp"
#include "core/solver/optics_setup.hpp"

namespace dermaflux {
namespace {

constexpr double two_weeks = 14.0 * units::day;

/// Views of all constants; the order fixes their layout.
void lay_out_all_constants(ViewArena& arena, int n_r, int n_z, TreatmentCase& c) {
  lay_out_constants(arena, n_r, n_z, c.insertion);
  c.healing.grid = c.insertion.grid;
  lay_out_healing_rows(arena, c.healing);
  lay_out_optics_rows(arena, c.optics.params.coarsening, c.insertion.grid, c.optics);
}

/// Rows of the trace: five times the planned steps of every stroke, because steps may be halved again and again (harsh settings
/// took 2.6 times as many as planned); at most what 0.2 GB hold.
int trace_rows(const TreatmentCase& c) {
  const double steps = static_cast<double>(c.branches.strokes[c.branches.count - 1]) * planned_steps(c.insertion.params);
  return static_cast<int>(std::min(5.0 * steps, 2e6));
}

/// Views of all state and, if asked, of what is recorded. Returns the length of the checkpoint.
long lay_out_all_state(ViewArena& arena, TreatmentCase& c, bool record) {
  const long start = arena.used, length = lay_out_state(arena, c.insertion);
  const int size = static_cast<int>(length);
  c.checkpoint.state = {arena.buffer ? arena.buffer + start : nullptr, size, 0};
  c.checkpoint.copy = c.branches.count > 1 ? arena.take(size) : FieldView<double>{};
  lay_out_healing_state(arena, c.healing);
  lay_out_optics_state(arena, c.optics);
  c.look = arena.take(4);
  if (record) {
    const int cells = c.insertion.grid.cell_count();
    c.recorder.pools = arena.take(c.moment_count * 5 * cells);
    c.recorder.insertion = arena.take(5 * cells);
    c.recorder.trace = arena.take(TraceStep::columns * trace_rows(c));
    c.recorder.trace_rows = arena.take(1);
    c.recorder.view = arena.take(c.moment_count * band_count * (c.optics.grid.n_r + 1));
    c.recorder.aside = arena.take(c.optics.grid.cell_count(), c.optics.grid.n_z);
  }
  return length;
}

Branches branches_of(const RunOptions& options, const Treatment& treatment, const Puncture& puncture) {
  Branches branches{};
  std::vector<double> dwells = options.dwells;
  if (dwells.empty()) dwells.push_back(treatment.machine.dwell);
  for (const double dwell : dwells) {
    if (branches.count == max_branches)
      throw InputError("one insertion serves at most " + std::to_string(max_branches) + " dwell times; split the sweep");
    branches.strokes[branches.count++] = complete_strokes(puncture.frequency, dwell);
  }
  if (!std::is_sorted(branches.strokes, branches.strokes + branches.count))
    throw InputError("the dwell times of one insertion must increase");
  return branches;
}

}  // namespace

std::vector<double> look_times(double horizon) {
  const double last = horizon > 0.0 ? horizon : 5.0 * units::year;
  std::vector<double> times{0.0};
  for (const double days : {1.0, 3.0, 7.0, 14.0, 28.0, 42.0, 90.0, 182.625}) times.push_back(days * units::day);
  for (const double years : {1.0, 2.0, 3.0, 5.0, 7.0, 10.0}) times.push_back(years * units::year);
  while (times.back() > last * (1.0 + 1e-9)) times.pop_back();
  return times;
}

TreatmentCase CaseBlueprint::bind(double* constants_at, double* state_at) const {
  TreatmentCase c = plan;
  ViewArena arena{constants_at};
  lay_out_all_constants(arena, n_r, n_z, c);
  ViewArena state{state_at};
  lay_out_all_state(state, c, plan.recorder.pools.size > 0);
  return c;
}

CaseBlueprint build_case(const Treatment& treatment, const RunOptions& options) {
  CaseBlueprint blueprint;
  blueprint.puncture = solve_puncture(treatment);
  require_valid(treatment, blueprint.puncture);
  TreatmentCase& c = blueprint.plan;
  c.insertion.params = build_insertion_params(treatment, blueprint.puncture, options.grid);
  c.healing.params = build_healing_params(treatment, blueprint.puncture);
  c.optics.params = build_optics_params(treatment, blueprint.puncture, options.grid);
  c.branches = branches_of(options, treatment, blueprint.puncture);
  c.depth_limit = 1.0 * units::mm;
  const std::vector<double> times = look_times(options.horizon);
  c.moment_count = static_cast<int>(times.size());
  std::copy(times.begin(), times.end(), c.moments);
  const auto position = [&](double time) {
    for (std::size_t m = 0; m < times.size(); ++m)
      if (times[m] == time) return static_cast<int>(m);
    return -1;
  };
  c.colour_moment[0] = position(two_weeks);
  c.colour_moment[1] = position(units::year);

  const GridFaces faces = build_grid(options.grid, grid_extent(treatment));
  blueprint.n_r = static_cast<int>(faces.r.size()) - 1;
  blueprint.n_z = static_cast<int>(faces.z.size()) - 1;
  ViewArena constants, state;
  lay_out_all_constants(constants, blueprint.n_r, blueprint.n_z, c);
  blueprint.checkpoint_length = lay_out_all_state(state, c, options.record);
  blueprint.state_length = state.used;
  blueprint.constants.assign(static_cast<std::size_t>(constants.used), 0.0);
  const TreatmentCase bound = [&] {
    TreatmentCase copy = c;
    ViewArena arena{blueprint.constants.data()};
    lay_out_all_constants(arena, blueprint.n_r, blueprint.n_z, copy);
    return copy;
  }();
  fill_constants(treatment, faces, bound.insertion);
  fill_healing_rows(treatment, bound.healing);
  c.healing.params.bordered = fill_healing_rings(treatment, bound.healing);
  fill_optics_rows(treatment, bound.insertion.grid, bound.optics);
  int& epidermal_rows = c.healing.params.epidermal_rows;
  for (epidermal_rows = 0; epidermal_rows < blueprint.n_z && bound.healing.rows.epidermal(epidermal_rows) > 0.0;) ++epidermal_rows;
  return blueprint;
}

}  // namespace dermaflux
