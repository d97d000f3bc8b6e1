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

/// Rows that go side by side where their columns' activity is told once for all of them.
inline constexpr int row_group = 8;

/// Old concentrations in the pore fluid of W cells, of K things.
template <int K, int W>
struct CarriedShares {
  double inverse[W];  ///< tissue volume over the volume of its pore fluid [-]
  double share[K][W];
};

/// What a sweep moves through W faces.
template <int K, int W>
struct CarriedFluxes {
  double fluid[W];       ///< [m^3/s]
  double carried[K][W];  ///< [m^3/s], [kg/s]
};

/// One cell and its faces in a sweep, for K things that are carried.
template <bool drains, int K>
struct SweptTissue {
  FieldView<double> fluid, amount[K];
  FieldView<const double> pressure;
  double drain, rest;  ///< lymph conductance times time [1/Pa], pressure that it leaves [Pa]

  SweptTissue() = default;
  DF_FUNCTION SweptTissue(const SpaceProblem& b, double dt)
      : fluid(b.tissue.tissue.fluid),
        pressure(b.tissue.tissue.pressure),
        drain(dt * b.tissue.params.lymph_conductance),
        rest(b.tissue.params.rest_pressure) {
    amount[0] = b.tissue.tissue.carrier;
    for (int m = 1; m < K; ++m) amount[m] = b.tissue.tissue.pigment[m - 1];
  }
  /// Concentrations in the pore fluid of cell k. Returns what one volume of tissue is to one of its fluid.
  DF_IN_LANES DF_FUNCTION double look(int k, double (&share)[K]) const {
    const double inverse = 1.0 / fluid(k);
    for (int m = 0; m < K; ++m) share[m] = amount[m](k) * inverse;
    return inverse;
  }
  /// What a flow, positive onward, carries through a face past cells a, b, c, d; `leaves` and `comes`: time over the volume of the
  /// pore fluid of b and of c.
  DF_IN_LANES DF_FUNCTION static void carry(double flow, double leaves, double comes, const double (&a)[K], const double (&b)[K],
                                            const double (&c)[K], const double (&d)[K], double (&out)[K]) {
    const bool onward = flow >= 0.0;
    const double weight = (onward ? 1.0 : -1.0) - flow * (onward ? leaves : comes);
    for (int m = 0; m < K; m += 2) {
      const int n = m + 1 < K ? m + 1 : m;  // the last may go with itself
      FaceConcentrations::carry(flow, weight, FaceConcentrations::seen(onward, a[m], b[m], c[m], d[m]),
                                FaceConcentrations::seen(onward, a[n], b[n], c[n], d[n]), out[m], out[n]);
    }
  }
  /// Balance of cell k.
  DF_IN_LANES DF_FUNCTION void settle(int k, double per_volume, double fluid_in, double fluid_out, const double (&in)[K],
                                      const double (&out)[K]) const {
    double held = fluid(k) + per_volume * (fluid_in - fluid_out), kept = 1.0;
    if constexpr (drains) {
      const double left = held - drain * (pressure(k) - rest);
      kept = smaller(left / held, 1.0);
      held = left;
    }
    fluid(k) = held;
    for (int m = 0; m < K; ++m) {
      const double after = amount[m](k) + per_volume * (in[m] - out[m]);
      amount[m](k) = drains && m == 0 ? after * kept : after;
    }
  }
};

/// One sweep of a substep: what all axes share.
template <bool drains>
struct SpaceSweep {
  SpaceProblem b;
  ActiveColumns active;
  double dt;  ///< [s]

  /// Calls `sweep` with the cells of as many things as are carried.
  template <int K = 1, class Sweep>
  DF_FUNCTION void with_tissue(const Sweep& sweep) const {
    if constexpr (K < most_carried)
      if (K <= b.tissue.params.classes) return with_tissue<K + 1>(sweep);
    sweep(SweptTissue<drains, K>(b, dt));
  }
};

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
    const int other = line + (axis == SpaceAxis::x ? b.part.j0 : b.part.i0);
    Base::with_tissue([&](const auto& tissue) { sweep<W>(tissue, other, row); });
  }

 private:
  template <int K>
  using Tissue = SweptTissue<drains, K>;

  static constexpr int fetched_ahead = 4;  ///< columns from the one that is worked on to the one that is fetched from memory

  /// What goes along W lines from column to column.
  template <int K, int W>
  struct Window {
    CarriedShares<K, W> shares[4];  ///< of columns n - 1 to n + 2, by number modulo 4
    CarriedFluxes<K, W> in;         ///< through the face before column n
    double per_height[W];           ///< [1/m]
    double here, next;              ///< time over the areas of columns n and n + 1 [s/m^2]
  };

  DF_FUNCTION int stride() const { return axis == SpaceAxis::x ? b.grid.step_x() : b.grid.step_y(); }
  DF_FUNCTION FieldView<const double> flux() const { return axis == SpaceAxis::x ? b.scratch.x_flux : b.scratch.y_flux; }

  template <int W, int K>
  DF_FUNCTION void sweep(const Tissue<K>& tissue, int line, int row) const {
    constexpr int G = W < row_group ? W : row_group;
    const int low = axis == SpaceAxis::x ? b.part.i0 : b.part.j0, high = axis == SpaceAxis::x ? b.part.i1 : b.part.j1;
    const auto column = [&](int n) { return axis == SpaceAxis::x ? b.grid.column(n, line) : b.grid.column(line, n); };
    const auto per_area = [&](int n) { return dt / b.column_area(column(n)); };
    const auto held = [&](int n) {  // rows of these that are active in the n-th column
      if (n < low || n >= high) return 0;
      const int rows = active.rows(column(n)) - row;
      return rows < 0 ? 0 : (rows < W ? rows : W);
    };
    Window<K, W> w;
    DF_LANES
    for (int l = 0; l < W; ++l) {
      w.per_height[l] = b.scratch.per_height(row + l);
      w.in.fluid[l] = 0.0;
      for (int m = 0; m < K; ++m) w.in.carried[m][l] = 0.0;
    }
    w.next = per_area(low);
    int rows[4] = {0, 0, held(low), held(low + 1)};  // of the columns before, here, next and after that
    for (int m = 2; m < 4; ++m)
      for (int lane = 0; lane < rows[m]; lane += G) load<G>(tissue, w, low + m - 2, column(low + m - 2) * b.grid.n_z + row, lane);
    for (int n = low; n < high; ++n) {
      for (int m = 0; m < 3; ++m) rows[m] = rows[m + 1];
      rows[3] = held(n + 2);
      w.here = w.next;
      if (n + 1 < high) w.next = per_area(n + 1);
      const int first = column(n) * b.grid.n_z + row;
      for (int lane = 0; lane < rows[1]; lane += G) {
        fetch(tissue, first + lane);
        if (lane >= rows[0]) begin<G>(w, n, first, lane);
        if (lane >= rows[2]) end<G>(w, n, lane);
        const double open = lane < rows[2] ? 1.0 : 0.0;
        lane < rows[3] ? move<G, true>(tissue, w, n, first, lane, open) : move<G, false>(tissue, w, n, first, lane, open);
      }
      for (int lane = rows[1]; lane < rows[3]; lane += G) load<G>(tissue, w, n + 2, first + 2 * stride(), lane);
    }
  }
  template <int G, int K, int W>
  DF_FUNCTION void load(const Tissue<K>& tissue, Window<K, W>& w, int n, int first, int lane) const {
    CarriedShares<K, W>& to = w.shares[n & 3];
    DF_LANES
    for (int l = lane; l < lane + G; ++l) {
      double share[K];
      to.inverse[l] = tissue.look(first + l, share);
      for (int m = 0; m < K; ++m) to.share[m][l] = share[m];
    }
  }
  template <int K>
  DF_IN_LANES DF_FUNCTION void fetch(const Tissue<K>& tissue, int at) const {
    const int far = at + fetched_ahead * stride(), near = at + stride();
    DF_FETCH_LATER(tissue.fluid.data + far);
    for (int m = 0; m < K; ++m) DF_FETCH_LATER(tissue.amount[m].data + far);
    DF_FETCH_LATER(flux().data + near);
    if (drains) DF_FETCH_LATER(tissue.pressure.data + near);
  }
  /// The column before the n-th is not active here: closed to ink, open to fluid.
  template <int G, int K, int W>
  DF_FUNCTION void begin(Window<K, W>& w, int n, int first, int lane) const {
    const CarriedShares<K, W>& own = w.shares[n & 3];
    CarriedShares<K, W>& before = w.shares[(n - 1) & 3];
    for (int l = lane; l < lane + G; ++l) {
      w.in.fluid[l] = flux()(first - stride() + l);
      for (int m = 0; m < K; ++m) w.in.carried[m][l] = 0.0;
      for (int m = 0; m < K; ++m) before.share[m][l] = own.share[m][l];
    }
  }
  /// Neither is the column after it.
  template <int G, int K, int W>
  DF_FUNCTION void end(Window<K, W>& w, int n, int lane) const {
    const CarriedShares<K, W>& own = w.shares[n & 3];
    CarriedShares<K, W>& after = w.shares[(n + 1) & 3];
    for (int l = lane; l < lane + G; ++l) {
      after.inverse[l] = own.inverse[l];
      for (int m = 0; m < K; ++m) after.share[m][l] = own.share[m][l];
    }
  }
  /// Works on G cells of the n-th column, and on their faces to the next one; looks at the column after that if it is active.
  template <int G, bool looks_ahead, int K, int W>
  DF_IN_LANES DF_FUNCTION void move(const Tissue<K>& tissue, Window<K, W>& w, int n, int first, int lane, double open) const {
    const CarriedShares<K, W>&behind = w.shares[(n - 1) & 3], &donor = w.shares[n & 3], &after = w.shares[(n + 1) & 3];
    CarriedShares<K, W>& ahead = w.shares[(n + 2) & 3];
    const FieldView<const double> faces = flux();
    const int far = first + 2 * stride();
    DF_LANES
    for (int l = lane; l < lane + G; ++l) {
      double before[K], own[K], next[K], further[K], in[K], out[K];
      for (int m = 0; m < K; ++m) {
        before[m] = behind.share[m][l];
        own[m] = donor.share[m][l];
        next[m] = further[m] = after.share[m][l];
        in[m] = w.in.carried[m][l];
      }
      if constexpr (looks_ahead) {
        ahead.inverse[l] = tissue.look(far + l, further);
        for (int m = 0; m < K; ++m) ahead.share[m][l] = further[m];
      }
      const double flow = faces(first + l), per_volume = w.here * w.per_height[l], per_next = w.next * w.per_height[l];
      Tissue<K>::carry(open * flow, per_volume * donor.inverse[l], per_next * after.inverse[l], before, own, next, further, out);
      tissue.settle(first + l, per_volume, w.in.fluid[l], flow, in, out);
      w.in.fluid[l] = flow;
      for (int m = 0; m < K; ++m) w.in.carried[m][l] = out[m];
    }
  }
};

/// A sweep along z: every active column from its top to the last of its rows.
template <bool drains>
struct SpaceDownStep : SpaceSweep<drains> {
  using Base = SpaceSweep<drains>;
  using Base::active, Base::b, Base::dt;

  DF_FUNCTION void operator()(int m) const {
    constexpr int abreast = runs_on_device() ? row_group : 8 * row_group;
    Base::with_tissue([&](const auto& tissue) { sweep<abreast>(tissue, active.list(m)); });
  }

 private:
  template <int K>
  using Tissue = SweptTissue<drains, K>;

  /// W rows of a column. The first stands at `top`, after what the rows above leave behind.
  template <int K, int W>
  struct Window {
    static constexpr int top = row_group;
    CarriedShares<K, top + W + row_group> shares;  ///< and of the two rows above and below
    CarriedFluxes<K, top + W> out;                 ///< through the lower faces, and through the upper one of the first row
  };

  template <int W, int K>
  DF_FUNCTION void sweep(const Tissue<K>& tissue, int column) const {
    const int rows = active.rows(column), first = column * b.grid.n_z;
    const double per_area = dt / b.column_area(column);
    Window<K, W> w;
    for (int row = 0; row < rows; row += W) {
      const int count = rows - row < W ? rows - row : W;
      look(tissue, w, first, row, count, rows);
      pass(w, first, row, count, rows, per_area);
      settle(tissue, w, first + row, row, count, per_area);
    }
  }
  template <int K, int W>
  DF_IN_LANES DF_FUNCTION static void repeat(Window<K, W>& w, int from, int to) {
    w.shares.inverse[to] = w.shares.inverse[from];
    for (int m = 0; m < K; ++m) w.shares.share[m][to] = w.shares.share[m][from];
  }
  template <int K, int W>
  DF_IN_LANES DF_FUNCTION static void load(const Tissue<K>& tissue, Window<K, W>& w, int from, int to) {
    double share[K];
    w.shares.inverse[to] = tissue.look(from, share);
    for (int m = 0; m < K; ++m) w.shares.share[m][to] = share[m];
  }
  template <int K, int W>
  DF_IN_LANES DF_FUNCTION static void look(const Tissue<K>& tissue, Window<K, W>& w, int first, int row, int count, int rows) {
    constexpr int top = Window<K, W>::top;
    for (int l = 1; l <= 2; ++l) repeat(w, top + W - l, top - l);
    DF_LANES
    for (int l = 0; l < count; ++l) load(tissue, w, first + row + l, top + l);
    for (int l = 1; l <= 2 && row == 0; ++l) repeat(w, top, top - l);
    for (int l = count; l < count + 2; ++l)
      row + l < rows ? load(tissue, w, first + row + l, top + l) : repeat(w, top + l - 1, top + l);
  }
  /// What goes through the lower faces; the lowest one of the column is closed to ink, not to fluid.
  template <int K, int W>
  DF_IN_LANES DF_FUNCTION void pass(Window<K, W>& w, int first, int row, int count, int rows, double per_area) const {
    constexpr int top = Window<K, W>::top;
    const CarriedShares<K, top + W + row_group>& s = w.shares;
    CarriedFluxes<K, top + W>& out = w.out;
    const double* const per_height = b.scratch.per_height.data + row;
    out.fluid[top - 1] = row == 0 ? 0.0 : out.fluid[top + W - 1];
    for (int m = 0; m < K; ++m) out.carried[m][top - 1] = row == 0 ? 0.0 : out.carried[m][top + W - 1];
    DF_LANES
    for (int l = 0; l < count; ++l) out.fluid[top + l] = b.scratch.z_flux(first + row + l);
    const double lowest = out.fluid[top + count - 1];
    if (row + count == rows) out.fluid[top + count - 1] = 0.0;
    DF_LANES
    for (int l = 0; l < count; ++l) {
      double above[K], own[K], next[K], further[K], through[K];
      for (int m = 0; m < K; ++m) {
        above[m] = s.share[m][top + l - 1];
        own[m] = s.share[m][top + l];
        next[m] = s.share[m][top + l + 1];
        further[m] = s.share[m][top + l + 2];
      }
      const double leaves = per_area * per_height[l] * s.inverse[top + l];
      const double comes = per_area * per_height[l + 1] * s.inverse[top + l + 1];
      Tissue<K>::carry(out.fluid[top + l], leaves, comes, above, own, next, further, through);
      for (int m = 0; m < K; ++m) out.carried[m][top + l] = through[m];
    }
    out.fluid[top + count - 1] = lowest;
  }
  template <int K, int W>
  DF_IN_LANES DF_FUNCTION void settle(const Tissue<K>& tissue, const Window<K, W>& w, int first, int row, int count,
                                      double per_area) const {
    constexpr int top = Window<K, W>::top;
    const double* const per_height = b.scratch.per_height.data + row;
    DF_LANES
    for (int l = 0; l < count; ++l) {
      double in[K], out[K];
      for (int m = 0; m < K; ++m) {
        in[m] = w.out.carried[m][top + l - 1];
        out[m] = w.out.carried[m][top + l];
      }
      tissue.settle(first + l, per_area * per_height[l], w.out.fluid[top + l - 1], w.out.fluid[top + l], in, out);
    }
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
