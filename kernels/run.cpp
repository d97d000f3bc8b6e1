#include "kernels/run.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <sstream>

#include "core/error.hpp"
#include "kernels/backends.hpp"

namespace dermaflux {
namespace {

constexpr std::array<std::string_view, 4> names = {"auto", "serial", "kokkos", "cuda"};

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::vector<double> values(FieldView<const double> view) { return {view.data, view.data + view.size}; }

/// What the practitioner chose, for the message of a failure.
std::string settings(const Treatment& t) {
  std::ostringstream text;
  text.precision(4);
  text << "depth " << t.machine.depth / units::mm << " mm, dwell " << t.machine.dwell / units::ms << " ms, " << t.machine.frequency
       << " Hz, " << t.needle.prongs << " x " << t.needle.shaft_diameter / units::mm << " mm, taper "
       << t.needle.taper_length / units::mm << " mm, ink " << t.ink.viscosity(t.ink.volume_fraction(), 1e9) / units::mPa_s
       << " mPa.s, dermis " << t.skin_at_axis().thickest_dermis().permeability << " m2";
  return text.str();
}

/// Last of the moments after treatment at which every pool was a number.
std::string last_good(const Outcome& outcome) {
  std::string words = "not even right after treatment";
  for (int m = 0; m < outcome.moment_count; ++m) {
    for (const double pool : outcome.moments[m].pools)
      if (!std::isfinite(pool)) return words;
    std::ostringstream text;
    text << "last good on day " << outcome.moments[m].time / units::day;
    words = text.str();
  }
  return words;
}

}  // namespace

const BackendTable& backend_table(Backend backend) {
  if (backend == Backend::cuda) return cuda_backend();
  return backend == Backend::kokkos ? kokkos_backend() : serial_backend();
}

Backend backend(std::string_view name) {
  for (std::size_t n = 0; n < names.size(); ++n)
    if (names[n] == name) return static_cast<Backend>(n);
  throw InputError("backend = \"" + std::string(name) + "\" is unknown; use auto, serial, kokkos or cuda");
}

std::string_view backend_name(Backend backend) { return names[static_cast<std::size_t>(backend)]; }

std::vector<BackendState> backend_states() {
  std::vector<BackendState> states;
  for (const Backend one : {Backend::serial, Backend::kokkos, Backend::cuda}) {
    BackendState state{one, false, ""};
    state.available = backend_table(one).available(state.detail);
    states.push_back(state);
  }
  return states;
}

Backend choose_backend(Backend wanted, Work work) {
  std::string detail, there;
  if (wanted == Backend::automatic) {
    if (backend_table(Backend::cuda).available(detail)) return Backend::cuda;
    return work == Work::single ? Backend::serial : Backend::kokkos;
  }
  if (backend_table(wanted).available(detail)) return wanted;
  for (const BackendState& state : backend_states())
    if (state.available) there += (there.empty() ? "" : ", ") + std::string(backend_name(state.backend));
  throw BackendError("backend " + std::string(backend_name(wanted)) + " cannot run here (" + detail + "); there is " + there);
}

void finalize_backends() {
  for (const Backend one : {Backend::serial, Backend::kokkos, Backend::cuda}) backend_table(one).finalize();
}

namespace {

/// Puts a state where the program finds it. Throws InputError if it is of another layout.
void restore_state(const RunState& from, double* state, std::size_t length, Outcome& outcome) {
  if (from.memory.size() != length)
    throw InputError("the saved state holds " + std::to_string(from.memory.size()) + " numbers, not " + std::to_string(length) +
                     " (another grid, horizon, treatment or version of the program); resume it with what it was saved from");
  std::copy(from.memory.begin(), from.memory.end(), state);
  outcome = from.outcome;
}

}  // namespace

RunResult run(const Treatment& treatment, const RunOptions& options, Backend wanted, RunMonitor& monitor, const RunState* from) {
  const Backend used = choose_backend(wanted, Work::single);
  const auto start = std::chrono::steady_clock::now();
  RunOptions recording = options;
  recording.record = true;
  recording.dwells.clear();
  CaseBlueprint blueprint = build_case(treatment, recording);
  Workspace workspace;
  double* state = workspace.zeroed(blueprint.state_length);
  TreatmentCase bound = blueprint.bind(blueprint.constants.data(), state);
  Outcome outcome{};
  const std::size_t length = static_cast<std::size_t>(blueprint.state_length);
  if (from) restore_state(*from, state, length, outcome);
  try {
    backend_table(used).run_case(bound, blueprint, state, &outcome, monitor);
  } catch (const Interrupted&) {
    if (!monitor.keeps_state || progress_at(bound.progress).stage == Progress::nothing) throw;
  }
  const double runtime = seconds_since(start) + (from ? from->runtime : 0.0);
  const Progress at = progress_at(bound.progress);
  if (at.stage != Progress::finished)
    return {{treatment, blueprint.puncture, outcome, runtime},
            {},
            used,
            options.grid,
            RunState{{state, state + length}, outcome, at.clock.time, runtime}};
  RunResult result{{treatment, blueprint.puncture, outcome, runtime}, collect_fields(bound), used, options.grid, std::nullopt};
  if (const std::string message = failure(treatment, outcome); !message.empty()) throw NumericsError(message);
  return result;
}

RunResult run_to_tolerance(const Treatment& treatment, const RunOptions& options, double tolerance, Backend wanted,
                           RunMonitor& monitor) {
  RunOptions own = options;
  RunResult last{};
  double runtime = 0.0;
  for (const GridLevel level : grid_levels) {
    own.grid = level;
    RunResult next = run(treatment, own, wanted, monitor);
    runtime += next.member.runtime;
    if (level != grid_levels[0]) {
      double error = 0.0;
      for (const char* name : {"pigment_deposited_ng", "pigment_depth_mm"}) {
        const OutputField& field = output_field(name);
        const double coarse = field.value(last.member), fine = field.value(next.member);
        if (fine != coarse) error = std::fmax(error, std::fabs(fine - coarse) / std::fabs(fine));
      }
      next.member.grid_error = error;
    }
    last = std::move(next);
    if (last.member.grid_error <= tolerance) break;
  }
  last.member.runtime = runtime;
  return last;
}

Backend run_batch(const std::vector<Member>& members, const RunOptions& options, Backend wanted, RunMonitor& monitor,
                  MemberSink& sink) {
  const Backend used = choose_backend(wanted, Work::ensemble);
  RunOptions plain = options;
  plain.record = false;
  backend_table(used).run_members(members, plain, monitor, sink);
  return used;
}

RunFields collect_fields(const TreatmentCase& bound) {
  RunFields fields;
  const AxisymmetricGrid& grid = bound.insertion.grid;
  fields.n_r = grid.n_r;
  fields.n_z = grid.n_z;
  fields.moments = bound.moment_count;
  fields.r_face = values(grid.r_face);
  fields.z_face = values(grid.z_face);
  fields.epidermal = values(bound.healing.rows.epidermal);
  fields.pools = values(bound.recorder.pools);
  fields.insertion = values(bound.recorder.insertion);
  fields.view_r = values(bound.optics.rows.view_r);
  fields.trace = values(bound.recorder.trace);
  const int seen = static_cast<int>(bound.recorder.trace_rows(0)),
            kept = std::min(seen, bound.recorder.trace.size / TraceStep::columns);
  fields.trace.resize(static_cast<std::size_t>(kept) * TraceStep::columns);
  fields.trace_lost = seen - kept;
  return fields;
}

std::string failure(const Treatment& treatment, const Outcome& outcome) {
  std::ostringstream text;
  text.precision(4);
  switch (outcome.status) {
    case Status::ok:
      return {};
    case Status::step_too_small:
      text << "the insertion found no time step small enough after t = " << outcome.failed_at
           << " s, its last good time (settings far outside the model's validity); check viscosity, permeability and frequency, "
              "or use a finer grid";
      break;
    case Status::not_finite:
      text << "the pigment field is not finite after " << outcome.steps << " steps of the insertion, " << last_good(outcome)
           << "; check the inputs against their ranges";
      break;
    case Status::ledger_open:
      text << "the mass ledger is open by " << outcome.imbalance
           << " of the pigment drawn (a fault of the solver); please report it";
      break;
  }
  text << " [" << settings(treatment) << "]";
  return text.str();
}

MemberOutcome collect_member(const Member& member, const CaseBlueprint& blueprint, const std::vector<Outcome>& outcomes,
                             double runtime) {
  std::vector<MemberResult> results;
  for (std::size_t b = 0; b < outcomes.size(); ++b) {
    MemberResult result{member.treatment, blueprint.puncture, outcomes[b], runtime / static_cast<double>(outcomes.size())};
    if (!member.dwells.empty()) result.treatment.machine.dwell = member.dwells[b];
    if (std::string message = failure(result.treatment, outcomes[b]); !message.empty()) return message;
    results.push_back(result);
  }
  return results;
}

MemberOutcome run_member_on_host(const Member& member, const RunOptions& options, Workspace& workspace, RunMonitor& monitor) {
  try {
    const auto start = std::chrono::steady_clock::now();
    RunOptions own = options;
    own.dwells = member.dwells;
    CaseBlueprint blueprint = build_case(member.treatment, own);
    TreatmentCase bound = blueprint.bind(blueprint.constants.data(), workspace.zeroed(blueprint.state_length));
    std::vector<Outcome> outcomes(static_cast<std::size_t>(bound.branches.count));
    run_treatment(SerialExecutor{&monitor}, bound, outcomes.data());
    return collect_member(member, blueprint, outcomes, seconds_since(start));
  } catch (const Interrupted&) {
    throw;
  } catch (const std::exception& error) {
    return std::string(error.what());
  }
}

}  // namespace dermaflux
