#pragma once
#include <pybind11/numpy.h>

#include <utility>
#include <vector>

namespace dermaflux {

/// Array over memory that the owner keeps alive, read-only.
template <class T>
pybind11::array_t<T> view(const std::vector<T>& values, std::vector<pybind11::ssize_t> shape, const pybind11::object& owner) {
  pybind11::array_t<T> array(std::move(shape), values.data(), owner);
  pybind11::detail::array_proxy(array.ptr())->flags &= ~pybind11::detail::npy_api::NPY_ARRAY_WRITEABLE_;
  return array;
}

}  // namespace dermaflux
