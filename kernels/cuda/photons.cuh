#pragma once
#include "core/execution/run_monitor.hpp"
#include "core/solver/photon_job.hpp"

namespace dermaflux {

/// Follows the photons of a job on the device, one thread each, and adds what they leave to `sums`.
void run_photons_on_device(const PhotonJob& job, std::vector<long long>& sums, RunMonitor& monitor);

}  // namespace dermaflux
