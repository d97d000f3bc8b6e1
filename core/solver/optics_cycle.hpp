#pragma once
#include "core/execution/executor.hpp"
#include "core/solver/optics_steps.hpp"
#include "core/solver/path_steps.hpp"

namespace dermaflux {

/// What diffusion says of the light from each ring: escape probability by conjugate gradients from the last one, then the view.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION void glow(const Executor& executor, const OpticsProblem& o, const LightClock& clock) {
  const int n_r = o.grid.n_r, n_z = o.grid.n_z;
  executor.cells(n_r, n_z, OpticalCellStep{o, clock});
  executor.cells(n_r, n_z, OpticalFaceStep{o, clock});
  executor.cells(n_r, n_z, OpticalResidualStep{o, clock});
  executor.rows(n_z, FactorTeethStep{o.system});
  solve_comb(executor, o.system, o.params.tolerance, 400, 0);  // nearly without absorption: multigrid at once
  executor.cells(n_r, n_z, ApplyEscapeStep{o});
  executor.cells(n_r, 1, GlowStep{o, clock});
}

/// Contrast and width of the dot in one band. Photon paths say what skin and pigment return, as long as pigment scatters no more
/// than it absorbs; the weights of paths that turn in it scatter too much beyond. The rest of its scattering is the difference of
/// two diffusion problems, nothing for carbon black and most of what is seen of a white pigment. Leaves contrast, width, mean
/// reflectance of the centre and of skin in `profile`, as far as the `places` that are looked at tell them.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION void look_in_band(const Executor& executor, const OpticsProblem& o, const PoolFields& pools, const LightClock& clock,
                              int places, FieldView<double> profile) {
  const int paths = clock.band == contrast_band ? o.params.paths : o.params.paths_aside;
  LightClock dim = clock;  // what paths take of the pigment's scattering
  dim.scattering_gain = smaller(clock.scattering_gain, o.params.sharpness);
  executor.single(SkinDepthStep{o, clock});
  executor.cells(o.tissue.n_r, o.tissue.n_z, PigmentStep{o, pools, clock});
  executor.cells(1, o.tissue.n_z, PigmentReachStep{o, clock});
  executor.single(PigmentBoxStep{o});
  executor.cells(raster_rows, 1, RasterStep{o});
  executor.cells((paths + path_group - 1) / path_group, 1, FollowPathsStep{o, paths, places, dim.scattering_gain});
  executor.cells(places + 1, 1, ReturnedLightStep{o, paths, places});
  if (clock.scattering_gain > dim.scattering_gain && executor.read(o.tables.box, 2) > 0.0) {
    executor.cells(o.grid.n_r, o.grid.n_z, StartOpticsStep{o});  // so that a look depends on nothing before it
    glow(executor, o, dim);
    executor.cells(places, 1, AddGlowStep{o, -1.0});
    glow(executor, o, clock);
    executor.cells(places, 1, AddGlowStep{o, 1.0});
  }
  executor.single(DotProfileStep{o, places, profile});
}

/// What the look of a dot depends on besides its pigment.
struct SkinClock {
  double time = 0.0;                                     ///< since the first session [s]
  double age = 0.0;                                      ///< of the pigment, its mean [s]
  double erythema = 0.0, oedema = 0.0, haematoma = 0.0;  ///< amplitudes, those of all sessions added up [-]

  /// Adds what is left of a session's acute response some time after it.
  DF_FUNCTION void add(const OpticsParams& c, double since) {
    erythema += c.erythema.amplitude(since);
    oedema += c.oedema.amplitude(since);
    haematoma += c.haematoma.amplitude(since);
  }
  /// A time after a single session.
  DF_FUNCTION static SkinClock after(const OpticsParams& c, double time) {
    SkinClock clock{time, time};
    clock.add(c, time);
    return clock;
  }
};

/// Light problem of a band.
DF_FUNCTION inline LightClock light_clock(const OpticsParams& c, int band, const SkinClock& clock) {
  const auto packed = [&](double size) {
    return c.absorption[band] * PackageEffect{}(c.pigment_density * c.absorption[band] * c.cluster_solids * size);
  };
  const double first = clock.time - clock.age;  // when the pigment came, on average
  const ClusterGrowth cluster{c.cluster_start, c.cluster_end, c.cluster_growth};
  const bool depleted = c.depletion_time > 0.0 && clock.time >= c.depletion_time;
  return {.band = band,
          .blood = 1.0 + c.erythema.gain * clock.erythema + c.haematoma.gain * clock.haematoma,
          .swelling = c.oedema.swelling * clock.oedema,
          .dispersed = packed(depleted ? cluster(larger(c.depletion_time - first, 0.0)) : c.fresh_size),
          .packed = packed(cluster(clock.age)),
          .scattering_gain = c.scattering_gain[band]};
}

/// What the dot looks like: contrast and width at 550 nm and, if asked, the reflectance in all bands, from as many places of the
/// view as that takes: the numbers are the same. `scratch` holds four values. `seen(band)` is called after each band, when
/// o.reflectance holds what is seen at those places.
DF_CALLER_DECIDES
template <class Executor, class Seen>
DF_FUNCTION Appearance look(const Executor& executor, const OpticsProblem& o, const PoolFields& pools, const SkinClock& clock,
                            bool colour, FieldView<double> scratch, Look wanted, const Seen& seen) {
  Appearance result{};
  result.contrast = result.fwhm = NAN;
  result.erythema = clock.erythema;
  result.oedema = clock.oedema;
  result.haematoma = clock.haematoma;
  if (wanted == Look::nothing) return result;
  executor.cells(o.grid.n_r, o.grid.n_z, CoarsenPigmentStep{o, pools});
  const int places = wanted == Look::everything ? view_rings : (wanted == Look::width ? near_rings : centre_rings);
  for (int n = 0; n < (colour ? band_count : 1); ++n) {
    const int band = (contrast_band + n) % band_count;
    const LightClock light = light_clock(o.params, band, clock);
    look_in_band(executor, o, pools, light, n == 0 || wanted == Look::everything ? places : centre_rings, scratch);
    if (n == 0 && wanted == Look::width && executor.read(scratch, 1) == DotProfileStep::wider)
      look_in_band(executor, o, pools, light, view_rings, scratch);
    seen(band);
    if (n == 0) {
      result.contrast = executor.read(scratch, 0);
      if (wanted != Look::contrast) result.fwhm = executor.read(scratch, 1);
    }
    result.dot[band] = executor.read(scratch, 2);
    result.skin[band] = executor.read(scratch, 3);
  }
  return result;
}

/// The same where nobody wants more.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION Appearance look(const Executor& executor, const OpticsProblem& o, const PoolFields& pools, const SkinClock& clock,
                            bool colour, FieldView<double> scratch, Look wanted = Look::width) {
  return look(executor, o, pools, clock, colour, scratch, wanted, [](int) {});
}

}  // namespace dermaflux
