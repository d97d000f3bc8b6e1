#pragma once
#include "core/simulation/case_builder.hpp"
#include "core/simulation/workspace.hpp"
#include "tests/support/small_cases.hpp"

namespace dermaflux::test {

/// A treatment bound to memory of its own, so that a test can choose the executor or look into the fields.
struct BoundCase {
  CaseBlueprint blueprint;
  Workspace workspace;
  TreatmentCase bound;

  explicit BoundCase(const Treatment& treatment, const RunOptions& options = quick_grid())
      : blueprint(build_case(treatment, options)),
        bound(blueprint.bind(blueprint.constants.data(), workspace.zeroed(blueprint.state_length))) {}
  BoundCase(const BoundCase&) = delete;
  BoundCase& operator=(const BoundCase&) = delete;

  template <class Executor>
  Outcome run(const Executor& executor) {
    Outcome outcome{};
    run_treatment(executor, bound, &outcome);
    return outcome;
  }
};

}  // namespace dermaflux::test
