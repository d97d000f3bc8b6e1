#pragma once
#include <algorithm>
#include <concepts>
#include <span>
#include <vector>

#include "core/execution/run_monitor.hpp"
#include "core/grid/field_view.hpp"
#include "core/portability.hpp"

namespace dermaflux {

/// Where the steps of one treatment run. An executor offers four loops and a word to whoever watches:
///   cells(n_i, n_j, step)   step(i, j) for every pair, in any order; each call writes only what belongs to (i, j)
///   rows(n_j, step)         step.rows<W>(j) for groups of W neighbouring rows, in any order
///   single(step)            step() once: the short sequential parts (the track, sums of partial sums, the clock)
///   read(view, i)           a value on which all lanes agree, so that control flow stays uniform
///   milestone(share)        the member is done to this share
///   asked_to_stop()         whether to stop now, where the program stands between two steps; the same on all lanes
///   stop_where_asked(only)  from now on the program may be left only where it asks, or anywhere
/// Each loop ends with a barrier. No loop reduces: sums are written as partial sums per row and added by a single step in
/// a fixed order, so that every executor and every thread count gives the same bits.
template <class E>
concept Executor = requires(const E& executor, FieldView<const double> view) {
  { executor.read(view, 0) } -> std::same_as<double>;
  executor.milestone(0.5);
  { executor.asked_to_stop() } -> std::same_as<bool>;
  executor.stop_where_asked(true);
};

/// What executors on the host have in common: rows in groups of eight, and the word to whoever watches. `read` throws Interrupted
/// once the monitor says stop.
struct WatchedOnHost {
  static constexpr int row_width = 8;
  RunMonitor* monitor = nullptr;

  template <class Step>
  void single(const Step& step) const {
    step();
  }
  double read(FieldView<const double> view, int i) const {
    if (monitor && monitor->must_leave()) throw Interrupted();
    return view(i);
  }
  /// All values of a view, by their places, as the host reads them: the memory of the steps is its own.
  template <class T>
  std::span<const T> values(FieldView<T> view) const {
    return {view.data, static_cast<std::size_t>(view.size)};
  }
  /// The first values of a view, from the host.
  template <class T>
  void write(FieldView<T> view, const std::vector<std::remove_const_t<T>>& from) const {
    std::copy(from.begin(), from.end(), const_cast<std::remove_const_t<T>*>(view.data));
  }
  bool asked_to_stop() const { return monitor && monitor->keeps_state && monitor->stop.load(std::memory_order_relaxed); }
  void stop_where_asked(bool only) const {
    if (monitor && monitor->keeps_state) monitor->between.store(only, std::memory_order_relaxed);
  }
  void milestone(double share) const {
    if (monitor) monitor->progress.store(share, std::memory_order_relaxed);
  }
};

/// The reference: plain loops on one thread. What every other executor is compared with.
struct SerialExecutor : WatchedOnHost {
  template <class Step>
  void cells(int n_i, int n_j, const Step& step) const {
    for (int i = 0; i < n_i; ++i) {
      DF_LANES
      for (int j = 0; j < n_j; ++j) step(i, j);
    }
  }
  template <class Step>
  void rows(int n_j, const Step& step) const {
    constexpr int width = rows_at_once<Step>();
    int j = 0;
    if constexpr (width > row_width)
      for (; j + width <= n_j; j += width) step.template rows<width>(j);
    for (; j < n_j; j += row_width) step.template rows<row_width>(j);
  }

 private:
  /// Rows that a step takes at once: several groups side by side if it says `groups_abreast`, as those do whose rings wait for each
  /// other's divisions. Any number gives the same bits. (Threads share a member's groups, so those of Kokkos take them one by one.)
  template <class Step>
  static constexpr int rows_at_once() {
    if constexpr (requires { Step::groups_abreast; })
      return Step::groups_abreast * row_width;
    else
      return row_width;
  }
};

static_assert(Executor<SerialExecutor>);

}  // namespace dermaflux
