// Lambdas of the program count as functions for both sides; with this executor they run on the host alone.
#pragma nv_diag_suppress 20011
#include "kernels/cuda/block_executor.cuh"
#include "kernels/cuda/buffers.cuh"
#include "validation/gpu/target.hpp"

/// Every step as a kernel of its own, on one block, as the ensemble's program runs it. The member's memory is pinned, so that host
/// and device work on the same numbers.
namespace dermaflux::gpu_check {
namespace {

constexpr int lanes = 256;

template <class Step>
__global__ void __launch_bounds__(lanes) cells_kernel(int n_i, int n_j, Step step) {
  BlockExecutor{}.cells(n_i, n_j, step);
}
template <class Step>
__global__ void __launch_bounds__(lanes) rows_kernel(int n_j, Step step) {
  BlockExecutor{}.rows(n_j, step);
}
template <class Step>
__global__ void __launch_bounds__(lanes) single_kernel(Step step) {
  BlockExecutor{}.single(step);
}

void finish() {
  check(cudaGetLastError(), "starting a step");
  check(cudaDeviceSynchronize(), "a step");
}

struct DeviceSteps {
  template <class Step>
  void cells(int n_i, int n_j, const Step& step) const {
    cells_kernel<<<1, lanes>>>(n_i, n_j, step);
    finish();
  }
  template <class Step>
  void rows(int n_j, const Step& step) const {
    rows_kernel<<<1, lanes>>>(n_j, step);
    finish();
  }
  template <class Step>
  void single(const Step& step) const {
    single_kernel<<<1, lanes>>>(step);
    finish();
  }
};

template <class T>
using Pinned = Buffer<T, false>;

}  // namespace

std::map<std::string, StepFinding> steps_on_device(const Treatment& treatment, const RunOptions& options,
                                                   std::map<std::string, StepFinding> found) {
  const CaseBlueprint blueprint = build_case(treatment, options);
  const auto pinned = [](auto& buffer, const auto& values) {
    return std::copy(values.begin(), values.end(), buffer.room(values.size())) - values.size();
  };
  Pinned<double> constants, state;
  Pinned<float> paths;
  Pinned<TreatmentCase> bound;
  double* const numbers = state.room(static_cast<std::size_t>(blueprint.state_length));
  std::fill_n(numbers, blueprint.state_length, 0.0);
  TreatmentCase& own = *bound.room(1);  // sessions change it, on the device as well
  own = blueprint.bind(pinned(constants, blueprint.constants), numbers, pinned(paths, blueprint.paths->values()));
  std::vector<Outcome> outcomes(static_cast<std::size_t>(own.branches.count));
  StepParity parity = step_parity(own, numbers, blueprint.state_length, std::move(found));
  run_treatment(StepTwice<DeviceSteps>{parity, DeviceSteps{}}, own, outcomes.data());
  return parity.found;
}

}  // namespace dermaflux::gpu_check
