#include <gtest/gtest.h>

#include "tests/support/close_backends.hpp"
#include "tests/support/photon_cases.hpp"

/// Photons on the device against the serial reference, where there is a device.
namespace dermaflux {
namespace {

struct CudaPhotons : ::testing::Test {
  void SetUp() override {
    for (const BackendState& state : backend_states())
      if (state.backend == Backend::cuda && !state.available) GTEST_SKIP() << state.detail;
  }
};

TEST_F(CudaPhotons, LeaveTheSumsOfTheHostBitForBit) {
  // The walk is made of + - * / and square roots, rounded alike on both, without contraction; sums are integers.
  PhotonJob rings = test::dot_by_rings(1 << 16);
  PhotonJob boxes = rings;
  boxes.medium = {.boxes = true, .r_face = {}, .x_face = {0.0}, .y_face = {}, .z_face = {0.0, 1e-4, HUGE_VAL}, .cells = {}};
  boxes.medium.cells = {{200.0, 20000.0}, {300.0, 21000.0}, {2000.0, 20000.0}, {100.0, 19000.0}};
  PhotonJob tiles = boxes;
  tiles.settings.beam.tiles = {.across = 4, .x = -5e-5, .y = -2e-5, .side = 3e-5};
  for (PhotonJob* job : {&rings, &boxes, &tiles})
    for (const PhotonMap map : {PhotonMap::none, PhotonMap::absorption, PhotonMap::sensitivity}) {
      job->settings.map = map;
      EXPECT_EQ(test::follow(*job, Backend::serial).sums, test::follow(*job, Backend::cuda).sums);
    }
}

}  // namespace
}  // namespace dermaflux
