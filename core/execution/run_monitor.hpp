#pragma once
#include <atomic>
#include <stdexcept>

namespace dermaflux {

/// The user asked to stop.
struct Interrupted : std::runtime_error {
  Interrupted() : std::runtime_error("stopped by the user") {}
};

/// What a host executor tells the thread that watches it, and hears from it.
struct RunMonitor {
  std::atomic<bool> stop{false};
  std::atomic<double> progress{0.0};  ///< of the present member, 0 to 1
};

}  // namespace dermaflux
