#include "core/io/session_input.hpp"

#include <gtest/gtest.h>

#include "core/io/sweep_file.hpp"
#include "core/simulation/case_builder.hpp"
#include "tests/support/user_treatment.hpp"

/// Sessions and horizon as files give them, and what is refused of them.
namespace dermaflux {
namespace {

using namespace units;

struct SessionInput : test::UserTreatment {};

TEST_F(SessionInput, IsOneSessionUnlessAFileSaysOtherwise) {
  const TreatmentDocument document = TreatmentDocument::load(test::treatment_file("normal"));
  EXPECT_EQ(document.treatment().sessions.count(), 1);
  EXPECT_EQ(std::get<std::vector<double>>(document.values().at("sessions.days").content), std::vector<double>{0.0});
}

TEST_F(SessionInput, IsReadInItsUnits) {
  const Sessions s = TreatmentDocument::load(
                         treatment_with("[sessions]\ndays = [0, 30, 60]\ndepth_mm = [0.5, 0.4, 0.3]\ndwell_ms = [150, 100, 50]\n"))
                         .treatment()
                         .sessions;
  EXPECT_EQ(s.count(), 3);
  EXPECT_DOUBLE_EQ(s.time(2), 60 * day);
  EXPECT_DOUBLE_EQ(s.depth.values[1], 0.4 * mm);
  EXPECT_DOUBLE_EQ(s.dwell.values[2], 0.05);
  const Treatment shipped = TreatmentDocument::load(test::configs() / "treatments/normal_scalp_two_sessions.toml").treatment();
  EXPECT_EQ(shipped.sessions.count(), 2);
  EXPECT_DOUBLE_EQ(session_treatment(shipped, 1).machine.depth, shipped.machine.depth);
}

TEST_F(SessionInput, ThatIsNoPlanIsRefusedWithWhatToDo) {
  test::expect_says(refused("[sessions]\ndays = [0, -3]\n"),
                    {"mine.toml:3", "sessions.days = -3 day", "out of range", "0 to 10950"});
  test::expect_says(refused("[sessions]\ndays = [0, nan]\n"), {"sessions.days", "not a finite number"});
  test::expect_says(refused("[sessions]\ndays = [0, 30, 20]\n"), {"sessions.days = [0, 30, 20]", "does not increase", "sort"});
  test::expect_says(refused("[sessions]\ndays = [0, 30, 30]\n"), {"sessions.days", "does not increase", "once"});
  test::expect_says(refused("[sessions]\ndays = [5, 30]\n"), {"sessions.days = [5, 30]", "begin with 0", "subtract"});
  test::expect_says(refused("[sessions]\ndays = [0, 1, 2, 3, 4, 5, 6]\n"), {"sessions.days has 7 values", "at most 6"});
  test::expect_says(refused("[sessions]\ndays = 30\n"), {"sessions.days", "a list"});
  test::expect_says(refused("[sessions]\ndays = [0, 30]\ndepth_mm = [0.5]\n"),
                    {"sessions.depth_mm = [0.5]", "1 values", "sessions.days has 2", "leave it out"});
  test::expect_says(refused("[sessions]\ndays = [0, 30]\ndwell_ms = [50, 60, 70]\n"),
                    {"sessions.dwell_ms = [50, 60, 70]", "3 values"});
  test::expect_says(refused("[sessions]\ndays = [0, 30]\ndwell_ms = [50, 6000]\n"), {"6000 ms", "5 to 2000 ms"});
  test::expect_says(refused("[machine]\nstroke_mm = 2.0\n[sessions]\ndays = [0, 30]\ndepth_mm = [0.5, 2.2]\n"),
                    {"sessions.depth_mm = [0.5, 2.2]", "stroke_mm = 2 mm", "less depth"});
  test::expect_says(refused("[sessions]\ndayz = [0]\n"), {"sessions.dayz", "did you mean sessions.days?"});
}

TEST_F(SessionInput, BeyondTheHorizonIsRefused) {
  const Treatment t = test::treatment("normal", {{"sessions.days", "[0, 400]"}});
  EXPECT_NO_THROW(require_horizon(2 * year, t.sessions, "a.toml"));
  test::expect_says(test::refusal<InputError>([&] { require_horizon(1 * year, t.sessions, "a.toml"); }),
                    {"a.toml", "sessions.days", "400", "365.25", "longer horizon"});
  RunOptions options = test::quick_grid();
  options.horizon = 1 * year;
  EXPECT_THROW(build_case(t, options), InputError);
}

TEST_F(SessionInput, HorizonOfNoTimeIsRefusedWithTheRange) {
  for (const double horizon : {0.0, -1.0 * year, 1000.0 * year, std::nan(""), HUGE_VAL}) {
    RunOptions options = test::quick_grid();
    options.horizon = horizon;
    const std::string message = test::refusal<InputError>([&] { build_case(test::treatment(), options); });
    test::expect_says(message, {"horizon", "more than 0, at most 30 years"});
  }
}

TEST_F(SessionInput, AStudyOfWhatTheSessionsFixIsRefused) {
  const auto base = treatment_with("[sessions]\ndays = [0, 30]\ndepth_mm = [0.5, 0.4]\n");
  const auto sweep =
      folder.write("sweep.toml", "title = \"x\"\ntreatment = \"" + base.string() +
                                     "\"\n[[axis]]\nkey = \"machine.depth_mm\"\nvalues = [0.3, 0.4]\nsource = \"study\"\n");
  test::expect_says(test::refusal<InputError>([&] { load_sweep(sweep, {}); }),
                    {"sweep.toml", "machine.depth_mm has no effect", "sessions.depth_mm", "leave"});
}

}  // namespace
}  // namespace dermaflux
