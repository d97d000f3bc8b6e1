#pragma once
#include <cmath>

#include "core/solver/insertion_problem.hpp"

namespace dermaflux {

/// The part of the tissue that ink has reached, with a margin of a cell per sweep: all that transport has to touch.
struct TransportBox {
  int rings, rows;
};

/// Per row, the rings reached by carrier or pigment, and the row's own number if any.
struct ReachStep {
  InsertionProblem p;
  static constexpr int groups_abreast = 2;
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

/// What the matrix catches of each size class in a time `dt`; the deposit that slows it is taken at mid-step. Never catches more
/// than there is or fits. `beside`: what one volume of tissue is to one of its pore fluid, and concentrations in that, stand beside
/// the amounts.
template <bool beside>
struct FiltrationStepOn {
  InsertionProblem p;
  TransportBox box;
  double dt;  ///< [s]

  static constexpr int groups_abreast = 2;
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
        inverse[l] = beside ? p.scratch.fluid_inverse(first + l) : 1.0 / p.tissue.fluid(first + l);
        time[l] = FiltrationRoom{p.params.max_captured, held[l]}.clean_share(0.0) * dt * inverse[l];
      }
      attempt(first, time, caught, sum);
      DF_LANES
      for (int l = 0; l < W; ++l) {
        const FiltrationRoom room{p.params.max_captured, held[l]};
        time[l] = room.clean_share(0.5 * room.at_most(sum[l])) * dt * inverse[l];
      }
      attempt(first, time, caught, sum);
      double fits[W];
      DF_LANES
      for (int l = 0; l < W; ++l) fits[l] = FiltrationRoom{p.params.max_captured, held[l]}.share_that_fits(sum[l]);
      for (int n = 0; n < p.params.classes; ++n) {
        const FieldView<double> pigment = p.tissue.pigment[n], captured = p.tissue.captured[n];
        const FieldView<double> c = beside ? p.scratch.c[n] : FieldView<double>{};
        DF_LANES
        for (int l = 0; l < W; ++l) {
          const int k = first + l;
          const double taken = fits[l] * caught[n][l], left = pigment(k) - taken;
          captured(k) += taken;
          pigment(k) = left;
          if constexpr (beside) c(k) = left * inverse[l];
        }
      }
    }
  }
};
using FiltrationStep = FiltrationStepOn<true>;

}  // namespace dermaflux
