#pragma once
#include <cstddef>
#include <type_traits>
#include <utility>

#include "kernels/cuda/check.cuh"

namespace dermaflux {

/// Memory for values that are copied as they are, on the device or pinned on the host so that copies need not wait. Grows when more
/// is asked for and then keeps nothing of what it held; no managed memory.
template <class T, bool on_device>
class Buffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  Buffer() = default;
  ~Buffer() { release(); }
  Buffer(Buffer&& other) noexcept { *this = std::move(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(capacity_, other.capacity_);
    return *this;
  }

  /// Room for `count` values, of which nothing is known.
  T* room(std::size_t count) {
    if (count <= capacity_) return data_;
    release();
    void* memory = nullptr;
    if constexpr (on_device)
      check(cudaMalloc(&memory, count * sizeof(T)), "taking device memory");
    else
      check(cudaMallocHost(&memory, count * sizeof(T)), "taking pinned memory");
    data_ = static_cast<T*>(memory);
    capacity_ = count;
    return data_;
  }
  T* data() { return data_; }
  std::size_t bytes() const { return capacity_ * sizeof(T); }

 private:
  void release() {
    if constexpr (on_device)
      cudaFree(data_);
    else
      cudaFreeHost(data_);
    data_ = nullptr;
    capacity_ = 0;
  }
  T* data_ = nullptr;
  std::size_t capacity_ = 0;
};

template <class T>
using DeviceBuffer = Buffer<T, true>;
template <class T>
using PinnedBuffer = Buffer<T, false>;

}  // namespace dermaflux
