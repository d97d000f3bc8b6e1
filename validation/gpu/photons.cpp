#include "core/solver/photon_job.hpp"
#include "core/units.hpp"
#include "validation/gpu/check_report.hpp"
#include "validation/gpu/target.hpp"

namespace dermaflux::gpu_check {
namespace {

/// A cylinder of ink 0.15 mm wide in skin without end, lit in eight rings: the opaque dot of validation/benchmark.
PhotonJob dot(std::uint64_t photons) {
  PhotonJob job{};
  job.medium.r_face = {0.0, 75.0 * units::um};
  job.medium.z_face = {0.0, 0.1 * units::mm, 0.35 * units::mm, HUGE_VAL};
  job.medium.cells.assign(6, {200.0, 20000.0});
  job.medium.cells[1].absorption += 5e4;
  job.settings.anisotropy = 0.8;
  job.settings.index = 1.4;
  job.settings.beam = {.inner = 0.0, .width = 20e-6, .bins = 8, .by_area = false, .diffuse = false};
  job.photons = whole_batches(photons, job.settings.beam.bins);
  return job;
}

PhotonJob boxes(std::uint64_t photons) {
  PhotonJob job = dot(photons);
  job.medium = {.boxes = true, .r_face = {}, .x_face = {0.0}, .y_face = {}, .z_face = {0.0, 1e-4, HUGE_VAL}, .cells = {}};
  job.medium.cells = {{200.0, 20000.0}, {300.0, 21000.0}, {2000.0, 20000.0}, {100.0, 19000.0}};
  return job;
}

std::vector<long long> sums_of(const PhotonJob& job) {
  return std::vector<long long>(static_cast<std::size_t>(job.layout().length()));
}

}  // namespace

void check_photons(const Target& target, Report& report) {
  const std::uint64_t few = target.device ? 1 << 16 : 1 << 13;
  const std::pair<std::string, PhotonJob> jobs[] = {{"rings and rows", dot(few)}, {"boxes", boxes(few)}};
  for (const auto& [name, job] : jobs)
    for (const auto& [map, words] :
         {std::pair{PhotonMap::none, "no map"}, {PhotonMap::absorption, "absorption"}, {PhotonMap::sensitivity, "sensitivity"}}) {
      PhotonJob one = job;
      one.settings.map = map;
      std::vector<long long> serial = sums_of(one), other = serial;
      RunMonitor monitor;
      serial_backend().run_photons(one, serial, monitor);
      target.run_photons(one, other);
      report.require("photons, " + name + ", " + words + ": every sum is the same integer", serial == other);
    }
  const PhotonJob some = dot(few), many = dot(target.device ? std::uint64_t{1} << 24 : few);
  std::vector<long long> sums = sums_of(some);
  RunMonitor monitor;
  const Clock host;
  serial_backend().run_photons(some, sums, monitor);
  report.figure("photons, opaque dot, one core", static_cast<double>(some.photons) / (1e3 * host.seconds()), "1/ms");
  if (!target.device) return;
  const Clock clock;
  target.run_photons(many, sums);
  report.figure("photons, opaque dot, device", static_cast<double>(many.photons) / (1e3 * clock.seconds()), "1/ms");
}

}  // namespace dermaflux::gpu_check
