#pragma once
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "core/io/config.hpp"
#include "tests/support/refusal.hpp"
#include "tests/support/small_cases.hpp"

namespace dermaflux::test {

/// Files of the user's in a folder of the test's own, on top of the shipped treatment of normal scalp.
struct UserTreatment : ::testing::Test {
  Folder folder;
  UserTreatment() { set_shipped_configs(configs()); }

  std::filesystem::path treatment_with(const std::string& lines) const {
    return folder.write("mine.toml", "inherits = \"" + treatment_file("normal").string() + "\"\n" + lines);
  }
  /// Why a treatment with these lines is refused; the message names the file.
  std::string refused(const std::string& lines) const {
    const auto file = treatment_with(lines);
    const std::string message = refusal<InputError>([&] { TreatmentDocument::load(file); });
    expect_says(message, {"mine.toml"});
    return message;
  }
};

}  // namespace dermaflux::test
