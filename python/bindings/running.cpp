#include <pybind11/functional.h>
#include <pybind11/numpy.h>
#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include <chrono>
#include <cmath>
#include <deque>
#include <map>
#include <tuple>
#include <utility>

#include "core/io/config.hpp"
#include "core/io/run_file.hpp"
#include "core/simulation/optical_scene.hpp"
#include "core/simulation/validity.hpp"
#include "core/solver/trace_step.hpp"
#include "kernels/run.hpp"
#include "python/bindings/array_view.hpp"
#include "python/bindings/bindings.hpp"
#include "python/bindings/supervise.hpp"

namespace py = pybind11;

namespace dermaflux {
namespace {

py::dict scalars(const MemberResult& member) {
  py::dict result;
  for (const OutputField& field : output_fields()) result[py::str(field.name)] = field.value(member);
  return result;
}

/// One run for Python: keeps the numbers, hands out views.
struct Run {
  RunResult result;
  const RunFields& fields() const { return result.fields; }
  /// What is seen at a moment, see `view_of_run`; looked at when first asked for.
  const std::vector<double>& view(int moment) const {
    const RunFields& f = fields();
    if (moment < 0 || moment >= f.moments)
      throw InputError("moment " + std::to_string(moment) + " does not exist; there are " + std::to_string(f.moments));
    std::vector<double>& one = seen[moment];
    if (one.empty()) {
      std::vector<double> found;
      {
        const py::gil_scoped_release others_may_run;
        found = view_of_run(result.member.treatment, result.member.outcome, {f.r_face, f.z_face}, f.pools, moment);
      }
      one = std::move(found);
    }
    return one;
  }
  mutable std::map<int, std::vector<double>> seen = {};
};

py::dict series(const Run& run) {
  py::dict all;
  std::vector<double> days;
  for (int m = 0; m < run.result.member.outcome.moment_count; ++m)
    days.push_back(run.result.member.outcome.moments[m].time / units::day);
  all["time_day"] = py::array(py::cast(days));
  for (const MomentSeries& one : moment_series(run.result.member.outcome))
    all[py::str(one.column.name)] = py::array(py::cast(one.values));
  return all;
}

py::dict trace(const Run& run) {
  py::dict all;
  const std::size_t columns = TraceStep::columns, rows = run.fields().trace.size() / columns;
  for (std::size_t n = 0; n < columns; ++n) {
    py::array_t<double> values(static_cast<py::ssize_t>(rows));
    for (std::size_t row = 0; row < rows; ++row)
      values.mutable_at(static_cast<py::ssize_t>(row)) = run.fields().trace[row * columns + n] / trace_columns()[n].scale;
    all[py::str(trace_columns()[n].name)] = values;
  }
  return all;
}

py::dict sessions(const Run& run) {
  py::dict all;
  for (const MomentSeries& one : session_series(run.result.member.outcome))
    all[py::str(one.column.name)] = py::array(py::cast(one.values));
  return all;
}

/// Where a run may be stopped and continued.
struct Stopping {
  std::optional<std::filesystem::path> state;   ///< where its state goes when it is stopped
  std::optional<std::filesystem::path> resume;  ///< the state to go on from
  double after_day;                             ///< stops after the first step of healing that reaches it
  StateFacts facts;                             ///< what the state belongs to
  int every;                                    ///< strokes in a box after which its state is kept on the way, 0 for never

  /// The facts that must be the same where a run goes on.
  StateFacts binding() const {
    StateFacts some;
    for (const char* name : {"program", "input_sha256", "grid", "horizon_year"})
      if (const auto found = facts.find(name); found != facts.end()) some.insert(*found);
    return some;
  }
};

Run run_one(const TreatmentDocument& document, const std::string& grid, double grid_tolerance, double horizon_year,
            const std::string& backend_wanted, const std::function<void(double)>& progress, const Stopping& stopping) {
  RunOptions options;
  const bool automatic = grid == "auto";
  if (!automatic) options.grid = grid_level(grid);
  if (!(grid_tolerance >= 1e-3 && grid_tolerance <= 0.5))
    throw InputError("grid_tolerance = " + std::to_string(grid_tolerance) + " is out of range; use 0.001 to 0.5, e.g. 0.02");
  options.horizon = horizon_year * units::year;
  options.stop_time = stopping.after_day * units::day;
  const Backend wanted = backend(backend_wanted);
  const Treatment treatment = document.treatment();
  require_horizon(options.horizon, treatment.sessions, document.file().string());
  const bool box = treatment.geometry.kind == GeometryKind::box;
  if (stopping.every < 0 || (stopping.every > 0 && !box))
    throw InputError(
        "every = " + std::to_string(stopping.every) + " (strokes of a run in a box after which its state is kept); " +
        (box ? "use 1 or more" : "leave it out where geometry.kind is \"axisymmetric\", a contact on rings takes seconds"));
  std::optional<RunState> from;
  if (stopping.resume && !box) from = read_state(*stopping.resume, stopping.binding());
  RunMonitor monitor;
  monitor.keeps_state = stopping.state.has_value();
  RunResult result{};
  const auto keep = [&] {
    if (result.state && stopping.state && !box) write_state(*stopping.state, *result.state, stopping.facts);
  };
  try {
    supervise(
        monitor,
        [&] {
          result = automatic ? run_to_tolerance(treatment, options, grid_tolerance, wanted, monitor)
                             : run(treatment, options, wanted, monitor, from ? &*from : nullptr,
                                   {stopping.state, stopping.resume, stopping.every, stopping.facts, stopping.binding()});
        },
        [&] {
          if (progress) progress(monitor.progress.load());
        });
  } catch (py::error_already_set&) {
    keep();
    throw;
  }
  keep();
  return {std::move(result)};
}

/// Collects finished members for the main thread.
class Inbox : public MemberSink {
 public:
  void member_done(std::size_t index, MemberOutcome outcome) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    waiting_.emplace_back(index, std::move(outcome));
  }
  std::deque<std::pair<std::size_t, MemberOutcome>> take() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return std::exchange(waiting_, {});
  }

 private:
  std::mutex mutex_;
  std::deque<std::pair<std::size_t, MemberOutcome>> waiting_;
};

using NumericOverrides = std::vector<std::pair<std::string, double>>;
struct BatchMember {
  const TreatmentDocument* document;
  NumericOverrides overrides;
  std::vector<double> dwells_ms;
};

/// Backend, why, how many members fell back and why: what a BatchReport says.
using BatchWords = std::tuple<std::string, std::string, std::size_t, std::string>;

BatchWords run_many(const std::vector<BatchMember>& wanted_members, const std::string& grid, double horizon_year,
                    const std::string& backend_wanted, const std::function<void(std::size_t, py::object)>& done,
                    std::size_t whole) {
  RunOptions options;
  options.grid = grid_level(grid);
  options.horizon = horizon_year * units::year;
  const Backend wanted = backend(backend_wanted);
  // A key or value that cannot be is refused for all; keys that do not fit together fail their member only.
  std::vector<Member> members;
  std::vector<std::size_t> place;
  std::vector<std::pair<std::size_t, std::string>> unfit;
  for (std::size_t n = 0; n < wanted_members.size(); ++n) {
    const BatchMember& one = wanted_members[n];
    const std::string file = one.document->file().string();
    Member member{one.document->treatment(), {}};
    for (const auto& [key, value] : one.overrides) set_value(member.treatment, one.document->layers(), key, value, file);
    for (const double dwell : one.dwells_ms) {
      Treatment trial = member.treatment;
      set_value(trial, one.document->layers(), "machine.dwell_ms", dwell, file);
      member.dwells.push_back(dwell * units::ms);
    }
    try {
      check_treatment(member.treatment, file);
    } catch (const InputError& error) {
      unfit.emplace_back(n, error.what());
      continue;
    }
    place.push_back(n);
    members.push_back(std::move(member));
  }
  for (const auto& [index, message] : unfit) done(index, py::str(message));
  RunMonitor monitor;
  Inbox inbox;
  BatchReport used{};
  supervise(
      monitor, [&] { used = run_batch(members, options, wanted, monitor, inbox, whole); },
      [&] {
        for (auto& [index, outcome] : inbox.take()) {
          if (const auto* message = std::get_if<std::string>(&outcome)) {
            done(place[index], py::str(*message));
            continue;
          }
          py::list rows;
          for (const MemberResult& member : std::get<std::vector<MemberResult>>(outcome)) rows.append(scalars(member));
          done(place[index], rows);
        }
      });
  return {std::string(backend_name(used.backend.backend)), used.backend.reason, used.fell_back, used.why};
}

/// Asks the backends on the compute thread, where they live.
template <class Ask>
auto ask(Ask question) {
  decltype(question()) answer{};
  RunMonitor monitor;
  supervise(
      monitor, [&] { answer = question(); }, [] {});
  return answer;
}

}  // namespace

void bind_running(py::module_& module) {
  module.def("backends", [] {
    py::list rows;
    for (const BackendState& state : ask(backend_states)) {
      py::dict row;
      row["name"] = std::string(backend_name(state.backend));
      row["available"] = state.available;
      row["detail"] = state.detail;
      rows.append(row);
    }
    return rows;
  });
  module.def("validity_names", &validity_names);
  module.def("set_threads", &set_threads, py::arg("threads"));
  module.def("thread_count", [] { return ask(thread_count); });
  module.def("finalize", [] {
    ask([] {
      finalize_backends();
      return 0;
    });
  });

  py::class_<Run>(module, "Run")
      .def_property_readonly("scalars", [](const Run& run) { return scalars(run.result.member); })
      .def_property_readonly("series", &series)
      .def_property_readonly("sessions", &sessions)
      .def_property_readonly("stopped_day",
                             [](const Run& run) -> std::optional<double> {
                               if (!run.result.state) return std::nullopt;
                               return run.result.state->time / units::day;
                             })
      .def_property_readonly("trace", &trace)
      .def_property_readonly("ledger",
                             [](const Run& run) {
                               py::dict all;
                               for (const auto& [name, value] : ledger(run.result.member.outcome)) all[py::str(name)] = value;
                               return all;
                             })
      .def_property_readonly("warnings",
                             [](const Run& run) {
                               std::vector<std::pair<std::string, std::string>> all;
                               for (const ValidityWarning& one : run_warnings(run.result.member, run.fields()))
                                 all.emplace_back(one.name, one.text);
                               return all;
                             })
      .def_property_readonly("backend", [](const Run& run) { return std::string(backend_name(run.result.backend.backend)); })
      .def_property_readonly("backend_reason", [](const Run& run) { return run.result.backend.reason; })
      .def_property_readonly("grid", [](const Run& run) { return std::string(grid_level_name(run.result.grid)); })
      .def_property_readonly("effort",
                             [](const Run& run) {
                               const Outcome& o = run.result.member.outcome;
                               py::dict all;
                               all["steps"] = o.steps;
                               all["pressure_iterations"] = o.iterations;
                               all["transport_substeps"] = o.substeps;
                               all["rejected_steps"] = o.rejected;
                               all["healing_steps"] = o.healing_steps;
                               return all;
                             })
      .def_property_readonly("r_face",
                             [](const py::object& self) {
                               const RunFields& f = self.cast<const Run&>().fields();
                               return view(f.r_face, {f.n_r + 1}, self);
                             })
      .def_property_readonly("z_face",
                             [](const py::object& self) {
                               const RunFields& f = self.cast<const Run&>().fields();
                               return view(f.z_face, {f.n_z + 1}, self);
                             })
      .def_property_readonly("epidermis_share",
                             [](const py::object& self) {
                               const RunFields& f = self.cast<const Run&>().fields();
                               return view(f.epidermal, {f.n_z}, self);
                             })
      .def_property_readonly("pools",
                             [](const py::object& self) {
                               const RunFields& f = self.cast<const Run&>().fields();
                               return view(f.pools, {f.moments, 5, f.n_r, f.n_z}, self);
                             })
      .def_property_readonly("insertion",
                             [](const py::object& self) {
                               const RunFields& f = self.cast<const Run&>().fields();
                               return view(f.insertion, {5, f.n_r, f.n_z}, self);
                             })
      .def_property_readonly("box", [](const py::object& self) { return box_arrays(self.cast<const Run&>().fields().space, self); })
      .def_property_readonly("view_r",
                             [](const py::object& self) {
                               const RunFields& f = self.cast<const Run&>().fields();
                               return view(f.view_r, {static_cast<py::ssize_t>(f.view_r.size())}, self);
                             })
      .def(
          "view",
          [](const py::object& self, int moment) {
            const Run& run = self.cast<const Run&>();
            return view(run.view(moment), {band_count, static_cast<py::ssize_t>(run.fields().view_r.size()) + 1}, self);
          },
          py::arg("moment"))
      .def(
          "write",
          [](const Run& run, const std::filesystem::path& path, const std::string& title, const std::string& input,
             const std::map<std::string, std::string>& provenance) {
            write_run(path, run.result.member, run.fields(), title, input, provenance);
          },
          py::arg("path"), py::arg("title"), py::arg("input"), py::arg("provenance"));
  module.def(
      "check_batch",
      [](const std::string& grid, const std::string& backend_wanted, std::size_t members) {
        grid_level(grid);
        const Backend wanted = backend(backend_wanted);
        const BackendChoice choice = ask([=] { return choose_backend(wanted, members); });
        return std::pair{std::string(backend_name(choice.backend)), choice.reason};
      },
      py::arg("grid"), py::arg("backend"), py::arg("members"));
  module.def(
      "run",
      [](const TreatmentDocument& document, const std::string& grid, double grid_tolerance, double horizon_year,
         const std::string& backend_wanted, const std::function<void(double)>& progress,
         const std::optional<std::filesystem::path>& state, const std::optional<std::filesystem::path>& resume,
         double stop_after_day, const StateFacts& facts, int every) {
        return run_one(document, grid, grid_tolerance, horizon_year, backend_wanted, progress,
                       {state, resume, stop_after_day, facts, every});
      },
      py::arg("document"), py::arg("grid"), py::arg("grid_tolerance"), py::arg("horizon_year"), py::arg("backend"),
      py::arg("progress") = nullptr, py::arg("state") = py::none(), py::arg("resume") = py::none(),
      py::arg("stop_after_day") = HUGE_VAL, py::arg("facts") = StateFacts{}, py::arg("every") = 0);
  module.def("read_state_facts", &read_state_facts, py::arg("path"));

  module.def(
      "run_batch",
      [](const py::list& members, const std::string& grid, double horizon_year, const std::string& backend_wanted,
         const std::function<void(std::size_t, py::object)>& done, std::size_t whole) {
        std::vector<BatchMember> all;
        for (const py::handle& item : members) {
          const py::tuple parts = py::cast<py::tuple>(item);
          all.push_back({&parts[0].cast<const TreatmentDocument&>(), parts[1].cast<NumericOverrides>(),
                         parts[2].cast<std::vector<double>>()});
        }
        return run_many(all, grid, horizon_year, backend_wanted, done, whole);
      },
      py::arg("members"), py::arg("grid"), py::arg("horizon_year"), py::arg("backend"), py::arg("done"), py::arg("whole") = 0);
}

}  // namespace dermaflux
