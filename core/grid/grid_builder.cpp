#include "core/grid/grid_builder.hpp"

#include <cmath>
#include <string>

#include "core/error.hpp"
#include "core/units.hpp"

namespace dermaflux {
namespace {

/// Appends `count` intervals to `faces`, the first of width `first`, growing by a constant ratio so that the last face is `end`.
void append_growing(std::vector<double>& faces, int count, double first, double end) {
  const double rest = end - faces.back();
  double low = 1.0, high = 4.0;
  for (int k = 0; k < 100; ++k) {
    const double ratio = 0.5 * (low + high);
    double sum = 0.0, width = first;
    for (int n = 0; n < count; ++n, width *= ratio) sum += width;
    (sum < rest ? low : high) = ratio;
  }
  double width = first;
  for (int n = 0; n < count; ++n, width *= low) faces.push_back(faces.back() + width);
  faces.back() = end;
}

}  // namespace

GridLevel grid_level(std::string_view name) {
  for (const GridLevel level : grid_levels)
    if (name == grid_level_name(level)) return level;
  throw InputError("grid = \"" + std::string(name) + "\" is not a grid level; use quick, standard, fine or finest");
}

std::string_view grid_level_name(GridLevel level) {
  constexpr std::string_view names[] = {"quick", "standard", "fine", "finest"};
  return names[static_cast<int>(level)];
}

GridFaces build_grid(GridLevel level, const GridExtent& extent) {
  const int scale = 1 << static_cast<int>(level), rings = coarsest_rings * scale, rows = 64 * scale, equal = 52 * scale;
  GridFaces faces;
  faces.r = {0.0, 6.0 * units::um / std::sqrt(scale)};
  append_growing(faces.r, rings - 1, 8.0 * units::um / scale, extent.radius);
  for (int j = 0; j <= equal; ++j) faces.z.push_back(extent.fine_depth * j / equal);
  append_growing(faces.z, rows - equal, extent.fine_depth / equal, extent.depth);
  return faces;
}

}  // namespace dermaflux
