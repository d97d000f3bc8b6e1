#include "validation/gpu/check_report.hpp"
#include "validation/gpu/step_courses.hpp"
#include "validation/gpu/target.hpp"

namespace dermaflux::gpu_check {

void check_steps(const Target& target, const Cases& cases, Report& report) {
  std::map<std::string, StepFinding> found;
  for (const StepCourse& course : step_courses) {
    RunOptions options;
    options.grid = GridLevel::quick;
    options.record = options.every_look = course.dwells.empty();
    options.dwells = course.dwells;
    found = target.run_steps(cases.treatment(course.skin, course.overrides), options, std::move(found));
  }
  report.require("steps: all were compared", found.size() > 60, std::to_string(found.size()) + " names");
  for (const auto& [name, one] : found) {
    const std::string calls = std::to_string(one.compared) + " of " + std::to_string(one.calls) + " calls, " +
                              std::to_string(one.different) + " of " + std::to_string(one.changed) + " numbers differ";
    report.limit("step " + name, one.error, target.tolerance, calls);
    if (one.single_error > 0.0) report.limit("step " + name + ", single precision", one.single_error, target.look_tolerance, calls);
  }
}

}  // namespace dermaflux::gpu_check
