#include <algorithm>

#include "core/solver/trace_step.hpp"
#include "validation/gpu/check_report.hpp"
#include "validation/gpu/field_error.hpp"
#include "validation/gpu/target.hpp"

namespace dermaflux::gpu_check {
namespace {

/// A treatment on memory of its own, with its fields.
struct Recorded {
  CaseBlueprint blueprint;
  Workspace workspace;
  double* state;
  TreatmentCase bound;
  std::vector<Outcome> outcomes;

  Recorded(const Treatment& treatment, const RunOptions& options)
      : blueprint(build_case(treatment, options)),
        state(workspace.zeroed(blueprint.state_length)),
        bound(blueprint.bind(blueprint.constants.data(), state)),
        outcomes(static_cast<std::size_t>(bound.branches.count)) {}
  Recorded(const Recorded&) = delete;
  Recorded& operator=(const Recorded&) = delete;
};

/// Errors of everything that a run records: pools at each moment, tissue after the insertion, and every time step of it.
bool compare_fields(const RunFields& a, const RunFields& b, Errors& errors) {
  if (a.pools.size() != b.pools.size() || a.insertion.size() != b.insertion.size() || a.trace.size() != b.trace.size())
    return false;
  const auto cells = static_cast<std::size_t>(a.n_r) * static_cast<std::size_t>(a.n_z);
  add_fields(a.pools, b.pools, cells, {"pool free", "pool matrix", "pool macrophage", "pool slow", "pool epidermal"}, errors);
  add_fields(a.insertion, b.insertion, cells, {"suspended", "captured", "carrier", "fluid", "pressure"}, errors);
  std::vector<std::string> columns;
  for (int n = 0; n < TraceStep::columns; ++n) columns.push_back("every time step, trace column " + std::to_string(n));
  add_fields(a.trace, b.trace, 1, columns, errors);
  return true;
}

void compare_run(const Target& target, const std::string& name, const Treatment& treatment, RunOptions options, Report& report) {
  options.record = options.every_look = true;
  const Clock clock;
  Recorded serial(treatment, options), other(treatment, options);
  RunMonitor monitor;
  serial_backend().run_case(serial.bound, serial.blueprint, serial.state, serial.outcomes.data(), monitor);
  const double serial_time = clock.seconds();
  target.run_case(other.bound, other.blueprint, other.state, other.outcomes.data());
  report.figure(name + ", one run", clock.seconds() - serial_time, "s", "the serial reference took " + std::to_string(serial_time));
  const Outcome &a = serial.outcomes[0], &b = other.outcomes[0];
  report.require(name + ": status, steps and healing steps are the same",
                 a.status == b.status && a.steps == b.steps && a.healing_steps == b.healing_steps && a.status == Status::ok);
  Errors errors;
  if (!compare_fields(collect_fields(serial.bound), collect_fields(other.bound), errors)) {
    report.require(name + ": fields have the same length", false);
    return;
  }
  for (const auto& [field, error] : errors) report.limit(name + ": " + field, error.relative(), target.tolerance);
  const Member member{treatment, {}};
  OutputErrors outputs;
  outputs.add(collect_member(member, serial.blueprint, {a}, 0.0), collect_member(member, other.blueprint, {b}, 0.0));
  report.limit(name + ": outputs", outputs.other, target.tolerance, outputs.worst_other);
  report.limit(name + ": outputs of the look", outputs.look, target.look_tolerance, outputs.worst_look);
}

struct ParityCase {
  std::string name, skin;
  Cases::Overrides overrides;
  GridLevel grid;
};

/// Short ones first: what fits into the time is done.
std::vector<ParityCase> parity_cases(bool device) {
  std::vector<ParityCase> all = {{"normal, quick grid", "normal", {{"machine.dwell_ms", "20"}}, GridLevel::quick}};
  if (!device) return all;
  const GridLevel quick = GridLevel::quick;
  all.push_back(
      {"hypertrophic, three size classes", "hypertrophic", {{"machine.dwell_ms", "30"}, {"ink.size_classes", "3"}}, quick});
  all.push_back({"burn, cracks", "burn_radiation", {{"machine.dwell_ms", "30"}, {"skin.fracture", "true"}}, quick});
  all.push_back({"three prongs, tilted",
                 "normal",
                 {{"needle.model", "round_liner_3_025_long"}, {"machine.angle_deg", "20"}, {"machine.dwell_ms", "20"}},
                 quick});
  all.push_back({"two sessions", "normal", {{"machine.dwell_ms", "20"}, {"sessions.days", "[0, 30]"}}, quick});
  all.push_back({"scar beside",
                 "normal",
                 {{"machine.dwell_ms", "20"},
                  {"scar.shape", "disc"},
                  {"scar.class", "hypertrophic"},
                  {"scar.width_mm", "0.9"},
                  {"scar.offset_mm", "0.4"}},
                 quick});
  all.push_back({"white ink, which scatters", "normal", {{"machine.dwell_ms", "20"}, {"ink.model", "titanium_white"}}, quick});
  all.push_back({"normal, standard grid, as shipped", "normal", {}, GridLevel::standard});
  return all;
}

}  // namespace

void check_parity(const Target& target, const Cases& cases, Report& report, double seconds) {
  const Clock clock;
  double longest = 0.0;
  for (const ParityCase& one : parity_cases(target.device)) {
    const double before = clock.seconds();
    if (before + 1.5 * longest > seconds) {
      report.require(one.name + ": was run", false,
                     "no time left; the device is slower than " + std::to_string(longest) + " s per case");
      continue;
    }
    RunOptions options;
    options.grid = one.grid;
    if (!target.device) options.horizon = 30.0 * units::day;
    compare_run(target, one.name, cases.treatment(one.skin, one.overrides), options, report);
    longest = std::fmax(longest, clock.seconds() - before);
  }
}

}  // namespace dermaflux::gpu_check
