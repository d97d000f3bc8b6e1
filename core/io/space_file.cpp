#include "core/io/space_file.hpp"

#include <string>

#include "core/io/run_file.hpp"
#include "core/units.hpp"

namespace dermaflux {
namespace {

using Integers = std::vector<std::int64_t>;

std::vector<double> centres(const std::vector<double>& faces) {
  std::vector<double> result;
  for (std::size_t n = 0; n + 1 < faces.size(); ++n) result.push_back(0.5 * (faces[n] + faces[n + 1]));
  return result;
}

/// Blocks of cells, z fastest as computed, turned to x fastest as files want them.
std::vector<double> turned(const SpaceFields& f, const float* from) {
  const std::size_t n_x = f.x_face.size() - 1, n_y = f.y_face.size() - 1, n_z = f.z_face.size() - 1;
  std::vector<double> to;
  to.reserve(f.cells());
  for (std::size_t k = 0; k < n_z; ++k)
    for (std::size_t j = 0; j < n_y; ++j)
      for (std::size_t i = 0; i < n_x; ++i) to.push_back(static_cast<double>(from[(i * n_y + j) * n_z + k]));
  return to;
}

void described(Hdf5File& file, const std::string& name, const std::string& unit, const std::string& meaning) {
  file.attribute(name, "units", unit);
  file.attribute(name, "long_name", meaning);
}

void write_axis(Hdf5File& file, const std::string& name, const std::vector<double>& faces, const std::string& meaning) {
  file.scale(name, centres(faces));
  described(file, name, "m", meaning);
  file.plain(name + "_face", faces);
}

/// The tissue: a rectilinear grid with time steps.
void write_tissue(Hdf5File& file, const SpaceFields& f, const std::vector<double>& days) {
  const std::string at = "VTKHDF/tissue", data = at + "/CellData/";
  for (const char* part : {"", "/CellData", "/Steps", "/Steps/CellDataOffsets"}) file.group(at + part, true);
  file.attribute(at, "Type", std::string("RectilinearGrid"));
  file.attribute(at, "Version", Integers{2, 8});
  file.attribute(at, "Index", Integers{0});
  const auto count = [](const std::vector<double>& faces) { return static_cast<std::int64_t>(faces.size()); };
  file.attribute(at, "Dimensions", Integers{count(f.x_face), count(f.y_face), count(f.z_face)});
  file.plain(at + "/XCoordinates", f.x_face);
  file.plain(at + "/YCoordinates", f.y_face);
  file.plain(at + "/ZCoordinates", f.z_face);
  file.attribute(at + "/Steps", "NSteps", Integers{count(days)});
  file.plain(at + "/Steps/Values", days);
  Integers offsets;
  for (std::size_t m = 0; m < days.size(); ++m) offsets.push_back(static_cast<std::int64_t>(m));
  const std::vector<std::string> dimensions = {"time", "z", "y", "x"};
  const auto write = [&](const std::string& name, const std::vector<double>& values, const SeriesColumn& column) {
    file.dataset(data + name, values, dimensions, true);
    described(file, data + name, column.unit, column.meaning);
    file.link(data + name, "box_" + name);
    file.integers(at + "/Steps/CellDataOffsets/" + name, offsets);
  };
  std::vector<double> total(days.size() * f.cells(), 0.0);
  for (std::size_t pool = 0; pool < pool_columns().size(); ++pool) {
    std::vector<double> values;
    values.reserve(total.size());
    for (std::size_t m = 0; m < days.size(); ++m) {
      const std::vector<double> block = turned(f, f.pools.data() + (5 * m + pool) * f.cells());
      values.insert(values.end(), block.begin(), block.end());
    }
    for (std::size_t k = 0; k < total.size(); ++k) total[k] += values[k];
    write(pool_columns()[pool].name, values, pool_columns()[pool]);
  }
  write("pigment", total, {"pigment", "kg m-3", "all pigment per tissue volume", 1.0});
  // What stays as it is has one step, which all steps of time show.
  const auto still = [&](const std::string& name, const std::vector<float>& values, const std::string& meaning) {
    file.shaped(data + name, turned(f, values.data()), {1, f.z_face.size() - 1, f.y_face.size() - 1, f.x_face.size() - 1});
    described(file, data + name, "1", meaning);
    file.integers(at + "/Steps/CellDataOffsets/" + name, Integers(days.size(), 0));
  };
  std::vector<float> layers;
  for (std::size_t k = 0; k < f.cells(); ++k) layers.push_back(static_cast<float>(f.layer(k)));
  still("layer", layers, "layer of the skin, 0 at the surface, in the order of skin.layers");
  still("permeability_ratio", f.resistance, "permeability over that of plain skin at that depth");
}

/// The prongs' paths: one line each, from where it enters to its deepest point, the same at all time steps.
void write_needle(Hdf5File& file, const SpaceFields& f, std::size_t steps, const std::vector<double>& days) {
  const std::string at = "VTKHDF/needle";
  const std::int64_t lines = static_cast<std::int64_t>(f.tracks.size());
  for (const char* part : {"", "/CellData", "/Steps", "/Steps/CellDataOffsets"}) file.group(at + part, true);
  file.attribute(at, "Type", std::string("PolyData"));
  file.attribute(at, "Version", Integers{2, 8});
  file.attribute(at, "Index", Integers{1});
  std::vector<double> points, dots;
  Integers ends{0}, corners;
  for (const TrackLine& t : f.tracks) {
    points.insert(points.end(), {t.x, t.y, 0.0, t.tip_x, t.tip_y, t.tip_z});
    corners.insert(corners.end(), {ends.back(), ends.back() + 1});
    ends.push_back(ends.back() + 2);
    dots.push_back(t.dot);
  }
  file.plain(at + "/Points", points, 3);
  file.integers(at + "/NumberOfPoints", {2 * lines});
  for (const char* kind : {"Vertices", "Lines", "Polygons", "Strips"}) {
    const std::string of = at + "/" + kind;
    const bool here = std::string(kind) == "Lines";
    file.group(of, true);
    file.integers(of + "/NumberOfCells", {here ? lines : 0});
    file.integers(of + "/NumberOfConnectivityIds", {here ? 2 * lines : 0});
    file.integers(of + "/Offsets", here ? ends : Integers{0});
    file.integers(of + "/Connectivity", here ? corners : Integers{});
  }
  file.plain(at + "/CellData/dot", dots);
  file.attribute(at + "/Steps", "NSteps", Integers{static_cast<std::int64_t>(steps)});
  file.plain(at + "/Steps/Values", days);
  const Integers none(steps, 0), none_of_four(4 * steps, 0);
  for (const char* name : {"PartOffsets", "PointOffsets"}) file.integers(at + "/Steps/" + name, none);
  file.integers(at + "/Steps/NumberOfParts", Integers(steps, 1));
  for (const char* name : {"CellOffsets", "ConnectivityIdOffsets"}) file.integers(at + "/Steps/" + name, none_of_four, 4);
  file.integers(at + "/Steps/CellDataOffsets/dot", none);
}

}  // namespace

void write_space(Hdf5File& file, const SpaceFields& f, const std::vector<double>& days) {
  write_axis(file, "x", f.x_face, "along the surface from the middle of the box, cell centres");
  write_axis(file, "y", f.y_face, "along the surface, across x, cell centres");
  file.group("VTKHDF", true);
  file.attribute("VTKHDF", "Type", std::string("MultiBlockDataSet"));
  file.attribute("VTKHDF", "Version", Integers{2, 8});
  file.group("VTKHDF/Steps", true);
  file.attribute("VTKHDF/Steps", "NSteps", Integers{static_cast<std::int64_t>(days.size())});
  file.plain("VTKHDF/Steps/Values", days);
  write_tissue(file, f, days);
  write_needle(file, f, days.size(), days);
  file.group("VTKHDF/Assembly", true);
  file.soft_link("/VTKHDF/tissue", "VTKHDF/Assembly/tissue");
  file.soft_link("/VTKHDF/needle", "VTKHDF/Assembly/needle");

  const std::string names[5] = {"box_suspended", "box_captured", "box_carrier", "box_fluid", "box_pressure"};
  const std::string units[5] = {"kg m-3", "kg m-3", "1", "1", "Pa"};
  const std::string meanings[5] = {"suspended pigment after the last track has closed", "pigment captured by the matrix then",
                                   "ink carrier per tissue volume then", "pore fluid per tissue volume then", "pore pressure then"};
  for (std::size_t n = 0; n < 5; ++n) {
    file.dataset(names[n], turned(f, f.insertion.data() + n * f.cells()), {"z", "y", "x"}, true);
    described(file, names[n], units[n], meanings[n]);
  }
  file.dataset("box_permeability_ratio", turned(f, f.resistance.data()), {"z", "y", "x"}, true);
  described(file, "box_permeability_ratio", "1",
            "permeability over that of plain skin at that depth (follicle, sheath, scar, ridge)");
  if (!f.epidermal.empty()) {
    file.dataset("box_epidermis_share", turned(f, f.epidermal.data()), {"z", "y", "x"}, true);
    described(file, "box_epidermis_share", "1", "share of epidermis in the cell, under the ridges of the junction");
  }
  std::vector<double> lines;
  for (const TrackLine& t : f.tracks) lines.insert(lines.end(), {double(t.dot), t.x, t.y, 0.0, t.tip_x, t.tip_y, t.tip_z});
  file.plain("tracks", lines, 7);
  described(file, "tracks", "m", "per prong: dot, then x, y, z where it enters and x, y, z of its deepest point");
}

}  // namespace dermaflux
