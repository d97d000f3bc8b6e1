#pragma once
#include <pybind11/pybind11.h>

#include <chrono>
#include <functional>

#include "core/execution/run_monitor.hpp"
#include "python/bindings/compute_thread.hpp"

namespace dermaflux {

/// Runs a job on the compute thread. Every 50 ms `watch` is called with the interpreter's lock held, and Ctrl-C is heard:
/// then the monitor is told to stop, the job ends, and KeyboardInterrupt is raised.
inline void supervise(RunMonitor& monitor, const std::function<void()>& job, const std::function<void()>& watch) {
  ComputeThread& thread = ComputeThread::instance();
  thread.start(job);
  bool ended = false;
  const auto let_it_end = [&] {
    monitor.stop = true;
    pybind11::gil_scoped_release free;
    while (!thread.wait(std::chrono::milliseconds(50))) {
    }
  };
  while (!ended) {
    {
      pybind11::gil_scoped_release free;
      ended = thread.wait(std::chrono::milliseconds(50));
    }
    try {
      if (PyErr_CheckSignals() != 0) throw pybind11::error_already_set();
      watch();
    } catch (pybind11::error_already_set&) {
      if (!ended) let_it_end();
      try {
        watch();  // what finished meanwhile is not lost
      } catch (pybind11::error_already_set&) {
      }
      throw;
    }
  }
  thread.rethrow();
}

}  // namespace dermaflux
