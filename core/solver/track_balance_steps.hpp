#pragma once
#include <cmath>

#include "core/solver/track_solve_steps.hpp"

namespace dermaflux {

/// Axial flows of the solved pressures, held to what the drop and each row of the track can give. All rows, one lane.
struct TrackFlowStep {
  InsertionProblem p;
  int active;
  double dt;  ///< [s]

  DF_FUNCTION void operator()() const {
    flows();
    limit_to_content();
  }

  DF_FUNCTION void flows() const {
    for (int j = 0; j < p.grid.n_z; ++j) {
      const double above = j > 0 ? p.track.pressure(j - 1) : 0.0;
      p.track.flow(j) = j < active ? p.system.face(j) * (above - p.track.pressure(j)) : 0.0;
    }
    double film = 0.0;  // the drop gives no more than it has, whether the track draws or pushes back
    for (int j = 0; j < active; ++j) film += p.scratch.film_in(j) * p.grid.dz(j);
    const double asked = (larger(p.track.flow(0), 0.0) + film) * dt, held = p.account(RimAccount::drop_volume);
    if (asked > held && asked > 0.0) {
      const double share = larger(held, 0.0) / asked;
      if (p.track.flow(0) > 0.0) p.track.flow(0) *= share;
      for (int j = 0; j < active; ++j) p.scratch.film_in(j) *= share;
    }
  }

  DF_FUNCTION double below(int j) const { return j + 1 < active ? p.track.flow(j + 1) : 0.0; }

  /// Scales what leaves a row so that it never loses more than it holds and receives; sweeps follow the flow both ways.
  DF_FUNCTION void limit_to_content() const {
    for (int sweep = 0; sweep < 2; ++sweep) {
      for (int n = 0; n < active; ++n) {
        const int j = sweep == 0 ? n : active - 1 - n;
        const double up = p.track.flow(j), down = below(j), wall = p.scratch.wall_flux(j);
        const double out = larger(-up, 0.0) + larger(down, 0.0) + larger(wall, 0.0) + p.scratch.film_out(j) * p.grid.dz(j);
        const double in = larger(up, 0.0) + larger(-down, 0.0) + larger(-wall, 0.0) + p.scratch.film_in(j) * p.grid.dz(j);
        const double held = p.track.liquid(j) * p.grid.dz(j) / dt;
        if (out <= held + in || out <= 0.0) continue;
        const double share = larger((held + in) / out * (1.0 - 1e-12), 0.0);
        if (up < 0.0) p.track.flow(j) *= share;
        if (down > 0.0) p.track.flow(j + 1) *= share;
        if (wall > 0.0) p.scratch.wall_flux(j) *= share;
        p.scratch.film_out(j) *= share;
      }
    }
  }
};

/// Books the step: pigment and carrier upwind and implicit, and what crossed the rim. All rows, one lane.
struct TrackBalanceStep {
  InsertionProblem p;
  int active;
  double dt;     ///< [s]
  bool contact;  ///< the drop is there: outflow returns to it; afterwards it is exuded and wiped

  DF_FUNCTION void operator()() const {
    if (active == 0) return;
    transport();
    rim();
  }

  DF_FUNCTION double below(int j) const { return j + 1 < active ? p.track.flow(j + 1) : 0.0; }

  /// Implicit upwind transport: (V' + dt out) c' - dt sum(in c'_donor) = m + dt (film and tissue), an M-matrix, so that
  /// pigment stays positive for any flow.
  DF_FUNCTION void transport() const {
    const double drop = p.account(RimAccount::drop_volume);
    FieldView<double> inverse = p.scratch.jacobian_diagonal, factor = p.scratch.jacobian_lower, upper = p.scratch.jacobian_upper;
    for (int j = 0; j < active; ++j) {
      const double up = p.track.flow(j), down = below(j), wall = p.scratch.wall_flux(j), dz = p.grid.dz(j);
      const double film_in = p.scratch.film_in(j) * dz, film_out = p.scratch.film_out(j) * dz;
      const double out = larger(-up, 0.0) + larger(down, 0.0) + larger(wall, 0.0) + film_out;
      const double volume = p.track.liquid(j) * dz + dt * (up - down - wall + film_in - film_out);
      upper(j) = -dt * larger(-down, 0.0);
      factor(j) = j > 0 ? -dt * larger(up, 0.0) * inverse(j - 1) : 0.0;
      inverse(j) = 1.0 / (larger(volume, 0.0) + dt * out + 1e-30 - (j > 0 ? factor(j) * upper(j - 1) : 0.0));
    }
    carry(drop > 0.0 ? p.account(RimAccount::drop_carrier) / drop : 0.0, p.track.carrier, p.scratch.wall_carrier, carrier_only);
    for (int n = 0; n < p.params.classes; ++n)
      carry(drop > 0.0 ? p.account(RimAccount::drop_pigment + n) / drop : 0.0, p.track.pigment[n], p.scratch.wall_pigment[n], n);
    Rim rim = open_account(RimAccount::drawn_volume, contact ? RimAccount::back_volume : RimAccount::exuded_volume,
                           RimAccount::drop_volume);
    for (int j = 0; j < active; ++j) {
      rim.book(-dt * p.scratch.film_in(j) * p.grid.dz(j), contact);
      rim.book(dt * p.scratch.film_out(j) * p.grid.dz(j), contact);
    }
    rim.book(-dt * p.track.flow(0), contact);
    close_account(rim);
  }

  /// What crossed the rim so far, at hand while a step adds to it.
  struct Rim {
    int drawn_at, left_at, drop_at;  ///< places in the account, below 0 for none
    double drawn, left, drop;

    /// Something left the track through the rim (negative: entered).
    DF_FUNCTION void book(double amount, bool to_drop) {
      if (amount < 0.0)
        drawn -= amount;
      else
        left += amount;
      if (amount < 0.0 || to_drop) drop += amount;
    }
  };
  DF_FUNCTION Rim open_account(int drawn_at, int left_at, int drop_at) const {
    const auto at = [this](int place) { return place < 0 ? 0.0 : p.account(place); };
    return {drawn_at, left_at, drop_at, at(drawn_at), at(left_at), at(drop_at)};
  }
  DF_FUNCTION void close_account(const Rim& rim) const {
    if (rim.drawn_at >= 0) p.account(rim.drawn_at) = rim.drawn;
    if (rim.left_at >= 0) p.account(rim.left_at) = rim.left;
    p.account(rim.drop_at) = rim.drop;
  }

  /// Carrier or one size class of pigment, with the factors of the common matrix; `in_drop` is its concentration in the drop.
  DF_FUNCTION void carry(double in_drop, FieldView<double> amount, FieldView<double> through_wall, int what) const {
    const FieldView<double> c = p.scratch.mixture, inverse = p.scratch.jacobian_diagonal;
    for (int j = 0; j < active; ++j) {
      const double from_drop = p.scratch.film_in(j) * p.grid.dz(j) + (j == 0 ? larger(p.track.flow(0), 0.0) : 0.0);
      c(j) = amount(j) + dt * from_drop * in_drop;
      if (j > 0) c(j) -= p.scratch.jacobian_lower(j) * c(j - 1);
    }
    for (int j = active - 1; j >= 0; --j)
      c(j) = (c(j) - (j + 1 < active ? p.scratch.jacobian_upper(j) * c(j + 1) : 0.0)) * inverse(j);
    const int left_at = contact ? RimAccount::back_pigment : RimAccount::exuded_pigment;
    Rim rim = what == carrier_only ? open_account(-1, -1, RimAccount::drop_carrier)
                                   : open_account(RimAccount::drawn_pigment, left_at, RimAccount::drop_pigment + what);
    for (int j = 0; j < active; ++j) {
      const double up = p.track.flow(j), down = below(j), wall = p.scratch.wall_flux(j), dz = p.grid.dz(j);
      const double film_in = p.scratch.film_in(j) * dz, film_out = p.scratch.film_out(j) * dz;
      const double c_up = up > 0.0 ? (j > 0 ? c(j - 1) : in_drop) : c(j);
      const double c_down = down > 0.0 ? c(j) : (j + 1 < active ? c(j + 1) : 0.0);
      const double out = larger(wall, 0.0) + film_out;
      amount(j) += dt * (up * c_up - down * c_down - out * c(j) + film_in * in_drop);
      through_wall(j) = larger(wall, 0.0) * c(j);
      rim.book(-dt * film_in * in_drop, contact);
      rim.book(dt * film_out * c(j), contact);
    }
    rim.book(-dt * p.track.flow(0) * (p.track.flow(0) > 0.0 ? in_drop : c(0)), contact);
    close_account(rim);
  }

  static constexpr int carrier_only = -1;

  DF_FUNCTION void rim() const {
    double peak = p.account(RimAccount::peak_pressure);
    for (int j = 0; j < active; ++j) peak = larger(peak, p.track.pressure(j));
    p.account(RimAccount::peak_pressure) = peak;
  }
};

/// New liquid areas, and open areas: the liquid's where it fills the hole, the relaxed wall's where a void is left.
struct TrackAreaStep {
  InsertionProblem p;
  int active;
  double dt;  ///< [s]

  static constexpr int groups_abreast = 2;
  template <int W>
  DF_FUNCTION void rows(int first) const {
    DF_LANES
    for (int l = 0; l < W; ++l) {
      const int j = first + l;
      const double reached = j < active ? 1.0 : 0.0, inside = j + 1 < active ? 1.0 : 0.0, dz = p.grid.dz(j);
      const double net = p.track.flow(j) - inside * p.track.flow(j + 1) - p.scratch.wall_flux(j) +
                         (p.scratch.film_in(j) - p.scratch.film_out(j)) * dz;
      const double liquid = larger(p.track.liquid(j) + reached * dt * net / dz, 0.0);
      WallLoad wall = wall_load(p, j, dt);
      wall.previous = mix(1.0, wall.previous, reached);
      const double filled = larger(p.scratch.needle_area(j) + liquid, least_open_share * wall.rest);
      const double unloaded = mix(0.0, p.scratch.wall_unloaded(j), p.system.compliance(j) < 0.0 ? 1.0 : 0.0);
      const double area = larger(larger(filled, unloaded), 1e-300);
      p.track.liquid(j) = liquid;
      p.track.wall_stress(j) = mix(p.track.wall_stress(j), wall.branch(area), reached);
      p.track.hole(j) = mix(p.track.hole(j), area, reached);
    }
  }
};

/// Pigment and carrier that flowed from the tissue into the track during the substeps.
struct TrackReturnStep {
  InsertionProblem p;
  DF_FUNCTION void operator()() const {
    for (int j = 0; j < p.grid.n_z; ++j) {
      p.track.carrier(j) += p.scratch.returned_carrier(j);
      p.scratch.returned_carrier(j) = 0.0;
      for (int n = 0; n < p.params.classes; ++n) {
        p.track.pigment[n](j) += p.scratch.returned_pigment[n](j);
        p.scratch.returned_pigment[n](j) = 0.0;
      }
    }
  }
};

}  // namespace dermaflux
