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

BackendChoice automatic_choice(std::size_t pieces, const BackendState& cuda, std::size_t smallest, const std::string& threads) {
  std::string device = cuda.detail;
  if (cuda.available) {
    if (pieces >= smallest) return {Backend::cuda, cuda.detail + "; " + std::to_string(pieces) + " at once fill it"};
    device += " takes " + std::to_string(smallest) + " or more";
  }
  if (pieces <= 1) return {Backend::serial, "one thread; a single treatment is too little to share, " + device};
  return {Backend::kokkos, threads + "; " + device};
}

BackendChoice choose_backend(Backend wanted, std::size_t pieces) {
  std::string detail, there;
  if (wanted == Backend::automatic) {
    BackendState cuda{Backend::cuda, false, ""};
    cuda.available = cuda_backend().available(cuda.detail);
    if (pieces > 1) kokkos_backend().available(detail);
    return automatic_choice(pieces, cuda, cuda.available ? cuda_backend().smallest_ensemble() : 0, detail);
  }
  if (backend_table(wanted).available(detail)) return {wanted, detail + "; as asked"};
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

/// Where a treatment in a box runs: on the threads of the host, which its cells keep busy, unless another is named.
BackendChoice choose_for_box(Backend wanted) {
  if (wanted == Backend::automatic) {
    std::string threads;
    kokkos_backend().available(threads);
    return {Backend::kokkos, threads + "; a box has cells enough to share"};
  }
  return choose_backend(wanted, 1);
}

RunResult run_in_box(const Treatment& treatment, const RunOptions& options, Backend wanted, RunMonitor& monitor,
                     const StateFiles& files) {
  const BackendChoice used = choose_for_box(wanted);
  const auto start = std::chrono::steady_clock::now();
  const std::unique_ptr<SpaceCase> bound = build_space_case(treatment, options);
  RunResult result{{treatment, bound->puncture, {}, 0.0}, {}, used, options.grid, std::nullopt};
  Outcome& outcome = result.member.outcome;
  const double before = files.resume ? read_space_state(*files.resume, files.binding, *bound, outcome) : 0.0;
  const auto runtime = [&] { return before + seconds_since(start); };
  int strokes = 0;
  if (files.keep && files.every > 0) {
    bound->due = [&] { return is_kept(bound->at, files.every, strokes); };
    bound->between = [&](const Outcome& now) { write_space_state(*files.keep, *bound, now, runtime(), files.facts); };
  }
  backend_table(used.backend).run_space(*bound, outcome, monitor);
  result.member.runtime = runtime();
  if (bound->stopped) {
    if (files.keep) write_space_state(*files.keep, *bound, outcome, runtime(), files.facts);
    result.state = RunState{{}, outcome, bound->at.clock.time, runtime()};
    return result;
  }
  if (const std::string message = failure(treatment, outcome); !message.empty()) throw NumericsError(message);
  collect_box(*bound, outcome, result.fields);
  result.member.runtime = runtime();
  return result;
}

}  // namespace

RunResult run(const Treatment& treatment, const RunOptions& options, Backend wanted, RunMonitor& monitor, const RunState* from,
              const StateFiles& files) {
  if (treatment.geometry.kind == GeometryKind::box) return run_in_box(treatment, options, wanted, monitor, files);
  const BackendChoice used = choose_backend(wanted, 1);
  const auto start = std::chrono::steady_clock::now();
  RunOptions recording = options;
  recording.record = recording.every_look = true;
  recording.dwells.clear();
  CaseBlueprint blueprint = build_case(treatment, recording);
  Workspace workspace;
  double* state = workspace.zeroed(blueprint.state_length);
  TreatmentCase bound = blueprint.bind(blueprint.constants.data(), state);
  Outcome outcome{};
  const std::size_t length = static_cast<std::size_t>(blueprint.state_length);
  if (from) restore_state(*from, state, length, outcome);
  try {
    backend_table(used.backend).run_case(bound, blueprint, state, &outcome, monitor);
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

namespace {

/// Passes on what it hears, from places in a part of the ensemble; keeps who was told of.
struct Counting : MemberSink {
  MemberSink& sink;
  std::vector<bool> told;
  std::vector<std::size_t> places;  ///< of the part; empty where that is all
  bool fell_back = false;
  Counting(MemberSink& to, std::size_t members) : sink(to), told(members, false) {}
  void member_done(std::size_t index, MemberOutcome outcome) override {
    const std::size_t place = places.empty() ? index : places[index];
    if (auto* results = std::get_if<std::vector<MemberResult>>(&outcome))
      for (MemberResult& result : *results) result.fell_back = fell_back;
    told[place] = true;
    sink.member_done(place, std::move(outcome));
  }
};

}  // namespace

FallBack run_members_on(const BackendTable& chosen, const BackendTable* instead, const std::vector<Member>& members,
                        const RunOptions& options, RunMonitor& monitor, MemberSink& sink) {
  Counting counting(sink, members.size());
  FallBack fallen;
  std::vector<std::size_t> left;
  try {
    for (const Unfit& one : chosen.run_members(members, options, monitor, counting)) {
      if (!instead) {
        counting.member_done(one.index, one.reason);
        continue;
      }
      left.push_back(one.index);
      fallen.reason = one.reason;
    }
  } catch (const BackendError& error) {
    if (!instead) throw;
    left.clear();
    for (std::size_t k = 0; k < members.size(); ++k)
      if (!counting.told[k]) left.push_back(k);
    fallen.reason = error.what();
  }
  if (left.empty() || monitor.stop) return fallen;
  std::vector<Member> rest;
  for (const std::size_t k : left) rest.push_back(members[k]);
  counting.places = left;
  counting.fell_back = true;
  fallen.members = left.size();
  instead->run_members(rest, options, monitor, counting);
  return fallen;
}

namespace {

/// Passes on what it hears of a part of an ensemble.
struct Placed : MemberSink {
  MemberSink& sink;
  const std::vector<std::size_t>& places;  ///< of the part in the whole
  Placed(MemberSink& to, const std::vector<std::size_t>& of_part) : sink(to), places(of_part) {}
  void member_done(std::size_t index, MemberOutcome outcome) override { sink.member_done(places[index], std::move(outcome)); }
};

/// Runs members in a box one after the other, each on all threads of a backend, so that no two of them need memory at once. Dwell
/// times share no insertion there: each is a run of its own, with the bits of one alone.
void run_boxes(const std::vector<Member>& members, const std::vector<std::size_t>& places, const RunOptions& options,
               Backend backend, RunMonitor& monitor, MemberSink& sink) {
  for (const std::size_t place : places) {
    std::vector<Treatment> dwelling{members[place].treatment};
    if (!members[place].dwells.empty()) dwelling.assign(members[place].dwells.size(), members[place].treatment);
    for (std::size_t b = 0; b < members[place].dwells.size(); ++b) dwelling[b].machine.dwell = members[place].dwells[b];
    MemberOutcome outcome = std::vector<MemberResult>{};
    try {
      for (const Treatment& one : dwelling) {
        if (monitor.stop) return;
        std::get<0>(outcome).push_back(run_in_box(one, options, backend, monitor, {}).member);
      }
    } catch (const Interrupted&) {
      return;
    } catch (const std::exception& error) {
      outcome = std::string(error.what());
    }
    sink.member_done(place, std::move(outcome));
  }
}

}  // namespace

BatchReport run_batch(const std::vector<Member>& members, const RunOptions& options, Backend wanted, RunMonitor& monitor,
                      MemberSink& sink, std::size_t whole) {
  std::vector<Member> flat;
  std::vector<std::size_t> flat_places, box_places;
  for (std::size_t k = 0; k < members.size(); ++k) {
    const bool box = members[k].treatment.geometry.kind == GeometryKind::box;
    (box ? box_places : flat_places).push_back(k);
    if (!box) flat.push_back(members[k]);
  }
  const std::optional<BackendChoice> for_boxes =
      box_places.empty() ? std::nullopt : std::optional(choose_for_box(wanted));  // what cannot run is refused before any work
  if (flat.empty() && for_boxes) {
    run_boxes(members, box_places, options, for_boxes->backend, monitor, sink);
    return {*for_boxes, 0, ""};
  }
  BatchReport report{choose_backend(wanted, std::max(whole, members.size())), 0, ""};
  RunOptions plain = options;
  plain.record = false;
  const Backend used = report.backend.backend;
  const bool may_fall_back = wanted == Backend::automatic && used == Backend::cuda;
  Placed placed(sink, flat_places);
  const FallBack fallen =
      run_members_on(backend_table(used), may_fall_back ? &kokkos_backend() : nullptr, flat, plain, monitor, placed);
  report.fell_back = fallen.members;
  report.why = fallen.reason;
  if (for_boxes) run_boxes(members, box_places, options, for_boxes->backend, monitor, sink);
  return report;
}

}  // namespace dermaflux
