#pragma once
#include "core/solver/box_tissue_steps.hpp"
#include "core/solver/box_transport.hpp"

namespace dermaflux {

/// Implicit spreading of one component along all lines of one axis, as RingSpreadingStep has it: what lies beyond a cell is
/// eliminated as a storage in series with its conductance, without differences. Lines end where cells are not active. Several lines
/// go abreast, side by side in memory.
template <Axis axis>
struct BoxSpreadingStep {
  BoxProblem p;
  ActiveColumns active;
  FieldView<double> amount, share, factor;  ///< per tissue volume; per fluid volume; work
  double diffusivity, time;                 ///< in pore fluid [m^2/s], [s]
  static constexpr int abreast = 16;

  /// Number of groups of lines: step(m, group) for all of both.
  DF_FUNCTION int lines() const { return axis == Axis::x ? p.grid.n_y : p.grid.n_x; }
  DF_FUNCTION int groups() const { return ((axis == Axis::z ? p.grid.n_y : p.grid.n_z) + abreast - 1) / abreast; }
  DF_FUNCTION int length() const { return axis == Axis::x ? p.grid.n_x : (axis == Axis::y ? p.grid.n_y : p.grid.n_z); }

  struct Place {
    int i, j, k;
  };
  DF_FUNCTION Place place(int m, int lane, int n) const {
    if constexpr (axis == Axis::x) return {n, m, lane};
    if constexpr (axis == Axis::y) return {m, n, lane};
    return {m, lane, n};
  }
  DF_FUNCTION bool is_active(const Place& c) const {
    return c.i < p.grid.n_x && c.j < p.grid.n_y && c.k < active.rows(p.grid.column(c.i, c.j));
  }
  DF_FUNCTION double spreading(int at) const {
    return p.params.spreading(p.tissue.fluid(at), diffusivity, time, p.tissue.path(at));
  }
  /// Conductance from a cell to the next one of its line, n D t A / h [m^3].
  DF_FUNCTION double conductance(const Place& c, const Place& next) const {
    if (!is_active(c) || !is_active(next)) return 0.0;
    const CartesianGrid& g = p.grid;
    const double dx = g.dx(c.i), dy = g.dy(c.j), dz = g.dz(c.k);
    const double area = axis == Axis::x ? dy * dz : (axis == Axis::y ? dx * dz : dx * dy);
    const double half = 0.5 * (axis == Axis::x ? dx : (axis == Axis::y ? dy : dz));
    const double half_next = 0.5 * (axis == Axis::x ? g.dx(next.i) : (axis == Axis::y ? g.dy(next.j) : g.dz(next.k)));
    return in_series(area, half, spreading(g.cell(c.i, c.j, c.k)), half_next, spreading(g.cell(next.i, next.j, next.k)));
  }

  DF_FUNCTION void operator()(int m, int group) const {
    const int across = axis == Axis::z ? p.grid.n_y : p.grid.n_z, begin = group * abreast;
    const int end = begin + abreast < across ? begin + abreast : across;
    double storage[abreast] = {}, inverse[abreast] = {}, reduced[abreast] = {}, before[abreast] = {}, after[abreast] = {};
    for (int n = 0; n < length(); ++n)
      for (int lane = begin; lane < end; ++lane) {
        const Place here = place(m, lane, n);
        const int l = lane - begin;
        if (!is_active(here)) {
          before[l] = 0.0;
          continue;
        }
        const int at = p.grid.cell(here.i, here.j, here.k);
        const double volume = p.grid.volume(here.i, here.j, here.k), coupling = before[l] * inverse[l];
        const double onward = n + 1 < length() ? conductance(here, place(m, lane, n + 1)) : 0.0;
        reduced[l] = volume * amount(at) + coupling * reduced[l];
        storage[l] = volume * p.tissue.fluid(at) + coupling * storage[l];
        factor(at) = inverse[l] = 1.0 / (storage[l] + onward);
        share(at) = reduced[l];
        before[l] = onward;
      }
    for (int n = length() - 1; n >= 0; --n)
      for (int lane = begin; lane < end; ++lane) {
        const Place here = place(m, lane, n);
        if (!is_active(here)) continue;
        const int at = p.grid.cell(here.i, here.j, here.k), l = lane - begin;
        const double onward = n + 1 < length() ? conductance(here, place(m, lane, n + 1)) : 0.0;
        after[l] = factor(at) * (share(at) + onward * after[l]);
        share(at) = after[l];
        amount(at) = after[l] * p.tissue.fluid(at);
      }
  }
};

/// Ink has been spread: its path starts anew.
struct BoxForgetPathStep {
  BoxProblem p;
  DF_FUNCTION void operator()(int i, int j) const {
    const int first = p.grid.cell(i, j, 0), step = p.grid.step_z();
    for (int k = 0; k < p.grid.n_z; ++k) p.tissue.path(first + k * step) = 0.0;
  }
};

/// Diffusion and dispersion of carrier and pigment over a time: x, y, z and, the next time (`forward` false), z, y, x.
template <class Executor>
void spread_in_box(const Executor& executor, const BoxProblem& p, ActiveColumns active, double time, bool forward) {
  active = active_columns(executor, p, active, 2);
  const auto along = [&]<Axis axis>(FieldView<double> amount, double diffusivity) {
    const BoxSpreadingStep<axis> step{p, active, amount, p.scratch.w_between, p.scratch.inverse_between, diffusivity, time};
    executor.columns(step.lines(), step.groups(), step);
  };
  const auto spread = [&](FieldView<double> amount, double diffusivity) {
    for (int turn = 0; turn < 3; ++turn) {
      const int axis = forward ? turn : 2 - turn;
      if (axis == 0) along.template operator()<Axis::x>(amount, diffusivity);
      if (axis == 1) along.template operator()<Axis::y>(amount, diffusivity);
      if (axis == 2) along.template operator()<Axis::z>(amount, diffusivity);
    }
  };
  spread(p.tissue.carrier, p.params.carrier_diffusivity);
  for (int n = 0; n < p.params.classes; ++n) spread(p.tissue.pigment[n], p.params.pigment[n].diffusivity);
  executor.columns(p.grid.n_x, p.grid.n_y, BoxForgetPathStep{p});
}

}  // namespace dermaflux
