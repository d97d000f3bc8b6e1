#include "core/io/hdf5_file.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <string>

#include "core/io/run_file.hpp"
#include "tests/support/refusal.hpp"
#include "tests/support/small_cases.hpp"

/// A result file appears under its name only when it is complete.
namespace dermaflux {
namespace {

namespace fs = std::filesystem;

std::string beginning(const fs::path& file, std::size_t length) {
  std::ifstream stream(file, std::ios::binary);
  std::string bytes(length, '\0');
  stream.read(bytes.data(), static_cast<std::streamsize>(length));
  return bytes;
}

TEST(Hdf5File, TakesItsNameOnlyOnCommit) {
  const test::Folder folder;
  const fs::path path = folder.path() / "out.h5";
  {
    Hdf5File file(path);
    file.scale("time", {0.0, 1.0});
    file.dataset("mass", {2.0, 3.0}, {"time"});
    EXPECT_FALSE(fs::exists(path));
    file.commit();
  }
  EXPECT_EQ(beginning(path, 8), "\x89HDF\r\n\x1a\n");
  EXPECT_FALSE(fs::exists(path.string() + ".part"));
}

TEST(Hdf5File, DroppedWithoutCommitLeavesNothing) {
  const test::Folder folder;
  { Hdf5File(folder.path() / "out.h5").scale("time", {0.0}); }
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(Hdf5File, AnErrorWhileWritingLeavesNothing) {
  const test::Folder folder;
  test::refusal<FileError>([&] {
    Hdf5File file(folder.path() / "out.h5");
    file.dataset("mass", {1.0}, {"no_such_coordinate"});
    file.commit();
  });
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(Hdf5FileDeathTest, KilledWhileWritingLeavesTheOldFileUnderTheFinalName) {
  const test::Folder folder;
  const fs::path path = folder.write("out.h5", "the old result"), fresh = folder.path() / "fresh.h5";
  const auto killed = [](const fs::path& at) {
    Hdf5File file(at);
    file.plain("mass", std::vector<double>(100000, 1.0));
    std::raise(SIGKILL);
  };
  EXPECT_EXIT(killed(path), ::testing::KilledBySignal(SIGKILL), "");
  EXPECT_EXIT(killed(fresh), ::testing::KilledBySignal(SIGKILL), "");
  EXPECT_EQ(beginning(path, 14), "the old result");
  EXPECT_FALSE(fs::exists(fresh));
}

TEST(Hdf5File, APartOfAKilledRunDoesNotStandInTheWay) {
  const test::Folder folder;
  folder.write("out.h5.part", "rubbish of a killed run");
  Hdf5File file(folder.path() / "out.h5");
  file.scale("time", {0.0});
  file.commit();
  EXPECT_EQ(beginning(folder.path() / "out.h5", 4), "\x89HDF");
}

TEST(Hdf5File, UnwritablePathIsRefusedByName) {
  const test::Folder folder;
  const fs::path path = folder.path() / "no" / "such" / "folder" / "out.h5";
  test::expect_says(test::refusal<FileError>([&] { Hdf5File file(path); }),
                    {path.string(), "cannot be written", "another output path"});
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(Hdf5File, AFolderInTheWayOfTheNameIsAnErrorThatNamesIt) {
  const test::Folder folder;
  fs::create_directories(folder.path() / "out.h5" / "full");
  Hdf5File file(folder.path() / "out.h5");
  file.scale("time", {0.0});
  test::expect_says(test::refusal<FileError>([&] { file.commit(); }), {"out.h5", "cannot take its name"});
}

TEST(RunFile, OfATreatmentIsWrittenWhole) {
  const test::Folder folder;
  const TreatmentDocument document = TreatmentDocument::load(test::treatment_file("normal"), {{"machine.dwell_ms", "30"}});
  const RunResult result = test::run_recorded(document.treatment());
  const fs::path path = folder.path() / "run.h5";
  write_run(path, result.member, result.fields, document.title(), document.json(), {{"version", "test"}});
  EXPECT_EQ(beginning(path, 4), "\x89HDF");
  // At least one value in four bytes per cell and moment, compressed at most a hundredfold.
  EXPECT_GT(fs::file_size(path), 4 * result.fields.pools.size() / 100);
}

TEST(RunFile, LedgerAndSeriesTellTheOutcome) {
  const MemberResult result = test::run_one(test::treatment("normal", {{"machine.dwell_ms", "30"}}));
  const auto terms = ledger(result.outcome);
  EXPECT_EQ(terms.front().first, "drawn_ng");
  double sum = 0.0;
  for (std::size_t n = 1; n < terms.size(); ++n) sum += terms[n].second;
  EXPECT_NEAR(sum / terms.front().second, 1.0, ledger_limit);
  for (const MomentSeries& series : moment_series(result.outcome))
    EXPECT_EQ(series.values.size(), static_cast<std::size_t>(result.outcome.moment_count)) << series.column.name;
}

}  // namespace
}  // namespace dermaflux
