#include "core/error.hpp"
#include "python/bindings/bindings.hpp"

namespace dermaflux {

/// C++ errors and the Python errors they become.
void bind_errors(pybind11::module_& module) {
  pybind11::register_exception<InputError>(module, "InputError", PyExc_ValueError).doc() =
      "What the user gave is wrong; the message names file, key, value, range and a suggestion.";
  pybind11::register_exception<NumericsError>(module, "NumericsError", PyExc_RuntimeError).doc() =
      "A run failed; the message says at what time and why.";
  pybind11::register_exception<BackendError>(module, "BackendError", PyExc_RuntimeError).doc() =
      "A backend cannot run here; the message says what can.";
  pybind11::register_exception<FileError>(module, "FileError", PyExc_OSError).doc() =
      "A file is missing, of another kind, or cannot be written.";
}

}  // namespace dermaflux
