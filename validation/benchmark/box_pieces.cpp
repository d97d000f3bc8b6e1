// Runs pieces of the solver in three dimensions for the benchmark. Usage: box_pieces; then one command per line:
//   solve serial|kokkos N variable|layered even|graded TOLERANCE    pressure: set-up and solution to a relative residual
//   substep serial|kokkos N COUNT                                   transport of carrier and one class of pigment, all columns
//   copy serial|kokkos BYTES                                        a copy that moves so many bytes
// Answers with one JSON object on a line; seconds are those of the processor, over its threads.
#include <Kokkos_Core.hpp>
#include <algorithm>
#include <ctime>
#include <iostream>
#include <sstream>
#include <utility>

#include "kernels/kokkos/kokkos_columns.hpp"
#include "validation/benchmark/bare_box.hpp"
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

/// A box of n^3 cells of one tissue.
struct Box : BareBox {
  explicit Box(const std::vector<double>& faces) : BareBox({faces, faces, faces}) {}
  /// Of the system and its levels, for what the solver needs of memory.
  double solver_bytes() const {
    ViewArena arena;
    BoxSystem s;
    s.lay_out(arena, GridPart::of(p.grid.n_x, p.grid.n_y, p.grid.n_z));
    BoxLevels levels;
    levels.lay_out(arena, s, plan_coarsening(p.grid.x_face, p.grid.y_face));
    return 8.0 * static_cast<double>(arena.used);
  }
};

std::string solve(std::istream& words) {
  std::string executor, kind, grading;
  int n = 0;
  double tolerance = 0.0;
  words >> executor >> n >> kind >> grading >> tolerance;
  const BoxCoefficients given(n, kind, grading == "graded");
  const Box box(given.faces);
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
        n > 128 ? 1 : 3, [] {}, [&] { set_up_levels(on, s, box.in.levels); });
    const double seconds = least(n > 128 ? 1 : 3, fill, [&] {
      cost = solve_box(on, s, box.in.levels, {0.0, tolerance, 100}, true);
    });
    std::ostringstream answer;
    answer << "\"iterations\": " << cost.iterations << ", \"residual\": " << cost.residual
           << ", \"factor\": " << std::pow(cost.residual, 1.0 / cost.iterations) << ", \"setup_seconds\": " << setup
           << ", \"solve_seconds\": " << seconds << ", \"bytes_per_cell\": " << box.solver_bytes() / grid.cell_count();
    return answer.str();
  });
}

std::string substep(std::istream& words) {
  std::string executor;
  int n = 0, count = 0;
  words >> executor >> n >> count;
  std::vector<double> faces;
  for (int k = 0; k <= n; ++k) faces.push_back(k * 1.0 / n);
  const Box box(faces);
  const SpaceProblem& p = box.p;
  const TissueState& tissue = p.tissue.tissue;
  const double flux = 0.1 * 0.4 / n / n / n;  // a tenth of a cell's fluid in a time of 1
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < n; ++j)
      for (int k = 0; k < n; ++k) {
        const int at = p.grid.cell(i, j, k);
        tissue.fluid(at) = 0.4;
        tissue.carrier(at) = tissue.pigment[0](at) = 0.2 + 0.1 * std::sin(0.3 * i + 0.2 * j + 0.1 * k);
        if (i + 1 < n) p.scratch.x_flux(at) = flux * std::sin(0.5 * j);
        if (j + 1 < n) p.scratch.y_flux(at) = flux * std::sin(0.5 * i);
        if (k + 1 < n) p.scratch.z_flux(at) = flux * std::sin(0.5 * i + j);
      }
  return on_executor(executor, [&](const auto& on) {
    const ActiveColumns active = active_columns(on, p, 2, 0.0);
    const double dt = 1e-3;
    const double seconds = least(
        3, [] {},
        [&] {
          for (int m = 0; m < 2 * count; ++m) {
            const SpaceSidewaysStep<SpaceAxis::x, false> along_x{{p, active, dt}};
            const SpaceSidewaysStep<SpaceAxis::y, true> along_y{{p, active, dt}};
            on.lines(along_x.line_count(), n, along_x);
            on.lines(along_y.line_count(), n, along_y);
            on.list(active.count, SpaceDownStep<false>{{p, active, dt}});
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
