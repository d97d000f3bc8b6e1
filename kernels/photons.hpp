#pragma once
#include "core/execution/run_monitor.hpp"
#include "core/solver/photon_job.hpp"

namespace dermaflux {

enum class Backend : int;

/// Follows the photons of a job. Sums are integers: they are the same for any number of threads, and on host and device, whose
/// arithmetic is the same. Automatic means the GPU if there is one and a thousand photons
/// for each of its multiprocessors, else all threads. Throws InputError if the job makes no sense,
/// Interrupted if the monitor says stop.
PhotonRun run_photons(const PhotonJob& job, Backend backend, RunMonitor& monitor);

}  // namespace dermaflux
