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

void run_members(const std::vector<Member>& members, const RunOptions& options, RunMonitor& monitor, MemberSink& sink) {
  Workspace workspace;
  for (std::size_t k = 0; k < members.size(); ++k) {
    if (monitor.stop) return;
    try {
      sink.member_done(k, run_member_on_host(members[k], options, workspace, monitor));
    } catch (const Interrupted&) {
      return;
    }
  }
}

}  // namespace

const BackendTable& serial_backend() {
  static const BackendTable table{available, run_case, run_members, [] {}};
  return table;
}

}  // namespace dermaflux
