#include "core/physics/skin_optics.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <vector>

#include "core/physics/even_numbers.hpp"
#include "core/physics/surface_laws.hpp"
#include "core/units.hpp"
#include "tests/support/bound_case.hpp"
#include "tests/support/same_bits.hpp"
#include "tests/support/small_cases.hpp"

/// Optical laws of skin and pigment against exact limits, and the fast look against exact answers for uniform skin.
namespace dermaflux {
namespace {

using namespace units;

TEST(SkinScattering, IsAPowerLawThroughItsValueAt500Nanometres) {
  const SkinScattering law{.at_500_nm = 4600.0, .power = 1.421};
  EXPECT_DOUBLE_EQ(law(500 * nm), 4600.0);
  EXPECT_NEAR(law(1000 * nm) / 4600.0, std::pow(2.0, -1.421), 1e-14);
}

TEST(SkinOptics, AbsorptionOfSkinAndMelaninFallsWithWavelength) {
  for (double nanometre = 400; nanometre < 700; nanometre += 10) {
    EXPECT_GT(BaselineAbsorption{}(nanometre * nm), BaselineAbsorption{}((nanometre + 10) * nm));
    EXPECT_GT(MelanosomeAbsorption{}(nanometre * nm), MelanosomeAbsorption{}((nanometre + 10) * nm));
  }
  // Jacques 1998: 0.244 + 85.3 exp(-(550 - 154)/66.2) = 0.4592 per cm.
  EXPECT_NEAR(BaselineAbsorption{}(550 * nm), 45.92, 0.05);
}

TEST(BloodAbsorption, MixesTheTwoHaemoglobins) {
  const BloodAbsorption half{.saturation = 0.5}, full{.saturation = 1.0}, none{.saturation = 0.0};
  EXPECT_DOUBLE_EQ(half(43016.0, 53412.0), 0.5 * (full(43016.0, 53412.0) + none(43016.0, 53412.0)));
  EXPECT_NEAR(full(43016.0, 0.0), 100.0 * 0.005356 * 43016.0, 1e-9);
}

TEST(PackageEffect, IsTheAbsorptionEfficiencyOfASphere) {
  // Q = 2 int_0^1 (1 - exp(-x sqrt(1 - b^2))) b db; with u = sqrt(1 - b^2) it is 2 int_0^1 (1 - e^(-x u)) u du.
  for (const double x : {0.02, 0.5, 3.0, 20.0}) {
    double efficiency = 0.0;
    constexpr int points = 20000;
    for (int n = 0; n < points; ++n) {
      const double u = (n + 0.5) / points;
      efficiency += 2.0 * -std::expm1(-x * u) * u / points;
    }
    EXPECT_NEAR(PackageEffect{}(x), 1.5 * efficiency / x, 1e-7) << "x = " << x;  // midpoint rule: h^2/24 of f', below 2e-8
  }
}

TEST(PackageEffect, FallsFromOneWithoutAJumpWhereTheSeriesEnds) {
  EXPECT_DOUBLE_EQ(PackageEffect{}(0.0), 1.0);
  const double below = PackageEffect{}(0.01 * (1.0 - 1e-9)), above = PackageEffect{}(0.01 * (1.0 + 1e-9));
  EXPECT_NEAR(below, above, 1.1e-5);  // the first term left out, x^2/10
  for (double x = 0.001; x < 50.0; x *= 1.3) EXPECT_GT(PackageEffect{}(x), PackageEffect{}(1.3 * x) - 1.1e-5);
}

/// Diffuse light reflected from outside by a smooth face, closed form. Source: Walsh 1926, as in Egan & Hilgeman 1979, ch. 3.
double diffuse_reflection_from_outside(double n) {
  const double n2 = n * n, n4 = n2 * n2;
  return 0.5 + (n - 1.0) * (3.0 * n + 1.0) / (6.0 * (n + 1.0) * (n + 1.0)) +
         n2 * (n2 - 1.0) * (n2 - 1.0) / std::pow(n2 + 1.0, 3) * std::log((n - 1.0) / (n + 1.0)) -
         2.0 * n2 * n * (n2 + 2.0 * n - 1.0) / ((n2 + 1.0) * (n4 - 1.0)) +
         8.0 * n4 * (n4 + 1.0) / ((n2 + 1.0) * (n4 - 1.0) * (n4 - 1.0)) * std::log(n);
}

TEST(InternalReflection, OfOneFaceIsTheClosedForm) {
  // Detailed balance of diffuse light: 1 - r_inside = (1 - r_outside)/n^2. Midpoint rule of 400 points on a smooth integrand.
  for (const double n : {1.1, 1.33, 1.4, 1.5})
    EXPECT_NEAR((InternalReflection{n, n}()), 1.0 - (1.0 - diffuse_reflection_from_outside(n)) / (n * n), 2e-5) << n;
  EXPECT_NEAR((InternalReflection{1.0, 1.0}()), 0.0, 1e-15);  // roots of 1 by rounding
}

TEST(InternalReflection, ThroughACorneumKeepsTheDetailedBalanceWithLightFromOutside) {
  // 1 - r_inside = (1 - r_outside)/n^2 whatever lies between, with r_outside by the midpoint rule in t, mu = t^2, which is smooth
  // at grazing: 2e-5 as above.
  constexpr int points = 4000;
  for (const double corneum : {1.2, 1.55, 2.5}) {
    double outside = 0.0;
    for (int n = 0; n < points; ++n) {
      const double t = (n + 0.5) / points;
      outside += PlatedSurface{1.0, corneum, 1.4}(t * t) * 4.0 * t * t * t / points;
    }
    EXPECT_NEAR((InternalReflection{1.4, corneum}()), 1.0 - (1.0 - outside) / (1.4 * 1.4), 2e-5) << corneum;
  }
}

TEST(InternalReflection, IsTheFitOfGroenhuisWithinItsError) {
  for (const double n : {1.33, 1.4, 1.5}) {  // Groenhuis 1983: good to some thousandths
    const double fit = -1.440 / (n * n) + 0.710 / n + 0.668 + 0.0636 * n;
    EXPECT_NEAR((InternalReflection{n, n}()), fit, 5e-3) << n;
  }
}

TEST(InternalReflection, GrowsALittleWithACorneumOfAnotherIndex) {
  // Both faces reflect, but the critical angle stays that of tissue and air: the more so the further its index is away.
  double before = InternalReflection{1.4, 1.4}();
  for (const double corneum : {1.45, 1.5, 1.55, 1.6}) {
    const double now = InternalReflection{1.4, corneum}();
    EXPECT_GT(now, before) << corneum;
    before = now;
  }
  // Of the light that can leave, 0.51 (1/n^2), the faces take some percent: less than a twentieth.
  EXPECT_LT((before - InternalReflection{1.4, 1.4}()), 0.05 / (1.4 * 1.4));
}

TEST(PlatedSurface, IsTheBareSurfaceIfThePlateIsOfEitherSideAndReflectsMoreOtherwise) {
  for (const double cosine : {1.0, 0.9, 0.75, 0.71, 0.5}) {
    const double bare = FresnelSurface{1.4, 1.0}(cosine);
    EXPECT_NEAR((PlatedSurface{1.4, 1.4, 1.0}(cosine)), bare, 1e-15);
    EXPECT_NEAR((PlatedSurface{1.4, 1.0, 1.0}(cosine)), bare, 1e-15);
    if (bare < 1.0) {
      EXPECT_GT((PlatedSurface{1.4, 1.6, 1.0}(cosine)), bare);
    }
  }
  for (const double plate : {1.0, 1.2, 1.4, 1.5, 2.5})
    for (double cosine = 0.0; cosine < 0.6998; cosine += 0.01)  // critical cosine sqrt(1 - 1/1.96) = 0.69985
      EXPECT_EQ((PlatedSurface{1.4, plate, 1.0}(cosine)), 1.0) << plate;
  EXPECT_EQ((PlatedSurface{1.4, 1.0, 1.4}(0.5)), 1.0);  // the plate itself may be the one that no ray enters
  EXPECT_EQ((PlatedSurface{1.5, 1.0, 1.4}(0.5)), 1.0);
}

TEST(PlatedSurface, ReflectsTheSameFromBothSidesOfOneRay) {
  // Neither face tells from which side a ray comes (Snell, Fresnel), and their order does not count.
  for (double cosine = 0.05; cosine < 1.0; cosine += 0.05)
    for (const double plate : {1.2, 1.55, 2.5}) {
      const PlatedSurface in{1.0, plate, 1.4}, out{1.4, plate, 1.0};
      EXPECT_NEAR(out(in.refracted(cosine)), in(cosine), 1e-14 / cosine) << plate;  // roots of Snell's law lose digits near grazing
    }
}

TEST(PlatedSurface, IsTheSeriesOfPassagesAtTheNormal) {
  // Both faces at normal incidence: r = ((n - m)/(n + m))^2 each; light between them: R = r1 + (1 - r1)^2 r2 (1 + r1 r2 + ...).
  const double r1 = std::pow(0.1 / 2.9, 2), r2 = std::pow(0.5 / 2.5, 2);
  double sum = r1, term = (1.0 - r1) * (1.0 - r1) * r2;
  for (int n = 0; n < 30; ++n, term *= r1 * r2) sum += term;
  EXPECT_NEAR((PlatedSurface{1.4, 1.5, 1.0}(1.0)), sum, 1e-15);
}

TEST(BoundaryFactor, IsOneWithoutReflectionAndGrowsWithIt) {
  EXPECT_DOUBLE_EQ(BoundaryFactor{}(0.0), 1.0);
  for (double n = 1.0; n < 1.6; n += 0.05)
    EXPECT_LT(BoundaryFactor{}(InternalReflection{n, n}()), (BoundaryFactor{}(InternalReflection{n + 0.05, n + 0.05}())));
}

/// A treatment whose skin scatters and absorbs uniformly in all bands.
struct UniformSkin : test::BoundCase {
  UniformSkin(double absorption, double scattering, double index, double corneum = 1.4, double anisotropy = 0.8)
      : BoundCase(with(index, corneum, anisotropy), test::on_grid(GridLevel::standard)) {
    const OpticsProblem& o = bound.optics;
    for (int n = 0; n < band_count * o.grid.n_z; ++n) {
      put(o.rows.absorption, n, absorption);
      put(o.rows.blood, n, 0.0);
      put(o.rows.scattering, n, scattering);
    }
  }
  static Treatment with(double index, double corneum, double anisotropy) {
    Treatment t = test::treatment();
    t.model.refractive_index = index;
    t.model.corneum_refractive_index = corneum;
    t.model.anisotropy = anisotropy;
    return t;
  }
  Appearance look_at(const SkinClock& clock) {
    return look(SerialExecutor{}, bound.optics, bound.healing.pools, clock, false, bound.look);
  }
  Appearance look_now() { return look_at(SkinClock::after(bound.optics.params, 0.0)); }
  /// Free pigment, given by the place [m].
  void fill(const std::function<double(double r, double z)>& pigment) {
    const AxisymmetricGrid& grid = bound.healing.grid;
    for (int i = 0; i < grid.n_r; ++i)
      for (int j = 0; j < grid.n_z; ++j) bound.healing.pools.free(grid.cell(i, j)) = pigment(grid.r_centre(i), grid.z_centre(j));
  }
};

/// A column of pigment of 60 um radius and 100 um height.
auto column(double top, double concentration) {
  return [=](double r, double z) { return r < 60 * um && z > top && z < top + 100 * um ? concentration : 0.0; };
}

TEST(EvenNumbers, FillTheCubeMoreEvenlyThanChance) {
  // Means of u_a u_b over 4096 points; random ones scatter about 1/4 by sqrt(7/144/4096) = 0.0034, and the root of the mean of 276
  // such squares by 4 % of it.
  const EvenNumbers<24> numbers;
  double squares = 0.0;
  int pairs = 0;
  for (int a = 0; a < 24; ++a)
    for (int b = 0; b < a; ++b, ++pairs) {
      double mean = 0.0;
      for (std::uint64_t n = 0; n < 4096; ++n) mean += numbers(n, a) * numbers(n, b) / 4096.0;
      squares += (mean - 0.25) * (mean - 0.25);
    }
  EXPECT_LT(std::sqrt(squares / pairs), 0.8 * 0.0034);
}

TEST(EvenNumbers, AreTheGoldenRatioInOneDimension) {
  const EvenNumbers<1> numbers;
  const double golden = 0.5 * (std::sqrt(5.0) - 1.0);
  for (std::uint64_t n = 0; n < 100; ++n) {
    const double exact = 0.5 + golden * static_cast<double>(n);
    EXPECT_NEAR(numbers(n, 0), exact - std::floor(exact), 1e-13) << n;  // n times the rounding of the ratio to 53 bits
  }
}

TEST(PhotonPaths, BeginAndEndAtTheSurface) {
  const PhotonPaths paths({0.8, 1.4, 1.5}, 500);
  const PhotonPathView view = paths.view();
  ASSERT_EQ(view.count, 500);
  EXPECT_NEAR(view.entering, 1.0 - PlatedSurface(1.0, 1.5, 1.4)(1.0), 1e-15);
  for (int n = 0; n < view.count; ++n) {
    const int first = static_cast<int>(view.first(n)), end = static_cast<int>(view.first(n + 1));
    ASSERT_GT(end, first + 1);
    EXPECT_EQ(view.depth(end - 1), 0.0f);
    EXPECT_EQ(view.x(first), 0.0f);  // along the normal
    EXPECT_GE(view.weight(n), 1.0f);
    EXPECT_GE(view.launched(n), static_cast<float>(n + 1));
    for (int k = first; k < end; ++k) EXPECT_GE(view.depth(k), 0.0f);
  }
}

TEST(PhotonPaths, AreCutIntoPiecesAndMayBeReadPastTheirEnd) {
  // Flights are cut into the nearest whole number of strides: no piece is longer than 1.5 of them.
  const PhotonPaths paths({0.8, 1.4, 1.5}, 100);
  const PhotonPathView view = paths.view();
  double sum = 0.0;
  for (int n = 0; n < view.count; ++n) {
    double above = 0.0;
    for (int k = static_cast<int>(view.first(n)); k < static_cast<int>(view.first(n + 1)); ++k) {
      const double length =
          std::hypot(static_cast<double>(view.x(k)), static_cast<double>(view.y(k)), static_cast<double>(view.depth(k)) - above);
      EXPECT_LE(length, 1.5 * path_stride * (1.0 + 1e-4));  // depths of a hundred, rounded to floats
      EXPECT_NEAR(static_cast<double>(view.length(k)), length, 1e-4);
      sum += length;
      above = static_cast<double>(view.depth(k));
    }
  }
  EXPECT_GT(sum / static_cast<double>(view.first(view.count)), 0.5 * path_stride);  // and they are not needlessly many
  ASSERT_EQ(view.x.size, static_cast<int>(view.first(view.count)) + path_pieces);
  for (int k = view.x.size - path_pieces; k < view.x.size; ++k) EXPECT_EQ(view.x(k) + view.y(k) + view.depth(k), 0.0f);
}

TEST(PhotonPaths, KnowWhereTheyTurnAndTheSharpestOfTheTurns) {
  // Sharp are turns by more than acos 0.4: (1 - g)/2 = 0.1 of all for g = 0.8, from the cumulative of Henyey-Greenstein,
  // (1 - g^2)/(2 g) (1/sqrt(1 + g^2 - 2 g c) - 1/(1 + g)), c = 0.4. Ways are differences of floats of up to a hundred.
  const double g = 0.8, share = 0.1, least = 0.4;
  const PhotonPaths paths({g, 1.4, 1.5}, 500);
  const PhotonPathView view = paths.view();
  int turns = 0, sharp = 0;
  for (int n = 0; n < view.count; ++n) {
    const int first = static_cast<int>(view.first(n)), end = static_cast<int>(view.first(n + 1));
    const auto way = [&](int k) {
      const double above = k > first ? static_cast<double>(view.depth(k - 1)) : 0.0;
      return std::array{static_cast<double>(view.x(k)), static_cast<double>(view.y(k)), static_cast<double>(view.depth(k)) - above};
    };
    EXPECT_EQ(view.turn(end - 1), PathTurn::none);
    for (int k = first; k + 1 < end; ++k) {
      const auto a = way(k), b = way(k + 1);
      const double both = std::hypot(a[0], a[1], a[2]) * std::hypot(b[0], b[1], b[2]);
      const double cosine = (a[0] * b[0] + a[1] * b[1] + a[2] * b[2]) / both;
      turns += view.turn(k) != PathTurn::none;
      sharp += view.turn(k) == PathTurn::sharp;
      if (view.depth(k) == 0.0f || both < 1e-4) continue;  // the surface turns light, too, and short ways are mostly rounding
      const double rounding = 1e-5 / std::sqrt(both);
      if (view.turn(k) == PathTurn::sharp)
        EXPECT_LT(cosine, least + rounding) << n << " " << k;
      else
        EXPECT_GT(cosine, (view.turn(k) == PathTurn::none ? 1.0 : least) - rounding) << n << " " << k;
    }
  }
  // Paths that came out are not a fair sample: light that turns sharply comes out sooner. Up to twice the share was seen nowhere.
  const double error = std::sqrt(share * (1.0 - share) / turns);
  EXPECT_GT(sharp, (share - 4.0 * error) * turns);
  EXPECT_LT(sharp, 2.0 * share * turns);
}

TEST(PhotonPaths, KnowTheMeanLengthAboutATurn) {
  // Flights of mean 1 are cut into n = max(1, round(l / stride)) pieces; half the pieces on either side of a turn are l/n in the
  // mean, the integral of e^-l l/n. The surface cuts some of them: 5 %.
  const PhotonPaths paths({0.8, 1.4, 1.5}, 500);
  double mean = 0.0;
  constexpr double step = 1e-3;
  for (double l = 0.5 * step; l < 40.0; l += step)
    mean += std::exp(-l) * l / std::fmax(1.0, std::floor(l / path_stride + 0.5)) * step;
  EXPECT_NEAR(paths.view().turn_length, mean, 0.05 * mean);
}

TEST(PhotonPaths, AreTheSameForTheSameSettingsAndASmallerSetComesFirst) {
  const PathSettings settings{0.8, 1.4, 1.5};
  const PhotonPaths few(settings, 100), more(settings, 200);
  for (int n = 0; n < few.view().count; ++n) EXPECT_EQ(few.view().weight(n), more.view().weight(n));
  for (int k = 0; k < static_cast<int>(few.view().first(100)); ++k) ASSERT_EQ(few.view().x(k), more.view().x(k));
  EXPECT_EQ(photon_paths(settings).get(), photon_paths(settings).get());
}

TEST(FastLook, OfAMatchedHalfSpaceIsTransportTheory) {
  // Chandrasekhar 1960, isotropic scattering, R = 1 - H(1) sqrt(1 - w), w = 0.9: 0.414947. Four thousand independent photons whose
  // weight is at most 1 would scatter by sqrt(R (1 - R)/4096) = 0.0077; evenly drawn ones are held to that.
  UniformSkin skin(1000.0, 9000.0, 1.0, 1.0, 0.0);
  EXPECT_NEAR(skin.look_now().skin[contrast_band], 0.414947, 0.0077);
}

TEST(FastLook, OfSkinWithoutPigmentShowsNoDot) {
  const Appearance seen = UniformSkin(300.0, 5000.0, 1.4).look_now();
  EXPECT_EQ(seen.contrast, 0.0);
  EXPECT_EQ(seen.fwhm, 0.0);
}

TEST(FastLook, OfPigmentEverywhereIsThatOfSkinThatAbsorbsAsMuchMore) {
  // The same paths, and sums of equal samples: what differs is what little light has been further away than the grid, 2 mm.
  UniformSkin inked(300.0, 5000.0, 1.4), dark(500.0, 5000.0, 1.4);
  inked.bound.optics.params.scattering_gain[contrast_band] = 0.0;
  const LightClock clock = light_clock(inked.bound.optics.params, contrast_band, {});
  inked.fill([&](double, double) { return 200.0 / clock.dispersed; });
  const Appearance seen = inked.look_now();
  EXPECT_NEAR((1.0 - seen.contrast) * seen.skin[contrast_band], dark.look_now().skin[contrast_band], 1e-3);
}

TEST(FastLook, OfPigmentThatScattersEverywhereIsThatOfSkinThatScattersAsMuchMore) {
  // Another weight of the same paths: no bias where pigment is thin. R = 0.047 of 3,072 paths is known to sqrt(R/3072) = 0.004, 8
  // %, less where both share the paths: 5 %. Pigment that only absorbs is 15 % darker.
  UniformSkin inked(300.0, 5000.0, 1.4), white(4300.0, 5800.0, 1.4);
  inked.bound.optics.params.scattering_gain[contrast_band] = 1.0 - 0.8;
  const LightClock clock = light_clock(inked.bound.optics.params, contrast_band, {});
  inked.fill([&](double, double) { return 4000.0 / clock.dispersed; });
  const auto light = [&] {
    const Appearance seen = inked.look_now();
    return (1.0 - seen.contrast) * seen.skin[contrast_band];
  };
  const double exact = white.look_now().skin[contrast_band];
  EXPECT_NEAR(light(), exact, 0.05 * exact);
}

TEST(PigmentTurns, AreNothingWithoutScatteringAndTheLimitsOfThinAndDensePigment) {
  const PigmentTurns none = PigmentTurns::of(0.0, 0.2, 0.5);
  EXPECT_EQ(none.scattering, 0.0f);
  EXPECT_EQ(none.extinction, 1.0f);
  EXPECT_EQ(none.back, 0.0f);
  // g 0.8, s 1: k = 1.36.
  const PigmentTurns turns = PigmentTurns::of(0.2, 0.2, 0.5);
  EXPECT_NEAR(turns.scattering, 1.0, 1e-6);
  EXPECT_NEAR(turns.extinction, 2.0, 1e-6);
  EXPECT_NEAR(turns.lasting, 1.36, 1e-6);
  EXPECT_NEAR(turns.back * turns.lasting * 0.5f, turns.scattering, 1e-6);  // thin: a turn of s times the absorption met
}

TEST(FastLook, OfAPigmentBelowWhichNothingIsSeenIsThatOfSkinAboveIt) {
  // An opaque floor at 0.2 mm takes what light comes so deep; doubled, it takes no more.
  UniformSkin skin(300.0, 5000.0, 1.4);
  skin.bound.optics.params.scattering_gain[contrast_band] = 0.0;
  const auto floor = [&](double concentration) {
    skin.fill([&](double, double z) { return z > 0.2 * mm ? concentration : 0.0; });
    return skin.look_now();
  };
  const double once = floor(1e3).contrast, twice = floor(2e3).contrast;
  EXPECT_NEAR(once, twice, 2e-3);
  EXPECT_GT(once, 0.5);
  EXPECT_LT(once, 1.0);
}

TEST(FastLook, FarPlacesSeeEveryPathFromBothSidesOfTheDot) {
  // In a mirror no far place sees anything else, to the last bit; near places do.
  UniformSkin skin(300.0, 5000.0, 1.4);
  skin.fill(column(0.1 * mm, 4.0));
  OpticsProblem& o = skin.bound.optics;
  o.params.scattering_gain[contrast_band] = 0.0;
  const auto places = [&] {
    skin.look_now();
    return std::vector<double>(o.reflectance.data, o.reflectance.data + view_rings + 1);
  };
  const std::vector<double> before = places();
  std::vector<float> mirrored(o.paths.x.data, o.paths.x.data + o.paths.x.size);
  for (float& x : mirrored) x = -x;
  o.paths.x.data = mirrored.data();
  const std::vector<double> after = places();
  constexpr std::size_t near = view_rings / 2;
  EXPECT_NE(before[near - 1], after[near - 1]);
  for (std::size_t n = near; n <= view_rings; ++n) EXPECT_EQ(before[n], after[n]) << n;
  EXPECT_LT(before[near], 0.999 * before[view_rings]);  // the first far place does see the dot
}

TEST(FastLook, SwellingWidensADotAndLeavesSkinAsItIs) {
  // Water thins out what it thickens: no optical depth changes, so skin looks the same to the last bit. Light goes further aside.
  UniformSkin skin(300.0, 5000.0, 1.4);
  skin.fill(column(0.3 * mm, 4.0));
  SkinClock resting, swollen;
  swollen.oedema = 1.0;
  ASSERT_GT(skin.bound.optics.params.oedema.swelling, 0.0);
  const Appearance before = skin.look_at(resting), after = skin.look_at(swollen);
  EXPECT_EQ(before.skin[contrast_band], after.skin[contrast_band]);
  EXPECT_GT(after.fwhm, before.fwhm);
  EXPECT_LT(after.contrast, before.contrast);
}

TEST(FastLook, PigmentThatScattersBackShowsLess) {
  UniformSkin skin(300.0, 5000.0, 1.4);
  skin.fill(column(0.1 * mm, 4.0));
  double last = 1.0;
  for (const double gain : {0.0, 0.2, 1.0, 5.0}) {
    skin.bound.optics.params.scattering_gain[contrast_band] = gain;
    const double contrast = skin.look_now().contrast;
    EXPECT_LT(contrast, last) << gain;
    last = contrast;
  }
  EXPECT_GT(last, 0.0);
  skin.fill(column(0.1 * mm, 0.1));
  skin.bound.optics.params.scattering_gain[contrast_band] = 1e3;
  EXPECT_LT(skin.look_now().contrast, 0.0);  // a white pigment is lighter than skin
}

TEST(FastLook, ContrastGrowsWithPigmentAndFallsWithDepth) {
  // At three depths and three concentrations.
  UniformSkin skin(100.0, 4000.0, 1.4);
  const auto contrast = [&](double top, double concentration) {
    skin.fill(column(top, concentration));
    return skin.look_now().contrast;
  };
  EXPECT_GT(contrast(0.1 * mm, 2.0), 1.3 * contrast(0.2 * mm, 2.0));
  EXPECT_GT(contrast(0.2 * mm, 2.0), 1.3 * contrast(0.4 * mm, 2.0));
  EXPECT_GT(contrast(0.2 * mm, 4.0), contrast(0.2 * mm, 2.0));
  EXPECT_GT(contrast(0.2 * mm, 2.0), contrast(0.2 * mm, 0.5));
}

}  // namespace
}  // namespace dermaflux
