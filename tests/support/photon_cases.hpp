#pragma once
#include <cmath>
#include <vector>

#include "core/physics/photon_laws.hpp"
#include "core/units.hpp"
#include "kernels/run.hpp"

/// Media of the photon tests, and exact answers.
namespace dermaflux::test {

inline constexpr double endless = HUGE_VAL;  ///< thickness of a layer

/// Layers from the surface down; the last may have no end.
struct Layer {
  double thickness;  ///< [m]
  OpticalCell cell;
};

inline PhotonMedium layered(const std::vector<Layer>& layers) {
  PhotonMedium medium;
  medium.r_face = {0.0};
  medium.z_face = {0.0};
  for (const Layer& layer : layers) {
    medium.z_face.push_back(medium.z_face.back() + layer.thickness);
    medium.cells.push_back(layer.cell);
  }
  return medium;
}

inline PhotonJob job_of(const PhotonMedium& medium, std::uint64_t photons, double anisotropy = 0.0, double index = 1.0) {
  PhotonJob job{medium, {}, photons};
  job.settings.anisotropy = anisotropy;
  job.settings.index = index;
  return job;
}

inline PhotonRun follow(const PhotonJob& job, Backend backend = Backend::kokkos) {
  RunMonitor monitor;
  return run_photons(job, backend, monitor);
}

/// A cylinder of pigment in uniform skin, as in the tables of contrast by depth: 0.15 mm wide and 0.25 mm long.
inline PhotonMedium cylinder(double top, double pigment, const OpticalCell& skin) {
  PhotonMedium medium;
  medium.r_face = {0.0, 75.0 * units::um};
  medium.z_face = {0.0, top, top + 0.25 * units::mm, endless};
  medium.cells.assign(6, skin);
  medium.cells[1].absorption += pigment;
  return medium;
}

/// A dot of ink that is lit in eight rings of the beam.
inline PhotonJob dot_by_rings(std::uint64_t photons) {
  PhotonJob job = job_of(cylinder(0.1 * units::mm, 5e4, {200.0, 20000.0}), photons, 0.8, 1.4);
  job.settings.beam = {.inner = 0.0, .width = 20e-6, .bins = 8, .by_area = false, .diffuse = false};
  return job;
}

/// What the first ring of the beam gets back from one medium more than from another, photons sharing their draws.
inline Estimate difference(const PhotonRun& more, const PhotonRun& less) {
  double mean = 0.0, squares = 0.0;
  for (int batch = 0; batch < photon_batches; ++batch) {
    const double one = more.reflected(0, batch) - less.reflected(0, batch);
    mean += one / photon_batches;
    squares += one * one / photon_batches;
  }
  return {mean, std::sqrt((squares - mean * mean) / (photon_batches - 1))};
}

/// Points and weights of Gauss and Legendre on (0, 1).
struct Gauss {
  std::vector<double> at, weight;
  explicit Gauss(int n) {
    for (int k = 0; k < n; ++k) {
      double x = std::cos(units::pi * (k + 0.75) / (n + 0.5)), slope = 1.0;
      for (int iteration = 0; iteration < 50; ++iteration) {
        double before = 1.0, now = x;
        for (int l = 2; l <= n; ++l) {
          const double next = ((2 * l - 1) * x * now - (l - 1) * before) / l;
          before = now;
          now = next;
        }
        slope = n * (x * now - before) / (x * x - 1.0);
        x -= now / slope;
      }
      at.push_back(0.5 * (1.0 + x));
      weight.push_back(1.0 / ((1.0 - x * x) * slope * slope));
    }
  }
};

/// Chandrasekhar's H function of isotropic scattering at an albedo: 1/H(m) = sqrt(1 - w) + w/2 int_0^1 x H(x)/(m + x) dx. Source:
/// Chandrasekhar 1960, Radiative Transfer, ch. 5; by iteration on 64 points.
class ChandrasekharH {
 public:
  explicit ChandrasekharH(double albedo) : albedo_(albedo), values_(points_.at.size(), 1.0) {
    for (int iteration = 0; iteration < 4000; ++iteration)
      for (std::size_t n = 0; n < values_.size(); ++n) values_[n] = (*this)(points_.at[n]);
  }
  double operator()(double m) const {
    double sum = 0.0;
    for (std::size_t n = 0; n < values_.size(); ++n) sum += points_.weight[n] * points_.at[n] * values_[n] / (m + points_.at[n]);
    return 1.0 / (std::sqrt(1.0 - albedo_) + 0.5 * albedo_ * sum);
  }
  /// Mean over the directions in which light comes out of a matched half-space lit along the normal: what of it passes a layer that
  /// only absorbs, of optical depth `layer`, on its way in and out. Without a layer it is 1 - H(1) sqrt(1 - w).
  double reflectance(double layer = 0.0) const {
    double sum = 0.0;
    for (std::size_t n = 0; n < values_.size(); ++n) {
      const double m = points_.at[n];
      sum += points_.weight[n] * values_[n] * m / (1.0 + m) * std::exp(-layer / m);
    }
    return 0.5 * albedo_ * (*this)(1.0) * sum * std::exp(-layer);
  }

 private:
  double albedo_;
  Gauss points_{64};
  std::vector<double> values_;
};

}  // namespace dermaflux::test
