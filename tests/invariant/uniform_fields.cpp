#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "core/execution/executor.hpp"
#include "core/solver/insertion_cycle.hpp"
#include "tests/support/small_grid.hpp"

/// Transport in any flow: a uniform mixture stays uniform, mass is kept, and no new extremum appears.
namespace dermaflux {
namespace {

constexpr int n_r = 12, n_z = 24;

/// A random closed flow: face fluxes are differences of a stream function that vanishes on the rim of the domain.
struct RandomFlow : test::SmallGrid {
  double largest_rate = 0.0;  ///< share of a cell's fluid that leaves it per second [1/s]

  explicit RandomFlow(unsigned seed, int classes = 1)
      : SmallGrid(test::equal_faces(n_r, 0.5e-3), test::equal_faces(n_z, 1e-3), 0.4, classes) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> either(-1e-12, 1e-12);
    std::vector<double> stream(static_cast<std::size_t>((n_r + 1) * (n_z + 1)), 0.0);
    const auto psi = [&stream](int i, int j) -> double& { return stream[static_cast<std::size_t>(i * (n_z + 1) + j)]; };
    for (int i = 1; i < n_r; ++i)
      for (int j = 1; j < n_z; ++j) psi(i, j) = either(random);
    for (int i = 0; i < n_r; ++i)
      for (int j = 0; j < n_z; ++j) {
        p.scratch.radial_flux(p.grid.cell(i, j)) = psi(i + 1, j) - psi(i + 1, j + 1);
        p.scratch.axial_flux(p.grid.cell(i, j)) = psi(i + 1, j + 1) - psi(i, j + 1);
      }
    for (int i = 0; i < n_r; ++i)
      for (int j = 0; j < n_z; ++j) {
        const int k = p.grid.cell(i, j);
        const double west = i > 0 ? p.scratch.radial_flux(k - n_z) : 0.0, north = j > 0 ? p.scratch.axial_flux(k - 1) : 0.0;
        const double out = std::max(p.scratch.radial_flux(k), 0.0) + std::max(p.scratch.axial_flux(k), 0.0) + std::max(-west, 0.0) +
                           std::max(-north, 0.0);
        largest_rate = std::max(largest_rate, out / (p.grid.volume(i, j) * p.tissue.fluid(k)));
      }
  }
  void fill(FieldView<double> amount, FieldView<double> share, int k, double value) const {
    share(k) = value;
    amount(k) = value * p.tissue.fluid(k);
  }
  void step(int count) const {
    carry(count, largest_courant / largest_rate);  // the solver's own limit
  }
  /// Spreads carrier and pigment over the whole grid `count` times.
  void spread(int count, double time) const {
    const SerialExecutor executor;
    const TransportBox box{n_r, n_z};
    InsertionTally tally;
    tally.unspread_time = time;
    for (int n = 0; n < count; ++n, ++tally.spreadings) {
      spread_component(executor, p, box, p.tissue.carrier, p.scratch.w, 3e-10, tally);
      spread_component(executor, p, box, p.tissue.pigment[0], p.scratch.c[0], 4e-11, tally);
    }
  }
};

TEST(Transport, KeepsUniformFieldsUniformInAnyClosedFlow) {
  for (unsigned seed = 1; seed <= 5; ++seed) {
    RandomFlow flow(seed);
    for (int k = 0; k < n_r * n_z; ++k) {
      flow.fill(flow.p.tissue.carrier, flow.p.scratch.w, k, 0.3);
      flow.fill(flow.p.tissue.pigment[0], flow.p.scratch.c[0], k, 40.0);
    }
    flow.step(200);
    for (int k = 0; k < n_r * n_z; ++k) {
      EXPECT_NEAR(flow.p.scratch.w(k) / 0.3, 1.0, 200 * 10 * 2.2e-16);  // some ten roundings per step
      EXPECT_NEAR(flow.p.scratch.c[0](k) / 40.0, 1.0, 200 * 10 * 2.2e-16);
    }
  }
}

TEST(Transport, KeepsUniformFieldsUniformWhileTissueSwells) {
  // Ink of one composition enters through the wall of every row into tissue that holds the same: whatever the content, w and c
  // stay.
  RandomFlow flow(7);
  for (int k = 0; k < n_r * n_z; ++k) {
    flow.fill(flow.p.tissue.carrier, flow.p.scratch.w, k, 0.3);
    flow.fill(flow.p.tissue.pigment[0], flow.p.scratch.c[0], k, 40.0);
  }
  for (int j = 0; j < n_z; ++j) {
    flow.p.scratch.wall_flux(j) = 1e-13;
    flow.p.scratch.wall_carrier(j) = 0.3e-13;
    flow.p.scratch.wall_pigment[0](j) = 40e-13;
  }
  const double before = flow.integral(flow.p.tissue.fluid);
  flow.step(50);
  EXPECT_GT(flow.integral(flow.p.tissue.fluid), 1.001 * before);
  for (int k = 0; k < n_r * n_z; ++k) {
    EXPECT_NEAR(flow.p.scratch.w(k) / 0.3, 1.0, 50 * 10 * 2.2e-16);
    EXPECT_NEAR(flow.p.scratch.c[0](k) / 40.0, 1.0, 50 * 10 * 2.2e-16);
  }
}

TEST(Transport, KeepsMassAndMakesNoNewExtremum) {
  for (unsigned seed = 11; seed <= 15; ++seed) {
    RandomFlow flow(seed);
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> share(0.0, 1.0);
    for (int k = 0; k < n_r * n_z; ++k) {
      flow.fill(flow.p.tissue.carrier, flow.p.scratch.w, k, share(random) < 0.3 ? 1.0 : 0.0);
      flow.fill(flow.p.tissue.pigment[0], flow.p.scratch.c[0], k, 50.0 * share(random));
    }
    const double carrier = flow.integral(flow.p.tissue.carrier), pigment = flow.integral(flow.p.tissue.pigment[0]);
    flow.step(300);
    EXPECT_NEAR(flow.integral(flow.p.tissue.carrier) / carrier, 1.0, 300 * 2.2e-16);  // one rounding per step
    EXPECT_NEAR(flow.integral(flow.p.tissue.pigment[0]) / pigment, 1.0, 300 * 2.2e-16);
    for (int k = 0; k < n_r * n_z; ++k) {
      EXPECT_GE(flow.p.scratch.w(k), 0.0);
      EXPECT_LE(flow.p.scratch.w(k), 1.0 + 300 * 2.2e-16);
      EXPECT_GE(flow.p.scratch.c[0](k), 0.0);
      EXPECT_LE(flow.p.scratch.c[0](k), 50.0 * (1.0 + 300 * 2.2e-16));
    }
  }
}

TEST(Transport, KeepsMassAndUniformFieldsWhileTissueDrainsAndTheTrackTakesInkBack) {
  // Ink leaves through the wall of every row, to half of what the cells beside it hold: what is returned to the track and what is
  // left are all there was, and what is left keeps its composition.
  RandomFlow flow(9);
  for (int k = 0; k < n_r * n_z; ++k) {
    flow.fill(flow.p.tissue.carrier, flow.p.scratch.w, k, 0.3);
    flow.fill(flow.p.tissue.pigment[0], flow.p.scratch.c[0], k, 40.0);
  }
  const double pigment = flow.integral(flow.p.tissue.pigment[0]), carrier = flow.integral(flow.p.tissue.carrier);
  const double dt = 0.25 / flow.largest_rate;
  const int count = 20;
  for (int j = 0; j < n_z; ++j)
    flow.p.scratch.wall_flux(j) = -0.5 * flow.p.grid.volume(0, j) * flow.p.tissue.fluid(j) / (count * dt);
  flow.carry(count, dt);
  double returned = 0.0, returned_carrier = 0.0;
  for (int j = 0; j < n_z; ++j) {
    returned += flow.p.scratch.returned_pigment[0](j);
    returned_carrier += flow.p.scratch.returned_carrier(j);
  }
  EXPECT_GT(returned, 1e-3 * pigment);
  EXPECT_NEAR((flow.integral(flow.p.tissue.pigment[0]) + returned) / pigment, 1.0, count * 2.2e-16 * 4);  // two stages, two sums
  EXPECT_NEAR((flow.integral(flow.p.tissue.carrier) + returned_carrier) / carrier, 1.0, count * 2.2e-16 * 4);
  for (int k = 0; k < n_r * n_z; ++k) {
    EXPECT_NEAR(flow.p.scratch.w(k) / 0.3, 1.0, count * 20 * 2.2e-16);
    EXPECT_NEAR(flow.p.scratch.c[0](k) / 40.0, 1.0, count * 20 * 2.2e-16);
  }
}

TEST(Transport, StaysPositiveAtTheLimitOfTheSubstepWhateverTheStart) {
  // Single cells full of pigment in clean fluid, the hardest case for positivity, at the Courant number of one half.
  for (unsigned seed = 31; seed <= 40; ++seed) {
    RandomFlow flow(seed);
    std::mt19937 random(seed);
    for (int k = 0; k < n_r * n_z; ++k) flow.fill(flow.p.tissue.pigment[0], flow.p.scratch.c[0], k, random() % 5 ? 0.0 : 50.0);
    for (int n = 0; n < 30; ++n) {
      flow.step(1);
      for (int k = 0; k < n_r * n_z; ++k) ASSERT_GE(flow.p.tissue.pigment[0](k), -50.0 * 2.2e-16);  // a rounding of what passes
    }
  }
}

TEST(Transport, CarriesSizeClassesAsIfEachWereAlone) {
  // Two classes with the same start and the same filter are carried with the same bits.
  RandomFlow both(41, 2), alone(41);
  for (int k = 0; k < n_r * n_z; ++k) {
    const double value = k % 7;
    for (int n = 0; n < 2; ++n) {
      both.fill(both.p.tissue.pigment[n], both.p.scratch.c[n], k, value);
      both.p.scratch.capture[n](k) = n * 0.1 * both.largest_rate;
    }
    alone.fill(alone.p.tissue.pigment[0], alone.p.scratch.c[0], k, value);
  }
  both.step(40);
  alone.step(40);
  for (int k = 0; k < n_r * n_z; ++k) {
    EXPECT_EQ(both.p.tissue.pigment[0](k), alone.p.tissue.pigment[0](k));
    EXPECT_EQ(both.p.tissue.captured[0](k), 0.0);
  }
  EXPECT_GT(both.integral(both.p.tissue.captured[1]), 0.1 * alone.integral(alone.p.tissue.pigment[0]));
}

TEST(Spreading, KeepsMassPositivityBoundsAndUniformFieldsForAnyStep) {
  for (const double time : {1e-3, 1.0, 1e3, 1e6}) {
    RandomFlow flow(51);
    std::mt19937 random(51);
    std::uniform_real_distribution<double> share(0.0, 1.0);
    flow.p.params.spreading.dispersivity = 1e-6;
    for (int k = 0; k < n_r * n_z; ++k) {
      flow.p.tissue.fluid(k) = 0.2 + 0.3 * share(random);
      flow.p.tissue.path(k) = 1e-4 * share(random);
      flow.fill(flow.p.tissue.carrier, flow.p.scratch.w, k, 0.3);
      flow.fill(flow.p.tissue.pigment[0], flow.p.scratch.c[0], k, random() % 5 ? 0.0 : 50.0);
    }
    const double pigment = flow.integral(flow.p.tissue.pigment[0]);
    flow.spread(10, time);
    // A line solve multiplies roundings by no more than the sum of its rows: some ten per cell and solve.
    EXPECT_NEAR(flow.integral(flow.p.tissue.pigment[0]) / pigment, 1.0, 10 * 2 * 100 * 2.2e-16) << time;
    for (int k = 0; k < n_r * n_z; ++k) {
      EXPECT_NEAR(flow.p.scratch.w(k) / 0.3, 1.0, 10 * 2 * 100 * 2.2e-16);
      EXPECT_GE(flow.p.scratch.c[0](k), 0.0);
      EXPECT_LE(flow.p.scratch.c[0](k), 50.0);
    }
  }
}

TEST(Transport, CapturedPigmentLeavesTheFluidAndNeverExceedsTheRoom) {
  RandomFlow flow(21);
  flow.p.params.max_captured = 5.0;
  for (int k = 0; k < n_r * n_z; ++k) {
    flow.fill(flow.p.tissue.carrier, flow.p.scratch.w, k, 1.0);
    flow.fill(flow.p.tissue.pigment[0], flow.p.scratch.c[0], k, 50.0);
    flow.p.scratch.capture[0](k) = 0.1 * flow.largest_rate;
  }
  const double before = flow.integral(flow.p.tissue.pigment[0]);
  flow.step(300);
  EXPECT_NEAR((flow.integral(flow.p.tissue.pigment[0]) + flow.integral(flow.p.tissue.captured[0])) / before, 1.0, 300 * 2.2e-16);
  EXPECT_GT(flow.integral(flow.p.tissue.captured[0]), 0.1 * before);
  for (int k = 0; k < n_r * n_z; ++k) EXPECT_LE(flow.p.tissue.captured[0](k), 5.0);
}

}  // namespace
}  // namespace dermaflux
