#pragma once
#include <cuda_runtime.h>

#include "core/solver/box_solver.hpp"

namespace dermaflux {

using DeviceGrid = GridPartIn<Fastest::x>;

/// Solves a system whose views lie in device memory, laid out with x fastest; the plan of levels must have been copied there.
SolveCost solve_box_on_device(const BoxSystemOn<DeviceGrid>& system, const BoxLevelsOn<DeviceGrid>& levels, const SolveUntil& until,
                              cudaStream_t stream);

}  // namespace dermaflux
