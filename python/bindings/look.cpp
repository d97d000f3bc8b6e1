#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include <algorithm>

#include "core/io/pattern_file.hpp"
#include "core/physics/colour.hpp"
#include "core/physics/kinetics.hpp"
#include "core/simulation/case_builder.hpp"
#include "core/simulation/skin_look.hpp"
#include "core/solver/optics_setup.hpp"
#include "python/bindings/bindings.hpp"

namespace py = pybind11;

namespace dermaflux {
namespace {

using Overrides = std::vector<std::pair<std::string, std::string>>;
using Bands = std::array<double, band_count>;
using Triple = std::array<double, 3>;

Triple lab(const Bands& reflectance) {
  double bands[band_count];
  std::copy(reflectance.begin(), reflectance.end(), bands);
  const Lab colour = lab_of_reflectance(bands);
  return {colour.l, colour.a, colour.b};
}

double delta_e(const Triple& first, const Triple& second) {
  return DeltaE2000{}({first[0], first[1], first[2]}, {second[0], second[1], second[2]});
}

double ita(const Triple& skin) { return TypologyAngle{}({skin[0], skin[1], skin[2]}); }

}  // namespace

void bind_look(py::module_& module) {
  module.def("lab", &lab, py::arg("reflectance"));
  module.def("delta_e", &delta_e, py::arg("first"), py::arg("second"));
  module.def("ita", &ita, py::arg("skin"));
  module.def(
      "cluster_size_um",
      [](double start_um, double end_um, double growth_year, double day) {
        return ClusterGrowth{start_um, end_um, growth_year * units::year}(day * units::day);
      },
      py::arg("start_um"), py::arg("end_um"), py::arg("growth_year"), py::arg("day"));
  module.def(
      "skin_reflectance", [](const TreatmentDocument& document) { return skin_reflectance(document.treatment()); },
      py::arg("document"));
  module.def(
      "look_days",
      [](const TreatmentDocument& document, double horizon_year) {
        std::vector<double> days;
        for (const double time : look_times(horizon_year * units::year, document.treatment().sessions))
          days.push_back(time / units::day);
        return days;
      },
      py::arg("document"), py::arg("horizon_year"));
  const auto mm = [](double PatternFile::*member) { return [member](const PatternFile& p) { return p.*member / units::mm; }; };
  py::class_<PatternFile>(module, "PatternFile")
      .def_readonly("title", &PatternFile::title)
      .def_readonly("base", &PatternFile::base)
      .def_property_readonly("lattice", [](const PatternFile& p) { return lattice_words()[static_cast<std::size_t>(p.lattice)]; })
      .def_property_readonly("spacing_mm", [](const PatternFile& p) { return p.base.treatment().pattern.dot_spacing / units::mm; })
      .def_property_readonly("position_jitter_mm",
                             [](const PatternFile& p) { return p.base.treatment().pattern.position_jitter / units::mm; })
      .def_property_readonly("depth_jitter_mm",
                             [](const PatternFile& p) { return p.base.treatment().pattern.depth_jitter / units::mm; })
      .def_property_readonly("width_mm", mm(&PatternFile::width))
      .def_property_readonly("height_mm", mm(&PatternFile::height))
      .def_property_readonly("margin_mm", mm(&PatternFile::margin))
      .def_property_readonly("feather_mm", mm(&PatternFile::feather))
      .def_property_readonly("irregularity_mm", mm(&PatternFile::irregularity))
      .def_property_readonly("irregularity_length_mm", mm(&PatternFile::irregularity_length))
      .def_property_readonly("days",
                             [](const PatternFile& p) {
                               std::vector<double> days;
                               for (const double time : p.days) days.push_back(time / units::day);
                               return days;
                             })
      .def_readonly("visible_contrast", &PatternFile::visible_contrast)
      .def_readonly("seed", &PatternFile::seed)
      .def_readonly("files", &PatternFile::files);
  module.def("load_pattern", &load_pattern, py::arg("file"), py::arg("overrides") = Overrides{});
}

}  // namespace dermaflux
