#include "kernels/batches.hpp"

#include <algorithm>
#include <sstream>

namespace dermaflux {

BatchLayout lay_out_batch(const std::vector<const CaseBlueprint*>& members) {
  BatchLayout layout;
  for (const CaseBlueprint* member : members) {
    layout.constants_at.push_back(layout.constants);
    layout.state_at.push_back(layout.state);
    layout.outcomes_at.push_back(layout.outcomes);
    layout.constants += static_cast<std::int64_t>(member->constants.size());
    layout.state += member->state_length;
    layout.outcomes += member->plan.branches.count;
  }
  return layout;
}

std::uint64_t member_bytes(const CaseBlueprint& blueprint) {
  return sizeof(double) * (static_cast<std::uint64_t>(blueprint.state_length) + blueprint.constants.size()) +
         sizeof(TreatmentCase) + sizeof(Outcome*) + static_cast<std::uint64_t>(blueprint.plan.branches.count) * sizeof(Outcome);
}

double member_cost(const CaseBlueprint& blueprint) {
  const TreatmentCase& plan = blueprint.plan;
  const int strokes = plan.branches.strokes[std::max(plan.branches.count - 1, 0)];
  return static_cast<double>(strokes) * plan.insertion.params.steps_inside * plan.sessions.count;
}

std::vector<std::vector<std::size_t>> cut_into_batches(const std::vector<std::uint64_t>& member_bytes,
                                                       const std::vector<std::size_t>& order, std::uint64_t bytes) {
  std::vector<std::vector<std::size_t>> batches;
  std::uint64_t used = 0;
  for (const std::size_t k : order) {
    if (member_bytes[k] > bytes) continue;
    if (batches.empty() || used > bytes - member_bytes[k]) {
      batches.emplace_back();
      used = 0;
    }
    batches.back().push_back(k);
    used += member_bytes[k];
  }
  return batches;
}

std::string too_large(std::uint64_t needed, std::uint64_t there) {
  std::ostringstream text;
  text.precision(3);
  text << "the member takes " << static_cast<double>(needed) / 1048576.0 << " MiB of device memory, and there are "
       << static_cast<double>(there) / 1048576.0
       << " MiB for it (two batches share what is free); use a coarser grid, or backend kokkos";
  return text.str();
}

std::vector<Prepared> prepare_members(const std::vector<Member>& members, std::size_t first, std::size_t length,
                                      const RunOptions& options, MemberSink& sink) {
  std::vector<Prepared> prepared;
  for (std::size_t k = first; k < members.size() && k - first < length; ++k) {
    try {
      RunOptions own = options;
      own.dwells = members[k].dwells;
      prepared.push_back({k, build_case(members[k].treatment, own)});
    } catch (const std::exception& error) {
      sink.member_done(k, std::string(error.what()));
    }
  }
  return prepared;
}

}  // namespace dermaflux
