#include "validation/gpu/lines.hpp"

#include <algorithm>
#include <limits>

#include "core/simulation/treatment_program.hpp"
#include "core/simulation/workspace.hpp"
#include "kernels/emulated_block.hpp"

namespace dermaflux::gpu_check {
namespace {

/// Divides the memory of one member; counts it where there is none.
long lay_out(double* memory, int n_r, int n_z, InsertionProblem& p) {
  ViewArena arena{memory};
  p.grid = take_grid(arena, n_r, n_z);
  const int cells = p.grid.cell_count();
  for (auto* view : {&p.tissue.fluid, &p.tissue.carrier, &p.scratch.w, &p.scratch.radial_spreading, &p.scratch.axial_spreading,
                     &p.scratch.factor})
    *view = arena.take(cells, n_z);
  return arena.used;
}

void copy(FieldView<const double> from, FieldView<const double> to) {
  for (int k = -to.pad; k < to.size + to.pad; ++k) put(to, k, from(k));
}

/// A treatment after some strokes, on memory of its own.
struct AfterStrokes {
  CaseBlueprint blueprint;
  Workspace workspace;
  TreatmentCase bound;
  InsertionTally tally;

  AfterStrokes(const Treatment& treatment, const RunOptions& options, int strokes)
      : blueprint(build_case(treatment, options)),
        bound(blueprint.bind(blueprint.constants.data(), workspace.zeroed(blueprint.state_length))) {
    const InsertionProblem& p = bound.insertion;
    const SerialExecutor executor{};
    executor.cells(p.grid.n_r, p.grid.n_z, StartTissueStep{p});
    executor.single(FillDropStep{p});
    run_strokes(executor, p, 0, strokes, {}, tally);
  }
};

long double largest_over_storage(const Tridiagonals& s, int first, const std::vector<double>& x) {
  long double worst = 0.0L;
  for (int i = 0; i < s.length; ++i) {
    const auto k = static_cast<std::size_t>(first + i);
    long double sum = std::fabs(s.diagonal[k] * x[k]);
    if (i > 0) sum += std::fabs(s.lower[k] * x[k - 1]);
    if (i + 1 < s.length) sum += std::fabs(s.upper[k] * x[k + 1]);
    worst = std::max(worst, sum / static_cast<long double>(s.storage[k]));
  }
  return worst;
}

/// Solution of one line by elimination with 64-bit mantissas and without differences: what is eliminated is kept as the storage
/// that it is to the next cell, so that no digit is lost.
std::vector<long double> exact_line(const Tridiagonals& s, int first) {
  const auto n = static_cast<std::size_t>(s.length), at = static_cast<std::size_t>(first);
  std::vector<long double> x(n), pivot(n);
  long double storage = 0.0L, right = 0.0L;  // that the cells before are to this one
  for (std::size_t i = 0; i < n; ++i) {
    const long double onward = -s.upper[at + i], total = storage + s.storage[at + i];
    pivot[i] = total + onward;
    x[i] = right + s.right[at + i];
    storage = onward * (total / pivot[i]);
    right = onward * (x[i] / pivot[i]);
  }
  x[n - 1] /= pivot[n - 1];
  for (std::size_t i = n - 1; i-- > 0;) x[i] = (x[i] - s.upper[at + i] * x[i + 1]) / pivot[i];
  return x;
}

}  // namespace

InsertionProblem LineEnsemble::bind(double* memory_of_all, int member) const {
  InsertionProblem p{};
  lay_out(memory_of_all + member * stride, n_r, n_z, p);
  return p;
}

LineEnsemble line_ensemble(const std::vector<Treatment>& treatments, GridLevel grid, int strokes, int copies) {
  LineEnsemble all;
  RunOptions options;
  options.grid = grid;
  for (const Treatment& treatment : treatments) {
    const AfterStrokes one(treatment, options, strokes);
    const InsertionProblem& p = one.bound.insertion;
    InsertionProblem packed{};
    if (all.stride == 0) {
      all.n_r = p.grid.n_r;
      all.n_z = p.grid.n_z;
      all.stride = lay_out(nullptr, all.n_r, all.n_z, packed);
    }
    if (p.grid.n_r != all.n_r || p.grid.n_z != all.n_z) continue;
    const double interval = one.tally.time / static_cast<double>(std::max(one.tally.spreadings, 1L));
    for (int n = 0; n < copies; ++n) {
      const double time = interval * (0.5 + std::fmod(0.6180339887498949 * n, 1.0));
      for (int k = 0; k < p.grid.cell_count(); ++k) p.tissue.path(k) = time * p.tissue.speed(k);
      SerialExecutor{}.rows(all.n_z, SpreadingConductanceStep{p, all.box(), p.params.carrier_diffusivity, time});
      all.memory.resize(all.memory.size() + static_cast<std::size_t>(all.stride));
      lay_out(all.memory.data() + all.memory.size() - all.stride, all.n_r, all.n_z, packed);
      copy(p.grid.r_face, packed.grid.r_face);
      copy(p.grid.r_centre, packed.grid.r_centre);
      copy(p.grid.z_face, packed.grid.z_face);
      copy(p.grid.z_centre, packed.grid.z_centre);
      copy(p.tissue.fluid, packed.tissue.fluid);
      copy(p.tissue.carrier, packed.tissue.carrier);
      copy(p.scratch.radial_spreading, packed.scratch.radial_spreading);
      copy(p.scratch.axial_spreading, packed.scratch.axial_spreading);
    }
  }
  return all;
}

Tridiagonals systems_of(const LineEnsemble& ensemble, LinesAlong along) {
  Tridiagonals s;
  s.length = ensemble.length(along);
  s.count = ensemble.lines(along);
  const auto size = static_cast<std::size_t>(s.length) * static_cast<std::size_t>(s.count);
  for (auto* part : {&s.lower, &s.diagonal, &s.upper, &s.right, &s.storage}) part->reserve(size);
  std::vector<double> memory = ensemble.memory;
  const bool rings = along == LinesAlong::rings;
  for (int m = 0; m < ensemble.members(); ++m) {
    const InsertionProblem p = ensemble.bind(memory.data(), m);
    const FieldView<double> conductance = rings ? p.scratch.radial_spreading : p.scratch.axial_spreading;
    const int before = rings ? p.grid.column : 1;
    for (int line = 0; line < (rings ? p.grid.n_z : p.grid.n_r); ++line)
      for (int n = 0; n < s.length; ++n) {
        const int i = rings ? n : line, j = rings ? line : n, k = p.grid.cell(i, j);
        const double volume = p.grid.ring_area(i) * p.grid.dz(j), storage = volume * p.tissue.fluid(k);
        const double lower = n > 0 ? conductance(k - before) : 0.0, upper = n + 1 < s.length ? conductance(k) : 0.0;
        s.lower.push_back(-lower);
        s.upper.push_back(-upper);
        s.diagonal.push_back(storage + lower + upper);
        s.right.push_back(volume * p.tissue.carrier(k));
        s.storage.push_back(storage);
      }
  }
  return s;
}

std::vector<double> solution_of(const LineEnsemble& ensemble, std::vector<double>& memory, LinesAlong along) {
  std::vector<double> x;
  const bool rings = along == LinesAlong::rings;
  for (int m = 0; m < ensemble.members(); ++m) {
    const InsertionProblem p = ensemble.bind(memory.data(), m);
    for (int line = 0; line < (rings ? p.grid.n_z : p.grid.n_r); ++line)
      for (int n = 0; n < ensemble.length(along); ++n)
        x.push_back(p.scratch.w(rings ? p.grid.cell(n, line) : p.grid.cell(line, n)));
  }
  return x;
}

void solve_emulated(const LineEnsemble& ensemble, std::vector<double>& memory, LinesAlong along) {
  const StridedExecutor executor{128};
  const TransportBox box = ensemble.box();
  for (int m = 0; m < ensemble.members(); ++m) {
    const InsertionProblem p = ensemble.bind(memory.data(), m);
    if (along == LinesAlong::rings)
      executor.rows(box.rows, RingSpreadingStep{p, box, p.tissue.carrier, p.scratch.w});
    else
      executor.cells(RowSpreadingStep::groups(box), 1, RowSpreadingStep{p, box, p.tissue.carrier, p.scratch.w});
  }
}

std::vector<double> interleaved(const std::vector<double>& by_line, int length) {
  const std::size_t n = static_cast<std::size_t>(length), count = by_line.size() / n;
  std::vector<double> result(by_line.size());
  for (std::size_t line = 0; line < count; ++line)
    for (std::size_t i = 0; i < n; ++i) result[i * count + line] = by_line[line * n + i];
  return result;
}

std::vector<double> by_line(const std::vector<double>& interleaved_values, int length) {
  return interleaved(interleaved_values, static_cast<int>(interleaved_values.size()) / length);
}

Tridiagonals interleaved(const Tridiagonals& by_line) {
  Tridiagonals turned = by_line;
  for (auto* part : {&turned.lower, &turned.diagonal, &turned.upper, &turned.right, &turned.storage})
    *part = interleaved(*part, by_line.length);
  return turned;
}

std::vector<double> eliminate_interleaved(const Tridiagonals& s) {
  const std::size_t n = static_cast<std::size_t>(s.length), count = static_cast<std::size_t>(s.count);
  std::vector<double> x = s.right, upper(s.upper.size());
  for (std::size_t line = 0; line < count; ++line) {
    for (std::size_t i = 0; i < n; ++i) {
      const std::size_t k = i * count + line;
      const double lower = i > 0 ? s.lower[k] : 0.0, pivot = s.diagonal[k] - (i > 0 ? lower * upper[k - count] : 0.0);
      upper[k] = s.upper[k] / pivot;
      x[k] = (x[k] - (i > 0 ? lower * x[k - count] : 0.0)) / pivot;
    }
    for (std::size_t i = n - 1; i-- > 0;) x[i * count + line] -= upper[i * count + line] * x[(i + 1) * count + line];
  }
  return x;
}

double error_of_matrix_solver(const Tridiagonals& s, const std::vector<double>& solution, bool cyclic_reduction) {
  const double levels = cyclic_reduction ? std::ceil(std::log2(s.length)) : 1.0;
  long double worst = 0.0L;
  for (int first = 0; first < s.length * s.count; first += s.length) {
    const std::vector<long double> exact = exact_line(s, first);
    const long double allowed = 16.0L * levels * std::numeric_limits<double>::epsilon() * largest_over_storage(s, first, solution);
    for (int i = 0; i < s.length; ++i) {
      const long double error = std::fabs(solution[static_cast<std::size_t>(first + i)] - exact[static_cast<std::size_t>(i)]);
      if (!(error <= worst * allowed)) worst = allowed > 0.0L && error == error ? error / allowed : HUGE_VALL;
    }
  }
  return static_cast<double>(worst);
}

double error_of_our_steps(const Tridiagonals& s, const std::vector<double>& solution) {
  const long double allowed = 5.0L * s.length * s.length * std::numeric_limits<double>::epsilon();
  constexpr long double nothing = 1e-60L;  // of the largest: what transport leaves where no ink is, of either sign
  long double worst = 0.0L, largest = 0.0L;
  for (const double one : solution) largest = std::max(largest, static_cast<long double>(std::fabs(one)));
  for (int first = 0; first < s.length * s.count; first += s.length) {
    const std::vector<long double> exact = exact_line(s, first);
    for (int i = 0; i < s.length; ++i) {
      const long double right = exact[static_cast<std::size_t>(i)];
      const long double error = std::fabs(solution[static_cast<std::size_t>(first + i)] - right), least = nothing * largest;
      if (!(error <= worst * allowed * right + least))
        worst = right > 0.0L && error == error ? error / (allowed * right) : HUGE_VALL;
    }
  }
  return static_cast<double>(worst);
}

}  // namespace dermaflux::gpu_check
