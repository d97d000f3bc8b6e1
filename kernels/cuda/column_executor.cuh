#pragma once
#include <vector>

#include "core/execution/column_executor.hpp"
#include "kernels/cuda/check.cuh"

namespace dermaflux {

namespace on_device {

/// Thread k of a grid of threads over two indices, of which the second runs fastest.
__device__ inline long thread() { return static_cast<long>(blockIdx.x) * blockDim.x + threadIdx.x; }

/// Neighbouring threads take neighbouring i, which lie side by side in memory where x runs fastest.
template <class Step>
__global__ void columns(int n_i, int n_j, Step step) {
  const int i = static_cast<int>(thread()), j = static_cast<int>(blockIdx.y);
  if (i < n_i && j < n_j) step(i, j);
}
template <class Step>
__global__ void lines(int n_i, int n_m, Step step) {
  const int i = static_cast<int>(thread()), m = static_cast<int>(blockIdx.y);
  if (i < n_i && m < n_m) step.template lines<1>(i, m);
}
/// Neighbouring threads take neighbouring j, which lie side by side where z does.
template <class Step>
__global__ void lines_by_rows(int n_i, int n_m, Step step) {
  const long k = thread();
  if (k < static_cast<long>(n_i) * n_m) step.template lines<1>(static_cast<int>(k / n_m), static_cast<int>(k % n_m));
}
template <class Step>
__global__ void cells(int n_i, int n_j, Step step) {
  const long k = thread();
  if (k < static_cast<long>(n_i) * n_j) step(static_cast<int>(k / n_j), static_cast<int>(k % n_j));
}
template <class Step>
__global__ void pieces(int n_i, int n_j, Step step) {
  const long k = thread();
  if (k >= static_cast<long>(n_i) * n_j) return;
  const int j = static_cast<int>(k % n_j);
  step(static_cast<int>(k / n_j), j, j + 1);
}
template <class Step>
__global__ void rows(int n_j, Step step) {
  const int j = static_cast<int>(thread());
  if (j < n_j) step.template rows<1>(j);
}
template <class Step>
__global__ void list(int n, Step step) {
  const int m = static_cast<int>(thread());
  if (m < n) step(m);
}
template <class Step>
__global__ void single(Step step) {
  step();
}

}  // namespace on_device

/// One large problem on the whole device: each step is a kernel, in the order of a stream. Control flow stays on the host, which
/// reads and writes what it must by copies. All views lie in device memory.
struct DeviceColumns {
  cudaStream_t stream = nullptr;
  RunMonitor* monitor = nullptr;
  static constexpr unsigned width = 64;
  static constexpr Fastest pressure = Fastest::x;

  static unsigned blocks(long n) { return static_cast<unsigned>((n + width - 1) / width); }
  template <class Step>
  void columns(int n_i, int n_j, const Step& step) const {
    if (n_i <= 0 || n_j <= 0) return;
    on_device::columns<<<dim3(blocks(n_i), static_cast<unsigned>(n_j)), width, 0, stream>>>(n_i, n_j, step);
    started();
  }
  template <class Step>
  void lines(int n_i, int n_m, const Step& step) const {
    if (n_i <= 0 || n_m <= 0) return;
    if constexpr (requires { Step::fastest; })
      on_device::lines_by_rows<<<blocks(static_cast<long>(n_i) * n_m), width, 0, stream>>>(n_i, n_m, step);
    else
      on_device::lines<<<dim3(blocks(n_i), static_cast<unsigned>(n_m)), width, 0, stream>>>(n_i, n_m, step);
    started();
  }
  template <class Step>
  void cells(int n_i, int n_j, const Step& step) const {
    if (n_i <= 0 || n_j <= 0) return;
    on_device::cells<<<blocks(static_cast<long>(n_i) * n_j), width, 0, stream>>>(n_i, n_j, step);
    started();
  }
  template <class Step>
  void pieces(int n_i, int n_j, const Step& step) const {
    if (n_i <= 0 || n_j <= 0) return;
    on_device::pieces<<<blocks(static_cast<long>(n_i) * n_j), width, 0, stream>>>(n_i, n_j, step);
    started();
  }
  template <class Step>
  void rows(int n_j, const Step& step) const {
    if (n_j <= 0) return;
    on_device::rows<<<blocks(n_j), width, 0, stream>>>(n_j, step);
    started();
  }
  template <class Step>
  void list(int n, const Step& step) const {
    if (n <= 0) return;
    on_device::list<<<blocks(n), width, 0, stream>>>(n, step);
    started();
  }
  template <class Step>
  void single(const Step& step) const {
    on_device::single<<<1, 1, 0, stream>>>(step);
    started();
  }

  double read(FieldView<const double> view, int i) const {
    if (monitor && monitor->must_leave()) throw Interrupted();
    double value = 0.0;
    copy(&value, view.data + i, 1, cudaMemcpyDeviceToHost);
    return value;
  }
  template <class T>
  std::vector<std::remove_const_t<T>> values(FieldView<T> view) const {
    std::vector<std::remove_const_t<T>> all(static_cast<std::size_t>(view.size));
    copy(all.data(), view.data, all.size(), cudaMemcpyDeviceToHost);
    return all;
  }
  template <class T>
  void write(FieldView<T> view, const std::vector<std::remove_const_t<T>>& from) const {
    copy(const_cast<std::remove_const_t<T>*>(view.data), from.data(), from.size(), cudaMemcpyHostToDevice);
  }
  void milestone(double share) const {
    if (monitor) monitor->progress.store(share, std::memory_order_relaxed);
  }
  bool asked_to_stop() const { return monitor && monitor->keeps_state && monitor->stop.load(std::memory_order_relaxed); }
  void stop_where_asked(bool only) const {
    if (monitor && monitor->keeps_state) monitor->between.store(only, std::memory_order_relaxed);
  }

 private:
  static void started() { check(cudaGetLastError(), "starting a step of the box"); }
  template <class T>
  void copy(T* to, const T* from, std::size_t count, cudaMemcpyKind kind) const {
    check(cudaMemcpyAsync(to, from, count * sizeof(T), kind, stream), "copying values of the box");
    check(cudaStreamSynchronize(stream), "a step of the box");
  }
};

}  // namespace dermaflux
