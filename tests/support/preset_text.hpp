#pragma once
#include <string>
#include <string_view>

#include "core/preset/preset_reader.hpp"

namespace dermaflux::testing {

/// A small preset in canonical bytes with a settings table of 2 x 3 cells, one without an answer, and all that schema 1.3 knows.
/// Its numbers are of no calibration.
inline std::string preset_without_hash() {
  const std::string cell =
      R"({"bleed_probability":0.1,"contrast_1y":0.4,"d_tip_mm":0.25,"depth_mm":0.3,"dwell_ms":300,"insertion_force_n":0.125,"strokes":29})";
  const std::string deep =
      R"({"bleed_probability":0.15,"contrast_1y":0.4,"d_tip_mm":0.35,"depth_mm":0.4,"dwell_ms":280,"insertion_force_n":0.25,"strokes":27})";
  return R"({"adaptation":[],"alarms":[{"action":"warn, then stop","name":"A2","quantity":"bleed_probability above","reason":"r","stop":0.5,"unit":"1","warn":0.2},)"
         R"({"action":"warn","name":"A1","quantity":"d_tip_mm below","reason":"r","unit":"mm","warn":0.165},)"
         R"({"action":"block","name":"A7","quantity":"days since last session below","reason":"r","stop":5,"unit":"day"},)"
         R"({"action":"pause","name":"A11","quantity":"force ratio outside","reason":"r","stop":2.5,"unit":"1","warn":0.4}],)"
         R"("envelope":{"depth_mm":{"max":1,"min":0.15},"dwell_ms":{"max":400,"min":10},"frequency_hz":{"max":150,"min":40}},)"
         R"("expected":{"strokes":{"p05":28,"p50":29,"p95":29,"unit":"1"}},"ink":{"carrier_viscosity_mpa_s":10,"dilution":1,"model":"ink"},)"
         R"("intended_use":{"contraindications":["keloid history"],"skin_class":"normal","text":"µ\n\u0001"},)"
         R"("location":{"asked":{"depth_um":25,"dwell_share":0.1},"best":{"depth_mm":0.31,"dwell_ms":290},"confidence":0.9,"draws":32,"known":false,)"
         R"("range":{"depth_mm":{"max":0.4,"min":0.25},"dwell_ms":{"max":350,"min":250}}},)"
         R"("machine":{"drive":"frequency","limits":{"frequency_hz":{"max":200,"min":46}},"model":"pen"},)"
         R"("needle":{"model":"needle","prongs":1,"shaft_diameter_mm":0.25,"taper_length_mm":3.5},)"
         R"("preset":{"expires":"2027-12-31","id":"dot","status":"research","title":"t","version":"1.0.0"},)"
         R"("probability":{"criteria":[{"high":0.35,"name":"blur","output":"fwhm_mm_1y"}],"draws":32,"right":0.78,"standard_error":0.07},)"
         R"("provenance":{"corrections":{"factors":[{"factor":1.2,"output":"strokes","standard_error":0.04}],"sha256":"2222222222222222222222222222222222222222222222222222222222222222",)"
         R"("study_sha256":"3333333333333333333333333333333333333333333333333333333333333333","title":"c"},"data":[{"name":"sections","sha256":"1111111111111111111111111111111111111111111111111111111111111111","source":"s"}],"effort":{"insertions":3,"insertions_without_screening":9,"members":30,"members_decision":8},"git_commit":"","grid_decision":"standard","grid_search":"quick","input_files":"{}",)"
         R"("input_sha256":"0000000000000000000000000000000000000000000000000000000000000000","prior_keys":["k"],"priors":"p","program":"dermaflux","seed":1},)"
         R"("schema":"s","schema_version":"1.3.0","searched":[{"chosen":100,"key":"machine.frequency_hz","tried":[80,100]},)"
         R"({"chosen":"a","key":"needle.model","tried":["a","b"]}],"sensitivity":[],)"
         R"("sessions":{"count":{"max":3,"min":2},"days_between":{"max":14,"min":10},"earliest_day":6,"purposes":["a","b","c"],"source":"s",)"
         R"("touch_up":{"contrast_low":0.3,"draws":32,"horizon_years":10,"p05_years":0.75,"p50_years":4.5,"share_of_contrast_day14":0.5}},)"
         R"("settings":{"angle_deg":0,"depth_mm":0.3,"dwell_ms":300,"frequency_hz":100,"hand_force_n":0.2,"stroke_mm":3},)"
         R"("settings_table":{"cells":[)" +
         cell + "," + cell + R"(,{"none":"it bleeds"},)" + cell + "," + deep + "," + deep +
         R"(],"force_at":"f","force_n":[0.1,0.2,0.4],"grid":"quick","same":"s","thickness_of":"t","thickness_um":[100,180]},)"
         R"("tolerance":{"depth_mm":{"max":0.35,"min":0.25},"dwell_ms":{"max":350,"min":250}},"warnings":["w"]})";
}

/// The same with its SHA-256 in place.
inline std::string sealed(const std::string& bytes) {
  std::string text;
  for (const unsigned char byte : preset_detail::sha256(bytes)) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  const std::size_t place = bytes.find(",\"tolerance\":");
  return place == std::string::npos ? bytes : bytes.substr(0, place) + ",\"sha256\":\"" + text + "\"" + bytes.substr(place);
}

/// Rules of a driver that loads research presets without a signature.
inline PresetRules lenient_rules() {
  PresetRules rules;
  rules.machine_model = "pen";
  rules.lowest = {0.1, 5.0, 40.0, 2.0, 0.0, 0.05};
  rules.highest = {1.5, 500.0, 180.0, 4.0, 45.0, 1.0};
  rules.today = "2026-11-29";
  rules.allow_research = rules.allow_unsigned = true;
  return rules;
}

/// A text with its first occurrence of one piece replaced.
inline std::string with(std::string text, std::string_view from, std::string_view to) {
  const std::size_t place = text.find(from);
  return place == std::string::npos ? std::string() : text.replace(place, from.size(), to);
}

}  // namespace dermaflux::testing
