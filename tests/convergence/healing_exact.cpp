#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "tests/support/healing_grid.hpp"
#include "tests/support/small_grid.hpp"

/// Healing against exact solutions, through its own steps: spread and descent over depth, transit of the epidermis.
namespace dermaflux {
namespace {

using namespace units;
using test::equal_faces;
using test::HealingGrid;

/// Mean, variance and largest value over depth of a pool in the first ring.
struct Profile {
  double mass, mean, variance, peak;
};
Profile profile(const HealingGrid& h, const FieldView<double>& pool) {
  Profile of{};
  const AxisymmetricGrid& grid = h.p.grid;
  for (int j = 0; j < grid.n_z; ++j) {
    const double mass = pool(j) * grid.dz(j), z = grid.z_centre(j);
    of.mass += mass;
    of.mean += mass * z;
    of.variance += mass * z * z;
    of.peak = larger(of.peak, pool(j));
  }
  of.mean /= of.mass;
  of.variance = of.variance / of.mass - of.mean * of.mean;
  return of;
}

/// Slow pigment spread over depth from a Gaussian of 0.1 mm in the middle of 2 mm for ten years.
Profile spread_over_depth(int rows, int steps, double diffusivity, double speed) {
  HealingGrid h({0.0, 1 * mm}, equal_faces(rows, 2 * mm));
  for (int j = 0; j < rows; ++j) {
    const double z = (h.p.grid.z_centre(j) - 0.8 * mm) / (0.1 * mm);
    h.p.pools.slow(j) = std::exp(-0.5 * z * z);
  }
  h.p.params.spread[at_axis].slow = diffusivity;
  h.p.params.spread[at_axis].deepening_speed = speed;
  for (int n = 0; n < steps; ++n) spread(SerialExecutor{}, h.p, HealingTally{}, 10.0 * year / steps);
  return profile(h, h.p.pools.slow);
}

constexpr double sigma = 0.1 * mm, observed_spread = 1e-17;  // m and m^2/s

TEST(VerticalSpread, WidensAGaussianByTwoDT) {
  // On equal rows the second difference of z^2 is 2 exactly, so that each implicit step adds 2 D dt to the variance, whatever its
  // length, but for what would lie above the surface, 0.8 mm away: with one step, which spreads like e^(-z/L), L = sqrt(D t) = 56
  // um, 6.5e-7 of the mass at (0.8 mm / 0.13 mm)^2 = 40 variances; with 40 the Gaussian's own tail, 1.5e-10 at 40 variances.
  const double exact = sigma * sigma + 2.0 * observed_spread * 10.0 * year;
  EXPECT_NEAR(spread_over_depth(256, 1, observed_spread, 0.0).variance / exact, 1.0, 2.6e-5);
  EXPECT_NEAR(spread_over_depth(256, 40, observed_spread, 0.0).variance / exact, 1.0, 6e-9);
}

TEST(VerticalSpread, LowersThePeakAsTheExactSolution) {
  // peak = sigma_0 / sigma in one dimension. First order in the step, second in the rows: (h/sigma)^2 / 8 = 0.08 %.
  const double exact = sigma / std::sqrt(sigma * sigma + 2.0 * observed_spread * 10.0 * year);
  const auto error = [&](int steps) { return spread_over_depth(256, steps, observed_spread, 0.0).peak / exact - 1.0; };
  EXPECT_NEAR(error(80), 0.0, 2e-3);
  EXPECT_NEAR(error(5) / error(10), 2.0, 0.25);
}

TEST(VerticalSpread, SinksByItsSpeedAndKeepsAllMass) {
  // Implicit upwind moves the mean by v dt exactly while nothing reaches the last row.
  for (const int steps : {1, 40}) {
    const Profile before = spread_over_depth(256, 1, 0.0, 0.0), after = spread_over_depth(256, steps, 0.0, 5 * um / year);
    EXPECT_NEAR(after.mean - before.mean, 50 * um, 1e-9 * mm);
    EXPECT_NEAR(after.mass / before.mass, 1.0, 1e-12);
  }
}

/// Epidermis of 15 um of horny layer in 14 days and 60 um below it in 26, as rows of 5 um, over 75 um of dermis.
HealingGrid& with_epidermis(HealingGrid& h) {
  h.p.params.epidermis = {.corneum_depth = 15 * um, .corneum_speed = 15 * um / (14 * day), .viable_speed = 60 * um / (26 * day)};
  h.p.params.epidermal_rows = 15;
  for (int j = 0; j < 15; ++j) put(h.p.rows.epidermal, j, 1.0);
  return h;
}
const std::vector<double> epidermal_rows = equal_faces(32, 160 * um);

TEST(EpidermalShedding, EmptiesInItsTransitTime) {
  // Pigment in the deepest row, between 70 and 75 um: its top reaches the surface after 14 + 26 x 55/60 days, its bottom after 40.
  const double top = (14.0 + 26.0 * 55.0 / 60.0) * day, bottom = 40.0 * day;
  for (const auto& [time, left] : {std::pair{top * (1 - 1e-9), 1.0}, {0.5 * (top + bottom), 0.5}, {bottom * (1 + 1e-9), 0.0}}) {
    HealingGrid h({0.0, 1 * mm}, epidermal_rows);
    with_epidermis(h).p.pools.epidermal(14) = 3.0;
    const double all = h.held();
    spread(SerialExecutor{}, h.p, HealingTally{}, time);
    EXPECT_NEAR(h.held() / all, left, 1e-7);  // the 1e-9 of 38 days is 2e-8 of the row's 2.2 days
    EXPECT_NEAR(h.held() + h.lost(), all, 1e-14 * all);
  }
}

TEST(EpidermalShedding, EmptiesAFullEpidermisLinearlyInEachLayer) {
  // One step of any length is exact: what has left after t stood above the departure point.
  for (const auto& [days, height] : {std::pair{7.0, 7.5 * um}, {27.0, 45 * um}, {40.0, 75 * um}, {4000.0, 75 * um}}) {
    HealingGrid h({0.0, 1 * mm}, epidermal_rows);
    with_epidermis(h);
    for (int j = 0; j < 15; ++j) h.p.pools.epidermal(j) = 1.0;
    const double all = h.held();
    spread(SerialExecutor{}, h.p, HealingTally{}, days * day);
    EXPECT_NEAR(h.p.account(HealingAccount::shed) / all, height / (75 * um), 1e-12) << days;
  }
}

TEST(EpidermalShedding, ManyStepsBlurTheTransitByTheRootOfTheRows) {
  // Short steps spread pigment evenly over the row it has entered, which it leaves like an exponential: its transit has the
  // variance of 12 rows of 26/12 days and 3 of 14/3 days, (11 days)^2. The mean stays: from the middle of the row, less half a step
  // per row.
  HealingGrid h({0.0, 1 * mm}, epidermal_rows);
  with_epidermis(h).p.pools.epidermal(14) = 1.0;
  const double all = h.held(), dt = 0.25 * day;
  double mean = 0.0, square = 0.0, before = all;
  for (int n = 0; n < 800; ++n) {
    spread(SerialExecutor{}, h.p, HealingTally{}, dt);
    const double shed = (before - h.held()) / all, time = (n + 0.5) * dt;
    mean += shed * time;
    square += shed * time * time;
    before = h.held();
  }
  EXPECT_LT(h.held(), 1e-6 * all);  // day 200: fourteen deviations after the mean
  EXPECT_NEAR(mean / day, 40.0 - 0.5 * 26.0 / 12.0, 0.5 * 15 * 0.25);
  EXPECT_NEAR(std::sqrt(square - mean * mean) / day, 11.0, 1.0);  // a step of 0.25 days takes a tenth off the variance of a row
}

}  // namespace
}  // namespace dermaflux
