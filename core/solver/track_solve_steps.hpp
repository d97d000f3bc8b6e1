#pragma once
#include <cmath>

#include "core/execution/executor.hpp"
#include "core/solver/insertion_problem.hpp"

namespace dermaflux {

/// Open area as a share of the area at rest below which the wall's logarithm is not taken [-]; a void opens long before.
inline constexpr double least_open_share = 0.1;

/// Number of rows that a needle has reached whose tip has been so deep [m].
DF_FUNCTION inline int reached_rows(const AxisymmetricGrid& grid, double deepest) {
  constexpr double least = 1e-12;  // a cone shorter than that has no volume that could be told from rounding
  int low = 0, high = grid.n_z;
  while (low < high) {
    const int middle = (low + high) / 2;
    if (deepest > grid.z_face(middle) + least)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/// The wall of one row over a time step.
DF_FUNCTION inline WallLoad wall_load(const InsertionProblem& p, int j, double dt) {
  const InsertionParams& c = p.params;
  return {.modulus = p.rows.shear_modulus(j),
          .rest = c.open_fraction * p.track.widest(j),
          .previous = p.track.hole(j),
          .stress = p.track.wall_stress(j),
          .stiffening = c.wall_stiffening,
          .kept = WallLoad::kept_share(c.wall_stiffening, c.recoil_time, dt)};
}

/// Viscosity of neat ink at a shear rate [Pa s].
DF_FUNCTION inline double neat_viscosity(const InsertionProblem& p, double shear) {
  return p.params.viscosity.ink.carrier_viscosity * p.params.viscosity.ink.factor_of_crowded(p.params.neat.crowding, shear);
}

// The track alone: Newton's method on the liquid area of its rows, with the tissue's eliminated response. The steps of one
// iteration are pressures, faces, balance and, on one lane, the update. Rows beyond the `active` ones, which the needle has not
// reached, hold nothing.

/// What stays as it is while the liquid areas are sought: the wall, the pressure of a free front, the area at which a void closes
/// (0 if the needle alone opens the wall beyond), the viscosity; the search starts from what is there.
struct TrackRowStep {
  InsertionProblem p;
  int active;
  double dt;            ///< [s]
  double needle_speed;  ///< [m/s]

  static constexpr int groups_abreast = 2;
  template <int W>
  DF_FUNCTION void rows(int first) const {
    DF_LANES
    for (int l = 0; l < W; ++l) {
      const int j = first + l;
      const double needle = p.scratch.needle_area(j), reached = j < active ? 1.0 : 0.0;
      WallLoad wall = wall_load(p, j, dt);
      wall.rest = mix(1.0, wall.rest, reached);
      wall.previous = mix(1.0, wall.previous, reached);
      const double stiffness = wall.stiffness(), unloaded = wall.unloaded();
      const double entry = p.params.capillary(needle, larger(unloaded, needle));
      p.scratch.unknown(j) = p.track.liquid(j);
      p.scratch.wall_stiffness(j) = stiffness;
      p.scratch.wall_unloaded(j) = unloaded;
      p.scratch.entry_pressure(j) = entry;
      p.scratch.full(j) = larger(WallSpring{stiffness, unloaded}.area_at(entry) - needle, 0.0);
    }
    p.params.viscosity.ink.thinning.carreau() ? thicken<true, W>(first) : thicken<false, W>(first);
  }

  /// Viscosity of the liquid in every row at the shear rate of its gap; neat ink at rest where there is none.
  template <bool is_carreau, int W>
  DF_FUNCTION void thicken(int first) const {
    const double neat = p.params.neat.at_rest, per_density = 1.0 / p.params.pigment_density;
    double pigment[W];  // volume
    for (int l = 0; l < W; ++l) pigment[l] = p.track.pigment.total(first + l) * per_density;
    DF_LANES
    for (int l = 0; l < W; ++l) {
      const int j = first + l;
      const double liquid = p.track.liquid(j), area = larger(liquid, 1e-300), perimeter = p.scratch.perimeter(j);
      const double per_volume = 1.0 / (area * p.grid.dz(j)), beside = perimeter > 0.0 ? 1.0 : 0.0;
      const double width = mix(std::sqrt(area / units::pi), area / larger(perimeter, 1e-300), beside);
      const double shear = (6.0 * std::fabs(p.track.flow(j)) / area + beside * needle_speed) / width;
      const double carrier = smaller(p.track.carrier(j) * per_volume, 1.0), fraction = smaller(pigment[l] * per_volume, 1.0);
      p.scratch.viscosity(j) =
          mix(neat, p.params.viscosity.of_mixture<is_carreau>(carrier, fraction, shear), liquid > 0.0 ? 1.0 : 0.0);
    }
  }
};

/// Pressure of every row as a function of its liquid area, monotone, with a floor at the pressure at which a void opens; its slope
/// is left as the compliance.
struct TrackPressureStep {
  InsertionProblem p;
  int active;

  static constexpr int groups_abreast = 2;
  template <int W>
  DF_FUNCTION void rows(int first) const {
    const double least_share = least_open_share * p.params.open_fraction;
    DF_LANES
    for (int l = 0; l < W; ++l) {
      const int j = first + l;
      const WallSpring wall{p.scratch.wall_stiffness(j), p.scratch.wall_unloaded(j)};
      const double liquid = p.scratch.unknown(j), perimeter = p.scratch.perimeter(j), entry = p.scratch.entry_pressure(j);
      const double area = larger(larger(p.scratch.needle_area(j) + liquid, least_share * p.track.widest(j)), 1e-300);
      const double load = wall(area), rise = wall.slope(area);
      const double gap = liquid / (perimeter > 0.0 ? perimeter : 1.0), carried = p.params.liquid_share(gap);
      const bool shared = load > 0.0 && perimeter > 0.0;
      const double pressure = shared ? load * carried : load;
      const double slope = shared ? rise * carried + load * p.params.liquid_share.slope(gap) / perimeter : rise;
      const bool filled = pressure > entry;
      p.track.pressure(j) = j < active ? (filled ? pressure : entry) : 0.0;
      p.system.compliance(j) = j < active && filled ? slope : 0.0;
    }
  }
};

/// Conductance of the upper face of every row, for flow between it and the row above (or the drop), taken from the upstream side,
/// and its change with the donor's liquid area.
struct TrackFaceStep {
  InsertionProblem p;
  int active;
  double needle_speed;  ///< [m/s]
  bool choose_donors;

  /// Conductance of the upper face of row `face` for a flow out of row `donor` that holds `liquid` [m^4]: the wall stands as in
  /// the donor, so that a closed gap can be filled from an open one, and the needle as it is at the face half-way through the
  /// step, so that the tip pushes ahead what it does not let pass. Where a void is open the liquid is a film on the wall, whose
  /// conductance falls with the cube of the share it fills, so a front advances like a piston.
  DF_IN_LANES DF_FUNCTION double conductance(double needle, double passing, double full, double liquid) const {
    const double held = larger(liquid, full);
    const double rough = smaller(held, 2.0 * std::sqrt(units::pi * needle) * p.params.liquid_share.roughness);
    const double filled = AnnulusConductance{}(needle, larger(passing + held - needle, rough));
    const double share = liquid < full ? liquid / full : 1.0;
    return share * share * share * filled;
  }

  template <int W>
  DF_FUNCTION void rows(int first) const {
    const double anew = choose_donors ? 1.0 : 0.0;
    DF_LANES
    for (int l = 0; l < W; ++l) {
      const int j = first + l;
      const double falls = p.track.pressure(j - 1) >= p.track.pressure(j) ? 1.0 : 0.0;
      const double chosen = mix(p.scratch.downward(j), falls, anew);
      const double needle = p.scratch.passing_face(j),
                   passing = mix(p.scratch.passing_area(j), p.scratch.passing_area(j - 1), chosen);
      const double full = mix(p.scratch.full(j), p.scratch.full(j - 1), chosen);
      const double liquid = mix(p.scratch.unknown(j), p.scratch.unknown(j - 1), chosen), probe = 1e-6 * liquid;
      const double viscosity = mix(p.scratch.viscosity(j), p.scratch.viscosity(j - 1), chosen);
      const double mobility = 1.0 / larger(viscosity * (p.grid.z_centre(j) - p.grid.z_centre(j - 1)), 1e-300);
      const double face = conductance(needle, passing, full, liquid) * mobility;
      const double probed = conductance(needle, passing, full, liquid + probe) * mobility;
      const double sensed = chosen == falls ? 1.0 : 0.0, reached = j < active ? 1.0 : 0.0;
      p.scratch.downward(j) = chosen;
      p.system.face(j) = reached * face;
      p.scratch.face_gain(j) = reached * sensed * (probed - face) / larger(probe, 1e-300);
    }
    if (first == 0 && active > 0 && p.scratch.downward(0) > 0.5) from_drop();
  }

  /// Flow into the uppermost row comes from the drop while it lasts.
  DF_FUNCTION void from_drop() const {
    const double room = larger(p.scratch.full(0), p.scratch.unknown(0));
    const double resistance = neat_viscosity(p, needle_speed / std::sqrt(room)) * 0.5 * p.grid.dz(0);
    const double open = conductance(p.scratch.passing_face(0), p.scratch.passing_area(0), p.scratch.full(0), room) / resistance;
    p.system.face(0) = drop_supplies(p) ? open : 0.0;
    p.scratch.face_gain(0) = 0.0;
  }
};

/// Residual of every row's volume and its derivatives by the liquid area of the row and of its neighbours.
struct TrackBalanceOfRowStep {
  InsertionProblem p;
  int active;
  double dt;  ///< [s]

  template <int W>
  DF_FUNCTION void rows(int first) const {
    DF_LANES
    for (int l = 0; l < W; ++l) {
      const int j = first + l;
      const double inside = j + 1 < active ? 1.0 : 0.0;  // above the last row reached
      const double here = p.track.pressure(j), compliance = p.system.compliance(j), dz = p.grid.dz(j), held = p.track.liquid(j);
      const double upper = p.system.face(j), lower = inside * p.system.face(j + 1);
      const double fall_in = p.track.pressure(j - 1) - here, fall_out = here - p.track.pressure(j + 1);
      const double from_above = p.scratch.downward(j), to_below = p.scratch.downward(j + 1);
      const double gain_in = p.scratch.face_gain(j) * fall_in, gain_out = inside * p.scratch.face_gain(j + 1) * fall_out;
      const double drawn = p.system.spine_response(j) * (here - p.scratch.wall_reference(j));
      const double film = (p.scratch.film_in(j) - p.scratch.film_out(j)) * dz;
      p.system.spine_residual(j) = (held - p.scratch.unknown(j)) * dz / dt + film - drawn + upper * fall_in - lower * fall_out;
      p.scratch.jacobian_diagonal(j) =
          dz / dt + (p.system.spine_response(j) + upper + lower) * compliance - (1.0 - from_above) * gain_in + to_below * gain_out;
      p.scratch.jacobian_lower(j) = -(upper * p.system.compliance(j - 1) + from_above * gain_in);
      p.scratch.jacobian_upper(j) = (1.0 - to_below) * gain_out - lower * p.system.compliance(j + 1);
    }
  }
};

/// One Newton update by the Thomas algorithm. Says whether it changed no row by more than a ten-thousandth of its open area (the
/// next would then change it by the square of that).
struct TrackUpdateStep {
  InsertionProblem p;
  int active;

  DF_FUNCTION void operator()() const {
    FieldView<double> x = p.system.spine_residual, inverse = p.scratch.jacobian_diagonal;  // of the diagonal, once eliminated
    for (int j = 0; j < active; ++j) {
      const double factor = j > 0 ? p.scratch.jacobian_lower(j) * inverse(j - 1) : 0.0;
      inverse(j) = 1.0 / (inverse(j) - (j > 0 ? factor * p.scratch.jacobian_upper(j - 1) : 0.0));
      if (j > 0) x(j) -= factor * x(j - 1);
    }
    bool converged = true;
    double below = 0.0;
    for (int j = active - 1; j >= 0; --j) {
      below = (x(j) - p.scratch.jacobian_upper(j) * below) * inverse(j);
      const double liquid = p.scratch.unknown(j), scale = liquid + p.params.open_fraction * p.track.widest(j);
      double held = larger(liquid + smaller(below, scale), 0.2 * liquid);
      // Where a void closes, the next update starts from just beyond with the other slope; `beyond` is felt in the whole area.
      const double full = p.scratch.full(j), beyond = 1e-12 * (p.scratch.needle_area(j) + full);
      const bool was_void = p.system.compliance(j) <= 0.0;
      if (was_void && held > full) held = smaller(held, full + beyond);
      if (!was_void && held < full) held = larger(held, full - beyond);
      if (std::fabs(held - liquid) > 1e-4 * scale) converged = false;
      p.scratch.unknown(j) = held;
      below = held - liquid;
    }
    p.system.scalars(scalar_converged) = converged ? 1.0 : 0.0;
  }
};

/// Linearises the solved track for the coupled pressure system: turns slopes into compliances, dA/dp per time (negative where the
/// pressure is given), and leaves the residual of the track's own balance without the flow into the tissue.
struct TrackLinearStep {
  InsertionProblem p;
  int active;
  double dt;  ///< [s]

  template <int W>
  DF_FUNCTION void rows(int first) const {
    DF_LANES
    for (int l = 0; l < W; ++l) {
      const int j = first + l;
      const double slope = p.system.compliance(j), free = j < active && slope > 0.0 ? 1.0 : 0.0;
      const double drawn = p.system.spine_response(j) * (p.track.pressure(j) - p.scratch.wall_reference(j));
      p.system.spine_residual(j) = free * (p.system.spine_residual(j) + drawn);
      p.system.compliance(j) = mix(-1.0, p.grid.dz(j) / (dt * larger(slope, 1e-300)), free);
    }
  }
};

/// Pressures, faces and balance of the track at the present liquid areas.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION DF_OUTLINE void balance_track(const Executor& executor, const InsertionProblem& p, int active, double dt,
                                          double needle_speed, bool choose_donors) {
  const int groups = (active + 7) / 8 * 8;  // rows beyond stay closed
  executor.rows(groups, TrackPressureStep{p, active});
  executor.rows(groups, TrackFaceStep{p, active, needle_speed, choose_donors});
  executor.rows(groups, TrackBalanceOfRowStep{p, active, dt});
}

/// Solves the track alone and linearises it; false if it found no solution.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION bool solve_track(const Executor& executor, const InsertionProblem& p, int active, double dt, double needle_speed) {
  executor.rows(p.grid.n_z, TrackRowStep{p, active, dt, needle_speed});
  bool converged = active == 0;
  for (int k = 0; k < 60 && !converged; ++k) {
    balance_track(executor, p, active, dt, needle_speed, k < 6);
    executor.single(TrackUpdateStep{p, active});
    converged = executor.read(p.system.scalars, scalar_converged) > 0.5;
  }
  balance_track(executor, p, active, dt, needle_speed, false);
  executor.rows(p.grid.n_z, TrackLinearStep{p, active, dt});
  return converged;
}

}  // namespace dermaflux
