#pragma once
#include <string>
#include <utility>
#include <vector>

namespace dermaflux {

/// A treatment in a box that runs by the reference and elsewhere.
struct BoxCourse {
  const char* name;
  std::vector<std::pair<std::string, std::string>> overrides;
};

/// The second takes every step that a box has.
inline const std::vector<BoxCourse> box_courses = {
    {"one prong, tilted", {{"machine.dwell_ms", "10"}, {"machine.angle_deg", "20"}, {"geometry.margin_mm", "0.4"}}},
    {"three prongs, two dots, follicle, ridges, scar, cracks",
     {{"machine.dwell_ms", "5"},
      {"needle.model", "round_liner_3_025_long"},
      {"geometry.dots_x", "2"},
      {"pattern.dot_spacing_mm", "0.6"},
      {"geometry.margin_mm", "0.5"},
      {"geometry.rete_wavelength_um", "120"},
      {"geometry.follicle_um", "100"},
      {"geometry.follicle_x_mm", "0"},
      {"geometry.follicle_y_mm", "0.4"},
      {"skin.fracture", "true"},
      {"skin.fracture_pressure_kpa", "20"},
      {"ink.size_classes", "2"},
      {"scar.shape", "strip"},
      {"scar.class", "hypertrophic"},
      {"scar.width_mm", "0.4"},
      {"scar.offset_mm", "0.4"}}}};

}  // namespace dermaflux
