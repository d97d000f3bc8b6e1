#pragma once
#include <cmath>

#include "core/solver/insertion_tally.hpp"
#include "core/solver/space_track_steps.hpp"
#include "core/solver/transport_sweeps.hpp"

namespace dermaflux {

enum class SpaceAxis : int { x, y, z };

/// Per column, one more than the lowest row reached by ink, 0 for none.
struct SpaceReachStep {
  SpaceProblem b;
  DF_FUNCTION void operator()(int n, int) const {
    const int column = b.column(n), first = column * b.grid.n_z;
    const double trace = 1e-9, trace_pigment = trace * b.tissue.params.ink_concentration;
    int rows = 0;
    for (int j = 0; j < b.part.rows; ++j) {
      bool any = b.tissue.tissue.carrier(first + j) > trace;
      for (int m = 0; m < b.tissue.params.classes; ++m) any = any || b.tissue.tissue.pigment[m](first + j) > trace_pigment;
      if (any) rows = j + 1;
    }
    b.scratch.gross(column) = rows;
  }
};

/// The part that holds ink, tracks included, as five scalars.
struct SpaceReachedStep {
  SpaceProblem b;
  DF_FUNCTION void operator()() const {
    int i0 = b.grid.n_x, i1 = 0, j0 = b.grid.n_y, j1 = 0, rows = 0;
    const auto take = [&](int column, int deep) {
      const int i = b.column_x(column), l = b.column_y(column);
      i0 = i < i0 ? i : i0;
      i1 = i + 1 > i1 ? i + 1 : i1;
      j0 = l < j0 ? l : j0;
      j1 = l + 1 > j1 ? l + 1 : j1;
      rows = deep > rows ? deep : rows;
    };
    for (int n = 0; n < b.part.columns(); ++n)
      if (const int deep = static_cast<int>(b.scratch.gross(b.column(n))); deep > 0) take(b.column(n), deep);
    for (int t = 0; t < b.tracks; ++t)
      for (int j = 0; j < b.part.rows; ++j)
        if (b.track[t].widest(j) > 0.0) b.track[t].crossings(j, [&](int, int k) { take(k / b.grid.n_z, j + 1); });
    const int found[5] = {i0, i1, j0, j1, rows};
    for (int n = 0; n < 5; ++n) b.scratch.scalars(n) = found[n];
  }
};

/// The part of the tissue that ink has reached, wider by `cells` cells and by a length.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION SpacePart reached_part(const Executor& executor, const SpaceProblem& b, int cells, double length) {
  executor.cells(b.part.columns(), 1, SpaceReachStep{b});
  executor.single(SpaceReachedStep{b});
  SpacePart part{};
  int* const bounds[5] = {&part.i0, &part.i1, &part.j0, &part.j1, &part.rows};
  for (int n = 0; n < 5; ++n) *bounds[n] = static_cast<int>(executor.read(b.scratch.scalars, n));
  const CartesianGrid& g = b.grid;
  if (part.rows == 0) return {b.part.i0, b.part.i0, b.part.j0, b.part.j0, 0};
  const double west = g.x_face(part.i0) - length, east = g.x_face(part.i1) + length, south = g.y_face(part.j0) - length;
  const double north = g.y_face(part.j1) + length, deep = g.z_face(part.rows) + length;
  for (part.i0 -= cells; part.i0 > b.part.i0 && g.x_face(part.i0) > west;) --part.i0;
  for (part.i1 += cells; part.i1 < b.part.i1 && g.x_face(part.i1) < east;) ++part.i1;
  for (part.j0 -= cells; part.j0 > b.part.j0 && g.y_face(part.j0) > south;) --part.j0;
  // The bound first: after ".j1 <" nvcc looks for the arguments of a template, as math.h has a function of that name.
  for (part.j1 += cells; b.part.j1 > part.j1 && g.y_face(part.j1) < north;) ++part.j1;
  for (part.rows += cells; part.rows < b.part.rows && g.z_face(part.rows) < deep;) ++part.rows;
  part.rows = (part.rows + 7) / 8 * 8;
  const auto within = [](int value, int low, int high) { return value < low ? low : (value > high ? high : value); };
  return {within(part.i0, b.part.i0, b.part.i1), within(part.i1, b.part.i0, b.part.i1), within(part.j0, b.part.j0, b.part.j1),
          within(part.j1, b.part.j0, b.part.j1), within(part.rows, 0, b.part.rows)};
}

/// Concentrations in the pore fluid from what the cells hold.
struct InkSharesStep {
  SpaceProblem b;
  InkShares now;
  DF_FUNCTION void operator()(int n, int) const {
    const int first = b.column(n) * b.grid.n_z;
    for (int k = first; k < first + b.part.rows; ++k) {
      const double inverse = 1.0 / b.tissue.tissue.fluid(k);
      now.inverse(k) = inverse;
      now.w(k) = b.tissue.tissue.carrier(k) * inverse;
      for (int m = 0; m < b.tissue.params.classes; ++m) now.c[m](k) = b.tissue.tissue.pigment[m](k) * inverse;
    }
  }
};

/// A sweep of a transport substep along x, y or z, as TransportSweepStep: fluid, carrier and pigment move for the whole time of the
/// substep with one flux per face of a limited Lax-Wendroff scheme. The rim of the part is closed to ink.
template <SpaceAxis axis>
struct SpaceSweepStep {
  SpaceProblem b;
  InkShares from, to;
  double dt;    ///< [s]
  bool drains;  ///< lymph drains in this sweep

  /// What two faces of a cell share for all that is carried.
  struct Faces {
    double in, out, taken_in, taken_out;  ///< [m^3/s], [-]
    int a, c, d, e;                       ///< places of the neighbours, two before and two behind; the cell's own beyond the rim
  };
  DF_IN_LANES DF_FUNCTION double net(const Faces& f, FieldView<const double> c, int k) const {
    using Sweep = TransportSweepStep<Along::rings>;
    const double here = c(k), before = c(f.c), behind = c(f.d);
    return Sweep::carried(f.in, f.taken_in, c(f.a), before, here, behind) -
           Sweep::carried(f.out, f.taken_out, before, here, behind, c(f.e));
  }
  DF_FUNCTION void operator()(int n, int) const {
    const CartesianGrid& g = b.grid;
    const TissueState& tissue = b.tissue.tissue;
    const int column = b.column(n), i = b.column_x(column), l = b.column_y(column), first = column * g.n_z;
    const int stride = axis == SpaceAxis::x ? b.layer() : (axis == SpaceAxis::y ? g.n_z : 1);
    const FieldView<double> flux =
        axis == SpaceAxis::x ? b.scratch.x_flux : (axis == SpaceAxis::y ? b.scratch.y_flux : b.scratch.z_flux);
    const double area = b.column_area(column);
    // Cells before and behind in the part, and in the whole grid (for the fluid).
    const int at = axis == SpaceAxis::x ? i : l, low = axis == SpaceAxis::x ? b.part.i0 : b.part.j0;
    const int high = axis == SpaceAxis::x ? b.part.i1 : b.part.j1, end = axis == SpaceAxis::x ? g.n_x : g.n_y;
    const auto width = [&](int place) { return axis == SpaceAxis::x ? g.dx(place) : g.dy(place); };
    const double across = axis == SpaceAxis::z ? 1.0 : area / width(at);
    const double area_before = axis == SpaceAxis::z ? area : across * (at > 0 ? width(at - 1) : width(at));
    const double area_behind = axis == SpaceAxis::z ? area : across * (at + 1 < end ? width(at + 1) : width(at));
    for (int j = 0; j < b.part.rows; ++j) {
      const int k = first + j, place = axis == SpaceAxis::z ? j : at;
      const int lowest = axis == SpaceAxis::z ? 0 : low, highest = axis == SpaceAxis::z ? b.part.rows : high;
      const int begin = 0, finish = axis == SpaceAxis::z ? g.n_z : end;
      const bool any_before = place > begin, any_behind = place + 1 < finish;
      const double dz = g.dz(j), volume = area * dz, share = dt / volume;
      const double all_in = any_before ? flux(k - stride) : 0.0, all_out = any_behind ? flux(k) : 0.0;
      const double before_volume = axis == SpaceAxis::z ? area * g.dz(any_before ? j - 1 : j) : area_before * dz;
      const double behind_volume = axis == SpaceAxis::z ? area * g.dz(any_behind ? j + 1 : j) : area_behind * dz;
      const double own = from.inverse(k) * share;
      const bool inside_before = place > lowest, inside_behind = place + 1 < highest;
      const int before = inside_before ? k - stride : k, behind = inside_behind ? k + stride : k;
      Faces f;
      f.in = inside_before ? all_in : 0.0;
      f.out = inside_behind ? all_out : 0.0;
      f.taken_in = std::fabs(f.in) * (f.in >= 0.0 ? from.inverse(before) * dt / before_volume : own);
      f.taken_out = std::fabs(f.out) * (f.out >= 0.0 ? own : from.inverse(behind) * dt / behind_volume);
      f.c = before;
      f.d = behind;
      f.a = place > lowest + 1 ? k - 2 * stride : before;
      f.e = place + 2 < highest ? k + 2 * stride : behind;
      double fluid = tissue.fluid(k) + share * (all_in - all_out), kept = 1.0;
      if (drains) {
        const double left = fluid - dt * b.tissue.params.lymph_conductance * (tissue.pressure(k) - b.tissue.params.rest_pressure);
        kept = smaller(left / fluid, 1.0);
        fluid = left;
      }
      tissue.fluid(k) = fluid;
      const double inverse = 1.0 / fluid;
      to.inverse(k) = inverse;
      const double carrier = (tissue.carrier(k) + share * net(f, from.w, k)) * kept;
      tissue.carrier(k) = carrier;
      to.w(k) = carrier * inverse;
      for (int m = 0; m < b.tissue.params.classes; ++m) {
        const double pigment = tissue.pigment[m](k) + share * net(f, from.c[m], k);
        tissue.pigment[m](k) = pigment;
        to.c[m](k) = pigment * inverse;
      }
    }
  }
};

/// Fluid balance over the whole step of the cells that ink has not reached, and the pressure that belongs to every cell's fluid.
struct SpaceFluidStep {
  SpaceProblem b;
  SpacePart inked;
  double dt;  ///< [s]
  DF_FUNCTION void operator()(int n, int) const {
    const TissueState& tissue = b.tissue.tissue;
    const SpaceScratch& s = b.scratch;
    const int column = b.column(n), i = b.column_x(column), l = b.column_y(column);
    const Inflow edge = Inflow::of(b, column);
    const bool reached = i >= inked.i0 && i < inked.i1 && l >= inked.j0 && l < inked.j1;
    const double area = b.column_area(column), drain = dt * b.tissue.params.lymph_conductance;
    for (int j = reached ? inked.rows : 0; j < b.part.rows; ++j) {
      const int k = edge.first + j;
      const double in =
          edge.west * s.x_flux(k - edge.to_west) + edge.south * s.y_flux(k - edge.to_south) + (j > 0 ? s.z_flux(k - 1) : 0.0);
      const double out = s.x_flux(k) + s.y_flux(k) + s.z_flux(k);
      tissue.fluid(k) += (in - out) * dt / (area * b.grid.dz(j)) - drain * (tissue.pressure(k) - b.tissue.params.rest_pressure);
    }
    DF_LANES
    for (int j = 0; j < b.part.rows; ++j) {
      const int k = edge.first + j;
      tissue.pressure(k) = pore_storage(b.tissue, j).pressure(tissue.fluid(k));
    }
  }
};

/// Transport of carrier and pigment with the step's flow in substeps, and what the matrix catches on the way: wall, x, y, z, matrix
/// and, the next time, matrix, z, y, x, wall, which is symmetric and so of second order. Returns the part that ink has reached.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION SpacePart carry_ink(const Executor& executor, const SpaceProblem& whole, double dt, int substeps,
                                const InsertionTally& tally) {
  SpaceProblem b = whole;
  b.part = reached_part(executor, whole, substeps + 1, 0.0);
  const int columns = b.part.columns();
  if (columns == 0) return b.part;
  InkShares now{b.tissue.scratch.w, b.tissue.scratch.c, b.tissue.scratch.fluid_inverse}, next = b.scratch.between;
  const TransportBox rows{1, b.part.rows};
  executor.cells(columns, 1, InkSharesStep{b, now});
  in_columns(executor, b, CaptureRateStep{b.tissue, rows, dt});
  const double part = dt / substeps;
  const auto swap = [&] {
    const InkShares other = now;
    now = next;
    next = other;
  };
  const auto sweep = [&](SpaceAxis axis) {
    if (axis == SpaceAxis::x) executor.cells(columns, 1, SpaceSweepStep<SpaceAxis::x>{b, now, next, part, false});
    if (axis == SpaceAxis::y) executor.cells(columns, 1, SpaceSweepStep<SpaceAxis::y>{b, now, next, part, true});
    if (axis == SpaceAxis::z) executor.cells(columns, 1, SpaceSweepStep<SpaceAxis::z>{b, now, next, part, false});
    swap();
  };
  const auto filter = [&](double time) {
    InsertionProblem p = b.tissue;
    p.scratch.w = now.w;
    p.scratch.c = now.c;
    p.scratch.fluid_inverse = now.inverse;
    in_columns(executor, b, FiltrationStep{p, rows, time});
  };
  for (int n = 0; n < substeps; ++n) {
    const bool forward = (tally.substeps + n) % 2 == 0;
    if (!forward && n == 0) filter(part);
    if (forward) executor.single(WallExchangeStep{b, now, part});
    for (const SpaceAxis axis : {SpaceAxis::x, SpaceAxis::y, SpaceAxis::z})
      sweep(forward ? axis : (axis == SpaceAxis::x ? SpaceAxis::z : (axis == SpaceAxis::z ? SpaceAxis::x : SpaceAxis::y)));
    if (!forward) executor.single(WallExchangeStep{b, now, part});
    if (forward) filter(n + 1 < substeps ? 2.0 * part : part);
  }
  return b.part;
}

}  // namespace dermaflux
