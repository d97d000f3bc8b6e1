#include <gtest/gtest.h>

#include <algorithm>

#include "core/io/state_file.hpp"
#include "tests/support/bound_case.hpp"
#include "tests/support/refusal.hpp"
#include "tests/support/same_bits.hpp"

/// A run that is stopped and goes on from its state has the bits of the run that was never stopped.
namespace dermaflux {
namespace {

using namespace units;

Treatment two_sessions() { return test::treatment("normal", {{"machine.dwell_ms", "40"}, {"sessions.days", "[0, 30]"}}); }

RunOptions ten_years() {
  RunOptions options = test::quick_grid();
  options.horizon = 10 * year;
  return options;
}

::testing::AssertionResult same_run(const RunResult& a, const RunResult& b) {
  const auto outcome = test::same_bits(test::numbers(a.member.outcome), test::numbers(b.member.outcome));
  if (!outcome) return outcome;
  for (const auto field : {&RunFields::pools, &RunFields::insertion, &RunFields::trace})
    if (const auto same = test::same_bits(a.fields.*field, b.fields.*field); !same) return same;
  return ::testing::AssertionSuccess();
}

/// A run that is stopped on some days, one after the other, and goes on with the other host backend each time.
RunResult stopped_on(const Treatment& t, const std::vector<double>& days, Backend first, Backend second,
                     const test::Folder& folder) {
  RunOptions options = ten_years();
  std::optional<RunState> state;
  Backend backend = first;
  for (const double d : days) {
    options.stop_time = d * day;
    RunMonitor monitor;
    const RunResult part = run(t, options, backend, monitor, state ? &*state : nullptr);
    EXPECT_TRUE(part.state.has_value()) << "not stopped on day " << d;
    if (!part.state) return part;
    EXPECT_GE(part.state->time, d * day);
    write_state(folder.path() / "run.state.h5", *part.state, {{"program", "this"}});
    state = read_state(folder.path() / "run.state.h5", {{"program", "this"}});
    backend = backend == first ? second : first;
  }
  options.stop_time = HUGE_VAL;
  RunMonitor monitor;
  return run(t, options, backend, monitor, &*state);
}

struct StopAndGoOn : ::testing::Test {
  test::Folder folder;
};

TEST_F(StopAndGoOn, AtAnyStepOfHealingOverTenYearsChangesNoBit) {
  for (const Treatment& t : {two_sessions(), test::treatment("hypertrophic", {{"machine.dwell_ms", "40"}})}) {
    const RunResult whole = test::run_recorded(t, ten_years());
    EXPECT_EQ(whole.member.outcome.moments[whole.member.outcome.moment_count - 1].time, 10 * year);
    for (const double d : {0.0, 0.02, 2.7, 14.0, 29.99, 30.0, 33.0, 200.0, 3000.0})
      EXPECT_TRUE(same_run(whole, stopped_on(t, {d}, Backend::serial, Backend::serial, folder))) << "day " << d;
  }
}

TEST_F(StopAndGoOn, SeveralTimesAndFromSerialToKokkosAndBackChangesNoBit) {
  const Treatment t = two_sessions();
  const RunResult whole = test::run_recorded(t, ten_years());
  for (const auto& [first, second] : {std::pair{Backend::serial, Backend::kokkos}, {Backend::kokkos, Backend::serial}})
    EXPECT_TRUE(same_run(whole, stopped_on(t, {0.5, 20.0, 31.0, 1000.0}, first, second, folder))) << backend_name(first);
}

/// The serial executor, told to stop when it reads a value for the n-th time, as by Ctrl-C at any moment.
struct StoppedAtRead : SerialExecutor {
  long at;
  long* reads;
  StoppedAtRead(RunMonitor& watched, long n, long& counted) : SerialExecutor{&watched}, at(n), reads(&counted) {}
  double read(FieldView<const double> view, int i) const {
    if (++*reads == at) monitor->stop = true;
    return SerialExecutor::read(view, i);
  }
};

TEST_F(StopAndGoOn, AtAnyMomentLeavesAStateThatChangesNoBit) {
  RunOptions options = ten_years();
  options.record = true;
  const Treatment t = two_sessions();
  test::BoundCase whole(t, options);
  RunMonitor idle;
  long reads = 0;
  Outcome reference{};
  run_treatment(StoppedAtRead(idle, -1, reads), whole.bound, &reference);
  const long all = reads;
  const auto pools = [](const test::BoundCase& c) {
    const FieldView<double>& view = c.bound.recorder.pools;
    return std::vector<double>(view.data, view.data + view.size);
  };
  int nothing_yet = 0, in_contact = 0, in_healing = 0;
  for (int n = 1; n < 60; ++n) {
    test::BoundCase part(t, options), rest(t, options);
    RunMonitor monitor;
    monitor.keeps_state = true;
    Outcome outcome{};
    reads = 0;
    try {
      run_treatment(StoppedAtRead(monitor, n * all / 60, reads), part.bound, &outcome);
    } catch (const Interrupted&) {
    }
    const int stage = progress_at(part.bound.progress).stage;
    (stage == Progress::nothing ? nothing_yet : stage == Progress::inserting ? in_contact : in_healing) += 1;
    if (stage == Progress::nothing) continue;  // there is nothing to go on from
    EXPECT_NE(stage, Progress::finished);
    const double* from = part.bound.insertion.tissue.torn.data - part.bound.insertion.tissue.torn.pad;
    double* to = rest.bound.insertion.tissue.torn.data - rest.bound.insertion.tissue.torn.pad;
    std::copy(from, from + part.blueprint.state_length, to);
    run_treatment(SerialExecutor{}, rest.bound, &outcome);
    EXPECT_TRUE(test::same_bits(test::numbers(reference), test::numbers(outcome))) << "stopped at read " << n * all / 60;
    EXPECT_TRUE(test::same_bits(pools(whole), pools(rest)));
  }
  EXPECT_GT(nothing_yet, 0);
  EXPECT_GT(in_contact, 0);
  EXPECT_GT(in_healing, 0);
}

TEST_F(StopAndGoOn, NothingIsKeptOfTheFirstContactOrWithoutBeingAsked) {
  RunMonitor keeping, plain;
  keeping.keeps_state = keeping.stop = true;
  plain.stop = true;
  EXPECT_THROW(run(two_sessions(), ten_years(), Backend::serial, keeping), Interrupted);
  EXPECT_THROW(run(two_sessions(), ten_years(), Backend::kokkos, plain), Interrupted);
}

RunState some_state() {
  RunOptions options = ten_years();
  options.stop_time = 3 * day;
  RunMonitor monitor;
  return *run(two_sessions(), options, Backend::serial, monitor).state;
}

TEST_F(StopAndGoOn, AStateOfSomethingElseIsRefusedByName) {
  const RunState state = some_state();
  const auto path = folder.path() / "run.state.h5";
  write_state(path, state, {{"program", "0.1.0 abc"}, {"input_sha256", "12"}, {"grid", "quick"}});
  EXPECT_EQ(read_state_facts(path).at("grid"), "quick");
  for (const char* name : {"program", "input_sha256", "grid"}) {
    const std::string message = test::refusal<InputError>([&] { read_state(path, {{name, "another"}}); });
    test::expect_says(message, {"run.state.h5", name, "another"});
  }
  test::expect_says(test::refusal<InputError>([&] { read_state(path, {{"horizon_year", "5"}}); }), {"horizon_year", "nothing"});
  RunOptions finer = ten_years();
  finer.grid = GridLevel::standard;
  RunMonitor monitor;
  test::expect_says(test::refusal<InputError>([&] { run(two_sessions(), finer, Backend::serial, monitor, &state); }),
                    {"saved state", "another grid"});
}

TEST_F(StopAndGoOn, AStateFileIsCompleteOrAbsent) {
  const RunState state = some_state();
  const auto path = folder.path() / "run.state.h5";
  write_state(path, state, {});
  const RunState again = read_state(path, {});
  EXPECT_TRUE(test::same_bits(state.memory, again.memory));
  EXPECT_EQ(state.time, again.time);
  const std::string bad = test::refusal<FileError>([&] { write_state(folder.path() / "none" / "x.h5", state, {}); });
  test::expect_says(bad, {"x.h5", "cannot be written"});
  int files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder.path())) ++files;
  EXPECT_EQ(files, 1);
  // One flipped bit in the middle of the numbers is seen.
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(std::filesystem::file_size(path) / 2));
    const char byte = static_cast<char>(file.get());
    file.seekp(static_cast<std::streamoff>(std::filesystem::file_size(path) / 2));
    file.put(static_cast<char>(byte ^ 64));
  }
  test::expect_says(test::refusal<FileError>([&] { read_state(path, {}); }), {"run.state.h5", "damaged"});
  test::expect_says(test::refusal<FileError>([&] { read_state(folder.path() / "not there", {}); }), {"no such file"});
  test::expect_says(test::refusal<FileError>([&] { read_state(folder.write("text.h5", "no"), {}); }), {"no state"});
}

TEST_F(StopAndGoOn, ADayAfterTheLastLookLetsTheRunEnd) {
  RunOptions options = ten_years();
  options.stop_time = 11 * year;
  RunMonitor monitor;
  const RunResult result = run(two_sessions(), options, Backend::serial, monitor);
  EXPECT_FALSE(result.state.has_value());
  EXPECT_TRUE(same_run(result, test::run_recorded(two_sessions(), ten_years())));
}

}  // namespace
}  // namespace dermaflux
