#include "core/physics/track_laws.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <initializer_list>

#include "core/units.hpp"

/// The laws of the track against exact solutions: Poiseuille flow, Landau-Levich film, Young-Laplace, the standard linear solid.
namespace dermaflux {
namespace {

using namespace units;

double circle(double radius) { return pi * radius * radius; }

/// Flow per pressure gradient and inverse viscosity between cylinders r and R, by Simpson's rule over the exact velocity profile
/// u = (R^2 - x^2 - (R^2 - r^2) ln(R/x) / ln(R/r)) / 4.
double integrated_annulus(double r, double outer) {
  constexpr int n = 2000;
  const auto integrand = [&](double x) {
    return 2.0 * pi * x * 0.25 * (outer * outer - x * x - (outer * outer - r * r) * std::log(outer / x) / std::log(outer / r));
  };
  const double h = (outer - r) / n;
  double sum = integrand(r) + integrand(outer);
  for (int k = 1; k < n; ++k) sum += (k % 2 ? 4.0 : 2.0) * integrand(r + k * h);
  return sum * h / 3.0;
}

TEST(AnnulusConductance, EqualsTheIntegratedVelocityProfile) {
  for (const double ratio : {1.05, 1.2, 2.0, 5.0}) {
    const double r = 60 * um, outer = ratio * r;
    const double exact = integrated_annulus(r, outer), value = AnnulusConductance{}(circle(r), circle(outer) - circle(r));
    // Simpson: (h/R)^4 ~ 1e-13 of the integrand; the closed form loses (R/b)^3 roundings to cancellation, b = R - r.
    const double cancellation = 2.2e-16 * std::pow(outer / (outer - r), 3);
    EXPECT_NEAR(value / exact, 1.0, 1e-11 + 10.0 * cancellation) << "R/r = " << ratio;
  }
}

TEST(AnnulusConductance, IsPoiseuilleTubeWithoutANeedle) {
  const double radius = 40 * um;
  EXPECT_DOUBLE_EQ(AnnulusConductance{}(0.0, circle(radius)), pi * std::pow(radius, 4) / 8.0);
}

TEST(AnnulusConductance, IsASlitWhenTheGapIsThin) {
  // The annulus exceeds the slit 2 pi r b^3 / 12 by the factor 1 + b / (2 r) + O(b^2).
  const double r = 100 * um;
  for (const double share : {1e-4, 2e-3, 1e-2}) {
    const double gap = share * r, slit = 2.0 * pi * r * gap * gap * gap / 12.0;
    EXPECT_NEAR(AnnulusConductance{}(circle(r), circle(r + gap) - circle(r)) / slit, 1.0, 0.51 * share + 1e-6);
  }
}

TEST(AnnulusConductance, GrowsWithTheGapAndShrinksWithTheNeedle) {
  const AnnulusConductance conductance{};
  double before = 0.0;
  for (double gap = 0.02 * um; gap < 200 * um; gap *= 1.3) {
    const double now = conductance(circle(50 * um), circle(50 * um + gap) - circle(50 * um));
    EXPECT_GT(now, before);
    before = now;
  }
  for (double r = 1 * um; r < 80 * um; r *= 1.5)  // the same wall, a thicker needle
    EXPECT_GT(conductance(circle(r), circle(90 * um) - circle(r)), conductance(circle(1.1 * r), circle(90 * um) - circle(1.1 * r)));
}

TEST(FilmThickness, IsLandauLevichOnAFibre) {
  // Reference value: r = 125 um, 3 mPa s, 0.1 m/s, 38 mN/m -> 6.6 um, printed to two digits.
  const FilmThickness film{.surface_tension = 38e-3, .cap = 0.3};
  EXPECT_NEAR(film(3 * mPa_s, 0.1) * 125.0, 6.6, 0.05);
  EXPECT_NEAR(film(3 * mPa_s, 0.1) / (1.34 * std::pow(3e-4 / 38e-3, 2.0 / 3.0)), 1.0, 1e-14);
}

TEST(FilmThickness, GrowsByFourForEightTimesTheSpeedUpToItsCap) {
  const FilmThickness film{.surface_tension = 38e-3, .cap = 0.3};
  EXPECT_NEAR(film(3 * mPa_s, 0.08) / film(3 * mPa_s, 0.01), 4.0, 1e-13);
  EXPECT_DOUBLE_EQ(film(3 * mPa_s, 0.0), 0.0);
  EXPECT_DOUBLE_EQ(film(1.0, 1.0), 0.3);
}

TEST(CapillaryPressure, IsYoungLaplaceInHoleAndGap) {
  const CapillaryPressure law{.surface_tension = 38e-3, .wall_cosine = 0.6, .needle_cosine = 0.8, .roughness = 1 * um};
  EXPECT_DOUBLE_EQ(law(0.0, circle(50 * um)), -2.0 * 38e-3 * 0.6 / (50 * um));
  EXPECT_NEAR(law(circle(40 * um), circle(50 * um)) / (-38e-3 * 1.4 / (10 * um)), 1.0, 1e-13);
}

TEST(CapillaryPressure, IsHeldAtTheRoughnessOfTheSteel) {
  const CapillaryPressure law{.surface_tension = 38e-3, .wall_cosine = 0.6, .needle_cosine = 0.8, .roughness = 1 * um};
  EXPECT_DOUBLE_EQ(law(circle(50 * um), circle(50.1 * um)), -38e-3 * 1.4 / (1 * um));
}

TEST(LiquidShare, RunsFromContactToLiquidWithTheSlopeItStates) {
  const LiquidShare share{.roughness = 1 * um};
  EXPECT_DOUBLE_EQ(share(0.0), 0.0);
  EXPECT_NEAR(share(40 * um), 1.0, std::exp(-40.0) + 2.3e-16);
  const double gap = 0.7 * um, h = 1e-4 * um;  // central difference: h^2/6 of the third derivative, 2e-9 relative
  EXPECT_NEAR((share(gap + h) - share(gap - h)) / (2.0 * h) / share.slope(gap), 1.0, 1e-8);
}

/// A wall after `steps` implicit steps of `dt`; `area(load)` gives the area of each step.
template <class Area>
double stress_after(int steps, double dt, double stiffening, double recoil, double modulus, double start, Area area, double& last) {
  double stress = 0.0;
  last = start;
  for (int n = 0; n < steps; ++n) {
    const WallLoad wall{.modulus = modulus,
                        .rest = 1.0,
                        .previous = last,
                        .stress = stress,
                        .stiffening = stiffening,
                        .kept = WallLoad::kept_share(stiffening, recoil, dt)};
    const double now = area(wall);
    stress = wall.branch(now);
    last = now;
  }
  return stress;
}

TEST(WallLoad, RelaxesAfterASuddenOpeningAsAStandardLinearSolid) {
  // Held open at A: s = G_1 ln(A/A_0) e^(-t/t_r), t_r = tau / (1 + G_1/G). Implicit Euler: relative error (t/t_r) dt/(2 t_r).
  const double modulus = 4e4, stiffening = 8.0, tau = 5e-3, t_r = tau / 9.0, end = 1.5 * t_r;
  double errors[2];
  for (int level = 0; level < 2; ++level) {
    const int steps = 400 << level;
    double last;
    const double s = stress_after(
        steps, end / steps, stiffening, tau, modulus, 1.0, [](const WallLoad&) { return 2.0; }, last);
    const double exact = stiffening * modulus * std::log(2.0) * std::exp(-1.5);
    errors[level] = std::fabs(s / exact - 1.0);
    // The first step relaxes by dt/t_r too (the opening happens at its beginning); together (t/t_r)/2 dt/t_r at most 1.1 times.
    EXPECT_LT(errors[level], 1.1 * 0.5 * 1.5 * 1.5 / steps);
  }
  EXPECT_NEAR(errors[0] / errors[1], 2.0, 0.02);  // first order
}

TEST(WallLoad, RecoilsWithoutLoadInItsRecoilTime) {
  // p = 0 gives y' = -y / tau for y = ln(A/A_rest) once the branch carries -G y. From s = 0 the branch first takes up the whole
  // load: y jumps to y_0 G_1/(G + G_1). Implicit Euler: relative error (t/tau) dt/(2 tau).
  const double modulus = 4e4, stiffening = 8.0, tau = 5e-3, end = 2.0 * tau, y0 = std::log(3.0);
  double errors[2];
  for (int level = 0; level < 2; ++level) {
    const int steps = 2000 << level;
    double last;
    stress_after(
        steps, end / steps, stiffening, tau, modulus, 3.0, [](const WallLoad& wall) { return wall.spring().unloaded; }, last);
    const double exact = y0 * stiffening / (1.0 + stiffening) * std::exp(-2.0);
    errors[level] = std::fabs(std::log(last) / exact - 1.0);
    EXPECT_LT(errors[level], 1.5 * 2.0 * 2.0 / steps);
  }
  EXPECT_NEAR(errors[0] / errors[1], 2.0, 0.02);
}

TEST(WallSpring, IsTheLawOfTheWallOverOneStep) {
  // p = G ln(A/A_rest) + s with s = branch(A), written out; logarithms of O(1): some ten roundings of G.
  const WallLoad wall{.modulus = 4e4, .rest = 2e-9, .previous = 5e-9, .stress = -3e3, .stiffening = 8.0, .kept = 0.4};
  const WallSpring spring = wall.spring();
  for (const double area : {3e-10, 2e-9, 5e-9, 4e-8})
    EXPECT_NEAR(spring(area), 4e4 * std::log(area / 2e-9) + wall.branch(area), 1e-9 * 4e4);
}

TEST(WallSpring, AreaAtIsTheInverseOfTheLoadAndSlopeItsDerivative) {
  const WallSpring wall{.stiffness = 1.7e5, .unloaded = 3e-9};
  for (const double load : {-2e4, -10.0, 0.0, 5e3, 8e4}) {
    const double area = wall.area_at(load);
    EXPECT_NEAR(wall(area), load, 1e-9 * (4e4 + std::fabs(load)));  // logarithms of O(1): some ten roundings of K
    const double h = 1e-5 * area;
    EXPECT_NEAR((wall(area + h) - wall(area - h)) / (2.0 * h) / wall.slope(area), 1.0, 1e-9);  // h^2/3 relative, plus rounding
  }
}

TEST(WallLoad, AtRestAreaAndAfterLongTimeOnlyTheQuasiStaticModulusRemains) {
  const WallLoad wall{.modulus = 4e4,
                      .rest = 2e-9,
                      .previous = 6e-9,
                      .stress = 0.0,
                      .stiffening = 8.0,
                      .kept = WallLoad::kept_share(8.0, 5e-3, 1e9)};
  EXPECT_NEAR(wall.spring()(6e-9), 4e4 * std::log(3.0), 1e-6);
  EXPECT_NEAR(wall.spring()(2e-9), 0.0, 1e-6);
}

}  // namespace
}  // namespace dermaflux
