#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/error.hpp"
#include "core/solver/photon_walk.hpp"
#include "tests/support/close_backends.hpp"
#include "tests/support/photon_cases.hpp"
#include "tests/support/refusal.hpp"

/// What must hold for photons whatever the medium: energy, geometry, repeatability, derivatives.
namespace dermaflux {
namespace {

using test::endless;
using test::follow;
using test::job_of;
using test::layered;

/// Skin with a dot of some rings and rows, n 1.4.
PhotonJob dotted(std::uint64_t photons) {
  PhotonMedium medium;
  medium.r_face = {0.0, 30e-6, 80e-6, 200e-6};
  medium.z_face = {0.0, 75e-6, 150e-6, 300e-6, endless};
  for (int i = 0; i < 4; ++i)
    for (int j = 0; j < 4; ++j)
      medium.cells.push_back({i < 3 && j > 0 && j < 3 ? 3e4 / (1 + i) : 200.0 + 100.0 * j, 20000.0 + 1000.0 * j});
  PhotonJob job = job_of(medium, photons, 0.8, 1.4);
  job.settings.beam.width = 10e-6;
  job.settings.beam.bins = 16;
  return job;
}

TEST(PhotonEnergy, IsAllAccountedFor) {
  // Each account of a photon is rounded to 2^-33 at most, six of them: 7e-10 per photon.
  PhotonJob glassy = dotted(1 << 13);
  PhotonJob slab = job_of(layered({{0.3 * units::mm, {100.0, 20000.0}}}), 1 << 13, 0.9, 1.5);
  slab.settings.beam.diffuse = true;
  PhotonJob cut = dotted(1 << 13);
  cut.settings.most_flights = 20;
  for (const PhotonMap map : {PhotonMap::none, PhotonMap::absorption, PhotonMap::sensitivity})
    for (PhotonJob* job : {&glassy, &slab, &cut}) {
      job->settings.map = map;
      const PhotonRun run = follow(*job);
      double sum = 0.0;
      for (int n = 0; n < PhotonAccount::count; ++n) sum += run.account(n);
      EXPECT_NEAR(sum, 1.0, 6 * 0.5 * PhotonUnits::weight);
      EXPECT_NEAR(run.reflectance().mean, run.account(PhotonAccount::reflected), 1e-12);  // the batches hold all that came out
      EXPECT_EQ(run.account(PhotonAccount::cut) > 0.0, job == &cut);
    }
}

TEST(PhotonEnergy, CaughtInAClearPlateIsGivenUp) {
  // Half of the plate scatters, the other is clear and has no end: light that enters it beyond the critical angle never comes out.
  PhotonJob job = job_of({}, 1 << 8, 0.0, 1.5);
  job.medium.boxes = true;
  job.medium.x_face = {20e-6};
  job.medium.z_face = {0.0, 0.1 * units::mm};
  job.medium.cells = {{0.0, 20000.0}, {0.0, 0.0}};
  job.settings.most_flights = 1000;
  const PhotonRun run = follow(job);
  double sum = 0.0;
  for (int n = 0; n < PhotonAccount::count; ++n) sum += run.account(n);
  EXPECT_NEAR(sum, 1.0, 6 * 0.5 * PhotonUnits::weight);
  EXPECT_GT(run.account(PhotonAccount::cut), 0.1);
}

TEST(PhotonEnergy, AbsorbedInTheCellsIsWhatTheAccountSays) {
  PhotonJob job = dotted(1 << 13);
  job.settings.map = PhotonMap::absorption;
  const PhotonRun run = follow(job);
  double sum = 0.0;
  for (int k = 0; k < run.layout.cells; ++k) sum += run.map(k, PhotonUnits::weight);
  // Some hundred crossings per photon, each rounded by at most 2^-33.
  EXPECT_NEAR(sum, run.account(PhotonAccount::absorbed), 1e3 * 0.5 * PhotonUnits::weight);
  EXPECT_GT(run.map(1, PhotonUnits::weight), 0.0);
}

TEST(PhotonEnergy, RouletteGivesWhatItTakes) {
  const PhotonRun run = follow(dotted(1 << 15));
  // A game at weight w < 0.3 with chance 1/2 changes it by +-w; a photon plays some ten games at most: sd below 1 per photon.
  EXPECT_NEAR(run.account(PhotonAccount::roulette), 0.0, 4.0 / std::sqrt(1 << 15));
  EXPECT_NE(run.account(PhotonAccount::roulette), 0.0);
}

TEST(Photons, ComeOutTheSameWithAndWithoutRoulette) {
  // The same mean from other weights: two estimates of it, four standard errors of their difference.
  PhotonJob with = dotted(1 << 15), without = with;
  without.settings.roulette.threshold = 1e-6;
  const Estimate a = follow(with).reflectance(), b = follow(without).reflectance();
  EXPECT_NE(a.mean, b.mean);
  EXPECT_NEAR(a.mean, b.mean, 4.0 * std::hypot(a.error, b.error));
}

TEST(Photons, FlyTheSameInRingsAndInBoxes) {
  // Layers cut into rings, or into boxes: other faces, the same light and the same draws. Positions differ by roundings (1e-16 of
  // some mm per flight, some hundred flights), so weights do by 1e-12; each is rounded to 2^-33 once.
  const double z_face[] = {0.0, 0.05e-3, 0.11e-3, 0.4e-3};
  const OpticalCell rows[] = {{300.0, 15000.0}, {150.0, 21000.0}, {250.0, 20000.0}};
  PhotonMedium rings, boxes;
  rings.z_face = boxes.z_face = {z_face[0], z_face[1], z_face[2], z_face[3]};
  rings.r_face = {0.0, 7e-6, 20e-6, 55e-6, 150e-6};
  for (std::size_t i = 0; i < rings.r_face.size(); ++i) rings.cells.insert(rings.cells.end(), std::begin(rows), std::end(rows));
  boxes.boxes = true;
  boxes.x_face = {-90e-6, -11e-6, 3e-6, 60e-6};
  boxes.y_face = {-30e-6, 40e-6};
  for (int n = 0; n < 5 * 3; ++n) boxes.cells.insert(boxes.cells.end(), std::begin(rows), std::end(rows));
  PhotonJob job = job_of(rings, 1 << 13, 0.8, 1.4);
  job.settings.beam.width = 100e-6;
  const PhotonRun a = follow(job);
  job.medium = boxes;
  const PhotonRun b = follow(job);
  for (int n = 0; n < PhotonAccount::count; ++n) EXPECT_NEAR(a.account(n), b.account(n), 1e-9) << n;
}

TEST(Photons, SeeADotOfBoxesAsADotOfRings) {
  // A disc of 80 um radius against the boxes of 5 um whose middles lie in it. What the dot takes away goes at most with its area;
  // the photons share their draws, so that most fly alike, and the scatter is that of the differences: four standard errors of it.
  PhotonMedium rings = test::cylinder(0.1 * units::mm, 5e4, {200.0, 20000.0}), boxes;
  rings.r_face[1] = 80e-6;
  boxes.boxes = true;
  boxes.z_face = rings.z_face;
  for (int n = -16; n <= 16; ++n) boxes.x_face.push_back(5e-6 * n);
  boxes.y_face = boxes.x_face;
  const int sides = static_cast<int>(boxes.x_face.size()) + 1;
  double area = 0.0;
  for (int i = 0; i < sides; ++i)
    for (int j = 0; j < sides; ++j) {
      const bool inside = std::hypot(5e-6 * (i - 16.5), 5e-6 * (j - 16.5)) < 80e-6;
      area += inside ? 25e-12 : 0.0;
      for (int k = 0; k < 3; ++k) boxes.cells.push_back({inside && k == 1 ? 5e4 + 200.0 : 200.0, 20000.0});
    }
  PhotonJob job = job_of(rings, 1 << 15, 0.8, 1.4);
  job.settings.beam.width = 60e-6;
  const PhotonRun a = follow(job);
  job.medium = boxes;
  const PhotonRun b = follow(job);
  job.medium = layered({{endless, {200.0, 20000.0}}});
  const double taken = follow(job).reflectance().mean - a.reflectance().mean;
  const Estimate more = test::difference(a, b);
  EXPECT_NEAR(more.mean, 0.0, std::fabs(area / (units::pi * 80e-6 * 80e-6) - 1.0) * taken + 4.0 * more.error);
  EXPECT_LT(more.error, 0.01 * taken);  // it can tell a dot that is two per cent too large
}

TEST(Photons, EachOneCanBeHadAlone) {
  // Photon by photon in reverse order, in sums of its own: the same integers as all together.
  PhotonJob job = dotted(1 << 10);
  const PhotonRun all = follow(job, Backend::serial);
  std::vector<long long> sums(all.sums.size(), 0);
  with_problem(job, addresses(job.medium), [&]<class Geometry>(const PhotonProblem<Geometry>& problem) {
    for (std::uint64_t photon = job.photons; photon-- > 0;) {
      std::vector<long long> own(sums.size(), 0);
      PrivateSums alone{own.data()};
      PhotonStep<Geometry, PrivateSums>{problem, alone}(photon);
      for (std::size_t n = 0; n < sums.size(); ++n) sums[n] += own[n];
    }
  });
  EXPECT_EQ(sums, all.sums);
}

TEST(Photons, OfAnotherSeedAreOthersWithTheSameMean) {
  PhotonJob job = dotted(1 << 14);
  const Estimate a = follow(job).reflectance();
  job.settings.seed = 2;
  const Estimate b = follow(job).reflectance();
  EXPECT_NE(a.mean, b.mean);
  EXPECT_NEAR(a.mean, b.mean, 4.0 * std::hypot(a.error, b.error));
}

TEST(Photons, ScatterOverSeedsAsTheirStandardErrorsSay) {
  // Squares of 160 deviations over their errors: chi^2 of 159 degrees, mean 159/160 and standard deviation sqrt(2 x 159)/160; the
  // errors are known to 9 %, which adds 1.5 % (1/63) to the mean.
  std::vector<Estimate> found;
  double mean = 0.0;
  for (std::uint64_t seed = 1; seed <= 160; ++seed) {
    PhotonJob job = dotted(1 << 10);
    job.settings.seed = seed;
    found.push_back(follow(job).reflectance());
    mean += found.back().mean / 160.0;
  }
  double squares = 0.0;
  for (const Estimate& one : found) squares += (one.mean - mean) * (one.mean - mean) / (one.error * one.error) / 160.0;
  EXPECT_NEAR(squares, 159.0 / 160.0 * 64.0 / 63.0, 4.0 * std::sqrt(2.0 * 159.0) / 160.0);
}

TEST(PhotonSensitivity, IsTheDerivativeThatAFiniteDifferenceFinds) {
  // Paths do not depend on absorption, so with the same draws a central difference is the derivative of the same weights. Cell by
  // cell, a change of mu_a by h over paths of up to L = 1 mm errs by (h L)^2/6 of the derivative: h = 5 per metre, 4e-6. Integers:
  // 29 pm of some 10 um per crossing and 2^-33 of the weights, 1e-10/(2 h), 1e-11 of derivatives of 1e-8 m and more.
  PhotonJob job = dotted(1 << 12);
  job.settings.roulette.threshold = 0.0;  // its games depend on the weight
  job.settings.most_flights = 400;
  job.settings.map = PhotonMap::sensitivity;
  const PhotonRun run = follow(job);
  const double h = 5.0;
  int told = 0;
  for (std::size_t k = 0; k < job.medium.cells.size(); ++k) {
    PhotonJob up = job, down = job;
    up.settings.map = down.settings.map = PhotonMap::none;
    up.medium.cells[k].absorption += h;
    down.medium.cells[k].absorption -= h;
    const double slope =
        (follow(up).account(PhotonAccount::reflected) - follow(down).account(PhotonAccount::reflected)) / (2.0 * h);
    const double replayed = -run.map(static_cast<int>(k), PhotonUnits::path);
    EXPECT_NEAR(replayed, slope, 1e-4 * std::fabs(slope) + 2e-11) << k;
    told += slope < -1e-8;
  }
  EXPECT_GE(told, 8);  // many cells matter
}

TEST(PhotonSensitivity, OfAHalfSpaceIsTheDerivativeOfChandrasekhars) {
  // dR/dmu_a of R(w), w = mu_s/(mu_a + mu_s), by a central difference of the exact solution. With roulette: it keeps the mean.
  const double absorption = 500.0, scattering = 9500.0, step = 1.0;
  PhotonJob job = job_of(layered({{0.1 * units::mm, {absorption, scattering}}, {endless, {absorption, scattering}}}), 1 << 16);
  job.settings.map = PhotonMap::sensitivity;
  const auto exact = [&](double mu_a) { return test::ChandrasekharH(scattering / (mu_a + scattering)).reflectance(); };
  const double slope = (exact(absorption + step) - exact(absorption - step)) / (2.0 * step);
  const PhotonRun run = follow(job);
  const double found = -run.map(0, PhotonUnits::path) - run.map(1, PhotonUnits::path);
  // Weighted path per photon: mean 2e-4 m and a standard deviation below twice that (a photon's path is about exponential).
  EXPECT_NEAR(found, slope, 4.0 * 2.0 * std::fabs(slope) / std::sqrt(static_cast<double>(run.photons)));
}

TEST(PhotonJob, ThatMakesNoSenseIsRefusedBeforeAnyWork) {
  const auto says = [](PhotonJob job, std::initializer_list<std::string> parts) {
    test::expect_says(test::refusal<InputError>([&] { follow(job); }), parts);
  };
  const PhotonJob good = dotted(1 << 10);
  PhotonJob bad = good;
  bad.medium.cells[3].absorption = -1.0;
  says(bad, {"absorption = -1", "cell 3", "albedo"});
  bad = good;
  bad.medium.cells[3].scattering = std::nan("");
  says(bad, {"scattering = nan", "cell 3"});
  bad = good;
  bad.medium.cells.pop_back();
  says(bad, {"15 cells", "16"});
  bad = good;
  bad.medium.z_face[2] = 0.0;
  says(bad, {"z_face must increase"});
  bad = good;
  bad.settings.anisotropy = 1.0;
  says(bad, {"anisotropy g = 1"});
  bad = good;
  bad.settings.index = 0.9;
  says(bad, {"refractive index 0.9"});
  bad = good;
  bad.photons = 1000;
  says(bad, {"photons = 1000", "64 batches", "use 1024"});
  bad = good;
  bad.photons = std::uint64_t{1} << 40;
  says(bad, {"more than the sums hold"});
}

TEST(PhotonJob, CanBeStopped) {
  RunMonitor monitor;
  monitor.stop = true;
  for (const Backend backend : {Backend::serial, Backend::kokkos})
    EXPECT_THROW(run_photons(dotted(1 << 20), backend, monitor), Interrupted);
}

}  // namespace
}  // namespace dermaflux
