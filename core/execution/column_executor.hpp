#pragma once
#include "core/execution/executor.hpp"
#include "core/grid/cartesian_grid.hpp"

namespace dermaflux {

// Where the steps on a Cartesian grid run. Beyond the loops of an Executor:
//   columns(n_i, n_j, step)   step(i, j) for every pair, in any order; each call works on a whole column
//   pieces(n_i, n_j, step)    step(i, first, end) for pieces of the rows 0 to n_j of every i, in any order; any cut gives the same
//   bits lines(n_i, n_m, step)     step.lines<W>(i, m) for groups of W neighbouring m, in any order: recurrences along columns,
//   which wait
//                             for themselves, go W abreast. A step gives each line the same bits whatever W is. A step whose
//                             neighbouring m lie side by side in memory everywhere says `fastest = Fastest::z`
//   list(n, step)             step(m) for every m, in any order
//   values(view)              all values of a view, for the host
//   write(view, values)       values from the host into a view
// One problem is large enough to fill a device: what decides which step is next runs on the host everywhere. It reads and writes
// the memory of the steps in these ways only. `pressure` says which index of the pressure system runs fastest there.

/// The reference on one thread.
struct SerialColumns : SerialExecutor {
  static constexpr int line_width = 8;
  static constexpr Fastest pressure = Fastest::z;

  template <class Step>
  void columns(int n_i, int n_j, const Step& step) const {
    for (int i = 0; i < n_i; ++i)
      for (int j = 0; j < n_j; ++j) step(i, j);
  }
  template <class Step>
  void pieces(int n_i, int n_j, const Step& step) const {
    for (int i = 0; i < n_i; ++i) step(i, 0, n_j);
  }
  template <class Step>
  void lines(int n_i, int n_m, const Step& step) const {
    for (int i = 0; i < n_i; ++i) lines_of(i, n_m, step);
  }
  template <class Step>
  void list(int n, const Step& step) const {
    for (int m = 0; m < n; ++m) step(m);
  }
  /// All lines of one i: as many abreast as the step asks for while there are so many, then a quarter of that, and so on.
  template <class Step>
  static void lines_of(int i, int n_m, const Step& step) {
    if constexpr (requires { Step::abreast; })
      lines_from<Step::abreast>(i, n_m, 0, step);
    else
      lines_from<line_width>(i, n_m, 0, step);
  }

 private:
  template <int W, class Step>
  static void lines_from(int i, int n_m, int m, const Step& step) {
    for (; m + W <= n_m; m += W) step.template lines<W>(i, m);
    if constexpr (W > 1) lines_from<(W > 4 * line_width ? W / 4 : (W > line_width ? line_width : 1))>(i, n_m, m, step);
  }
};

}  // namespace dermaflux
