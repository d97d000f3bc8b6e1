#include "core/simulation/case_builder.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <sstream>
#include <string>

#include "core/error.hpp"
#include "core/simulation/validity.hpp"
#include "core/solver/healing_setup.hpp"
#include "core/solver/insertion_setup.hpp"
#include "core/solver/optics_setup.hpp"

namespace dermaflux {
namespace {

constexpr double two_weeks = 14.0 * units::day;

std::string years_of(double time) {
  std::ostringstream text;
  text << time / units::year;
  return text.str();
}

/// Views of all constants; the order fixes their layout.
void lay_out_all_constants(ViewArena& arena, int n_r, int n_z, TreatmentCase& c) {
  lay_out_constants(arena, n_r, n_z, c.insertion);
  c.healing.grid = c.insertion.grid;
  lay_out_healing_rows(arena, c.healing);
  lay_out_optics_rows(arena, c.optics.params.coarsening, c.insertion.grid, c.optics);
  c.sessions.parameters = arena.take(c.sessions.count * SessionPlan::length);
  c.sessions.strokes = arena.take(c.sessions.count * c.branches.count);
}

/// Fields that only a dot with several sessions has.
void lay_out_sessions(ViewArena& arena, TreatmentCase& c) {
  if (c.sessions.count < 2) return;
  const int n_z = c.insertion.grid.n_z, cells = c.insertion.grid.cell_count();
  c.healing.wounds.shares = arena.take_group(c.sessions.count, cells, n_z);
  PoolFields& fresh = c.laid.fresh;
  for (auto* view : {&fresh.free, &fresh.matrix, &fresh.macrophage, &fresh.slow, &fresh.epidermal, &c.laid.lymph_factor})
    *view = arena.take(cells, n_z);
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
  const FieldView<double>& first = c.insertion.tissue.fluid;  // what sessions before left lies before it
  c.checkpoint.own = {first.data ? first.data - first.pad : nullptr, 0, 0};
  if (arena.buffer) c.checkpoint.own.size = static_cast<int>(arena.buffer + arena.used - c.checkpoint.own.data);
  c.checkpoint.copy = c.branches.count > 1 ? arena.take(size) : FieldView<double>{};
  lay_out_healing_state(arena, c.healing);
  lay_out_optics_state(arena, c.optics);
  lay_out_sessions(arena, c);
  c.look = arena.take(4);
  c.progress = arena.take(progress_length);
  if (record) {
    const int cells = c.insertion.grid.cell_count();
    c.recorder.pools = arena.take(c.moment_count * 5 * cells);
    c.recorder.insertion = arena.take(5 * cells);
    c.recorder.trace = arena.take(TraceStep::columns * trace_rows(c));
    c.recorder.trace_rows = arena.take(1);
  }
  return length;
}

/// Dwell times of the first session's branches [s].
std::vector<double> dwells_of(const RunOptions& options, const Treatment& first) {
  if (options.dwells.empty()) return {first.machine.dwell};
  if (first.sessions.dwell.count > 0)
    throw InputError(
        "sessions.dwell_ms fixes the contact times of all sessions, so that machine.dwell_ms cannot be varied (several dwell times "
        "of one insertion were asked for); leave sessions.dwell_ms out");
  return options.dwells;
}

Branches branches_of(const std::vector<double>& dwells, const Puncture& puncture) {
  Branches branches{};
  for (const double dwell : dwells) {
    if (branches.count == max_branches)
      throw InputError("one insertion serves at most " + std::to_string(max_branches) + " dwell times; split the sweep");
    branches.strokes[branches.count++] = complete_strokes(puncture.frequency, dwell);
  }
  if (!std::is_sorted(branches.strokes, branches.strokes + branches.count))
    throw InputError("the dwell times of one insertion must increase");
  return branches;
}

/// What the host's laws give for one session: the numbers of its insertion, and its strokes in every branch.
struct SessionNumbers {
  InsertionParams params;
  std::vector<int> strokes;
};

/// Depth in resting tissue that a tip reaches in a dermis which the sessions before have left swollen [m].
double depth_at_rest(const Treatment& whole, int session, double tip_depth) {
  const Skin& skin = whole.skin_at_axis();
  const Oedema oedema{.swelling = skin.appearance.oedema_swelling, .drains = {skin.appearance.oedema_decay}};
  const double junction = skin.bottom_of(LayerKind::epidermis);
  double swelling = 0.0;
  for (int s = 0; s < session; ++s) swelling += oedema.thickness(whole.sessions.time(session) - whole.sessions.time(s)) - 1.0;
  return tip_depth > junction ? junction + (tip_depth - junction) / (1.0 + swelling) : tip_depth;
}

std::vector<SessionNumbers> numbers_of_sessions(const Treatment& whole, const Puncture& first, const std::vector<double>& dwells,
                                                GridLevel grid) {
  std::vector<SessionNumbers> all;
  const int count = whole.sessions.count();
  for (int s = 0; s < count; ++s) {
    const Treatment one = session_treatment(whole, s);
    const bool as_first = one.machine.depth == session_treatment(whole, 0).machine.depth;
    Puncture puncture = as_first ? first : solve_puncture(one);
    puncture.strokes = complete_strokes(puncture.frequency, one.machine.dwell);
    require_valid(one, puncture);
    SessionNumbers numbers{build_insertion_params(one, puncture, grid), {}};
    if (s > 0) numbers.params.tip_depth = depth_at_rest(whole, s, puncture.tip_depth);
    numbers.params.done_before = static_cast<double>(s) / count;
    numbers.params.done_in_it = 1.0 / count;
    for (const double dwell : dwells)
      numbers.strokes.push_back(complete_strokes(puncture.frequency, whole.sessions.dwell.count > 0 ? one.machine.dwell : dwell));
    all.push_back(std::move(numbers));
  }
  return all;
}

/// Writes the numbers of the sessions into the memory of a plan.
void fill_sessions(const std::vector<SessionNumbers>& sessions, const SessionPlan& plan) {
  int stroke = 0;
  for (std::size_t s = 0; s < sessions.size(); ++s) {
    double words[SessionPlan::length] = {};
    std::memcpy(words, &sessions[s].params, sizeof sessions[s].params);
    for (int n = 0; n < SessionPlan::length; ++n) put(plan.parameters, static_cast<int>(s) * SessionPlan::length + n, words[n]);
    for (const int strokes : sessions[s].strokes) put(plan.strokes, stroke++, strokes);
  }
}

}  // namespace

std::vector<double> look_times(double horizon, const Sessions& sessions) {
  std::vector<double> times{0.0};
  for (const double days : {1.0, 3.0, 7.0, 14.0, 28.0, 42.0, 90.0, 182.625}) times.push_back(days * units::day);
  for (const double years : {1.0, 2.0, 3.0, 5.0, 7.0, 10.0, 15.0, 20.0, 30.0}) times.push_back(years * units::year);
  std::vector<double> wanted{horizon};
  for (int s = 1; s < sessions.count(); ++s)
    for (const double after : {0.0, two_weeks}) wanted.push_back(sessions.time(s) + after);
  if (sessions.count() > 1)
    for (const double after : {42.0 * units::day, units::year}) wanted.push_back(sessions.time(sessions.count() - 1) + after);
  for (const double time : wanted) {
    const auto near = [time](double other) { return std::fabs(other - time) < 1.0; };
    if (std::none_of(times.begin(), times.end(), near)) times.push_back(time);
  }
  std::sort(times.begin(), times.end());
  while (times.back() > horizon * (1.0 + 1e-9)) times.pop_back();
  return times;
}

void require_horizon(double horizon, const Sessions& sessions, const std::string& where) {
  const std::string said = where + (where.empty() ? "" : ": ");
  if (!(horizon > 0.0 && horizon <= longest_horizon * (1.0 + 1e-9)))
    throw InputError(said + "the horizon is " + years_of(horizon) +
                     " years (no time that can be looked at); use more than 0, at most " + years_of(longest_horizon) + " years");
  const double last = sessions.time(sessions.count() - 1);
  if (last < horizon) return;
  std::ostringstream text;
  text << said << "sessions.days ends with day " << last / units::day << ", not before the horizon of " << horizon / units::day
       << " days (nobody would see the result); use a longer horizon or earlier sessions";
  throw InputError(text.str());
}

TreatmentCase CaseBlueprint::bind(double* constants_at, double* state_at, const float* paths_copy) const {
  TreatmentCase c = plan;
  ViewArena arena{constants_at};
  lay_out_all_constants(arena, n_r, n_z, c);
  ViewArena state{state_at};
  lay_out_all_state(state, c, plan.recorder.pools.size > 0);
  c.optics.paths = paths->view(paths_copy);
  return c;
}

CaseBlueprint build_case(const Treatment& whole, const RunOptions& options) {
  if (whole.geometry.kind == GeometryKind::box)
    throw InputError(
        "geometry.kind = \"box\" is not built on rings (every track stands where it is); write kind = \"axisymmetric\" there");
  require_horizon(options.horizon, whole.sessions, "");
  const Treatment treatment = session_treatment(whole, 0);
  CaseBlueprint blueprint;
  blueprint.puncture = solve_puncture(treatment);
  require_valid(treatment, blueprint.puncture);
  const std::vector<double> dwells = dwells_of(options, treatment);
  const std::vector<SessionNumbers> sessions = numbers_of_sessions(whole, blueprint.puncture, dwells, options.grid);
  TreatmentCase& c = blueprint.plan;
  c.insertion.params = sessions.front().params;
  c.healing.params = build_healing_params(treatment, blueprint.puncture);
  c.optics.params = build_optics_params(treatment, blueprint.puncture, options.grid);
  blueprint.paths = photon_paths(path_settings(treatment.model));
  c.branches = branches_of(dwells, blueprint.puncture);
  c.healing.wounds.count = 0;
  c.sessions.count = whole.sessions.count();
  for (int s = 0; s < c.sessions.count; ++s) c.sessions.start[s] = whole.sessions.time(s);
  c.stop_time = options.stop_time;
  c.depth_limit = 1.0 * units::mm;
  const std::vector<double> times = look_times(options.horizon, whole.sessions);
  c.moment_count = static_cast<int>(times.size());
  std::copy(times.begin(), times.end(), c.moments);
  for (std::size_t m = 0; m < times.size(); ++m) {
    const auto* asked = std::find_if(asked_looks.begin(), asked_looks.end(),
                                     [&](const AskedLook& one) { return std::fabs(one.time - times[m]) < 1.0; });
    c.looks[m] = options.every_look ? Look::width : (asked != asked_looks.end() ? asked->look : Look::nothing);
  }
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
  fill_sessions(sessions, bound.sessions);
  int& epidermal_rows = c.healing.params.epidermal_rows;
  for (epidermal_rows = 0; epidermal_rows < blueprint.n_z && bound.healing.rows.epidermal(epidermal_rows) > 0.0;) ++epidermal_rows;
  return blueprint;
}

}  // namespace dermaflux
