#include <gtest/gtest.h>

#include "core/io/config.hpp"
#include "core/io/study_file.hpp"
#include "core/io/sweep_file.hpp"
#include "tests/support/user_treatment.hpp"

/// Bad input is refused before any work, with file, key, value, allowed range and a suggestion.
namespace dermaflux {
namespace {

struct BadInput : test::UserTreatment {
  static std::string refused_override(const std::string& key, const std::string& value) {
    const std::string message = test::refusal<InputError>([&] { test::treatment("normal", {{key, value}}); });
    test::expect_says(message, {key});
    return message;
  }
  std::filesystem::path sweep_with(const std::string& lines) const {
    return folder.write("sweep.toml", "title = \"x\"\ntreatment = \"" + test::treatment_file("normal").string() + "\"\n" + lines);
  }
  std::string refused_sweep(const std::string& lines) const {
    const auto file = sweep_with(lines);
    const std::string message = test::refusal<InputError>([&] { load_sweep(file, {}); });
    test::expect_says(message, {"sweep.toml"});
    return message;
  }
};

TEST_F(BadInput, UnknownKeyIsRefusedWithLineAndTheNearestName) {
  test::expect_says(refused("[machine]\ndepht_mm = 0.5\n"),
                    {"mine.toml:3", "machine.depht_mm", "unknown", "did you mean machine.depth_mm?"});
  test::expect_says(refused_override("skin.recapture_frction", "0.5"), {"unknown", "skin.recapture_fraction"});
  test::expect_says(refused_override("skin.layer.papilary_dermis.porosity", "0.4"),
                    {"unknown", "skin.layer.papillary_dermis.porosity"});
}

TEST_F(BadInput, WrongUnitSuffixIsRefusedWithTheRightOne) {
  test::expect_says(refused("[machine]\ndepth_um = 500\n"), {"machine.depth_um", "its unit is mm", "write machine.depth_mm"});
  test::expect_says(refused_override("machine.dwell_s", "0.1"), {"its unit is ms", "machine.dwell_ms"});
}

TEST_F(BadInput, ValueOutOfRangeIsRefusedWithTheRange) {
  test::expect_says(refused("[machine]\ndepth_mm = 9\n"),
                    {"mine.toml:3", "machine.depth_mm = 9 mm", "out of range", "0.05 to 2.5 mm"});
  test::expect_says(refused_override("machine.dwell_ms", "-3"), {"-3 ms", "5 to 2000 ms"});
  test::expect_says(refused_override("ink.dilution", "1.5"), {"1.5", "0.001 to 1"});
}

TEST_F(BadInput, DescribedValueIsCheckedLikeAPlainOne) {
  test::expect_says(refused("[machine]\ndepth_mm = { value = 9, unit = \"mm\", source = \"me\" }\n"),
                    {"machine.depth_mm = 9 mm", "2.5 mm"});
  test::expect_says(refused("[machine]\ndepth_mm = { value = 0.5, sauce = \"me\" }\n"), {"machine.depth_mm", "sauce"});
  test::expect_says(refused("[machine]\ndepth_mm = { value = 0.5, range = [2, 1] }\n"),
                    {"machine.depth_mm", "range = [low, high]"});
}

TEST_F(BadInput, TextWhereANumberBelongsIsRefused) {
  test::expect_says(refused("[machine]\ndepth_mm = \"deep\"\n"),
                    {"machine.depth_mm", "the text \"deep\"", "a number from 0.05 to 2.5 mm"});
  test::expect_says(refused("[machine]\ndepth_mm = true\n"), {"machine.depth_mm", "true", "a number"});
  test::expect_says(refused("[machine]\ndepth_mm = [0.1, 0.2]\n"), {"machine.depth_mm", "a list", "a number"});
  test::expect_says(refused_override("machine.dwell_ms", "long"), {"long", "a number from 5 to 2000 ms"});
}

TEST_F(BadInput, NumberWhereAWordBelongsIsRefused) {
  test::expect_says(refused("[host]\nkeloid_history = 1\n"), {"host.keloid_history", "true or false"});
  test::expect_says(refused_override("needle.shape", "3"), {"round_liner or magnum"});
  test::expect_says(refused_override("needle.shape", "square"), {"square", "round_liner or magnum"});
  test::expect_says(refused_override("ink.absorption_m2_per_g", "7.5"), {"a list of 7 numbers"});
}

TEST_F(BadInput, NotANumberAndInfinityAreRefused) {
  test::expect_says(refused("[machine]\ndepth_mm = nan\n"), {"machine.depth_mm", "not a finite number", "0.05 to 2.5 mm"});
  test::expect_says(refused("[machine]\ndepth_mm = inf\n"), {"machine.depth_mm", "not a finite number"});
  test::expect_says(refused_override("skin.uptake_per_day", "-inf"), {"not a finite number"});
}

TEST_F(BadInput, BrokenCountIsRefused) {
  test::expect_says(refused_override("needle.prongs", "2.5"), {"2.5", "whole number", "1 to 7"});
}

TEST_F(BadInput, LayerWithoutThicknessIsRefused) {
  test::expect_says(refused("[skin.layer.papillary_dermis]\nthickness_um = 0\n"),
                    {"skin.layer.papillary_dermis.thickness_um = 0 um", "out of range", "1 to 20000 um"});
}

TEST_F(BadInput, NeedleLongerThanTheSkinIsRefused) {
  const std::string message = refused(
      "[machine]\ndepth_mm = 2.4\n[skin]\nthickness_factor = 0.3\n[skin.layer.subcutis]\nthickness_um = 100\n"
      "[skin.layer.galea]\nthickness_um = 100\n");
  test::expect_says(message, {"machine.depth_mm = 2.4 mm", "longer than the skin is thick", "0.5085 mm", "less depth"});
}

TEST_F(BadInput, NumbersThatDoNotFitTogetherAreRefused) {
  test::expect_says(refused("[needle]\ntip_diameter_um = 200\nshaft_diameter_mm = 0.1\n"),
                    {"needle.tip_diameter_um", "needle.shaft_diameter_mm", "0.1 mm"});
  test::expect_says(refused("[machine]\ndepth_mm = 2\nstroke_mm = 1.5\n"),
                    {"machine.depth_mm = 2 mm", "machine.stroke_mm = 1.5 mm"});
  test::expect_says(refused("[machine]\nnozzle_diameter_mm = 8\n"), {"machine.nozzle_diameter_mm", "machine.nose_diameter_mm"});
  test::expect_says(refused("[skin]\nrecruitment_rise_day = 9\n"), {"skin.recruitment_rise_day", "skin.recruitment_decay_day"});
  test::expect_says(refused("[skin]\ncorneum_transit_day = 40\n"), {"skin.corneum_transit_day", "skin.epidermal_turnover_day"});
  test::expect_says(refused("[ink]\nmass_fraction = 0.7\ndilution = 1\n"), {"ink.mass_fraction", "packing", "dilute"});
}

TEST_F(BadInput, FactsAboutAScarThatContradictEachOtherAreRefused) {
  const std::string disc = "[scar]\nshape = \"disc\"\n", atrophic = "class = \"atrophic\"\n", wide = "width_mm = 0.9\n";
  test::expect_says(refused("[scar]\n" + atrophic), {"mine.toml:3", "scar.class = \"atrophic\"", "scar.shape is \"none\""});
  test::expect_says(refused("[scar]\noffset_mm = 0.4\n"), {"scar.offset_mm = 0.4 mm", "scar.shape is \"none\""});
  test::expect_says(refused("[scar]\nwidth_mm = 0.9\n"), {"scar.width_mm = 0.9 mm", "scar.shape is \"none\""});
  test::expect_says(refused(disc + wide), {"scar.class is missing", "fue_punctate"});
  test::expect_says(refused(disc + atrophic), {"scar.width_mm is 0", "disc", "0.8 to 1.0 mm"});
  test::expect_says(refused("[scar]\nshape = \"strip\"\nclass = \"fut_linear\"\nwidth_mm = 0\n"),
                    {"scar.width_mm is 0", "strip", "1 to 5 mm"});
  test::expect_says(refused("[scar]\nshape = \"star\"\n"), {"scar.shape", "star", "none, disc or strip"});
  test::expect_says(refused(disc + wide + "class = \"atrofic\"\n"), {"scar.class = \"atrofic\"", "did you mean \"atrophic\"?"});
  test::expect_says(refused("[scar.tissue]\nhop_length_um = 40\n"), {"scar.tissue.hop_length_um", "no scar.class"});
  test::expect_says(refused(disc + wide + atrophic + "[scar.tissue]\nhop_lenth_um = 40\n"),
                    {"scar.tissue.hop_lenth_um", "unknown", "did you mean skin.hop_length_um?"});
  test::expect_says(refused(disc + wide + atrophic + "[scar.tissue]\nhop_length_um = 4000\n"),
                    {"scar.tissue.hop_length_um = 4000 um", "0 to 300 um"});
}

TEST_F(BadInput, ThicknessAgainstTheNameOfTheClassIsRefused) {
  test::expect_says(refused("[skin]\nclass = \"atrophic\"\nthickness_factor = 2.0\n"),
                    {"skin.thickness_factor = 2", "contradicts skin.class = \"atrophic\"", "at most 1.4"});
  test::expect_says(refused("[skin]\nclass = \"hypertrophic\"\nthickness_factor = 0.5\n"),
                    {"contradicts skin.class = \"hypertrophic\"", "at least 0.7"});
  test::expect_says(
      refused("[scar]\nshape = \"disc\"\nwidth_mm = 1\nclass = \"atrophic\"\n[scar.tissue]\nthickness_factor = 2.0\n"),
      {"scar.tissue.thickness_factor = 2", "contradicts scar.class = \"atrophic\""});
}

TEST_F(BadInput, LayersInTheWrongOrderAreRefused) {
  test::expect_says(refused("[skin]\nlayers = [\"papillary_dermis\", \"stratum_corneum\", \"viable_epidermis\", "
                            "\"reticular_dermis\", \"subcutis\", \"galea\"]\n"),
                    {"skin.layers", "from the surface down"});
  test::expect_says(refused("[skin]\nlayers = []\n"), {"skin.layers", "1 to 8"});
}

TEST_F(BadInput, LayerThatIsListedButNotDescribedIsRefused) {
  test::expect_says(refused("[skin]\nlayers = [\"stratum_corneum\", \"viable_epidermis\", \"papillary_dermis\", \"scar_plate\", "
                            "\"reticular_dermis\", \"subcutis\", \"galea\"]\n"),
                    {"skin.layer.scar_plate.", "is missing"});
}

TEST_F(BadInput, UnknownClassNeedleInkAndMachineAreRefusedWithTheNearest) {
  test::expect_says(refused_override("skin.class", "hypertrofic"), {"hypertrofic", "did you mean \"hypertrophic\"?"});
  test::expect_says(refused_override("needle.model", "round_liner_9_025_long"), {"round_liner_9_025_long", "did you mean"});
  test::expect_says(refused_override("ink.model", "xxxxxxxxxxxxxxxxxxxxxxx"), {"there are", "carbon_black_smp"});
}

TEST_F(BadInput, MissingFilesAreNamed) {
  test::expect_says(test::refusal<FileError>([&] { TreatmentDocument::load(folder.path() / "nothing.toml"); }),
                    {"nothing.toml", "no such file"});
  test::expect_says(test::refusal<FileError>([&] { load_sweep(folder.path() / "nothing.toml", {}); }),
                    {"nothing.toml", "no such file"});
  const auto orphan = folder.write("orphan.toml", "inherits = \"gone.toml\"\n");
  test::expect_says(test::refusal<FileError>([&] { TreatmentDocument::load(orphan); }), {"gone.toml"});
}

TEST_F(BadInput, FolderInsteadOfAFileIsRefused) {
  test::expect_says(test::refusal<FileError>([&] { TreatmentDocument::load(folder.path()); }), {folder.path().string()});
}

TEST_F(BadInput, FileThatIsNotTomlIsRefusedWithItsLine) {
  test::expect_says(refused("[machine\ndepth_mm = 0.5\n"), {"mine.toml:2", "not valid TOML"});
  test::expect_says(refused("[machine]\ndepth_mm = 0.5\ndepth_mm = 0.6\n"), {"mine.toml", "not valid TOML"});
}

TEST_F(BadInput, FileThatInheritsFromItselfIsRefused) {
  const auto circle = folder.write("circle.toml", "inherits = \"circle.toml\"\n");
  test::expect_says(test::refusal<InputError>([&] { TreatmentDocument::load(circle); }), {"circle.toml", "inherits from itself"});
}

TEST_F(BadInput, EmptyTreatmentIsRefusedWithWhatIsMissing) {
  const auto empty = folder.write("empty.toml", "");
  test::expect_says(test::refusal<InputError>([&] { TreatmentDocument::load(empty); }), {"empty.toml", "machine.model is missing"});
}

TEST_F(BadInput, ArrayOfTablesInATreatmentIsRefused) {
  test::expect_says(refused("[[machine]]\ndepth_mm = 0.5\n"), {"array of tables"});
}

constexpr const char* depth_axis = "[[axis]]\nkey = \"machine.depth_mm\"\nvalues = [0.4, 0.5]\n";

TEST_F(BadInput, GoodSweepIsRead) {
  const SweepFile sweep = load_sweep(sweep_with(depth_axis), {});
  ASSERT_EQ(sweep.axes.size(), 1u);
  EXPECT_EQ(sweep.axes[0].unit, "mm");
  EXPECT_EQ(sweep.axes[0].size(), 2u);
  EXPECT_EQ(sweep.grid, "standard");
}

TEST_F(BadInput, EmptySweepIsRefused) {
  test::expect_says(refused_sweep(""), {"no [[axis]]"});
  test::expect_says(refused_sweep("[[axis]]\nkey = \"machine.depth_mm\"\nvalues = []\n"), {"machine.depth_mm", "no values"});
  test::expect_says(refused_sweep("[[axis]]\nkey = \"machine.depth_mm\"\n"), {"machine.depth_mm", "no values"});
}

TEST_F(BadInput, HugeSweepIsRefused) {
  std::string lines;
  for (const char* key : {"machine.depth_mm", "machine.frequency_hz", "machine.dwell_ms"}) {
    lines += "[[axis]]\nkey = \"" + std::string(key) + "\"\nvalues = [";
    for (int n = 0; n < 101; ++n)
      lines += std::to_string(50.0 + n * 0.001 - (std::string(key) == "machine.depth_mm" ? 49.5 : 0.0)) + ", ";
    lines += "]\n";
  }
  test::expect_says(refused_sweep(lines), {"1030301", "more than 1000000"});
}

TEST_F(BadInput, SweepOverAnUnknownKeyOutputOrGridIsRefused) {
  test::expect_says(refused_sweep("[[axis]]\nkey = \"machine.deph_mm\"\nvalues = [0.5]\n"),
                    {"machine.deph_mm", "did you mean machine.depth_mm?"});
  const auto file = sweep_with("outputs = [\"pigment_deposited\"]\n" + std::string(depth_axis));
  test::expect_says(test::refusal<InputError>([&] { load_sweep(file, {}); }),
                    {"pigment_deposited", "did you mean pigment_deposited_ng?"});
  const auto coarse = sweep_with("grid = \"coarse\"\n" + std::string(depth_axis));
  test::expect_says(test::refusal<InputError>([&] { load_sweep(coarse, {}); }), {"coarse", "quick, standard, fine or finest"});
}

TEST_F(BadInput, SweepWithABadValueIsRefusedBeforeAnyMemberRuns) {
  test::expect_says(refused_sweep("[[axis]]\nkey = \"machine.depth_mm\"\nvalues = [0.5, 30]\n"),
                    {"machine.depth_mm", "30", "0.05 to 2.5 mm"});
  test::expect_says(refused_sweep("[[axis]]\nkey = \"machine.depth_mm\"\nvalues = [0.5, nan]\n"), {"machine.depth_mm", "finite"});
  test::expect_says(refused_sweep("[[axis]]\nkey = \"machine.depth_mm\"\nvalues = [0.5, \"deep\"]\n"),
                    {"values", "mixes numbers and text"});
  test::expect_says(refused_sweep("[[axis]]\nkey = \"machine.depth_mm\"\nvalues = 0.5\n"), {"values is not a list"});
}

TEST_F(BadInput, SweepWithAnAxisTwiceOrAnUnknownKeyIsRefused) {
  test::expect_says(refused_sweep(std::string(depth_axis) + depth_axis), {"machine.depth_mm", "stands twice"});
  test::expect_says(refused_sweep("gird = \"quick\"\n" + std::string(depth_axis)), {"gird", "did you mean grid?"});
  test::expect_says(refused_sweep("[[axes]]\nkey = \"machine.depth_mm\"\n"), {"[[axes]]", "write [[axis]]"});
}

TEST_F(BadInput, SweepOverClassesTakesNames) {
  EXPECT_EQ(load_sweep(sweep_with("[[axis]]\nkey = \"skin.class\"\nvalues = [\"normal\", \"bald\"]\n"), {}).axes[0].words.size(),
            2u);
  test::expect_says(refused_sweep("[[axis]]\nkey = \"skin.class\"\nvalues = [1, 2]\n"), {"skin.class", "takes names"});
  const auto file = sweep_with("[[axis]]\nkey = \"skin.class\"\nvalues = [\"normal\", \"blad\"]\n");
  test::expect_says(test::refusal<InputError>([&] { load_sweep(file, {}); }), {"blad", "did you mean \"bald\"?"});
}

TEST_F(BadInput, CalibrationForAnUnknownClassIsRefused) {
  const auto file = test::configs() / "calibrations" / "scalp.toml";
  test::expect_says(test::refusal<InputError>([&] { load_calibration(file, "normall", false, {}); }),
                    {"--class normall", "did you mean normal?"});
}

TEST_F(BadInput, ShippedCalibrationIsReadForEveryClassAndQuickReplacesItsAxes) {
  const auto file = test::configs() / "calibrations" / "scalp.toml";
  for (const std::string& name : test::tissue_classes()) EXPECT_EQ(load_calibration(file, name, false, {}).base.skin_class(), name);
  const CalibrationFile full = load_calibration(file, "normal", false, {}), quick = load_calibration(file, "normal", true, {});
  EXPECT_LT(quick.depths_mm.size(), full.depths_mm.size());
  EXPECT_LT(quick.draws, full.draws);
  EXPECT_EQ(quick.criteria.size(), full.criteria.size());
}

TEST_F(BadInput, FurtherSettingsOfACalibrationAreCheckedAndSetTogether) {
  const auto file = test::configs() / "calibrations" / "scalp.toml";
  const auto also = [&](const std::string& key, const std::string& values) {
    return load_calibration(file, "normal", false, {}, {{key, values}});
  };
  const CalibrationFile both =
      load_calibration(file, "normal", false, {}, {{"machine.frequency_hz", "80,120"}, {"needle.model", "round_liner_3_025_long"}});
  ASSERT_EQ(both.settings.size(), 2u);
  EXPECT_EQ(both.settings[0].numbers, (std::vector<double>{80.0, 120.0}));
  const CalibrationFile one = with_settings(both, {{"machine.frequency_hz", "120"}, {"needle.model", "round_liner_3_025_long"}});
  EXPECT_EQ(one.base.treatment().machine.frequency, 120.0);
  EXPECT_EQ(one.base.treatment().needle.prongs, 3);
  EXPECT_TRUE(one.settings.empty());
  EXPECT_EQ(one.files.back(), file);
  test::expect_says(test::refusal<InputError>([&] { also("machine.frequency_hz", "80,,120"); }),
                    {"--also", "neither a number nor"});
  test::expect_says(test::refusal<InputError>([&] { also("machine.depth_mm", "0.3"); }),
                    {"machine.depth_mm is no setting", "machine.frequency_hz"});
  test::expect_says(test::refusal<InputError>([&] { also("machine.frequency_hz", "39"); }),
                    {"39 is outside its envelope, 40 to 150"});
}

TEST_F(BadInput, UnknownOutputIsRefusedWithTheNearest) {
  test::expect_says(test::refusal<InputError>([] { output_field("contrast_1yr"); }), {"contrast_1yr", "did you mean contrast_1y?"});
}

TEST_F(BadInput, DwellTimesOfOneInsertionMustIncreaseAndBeFew) {
  const Treatment t = test::treatment();
  test::expect_says(test::refusal<NumericsError>([&] { test::run_dwells(t, {0.2, 0.1}); }), {"increase"});
  test::expect_says(test::refusal<NumericsError>([&] { test::run_dwells(t, std::vector<double>(max_branches + 1, 0.1)); }),
                    {"at most 24"});
}

}  // namespace
}  // namespace dermaflux
