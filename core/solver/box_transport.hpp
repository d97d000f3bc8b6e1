#pragma once
#include <cmath>

#include "core/solver/box_problem.hpp"
#include "core/solver/transport_sweeps.hpp"

namespace dermaflux {

// Transport in a box: sweeps along x, y and z, in turns and back, with the face concentration, the filtration and the account of
// fluid of transport_sweeps.hpp. Only the active columns are visited, each down to its own row; faces to what is not visited are
// closed.

enum class Axis : int { x, y, z };

/// What sweeps read and write beside the amounts: one set or the other.
struct CarriedFields {
  FieldView<double> fluid_inverse, w;
  FieldGroup c;
};
DF_FUNCTION inline CarriedFields carried_fields(const BoxProblem& p, bool between) {
  const BoxScratch& s = p.scratch;
  return between ? CarriedFields{s.inverse_between, s.w_between, s.c_between} : CarriedFields{s.fluid_inverse, s.w, s.c};
}

// --- active columns ---------------------------------------------------------------------------------------------------------

/// Rows of each column that carrier or pigment have reached.
struct BoxReachStep {
  BoxProblem p;
  ActiveColumns active;
  DF_FUNCTION void operator()(int i, int j) const {
    const double trace = 1e-9, trace_pigment = trace * p.params.ink_concentration;
    int rows = 0;
    for (int k = p.grid.n_z - 1; k >= 0 && rows == 0; --k) {
      const int at = p.grid.cell(i, j, k);
      bool reached = p.tissue.carrier(at) > trace || p.scratch.source(at) != 0.0;
      for (int n = 0; n < p.params.classes; ++n) reached = reached || p.tissue.pigment[n](at) > trace_pigment;
      if (reached) rows = k + 1;
    }
    active.scratch(p.grid.column(i, j)) = rows;
  }
};

/// The same with a margin of cells around, as many as sweeps of one step can pass.
struct BoxMarginStep {
  CartesianGrid grid;
  ActiveColumns active;
  int margin;
  DF_FUNCTION void operator()(int i, int j) const {
    int rows = 0;
    for (int a = i - margin < 0 ? 0 : i - margin; a <= i + margin && a < grid.n_x; ++a)
      for (int b = j - margin < 0 ? 0 : j - margin; b <= j + margin && b < grid.n_y; ++b) {
        const int reached = active.scratch(grid.column(a, b));
        rows = reached > rows ? reached : rows;
      }
    const int down = rows + margin < grid.n_z ? rows + margin : grid.n_z;
    active.rows(grid.column(i, j)) = rows > 0 ? down : 0;
  }
};

/// Lists the active columns in order and leaves their number among the scalars.
struct BoxListStep {
  BoxProblem p;
  ActiveColumns active;
  DF_FUNCTION void operator()() const {
    int count = 0;
    for (int c = 0; c < p.grid.column_count(); ++c)
      if (active.rows(c) > 0) active.list(count++) = c;
    p.system.scalars(box_sum) = count;
  }
};

/// The columns that a step of some substeps has to visit.
template <class Executor>
ActiveColumns active_columns(const Executor& executor, const BoxProblem& p, ActiveColumns active, int margin) {
  executor.columns(p.grid.n_x, p.grid.n_y, BoxReachStep{p, active});
  executor.columns(p.grid.n_x, p.grid.n_y, BoxMarginStep{p.grid, active, margin});
  executor.single(BoxListStep{p, active});
  active.count = static_cast<int>(executor.read(p.system.scalars, box_sum));
  return active;
}

// --- sweeps -----------------------------------------------------------------------------------------------------------------

/// What one volume of tissue is to one of its pore fluid, and what that carries; and the rate at which a clean matrix would catch
/// each size class, and the path along which dispersion will spread the ink.
struct BoxStartStep {
  BoxProblem p;
  ActiveColumns active;
  CarriedFields fields;
  double dt;  ///< [s]
  DF_FUNCTION void operator()(int m) const {
    const int column = active.list(m), i = column / p.grid.n_y, j = column % p.grid.n_y;
    for (int k = 0; k < active.rows(column); ++k) {
      const int at = p.grid.cell(i, j, k), material = p.material(at);
      const double inverse = 1.0 / p.tissue.fluid(at);
      fields.fluid_inverse(at) = inverse;
      fields.w(at) = p.tissue.carrier(at) * inverse;
      p.tissue.path(at) += dt * p.tissue.speed(at);
      const double permeability = p.scratch.permeability(at) * (1.0 + p.tissue.crack(at));
      for (int n = 0; n < p.params.classes; ++n) {
        const PigmentClass& pigment = p.params.pigment[n];
        const double gain = StrainingGain{}(pigment.diameter, permeability, p.rows.porosity(material));
        fields.c[n](at) = p.tissue.pigment[n](at) * inverse;
        p.scratch.capture[n](at) = Filtration{}(pigment.filtration * p.rows.filtration(material) * gain, p.tissue.speed(at));
      }
    }
  }
};

/// Exchange with tracks and springs over a time: fluid and what it carries enter or leave.
struct BoxExchangeStep {
  BoxProblem p;
  BoxSources sources;
  CarriedFields fields;
  double dt;  ///< [s]
  DF_FUNCTION void operator()(int m) const {
    const int at = sources.cell(m), sz = p.grid.step_z(), sy = p.grid.step_y(), sx = p.grid.step_x();
    const int k = at / sz % p.grid.n_z, j = at / sy % p.grid.n_y, i = at / sx % p.grid.n_x;
    const double size = p.grid.volume(i, j, k), share = dt / size, volume = sources.volume(m), leaves = smaller(volume, 0.0);
    const double fluid = p.tissue.fluid(at) + share * volume, inverse = 1.0 / fluid;
    const double back = dt * leaves * fields.w(at);
    p.tissue.fluid(at) = fluid;
    p.tissue.carrier(at) += share * sources.carrier(m) + back / size;
    sources.returned_carrier(m) -= back;
    fields.fluid_inverse(at) = inverse;
    fields.w(at) = p.tissue.carrier(at) * inverse;
    for (int n = 0; n < p.params.classes; ++n) {
      const double out = dt * leaves * fields.c[n](at);
      p.tissue.pigment[n](at) += share * sources.pigment[n](m) + out / size;
      sources.returned_pigment[n](m) -= out;
      fields.c[n](at) = p.tissue.pigment[n](at) * inverse;
    }
  }
};

/// One sweep over a time along one axis, from `old` fields to `now`; with `drains` lymph takes its share of fluid and carrier after
/// it. Both cells of a face find the same flux from the same numbers.
template <Axis axis, bool drains>
struct BoxSweepStep {
  BoxProblem p;
  ActiveColumns active;
  CarriedFields old, now;
  double dt;  ///< [s]
  static constexpr int width = 16;

  /// A group of cells of a column.
  struct Group {
    int first, count;
    double per_volume[width], per_before[width],
        per_after[width];                    ///< dt over the volume of cells and of those beside them [s/m^3]
    double in[width], out[width];            ///< flux through lower and upper faces along the axis [m^3/s]
    double open_in[width], open_out[width];  ///< 0 where a face leads to what is not active: fluid passes, nothing that it carries
    double taken_in[width], taken_out[width];    ///< share of the donor's fluid that passes [-]
    double inverse[width], kept[width];          ///< of the fluid after the sweep [-]; share that lymph leaves [-]
    int a[width], b[width], d[width], e[width];  ///< steps to the two cells before and the two after, or to the last active one
    bool inner;                                  ///< all five cells are active everywhere
  };

  DF_FUNCTION int step() const { return axis == Axis::x ? p.grid.step_x() : (axis == Axis::y ? p.grid.step_y() : p.grid.step_z()); }
  DF_FUNCTION FieldView<double> flux() const {
    return axis == Axis::x ? p.scratch.flux_x : (axis == Axis::y ? p.scratch.flux_y : p.scratch.flux_z);
  }
  /// Number of active rows of the column so many places on along the axis; along z of this column itself.
  DF_FUNCTION int rows_at(int i, int j, int places) const {
    const int a = axis == Axis::x ? i + places : i, b = axis == Axis::y ? j + places : j;
    return a < 0 || a >= p.grid.n_x || b < 0 || b >= p.grid.n_y ? 0 : active.rows(p.grid.column(a, b));
  }
  /// Width along the axis of the cell so many places on; of the last one beyond a rim.
  DF_FUNCTION double width_at(int i, int j, int places) const {
    const int n = (axis == Axis::x ? i : j) + places, last = (axis == Axis::x ? p.grid.n_x : p.grid.n_y) - 1;
    const int at = n < 0 ? 0 : (n > last ? last : n);
    return axis == Axis::x ? p.grid.dx(at) : p.grid.dy(at);
  }
  DF_FUNCTION int row_at(int k) const { return k < 0 ? 0 : (k < p.grid.n_z ? k : p.grid.n_z - 1); }
  /// dt over the volume of the cells of a group and of those beside them: the same number for a cell wherever it is asked for.
  DF_FUNCTION void set_volumes(int i, int j, int k, Group& g) const {
    double per_height[width + 2];
    for (int l = 0; l < g.count + 2; ++l) per_height[l] = p.grid.dz(row_at(k + l - 1));
    for (int l = g.count + 2; l < width + 2; ++l) per_height[l] = 1.0;
    DF_LANES
    for (int l = 0; l < width + 2; ++l) per_height[l] = 1.0 / per_height[l];
    if constexpr (axis == Axis::z) {
      const double per_area = dt / p.grid.column_area(i, j);
      for (int l = 0; l < width; ++l) {
        g.per_before[l] = per_area * per_height[l];
        g.per_volume[l] = per_area * per_height[l + 1];
        g.per_after[l] = per_area * per_height[l + 2];
      }
    } else {
      const double across = axis == Axis::x ? p.grid.dy(j) : p.grid.dx(i);
      const double before = dt / (across * width_at(i, j, -1)), own = dt / (across * width_at(i, j, 0));
      const double after = dt / (across * width_at(i, j, 1));
      for (int l = 0; l < width; ++l) {
        g.per_before[l] = before * per_height[l + 1];
        g.per_volume[l] = own * per_height[l + 1];
        g.per_after[l] = after * per_height[l + 1];
      }
    }
  }

  /// One concentration through a face, `flux` positive from `b` to `c` in the order a, b, c, d.
  DF_IN_LANES DF_FUNCTION static double carried(double flux, double taken, double a, double b, double c, double d) {
    const bool forward = flux >= 0.0;
    return flux * FaceConcentration{}(forward ? a : d, forward ? b : c, forward ? c : b, taken);
  }

  /// Balance of one carried quantity.
  template <bool carrier, bool inner>
  DF_FUNCTION void carry(const Group& g, FieldView<const double> from, FieldView<double> to, FieldView<double> amount) const {
    const int s = step(), sz = p.grid.step_z(), count = inner ? width : g.count;
    DF_LANES
    for (int l = 0; l < count; ++l) {
      const int at = g.first + l * sz;
      const double c = from(at), b = from(inner ? at - s : at + g.b[l]), d = from(inner ? at + s : at + g.d[l]);
      const double a = from(inner ? at - 2 * s : at + g.a[l]), e = from(inner ? at + 2 * s : at + g.e[l]);
      const double in = inner ? g.in[l] : g.open_in[l] * g.in[l], out = inner ? g.out[l] : g.open_out[l] * g.out[l];
      const double net = carried(in, g.taken_in[l], a, b, c, d) - carried(out, g.taken_out[l], b, c, d, e);
      const double after = (amount(at) + g.per_volume[l] * net) * (carrier && drains ? g.kept[l] : 1.0);
      amount(at) = after;
      to(at) = after * g.inverse[l];
    }
  }
  template <bool inner>
  DF_FUNCTION void carry_all(const Group& g) const {
    carry<true, inner>(g, old.w, now.w, p.tissue.carrier);
    for (int n = 0; n < p.params.classes; ++n) carry<false, inner>(g, old.c[n], now.c[n], p.tissue.pigment[n]);
  }

  /// Fluid of the group, and what all that it carries has in common.
  template <bool inner>
  DF_FUNCTION void move_fluid(Group& g) const {
    const int s = step(), sz = p.grid.step_z(), count = inner ? width : g.count;
    const double conductance = dt * p.params.lymph_conductance;
    DF_LANES
    for (int l = 0; l < count; ++l) {
      const int at = g.first + l * sz;
      const double in = g.in[l], out = g.out[l], here = old.fluid_inverse(at) * g.per_volume[l];
      g.taken_in[l] = std::fabs(in) * (in >= 0.0 ? old.fluid_inverse(at - s) * g.per_before[l] : here);
      g.taken_out[l] = std::fabs(out) * (out >= 0.0 ? here : old.fluid_inverse(at + s) * g.per_after[l]);
      double fluid = p.tissue.fluid(at) + g.per_volume[l] * (in - out);
      if constexpr (drains) {
        const double left = fluid - conductance * (p.tissue.pressure(at) - p.params.rest_pressure);
        g.kept[l] = smaller(left / fluid, 1.0);
        fluid = left;
      }
      p.tissue.fluid(at) = fluid;
      g.inverse[l] = now.fluid_inverse(at) = 1.0 / fluid;
    }
  }

  /// Geometry and faces of a group where some of the cells beside it are not active.
  DF_FUNCTION void open_faces(int k, const int (&rows)[5], Group& g) const {
    const int s = step();
    for (int l = 0; l < g.count; ++l) {
      const int at = g.first + l * p.grid.step_z(), row = k + l;
      const auto is_active = [&](int places) {
        if constexpr (axis == Axis::z) return row + places >= 0 && row + places < rows[2];
        return row < rows[places + 2];
      };
      g.in[l] = flux()(at - s);
      g.out[l] = flux()(at);
      g.open_in[l] = is_active(-1) ? 1.0 : 0.0;
      g.open_out[l] = is_active(1) ? 1.0 : 0.0;
      g.b[l] = is_active(-1) ? -s : 0;
      g.d[l] = is_active(1) ? s : 0;
      g.a[l] = is_active(-1) && is_active(-2) ? -2 * s : g.b[l];
      g.e[l] = is_active(1) && is_active(2) ? 2 * s : g.d[l];
    }
  }

  DF_FUNCTION void operator()(int m) const {
    const int column = active.list(m), i = column / p.grid.n_y, j = column % p.grid.n_y, s = step();
    int rows[5];
    for (int n = 0; n < 5; ++n) rows[n] = rows_at(i, j, n - 2);
    const int own = rows[2];
    int all = own;
    for (const int row : rows) all = row < all ? row : all;
    if (axis == Axis::z) all = own - 2;
    Group g;
    for (int k = 0; k < own; k += width) {
      g.first = p.grid.cell(i, j, k);
      g.count = own - k < width ? own - k : width;
      set_volumes(i, j, k, g);
      g.inner = k + width <= all && (axis != Axis::z || k >= 2);
      if (g.inner) {
        for (int l = 0; l < width; ++l) {
          g.in[l] = flux()(g.first + l * p.grid.step_z() - s);
          g.out[l] = flux()(g.first + l * p.grid.step_z());
        }
        move_fluid<true>(g);
        carry_all<true>(g);
      } else {
        open_faces(k, rows, g);
        move_fluid<false>(g);
        carry_all<false>(g);
      }
    }
  }
};

/// What the matrix catches of each size class in a time, as FiltrationStep has it.
struct BoxFiltrationStep {
  BoxProblem p;
  ActiveColumns active;
  CarriedFields fields;
  double dt;  ///< [s]

  DF_FUNCTION double attempt(int at, double time, double (&caught)[max_size_classes]) const {
    double sum = 0.0;
    for (int n = 0; n < p.params.classes; ++n) {
      caught[n] = larger(p.tissue.pigment[n](at), 0.0) * CaughtShare{}(p.scratch.capture[n](at) * time);
      sum += caught[n];
    }
    return sum;
  }
  DF_FUNCTION void operator()(int m) const {
    const int column = active.list(m), i = column / p.grid.n_y, j = column % p.grid.n_y;
    for (int k = 0; k < active.rows(column); ++k) {
      const int at = p.grid.cell(i, j, k);
      double caught[max_size_classes] = {};
      const FiltrationRoom room{p.params.max_captured, p.tissue.held(at) + p.tissue.captured.total(at)};
      const double inverse = fields.fluid_inverse(at);
      const double first = attempt(at, room.clean_share(0.0) * dt * inverse, caught);
      const double sum = attempt(at, room.clean_share(0.5 * room.at_most(first)) * dt * inverse, caught);
      const double fits = room.share_that_fits(sum);
      for (int n = 0; n < p.params.classes; ++n) {
        const double taken = fits * caught[n];
        p.tissue.captured[n](at) += taken;
        p.tissue.pigment[n](at) -= taken;
        fields.c[n](at) = p.tissue.pigment[n](at) * inverse;
      }
    }
  }
};

/// Transport with the step's flow in substeps: exchange with tracks, x, y, z, matrix and, the next time, back; symmetric in pairs
/// and so of second order. `done` counts the substeps before. Returns the columns that were visited.
template <class Executor>
ActiveColumns carry_in_box(const Executor& executor, const BoxProblem& p, const BoxSources& sources, ActiveColumns active,
                           double dt, int substeps, int done) {
  active = active_columns(executor, p, active, substeps + 1);
  const double part = dt / substeps;
  bool between = false;
  const auto fields = [&] { return carried_fields(p, between); };
  executor.list(active.count, BoxStartStep{p, active, fields(), dt});
  const auto exchange = [&] { executor.list(sources.count, BoxExchangeStep{p, sources, fields(), part}); };
  const auto filter = [&] { executor.list(active.count, BoxFiltrationStep{p, active, fields(), part}); };
  const auto sweep_x = [&] {
    executor.list(active.count, BoxSweepStep<Axis::x, false>{p, active, fields(), carried_fields(p, !between), part});
    between = !between;
  };
  const auto sweep_y = [&] {
    executor.list(active.count, BoxSweepStep<Axis::y, true>{p, active, fields(), carried_fields(p, !between), part});
    between = !between;
  };
  const auto sweep_z = [&] {
    executor.list(active.count, BoxSweepStep<Axis::z, false>{p, active, fields(), carried_fields(p, !between), part});
    between = !between;
  };
  for (int n = 0; n < substeps; ++n) {
    if ((done + n) % 2 == 0) {
      exchange();
      sweep_x();
      sweep_y();
      sweep_z();
      filter();
    } else {
      filter();
      sweep_z();
      sweep_y();
      sweep_x();
      exchange();
    }
  }
  return active;
}

}  // namespace dermaflux
