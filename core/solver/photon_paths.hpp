#pragma once
#include <memory>
#include <vector>

#include "core/grid/field_view.hpp"

namespace dermaflux {

/// What paths of photons depend on: how light is scattered, and the surface it leaves by.
struct PathSettings {
  double anisotropy;   ///< g [-]
  double index;        ///< refractive, of the skin [-]
  double index_plate;  ///< of the stratum corneum on it [-]
  bool operator==(const PathSettings&) const = default;
};

/// What light does where a piece of a path ends: it goes on, it turns, or it turns so sharply that it leaves through the face it
/// came in by, if faces lie in all directions: a turn by an angle a does so with chance (1 - cos a)/2, (1 - g)/2 in the mean. So
/// many turns, the sharpest, are taken for such.
struct PathTurn {
  static constexpr float none = 0.0f, turned = 1.0f, sharp = 2.0f;
};

/// Paths of photons that came in along the normal and went out again, through a half-space that scatters everywhere alike and does
/// not absorb. Lengths are optical depths of scattering, mu_s l. Any skin whose layers scatter by the same phase function has the
/// same paths, stretched by 1/mu_s of where they are, and absorption thins out what comes back along a path by e^-(int mu_a dl). So
/// one set serves every skin, band and time, and what is seen changes smoothly with them. Flights are cut into equal pieces of
/// about `path_stride`, at whose ends pigment is looked for: at the same places for all dots, so that the noise of that is the
/// same, too.
struct PhotonPathView {
  int count = 0;
  double entering = 0.0;               ///< share of the light that passes the surface inwards [-]
  double turn_length = 0.0;            ///< mean over all scatterings of half the pieces before and after
  FieldView<const float> first;        ///< number of the first piece of each path, and one more: exact below 2^24
  FieldView<const float> launched;     ///< photons that were sent in for the paths up to and with this one: exact below 2^24
  FieldView<const float> weight;       ///< of photons each path stands for [-]
  FieldView<const float> x, y, depth;  ///< of each piece: way along the surface, and the depth of its end; `path_pieces` more
  FieldView<const float> length;       ///< of each piece
  FieldView<const float> turn;         ///< a PathTurn for where each piece ends
};

/// The same with the memory.
class PhotonPaths {
 public:
  PhotonPaths(const PathSettings& settings, int count);

  int count() const { return count_; }
  const std::vector<float>& values() const { return values_; }
  /// A view of a copy of the values, which may lie on a device; null for the values themselves.
  PhotonPathView view(const float* copy = nullptr) const;

 private:
  int count_, pieces_ = 0;
  double entering_, turn_length_ = 0.0;
  std::vector<float> values_;
};

/// Optical length of the pieces of a path, about.
inline constexpr double path_stride = 0.8;
/// Pieces that are followed together, so that as many may be read past the end of the last path.
inline constexpr int path_pieces = 32;
/// How many paths there are. The first of them are a smaller set, as evenly spread.
inline constexpr int photon_path_count = 3072;

/// Paths for some settings. The last set asked for is kept, because nearly all runs of a process share it.
std::shared_ptr<const PhotonPaths> photon_paths(const PathSettings& settings);

}  // namespace dermaflux
