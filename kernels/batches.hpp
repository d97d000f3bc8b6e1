#pragma once
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "kernels/backends.hpp"

/// How an ensemble is cut up for a device: what a member takes there, which run together, and in which order the host prepares,
/// starts and collects them. Plain C++, so that a test drives it without a device.
namespace dermaflux {

/// Where the members of a batch lie in the batch's memory, in 64 bits: a thousand members have more than 2^31 numbers.
struct BatchLayout {
  std::vector<std::int64_t> constants_at, state_at, outcomes_at;  ///< of each member [double, double, Outcome]
  std::int64_t constants = 0, state = 0, outcomes = 0;            ///< of all
};
BatchLayout lay_out_batch(const std::vector<const CaseBlueprint*>& members);

/// Device memory of one member, without what members share (paths of photons) [byte].
std::uint64_t member_bytes(const CaseBlueprint& blueprint);

/// What a member costs beside others, in any unit: strokes times the time steps of one, for all sessions. Healing and looks, which
/// cost every member about the same, are left out.
double member_cost(const CaseBlueprint& blueprint);

/// Cuts members, in the order given, into batches that take at most `bytes`. A member that takes more by itself is in none.
std::vector<std::vector<std::size_t>> cut_into_batches(const std::vector<std::uint64_t>& member_bytes,
                                                       const std::vector<std::size_t>& order, std::uint64_t bytes);

/// Why a member cannot run on a device that has so much memory for it.
std::string too_large(std::uint64_t needed, std::uint64_t there);

/// One member, built on the host.
struct Prepared {
  std::size_t index;
  CaseBlueprint blueprint;
};

/// Most members that are held ready on the host at once (0.2 GB on the standard grid).
inline constexpr std::size_t window_length = 4096;

/// Builds the members from `first` on, at most `length`; one that cannot be built is reported at once.
std::vector<Prepared> prepare_members(const std::vector<Member>& members, std::size_t first, std::size_t length,
                                      const RunOptions& options, MemberSink& sink);

/// Runs an ensemble on a device in batches, the longest members first so that its blocks end together. While one batch runs, the
/// next is built, copied and started in the other of two places. Returns the members that do not fit. A device offers
///   free_bytes()              for the members of one place
///   longest_first(costs)      positions by falling cost; equal ones stay in order
///   start(place, blueprints)  copies and starts a batch; returns at once
///   finish(place)             waits; outcomes of the batch, member by member, one per branch
/// What is stopped waits for the batches that run.
template <class Device>
std::vector<Unfit> run_in_batches(const std::vector<Member>& members, const RunOptions& options, RunMonitor& monitor,
                                  MemberSink& sink, Device& device, std::size_t window = window_length) {
  struct Running {
    std::vector<Prepared> members;
    std::chrono::steady_clock::time_point start;
  };
  std::vector<Unfit> unfit;
  std::deque<std::vector<Prepared>> ready;
  std::optional<Running> running[2];
  std::size_t next = 0;

  const auto build_window = [&] {
    std::vector<Prepared> built = prepare_members(members, next, window, options, sink);
    next += std::min(window, members.size() - next);
    std::vector<std::uint64_t> bytes;
    std::vector<double> costs;
    for (const Prepared& one : built) {
      bytes.push_back(member_bytes(one.blueprint));
      costs.push_back(member_cost(one.blueprint));
    }
    const std::uint64_t there = device.free_bytes();
    for (std::size_t k = 0; k < built.size(); ++k)
      if (bytes[k] > there) unfit.push_back({built[k].index, too_large(bytes[k], there)});
    for (const std::vector<std::size_t>& batch : cut_into_batches(bytes, device.longest_first(costs), there)) {
      ready.emplace_back();
      for (const std::size_t k : batch) ready.back().push_back(std::move(built[k]));
    }
  };
  const auto collect = [&](int place) {
    if (!running[place]) return;
    const std::vector<Outcome> outcomes = device.finish(place);
    const Running ended = std::move(*running[place]);
    running[place].reset();
    const double share = std::chrono::duration<double>(std::chrono::steady_clock::now() - ended.start).count() /
                         static_cast<double>(ended.members.size());
    auto first = outcomes.begin();
    for (const Prepared& one : ended.members) {
      const std::vector<Outcome> own(first, first + one.blueprint.plan.branches.count);
      first += one.blueprint.plan.branches.count;
      sink.member_done(one.index, collect_member(members[one.index], one.blueprint, own, share));
    }
  };

  int place = 0;
  for (; !monitor.stop; place = 1 - place) {
    collect(place);
    while (ready.empty() && next < members.size()) build_window();
    if (ready.empty()) break;
    running[place] = Running{std::move(ready.front()), std::chrono::steady_clock::now()};
    ready.pop_front();
    std::vector<const CaseBlueprint*> blueprints;
    for (const Prepared& one : running[place]->members) blueprints.push_back(&one.blueprint);
    device.start(place, blueprints);
  }
  collect(place);
  collect(1 - place);
  return unfit;
}

}  // namespace dermaflux
