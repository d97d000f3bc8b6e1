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

TEST_P(PhotonThreads, LeaveAMapOfTilesOverBoxesAsItIs) {
  PhotonJob job = test::dot_by_rings(6 * 64 * 16);
  job.medium = {.boxes = true, .r_face = {}, .x_face = {0.0, 5e-5}, .y_face = {1e-5}, .z_face = {0.0, 1e-4, HUGE_VAL}, .cells = {}};
  for (int n = 0; n < 12; ++n) job.medium.cells.push_back({200.0 + 900.0 * n, 20000.0 - 500.0 * n});
  job.settings.beam.bins = 6;
  job.settings.beam.tiles = {.across = 3, .x = -5e-5, .y = -2e-5, .side = 3e-5};
  EXPECT_EQ(test::follow(job, Backend::serial).sums, test::follow(job, Backend::kokkos).sums);
}

INSTANTIATE_TEST_SUITE_P(Count, PhotonThreads, test::thread_counts, ::testing::PrintToStringParamName());

}  // namespace
}  // namespace dermaflux
