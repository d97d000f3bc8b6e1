#pragma once
#include <cmath>

#include "core/solver/insertion_problem.hpp"

namespace dermaflux {

/// The part of the tissue that ink has reached, with a margin of two cells per substep, one per stage: all that transport has to
/// touch.
struct TransportBox {
  int rings, rows;
};

/// Per row, the rings reached by carrier or pigment, and the row's own number if any.
struct ReachStep {
  InsertionProblem p;
  template <int W>
  DF_FUNCTION void rows(int j) const {
    const double trace = 1e-9, trace_pigment = trace * p.params.ink_concentration;
    double rings[W];
    for (int l = 0; l < W; ++l) rings[l] = p.track.widest(j + l) > 0.0 ? 1.0 : 0.0;
    const auto scan = [&](FieldView<const double> field, double least) {
      for (int i = 0; i < p.grid.n_r; ++i) {
        const int first = p.grid.cell(i, j);
        DF_LANES
        for (int l = 0; l < W; ++l) rings[l] = field(first + l) > least ? larger(rings[l], i + 1.0) : rings[l];
      }
    };
    scan(p.tissue.carrier, trace);
    for (int n = 0; n < p.params.classes; ++n) scan(p.tissue.pigment[n], trace_pigment);
    for (int l = 0; l < W; ++l) {
      p.system.partial(j + l) = rings[l];
      p.system.partial_defect(j + l) = rings[l] > 0.0 ? j + l + 1 : 0;
    }
  }
};

/// One stage of a transport substep by Heun's method: both stages are forward Euler, the second ends in the mean of what it
/// reaches and of the start (SSP-RK2; Gottlieb, Shu & Tadmor 2001, SIAM Rev. 43), so fluid, carrier and pigment are averaged
/// alike and uniform concentrations stay uniform while tissue swells. Of second order; positive and without new extrema while
/// the Courant number of a stage is at most one half (FaceConcentration), which holds for dt times the gross rate of SpeedStep
/// up to one half: content is linear in time, so no stage starts from less than the lesser of the step's two ends. The rim of
/// the box is closed. Both cells of a face find the same flux from the same numbers.
template <int stage>
struct TransportStageStep {
  InsertionProblem p;
  TransportBox box;
  double dt;  ///< [s]

  /// One concentration through one face, `flux` positive from `b` to `c` in the order a, b, c, d.
  DF_FUNCTION static double carried(double flux, double a, double b, double c, double d) {
    const bool forward = flux >= 0.0;
    return flux * FaceConcentration{}(forward ? a : d, forward ? b : c, forward ? c : b);
  }

  /// What a ring keeps of its start, and what a cell's amount becomes.
  DF_FUNCTION static double advance(FieldView<double> start, FieldView<double> amount, int k, double gain) {
    if constexpr (stage == 1) {
      start(k) = amount(k);
      return amount(k) + gain;
    }
    return 0.5 * (start(k) + (amount(k) + gain));
  }

  /// What flows through the upper faces of a group of rows and through the lower face of its last one.
  template <int W>
  DF_FUNCTION void carried_down(int i, int j, FieldView<const double> from, double (&flow)[W + 1]) const {
    const int first = p.grid.cell(i, j), last = box.rows - 1;
    if (j > 1 && j + W < last) {
      DF_LANES
      for (int l = 0; l <= W; ++l) {
        const int k = first + l;
        flow[l] = carried(p.scratch.axial_flux(k - 1), from(k - 2), from(k - 1), from(k), from(k + 1));
      }
      return;
    }
    const auto at = [&](int row) { return from(first - j + (row < 0 ? 0 : (row > last ? last : row))); };  // the rim repeats itself
    for (int l = 0; l <= W; ++l) {
      const int row = j + l;
      flow[l] = carried(p.scratch.axial_flux(first + l - 1), at(row - 2), at(row - 1), at(row), at(row + 1));
    }
    if (j == 0) flow[0] = 0.0;
    if (j + W > last) flow[W] = 0.0;
  }

  /// What the rows of a group have in common for everything that is carried, in one ring.
  template <int W>
  struct Ring {
    double share[W];    ///< dt over the volume of the cells [s/m^3]
    double inverse[W];  ///< of the fluid content after the stage [-]
    double drained[W];  ///< fluid that lymph takes and that takes carrier along [-]
  };

  /// Balance of one carried quantity in ring i; `in` is what comes through the inner faces and becomes what leaves outward.
  template <int W>
  DF_FUNCTION void balance(int i, int j, const Ring<W>& ring, double drains, FieldView<const double> from, FieldView<double> to,
                           FieldView<double> start, FieldView<double> amount, double (&in)[W]) const {
    const int column = p.grid.column, first = p.grid.cell(i, j);
    const int inward = i > 0 ? column : 0, outward = i + 2 < box.rings ? 2 * column : column;
    const double open = i + 1 < box.rings ? 1.0 : 0.0;
    double down[W + 1];
    carried_down<W>(i, j, from, down);
    DF_LANES
    for (int l = 0; l < W; ++l) {
      const int k = first + l;
      const double here = from(k), flux = open * p.scratch.radial_flux(k);
      const double east = carried(flux, from(k - inward), here, from(k + column), from(k + outward));
      const double gain = ring.share[l] * (in[l] - east + down[l] - down[l + 1]) - drains * ring.drained[l] * here;
      const double after = advance(start, amount, k, gain);
      amount(k) = after;
      to(k) = after * ring.inverse[l];
      in[l] = east;
    }
  }

  /// What the wall of the track brings into the first ring; what it takes is kept for the track.
  template <int W>
  DF_FUNCTION void through_wall(int j, FieldView<const double> from, FieldView<const double> wall, FieldView<double> returned,
                                double (&in)[W]) const {
    for (int l = 0; l < W; ++l) {
      const int row = j + l;
      const double flux = p.scratch.wall_flux(row), back = larger(-flux, 0.0) * from(p.grid.cell(0, row));
      in[l] = flux >= 0.0 ? wall(row) : -back;
      returned(row) += 0.5 * dt * back;
    }
  }

  template <int W>
  DF_FUNCTION void rows(int j) const {
    const InsertionScratch& s = p.scratch;
    const AxisymmetricGrid& grid = p.grid;
    const int classes = p.params.classes;
    double fluid_in[W], carrier_in[W], pigment_in[max_size_classes][W];
    for (int l = 0; l < W; ++l) fluid_in[l] = s.wall_flux(j + l);
    Ring<W> ring;
    through_wall(j, stage == 1 ? s.w : s.w_between, s.wall_carrier, s.returned_carrier, carrier_in);
    for (int n = 0; n < classes; ++n)
      through_wall(j, stage == 1 ? s.c[n] : s.c_between[n], s.wall_pigment[n], s.returned_pigment[n], pigment_in[n]);
    for (int i = 0; i < box.rings; ++i) {
      const int first = grid.cell(i, j);
      const double per_area = dt / grid.ring_area(i);
      DF_LANES
      for (int l = 0; l < W; ++l) {
        const int k = first + l;
        const double drained = dt * p.params.lymph_conductance * (p.tissue.pressure(k) - p.params.rest_pressure);
        ring.share[l] = per_area / grid.dz(j + l);
        ring.drained[l] = larger(drained, 0.0);
        const double gain = ring.share[l] * (fluid_in[l] - s.radial_flux(k) + s.axial_flux(k - 1) - s.axial_flux(k)) - drained;
        const double fluid = advance(s.start_fluid, p.tissue.fluid, k, gain);
        p.tissue.fluid(k) = fluid;
        ring.inverse[l] = 1.0 / fluid;
        fluid_in[l] = s.radial_flux(k);
      }
      balance(i, j, ring, 1.0, stage == 1 ? s.w : s.w_between, stage == 1 ? s.w_between : s.w, s.start_carrier, p.tissue.carrier,
              carrier_in);
      for (int n = 0; n < classes; ++n)
        balance(i, j, ring, 0.0, stage == 1 ? s.c[n] : s.c_between[n], stage == 1 ? s.c_between[n] : s.c[n], s.start_pigment[n],
                p.tissue.pigment[n], pigment_in[n]);
    }
  }
};

/// Rate at which the matrix would catch each size class while clean, and the path along which dispersion will spread the ink.
struct CaptureRateStep {
  InsertionProblem p;
  TransportBox box;
  double dt;  ///< [s]
  template <int W>
  DF_FUNCTION void rows(int j) const {
    for (int n = 0; n < p.params.classes; ++n) {
      const double diameter = p.params.pigment[n].diameter, scale = p.params.pigment[n].filtration;
      const FieldView<double> capture = p.scratch.capture[n];
      for (int i = 0; i < box.rings; ++i) {
        const int first = p.grid.cell(i, j);
        DF_LANES
        for (int l = 0; l < W; ++l) {
          const int k = first + l;
          const double gain =
              StrainingGain{}(diameter, p.scratch.permeability(k) * (1.0 + p.tissue.crack(k)), p.rows.porosity(j + l));
          capture(k) = Filtration{}(scale * p.rows.filtration(j + l) * gain, p.tissue.speed(k));
        }
      }
    }
    for (int i = 0; i < box.rings; ++i)
      for (int l = 0; l < W; ++l) p.tissue.path(p.grid.cell(i, j) + l) += dt * p.tissue.speed(p.grid.cell(i, j) + l);
  }
};

/// What the matrix catches of each size class in a time `dt`. Run for half a substep before and after transport (Strang), so that
/// both together are of second order; the deposit that slows it is taken at mid-step. Never catches more than there is or fits.
struct FiltrationStep {
  InsertionProblem p;
  TransportBox box;
  double dt;  ///< [s]

  /// What would be caught of each class at a given capture time per cell, and the sum.
  template <int W>
  DF_FUNCTION void attempt(int first, const double (&time)[W], double (&caught)[max_size_classes][W], double (&sum)[W]) const {
    for (int l = 0; l < W; ++l) sum[l] = 0.0;
    for (int n = 0; n < p.params.classes; ++n) {
      const FieldView<double> pigment = p.tissue.pigment[n], capture = p.scratch.capture[n];
      DF_LANES
      for (int l = 0; l < W; ++l) {
        const int k = first + l;
        caught[n][l] = larger(pigment(k), 0.0) * CaughtShare{}(capture(k) * time[l]);
        sum[l] += caught[n][l];
      }
    }
  }

  template <int W>
  DF_FUNCTION void rows(int j) const {
    const double most = p.params.max_captured, clean = 1.0 / most;
    for (int i = 0; i < box.rings; ++i) {
      const int first = p.grid.cell(i, j);
      double held[W], inverse[W], time[W], sum[W], caught[max_size_classes][W];
      for (int l = 0; l < W; ++l) held[l] = p.tissue.held(first + l);
      for (int n = 0; n < p.params.classes; ++n) {
        const FieldView<double> captured = p.tissue.captured[n];
        DF_LANES
        for (int l = 0; l < W; ++l) held[l] += captured(first + l);
      }
      DF_LANES
      for (int l = 0; l < W; ++l) {
        inverse[l] = 1.0 / p.tissue.fluid(first + l);
        time[l] = larger(1.0 - held[l] * clean, 0.0) * dt * inverse[l];
      }
      attempt(first, time, caught, sum);
      DF_LANES
      for (int l = 0; l < W; ++l) {
        const double half = 0.5 * smaller(sum[l], larger(most - held[l], 0.0));
        time[l] = larger(1.0 - (held[l] + half) * clean, 0.0) * dt * inverse[l];
      }
      attempt(first, time, caught, sum);
      double fits[W];
      DF_LANES
      for (int l = 0; l < W; ++l) {
        const double room = larger(most - held[l], 0.0);
        fits[l] = sum[l] > room ? room / sum[l] : 1.0;
      }
      for (int n = 0; n < p.params.classes; ++n) {
        const FieldView<double> pigment = p.tissue.pigment[n], captured = p.tissue.captured[n], c = p.scratch.c[n];
        DF_LANES
        for (int l = 0; l < W; ++l) {
          const int k = first + l;
          const double taken = fits[l] * caught[n][l], left = pigment(k) - taken;
          captured(k) += taken;
          pigment(k) = left;
          c(k) = left * inverse[l];
        }
      }
    }
  }
};

}  // namespace dermaflux
