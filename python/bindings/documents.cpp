#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include "core/error.hpp"
#include "core/io/case_file.hpp"
#include "core/io/config.hpp"
#include "core/io/fit_file.hpp"
#include "core/io/keys.hpp"
#include "core/io/output_fields.hpp"
#include "core/io/run_file.hpp"
#include "core/io/study_file.hpp"
#include "core/io/sweep_file.hpp"
#include "core/solver/optics_setup.hpp"
#include "core/treatment/contraindications.hpp"
#include "python/bindings/bindings.hpp"

namespace py = pybind11;

namespace dermaflux {
namespace {

using Overrides = std::vector<std::pair<std::string, std::string>>;

py::dict key_row(const Key& key) {
  Treatment any{};
  py::dict row;
  row["key"] = key.path;
  row["unit"] = key.unit;
  row["low"] = key.low;
  row["high"] = key.high;
  row["meaning"] = key.meaning;
  row["words"] = allowed_words(key.target(any));
  return row;
}

py::list key_rows() {
  py::list rows;
  for (const Key& key : keys()) rows.append(key_row(key));
  for (const Key& key : layer_keys("NAME", 0)) rows.append(key_row(key));
  return rows;
}

py::list output_rows() {
  py::list rows;
  for (const OutputField& field : output_fields()) {
    py::dict row;
    row["name"] = field.name;
    row["unit"] = field.unit;
    row["meaning"] = field.meaning;
    rows.append(row);
  }
  return rows;
}

py::object content(const ConfigValue& value) {
  return std::visit([](const auto& held) -> py::object { return py::cast(held); }, value.content);
}

/// One value as plain data, for another process: content, range, source, where, unit.
using PlainValue =
    std::tuple<ConfigValue::Content, std::optional<std::pair<double, double>>, std::string, std::string, std::string>;

py::tuple plain(const TreatmentDocument& document) {
  std::map<std::string, PlainValue> values;
  for (const auto& [key, one] : document.values()) values[key] = {one.content, one.range, one.source, one.where, one.unit};
  return py::make_tuple(document.file(), document.overrides(), document.title(), values, document.files());
}

TreatmentDocument from_plain(const py::tuple& state) {
  if (state.size() != 5) throw InputError("the state of a treatment is that of another version; use the same on both sides");
  std::map<std::string, ConfigValue> values;
  for (auto& [key, one] : state[3].cast<std::map<std::string, PlainValue>>()) {
    const auto& [content, range, source, where, unit] = one;
    values[key] = {content, range, source, where, unit};
  }
  return TreatmentDocument::restored(state[0].cast<std::filesystem::path>(), state[1].cast<Overrides>(),
                                     state[2].cast<std::string>(), values, state[4].cast<std::vector<std::filesystem::path>>());
}

void bind_cases(py::module_& module) {
  py::class_<CaseSetting>(module, "CaseSetting")
      .def_readonly("name", &CaseSetting::name)
      .def_readonly("treatment", &CaseSetting::treatment)
      .def_readonly("changed", &CaseSetting::changed);
  py::class_<CaseWaiting>(module, "CaseWaiting")
      .def_readonly("look_up", &CaseWaiting::look_up)
      .def_readonly("columns", &CaseWaiting::columns)
      .def_readonly("put", &CaseWaiting::put);
  py::class_<CaseFile>(module, "CaseFile")
      .def_readonly("id", &CaseFile::id)
      .def_readonly("title", &CaseFile::title)
      .def_readonly("stage", &CaseFile::stage)
      .def_readonly("quantity", &CaseFile::quantity)
      .def_readonly("how", &CaseFile::how)
      .def_readonly("unit", &CaseFile::unit)
      .def_readonly("output", &CaseFile::output)
      .def_readonly("over", &CaseFile::over)
      .def_readonly("day", &CaseFile::day)
      .def_readonly("over_day", &CaseFile::over_day)
      .def_readonly("key", &CaseFile::key)
      .def_readonly("low", &CaseFile::low)
      .def_readonly("high", &CaseFile::high)
      .def_readonly("tip_mm", &CaseFile::tip_mm)
      .def_readonly("share", &CaseFile::share)
      .def_readonly("depth_below", &CaseFile::depth_below)
      .def_readonly("input_only", &CaseFile::input_only)
      .def_readonly("settings", &CaseFile::settings)
      .def_readonly("against", &CaseFile::against)
      .def_readonly("waiting", &CaseFile::waiting)
      .def_readonly("observed", &CaseFile::observed)
      .def_readonly("files", &CaseFile::files);
  py::class_<CaseObservation>(module, "CaseObservation")
      .def_readonly("compared", &CaseObservation::compared)
      .def_readonly("low", &CaseObservation::low)
      .def_readonly("high", &CaseObservation::high)
      .def_readonly("value", &CaseObservation::value)
      .def_readonly("sd", &CaseObservation::sd)
      .def_readonly("measured", &CaseObservation::measured)
      .def_readonly("error_is", &CaseObservation::error_is)
      .def_readonly("source", &CaseObservation::source)
      .def_readonly("doi", &CaseObservation::doi)
      .def_readonly("url", &CaseObservation::url)
      .def_readonly("check", &CaseObservation::check)
      .def_readonly("profile", &CaseObservation::profile);
  py::class_<CaseStudy>(module, "CaseStudy")
      .def_readonly("grid", &CaseStudy::grid)
      .def_readonly("quick_grid", &CaseStudy::quick_grid)
      .def_readonly("draws", &CaseStudy::draws)
      .def_readonly("quick_draws", &CaseStudy::quick_draws)
      .def_readonly("seed", &CaseStudy::seed)
      .def_readonly("uncertain", &CaseStudy::uncertain);
  module.def("load_case", &load_case, py::arg("file"));
  module.def("load_case_observation", &load_case_observation, py::arg("file"), py::arg("of"));
  module.def("load_case_study", &load_case_study, py::arg("file"));
  module.def("drawn_keys", &drawn_keys, py::arg("study"), py::arg("treatment"), py::arg("changed"));
}

}  // namespace

void bind_documents(py::module_& module) {
  module.def("set_shipped_configs", &set_shipped_configs, py::arg("folder"));
  module.def("keys", &key_rows, "Every key of the input: name, unit, allowed range, meaning.");
  module.def("outputs", &output_rows, "Every scalar output: name, unit, meaning.");
  module.def("wavelengths_nm", &wavelengths_nm);
  module.def("colour_weights", [] {
    const BandColours colours = band_colours();
    std::vector<std::vector<double>> all;
    for (const auto& row : colours.weight) all.emplace_back(std::begin(row), std::end(row));
    return all;
  });

  py::class_<ConfigValue>(module, "ConfigValue")
      .def_property_readonly("value", &content)
      .def_readonly("range", &ConfigValue::range)
      .def_readonly("source", &ConfigValue::source)
      .def_readonly("where", &ConfigValue::where);

  py::class_<TreatmentDocument>(module, "TreatmentDocument")
      .def_static("load", &TreatmentDocument::load, py::arg("file"), py::arg("overrides") = Overrides{})
      .def("with_overrides", &TreatmentDocument::with, py::arg("overrides"))
      .def_property_readonly("title", &TreatmentDocument::title)
      .def_property_readonly("overrides", &TreatmentDocument::overrides)
      .def_property_readonly("skin_class", &TreatmentDocument::skin_class)
      .def_property_readonly("layers", &TreatmentDocument::layers)
      .def_property_readonly("file", &TreatmentDocument::file)
      .def_property_readonly("files", &TreatmentDocument::files)
      .def_property_readonly("values", &TreatmentDocument::values)
      .def("json", &TreatmentDocument::json)
      .def(py::pickle(&plain, &from_plain))
      .def_property_readonly("contraindications", [](const TreatmentDocument& d) { return contraindications(d.treatment()); })
      .def_property_readonly("layer_thickness_mm", [](const TreatmentDocument& d) {
        std::vector<double> thickness;
        const Skin& skin = d.treatment().skin_at_axis();
        for (std::size_t n = 0; n < d.layers().size(); ++n)
          thickness.push_back(skin.layers[n].thickness * skin.thickness_factor * 1e3);
        return thickness;
      });

  py::class_<StudyAxis>(module, "StudyAxis")
      .def_readonly("key", &StudyAxis::key)
      .def_readonly("unit", &StudyAxis::unit)
      .def_property_readonly("values", [](const StudyAxis& axis) -> py::object {
        return axis.words.empty() ? py::cast(axis.numbers) : py::cast(axis.words);
      });
  py::class_<SampledAxis>(module, "SampledAxis")
      .def_readonly("key", &SampledAxis::key)
      .def_readonly("unit", &SampledAxis::unit)
      .def_readonly("low", &SampledAxis::low)
      .def_readonly("high", &SampledAxis::high)
      .def_readonly("scale", &SampledAxis::scale);
  py::class_<Sample>(module, "Sample")
      .def_readonly("method", &Sample::method)
      .def_readonly("count", &Sample::count)
      .def_readonly("seed", &Sample::seed)
      .def_readonly("source", &Sample::source)
      .def_readonly("axes", &Sample::axes);
  py::class_<Comparison>(module, "Comparison")
      .def_readonly("key", &Comparison::key)
      .def_readonly("unit", &Comparison::unit)
      .def_readonly("relation", &Comparison::relation)
      .def_readonly("value", &Comparison::value);
  py::class_<Condition>(module, "Condition")
      .def_readonly("demand", &Condition::demand)
      .def_readonly("when", &Condition::when)
      .def_readonly("reason", &Condition::reason);
  py::class_<SpaceStudy>(module, "SpaceStudy")
      .def_readonly("shows", &SpaceStudy::shows)
      .def_readonly("view_day", &SpaceStudy::view_day)
      .def_readonly("view_width_mm", &SpaceStudy::view_width_mm)
      .def_readonly("view_depth_mm", &SpaceStudy::view_depth_mm);
  py::class_<Correction>(module, "Correction")
      .def_readonly("output", &Correction::output)
      .def_readonly("prongs", &Correction::prongs)
      .def_readonly("error", &Correction::error)
      .def("factor", &Correction::factor, py::arg("angle_deg"));
  py::class_<Corrections>(module, "Corrections")
      .def_readonly("file", &Corrections::file)
      .def_readonly("title", &Corrections::title)
      .def_readonly("source", &Corrections::source)
      .def_readonly("study_sha256", &Corrections::study_sha256)
      .def_property_readonly("outputs", &Corrections::outputs)
      .def("of", &Corrections::of, py::arg("output"), py::arg("prongs"), py::arg("angle_deg"));
  module.def("load_corrections", &load_corrections, py::arg("file"));
  module.def("study_kinds", [] {
    std::map<std::string, std::string> kinds;
    for (const StudyKind& kind : study_kinds()) kinds[kind.name] = kind.key;
    return kinds;
  });
  py::class_<SweepFile>(module, "SweepFile")
      .def_readonly("title", &SweepFile::title)
      .def_readonly("description", &SweepFile::description)
      .def_readonly("base", &SweepFile::base)
      .def_readonly("axes", &SweepFile::axes)
      .def_readonly("sample", &SweepFile::sample)
      .def_readonly("conditions", &SweepFile::conditions)
      .def_readonly("outputs", &SweepFile::outputs)
      .def_readonly("grid", &SweepFile::grid)
      .def_readonly("study", &SweepFile::study)
      .def_readonly("corrections", &SweepFile::corrections);
  module.def("load_sweep", &load_sweep, py::arg("file"), py::arg("overrides") = Overrides{});

  py::class_<Criterion>(module, "Criterion")
      .def_readonly("name", &Criterion::name)
      .def_readonly("output", &Criterion::output)
      .def_readonly("low", &Criterion::low)
      .def_readonly("high", &Criterion::high)
      .def_readonly("weight", &Criterion::weight)
      .def_readonly("reason", &Criterion::reason)
      .def_readonly("source", &Criterion::source);
  py::class_<Alarm>(module, "Alarm")
      .def_readonly("name", &Alarm::name)
      .def_readonly("quantity", &Alarm::quantity)
      .def_readonly("unit", &Alarm::unit)
      .def_readonly("action", &Alarm::action)
      .def_readonly("reason", &Alarm::reason)
      .def_readonly("source", &Alarm::source)
      .def_readonly("warn", &Alarm::warn)
      .def_readonly("stop", &Alarm::stop);
  py::class_<EnvelopeLimit>(module, "EnvelopeLimit")
      .def_readonly("key", &EnvelopeLimit::key)
      .def_readonly("low", &EnvelopeLimit::low)
      .def_readonly("high", &EnvelopeLimit::high)
      .def_readonly("source", &EnvelopeLimit::source);
  py::class_<SettingsTable>(module, "SettingsTable")
      .def_readonly("thickness", &SettingsTable::thickness)
      .def_readonly("resistance", &SettingsTable::resistance)
      .def_readonly("shares", &SettingsTable::shares)
      .def_readonly("contrast_tolerance", &SettingsTable::contrast_tolerance)
      .def_readonly("share_tolerance", &SettingsTable::share_tolerance);
  py::class_<LocationGoal>(module, "LocationGoal")
      .def(py::init<double, double, double, double, int>(), py::arg("depth_um"), py::arg("dwell_share"), py::arg("confidence"),
           py::arg("as_good"), py::arg("most_draws"))
      .def_readonly("depth_um", &LocationGoal::depth_um)
      .def_readonly("dwell_share", &LocationGoal::dwell_share)
      .def_readonly("confidence", &LocationGoal::confidence)
      .def_readonly("as_good", &LocationGoal::as_good)
      .def_readonly("most_draws", &LocationGoal::most_draws);
  py::class_<SessionRules>(module, "SessionRules")
      .def_property_readonly("count", [](const SessionRules& rules) { return std::pair(rules.fewest, rules.most); })
      .def_property_readonly("days_between",
                             [](const SessionRules& rules) { return std::pair(rules.days_between_min, rules.days_between_max); })
      .def_readonly("purposes", &SessionRules::purposes)
      .def_readonly("source", &SessionRules::source)
      .def_readonly("earliest_day", &SessionRules::earliest_day)
      .def_readonly("touch_up_share", &SessionRules::touch_up_share)
      .def_readonly("horizon_years", &SessionRules::horizon_years);
  py::class_<Correlation>(module, "Correlation")
      .def_readonly("first", &Correlation::first)
      .def_readonly("second", &Correlation::second)
      .def_readonly("rho", &Correlation::rho)
      .def_readonly("source", &Correlation::source);
  py::class_<PresetSet>(module, "PresetSet")
      .def_readonly("classes", &PresetSet::classes)
      .def_readonly("needles", &PresetSet::needles)
      .def_readonly("inks", &PresetSet::inks);
  module.def("load_preset_set", &load_preset_set, py::arg("file"));
  py::class_<CalibrationFile>(module, "CalibrationFile")
      .def_readonly("title", &CalibrationFile::title)
      .def_readonly("skin_class", &CalibrationFile::skin_class)
      .def_readonly("base", &CalibrationFile::base)
      .def_readonly("depths_mm", &CalibrationFile::depths_mm)
      .def_readonly("dwells_ms", &CalibrationFile::dwells_ms)
      .def_readonly("draws", &CalibrationFile::draws)
      .def_readonly("seed", &CalibrationFile::seed)
      .def_readonly("grid", &CalibrationFile::grid)
      .def_readonly("uncertain", &CalibrationFile::uncertain)
      .def_readonly("correlations", &CalibrationFile::correlations)
      .def_readonly("settings", &CalibrationFile::settings)
      .def("with_settings", &with_settings, py::arg("chosen"))
      .def_readonly("accepted_share", &CalibrationFile::accepted_share)
      .def_readonly("criteria", &CalibrationFile::criteria)
      .def_readonly("alarms", &CalibrationFile::alarms)
      .def_readonly("envelope", &CalibrationFile::envelope)
      .def_readonly("table", &CalibrationFile::table)
      .def_readonly("location", &CalibrationFile::location)
      .def_readonly("sessions", &CalibrationFile::sessions)
      .def_readwrite("corrections", &CalibrationFile::corrections)
      .def_readonly("files", &CalibrationFile::files);
  module.def("load_calibration", &load_calibration, py::arg("file"), py::arg("skin_class"), py::arg("quick") = false,
             py::arg("overrides") = Overrides{}, py::arg("also") = Overrides{});

  py::class_<ObservedValue>(module, "ObservedValue")
      .def_readonly("output", &ObservedValue::output)
      .def_readonly("unit", &ObservedValue::unit)
      .def_readonly("source", &ObservedValue::source)
      .def_readonly("value", &ObservedValue::value)
      .def_readonly("sd", &ObservedValue::sd);
  py::class_<ObservedTable>(module, "ObservedTable")
      .def_readonly("output", &ObservedTable::output)
      .def_readonly("unit", &ObservedTable::unit)
      .def_readonly("source", &ObservedTable::source)
      .def_readonly("day", &ObservedTable::day)
      .def_readonly("file", &ObservedTable::file);
  py::class_<FitFile>(module, "FitFile")
      .def_readonly("title", &FitFile::title)
      .def_readonly("base", &FitFile::base)
      .def_readonly("grid", &FitFile::grid)
      .def_readonly("uncertain", &FitFile::uncertain)
      .def_readonly("runs", &FitFile::runs)
      .def_readonly("seed", &FitFile::seed)
      .def_readonly("walkers", &FitFile::walkers)
      .def_readonly("steps", &FitFile::steps)
      .def_readonly("values", &FitFile::values)
      .def_readonly("series", &FitFile::series)
      .def_readonly("profiles", &FitFile::profiles)
      .def_readonly("files", &FitFile::files);
  bind_cases(module);
  module.def("load_fit", &load_fit, py::arg("file"), py::arg("overrides") = Overrides{});
}

}  // namespace dermaflux
