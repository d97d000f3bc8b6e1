#pragma once
#include <vector>

#include "core/grid/cartesian_builder.hpp"
#include "core/simulation/optical_scene.hpp"

namespace dermaflux {

/// A box of tissue at one time, as light meets it: the laws of an OpticalScene, in the cells of the box. All skin is that at the
/// middle of the box, also beyond the border of a scar, and a follicle looks like the skin around it.
class SpaceScene {
 public:
  /// `pools`: free, matrix, macrophage, slow and epidermal pigment, pool x cell, z fastest, then y [kg/m^3]. `time` is since the
  /// treatment [s]. Throws InputError where they do not fit.
  SpaceScene(const Treatment& treatment, CartesianFaces faces, std::vector<double> pools, double time);

  /// What photons meet in one band: the box amid plain skin without end, planes of cells that are alike joined.
  PhotonMedium medium(int band) const;
  /// Plain skin: layers without end sideways.
  PhotonMedium skin(int band) const { return slab(0).medium(band, false); }
  /// As of an OpticalScene.
  PhotonSettings settings() const { return slab(0).settings(); }

 private:
  /// The columns of one x as rings, whose faces mean nothing.
  OpticalScene slab(std::size_t i) const;

  Treatment treatment_;
  CartesianFaces faces_;
  std::vector<double> pools_;
  double time_;
};

}  // namespace dermaflux
