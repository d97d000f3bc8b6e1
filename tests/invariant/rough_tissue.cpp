#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "core/solver/insertion_cycle.hpp"
#include "tests/support/pressure_march.hpp"

/// Transport on rough data keeps to its bounds, and turned upside down, a problem has the solution turned upside down: nothing in
/// the steps of the tissue knows which way is up.
namespace dermaflux {
namespace {

constexpr int n_r = 10, n_z = 24, steps = 40;

/// Rows of different heights, upside down if asked.
std::vector<double> row_faces(bool mirrored) {
  std::vector<double> heights, faces{0.0};
  for (int j = 0; j < n_z; ++j) heights.push_back(0.5 + (j % 7) / 7.0);
  for (int j = 0; j < n_z; ++j) faces.push_back(faces.back() + heights[static_cast<std::size_t>(mirrored ? n_z - 1 - j : j)] / n_z);
  return faces;
}

/// Rough tissue with rough content; the same numbers for both, row j of one being row n_z - 1 - j of the other.
struct Rough : test::PressureMarch {
  bool mirrored;
  InsertionTally tally;

  explicit Rough(bool upside_down)
      : PressureMarch(test::growing_faces(n_r, 1.0, 2.0), row_faces(upside_down)), mirrored(upside_down) {
    std::mt19937 random(31);
    std::uniform_real_distribution<double> share(0.0, 1.0);
    p.params.permeability.strain_limit = 1e3;
    p.params.ink_concentration = 1.0;
    p.params.carrier_diffusivity = 0.01;
    p.params.pigment[0] = {.share = 1.0, .diameter = 0.0, .filtration = 1.0, .diffusivity = 0.02};
    p.params.spreading.dispersivity = 0.01;
    p.params.max_captured = 0.3;
    for (int j = 0; j < n_z; ++j) {
      put(p.rows.storage, row(j), 0.1 + share(random));
      put(p.rows.anisotropy, row(j), 1.0 + share(random));
      put(p.rows.filtration, row(j), 20.0 * share(random));
    }
    for (int i = 0; i < n_r; ++i)
      for (int j = 0; j < n_z; ++j) {
        const int k = at(i, j);
        p.scratch.mobility(k) = std::pow(10.0, 2.0 * share(random) - 1.0);
        p.tissue.pressure(k) = 0.5 * share(random);
        p.tissue.fluid(k) = content(k);
        for (const FieldView<double>& amount : {p.tissue.carrier, p.tissue.pigment[0]})
          amount(k) = share(random) < 0.3 ? p.tissue.fluid(k) : 0.0;
      }
    find_pore_fluid();
  }
  int row(int j) const { return mirrored ? n_z - 1 - j : j; }
  int at(int i, int j) const { return p.grid.cell(i, row(j)); }
  /// Content that belongs to a cell's pressure, by bisection of the program's own law.
  double content(int k) const {
    double low = 1e-3, high = 10.0;
    for (int n = 0; n < 200; ++n) {
      const double middle = 0.5 * (low + high);
      (pore_storage(p, k % n_z).pressure(middle) < p.tissue.pressure(k) ? low : high) = middle;
    }
    return low;
  }
  void run(int count, bool spreading) {
    const SerialExecutor executor;
    for (int n = 0; n < count; ++n) {
      const double dt = 2e-4;
      step(dt, 1e-15);
      executor.cells(n_r, n_z, FluxStep{p});
      executor.rows(n_z, SpeedStep{p, dt});
      executor.single(MaximumStep{p.system.partial, p.system.scalars});
      const int substeps = static_cast<int>(std::max(std::ceil(p.system.scalars(scalar_maximum) * dt / largest_courant), 1.0));
      const TransportBox box = carry_ink(executor, p, dt, substeps, tally);
      tally.substeps += substeps;
      executor.rows(n_z, FluidAndPressureStep{p, box, dt});
      tally.unspread_time = dt;
      if (spreading) spread_ink(executor, p, tally);
    }
  }
};

TEST(RoughTissue, UpsideDownGivesTheSolutionUpsideDown) {
  Rough upright(false), turned(true);
  upright.run(steps, true);
  turned.run(steps, true);
  // Sums are formed in another order: some ten roundings per step of fields of order 1, and the solver's tolerance, 1e-15.
  const double rounding = steps * 10 * 2.2e-16;
  double moved = 0.0;
  for (int i = 0; i < n_r; ++i)
    for (int j = 0; j < n_z; ++j) {
      const int k = upright.at(i, j), m = turned.at(i, j);
      EXPECT_NEAR(upright.p.tissue.pressure(k), turned.p.tissue.pressure(m), rounding);
      EXPECT_NEAR(upright.p.tissue.carrier(k), turned.p.tissue.carrier(m), rounding);
      EXPECT_NEAR(upright.p.tissue.pigment[0](k), turned.p.tissue.pigment[0](m), rounding);
      EXPECT_NEAR(upright.p.tissue.captured[0](k), turned.p.tissue.captured[0](m), rounding);
      moved = std::max(moved, upright.p.tissue.captured[0](k));
    }
  EXPECT_GT(moved, 0.01);  // the flow did something
}

TEST(RoughTissue, StaysPositiveAndWithinItsBounds) {
  for (const bool spreading : {false, true}) {
    Rough tissue(false);
    const InsertionProblem& p = tissue.p;
    const double carrier = tissue.integral(p.tissue.carrier), pigment = tissue.integral(p.tissue.pigment[0]);
    for (int n = 1; n <= 100; ++n) {
      tissue.run(1, spreading);
      // Fluid, carrier and pigment are rounded apart from each other, some ten times a step.
      const double rounding = n * 10 * 2.2e-16;
      for (int k = 0; k < n_r * n_z; ++k) {
        const double fluid = p.tissue.fluid(k);
        ASSERT_GE(p.tissue.carrier(k), 0.0);
        ASSERT_GE(p.tissue.pigment[0](k), 0.0);
        ASSERT_GE(p.tissue.captured[0](k), 0.0);
        ASSERT_LE(p.tissue.captured[0](k), p.params.max_captured * (1.0 + rounding));
        ASSERT_LE(p.tissue.carrier(k) / fluid, 1.0 + rounding) << "step " << n;
        ASSERT_LE(p.tissue.pigment[0](k) / fluid, 1.0 + rounding) << "step " << n;
      }
      const double held = tissue.integral(p.tissue.pigment[0]) + tissue.integral(p.tissue.captured[0]);
      ASSERT_NEAR(held / pigment, 1.0, rounding);
      ASSERT_NEAR(tissue.integral(p.tissue.carrier) / carrier, 1.0, rounding);
    }
  }
}

}  // namespace
}  // namespace dermaflux
