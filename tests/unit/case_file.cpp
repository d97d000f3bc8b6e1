#include "core/io/case_file.hpp"

#include <gtest/gtest.h>

#include "tests/support/refusal.hpp"
#include "tests/support/small_cases.hpp"

/// Validation cases as files give them: the part that predictions are made from, and what was observed.
namespace dermaflux {
namespace {

struct CaseInput : ::testing::Test {
  test::Folder folder;
  CaseInput() { set_shipped_configs(test::configs()); }

  static std::string plain(const std::string& more = "output = \"pigment_ng\"\nday = 42\nover_day = 0\n") {
    return "id = \"D3\"\ntitle = \"kept\"\nstage = \"healing\"\nquantity = \"series_ratio\"\nhow = \"dots\"\ntreatment = \"" +
           test::treatment_file("normal").string() + "\"\n" + more;
  }
  static std::string seen(const std::string& numbers =
                              "compared = \"interval\"\nlow = { value = 0.65, unit = \"1\" }\n"
                              "high = { value = 0.7, unit = \"1\" }\n") {
    return "id = \"D3\"\n" + numbers +
           "measured = \"32 % less\"\nerror_is = \"range\"\nsource = \"Engel 2010\"\ncheck = \"abstract\"\n";
  }
  CaseFile read(const std::string& text) const { return load_case(folder.write("d03.toml", text)); }
  std::string refused(const std::string& text) const {
    const auto file = folder.write("d03.toml", text);
    return test::refusal<InputError>([&] { load_case(file); });
  }
  std::string refused_observation(const std::string& text) const {
    const CaseFile of = read(plain());
    const auto file = folder.write("d03.observed.toml", text);
    return test::refusal<InputError>([&] { load_case_observation(file, of); });
  }
};

TEST_F(CaseInput, HoldsWhatPredictionsAreMadeFrom) {
  const CaseFile one = read(plain() + "[[setting]]\nname = \"deep\"\n\"machine.depth_mm\" = 0.8\n[[setting]]\nname = \"plain\"\n");
  EXPECT_EQ(one.id, "D3");
  EXPECT_EQ(one.unit, "1");
  EXPECT_EQ(one.over, "pigment_ng");
  EXPECT_EQ(one.day, 42.0);
  ASSERT_EQ(one.settings.size(), 2u);
  EXPECT_DOUBLE_EQ(one.settings[0].treatment.treatment().machine.depth, 0.8e-3);
  EXPECT_EQ(one.settings[0].changed, (std::vector<std::string>{"machine.depth_mm"}));
  EXPECT_EQ(one.observed, folder.path() / "d03.observed.toml");
  EXPECT_TRUE(one.waiting.empty());
}

TEST_F(CaseInput, IsReadThoughNothingWasObserved) {
  const CaseFile one = read(plain() + "[waiting]\nlook_up = \"table 2\"\ncolumns = \"depth\"\nput = \"beside\"\n");
  ASSERT_EQ(one.waiting.size(), 1u);
  EXPECT_EQ(one.waiting[0].look_up, "table 2");
}

TEST_F(CaseInput, UnitsFollowFromTheQuantity) {
  const std::string head = "id = \"x\"\ntitle = \"t\"\nstage = \"deposit\"\nhow = \"h\"\ntreatment = \"" +
                           test::treatment_file("normal").string() + "\"\n";
  EXPECT_EQ(read(head + "quantity = \"at_tip\"\noutput = \"ink_retained_nl\"\ntip_mm = 0.3\n").unit, "nL");
  EXPECT_EQ(read(head + "quantity = \"per_area\"\noutput = \"pigment_deposited_ng\"\n").unit, "mg/cm2");
  EXPECT_EQ(
      read(head + "quantity = \"slope\"\noutput = \"pigment_depth_day0_mm\"\nkey = \"machine.depth_mm\"\nlow = 0.5\nhigh = 1.5\n")
          .unit,
      "mm/mm");
  EXPECT_EQ(read(head + "quantity = \"longevity\"\nday = 42\n").unit, "year");
  EXPECT_EQ(read(head + "quantity = \"profile\"\nday = 28\ndepth_below = \"surface\"\n").unit, "um");
}

TEST_F(CaseInput, ThatMakesNoSenseIsRefusedWithPlaceAndSuggestion) {
  test::expect_says(refused(plain("output = \"pigment_mg\"\nday = 42\nover_day = 0\n")),
                    {"d03.toml", "pigment_mg", "did you mean pigment_ng"});
  test::expect_says(refused(plain("output = \"pigment_ng\"\nday = 43\nover_day = 0\n")), {"d03.toml:8", "day = 43", "28, 42, 90"});
  test::expect_says(refused(plain("output = \"pigment_ng\"\nday = 42\nover_day = 0\nmeasured = 0.7\n")),
                    {"measured", "unknown key"});
  test::expect_says(refused(plain() + "[[setting]]\nname = \"a\"\n\"machine.depth_mm\" = 99\n"),
                    {"setting \"a\"", "machine.depth_mm", "99"});
  test::expect_says(refused(plain() + "[[setting]]\nname = \"a\"\n[[setting]]\nname = \"a\"\n"), {"two settings are called a"});
  test::expect_says(refused(plain() + "[[series]]\nname = \"a\"\n"), {"[[series]]", "[[setting]]"});
  std::string other = plain();
  other.replace(other.find("series_ratio"), 12, "series_ration");
  test::expect_says(refused(other), {"series_ration", "did you mean series_ratio"});
}

TEST_F(CaseInput, WhatWasObservedHasUnitsAndASource) {
  const CaseFile of = read(plain());
  const CaseObservation found = load_case_observation(folder.write("d03.observed.toml", seen()), of);
  EXPECT_EQ(found.low, 0.65);
  EXPECT_EQ(found.high, 0.7);
  EXPECT_EQ(found.source, "Engel 2010");
  test::expect_says(refused_observation(seen("compared = \"interval\"\nlow = 0.6\nhigh = 0.7\n")),
                    {"low", "without a unit", "value = 0.6"});
  test::expect_says(refused_observation(seen("compared = \"number\"\nvalue = { value = 68, unit = \"%\" }\n")),
                    {"value", "\"%\"", "convert"});
  test::expect_says(refused_observation(seen("compared = \"near\"\n")), {"near", "interval", "at_most"});
  test::expect_says(
      refused_observation(seen("compared = \"value\"\nvalue = { value = 0.7, unit = \"1\" }\nsd = { value = 0, unit = \"1\" }\n")),
      {"sd = 0"});
  test::expect_says(refused_observation(seen("compared = \"profile\"\nfile = \"x.csv\"\n")), {"does not go with the quantity"});
  std::string other = seen();
  other.replace(other.find("Engel 2010"), 10, "somebody");
  test::expect_says(refused_observation(other), {"source", "cite it"});
  other = seen();
  other.replace(other.find("D3"), 2, "D4");
  test::expect_says(refused_observation(other), {"id = D4", "D3"});
}

TEST_F(CaseInput, KeysThatASettingFixesAreNotDrawn) {
  const auto file = folder.write(
      "study.toml",
      "grid = \"standard\"\ndraws = 64\nseed = 1\n"
      "uncertain = [\"skin.uptake_per_day\", \"ink.carrier_viscosity_mpa_s\"]\n[quick]\ngrid = \"quick\"\ndraws = 16\n");
  const CaseStudy study = load_case_study(file);
  EXPECT_EQ(study.quick_draws, 16);
  const CaseFile one = read(plain() + "[[setting]]\nname = \"a\"\n\"skin.uptake_per_day\" = 2\n");
  EXPECT_EQ(drawn_keys(study, one.settings[0].treatment, one.settings[0].changed),
            (std::vector<std::string>{"ink.carrier_viscosity_mpa_s"}));
}

}  // namespace
}  // namespace dermaflux
