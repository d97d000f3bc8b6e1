#include <pybind11/stl.h>

#include "core/error.hpp"
#include "core/io/config.hpp"
#include "core/simulation/space_case.hpp"
#include "python/bindings/bindings.hpp"

namespace py = pybind11;

namespace dermaflux {

void bind_space(py::module_& module) {
  py::class_<SpaceNeed>(module, "SpaceNeed")
      .def_property_readonly("cells",
                             [](const SpaceNeed& need) {
                               const CartesianFaces& f = need.faces;
                               return std::array{f.x.size() - 1, f.y.size() - 1, f.z.size() - 1};
                             })
      .def_readonly("bytes", &SpaceNeed::bytes)
      .def_readonly("free_bytes", &SpaceNeed::free_bytes);
  module.def(
      "space_need",
      [](const TreatmentDocument& document, const std::string& grid, double horizon_year) {
        const Treatment treatment = document.treatment();
        if (treatment.geometry.kind != GeometryKind::box)
          throw InputError("geometry.kind = \"axisymmetric\": there is no box to take memory; write kind = \"box\"");
        RunOptions options;
        options.grid = grid_level(grid);
        options.horizon = horizon_year * units::year;
        return space_need(treatment, options);
      },
      py::arg("document"), py::arg("grid"), py::arg("horizon_year"));
}

}  // namespace dermaflux
