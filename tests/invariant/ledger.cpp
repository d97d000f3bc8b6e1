#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>

#include "tests/support/bound_case.hpp"
#include "tests/support/small_cases.hpp"

/// Pigment is neither made nor lost: the ledger closes, pools stay positive, and what leaves the skin never comes back.
namespace dermaflux {
namespace {

double total(const MomentOutcome& m) { return m.pools[0] + m.pools[1] + m.pools[2] + m.pools[3] + m.pools[4]; }
double lost(const MomentOutcome& m) { return m.losses[0] + m.losses[1] + m.losses[2] + m.losses[3]; }

/// Every pigment the outcome tells of, against what was drawn in. Tolerances are the ledger's own, 1e-10 of the pigment drawn: the
/// sums of some 1e6 cell updates, whose roundings add as a random walk to about 1e-13.
void expect_closed_ledger(const Outcome& o, double prongs, const std::string& what) {
  SCOPED_TRACE(what);
  ASSERT_GT(o.drawn_pigment, 0.0);
  EXPECT_LE(std::fabs(o.imbalance), 1e-10);
  const double delivered = o.drawn_pigment - o.back_pigment - o.exuded_pigment, slack = 1e-10 * o.drawn_pigment;
  EXPECT_GT(delivered, 0.0);
  EXPECT_NEAR(total(o.moments[0]) + lost(o.moments[0]), delivered, slack) << "prongs " << prongs;
  for (int m = 0; m < o.moment_count; ++m) {
    const MomentOutcome& now = o.moments[m];
    for (const double pool : now.pools) EXPECT_GE(pool, 0.0);
    for (const double loss : now.losses) EXPECT_GE(loss, 0.0);
    EXPECT_NEAR(total(now) + lost(now), delivered, slack) << "moment " << m;
    if (m == 0) continue;
    EXPECT_LE(total(now), total(o.moments[m - 1]) + slack) << "moment " << m;
    for (int n = 0; n < 4; ++n) EXPECT_GE(now.losses[n], o.moments[m - 1].losses[n]) << "loss " << n << ", moment " << m;
  }
  EXPECT_GE(o.epidermal_share, 0.0);
  EXPECT_LE(o.epidermal_share, 1.0);
}

class LedgerOfClass : public ::testing::TestWithParam<std::string> {};

TEST_P(LedgerOfClass, ClosesAtAllTimesWithPositivePools) {
  const Treatment t = test::treatment(GetParam());
  expect_closed_ledger(test::run_one(t).outcome, t.needle.prongs, GetParam());
}

INSTANTIATE_TEST_SUITE_P(All, LedgerOfClass, ::testing::ValuesIn(test::tissue_classes()),
                         [](const auto& instance) { return instance.param; });

/// Settings far apart, drawn log-uniformly from a fixed seed.
class LedgerOfDraw : public ::testing::TestWithParam<int> {};

TEST_P(LedgerOfDraw, ClosesAtAllTimesWithPositivePools) {
  std::mt19937 random(static_cast<unsigned>(GetParam()));
  for (int n = 0; n < 10; ++n) {
    const auto draw = [&](double low, double high) {
      return low * std::pow(high / low, std::uniform_real_distribution<double>(0.0, 1.0)(random));
    };
    const double permeability = draw(1e-17, 1e-14);
    const auto text = [](double value) {
      char buffer[32];
      std::snprintf(buffer, sizeof buffer, "%.6e", value);
      return std::string(buffer);
    };
    const std::string name = test::tissue_classes()[random() % 8];
    const test::Overrides overrides = {{"machine.depth_mm", text(draw(0.2, 2.0))},
                                       {"machine.dwell_ms", text(draw(10.0, 400.0))},
                                       {"machine.frequency_hz", text(draw(20.0, 200.0))},
                                       {"ink.carrier_viscosity_mpa_s", text(draw(1.0, 300.0))},
                                       {"skin.layer.reticular_dermis.permeability_m2", text(permeability)},
                                       {"skin.layer.papillary_dermis.permeability_m2", text(permeability)},
                                       {"needle.prongs", std::to_string(1 + 2 * (random() % 3))},
                                       {"machine.angle_deg", random() % 3 ? "0" : "20"}};
    std::string what = name;
    for (const auto& [key, value] : overrides) what += " " + key + "=" + value;
    const Treatment t = test::treatment(name, overrides);
    const std::vector<MemberOutcome> outcomes = test::run_members({{t, {}}}, test::quick_grid(), Backend::serial);
    if (const auto* message = std::get_if<std::string>(&outcomes[0])) {
      ADD_FAILURE() << what << ": " << *message;
      continue;
    }
    const Outcome& o = std::get<0>(outcomes[0]).front().outcome;
    if (o.drawn_pigment > 0.0) expect_closed_ledger(o, t.needle.prongs, what);
  }
}

INSTANTIATE_TEST_SUITE_P(Seed, LedgerOfDraw, ::testing::Values(101, 102, 103, 104));

TEST(Ledger, ClosesOnEveryGridForPigmentThatCloggsTheTissue) {
  const Treatment t = test::treatment("normal", {{"ink.model", "carbon_black_neat"}, {"machine.dwell_ms", "60"}});
  for (const GridLevel level : {GridLevel::quick, GridLevel::standard})
    expect_closed_ledger(test::run_one(t, test::on_grid(level)).outcome, 1.0, std::string(grid_level_name(level)));
}

TEST(Ledger, TellsTheSameMassAsTheRecordedFields) {
  const Treatment t = test::treatment("normal", {{"machine.dwell_ms", "50"}});
  const RunResult result = test::run_recorded(t);
  const RunFields& f = result.fields;
  const auto n_r = static_cast<std::size_t>(f.n_r), n_z = static_cast<std::size_t>(f.n_z);
  // The far tail of the ink is a balance of fluxes: it may miss zero by a rounding of what passes, at most of the largest value.
  const double rounding = 2.2e-16 * *std::max_element(f.pools.begin(), f.pools.end());
  for (std::size_t m = 0; m < static_cast<std::size_t>(f.moments); ++m)
    for (std::size_t pool = 0; pool < 5; ++pool) {
      double mass = 0.0;
      for (std::size_t i = 0; i < n_r; ++i)
        for (std::size_t j = 0; j < n_z; ++j) {
          const double value = f.pools[((m * 5 + pool) * n_r + i) * n_z + j];
          EXPECT_GE(value, -rounding);
          mass +=
              value * units::pi * (f.r_face[i + 1] * f.r_face[i + 1] - f.r_face[i] * f.r_face[i]) * (f.z_face[j + 1] - f.z_face[j]);
        }
      // The same sum in another order and with (R^2 - r^2) instead of (R - r)(R + r): 1e-16 R/dr per ring.
      EXPECT_NEAR(mass, result.member.outcome.moments[m].pools[pool], 1e-12 * result.member.outcome.deposited);
    }
}

TEST(Ledger, OfInkWithoutPigmentIsEmpty) {
  Treatment t = test::treatment();
  t.ink.mass_fraction = 0.0;
  const MemberResult result = test::run_one(t);
  EXPECT_GT(result.outcome.drawn_volume, 0.0);
  EXPECT_EQ(result.outcome.drawn_pigment, 0.0);
  EXPECT_EQ(result.outcome.deposited, 0.0);
  for (int m = 0; m < result.outcome.moment_count; ++m) {
    EXPECT_EQ(total(result.outcome.moments[m]) + lost(result.outcome.moments[m]), 0.0);
    EXPECT_NEAR(result.outcome.moments[m].contrast, 0.0, 2e-3);  // the optical solver stops at 1e-3 of the escape probability
  }
}

TEST(Ledger, WithoutInkOnTheSkinTheTissueStaysClean) {
  const MemberResult result = test::run_one(test::treatment("normal", {{"machine.drop_volume_nl", "0"}}));
  EXPECT_EQ(result.outcome.drawn_volume, 0.0);
  EXPECT_EQ(result.outcome.deposited, 0.0);
}

/// A treatment whose drop of one nanolitre is soon used up.
MemberResult with_a_small_drop(const std::string& dwell_ms) {
  return test::run_one(test::treatment("normal", {{"machine.drop_volume_nl", "1"}, {"machine.dwell_ms", dwell_ms}}));
}

TEST(Ledger, DrawsNoMoreThanTheDropHolds) {
  const MemberResult result = with_a_small_drop("100");
  // Ink that flows back stands on the skin again: drawn minus returned is what the drop can give; rounding of 1e4 bookings.
  EXPECT_LE(test::output(result, "ink_drawn_nl") - test::output(result, "ink_flowed_back_nl"), 1.0 + 1e-12);
  EXPECT_GT(test::output(result, "pigment_deposited_ng"), 0.0);
}

TEST(Ledger, ClosesLongAfterTheDropIsUsedUp) { expect_closed_ledger(with_a_small_drop("400").outcome, 1.0, "1 nL, 400 ms"); }

TEST(Ledger, RelaxedInkOutOfReachOfLossesOnlyMovesBetweenPools) {
  Treatment t = test::treatment("normal", {{"machine.dwell_ms", "50"}});
  SkinBiology& b = t.skin.biology;
  b.lymph_clearance = b.open_track_loss = b.migration_rate = 0.0;
  b.recapture_fraction = 1.0;
  t.ink.photolysis_rate = 0.0;
  const Outcome o = test::run_one(t).outcome;
  for (int m = 0; m < o.moment_count; ++m) {
    // Only the epidermis sheds; in the dermis nothing may leave.
    EXPECT_EQ(o.moments[m].losses[HealingAccount::lymph], 0.0);
    EXPECT_EQ(o.moments[m].losses[HealingAccount::exuded], 0.0);
    EXPECT_EQ(o.moments[m].losses[HealingAccount::photolysed], 0.0);
    const double dermal = total(o.moments[m]) - o.moments[m].pools[4];
    EXPECT_NEAR(dermal / (o.deposited * (1.0 - o.moments[0].pools[4] / o.deposited)), 1.0, 1e-10);
  }
  EXPECT_NEAR(o.moments[o.moment_count - 1].losses[HealingAccount::shed], o.moments[0].pools[4], 1e-10 * o.deposited);
}

}  // namespace
}  // namespace dermaflux
