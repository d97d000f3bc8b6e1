#pragma once
#include "core/execution/column_executor.hpp"
#include "kernels/kokkos/kokkos_executor.hpp"

namespace dermaflux {

/// Steps on a Cartesian grid on the threads of a Kokkos host space: planes of columns, or parts of a list, in parallel. No loop
/// reduces, so the bits are those of SerialColumns for any number of threads.
template <class Space>
struct KokkosColumns : KokkosExecutor<Space> {
  static constexpr Fastest pressure = Fastest::z;

  template <class Step>
  void columns(int n_i, int n_j, const Step& step) const {
    Kokkos::parallel_for("columns", Kokkos::RangePolicy<Space>(0, n_i), [&step, n_j](int i) {
      for (int j = 0; j < n_j; ++j) step(i, j);
    });
  }
  template <class Step>
  void pieces(int n_i, int n_j, const Step& step) const {
    Kokkos::parallel_for("pieces", Kokkos::RangePolicy<Space>(0, n_i), [&step, n_j](int i) { step(i, 0, n_j); });
  }
  template <class Step>
  void lines(int n_i, int n_m, const Step& step) const {
    Kokkos::parallel_for("lines", Kokkos::RangePolicy<Space>(0, n_i),
                         [&step, n_m](int i) { SerialColumns::lines_of(i, n_m, step); });
  }
  template <class Step>
  void list(int n, const Step& step) const {
    Kokkos::parallel_for("list", Kokkos::RangePolicy<Space>(0, n), [&step](int m) { step(m); });
  }
};

}  // namespace dermaflux
