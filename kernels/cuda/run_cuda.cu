#include <thrust/copy.h>
#include <thrust/device_vector.h>
#include <thrust/execution_policy.h>
#include <thrust/fill.h>
#include <thrust/sequence.h>
#include <thrust/sort.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <numeric>

#include "kernels/backends.hpp"
#include "kernels/cuda/block_executor.cuh"
#include "kernels/cuda/check.cuh"
#include "kernels/cuda/photons.cuh"

namespace dermaflux {
namespace {

constexpr int threads_per_block = 256;

/// One block per member, from the first stroke to the last year.
__global__ void __launch_bounds__(threads_per_block) run_members_kernel(const TreatmentCase* cases, Outcome* outcomes) {
  __shared__ TreatmentCase member;
  if (threadIdx.x == 0) member = cases[blockIdx.x];
  __syncthreads();
  run_treatment(BlockExecutor{}, member, outcomes + static_cast<long>(blockIdx.x) * max_branches);
}

bool available(std::string& detail) {
  int devices = 0;
  if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) {
    cudaGetLastError();  // leaves no error behind
    detail = "no CUDA device";
    return false;
  }
  cudaDeviceProp properties{};
  check(cudaGetDeviceProperties(&properties, 0), "asking for the device");
  detail = std::string(properties.name) + ", " + std::to_string(properties.totalGlobalMem >> 20) + " MiB, compute " +
           std::to_string(properties.major) + "." + std::to_string(properties.minor);
  return true;
}

/// One member, prepared on the host.
struct Prepared {
  std::size_t index;
  CaseBlueprint blueprint;
};

/// Members that fit the device's memory together, run as one launch.
class DeviceBatch {
 public:
  explicit DeviceBatch(const Stream& stream) : stream_(stream) {}

  /// Runs the members; results in their order, max_branches per member. A single one may go on from a state that a stopped run
  /// left, with what it had seen.
  std::vector<Outcome> run(const std::vector<Prepared*>& members, const double* state = nullptr, const Outcome* seen = nullptr) {
    long constants_length = 0, state_length = 0;
    for (const Prepared* member : members) {
      constants_length += static_cast<long>(member->blueprint.constants.size());
      state_length += member->blueprint.state_length;
    }
    constants_.resize(static_cast<std::size_t>(constants_length));
    state_.resize(static_cast<std::size_t>(state_length));
    if (state)
      thrust::copy(state, state + state_length, state_.begin());
    else
      thrust::fill(thrust::cuda::par.on(stream_), state_.begin(), state_.end(), 0.0);
    std::vector<double> gathered;
    std::vector<TreatmentCase> cases;
    std::map<const PhotonPaths*, thrust::device_vector<float>> paths;  // nearly always one set for all
    long constants_at = 0, state_at = 0;
    for (const Prepared* member : members) {
      const CaseBlueprint& blueprint = member->blueprint;
      thrust::device_vector<float>& own = paths[blueprint.paths.get()];
      if (own.empty()) own = blueprint.paths->values();
      gathered.insert(gathered.end(), blueprint.constants.begin(), blueprint.constants.end());
      cases.push_back(blueprint.bind(thrust::raw_pointer_cast(constants_.data()) + constants_at,
                                     thrust::raw_pointer_cast(state_.data()) + state_at, thrust::raw_pointer_cast(own.data())));
      constants_at += static_cast<long>(blueprint.constants.size());
      state_at += blueprint.state_length;
    }
    thrust::copy(gathered.begin(), gathered.end(), constants_.begin());
    cases_ = cases;
    outcomes_.resize(members.size() * max_branches);
    if (seen) outcomes_[0] = *seen;
    run_members_kernel<<<static_cast<unsigned>(members.size()), threads_per_block, 0, stream_>>>(
        thrust::raw_pointer_cast(cases_.data()), thrust::raw_pointer_cast(outcomes_.data()));
    check(cudaGetLastError(), "starting the ensemble");
    check(cudaStreamSynchronize(stream_), "running the ensemble");
    std::vector<Outcome> outcomes(outcomes_.size());
    thrust::copy(outcomes_.begin(), outcomes_.end(), outcomes.begin());
    return outcomes;
  }
  const thrust::device_vector<double>& state() const { return state_; }

 private:
  const Stream& stream_;
  thrust::device_vector<double> constants_, state_;
  thrust::device_vector<TreatmentCase> cases_;
  thrust::device_vector<Outcome> outcomes_;
};

/// Longest members first, so that blocks of a launch end together: the cost goes with strokes and with the time steps of one.
std::vector<std::size_t> by_cost(const std::vector<Prepared>& members) {
  thrust::device_vector<double> cost(members.size());
  thrust::device_vector<std::size_t> order(members.size());
  std::vector<double> host(members.size());
  for (std::size_t k = 0; k < members.size(); ++k) {
    const TreatmentCase& plan = members[k].blueprint.plan;
    host[k] = static_cast<double>(plan.branches.strokes[std::max(plan.branches.count - 1, 0)]) * plan.insertion.params.steps_inside;
  }
  thrust::copy(host.begin(), host.end(), cost.begin());
  thrust::sequence(order.begin(), order.end());
  thrust::stable_sort_by_key(cost.begin(), cost.end(), order.begin(), thrust::greater<double>());
  std::vector<std::size_t> result(members.size());
  thrust::copy(order.begin(), order.end(), result.begin());
  return result;
}

long bytes_of(const CaseBlueprint& blueprint) {
  return static_cast<long>(sizeof(double)) * (blueprint.state_length + static_cast<long>(blueprint.constants.size())) +
         static_cast<long>(sizeof(float) * blueprint.paths->values().size()) +
         static_cast<long>(sizeof(TreatmentCase) + max_branches * sizeof(Outcome));
}

/// Prepares members in the order given; one that cannot be built is reported at once.
std::vector<Prepared> prepare(const std::vector<Member>& members, const RunOptions& options, MemberSink& sink) {
  std::vector<Prepared> prepared;
  for (std::size_t k = 0; k < members.size(); ++k) {
    try {
      RunOptions own = options;
      own.dwells = members[k].dwells;
      prepared.push_back({k, build_case(members[k].treatment, own)});
    } catch (const std::exception& error) {
      sink.member_done(k, std::string(error.what()));
    }
  }
  return prepared;
}

void run_case(TreatmentCase& bound, const CaseBlueprint& blueprint, double* state, Outcome* outcomes, RunMonitor&) {
  Prepared member{0, blueprint};
  const Stream stream;
  DeviceBatch batch(stream);
  const std::vector<Outcome> results = batch.run({&member}, state, outcomes);  // zeros where the run begins
  std::copy_n(results.begin(), bound.branches.count, outcomes);
  thrust::copy(batch.state().begin(), batch.state().end(), state);  // the host's views see the device's fields
}

void run_members(const std::vector<Member>& members, const RunOptions& options, RunMonitor& monitor, MemberSink& sink) {
  std::vector<Prepared> prepared = prepare(members, options, sink);
  if (prepared.empty()) return;
  const std::vector<std::size_t> order = by_cost(prepared);
  std::size_t free_bytes = 0, total_bytes = 0;
  check(cudaMemGetInfo(&free_bytes, &total_bytes), "asking for free memory");
  const Stream stream;
  DeviceBatch batch(stream);
  for (std::size_t next = 0; next < order.size() && !monitor.stop;) {
    std::vector<Prepared*> together;
    for (double used = 0.0; next < order.size() && together.size() < 4096; ++next) {
      Prepared& member = prepared[order[next]];
      used += static_cast<double>(bytes_of(member.blueprint));
      if (used > 0.8 * static_cast<double>(free_bytes) && !together.empty()) break;
      together.push_back(&member);
    }
    const auto start = std::chrono::steady_clock::now();
    const std::vector<Outcome> outcomes = batch.run(together);
    const double share =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / static_cast<double>(together.size());
    for (std::size_t n = 0; n < together.size(); ++n) {
      const Prepared& member = *together[n];
      const auto first = outcomes.begin() + static_cast<std::ptrdiff_t>(n * max_branches);
      const std::vector<Outcome> own(first, first + member.blueprint.plan.branches.count);
      sink.member_done(member.index, collect_member(members[member.index], member.blueprint, own, share));
    }
  }
}

}  // namespace

const BackendTable& cuda_backend() {
  static const BackendTable table{available, run_case, run_members, run_photons_on_device, [] {}};
  return table;
}

}  // namespace dermaflux
