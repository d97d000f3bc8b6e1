#pragma once
#include <cmath>

#include "core/solver/insertion_tally.hpp"
#include "core/solver/space_active.hpp"
#include "core/solver/space_track_steps.hpp"
#include "core/solver/transport_sweeps.hpp"

namespace dermaflux {

// Transport in a box: sweeps along x, y and z, in turns and back, as TransportSweepStep. Fluid, carrier and pigment move in place,
// line by line; what a sweep needs of the cells before it keeps in a window of four cells that moves along. A face is worked out
// once. Only active columns are visited; faces to what is not visited are closed to ink, not to fluid.

/// Whatever is carried: carrier and all size classes of pigment.
inline constexpr int most_carried = 1 + max_size_classes;

/// What a sweep moves, of a group of W cells.
template <int W>
struct CarriedFluxes {
  double fluid[W];                  ///< through a face [m^3/s]
  double carried[most_carried][W];  ///< [m^3/s], [kg/s]
};

/// Old concentrations in the pore fluid of W cells.
template <int W>
struct CarriedShares {
  double inverse[W];  ///< tissue volume over the volume of its pore fluid [-]
  double share[most_carried][W];
};

/// One sweep of a substep: the parts of it that all axes share.
template <bool drains>
struct SpaceSweep {
  SpaceProblem b;
  ActiveColumns active;
  double dt;  ///< [s]

  DF_FUNCTION int kinds() const { return 1 + b.tissue.params.classes; }
  DF_FUNCTION FieldView<double> amount(int n) const { return n == 0 ? b.tissue.tissue.carrier : b.tissue.tissue.pigment[n - 1]; }

  template <int W, int N>
  DF_FUNCTION void load(int first, int lane, CarriedShares<N>& to) const {
    const FieldView<const double> fluid = b.tissue.tissue.fluid;
    DF_LANES
    for (int l = 0; l < W; ++l) to.inverse[lane + l] = 1.0 / fluid(first + l);
    for (int n = 0; n < kinds(); ++n) {
      const FieldView<const double> held = amount(n);
      DF_LANES
      for (int l = 0; l < W; ++l) to.share[n][lane + l] = held(first + l) * to.inverse[lane + l];
    }
  }
  /// One concentration through a face, `flux` positive from `donor` forward in the order a, b, c, d.
  DF_IN_LANES DF_FUNCTION static double through(double flux, double taken, double a, double b, double c, double d) {
    const bool forward = flux >= 0.0;
    return flux * FaceConcentration{}(forward ? a : d, forward ? b : c, forward ? c : b, taken);
  }
  /// Balance of W cells; `in` and `out` are what comes through their faces, `lane` and `lane_out` where in them.
  template <int W, int N, int M>
  DF_FUNCTION void settle(int first, const double (&per_volume)[W], const CarriedFluxes<N>& in, int lane,
                          const CarriedFluxes<M>& out, int lane_out) const {
    const TissueState& tissue = b.tissue.tissue;
    const double conductance = dt * b.tissue.params.lymph_conductance, rest = b.tissue.params.rest_pressure;
    double kept[W];
    DF_LANES
    for (int l = 0; l < W; ++l) {
      const int k = first + l;
      double fluid = tissue.fluid(k) + per_volume[l] * (in.fluid[lane + l] - out.fluid[lane_out + l]);
      kept[l] = 1.0;
      if constexpr (drains) {
        const double left = fluid - conductance * (tissue.pressure(k) - rest);
        kept[l] = smaller(left / fluid, 1.0);
        fluid = left;
      }
      tissue.fluid(k) = fluid;
    }
    for (int n = 0; n < kinds(); ++n) {
      const FieldView<double> held = amount(n);
      const bool thins = drains && n == 0;
      DF_LANES
      for (int l = 0; l < W; ++l) {
        const double after = held(first + l) + per_volume[l] * (in.carried[n][lane + l] - out.carried[n][lane_out + l]);
        held(first + l) = thins ? after * kept[l] : after;
      }
    }
  }
};

/// Rows that go side by side where their columns' activity is told once for all of them.
inline constexpr int row_group = 8;

/// A sweep along x or y: every line of groups of rows from its first to its last column.
template <SpaceAxis axis, bool drains>
struct SpaceSidewaysStep : SpaceSweep<drains> {
  using Base = SpaceSweep<drains>;
  using Base::active, Base::b, Base::dt;
  static constexpr int abreast = 128;
  static constexpr Fastest fastest = Fastest::z;

  DF_FUNCTION int line_count() const { return axis == SpaceAxis::x ? b.part.j1 - b.part.j0 : b.part.i1 - b.part.i0; }

  template <int W>
  DF_FUNCTION void lines(int line, int row) const {
    constexpr int group = W < row_group ? W : row_group;
    const CartesianGrid& g = b.grid;
    const bool along_x = axis == SpaceAxis::x;
    const int low = along_x ? b.part.i0 : b.part.j0, high = along_x ? b.part.i1 : b.part.j1;
    const int stride = along_x ? g.step_x() : g.step_y(), other = line + (along_x ? b.part.j0 : b.part.i0);
    const FieldView<const double> flux = along_x ? b.scratch.x_flux : b.scratch.y_flux;
    const auto column = [&](int n) { return along_x ? g.column(n, other) : g.column(other, n); };
    const auto held = [&](int n) {  // rows of this group that are active in the n-th column
      if (n < low || n >= high) return 0;
      const int rows = active.rows(column(n)) - row;
      return rows < 0 ? 0 : (rows < W ? rows : W);
    };
    int counts[4] = {0, 0, held(low), held(low + 1)};  // of the columns before, here, next and after that
    const auto cell = [&](int n) { return column(n) * g.n_z + row; };
    const auto per_area = [&](int n) { return dt / b.column_area(column(n)); };
    double per_height[W];
    DF_LANES
    for (int l = 0; l < W; ++l) per_height[l] = b.scratch.per_height(row + l);
    CarriedShares<W> window[4];
    const auto fill = [&](int n, int count) {
      for (int lane = 0; lane < count; lane += group) this->template load<group>(cell(n) + lane, lane, window[n & 3]);
    };
    fill(low, counts[2]);
    if (counts[3] > 0) fill(low + 1, counts[3]);
    CarriedFluxes<W> fluxes[2];
    double here = 0.0, next = per_area(low);  // dt over the area of the columns
    for (int n = low; n < high; ++n) {
      for (int m = 0; m < 3; ++m) counts[m] = counts[m + 1];
      counts[3] = held(n + 2);
      here = next;
      next = n + 1 < high ? per_area(n + 1) : here;
      if (counts[3] > 0) fill(n + 2, counts[3]);
      if (counts[1] == 0) continue;
      const int open = counts[1] < counts[2] ? counts[1] : counts[2];
      CarriedFluxes<W>&in = fluxes[n & 1], &out = fluxes[(n + 1) & 1];
      for (int lane = 0; lane < counts[1]; lane += group) {
        const int first = cell(n) + lane;
        double per_volume[group];
        for (int l = 0; l < group; ++l) {
          per_volume[l] = here * per_height[lane + l];
          out.fluid[lane + l] = flux(first + l);
        }
        if (lane >= counts[0]) {  // the column before is not active here: closed to ink, open to fluid
          for (int l = 0; l < group; ++l) in.fluid[lane + l] = flux(first - stride + l);
          for (int m = 0; m < this->kinds(); ++m)
            for (int l = 0; l < group; ++l) in.carried[m][lane + l] = 0.0;
        }
        if (lane < open) {
          const CarriedShares<W>&donor = window[n & 3], &after = window[(n + 1) & 3];
          const CarriedShares<W>& behind = lane < counts[0] ? window[(n - 1) & 3] : donor;
          const CarriedShares<W>& ahead = lane < counts[3] ? window[(n + 2) & 3] : after;
          double taken[group];
          DF_LANES
          for (int l = 0; l < group; ++l) {
            const double q = out.fluid[lane + l], per_next = next * per_height[lane + l];
            const double leaves = donor.inverse[lane + l] * per_volume[l], comes = after.inverse[lane + l] * per_next;
            taken[l] = std::fabs(q) * (q >= 0.0 ? leaves : comes);
          }
          for (int m = 0; m < this->kinds(); ++m) {
            DF_LANES
            for (int l = 0; l < group; ++l)
              out.carried[m][lane + l] =
                  Base::through(out.fluid[lane + l], taken[l], behind.share[m][lane + l], donor.share[m][lane + l],
                                after.share[m][lane + l], ahead.share[m][lane + l]);
          }
        } else {
          for (int m = 0; m < this->kinds(); ++m)
            for (int l = 0; l < group; ++l) out.carried[m][lane + l] = 0.0;
        }
        this->template settle<group>(first, per_volume, in, lane, out, lane);
      }
    }
  }
};

/// A sweep along z: every active column from its top to the last of its rows.
template <bool drains>
struct SpaceDownStep : SpaceSweep<drains> {
  using Base = SpaceSweep<drains>;
  using Base::active, Base::b, Base::dt;

  static constexpr int abreast = 32;

  /// What goes from one group of rows to the next.
  struct Passed {
    CarriedShares<2> before;  ///< of the two cells above
    CarriedFluxes<1> in;      ///< through the upper face
  };
  template <int W>
  DF_FUNCTION void group(int first, int row, int rows, double per_area, Passed& passed) const {
    CarriedShares<W + 4> window;
    for (int l = 0; l < 2; ++l) {
      window.inverse[l] = passed.before.inverse[l];
      for (int m = 0; m < this->kinds(); ++m) window.share[m][l] = passed.before.share[m][l];
    }
    const int at = first + row;
    this->template load<W>(at, 2, window);
    for (int l = 0; l < 2; ++l) {
      const int further = row + W + l < rows ? W + l : rows - 1 - row;
      this->template load<1>(at + further, W + 2 + l, window);
    }
    if (row == 0)
      for (int m = 0; m < this->kinds(); ++m) window.share[m][0] = window.share[m][1] = window.share[m][2];
    CarriedFluxes<W + 1> faces;
    faces.fluid[0] = passed.in.fluid[0];
    for (int m = 0; m < this->kinds(); ++m) faces.carried[m][0] = passed.in.carried[m][0];
    double per_volume[W], taken[W], flux[W];
    DF_LANES
    for (int l = 0; l < W; ++l) {
      per_volume[l] = per_area * b.scratch.per_height(row + l);
      faces.fluid[l + 1] = b.scratch.z_flux(at + l);
      flux[l] = row + l + 1 < rows ? faces.fluid[l + 1] : 0.0;
    }
    DF_LANES
    for (int l = 0; l < W; ++l) {
      const double leaves = window.inverse[l + 2] * per_volume[l];
      const double comes = window.inverse[l + 3] * (per_area * b.scratch.per_height(row + l + 1));
      taken[l] = std::fabs(flux[l]) * (flux[l] >= 0.0 ? leaves : comes);
    }
    for (int m = 0; m < this->kinds(); ++m) {
      const double* const share = window.share[m];
      DF_LANES
      for (int l = 0; l < W; ++l)
        faces.carried[m][l + 1] = Base::through(flux[l], taken[l], share[l + 1], share[l + 2], share[l + 3], share[l + 4]);
    }
    this->template settle<W>(at, per_volume, faces, 0, faces, 1);
    for (int l = 0; l < 2; ++l) {
      passed.before.inverse[l] = window.inverse[W + l];
      for (int m = 0; m < this->kinds(); ++m) passed.before.share[m][l] = window.share[m][W + l];
    }
    passed.in.fluid[0] = faces.fluid[W];
    for (int m = 0; m < this->kinds(); ++m) passed.in.carried[m][0] = faces.carried[m][W];
  }
  DF_FUNCTION void operator()(int m) const {
    const int column = active.list(m), rows = active.rows(column), first = column * b.grid.n_z;
    const double per_area = dt / b.column_area(column);
    Passed passed{};
    int row = 0;
    for (; row + abreast <= rows; row += abreast) group<abreast>(first, row, rows, per_area, passed);
    for (; row + row_group <= rows; row += row_group) group<row_group>(first, row, rows, per_area, passed);
    for (; row < rows; ++row) group<1>(first, row, rows, per_area, passed);
  }
};

/// Fluid balance over the whole step of the cells that transport does not visit, and the pressure that belongs to every cell's
/// fluid.
struct SpaceFluidStep {
  SpaceProblem b;
  ActiveColumns active;
  double dt;  ///< [s]
  DF_FUNCTION void operator()(int n, int top, int end) const {
    const TissueState& tissue = b.tissue.tissue;
    const SpaceScratch& s = b.scratch;
    const int column = b.column(n), first = column * b.grid.n_z, visited = active.rows(column);
    const double per_area = dt / b.column_area(column), drain = dt * b.tissue.params.lymph_conductance;
    DF_LANES
    for (int j = visited > top ? visited : top; j < end; ++j) {
      const int k = first + j;
      const double in = s.x_flux(k - b.layer()) + s.y_flux(k - b.grid.n_z) + s.z_flux(k - 1);
      const double out = s.x_flux(k) + s.y_flux(k) + s.z_flux(k);
      tissue.fluid(k) += (in - out) * (per_area * s.per_height(j)) - drain * (tissue.pressure(k) - b.tissue.params.rest_pressure);
    }
    DF_LANES
    for (int j = top; j < end; ++j) tissue.pressure(first + j) = pore_storage(b.tissue, j).pressure(tissue.fluid(first + j));
  }
};

/// Transport of carrier and pigment with the step's flow in substeps, and what the matrix catches on the way: wall, x, y, z, matrix
/// and, the next time, matrix, z, y, x, wall, which is symmetric and so of second order; `done` counts the substeps before. Returns
/// the columns that were visited.
template <class Executor>
ActiveColumns carry_ink(const Executor& executor, const SpaceProblem& b, double dt, int substeps, int done) {
  const ActiveColumns active = active_columns(executor, b, substeps + 1, 0.0);
  if (active.count == 0) return active;
  const double part = dt / substeps;
  in_active(executor, b, active, CaptureRateStep{b.tissue, {1, b.grid.n_z}, dt});
  const auto sweep = [&](SpaceAxis axis) {
    const auto sideways = [&](const auto& step) { executor.lines(step.line_count(), b.part.rows, step); };
    if (axis == SpaceAxis::x) sideways(SpaceSidewaysStep<SpaceAxis::x, false>{{b, active, part}});
    if (axis == SpaceAxis::y) sideways(SpaceSidewaysStep<SpaceAxis::y, true>{{b, active, part}});  // lymph drains in the middle
    if (axis == SpaceAxis::z) executor.list(active.count, SpaceDownStep<false>{{b, active, part}});
  };
  const auto filter = [&](double time) {
    in_active(executor, b, active, FiltrationStepOn<false>{b.tissue, {1, b.grid.n_z}, time});
  };
  for (int n = 0; n < substeps; ++n) {
    const bool forward = (done + n) % 2 == 0;
    if (!forward && n == 0) filter(part);
    if (forward) executor.single(WallExchangeStep{b, part});
    for (const SpaceAxis axis : {SpaceAxis::x, SpaceAxis::y, SpaceAxis::z})
      sweep(forward ? axis : (axis == SpaceAxis::x ? SpaceAxis::z : (axis == SpaceAxis::z ? SpaceAxis::x : SpaceAxis::y)));
    if (!forward) executor.single(WallExchangeStep{b, part});
    if (forward) filter(n + 1 < substeps ? 2.0 * part : part);
  }
  return active;
}

}  // namespace dermaflux
