#include <algorithm>

#include "core/simulation/space_program.hpp"
#include "core/solver/photon_walk.hpp"
#include "kernels/backends.hpp"

namespace dermaflux {
namespace {

bool available(std::string& detail) {
  detail = "one thread, the reference";
  return true;
}

void run_case(TreatmentCase& bound, const CaseBlueprint&, double*, Outcome* outcomes, RunMonitor& monitor) {
  run_treatment(SerialExecutor{&monitor}, bound, outcomes);
}

void run_space(SpaceCase& bound, Outcome& outcome, RunMonitor& monitor) {
  run_in_space(SerialColumns{{{&monitor}}}, bound, outcome);
}

std::vector<Unfit> run_members(const std::vector<Member>& members, const RunOptions& options, RunMonitor& monitor,
                               MemberSink& sink) {
  Workspace workspace;
  for (std::size_t k = 0; k < members.size(); ++k) {
    if (monitor.stop) break;
    try {
      sink.member_done(k, run_member_on_host(members[k], options, workspace, monitor));
    } catch (const Interrupted&) {
      break;
    }
  }
  return {};
}

void run_photons(const PhotonJob& job, std::vector<long long>& sums, RunMonitor& monitor) {
  for (std::uint64_t first = 0; first < job.photons; first += photon_chunk) {
    if (monitor.stop) throw Interrupted();
    follow_chunk(job, first, std::min(first + photon_chunk, job.photons), sums);
    monitor.progress = static_cast<double>(first) / static_cast<double>(job.photons);
  }
}

}  // namespace

void follow_chunk(const PhotonJob& job, std::uint64_t first, std::uint64_t last, std::vector<long long>& sums) {
  PrivateSums own{sums.data()};
  with_problem(job, addresses(job.medium), [&]<class Geometry>(const PhotonProblem<Geometry>& problem) {
    const PhotonStep<Geometry, PrivateSums> step{problem, own};
    for (std::uint64_t photon = first; photon < last; ++photon) step(photon);
  });
}

const BackendTable& serial_backend() {
  static const BackendTable table{available, run_case, run_members, run_photons, [] {}, [] { return std::size_t{1}; }, run_space};
  return table;
}

}  // namespace dermaflux
