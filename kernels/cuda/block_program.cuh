#pragma once
#include <cuda_runtime.h>

#include "core/simulation/treatment_case.hpp"

namespace dermaflux {

/// One member as the device finds it: its problem on memory of its own, and where its outcomes go, one per branch.
struct MemberOnDevice {
  TreatmentCase problem;
  Outcome* outcomes;
};

/// Threads of a block. Most loops go over rows, 64 to 256 of them, and most of the work is in these.
inline constexpr int threads_per_block = 128;

/// What the program of a member takes on the present device.
struct ProgramFacts {
  int registers;             ///< per thread
  std::size_t local_bytes;   ///< per thread
  std::size_t shared_bytes;  ///< per block
  int blocks_per_multiprocessor, multiprocessors;
  std::size_t reserved_bytes;  ///< local memory of all threads that the device can hold at once: the driver sets it aside
};
ProgramFacts program_facts();

/// Starts one block per member on a stream: each runs its member from the first stroke to the last year. Returns at once.
void start_members(const MemberOnDevice* members, std::size_t count, cudaStream_t stream);

}  // namespace dermaflux
