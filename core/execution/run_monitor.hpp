#pragma once
#include <atomic>
#include <stdexcept>

namespace dermaflux {

/// The user asked to stop.
struct Interrupted : std::runtime_error {
  Interrupted() : std::runtime_error("stopped by the user") {}
};

/// What a host executor tells the thread that watches it, and hears from it. A stop is heard at once, and what was being computed
/// is lost; if the run's state is to be kept, healing is left only between two of its steps, where the program asks.
struct RunMonitor {
  std::atomic<bool> stop{false};
  bool keeps_state = false;           ///< set before the run: a stopped run will be continued
  std::atomic<bool> between{false};   ///< told by the program: it may be left only where it asks
  std::atomic<double> progress{0.0};  ///< of the present member, 0 to 1

  /// What is being computed has to be given up.
  bool must_leave() const { return stop.load(std::memory_order_relaxed) && !between.load(std::memory_order_relaxed); }
};

}  // namespace dermaflux
