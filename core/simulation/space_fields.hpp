#pragma once
#include <cstddef>
#include <vector>

namespace dermaflux {

/// A track of a box, from where it enters the skin to its deepest point [m].
struct TrackLine {
  int dot;
  double x, y;                 ///< where it enters
  double tip_x, tip_y, tip_z;  ///< its deepest point
};

/// What a box keeps of a run. Cells are numbered with z running fastest, then y, then x.
struct SpaceFields {
  std::vector<double> x_face, y_face, z_face;  ///< [m], from the middle of the box and from the surface
  std::vector<float> pools;                    ///< moment x pool x cell [kg/m^3]
  std::vector<float> insertion;   ///< suspended, captured, carrier, fluid, pressure x cell when the last track has closed
  std::vector<float> resistance;  ///< per cell: permeability over that of plain skin there [-]
  std::vector<float> epidermal;   ///< share of epidermis per cell [-]; empty where it is that of the row
  std::vector<TrackLine> tracks;

  bool empty() const { return x_face.empty(); }
  std::size_t cells() const { return (x_face.size() - 1) * (y_face.size() - 1) * (z_face.size() - 1); }
};

}  // namespace dermaflux
