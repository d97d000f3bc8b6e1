// Runs pieces of the solver in three dimensions for the benchmark. Usage: box_pieces; then one command per line:
//   solve serial|kokkos N variable|layered even|graded TOLERANCE    pressure: set-up and solution to a relative residual
//   substep serial|kokkos N COUNT                                   transport of carrier and one class of pigment, all columns
//   active copy serial|kokkos BYTES                                        a copy that moves so many bytes
// Answers with one JSON object on a line; seconds are those of the processor, over its threads.
#include <Kokkos_Core.hpp>
#include <algorithm>
#include <ctime>
#include <iostream>
#include <sstream>

#include "core/simulation/workspace.hpp"
#include "core/solver/box_solver.hpp"
#include "core/solver/box_tissue_steps.hpp"
#include "core/solver/box_transport.hpp"
#include "kernels/kokkos/kokkos_columns.hpp"
#include "validation/benchmark/box_system.hpp"

namespace dermaflux::benchmark {
namespace {

using Host = KokkosColumns<Kokkos::DefaultHostExecutionSpace>;

/// Seconds of the processor, the least of `repeats`; `before` is not counted.
template <class Before, class Work>
double least(int repeats, const Before& before, const Work& work) {
  double best = 1e300;
  for (int n = 0; n < repeats; ++n) {
    before();
    const std::clock_t start = std::clock();
    work();
    best = std::min(best, static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
  }
  return best;
}

template <class Work>
std::string on_executor(const std::string& name, const Work& work) {
  return name == "serial" ? work(SerialColumns{}) : work(Host{});
}

/// A box of n^3 cells with one material.
struct Box {
  Workspace constants, state;
  std::vector<std::uint16_t> materials;
  BoxProblem p{};
  BoxLevels levels;
  ActiveColumns active;
  long solver_doubles = 0;

  Box(const std::vector<double>& faces, bool whole_problem) {
    const int n = static_cast<int>(faces.size()) - 1;
    const auto fixed = [&](ViewArena arena) {
      p.grid = take_cartesian_grid(arena, n, n, n);
      for (auto* view : {&p.rows.permeability, &p.rows.anisotropy, &p.rows.porosity, &p.rows.storage, &p.rows.filtration})
        *view = arena.take(1);
      return arena.used;
    };
    fixed({constants.zeroed(fixed({}))});
    put_faces(p.grid, faces, faces, faces);
    for (auto* view : {&p.rows.permeability, &p.rows.anisotropy, &p.rows.storage}) put(*view, 0, 1.0);
    put(p.rows.porosity, 0, 0.4);
    p.params.classes = 1;
    p.params.max_captured = 1e300;
    const CoarseningPlan plan = plan_coarsening(p.grid.x_face, p.grid.y_face);
    const auto lay_out = [&](ViewArena arena) {
      if (whole_problem) {
        lay_out_box(arena, p);
        active = take_active(arena, p.grid);
        return arena.used;
      }
      p.system.lay_out(arena, p.grid);
      levels.lay_out(arena, p.system, plan);
      return arena.used;
    };
    solver_doubles = lay_out({});
    lay_out({state.zeroed(solver_doubles)});
    materials.assign(static_cast<std::size_t>(p.grid.cell_count()), 0);
    p.material = {materials.data(), p.grid.cell_count(), 0};
  }
};

std::string solve(std::istream& words) {
  std::string executor, kind, grading;
  int n = 0;
  double tolerance = 0.0;
  words >> executor >> n >> kind >> grading >> tolerance;
  const BoxCoefficients given(n, kind, grading == "graded");
  Box box(given.faces, false);
  const BoxSystem& s = box.p.system;
  const CartesianGrid& grid = box.p.grid;
  const auto mobility = [&](int at) { return given.mobility[static_cast<std::size_t>(at)]; };
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < n; ++j)
      for (int k = 0; k < n; ++k) {
        const int at = grid.cell(i, j, k);
        const double dx = grid.dx(i), dy = grid.dy(j), dz = grid.dz(k), here = mobility(at);
        if (i + 1 < n)
          s.x(at) = static_cast<float>(in_series(dy * dz, 0.5 * dx, here, 0.5 * grid.dx(i + 1), mobility(at + grid.step_x())));
        if (j + 1 < n)
          s.y(at) = static_cast<float>(in_series(dx * dz, 0.5 * dy, here, 0.5 * grid.dy(j + 1), mobility(at + grid.step_y())));
        if (k + 1 < n) s.z(at) = static_cast<float>(in_series(dx * dy, 0.5 * dz, here, 0.5 * grid.dz(k + 1), mobility(at + 1)));
        s.storage(at) = grid.volume(i, j, k) * BoxCoefficients::storage;
      }
  return on_executor(executor, [&](const auto& on) {
    SolveCost cost{};
    const auto fill = [&] {
      for (int at = 0; at < grid.cell_count(); ++at)
        s.residual(at) = BoxCoefficients::right(static_cast<std::size_t>(at)) * s.storage(at);
    };
    const double setup = least(
        n > 128 ? 1 : 3, [] {}, [&] { set_up_levels(on, s, box.levels); });
    const double seconds = least(n > 128 ? 1 : 3, fill, [&] { cost = solve_box(on, s, box.levels, {0.0, tolerance, 100}, true); });
    std::ostringstream answer;
    answer << "\"iterations\": " << cost.iterations << ", \"residual\": " << cost.residual
           << ", \"factor\": " << std::pow(cost.residual, 1.0 / cost.iterations) << ", \"setup_seconds\": " << setup
           << ", \"solve_seconds\": " << seconds
           << ", \"bytes_per_cell\": " << 8.0 * static_cast<double>(box.solver_doubles) / grid.cell_count();
    return answer.str();
  });
}

std::string substep(std::istream& words) {
  std::string executor;
  int n = 0, count = 0;
  words >> executor >> n >> count;
  std::vector<double> faces;
  for (int k = 0; k <= n; ++k) faces.push_back(k * 1.0 / n);
  Box box(faces, true);
  const BoxProblem& p = box.p;
  const double flux = 0.1 * 0.4 / n / n / n;  // a tenth of a cell's fluid in a time of 1
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < n; ++j)
      for (int k = 0; k < n; ++k) {
        const int at = p.grid.cell(i, j, k);
        p.tissue.fluid(at) = 0.4;
        p.tissue.carrier(at) = p.tissue.pigment[0](at) = 0.2 + 0.1 * std::sin(0.3 * i + 0.2 * j + 0.1 * k);
        p.scratch.fluid_inverse(at) = 2.5;
        p.scratch.w(at) = p.scratch.c[0](at) = 2.5 * p.tissue.carrier(at);
        if (i + 1 < n) p.scratch.flux_x(at) = flux * std::sin(0.5 * j);
        if (j + 1 < n) p.scratch.flux_y(at) = flux * std::sin(0.5 * i);
        if (k + 1 < n) p.scratch.flux_z(at) = flux * std::sin(0.5 * i + j);
      }
  return on_executor(executor, [&](const auto& on) {
    const ActiveColumns active = active_columns(on, p, box.active, 2);
    const double dt = 1e-3;
    const double seconds = least(
        3, [] {},
        [&] {
          for (int m = 0; m < count; ++m) {
            bool between = false;
            const auto sweep = [&]<Axis axis>() {
              on.list(active.count,
                      BoxSweepStep<axis, axis == Axis::y>{p, active, carried_fields(p, between), carried_fields(p, !between), dt});
              between = !between;
            };
            for (int turn = 0; turn < 2; ++turn) {
              sweep.template operator()<Axis::x>();
              sweep.template operator()<Axis::y>();
              sweep.template operator()<Axis::z>();
            }
          }
        });
    return "\"sweeps\": " + std::to_string(6 * count) + ", \"columns\": " + std::to_string(active.count) +
           ", \"seconds\": " + std::to_string(seconds);
  });
}

std::string copy(std::istream& words) {
  std::string executor;
  double bytes = 0.0;
  words >> executor >> bytes;
  const std::size_t count = static_cast<std::size_t>(bytes) / 16, parts = executor == "serial" ? 1 : 64;
  std::vector<double> from(count, 1.0), to(count, 0.0);
  return on_executor(executor, [&](const auto& on) {
    const double seconds = least(
        5, [] {},
        [&] {
          on.list(static_cast<int>(parts), [&](int part) {
            const auto first = static_cast<std::ptrdiff_t>(count * static_cast<std::size_t>(part) / parts);
            const auto last = static_cast<std::ptrdiff_t>(count * (static_cast<std::size_t>(part) + 1) / parts);
            std::copy(from.begin() + first, from.begin() + last, to.begin() + first);
          });
          from[0] += to[count - 1];  // so that no copy can be left out
        });
    return "\"bytes_per_second\": " + std::to_string(16.0 * static_cast<double>(count) / seconds);
  });
}

}  // namespace
}  // namespace dermaflux::benchmark

int main() {
  using namespace dermaflux::benchmark;
  const Kokkos::ScopeGuard guard(Kokkos::InitializationSettings().set_disable_warnings(true));
  std::cout << "{\"threads\": " << Kokkos::DefaultHostExecutionSpace().concurrency() << "}" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string verb;
    words >> verb;
    try {
      const std::string answer = verb == "solve" ? solve(words) : (verb == "substep" ? substep(words) : copy(words));
      std::cout << "{" << answer << "}" << std::endl;
    } catch (const std::exception& error) {
      std::cerr << line << ": " << error.what() << "\n";
      return 1;
    }
  }
}
