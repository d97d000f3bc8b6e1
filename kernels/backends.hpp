#pragma once
#include <string>

#include "core/simulation/space_case.hpp"
#include "core/simulation/workspace.hpp"
#include "kernels/run.hpp"

namespace dermaflux {

/// A member that a backend has no room for, and why.
struct Unfit {
  std::size_t index;
  std::string reason;
};

/// What each backend offers to run.cpp.
struct BackendTable {
  bool (*available)(std::string& detail);
  void (*run_case)(TreatmentCase& bound, const CaseBlueprint& blueprint, double* state, Outcome* outcomes, RunMonitor& monitor);
  /// Tells the sink of every member but those that it returns.
  std::vector<Unfit> (*run_members)(const std::vector<Member>& members, const RunOptions& options, RunMonitor& monitor,
                                    MemberSink& sink);
  void (*run_photons)(const PhotonJob& job, std::vector<long long>& sums, RunMonitor& monitor);
  void (*finalize)();
  std::size_t (*smallest_ensemble)();  ///< members, or other independent pieces, from which on it is worth taking
  void (*run_space)(SpaceCase& bound, Outcome& outcome, RunMonitor& monitor);
};

const BackendTable& backend_table(Backend backend);
const BackendTable& serial_backend();
const BackendTable& kokkos_backend();
const BackendTable& cuda_backend();  ///< says why not where it was not built

/// What `automatic` means for so many pieces of work: the device, if one is there and they are enough for it, else threads, or one
/// thread for one piece. `threads` says what the threads are.
BackendChoice automatic_choice(std::size_t pieces, const BackendState& cuda, std::size_t smallest, const std::string& threads);

/// How many members ran on another backend than the one chosen, and why.
struct FallBack {
  std::size_t members = 0;
  std::string reason;
};

/// Runs an ensemble on one backend. Where `instead` is given, members that have no room, or that are left when the backend fails,
/// run on that and are marked; else the first fail with a message and a failure is thrown.
FallBack run_members_on(const BackendTable& chosen, const BackendTable* instead, const std::vector<Member>& members,
                        const RunOptions& options, RunMonitor& monitor, MemberSink& sink);

/// Runs one member of a host ensemble in a thread's workspace: builds, runs, and turns whatever goes wrong into a message.
MemberOutcome run_member_on_host(const Member& member, const RunOptions& options, Workspace& workspace, RunMonitor& monitor);

/// Photons that a thread follows between two looks at the monitor.
inline constexpr std::uint64_t photon_chunk = 1024;

/// Adds a chunk of a job's photons to sums that no other thread has.
void follow_chunk(const PhotonJob& job, std::uint64_t first, std::uint64_t last, std::vector<long long>& sums);

/// Results of a member from its outcomes; the message if one of them failed.
MemberOutcome collect_member(const Member& member, const CaseBlueprint& blueprint, const std::vector<Outcome>& outcomes,
                             double runtime);

/// Copies what a case has recorded out of its memory, without padding.
RunFields collect_fields(const TreatmentCase& bound);

/// Looks at what a box has come to, and moves its fields out, with the means over rings that everything flat works with.
void collect_box(SpaceCase& bound, Outcome& outcome, RunFields& fields);

/// Why a member failed, its last good time and its key settings, for people; empty if it did not fail.
std::string failure(const Treatment& treatment, const Outcome& outcome);

}  // namespace dermaflux
