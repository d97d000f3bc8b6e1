#pragma once
#include "core/execution/executor.hpp"
#include "core/solver/optics_steps.hpp"

namespace dermaflux {

/// Contrast and width of the dot in one band: escape probability by conjugate gradients from the last one, then the view.
/// Leaves contrast, width, mean reflectance of the centre and of skin in `profile`.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION void look_in_band(const Executor& executor, const OpticsProblem& o, const LightClock& clock,
                              FieldView<double> profile) {
  const int n_r = o.grid.n_r, n_z = o.grid.n_z;
  executor.cells(n_r, n_z, OpticalCellStep{o, clock});
  executor.cells(n_r, n_z, OpticalFaceStep{o, clock});
  executor.cells(n_r, n_z, OpticalResidualStep{o, clock});
  executor.rows(n_z, FactorTeethStep{o.system});
  solve_comb(executor, o.system, o.params.tolerance, 400, 0);  // nearly without absorption: multigrid at once
  executor.cells(n_r, n_z, ApplyEscapeStep{o});
  executor.single(ViewStep{o, clock});
  executor.single(SkinViewStep{o, clock});
  executor.single(DotProfileStep{o, 60.0 * units::um, profile});
}

/// Light problem of a band at a time after treatment.
DF_FUNCTION inline LightClock light_clock(const OpticsParams& c, int band, double time) {
  const auto packed = [&](double size) {
    return c.absorption[band] * PackageEffect{}(c.pigment_density * c.absorption[band] * c.cluster_solids * size);
  };
  const ClusterGrowth cluster{c.cluster_start, c.cluster_end, c.cluster_growth};
  const bool depleted = c.depletion_time > 0.0 && time >= c.depletion_time;
  return {.band = band,
          .blood = 1.0 + c.erythema.extra_blood(time) + c.haematoma.extra_blood(time),
          .swelling = c.oedema.thickness(time) - 1.0,
          .dispersed = packed(depleted ? cluster(c.depletion_time) : c.fresh_size),
          .packed = packed(cluster(time))};
}

/// What the dot looks like at a time: contrast and width at 550 nm and, if asked, the reflectance in all bands. `scratch`
/// holds four values. `view` keeps the reflectance per band and ring of the bands looked at, if it is not empty.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION Appearance look(const Executor& executor, const OpticsProblem& o, const PoolFields& pools, const AxisymmetricGrid& fine,
                            double time, bool colour, FieldView<double> scratch, FieldView<double> view = {}) {
  executor.cells(o.grid.n_r, o.grid.n_z, CoarsenPigmentStep{o, pools, fine});
  Appearance result{};
  result.erythema = o.params.erythema.amplitude(time);
  result.oedema = o.params.oedema.amplitude(time);
  result.haematoma = o.params.haematoma.amplitude(time);
  for (int n = 0; n < (colour ? band_count : 1); ++n) {
    const int band = (contrast_band + n) % band_count;
    look_in_band(executor, o, light_clock(o.params, band, time), scratch);
    if (view.size > 0) executor.cells(o.grid.n_r + 1, 1, RecordViewStep{o, view, band});
    if (n == 0) {
      result.contrast = executor.read(scratch, 0);
      result.fwhm = executor.read(scratch, 1);
    }
    result.dot[band] = executor.read(scratch, 2);
    result.skin[band] = executor.read(scratch, 3);
  }
  return result;
}

/// Adds to `view` the bands that a look without colour leaves out. The escape probability is set aside in `aside` and put back, so
/// that the next look starts from the same bits as it does without a record.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION void view_other_bands(const Executor& executor, const OpticsProblem& o, double time, FieldView<double> scratch,
                                  FieldView<double> view, FieldView<double> aside) {
  executor.cells(o.grid.n_r, o.grid.n_z, CopyEscapeStep{o, o.escape, aside});
  for (int n = 1; n < band_count; ++n) {
    const int band = (contrast_band + n) % band_count;
    look_in_band(executor, o, light_clock(o.params, band, time), scratch);
    executor.cells(o.grid.n_r + 1, 1, RecordViewStep{o, view, band});
  }
  executor.cells(o.grid.n_r, o.grid.n_z, CopyEscapeStep{o, aside, o.escape});
}

}  // namespace dermaflux
