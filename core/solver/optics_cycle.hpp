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
  executor.cells(n_r, n_z, OpticalFaceStep{o});
  executor.cells(n_r, n_z, OpticalResidualStep{o});
  executor.rows(n_z, FactorTeethStep{o.system});
  solve_comb(executor, o.system, o.params.tolerance, 400, 0);  // nearly without absorption: multigrid at once
  executor.cells(n_r, n_z, ApplyEscapeStep{o});
  executor.single(ViewStep{o});
  executor.single(SkinViewStep{o, clock});
  executor.single(DotProfileStep{o, 60.0 * units::um, profile});
}

/// What the look of a dot depends on besides its pigment.
struct SkinClock {
  double erythema;  ///< extra blood over that right after one session, of all sessions together [-]
  double age;       ///< of the pigment, its mean [s]

  /// A time after a single session.
  DF_FUNCTION static SkinClock after(const OpticsParams& c, double time) { return {std::exp(-time / c.erythema_decay), time}; }
};

/// Light problem of a band.
DF_FUNCTION inline LightClock light_clock(const OpticsParams& c, int band, const SkinClock& clock) {
  const auto packed = [&](double size) {
    return c.absorption[band] * PackageEffect{}(c.pigment_density * c.absorption[band] * c.cluster_solids * size);
  };
  const double in_cells = c.cluster_end - (c.cluster_end - c.cluster_start) * std::exp(-clock.age / c.cluster_growth);
  return {
      .band = band, .blood = 1.0 + c.erythema_gain * clock.erythema, .dispersed = packed(c.fresh_size), .packed = packed(in_cells)};
}

/// What the dot looks like: contrast and width at 550 nm and, if asked, the reflectance in all bands. `scratch`
/// holds four values.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION Appearance look(const Executor& executor, const OpticsProblem& o, const PoolFields& pools, const AxisymmetricGrid& fine,
                            const SkinClock& clock, bool colour, FieldView<double> scratch) {
  executor.cells(o.grid.n_r, o.grid.n_z, CoarsenPigmentStep{o, pools, fine});
  Appearance result{};
  for (int n = 0; n < (colour ? band_count : 1); ++n) {
    const int band = (contrast_band + n) % band_count;
    look_in_band(executor, o, light_clock(o.params, band, clock), scratch);
    if (n == 0) {
      result.contrast = executor.read(scratch, 0);
      result.fwhm = executor.read(scratch, 1);
    }
    result.dot[band] = executor.read(scratch, 2);
    result.skin[band] = executor.read(scratch, 3);
  }
  return result;
}

}  // namespace dermaflux
