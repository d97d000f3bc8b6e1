// Times pieces of the solver on the problems of problems.py. Usage: solver_pieces FOLDER; then one command per line:
//   pressure NAME EXECUTOR STEPS TOLERANCE PATIENCE    the problem from start to end; leaves NAME.ours.f64
//   injection NAME EXECUTOR STEPS TOLERANCE   the same for pressure and pigment together; leaves the pigment
//   transport NAME EXECUTOR STEPS             the same; 0 steps: as many as the solver would choose
//   iterations NAME EXECUTOR COUNT            COUNT conjugate gradient iterations of one pressure system, ten times
//   substeps NAME EXECUTOR COUNT              COUNT short transport substeps
//   system NAME EXECUTOR STEP ITERATIONS      one implicit pressure step of STEP seconds by so many iterations with multigrid;
//                                             leaves the matrix and right-hand side as NAME.system_*.f64 and NAME.ours.f64
//   copy BYTES EXECUTOR                       copies an array of half of BYTES to another until 1 GB and 20 copies are done
// EXECUTOR is serial or kokkos (all threads). Each answers with one JSON object on a line.
#include <Kokkos_Core.hpp>
#include <algorithm>
#include <chrono>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "flow_problem.hpp"
#include "kernels/kokkos/kokkos_executor.hpp"

namespace {

using namespace dermaflux;
using namespace dermaflux::benchmark;
using Threads = KokkosExecutor<Kokkos::DefaultHostExecutionSpace>;

/// One line of the input: what to do, on which problem (for a copy: on how many bytes), with what, and numbers in their order.
struct Command {
  std::string verb, name, executor;
  std::vector<double> numbers;

  double number(std::size_t n) const {
    if (n >= numbers.size()) throw std::runtime_error(verb + " needs more numbers");
    return numbers[n];
  }
  int count(std::size_t n) const { return static_cast<int>(number(n)); }
};

Command parse(const std::string& line) {
  std::istringstream words(line);
  Command command;
  words >> command.verb >> command.name >> command.executor;
  for (double number = 0.0; words >> number;) command.numbers.push_back(number);
  return command;
}

/// Calls `work` with the executor of that name and returns the time it took [s].
template <class Work>
double timed(const std::string& executor, const Work& work) {
  if (executor != "serial" && executor != "kokkos") throw std::runtime_error("no executor " + executor);
  const auto start = std::chrono::steady_clock::now();
  if (executor == "serial")
    work(SerialExecutor{});
  else
    work(Threads{});
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::string pressure(const std::filesystem::path& folder, const Command& command) {
  const int steps = command.count(0), patience = command.count(2);
  const double tolerance = command.number(1);
  const SavedProblem saved(folder, command.name);
  FlowProblem flow(saved);
  flow.start_pressure();
  long iterations = 0;
  const double seconds = timed(command.executor, [&](const auto& on) {
    iterations = advance_pressure(on, flow, saved.numbers.at("end"), steps, tolerance, patience);
  });
  saved.write("ours", flow.p.tissue.pressure);
  return "\"steps\": " + std::to_string(steps) + ", \"iterations\": " + std::to_string(iterations) +
         ", \"seconds\": " + std::to_string(seconds);
}

std::string injection(const std::filesystem::path& folder, const Command& command) {
  const int steps = command.count(0);
  const double tolerance = command.number(1);
  const SavedProblem saved(folder, command.name);
  FlowProblem flow(saved);
  flow.start_injection();
  long substeps = 0;
  const double seconds = timed(
      command.executor, [&](const auto& on) { substeps = advance_injection(on, flow, saved.numbers.at("end"), steps, tolerance); });
  saved.write("ours", flow.p.scratch.c[0]);
  return "\"steps\": " + std::to_string(steps) + ", \"substeps\": " + std::to_string(substeps) +
         ", \"seconds\": " + std::to_string(seconds);
}

std::string transport(const std::filesystem::path& folder, const Command& command) {
  const SavedProblem saved(folder, command.name);
  FlowProblem flow(saved);
  flow.start_transport();
  const double end = saved.numbers.at("end"), share = leaving_share(flow.p);
  const int steps = command.count(0) > 0 ? command.count(0) : static_cast<int>(std::ceil(share * end / largest_courant));
  const double seconds = timed(command.executor, [&](const auto& on) { advance_transport(on, flow.p, end, steps); });
  saved.write("ours", flow.p.scratch.c[0]);
  return "\"steps\": " + std::to_string(steps) + ", \"seconds\": " + std::to_string(seconds);
}

std::string iterations(const std::filesystem::path& folder, const Command& command) {
  const int count = command.count(0);
  const SavedProblem saved(folder, command.name);
  FlowProblem flow(saved);
  flow.start_pressure();
  const double end = saved.numbers.at("end");
  advance_pressure(SerialExecutor{}, flow, end, 50, 20.0, comb_patience);  // leaves the coefficients of a typical step
  long done = 0;
  double seconds = 0.0;
  for (int round = 0; round < 10; ++round) {
    for (int k = 0; k < flow.p.grid.cell_count(); ++k) flow.p.system.residual(k) = (k % 7 - 3) * flow.p.system.storage(k);
    SerialExecutor{}.rows(flow.p.grid.n_z, FactorTeethStep{flow.p.system});
    seconds += timed(command.executor, [&](const auto& on) { done += solve_comb(on, flow.p.system, 0.0, count, count + 1); });
  }
  return "\"steps\": " + std::to_string(done) + ", \"seconds\": " + std::to_string(seconds);
}

std::string system_solve(const std::filesystem::path& folder, const Command& command) {
  const double step = command.number(0);
  const int count = command.count(1);
  const SavedProblem saved(folder, command.name);
  FlowProblem flow(saved);
  flow.start_pressure();
  const CombSystem& s = flow.p.system;
  const AxisymmetricGrid& grid = flow.p.grid;
  const SerialExecutor one;
  one.rows(grid.n_z, TransmissibilityStep{flow.p});
  one.rows(grid.n_z, PressureBalanceStep{flow.p, step});
  one.cells(grid.n_r, grid.n_z, SourceStep{flow.p, flow.source});
  saved.write("system_storage", s.storage);
  saved.write("system_radial", s.radial);
  saved.write("system_axial", s.axial);
  saved.write("system_right", s.residual);
  const double setup = timed(command.executor, [&](const auto& on) {
    on.rows(grid.n_z, FactorTeethStep{s});
    set_up_levels(on, s);
  });
  int done = 0;
  const double seconds = timed(command.executor, [&](const auto& on) {
    on.rows(grid.n_z, FactorTeethStep{s});
    done = solve_comb(on, s, 0.0, count, 0);
  });
  saved.write("ours", s.correction);
  return "\"iterations\": " + std::to_string(done) + ", \"setup_seconds\": " + std::to_string(setup) +
         ", \"solve_seconds\": " + std::to_string(seconds - setup);
}

std::string substeps(const std::filesystem::path& folder, const Command& command) {
  const int count = command.count(0);
  const SavedProblem saved(folder, command.name);
  FlowProblem flow(saved);
  flow.start_transport();
  const double dt = 1e-3 * largest_courant / leaving_share(flow.p);  // so short that the source leaves the fluid nearly as it is
  const double seconds = timed(command.executor, [&](const auto& on) {
    for (int n = 0; n < count; ++n) transport_substep(on, flow.p, {flow.p.grid.n_r, flow.p.grid.n_z}, dt, n % 2 == 0);
  });
  return "\"steps\": " + std::to_string(count) + ", \"seconds\": " + std::to_string(seconds);
}

std::string copy(const Command& command) {
  const double bytes = std::stod(command.name);
  const std::size_t count = static_cast<std::size_t>(bytes) / (2 * sizeof(double)), parts = command.executor == "serial" ? 1 : 64;
  std::vector<double> from(count, 1.0), to(count, 0.0);
  const int copies = std::max(20, static_cast<int>(1e9 / bytes));
  const auto once = [&](const auto& on) {
    on.cells(static_cast<int>(parts), 1, [&](int part, int) {
      const std::size_t first = count * static_cast<std::size_t>(part) / parts;
      const std::size_t last = count * static_cast<std::size_t>(part + 1) / parts;
      std::copy(from.data() + first, from.data() + last, to.data() + first);
    });
    from[0] += to[count - 1];  // so that no copy can be left out
  };
  timed(command.executor, once);
  const double seconds = timed(command.executor, [&](const auto& on) {
    for (int n = 0; n < copies; ++n) once(on);
  });
  const double moved = 2.0 * sizeof(double) * static_cast<double>(count) * copies;
  return "\"bytes_per_second\": " + std::to_string(moved / seconds) + ", \"seconds\": " + std::to_string(seconds);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: solver_pieces FOLDER\n";
    return 2;
  }
  const Kokkos::ScopeGuard guard(Kokkos::InitializationSettings().set_disable_warnings(true));
  std::cout << "{\"threads\": " << Kokkos::DefaultHostExecutionSpace().concurrency() << ", \"kokkos\": " << KOKKOS_VERSION << "}"
            << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    try {
      const Command command = parse(line);
      std::string answer;
      if (command.verb == "pressure") answer = pressure(argv[1], command);
      if (command.verb == "injection") answer = injection(argv[1], command);
      if (command.verb == "transport") answer = transport(argv[1], command);
      if (command.verb == "iterations") answer = iterations(argv[1], command);
      if (command.verb == "system") answer = system_solve(argv[1], command);
      if (command.verb == "substeps") answer = substeps(argv[1], command);
      if (command.verb == "copy") answer = copy(command);
      if (answer.empty()) throw std::runtime_error("no command " + command.verb);
      std::cout << "{" << answer << "}" << std::endl;
    } catch (const std::exception& error) {
      std::cerr << line << ": " << error.what() << "\n";
      return 1;
    }
  }
}
