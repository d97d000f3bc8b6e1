#pragma once
#include <string>
#include <vector>

#include "core/simulation/case_builder.hpp"
#include "core/solver/spreading_steps.hpp"

/// Tridiagonal systems of many treatments at once: the lines along which ink spreads, as our steps solve them, and the same systems
/// as arrays for a library. Everything here runs on the host; line_stage.cpp and lines.cu say where else.
namespace dermaflux::gpu_check {

enum class LinesAlong { rings, rows };  ///< a line per row of cells, and one per ring

/// Spreading of carrier in treatments whose grids have the same size, on one block of memory; member after member.
struct LineEnsemble {
  int n_r = 0, n_z = 0;
  long stride = 0;             ///< numbers of a member
  std::vector<double> memory;  ///< as `bind` divides it

  int members() const { return static_cast<int>(memory.size() / static_cast<std::size_t>(stride)); }
  TransportBox box() const { return {n_r, n_z}; }
  /// What the spreading steps need of a member: its grid, fluid, conductances, carrier, and room for factors and solution.
  InsertionProblem bind(double* memory_of_all, int member) const;

  int length(LinesAlong along) const { return along == LinesAlong::rings ? n_r : n_z; }
  int lines(LinesAlong along) const { return members() * (along == LinesAlong::rings ? n_z : n_r); }
};

/// A treatment after some strokes: the lines of the whole grid over the mean time between two spreadings of its ink. Members are
/// `copies` of each with other times, so that no two matrices are equal. Treatments with a grid of another size are left out.
LineEnsemble line_ensemble(const std::vector<Treatment>& treatments, GridLevel grid, int strokes, int copies);

/// The systems themselves, line after line: lower x_(i-1) + diagonal x_i + upper x_(i+1) = right. `storage` is the sum of a row of
/// the matrix.
struct Tridiagonals {
  int length = 0, count = 0;
  std::vector<double> lower, diagonal, upper, right, storage;
};
Tridiagonals systems_of(const LineEnsemble& ensemble, LinesAlong along);

/// What our step left as solution, line after line, from the memory of an ensemble.
std::vector<double> solution_of(const LineEnsemble& ensemble, std::vector<double>& memory, LinesAlong along);

/// Runs our step on every member, in the order of a block of the device.
void solve_emulated(const LineEnsemble& ensemble, std::vector<double>& memory, LinesAlong along);

/// From line after line to place after place (one number of each line), and back.
std::vector<double> interleaved(const std::vector<double>& by_line, int length);
std::vector<double> by_line(const std::vector<double>& interleaved, int length);

/// Thomas' algorithm on systems that lie place after place: what a library does with them one thread per line. The solution lies
/// alike.
std::vector<double> eliminate_interleaved(const Tridiagonals& interleaved_systems);
/// The same systems place after place.
Tridiagonals interleaved(const Tridiagonals& by_line);

/// Worst error of a solution over what rounding allows, against elimination with 64-bit mantissas.
///
/// Elimination of a diagonally dominant tridiagonal matrix solves (A + dA) x = b with |dA| <= 3 (4 eps) |A| (Higham 2002, Accuracy
/// and Stability of Numerical Algorithms, th. 9.12 and 9.14), and to write down the diagonal rounds three times more. With A 1 = s,
/// the storage, A^-1 s = 1, so |dx| <= A^-1 |dA| |x| <= 15 eps max_i (|A| |x|)_i / s_i; 16 is taken. Cyclic reduction rounds so at
/// each of its log2 n levels.
double error_of_matrix_solver(const Tridiagonals& systems, const std::vector<double>& solution, bool cyclic_reduction);
/// The same for our steps, which form no matrix: all their numbers are positive and only added, multiplied and divided. A cell adds
/// five roundings to storage and two more than its storage has to what is on its way, so n cells come to 5 n^2 eps of each number.
/// Less than 1e-60 of the largest counts as nothing: where no ink is, transport leaves rounding of either sign.
double error_of_our_steps(const Tridiagonals& systems, const std::vector<double>& solution);

/// Bytes per cell that must move, each array once per loop: ours reads conductance, fluid and carrier and leaves factor and
/// solution, then reads these four and leaves solution and carrier; a library reads three diagonals and the right side and leaves
/// the solution.
inline constexpr int our_bytes_per_cell = 11 * 8, library_bytes_per_cell = 5 * 8;

/// What came of one way to solve the systems.
struct LineResult {
  std::string who;
  std::vector<double> solution;  ///< line after line
  double seconds;                ///< of one solution of all, the median of the repeats
  int bytes_per_cell;
  bool ours = false, cyclic_reduction = false;
};
struct LineResults {
  std::vector<LineResult> found;
  double copy_rate = 0.0;  ///< of device memory, read and written [byte/s]
  std::string missing;     ///< why the library was not asked
};
/// Our step, cusparseDgtsv2StridedBatch and cusparseDgtsvInterleavedBatch on the device, in turns.
LineResults run_lines_on_device(const LineEnsemble& ensemble, LinesAlong along, const Tridiagonals& systems, int repeats);

}  // namespace dermaflux::gpu_check
