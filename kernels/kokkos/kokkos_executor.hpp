#pragma once
#include <Kokkos_Core.hpp>

#include "core/execution/executor.hpp"

namespace dermaflux {

/// One treatment on the threads of a Kokkos host space: rings and groups of rows in parallel. The steps are those of
/// SerialExecutor, and no loop reduces, so the bits are the same for any number of threads.
template <class Space>
struct KokkosExecutor : WatchedOnHost {
  template <class Step>
  void cells(int n_i, int n_j, const Step& step) const {
    Kokkos::parallel_for("cells", Kokkos::RangePolicy<Space>(0, n_i), [&step, n_j](int i) {
      DF_LANES
      for (int j = 0; j < n_j; ++j) step(i, j);
    });
  }
  template <class Step>
  void rows(int n_j, const Step& step) const {
    Kokkos::parallel_for("rows", Kokkos::RangePolicy<Space>(0, (n_j + row_width - 1) / row_width),
                         [&step](int group) { step.template rows<row_width>(group * row_width); });
  }
};

static_assert(Executor<KokkosExecutor<Kokkos::DefaultHostExecutionSpace>>);

}  // namespace dermaflux
