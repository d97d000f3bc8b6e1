#pragma once
#include <stdexcept>
#include <string>

namespace dermaflux {

/// The user's fault: a value, key or file. Message: problem (why) what to do. `ValueError` in Python, exit code 2 on the command
/// line.
struct InputError : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

/// The solver's state: a NaN, a step that shrank to nothing, a ledger that does not close. `RuntimeError` in Python.
struct NumericsError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The build's or the device's fault: a backend that is not there, a device that fails. `RuntimeError` in Python.
struct BackendError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A file that cannot be read or written. `OSError` in Python, exit code 2 on the command line.
struct FileError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace dermaflux
