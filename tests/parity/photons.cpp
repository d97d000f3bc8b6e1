#include <gtest/gtest.h>

#include "core/error.hpp"
#include "tests/support/close_backends.hpp"
#include "tests/support/photon_cases.hpp"

/// Photons on Kokkos against the serial reference: the same integers, for any number of threads (one number per process).
namespace dermaflux {
namespace {

class PhotonThreads : public ::testing::TestWithParam<int> {
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

TEST_P(PhotonThreads, LeaveEverySumAsItIs) {
  PhotonJob job = test::job_of(test::cylinder(0.1 * units::mm, 5e4, {200.0, 20000.0}), 1 << 13, 0.8, 1.4);
  job.settings.beam = {.inner = 0.0, .width = 20e-6, .bins = 8, .by_area = false, .diffuse = false};
  for (const PhotonMap map : {PhotonMap::none, PhotonMap::absorption, PhotonMap::sensitivity}) {
    job.settings.map = map;
    EXPECT_EQ(test::follow(job, Backend::serial).sums, test::follow(job, Backend::kokkos).sums);
  }
}

INSTANTIATE_TEST_SUITE_P(Count, PhotonThreads, ::testing::Values(1, 2, 3, 5),
                         [](const auto& instance) { return std::to_string(instance.param); });

}  // namespace
}  // namespace dermaflux
