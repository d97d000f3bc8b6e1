#pragma once
#include <bit>
#include <cmath>
#include <cstdint>

#include "core/portability.hpp"

namespace dermaflux {

/// Slope limiter of van Leer (1974): second order where the profile is smooth, first order at extrema.
struct VanLeerLimiter {
  DF_FUNCTION double operator()(double upwind_step, double face_step) const {
    const double product = upwind_step * face_step;
    return product > 0.0 ? 2.0 * product / (upwind_step + face_step) : 0.0;
  }
};

/// Concentration carried through a face by a flow from `donor` to `receiver`, with `behind` upstream of the donor: donor + half the
/// limited step times 1 - `taken`, the share of the donor's fluid that passes in the time step (Lax-Wendroff, limited). It lies
/// between donor and receiver, and because the limiter is symmetric what leaves a cell through both its faces is at most what it
/// holds: positive and without new extrema while the shares of a cell add up to at most one. Source: van Leer 1974, J. Comput.
/// Phys. 14; Sweby 1984, SIAM J. Numer. Anal. 21; LeVeque 2002, ch. 6.
struct FaceConcentration {
  VanLeerLimiter limiter;
  DF_FUNCTION double operator()(double behind, double donor, double receiver, double taken) const {
    return donor + (0.5 - 0.5 * taken) * limiter(donor - behind, receiver - donor);
  }
};

/// The same of two things that one flow carries through one face, from `b` to `c` in the order a, b, c, d, with one division for
/// both. `weight` is 1 - taken where the flow goes onward and taken - 1 where it comes back.
struct FaceConcentrations {
  /// Below this the product of two steps counts as none, so that nothing overflows: the sum of two steps is at least twice the root
  /// of their product, and the inverse of two such sums at most 2.5e279.
  static constexpr double least_product = 1e-280;

  /// What the face sees of one of them.
  struct Seen {
    double donor, product, sum;
  };
  /// `a` where all bits of `first` are set, `b` where none is. Many conditions in one loop over lanes keep the compiler from using
  /// vector registers; this is none.
  DF_IN_LANES DF_FUNCTION static double pick(std::int64_t first, double a, double b) {
    const auto x = std::bit_cast<std::int64_t>(a), y = std::bit_cast<std::int64_t>(b);
    return std::bit_cast<double>((x & first) | (y & ~first));
  }
  DF_IN_LANES DF_FUNCTION static Seen seen(bool on, double a, double b, double c, double d) {
    const std::int64_t onward = -static_cast<std::int64_t>(on);
    const double face_step = c - b, upwind_step = pick(onward, b - a, d - c);
    const double product = upwind_step * face_step, sum = upwind_step + face_step;
    const std::int64_t slopes = -static_cast<std::int64_t>(product > least_product);
    return {pick(onward, b, c), pick(slopes, product, 0.0), pick(slopes, sum, 1.0)};
  }
  DF_IN_LANES DF_FUNCTION static void carry(double flux, double weight, const Seen& one, const Seen& two, double& out_one,
                                            double& out_two) {
    const double per = weight / (one.sum * two.sum);
    out_one = flux * (one.donor + one.product * (two.sum * per));
    out_two = flux * (two.donor + two.product * (one.sum * per));
  }
};

/// Rate at which flowing pigment is caught by a clean matrix, per unit of fluid content [1/s]: lambda |u|. Deposit lowers it by
/// the factor (1 - sigma/sigma_max). Source: Iwasaki 1937; Herzig, Leclerc & Le Goff 1970, Ind. Eng. Chem. 62.
struct Filtration {
  DF_FUNCTION double operator()(double filter_coefficient, double darcy_speed) const { return filter_coefficient * darcy_speed; }
};

/// Share of suspended pigment that is caught in a time of `rate` = lambda |u| t / n: 1 - 1/(1 + x + x^2/2). Equals 1 - e^(-x) to
/// second order and stays between 0 and 1 for any x.
struct CaughtShare {
  DF_FUNCTION double operator()(double rate) const {
    const double grown = rate + 0.5 * rate * rate;
    return grown / (1.0 + grown);
  }
};

/// What a matrix can still catch that holds `held` [kg/m^3] and is plugged by `most`: deposit slows capture by its share, and no
/// more is caught than fits.
struct FiltrationRoom {
  double most, held;
  DF_IN_LANES DF_FUNCTION double clean_share(double more) const { return larger(1.0 - (held + more) * (1.0 / most), 0.0); }
  DF_IN_LANES DF_FUNCTION double room() const { return larger(most - held, 0.0); }
  DF_IN_LANES DF_FUNCTION double at_most(double caught) const { return smaller(caught, room()); }
  DF_IN_LANES DF_FUNCTION double share_that_fits(double caught) const { return caught > room() ? room() / caught : 1.0; }
};

/// Gain of filtration by straining [-]: particles wider than 0.3 of a pore are caught (d / 0.3 d_pore)^1.5 times more, with the
/// pore of a bundle of tubes, d_pore = sqrt(32 k/n). Estimate; physics of straining after Herzig, Leclerc & Le Goff 1970.
struct StrainingGain {
  DF_FUNCTION double operator()(double diameter, double permeability, double porosity) const {
    const double tightness = larger(diameter / (0.3 * std::sqrt(32.0 * permeability / porosity)), 1.0);
    return tightness * std::sqrt(tightness);
  }
};

/// Molecular diffusion and mechanical dispersion in pore fluid, per tissue area and over a time [m^2]: n D = n D_m t + a |u| t,
/// isotropic. `path` is the Darcy speed integrated over that time, so that it may have changed meanwhile. Source: Bear 1972,
/// Dynamics of Fluids in Porous Media, ch. 10.
struct PoreSpreading {
  double dispersivity;  ///< a [m]
  DF_FUNCTION double operator()(double fluid, double diffusivity, double time, double path) const {
    return fluid * diffusivity * time + dispersivity * path;
  }
};

}  // namespace dermaflux
