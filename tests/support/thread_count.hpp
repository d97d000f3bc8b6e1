#pragma once
#include <gtest/gtest.h>

#include "core/error.hpp"
#include "tests/support/close_backends.hpp"

namespace dermaflux::test {

/// Tests at a number of threads, which the first run of a process fixes; CTest runs each test in its own process.
class AtThreadCount : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    try {
      set_threads(GetParam());
    } catch (const BackendError&) {
      GTEST_SKIP() << "another test of this process has fixed the number of threads at " << thread_count() << "; run through CTest";
    }
    ASSERT_EQ(thread_count(), GetParam());
  }
};
inline const auto thread_counts = ::testing::Values(1, 2, 3, 5);

}  // namespace dermaflux::test
