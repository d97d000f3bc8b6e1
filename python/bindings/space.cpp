#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include "core/error.hpp"
#include "core/io/config.hpp"
#include "core/simulation/space_case.hpp"
#include "python/bindings/array_view.hpp"
#include "python/bindings/bindings.hpp"

namespace py = pybind11;

namespace dermaflux {

py::object box_arrays(const SpaceFields& f, const py::object& owner) {
  if (f.empty()) return py::none();
  const auto size = [](const std::vector<double>& faces) { return static_cast<py::ssize_t>(faces.size()); };
  const py::ssize_t x = size(f.x_face) - 1, y = size(f.y_face) - 1, z = size(f.z_face) - 1;
  py::dict all;
  all["x_face"] = view(f.x_face, {x + 1}, owner);
  all["y_face"] = view(f.y_face, {y + 1}, owner);
  all["z_face"] = view(f.z_face, {z + 1}, owner);
  all["pools"] = view(f.pools, {static_cast<py::ssize_t>(f.pools.size()) / (5 * x * y * z), 5, x, y, z}, owner);
  all["insertion"] = view(f.insertion, {5, x, y, z}, owner);
  all["permeability_ratio"] = view(f.resistance, {x, y, z}, owner);
  if (!f.epidermal.empty()) all["epidermis_share"] = view(f.epidermal, {x, y, z}, owner);
  py::array_t<double> lines({static_cast<py::ssize_t>(f.tracks.size()), py::ssize_t{7}});
  for (std::size_t n = 0; n < f.tracks.size(); ++n) {
    const TrackLine& t = f.tracks[n];
    const double row[7] = {static_cast<double>(t.dot), t.x, t.y, 0.0, t.tip_x, t.tip_y, t.tip_z};
    for (py::ssize_t m = 0; m < 7; ++m) lines.mutable_at(static_cast<py::ssize_t>(n), m) = row[m];
  }
  all["tracks"] = lines;
  return all;
}

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
