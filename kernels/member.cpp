#include <algorithm>
#include <chrono>
#include <cmath>
#include <sstream>

#include "core/error.hpp"
#include "kernels/backends.hpp"

namespace dermaflux {
namespace {

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

void collect_box(SpaceCase& bound, Outcome& outcome, RunFields& fields) {
  RingMeans means = ring_means(bound);
  look_at_box(bound, means, outcome);
  fields.n_r = static_cast<int>(means.r_face.size()) - 1;
  fields.n_z = static_cast<int>(bound.faces.z.size()) - 1;
  fields.moments = outcome.moment_count;
  fields.r_face = std::move(means.r_face);
  fields.z_face = bound.faces.z;
  fields.epidermal = std::move(bound.epidermal);
  fields.pools = std::move(means.pools);
  fields.insertion = std::move(means.insertion);
  fields.view_r.assign(view_radii.begin(), view_radii.end());
  fields.space = std::move(bound.fields);
  const int seen = static_cast<int>(bound.trace_count(0)), room = static_cast<int>(bound.trace.size()) / TraceStep::columns;
  const int kept = std::min(seen, room);
  fields.trace.assign(bound.trace.begin(), bound.trace.begin() + static_cast<std::ptrdiff_t>(kept) * TraceStep::columns);
  fields.trace_lost = seen - kept;
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
