#include <gtest/gtest.h>

#include <cmath>

#include "core/error.hpp"
#include "tests/support/close_backends.hpp"
#include "tests/support/refusal.hpp"
#include "tests/support/same_bits.hpp"
#include "tests/support/small_cases.hpp"

/// The CUDA backend against the serial reference, where there is a device.
namespace dermaflux {
namespace {

BackendState state_of(Backend backend) {
  for (const BackendState& state : backend_states())
    if (state.backend == backend) return state;
  return {backend, false, "not listed"};
}

struct Cuda : ::testing::Test {
  void SetUp() override {
    const BackendState cuda = state_of(Backend::cuda);
    if (!cuda.available) GTEST_SKIP() << cuda.detail;
  }
};

/// The sums of the look are in single precision: it is smooth in its inputs to 3e-7 only (README, "The fast look replays photon
/// paths").
constexpr double look_share = 3e-7;

/// Numbers agree to a share of the larger of the two, or of `floor` where both are next to nothing.
void expect_near(const Outcome& serial, const Outcome& device, double share, const std::string& what) {
  EXPECT_EQ(serial.status, device.status) << what;
  EXPECT_EQ(serial.strokes, device.strokes) << what;
  EXPECT_EQ(serial.steps, device.steps) << what;
  ASSERT_EQ(serial.moment_count, device.moment_count) << what;
  const double mass = serial.deposited;
  EXPECT_NEAR(device.deposited / serial.deposited, 1.0, share) << what;
  EXPECT_NEAR(device.drawn_volume / serial.drawn_volume, 1.0, share) << what;
  EXPECT_NEAR(device.peak_pressure / serial.peak_pressure, 1.0, share) << what;
  for (int m = 0; m < serial.moment_count; ++m) {
    const MomentOutcome &a = serial.moments[m], &b = device.moments[m];
    for (int n = 0; n < 5; ++n) EXPECT_NEAR(a.pools[n], b.pools[n], share * mass) << what << ", moment " << m << ", pool " << n;
    for (int n = 0; n < 4; ++n) EXPECT_NEAR(a.losses[n], b.losses[n], share * mass) << what << ", moment " << m << ", loss " << n;
    EXPECT_NEAR(b.depth_mean / a.depth_mean, 1.0, share) << what << ", moment " << m;
    EXPECT_NEAR(b.radius_mean / a.radius_mean, 1.0, share) << what << ", moment " << m;
    ASSERT_EQ(std::isnan(a.contrast), std::isnan(b.contrast)) << what << ", moment " << m;  // where nobody looked
    if (!std::isnan(a.contrast)) {
      EXPECT_NEAR(b.contrast, a.contrast, look_share) << what << ", moment " << m;
    }
  }
}

// Steps, order of sums and rounding of the four operations are the same on the device (no contraction); only exp, log, pow, cos and
// cbrt may differ, by 1 ulp = 2e-16. Some 1e4 steps in sequence, each with a handful of them, add up to 1e-12 in the pigment; the
// linear solvers stop at the same iteration unless a residual lies within that of its limit. Two decades are left for conditioning.
constexpr double share = 1e-10;

TEST_F(Cuda, EnsembleOfAllClassesAgreesWithSerial) {
  std::vector<Member> members;
  for (const std::string& name : test::tissue_classes()) members.push_back({test::treatment(name), {0.03, 0.1}});
  members.push_back({test::treatment("normal", {{"needle.model", "round_liner_3_025_long"}, {"machine.angle_deg", "20"}}), {}});
  members.push_back(
      {test::treatment("normal", {{"sessions.days", "[0, 10, 30]"}, {"sessions.depth_mm", "[0.5, 0.3, 0.6]"}}), {0.03, 0.05}});
  const auto serial = test::run_members(members, test::quick_grid(), Backend::serial);
  const auto device = test::run_members(members, test::quick_grid(), Backend::cuda);
  for (std::size_t n = 0; n < members.size(); ++n) {
    ASSERT_FALSE(std::holds_alternative<std::string>(device[n])) << std::get<std::string>(device[n]);
    const auto &a = std::get<0>(serial[n]), &b = std::get<0>(device[n]);
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t k = 0; k < a.size(); ++k) expect_near(a[k].outcome, b[k].outcome, share, "member " + std::to_string(n));
  }
}

TEST_F(Cuda, FieldsOfASingleRunAgreeWithSerial) {
  const Treatment t = test::treatment("normal", {{"machine.dwell_ms", "40"}});
  const RunResult serial = test::run_recorded(t), device = test::run_recorded(t, test::quick_grid(), Backend::cuda);
  ASSERT_EQ(serial.fields.pools.size(), device.fields.pools.size());
  double largest = 0.0;
  for (const double value : serial.fields.pools) largest = std::fmax(largest, value);
  for (std::size_t k = 0; k < serial.fields.pools.size(); ++k)
    ASSERT_NEAR(serial.fields.pools[k], device.fields.pools[k], share * largest) << "value " << k;
}

TEST_F(Cuda, AStoppedRunGoesOnWithTheSameBits) {
  const Treatment t = test::treatment("normal", {{"machine.dwell_ms", "40"}, {"sessions.days", "[0, 30]"}});
  const RunResult whole = test::run_recorded(t, test::quick_grid(), Backend::cuda);
  for (const double day : {5.0, 40.0}) {
    RunOptions options = test::quick_grid();
    options.stop_time = day * units::day;
    RunMonitor monitor;
    const RunResult part = run(t, options, Backend::cuda, monitor);
    ASSERT_TRUE(part.state.has_value());
    const RunResult rest = run(t, test::quick_grid(), Backend::cuda, monitor, &*part.state);
    EXPECT_TRUE(test::same_bits(test::numbers(whole.member.outcome), test::numbers(rest.member.outcome))) << day;
    EXPECT_TRUE(test::same_bits(whole.fields.pools, rest.fields.pools)) << day;
  }
}

TEST_F(Cuda, ARepeatedRunGivesTheSameBits) {
  const std::vector<Member> members(3, Member{test::treatment("normal", {{"machine.dwell_ms", "20"}}), {}});
  const auto first = test::run_members(members, test::quick_grid(), Backend::cuda);
  const auto second = test::run_members(members, test::quick_grid(), Backend::cuda);
  EXPECT_TRUE(test::same_bits(first[0], second[2]));
}

TEST_F(Cuda, APoisonedMemberFailsAloneOnTheDevice) {
  std::vector<Member> members(3, Member{test::treatment("normal", {{"machine.dwell_ms", "20"}}), {}});
  members[1].treatment.skin.layers[3].permeability = std::nan("");
  const auto outcomes = test::run_members(members, test::quick_grid(), Backend::cuda);
  EXPECT_TRUE(std::holds_alternative<std::string>(outcomes[1]));
  EXPECT_TRUE(test::same_bits(outcomes[0], outcomes[2]));
}

TEST(Backends, SerialAndKokkosAreAlwaysThereAndSayWhere) {
  for (const Backend backend : {Backend::serial, Backend::kokkos}) {
    EXPECT_TRUE(state_of(backend).available);
    EXPECT_FALSE(state_of(backend).detail.empty());
  }
  EXPECT_EQ(backend_states().size(), 3u);
}

TEST(Backends, AskingForOneThatIsNotThereNamesThoseThatAre) {
  const BackendState cuda = state_of(Backend::cuda);
  if (cuda.available) GTEST_SKIP() << "every backend is there: " << cuda.detail;
  RunMonitor monitor;
  test::expect_says(test::refusal<BackendError>([&] { run(test::treatment(), test::quick_grid(), Backend::cuda, monitor); }),
                    {"cuda", cuda.detail, "there is serial, kokkos"});
  test::KeepAll sink(1);
  test::refusal<BackendError>([&] { run_batch({{test::treatment(), {}}}, test::quick_grid(), Backend::cuda, monitor, sink); });
  EXPECT_EQ(sink.told[0], 0);
}

TEST(Backends, AutomaticTakesADeviceOnlyForAnEnsemble) {
  const bool device = state_of(Backend::cuda).available;
  EXPECT_EQ(choose_backend(Backend::automatic, 1).backend, Backend::serial);
  EXPECT_EQ(choose_backend(Backend::automatic, 100000).backend, device ? Backend::cuda : Backend::kokkos);
}

TEST(Backends, AreKnownByName) {
  for (const Backend one : {Backend::automatic, Backend::serial, Backend::kokkos, Backend::cuda})
    EXPECT_EQ(backend(backend_name(one)), one);
  test::expect_says(test::refusal<InputError>([] { backend("gpu"); }), {"gpu", "auto, serial, kokkos or cuda"});
}

// A pressure solution ends at a tolerance; one iteration more or less, which an ulp can decide, moved doses by 5e-5 at most
// (tests/invariant/space.cpp). Twenty times that.
TEST_F(Cuda, TreatsInABoxAsTheReferenceDoes) {
  const Treatment t = test::treatment(
      "normal", {{"machine.dwell_ms", "15"}, {"machine.angle_deg", "20"}, {"geometry.kind", "box"}, {"geometry.margin_mm", "0.4"}});
  RunOptions options = test::quick_grid();
  options.horizon = 30.0 * units::day;
  RunMonitor monitor;
  const RunResult serial = run(t, options, Backend::serial, monitor), device = run(t, options, Backend::cuda, monitor);
  EXPECT_EQ(serial.member.outcome.steps, device.member.outcome.steps);
  EXPECT_EQ(serial.member.outcome.healing_steps, device.member.outcome.healing_steps);
  EXPECT_NEAR(device.member.outcome.deposited / serial.member.outcome.deposited, 1.0, 1e-3);
  EXPECT_LT(device.member.outcome.imbalance, 1e-10);
}

}  // namespace
}  // namespace dermaflux
