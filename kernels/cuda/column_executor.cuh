#pragma once
#include "core/execution/column_executor.hpp"
#include "kernels/cuda/check.cuh"

namespace dermaflux {

namespace on_device {

/// Neighbouring threads take neighbouring i, which lie side by side in memory where x runs fastest.
template <class Step>
__global__ void columns(int n_i, int n_j, Step step) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x), j = static_cast<int>(blockIdx.y);
  if (i < n_i && j < n_j) step(i, j);
}
template <class Step>
__global__ void lines(int n_i, int n_m, Step step) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x), m = static_cast<int>(blockIdx.y);
  if (i < n_i && m < n_m) step.template lines<1>(i, m);
}
template <class Step>
__global__ void list(int n, Step step) {
  const int m = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (m < n) step(m);
}
template <class Step>
__global__ void single(Step step) {
  step();
}

}  // namespace on_device

/// One large problem on the whole device: each step is a kernel, in the order of a stream. Control flow stays on the host, which
/// reads single values. All views lie in device memory.
struct DeviceColumns {
  cudaStream_t stream = nullptr;
  static constexpr unsigned width = 64;

  static unsigned blocks(int n) { return (static_cast<unsigned>(n) + width - 1) / width; }
  template <class Step>
  void columns(int n_i, int n_j, const Step& step) const {
    on_device::columns<<<dim3(blocks(n_i), static_cast<unsigned>(n_j)), width, 0, stream>>>(n_i, n_j, step);
  }
  template <class Step>
  void lines(int n_i, int n_m, const Step& step) const {
    on_device::lines<<<dim3(blocks(n_i), static_cast<unsigned>(n_m)), width, 0, stream>>>(n_i, n_m, step);
  }
  template <class Step>
  void list(int n, const Step& step) const {
    if (n > 0) on_device::list<<<blocks(n), width, 0, stream>>>(n, step);
  }
  template <class Step>
  void single(const Step& step) const {
    on_device::single<<<1, 1, 0, stream>>>(step);
  }
  double read(FieldView<const double> view, int i) const {
    double value = 0.0;
    check(cudaMemcpyAsync(&value, view.data + i, sizeof(double), cudaMemcpyDeviceToHost, stream), "reading a value of the box");
    check(cudaStreamSynchronize(stream), "a step of the box");
    return value;
  }
};

}  // namespace dermaflux
