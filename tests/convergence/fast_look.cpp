#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "core/simulation/optical_scene.hpp"
#include "core/solver/insertion_setup.hpp"
#include "tests/support/photon_cases.hpp"
#include "tests/support/small_cases.hpp"

/// The fast look of a run against photon transport in the same skin.
namespace dermaflux {
namespace {

using namespace units;

/// A cylinder of dispersed carbon black, 0.25 mm long, in normal scalp; each cell holds the share of it that it covers.
struct Dot {
  double top_mm, diameter_mm, mass_ng;
};

double covered(double low, double high, double from, double to) {
  return std::fmax(0.0, std::fmin(high, to) - std::fmax(low, from)) / (high - low);
}

OpticalScene scene_of(const Dot& dot, double melanosomes, const std::string& ink = "carbon_black_smp") {
  const Treatment t = test::treatment("normal", {{"skin.melanosome_fraction", std::to_string(melanosomes)}, {"ink.model", ink}});
  const GridFaces faces = build_grid(GridLevel::standard, grid_extent(t));
  const double top = dot.top_mm * mm, bottom = top + 0.25 * mm, radius = 0.5 * dot.diameter_mm * mm;
  const double concentration = dot.mass_ng * 1e-12 / (pi * radius * radius * (bottom - top));
  const std::size_t n_r = faces.r.size() - 1, n_z = faces.z.size() - 1;
  std::vector<double> pools(5 * n_r * n_z, 0.0);
  for (std::size_t i = 0; i < n_r; ++i)
    for (std::size_t j = 0; j < n_z; ++j)
      pools[i * n_z + j] = concentration * covered(faces.r[i] * faces.r[i], faces.r[i + 1] * faces.r[i + 1], 0.0, radius * radius) *
                           covered(faces.z[j], faces.z[j + 1], top, bottom);
  return {t, faces, pools, year, year};
}

/// A hair-thin dot, and around it, to some distance, 4e-6 of its concentration.
double contrast_within(double halo_mm) {
  const Treatment t = test::treatment("normal");
  const GridFaces faces = build_grid(GridLevel::standard, grid_extent(t));
  const double radius = 0.03 * mm, halo = halo_mm * mm, top = 0.1 * mm, bottom = 0.45 * mm;
  const double concentration = 20e-12 / (pi * radius * radius * (bottom - top));
  const std::size_t n_r = faces.r.size() - 1, n_z = faces.z.size() - 1;
  std::vector<double> pools(5 * n_r * n_z, 0.0);
  const auto within = [&](std::size_t i, double end) {
    return covered(faces.r[i] * faces.r[i], faces.r[i + 1] * faces.r[i + 1], 0.0, end * end);
  };
  for (std::size_t i = 0; i < n_r; ++i)
    for (std::size_t j = 0; j < n_z; ++j)
      pools[i * n_z + j] =
          concentration * covered(faces.z[j], faces.z[j + 1], top, bottom) * (within(i, radius) + 4e-6 * within(i, halo));
  return OpticalScene(t, faces, pools, year, year).look().contrast;
}

TEST(FastLook, KnowsADotAsWellWherePigmentReachesFar) {
  // The halo absorbs below 4e-3 of what skin does (it is found where it absorbs more than 1e-3, and 1e-6 is not), and reflectance
  // goes with less than the root of absorption: 2e-3.
  const double alone = contrast_within(0.0);
  for (const double halo_mm : {0.2, 0.4, 0.7, 0.9, 1.1, 1.3}) EXPECT_NEAR(contrast_within(halo_mm), alone, 2e-3) << halo_mm;
}

/// What comes back to the centre of the dot, 60 um wide.
Estimate returned(const OpticalScene& scene, bool with_dot, int band = contrast_band, std::uint64_t photons = 1 << 16) {
  PhotonJob job{scene.medium(band, with_dot), scene.settings(), photons};
  job.settings.beam = {.inner = 0.0, .width = 60 * um, .bins = 1, .by_area = false, .diffuse = false};
  return test::follow(job).reflectance();
}

class FastLookInSkin : public ::testing::TestWithParam<double> {};

TEST_P(FastLookInSkin, HasTheContrastOfPhotonTransportWithin3Percent) {
  // The goal is 0.03. Photons add 3 standard errors of their own: relative errors of both reflectances, independent.
  for (const Dot& dot :
       {Dot{0.05, 0.08, 30}, Dot{0.05, 0.08, 300}, Dot{0.1, 0.15, 3}, Dot{0.1, 0.15, 300}, Dot{0.2, 0.3, 30}, Dot{0.5, 0.5, 300}}) {
    const OpticalScene scene = scene_of(dot, GetParam());
    const Estimate with = returned(scene, true), without = returned(scene, false);
    const double ratio = with.mean / without.mean;
    const double error = ratio * std::hypot(with.error / with.mean, without.error / without.mean);
    EXPECT_NEAR(scene.look().contrast, 1.0 - ratio, 0.03 + 3.0 * error)
        << dot.top_mm << " mm deep, " << dot.diameter_mm << " mm wide, " << dot.mass_ng << " ng";
    EXPECT_LT(error, 0.03);  // the photons can tell a look that is off by a few times its goal
  }
}

TEST_P(FastLookInSkin, HasTheReflectanceOfPhotonTransportInEveryBand) {
  // Paths in the bands aside: 1024, from at least as many photons, each of a weight below 1: R is known to sqrt(R (1 - R)/1024) if
  // they were independent, and better as they are.
  const OpticalScene scene = scene_of({9.0, 1.0, 0.0}, GetParam());
  const Appearance seen = scene.look();
  for (int band = 0; band < band_count; ++band) {
    PhotonJob job{scene.medium(band, false), scene.settings(), 1 << 14};
    const Estimate exact = test::follow(job).reflectance();
    EXPECT_NEAR(seen.skin[band], exact.mean, std::sqrt(exact.mean * (1.0 - exact.mean) / 1024.0) + 3.0 * exact.error) << band;
  }
}

TEST(FastLook, HasTheContrastOfPhotonTransportForEveryPigment) {
  // Reduced albedos from 0.1 to 0.8: what paths say of scattering, what diffusion adds, and both. Goal and photons as above; bands
  // aside have 1024 paths, which know a contrast to 0.01.
  for (const char* ink : {"carbon_black_neat", "black_brown_mix", "iron_oxide_brown", "azo_red"}) {
    const OpticalScene scene = scene_of({0.1, 0.15, 300}, 0.03, ink);
    const Appearance seen = scene.look();
    for (const int band : {1, contrast_band, 5}) {
      const Estimate with = returned(scene, true, band, 1 << 14), without = returned(scene, false, band, 1 << 14);
      const double ratio = with.mean / without.mean;
      const double error = ratio * std::hypot(with.error / with.mean, without.error / without.mean);
      EXPECT_NEAR(1.0 - seen.dot[band] / seen.skin[band], 1.0 - ratio, 0.03 + (band == contrast_band ? 0.0 : 0.01) + 3.0 * error)
          << ink << ", band " << band;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Melanosomes, FastLookInSkin, ::testing::Values(0.03, 0.15, 0.35));

}  // namespace
}  // namespace dermaflux
