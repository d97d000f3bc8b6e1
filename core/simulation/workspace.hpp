#pragma once
#include <cstddef>
#include <memory>
#include <new>

namespace dermaflux {

/// Zeroed doubles on a cache line's boundary; what one member runs in on the host. Reused from member to member.
class Workspace {
 public:
  /// At least `length` zeros.
  double* zeroed(long length) {
    if (length > capacity_) {
      buffer_.reset(
          static_cast<double*>(::operator new[](static_cast<std::size_t>(length) * sizeof(double), std::align_val_t(64))));
      capacity_ = length;
    }
    for (long k = 0; k < length; ++k) buffer_[static_cast<std::size_t>(k)] = 0.0;
    return buffer_.get();
  }

 private:
  struct Free {
    void operator()(double* p) const { ::operator delete[](p, std::align_val_t(64)); }
  };
  std::unique_ptr<double[], Free> buffer_;
  long capacity_ = 0;
};

}  // namespace dermaflux
