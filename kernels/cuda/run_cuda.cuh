#pragma once
#include <limits>

#include "kernels/batches.hpp"

namespace dermaflux {

/// Runs an ensemble on the device in batches, see run_in_batches. Fewer members at once (`window`) or less memory for a batch
/// changes no bit. Returns the members that do not fit.
std::vector<Unfit> run_members_on_device(const std::vector<Member>& members, const RunOptions& options, RunMonitor& monitor,
                                         MemberSink& sink, std::size_t window = window_length,
                                         std::uint64_t most_bytes = std::numeric_limits<std::uint64_t>::max());

}  // namespace dermaflux
