#pragma once
#include "core/execution/executor.hpp"

namespace dermaflux {

/// One treatment on one thread block: cells and rows are dealt out by stride, and every loop ends in a barrier. `single` runs
/// on the first thread; `read` gives all threads the same value and keeps the next write from overtaking it.
struct BlockExecutor {
  static constexpr int row_width = 1;

  template <class Step>
  __device__ void cells(int n_i, int n_j, const Step& step) const {
    for (int k = static_cast<int>(threadIdx.x); k < n_i * n_j; k += static_cast<int>(blockDim.x)) step(k / n_j, k % n_j);
    __syncthreads();
  }
  template <class Step>
  __device__ void rows(int n_j, const Step& step) const {
    for (int j = static_cast<int>(threadIdx.x); j < n_j; j += static_cast<int>(blockDim.x)) step.template rows<1>(j);
    __syncthreads();
  }
  template <class Step>
  __device__ void single(const Step& step) const {
    if (threadIdx.x == 0) step();
    __syncthreads();
  }
  __device__ double read(FieldView<const double> view, int i) const {
    const double value = view(i);
    __syncthreads();
    return value;
  }
  __device__ void milestone(double) const {}
  __device__ bool asked_to_stop() const { return false; }
  __device__ void stop_where_asked(bool) const {}
};

static_assert(Executor<BlockExecutor>);

}  // namespace dermaflux
