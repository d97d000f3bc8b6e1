#include "core/simulation/treatment_program.hpp"
#include "kernels/cuda/block_executor.cuh"
#include "kernels/cuda/block_program.cuh"
#include "kernels/cuda/check.cuh"

namespace dermaflux {
namespace {

__global__ void __launch_bounds__(threads_per_block) run_members_kernel(const MemberOnDevice* members) {
  __shared__ MemberOnDevice member;
  if (threadIdx.x == 0) member = members[blockIdx.x];
  __syncthreads();
  run_treatment(BlockExecutor{}, member.problem, member.outcomes);
}

}  // namespace

ProgramFacts program_facts() {
  cudaFuncAttributes own{};
  check(cudaFuncGetAttributes(&own, run_members_kernel), "asking for the program's size");
  cudaDeviceProp device{};
  check(cudaGetDeviceProperties(&device, 0), "asking for the device");
  int blocks = 0;
  check(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, run_members_kernel, threads_per_block, 0),
        "asking for the occupancy");
  const std::size_t threads =
      static_cast<std::size_t>(device.multiProcessorCount) * static_cast<std::size_t>(device.maxThreadsPerMultiProcessor);
  return {own.numRegs, own.localSizeBytes, own.sharedSizeBytes, blocks, device.multiProcessorCount, threads * own.localSizeBytes};
}

void start_members(const MemberOnDevice* members, std::size_t count, cudaStream_t stream) {
  run_members_kernel<<<static_cast<unsigned>(count), threads_per_block, 0, stream>>>(members);
  check(cudaGetLastError(), "starting the ensemble");
}

}  // namespace dermaflux
