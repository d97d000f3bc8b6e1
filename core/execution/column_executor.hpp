#pragma once
#include "core/execution/executor.hpp"

namespace dermaflux {

// Where the steps on a Cartesian grid run. Beyond the loops of an Executor:
//   columns(n_i, n_j, step)   step(i, j) for every pair, in any order; each call works on a whole column
//   lines(n_i, n_m, step)     step.lines<W>(i, m) for groups of W neighbouring m, in any order: recurrences along columns, which
//   wait
//                             for themselves, go W abreast. A step gives each line the same bits whatever W is
//   list(n, step)             step(m) for every m, in any order
// One problem is large enough to fill a device: what decides which step is next runs on the host everywhere.

/// The reference on one thread.
struct SerialColumns : SerialExecutor {
  static constexpr int line_width = 8;

  template <class Step>
  void columns(int n_i, int n_j, const Step& step) const {
    for (int i = 0; i < n_i; ++i)
      for (int j = 0; j < n_j; ++j) step(i, j);
  }
  template <class Step>
  void lines(int n_i, int n_m, const Step& step) const {
    for (int i = 0; i < n_i; ++i) lines_of(i, n_m, step);
  }
  template <class Step>
  void list(int n, const Step& step) const {
    for (int m = 0; m < n; ++m) step(m);
  }
  /// All lines of one i: as many abreast as the step asks for, while there are so many.
  template <class Step>
  static void lines_of(int i, int n_m, const Step& step) {
    int m = 0;
    if constexpr (requires { Step::abreast; })
      for (; m + Step::abreast <= n_m; m += Step::abreast) step.template lines<Step::abreast>(i, m);
    for (; m + line_width <= n_m; m += line_width) step.template lines<line_width>(i, m);
    for (; m < n_m; ++m) step.template lines<1>(i, m);
  }
};

}  // namespace dermaflux
