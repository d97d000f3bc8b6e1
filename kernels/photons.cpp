#include <algorithm>

#include "kernels/backends.hpp"

namespace dermaflux {

PhotonRun run_photons(const PhotonJob& job, Backend wanted, RunMonitor& monitor) {
  check_job(job);
  const Backend used = choose_backend(wanted, std::max<std::size_t>(job.photons / photon_chunk, 2)).backend;
  PhotonRun run{job.layout(), job.photons, {}};
  run.sums.assign(static_cast<std::size_t>(run.layout.length()), 0);
  backend_table(used).run_photons(job, run.sums, monitor);
  monitor.progress = 1.0;
  return run;
}

}  // namespace dermaflux
