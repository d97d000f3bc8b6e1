#pragma once
#include <string>
#include <utility>
#include <vector>

namespace dermaflux {

/// A treatment whose steps are compared one by one.
struct StepCourse {
  const char* skin;
  std::vector<std::pair<std::string, std::string>> overrides;
  std::vector<double> dwells;  ///< that share their insertion [s]
};

/// Together they take every step but the undoing of a reaction: prongs, tilt, branches, cracks, size classes, a scar beside, ink
/// that scatters, sessions, macrophages killed.
inline const std::vector<StepCourse> step_courses = {
    {"normal", {{"needle.model", "round_liner_3_025_long"}, {"machine.angle_deg", "20"}}, {0.01, 0.02}},
    {"hypertrophic",
     {{"machine.dwell_ms", "20"}, {"skin.fracture", "true"}, {"skin.fracture_pressure_kpa", "20"}, {"ink.size_classes", "3"}},
     {}},
    {"normal",
     {{"machine.dwell_ms", "10"},
      {"ink.model", "titanium_white"},
      {"scar.shape", "disc"},
      {"scar.class", "hypertrophic"},
      {"scar.width_mm", "0.9"},
      {"scar.offset_mm", "0.4"}},
     {}},
    {"normal", {{"machine.dwell_ms", "10"}, {"sessions.days", "[0, 30]"}, {"aftercare.macrophage_depletion_day", "40"}}, {}}};

}  // namespace dermaflux
