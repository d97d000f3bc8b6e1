#include <cuda_runtime.h>
#include <thrust/copy.h>
#include <thrust/device_vector.h>

#include <algorithm>

#include "core/solver/photon_walk.hpp"
#include "kernels/cuda/check.cuh"
#include "kernels/cuda/photons.cuh"

namespace dermaflux {
namespace {

constexpr int threads_per_block = 128, blocks = 4096;
constexpr std::uint64_t photons_per_launch = std::uint64_t{1} << 24;

/// Sums that all threads share: integers, so that the order of the atomic additions does not matter. The accounts, which every
/// photon adds to, are kept in registers and added once.
struct SharedSums {
  unsigned long long* data;
  long long accounts[PhotonAccount::count] = {};

  __device__ void add(int slot, long long amount) const { atomicAdd(data + slot, static_cast<unsigned long long>(amount)); }
  __device__ void account(int n, long long amount) { accounts[n] += amount; }
  __device__ void finish() const {
    for (int n = 0; n < PhotonAccount::count; ++n) add(n, accounts[n]);
  }
};

template <class Geometry>
__global__ void __launch_bounds__(threads_per_block)
    follow_photons(PhotonProblem<Geometry> problem, unsigned long long* data, std::uint64_t first, std::uint64_t last) {
  SharedSums sums{data};
  const PhotonStep<Geometry, SharedSums> step{problem, sums};
  const std::uint64_t stride = std::uint64_t{gridDim.x} * blockDim.x;
  for (std::uint64_t photon = first + std::uint64_t{blockIdx.x} * blockDim.x + threadIdx.x; photon < last; photon += stride)
    step(photon);
  sums.finish();
}

}  // namespace

void run_photons_on_device(const PhotonJob& job, std::vector<long long>& sums, RunMonitor& monitor) {
  const PhotonMedium& m = job.medium;
  const thrust::device_vector<double> r_face(m.r_face), x_face(m.x_face), y_face(m.y_face), z_face(m.z_face);
  const thrust::device_vector<OpticalCell> cells(m.cells);
  thrust::device_vector<unsigned long long> data(sums.size(), 0ull);
  const PhotonAddresses at{thrust::raw_pointer_cast(r_face.data()), thrust::raw_pointer_cast(x_face.data()),
                           thrust::raw_pointer_cast(y_face.data()), thrust::raw_pointer_cast(z_face.data()),
                           thrust::raw_pointer_cast(cells.data())};
  const Stream stream;
  check(cudaDeviceSynchronize(), "copying the medium");
  with_problem(job, at, [&](const auto& problem) {
    for (std::uint64_t first = 0; first < job.photons; first += photons_per_launch) {
      if (monitor.stop) throw Interrupted();
      follow_photons<<<blocks, threads_per_block, 0, stream>>>(problem, thrust::raw_pointer_cast(data.data()), first,
                                                               std::min(first + photons_per_launch, job.photons));
      check(cudaGetLastError(), "starting the photons");
      check(cudaStreamSynchronize(stream), "following the photons");
      monitor.progress = static_cast<double>(first) / static_cast<double>(job.photons);
    }
  });
  std::vector<unsigned long long> found(sums.size());
  thrust::copy(data.begin(), data.end(), found.begin());
  for (std::size_t n = 0; n < sums.size(); ++n) sums[n] += static_cast<long long>(found[n]);
}

}  // namespace dermaflux
