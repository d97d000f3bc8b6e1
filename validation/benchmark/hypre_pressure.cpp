// Solves the linear system that `system` of solver_pieces saved by hypre's conjugate gradients with its semicoarsening multigrid
// PFMG. Usage: hypre_pressure FOLDER; then one command per line:
//   solve NAME TOLERANCE RELAXATION GALERKIN    relative residual; PFMG's relax type (1 Jacobi, 2 red-black) and rap type
// Answers with one JSON object on a line and leaves NAME.peer.f64. One process; set-up and solution are timed apart.
#include <HYPRE_krylov.h>
#include <HYPRE_struct_ls.h>
#include <mpi.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// A saved system: storage, conductances and right-hand side of each cell, z running fastest.
struct SavedSystem {
  int n_r = 0, n_z = 0;
  std::vector<double> diagonal, radial, axial, right;

  SavedSystem(const std::filesystem::path& folder, const std::string& name) {
    std::ifstream numbers(folder / (name + ".txt"));
    double value = 0.0;
    for (std::string key; numbers >> key >> value;) (key == "n_r" ? n_r : key == "n_z" ? n_z : unused) = static_cast<int>(value);
    const auto read = [&](const std::string& key) {
      std::vector<double> values(static_cast<std::size_t>(n_r) * static_cast<std::size_t>(n_z));
      std::ifstream file(folder / (name + "." + key + ".f64"), std::ios::binary);
      file.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(double)));
      if (!file) throw std::runtime_error("cannot read " + key + " of " + name);
      return values;
    };
    diagonal = read("system_storage");
    radial = read("system_radial");
    axial = read("system_axial");
    right = read("system_right");
    const auto rows = static_cast<std::size_t>(n_z);
    const std::vector<double> storage = diagonal;
    for (std::size_t k = 0; k < diagonal.size(); ++k)
      diagonal[k] = storage[k] + radial[k] + axial[k] + (k >= rows ? radial[k - rows] : 0.0) + (k % rows ? axial[k - 1] : 0.0);
  }

 private:
  int unused = 0;
};

std::string solve(const std::filesystem::path& folder, std::istream& words) {
  std::string name;
  double tolerance = 0.0;
  int relaxation = 0, galerkin = 0;
  words >> name >> tolerance >> relaxation >> galerkin;
  const SavedSystem system(folder, name);
  const MPI_Comm world = MPI_COMM_WORLD;
  const auto start = Clock::now();
  HYPRE_StructGrid grid;  // z is the first index: it runs fastest
  int lower[2] = {0, 0}, upper[2] = {system.n_z - 1, system.n_r - 1};
  HYPRE_StructGridCreate(world, 2, &grid);
  HYPRE_StructGridSetExtents(grid, lower, upper);
  HYPRE_StructGridAssemble(grid);
  HYPRE_StructStencil stencil;  // symmetric: itself, the next row, the next ring
  HYPRE_StructStencilCreate(2, 3, &stencil);
  int offsets[3][2] = {{0, 0}, {1, 0}, {0, 1}};
  for (int n = 0; n < 3; ++n) HYPRE_StructStencilSetElement(stencil, n, offsets[n]);
  HYPRE_StructMatrix matrix;
  HYPRE_StructMatrixCreate(world, grid, stencil, &matrix);
  HYPRE_StructMatrixSetSymmetric(matrix, 1);
  HYPRE_StructMatrixInitialize(matrix);
  std::vector<double> entries(3 * system.right.size());
  for (std::size_t k = 0; k < system.right.size(); ++k) {
    entries[3 * k] = system.diagonal[k];
    entries[3 * k + 1] = -system.axial[k];
    entries[3 * k + 2] = -system.radial[k];
  }
  int indices[3] = {0, 1, 2};
  HYPRE_StructMatrixSetBoxValues(matrix, lower, upper, 3, indices, entries.data());
  HYPRE_StructMatrixAssemble(matrix);
  HYPRE_StructVector right, solution;
  std::vector<double> values(system.right.size(), 0.0);
  HYPRE_StructVectorCreate(world, grid, &right);
  HYPRE_StructVectorInitialize(right);
  HYPRE_StructVectorSetBoxValues(right, lower, upper, const_cast<double*>(system.right.data()));
  HYPRE_StructVectorAssemble(right);
  HYPRE_StructVectorCreate(world, grid, &solution);
  HYPRE_StructVectorInitialize(solution);
  HYPRE_StructVectorSetBoxValues(solution, lower, upper, values.data());
  HYPRE_StructVectorAssemble(solution);

  const auto assembled = Clock::now();
  HYPRE_StructSolver solver, cycle;
  HYPRE_StructPCGCreate(world, &solver);
  HYPRE_StructPCGSetTol(solver, tolerance);
  HYPRE_StructPCGSetMaxIter(solver, 500);
  HYPRE_StructPCGSetTwoNorm(solver, 1);
  HYPRE_StructPCGSetRelChange(solver, 0);
  HYPRE_StructPFMGCreate(world, &cycle);
  HYPRE_StructPFMGSetMaxIter(cycle, 1);
  HYPRE_StructPFMGSetTol(cycle, 0.0);
  HYPRE_StructPFMGSetZeroGuess(cycle);
  HYPRE_StructPFMGSetRAPType(cycle, galerkin);
  HYPRE_StructPFMGSetRelaxType(cycle, relaxation);
  HYPRE_StructPFMGSetNumPreRelax(cycle, 1);
  HYPRE_StructPFMGSetNumPostRelax(cycle, 1);
  HYPRE_StructPFMGSetSkipRelax(cycle, 0);
  HYPRE_StructPCGSetPrecond(solver, HYPRE_StructPFMGSolve, HYPRE_StructPFMGSetup, cycle);
  HYPRE_StructPCGSetup(solver, matrix, right, solution);
  const auto ready = Clock::now();
  HYPRE_StructPCGSolve(solver, matrix, right, solution);
  const double seconds = since(ready), setup = std::chrono::duration<double>(ready - assembled).count();
  const double assembly = std::chrono::duration<double>(assembled - start).count();

  int iterations = 0;
  double residual = 0.0;
  HYPRE_StructPCGGetNumIterations(solver, &iterations);
  HYPRE_StructPCGGetFinalRelativeResidualNorm(solver, &residual);
  HYPRE_StructVectorGetBoxValues(solution, lower, upper, values.data());
  HYPRE_StructPFMGDestroy(cycle);
  HYPRE_StructPCGDestroy(solver);
  HYPRE_StructVectorDestroy(solution);
  HYPRE_StructVectorDestroy(right);
  HYPRE_StructMatrixDestroy(matrix);
  HYPRE_StructStencilDestroy(stencil);
  HYPRE_StructGridDestroy(grid);
  std::ofstream file(folder / (name + ".peer.f64"), std::ios::binary);
  file.write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(double)));
  std::ostringstream answer;
  answer << "\"iterations\": " << iterations << ", \"own_residual\": " << residual << ", \"assembly_seconds\": " << assembly
         << ", \"setup_seconds\": " << setup << ", \"solve_seconds\": " << seconds;
  return answer.str();
}

}  // namespace

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  HYPRE_Init();
  std::cout << "{\"hypre\": \"" << HYPRE_RELEASE_VERSION << "\"}" << std::endl;
  int status = argc == 2 ? 0 : 2;
  for (std::string line, command; status == 0 && std::getline(std::cin, line);) {
    std::istringstream words(line);
    words >> command;
    try {
      if (command != "solve") throw std::runtime_error("no command " + command);
      std::cout << "{" << solve(argv[1], words) << "}" << std::endl;
    } catch (const std::exception& error) {
      std::cerr << line << ": " << error.what() << "\n";
      status = 1;
    }
  }
  HYPRE_Finalize();
  MPI_Finalize();
  return status;
}
