#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/small_cases.hpp"

/// What emerges from the equations when a practitioner turns a knob or the skin differs. No number here is an input.
namespace dermaflux {
namespace {

using test::output;

/// One output over values of one or several keys that are set together.
std::vector<double> sweep(const std::vector<std::string>& keys, const std::vector<std::string>& values, const std::string& name) {
  std::vector<double> results;
  for (const std::string& value : values) {
    test::Overrides overrides;
    for (const std::string& key : keys) overrides.push_back({key, value});
    results.push_back(output(test::run_one(test::treatment("normal", overrides)), name));
  }
  return results;
}

void expect_rising(const std::vector<double>& values) {
  for (std::size_t n = 1; n < values.size(); ++n) EXPECT_GT(values[n], values[n - 1]) << "at position " << n;
}

TEST(Depth, DeeperSettingGivesDeeperTipAndDeeperPigment) {
  const std::vector<std::string> depths = {"0.2", "0.3", "0.4", "0.5", "0.6", "0.8", "1.0", "1.4"};
  expect_rising(sweep({"machine.depth_mm"}, depths, "d_tip_mm"));
  expect_rising(sweep({"machine.depth_mm"}, depths, "pigment_depth_mm"));
}

TEST(Depth, DeeperSettingGivesMorePigmentAndLessOfItInTheEpidermis) {
  const std::vector<std::string> depths = {"0.2", "0.3", "0.4", "0.5", "0.6", "0.8"};
  expect_rising(sweep({"machine.depth_mm"}, depths, "pigment_deposited_ng"));
  std::vector<double> shares = sweep({"machine.depth_mm"}, depths, "share_epidermis");
  std::reverse(shares.begin(), shares.end());
  expect_rising(shares);
}

TEST(Depth, PigmentLiesAboveTheDeepestPointOfTheTip) {
  for (const std::string& name : test::tissue_classes()) {
    const MemberResult result = test::run_one(test::treatment(name));
    EXPECT_LT(output(result, "pigment_depth_day0_mm"), output(result, "d_tip_mm")) << name;
    EXPECT_LT(output(result, "pigment_depth_p10_mm"), output(result, "pigment_depth_mm")) << name;
    EXPECT_GT(output(result, "pigment_depth_p90_mm"), output(result, "pigment_depth_mm")) << name;
  }
}

/// Pigment deposited at increasing dwell times of one insertion [ng].
std::vector<double> deposited_at(const std::vector<double>& dwells_ms) {
  std::vector<double> seconds, result;
  for (const double dwell : dwells_ms) seconds.push_back(dwell * units::ms);
  for (const MemberResult& member : test::run_dwells(test::treatment(), seconds))
    result.push_back(output(member, "pigment_deposited_ng"));
  return result;
}

TEST(Dwell, LongerDwellGivesMorePigment) { expect_rising(deposited_at({10, 20.5, 40, 60, 80, 100, 150, 200, 300, 400, 600})); }

TEST(Dwell, ClogsTheTissueInTheEnd) {
  // First each further 200 ms adds more than the one before, because ink has replaced interstitial fluid; once pigment clogs the
  // tissue around the track each adds less.
  const std::vector<double> dose = deposited_at({200, 400, 600, 800, 1000, 1200});
  std::vector<double> gains;
  for (std::size_t n = 1; n < dose.size(); ++n) gains.push_back(dose[n] - dose[n - 1]);
  const auto best = std::max_element(gains.begin(), gains.end());
  expect_rising({gains.rbegin(), std::make_reverse_iterator(best)});
  EXPECT_LT(gains.back(), 0.8 * *best);
}

TEST(Viscosity, HasAnInteriorOptimumAt100Hertz) {
  // Thin ink carries little film, thick ink cannot follow the needle: both ends lie well below the best.
  const std::vector<double> dose =
      sweep({"ink.carrier_viscosity_mpa_s"}, {"1", "2", "4", "8", "15", "30", "60", "120", "300"}, "pigment_deposited_ng");
  const auto best = std::max_element(dose.begin(), dose.end());
  EXPECT_GT(best, dose.begin() + 1);
  EXPECT_LT(best, dose.end() - 2);
  for (const double end : {dose.front(), dose.back()}) EXPECT_LT(end, 0.8 * *best);  // a fifth is far beyond the error of the grid
  expect_rising({dose.begin(), best + 1});                                           // one hill
  expect_rising({dose.rbegin(), std::make_reverse_iterator(best)});
}

const std::vector<std::string> dermal_moduli = {"skin.layer.papillary_dermis.youngs_modulus_kpa",
                                                "skin.layer.reticular_dermis.youngs_modulus_kpa"};

TEST(Resistance, StifferDermisGivesAShallowerTip) {
  std::vector<double> tips = sweep(dermal_moduli, {"50", "75", "104.4", "150", "250", "400"}, "d_tip_mm");
  std::reverse(tips.begin(), tips.end());
  expect_rising(tips);
}

TEST(Resistance, TougherSkinGivesAShallowerTipAndMoreForce) {
  const std::vector<std::string> toughness = {"1", "1.5", "2.5", "3.5", "5", "8"};
  std::vector<double> tips = sweep({"skin.fracture_toughness_kj_m2"}, toughness, "d_tip_mm");
  std::reverse(tips.begin(), tips.end());
  expect_rising(tips);
  expect_rising(sweep({"skin.fracture_toughness_kj_m2"}, toughness, "insertion_force_n"));
}

/// Tip depth in normal skin whose stiffness, in every law that knows one, is multiplied [mm].
double tip_of_skin_stiffer_by(double factor, double tougher) {
  Treatment t = test::treatment();
  t.skin.mechanics.ogden_modulus *= factor;
  t.skin.mechanics.fracture_toughness *= tougher;
  t.skin.mechanics.puncture_toughness *= tougher;
  for (SkinLayer& layer : t.skin.layers)
    if (layer.kind == LayerKind::dermis) layer.youngs_modulus *= factor;
  return solve_puncture(t).tip_depth / units::mm;
}

TEST(Resistance, StifferAndTougherSkinGivesAShallowerTip) {
  double before = tip_of_skin_stiffer_by(0.5, 0.7);
  for (const auto& [factor, tougher] : {std::pair{0.7, 0.85}, {1.0, 1.0}, {1.5, 1.2}, {2.0, 1.3}, {3.9, 1.5}}) {
    const double tip = tip_of_skin_stiffer_by(factor, tougher);
    EXPECT_LT(tip, before) << "stiffer by " << factor;
    before = tip;
  }
}

TEST(Resistance, SurfaceModulusAloneLetsTheTipReachDeeper) {
  // Unlike stiffness as a whole: the dimple is sqrt(F/(b mu)), and F grows more slowly than mu because most of it is cutting.
  expect_rising(sweep({"skin.ogden_modulus_mpa"}, {"0.05", "0.11", "0.2", "0.4"}, "d_tip_mm"));
}

TEST(Resistance, LoadedMotorRunsSlowerTheHarderTheSkin) {
  std::vector<double> speeds = sweep({"skin.fracture_toughness_kj_m2"}, {"1", "2.5", "8"}, "frequency_loaded_hz");
  std::reverse(speeds.begin(), speeds.end());
  expect_rising(speeds);
  EXPECT_LT(speeds.back(), 100.0);
}

const std::vector<std::string> scars = {"cicatricial", "hypertrophic", "atrophic", "fue_punctate", "fut_linear", "burn_radiation"};

TEST(Scars, ContrastFadesFasterThanThatOfNormalScalp) {
  // Each class at its own treatment, from the first year, when the epidermis is clear, to the third and fifth. On the standard grid:
  // hypertrophic scars fade by 3 % more than normal scalp, which is what the few photon paths of the quick grid leave open.
  const RunOptions standard = test::on_grid(GridLevel::standard);
  const MemberResult normal = test::run_one(test::treatment("normal"), standard);
  for (const std::string& name : scars) {
    const MemberResult scar = test::run_one(test::treatment(name), standard);
    for (const char* later : {"contrast_3y", "contrast_5y"})
      EXPECT_LT(output(scar, later) / output(scar, "contrast_1y"), output(normal, later) / output(normal, "contrast_1y")) << name;
  }
}

TEST(Scars, LosePigmentFasterThanNormalScalp) {
  const auto kept = [](const std::string& name) {
    const MemberResult result = test::run_one(test::treatment(name));
    return output(result, "retained_fraction_5y") / output(result, "retained_fraction_1y");
  };
  const double normal = kept("normal");
  for (const std::string& name : scars) EXPECT_LT(kept(name), normal) << name;
}

TEST(Scars, LessRecaptureLosesPigmentFaster) {
  std::vector<double> kept = sweep({"skin.recapture_fraction"}, {"0.995", "0.95", "0.9", "0.8", "0.5"}, "retained_fraction_5y");
  EXPECT_LT(kept.back(), 0.9 * kept.front());  // by more than what a change of spread alone does, some parts in a thousand
  std::reverse(kept.begin(), kept.end());
  expect_rising(kept);
}

TEST(Healing, PigmentFadesSpreadsAndDeepensOverTheYears) {
  const Outcome o = test::run_one(test::treatment()).outcome;
  for (int m = 7; m < o.moment_count; ++m) {  // from day 90 on
    EXPECT_LT(o.moments[m].contrast, o.moments[m - 1].contrast);
    EXPECT_GT(o.moments[m].depth_mean, o.moments[m - 1].depth_mean);
  }
  EXPECT_GT(o.moments[o.moment_count - 1].radius_mean, o.moments[7].radius_mean);
}

TEST(Healing, EpidermisIsClearAfterItsTurnoverAndFreePigmentIsTakenUp) {
  // The deepest epidermal pigment, in the rete ridges at 115 um, takes 57 days. Its rise is first-order upwind over 6 rows of 19
  // um, which spreads transit times like a gamma distribution of shape 6: 8.9 % of it are left on day 90, 1e-11 after a year.
  const Outcome o = test::run_one(test::treatment()).outcome;
  for (int m = 0; m < o.moment_count; ++m) {
    const MomentOutcome& at = o.moments[m];
    if (at.time > 89.0 * units::day) {
      EXPECT_LT(at.pools[4], 0.089 * o.moments[0].pools[4]);
    }
    if (at.time > 364.0 * units::day) {
      EXPECT_LT(at.pools[4], 1e-9 * o.moments[0].pools[4]);
    }
    if (at.time > 41.0 * units::day) {
      EXPECT_LT(at.pools[0], 0.02 * o.deposited);  // uptake takes days
    }
  }
}

TEST(Exfoliation, ShedsFaster) {
  std::vector<double> left = sweep({"aftercare.exfoliation_factor"}, {"0.5", "1", "2", "4"}, "retained_fraction_day7");
  std::reverse(left.begin(), left.end());
  expect_rising(left);
}

TEST(Light, BleachesMoreWithMoreDoseAndHardlyBelowTheEpidermis) {
  std::vector<double> left = sweep({"aftercare.uv_dose_j_cm2"}, {"0", "1", "10", "50"}, "retained_fraction_5y");
  std::reverse(left.begin(), left.end());
  expect_rising(left);
}

TEST(Bleeding, IsLikelierTheDeeperTheTip) {
  expect_rising(sweep({"machine.depth_mm"}, {"0.3", "0.5", "0.7", "0.9"}, "bleed_probability"));
}

}  // namespace
}  // namespace dermaflux
