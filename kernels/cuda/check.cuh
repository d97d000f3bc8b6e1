#pragma once
#include <cuda_runtime.h>

#include <string>

#include "core/error.hpp"

namespace dermaflux {

/// Every CUDA call goes through here.
inline void check(cudaError_t status, const char* what) {
  if (status != cudaSuccess)
    throw BackendError(std::string("CUDA: ") + what + " failed (" + cudaGetErrorString(status) + "); try backend kokkos or serial");
}

/// A stream for the length of a scope.
class Stream {
 public:
  Stream() { check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "creating a stream"); }
  ~Stream() { cudaStreamDestroy(stream_); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  operator cudaStream_t() const { return stream_; }

 private:
  cudaStream_t stream_{};
};

}  // namespace dermaflux
