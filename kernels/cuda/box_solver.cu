#include "kernels/cuda/box_solver.cuh"
#include "kernels/cuda/column_executor.cuh"

namespace dermaflux {

SolveCost solve_box_on_device(const BoxSystemOn<DeviceGrid>& system, const BoxLevelsOn<DeviceGrid>& levels, const SolveUntil& until,
                              cudaStream_t stream) {
  return solve_box(DeviceColumns{stream}, system, levels, until);
}

}  // namespace dermaflux
