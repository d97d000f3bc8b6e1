#pragma once
#include <cmath>
#include <vector>

#include "core/grid/cartesian_builder.hpp"
#include "core/grid/grid_builder.hpp"
#include "core/solver/space_problem.hpp"
#include "core/treatment/puncture.hpp"
#include "core/treatment/treatment.hpp"

namespace dermaflux {

/// One dot of a box: where its needle points, and how deep.
struct SpaceDot {
  double x, y;            ///< where the middle of the needle enters [m]
  double tip_depth;       ///< of the middle of the needle, normal to the surface [m]
  double angle, azimuth;  ///< of the needle from the normal, and where its tips point [rad]

  /// Where the middle of its track lies, seen from above [m].
  double middle_x() const { return x + 0.5 * std::tan(angle) * tip_depth * std::cos(azimuth); }
  double middle_y() const { return y + 0.5 * std::tan(angle) * tip_depth * std::sin(azimuth); }
};

/// The dots of a treatment, in the order in which they are laid: row by row. Several have the jitter of a hand in place, depth and
/// angle, each drawn from `geometry.seed` and the dot's number alone.
std::vector<SpaceDot> space_dots(const Treatment& treatment, const Puncture& puncture);

/// Where the tracks of one dot lie; views are bound later.
std::vector<SpaceTrack> dot_tracks(const Treatment& treatment, const SpaceDot& dot);

/// Faces of the box of a treatment: fine around all tracks, with the rows of the axisymmetric grid. Throws InputError where it
/// would need more cells than `most`, saying what would fit.
CartesianFaces space_faces(const Treatment& treatment, const Puncture& puncture, GridLevel level, long long most);

/// Width of the finest cells of a level [m].
double finest_cell(GridLevel level);

}  // namespace dermaflux
