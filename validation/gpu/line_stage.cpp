#include <algorithm>

#include "validation/gpu/check_report.hpp"
#include "validation/gpu/lines.hpp"
#include "validation/gpu/target.hpp"

namespace dermaflux::gpu_check {
namespace {

/// Every class of tissue, each with several viscosities of the carrier.
std::vector<Treatment> treatments(const Cases& cases, bool all) {
  std::vector<Treatment> found;
  for (const char* skin :
       {"normal", "bald", "cicatricial", "hypertrophic", "atrophic", "fue_punctate", "fut_linear", "burn_radiation"})
    for (const double viscosity : {3.0, 6.0, 10.0, 15.0}) {
      found.push_back(cases.treatment(skin));
      found.back().ink.viscosity.carrier_viscosity = viscosity * units::mPa_s;
      if (!all && found.size() == 2) return found;
    }
  return found;
}

/// Ours on the host, in the order of a block, and what a library would do with the interleaved systems.
LineResults run_emulated(const LineEnsemble& ensemble, LinesAlong along, const Tridiagonals& systems) {
  std::vector<double> memory = ensemble.memory;
  const Tridiagonals turned = interleaved(systems);
  LineResults results;
  const Clock clock;
  solve_emulated(ensemble, memory, along);
  const double ours = clock.seconds();
  const std::vector<double> eliminated = eliminate_interleaved(turned);
  const double thomas = clock.seconds() - ours;
  results.found.push_back({"ours, emulated block", solution_of(ensemble, memory, along), ours, our_bytes_per_cell, true, false});
  results.found.push_back(
      {"Thomas on the host", by_line(eliminated, systems.length), thomas, library_bytes_per_cell, false, false});
  results.missing = "no GPU here";
  return results;
}

void report_lines(const std::string& what, const Tridiagonals& systems, const LineResults& results, Report& report) {
  const double cells = static_cast<double>(systems.length) * systems.count, ours = results.found.front().seconds;
  for (const LineResult& one : results.found) {
    report.limit(
        what + ": error of " + one.who + " over what rounding allows",
        one.ours ? error_of_our_steps(systems, one.solution) : error_of_matrix_solver(systems, one.solution, one.cyclic_reduction),
        1.0);
    const double rate = cells * one.bytes_per_cell / one.seconds;
    report.figure(what + ", " + one.who, 1e3 * one.seconds, "ms",
                  std::to_string(systems.count) + " systems of " + std::to_string(systems.length));
    report.figure(what + ", " + one.who + ", share of copy bandwidth", results.copy_rate > 0.0 ? rate / results.copy_rate : NAN, "",
                  std::to_string(one.bytes_per_cell) + " bytes per cell");
    if (!one.ours) report.figure(what + ", " + one.who + " over ours", one.seconds / ours, "", "the same systems in turns");
  }
  if (!results.missing.empty()) report.figure(what + ", cuSPARSE", NAN, "ms", "not measured: " + results.missing);
  if (results.copy_rate > 0.0)
    report.figure(what + ", copy of device memory", 1e-9 * results.copy_rate, "GB/s", "read and written");
}

}  // namespace

void check_lines(const Target& target, const Cases& cases, Report& report) {
  const Clock clock;
  const GridLevel grid = target.device ? GridLevel::standard : GridLevel::quick;
  const LineEnsemble ensemble = line_ensemble(treatments(cases, target.device), grid, 2, target.device ? 32 : 4);
  report.figure("lines, set-up", clock.seconds(), "s", std::to_string(ensemble.members()) + " treatments after two strokes");
  for (const auto& [along, what] : {std::pair{LinesAlong::rings, "lines along rings"}, {LinesAlong::rows, "lines along rows"}}) {
    const Tridiagonals systems = systems_of(ensemble, along);
    report_lines(what, systems,
                 target.device ? run_lines_on_device(ensemble, along, systems, 9) : run_emulated(ensemble, along, systems), report);
  }
}

}  // namespace dermaflux::gpu_check
