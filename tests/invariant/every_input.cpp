#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>
#include <string>

#include "core/io/keys.hpp"
#include "tests/support/small_cases.hpp"

/// A key that is read and has no effect is a defect: each one, moved within its range, changes at least one output.
namespace dermaflux {
namespace {

/// All outputs but the wall time; a short treatment keeps this test cheap.
std::vector<double> all_outputs(const Treatment& treatment) {
  const MemberResult result = test::run_one(treatment);
  std::vector<double> values;
  for (const OutputField& field : output_fields())
    if (field.name != "runtime_s" && field.name != "ledger_imbalance") values.push_back(field.value(result));
  return values;
}

Treatment base() {
  Treatment t = test::treatment("normal", {{"machine.dwell_ms", "25"}});
  return t;
}

/// A value of the key away from `now`, towards the middle of the allowed range but never far.
double moved(double now, const Key& key) {
  const double low = key.low * key.scale, high = key.high * key.scale;
  if (now == 0.0) return std::min(0.1 * high, high);
  const double up = now > 0.0 ? 1.3 * now : 0.7 * now, down = now > 0.0 ? 0.7 * now : 1.3 * now;
  return up <= high ? up : std::max(down, low);
}

/// Keys whose effect needs another setting than the default: a pitch needs several prongs, a spring of the hand a lifted pen, a
/// threshold a value near it.
Treatment setting_for(const std::string& path, const Treatment& plain) {
  Treatment t = plain;
  if (path == "needle.shape" || path == "needle.prong_pitch_mm" || path.starts_with("model.force_prong") ||
      path.starts_with("model.interaction"))
    t.needle.prongs = 3;
  if (path == "model.force_prong_exponent") t.needle.prong_pitch = 100.0 * units::um;
  if (path == "model.interaction_pitch_um") t.needle.prong_pitch = 170.0 * units::um;  // from 150 um to 195 um
  if (path == "needle.film_cap") t.ink.viscosity.carrier_viscosity *= 3.0;             // Ca above 0.1, where the cap governs
  if (path == "machine.hand_stiffness_n_per_mm") t.machine.hand_force = 0.0;
  if (path == "host.months_since_surgery") t.host.months_since_surgery = 5.0;
  if (path == "model.months_to_heal") t.host.months_since_surgery = 7.0;
  if (path == "skin.fracture_pressure_kpa" || path == "skin.fracture_gain") t.skin.mechanics.fracture = true;
  if (path.starts_with("skin.fracture")) t.skin.mechanics.fracture_pressure = 20.0 * units::kPa;
  if (path.starts_with("scar."))
    t.scar = test::treatment(
                 "normal", {{"scar.shape", "disc"}, {"scar.class", "atrophic"}, {"scar.width_mm", "1"}, {"scar.offset_mm", "0.6"}})
                 .scar;
  if (path.starts_with("model.uvb_") || path == "model.uv_melanosomes") t.ink.photolysis_rate_uvb = 26.0 / units::year;
  if (path == "aftercare.macrophage_depletion_share" || path == "aftercare.macrophage_return_day")
    t.aftercare.depletion_time = 100.0 * units::day;
  if (path == "skin.torn_zone_healing_day") {  // it shows below the tip of a later session
    t.sessions.start = {2, {0.0, 7.0 * units::day}};
    t.sessions.depth = {2, {0.5 * units::mm, 0.3 * units::mm}};
  }
  if (path == "skin.puncture_toughness_kj_m2") {
    t.machine.depth = 0.2 * units::mm;
    t.machine.hand_force = 0.0;
    t.skin.mechanics.puncture_toughness *= 0.9;
  }
  return t;
}

class EveryInput : public ::testing::TestWithParam<std::string> {};

TEST_P(EveryInput, OfTheGroupChangesAnOutput) {
  const Treatment plain = base();
  const std::vector<double> untouched = all_outputs(plain);
  int tried = 0;
  for (const Key& key : keys()) {
    if (!key.path.starts_with(GetParam() + ".")) continue;
    if (key.path == "model.scattering_anisotropy") continue;  // acts in photon transport alone, see tests/unit/optical_scene.cpp
    const Treatment from = setting_for(key.path, plain);
    Treatment changed = from;
    const KeyTarget target = key.target(changed);
    if (auto* const* number = std::get_if<double*>(&target)) {
      **number = moved(**number, key);
    } else if (auto* const* count = std::get_if<int*>(&target)) {
      **count += 2;
    } else if (auto* const* flag = std::get_if<bool*>(&target)) {
      **flag = !**flag;
    } else if (auto* const* shape = std::get_if<NeedleShape*>(&target)) {
      **shape = NeedleShape::magnum;
    } else if (auto* const* outline = std::get_if<ScarShape*>(&target)) {
      **outline = ScarShape::strip;
    } else if (auto* const* bands = std::get_if<std::array<double, band_count>*>(&target)) {
      for (double& band : **bands) band *= 1.2;
    } else if (auto* const* list = std::get_if<SessionList*>(&target)) {
      **list = key.path == "sessions.days" ? SessionList{2, {0.0, 30.0 * units::day}} : SessionList{1, {0.8 * moved(0.0, key)}};
    }
    const bool special = std::memcmp(&from, &plain, sizeof from) != 0;
    EXPECT_NE(all_outputs(changed), special ? all_outputs(from) : untouched) << key.path << " has no effect";
    ++tried;
  }
  EXPECT_GT(tried, 0);
}

INSTANTIATE_TEST_SUITE_P(Group, EveryInput,
                         ::testing::Values("machine", "needle", "ink", "skin", "scar", "pattern", "aftercare", "host", "model",
                                           "sessions"),
                         [](const auto& instance) { return instance.param; });

TEST(EveryLayerInput, OfTheDermisChangesAnOutput) {
  const Treatment plain = base();
  const std::vector<double> untouched = all_outputs(plain);
  for (const std::size_t index : {std::size_t{2}, std::size_t{3}})
    for (const Key& key : layer_keys("dermis", index)) {
      Treatment changed = plain;
      const KeyTarget target = key.target(changed);
      if (auto* const* number = std::get_if<double*>(&target))
        **number = moved(**number, key);
      else if (index == 2)
        changed.skin.layers[index].kind = LayerKind::epidermis;
      else
        continue;  // skin needs a dermis
      EXPECT_NE(all_outputs(changed), untouched) << key.path << " of layer " << index << " has no effect";
    }
}

TEST(EveryModel, NeedleInkAndClassGivesAnotherResult) {
  std::set<std::vector<double>> seen;
  std::size_t count = 0;
  const auto run = [&](const char* key, const std::string& name) {
    std::vector<double> values = all_outputs(test::treatment("normal", {{"machine.dwell_ms", "25"}, {key, name}}));
    for (double& value : values)
      if (std::isnan(value)) value = -1.0;
    seen.insert(values);
    ++count;
  };
  for (const char* folder : {"needles", "inks"})
    for (const auto& entry : std::filesystem::directory_iterator(test::configs() / folder))
      run(folder[0] == 'n' ? "needle.model" : "ink.model", entry.path().stem().string());
  for (const std::string& name : test::tissue_classes())
    if (name != "normal") run("skin.class", name);
  EXPECT_EQ(seen.size(), count - 1);  // the default needle and the default ink are the same treatment
}

}  // namespace
}  // namespace dermaflux
