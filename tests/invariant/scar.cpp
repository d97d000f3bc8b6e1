#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "tests/support/bound_case.hpp"
#include "tests/support/same_bits.hpp"

/// A dot in, across and beside a scar: the limits are the pure classes, and healing passes from one to the other without a jump.
namespace dermaflux {
namespace {

using namespace units;
using test::output;

test::Overrides scar(const std::string& shape, const std::string& name, const std::string& width, double offset) {
  return {{"scar.shape", shape},
          {"scar.class", name},
          {"scar.width_mm", width},
          {"scar.offset_mm", std::to_string(offset)},
          {"machine.dwell_ms", "60"}};
}
MemberResult run_in(const test::Overrides& overrides) { return test::run_one(test::treatment("normal", overrides)); }
MemberResult run_pure(const std::string& name) { return run_in({{"skin.class", name}, {"machine.dwell_ms", "60"}}); }

TEST(ScarBorder, FarAwayIsTheSurroundingSkinToTheBit) {
  const auto pure = test::numbers(run_pure("normal").outcome);
  for (const auto& [shape, offset] : {std::pair{"disc", 3.0}, {"strip", 4.0}})
    EXPECT_TRUE(test::same_bits(test::numbers(run_in(scar(shape, "hypertrophic", "1.8", offset)).outcome), pure)) << shape;
}

TEST(ScarBorder, DeepInsideIsTheClassToTheBit) {
  // The grid ends 2 mm from the axis: a disc or strip of 5 mm around it holds all of it.
  const auto pure = test::numbers(run_pure("hypertrophic").outcome);
  for (const char* shape : {"disc", "strip"})
    EXPECT_TRUE(test::same_bits(test::numbers(run_in(scar(shape, "hypertrophic", "5", 0.0)).outcome), pure)) << shape;
}

TEST(ScarBorder, OfTheSameSkinIsNone) {
  // All rings near the border are blends of equal numbers: one rounding each, and the vertical lines are factored ring by ring. The
  // steps of healing add up some hundred such roundings.
  const MemberResult pure = run_pure("normal");
  for (const double offset : {0.1, 0.45, 0.6}) {
    const MemberResult at = run_in(scar("disc", "normal", "0.9", offset));
    for (const char* name :
         {"retained_fraction_day42", "retained_fraction_5y", "lymph_fraction_1y", "pigment_depth_mm", "pigment_radius_mm"})
      EXPECT_NEAR(output(at, name) / output(pure, name), 1.0, 1e-12) << name << " at " << offset;
  }
}

/// Loss from the first to the fifth year, which healing alone decides, across the border.
std::vector<double> losses(const std::string& shape, const std::string& name, const std::string& width,
                           const std::vector<double>& offsets) {
  std::vector<double> result;
  for (const double offset : offsets) {
    const MemberResult at = run_in(scar(shape, name, width, offset));
    result.push_back(1.0 - output(at, "retained_fraction_5y") / output(at, "retained_fraction_1y"));
  }
  return result;
}

TEST(ScarBorder, FadingPassesFromInsideToOutsideWithoutAStep) {
  const double inside = losses("strip", "fut_linear", "5", {0.0}).front(),
               outside = losses("strip", "fut_linear", "5", {5.0}).front();
  ASSERT_GT(inside, 1.5 * outside);
  for (const auto& [shape, name, width, border] :
       {std::tuple{"strip", "fut_linear", "3", 1.5}, {"disc", "fut_linear", "0.9", 0.45}}) {
    std::vector<double> offsets;
    for (const double from : {-0.3, -0.15, -0.08, -0.04, -0.02, -0.001, 0.001, 0.02, 0.04, 0.08, 0.15, 0.3})
      offsets.push_back(border + from);
    std::vector<double> loss = losses(shape, name, width, offsets);
    for (std::size_t n = 1; n < loss.size(); ++n) EXPECT_LT(loss[n], loss[n - 1]) << shape << " at " << offsets[n];
    // Across the border itself the needle meets another tissue, so that the pigment lies otherwise; the rates do not jump. Between
    // the two sides lies less than a third of the whole way.
    EXPECT_LT(loss[5] - loss[6], 0.33 * (inside - outside)) << shape;
    EXPECT_NEAR(loss.front() / inside, 1.0, 0.05) << shape;
    EXPECT_NEAR(loss.back() / outside, 1.0, 0.05) << shape;
  }
}

TEST(ScarBorder, KeepsTheLedgerWhereTheTissuesDifferInAllTheirRates) {
  test::Overrides overrides = scar("disc", "atrophic", "0.5", 0.2);
  for (const auto& [key, value] : test::Overrides{{"hop_length_um", "300"},
                                                  {"deepening_um_per_year", "100"},
                                                  {"diffusion_hindrance", "0.5"},
                                                  {"uptake_per_day", "20"},
                                                  {"migration_per_day", "2"},
                                                  {"open_track_loss_per_day", "10"}})
    overrides.push_back({"scar.tissue." + key, value});
  const MemberResult at = run_in(overrides), plain = run_in(scar("disc", "atrophic", "0.5", 0.2));
  EXPECT_LT(output(at, "ledger_imbalance"), 1e-12);
  EXPECT_NE(output(at, "retained_fraction_5y"), output(plain, "retained_fraction_5y"));
  for (int m = 0; m < at.outcome.moment_count; ++m)
    for (const double pool : at.outcome.moments[m].pools) EXPECT_GE(pool, 0.0);
}

TEST(ScarBorder, SpreadsAcrossItWithoutLoss) {
  // One pool, put down in a ring at the border, spreads for ten years in tissues of which one spreads a hundredfold. One rounding
  // per cell and sweep; the sum of 2000 cells adds as many.
  test::BoundCase one(test::treatment("normal", scar("strip", "atrophic", "1", 0.45)));
  const HealingProblem& p = one.bound.healing;
  ASSERT_TRUE(p.params.bordered);
  const auto sums = [&] {
    double mass = 0.0, radius = 0.0;
    for (int i = 0; i < p.grid.n_r; ++i)
      for (int j = 0; j < p.grid.n_z; ++j) {
        const double amount = p.grid.volume(i, j) * p.pools.slow(p.grid.cell(i, j));
        mass += amount;
        radius += amount * p.grid.r_centre(i);
      }
    return std::pair{mass, radius / mass};
  };
  for (int j = 8; j < 16; ++j) p.pools.slow(p.grid.cell(3, j)) = 1.0;
  const auto [mass, radius] = sums();
  const SpreadPair pair = SpreadPair::of(1e-17, 1e-15);
  EXPECT_EQ(pair.largest, 1e-15);
  for (int n = 0; n < 20; ++n) {
    SerialExecutor{}.rows(p.grid.n_z, RadialSpreadStep{p, p.pools.slow, pair, 0.5 * year});
    SerialExecutor{}.cells(p.grid.n_r, 1, BorderedVerticalSpreadStep{p, p.pools.slow, pair, {0.0, 1e-12}, 0.5 * year});
  }
  const auto [after, farther] = sums();
  EXPECT_NEAR(after / mass, 1.0, 2000 * 2.3e-16);
  EXPECT_GT(farther, 1.1 * radius);
}

TEST(ScarBorder, OfTheSameTissueSpreadsEachRingLikeManyAtOnce) {
  // Rings side by side and those left over, against ring by ring. Factored once or with each ring: a row of the sweep down and one
  // of the sweep up round ten times in all, and what is rounded is passed on, undiminished at most, over all rows.
  test::BoundCase one(test::treatment());
  HealingProblem p = one.bound.healing;
  p.grid.n_r = 2 * VerticalSpreadStep::abreast - 2;
  const int empty = 1;
  for (int i = 0; i < p.grid.n_r; ++i)
    for (int j = 0; j < p.grid.n_z; ++j)
      p.pools.slow(p.grid.cell(i, j)) = p.pools.macrophage(p.grid.cell(i, j)) = i == empty ? 1e-30 : 1.0 + std::sin(i + 0.3 * j);
  const double diffusivity = 1e-15, speed = 1e-12, dt = 0.5 * year;
  SerialExecutor{}.single(VerticalFactorStep{p, diffusivity, speed, dt});
  SerialExecutor{}.cells(VerticalSpreadStep::groups(p.grid.n_r), 1, VerticalSpreadStep{p, p.pools.slow});
  const SpreadPair pair = SpreadPair::of(diffusivity, diffusivity);
  SerialExecutor{}.cells(p.grid.n_r, 1, BorderedVerticalSpreadStep{p, p.pools.macrophage, pair, {speed, speed}, dt});
  for (int i = 0; i < p.grid.n_r; ++i)
    for (int j = 0; j < p.grid.n_z; ++j) {
      const int k = p.grid.cell(i, j);
      EXPECT_NEAR(p.pools.slow(k), p.pools.macrophage(k), 10 * p.grid.n_z * 2.3e-16 * 2.0) << i << " " << j;
      if (i == empty) {
        EXPECT_EQ(p.pools.slow(k), 1e-30);
      }
    }
}

TEST(ScarBorder, TheNeedleMeetsTheTissueAtTheAxis) {
  const double normal = output(run_pure("normal"), "d_tip_mm"), hard = output(run_pure("hypertrophic"), "d_tip_mm");
  EXPECT_EQ(output(run_in(scar("disc", "hypertrophic", "1", 0.499)), "d_tip_mm"), hard);
  EXPECT_EQ(output(run_in(scar("disc", "hypertrophic", "1", 0.5)), "d_tip_mm"), normal);
}

}  // namespace
}  // namespace dermaflux
