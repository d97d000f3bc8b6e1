#include <gtest/gtest.h>

#include <cmath>

#include "core/solver/pressure_steps.hpp"
#include "tests/support/bound_case.hpp"
#include "tests/support/small_grid.hpp"

/// What size classes, cracks and fat do to the ink that enters the tissue.
namespace dermaflux {
namespace {

using test::output;

/// Mean distance from the axis of one size class in the tissue, suspended and captured [m].
double mean_radius(const InsertionProblem& p, int size) {
  double mass = 0.0, sum = 0.0;
  for (int i = 0; i < p.grid.n_r; ++i)
    for (int j = 0; j < p.grid.n_z; ++j) {
      const int k = p.grid.cell(i, j);
      const double part = p.grid.volume(i, j) * (p.tissue.pigment[size](k) + p.tissue.captured[size](k));
      mass += part;
      sum += part * p.grid.r_centre(i);
    }
  return sum / mass;
}

TEST(SizeClasses, SmallerParticlesGetFurtherFromTheTrack) {
  test::BoundCase run(test::treatment("normal", {{"ink.size_classes", "3"}, {"machine.dwell_ms", "60"}}));
  const Outcome outcome = run.run(SerialExecutor{});
  EXPECT_EQ(outcome.status, Status::ok);
  EXPECT_LE(outcome.imbalance, 1e-10);
  const InsertionProblem& p = run.bound.insertion;
  EXPECT_GT(mean_radius(p, 0), 1.02 * mean_radius(p, 1));
  EXPECT_GT(mean_radius(p, 1), 1.02 * mean_radius(p, 2));
}

TEST(SizeClasses, OfParticlesOfOneSizeAreTheSameAsOneClass) {
  // Nothing but the order of sums differs, some 1e-16 per step; the pressure solver stops at 20 Pa of 5e5, which may make one
  // iteration more or less of it: 4e-5, and less in what is summed over the tissue.
  const test::Overrides one_size = {{"ink.particle_spread", "1"}, {"machine.dwell_ms", "40"}};
  test::Overrides four = one_size;
  four.push_back({"ink.size_classes", "4"});
  const MemberResult a = test::run_one(test::treatment("normal", one_size)), b = test::run_one(test::treatment("normal", four));
  for (const char* name : {"pigment_deposited_ng", "pigment_radius_mm", "pigment_depth_mm", "lymph_fraction_1y", "contrast_day14"})
    EXPECT_NEAR(output(b, name) / output(a, name), 1.0, 4e-5) << name;
}

TEST(SizeClasses, CloseTheLedgerInAnyNumber) {
  for (const char* count : {"2", "3", "4"}) {
    const Outcome o = test::run_one(test::treatment("atrophic", {{"ink.size_classes", count}, {"needle.prongs", "3"}})).outcome;
    EXPECT_LE(o.imbalance, 1e-10) << count;
    EXPECT_GT(o.deposited, 0.0);
  }
}

TEST(SizeClasses, LymphDrainsTheFarHaloMoreThanTheWallOfTheTrack) {
  // Small particles got further, and lymph takes the small. The classes have the mean clearance of the one class, so that the
  // whole loses about as much; how it lies changes uptake and exudation a little.
  test::BoundCase run(test::treatment("normal", {{"ink.size_classes", "3"}, {"machine.dwell_ms", "60"}}));
  const Outcome outcome = run.run(SerialExecutor{});
  const AxisymmetricGrid& grid = run.bound.healing.grid;
  const FieldView<double> factor = run.bound.healing.scratch.lymph_factor;
  int row = 0, ring = 0;
  while (grid.z_centre(row) < 0.25e-3) ++row;
  while (grid.r_centre(ring) < 0.08e-3) ++ring;
  EXPECT_GT(factor(grid.cell(ring, row)), 1.1 * factor(grid.cell(0, row)));
  const MemberResult one = test::run_one(test::treatment("normal", {{"machine.dwell_ms", "60"}}));
  int year = 0;
  while (outcome.moments[year].time < units::year) ++year;
  EXPECT_NEAR(outcome.moments[year].losses[HealingAccount::lymph] / outcome.deposited / output(one, "lymph_fraction_1y"), 1.0, 0.1);
}

TEST(Diffusion, OfTheCarrierWidensItsCloudInTheTissue) {
  const auto spread = [](const char* diffusivity) {
    test::BoundCase run(test::treatment("normal", {{"ink.carrier_diffusivity_m2_s", diffusivity}, {"machine.dwell_ms", "60"}}));
    run.run(SerialExecutor{});
    const InsertionProblem& p = run.bound.insertion;
    double mass = 0.0, sum = 0.0;
    for (int i = 0; i < p.grid.n_r; ++i)
      for (int j = 0; j < p.grid.n_z; ++j) {
        mass += p.grid.volume(i, j) * p.tissue.carrier(p.grid.cell(i, j));
        sum += p.grid.volume(i, j) * p.tissue.carrier(p.grid.cell(i, j)) * p.grid.r_centre(i);
      }
    return sum / mass;
  };
  EXPECT_GT(spread("9e-10"), 1.02 * spread("0"));  // 5 % on this grid; when spreading falls due alone moves it by less than 1e-4
}

TEST(Fracture, RaisesTheInPlanePermeabilityOnlyAndForGood) {
  test::SmallGrid grid(test::equal_faces(4, 1e-3), test::equal_faces(8, 1e-3));
  InsertionProblem& p = grid.p;
  const SerialExecutor executor;
  executor.rows(8, TransmissibilityStep{p});
  const int k = p.grid.cell(1, 3), n_z = p.grid.n_z;
  const double radial = p.system.radial(k), axial = p.system.axial(k);
  p.params.fracture = {.enabled = true, .pressure = 100.0, .gain = 100.0};
  p.tissue.pressure(k) = p.tissue.pressure(k + n_z) = 101.0;
  p.tissue.pressure(0) = 100.0;  // at the limit nothing happens
  executor.cells(4, 8, CrackStep{p});
  p.tissue.pressure(k) = p.tissue.pressure(k + n_z) = 0.0;
  executor.cells(4, 8, CrackStep{p});
  executor.rows(8, TransmissibilityStep{p});
  EXPECT_EQ(p.tissue.crack(0), 0.0);
  EXPECT_NEAR(p.system.radial(k) / radial, 100.0, 1e-12);
  EXPECT_EQ(p.system.axial(k), axial);
  executor.rows(8, CrackedVolumeStep{p});
  double volume = 0.0;
  for (int j = 0; j < 8; ++j) volume += p.system.partial(j);
  EXPECT_NEAR(volume / (p.grid.volume(1, 3) + p.grid.volume(2, 3)), 1.0, 1e-14);
}

TEST(Fracture, IsOffUnlessAskedForAndGrowsAsTheLimitFalls) {
  EXPECT_EQ(output(test::run_one(test::treatment("normal", {{"machine.dwell_ms", "60"}})), "fractured_volume_nl"), 0.0);
  double before = 0.0;
  for (const char* limit : {"100", "40", "15"}) {
    const MemberResult result = test::run_one(
        test::treatment("normal", {{"machine.dwell_ms", "60"}, {"skin.fracture", "true"}, {"skin.fracture_pressure_kpa", limit}}));
    EXPECT_GT(output(result, "fractured_volume_nl"), before) << limit;
    EXPECT_LE(output(result, "ledger_imbalance"), 1e-10);
    before = output(result, "fractured_volume_nl");
  }
}

TEST(Interface, OfDermisAndFatIsReachedByDeepNeedlesInThinSkinOnly) {
  const MemberResult shallow = test::run_one(test::treatment("atrophic"));
  EXPECT_NEAR(output(shallow, "share_below_dermis"), 0.0, 1e-15);  // to rounding of the whole
  EXPECT_TRUE(std::isnan(output(shallow, "blowout")));
  double before = 0.0;
  for (const char* depth : {"0.9", "1.2", "2.0"}) {
    const MemberResult deep = test::run_one(test::treatment("atrophic", {{"machine.depth_mm", depth}, {"machine.dwell_ms", "60"}}));
    EXPECT_GT(output(deep, "share_below_dermis"), before) << depth;
    EXPECT_LE(output(deep, "share_below_dermis"), 1.0);
    EXPECT_GT(output(deep, "blowout"), 0.0);
    before = output(deep, "share_below_dermis");
  }
}

TEST(Interface, LooserFatLetsInkSpreadFurther) {
  const auto blowout = [](const char* permeability) {
    return output(test::run_one(test::treatment("atrophic", {{"machine.depth_mm", "1.5"},
                                                             {"machine.dwell_ms", "60"},
                                                             {"skin.layer.subcutis.permeability_m2", permeability}})),
                  "blowout");
  };
  EXPECT_GT(blowout("1e-13"), blowout("2.5e-16"));
}

}  // namespace
}  // namespace dermaflux
