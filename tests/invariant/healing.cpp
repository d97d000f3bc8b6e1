#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "tests/support/bound_case.hpp"
#include "tests/support/healing_grid.hpp"
#include "tests/support/same_bits.hpp"
#include "tests/support/small_grid.hpp"

/// What healing keeps whatever the numbers: positivity, mass, and the consequences of a depletion of macrophages.
namespace dermaflux {
namespace {

using namespace units;

/// Any rates within six decades, any pools within nine, empty ones among them, in a few cells of dermis below epidermis.
struct AnyHealing : test::HealingGrid {
  explicit AnyHealing(std::mt19937& random)
      : HealingGrid({0.0, 30 * um, 100 * um, 300 * um}, test::equal_faces(16, 400 * um)), random_(random) {
    HealingParams& c = p.params;
    c.epidermis = {.corneum_depth = 15 * um, .corneum_speed = any(1.0, 2.0) * um / day, .viable_speed = any(1.0, 2.0) * um / day};
    c.epidermal_rows = 3;
    TissueRates& rates = c.rates[at_axis];
    rates.uptake = {.rate = rate(), .resident_density = 1e13, .capacity = any(1e-13, 1.0)};
    c.courses[at_axis].recruitment.peak = any(1.0, 1.5);
    rates.migration = {.rate = rate(), .load = 0.1, .window = any(1.0, 2.0) * day, .capacity = rates.uptake.capacity};
    c.courses[at_axis].open_track = {.initial = rate(), .decay = any(0.1, 1.0) * day};
    for (double* one :
         {&rates.free_lymph, &rates.cell_death_loss, &rates.matrix_release, &rates.transfer, &rates.slow_return, &rates.slow_loss})
      *one = rate();
    TissueSpread& spread = c.spread[at_axis];
    spread.free = any(1e-20, 6.0);
    spread.macrophage = spread.slow = any(1e-20, 4.0);
    spread.deepening_speed = any(0.1, 3.0) * um / year;
    c.depletion = {.time = any(0.1, 3.0) * day, .share = share(), .return_time = any(0.1, 3.0) * day};
    c.released_lymph_factor = share();
    spread.released = any(1e-20, 6.0);
    for (int j = 0; j < p.grid.n_z; ++j) {
      const double epidermal = j < 2 ? 1.0 : (j == 2 ? 0.5 : 0.0);
      put(p.rows.epidermal, j, epidermal);
      put(p.rows.residents, j, 1e13 * (1.0 - epidermal));
      put(p.rows.open_track, j, j < 6 ? 1.0 : 0.0);
      put(p.rows.photolysis, j, 0.01 * rate());
    }
    for (int k = 0; k < p.grid.cell_count(); ++k) {
      const double epidermal = p.rows.epidermal(k % p.grid.n_z);
      p.scratch.wound(k) = share();
      p.scratch.lymph_factor(k) = share();
      for (const FieldView<double>& pool : {p.pools.free, p.pools.matrix, p.pools.macrophage, p.pools.slow})
        pool(k) = epidermal < 1.0 && share() > 0.1 ? any(1e-6, 9.0) : 0.0;
      p.pools.epidermal(k) = epidermal > 0.0 ? any(1e-6, 9.0) : 0.0;
    }
  }
  double share() { return std::uniform_real_distribution<double>(0.0, 1.0)(random_); }
  /// From `low` on, over so many decades, evenly in the logarithm.
  double any(double low, double decades) { return low * std::pow(10.0, decades * share()); }
  double rate() { return any(1e-4, 6.0) / day; }

 private:
  std::mt19937& random_;
};

TEST(Healing, StaysPositiveAndKeepsMassInStepsOfMonthsFromAnyState) {
  // Roundings: about 60 operations per cell and step on numbers up to the mass held; a cycle macrophage - slow - macrophage of
  // long steps cancels up to the ratio of its diagonals, 1e-16 x (1 + dt k) with k up to 100 per day: 1e-12 per step, six steps.
  std::mt19937 random(51);
  for (int draw = 0; draw < 1000; ++draw) {
    AnyHealing h(random);
    h.equal_steps(h.any(20.0, 1.2) * day);
    const double all = h.held();
    HealingTally tally;
    for (const double end : {0.5 * year, 1.5 * year}) {
      heal_until(SerialExecutor{}, h.p, end, tally);
      for (int k = 0; k < h.p.grid.cell_count(); ++k)
        for (const FieldView<double>& pool :
             {h.p.pools.free, h.p.pools.matrix, h.p.pools.macrophage, h.p.pools.slow, h.p.pools.epidermal})
          ASSERT_TRUE(pool(k) >= 0.0 && pool(k) <= 1e9) << "draw " << draw << ", cell " << k << ": " << pool(k);
      ASSERT_NEAR((h.held() + h.lost()) / all, 1.0, 1e-11) << "draw " << draw;
    }
  }
}

TEST(Healing, BeginsWithTheClearanceOfWhatIsThereWhereRoundingLacksSome) {
  // In a cell far out, where sweeps left one size class a rounding short of nothing.
  test::BoundCase one(test::treatment("normal", {{"ink.size_classes", "2"}}));
  one.run(SerialExecutor{});
  const HealingProblem& p = one.bound.healing;
  const InsertionProblem& insertion = one.bound.insertion;
  const int far = insertion.grid.cell(insertion.grid.n_r - 1, insertion.grid.n_z - 1);
  insertion.tissue.pigment[0](far) = -1.9e-78;
  insertion.tissue.pigment[1](far) = 1.9e-78 * (1.0 + 1e-15);
  for (int n = 0; n < 2; ++n) insertion.tissue.captured[n](far) = 0.0;
  lay_down(SerialExecutor{}, insertion, p);
  EXPECT_DOUBLE_EQ(p.scratch.lymph_factor(far), p.params.lymph_factor[1]);
}

TEST(Healing, FindsAllPigmentThoughItLooksOnlyWhereItMayBe) {
  test::BoundCase one(test::treatment());
  one.run(SerialExecutor{});
  const HealingProblem& p = one.bound.healing;
  const auto looked_at = [&] {
    int rings = 0;
    double within[1];
    for (int j = 0; j < p.grid.n_z; ++j) rings += p.followed_rings(true, j, within);
    return rings;
  };
  int rings = 0;
  const auto healed = [&](bool everywhere) {
    lay_down(SerialExecutor{}, one.bound.insertion, p);
    HealingTally tally;
    for (const double end : {1.0 * hour, 30.0 * day, 2.0 * year}) {
      while (!heal_until(SerialExecutor{}, p, end, tally, everywhere ? tally.time + 1e-6 : HUGE_VAL)) tally.bounded = false;
      if (end == 1.0 * hour) rings = looked_at();
    }
    std::vector<double> all;
    for (const FieldView<double>& pool : {p.pools.free, p.pools.matrix, p.pools.macrophage, p.pools.slow, p.pools.epidermal})
      all.insert(all.end(), pool.data, pool.data + pool.size);
    return all;
  };
  const std::vector<double> found = healed(false);
  EXPECT_TRUE(test::same_bits(found, healed(true)));
  EXPECT_LT(rings, p.grid.cell_count()) << "looks everywhere";
}

RunOptions ten_years(GridLevel grid) {
  RunOptions options = test::on_grid(grid);
  options.horizon = 10.0 * year;
  return options;
}

class TenYears : public ::testing::TestWithParam<std::string> {};

TEST_P(TenYears, CloseTheLedgerInAFewHundredSteps) {
  const Outcome o = test::run_one(test::treatment(GetParam()), ten_years(GridLevel::standard)).outcome;
  EXPECT_DOUBLE_EQ(o.moments[o.moment_count - 1].time / year, 10.0);
  EXPECT_LT(o.imbalance, 1e-10);
  EXPECT_LT(o.healing_steps, 500);
}
INSTANTIATE_TEST_SUITE_P(Of, TenYears, ::testing::Values("normal", "hypertrophic", "burn_radiation"),
                         [](const auto& one) { return one.param; });

const test::Overrides half_a_year = {{"aftercare.macrophage_depletion_day", "182.625"}};

TEST(Depletion, OnNoDayChangesNoBit) {
  const Treatment plain = test::treatment();
  const Treatment unused =
      test::treatment("normal", {{"aftercare.macrophage_depletion_share", "0.6"}, {"aftercare.macrophage_return_day", "100"}});
  EXPECT_TRUE(test::same_bits(test::numbers(test::run_one(plain).outcome), test::numbers(test::run_one(unused).outcome)));
}

TEST(Depletion, OfAllCellsFreesTheirPigmentOnItsDay) {
  // The moment at half a year is that day: what cells held is free, nothing else has moved, and what came before is untouched.
  const Outcome plain = test::run_one(test::treatment()).outcome, o = test::run_one(test::treatment("normal", half_a_year)).outcome;
  const int day_of = 8;
  ASSERT_DOUBLE_EQ(o.moments[day_of].time / day, 182.625);
  const double cells = plain.moments[day_of].pools[2];
  EXPECT_EQ(o.moments[day_of].pools[2], 0.0);
  EXPECT_NEAR(o.moments[day_of].pools[0], plain.moments[day_of].pools[0] + cells, 1e-14 * cells);  // one sum of a cell and row
  for (const int pool : {1, 3, 4}) EXPECT_EQ(o.moments[day_of].pools[pool], plain.moments[day_of].pools[pool]);
  EXPECT_EQ(o.moments[day_of - 1].contrast, plain.moments[day_of - 1].contrast);
}

TEST(Depletion, HitsADayBetweenTheMoments) {
  // On day 100 and 182.625 other cells die than on either alone; a tenth of the cells frees a tenth of their pigment.
  test::BoundCase one(test::treatment("normal", {{"aftercare.macrophage_depletion_day", "100"}}));
  one.run(SerialExecutor{});
  HealingProblem p = one.bound.healing;
  p.params.depletion.share = 0.1;
  lay_down(SerialExecutor{}, one.bound.insertion, p);
  HealingTally tally;
  heal_until(SerialExecutor{}, p, 100.0 * day * (1.0 - 1e-9), tally);
  measure(SerialExecutor{}, p, 1 * mm);
  const double cells = p.moments(Moment::macrophage), free = p.moments(Moment::free);
  heal_until(SerialExecutor{}, p, 100.0 * day, tally);
  measure(SerialExecutor{}, p, 1 * mm);
  EXPECT_EQ(tally.time, 100.0 * day);
  // 1e-9 of 100 days at rates of at most 10 per day move at most 1e-6 of a pool.
  EXPECT_NEAR(p.moments(Moment::macrophage), 0.9 * cells, 1e-6 * cells);
  EXPECT_NEAR(p.moments(Moment::free), free + 0.1 * cells, 1e-6 * cells);
}

TEST(Depletion, OfAllCellsLeavesTheDotVisible) {
  // Mice whose dermal macrophages all died kept their tattoo (Baranska 2018). Clusters drain like particles of 0.5 um and more, at
  // most 1.38 x 0.01 per day; cells are back to a half after 10 days and then take up 0.5 per day: about a tenth of the pigment can
  // go with the lymph. Contrast falls by less than mass: it saturates.
  const Outcome plain = test::run_one(test::treatment(), ten_years(GridLevel::quick)).outcome;
  const Outcome o = test::run_one(test::treatment("normal", half_a_year), ten_years(GridLevel::quick)).outcome;
  const auto held = [](const MomentOutcome& m) { return m.pools[0] + m.pools[1] + m.pools[2] + m.pools[3] + m.pools[4]; };
  for (int m = 9; m < o.moment_count; ++m) {  // from a year on: cells have been back for ten of their times
    EXPECT_LT(o.moments[m].pools[0], 1e-3 * held(o.moments[m]));
    EXPECT_GT(held(o.moments[m]), 0.9 * held(plain.moments[m]));
    EXPECT_LT(held(o.moments[m]), held(plain.moments[m]));
    EXPECT_GT(o.moments[m].contrast, 0.9 * plain.moments[m].contrast);
  }
  EXPECT_LT(o.imbalance, 1e-10);
}

TEST(Depletion, LosesMoreTheSmallerThePiecesAndTheSlowerTheReturn) {
  const auto kept = [](const test::Overrides& more) {
    test::Overrides all = half_a_year;
    all.insert(all.end(), more.begin(), more.end());
    return test::output(test::run_one(test::treatment("normal", all)), "retained_fraction_1y");
  };
  const double usual = kept({});
  EXPECT_LT(kept({{"skin.cluster_start_um", "0.1"}, {"skin.cluster_end_um", "0.1"}}), 0.6 * usual);  // as fast as fresh ink
  EXPECT_LT(kept({{"aftercare.macrophage_return_day", "100"}}), usual);
  EXPECT_GT(kept({{"aftercare.macrophage_depletion_share", "0.5"}}), usual);
}

}  // namespace
}  // namespace dermaflux
