#pragma once
#include <cmath>

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

/// Rate at which free pigment is taken up [1/s]: k n/n_0 (1 - M / (n m_cap))+, empty cells at resident density taking k;
/// saturates when every cell is full. Source: overload of macrophages, Morrow 1988, Fundam. Appl. Toxicol. 10.
struct PigmentUptake {
  double rate;              ///< k [1/s]
  double resident_density;  ///< n_0 [1/m^3]
  double capacity;          ///< m_cap, per cell [kg]
  DF_FUNCTION double operator()(double density, double cell_bound) const {
    const double room = larger(density * capacity, 1e-300);  // without branches, so that several cells go at once
    return rate * density / resident_density * larger(1.0 - cell_bound / room, 0.0);
  }
};

/// Rate at which lightly laden macrophages leave for the nodes [1/s]: only below a share of their capacity and only while
/// the wound is young. Estimate.
struct LadenCellMigration {
  double rate;      ///< [1/s]
  double load;      ///< over capacity [-]
  double window;    ///< [s]
  double capacity;  ///< [kg]
  DF_FUNCTION double operator()(double time, double density, double cell_bound) const {
    const double laden = load * density * capacity, early = time < window ? rate : 0.0;
    return cell_bound < laden ? early : 0.0;
  }
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
  DF_FUNCTION double operator()(double time, double dt) const {
    return initial * std::exp(-time / decay) * -std::expm1(-dt / decay) * decay / dt;
  }
};

/// Pigment of one cell in the dermis, per tissue volume [kg/m^3].
struct PigmentPools {
  double free, matrix, macrophage, slow;
};

/// First-order rates between the pools and out of them [1/s].
struct PoolRates {
  double uptake;            ///< free -> macrophage
  double free_lymph;        ///< free -> lymph
  double exudation;         ///< free -> surface
  double matrix_release;    ///< matrix -> free
  double cell_lymph;        ///< macrophage -> lymph: death without recapture, and migration
  double transfer;          ///< macrophage -> slow
  double slow_return;       ///< slow -> macrophage: released and taken up again
  double slow_lymph;        ///< slow -> lymph: released and not taken up again
  PigmentPools photolysis;  ///< each pool -> gone

  /// Pools after dt with every rate taken at the end of the step (backward Euler). The exchange is an M-matrix whose columns
  /// sum to the losses, so the result is positive and loses exactly what the losses book, for any dt.
  DF_FUNCTION PigmentPools advance(const PigmentPools& before, double dt) const {
    const double matrix = before.matrix / (1.0 + dt * (matrix_release + photolysis.matrix));
    const double free =
        (before.free + dt * matrix_release * matrix) / (1.0 + dt * (uptake + free_lymph + exudation + photolysis.free));
    const double of_cells = 1.0 + dt * (cell_lymph + transfer + photolysis.macrophage);
    const double of_slow = 1.0 + dt * (slow_return + slow_lymph + photolysis.slow);
    // macrophage -> slow -> macrophage is the only cycle: macrophage = (known + on * back * macrophage) / of_cells.
    const double on = dt * transfer, back = dt * slow_return / of_slow;
    const double macrophage = (before.macrophage + dt * uptake * free + back * before.slow) / (of_cells - on * back);
    return {free, matrix, macrophage, (before.slow + on * macrophage) / of_slow};
  }

  /// Rates of the corrector of a modified Patankar-Runge-Kutta step of second order: the mean of the flows at `before` (with
  /// `uptake_before`) and at the predictor `after`, each per unit of the predictor. Source: Burchard, Deleersnijder & Meister
  /// 2003, Appl. Numer. Math. 47.
  DF_FUNCTION PoolRates corrector(const PigmentPools& before, const PigmentPools& after, double uptake_before) const {
    constexpr double tiny = 1e-300;  // an empty pool sends nothing at any rate
    const auto mean = [](double y0, double y1) { return 0.5 * (y0 / larger(y1, tiny) + 1.0); };
    const double of_free = mean(before.free, after.free), of_matrix = mean(before.matrix, after.matrix);
    const double of_cells = mean(before.macrophage, after.macrophage), of_slow = mean(before.slow, after.slow);
    const double taken = 0.5 * (uptake_before * before.free / larger(after.free, tiny) + uptake);
    return {.uptake = taken,
            .free_lymph = free_lymph * of_free,
            .exudation = exudation * of_free,
            .matrix_release = matrix_release * of_matrix,
            .cell_lymph = cell_lymph * of_cells,
            .transfer = transfer * of_cells,
            .slow_return = slow_return * of_slow,
            .slow_lymph = slow_lymph * of_slow,
            .photolysis = {photolysis.free * of_free, photolysis.matrix * of_matrix, photolysis.macrophage * of_cells,
                           photolysis.slow * of_slow}};
  }
};

}  // namespace dermaflux
