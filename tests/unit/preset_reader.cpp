// The reader of the driver module: what it answers, and what it refuses with which error.
#include "core/preset/preset_reader.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <random>

#include "tests/support/preset_text.hpp"

namespace dermaflux {
namespace {

using E = PresetError;
using testing::lenient_rules;
using testing::preset_without_hash;
using testing::sealed;
using testing::with;

std::string hex(std::string_view text) {
  std::string out;
  for (const unsigned char byte : preset_detail::sha256(text)) {
    out += "0123456789abcdef"[byte >> 4];
    out += "0123456789abcdef"[byte & 15];
  }
  return out;
}

std::string good() { return sealed(preset_without_hash()); }

E refusal(const std::string& bytes, const PresetRules& rules = lenient_rules()) {
  PresetReader reader;
  return reader.open(bytes, rules);
}

/// The error of a preset changed before it is sealed.
E resealed(std::string_view from, std::string_view to, const PresetRules& rules = lenient_rules()) {
  const std::string changed = with(preset_without_hash(), from, to);
  EXPECT_FALSE(changed.empty()) << from;
  return refusal(sealed(changed), rules);
}

TEST(PresetHash, IsSha256OfFips180) {
  EXPECT_EQ(hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(hex("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu"),
            "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
  EXPECT_EQ(hex(std::string(1000000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  // Every length around the ends of a block, in one piece and in two.
  for (std::size_t size = 0; size < 130; ++size) {
    const std::string text(size, 'x');
    EXPECT_EQ(preset_detail::sha256(text),
              preset_detail::sha256(text.substr(0, size / 3), std::string_view(text).substr(size / 3)));
  }
}

TEST(PresetReader, AcceptsAGoodPresetAndStatesItsSettings) {
  PresetReader reader;
  ASSERT_EQ(reader.open(good(), lenient_rules()), E::none) << reader.where();
  EXPECT_EQ(reader.settings().depth_mm, 0.3);
  EXPECT_EQ(reader.settings().hand_force_n, 0.2);
  EXPECT_EQ(reader.text("needle/model"), "needle");
  EXPECT_EQ(reader.text("intended_use/text"), "µ\\n\\u0001");
  EXPECT_EQ(reader.text("needle/none"), "");
  EXPECT_EQ(reader.text("needle/prongs"), "");
  EXPECT_EQ(reader.number("location/range/depth_mm/max"), 0.4);
  for (const char* path : {"location", "location/known", "needle/model", "none", "settings/depth_mm/x"})
    EXPECT_TRUE(std::isnan(reader.number(path))) << path;
  ASSERT_EQ(reader.alarms().size(), 4u);
  EXPECT_EQ(reader.alarms()[1].quantity, "d_tip_mm");
  EXPECT_EQ(reader.alarms()[1].side, "below");
}

TEST(PresetReader, KeepsNothingOfAPresetThatItRefused) {
  PresetReader reader;
  EXPECT_TRUE(std::isnan(reader.settings().depth_mm));
  PresetRules released = lenient_rules();
  released.allow_research = false;
  PresetRules other = lenient_rules();
  other.highest.hand_force_n = 0.1;
  for (const PresetRules& rules : {released, other}) {
    ASSERT_EQ(reader.open(good(), lenient_rules()), E::none);
    ASSERT_NE(reader.open(good(), rules), E::none);
    for (const auto& one : preset_detail::named_settings) EXPECT_TRUE(std::isnan(reader.settings().*one.value)) << one.name;
    EXPECT_TRUE(reader.alarms().empty());
    EXPECT_EQ(reader.allows({0.3, 300.0, 100.0, 3.0, 0.0, 0.2}), E::not_open);
    EXPECT_EQ(reader.text("needle/model"), "");
    EXPECT_TRUE(std::isnan(reader.number("settings/depth_mm")));
    EXPECT_EQ(reader.sessions().error, E::not_open);
  }
}

TEST(PresetReader, AnswersBetweenTheCellsOfItsTable) {
  PresetReader reader;
  ASSERT_EQ(reader.open(good(), lenient_rules()), E::none);
  const PresetAnswer on = reader.settings_for(100.0, 0.2);
  ASSERT_EQ(on.error, E::none);
  EXPECT_EQ(on.settings.depth_mm, 0.3);
  EXPECT_EQ(on.settings.frequency_hz, 100.0);
  EXPECT_EQ(on.expected.insertion_force_n, 0.125);
  const PresetAnswer half = reader.settings_for(140.0, 0.2);  // half way from 0.3 to 0.4, from 300 to 280
  ASSERT_EQ(half.error, E::none);
  EXPECT_DOUBLE_EQ(half.settings.depth_mm, 0.35);
  EXPECT_DOUBLE_EQ(half.settings.dwell_ms, 290.0);
  EXPECT_DOUBLE_EQ(half.expected.insertion_force_n, 0.1875);
  const PresetAnswer quarter = reader.settings_for(140.0, 0.15);  // half of the way in one measure, of which half has the deep cell
  EXPECT_DOUBLE_EQ(quarter.settings.depth_mm, 0.325);
}

TEST(PresetReader, RefusesOutsideItsTableAndWhereTheModelHasNoAnswer) {
  PresetReader reader;
  EXPECT_EQ(reader.settings_for(140.0, 0.2).error, E::not_open);
  ASSERT_EQ(reader.open(good(), lenient_rules()), E::none);
  for (const double t : {100.0, 140.0, 180.0})
    for (const double f : {0.1, 0.15, 0.2}) EXPECT_EQ(reader.settings_for(t, f).error, E::none) << t << " " << f;
  EXPECT_EQ(reader.settings_for(180.0, 0.4).error, E::none);
  EXPECT_EQ(reader.settings_for(180.0, 0.3).error, E::none);  // on a line of cells that all have an answer
  EXPECT_EQ(reader.settings_for(100.0, 0.4).error, E::no_answer);
  EXPECT_EQ(reader.settings_for(std::nextafter(180.0, 0.0), 0.3).error, E::no_answer);
  EXPECT_EQ(reader.settings_for(100.0, std::nextafter(0.2, 1.0)).error, E::no_answer);
  EXPECT_EQ(reader.settings_for(std::nextafter(100.0, 0.0), 0.2).error, E::outside_table);
  EXPECT_EQ(reader.settings_for(std::nextafter(180.0, 200.0), 0.2).error, E::outside_table);
  EXPECT_EQ(reader.settings_for(140.0, std::nextafter(0.1, 0.0)).error, E::outside_table);
  EXPECT_EQ(reader.settings_for(180.0, std::nextafter(0.4, 1.0)).error, E::outside_table);
  for (const double odd : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
    EXPECT_EQ(reader.settings_for(odd, 0.2).error, E::bad_question);
    EXPECT_EQ(reader.settings_for(140.0, odd).error, E::bad_question);
  }
  EXPECT_EQ(reader.settings_for(-1.0, 0.2).error, E::outside_table);
}

TEST(PresetReader, AllowsSettingsAtAndInsideEachEdgeAndNoneJustBeyond) {
  PresetReader reader;
  ASSERT_EQ(reader.open(good(), lenient_rules()), E::none);
  struct Edge {
    double PresetSettings::*value;
    double low, high;
    E beyond_low, beyond_high;
  };
  const Edge edges[] = {
      {&PresetSettings::depth_mm, 0.15, 1.0, E::outside_envelope, E::outside_envelope},
      {&PresetSettings::dwell_ms, 10.0, 400.0, E::outside_envelope, E::outside_envelope},
      {&PresetSettings::frequency_hz, 46.0, 150.0, E::outside_machine, E::outside_envelope},  // the machine starts later
      {&PresetSettings::stroke_mm, 2.0, 4.0, E::outside_machine, E::outside_machine},
      {&PresetSettings::angle_deg, 0.0, 45.0, E::outside_machine, E::outside_machine},
      {&PresetSettings::hand_force_n, 0.05, 1.0, E::outside_machine, E::outside_machine}};
  for (const Edge& edge : edges) {
    PresetSettings wanted = reader.settings();
    const auto allows = [&](double value) {
      wanted.*edge.value = value;
      return reader.allows(wanted);
    };
    EXPECT_EQ(allows(edge.low), E::none);
    EXPECT_EQ(allows(edge.high), E::none);
    EXPECT_EQ(allows(0.5 * (edge.low + edge.high)), E::none);
    EXPECT_EQ(allows(std::nextafter(edge.low, -HUGE_VAL)), edge.beyond_low);
    EXPECT_EQ(allows(std::nextafter(edge.high, HUGE_VAL)), edge.beyond_high);
    EXPECT_NE(allows(NAN), E::none);
    EXPECT_NE(allows(HUGE_VAL), E::none);
  }
}

TEST(PresetReader, LoadsSettingsAtEachEdgeOfTheirEnvelopeAndNoneJustBeyond) {
  // The next double beyond 0.3 and 300, as JSON writes them.
  EXPECT_EQ(resealed(R"("depth_mm":{"max":1,)", R"("depth_mm":{"max":0.4,)"), E::none);
  EXPECT_EQ(resealed(R"("depth_mm":{"max":1,)", R"("depth_mm":{"max":0.39999999999999997,)"), E::outside_envelope);  // a cell
  EXPECT_EQ(resealed(R"("depth_mm":{"max":1,"min":0.15})", R"("depth_mm":{"max":1,"min":0.25})"), E::none);
  EXPECT_EQ(resealed(R"("depth_mm":{"max":1,"min":0.15})", R"("depth_mm":{"max":1,"min":0.25000000000000006})"),
            E::outside_envelope);
  EXPECT_EQ(resealed(R"("dwell_ms":{"max":400,)", R"("dwell_ms":{"max":350,)"), E::none);  // the end of the tolerance
  EXPECT_EQ(resealed(R"("dwell_ms":{"max":400,)", R"("dwell_ms":{"max":349.99999999999994,)"), E::outside_envelope);
  EXPECT_EQ(resealed(R"("frequency_hz":{"max":150,"min":40})", R"("frequency_hz":{"max":150,"min":100})"), E::none);
  EXPECT_EQ(resealed(R"("frequency_hz":{"max":150,"min":40})", R"("frequency_hz":{"max":150,"min":100.00000000000001})"),
            E::outside_envelope);
  EXPECT_EQ(resealed(R"("frequency_hz":{"max":200,"min":46})", R"("frequency_hz":{"max":99,"min":46})"), E::outside_machine);
  EXPECT_EQ(resealed(R"("depth_mm":{"max":0.35,"min":0.25})", R"("depth_mm":{"max":0.35,"min":0.3})"), E::none);
  EXPECT_EQ(resealed(R"("depth_mm":{"max":0.35,"min":0.25})", R"("depth_mm":{"max":0.35,"min":0.30000000000000004})"),
            E::outside_tolerance);
}

TEST(PresetReader, JudgesByItsAlarms) {
  PresetReader reader;
  EXPECT_EQ(reader.judge("d_tip_mm", 0.3), PresetVerdict::stop);  // nothing is open
  ASSERT_EQ(reader.open(good(), lenient_rules()), E::none);
  EXPECT_EQ(reader.judge("bleed_probability", 0.2), PresetVerdict::fine);
  EXPECT_EQ(reader.judge("bleed_probability", std::nextafter(0.2, 1.0)), PresetVerdict::warn);
  EXPECT_EQ(reader.judge("bleed_probability", 0.5), PresetVerdict::warn);
  EXPECT_EQ(reader.judge("bleed_probability", std::nextafter(0.5, 1.0)), PresetVerdict::stop);
  EXPECT_EQ(reader.judge("d_tip_mm", 0.165), PresetVerdict::fine);
  EXPECT_EQ(reader.judge("d_tip_mm", 0.16), PresetVerdict::warn);
  for (const double ratio : {0.4, 1.0, 2.5}) EXPECT_EQ(reader.judge("force ratio", ratio), PresetVerdict::fine);
  for (const double ratio : {0.39, 2.51}) EXPECT_EQ(reader.judge("force ratio", ratio), PresetVerdict::stop);
  for (const char* name : {"bleed_probability", "d_tip_mm", "force ratio"}) EXPECT_EQ(reader.judge(name, NAN), PresetVerdict::stop);
  EXPECT_EQ(reader.judge("temperature", 20.0), PresetVerdict::stop);  // nobody said what is fine
}

TEST(PresetReader, RefusesByDefault) {
  EXPECT_NE(refusal(good(), PresetRules{}), E::none);
  PresetRules rules = lenient_rules();
  rules.allow_research = false;
  EXPECT_EQ(refusal(good(), rules), E::research);
  rules = lenient_rules();
  rules.allow_unsigned = false;
  EXPECT_EQ(refusal(good(), rules), E::unsigned_preset);
  rules = lenient_rules();
  rules.machine_model = "other";
  EXPECT_EQ(refusal(good(), rules), E::wrong_machine);
  for (const char* today : {"", "today", "2026-13-01", "2026-1-1", "2026-11-32"}) {
    rules = lenient_rules();
    rules.today = today;
    EXPECT_EQ(refusal(good(), rules), E::no_date) << today;
  }
  rules.today = "2027-12-31";
  EXPECT_EQ(refusal(good(), rules), E::none);
  rules.today = "2028-01-01";
  EXPECT_EQ(refusal(good(), rules), E::expired);
  for (const auto& one : preset_detail::named_settings) {
    rules = lenient_rules();
    rules.highest.*one.value = NAN;
    EXPECT_EQ(refusal(good(), rules), E::outside_machine) << one.name;
  }
  rules = lenient_rules();
  rules.highest.depth_mm = 0.4;
  EXPECT_EQ(refusal(good(), rules), E::none);
  rules.highest.depth_mm = 0.39;  // a cell of the table lies beyond
  EXPECT_EQ(refusal(good(), rules), E::outside_machine);
  EXPECT_EQ(resealed(R"("status":"research")", R"("status":"withdrawn")"), E::withdrawn);
  EXPECT_EQ(resealed(R"("status":"research")", R"("status":"released")"), E::none);
}

TEST(PresetReader, NamesWhatItRefuses) {
  const std::string text = good();
  EXPECT_EQ(refusal(""), E::not_json);
  EXPECT_EQ(refusal("not JSON"), E::not_json);
  for (const char* literal : {"null", "true", "3", "[]", "\"x\""}) EXPECT_EQ(refusal(literal), E::wrong_kind) << literal;
  EXPECT_EQ(refusal("{}"), E::wrong_version);
  EXPECT_EQ(refusal(std::string(preset_max_bytes + 1, '[')), E::too_large);
  EXPECT_EQ(refusal(std::string(preset_max_bytes, '[')), E::too_deep);
  EXPECT_EQ(refusal(text + "\n"), E::not_canonical);
  EXPECT_EQ(refusal(text + "x"), E::not_json);
  EXPECT_EQ(refusal(" " + text), E::not_canonical);
  EXPECT_EQ(refusal(with(text, "\"max\":1,", "\"max\": 1,")), E::not_canonical);
  EXPECT_EQ(refusal(with(text, "\"max\":1,", "\"max\":1.0,")), E::not_canonical);
  EXPECT_EQ(refusal(with(text, "\"max\":1,", "\"max\":NaN,")), E::not_json);
  EXPECT_EQ(refusal(with(text, "\"max\":1,", "\"max\":1e999,")), E::not_json);
  EXPECT_EQ(refusal(with(text, "\"max\":1,", "\"max\":-0,")), E::not_canonical);
  EXPECT_EQ(refusal(with(text, "\"max\":1,", "\"max\":9007199254740992,")), E::out_of_range);
  EXPECT_EQ(refusal(with(text, "\"max\":1,", "\"max\":1,\"max\":1,")), E::duplicate_key);
  EXPECT_EQ(refusal(with(text, R"("max":1,"min":0.15)", R"("min":0.15,"max":1)")), E::not_canonical);
  EXPECT_EQ(refusal(with(text, "\"title\":\"t\"", "\"title\":\"\\u0074\"")), E::not_canonical);
  EXPECT_EQ(refusal(with(text, "\"title\":\"t\"", "\"title\":\"\\ud800\"")), E::not_canonical);
  EXPECT_EQ(refusal(with(text, "\"title\":\"t\"", "\"title\":\"\\x\"")), E::not_json);
  for (const char* bad : {"\xff", "\xc0\xaf", "\xed\xa0\x80", "\xe2\x82", "\xf4\x90\x80\x80", "\x80"})
    EXPECT_EQ(refusal(with(text, "\"title\":\"t\"", std::string("\"title\":\"") + bad + "\"")), E::not_json);
  EXPECT_EQ(resealed("\"title\":\"t\"", "\"title\":\"\xf0\x9f\x98\x80\xed\x9f\xbf\""), E::none);  // well-formed
  EXPECT_EQ(refusal(with(text, "\"depth_mm\":0.3", "\"depth_mm\":0.4")), E::wrong_hash);
  EXPECT_EQ(refusal(with(text, "\"schema_version\":\"1.3.0\"", "\"schema_version\":\"2.0.0\"")), E::wrong_version);
  EXPECT_EQ(refusal(preset_without_hash()), E::missing_key);
  EXPECT_EQ(resealed("\"schema_version\":\"1.3.0\"", "\"schema_version\":\"1.0.0\""),
            E::unknown_key);  // keys that 1.0 does not know
  EXPECT_EQ(resealed("\"settings\":{\"angle_deg\":0,", "\"settings\":{"), E::missing_key);
  EXPECT_EQ(resealed("\"stroke_mm\":3}", "\"stroke_mm\":3,\"watt\":1}"), E::unknown_key);
  EXPECT_EQ(resealed("\"stroke_mm\":3}", "\"stroke_mm\":\"3\"}"), E::wrong_kind);
  EXPECT_EQ(resealed("\"stroke_mm\":3}", "\"stroke_mm\":true}"), E::wrong_kind);
  EXPECT_EQ(resealed("\"stroke_mm\":3}", "\"stroke_mm\":0}"), E::out_of_range);
  EXPECT_EQ(resealed("\"prongs\":1", "\"prongs\":1.5"), E::out_of_range);
  EXPECT_EQ(resealed("\"status\":\"research\"", "\"status\":\"approved\""), E::out_of_range);
  EXPECT_EQ(resealed("[0.1,0.2,0.4]", "[0.1,0.1,0.4]"), E::out_of_range);
  EXPECT_EQ(resealed("[0.1,0.2,0.4]", "[0.1,0.2]"), E::out_of_range);
  EXPECT_EQ(resealed("{\"none\":\"it bleeds\"}", "{\"none\":\"it bleeds\",\"strokes\":1}"), E::unknown_key);
  EXPECT_EQ(resealed("d_tip_mm below", "d_tip_mm near"), E::out_of_range);
  EXPECT_EQ(resealed("\"stop\":2.5,", ""), E::out_of_range);  // outside needs both ends
  PresetReader reader;
  EXPECT_EQ(reader.open(sealed(with(preset_without_hash(), "\"prongs\":1", "\"prongs\":9")), lenient_rules()), E::out_of_range);
  EXPECT_STREQ(reader.where(), "needle/prongs");
  EXPECT_EQ(reader.settings_for(140.0, 0.2).error, E::not_open);
}

TEST(PresetReader, HasANameAndATextForEveryError) {
  for (unsigned n = 0; n <= static_cast<unsigned>(E::impossible_plan); ++n) {
    EXPECT_GT(std::strlen(name_of(static_cast<E>(n))), 3u);
    EXPECT_GT(std::strlen(text_of(static_cast<E>(n))), 10u);
  }
  EXPECT_STREQ(name_of(E::no_answer), "no_answer");
  EXPECT_STREQ(name_of(E::wrong_hash), "wrong_hash");
  EXPECT_STREQ(name_of(E::unsigned_preset), "unsigned_preset");
}

TEST(PresetReader, OpensWithoutATableAndThenRefusesToAdapt) {
  std::string text = preset_without_hash();
  const std::size_t begin = text.find(",\"settings_table\""), end = text.find(",\"tolerance\"");
  text.erase(begin, end - begin);
  PresetReader reader;
  ASSERT_EQ(reader.open(sealed(text), lenient_rules()), E::none) << reader.where();
  EXPECT_EQ(reader.settings_for(140.0, 0.2).error, E::no_table);
}

std::string without(std::string text, std::string_view from, std::string_view to) {
  const std::size_t begin = text.find(from), end = text.find(to);
  return text.erase(begin, end - begin);
}

TEST(PresetSessions, StateThePlanOfThePreset) {
  PresetReader reader;
  EXPECT_EQ(reader.sessions().error, E::not_open);
  ASSERT_EQ(reader.open(good(), lenient_rules()), E::none) << reader.where();
  const PresetSessions& plan = reader.sessions();
  ASSERT_EQ(plan.error, E::none);
  EXPECT_EQ(plan.fewest, 2);
  EXPECT_EQ(plan.most, 3);
  EXPECT_EQ(plan.purposes[2], "c");
  EXPECT_EQ(plan.purposes[3], "");
  EXPECT_EQ(plan.earliest_day, 6.0);
  EXPECT_EQ(plan.days_between_min, 10.0);
  EXPECT_EQ(plan.days_between_max, 14.0);
  EXPECT_EQ(plan.touch_up_years[0], 0.75);
  EXPECT_EQ(plan.touch_up_years[1], 4.5);
  EXPECT_EQ(plan.touch_up_years[2], HUGE_VAL);  // not before the horizon
  EXPECT_EQ(plan.touch_up_horizon_years, 10.0);
}

TEST(PresetSessions, AreJudgedByThePlanAndTheAlarm) {
  PresetReader reader;
  EXPECT_EQ(reader.judge(preset_days_since, 20.0), PresetVerdict::stop);  // nothing is open
  ASSERT_EQ(reader.open(good(), lenient_rules()), E::none);
  for (const double days :
       {std::nan(""), HUGE_VAL, -1.0, 0.0, 4.9, 5.0, std::nextafter(6.0, 0.0)})  // the alarm alone would stop below 5
    EXPECT_EQ(reader.judge(preset_days_since, days), PresetVerdict::stop) << days;
  for (const double days : {6.0, std::nextafter(10.0, 0.0)})
    EXPECT_EQ(reader.judge(preset_days_since, days), PresetVerdict::warn) << days;
  for (const double days : {10.0, 12.0, 14.0, 1000.0})
    EXPECT_EQ(reader.judge(preset_days_since, days), PresetVerdict::fine) << days;

  const std::string no_plan = without(preset_without_hash(), "\"sessions\":", "\"settings\":");
  ASSERT_EQ(reader.open(sealed(no_plan), lenient_rules()), E::none) << reader.where();
  EXPECT_EQ(reader.sessions().error, E::no_plan);
  EXPECT_EQ(reader.judge(preset_days_since, std::nextafter(5.0, 0.0)), PresetVerdict::stop);  // the alarm still holds
  EXPECT_EQ(reader.judge(preset_days_since, 5.0), PresetVerdict::fine);
  const std::string no_alarm = without(preset_without_hash(), R"({"action":"block")", R"({"action":"pause")");
  ASSERT_EQ(reader.open(sealed(no_alarm), lenient_rules()), E::none) << reader.where();
  EXPECT_EQ(reader.judge(preset_days_since, 5.0), PresetVerdict::stop);  // and so does the plan without an alarm
  EXPECT_EQ(reader.judge(preset_days_since, 6.0), PresetVerdict::warn);
  ASSERT_EQ(reader.open(sealed(without(no_alarm, "\"sessions\":", "\"settings\":")), lenient_rules()), E::none);
  EXPECT_EQ(reader.judge(preset_days_since, 100.0), PresetVerdict::stop);  // nobody said what is fine
}

TEST(PresetSessions, ThatCannotBeKeptAreRefusedJustBeyondEachEdge) {
  const char* const earliest = R"("earliest_day":6,)";
  EXPECT_EQ(resealed(earliest, R"("earliest_day":5,)"), E::none);  // at the alarm, inside, at the shortest pause
  EXPECT_EQ(resealed(earliest, R"("earliest_day":10,)"), E::none);
  EXPECT_EQ(resealed(earliest, R"("earliest_day":4.999999999999999,)"), E::impossible_plan);
  EXPECT_EQ(resealed(earliest, R"("earliest_day":10.000000000000002,)"), E::impossible_plan);
  EXPECT_EQ(resealed(earliest, R"("earliest_day":0,)"), E::out_of_range);
  EXPECT_EQ(resealed(R"("stop":5,"unit":"day")", R"("stop":6,"unit":"day")"), E::none);
  EXPECT_EQ(resealed(R"("stop":5,"unit":"day")", R"("stop":6.000000000000001,"unit":"day")"), E::impossible_plan);
  EXPECT_EQ(resealed(R"("stop":5,"unit":"day")", R"("unit":"day","warn":9)"), E::none);  // a warning is no stop
  EXPECT_EQ(resealed("days since last session below", "days since last session above"), E::impossible_plan);

  const char* const days = R"("days_between":{"max":14,"min":10})";
  EXPECT_EQ(resealed(days, R"("days_between":{"max":10,"min":10})"), E::none);
  EXPECT_EQ(resealed(days, R"("days_between":{"max":9.999999999999998,"min":10})"), E::impossible_plan);

  const char* const count = R"("count":{"max":3,"min":2})";
  EXPECT_EQ(resealed(count, R"("count":{"max":3,"min":3})"), E::none);
  EXPECT_EQ(resealed(count, R"("count":{"max":3,"min":1})"), E::none);
  EXPECT_EQ(resealed(count, R"("count":{"max":3,"min":4})"), E::impossible_plan);
  EXPECT_EQ(resealed(count, R"("count":{"max":2,"min":2})"), E::impossible_plan);  // a purpose too many
  EXPECT_EQ(resealed(count, R"("count":{"max":4,"min":2})"), E::impossible_plan);
  for (const char* bad : {R"("count":{"max":3,"min":0})", R"("count":{"max":3,"min":1.5})", R"("count":{"max":7,"min":1})"})
    EXPECT_EQ(resealed(count, bad), E::out_of_range) << bad;
  const std::string six = with(preset_without_hash(), count, R"("count":{"max":6,"min":6})");
  EXPECT_EQ(refusal(sealed(with(six, R"(["a","b","c"])", R"(["a","b","c","d","e","f"])"))), E::none);
  EXPECT_EQ(refusal(sealed(with(six, R"(["a","b","c"])", R"(["a","b","c","d","e","f","g"])"))), E::impossible_plan);
  EXPECT_EQ(resealed(R"(["a","b","c"])", R"(["a","","c"])"), E::out_of_range);

  const char* const due = R"("p05_years":0.75,"p50_years":4.5,)";
  EXPECT_EQ(resealed(due, R"("p05_years":10,"p50_years":10,"p95_years":10,)"), E::none);
  EXPECT_EQ(resealed(due, ""), E::none);
  EXPECT_EQ(resealed(due, R"("p05_years":4.5,"p50_years":4.499999999999999,)"), E::impossible_plan);
  EXPECT_EQ(resealed(due, R"("p05_years":4.5,"p50_years":10.000000000000002,)"), E::impossible_plan);
  EXPECT_EQ(resealed(due, R"("p05_years":4.5,"p95_years":5,)"), E::impossible_plan);  // the middle is not before the horizon
  EXPECT_EQ(resealed(due, R"("p05_years":0,"p50_years":4.5,)"), E::out_of_range);
  PresetReader reader;
  ASSERT_EQ(reader.open(sealed(with(preset_without_hash(), earliest, R"("earliest_day":3,)")), lenient_rules()),
            E::impossible_plan);
  EXPECT_STREQ(reader.where(), "sessions/earliest_day");
  EXPECT_EQ(reader.sessions().error, E::not_open);
}

TEST(PresetReader, ReadsWhereTheBestSettingLiesAndWhatElseWasSearched) {
  EXPECT_EQ(resealed(R"("known":false)", R"("known":true)"), E::none);
  EXPECT_EQ(resealed(R"("known":false)", R"("known":null)"), E::wrong_kind);
  EXPECT_EQ(resealed(R"("known":false)", R"("known":0)"), E::wrong_kind);
  EXPECT_EQ(resealed(R"("best":{"depth_mm":0.31)", R"("best":{"depth_mm":0.25)"), E::none);
  EXPECT_EQ(resealed(R"("best":{"depth_mm":0.31)", R"("best":{"depth_mm":0.24999999999999997)"), E::out_of_range);
  EXPECT_EQ(resealed(R"("best":{"depth_mm":0.31)", R"("best":{"depth_mm":0.4)"), E::none);
  EXPECT_EQ(resealed(R"("best":{"depth_mm":0.31)", R"("best":{"depth_mm":0.4000000000000001)"), E::out_of_range);
  EXPECT_EQ(resealed(R"("confidence":0.9)", R"("confidence":1)"), E::none);
  EXPECT_EQ(resealed(R"("confidence":0.9)", R"("confidence":1.0000000000000002)"), E::out_of_range);
  EXPECT_EQ(resealed(R"({"chosen":100,)", R"({"chosen":80,)"), E::none);
  EXPECT_EQ(resealed(R"({"chosen":100,)", R"({"chosen":90,)"), E::out_of_range);
  EXPECT_EQ(resealed(R"({"chosen":100,)", R"({"chosen":"100",)"), E::out_of_range);
  EXPECT_EQ(resealed(R"({"chosen":100,)", R"({"chosen":true,)"), E::wrong_kind);
  EXPECT_EQ(resealed(R"("tried":["a","b"])", R"("tried":[])"), E::missing_key);
  EXPECT_EQ(resealed(R"({"name":"sections",)", "{"), E::missing_key);
  EXPECT_EQ(resealed(R"("data":[{"name":"sections",)", R"("data":["sections",{"name":"sections",)"), E::wrong_kind);
}

TEST(PresetReader, KnowsOfEachVersionWhatItBrought) {
  const std::string all = preset_without_hash();
  std::string old = with(all, R"("schema_version":"1.3.0")", R"("schema_version":"1.2.0")");
  const auto open = [](const std::string& text) {
    PresetReader reader;
    const E error = reader.open(sealed(text), lenient_rules());
    return std::pair(error, std::string(reader.where()));
  };
  const auto unknown = [](const char* where) { return std::pair(E::unknown_key, std::string(where)); };
  EXPECT_EQ(open(old), unknown("provenance/corrections"));
  old = without(old, "\"corrections\":", "\"data\":");
  EXPECT_EQ(open(old).first, E::none);
  old = with(old, R"("schema_version":"1.2.0")", R"("schema_version":"1.1.0")");
  EXPECT_EQ(open(old), unknown("location"));
  old = without(old, "\"location\":", "\"machine\":");
  EXPECT_EQ(open(old), std::pair(E::wrong_kind, std::string("provenance/data/0")));
  const std::size_t begin = old.find("[{\"name\":\"sections\"") + 1, end = old.find("],\"effort\"");
  old = old.replace(begin, end - begin, "\"sections\"");
  EXPECT_EQ(open(old), unknown("provenance/effort"));
  old = without(old, "\"effort\":", "\"git_commit\":");
  EXPECT_EQ(open(old), unknown("provenance/prior_keys"));
  old = with(old, R"("prior_keys":["k"],)", "");
  EXPECT_EQ(open(old), unknown("searched"));
  old = without(old, "\"searched\":", "\"sensitivity\":");
  EXPECT_EQ(open(old), unknown("sessions"));
  old = without(old, "\"sessions\":", "\"settings\":");
  EXPECT_EQ(open(old).first, E::none);
  EXPECT_EQ(open(with(old, "\"1.1.0\"", "\"1.01.0\"")).first, E::none);
  EXPECT_EQ(open(with(old, "\"1.1.0\"", "\"1.00.9\"")), unknown("machine/limits"));
  EXPECT_EQ(open(with(old, "\"1.1.0\"", "\"1.2.0\"")).first, E::wrong_kind);  // data is now a list of objects
  for (const char* later : {"\"1.4.0\"", "\"1.10.0\"", "\"1.99999999999999999999.0\""})
    EXPECT_EQ(open(with(all, "\"1.3.0\"", later)).first, E::none) << later;  // as the newest that it knows
}

#if defined(DF_PRESET_WITH_SODIUM) && DF_PRESET_WITH_SODIUM
TEST(PresetSignature, IsVerifiedOverAllBytes) {
  ASSERT_GE(sodium_init(), 0);
  unsigned char key[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES], signature[crypto_sign_BYTES];
  crypto_sign_keypair(key, secret);
  const std::string text = good();
  crypto_sign_detached(signature, nullptr, reinterpret_cast<const unsigned char*>(text.data()), text.size(), secret);
  const auto view = [](const auto& bytes) { return std::string_view(reinterpret_cast<const char*>(bytes), sizeof bytes); };
  PresetRules rules = lenient_rules();
  rules.allow_unsigned = false;
  rules.public_key = view(key);
  EXPECT_EQ(refusal(text, rules), E::unsigned_preset);
  rules.signature = view(signature);
  EXPECT_EQ(refusal(text, rules), E::none);
  EXPECT_EQ(refusal(sealed(with(preset_without_hash(), "\"seed\":1", "\"seed\":2")), rules), E::bad_signature);
  rules.signature = view(signature).substr(1);
  EXPECT_EQ(refusal(text, rules), E::bad_signature);
  signature[5] = static_cast<unsigned char>(signature[5] ^ 1);
  rules.signature = view(signature);
  EXPECT_EQ(refusal(text, rules), E::bad_signature);
}
#else
TEST(PresetSignature, IsRefusedWithoutLibsodium) {
  PresetRules rules = lenient_rules();
  const std::string key(32, 'k'), signature(64, 's');
  rules.public_key = key;
  rules.signature = signature;
  EXPECT_EQ(refusal(good(), rules), E::no_sodium);
}
#endif

}  // namespace
}  // namespace dermaflux
