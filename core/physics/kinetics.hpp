#pragma once
#include <cmath>

#include "core/lane_math.hpp"
#include "core/portability.hpp"
#include "core/units.hpp"

namespace dermaflux {

/// Density of macrophages in a wound over the resident density [-]: 1 + (peak - 1) w (e^(-t/decay) - e^(-t/rise)) / max,
/// recruitment as the difference of arrival and departure; w is the cell's share in the wound. The integral of
/// dn/dt = s(t) - (n - n_0)/decay with s falling as e^(-t/rise).
struct MacrophageRecruitment {
  double peak;   ///< largest density over resident [-]
  double rise;   ///< [s]
  double decay;  ///< [s], larger than `rise`
  DF_FUNCTION double operator()(double time, double wound_share) const {
    const double top = std::log(decay / rise) / (1.0 / rise - 1.0 / decay);
    const double largest = std::exp(-top / decay) - std::exp(-top / rise);
    return 1.0 + (peak - 1.0) * wound_share * (std::exp(-time / decay) - std::exp(-time / rise)) / largest;
  }
};

/// Rate at which free pigment is taken up [1/s]: k (n/n_0 - M / (n_0 m_cap))+, empty cells at resident density taking k;
/// saturates when every cell is full. Source: overload of macrophages, Morrow 1988, Fundam. Appl. Toxicol. 10.
struct PigmentUptake {
  double rate;              ///< k [1/s]
  double resident_density;  ///< n_0 [1/m^3]
  double capacity;          ///< m_cap, per cell [kg]
  DF_IN_LANES DF_FUNCTION double operator()(double density, double cell_bound) const {
    return rate / resident_density * larger(density - cell_bound * (1.0 / capacity), 0.0);
  }
};

/// Lightly laden macrophages leave for the nodes: only below a share of their capacity and only while the wound is young.
/// Estimate.
struct LadenCellMigration {
  double rate;      ///< [1/s]
  double load;      ///< over capacity [-]
  double window;    ///< [s]
  double capacity;  ///< [kg]
  /// Mean over [t, t + dt] of the rate at which such cells leave [1/s].
  DF_FUNCTION double operator()(double time, double dt) const {
    return time + dt <= window ? rate : rate * larger((window - time) / dt, 0.0);
  }
  /// What cells of some density hold at most if they leave [kg/m^3].
  DF_IN_LANES DF_FUNCTION double lightest(double density) const { return load * capacity * density; }
};

/// One-time death of a share of the macrophages, and their return from the blood: density over that without it [-] is
/// 1 - share e^(-(t - t_0)/tau) from t_0 on. Source: capture, release and recapture in depleted skin, Baranska 2018, J. Exp.
/// Med. 215.
struct MacrophageDepletion {
  double time;         ///< t_0 [s], 0 for none
  double share;        ///< [-]
  double return_time;  ///< tau [s]
  DF_FUNCTION double operator()(double now) const {
    return time > 0.0 && now >= time ? 1.0 - share * std::exp(-(now - time) / return_time) : 1.0;
  }
};

/// Size of the pigment clusters inside cells [m]: end - (end - start) e^(-t/tau). Estimate.
struct ClusterGrowth {
  double start, end;     ///< when fresh in a cell, and after years [m]
  double time_constant;  ///< tau [s]
  DF_FUNCTION double operator()(double time) const { return end - (end - start) * std::exp(-time / time_constant); }
};

/// Lymphatic clearance of free particles relative to that of 100 nm ones [-]: falls by ten per step at 100, 200 and 500 nm,
/// interpolated in the logarithm of the diameter. Estimate after Swartz 2001, Adv. Drug Deliv. Rev. 50 (lymph prefers 10-100 nm).
struct LymphSizeFactor {
  DF_FUNCTION double operator()(double diameter) const {
    const double nm = diameter / units::nm;
    double decades;
    if (nm <= 100.0)
      decades = 0.0;
    else if (nm <= 200.0)
      decades = std::log(nm / 100.0) / std::log(2.0);
    else
      decades = 1.0 + std::log(nm / 200.0) / std::log(2.5);
    return std::pow(10.0, -smaller(decades, 3.0));
  }
};

/// Diffusivity of a sphere in a liquid at body temperature [m^2/s]: k_B T / (3 pi mu d). Stokes-Einstein.
struct StokesEinstein {
  DF_FUNCTION double operator()(double diameter, double viscosity) const {
    constexpr double boltzmann = 1.380649e-23, body_temperature = 310.15;  // exact SI value; 37 C
    return boltzmann * body_temperature / (3.0 * units::pi * viscosity * diameter);
  }
};

/// Spread of pigment by release and recapture [m^2/s]: phi k l^2 / 6, a three-dimensional random walk of hop length l.
struct HopDiffusivity {
  DF_FUNCTION double operator()(double release_rate, double recapture_fraction, double hop_length) const {
    return recapture_fraction * release_rate * hop_length * hop_length / 6.0;
  }
};

/// Mean over [t, t + dt] of a rate that decays as e^(-t/tau) from `initial` at time 0.
struct DecayingRate {
  double initial;  ///< [1/s]
  double decay;    ///< tau [s]
  DF_FUNCTION double operator()(double time) const { return initial * std::exp(-time / decay); }
  /// Mean over [t, t + dt].
  DF_FUNCTION double operator()(double time, double dt) const { return (*this)(time) * -std::expm1(-dt / decay) * decay / dt; }
};

/// Pigment of one cell in the dermis, per tissue volume [kg/m^3].
struct PigmentPools {
  double free, matrix, macrophage, slow;
};

/// Mean of e^-s over 0 <= s <= x.
DF_FUNCTION inline double mean_decay(double x) { return x > 0.0 ? -std::expm1(-x) / x : 1.0; }
/// Mean of s/x e^-s over the same.
DF_FUNCTION inline double mean_delay(double x) {
  return x > 1e-3 ? (1.0 - std::exp(-x) * (1.0 + x)) / (x * x) : 0.5 - x * (1.0 / 3.0 - x * (1.0 / 8.0 - x / 30.0));
}

/// Free pigment after a step, and what it was in between.
struct FreePigment {
  double left;  ///< [kg/m^3]
  double time;  ///< integral over the step [kg s/m^3]
};

/// Free pigment that the matrix feeds and that leaves at a constant rate: df/dt = a m - k f with dm/dt = -a m, exact for any step.
struct FreeExchange {
  double release;  ///< a [1/s]
  double dt;       ///< [s]
  double stays;    ///< share of the matrix' pigment that stays there, e^(-a dt) [-]
  double leaves;   ///< 1 - that [-]
  double delay;    ///< integral of time over what leaves [s]

  DF_FUNCTION static FreeExchange of(double release, double dt) {
    const double x = release * dt;
    return {release, dt, std::exp(-x), -std::expm1(-x), dt * x * mean_delay(x)};
  }
  /// Share of free pigment that stays free if it leaves at a rate k [-].
  DF_IN_LANES DF_FUNCTION double decay(double rate) const { return lane_decay(rate * dt); }
  /// Of free pigment that leaves at a rate k, with its decay.
  DF_IN_LANES DF_FUNCTION FreePigment operator()(double free, double matrix, double rate, double decay) const {
    // a m (e^(-a dt) - e^(-k dt)) / (k - a), where the two rates are alike as mean x tanh(h)/h, h = (k - a) dt / 2, to h^4: the
    // rest is below 17/315 h^6 = 1e-15.
    const double apart = rate - release, x = apart * dt, square = x * x;
    const bool alike = square < 1e-4;
    const double divisor = alike ? 1.0 : apart, leaving = larger(rate, 1e-150);
    const double inverse = 1.0 / (divisor * leaving);  // one division for both quotients
    const double quotient = (stays - decay) * (inverse * leaving);
    const double near = dt * 0.5 * (stays + decay) * (1.0 - square * (1.0 / 12.0 - square * (1.0 / 120.0)));
    // Not below nothing where both shares are all but nothing, and rounding decides which is the larger.
    const double left = fused(free, decay, larger(release * matrix * (alike ? near : quotient), 0.0));
    // What has gone is what is missing: so the flows out of the pool add up to it.
    const double gone = larger(fused(matrix, leaves, free) - left, 0.0);
    return {left, gone * (inverse * divisor)};
  }
  /// How far before the middle of the step the mean of the time lies in which it was free, over half the step, -1 to 1.
  DF_IN_LANES DF_FUNCTION double early(const FreePigment& after, double matrix, double rate) const {
    // The first moment by parts, t df/dt = t (a m - k f). Its roundings are 1e-16 / (k dt)^2: below 1e-6, where next to nothing
    // goes, as if it went evenly.
    const double moment = matrix * delay - dt * after.left + after.time, whole = rate * dt * after.time;
    const double before = 1.0 - 2.0 * moment / larger(whole, 1e-300), counts = rate * dt > 1e-6 ? 1.0 : 0.0;
    return counts * smaller(larger(before, -1.0), 1.0);
  }
};

/// Pigment in cells and in the slow pool after a step: shares [-], or what they make of some [kg/m^3].
struct HeldShare {
  double in_cells, in_slow;

  DF_IN_LANES DF_FUNCTION HeldShare operator+(const HeldShare& other) const {
    return {in_cells + other.in_cells, in_slow + other.in_slow};
  }
  DF_IN_LANES DF_FUNCTION HeldShare operator-(const HeldShare& other) const {
    return {in_cells - other.in_cells, in_slow - other.in_slow};
  }
  DF_IN_LANES DF_FUNCTION HeldShare operator*(double of) const { return {in_cells * of, in_slow * of}; }
  /// This and so much of another.
  DF_IN_LANES DF_FUNCTION HeldShare plus(const HeldShare& other, double of) const {
    return {fused(other.in_cells, of, in_cells), fused(other.in_slow, of, in_slow)};
  }
};

/// What a step makes of pigment that was in cells or in the slow pool, or came into the cells evenly during the step. The rest is
/// lost.
struct HeldShares {
  HeldShare cells, slow, fed;

  /// Of what came into the cells earlier than evenly: a share of it at once, so that the mean time is right; or later, at the end.
  DF_IN_LANES DF_FUNCTION HeldShare fed_early(double early) const {
    return fed.plus(cells - fed, larger(early, 0.0)).plus(HeldShare{1.0, 0.0} - fed, larger(-early, 0.0));
  }
};

/// Exchange between macrophages and the slow pool: linear, so that a step of any length is exact, and positive.
struct HeldExchange {
  double cell_loss;    ///< macrophage -> lymph: death without recapture, and migration [1/s]
  double transfer;     ///< macrophage -> slow [1/s]
  double slow_return;  ///< slow -> macrophage: released and taken up again [1/s]
  double slow_loss;    ///< slow -> lymph: released and not taken up again [1/s]

  DF_FUNCTION bool loses() const { return cell_loss + slow_loss > 0.0; }
  DF_FUNCTION HeldShares operator()(double dt) const {
    const double of_cells = cell_loss + transfer, of_slow = slow_return + slow_loss;
    const double middle = 0.5 * (of_cells + of_slow), half = 0.5 * (of_slow - of_cells);
    const double apart = std::sqrt(half * half + transfer * slow_return), fast = middle + apart;
    // Eigenvalues -fast and -slow; their product is the determinant, a sum of positive terms.
    const double slow = fast > 0.0 ? (cell_loss * of_slow + transfer * slow_loss) / fast : 0.0;
    const double e_slow = std::exp(-slow * dt), e_fast = std::exp(-fast * dt);
    const double mean = 0.5 * (e_slow + e_fast), slope = e_slow * dt * mean_decay(2.0 * apart * dt);
    const double fed_slow = mean_decay(slow * dt), fed_fast = mean_decay(fast * dt), fed = 0.5 * (fed_slow + fed_fast);
    const double fed_slope = apart * dt > 1e-5 ? (fed_slow - fed_fast) / (2.0 * apart) : dt * mean_delay(middle * dt);
    return {.cells = {larger(mean + half * slope, 0.0), transfer * slope},
            .slow = {slow_return * slope, larger(mean - half * slope, 0.0)},
            .fed = {larger(fed + half * fed_slope, 0.0), transfer * fed_slope}};
  }
};

}  // namespace dermaflux
