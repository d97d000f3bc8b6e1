#include "kernels/backends.hpp"

namespace dermaflux {

PhotonRun run_photons(const PhotonJob& job, Backend wanted, RunMonitor& monitor) {
  check_job(job);
  const Backend used = choose_backend(wanted, Work::ensemble);
  PhotonRun run{{}, job.photons, std::vector<long long>(static_cast<std::size_t>(sums_length(job)), 0)};
  with_problem(job, addresses(job.medium), [&](const auto& problem) { run.layout = problem.layout(); });
  backend_table(used).run_photons(job, run.sums, monitor);
  monitor.progress = 1.0;
  return run;
}

}  // namespace dermaflux
