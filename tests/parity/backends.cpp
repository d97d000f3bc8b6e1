#include <gtest/gtest.h>

#include "tests/support/close_backends.hpp"
#include "tests/support/same_bits.hpp"
#include "tests/support/small_cases.hpp"

/// Kokkos against the serial reference: the same bits, in fields and in ensembles, whatever stands beside a member.
namespace dermaflux {
namespace {

/// Members that differ in cost, class and number of dwell times.
std::vector<Member> mixed_members() {
  std::vector<Member> members;
  for (const std::string& name : test::tissue_classes())
    members.push_back(
        {test::treatment(name, {{"machine.dwell_ms", "45"}, {"ink.carrier_viscosity_mpa_s", name == "bald" ? "40" : "6"}}), {}});
  members.push_back({test::treatment("normal", {{"needle.model", "round_liner_3_025_long"}}), {0.02, 0.06}});
  members.push_back({test::treatment("normal", {{"machine.angle_deg", "25"}, {"machine.dwell_ms", "30"}}), {}});
  members.push_back({test::treatment("normal", {{"machine.dwell_ms", "30"},
                                                {"scar.shape", "disc"},
                                                {"scar.class", "hypertrophic"},
                                                {"scar.width_mm", "0.9"},
                                                {"scar.offset_mm", "0.4"},
                                                {"scar.tissue.hop_length_um", "60"}}),
                     {}});
  return members;
}

TEST(Kokkos, FieldsOfASingleRunEqualSerialBitByBit) {
  for (const char* name : {"normal", "hypertrophic"}) {
    const Treatment t = test::treatment(name);
    const RunResult serial = test::run_recorded(t), threads = test::run_recorded(t, test::quick_grid(), Backend::kokkos);
    EXPECT_EQ(serial.backend.backend, Backend::serial);
    EXPECT_EQ(threads.backend.backend, Backend::kokkos);
    EXPECT_TRUE(test::same_bits(serial.fields.pools, threads.fields.pools)) << name;
    EXPECT_TRUE(test::same_bits(serial.fields.insertion, threads.fields.insertion)) << name;
    EXPECT_TRUE(test::same_bits(serial.fields.trace, threads.fields.trace)) << name;
    EXPECT_TRUE(test::same_bits(test::numbers(serial.member.outcome), test::numbers(threads.member.outcome))) << name;
    EXPECT_GT(serial.member.outcome.deposited, 0.0);
  }
}

TEST(Kokkos, FieldsOnTheStandardGridEqualSerialBitByBit) {
  const Treatment t = test::treatment("normal", {{"machine.dwell_ms", "20"}});
  const RunResult serial = test::run_recorded(t, test::on_grid(GridLevel::standard));
  const RunResult threads = test::run_recorded(t, test::on_grid(GridLevel::standard), Backend::kokkos);
  EXPECT_TRUE(test::same_bits(serial.fields.pools, threads.fields.pools));
  EXPECT_TRUE(test::same_bits(serial.fields.insertion, threads.fields.insertion));
}

TEST(Kokkos, EnsembleEqualsSerialBitByBit) {
  const std::vector<Member> members = mixed_members();
  const auto serial = test::run_members(members, test::quick_grid(), Backend::serial);
  const auto threads = test::run_members(members, test::quick_grid(), Backend::kokkos);
  for (std::size_t n = 0; n < members.size(); ++n) EXPECT_TRUE(test::same_bits(serial[n], threads[n])) << "member " << n;
}

TEST(Kokkos, AMemberAloneEqualsItselfInAnEnsembleOfAnotherOrder) {
  const std::vector<Member> members = mixed_members();
  const std::vector<Member> reversed(members.rbegin(), members.rend());
  const auto outcomes = test::run_members(reversed, test::quick_grid(), Backend::kokkos);
  for (const std::size_t n : {std::size_t{0}, std::size_t{3}, std::size_t{8}}) {
    const auto alone = test::run_members({members[n]}, test::quick_grid(), Backend::kokkos);
    EXPECT_TRUE(test::same_bits(alone[0], outcomes[members.size() - 1 - n])) << "member " << n;
  }
}

TEST(Kokkos, TellsOfEachMemberOnce) {
  RunMonitor monitor;
  const std::vector<Member> members(7, Member{test::treatment("normal", {{"machine.dwell_ms", "10"}}), {}});
  test::KeepAll sink(members.size());
  EXPECT_EQ(run_batch(members, test::quick_grid(), Backend::kokkos, monitor, sink).backend.backend, Backend::kokkos);
  EXPECT_EQ(sink.told, std::vector<int>(7, 1));
}

TEST(Ensemble, ASingleRunAndAMemberAreTheSame) {
  const Treatment t = test::treatment("atrophic");
  EXPECT_TRUE(test::same_bits(test::numbers(test::run_recorded(t).member.outcome), test::numbers(test::run_one(t).outcome)));
}

TEST(Ensemble, LooksOnlyWhereAnOutputAsksAndEveryOutputIsThatOfARun) {
  // With sessions and beyond the usual horizon: what a run sees at all its moments, an ensemble sees at those that count.
  RunOptions options = test::quick_grid();
  options.horizon = 10.0 * units::year;
  const Treatment t = test::treatment("normal", {{"sessions.days", "[0, 30]"}});
  const MemberResult whole = test::run_recorded(t, options).member;
  const auto outcomes = test::run_members({{t, {}}}, options, Backend::serial);
  const MemberResult member = std::get<0>(outcomes[0]).at(0);
  for (const OutputField& field : output_fields())
    if (field.name != std::string("runtime_s")) {
      EXPECT_TRUE(test::same_bits({field.value(whole)}, {field.value(member)})) << field.name;
    }
  int spared = 0;
  for (int m = 0; m < whole.outcome.moment_count; ++m) {
    EXPECT_TRUE(std::isfinite(whole.outcome.moments[m].contrast) && std::isfinite(whole.outcome.moments[m].fwhm)) << m;
    if (std::isnan(member.outcome.moments[m].contrast)) ++spared;
  }
  EXPECT_GE(spared, 5);
}

class PoisonedMember : public ::testing::TestWithParam<Backend> {};

TEST_P(PoisonedMember, FailsWithAMessageAndTouchesNoOther) {
  const auto healthy = test::treatment("normal", {{"machine.dwell_ms", "30"}});
  std::vector<Member> members(5, Member{healthy, {}});
  members[1].treatment.skin.layers[3].permeability = std::nan("");
  members[3].treatment.ink.viscosity.carrier_viscosity = std::nan("");
  const auto outcomes = test::run_members(members, test::quick_grid(), GetParam());
  const auto alone = test::run_members({{healthy, {}}}, test::quick_grid(), Backend::serial);
  for (const std::size_t n : {std::size_t{0}, std::size_t{2}, std::size_t{4}})
    EXPECT_TRUE(test::same_bits(outcomes[n], alone[0])) << n;
  for (const std::size_t n : {std::size_t{1}, std::size_t{3}}) {
    ASSERT_TRUE(std::holds_alternative<std::string>(outcomes[n])) << "member " << n << " did not fail";
    EXPECT_FALSE(std::get<std::string>(outcomes[n]).empty());
  }
}

TEST_P(PoisonedMember, ThatCannotEvenStartIsReportedAndTheRestGoOn) {
  auto stalled = test::treatment();
  stalled.machine.stall_force = 1e-6;
  const Member healthy{test::treatment("normal", {{"machine.dwell_ms", "10"}}), {}};
  const auto outcomes = test::run_members({{stalled, {}}, healthy}, test::quick_grid(), GetParam());
  ASSERT_TRUE(std::holds_alternative<std::string>(outcomes[0]));
  EXPECT_NE(std::get<std::string>(outcomes[0]).find("stall"), std::string::npos);
  EXPECT_FALSE(std::holds_alternative<std::string>(outcomes[1]));
}

INSTANTIATE_TEST_SUITE_P(On, PoisonedMember, ::testing::Values(Backend::serial, Backend::kokkos),
                         [](const auto& instance) { return std::string(backend_name(instance.param)); });

TEST(PoisonedRun, OfOneTreatmentThrowsWithAMessage) {
  Treatment t = test::treatment();
  t.skin.layers[2].porosity = std::nan("");
  RunMonitor monitor;
  EXPECT_THROW(run(t, test::quick_grid(), Backend::serial, monitor), NumericsError);
}

}  // namespace
}  // namespace dermaflux
