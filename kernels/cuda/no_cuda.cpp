#include "core/error.hpp"
#include "kernels/backends.hpp"

namespace dermaflux {
namespace {

bool available(std::string& detail) {
  detail = "built without nvcc";
  return false;
}

}  // namespace

/// Stands in where the build found no CUDA compiler: never available, so never run.
const BackendTable& cuda_backend() {
  static const BackendTable table{
      available,
      [](TreatmentCase&, const CaseBlueprint&, double*, Outcome*, RunMonitor&) { throw BackendError("built without nvcc"); },
      [](const std::vector<Member>&, const RunOptions&, RunMonitor&, MemberSink&) -> std::vector<Unfit> {
        throw BackendError("built without nvcc");
      },
      [](const PhotonJob&, std::vector<long long>&, RunMonitor&) { throw BackendError("built without nvcc"); },
      [] {},
      [] { return std::size_t{1}; },
      [](SpaceCase&, Outcome&, RunMonitor&) { throw BackendError("built without nvcc"); }};
  return table;
}

}  // namespace dermaflux
