// Solves the system of box_system.hpp by hypre's conjugate gradients with its semicoarsening multigrid PFMG. Usage: hypre_box; then
// one command per line:
//   solve N variable|layered even|graded TOLERANCE RELAXATION GALERKIN    PFMG's relax type (1 Jacobi, 2 red-black) and rap type
// Answers with one JSON object on a line. One process; seconds are those of the processor, set-up and solution apart.
#include <HYPRE_krylov.h>
#include <HYPRE_struct_ls.h>
#include <mpi.h>

#include <ctime>
#include <iostream>
#include <sstream>

#include "validation/benchmark/box_system.hpp"

namespace {

double since(std::clock_t start) { return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC; }

std::string solve(std::istream& words) {
  std::string kind, grading;
  int n = 0, relaxation = 0, galerkin = 0;
  double tolerance = 0.0;
  words >> n >> kind >> grading >> tolerance >> relaxation >> galerkin;
  const dermaflux::benchmark::BoxCoefficients given(n, kind, grading == "graded");
  const auto all = static_cast<std::size_t>(n);
  const std::size_t cells = all * all * all;
  const MPI_Comm world = MPI_COMM_WORLD;
  HYPRE_StructGrid grid;  // z is the first index: it runs fastest
  int lower[3] = {0, 0, 0}, upper[3] = {n - 1, n - 1, n - 1};
  HYPRE_StructGridCreate(world, 3, &grid);
  HYPRE_StructGridSetExtents(grid, lower, upper);
  HYPRE_StructGridAssemble(grid);
  HYPRE_StructStencil stencil;  // symmetric: itself and the next cell along z, y and x
  HYPRE_StructStencilCreate(3, 4, &stencil);
  int offsets[4][3] = {{0, 0, 0}, {1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
  for (int m = 0; m < 4; ++m) HYPRE_StructStencilSetElement(stencil, m, offsets[m]);
  HYPRE_StructMatrix matrix;
  HYPRE_StructMatrixCreate(world, grid, stencil, &matrix);
  HYPRE_StructMatrixSetSymmetric(matrix, 1);
  HYPRE_StructMatrixInitialize(matrix);
  std::vector<double> entries(4 * cells, 0.0), right(cells), values(cells, 0.0);
  const auto link = [&](std::size_t at, std::size_t next, int entry, double area, double here, double there) {
    const double conductance = area / (0.5 * here / given.mobility[at] + 0.5 * there / given.mobility[next]);
    entries[4 * at] += conductance;
    entries[4 * next] += conductance;
    entries[4 * at + static_cast<std::size_t>(entry)] = -conductance;
  };
  std::size_t at = 0;
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < n; ++j)
      for (int k = 0; k < n; ++k, ++at) {
        const double dx = given.width(i), dy = given.width(j), dz = given.width(k), storage = given.storage * dx * dy * dz;
        entries[4 * at] += storage;
        right[at] = given.right(at) * storage;
        if (k + 1 < n) link(at, at + 1, 1, dx * dy, dz, given.width(k + 1));
        if (j + 1 < n) link(at, at + all, 2, dx * dz, dy, given.width(j + 1));
        if (i + 1 < n) link(at, at + all * all, 3, dy * dz, dx, given.width(i + 1));
      }
  int indices[4] = {0, 1, 2, 3};
  HYPRE_StructMatrixSetBoxValues(matrix, lower, upper, 4, indices, entries.data());
  HYPRE_StructMatrixAssemble(matrix);
  HYPRE_StructVector right_side, solution;
  for (HYPRE_StructVector* vector : {&right_side, &solution}) {
    HYPRE_StructVectorCreate(world, grid, vector);
    HYPRE_StructVectorInitialize(*vector);
    HYPRE_StructVectorSetBoxValues(*vector, lower, upper, vector == &solution ? values.data() : right.data());
    HYPRE_StructVectorAssemble(*vector);
  }
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
  const std::clock_t start = std::clock();
  HYPRE_StructPCGSetup(solver, matrix, right_side, solution);
  const double setup = since(start);
  const std::clock_t ready = std::clock();
  HYPRE_StructPCGSolve(solver, matrix, right_side, solution);
  const double seconds = since(ready);
  int iterations = 0;
  double residual = 0.0;
  HYPRE_StructPCGGetNumIterations(solver, &iterations);
  HYPRE_StructPCGGetFinalRelativeResidualNorm(solver, &residual);
  HYPRE_StructPFMGDestroy(cycle);
  HYPRE_StructPCGDestroy(solver);
  HYPRE_StructVectorDestroy(solution);
  HYPRE_StructVectorDestroy(right_side);
  HYPRE_StructMatrixDestroy(matrix);
  HYPRE_StructStencilDestroy(stencil);
  HYPRE_StructGridDestroy(grid);
  std::ostringstream answer;
  answer << "\"iterations\": " << iterations << ", \"residual\": " << residual << ", \"setup_seconds\": " << setup
         << ", \"solve_seconds\": " << seconds;
  return answer.str();
}

}  // namespace

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  HYPRE_Init();
  std::cout << "{\"hypre\": \"" << HYPRE_RELEASE_VERSION << "\"}" << std::endl;
  for (std::string line, command; std::getline(std::cin, line);) {
    std::istringstream words(line);
    words >> command;
    std::cout << "{" << solve(words) << "}" << std::endl;
  }
  HYPRE_Finalize();
  MPI_Finalize();
}
