#include "core/physics/skin_optics.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <initializer_list>

#include "core/physics/surface_laws.hpp"
#include "core/units.hpp"
#include "tests/support/bound_case.hpp"
#include "tests/support/same_bits.hpp"
#include "tests/support/small_cases.hpp"

/// Optical laws of skin and pigment against exact limits, and the fast estimate against the solution for uniform skin.
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
  UniformSkin(double absorption, double scattering, double index, double corneum = 1.4) : BoundCase(with_indices(index, corneum)) {
    const OpticsProblem& o = bound.optics;
    for (int n = 0; n < band_count * o.grid.n_z; ++n) {
      put(o.rows.absorption, n, absorption);
      put(o.rows.blood, n, 0.0);
      put(o.rows.scattering, n, scattering);
    }
    const SerialExecutor executor;
    executor.cells(o.grid.n_r, o.grid.n_z, StartOpticsStep{o});
  }
  static Treatment with_indices(double index, double corneum) {
    Treatment t = test::treatment();
    t.model.refractive_index = index;
    t.model.corneum_refractive_index = corneum;
    return t;
  }
  Appearance look_now() {
    return look(SerialExecutor{}, bound.optics, bound.healing.pools, bound.healing.grid, SkinClock::after(bound.optics.params, 0.0),
                false, bound.look);
  }
};

TEST(OpticalEstimate, OfUniformSkinIsTheClosedDiffusionSolution) {
  // R = a / (1 + kappa/mu_t) / (1 + 2 A kappa/(3 mu_t)), kappa = sqrt(3 mu_a mu_t): collimated light, diffusion, partial-current
  // boundary. Rows of h = 19 um: second order, (mu_t h)^2/12 in the source and as much in the diffusion, 0.3 to 0.4 % each.
  for (const double corneum : {1.4, 1.6})
    for (const double absorption : {300.0, 1000.0, 3000.0}) {
      const double scattering = 9000.0, total = absorption + scattering, index = 1.4,
                   factor = BoundaryFactor{}(InternalReflection{index, corneum}());
      const double kappa = std::sqrt(3.0 * absorption * total);
      const double exact = scattering / total / (1.0 + kappa / total) / (1.0 + 2.0 * factor * kappa / (3.0 * total));
      UniformSkin skin(absorption, scattering, index, corneum);
      const double step = total * skin.bound.optics.grid.dz(0);
      EXPECT_NEAR(skin.look_now().skin[contrast_band] / exact, 1.0, 2.0 * step * step / 12.0) << absorption;
    }
}

TEST(OpticalEstimate, OfAMatchedHalfSpaceIsWithinThreePercentOfTransportTheory) {
  // Chandrasekhar 1960, isotropic scattering, albedo 0.9: R = 0.414947. Diffusion gives 0.42596, 2.7 % more.
  const double reflectance = UniformSkin(1000.0, 9000.0, 1.0, 1.0).look_now().skin[contrast_band];
  EXPECT_NEAR(reflectance, 0.42596, 0.006 * 0.42596);
  EXPECT_NEAR(reflectance, 0.414947, 0.034 * 0.414947);
}

TEST(OpticalEstimate, OfSkinWithoutPigmentShowsNoDot) {
  // Dot and skin are the same problem solved two ways; the iterative one stops at 1e-3 of the escape probability.
  const Appearance seen = UniformSkin(300.0, 5000.0, 1.4).look_now();
  EXPECT_NEAR(seen.contrast, 0.0, 2e-3);
}

TEST(OpticalEstimate, ContrastGrowsWithPigmentAndFallsWithDepth) {
  // A column of pigment of 60 um radius and 100 um height at three depths and three concentrations.
  UniformSkin skin(100.0, 4000.0, 1.4);
  const AxisymmetricGrid& grid = skin.bound.healing.grid;
  const auto contrast = [&](double top, double concentration) {
    for (int i = 0; i < grid.n_r; ++i)
      for (int j = 0; j < grid.n_z; ++j) {
        const bool inside = grid.r_centre(i) < 60 * um && grid.z_centre(j) > top && grid.z_centre(j) < top + 100 * um;
        skin.bound.healing.pools.free(grid.cell(i, j)) = inside ? concentration : 0.0;
      }
    return skin.look_now().contrast;
  };
  EXPECT_GT(contrast(0.1 * mm, 2.0), 1.3 * contrast(0.2 * mm, 2.0));
  EXPECT_GT(contrast(0.2 * mm, 2.0), 1.3 * contrast(0.4 * mm, 2.0));
  EXPECT_GT(contrast(0.2 * mm, 4.0), contrast(0.2 * mm, 2.0));
  EXPECT_GT(contrast(0.2 * mm, 2.0), contrast(0.2 * mm, 0.5));
}

TEST(OpticalEstimate, ARecordOfTheLooksChangesNothingAndHoldsThem) {
  // No tolerance: a record copies, and puts back what it has used. The looks are those of a day and of the two of the colours.
  RunOptions plain = test::quick_grid(), recording = plain;
  recording.record = true;
  const Treatment t = test::treatment("normal", {{"machine.dwell_ms", "30"}});
  test::BoundCase without(t, plain), with(t, recording);
  const Outcome reference = without.run(SerialExecutor{}), outcome = with.run(SerialExecutor{});
  EXPECT_TRUE(test::same_bits(test::numbers(reference), test::numbers(outcome)));
  const int rings = with.bound.optics.grid.n_r, row = rings + 1;
  const FieldView<double>& view = with.bound.recorder.view;
  ASSERT_EQ(view.size, outcome.moment_count * band_count * row);
  EXPECT_EQ(without.bound.recorder.view.size, 0);
  for (int n = 0; n < 2; ++n)
    for (int band = 0; band < band_count; ++band)
      EXPECT_EQ(view((with.bound.colour_moment[n] * band_count + band) * row + rings), outcome.colour[n].skin[band]) << band;
  for (int k = 0; k < view.size; ++k) ASSERT_TRUE(view(k) > 0.0 && view(k) < 1.0) << k;
  // The contrast in the middle is at least the mean over the centre, because the dot is darkest there.
  for (int m = 0; m < outcome.moment_count; ++m) {
    const int at = (m * band_count + contrast_band) * row;
    EXPECT_GE(1.0 - view(at) / view(at + rings), outcome.moments[m].contrast) << m;
  }
}

}  // namespace
}  // namespace dermaflux
