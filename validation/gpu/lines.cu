#include <cusparse.h>
#include <dlfcn.h>

#include <algorithm>
#include <functional>

#include "kernels/cuda/block_executor.cuh"
#include "kernels/cuda/block_program.cuh"
#include "kernels/cuda/buffers.cuh"
#include "validation/gpu/lines.hpp"

namespace dermaflux::gpu_check {
namespace {

/// One member per block, as in the program of a treatment.
template <LinesAlong along>
__global__ void __launch_bounds__(threads_per_block) solve_lines(const InsertionProblem* problems, TransportBox box) {
  __shared__ InsertionProblem p;
  if (threadIdx.x == 0) p = problems[blockIdx.x];
  __syncthreads();
  if constexpr (along == LinesAlong::rings)
    BlockExecutor{}.rows(box.rows, RingSpreadingStep{p, box, p.tissue.carrier, p.scratch.w});
  else
    BlockExecutor{}.cells(RowSpreadingStep::groups(box), 1, RowSpreadingStep{p, box, p.tissue.carrier, p.scratch.w});
}

/// cuSPARSE of the toolkit, 160 MB that the folder of the check does not carry; taken where it is found.
class CuSparse {
 public:
  CuSparse() {
    for (const char* name : {"libcusparse.so.12", "/usr/local/cuda/lib64/libcusparse.so.12",
                             "/usr/local/cuda/lib/libcusparse.so.12", "/usr/local/cuda/targets/x86_64-linux/lib/libcusparse.so.12",
                             "/usr/local/cuda-13/lib64/libcusparse.so.12", "/usr/local/cuda-13.0/lib64/libcusparse.so.12"})
      if (library_ = dlopen(name, RTLD_NOW | RTLD_LOCAL); library_) break;
    if (!library_) {
      missing = "libcusparse.so.12 was not found (LD_LIBRARY_PATH, /usr/local/cuda/lib64)";
      return;
    }
    for (const bool found :
         {take(create, "cusparseCreate"), take(destroy, "cusparseDestroy"), take(set_stream, "cusparseSetStream"),
          take(words, "cusparseGetErrorString"), take(strided_room, "cusparseDgtsv2StridedBatch_bufferSizeExt"),
          take(strided, "cusparseDgtsv2StridedBatch"), take(interleaved_room, "cusparseDgtsvInterleavedBatch_bufferSizeExt"),
          take(interleaved, "cusparseDgtsvInterleavedBatch")})
      if (!found) missing = "this libcusparse.so.12 lacks a function of the check";
    if (missing.empty()) require(create(&handle), "cusparseCreate");
  }
  ~CuSparse() {
    if (handle) destroy(handle);  // the library stays: it may not be left while its context lives
  }
  CuSparse(const CuSparse&) = delete;
  CuSparse& operator=(const CuSparse&) = delete;

  void require(cusparseStatus_t status, const char* what) const {
    if (status != CUSPARSE_STATUS_SUCCESS) throw BackendError(std::string("cuSPARSE: ") + what + " failed (" + words(status) + ")");
  }

  std::string missing;  ///< why it cannot be asked
  cusparseHandle_t handle = nullptr;
  decltype(&cusparseCreate) create = nullptr;
  decltype(&cusparseDestroy) destroy = nullptr;
  decltype(&cusparseSetStream) set_stream = nullptr;
  decltype(&cusparseGetErrorString) words = nullptr;
  decltype(&cusparseDgtsv2StridedBatch_bufferSizeExt) strided_room = nullptr;
  decltype(&cusparseDgtsv2StridedBatch) strided = nullptr;
  decltype(&cusparseDgtsvInterleavedBatch_bufferSizeExt) interleaved_room = nullptr;
  decltype(&cusparseDgtsvInterleavedBatch) interleaved = nullptr;

 private:
  template <class Function>
  bool take(Function& function, const char* name) {
    function = reinterpret_cast<Function>(dlsym(library_, name));
    return function != nullptr;
  }
  void* library_ = nullptr;
};

template <class T>
struct OnDevice {
  DeviceBuffer<T> memory;
  std::size_t count;
  explicit OnDevice(const std::vector<T>& values) : count(values.size()) { set(values); }
  void set(const std::vector<T>& values) {
    check(cudaMemcpy(memory.room(count), values.data(), count * sizeof(T), cudaMemcpyHostToDevice), "copying lines");
  }
  std::vector<T> get() {
    std::vector<T> values(count);
    check(cudaMemcpy(values.data(), memory.data(), count * sizeof(T), cudaMemcpyDeviceToHost), "copying lines back");
    return values;
  }
  void take(OnDevice& from, cudaStream_t stream) {
    check(cudaMemcpyAsync(memory.data(), from.memory.data(), count * sizeof(T), cudaMemcpyDeviceToDevice, stream), "copying lines");
  }
};

/// Seconds of some work on a stream, by events.
class StreamClock {
 public:
  StreamClock() {
    for (cudaEvent_t* one : {&start_, &end_}) check(cudaEventCreate(one), "creating an event");
  }
  ~StreamClock() {
    for (const cudaEvent_t one : {start_, end_}) cudaEventDestroy(one);
  }
  StreamClock(const StreamClock&) = delete;
  StreamClock& operator=(const StreamClock&) = delete;
  double seconds(cudaStream_t stream, const std::function<void()>& work) {
    float milliseconds = 0.0f;
    check(cudaEventRecord(start_, stream), "starting the clock");
    work();
    check(cudaEventRecord(end_, stream), "stopping the clock");
    check(cudaEventSynchronize(end_), "waiting for lines");
    check(cudaEventElapsedTime(&milliseconds, start_, end_), "reading the clock");
    return 1e-3 * static_cast<double>(milliseconds);
  }

 private:
  cudaEvent_t start_{}, end_{};
};

/// The three diagonals and the right side on the device, and as they were, because a library may overwrite them.
struct Diagonals {
  OnDevice<double> lower, diagonal, upper, x, lower_before, diagonal_before, upper_before, right;
  explicit Diagonals(const Tridiagonals& s)
      : lower(s.lower),
        diagonal(s.diagonal),
        upper(s.upper),
        x(s.right),
        lower_before(s.lower),
        diagonal_before(s.diagonal),
        upper_before(s.upper),
        right(s.right) {}
  void restore(cudaStream_t stream) {
    lower.take(lower_before, stream);
    diagonal.take(diagonal_before, stream);
    upper.take(upper_before, stream);
    x.take(right, stream);
  }
};

/// Bytes per second of copies within the device's memory, the best of some.
double copy_rate(StreamClock& clock, cudaStream_t stream) {
  constexpr std::size_t bytes = std::size_t{1} << 30;
  DeviceBuffer<char> from, to;
  char *a = from.room(bytes), *b = to.room(bytes);
  double least = HUGE_VAL;
  for (int n = 0; n < 6; ++n)
    least = std::min(least, clock.seconds(stream, [&] {
      check(cudaMemcpyAsync(b, a, bytes, cudaMemcpyDeviceToDevice, stream), "copying memory");
    }));
  return 2.0 * static_cast<double>(bytes) / least;
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<long>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

}  // namespace

LineResults run_lines_on_device(const LineEnsemble& ensemble, LinesAlong along, const Tridiagonals& systems, int repeats) {
  LineResults results;
  const Stream stream;
  StreamClock clock;
  results.copy_rate = copy_rate(clock, stream);
  const int length = systems.length, count = systems.count;

  /// One way to solve: what is put back before, what is timed, how its solution is read.
  struct Way {
    LineResult result;
    std::function<void()> restore, solve;
    std::function<std::vector<double>()> solution;
    std::vector<double> seconds{};
  };
  std::vector<Way> ways;

  OnDevice<double> memory(ensemble.memory), memory_before(ensemble.memory);
  std::vector<InsertionProblem> problems;
  for (int m = 0; m < ensemble.members(); ++m) problems.push_back(ensemble.bind(memory.memory.data(), m));
  OnDevice<InsertionProblem> bound(problems);
  ways.push_back({{"ours", {}, 0.0, our_bytes_per_cell, true, false},
                  [&] { memory.take(memory_before, stream); },
                  [&] {
                    const auto blocks = static_cast<unsigned>(ensemble.members());
                    const TransportBox box = ensemble.box();
                    if (along == LinesAlong::rings)
                      solve_lines<LinesAlong::rings><<<blocks, threads_per_block, 0, stream>>>(bound.memory.data(), box);
                    else
                      solve_lines<LinesAlong::rows><<<blocks, threads_per_block, 0, stream>>>(bound.memory.data(), box);
                    check(cudaGetLastError(), "starting lines");
                  },
                  [&] {
                    std::vector<double> values = memory.get();
                    return solution_of(ensemble, values, along);
                  }});

  CuSparse library;
  results.missing = library.missing;
  Diagonals line_by_line(systems), place_by_place(interleaved(systems));
  DeviceBuffer<char> room, interleaved_room;
  if (library.missing.empty()) {
    library.require(library.set_stream(library.handle, stream), "cusparseSetStream");
    std::size_t bytes = 0;
    Diagonals& a = line_by_line;
    library.require(library.strided_room(library.handle, length, a.lower.memory.data(), a.diagonal.memory.data(),
                                         a.upper.memory.data(), a.x.memory.data(), count, length, &bytes),
                    "cusparseDgtsv2StridedBatch_bufferSizeExt");
    room.room(std::max<std::size_t>(bytes, 1));
    ways.push_back({{"cusparseDgtsv2StridedBatch", {}, 0.0, library_bytes_per_cell, false, true},
                    [&] { a.restore(stream); },
                    [&] {
                      library.require(library.strided(library.handle, length, a.lower.memory.data(), a.diagonal.memory.data(),
                                                      a.upper.memory.data(), a.x.memory.data(), count, length, room.data()),
                                      "cusparseDgtsv2StridedBatch");
                    },
                    [&] { return a.x.get(); }});
    Diagonals& b = place_by_place;
    constexpr int thomas = 0;  // of its three algorithms the one without pivoting, the fastest for such matrices
    library.require(library.interleaved_room(library.handle, thomas, length, b.lower.memory.data(), b.diagonal.memory.data(),
                                             b.upper.memory.data(), b.x.memory.data(), count, &bytes),
                    "cusparseDgtsvInterleavedBatch_bufferSizeExt");
    interleaved_room.room(std::max<std::size_t>(bytes, 1));
    ways.push_back({{"cusparseDgtsvInterleavedBatch", {}, 0.0, library_bytes_per_cell, false, false},
                    [&] { b.restore(stream); },
                    [&] {
                      library.require(
                          library.interleaved(library.handle, thomas, length, b.lower.memory.data(), b.diagonal.memory.data(),
                                              b.upper.memory.data(), b.x.memory.data(), count, interleaved_room.data()),
                          "cusparseDgtsvInterleavedBatch");
                    },
                    [&] { return by_line(b.x.get(), length); }});
  }
  check(cudaDeviceSynchronize(), "copying lines");  // the stream does not wait for such copies
  for (int n = -1; n < repeats; ++n)                // the first warms up, and its solution is looked at
    for (Way& way : ways) {
      way.restore();
      const double seconds = clock.seconds(stream, way.solve);
      if (n < 0)
        way.result.solution = way.solution();
      else
        way.seconds.push_back(seconds);
    }
  for (Way& way : ways) {
    way.result.seconds = median(way.seconds);
    results.found.push_back(std::move(way.result));
  }
  return results;
}

}  // namespace dermaflux::gpu_check
