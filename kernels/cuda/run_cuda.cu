#include <thrust/execution_policy.h>

#include <algorithm>
#include <map>
#include <memory>

#include "kernels/batches.hpp"
#include "kernels/cuda/block_program.cuh"
#include "kernels/cuda/buffers.cuh"
#include "kernels/cuda/order.cuh"
#include "kernels/cuda/photons.cuh"
#include "kernels/cuda/run_cuda.cuh"
#include "kernels/cuda/run_space.cuh"

namespace dermaflux {
namespace {

bool available(std::string& detail) {
  int devices = 0;
  if (const cudaError_t status = cudaGetDeviceCount(&devices); status != cudaSuccess || devices == 0) {
    cudaGetLastError();  // leaves no error behind
    detail = "no CUDA device";
    if (status == cudaErrorInsufficientDriver && devices > 0) detail += " that this driver serves";
    return false;
  }
  cudaDeviceProp properties{};
  check(cudaGetDeviceProperties(&properties, 0), "asking for the device");
  detail = std::string(properties.name) + ", " + std::to_string(properties.totalGlobalMem >> 20) + " MiB, compute " +
           std::to_string(properties.major) + "." + std::to_string(properties.minor);
  return true;
}

std::size_t smallest_ensemble() {
  int multiprocessors = 0;
  check(cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, 0), "asking for the device");
  return static_cast<std::size_t>(multiprocessors);
}

/// Photon paths on the device, nearly always one set for all members.
class PathsOnDevice {
 public:
  const float* at(const std::shared_ptr<const PhotonPaths>& paths) {
    Copy& copy = copies_[paths.get()];
    if (!copy.kept) {
      const std::vector<float>& values = paths->values();
      check(cudaMemcpy(copy.values.room(values.size()), values.data(), values.size() * sizeof(float), cudaMemcpyHostToDevice),
            "copying photon paths");
      copy.kept = paths;
    }
    return copy.values.data();
  }

 private:
  struct Copy {
    std::shared_ptr<const PhotonPaths> kept;
    DeviceBuffer<float> values;
  };
  std::map<const PhotonPaths*, Copy> copies_;
};

/// Room for one batch: its stream, its memory on the device, and pinned memory through which it is copied.
class Place {
 public:
  /// Copies and starts the members. A single one may go on from a state that a stopped run left, with what it had seen.
  void start(const std::vector<const CaseBlueprint*>& members, PathsOnDevice& paths, const double* state = nullptr,
             const Outcome* seen = nullptr) {
    const BatchLayout layout = lay_out_batch(members);
    const auto constants_length = static_cast<std::size_t>(layout.constants), state_length = static_cast<std::size_t>(layout.state);
    outcomes_length_ = static_cast<std::size_t>(layout.outcomes);
    double *constants = constants_.room(constants_length), *memory = state_.room(state_length);
    Outcome* outcomes = outcomes_.room(outcomes_length_);
    double* staged = staged_constants_.room(constants_length);
    MemberOnDevice* cases = staged_cases_.room(members.size());
    results_.room(outcomes_length_);
    for (std::size_t n = 0; n < members.size(); ++n) {
      const CaseBlueprint& one = *members[n];
      std::copy(one.constants.begin(), one.constants.end(), staged + layout.constants_at[n]);
      cases[n] = {one.bind(constants + layout.constants_at[n], memory + layout.state_at[n], paths.at(one.paths)),
                  outcomes + layout.outcomes_at[n]};
    }
    copy(constants, staged, constants_length, cudaMemcpyHostToDevice);
    copy(cases_.room(members.size()), cases, members.size(), cudaMemcpyHostToDevice);
    check(cudaMemsetAsync(memory, 0, state_length * sizeof(double), stream_), "clearing the state");
    check(cudaMemsetAsync(outcomes, 0, outcomes_length_ * sizeof(Outcome), stream_), "clearing the outcomes");
    if (state) copy(memory, state, state_length, cudaMemcpyHostToDevice);
    if (seen) copy(outcomes, seen, outcomes_length_, cudaMemcpyHostToDevice);
    start_members(cases_.data(), members.size(), stream_);
    copy(results_.data(), outcomes, outcomes_length_, cudaMemcpyDeviceToHost);
  }

  /// Waits; outcomes of the members, one per branch. `state`, if given, takes the memory of a single member.
  std::vector<Outcome> finish(double* state = nullptr, std::size_t length = 0) {
    if (state) copy(state, state_.data(), length, cudaMemcpyDeviceToHost);
    check(cudaStreamSynchronize(stream_), "running the ensemble");
    return {results_.data(), results_.data() + outcomes_length_};
  }

  /// What it holds on the device already [byte].
  std::size_t bytes() const { return constants_.bytes() + state_.bytes() + cases_.bytes() + outcomes_.bytes(); }

 private:
  template <class T>
  void copy(T* to, const T* from, std::size_t count, cudaMemcpyKind kind) {
    check(cudaMemcpyAsync(to, from, count * sizeof(T), kind, stream_), "copying a batch");
  }

  Stream stream_;
  DeviceBuffer<double> constants_, state_;
  DeviceBuffer<MemberOnDevice> cases_;
  DeviceBuffer<Outcome> outcomes_;
  PinnedBuffer<double> staged_constants_;
  PinnedBuffer<MemberOnDevice> staged_cases_;
  PinnedBuffer<Outcome> results_;
  std::size_t outcomes_length_ = 0;
};

/// What run_in_batches drives.
class CudaDevice {
 public:
  explicit CudaDevice(std::uint64_t most) : most_(most), reserved_(program_facts().reserved_bytes) {}

  /// Half of what is free, less the threads' local memory, which the driver takes at the first launch, and a tenth for what it
  /// needs besides. What the places hold already counts as free: it is used again.
  std::uint64_t free_bytes() {
    std::size_t free = 0, total = 0;
    check(cudaMemGetInfo(&free, &total), "asking for free memory");
    const std::size_t held = places_[0].bytes() + places_[1].bytes(), reserved = started_ ? 0 : reserved_;
    const std::size_t usable = (free + held) / 10 * 9;
    return std::min<std::uint64_t>(most_, usable > reserved ? (usable - reserved) / 2 : 0);
  }
  /// By Thrust on the host: the device is busy with the batch before, and a sort would wait for its last block.
  std::vector<std::size_t> longest_first(std::vector<double> costs) {
    std::vector<std::size_t> order(costs.size());
    rank_falling(thrust::host, costs.begin(), costs.end(), order.begin());
    return order;
  }
  void start(int place, const std::vector<const CaseBlueprint*>& members) {
    started_ = true;
    places_[place].start(members, paths_);
  }
  std::vector<Outcome> finish(int place) { return places_[place].finish(); }

 private:
  std::uint64_t most_;
  std::size_t reserved_;
  bool started_ = false;
  PathsOnDevice paths_;
  Place places_[2];
};

std::vector<Unfit> run_members(const std::vector<Member>& members, const RunOptions& options, RunMonitor& monitor,
                               MemberSink& sink) {
  return run_members_on_device(members, options, monitor, sink);
}

void run_case(TreatmentCase& bound, const CaseBlueprint& blueprint, double* state, Outcome* outcomes, RunMonitor&) {
  std::size_t free = 0, total = 0;
  check(cudaMemGetInfo(&free, &total), "asking for free memory");
  if (const std::uint64_t needed = member_bytes(blueprint); needed > free) throw BackendError(too_large(needed, free));
  PathsOnDevice paths;
  Place place;
  place.start({&blueprint}, paths, state, outcomes);  // zeros where the run begins
  const std::vector<Outcome> results = place.finish(state, static_cast<std::size_t>(blueprint.state_length));
  std::copy_n(results.begin(), bound.branches.count, outcomes);  // and the host's views see the device's fields
}

}  // namespace

std::vector<Unfit> run_members_on_device(const std::vector<Member>& members, const RunOptions& options, RunMonitor& monitor,
                                         MemberSink& sink, std::size_t window, std::uint64_t most_bytes) {
  CudaDevice device(most_bytes);
  return run_in_batches(members, options, monitor, sink, device, window);
}

const BackendTable& cuda_backend() {
  static const BackendTable table{available, run_case,          run_members,        run_photons_on_device,
                                  [] {},     smallest_ensemble, run_space_on_device};
  return table;
}

}  // namespace dermaflux
