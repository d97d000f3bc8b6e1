#include <algorithm>
#include <atomic>
#include <mutex>

#include "core/error.hpp"
#include "core/simulation/space_program.hpp"
#include "kernels/backends.hpp"
#include "kernels/kokkos/kokkos_columns.hpp"

namespace dermaflux {
namespace {

using Space = Kokkos::DefaultHostExecutionSpace;

int& wanted_threads() {
  static int threads = 0;
  return threads;
}

/// Starts Kokkos once per process, unless somebody else did.
void initialize() {
  static std::once_flag once;
  std::call_once(once, [] {
    if (Kokkos::is_initialized()) return;
    Kokkos::InitializationSettings settings;
    settings.set_disable_warnings(true);
    if (wanted_threads() > 0) settings.set_num_threads(wanted_threads());
    Kokkos::initialize(settings);
  });
}

bool available(std::string& detail) {
  initialize();
  detail = std::string(Space::name()) + ", " + std::to_string(Space().concurrency()) + " threads, Kokkos " +
           std::to_string(KOKKOS_VERSION / 10000) + "." + std::to_string(KOKKOS_VERSION / 100 % 100) + "." +
           std::to_string(KOKKOS_VERSION % 100);
  return true;
}

void run_case(TreatmentCase& bound, const CaseBlueprint&, double*, Outcome* outcomes, RunMonitor& monitor) {
  initialize();
  run_treatment(KokkosExecutor<Space>{&monitor}, bound, outcomes);
}

void run_space(SpaceCase& bound, Outcome& outcome, RunMonitor& monitor) {
  initialize();
  run_in_space(KokkosColumns<Space>{{{&monitor}}}, bound, outcome);
}

/// Members over threads, each on the serial executor in its thread's workspace: the same program and bits as alone.
std::vector<Unfit> run_members(const std::vector<Member>& members, const RunOptions& options, RunMonitor& monitor,
                               MemberSink& sink) {
  initialize();
  std::vector<Workspace> workspaces(static_cast<std::size_t>(Space().concurrency()));
  std::atomic<std::size_t> next{0};
  std::mutex telling;
  Kokkos::parallel_for("members", Kokkos::RangePolicy<Space>(0, static_cast<int>(workspaces.size())), [&](int thread) {
    for (std::size_t k = next++; k < members.size() && !monitor.stop; k = next++) {
      try {
        MemberOutcome outcome = run_member_on_host(members[k], options, workspaces[static_cast<std::size_t>(thread)], monitor);
        const std::lock_guard<std::mutex> lock(telling);
        sink.member_done(k, std::move(outcome));
      } catch (const Interrupted&) {
        return;
      }
    }
  });
  return {};
}

/// Photons over threads, each with sums of its own. Which thread follows which is left to chance: integers add up in any order.
void run_photons(const PhotonJob& job, std::vector<long long>& sums, RunMonitor& monitor) {
  initialize();
  std::vector<std::vector<long long>> own(static_cast<std::size_t>(Space().concurrency()));
  std::atomic<std::uint64_t> next{0};
  Kokkos::parallel_for("photons", Kokkos::RangePolicy<Space>(0, static_cast<int>(own.size())), [&](int thread) {
    std::vector<long long>& mine = own[static_cast<std::size_t>(thread)];
    mine.assign(sums.size(), 0);
    for (std::uint64_t first; (first = next.fetch_add(photon_chunk)) < job.photons && !monitor.stop;) {
      follow_chunk(job, first, std::min(first + photon_chunk, job.photons), mine);
      monitor.progress = static_cast<double>(first) / static_cast<double>(job.photons);
    }
  });
  if (monitor.stop) throw Interrupted();
  for (const std::vector<long long>& mine : own)
    for (std::size_t n = 0; n < mine.size(); ++n) sums[n] += mine[n];
}

void finalize() {
  if (Kokkos::is_initialized() && !Kokkos::is_finalized()) Kokkos::finalize();
}

}  // namespace

const BackendTable& kokkos_backend() {
  static const BackendTable table{available, run_case, run_members, run_photons, finalize, [] { return std::size_t{2}; },
                                  run_space};
  return table;
}

void set_threads(int threads) {
  if (threads < 0)
    throw InputError("threads = " + std::to_string(threads) + " is negative; use 0 for all cores or a number of threads");
  if (Kokkos::is_initialized() && threads > 0 && threads != Space().concurrency())
    throw BackendError("the number of threads is fixed by the first run (" + std::to_string(Space().concurrency()) +
                       "); set it before, or start a new process");
  wanted_threads() = threads;
}

int thread_count() {
  initialize();
  return Space().concurrency();
}

}  // namespace dermaflux
