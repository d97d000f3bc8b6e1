#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "core/execution/executor.hpp"
#include "core/solver/tissue_steps.hpp"
#include "tests/support/small_grid.hpp"

/// Transport in any flow: a uniform mixture stays uniform, mass is kept, and no new extremum appears.
namespace dermaflux {
namespace {

constexpr int n_r = 12, n_z = 24;

/// A random closed flow: face fluxes are differences of a stream function that vanishes on the rim of the domain.
struct RandomFlow : test::SmallGrid {
  double largest_rate = 0.0;  ///< share of a cell's fluid that leaves it per second [1/s]

  explicit RandomFlow(unsigned seed) : SmallGrid(test::equal_faces(n_r, 0.5e-3), test::equal_faces(n_z, 1e-3)) {
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
    const SerialExecutor executor;
    const TransportBox box{n_r, n_z};
    const double dt = 0.5 / largest_rate;  // the solver's own limit
    for (int n = 0; n < count; ++n) {
      executor.rows(n_z, FaceTransportStep{p, box, dt});
      executor.rows(n_z, CellBalanceStep{p, box, dt});
    }
  }
};

TEST(Transport, KeepsUniformFieldsUniformInAnyClosedFlow) {
  for (unsigned seed = 1; seed <= 5; ++seed) {
    RandomFlow flow(seed);
    for (int k = 0; k < n_r * n_z; ++k) {
      flow.fill(flow.p.tissue.carrier, flow.p.scratch.w, k, 0.3);
      flow.fill(flow.p.tissue.pigment, flow.p.scratch.c, k, 40.0);
    }
    flow.step(200);
    for (int k = 0; k < n_r * n_z; ++k) {
      EXPECT_NEAR(flow.p.scratch.w(k) / 0.3, 1.0, 200 * 10 * 2.2e-16);  // some ten roundings per step
      EXPECT_NEAR(flow.p.scratch.c(k) / 40.0, 1.0, 200 * 10 * 2.2e-16);
    }
  }
}

TEST(Transport, KeepsUniformFieldsUniformWhileTissueSwells) {
  // Ink of one composition enters through the wall of every row into tissue that holds the same: whatever the content, w and c
  // stay.
  RandomFlow flow(7);
  for (int k = 0; k < n_r * n_z; ++k) {
    flow.fill(flow.p.tissue.carrier, flow.p.scratch.w, k, 0.3);
    flow.fill(flow.p.tissue.pigment, flow.p.scratch.c, k, 40.0);
  }
  for (int j = 0; j < n_z; ++j) {
    flow.p.scratch.wall_flux(j) = 1e-13;
    flow.p.scratch.wall_carrier(j) = 0.3e-13;
    flow.p.scratch.wall_pigment(j) = 40e-13;
  }
  const double before = flow.integral(flow.p.tissue.fluid);
  flow.step(50);
  EXPECT_GT(flow.integral(flow.p.tissue.fluid), 1.001 * before);
  for (int k = 0; k < n_r * n_z; ++k) {
    EXPECT_NEAR(flow.p.scratch.w(k) / 0.3, 1.0, 50 * 10 * 2.2e-16);
    EXPECT_NEAR(flow.p.scratch.c(k) / 40.0, 1.0, 50 * 10 * 2.2e-16);
  }
}

TEST(Transport, KeepsMassAndMakesNoNewExtremum) {
  for (unsigned seed = 11; seed <= 15; ++seed) {
    RandomFlow flow(seed);
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> share(0.0, 1.0);
    for (int k = 0; k < n_r * n_z; ++k) {
      flow.fill(flow.p.tissue.carrier, flow.p.scratch.w, k, share(random) < 0.3 ? 1.0 : 0.0);
      flow.fill(flow.p.tissue.pigment, flow.p.scratch.c, k, 50.0 * share(random));
    }
    const double carrier = flow.integral(flow.p.tissue.carrier), pigment = flow.integral(flow.p.tissue.pigment);
    flow.step(300);
    EXPECT_NEAR(flow.integral(flow.p.tissue.carrier) / carrier, 1.0, 300 * 2.2e-16);  // one rounding per step
    EXPECT_NEAR(flow.integral(flow.p.tissue.pigment) / pigment, 1.0, 300 * 2.2e-16);
    for (int k = 0; k < n_r * n_z; ++k) {
      EXPECT_GE(flow.p.scratch.w(k), 0.0);
      EXPECT_LE(flow.p.scratch.w(k), 1.0 + 300 * 2.2e-16);
      EXPECT_GE(flow.p.scratch.c(k), 0.0);
      EXPECT_LE(flow.p.scratch.c(k), 50.0 * (1.0 + 300 * 2.2e-16));
    }
  }
}

TEST(Transport, CapturedPigmentLeavesTheFluidAndNeverExceedsTheRoom) {
  RandomFlow flow(21);
  flow.p.params.max_captured = 5.0;
  for (int k = 0; k < n_r * n_z; ++k) {
    flow.fill(flow.p.tissue.carrier, flow.p.scratch.w, k, 1.0);
    flow.fill(flow.p.tissue.pigment, flow.p.scratch.c, k, 50.0);
    flow.p.scratch.capture(k) = 0.1 * flow.largest_rate;
  }
  const double before = flow.integral(flow.p.tissue.pigment);
  flow.step(300);
  EXPECT_NEAR((flow.integral(flow.p.tissue.pigment) + flow.integral(flow.p.tissue.captured)) / before, 1.0, 300 * 2.2e-16);
  EXPECT_GT(flow.integral(flow.p.tissue.captured), 0.1 * before);
  for (int k = 0; k < n_r * n_z; ++k) EXPECT_LE(flow.p.tissue.captured(k), 5.0);
}

}  // namespace
}  // namespace dermaflux
