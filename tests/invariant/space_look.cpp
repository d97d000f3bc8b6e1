#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/simulation/space_scene.hpp"
#include "tests/support/close_backends.hpp"
#include "tests/support/photon_cases.hpp"
#include "tests/support/refusal.hpp"
#include "tests/support/small_cases.hpp"
#include "tests/support/small_grid.hpp"

/// What light over the surface of a box must keep: energy, mirror images, sums of tiles, and the look of a round dot.
namespace dermaflux {
namespace {

using test::endless;
using test::follow;
using test::job_of;

/// Skin with a lopsided block of pigment in boxes of 40 um, and a beam of 12 x 12 tiles of 40 um over it; x turned round if asked.
PhotonJob lopsided(std::uint64_t photons, bool mirrored) {
  PhotonMedium m;
  m.boxes = true;
  for (int n = -4; n <= 4; ++n) m.x_face.push_back(40e-6 * n);
  m.y_face = m.x_face;
  m.z_face = {0.0, 25e-6, 120e-6, 250e-6, endless};
  for (int i = 0; i < 10; ++i)
    for (int j = 0; j < 10; ++j)
      for (int k = 0; k < 4; ++k) {
        const int a = mirrored ? 9 - i : i;
        const bool pigment = k > 0 && k < 3 && a > 4 && a < 4 + 2 * k && j > 2 && j < a + 1;
        m.cells.push_back({pigment ? 3e4 : 200.0 + 50.0 * k, (pigment ? 24000.0 : 20000.0) - 1000.0 * k});
      }
  PhotonJob job = job_of(m, photons, 0.8, 1.4);
  job.settings.index_plate = 1.5;
  job.settings.beam.bins = 144;
  job.settings.beam.tiles = {.across = 12, .x = -240e-6, .y = -240e-6, .side = 40e-6};
  return job;
}

TEST(SurfaceTiles, AreEnteredEvenlyAndInOrder) {
  const PhotonBeam beam{.inner = 0.0, .width = 0.0, .bins = 6, .by_area = false, .diffuse = false, .tiles = {3, -2.0, 5.0, 0.5}};
  for (int bin = 0; bin < 6; ++bin)
    for (const double u : {0.25, 0.5})
      for (const double v : {0.125, 0.75}) {
        const SurfacePoint at = beam.entry(bin, u, v);
        EXPECT_EQ(at.x, -2.0 + 0.5 * (bin % 3) + 0.5 * u);
        EXPECT_EQ(at.y, 5.0 + 0.5 * (bin < 3 ? 0 : 1) + 0.5 * v);
      }
}

TEST(SurfaceMap, KeepsTheEnergy) {
  // Each account of a photon is rounded to 2^-33 at most, six of them; the tiles hold all that came out.
  const PhotonRun run = follow(lopsided(144 * 64 * 2, false));
  double sum = 0.0;
  for (int n = 0; n < PhotonAccount::count; ++n) sum += run.account(n);
  EXPECT_NEAR(sum, 1.0, 6 * 0.5 * PhotonUnits::weight);
  EXPECT_NEAR(run.reflectance().mean, run.account(PhotonAccount::reflected), 1e-12);
}

/// Mean square of the differences of two maps over their standard errors, tiles of the second taken as `other` says.
template <class Other>
double mean_square(const PhotonRun& a, const PhotonRun& b, const Other& other) {
  double sum = 0.0;
  for (int bin = 0; bin < a.layout.bins; ++bin) {
    const Estimate here = a.reflectance(bin), there = b.reflectance(other(bin));
    const double off = here.mean - there.mean;
    sum += off * off / (here.error * here.error + there.error * there.error) / a.layout.bins;
  }
  return sum;
}

TEST(SurfaceMap, OfTheMirroredSceneIsMirrored) {
  // Draws are not mirrored, so that two independent estimates of each of 144 tiles meet. Squares of their differences over their
  // errors have mean 1 (errors from 63 degrees each add 2 %) and scatter by sqrt(2/144) = 0.12; four of those.
  const PhotonRun straight = follow(lopsided(144 * 64 * 8, false)), mirrored = follow(lopsided(144 * 64 * 8, true));
  const auto turned = [](int bin) { return bin / 12 * 12 + 11 - bin % 12; };
  EXPECT_NEAR(mean_square(straight, mirrored, turned), 1.02, 4.0 * std::sqrt(2.0 / 144.0));
  EXPECT_GT(mean_square(straight, mirrored, [](int bin) { return bin; }), 3.0);                       // the map itself is lopsided
  EXPECT_GT(mean_square(straight, mirrored, [](int bin) { return bin % 12 * 12 + bin / 12; }), 3.0);  // x and y are not exchanged
}

TEST(SurfaceMap, OfManyTilesIsThatOfTheirWhole) {
  // The mean over 144 tiles and one tile as large: two independent estimates, three standard errors of their difference.
  const PhotonJob tiles = lopsided(144 * 64 * 8, false);
  PhotonJob whole = tiles;
  whole.settings.beam.bins = 1;
  whole.settings.beam.tiles = {.across = 1, .x = -240e-6, .y = -240e-6, .side = 480e-6};
  whole.settings.seed = 2;
  const Estimate a = follow(tiles).reflectance(), b = follow(whole).reflectance();
  EXPECT_NEAR(a.mean, b.mean, 3.0 * std::hypot(a.error, b.error));
}

TEST(SurfaceMap, WithTilesThatMakeNoSenseIsRefused) {
  const auto says = [](const SurfaceTiles& tiles, std::initializer_list<std::string> parts) {
    PhotonJob job = lopsided(144 * 64, false);
    job.settings.beam.tiles = tiles;
    test::expect_says(test::refusal<InputError>([&] { follow(job); }), parts);
  };
  says({7, 0.0, 0.0, 1e-5}, {"whole rows", "144", "7 in a row"});
  says({-12, 0.0, 0.0, 1e-5}, {"whole rows", "-12 in a row"});
  says({12, 0.0, 0.0, 0.0}, {"side above 0"});
  says({12, HUGE_VAL, 0.0, 1e-5}, {"finite place"});
}

constexpr double wide = 60e-6, deep = 240e-6, long_way = 80e-6;  // of a dot: standard deviations across, middle, along its depth

/// Pigment of a round dot, mean over a cell [kg/m^3].
double round_dot(double r2, double z) { return 8.0 * std::exp(-0.5 * (r2 / (wide * wide) + std::pow((z - deep) / long_way, 2))); }

TEST(SpaceScene, ShowsARoundDotAsTheAxisymmetricSceneDoes) {
  // The same dot in rings of 5 um and in columns of 10 um. A mean over cells of width h smears a Gaussian of variance s^2 by
  // h^2/12: contrast goes at most with the variance, (10^2 - 5^2)/12/60^2 = 0.17 % of it, and half as much again for the cut at 3
  // s. Photons enter in rings out to 60 um and share their draws: three standard errors of the difference.
  const Treatment t = test::treatment();
  const std::vector<double> z = test::equal_faces(64, 640e-6);
  GridFaces rings{test::equal_faces(48, 240e-6), z};
  CartesianFaces box{test::equal_faces(48, 480e-6), {}, z};
  for (double& x : box.x) x -= 240e-6;
  box.y = box.x;
  const auto middle = [](const std::vector<double>& faces, std::size_t n, int part) {
    return faces[n] + (part + 0.5) / 4.0 * (faces[n + 1] - faces[n]);
  };
  std::vector<double> flat(5 * 48 * 64, 0.0), full(5 * 48 * 48 * 64, 0.0);
  for (std::size_t k = 0; k < 64; ++k) {
    const double depth = 0.5 * (z[k] + z[k + 1]);
    for (std::size_t i = 0; i < 48; ++i) {
      double area = 0.0, sum = 0.0;
      for (int a = 0; a < 4; ++a) {
        const double r = middle(rings.r, i, a);
        area += r;
        sum += r * round_dot(r * r, depth);
      }
      flat[2 * 48 * 64 + i * 64 + k] = sum / area;  // in macrophages
      for (std::size_t j = 0; j < 48; ++j) {
        double mean = 0.0;
        for (int a = 0; a < 16; ++a)
          mean += round_dot(std::pow(middle(box.x, i, a % 4), 2) + std::pow(middle(box.y, j, a / 4), 2), depth) / 16.0;
        full[2 * 48 * 48 * 64 + (i * 48 + j) * 64 + k] = mean;
      }
    }
  }
  const double time = 14.0 * units::day;
  const OpticalScene round(t, rings, flat, time, time);
  const SpaceScene space(t, box, full, time);
  PhotonJob job{round.medium(contrast_band, true), round.settings(), 1 << 15};
  job.settings.beam.width = 60e-6;
  const PhotonRun in_rings = follow(job);
  job.medium = space.medium(contrast_band);
  job.settings = space.settings();
  job.settings.beam.width = 60e-6;
  EXPECT_TRUE(job.medium.boxes);
  const PhotonRun in_box = follow(job);
  job.medium = space.skin(contrast_band);
  const PhotonRun plain = follow(job);
  const Estimate taken = test::difference(plain, in_rings), more = test::difference(in_rings, in_box);
  EXPECT_NEAR(more.mean, 0.0, 0.0026 * taken.mean + 3.0 * more.error);
  EXPECT_GT(taken.mean, 0.3 * plain.reflectance().mean);
  EXPECT_LT(more.error, 0.01 * taken.mean);  // it can tell a dot that is three per cent too dark
}

TEST(SpaceScene, JoinsPlanesThatAreAlikeAndPutsPigmentWhereItLies) {
  const Treatment t = test::treatment();
  const CartesianFaces faces{{-30e-6, -10e-6, 0.0, 10e-6, 30e-6}, {-20e-6, 0.0, 20e-6, 50e-6}, test::equal_faces(64, 640e-6)};
  std::vector<double> pools(5 * 4 * 3 * 64, 0.0);
  pools[2 * 4 * 3 * 64 + (2 * 3 + 1) * 64 + 40] = 2.0;  // third along x, second along y
  const double time = units::year;
  const SpaceScene scene(t, faces, pools, time);
  const PhotonMedium m = scene.medium(contrast_band), plain = scene.skin(contrast_band);
  EXPECT_EQ(m.x_face, (std::vector<double>{0.0, 10e-6}));
  EXPECT_EQ(m.y_face, (std::vector<double>{0.0, 20e-6}));
  EXPECT_TRUE(std::isinf(m.z_face.back()));
  const std::size_t rows = m.z_face.size() - 1;
  ASSERT_EQ(m.cells.size(), 9 * rows);
  int dark = 0;
  for (std::size_t k = 0; k < rows; ++k)
    for (std::size_t column = 0; column < 9; ++column) {
      const bool other = !(m.cells[column * rows + k] == m.cells[k]);
      dark += other;
      if (other) {
        EXPECT_EQ(column, 4U);
        EXPECT_NEAR(m.z_face[k], faces.z[40], 1e-3 * faces.z[40]);
      }
    }
  EXPECT_EQ(dark, 1);
  EXPECT_EQ(plain.r_face, (std::vector<double>{0.0}));
}

TEST(SpaceScene, OfPoolsOrFacesThatDoNotFitIsRefused) {
  const Treatment t = test::treatment();
  const auto says = [&](const CartesianFaces& faces, std::size_t values, const char* what) {
    test::expect_says(test::refusal<InputError>([&] { SpaceScene(t, faces, std::vector<double>(values), 0.0); }), {what});
  };
  says({{0.0, 1e-4}, {0.0, 1e-4}, {0.0, 1e-4}}, 4, "4 values");
  says({{0.0, 0.0}, {0.0, 1e-4}, {0.0, 1e-4}}, 5, "increase");
  says({{0.0}, {0.0, 1e-4}, {0.0, 1e-4}}, 0, "enclose a cell");
}

}  // namespace
}  // namespace dermaflux
