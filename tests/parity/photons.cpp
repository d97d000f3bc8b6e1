#include <gtest/gtest.h>

#include "tests/support/photon_cases.hpp"
#include "tests/support/thread_count.hpp"

/// Photons on Kokkos against the serial reference: the same integers, for any number of threads (one number per process).
namespace dermaflux {
namespace {

struct PhotonThreads : test::AtThreadCount {};

TEST_P(PhotonThreads, LeaveEverySumAsItIs) {
  PhotonJob job = test::dot_by_rings(1 << 13);
  for (const PhotonMap map : {PhotonMap::none, PhotonMap::absorption, PhotonMap::sensitivity}) {
    job.settings.map = map;
    EXPECT_EQ(test::follow(job, Backend::serial).sums, test::follow(job, Backend::kokkos).sums);
  }
}

INSTANTIATE_TEST_SUITE_P(Count, PhotonThreads, test::thread_counts, ::testing::PrintToStringParamName());

}  // namespace
}  // namespace dermaflux
