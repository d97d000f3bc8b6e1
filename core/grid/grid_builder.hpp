#pragma once
#include <string_view>
#include <vector>

namespace dermaflux {

/// Rings of the quick grid; light is solved on as many at every level.
inline constexpr int coarsest_rings = 16;

/// How fine the computation is: 16 x 64, 32 x 128, 64 x 256 or 128 x 512 cells, and time steps to match.
enum class GridLevel : int { quick = 0, standard = 1, fine = 2, finest = 3 };
inline constexpr GridLevel grid_levels[] = {GridLevel::quick, GridLevel::standard, GridLevel::fine, GridLevel::finest};

/// "quick", "standard", "fine" or "finest"; InputError otherwise.
GridLevel grid_level(std::string_view name);
std::string_view grid_level_name(GridLevel level);

/// Extent of a grid [m].
struct GridExtent {
  double radius;      ///< outermost ring
  double fine_depth;  ///< rows are equal down to here
  double depth;       ///< and grow to here
};

/// Face coordinates of one grid, on the host [m].
struct GridFaces {
  std::vector<double> r, z;
};

/// Grid of one puncture. Rings: an innermost one of 6, 4.2, 3 or 2.1 um, then one of 8 um (quick; half of it on the next level,
/// and so on) and growing geometrically. Rows: four fifths of them equal, the others growing geometrically.
GridFaces build_grid(GridLevel level, const GridExtent& extent);

}  // namespace dermaflux
