#include "core/error.hpp"
#include "python/bindings/bindings.hpp"

namespace dermaflux {

/// C++ errors and the Python errors they become.
void bind_errors(pybind11::module_& module) {
  pybind11::register_exception<InputError>(module, "InputError", PyExc_ValueError);
  pybind11::register_exception<NumericsError>(module, "NumericsError", PyExc_RuntimeError);
  pybind11::register_exception<BackendError>(module, "BackendError", PyExc_RuntimeError);
  pybind11::register_exception<FileError>(module, "FileError", PyExc_OSError);
}

}  // namespace dermaflux
