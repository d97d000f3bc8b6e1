#include "core/solver/photon_job.hpp"

#include <string>

#include "core/error.hpp"
#include "core/number_text.hpp"

namespace dermaflux {
namespace {

void require(bool good, const std::string& what) {
  if (!good) throw InputError(what);
}

void check_faces(const std::vector<double>& faces, const char* name, bool from_zero) {
  if (from_zero) require(!faces.empty() && faces.front() == 0.0, std::string(name) + " must begin with 0");
  for (std::size_t n = 1; n < faces.size(); ++n)
    require(faces[n] > faces[n - 1],
            std::string(name) + " must increase, but " + number_text(faces[n]) + " follows " + number_text(faces[n - 1]));
}

void check_medium(const PhotonMedium& m) {
  check_faces(m.z_face, "z_face", true);
  require(m.z_face.size() >= 2, "z_face needs at least two values, the surface and the end of the first row");
  for (std::size_t n = 0; n + 1 < m.z_face.size(); ++n)
    require(std::isfinite(m.z_face[n]), "z_face may be infinite at its end only");
  std::size_t across = m.r_face.size();
  if (m.boxes) {
    check_faces(m.x_face, "x_face", false);
    check_faces(m.y_face, "y_face", false);
    across = (m.x_face.size() + 1) * (m.y_face.size() + 1);
  } else {
    check_faces(m.r_face, "r_face", true);
  }
  const std::size_t expected = across * (m.z_face.size() - 1);
  require(m.cells.size() == expected,
          "the medium has " + std::to_string(m.cells.size()) + " cells, but its faces make " + std::to_string(expected));
  for (std::size_t k = 0; k < m.cells.size(); ++k) {
    const OpticalCell& cell = m.cells[k];
    const auto check = [&](const char* name, double value) {
      require(value >= 0.0 && std::isfinite(value), std::string(name) + " = " + number_text(value) + " per metre in cell " +
                                                        std::to_string(k) +
                                                        " (an albedo below 0 or above 1, or no number); use a "
                                                        "finite number from 0 on");
    };
    check("absorption", cell.absorption);
    check("scattering", cell.scattering);
  }
}

}  // namespace

std::uint64_t whole_batches(std::uint64_t wanted, int bins) {
  const std::uint64_t group = static_cast<std::uint64_t>(bins) * photon_batches;
  return (wanted + group - 1) / group * group;
}

void check_job(const PhotonJob& job) {
  const PhotonSettings& s = job.settings;
  check_medium(job.medium);
  require(std::fabs(s.anisotropy) < 1.0,
          "anisotropy g = " + number_text(s.anisotropy) + " is out of range; use -1 to 1, ends excluded");
  for (const double index : {s.index, s.index_plate, s.index_above, s.index_below})
    require(index >= 1.0 && index <= 4.0, "refractive index " + number_text(index) + " is out of range; use 1 to 4");
  require(s.beam.bins >= 1 && s.beam.bins <= most_photon_bins,
          "the beam needs 1 to " + std::to_string(most_photon_bins) + " rings or tiles, not " + std::to_string(s.beam.bins));
  require(s.beam.inner >= 0.0 && s.beam.width >= 0.0 && std::isfinite(s.beam.inner + s.beam.bins * s.beam.width),
          "the radii of the beam must be finite and not negative");
  const SurfaceTiles& tiles = s.beam.tiles;
  if (tiles.across != 0)
    require(tiles.across > 0 && s.beam.bins % tiles.across == 0 && tiles.side > 0.0 &&
                std::isfinite(tiles.x + tiles.y + s.beam.bins * tiles.side),
            "the tiles of the beam need a finite place, a side above 0 and whole rows: " + std::to_string(s.beam.bins) +
                " of them, " + std::to_string(tiles.across) + " in a row of sides of " + number_text(tiles.side) + " m");
  require(s.roulette.threshold >= 0.0 && s.roulette.threshold < 1.0 && s.roulette.chance > 0.0 && s.roulette.chance <= 1.0,
          "roulette needs a threshold from 0 to below 1 and a chance above 0, at most 1");
  require(job.photons > 0 && job.photons == whole_batches(job.photons, s.beam.bins),
          "photons = " + std::to_string(job.photons) + " do not fill " + std::to_string(photon_batches) + " batches of " +
              std::to_string(s.beam.bins) + " rings or tiles; use " +
              std::to_string(whole_batches(job.photons + (job.photons == 0), s.beam.bins)));
  require(job.photons <= static_cast<std::uint64_t>(PhotonUnits::most_photons),
          "photons = " + std::to_string(job.photons) + " are more than the sums hold; use at most " +
              std::to_string(PhotonUnits::most_photons) + ", or several seeds");
}

double PhotonRun::account(int n) const {
  return static_cast<double>(sums[static_cast<std::size_t>(n)]) * PhotonUnits::weight / static_cast<double>(photons);
}

double PhotonRun::reflected(int bin, int batch) const {
  const double share = static_cast<double>(photons) / (layout.bins * photon_batches);
  return static_cast<double>(sums[static_cast<std::size_t>(layout.reflected(bin, batch))]) * PhotonUnits::weight / share;
}

Estimate PhotonRun::reflectance(int bin) const {
  const int first = bin < 0 ? 0 : bin, last = bin < 0 ? layout.bins : bin + 1;
  double sum = 0.0, squares = 0.0;
  for (int batch = 0; batch < photon_batches; ++batch) {
    double one = 0.0;
    for (int b = first; b < last; ++b) one += reflected(b, batch) / (last - first);
    sum += one;
    squares += one * one;
  }
  const double mean = sum / photon_batches, variance = larger(squares / photon_batches - mean * mean, 0.0);
  return {mean, std::sqrt(variance / (photon_batches - 1))};
}

double PhotonRun::map(int cell, double unit) const {
  return static_cast<double>(sums[static_cast<std::size_t>(layout.map(cell))]) * unit / static_cast<double>(photons);
}

}  // namespace dermaflux
