#include <algorithm>
#include <chrono>

#include "kernels/cuda/box_solver.cuh"
#include "kernels/cuda/buffers.cuh"
#include "kernels/cuda/column_executor.cuh"
#include "validation/gpu/target.hpp"

/// How fast the device solves the pressure of a box.
namespace dermaflux::gpu_check {
namespace {

constexpr int layer_count = 20;

/// Conductances of cubes in layers, almost no storage (steps of 10 s), sources that look random.
struct FillBoxStep {
  BoxSystemOn<DeviceGrid> s;
  double mobility[layer_count];  ///< [m^2/(Pa s)]
  double width;                  ///< of a cell [m]
  DF_FUNCTION double of(int k) const { return mobility[k * layer_count / s.grid.n_z]; }
  DF_FUNCTION void operator()(int i, int j) const {
    for (int k = 0; k < s.grid.n_z; ++k) {
      const int at = s.grid.cell(i, j, k);
      const double here = of(k), volume = width * width * width;
      const double below = k + 1 < s.grid.n_z ? 2.0 / (1.0 / here + 1.0 / of(k + 1)) : 0.0;
      s.x(at) = static_cast<float>(i + 1 < s.grid.n_x ? here * width : 0.0);
      s.y(at) = static_cast<float>(j + 1 < s.grid.n_y ? here * width : 0.0);
      s.z(at) = static_cast<float>(below * width);
      unsigned mixed = static_cast<unsigned>(at) * 2654435761u;
      mixed = (mixed ^ (mixed >> 15)) * 2246822519u;
      s.storage(at) = volume * 7e-7;
      s.residual(at) = volume * (static_cast<double>(mixed ^ (mixed >> 13)) / 2147483648.0 - 1.0);
    }
  }
};

/// What a solution has to move per cell and iteration, each array once per step. Conjugate gradients: 60 to advance, 12 for the
/// product, 20 to turn, 36 for the image. The cycle on each level: 8, 18, 18 and 18 for its four sweeps over columns of one colour
/// (the first alone), 12 for what is left, 3 to restrict, 5 to prolong.
double iteration_bytes(const BoxLevelsOn<DeviceGrid>& levels) {
  double cells = 0.0;
  for (int n = 0; n < levels.count; ++n) cells += levels.level[n].grid.cell_count();
  return 128.0 + 82.0 * cells / levels.level[0].grid.cell_count();
}

double copy_rate(cudaStream_t stream) {
  constexpr std::size_t count = std::size_t{1} << 26;
  DeviceBuffer<double> from, to;
  double best = 0.0;
  for (int n = 0; n < 8; ++n) {
    const auto start = std::chrono::steady_clock::now();
    check(cudaMemcpyAsync(to.room(count), from.room(count), count * sizeof(double), cudaMemcpyDeviceToDevice, stream), "copying");
    check(cudaStreamSynchronize(stream), "copying");
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    best = std::max(best, 2.0 * count * sizeof(double) / seconds);
  }
  return best;
}

}  // namespace

BoxSpeed solve_box_of(int n, bool layered) {
  const Stream stream;
  const DeviceColumns on{stream};
  std::vector<double> face;
  for (int k = 0; k <= n; ++k) face.push_back(2e-3 * k / n);
  const FieldView<const double> faces{face.data(), n + 1, 0};
  const CoarseningPlan plan = plan_coarsening(faces, faces);
  BoxSystemOn<DeviceGrid> s{};
  BoxLevelsOn<DeviceGrid> levels;
  const auto write = [&on](FieldView<int> to, const std::vector<int>& from) { on.write(to, from); };
  const auto lay_out = [&](double* memory) {
    ViewArena arena{memory};
    s.lay_out(arena, DeviceGrid::of(n, n, n));
    levels.lay_out(arena, s, plan, write);
    return static_cast<std::size_t>(arena.used);
  };
  const std::size_t length = lay_out(nullptr);
  std::size_t free = 0, total = 0;
  check(cudaMemGetInfo(&free, &total), "asking for free memory");
  if (length * sizeof(double) > free) return {{}, NAN, NAN, 0.0, 0.0};
  DeviceBuffer<double> memory;
  check(cudaMemsetAsync(memory.room(length), 0, length * sizeof(double), stream), "clearing the box");
  lay_out(memory.data());
  FillBoxStep fill{s, {}, 2e-3 / n};
  for (int k = 0; k < layer_count; ++k)
    fill.mobility[k] = layered ? std::pow(10.0, -10.0 - 6.0 * (k * 7 % layer_count) / 19.0) : 1e-12;
  BoxSpeed best{{}, HUGE_VAL, HUGE_VAL, iteration_bytes(levels), copy_rate(stream)};
  for (int repeat = 0; repeat < 3; ++repeat) {
    on.columns(n, n, fill);
    const auto timed = [&](const auto& work) {
      check(cudaStreamSynchronize(stream), "a solution");
      const auto start = std::chrono::steady_clock::now();
      work();
      check(cudaStreamSynchronize(stream), "a solution");
      return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    };
    best.set_up_seconds = std::min(best.set_up_seconds, timed([&] { set_up_levels(on, s, levels); }));
    best.seconds = std::min(best.seconds, timed([&] { best.cost = solve_box(on, s, levels, {0.0, 1e-8, 200}, true); }));
  }
  return best;
}

}  // namespace dermaflux::gpu_check
