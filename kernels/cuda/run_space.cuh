#pragma once
#include "core/execution/run_monitor.hpp"
#include "core/simulation/space_case.hpp"

namespace dermaflux {

/// Runs a treatment in a box on the device and leaves state and trace on the host. BackendError if it does not fit.
void run_space_on_device(SpaceCase& bound, Outcome& outcome, RunMonitor& monitor);

}  // namespace dermaflux
