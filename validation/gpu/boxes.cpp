#include "core/simulation/space_program.hpp"
#include "validation/gpu/box_courses.hpp"
#include "validation/gpu/check_report.hpp"
#include "validation/gpu/field_error.hpp"
#include "validation/gpu/target.hpp"

namespace dermaflux::gpu_check {
namespace {

void compare_box(const Target& target, const std::string& name, const Treatment& treatment, const RunOptions& options,
                 Report& report) {
  const auto serial = build_space_case(treatment, options), other = build_space_case(treatment, options);
  Outcome a, b;
  RunMonitor monitor;
  const Clock clock;
  serial_backend().run_space(*serial, a, monitor);
  const double serial_time = clock.seconds();
  target.run_space(*other, b);
  report.figure("box, " + name, clock.seconds() - serial_time, "s",
                std::to_string(serial->fields.cells()) + " cells; the serial reference took " + std::to_string(serial_time));
  report.require("box, " + name + ": status and steps are the same",
                 a.status == b.status && a.status == Status::ok && a.steps == b.steps && a.healing_steps == b.healing_steps);
  Errors errors;
  const std::size_t cells = serial->fields.cells();
  add_fields(serial->fields.pools, other->fields.pools, cells, {"free", "matrix", "macrophage", "slow", "epidermal"}, errors);
  add_fields(serial->fields.insertion, other->fields.insertion, cells, {"suspended", "captured", "carrier", "fluid", "pressure"},
             errors);
  for (const auto& [field, error] : errors) report.limit("box, " + name + ": " + field, error.relative(), target.box_tolerance);
  const double difference = std::fabs(a.deposited - b.deposited) / a.deposited;
  report.limit("box, " + name + ": dose", difference, target.box_tolerance);
}

}  // namespace

void check_boxes(const Target& target, const Cases& cases, Report& report) {
  RunOptions options;
  options.grid = GridLevel::quick;
  options.horizon = 30.0 * units::day;
  for (const BoxCourse& one : box_courses) {
    Cases::Overrides overrides = one.overrides;
    overrides.emplace_back("geometry.kind", "box");
    compare_box(target, one.name, cases.treatment("normal", overrides), options, report);
    if (!target.device) return;
  }
  for (const int n : {128, 256, 512})
    for (const bool layered : {false, true}) {
      const std::string what = "pressure to 1e-8, " + std::to_string(n) + "^3, " + (layered ? "20 layers" : "even");
      const BoxSpeed found = solve_box_of(n, layered);
      if (std::isnan(found.seconds)) {
        report.figure(what, NAN, "s", "no room on the device");
        continue;
      }
      const double cells = static_cast<double>(n) * n * n;
      report.limit(what + ": residual", found.cost.residual, 1e-8);
      report.figure(what, cells / (found.seconds + found.set_up_seconds) / 1e6, "M unknowns/s",
                    std::to_string(found.cost.iterations) + " iterations, set-up included");
      report.figure(what + ", share of copy bandwidth",
                    found.bytes_per_iteration * cells * found.cost.iterations / found.seconds / found.copy_rate, "",
                    std::to_string(found.bytes_per_iteration) + " bytes per cell and iteration; goal 0.6");
    }
}

}  // namespace dermaflux::gpu_check
