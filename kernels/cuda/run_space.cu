// Lambdas of the program count as functions for both sides; with this executor they run on the host alone.
#pragma nv_diag_suppress 20011
#include "core/simulation/space_program.hpp"
#include "kernels/cuda/buffers.cuh"
#include "kernels/cuda/column_executor.cuh"
#include "kernels/cuda/run_space.cuh"
#include "kernels/space_elsewhere.hpp"

namespace dermaflux {
namespace {

/// Memory of the device, for SpaceElsewhere.
struct DeviceMemory {
  cudaStream_t stream;
  DeviceBuffer<double> buffer{};

  double* take(std::size_t count) {
    double* const memory = buffer.room(count);
    check(cudaMemsetAsync(memory, 0, count * sizeof(double), stream), "clearing the box");
    return memory;
  }
  void to(double* there, const double* here, std::size_t count) const { copy(there, here, count, cudaMemcpyHostToDevice); }
  void from(double* here, const double* there, std::size_t count) const { copy(here, there, count, cudaMemcpyDeviceToHost); }

 private:
  void copy(double* to, const double* from, std::size_t count, cudaMemcpyKind kind) const {
    check(cudaMemcpyAsync(to, from, count * sizeof(double), kind, stream), "copying the box");
    check(cudaStreamSynchronize(stream), "copying the box");
  }
};

}  // namespace

void run_space_on_device(SpaceCase& bound, Outcome& outcome, RunMonitor& monitor) {
  std::size_t free = 0, total = 0;
  check(cudaMemGetInfo(&free, &total), "asking for free memory");
  require_room(bound, free);
  const Stream stream;
  DeviceMemory memory{stream};
  SpaceElsewhere elsewhere(bound, memory);
  run_in_space(DeviceColumns{stream, &monitor}, bound, outcome);
  elsewhere.fetch();
}

}  // namespace dermaflux
