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
  std::vector<float> insertion;      ///< suspended, captured, carrier, fluid, pressure x cell when the last track has closed
  std::vector<float> resistance;     ///< per cell: permeability over that of plain skin there [-]
  std::vector<float> epidermal;      ///< share of epidermis per cell [-]; empty where it is that of the row
  std::vector<double> layers;        ///< depth of the bottom of every layer of the skin [m]
  std::size_t epidermal_layers = 0;  ///< of them, counted from the surface
  std::vector<TrackLine> tracks;

  bool empty() const { return x_face.empty(); }
  /// Number of the layer in which the middle of a cell lies, 0 at the surface; the junction is the surface, where that has ridges.
  std::size_t layer(std::size_t cell) const {
    const std::size_t j = cell % (z_face.size() - 1);
    const double z = 0.5 * (z_face[j] + z_face[j + 1]);
    std::size_t n = 0;
    while (n + 1 < layers.size() && z >= layers[n]) ++n;
    if (epidermal.empty() || epidermal_layers == 0) return n;
    const bool above = epidermal[cell] >= 0.5f;
    if (above) return n < epidermal_layers ? n : epidermal_layers - 1;
    return n < epidermal_layers ? epidermal_layers : n;
  }
  std::size_t cells() const { return (x_face.size() - 1) * (y_face.size() - 1) * (z_face.size() - 1); }
};

}  // namespace dermaflux
