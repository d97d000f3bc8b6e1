#pragma once
#include "core/solver/healing_problem.hpp"

namespace dermaflux {

/// Diffusivities of one pool in the tissue at the axis and in the one beside it, as the larger of them and each over that.
struct SpreadPair {
  double largest;  ///< [m^2/s]
  double here = 1.0, other = 1.0;

  DF_FUNCTION static SpreadPair of(double a, double b) {
    const double top = larger(a, b);
    return top > 0.0 ? SpreadPair{top, a / top, b / top} : SpreadPair{0.0};
  }
  /// Over the largest, where the share `s` lies in the other tissue [-].
  DF_FUNCTION double relative(double s) const { return mix(here, other, s); }
};

/// Implicit radial diffusion of one pool, every row by the Thomas algorithm; the junction is a barrier. Across a face the mean of
/// both rings counts, so that what leaves one enters the other. Rows without pigment are left alone.
struct RadialSpreadStep {
  HealingProblem p;
  FieldView<double> field;
  SpreadPair diffusivity;
  double dt;  ///< [s]

  static constexpr int groups_abreast = 2;
  /// Conductance of the inner face of ring i over 2 pi D dt per height [-], D the largest diffusivity.
  DF_FUNCTION double through(int i) const {
    const AxisymmetricGrid& grid = p.grid;
    const double share = 0.5 * (p.rings.beside(i - 1) + p.rings.beside(i));
    return diffusivity.relative(share) * grid.r_face(i) / (grid.r_centre(i) - grid.r_centre(i - 1));
  }
  template <int W>
  DF_FUNCTION void rows(int j) const {
    const AxisymmetricGrid& grid = p.grid;
    double inverse[W] = {}, reduced[W] = {}, inner[W], held[W] = {};
    for (int i = 0; i < grid.n_r; ++i) {
      const int first = grid.cell(i, j);
      DF_LANES
      for (int l = 0; l < W; ++l) held[l] = larger(held[l], field(first + l));
    }
    double largest = 0.0;
    for (int l = 0; l < W; ++l) largest = larger(largest, held[l]);
    if (largest < negligible_pigment) return;
    for (int i = grid.n_r - 1; i >= 0; --i) {
      const int first = grid.cell(i, j);
      const double ring = grid.ring_area(i) / (2.0 * units::pi * diffusivity.largest * dt);
      const double outward = i + 1 < grid.n_r ? through(i + 1) : 0.0;
      const double inward = i > 0 ? through(i) : 0.0;
      DF_LANES
      for (int l = 0; l < W; ++l) {
        const int k = first + l;
        const double open = 1.0 - p.rows.epidermal(j + l), coupling = open * outward * inverse[l];
        reduced[l] = ring * field(k) + coupling * reduced[l];
        inverse[l] = 1.0 / (ring + open * (outward + inward) - coupling * open * outward);
        p.scratch.factor(k) = inverse[l];
        p.scratch.solved(k) = reduced[l];
      }
    }
    for (int l = 0; l < W; ++l) inner[l] = 0.0;
    for (int i = 0; i < grid.n_r; ++i) {
      const int first = grid.cell(i, j);
      const double inward = i > 0 ? through(i) : 0.0;
      DF_LANES
      for (int l = 0; l < W; ++l) {
        const int k = first + l;
        inner[l] = p.scratch.factor(k) * (p.scratch.solved(k) + (1.0 - p.rows.epidermal(j + l)) * inward * inner[l]);
        field(k) = held[l] < negligible_pigment ? field(k) : inner[l];
      }
    }
  }
};

/// Implicit vertical diffusion and slow descent (upwind) in one ring, row by row from the top by the Thomas algorithm.
struct VerticalLine {
  HealingProblem p;
  double diffusivity, speed, dt;  ///< [m^2/s], [m/s] downward, [s]
  int rows = 0;                   ///< place of its first row in the problem's
  double from_above = 0.0;        ///< into the next row [m]
  double inverse = 0.0, coupling = 0.0, up = 0.0;

  /// Share of dermis in the row; nothing crosses into epidermis.
  DF_FUNCTION double open(int j) const { return 1.0 - p.rows.epidermal(rows + j); }
  DF_FUNCTION double exchange(int j) const {  ///< across the lower face of row j [m/s]
    if (j + 1 >= p.grid.n_z) return 0.0;
    const double a = open(j), b = open(j + 1);
    if (a <= 0.0 || b <= 0.0) return 0.0;
    return diffusivity / (0.5 * p.grid.dz(j) / a + 0.5 * p.grid.dz(j + 1) / b);
  }
  DF_FUNCTION double descent(int j) const { return j + 1 < p.grid.n_z ? speed * open(j) : 0.0; }

  /// Eliminates row j, after those above it. Returns what enters it from the row above, over dz, before the row is solved [m].
  DF_FUNCTION double next(int j) {
    const double entering = from_above, down = dt * exchange(j), sinking = dt * descent(j);
    inverse = 1.0 / (p.grid.dz(j) + up + down + sinking - entering * coupling);
    coupling = down * inverse;
    up = down;
    from_above = down + sinking;
    return entering;
  }
};

/// The factors of such a line, the same for every ring where all lies in one tissue.
struct VerticalFactorStep {
  HealingProblem p;
  double diffusivity, speed, dt;  ///< [m^2/s], [m/s] downward, [s]
  DF_FUNCTION void operator()() const {
    VerticalLine line{p, diffusivity, speed, dt};
    for (int j = 0; j < p.grid.n_z; ++j) {
      const double entering = line.next(j);
      p.scratch.from_above(j) = entering * line.inverse;
      p.scratch.own(j) = p.grid.dz(j) * line.inverse;
      p.scratch.coupling(j) = line.coupling;
    }
  }
};

/// Vertical diffusion and descent of one pool in each ring, with the factors of VerticalFactorStep; each row waits for the one
/// before, so several rings go side by side. A ring without pigment is left alone.
struct VerticalSpreadStep {
  HealingProblem p;
  FieldView<double> field;
  static constexpr int abreast = 4;

  DF_FUNCTION static int groups(int n_r) { return (n_r + abreast - 1) / abreast; }
  DF_FUNCTION void operator()(int group, int) const {
    const int first = group * abreast;
    if (first + abreast <= p.grid.n_r) return rings<abreast>(first);
    for (int i = first; i < p.grid.n_r; ++i) rings<1>(i);
  }

 private:
  template <int N>
  DF_FUNCTION void rings(int first) const {
    const int n_z = p.grid.n_z;
    double largest[N] = {}, reduced[N] = {}, below[N] = {}, most = 0.0;
    for (int j = 0; j < n_z; ++j)
      for (int n = 0; n < N; ++n) largest[n] = larger(largest[n], field(p.grid.cell(first + n, j)));
    for (int n = 0; n < N; ++n) most = larger(most, largest[n]);
    if (most < negligible_pigment) return;
    for (int j = 0; j < n_z; ++j)
      for (int n = 0; n < N; ++n) {
        const int k = p.grid.cell(first + n, j);
        reduced[n] = p.scratch.own(j) * field(k) + p.scratch.from_above(j) * reduced[n];
        p.scratch.solved(k) = reduced[n];
      }
    for (int j = n_z - 1; j >= 0; --j)
      for (int n = 0; n < N; ++n) {
        const int k = p.grid.cell(first + n, j);
        below[n] = p.scratch.solved(k) + p.scratch.coupling(j) * below[n];
        if (largest[n] >= negligible_pigment) field(k) = below[n];
      }
  }
};

/// The same where the rings lie in two tissues or have junctions of their own: each has its own diffusivity, descent and barrier.
struct BorderedVerticalSpreadStep {
  HealingProblem p;
  FieldView<double> field;
  SpreadPair diffusivity;
  double speed[2], dt;  ///< per TissueSide [m/s] downward, [s]

  DF_FUNCTION void operator()(int i, int) const {
    const int n_z = p.grid.n_z, first = p.grid.cell(i, 0);
    double largest = 0.0;
    for (int j = 0; j < n_z; ++j) largest = larger(largest, field(first + j));
    if (largest < negligible_pigment) return;
    const double share = p.rings.beside(i);
    VerticalLine line{p, diffusivity.largest * diffusivity.relative(share), mix(speed[at_axis], speed[beside], share), dt,
                      p.rows.of(i)};
    double reduced = 0.0;
    for (int j = 0; j < n_z; ++j) {
      const double entering = line.next(j);
      reduced = (p.grid.dz(j) * field(first + j) + entering * reduced) * line.inverse;
      p.scratch.solved(first + j) = reduced;
      p.scratch.factor(first + j) = line.coupling;
    }
    double below = 0.0;
    for (int j = n_z - 1; j >= 0; --j) {
      below = p.scratch.solved(first + j) + p.scratch.factor(first + j) * below;
      field(first + j) = below;
    }
  }
};

}  // namespace dermaflux
