#include "validation/gpu/target.hpp"

#include <atomic>
#include <set>
#include <thread>

#include "core/error.hpp"
#include "core/io/config.hpp"
#include "core/io/output_group.hpp"
#include "core/simulation/space_program.hpp"
#include "core/solver/photon_walk.hpp"
#include "kernels/cuda/run_cuda.cuh"
#include "kernels/emulated_block.hpp"
#include "kernels/space_elsewhere.hpp"
#include "validation/gpu/emulated_device.hpp"

namespace dermaflux::gpu_check {

Target cuda_target() {
  std::string detail;
  if (!cuda_backend().available(detail))
    throw BackendError(detail + "; nvidia-smi must list one, with a driver for CUDA 13 (or use --host)");
  return {.device = true,
          .tolerance = 1e-10,
          .box_tolerance = 1e-3,
          .look_tolerance = 1e-5,
          .run_case =
              [](TreatmentCase& bound, const CaseBlueprint& blueprint, double* state, Outcome* outcomes) {
                RunMonitor monitor;
                cuda_backend().run_case(bound, blueprint, state, outcomes, monitor);
              },
          .run_members =
              [](const std::vector<Member>& members, const RunOptions& options, MemberSink& sink, std::size_t window,
                 std::uint64_t most_bytes) {
                RunMonitor monitor;
                return run_members_on_device(members, options, monitor, sink, window, most_bytes);
              },
          .run_steps = steps_on_device,
          .run_photons =
              [](const PhotonJob& job, std::vector<long long>& sums) {
                RunMonitor monitor;
                cuda_backend().run_photons(job, sums, monitor);
              },
          .run_space =
              [](SpaceCase& bound, Outcome& outcome) {
                RunMonitor monitor;
                cuda_backend().run_space(bound, outcome, monitor);
              }};
}

Target emulated_target() {
  return {.device = false,
          .tolerance = 0.0,
          .box_tolerance = 0.0,
          .look_tolerance = 0.0,
          .run_case = [](TreatmentCase& bound, const CaseBlueprint&, double*,
                         Outcome* outcomes) { run_treatment(StridedExecutor{128}, bound, outcomes); },
          .run_members =
              [](const std::vector<Member>& members, const RunOptions& options, MemberSink& sink, std::size_t window,
                 std::uint64_t most_bytes) {
                RunMonitor monitor;
                EmulatedDevice device(most_bytes);
                return run_in_batches(members, options, monitor, sink, device, window);
              },
          .run_steps =
              [](const Treatment& treatment, const RunOptions& options, std::map<std::string, StepFinding> found) {
                CaseBlueprint blueprint = build_case(treatment, options);
                Workspace workspace;
                double* const state = workspace.zeroed(blueprint.state_length);
                TreatmentCase bound = blueprint.bind(blueprint.constants.data(), state);
                std::vector<Outcome> outcomes(static_cast<std::size_t>(bound.branches.count));
                StepParity parity = step_parity(bound, state, blueprint.state_length, std::move(found));
                run_treatment(StepTwice<StridedExecutor>{parity, StridedExecutor{128}}, bound, outcomes.data());
                return parity.found;
              },
          .run_photons =
              [](const PhotonJob& job, std::vector<long long>& sums) {
                for (std::uint64_t last = job.photons; last > 0;) {  // backwards: sums are integers, so no order matters
                  const std::uint64_t first = last > photon_chunk ? last - photon_chunk : 0;
                  follow_chunk(job, first, last, sums);
                  last = first;
                }
              },
          .run_space =
              [](SpaceCase& bound, Outcome& outcome) {
                GuardedMemory memory;
                SpaceElsewhere elsewhere(bound, memory);
                run_in_space(EmulatedColumns{memory}, bound, outcome);
                elsewhere.fetch();
              }};
}

Treatment Cases::treatment(const std::string& name, const Overrides& overrides) const {
  return TreatmentDocument::load(configs / "treatments" / (name + "_scalp.toml"), overrides).treatment();
}

std::vector<MemberOutcome> on_target(const Target& target, const std::vector<Member>& members, const RunOptions& options,
                                     std::size_t window, std::uint64_t most_bytes) {
  KeepAll sink(members.size());
  for (const Unfit& one : target.run_members(members, options, sink, window, most_bytes)) sink.outcomes[one.index] = one.reason;
  return sink.outcomes;
}

std::vector<MemberOutcome> on_host(const std::vector<Member>& members, const RunOptions& options, unsigned threads) {
  std::vector<MemberOutcome> outcomes(members.size());
  std::atomic<std::size_t> next{0};
  std::vector<std::jthread> workers;
  for (unsigned n = 0; n < threads; ++n)
    workers.emplace_back([&] {
      Workspace workspace;
      RunMonitor monitor;
      for (std::size_t k = next++; k < members.size(); k = next++)
        outcomes[k] = run_member_on_host(members[k], options, workspace, monitor);
    });
  workers.clear();
  return outcomes;
}

void OutputErrors::add(const MemberOutcome& a, const MemberOutcome& b) {
  if (a.index() != 0 || b.index() != 0 || std::get<0>(a).size() != std::get<0>(b).size()) {
    other = HUGE_VAL;
    worst_other = "a failed member";
    return;
  }
  static const std::set<std::string> of_the_look = [] {
    std::set<std::string> names;
    for (const OutputField& field : appearance_outputs()) names.insert(field.name);
    return names;
  }();
  for (std::size_t n = 0; n < std::get<0>(a).size(); ++n)
    for (const OutputField& field : output_fields()) {
      if (field.name == "runtime_s" || field.name == "ledger_imbalance") continue;
      const double x = field.value(std::get<0>(a)[n]), y = field.value(std::get<0>(b)[n]);
      if (x == y || (std::isnan(x) && std::isnan(y))) continue;
      const double error = std::isfinite(x - y) ? std::fabs(x - y) / std::fmax(std::fabs(x), 1e-6) : HUGE_VAL;
      const bool seen = of_the_look.contains(field.name);
      if (double& worst = seen ? look : other; error > worst) {
        worst = error;
        (seen ? worst_look : worst_other) = field.name;
      }
    }
}

std::vector<double> numbers_of(const MemberOutcome& outcome) {
  std::vector<double> numbers;
  if (const auto* message = std::get_if<std::string>(&outcome)) {
    for (const char letter : *message) numbers.push_back(letter);
    return numbers;
  }
  for (const MemberResult& result : std::get<0>(outcome))
    for (const OutputField& field : output_fields())
      if (field.name != "runtime_s") numbers.push_back(field.value(result));
  return numbers;
}

}  // namespace dermaflux::gpu_check
