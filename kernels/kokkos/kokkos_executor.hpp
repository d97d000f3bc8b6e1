#pragma once
#include <Kokkos_Core.hpp>

#include "core/execution/executor.hpp"

namespace dermaflux {

/// One treatment on the threads of a Kokkos host space: rings and groups of rows in parallel. The steps are those of
/// SerialExecutor, and no loop reduces, so the bits are the same for any number of threads.
template <class Space>
struct KokkosExecutor {
  static constexpr int row_width = 8;
  RunMonitor* monitor = nullptr;

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
  template <class Step>
  void single(const Step& step) const {
    step();
  }
  double read(FieldView<const double> view, int i) const {
    if (monitor && monitor->must_leave()) throw Interrupted();
    return view(i);
  }
  bool asked_to_stop() const { return monitor && monitor->keeps_state && monitor->stop.load(std::memory_order_relaxed); }
  void stop_where_asked(bool only) const {
    if (monitor && monitor->keeps_state) monitor->between.store(only, std::memory_order_relaxed);
  }
  void milestone(double share) const {
    if (monitor) monitor->progress.store(share, std::memory_order_relaxed);
  }
};

static_assert(Executor<KokkosExecutor<Kokkos::DefaultHostExecutionSpace>>);

}  // namespace dermaflux
