#include <pybind11/functional.h>
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <cmath>
#include <optional>
#include <tuple>

#include "core/error.hpp"
#include "core/io/config.hpp"
#include "core/simulation/space_scene.hpp"
#include "kernels/run.hpp"
#include "python/bindings/bindings.hpp"
#include "python/bindings/supervise.hpp"

namespace py = pybind11;

namespace dermaflux {
namespace {

using Numbers = py::array_t<double, py::array::c_style | py::array::forcecast>;
/// Tiles of the beam: how many across, least x and y of the first, side [m].
using Tiles = std::tuple<int, double, double, double>;

std::vector<double> values(const Numbers& array) { return {array.data(), array.data() + array.size()}; }

py::array_t<double> array(const std::vector<double>& values, const std::vector<py::ssize_t>& shape) {
  py::array_t<double> result(shape);
  std::copy(values.begin(), values.end(), result.mutable_data());
  return result;
}

/// Shape of the cells of a medium: rings or boxes across, then rows.
std::vector<py::ssize_t> shape_of(const PhotonMedium& m) {
  const auto size = [](const std::vector<double>& faces, std::size_t more) {
    return static_cast<py::ssize_t>(faces.size() + more);
  };
  if (m.boxes) return {size(m.x_face, 1), size(m.y_face, 1), size(m.z_face, 0) - 1};
  return {size(m.r_face, 0), size(m.z_face, 0) - 1};
}

void fill_cells(PhotonMedium& medium, const Numbers& absorption, const Numbers& scattering) {
  if (absorption.size() != scattering.size()) throw InputError("absorption and scattering must have the same shape");
  for (py::ssize_t k = 0; k < absorption.size(); ++k) medium.cells.push_back({absorption.data()[k], scattering.data()[k]});
}

py::array_t<double> coefficients(const PhotonMedium& medium, double OpticalCell::*which) {
  std::vector<double> all;
  for (const OpticalCell& cell : medium.cells) all.push_back(cell.*which);
  return array(all, shape_of(medium));
}

OpticalScene scene(const TreatmentDocument& document, const Numbers& r_face, const Numbers& z_face, const Numbers& pools,
                   double time_day, double age_day) {
  return {document.treatment(), {values(r_face), values(z_face)}, values(pools), time_day * units::day, age_day * units::day};
}

SpaceScene space_scene(const TreatmentDocument& document, const Numbers& x_face, const Numbers& y_face, const Numbers& z_face,
                       const Numbers& pools, double time_day) {
  return {document.treatment(), {values(x_face), values(y_face), values(z_face)}, values(pools), time_day * units::day};
}

int known_band(int band) {
  if (band < 0 || band >= band_count) throw InputError("band " + std::to_string(band) + " does not exist; there are 0 to 6");
  return band;
}

py::dict appearance(const OpticalScene& scene, bool colour) {
  const Appearance seen = scene.look(colour);
  py::dict all;
  all["contrast"] = seen.contrast;
  all["fwhm"] = seen.fwhm;
  all["dot"] = std::vector<double>(std::begin(seen.dot), std::end(seen.dot));
  all["skin"] = std::vector<double>(std::begin(seen.skin), std::end(seen.skin));
  return all;
}

PhotonMap map_of(const std::string& name) {
  if (name == "none") return PhotonMap::none;
  if (name == "absorption") return PhotonMap::absorption;
  if (name == "sensitivity") return PhotonMap::sensitivity;
  throw InputError("map = \"" + name + "\" is unknown; use none, absorption or sensitivity");
}

py::dict told(const PhotonRun& run, const PhotonJob& job) {
  py::dict all;
  std::vector<double> reflected;
  for (int bin = 0; bin < run.layout.bins; ++bin)
    for (int batch = 0; batch < photon_batches; ++batch) reflected.push_back(run.reflected(bin, batch));
  all["reflected"] = array(reflected, {run.layout.bins, photon_batches});
  const char* const names[] = {"specular", "diffuse", "transmitted", "absorbed", "roulette", "cut"};
  for (int n = 0; n < PhotonAccount::count; ++n) all[names[n]] = run.account(n);
  if (job.settings.map != PhotonMap::none) {
    std::vector<double> map;
    const double unit = job.settings.map == PhotonMap::absorption ? PhotonUnits::weight : -PhotonUnits::path;
    for (int k = 0; k < run.layout.cells; ++k) map.push_back(run.map(k, unit));
    all["map"] = array(map, shape_of(job.medium));
  }
  return all;
}

py::dict follow(const PhotonMedium& medium, std::uint64_t photons, double anisotropy, double index, double index_plate,
                double index_above, double index_below, double inner, double width, int bins, bool by_area, bool diffuse,
                const std::string& map, std::uint64_t seed, const std::string& backend_wanted,
                const std::function<void(double)>& progress, const std::optional<Tiles>& tiles) {
  PhotonJob job{medium, {}, photons};
  job.settings.beam = {.inner = inner, .width = width, .bins = bins, .by_area = by_area, .diffuse = diffuse};
  if (tiles) {
    const auto& [across, x, y, side] = *tiles;
    job.settings.beam.tiles = {.across = across, .x = x, .y = y, .side = side};
  }
  job.settings.anisotropy = anisotropy;
  job.settings.index = index;
  job.settings.index_plate = index_plate;
  job.settings.index_above = index_above;
  job.settings.index_below = index_below;
  job.settings.map = map_of(map);
  job.settings.seed = seed;
  const Backend wanted = backend(backend_wanted);
  RunMonitor monitor;
  PhotonRun run{};
  supervise(
      monitor, [&] { run = run_photons(job, wanted, monitor); },
      [&] {
        if (progress) progress(monitor.progress.load());
      });
  return told(run, job);
}

}  // namespace

void bind_photons(py::module_& module) {
  py::class_<PhotonMedium>(module, "PhotonMedium")
      .def_static(
          "rings",
          [](const Numbers& r_face, const Numbers& z_face, const Numbers& absorption, const Numbers& scattering) {
            PhotonMedium medium;
            medium.r_face = values(r_face);
            medium.z_face = values(z_face);
            fill_cells(medium, absorption, scattering);
            return medium;
          },
          py::arg("r_face"), py::arg("z_face"), py::arg("absorption"), py::arg("scattering"))
      .def_static(
          "boxes",
          [](const Numbers& x_face, const Numbers& y_face, const Numbers& z_face, const Numbers& absorption,
             const Numbers& scattering) {
            PhotonMedium medium;
            medium.boxes = true;
            medium.x_face = values(x_face);
            medium.y_face = values(y_face);
            medium.z_face = values(z_face);
            fill_cells(medium, absorption, scattering);
            return medium;
          },
          py::arg("x_face"), py::arg("y_face"), py::arg("z_face"), py::arg("absorption"), py::arg("scattering"))
      .def_readonly("r_face", &PhotonMedium::r_face)
      .def_readonly("x_face", &PhotonMedium::x_face)
      .def_readonly("y_face", &PhotonMedium::y_face)
      .def_readonly("z_face", &PhotonMedium::z_face)
      .def_property_readonly("absorption", [](const PhotonMedium& m) { return coefficients(m, &OpticalCell::absorption); })
      .def_property_readonly("scattering", [](const PhotonMedium& m) { return coefficients(m, &OpticalCell::scattering); });
  py::class_<OpticalScene>(module, "OpticalScene")
      .def(py::init(&scene), py::arg("document"), py::arg("r_face"), py::arg("z_face"), py::arg("pools"), py::arg("time_day"),
           py::arg("age_day"))
      .def(
          "medium", [](const OpticalScene& scene, int band, bool with_dot) { return scene.medium(known_band(band), with_dot); },
          py::arg("band"), py::arg("with_dot"))
      .def("look", &appearance, py::arg("colour") = true)
      .def_property_readonly("anisotropy", [](const OpticalScene& scene) { return scene.settings().anisotropy; })
      .def_property_readonly("index", [](const OpticalScene& scene) { return scene.settings().index; })
      .def_property_readonly("index_plate", [](const OpticalScene& scene) { return scene.settings().index_plate; });
  py::class_<SpaceScene>(module, "SpaceScene")
      .def(py::init(&space_scene), py::arg("document"), py::arg("x_face"), py::arg("y_face"), py::arg("z_face"), py::arg("pools"),
           py::arg("time_day"))
      .def(
          "medium", [](const SpaceScene& scene, int band) { return scene.medium(known_band(band)); }, py::arg("band"))
      .def(
          "skin", [](const SpaceScene& scene, int band) { return scene.skin(known_band(band)); }, py::arg("band"))
      .def_property_readonly("anisotropy", [](const SpaceScene& scene) { return scene.settings().anisotropy; })
      .def_property_readonly("index", [](const SpaceScene& scene) { return scene.settings().index; })
      .def_property_readonly("index_plate", [](const SpaceScene& scene) { return scene.settings().index_plate; });
  module.attr("photon_batches") = photon_batches;
  module.attr("most_photon_bins") = most_photon_bins;
  module.attr("most_photons") = PhotonUnits::most_photons;
  module.def("whole_batches", &whole_batches, py::arg("wanted"), py::arg("bins"));
  module.def("follow_photons", &follow, py::arg("medium"), py::arg("photons"), py::arg("anisotropy"), py::arg("index"),
             py::arg("index_plate"), py::arg("index_above"), py::arg("index_below"), py::arg("inner"), py::arg("width"),
             py::arg("bins"), py::arg("by_area"), py::arg("diffuse"), py::arg("map"), py::arg("seed"), py::arg("backend"),
             py::arg("progress"), py::arg("tiles") = py::none());
}

}  // namespace dermaflux
