#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/execution/run_monitor.hpp"
#include "core/io/run_file.hpp"
#include "core/io/state_file.hpp"
#include "core/simulation/case_builder.hpp"
#include "kernels/photons.hpp"

namespace dermaflux {

/// Where a treatment runs. `automatic` takes the GPU if one is there and the ensemble has a member for each of its multiprocessors.
/// Else an ensemble takes threads, and a single treatment one thread: its loops are so short (tens of microseconds) that threads
/// gain nothing and lose on a busy machine.
enum class Backend : int { automatic = 0, serial, kokkos, cuda };

/// "auto", "serial", "kokkos" or "cuda"; InputError otherwise.
Backend backend(std::string_view name);
std::string_view backend_name(Backend backend);

/// One line per backend: whether it can run here, and where or why not.
struct BackendState {
  Backend backend;
  bool available;
  std::string detail;
};
std::vector<BackendState> backend_states();

/// A backend, and why it was taken: where it runs and what decided.
struct BackendChoice {
  Backend backend;
  std::string reason;
};

/// The backend that `wanted` means here for so many independent pieces of work: 1 for a single treatment, the members of an
/// ensemble. Throws BackendError, naming what there is, if it cannot run.
BackendChoice choose_backend(Backend wanted, std::size_t pieces);

/// Ends what the backends keep open; called at exit.
void finalize_backends();

/// Sets the number of host threads before the first run, 0 for all cores.
void set_threads(int threads);
int thread_count();

/// One run. Where it was stopped with its state kept, `state` holds that, and there is no result yet.
struct RunResult {
  MemberResult member;
  RunFields fields;
  BackendChoice backend;
  GridLevel grid;
  std::optional<RunState> state;
};

/// Files of the state of a run in a box, which is too large to be handed about: the one that it is written to, on the way and where
/// it is stopped, and the one to go on from.
struct StateFiles {
  std::optional<std::filesystem::path> keep{}, resume{};
  int every = 0;         ///< strokes after which it is written, counted over all dots; 0: only where the run is stopped
  StateFacts facts{};    ///< what it belongs to
  StateFacts binding{};  ///< those of them that must be the same where it goes on
};

/// Runs one treatment and keeps its fields; `from`, if given, is the state to go on from, which must be of the same treatment,
/// grid, horizon and program. A run whose options give a `stop_time` it reaches, or whose monitor says stop and keeps the state,
/// ends with its state. Throws NumericsError if it fails; Interrupted if the monitor says stop and nothing is to be kept, or
/// nothing can be, because the first contact is not over; InputError if the state does not fit. A box keeps its state in `files`,
/// not in `from` and the result.
RunResult run(const Treatment& treatment, const RunOptions& options, Backend backend, RunMonitor& monitor,
              const RunState* from = nullptr, const StateFiles& files = {});

/// Runs one treatment on finer and finer grids until pigment_deposited_ng and pigment_depth_mm are known to a relative
/// `tolerance`, or to the finest. The error of a grid is taken as its difference to the grid before, Richardson's estimate at
/// first order, which the method shows (tests/convergence/grid.cpp).
RunResult run_to_tolerance(const Treatment& treatment, const RunOptions& options, double tolerance, Backend backend,
                           RunMonitor& monitor);

/// One member of an ensemble: a treatment and the dwell times that share its insertion (empty: its own).
struct Member {
  Treatment treatment;
  std::vector<double> dwells;  ///< increasing [s]
};

/// Results of one member, one per dwell time, or why it failed. A failed member never affects another.
using MemberOutcome = std::variant<std::vector<MemberResult>, std::string>;

/// Hears of each member once, one call at a time, from any thread.
struct MemberSink {
  virtual ~MemberSink() = default;
  virtual void member_done(std::size_t index, MemberOutcome outcome) = 0;
};

/// Where an ensemble ran. Members that fell back, because automatic had chosen a GPU that had no room for them or failed, are
/// marked in their results.
struct BatchReport {
  BackendChoice backend;
  std::size_t fell_back = 0;
  std::string why;  ///< they did
};

/// Runs an ensemble and tells the sink of every member; those that the monitor stopped are not reported. `whole` is the length of
/// the ensemble that the members are part of, by which automatic chooses; 0 for their own number. Members in a box run after the
/// others, one by one, each on all threads or on the whole device.
BatchReport run_batch(const std::vector<Member>& members, const RunOptions& options, Backend wanted, RunMonitor& monitor,
                      MemberSink& sink, std::size_t whole = 0);

}  // namespace dermaflux
