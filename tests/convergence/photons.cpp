#include <gtest/gtest.h>

#include <cmath>

#include "core/physics/surface_laws.hpp"
#include "tests/support/close_backends.hpp"
#include "tests/support/photon_cases.hpp"

/// Photon transport against exact and published solutions of the radiative transfer equation. A tolerance is four standard errors
/// of the run (one false alarm in 16,000 for another seed; the seed is fixed), plus half of the last digit of the published value.
namespace dermaflux {
namespace {

using test::endless;
using test::follow;
using test::job_of;
using test::layered;

void expect_within(const Estimate& found, double exact, double digit = 0.0) {
  EXPECT_NEAR(found.mean, exact, 4.0 * found.error + digit);
  EXPECT_LT(found.error, 0.004 * exact + 5e-4);  // the run can tell a fault of a few per cent at least
}

TEST(Photons, OfASlabAreThoseOfVanDeHulst) {
  // mu_a 10, mu_s 90 per cm, g 0.75, 0.2 mm, matched: Rd 0.09739, Tt 0.66096. Source: van de Hulst 1980, Multiple Light Scattering.
  const PhotonRun run = follow(job_of(layered({{0.2 * units::mm, {1000.0, 9000.0}}}), 1 << 20, 0.75));
  expect_within(run.reflectance(), 0.09739, 5e-6);
  // Weight that is transmitted lies between 0 and e^-0.2, so that its variance is at most T (e^-0.2 - T).
  const double error = std::sqrt(0.66096 * (std::exp(-0.2) - 0.66096) / static_cast<double>(run.photons));
  EXPECT_NEAR(run.account(PhotonAccount::transmitted), 0.66096, 4.0 * error + 5e-6);
}

TEST(Photons, OfASlabCutIntoBoxesAreThoseOfVanDeHulstInEveryTile) {
  // The same slab in 5 x 4 x 2 boxes, lit in 16 tiles that lie across their faces. Squares of the tiles' deviations over their
  // errors have mean 63/61 and scatter by sqrt(2/16) = 0.35.
  PhotonMedium boxes = layered({{0.08 * units::mm, {1000.0, 9000.0}}, {0.12 * units::mm, {1000.0, 9000.0}}});
  boxes.boxes = true;
  boxes.x_face = {-60e-6, -20e-6, 15e-6, 80e-6};
  boxes.y_face = {-40e-6, 0.0, 70e-6};
  boxes.cells.assign(5 * 4 * 2, {1000.0, 9000.0});
  PhotonJob job = job_of(boxes, 1 << 18, 0.75);
  job.settings.beam.bins = 16;
  job.settings.beam.tiles = {.across = 4, .x = -100e-6, .y = -100e-6, .side = 50e-6};
  const PhotonRun run = follow(job);
  expect_within(run.reflectance(), 0.09739, 5e-6);
  double squares = 0.0;
  for (int bin = 0; bin < 16; ++bin) {
    const Estimate one = run.reflectance(bin);
    squares += std::pow((one.mean - 0.09739) / one.error, 2) / 16.0;
  }
  EXPECT_NEAR(squares, 63.0 / 61.0, 4.0 * std::sqrt(2.0 / 16.0));
}

TEST(Photons, OfAGlassyHalfSpaceAreThoseOfGiovanelli) {
  // mu_a 10, mu_s 90 per cm, g 0, n 1.5: 0.2600 in all (Giovanelli 1955, Opt. Acta 2), of which 0.0400 specular.
  const PhotonRun run = follow(job_of(layered({{endless, {1000.0, 9000.0}}}), 1 << 18, 0.0, 1.5));
  EXPECT_NEAR(run.account(PhotonAccount::specular), 0.04, 1e-9);  // integers of 2^-32
  expect_within(run.reflectance(), 0.2200, 2e-4);                 // an independent Monte Carlo gives 0.2202
}

class HalfSpace : public ::testing::TestWithParam<double> {};

TEST_P(HalfSpace, LitAlongTheNormalIsChandrasekhars) {
  const double w = GetParam();
  const PhotonRun run = follow(job_of(layered({{endless, {1e4 * (1.0 - w), 1e4 * w}}}), 1 << 17));
  const test::ChandrasekharH h(w);
  EXPECT_NEAR(h.reflectance(), 1.0 - h(1.0) * std::sqrt(1.0 - w), 1e-6);  // the exact answer agrees with itself
  expect_within(run.reflectance(), 1.0 - h(1.0) * std::sqrt(1.0 - w));
}

TEST_P(HalfSpace, LitDiffuselyIsChandrasekhars) {
  // R = 1 - 2 sqrt(1 - w) int_0^1 m H(m) dm, mean over the cosines of diffuse light.
  const double w = GetParam();
  PhotonJob job = job_of(layered({{endless, {1e4 * (1.0 - w), 1e4 * w}}}), 1 << 17);
  job.settings.beam.diffuse = true;
  const test::ChandrasekharH h(w);
  const test::Gauss points(64);
  double moment = 0.0;
  for (std::size_t n = 0; n < points.at.size(); ++n) moment += points.weight[n] * points.at[n] * h(points.at[n]);
  expect_within(follow(job).reflectance(), 1.0 - 2.0 * std::sqrt(1.0 - w) * moment);
}

INSTANTIATE_TEST_SUITE_P(Albedo, HalfSpace, ::testing::Values(0.5, 0.8, 0.9, 0.95, 0.99, 0.999),
                         [](const auto& instance) { return std::to_string(static_cast<int>(1000.0 * instance.param)); });

TEST(Photons, ExactValuesAreThoseOfTheTables) {
  // Chandrasekhar's H by iteration, against values computed elsewhere.
  EXPECT_NEAR(test::ChandrasekharH(0.9).reflectance(), 0.414947, 1e-6);
  EXPECT_NEAR(test::ChandrasekharH(0.999).reflectance(), 0.912845, 1e-6);
}

TEST(Photons, ThroughAnAbsorbingLayerComeOutAsTheAnglesOfTheHalfSpaceBelowSay) {
  // A layer that only absorbs, optical depth 0.3, on a matched isotropic half-space: each direction that leaves the half-space is
  // thinned out by its own way through the layer. Two layers above it, so that faces are crossed.
  for (const double w : {0.8, 0.99}) {
    const OpticalCell below{1e4 * (1.0 - w), 1e4 * w};
    const PhotonRun run = follow(job_of(
        layered({{0.1 * units::mm, {1000.0, 0.0}}, {0.1 * units::mm, {2000.0, 0.0}}, {0.3 * units::mm, below}, {endless, below}}),
        1 << 18));
    expect_within(run.reflectance(), test::ChandrasekharH(w).reflectance(0.3));
  }
}

TEST(Photons, WithoutScatteringFollowBeerAndLambert) {
  // No randomness: e^-(mu d), all layers, to the rounding of the integers; what is left is absorbed.
  const PhotonRun run = follow(job_of(layered({{0.2 * units::mm, {3000.0, 0.0}}, {0.1 * units::mm, {4000.0, 0.0}}}), 64));
  EXPECT_NEAR(run.account(PhotonAccount::transmitted), std::exp(-1.0), PhotonUnits::weight);
  EXPECT_NEAR(run.account(PhotonAccount::absorbed), -std::expm1(-1.0), PhotonUnits::weight);
  const PhotonRun deep = follow(job_of(layered({{endless, {3000.0, 0.0}}}), 64));
  EXPECT_NEAR(deep.account(PhotonAccount::absorbed), 1.0, PhotonUnits::weight);
}

TEST(Photons, OfDiffuseLightThroughAnAbsorberAreTheExponentialIntegral) {
  // T = 2 E3(tau) = 2 int_0^1 m e^(-tau/m) dm; weights in (0, 1), so that their variance is at most T (1 - T).
  // Into glass they are refracted towards the normal, and what enters is less; below it is open.
  for (const double index : {1.0, 1.4}) {
    PhotonJob job = job_of(layered({{0.5 * units::mm, {1000.0, 0.0}}}), 1 << 16, 0.0, index);
    job.settings.index_below = index;
    job.settings.beam.diffuse = true;
    const FresnelSurface surface{1.0, index};
    const test::Gauss points(64);
    double exact = 0.0;
    for (std::size_t n = 0; n < points.at.size(); ++n) {
      const double m = points.at[n];
      exact += 2.0 * points.weight[n] * m * (1.0 - surface(m)) * std::exp(-0.5 / surface.refracted(m));
    }
    const PhotonRun run = follow(job);
    EXPECT_NEAR(run.account(PhotonAccount::transmitted), exact,
                4.0 * std::sqrt(exact * (1.0 - exact) / static_cast<double>(run.photons)));
  }
}

TEST(Photons, OfAGlassPlateAreReflectedWithinItForEver) {
  // A plate of index n that neither absorbs nor scatters: T = (1 - r)/(1 + r) with all reflections, r = 0.04. Diffuse directions do
  // not change here, the beam is normal; a photon comes out in one place, so that the variance is T (1 - T).
  PhotonJob job = job_of(layered({{0.2 * units::mm, {0.0, 0.0}}}), 1 << 18, 0.0, 1.5);
  const PhotonRun run = follow(job);
  const double exact = 0.96 / 1.04, back = 0.96 * 0.04 * 0.96 / (1.0 - 0.04 * 0.04);
  expect_within(run.reflectance(), back);
  EXPECT_EQ(run.account(PhotonAccount::cut), 0.0);
  EXPECT_NEAR(run.account(PhotonAccount::transmitted), exact,
              4.0 * std::sqrt(exact * (1.0 - exact) / static_cast<double>(run.photons)));
}

TEST(Photons, OfACoatedGlassPlateAreReflectedByAllItsFaces) {
  // Glass of 1.4 under a thin coat of 2.5 and above a ground of 4: at the normal each face reflects ((n - m)/(n + m))^2, and both
  // of the coat together r1 + (1 - r1)^2 r2/(1 - r1 r2), from either side. Light goes to and fro in the coat and in the glass.
  PhotonJob job = job_of(layered({{0.2 * units::mm, {0.0, 0.0}}}), 1 << 16, 0.0, 1.4);
  job.settings.index_plate = 2.5;
  job.settings.index_below = 4.0;
  const PhotonRun run = follow(job);
  const double air = std::pow(1.5 / 3.5, 2), glass = std::pow(1.1 / 3.9, 2), below = std::pow(2.6 / 5.4, 2);
  const double coat = air + (1.0 - air) * (1.0 - air) * glass / (1.0 - air * glass);
  EXPECT_NEAR(run.account(PhotonAccount::specular), coat, PhotonUnits::weight);
  const double exact = (1.0 - coat) * (1.0 - below) / (1.0 - coat * below);
  const double error = std::sqrt(exact * (1.0 - exact) / static_cast<double>(run.photons));  // weights from 0 to 1
  EXPECT_NEAR(run.account(PhotonAccount::transmitted), exact, 4.0 * error);
  EXPECT_NEAR(run.reflectance().mean, (1.0 - coat) - exact, 4.0 * error);
}

TEST(Photons, OfDiffuseLightMeetTheSameCorneumAsTheBoundaryOfDiffusion) {
  // Detailed balance: what diffuse light from outside leaves at the surface is 1 - n^2 (1 - r_inside). Shares from 0 to 1, so that
  // their variance is at most R (1 - R).
  for (const double corneum : {1.55, 2.5}) {
    PhotonJob job = job_of(layered({{endless, {1000.0, 0.0}}}), 1 << 16, 0.0, 1.4);
    job.settings.index_plate = corneum;
    job.settings.beam.diffuse = true;
    const PhotonRun run = follow(job);
    const double exact = 1.0 - 1.4 * 1.4 * (1.0 - InternalReflection{1.4, corneum}());
    EXPECT_NEAR(run.account(PhotonAccount::specular), exact,
                4.0 * std::sqrt(exact * (1.0 - exact) / static_cast<double>(run.photons)) + 1.4 * 1.4 * 2e-5);
  }
}

/// Contrast of a cylinder of pigment, the mean over entries at 0 to 60 um, and its standard error; dot and skin share their draws.
Estimate contrast(double top, double pigment, const OpticalCell& skin, std::uint64_t photons) {
  PhotonJob job = job_of(test::cylinder(top, pigment, skin), photons, 0.8, 1.4);
  job.settings.beam.width = 60.0 * units::um;
  const PhotonRun dot = follow(job);
  job.medium = layered({{endless, skin}});
  const PhotonRun plain = follow(job);
  const Estimate taken = test::difference(plain, dot);
  const double whole = plain.reflectance().mean;
  return {taken.mean / whole, taken.error / whole};
}

struct Dot {
  double wavelength, top, contrast;
};
class OpaqueCylinder : public ::testing::TestWithParam<Dot> {};

TEST_P(OpaqueCylinder, HasTheContrastOfTheTable) {
  // An independent Monte Carlo of 2e5 photons, +-0.02, for skin of mu_s' 40, mu_a 2 per cm (550 nm) and 31.7, 0.6 (650 nm).
  const Dot& dot = GetParam();
  const OpticalCell skin = dot.wavelength < 600 ? OpticalCell{200.0, 20000.0} : OpticalCell{60.0, 15850.0};
  const Estimate found = contrast(dot.top * units::mm, 2e5, skin, dot.top < 0.25 ? 1 << 16 : 1 << 15);
  EXPECT_NEAR(found.mean, dot.contrast, 0.02 + 4.0 * found.error);
  EXPECT_LT(found.error, 0.006);
  EXPECT_GT(found.mean, 4.0 * found.error);  // even the deepest dot is seen
}

INSTANTIATE_TEST_SUITE_P(Table, OpaqueCylinder,
                         ::testing::Values(Dot{550, 0.1, 0.64}, Dot{550, 0.2, 0.29}, Dot{550, 0.3, 0.12}, Dot{550, 0.5, 0.02},
                                           Dot{650, 0.1, 0.73}, Dot{650, 0.2, 0.39}, Dot{650, 0.3, 0.19}, Dot{650, 0.5, 0.05}),
                         [](const auto& instance) {
                           return std::to_string(static_cast<int>(instance.param.wavelength)) + "nm" +
                                  std::to_string(static_cast<int>(1000 * instance.param.top)) + "um";
                         });

TEST(Photons, ADotPalesWithItsMassAsTheTableSays) {
  // Top at 0.2 mm, 550 nm; 7.5 m2/g in the cylinder's 4.418 nL make 10, 30, 100, 300, 1000 per cm of 0.6, 1.8, 5.9, 18, 59 ng.
  const double masses[] = {0.6, 1.8, 5.9, 18.0, 59.0}, table[] = {0.045, 0.084, 0.18, 0.24, 0.28};
  for (int n = 0; n < 5; ++n) {
    const double volume = units::pi * 75 * units::um * 75 * units::um * 0.25 * units::mm;
    const Estimate found = contrast(0.2 * units::mm, 7500.0 * masses[n] * units::ng / volume, {200.0, 20000.0}, 1 << 15);
    EXPECT_NEAR(found.mean, table[n], 0.02 + 4.0 * found.error) << masses[n];
  }
}

}  // namespace
}  // namespace dermaflux
