// No altered preset is ever accepted, and none brings the reader down.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "tests/support/preset_text.hpp"

namespace dermaflux {
namespace {

using testing::lenient_rules;
using testing::preset_without_hash;
using testing::sealed;

#if defined(__SANITIZE_ADDRESS__)
constexpr bool sanitized = true;  // an order of magnitude slower: flips of one bit in place of all other bytes
#else
constexpr bool sanitized = false;
#endif

/// Replaces each byte of one in four parts of the file by every other byte.
void refuse_every_other_byte(std::size_t part) {
  const std::string text = sealed(preset_without_hash());
  const PresetRules rules = lenient_rules();
  PresetReader reader;
  ASSERT_EQ(reader.open(text, rules), PresetError::none) << reader.where();
  std::string altered = text;
  for (std::size_t place = part; place < text.size(); place += 4) {
    for (int change = 1; change < 256; change = sanitized ? 2 * change : change + 1) {
      altered[place] = static_cast<char>(text[place] ^ change);
      ASSERT_NE(reader.open(altered, rules), PresetError::none) << "byte " << place << " changed by " << change;
    }
    altered[place] = text[place];
  }
}

TEST(PresetCorruption, EveryOtherByteIsRefusedInTheFirstQuarter) { refuse_every_other_byte(0); }
TEST(PresetCorruption, EveryOtherByteIsRefusedInTheSecondQuarter) { refuse_every_other_byte(1); }
TEST(PresetCorruption, EveryOtherByteIsRefusedInTheThirdQuarter) { refuse_every_other_byte(2); }
TEST(PresetCorruption, EveryOtherByteIsRefusedInTheFourthQuarter) { refuse_every_other_byte(3); }

TEST(PresetCorruption, EveryTruncationAndEveryByteLeftOutOrDoubledIsRefused) {
  const std::string text = sealed(preset_without_hash());
  PresetReader reader;
  for (std::size_t place = 0; place < text.size(); ++place) {
    ASSERT_NE(reader.open(text.substr(0, place), lenient_rules()), PresetError::none) << place;
    std::string shorter = text, longer = text;
    ASSERT_NE(reader.open(shorter.erase(place, 1), lenient_rules()), PresetError::none) << place;
    ASSERT_NE(reader.open(longer.insert(place, 1, text[place]), lenient_rules()), PresetError::none) << place;
  }
}

/// Pieces that a broken or a hostile writer leaves.
std::string mutated(const std::string& text, std::mt19937& chance) {
  static const char* const pieces[] = {"NaN",  "1e999", "-0",  "null", "{}",  "[]", "[[[[[[[[[[", "\"\"", "\\u0000",
                                       "true", ",",     "\"x", "1.0",  "{\"", "-",  "\xff\xfe",   "1e",   "99999999999999999999"};
  const auto below = [&](std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(chance); };
  std::string out = text;
  for (std::size_t edits = 1 + below(6); edits > 0 && !out.empty(); --edits) {
    const std::size_t place = below(out.size()), size = std::min<std::size_t>(1 + below(40), out.size() - place);
    switch (below(7)) {
      case 0:
        out[place] = static_cast<char>(below(256));
        break;
      case 1:
        out.erase(place, size);
        break;
      case 2:
        out.insert(place, out.substr(place, size));
        break;
      case 3:
        out.insert(place, pieces[below(std::size(pieces))]);
        break;
      case 4:
        out.replace(place, size, pieces[below(std::size(pieces))]);
        break;
      case 5:
        out.resize(place);
        break;
      default:
        std::swap(out[place], out[below(out.size())]);
    }
  }
  return out;
}

TEST(PresetCorruption, TenThousandMutatedPresetsAreRefused) {
  const std::string text = sealed(preset_without_hash());
  std::mt19937 chance(20261129);
  PresetReader reader;
  int refused = 0;
  while (refused < 10000) {
    const std::string altered = mutated(text, chance);
    if (altered == text) continue;
    ASSERT_NE(reader.open(altered, lenient_rules()), PresetError::none) << altered;
    ASSERT_EQ(reader.settings_for(140.0, 0.2).error, PresetError::not_open);
    ++refused;
  }
}

TEST(PresetCorruption, MutatedPresetsWithAHashThatFitsAnswerInsideTheirEnvelopeOrNotAtAll) {
  // Digits, so that many stay presets; the hash is that of the altered bytes, as somebody would make it who knows how.
  const std::string text = preset_without_hash();
  std::mt19937 chance(7);
  PresetReader reader;
  int accepted = 0;
  for (int n = 0; n < 10000; ++n) {
    std::string altered = text;
    if (n % 2) {
      altered = mutated(text, chance);
    } else {
      std::size_t place = 0;
      do place = std::uniform_int_distribution<std::size_t>(0, text.size() - 1)(chance);
      while (!std::isdigit(static_cast<unsigned char>(text[place])));
      altered[place] = static_cast<char>('0' + std::uniform_int_distribution<int>(0, 9)(chance));
    }
    if (reader.open(sealed(altered), lenient_rules()) != PresetError::none) continue;
    ++accepted;
    ASSERT_EQ(reader.allows(reader.settings()), PresetError::none);
    if (const PresetSessions& plan = reader.sessions(); plan.error == PresetError::none) {
      ASSERT_TRUE(1 <= plan.fewest && plan.fewest <= plan.most && plan.most <= preset_max_sessions) << altered;
      ASSERT_FALSE(plan.purposes[static_cast<std::size_t>(plan.most) - 1].empty()) << altered;
      ASSERT_EQ(reader.judge(preset_days_since, std::nextafter(plan.earliest_day, 0.0)), PresetVerdict::stop) << altered;
      ASSERT_NE(reader.judge(preset_days_since, plan.days_between_min), PresetVerdict::stop) << altered;
    }
    for (const double thickness : {100.0, 133.3, 180.0, 250.0})
      for (const double force : {0.1, 0.17, 0.4, 5.0}) {
        const PresetAnswer answer = reader.settings_for(thickness, force);
        if (answer.error == PresetError::none) {
          ASSERT_EQ(reader.allows(answer.settings), PresetError::none) << altered;
        }
      }
  }
  EXPECT_GT(accepted, 100);
}

}  // namespace
}  // namespace dermaflux
