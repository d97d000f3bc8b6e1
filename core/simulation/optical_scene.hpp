#pragma once
#include <memory>
#include <vector>

#include "core/grid/grid_builder.hpp"
#include "core/simulation/outcome.hpp"
#include "core/solver/optics_cycle.hpp"
#include "core/solver/photon_job.hpp"
#include "core/treatment/treatment.hpp"

namespace dermaflux {

/// What light meets column by column, each from the surface down, its last row without end.
struct OpticalColumns {
  std::vector<double> z_face;  ///< of swollen rows; infinity at the end [m]
  std::vector<std::vector<OpticalCell>> dot;
  std::vector<OpticalCell> skin;  ///< without pigment
};

/// A dot and its skin at one time, as light meets them. The coefficients are those of diffusion in the fast look
/// (`OpticalCellStep`), taken on the tissue's own grid; it serves photon transport and the fast look alike.
class OpticalScene {
 public:
  /// `pools`: free, matrix, macrophage, slow and epidermal pigment, pool x cell, rows fastest [kg/m^3]. `time` is since the first
  /// session, `age` that of the pigment, its mean [s].
  OpticalScene(const Treatment& treatment, const GridFaces& faces, std::vector<double> pools, double time, double age);

  /// What photons meet in one band. Around the grid lies plain skin without end. Pigment that absorbs less than a millionth of what
  /// skin does counts as none, and rings and rows that are alike are joined.
  PhotonMedium medium(int band, bool with_dot) const;
  /// The same ring by ring, none joined; without the dot no ring at all. Nothing in it depends on the areas of the rings, so that
  /// they may stand for any columns of tissue.
  OpticalColumns columns(int band, bool with_dot) const;
  /// g, and the refractive indices of the skin and of the stratum corneum on it.
  PhotonSettings settings() const;
  /// The fast look at it, as a run does it, in all bands or in that of the contrast alone. Adds to `view`, if there is one, the
  /// reflectance: band x (place of the view, then skin without a dot) [-].
  Appearance look(bool colour = true, std::vector<double>* view = nullptr) const;
  const SkinClock& clock() const { return clock_; }

 private:
  /// An optical problem with its memory, on a grid so many times coarser than the tissue's.
  struct Bound {
    std::vector<double> constants, state;
    OpticsProblem problem;
    PoolFields pools;
  };
  Bound bind(int coarsening) const;

  Treatment treatment_;
  GridFaces faces_;
  std::vector<double> pools_;
  OpticsParams params_;
  std::shared_ptr<const PhotonPaths> paths_;
  SkinClock clock_;
};

/// What the fast look shows at one of the moments of a run, from the pigment it has recorded (moment x pool x cell): band x (place
/// of the view, then skin without a dot) [-].
std::vector<double> view_of_run(const Treatment& treatment, const Outcome& outcome, const GridFaces& faces,
                                const std::vector<double>& pools, int moment);

}  // namespace dermaflux
