#pragma once
#include <sys/mman.h>

#include <cstddef>
#include <memory>
#include <new>

namespace dermaflux {

/// Zeroed doubles on a large page's boundary; what one member runs in on the host. Reused from member to member.
class Workspace {
 public:
  /// At least `length` zeros.
  double* zeroed(long length) {
    if (length > capacity_) {
      const std::size_t bytes = static_cast<std::size_t>(length) * sizeof(double);
      buffer_.reset(static_cast<double*>(::operator new[](bytes, large_page)));
      // Sweeps from ring to ring touch a page per ring and array: large pages keep them in the processor's table. Only a hint.
      madvise(buffer_.get(), bytes, MADV_HUGEPAGE);
      capacity_ = length;
    }
    for (long k = 0; k < length; ++k) buffer_[static_cast<std::size_t>(k)] = 0.0;
    return buffer_.get();
  }

 private:
  static constexpr std::align_val_t large_page{std::size_t{1} << 21};  // 2 MiB
  struct Free {
    void operator()(double* p) const { ::operator delete[](p, large_page); }
  };
  std::unique_ptr<double[], Free> buffer_;
  long capacity_ = 0;
};

}  // namespace dermaflux
