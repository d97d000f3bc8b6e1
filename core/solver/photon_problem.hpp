#pragma once
#include <cstdint>
#include <type_traits>

#include "core/grid/ring_cells.hpp"
#include "core/grid/voxel_cells.hpp"
#include "core/physics/philox.hpp"
#include "core/physics/photon_laws.hpp"

namespace dermaflux {

/// What one cell does to light [1/m].
struct OpticalCell {
  double absorption, scattering;
  bool operator==(const OpticalCell&) const = default;
};

/// Square tiles side by side on the surface; the first begins at its least x and y.
struct SurfaceTiles {
  int across;         ///< tiles along x, in which direction they are counted first; 0 for none
  double x, y, side;  ///< where the first begins, and of each [m]
};

/// A place on the surface [m].
struct SurfacePoint {
  double x, y;
};

/// Where and how photons enter: at a radius that is uniform within each of some rings of equal width (or uniform by area), or
/// evenly over each of some tiles; along the normal or with the directions of diffuse light (by the cosine with the normal). Width
/// 0 is a pencil.
struct PhotonBeam {
  double inner, width;  ///< of the first ring [m]
  int bins;             ///< rings or tiles; photon n enters in that of the number n modulo bins
  bool by_area, diffuse;
  SurfaceTiles tiles{.across = 0, .x = 0.0, .y = 0.0, .side = 0.0};  ///< in place of rings

  DF_FUNCTION double radius(int bin, double u) const {
    const double low = inner + bin * width, high = low + width;
    return by_area ? std::sqrt(low * low + u * (high * high - low * low)) : low + u * width;
  }
  /// Where a photon enters, from two uniform numbers.
  DF_FUNCTION SurfacePoint entry(int bin, double u, double v) const {
    if (tiles.across > 0) return {tiles.x + (bin % tiles.across + u) * tiles.side, tiles.y + (bin / tiles.across + v) * tiles.side};
    const double distance = radius(bin, u);
    const Angle round = lane_turn(v);
    return {distance * round.cosine, distance * round.sine};
  }
};

/// What is written down per cell.
enum class PhotonMap : int {
  none,
  absorption,   ///< absorbed weight
  sensitivity,  ///< path weighted by the weight that comes out of the surface: -dR/dmu_a
};

/// Where the weight of the photons went. All together make up what was sent in.
struct PhotonAccount {
  enum : int { specular, reflected, transmitted, absorbed, roulette, cut, count };
};

/// Sums are kept as integers, so that no order of addition and no number of threads changes a bit: weights in units of 2^-32, paths
/// in units of 2^-34 m. A run of 2^30 photons whose mean weight is at most 1, or mean weighted path in a cell at most 0.5 m, stays
/// below 2^63. Rounding is 1.2e-10 per weight, 29 pm per path.
struct PhotonUnits {
  static constexpr double weight = 0x1p-32, path = 0x1p-34;
  static constexpr long most_photons = 1L << 30;
  DF_FUNCTION static long long count(double amount, double unit) {
    const double scaled = amount / unit;
    return static_cast<long long>(scaled + (scaled < 0.0 ? -0.5 : 0.5));
  }
};

/// Batches into which a run's photons are dealt; their scatter is the standard error.
inline constexpr int photon_batches = 64;
/// Rings or tiles that a beam has at most: the sums of one thread then take 32 MiB.
inline constexpr int most_photon_bins = 1 << 16;

/// What does not depend on the geometry.
struct PhotonSettings {
  PhotonBeam beam{.inner = 0.0, .width = 0.0, .bins = 1, .by_area = false, .diffuse = false};
  double anisotropy = 0.0;                                    ///< g [-]
  double index = 1.0;                                         ///< refractive, of the medium [-]
  double index_plate = 1.0;                                   ///< of a thin plate on top, such as the stratum corneum [-]
  double index_above = 1.0;                                   ///< of what lies above [-]
  double index_below = 1.0;                                   ///< and below, if the medium ends [-]
  RussianRoulette roulette{.threshold = 0.3, .chance = 0.5};  ///< measured best for skin: less time for equal error
  PhotonMap map = PhotonMap::none;
  std::uint64_t seed = 1;
  std::uint32_t most_flights = 1000000;  ///< a photon is given up after so many, or faces in one; its weight is booked as cut
};

/// Order of the sums: accounts, reflected weight per ring or tile of the beam and batch, map of the cells.
struct PhotonLayout {
  int bins, cells;
  DF_FUNCTION int reflected(int bin, int batch) const { return PhotonAccount::count + bin * photon_batches + batch; }
  DF_FUNCTION int map(int cell) const { return reflected(bins, 0) + cell; }
  DF_FUNCTION int length() const { return map(cells); }

  /// For a medium of so many cells, of which only a map has use.
  DF_FUNCTION static PhotonLayout of(const PhotonSettings& settings, int cells) {
    return {settings.beam.bins, settings.map == PhotonMap::none ? 0 : cells};
  }
};

/// One source of photons in one medium.
template <class Geometry>
struct PhotonProblem {
  Geometry geometry;
  FieldView<const OpticalCell> cells;
  PhotonSettings settings;

  DF_FUNCTION PhotonLayout layout() const { return PhotonLayout::of(settings, cells.size); }
  /// Numbers of one flight of one photon: the counter is (flight, 0, photon), so that each can be had alone.
  DF_FUNCTION Words draw(std::uint64_t photon, std::uint32_t flight) const {
    const Philox philox{static_cast<std::uint32_t>(settings.seed), static_cast<std::uint32_t>(settings.seed >> 32)};
    return philox({flight, 0, static_cast<std::uint32_t>(photon), static_cast<std::uint32_t>(photon >> 32)});
  }
};

static_assert(std::is_trivially_copyable_v<PhotonProblem<RingCells>> && std::is_trivially_copyable_v<PhotonProblem<VoxelCells>>);

}  // namespace dermaflux
