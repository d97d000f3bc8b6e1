#include "core/io/config.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "core/io/keys.hpp"
#include "tests/support/refusal.hpp"
#include "tests/support/small_cases.hpp"

/// Reading of configurations: all classes, units, inheritance, precedence.
namespace dermaflux {
namespace {

using namespace units;

TEST(Config, ReadsTheTreatmentsOfAllEightClasses) {
  for (const std::string& name : test::tissue_classes()) {
    const TreatmentDocument document = TreatmentDocument::load(test::treatment_file(name));
    EXPECT_EQ(document.skin_class(), name);
    EXPECT_EQ(document.layers().size(), 6u) << name;
    EXPECT_FALSE(document.title().empty()) << name;
  }
}

TEST(Config, ConvertsEachUnitToSI) {
  const Treatment t = test::treatment();
  EXPECT_DOUBLE_EQ(t.machine.depth, 0.5 * mm);
  EXPECT_DOUBLE_EQ(t.machine.dwell, 0.15);
  EXPECT_DOUBLE_EQ(t.machine.frequency, 100.0);
  EXPECT_DOUBLE_EQ(t.machine.hand_stiffness, 700.0);
  EXPECT_DOUBLE_EQ(t.machine.drop_volume, 200e-12);
  EXPECT_DOUBLE_EQ(t.needle.contact_angle, 40.0 * pi / 180.0);
  EXPECT_DOUBLE_EQ(t.ink.viscosity.carrier_viscosity, 5.5e-3);
  EXPECT_DOUBLE_EQ(t.ink.surface_tension, 0.038);
  EXPECT_DOUBLE_EQ(t.ink.absorption[contrast_band], 7500.0);
  EXPECT_DOUBLE_EQ(t.skin.mechanics.lymph_conductance, 1e-9);
  EXPECT_DOUBLE_EQ(t.skin.biology.deepening_speed, 5e-6 / (365.25 * 86400.0));
  EXPECT_DOUBLE_EQ(t.skin.biology.macrophage_density, 1e13);
  EXPECT_DOUBLE_EQ(t.skin.biology.macrophage_capacity, 1.1e-12);
  EXPECT_DOUBLE_EQ(t.aftercare.uv_dose, 1e4);
}

TEST(Config, ClassesInheritFromNormalAndStateOnlyWhatDiffers) {
  const Treatment normal = test::treatment(), scar = test::treatment("hypertrophic");
  EXPECT_DOUBLE_EQ(scar.skin.biology.epidermal_turnover, normal.skin.biology.epidermal_turnover);
  EXPECT_DOUBLE_EQ(scar.skin.layers[5].thickness, normal.skin.layers[5].thickness);
  EXPECT_GT(scar.skin.mechanics.ogden_modulus, 3.0 * normal.skin.mechanics.ogden_modulus);
  EXPECT_GT(scar.skin.layers[3].thickness, 2.0 * normal.skin.layers[3].thickness);
}

TEST(Config, NoTwoClassesAreTheSameSkin) {
  for (const std::string& one : test::tissue_classes())
    for (const std::string& other : test::tissue_classes())
      if (one < other) {
        const Skin a = test::treatment(one).skin, b = test::treatment(other).skin;
        EXPECT_NE(std::memcmp(&a.mechanics, &b.mechanics, sizeof a.mechanics), 0) << one << " and " << other;
      }
}

TEST(Config, OverridesWinOverFilesAndKeepTheRangeOfTheQuantity) {
  const TreatmentDocument document = TreatmentDocument::load(test::treatment_file("normal"), {{"machine.depth_mm", "0.6"}});
  EXPECT_DOUBLE_EQ(document.treatment().machine.depth, 0.6 * mm);
  const ConfigValue& value = document.values().at("machine.depth_mm");
  EXPECT_EQ(value.where, "-s machine.depth_mm=0.6");
  ASSERT_TRUE(value.range.has_value());
  EXPECT_DOUBLE_EQ(value.range->first, 0.2);
}

TEST(Config, SelectorsCanBeOverriddenByABareWord) {
  const Treatment t = test::treatment(
      "normal", {{"skin.class", "hypertrophic"}, {"needle.model", "round_liner_3_025_long"}, {"ink.model", "iron_oxide_brown"}});
  EXPECT_EQ(t.needle.prongs, 3);
  EXPECT_DOUBLE_EQ(t.ink.pigment_density, 5200.0);
  EXPECT_DOUBLE_EQ(t.skin.mechanics.ogden_modulus, test::treatment("hypertrophic").skin.mechanics.ogden_modulus);
}

TEST(Config, LaterOverridesOfADocumentWin) {
  const TreatmentDocument first = TreatmentDocument::load(test::treatment_file("normal"), {{"machine.dwell_ms", "80"}});
  EXPECT_DOUBLE_EQ(first.with({{"machine.dwell_ms", "90"}}).treatment().machine.dwell, 0.09);
  EXPECT_DOUBLE_EQ(first.with({{"host.keloid_history", "true"}}).treatment().machine.dwell, 0.08);
}

TEST(Config, AFileElsewhereMayInheritFromAShippedOne) {
  set_shipped_configs(test::configs());
  const test::Folder folder;
  const auto file =
      folder.write("mine.toml", "inherits = \"" + test::treatment_file("bald").string() + "\"\n[machine]\ndepth_mm = 0.33\n");
  const TreatmentDocument document = TreatmentDocument::load(file);
  EXPECT_EQ(document.skin_class(), "bald");
  EXPECT_DOUBLE_EQ(document.treatment().machine.depth, 0.33 * mm);
  EXPECT_EQ(document.values().at("machine.depth_mm").where, file.string() + ":3");
}

TEST(Config, EveryKeyOfTheTableIsGivenWithItsSource) {
  const TreatmentDocument document = TreatmentDocument::load(test::treatment_file("normal"));
  for (const Key& key : keys()) {
    ASSERT_TRUE(document.values().count(key.path)) << key.path;
    const ConfigValue& value = document.values().at(key.path);
    EXPECT_FALSE(value.source.empty()) << key.path;
    EXPECT_TRUE(value.range.has_value() || !std::holds_alternative<double>(value.content)) << key.path;
  }
}

TEST(Config, NamesEachKeyOnce) {
  std::vector<std::string> names;
  for (const Key& key : keys()) names.push_back(key.path);
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
}

TEST(Config, EveryNumberCanBeSetAtBothEndsOfItsRangeAndNotBeyond) {
  const TreatmentDocument document = TreatmentDocument::load(test::treatment_file("normal"));
  for (const Key& key : keys()) {
    Treatment t = document.treatment();
    if (!std::holds_alternative<double*>(key.target(t))) continue;
    for (const double value : {key.low, key.high}) {
      set_value(t, document.layers(), key.path, value, "here");
      EXPECT_DOUBLE_EQ(*std::get<double*>(key.target(t)), value * key.scale) << key.path;
    }
    const double beyond = key.high + 0.01 * (key.high - key.low);
    test::expect_says(test::refusal<InputError>([&] { set_value(t, document.layers(), key.path, beyond, "here"); }),
                      {"here", key.path, "out of range", key.unit});
  }
}

TEST(Config, AScarBringsTheSkinOfItsClass) {
  const TreatmentDocument document = TreatmentDocument::load(test::treatment_file("normal"), {{"scar.shape", "strip"},
                                                                                              {"scar.class", "fut_linear"},
                                                                                              {"scar.width_mm", "3"},
                                                                                              {"scar.offset_mm", "1"},
                                                                                              {"scar.tissue.hop_length_um", "40"}});
  Treatment t = document.treatment();
  const Skin normal = test::treatment().skin, fut = test::treatment("fut_linear").skin;
  EXPECT_EQ(std::memcmp(&t.skin.mechanics, &normal.mechanics, sizeof normal.mechanics), 0);
  EXPECT_EQ(std::memcmp(&t.scar.tissue.mechanics, &fut.mechanics, sizeof fut.mechanics), 0);
  EXPECT_EQ(std::memcmp(&t.scar.tissue.layers, &fut.layers, sizeof fut.layers), 0);
  EXPECT_DOUBLE_EQ(t.scar.tissue.biology.hop_length, 40 * um);
  EXPECT_DOUBLE_EQ(t.skin.biology.hop_length, 30 * um);
  EXPECT_EQ(&t.skin_at_axis(), &t.scar.tissue);
  EXPECT_EQ(&t.skin_beside(), &t.skin);
  EXPECT_EQ(document.scar_class(), "fut_linear");
  EXPECT_NE(document.json().find("\"scar.tissue.recapture_fraction\":{\"value\":0.9,\"unit\":\"\""), std::string::npos);
  set_value(t, document.layers(), "scar.tissue.recapture_fraction", 0.8, "here");
  set_value(t, document.layers(), "scar.tissue.layer.papillary_dermis.porosity", 0.3, "here");
  set_value(t, document.layers(), "scar.offset_mm", 2.0, "here");
  EXPECT_DOUBLE_EQ(t.scar.tissue.biology.recapture_fraction, 0.8);
  EXPECT_DOUBLE_EQ(t.scar.tissue.layers[2].porosity, 0.3);
  EXPECT_DOUBLE_EQ(t.skin.biology.recapture_fraction, normal.biology.recapture_fraction);
  EXPECT_EQ(&t.skin_at_axis(), &t.skin);
  EXPECT_EQ(&t.skin_beside(), &t.scar.tissue);
}

TEST(Config, LayersAreSetByTheirName) {
  const TreatmentDocument document = TreatmentDocument::load(test::treatment_file("normal"));
  Treatment t = document.treatment();
  set_value(t, document.layers(), "skin.layer.papillary_dermis.permeability_m2", 3e-15, "here");
  EXPECT_DOUBLE_EQ(t.skin.layers[2].permeability, 3e-15);
}

}  // namespace
}  // namespace dermaflux
