#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>

#include "core/io/state_file.hpp"
#include "kernels/run.hpp"
#include "tests/support/bound_case.hpp"
#include "tests/support/refusal.hpp"
#include "tests/support/same_bits.hpp"
#include "tests/support/space_cases.hpp"

/// A run in a box goes on from a state that it left, with the bits of a run that was never stopped.
namespace dermaflux {
namespace {

using test::BoxRun;
using test::Overrides;

const StateFacts facts{{"program", "this"}, {"input_sha256", "that"}};

Treatment two_dots() {
  return test::in_box({{"machine.dwell_ms", "25"},
                       {"ink.size_classes", "2"},
                       {"geometry.dots_x", "2"},
                       {"pattern.dot_spacing_mm", "0.3"},
                       {"pattern.position_jitter_mm", "0.02"},
                       {"geometry.margin_mm", "0.25"}});
}

::testing::AssertionResult same_run(const BoxRun& a, const BoxRun& b) {
  const auto outcome = test::same_bits(test::numbers(a.outcome), test::numbers(b.outcome));
  if (!outcome) return outcome;
  const auto doubles = [](const std::vector<float>& of) { return std::vector<double>(of.begin(), of.end()); };
  for (const auto field : {&SpaceFields::pools, &SpaceFields::insertion})
    if (const auto same = test::same_bits(doubles(a.box->fields.*field), doubles(b.box->fields.*field)); !same) return same;
  return test::same_bits(a.box->trace, b.box->trace);
}

/// Goes on from a state as another process would.
BoxRun gone_on(const Treatment& treatment, const std::filesystem::path& state) {
  BoxRun run{build_space_case(treatment, test::one_year()), {}};
  read_space_state(state, facts, *run.box, run.outcome);
  run_in_space(SerialColumns{}, *run.box, run.outcome);
  return run;
}

struct StoppedBox : ::testing::Test {
  test::Folder folder;
  std::filesystem::path state(std::size_t n) const { return folder.path() / (std::to_string(n) + ".state.h5"); }
};

TEST_F(StoppedBox, GoesOnFromStrokesDotsAndMomentsWithTheSameBits) {
  const Treatment t = two_dots();
  BoxRun whole{build_space_case(t, test::one_year()), {}};
  std::vector<SpaceProgress> places;
  whole.box->between = [&](const Outcome& now) {
    write_space_state(state(places.size()), *whole.box, now, 0.0, facts);
    places.push_back(whole.box->at);
  };
  run_in_space(SerialColumns{}, *whole.box, whole.outcome);
  ASSERT_EQ(whole.outcome.status, Status::ok);
  const int strokes = whole.box->puncture.strokes, moments = whole.outcome.moment_count;
  ASSERT_GE(strokes, 2);
  ASSERT_EQ(places.size(), static_cast<std::size_t>(2 * (strokes + 1) + moments));
  // In the first dot, between the dots, in the second, in healing; most are runs of their own, so not from all.
  const std::size_t between = static_cast<std::size_t>(strokes), laid = 2 * between + 1;
  for (const std::size_t n : {std::size_t{0}, between, between + 1, laid + 3})
    EXPECT_TRUE(same_run(whole, gone_on(t, state(n))))
        << "dot " << places[n].dot << ", stroke " << places[n].stroke << ", moment " << places[n].moment;
}

TEST_F(StoppedBox, StopsInHealingAndGoesOnWithTheOtherBackend) {
  const Treatment t = test::in_box({{"geometry.margin_mm", "0.25"}});
  RunOptions options = test::one_year();
  RunMonitor monitor;
  const RunResult whole = run(t, options, Backend::serial, monitor);
  options.stop_time = 20.0 * units::day;
  const RunResult part = run(t, options, Backend::kokkos, monitor, nullptr, {.keep = state(0), .facts = facts});
  ASSERT_TRUE(part.state.has_value());
  EXPECT_GE(part.state->time, 20.0 * units::day);
  options.stop_time = HUGE_VAL;
  const RunResult rest = run(t, options, Backend::serial, monitor, nullptr, {.resume = state(0), .binding = facts});
  EXPECT_TRUE(test::same_bits(test::numbers(whole.member.outcome), test::numbers(rest.member.outcome)));
  EXPECT_EQ(whole.fields.space.pools, rest.fields.space.pools);
  EXPECT_EQ(whole.fields.space.insertion, rest.fields.space.insertion);
}

TEST_F(StoppedBox, WritesItsStateAfterSoManyStrokesAndAfterEachMoment) {
  const Treatment t = test::in_box({{"machine.dwell_ms", "25"}, {"geometry.margin_mm", "0.25"}});
  RunMonitor monitor;
  run(t, test::one_year(), Backend::serial, monitor, nullptr, {.keep = state(0), .every = 2, .facts = facts});
  auto box = build_space_case(t, test::one_year());
  Outcome outcome{};
  read_space_state(state(0), facts, *box, outcome);
  EXPECT_EQ(box->at.moment, outcome.moment_count);  // the last one that was written
  EXPECT_EQ(box->at.dot, 1);
  EXPECT_FALSE(std::filesystem::exists(state(0).string() + ".part"));
}

/// Turns one bit of some numbers where a file holds them.
void turn_a_bit(const std::filesystem::path& path, const std::vector<float>& numbers) {
  std::stringstream content;
  content << std::ifstream(path, std::ios::binary).rdbuf();
  std::string bytes = content.str();
  const auto largest = std::max_element(numbers.begin(), numbers.end() - 4);
  std::string_view sought(reinterpret_cast<const char*>(&*largest), 4 * sizeof(float));
  const std::size_t at = bytes.find(sought);
  ASSERT_NE(at, std::string::npos);
  bytes[at] = static_cast<char>(bytes[at] ^ 1);
  std::ofstream(path, std::ios::binary) << bytes;
}

TEST_F(StoppedBox, CountsStrokesOverAllDots) {
  int strokes = 0;
  std::vector<std::pair<int, int>> kept;
  const auto pause = [&](int dot, int stroke) {
    SpaceProgress at{};
    at.dot = dot;
    at.stroke = stroke;
    if (is_kept(at, 5, strokes)) kept.emplace_back(dot, stroke);
  };
  for (int dot = 0; dot < 3; ++dot) {
    for (int stroke = 1; stroke <= 4; ++stroke) pause(dot, stroke);
    pause(dot + 1, 0);  // its end
  }
  EXPECT_EQ(kept, (std::vector<std::pair<int, int>>{{1, 1}, {2, 2}}));
  SpaceProgress heals{};
  heals.heals = true;
  EXPECT_TRUE(is_kept(heals, 5, strokes));
}

TEST_F(StoppedBox, RefusesAStateOfSomethingElseOrADamagedOne) {
  const Treatment t = test::in_box({{"geometry.margin_mm", "0.25"}});
  BoxRun box{build_space_case(t, test::one_year()), {}};
  run_in_space(SerialColumns{}, *box.box, box.outcome);
  write_space_state(state(0), *box.box, box.outcome, 0.0, facts);
  const auto why = [&]<class E = FileError>(const Treatment& of, const StateFacts& expected) {
    auto other = build_space_case(of, test::one_year());
    Outcome outcome{};
    return test::refusal<E>([&] { read_space_state(state(0), expected, *other, outcome); });
  };
  test::expect_says(why.operator()<InputError>(t, {{"program", "newer"}, {"input_sha256", "that"}}),
                    {"was saved with program this, but here it is newer"});
  test::expect_says(why.operator()<InputError>(t, {{"program", "this"}, {"input_sha256", "another"}}),
                    {"was saved with input_sha256 that, but here it is another"});
  test::expect_says(why(test::in_box({{"geometry.margin_mm", "0.4"}}), facts), {"0.state.h5", "damaged"});
  turn_a_bit(state(0), box.box->fields.pools);
  test::expect_says(why(t, facts), {"0.state.h5", "damaged"});
  const auto whole = std::filesystem::file_size(state(0));
  for (const double share : {0.999, 0.5, 0.01, 0.0}) {
    std::filesystem::resize_file(state(0), static_cast<std::uintmax_t>(share * static_cast<double>(whole)));
    test::expect_says(why(t, facts), {"0.state.h5", "damaged"});
  }
}

}  // namespace
}  // namespace dermaflux
