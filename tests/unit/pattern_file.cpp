#include "core/io/pattern_file.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "core/simulation/skin_look.hpp"
#include "tests/support/refusal.hpp"
#include "tests/support/small_cases.hpp"

/// Patterns of dots as files give them, what is refused of them, and the choice of a skin type.
namespace dermaflux {
namespace {

using namespace units;

struct PatternInput : ::testing::Test {
  test::Folder folder;
  PatternInput() { set_shipped_configs(test::configs()); }

  static std::string plain(const std::string& pattern = "dot_spacing_mm = 1.2\n") {
    return "treatment = \"" + test::treatment_file("normal").string() + "\"\nlattice = \"square\"\n[pattern]\n" + pattern +
           "[patch]\nwidth_mm = 10\nheight_mm = 8\n"
           "[hairline]\nmargin_mm = 2\nfeather_mm = 3\nirregularity_mm = 0.5\nirregularity_length_mm = 4\n"
           "[view]\ndays = [0, 14]\nvisible_contrast = 0.1\nseed = 7\n";
  }
  PatternFile read(const std::string& text, const test::Overrides& overrides = {}) const {
    return load_pattern(folder.write("mine.toml", text), overrides);
  }
  std::string refused(const std::string& text, const test::Overrides& overrides = {}) const {
    const auto file = folder.write("mine.toml", text);
    return test::refusal<InputError>([&] { load_pattern(file, overrides); });
  }
  static std::string with(std::string text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  }
};

TEST_F(PatternInput, IsReadInItsUnits) {
  const PatternFile p = read(plain());
  EXPECT_EQ(p.lattice, Lattice::square);
  EXPECT_DOUBLE_EQ(p.base.treatment().pattern.dot_spacing, 1.2 * mm);
  EXPECT_DOUBLE_EQ(p.width, 10.0 * mm);
  EXPECT_DOUBLE_EQ(p.height, 8.0 * mm);
  EXPECT_DOUBLE_EQ(p.margin, 2.0 * mm);
  EXPECT_DOUBLE_EQ(p.feather, 3.0 * mm);
  EXPECT_DOUBLE_EQ(p.irregularity, 0.5 * mm);
  EXPECT_DOUBLE_EQ(p.irregularity_length, 4.0 * mm);
  EXPECT_EQ(p.days, (std::vector<double>{0.0, 14.0 * day}));
  EXPECT_EQ(p.visible_contrast, 0.1);
  EXPECT_EQ(p.seed, 7);
}

TEST_F(PatternInput, LeavesToTheTreatmentWhatItDoesNotSay) {
  const Treatment base = test::treatment();
  const Pattern of_treatment = read(plain("")).base.treatment().pattern;
  EXPECT_EQ(of_treatment.dot_spacing, base.pattern.dot_spacing);
  EXPECT_EQ(of_treatment.position_jitter, base.pattern.position_jitter);
  EXPECT_EQ(of_treatment.depth_jitter, base.pattern.depth_jitter);
}

TEST_F(PatternInput, ADensityIsThatOfTheLattice) {
  // Area per dot: s^2 of a square lattice, s^2 sqrt(3)/2 of a hexagonal one. Written and read as text of 17 digits: exact.
  const double square = read(plain("density_per_cm2 = 100\n")).base.treatment().pattern.dot_spacing;
  EXPECT_NEAR(1.0 / (square * square), 100.0 / cm2, 1e-9 / cm2);
  const std::string hexagonal = with(plain("density_per_cm2 = 100\n"), "\"square\"", "\"hexagonal\"");
  const double step = read(hexagonal).base.treatment().pattern.dot_spacing;
  EXPECT_NEAR(1.0 / (step * step * std::sqrt(0.75)), 100.0 / cm2, 1e-9 / cm2);
}

TEST_F(PatternInput, OverridesActOnThePatternOrOnItsTreatment) {
  const PatternFile p = read(plain(), {{"patch.width_mm", "12"},
                                       {"lattice", "random"},
                                       {"machine.depth_mm", "0.4"},
                                       {"pattern.density_per_cm2", "400"},
                                       {"skin.type", "fitzpatrick_5"}});
  EXPECT_EQ(p.lattice, Lattice::random);
  EXPECT_DOUBLE_EQ(p.width, 12.0 * mm);
  EXPECT_DOUBLE_EQ(p.base.treatment().machine.depth, 0.4 * mm);
  EXPECT_DOUBLE_EQ(p.base.treatment().pattern.dot_spacing, 0.5 * mm);
  EXPECT_DOUBLE_EQ(p.base.treatment().skin.appearance.melanosome_fraction, 0.086);
}

TEST_F(PatternInput, TheShippedPatternsAreRead) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(test::configs() / "patterns")) {
    EXPECT_GT(load_pattern(entry.path(), {}).days.size(), 0u) << entry.path();
    ++count;
  }
  EXPECT_GE(count, 3);
}

TEST_F(PatternInput, WhatCannotBeIsRefused) {
  test::expect_says(refused(with(plain(), "width_mm", "widht_mm")), {"mine.toml", "patch.width_mm", "missing"});
  test::expect_says(refused(plain() + "sed = 3\n"), {"mine.toml:17", "view.sed", "unknown key", "did you mean view.seed?"});
  test::expect_says(refused(with(plain(), "width_mm = 10", "width_mm = 1000")),
                    {"patch.width_mm = 1000 mm", "out of range", "2 to 200 mm"});
  test::expect_says(refused(with(plain(), "width_mm = 10", "width_mm = { value = 10, unit = \"cm\" }")),
                    {"patch.width_mm", "\"cm\"", "its unit is mm"});
  test::expect_says(refused(with(plain(), "\"square\"", "\"triangular\"")),
                    {"lattice", "triangular", "hexagonal, square or random"});
  test::expect_says(refused(plain("dot_spacing_mm = 1\ndensity_per_cm2 = 100\n")),
                    {"density_per_cm2", "dot_spacing_mm", "one of them"});
  test::expect_says(refused(plain("density_per_cm2 = 0\n")), {"density_per_cm2 = 0 1/cm2", "out of range"});
  test::expect_says(refused(plain("dot_spacing_mm = 0\n")), {"pattern.dot_spacing_mm", "0 mm", "out of range"});
  test::expect_says(refused(with(plain(), "[0, 14]", "[14, 0]")), {"view.days", "does not increase"});
  test::expect_says(refused(with(plain(), "[0, 14]", "[]")), {"view.days", "empty"});
  test::expect_says(refused(with(plain(), "[0, 14]", "[0, 20000]")), {"view.days = 20000 day", "out of range"});
  test::expect_says(refused(with(plain(), "seed = 7", "seed = 1.5")), {"view.seed = 1.5", "whole number"});
  test::expect_says(refused(with(plain(), "margin_mm = 2", "margin_mm = 6")),
                    {"hairline.margin_mm", "hairline.feather_mm", "8 mm"});
  test::expect_says(refused(plain(), {{"machine.depht_mm", "0.4"}}), {"machine.depht_mm", "did you mean machine.depth_mm"});
  test::expect_says(refused(plain() + "[[axis]]\nkey = 1\n"), {"mine.toml", "array of tables"});
}

TEST_F(PatternInput, AMissingFileSaysSo) {
  test::expect_says(test::refusal<FileError>([&] { load_pattern(folder.path() / "none.toml", {}); }),
                    {"none.toml", "no such file"});
}

TEST(SkinType, IsTheColourOfSkinAndScar) {
  const test::Overrides scar = {
      {"scar.shape", "disc"}, {"scar.class", "atrophic"}, {"scar.width_mm", "1"}, {"skin.type", "fitzpatrick_6"}};
  const Treatment t = test::treatment("normal", scar);
  EXPECT_EQ(t.skin.appearance.melanosome_fraction, 0.24);
  EXPECT_EQ(t.scar.tissue.appearance.melanosome_fraction, 0.24);
  EXPECT_EQ(test::treatment("normal").skin.appearance.melanosome_fraction, 0.03);  // that of the class where no type is named
}

TEST(SkinType, IsOverruledByTheTreatment) {
  const Treatment t = test::treatment("normal", {{"skin.type", "fitzpatrick_6"}, {"skin.melanosome_fraction", "0.05"}});
  EXPECT_EQ(t.skin.appearance.melanosome_fraction, 0.05);
}

TEST(SkinType, ThatDoesNotExistIsRefused) {
  test::expect_says(test::refusal<InputError>([] {
                      test::treatment("normal", {{"skin.type", "fitzpatrick_7"}});
                    }),
                    {"skin.type", "fitzpatrick_7", "did you mean \"fitzpatrick_"});
}

TEST(SkinLook, IsThatOfARunWithoutRunningIt) {
  // The run's skin still holds e^(-365/1.5) of its redness: nothing. The same steps on the same numbers: no tolerance.
  for (const char* type : {"fitzpatrick_1", "fitzpatrick_4", "fitzpatrick_6"}) {
    const Treatment t = test::treatment("normal", {{"machine.dwell_ms", "20"}, {"skin.type", type}});
    const MemberResult result = test::run_one(t, test::on_grid(GridLevel::standard));
    const auto seen = skin_reflectance(t);
    for (std::size_t band = 0; band < band_count; ++band)
      EXPECT_EQ(seen[band], result.outcome.colour[1].skin[band]) << type << band;
  }
}

TEST(Pigments, ScatterByWavelength) {
  // One band of the albedo changes what is seen in that band and in no other.
  const auto look_with = [](double albedo) {
    Treatment t = test::treatment("normal", {{"machine.dwell_ms", "20"}});
    t.ink.albedo[0] = albedo;
    return test::run_one(t).outcome.colour[0];
  };
  const ColourOutcome little = look_with(0.1), much = look_with(0.9);
  EXPECT_GT(much.dot[0], 1.05 * little.dot[0]);
  // The escape probability is iterated from that of the band before, to 1e-3.
  for (int band = 1; band < band_count; ++band) EXPECT_NEAR(much.dot[band] / little.dot[band], 1.0, 2e-3) << band;
}

TEST(Pigments, TitaniumWhiteLightensAndCarbonBlackDarkens) {
  const auto contrast = [](const char* ink) {
    return test::output(test::run_one(test::treatment("normal", {{"machine.dwell_ms", "40"}, {"ink.model", ink}})),
                        "contrast_day14");
  };
  EXPECT_LT(contrast("titanium_white"), -0.1);
  EXPECT_GT(contrast("carbon_black_smp"), 0.1);
}

TEST(Pigments, AnAlbedoThatIsNegativeOrOneIsRefused) {
  for (const char* albedo : {"[0.1,0.1,0.1,-0.1,0.1,0.1,0.1]", "[0.1,0.1,0.1,1.0,0.1,0.1,0.1]"})
    test::expect_says(test::refusal<InputError>([&] {
                        test::treatment("normal", {{"ink.albedo", albedo}});
                      }),
                      {"ink.albedo", "out of range", "0 to 0.9999"});
  test::expect_says(test::refusal<InputError>([] {
                      test::treatment("normal", {{"ink.albedo", "0.2"}});
                    }),
                    {"ink.albedo", "a list of 7 numbers, one per wavelength"});
}

}  // namespace
}  // namespace dermaflux
