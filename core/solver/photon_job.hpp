#pragma once
#include <cmath>
#include <utility>
#include <vector>

#include "core/solver/photon_problem.hpp"

namespace dermaflux {

/// What light meets, on the host: cells of rings and rows (r, z), or of boxes (x, y, z). Outermost cells have no end sideways; the
/// last face downward may be infinity.
struct PhotonMedium {
  bool boxes = false;
  std::vector<double> r_face;          ///< inner radius of each ring, from 0 on [m]
  std::vector<double> x_face, y_face;  ///< between the boxes [m]
  std::vector<double> z_face;          ///< from 0 on [m]
  std::vector<OpticalCell> cells;      ///< z fastest, then y, slowest r or x
};

/// Photons to be followed.
struct PhotonJob {
  PhotonMedium medium;
  PhotonSettings settings;
  std::uint64_t photons;  ///< a multiple of bins x batches, see `whole_batches`

  PhotonLayout layout() const { return PhotonLayout::of(settings, static_cast<int>(medium.cells.size())); }
};

/// The least number of photons from `wanted` on that fills all rings or tiles of the beam and all batches alike.
std::uint64_t whole_batches(std::uint64_t wanted, int bins);

/// Throws InputError where a job makes no sense: negative or infinite coefficients, faces that do not increase, g, indices,
/// numbers.
void check_job(const PhotonJob& job);

/// Views of a medium that lies at these addresses (a device's, perhaps), in the order r, x, y, z, cells.
struct PhotonAddresses {
  const double *r_face, *x_face, *y_face, *z_face;
  const OpticalCell* cells;
};
inline PhotonAddresses addresses(const PhotonMedium& m) {
  return {m.r_face.data(), m.x_face.data(), m.y_face.data(), m.z_face.data(), m.cells.data()};
}

/// Calls `use` with the problem of a job on the geometry that it has.
template <class Use>
void with_problem(const PhotonJob& job, const PhotonAddresses& at, Use use) {
  const PhotonMedium& m = job.medium;
  const auto view = [](const double* data, const std::vector<double>& values) {
    return FieldView<const double>{data, static_cast<int>(values.size()), 0};
  };
  const FieldView<const OpticalCell> cells{at.cells, static_cast<int>(m.cells.size()), 0};
  const int rows = static_cast<int>(m.z_face.size()) - 1;
  if (m.boxes)
    use(PhotonProblem<VoxelCells>{{.n_x = static_cast<int>(m.x_face.size()) + 1,
                                   .n_y = static_cast<int>(m.y_face.size()) + 1,
                                   .n_z = rows,
                                   .x_face = view(at.x_face, m.x_face),
                                   .y_face = view(at.y_face, m.y_face),
                                   .z_face = view(at.z_face, m.z_face)},
                                  cells,
                                  job.settings});
  else
    use(PhotonProblem<RingCells>{{.n_r = static_cast<int>(m.r_face.size()),
                                  .n_z = rows,
                                  .r_face = view(at.r_face, m.r_face),
                                  .z_face = view(at.z_face, m.z_face)},
                                 cells,
                                 job.settings});
}

/// A mean and its standard error.
struct Estimate {
  double mean, error;
};

/// What came of a job.
struct PhotonRun {
  PhotonLayout layout;
  std::uint64_t photons;
  std::vector<long long> sums;

  /// Share of the light that went there [-].
  double account(int n) const;
  /// Diffuse reflectance of one ring or tile of the beam in one batch [-].
  double reflected(int bin, int batch) const;
  /// Diffuse reflectance of one ring or tile, or of all together (-1).
  Estimate reflectance(int bin = -1) const;
  /// Map of one cell per photon: absorbed weight [-], or weighted path [m].
  double map(int cell, double unit) const;
};

}  // namespace dermaflux
