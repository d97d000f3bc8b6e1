#pragma once
#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/simulation/workspace.hpp"
#include "core/solver/insertion_cycle.hpp"
#include "core/solver/insertion_setup.hpp"

namespace dermaflux::benchmark {

/// A problem as problems.py saved it: numbers by name, arrays by name with z running fastest.
struct SavedProblem {
  std::filesystem::path folder;
  std::string name;
  std::map<std::string, double> numbers;

  SavedProblem(std::filesystem::path where, std::string what) : folder(std::move(where)), name(std::move(what)) {
    std::ifstream file(folder / (name + ".txt"));
    double value;
    for (std::string key; file >> key >> value;) numbers[key] = value;
    if (numbers.empty()) throw std::runtime_error("no problem " + name + " in " + folder.string());
  }
  int count(const std::string& key) const { return static_cast<int>(numbers.at(key)); }
  std::filesystem::path path(const std::string& array) const { return folder / (name + "." + array + ".f64"); }
  std::vector<double> array(const std::string& key) const {
    std::vector<double> values(std::filesystem::file_size(path(key)) / sizeof(double));
    std::ifstream file(path(key), std::ios::binary);
    file.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(double)));
    if (!file) throw std::runtime_error("cannot read " + path(key).string());
    return values;
  }
  void write(const std::string& key, FieldView<const double> view) const {
    std::ofstream file(path(key), std::ios::binary);
    file.write(reinterpret_cast<const char*>(view.data), static_cast<std::streamsize>(sizeof(double)) * view.size);
  }
};

/// An InsertionProblem without needle and track, on the uniform grid of a saved problem: tissue at rest, linear storage, no
/// lymph, no filtration. What is left are the pressure and the transport of the real solver, with its memory layout.
class FlowProblem {
 public:
  explicit FlowProblem(const SavedProblem& saved) : saved_(saved) {
    const int n_r = saved.count("n_r"), n_z = saved.count("n_z");
    p.params.classes = 1;
    const auto take_views = [&](double* constants, double* state) {
      ViewArena first{constants}, second{state};
      lay_out_constants(first, n_r, n_z, p);
      lay_out_state(second, p);
      source = second.take(n_r * n_z, n_z);
      return std::pair{first.used, second.used};
    };
    const auto [constant_count, state_count] = take_views(nullptr, nullptr);
    take_views(constants_.zeroed(constant_count), state_.zeroed(state_count));
    const auto face = [](double end, int i, int n) { return end * i / n; };
    const double radius = saved.numbers.at("radius"), depth = saved.numbers.at("depth");
    for (int i = 0; i <= n_r; ++i) put(p.grid.r_face, i, face(radius, i, n_r));
    for (int j = 0; j <= n_z; ++j) put(p.grid.z_face, j, face(depth, j, n_z));
    for (int i = 0; i < n_r; ++i) put(p.grid.r_centre, i, 0.5 * (p.grid.r_face(i) + p.grid.r_face(i + 1)));
    for (int j = 0; j < n_z; ++j) {
      put(p.grid.z_centre, j, 0.5 * (p.grid.z_face(j) + p.grid.z_face(j + 1)));
      put(p.rows.anisotropy, j, 1.0);
      put(p.rows.porosity, j, saved.numbers.at("porosity"));
      put(p.rows.storage, j, saved.numbers.at("storage"));
      p.system.compliance(j) = -1.0;  // no track
    }
    p.params.permeability = {.strain_exponent = 0.0, .strain_limit = 0.3};
    p.params.max_captured = 1.0;
    p.params.ink_concentration = 1.0;
    for (int k = 0; k < p.grid.cell_count(); ++k) p.tissue.fluid(k) = saved.numbers.at("porosity");
  }

  /// Start of a pressure problem.
  void start_pressure() {
    load("mobility", p.scratch.mobility);
    load("start", p.tissue.pressure);
    load("source", source);
  }

  /// Start of a pressure problem whose flow carries pigment, and as much carrier.
  void start_injection() {
    start_pressure();
    load("pigment", p.scratch.c[0]);
    load("pigment", p.scratch.w);
    for (int k = 0; k < p.grid.cell_count(); ++k)
      p.tissue.pigment[0](k) = p.tissue.carrier(k) = saved_.numbers.at("porosity") * p.scratch.c[0](k);
  }

  /// Start of a transport problem: fluxes from the velocities of the pores at the faces, pigment and as much carrier.
  void start_transport() {
    const AxisymmetricGrid& grid = p.grid;
    const std::vector<double> face_r = saved_.array("face_r"), face_z = saved_.array("face_z");
    const double porosity = saved_.numbers.at("porosity");
    load("start", p.scratch.c[0]);
    load("start", p.scratch.w);
    for (int i = 0; i < grid.n_r; ++i)
      for (int j = 0; j < grid.n_z; ++j) {
        const int k = grid.cell(i, j);
        p.scratch.radial_flux(k) = porosity * grid.outer_area(i, j) * face_r[static_cast<std::size_t>(k + grid.column)];
        p.scratch.axial_flux(k) = porosity * grid.ring_area(i) * face_z[static_cast<std::size_t>(k + i + 1)];
        p.tissue.pigment[0](k) = p.tissue.carrier(k) = porosity * p.scratch.c[0](k);
      }
  }

  InsertionProblem p{};
  FieldView<double> source;  ///< volume injected per tissue volume and time [1/s]

 private:
  void load(const std::string& key, FieldView<double> view) const {
    const std::vector<double> values = saved_.array(key);
    for (int k = 0; k < view.size; ++k) view(k) = values[static_cast<std::size_t>(k)];
  }

  const SavedProblem& saved_;
  Workspace constants_, state_;
};

/// Adds the injected volume to the balance of the cells.
struct SourceStep {
  InsertionProblem p;
  FieldView<const double> source;
  DF_FUNCTION void operator()(int i, int j) const {
    const int k = p.grid.cell(i, j);
    p.system.residual(k) += p.grid.volume(i, j) * source(k);
  }
};

/// Gives a cell the fluid that its source adds in a steady flow: as much as it held.
struct RefillStep {
  InsertionProblem p;
  DF_FUNCTION void operator()(int i, int j) const {
    const int k = p.grid.cell(i, j);
    p.tissue.fluid(k) = p.rows.porosity(j);
    p.scratch.c[0](k) = p.tissue.pigment[0](k) / p.tissue.fluid(k);
    p.scratch.w(k) = p.tissue.carrier(k) / p.tissue.fluid(k);
    p.scratch.fluid_inverse(k) = 1.0 / p.tissue.fluid(k);
  }
};

/// `steps` pressure steps in the order of attempt_step, without needle, track and transport, with so many iterations of the comb
/// before multigrid. Returns all iterations.
template <class Executor>
long advance_pressure(const Executor& executor, const FlowProblem& flow, double end, int steps, double tolerance, int patience) {
  const InsertionProblem& p = flow.p;
  const int n_r = p.grid.n_r, n_z = p.grid.n_z;
  long iterations = 0;
  for (int n = 0; n < steps; ++n) {
    executor.rows(n_z, TransmissibilityStep{p});
    executor.rows(n_z, PressureBalanceStep{p, end / steps});
    executor.cells(n_r, n_z, SourceStep{p, flow.source});
    executor.rows(n_z, FactorTeethStep{p.system});
    iterations += solve_comb(executor, p.system, tolerance, 1000, patience);
    executor.rows(n_z, ApplyCorrectionStep{p});
  }
  return iterations;
}

/// Largest share of a cell's fluid that leaves it per second [1/s], as the solver finds it.
inline double leaving_share(const InsertionProblem& p) {
  const SerialExecutor executor;
  executor.rows(p.grid.n_z, SpeedStep{p, 0.0});
  executor.single(MaximumStep{p.system.partial, p.system.scalars});
  return executor.read(p.system.scalars, scalar_maximum);
}

/// The transport problem from start to end in a steady flow.
template <class Executor>
void advance_transport(const Executor& executor, const InsertionProblem& p, double end, int steps) {
  executor.cells(p.grid.n_r, p.grid.n_z, FluidInverseStep{p});
  for (int n = 0; n < steps; ++n) {
    transport_substep(executor, p, {p.grid.n_r, p.grid.n_z}, end / steps, n % 2 == 0);
    executor.cells(p.grid.n_r, p.grid.n_z, RefillStep{p});
  }
}

/// Pressure and transport together, in the order of insertion_step. Returns all transport substeps.
template <class Executor>
long advance_injection(const Executor& executor, const FlowProblem& flow, double end, int steps, double tolerance) {
  const InsertionProblem& p = flow.p;
  long substeps = 0;
  executor.cells(p.grid.n_r, p.grid.n_z, FluidInverseStep{p});
  for (int n = 0; n < steps; ++n) {
    advance_pressure(executor, flow, end / steps, 1, tolerance, 0);
    executor.cells(p.grid.n_r, p.grid.n_z, FluxStep{p});
    const int count = static_cast<int>(std::ceil(leaving_share(p) * end / steps / largest_courant));
    const TransportBox box = reached_box(executor, p, count + 1, 0.0);
    for (int m = 0; m < count; ++m) {
      transport_substep(executor, p, box, end / steps / count, m % 2 == 0);
      executor.cells(box.rings, box.rows, RefillStep{p});
    }
    substeps += count;
  }
  return substeps;
}

}  // namespace dermaflux::benchmark
