#include <pybind11/stl.h>

#include <map>

#include "core/error.hpp"
#include "core/io/config.hpp"
#include "core/preset/preset_reader.hpp"
#include "core/treatment/puncture.hpp"
#include "python/bindings/bindings.hpp"

namespace py = pybind11;

namespace dermaflux {
namespace {

using Numbers = std::map<std::string, double>;

PresetSettings settings_of(const Numbers& numbers) {
  PresetSettings settings = PresetRules{}.lowest;
  for (const auto& [name, value] : preset_detail::named_settings)
    if (const auto found = numbers.find(name); found != numbers.end()) settings.*value = found->second;
  return settings;
}

Numbers numbers_of(const PresetSettings& settings) {
  Numbers numbers;
  for (const auto& [name, value] : preset_detail::named_settings) numbers[name] = settings.*value;
  return numbers;
}

Numbers numbers_of(const PresetExpected& e) {
  return {{"insertion_force_n", e.insertion_force_n},
          {"d_tip_mm", e.d_tip_mm},
          {"strokes", e.strokes},
          {"bleed_probability", e.bleed_probability},
          {"contrast_1y", e.contrast_1y}};
}

std::string refusal(PresetError error, const std::string& where) {
  return std::string("refused, ") + name_of(error) + (where.empty() ? "" : " at " + where) + ": " + text_of(error);
}

std::unique_ptr<PresetReader> open_preset(const std::string& content, const std::string& machine_model, const Numbers& lowest,
                                          const Numbers& highest, const std::string& today, bool allow_research,
                                          bool allow_unsigned) {
  PresetRules rules;
  rules.machine_model = machine_model;
  rules.lowest = settings_of(lowest);
  rules.highest = settings_of(highest);
  rules.today = today;
  rules.allow_research = allow_research;
  rules.allow_unsigned = allow_unsigned;
  auto reader = std::make_unique<PresetReader>();
  const PresetError error = reader->open(content, rules);
  if (error != PresetError::none) throw InputError(refusal(error, reader->where()));
  return reader;
}

std::pair<Numbers, Numbers> settings_for(const PresetReader& reader, double thickness_um, double force_n) {
  const PresetAnswer answer = reader.settings_for(thickness_um, force_n);
  if (answer.error != PresetError::none)
    throw InputError(refusal(answer.error, std::to_string(thickness_um) + " um, " + std::to_string(force_n) + " N"));
  return {numbers_of(answer.settings), numbers_of(answer.expected)};
}

py::list alarms(const PresetReader& reader) {
  py::list rows;
  for (const PresetAlarm& alarm : reader.alarms()) {
    py::dict row;
    row["name"] = alarm.name;
    row["quantity"] = alarm.quantity;
    row["side"] = alarm.side;
    row["unit"] = alarm.unit;
    row["action"] = alarm.action;
    row["reason"] = alarm.reason;
    row["warn"] = alarm.warn;
    row["stop"] = alarm.stop;
    rows.append(row);
  }
  return rows;
}

py::dict sessions(const PresetReader& reader) {
  const PresetSessions& plan = reader.sessions();
  if (plan.error != PresetError::none) throw InputError(refusal(plan.error, "sessions"));
  py::dict row;
  row["count"] = std::pair(plan.fewest, plan.most);
  row["purposes"] = std::vector<std::string>(plan.purposes.begin(), plan.purposes.begin() + plan.most);
  row["earliest_day"] = plan.earliest_day;
  row["days_between"] = std::pair(plan.days_between_min, plan.days_between_max);
  row["touch_up_years"] = std::vector<double>(std::begin(plan.touch_up_years), std::end(plan.touch_up_years));
  row["touch_up_horizon_years"] = plan.touch_up_horizon_years;
  return row;
}

Numbers solved_puncture(const TreatmentDocument& document) {
  const Puncture puncture = solve_puncture(document.treatment());
  return {{"d_tip_mm", puncture.tip_depth / units::mm},
          {"dimple_mm", puncture.dimple / units::mm},
          {"insertion_force_n", puncture.peak_force},
          {"frequency_loaded_hz", puncture.frequency},
          {"strokes", static_cast<double>(puncture.strokes)}};
}

std::vector<double> needle_forces(const TreatmentDocument& document, const std::vector<double>& depths_mm) {
  const Treatment treatment = document.treatment();
  const InsertionForce law = insertion_force(treatment, solve_puncture(treatment));
  std::vector<double> forces;
  for (const double depth : depths_mm) forces.push_back(needle_force(law, treatment.needle, depth * units::mm).total());
  return forces;
}

}  // namespace

void bind_presets(py::module_& module) {
  py::class_<PresetReader>(module, "PresetReader")
      .def(py::init(&open_preset), py::arg("content"), py::arg("machine_model"), py::arg("lowest"), py::arg("highest"),
           py::arg("today"), py::arg("allow_research"), py::arg("allow_unsigned"))
      .def_property_readonly("settings", [](const PresetReader& reader) { return numbers_of(reader.settings()); })
      .def_property_readonly("alarms", &alarms)
      .def("sessions", &sessions)
      .def("settings_for", &settings_for, py::arg("thickness_um"), py::arg("force_n"))
      .def(
          "allows", [](const PresetReader& reader, const Numbers& wanted) { return name_of(reader.allows(settings_of(wanted))); },
          py::arg("settings"))
      .def(
          "judge",
          [](const PresetReader& reader, const std::string& quantity, double value) {
            const char* const words[] = {"fine", "warn", "stop"};
            return words[static_cast<std::size_t>(reader.judge(quantity, value))];
          },
          py::arg("quantity"), py::arg("value"))
      .def(
          "text", [](const PresetReader& reader, const std::string& path) { return reader.text(path); }, py::arg("path"))
      .def(
          "number", [](const PresetReader& reader, const std::string& path) { return reader.number(path); }, py::arg("path"));
  module.def("puncture", &solved_puncture, py::arg("document"));
  module.def("needle_forces", &needle_forces, py::arg("document"), py::arg("depths_mm"));
}

}  // namespace dermaflux
