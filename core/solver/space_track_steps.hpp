#pragma once
#include <cmath>

#include "core/solver/needle_steps.hpp"
#include "core/solver/pressure_steps.hpp"
#include "core/solver/space_steps.hpp"

namespace dermaflux {

// A track is a strip: an InsertionProblem of one ring whose rows lie along its axis, so that every law and step of the axisymmetric
// track holds in it. Its single ring stands for the cells that the track crosses in a row.

/// Mobility, cracks and pressure of the crossed cells, as the strip's ring.
struct GatherTrackStep {
  SpaceProblem b;
  InsertionProblem strip;
  int t;
  DF_FUNCTION void operator()(int, int j) const {
    double mobility = 0.0, crack = 0.0, pressure = 0.0, all = 0.0;
    b.track[t].crossings(j, [&](int at, int k) {
      const double share = b.track[t].share(at);
      all += share;
      mobility += share * b.tissue.scratch.mobility(k);
      crack += share * b.tissue.tissue.crack(k);
      pressure += share * b.tissue.tissue.pressure(k);
    });
    strip.scratch.mobility(j) =
        all > 0.0 ? mobility : b.tissue.rows.permeability(j) / b.tissue.params.viscosity.interstitial_viscosity;
    strip.tissue.crack(j) = crack;
    strip.tissue.pressure(j) = all > 0.0 ? pressure : b.tissue.params.rest_pressure;
  }
};

/// Admittance of one cell of an endless even square lattice [m^3/(Pa s)]: the flow into it per rise of its pressure, where every
/// cell stores s per pressure and is joined to its four neighbours by conductances T. T times the inverse of the lattice's Green
/// function, pi (a + 4)/(2 K(4/(a + 4))), a = s/T, with the elliptic integral by the arithmetic-geometric mean (Economou 2006,
/// Green's Functions in Quantum Physics, ch. 5).
struct LatticeAdmittance {
  DF_FUNCTION double operator()(double storage, double conductance) const {
    if (!(conductance > 0.0)) return storage;
    const double far = storage / conductance + 4.0, modulus = 4.0 / far;
    double a = 1.0, g = std::sqrt(larger(1.0 - modulus * modulus, 1e-12));
    for (int n = 0; n < 8; ++n) {
      const double mean = 0.5 * (a + g);
      g = std::sqrt(a * g);
      a = mean;
    }
    return conductance * far * a;
  }
};

/// How the tissue answers a track that presses liquid into it, for the track's own solution: wall and cells in series, and the
/// pressure that they would take with a closed wall. The neighbouring rows are taken to do the same, so nothing flows along the
/// track in the tissue; what that leaves out comes with the coupled pressure.
struct TrackResponseStep {
  SpaceProblem b;
  InsertionProblem strip;
  int t;
  DF_FUNCTION void operator()(int, int j) const {
    double response = 0.0, reference = 0.0;
    b.track[t].crossings(j, [&](int at, int k) {
      const BoxSystem& s = b.system;
      const float around = (s.x(k) + s.x(k - b.layer())) + (s.y(k) + s.y(k - b.grid.n_z));
      const double cell = LatticeAdmittance{}(s.storage(k), 0.25 * static_cast<double>(around));
      const double wall = strip.system.wall(j) * b.track[t].share(at);
      const double both = wall > 0.0 ? wall * cell / (wall + cell) : 0.0;
      response += both;
      reference += both * (b.tissue.tissue.pressure(k) + s.residual(k) / cell);
    });
    strip.system.spine_response(j) = response;
    strip.system.partial(j) = response > 0.0 ? reference / response - strip.tissue.pressure(j) : 0.0;
  }
};

/// Residuals on both sides of the wall once the pressure of the track is known.
struct SpaceWallResidualStep {
  SpaceProblem b;
  InsertionProblem strip;
  int t;
  DF_FUNCTION void operator()() const {
    for (int j = 0; j < b.part.rows; ++j) {
      double all = 0.0;
      b.track[t].crossings(j, [&](int at, int k) {
        const double wall = strip.system.wall(j) * b.track[t].share(at);
        const double flux = wall * (strip.track.pressure(j) - b.tissue.tissue.pressure(k));
        b.system.residual(k) += flux;
        all += flux;
      });
      strip.system.spine_residual(j) -= all;
    }
  }
};

/// Adds the solved change to the track's pressure and leaves the flow through its wall, in every crossing. Where cells of one row
/// would take different directions their sum is shared out among those that go its way.
struct SpaceWallFluxStep {
  SpaceProblem b;
  InsertionProblem strip;
  int t;
  DF_FUNCTION void operator()() const {
    for (int j = 0; j < b.part.rows; ++j) {
      strip.track.pressure(j) += strip.system.spine_correction(j);
      double all = 0.0, along = 0.0;
      const auto each = [&](auto what) {
        b.track[t].crossings(j, [&](int at, int k) {
          what(at, strip.system.wall(j) * b.track[t].share(at) * (strip.track.pressure(j) - b.tissue.tissue.pressure(k)));
        });
      };
      each([&](int, double flux) { all += flux; });
      each([&](int, double flux) { along += flux * all > 0.0 ? flux : 0.0; });
      each([&](int at, double flux) { b.track[t].flux(at) = flux * all > 0.0 ? flux * (all / along) : 0.0; });
      strip.scratch.wall_flux(j) = all;
    }
  }
};

/// What the track can give or take may be less than the pressures ask: the crossings share that.
struct HoldCrossingsStep {
  SpaceProblem b;
  InsertionProblem strip;
  int t;
  DF_FUNCTION void operator()() const {
    for (int j = 0; j < b.part.rows; ++j) {
      double all = 0.0;
      for (int m = 0; m < max_crossings; ++m) all += b.track[t].flux(j * max_crossings + m);
      if (all == strip.scratch.wall_flux(j) || all == 0.0) continue;
      const double share = strip.scratch.wall_flux(j) / all;
      for (int m = 0; m < max_crossings; ++m) b.track[t].flux(j * max_crossings + m) *= share;
    }
  }
};

/// What goes through the walls of the tracks in a substep: fluid, carrier and pigment into the crossed cells or, at the cells' own
/// concentrations, back into the tracks.
struct WallExchangeStep {
  SpaceProblem b;
  double dt;  ///< [s]

  /// `inverse`: tissue volume over that of the pore fluid before the exchange.
  DF_FUNCTION void move(FieldView<double> amount, double inverse, FieldView<double> wall, FieldView<double> returned, int k, int j,
                        double flux, double per_wall, double volume) const {
    if (flux > 0.0) {
      amount(k) += dt * wall(j) * (flux * per_wall) / volume;
    } else {
      const double back = smaller(-dt * flux * (amount(k) * inverse), amount(k) * volume);
      amount(k) -= back / volume;
      returned(j) += back;
    }
  }
  DF_FUNCTION void operator()() const {
    const TissueState& tissue = b.tissue.tissue;
    for (int t = 0; t < b.tracks; ++t)
      for (int j = 0; j < b.part.rows; ++j)
        b.track[t].crossings(j, [&](int at, int k) {
          const SpaceTrack& track = b.track[t];
          if (track.flux(at) == 0.0) return;
          const double flux = track.flux(at), per_wall = 1.0 / track.wall_flux(j);
          const double volume = b.column_area(k / b.grid.n_z) * b.grid.dz(j);
          const double inverse = 1.0 / tissue.fluid(k);
          tissue.fluid(k) += dt * flux / volume;
          move(tissue.carrier, inverse, track.wall_carrier, track.returned_carrier, k, j, flux, per_wall, volume);
          for (int n = 0; n < b.tissue.params.classes; ++n)
            move(tissue.pigment[n], inverse, track.wall_pigment[n], track.returned_pigment[n], k, j, flux, per_wall, volume);
        });
  }
};

/// The track has closed for good: what is left in it lies in the cells that it crosses.
struct CloseTrackStep {
  SpaceProblem b;
  InsertionProblem strip;
  int t;
  DF_FUNCTION void operator()() const {
    for (int j = 0; j < b.grid.n_z; ++j) {
      int last = -1;
      double left = 1.0;
      for (int m = 0; m < max_crossings; ++m)
        if (b.track[t].cell(j * max_crossings + m) >= 0.0) last = m;
      if (last < 0) continue;
      for (int m = 0; m <= last; ++m) {
        const int at = j * max_crossings + m, k = static_cast<int>(b.track[t].cell(at));
        if (k < 0) continue;
        const double share = m == last ? left : b.track[t].share(at), volume = b.column_area(k / b.grid.n_z) * b.grid.dz(j);
        left -= share;
        b.tissue.tissue.carrier(k) += share * strip.track.carrier(j) / volume;
        for (int n = 0; n < b.tissue.params.classes; ++n)
          b.tissue.tissue.pigment[n](k) += share * strip.track.pigment[n](j) / volume;
      }
      strip.track.carrier(j) = strip.track.liquid(j) = 0.0;
      for (int n = 0; n < b.tissue.params.classes; ++n) strip.track.pigment[n](j) = 0.0;
    }
  }
};

}  // namespace dermaflux
