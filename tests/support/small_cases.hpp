#pragma once
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "core/io/config.hpp"
#include "core/io/output_fields.hpp"
#include "kernels/run.hpp"

/// What the tests share: the shipped configurations, small ensembles, and the outcome of a member by the name of its output.
namespace dermaflux::test {

using Overrides = std::vector<std::pair<std::string, std::string>>;

inline std::filesystem::path configs() { return DF_CONFIGS; }
inline std::filesystem::path treatment_file(const std::string& name) { return configs() / "treatments" / (name + "_scalp.toml"); }

/// The eight tissue classes, each with a treatment of its own.
inline const std::vector<std::string>& tissue_classes() {
  static const std::vector<std::string> all = {"normal",   "bald",         "cicatricial", "hypertrophic",
                                               "atrophic", "fue_punctate", "fut_linear",  "burn_radiation"};
  return all;
}

/// The shipped treatment of a class, with overrides as on the command line.
inline Treatment treatment(const std::string& name = "normal", const Overrides& overrides = {}) {
  return TreatmentDocument::load(treatment_file(name), overrides).treatment();
}

/// Options of a run on one level of the grid.
inline RunOptions on_grid(GridLevel level) {
  RunOptions options;
  options.grid = level;
  return options;
}
inline RunOptions quick_grid() { return on_grid(GridLevel::quick); }

/// Keeps every outcome at its member's place; counts how often each was told.
struct KeepAll : MemberSink {
  std::vector<MemberOutcome> outcomes;
  std::vector<int> told;
  explicit KeepAll(std::size_t members) : outcomes(members), told(members, 0) {}
  void member_done(std::size_t index, MemberOutcome outcome) override {
    outcomes.at(index) = std::move(outcome);
    ++told.at(index);
  }
};

inline std::vector<MemberOutcome> run_members(const std::vector<Member>& members, const RunOptions& options, Backend backend) {
  RunMonitor monitor;
  KeepAll sink(members.size());
  run_batch(members, options, backend, monitor, sink);
  return sink.outcomes;
}

/// Results of all dwell times of one member, looked at at all moments; throws NumericsError with the message of a failed one.
inline std::vector<MemberResult> run_dwells(const Treatment& treatment, const std::vector<double>& dwells,
                                            const RunOptions& options = quick_grid(), Backend backend = Backend::serial) {
  RunOptions looking = options;
  looking.every_look = true;
  const MemberOutcome outcome = run_members({{treatment, dwells}}, looking, backend).front();
  if (const auto* message = std::get_if<std::string>(&outcome)) throw NumericsError(*message);
  return std::get<std::vector<MemberResult>>(outcome);
}

inline MemberResult run_one(const Treatment& treatment, const RunOptions& options = quick_grid(),
                            Backend backend = Backend::serial) {
  return run_dwells(treatment, {}, options, backend).front();
}

inline RunResult run_recorded(const Treatment& treatment, const RunOptions& options = quick_grid(),
                              Backend backend = Backend::serial) {
  RunMonitor monitor;
  return run(treatment, options, backend, monitor);
}

/// An output by its name, in its unit.
inline double output(const MemberResult& result, const std::string& name) { return output_field(name).value(result); }

}  // namespace dermaflux::test
