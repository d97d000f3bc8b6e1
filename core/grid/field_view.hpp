#pragma once
#include <cassert>
#include <type_traits>

#include "core/portability.hpp"

namespace dermaflux {

/// Non-owning array of one value per cell, face or row; trivially copyable, passed by value into every step. `pad` values
/// lie before the first and after the last, so that a stencil may read past an edge where its coefficient is zero.
template <class T>
struct FieldView {
  T* data = nullptr;
  int size = 0;
  int pad = 0;

  DF_FUNCTION T& operator()(int i) const {
    assert(i >= -pad && i < size + pad);
    return data[i];
  }
  template <class U>
  requires(!std::is_const_v<T> && std::is_same_v<U, const T>) DF_FUNCTION operator FieldView<U>() const {
    return {data, size, pad};
  }
};

/// Several fields of equal size, one after the other; `[n]` is a view of one, `total(i)` the sum of all at a place.
struct FieldGroup {
  double* data = nullptr;
  int size = 0;
  int pad = 0;
  int count = 0;
  int stride = 0;  ///< from one field to the next

  DF_FUNCTION FieldView<double> operator[](int n) const {
    assert(n >= 0 && n < count);
    return {data + static_cast<long>(n) * stride, size, pad};
  }
  DF_FUNCTION double total(int i) const {
    double sum = (*this)[0](i);
    for (int n = 1; n < count; ++n) sum += (*this)[n](i);
    return sum;
  }
};

/// Writes one value of a view of constants; for the code that sets a case up, before anything runs on it.
inline void put(FieldView<const double> view, int i, double value) {
  assert(i >= -view.pad && i < view.size + view.pad);
  const_cast<double*>(view.data)[i] = value;
}

/// Hands out consecutive views of one buffer of doubles. With a null buffer it only counts, so that the same code that
/// lays out the memory also says how much is needed.
struct ViewArena {
  double* buffer = nullptr;
  long used = 0;

  DF_FUNCTION FieldView<double> take(int size, int pad = 0) {
    FieldView<double> view{buffer ? buffer + used + pad : nullptr, size, pad};
    used += (static_cast<long>(size) + 2L * pad + 7L) / 8L * 8L + 40L;  // whole cache lines, not a multiple of a page
    return view;
  }
  /// The same for `count` fields of that size.
  DF_FUNCTION FieldGroup take_group(int count, int size, int pad = 0) {
    const long start = used;
    FieldGroup group{buffer ? buffer + used + pad : nullptr, size, pad, count, 0};
    for (int n = 0; n < count; ++n) {
      take(size, pad);
      if (n == 0) group.stride = static_cast<int>(used - start);
    }
    return group;
  }
};

/// Padding of fields per row of which a step reads the rows next to its own.
inline constexpr int row_pad = 8;

/// Takes values in single precision from an arena: half as many doubles, never read or written as such.
DF_FUNCTION inline FieldView<float> take_singles(ViewArena& arena, int size, int pad = 0) {
  const FieldView<double> block = arena.take((size + 1) / 2, pad);
  return {reinterpret_cast<float*>(block.data), 2 * block.size, 2 * block.pad};
}

}  // namespace dermaflux
