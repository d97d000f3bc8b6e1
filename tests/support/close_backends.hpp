#pragma once
#include <gtest/gtest.h>

#include "kernels/run.hpp"

/// Include where a test may start threads or a device: ends them after the last test of the process.
namespace dermaflux::test {

struct CloseBackends : ::testing::Environment {
  void TearDown() override { finalize_backends(); }
};
inline ::testing::Environment* const close_backends = ::testing::AddGlobalTestEnvironment(new CloseBackends);

}  // namespace dermaflux::test
