#pragma once
#ifdef DBG
#include <cstdio>
#include <cstdlib>
inline int worst=0;
#endif
#include <cmath>

#include "core/solver/insertion_problem.hpp"

namespace dermaflux {

/// Moves the needle to a new tip depth: its area and perimeter per row, what it cuts open, and the film it drags.
struct NeedleStep {
  InsertionProblem p;
  double tip_before, tip_after;  ///< [m], above the surface when negative
  double deepest;                ///< tip depth reached so far, this step included [m]
  double dt;                     ///< [s]

  DF_FUNCTION void operator()() const {
    const InsertionParams& c = p.params;
    const double speed = std::fabs(tip_after - tip_before) / dt;
    const bool wet = p.account(RimAccount::drop_volume) > 0.0;
    for (int j = 0; j < p.grid.n_z; ++j) {
      const double top = p.grid.z_face(j), bottom = p.grid.z_face(j + 1);
      const double perimeter = tip_after > top ? c.needle.mean_perimeter(top, bottom, tip_after) : 0.0;
      const double area = tip_after > top ? c.needle.mean_area(top, bottom, tip_after) : 0.0;
      const double before = tip_before > top ? c.needle.mean_area(top, bottom, tip_before) : 0.0;
      p.scratch.needle_area_before(j) = before;
      p.scratch.needle_area(j) = area;
      p.scratch.perimeter(j) = perimeter;
      p.track.widest(j) = deepest > top ? c.needle.mean_area(top, bottom, deepest) : 0.0;
      p.track.hole(j) = larger(p.track.hole(j), c.open_fraction * p.track.widest(j));

      // A film of thickness x r covers 2 x of the shaft's own cross-section and enters and leaves with it; what the shaft
      // carries out is held to half of the gap's content, the mean of a Couette flow.
      const double wider = larger(area, before), radius = std::sqrt(wider / units::pi);
      const double ink = c.viscosity.ink(c.ink_concentration / c.pigment_density, wider > 0.0 ? speed / radius : 0.0);
      const double film = 2.0 * (1.0 - c.needle.film_wiped) * c.film(ink, speed);
      p.scratch.film_in(j) = wet && area > before ? film * (area - before) / dt : 0.0;
      p.scratch.film_out(j) = area < before ? smaller(film, 0.5 * p.track.liquid(j) / before) * (before - area) / dt : 0.0;
    }
  }
};

/// Conductance from the wall of the track to the middle of the first ring, scaled by the wetted share of a void.
struct WallConductanceStep {
  InsertionProblem p;
  template <int W>
  DF_FUNCTION void rows(int first) const {
    for (int j = first; j < first + W; ++j) {
      const double open = larger(p.track.hole(j), p.scratch.needle_area(j));
      const double room = larger(p.track.hole(j) - p.scratch.needle_area_before(j), p.track.liquid(j));
      const double wetted = room > 0.0 ? p.track.liquid(j) / room : 0.0;
      const double centre = p.grid.r_centre(0);
      const double spread = open > 0.0 ? std::log1p(centre * centre * units::pi / open) : 1.0;
      p.system.wall(j) = wetted * 4.0 * units::pi * p.grid.dz(j) / spread * p.rows.anisotropy(j) * p.scratch.mobility(j);
    }
  }
};

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

/// Number of rows the needle has reached.
DF_FUNCTION inline int reached_rows(const InsertionProblem& p) {
  int rows = 0;
  while (rows < p.grid.n_z && p.track.widest(rows) > 0.0) ++rows;
  return rows;
}

/// The liquid in one row of the track: pressure as a function of liquid area, monotone, with a floor at the pressure at
/// which a void opens.
struct TrackSlice {
  double needle_area, perimeter;
  WallLoad wall;
  LiquidShare share;
  double entry_pressure;  ///< of a free front, negative [Pa]

  /// Liquid area below which a void is open [m^2]; 0 if the needle alone opens the wall beyond.
  DF_FUNCTION double full_area() const { return larger(wall.area_at(entry_pressure) - needle_area, 0.0); }

  DF_FUNCTION double pressure(double liquid, double& slope) const {
    const double area = larger(needle_area + liquid, 1e-6 * wall.rest);
    double load = wall(area), rise = wall.slope(area);
    if (load > 0.0 && perimeter > 0.0) {
      const double gap = liquid / perimeter, carried = share(gap);
      rise = rise * carried + load * share.slope(gap) / perimeter;
      load *= carried;
    }
    if (load > entry_pressure) {
      slope = rise;
      return load;
    }
    slope = 0.0;
    return entry_pressure;
  }
};

/// Solves the track alone, by Newton's method on the liquid area of its rows, with the tissue's eliminated response, and
/// linearises it for the coupled pressure system: compliance, conductance of the faces, residual. All rows, one lane.
struct TrackSolveStep {
  InsertionProblem p;
  double dt;           ///< [s]
  double needle_speed;  ///< [m/s]

  DF_FUNCTION TrackSlice slice(int j) const {
    const InsertionParams& c = p.params;
    const double needle = p.scratch.needle_area(j);
    const WallLoad wall = wall_load(p, j, dt);
    const double open = larger(wall.area_at(0.0), needle);
    return {.needle_area = needle,
            .perimeter = p.scratch.perimeter(j),
            .wall = wall,
            .share = c.liquid_share,
            .entry_pressure = c.capillary(needle, open)};
  }

  /// Viscosity of the liquid in a row at the shear rate of its gap [Pa s].
  DF_FUNCTION double viscosity(int j) const {
    const InsertionParams& c = p.params;
    const double volume = p.track.liquid(j) * p.grid.dz(j);
    if (volume <= 0.0) return ink_viscosity(0.0);
    const double perimeter = p.scratch.perimeter(j);
    const double width = perimeter > 0.0 ? p.track.liquid(j) / perimeter : std::sqrt(p.track.liquid(j) / units::pi);
    const double mean = std::fabs(p.track.flow(j)) / p.track.liquid(j);
    const double shear = (6.0 * mean + (perimeter > 0.0 ? needle_speed : 0.0)) / width;
    const double fraction = smaller(p.track.pigment(j) / (volume * c.pigment_density), 1.0);
    return c.viscosity(smaller(p.track.carrier(j) / volume, 1.0), fraction, shear);
  }
  DF_FUNCTION double ink_viscosity(double shear) const {
    return p.params.viscosity.ink(p.params.ink_concentration / p.params.pigment_density, shear);
  }

  /// Conductance for a flow out of row `donor` that holds `liquid` [m^4]. Where a void is open the liquid is a film on the
  /// wall, whose conductance falls with the cube of the share it fills, so a front advances like a piston.
  DF_FUNCTION double conductance(int donor, double liquid) const {
    const double needle = p.scratch.needle_area(donor), full = p.scratch.full(donor);
    if (liquid >= full) return AnnulusConductance{}(needle, liquid);
    const double share = liquid / full;
    return share * share * share * AnnulusConductance{}(needle, full);
  }

  DF_FUNCTION void operator()() const {
    const int active = reached_rows(p);
    for (int j = 0; j < p.grid.n_z; ++j) p.scratch.unknown(j) = p.track.liquid(j);
    bool converged = active == 0;
    for (int k = 0; k < 60 && !converged; ++k) {
      assemble(active, k < 6);
      converged = update(active);
#ifdef DBG
      if(k>45&&getenv("DBG")) for(int j=0;j<active;++j) if(worst==j) printf("k %d j %d/%d An %.3g P %.3g A_g old %.4g new %.6g p %.4g slope %.3g film %.3g wr %.3g ref %.3g face %.3g %.3g hole %.3g rest %.3g s %.3g res %g\n",k,j,active,p.scratch.needle_area(j),p.scratch.perimeter(j),p.track.liquid(j),p.scratch.unknown(j),p.track.pressure(j),p.system.compliance(j),p.scratch.film_in(j)-p.scratch.film_out(j),p.system.spine_response(j),p.scratch.wall_reference(j),p.system.face(j),p.system.face(j+1),p.track.hole(j),p.params.open_fraction*p.track.widest(j),p.track.wall_stress(j),p.system.spine_residual(j));
#endif
    }
#ifdef DBG
 if(!converged) printf("FAILED\n");
#endif
    assemble(active, false);
    linearise(active);
    p.system.scalars(scalar_converged) = converged ? 1.0 : 0.0;
  }

  /// Pressures, face conductances, residuals and Jacobian at the present unknown.
  DF_FUNCTION void assemble(int active, bool choose_donors) const {
    const bool supply = p.account(RimAccount::drop_volume) > 0.0;
    for (int j = 0; j < active; ++j) {
      double slope;
      const TrackSlice content = slice(j);
      p.track.pressure(j) = content.pressure(p.scratch.unknown(j), slope);
      p.scratch.full(j) = content.full_area();
      p.system.compliance(j) = slope;
    }
    for (int j = 0; j < p.grid.n_z; ++j) p.scratch.jacobian_upper(j) = p.scratch.jacobian_lower(j) = 0.0;
    for (int j = 0; j < active; ++j) {
      const double dz = p.grid.dz(j);
      const double drawn = p.system.spine_response(j) * (p.track.pressure(j) - p.scratch.wall_reference(j));
      p.system.spine_residual(j) = (p.track.liquid(j) - p.scratch.unknown(j)) * dz / dt +
                                    (p.scratch.film_in(j) - p.scratch.film_out(j)) * dz - drawn;
      p.scratch.jacobian_diagonal(j) = dz / dt + p.system.spine_response(j) * p.system.compliance(j);
    }
    for (int j = 0; j <= active; ++j) p.system.face(j) = 0.0;
    for (int j = 0; j < active; ++j) assemble_face(j, supply, choose_donors);
  }

  /// Upper face of row j: flow between row j - 1 (or the drop) and row j, conductance taken from the upstream side, so that
  /// a closed gap can be filled from an open one.
  DF_FUNCTION void assemble_face(int j, bool supply, bool choose_donor) const {
    const double above = j > 0 ? p.track.pressure(j - 1) : 0.0, below = p.track.pressure(j);
    const double distance = 0.5 * (p.grid.dz(j) + (j > 0 ? p.grid.dz(j - 1) : 0.0));
    if (choose_donor) p.scratch.downward(j) = above >= below ? 1.0 : 0.0;
    const bool downward = p.scratch.downward(j) > 0.5;
    double face = 0.0, gain = 0.0;  // gain: change of the face's conductance with the donor's liquid area
    if (j == 0 && downward) {
      if (!supply) return;
      const double needle = p.scratch.needle_area(0);
      const double room = larger(p.scratch.full(0), p.scratch.unknown(0));
      face = AnnulusConductance{}(needle, room) / (ink_viscosity(needle_speed / std::sqrt(room)) * distance);
    } else {
      const int donor = downward ? j - 1 : j;
      const double liquid = p.scratch.unknown(donor), resistance = viscosity(donor) * distance, probe = 1e-6 * liquid;
      face = conductance(donor, liquid) / resistance;
      if (probe > 0.0 && downward == (above >= below))
        gain = (conductance(donor, liquid + probe) / resistance - face) / probe;
    }
    p.system.face(j) = face;
    const double drop = above - below, flow = face * drop;
    p.system.spine_residual(j) += flow;
    p.scratch.jacobian_diagonal(j) += face * p.system.compliance(j) + (downward ? 0.0 : -gain * drop);
    if (j == 0) return;
    p.system.spine_residual(j - 1) -= flow;
    p.scratch.jacobian_diagonal(j - 1) += face * p.system.compliance(j - 1) + (downward ? gain * drop : 0.0);
    p.scratch.jacobian_lower(j) = -(face * p.system.compliance(j - 1) + (downward ? gain * drop : 0.0));
    p.scratch.jacobian_upper(j - 1) = -(face * p.system.compliance(j) + (downward ? 0.0 : -gain * drop));
  }

  /// One Newton update by the Thomas algorithm; true when it changed no row by more than a hundred-millionth.
  DF_FUNCTION bool update(int active) const {
    FieldView<double> x = p.system.spine_residual, diagonal = p.scratch.jacobian_diagonal;
    for (int j = 1; j < active; ++j) {
      const double factor = p.scratch.jacobian_lower(j) / diagonal(j - 1);
      diagonal(j) -= factor * p.scratch.jacobian_upper(j - 1);
      x(j) -= factor * x(j - 1);
    }
    bool converged = true;
    double below = 0.0;
    for (int j = active - 1; j >= 0; --j) {
      below = (x(j) - p.scratch.jacobian_upper(j) * below) / diagonal(j);
      const double liquid = p.scratch.unknown(j), scale = liquid + p.params.open_fraction * p.track.widest(j);
      double held = larger(liquid + smaller(below, scale), 0.2 * liquid);
      const double full = p.scratch.full(j);  // where a void closes: the next update starts from there with the other slope
      const bool was_void = p.system.compliance(j) <= 0.0;
      if (was_void && held > full) held = full * (1.0 + 1e-9);
      if (!was_void && held < full && full>0) held = full * (1.0 - 1e-9);
      if (std::fabs(held - liquid) > 1e-4 * scale) {converged = false;
#ifdef DBG
 worst=j;
#endif
}
      p.scratch.unknown(j) = held;
      below = held - liquid;
    }
    return converged;
  }

  /// Turns slopes into compliances of the coupled system, dA/dp per time (negative where the pressure is given), and leaves
  /// the residual of the track's own balance without the flow into the tissue.
  DF_FUNCTION void linearise(int active) const {
    for (int j = 0; j < p.grid.n_z; ++j) {
      if (j >= active) {
        p.track.pressure(j) = 0.0;
        p.system.compliance(j) = -1.0;
        p.system.spine_residual(j) = 0.0;
        p.system.face(j + 1) = 0.0;
        if (j == 0) p.system.face(0) = 0.0;
        continue;
      }
      p.system.spine_residual(j) +=
          p.system.spine_response(j) * (p.track.pressure(j) - p.scratch.wall_reference(j));
      const double slope = p.system.compliance(j);
      p.system.compliance(j) = slope > 0.0 ? p.grid.dz(j) / (dt * slope) : -1.0;
      if (slope <= 0.0) p.system.spine_residual(j) = 0.0;
    }
  }
};

/// Axial flows of the solved pressures, held to what the drop and each row of the track can give. All rows, one lane.
struct TrackFlowStep {
  InsertionProblem p;
  double dt;  ///< [s]

  DF_FUNCTION void operator()() const {
    const int active = reached_rows(p);
    flows(active);
    limit_to_content(active);
  }

  DF_FUNCTION void flows(int active) const {
    for (int j = 0; j < p.grid.n_z; ++j) {
      const double above = j > 0 ? p.track.pressure(j - 1) : 0.0;
      p.track.flow(j) = j < active ? p.system.face(j) * (above - p.track.pressure(j)) : 0.0;
    }
    if (p.track.flow(0) > 0.0) {  // the drop gives no more than it has
      double film = 0.0;
      for (int j = 0; j < active; ++j) film += p.scratch.film_in(j) * p.grid.dz(j);
      const double asked = (p.track.flow(0) + film) * dt, held = p.account(RimAccount::drop_volume);
      if (asked > held) {
        const double share = held / asked;
        p.track.flow(0) *= share;
        for (int j = 0; j < active; ++j) p.scratch.film_in(j) *= share;
      }
    }
  }

  DF_FUNCTION double below(int j, int active) const { return j + 1 < active ? p.track.flow(j + 1) : 0.0; }

  /// Scales what leaves a row so that it never loses more than it holds and receives; sweeps follow the flow both ways.
  DF_FUNCTION void limit_to_content(int active) const {
    for (int sweep = 0; sweep < 2; ++sweep) {
      for (int n = 0; n < active; ++n) {
        const int j = sweep == 0 ? n : active - 1 - n;
        const double up = p.track.flow(j), down = below(j, active), wall = p.scratch.wall_flux(j);
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

/// Books the step: liquid areas from their balance, pigment and carrier upwind and implicit, and what crossed the rim. All
/// rows, one lane.
struct TrackBalanceStep {
  InsertionProblem p;
  double dt;     ///< [s]
  bool contact;  ///< the drop is there: outflow returns to it; afterwards it is exuded and wiped

  DF_FUNCTION void operator()() const {
    const int active = reached_rows(p);
    if (active == 0) return;
    transport(active);
    rim(active);
    areas(active);
  }

  DF_FUNCTION double below(int j, int active) const { return j + 1 < active ? p.track.flow(j + 1) : 0.0; }

  /// Implicit upwind transport: (V' + dt out) c' - dt sum(in c'_donor) = m + dt (film and tissue), an M-matrix, so that
  /// pigment stays positive for any flow.
  DF_FUNCTION void transport(int active) const {
    const double drop = p.account(RimAccount::drop_volume);
    const double drop_c = drop > 0.0 ? p.account(RimAccount::drop_pigment) / drop : 0.0;
    const double drop_w = drop > 0.0 ? p.account(RimAccount::drop_carrier) / drop : 0.0;
    FieldView<double> c = p.scratch.mixture_pigment, w = p.scratch.mixture_carrier, diagonal = p.scratch.jacobian_diagonal;
    FieldView<double> lower = p.scratch.jacobian_lower, upper = p.scratch.jacobian_upper;
    for (int j = 0; j < active; ++j) {
      const double up = p.track.flow(j), down = below(j, active), wall = p.scratch.wall_flux(j), dz = p.grid.dz(j);
      const double film_in = p.scratch.film_in(j) * dz, film_out = p.scratch.film_out(j) * dz;
      const double out = larger(-up, 0.0) + larger(down, 0.0) + larger(wall, 0.0) + film_out;
      const double volume = p.track.liquid(j) * dz + dt * (up - down - wall + film_in - film_out);
      const double in_drop = dt * (film_in + (j == 0 ? larger(up, 0.0) : 0.0));
      diagonal(j) = larger(volume, 0.0) + dt * out + 1e-30;
      lower(j) = j > 0 ? -dt * larger(up, 0.0) : 0.0;
      upper(j) = -dt * larger(-down, 0.0);
      c(j) = p.track.pigment(j) + in_drop * drop_c;
      w(j) = p.track.carrier(j) + in_drop * drop_w;
    }
    for (int j = 1; j < active; ++j) {
      const double factor = lower(j) / diagonal(j - 1);
      diagonal(j) -= factor * upper(j - 1);
      c(j) -= factor * c(j - 1);
      w(j) -= factor * w(j - 1);
    }
    for (int j = active - 1; j >= 0; --j) {
      c(j) = (c(j) - (j + 1 < active ? upper(j) * c(j + 1) : 0.0)) / diagonal(j);
      w(j) = (w(j) - (j + 1 < active ? upper(j) * w(j + 1) : 0.0)) / diagonal(j);
    }
    double film_volume = 0.0;
    for (int j = 0; j < active; ++j) {
      const double up = p.track.flow(j), down = below(j, active), wall = p.scratch.wall_flux(j), dz = p.grid.dz(j);
      const double film_in = p.scratch.film_in(j) * dz, film_out = p.scratch.film_out(j) * dz;
      const double c_up = up > 0.0 ? (j > 0 ? c(j - 1) : drop_c) : c(j), w_up = up > 0.0 ? (j > 0 ? w(j - 1) : drop_w) : w(j);
      const double c_down = down > 0.0 ? c(j) : (j + 1 < active ? c(j + 1) : 0.0);
      const double w_down = down > 0.0 ? w(j) : (j + 1 < active ? w(j + 1) : 0.0);
      const double out = larger(wall, 0.0) + film_out;
      p.track.pigment(j) += dt * (up * c_up - down * c_down - out * c(j) + film_in * drop_c);
      p.track.carrier(j) += dt * (up * w_up - down * w_down - out * w(j) + film_in * drop_w);
      p.scratch.wall_pigment(j) = larger(wall, 0.0) * c(j);
      p.scratch.wall_carrier(j) = larger(wall, 0.0) * w(j);
      film_volume += film_in;
      cross_rim(-dt * film_in, -dt * film_in * drop_c, -dt * film_in * drop_w);
      cross_rim(dt * film_out, dt * film_out * c(j), dt * film_out * w(j));
    }
    const double up = p.track.flow(0);
    cross_rim(-dt * up, -dt * up * (up > 0.0 ? drop_c : c(0)), -dt * up * (up > 0.0 ? drop_w : w(0)));
  }

  /// Books a volume that left the track through the rim (negative: entered).
  DF_FUNCTION void cross_rim(double volume, double pigment, double carrier) const {
    FieldView<double> a = p.account;
    if (volume < 0.0) {
      a(RimAccount::drawn_volume) -= volume;
      a(RimAccount::drawn_pigment) -= pigment;
    } else if (contact) {
      a(RimAccount::back_volume) += volume;
      a(RimAccount::back_pigment) += pigment;
    } else {
      a(RimAccount::exuded_volume) += volume;
      a(RimAccount::exuded_pigment) += pigment;
      return;
    }
    a(RimAccount::drop_volume) += volume;
    a(RimAccount::drop_pigment) += pigment;
    a(RimAccount::drop_carrier) += carrier;
  }

  DF_FUNCTION void rim(int active) const {
    double peak = p.account(RimAccount::peak_pressure);
    for (int j = 0; j < active; ++j) peak = larger(peak, p.track.pressure(j));
    p.account(RimAccount::peak_pressure) = peak;
  }

  /// New liquid areas, and open areas: the liquid's where it fills the hole, the relaxed wall's where a void is left.
  DF_FUNCTION void areas(int active) const {
    for (int j = 0; j < active; ++j) {
      const double dz = p.grid.dz(j);
      const double net = p.track.flow(j) - below(j, active) - p.scratch.wall_flux(j) + (p.scratch.film_in(j) - p.scratch.film_out(j)) * dz;
      p.track.liquid(j) = larger(p.track.liquid(j) + dt * net / dz, 0.0);
      const WallLoad wall = wall_load(p, j, dt);
      const double filled = larger(p.scratch.needle_area(j) + p.track.liquid(j), 1e-6 * wall.rest);
      const double area = p.system.compliance(j) < 0.0 ? larger(filled, wall.area_at(0.0)) : filled;
      p.track.wall_stress(j) = wall.branch(area);
      p.track.hole(j) = area;
    }
  }
};

/// One row of the insertion's trace: what a force sensor, a camera and a flow meter would have seen.
struct TraceStep {
  InsertionProblem p;
  FieldView<double> rows, count;  ///< `columns` values per row; rows written so far
  double time, tip_depth;         ///< [s], [m]
  static constexpr int columns = 10;

  DF_FUNCTION void operator()() const {
    const int row = static_cast<int>(count(0));
    if ((row + 1) * columns > rows.size) return;
    double liquid = 0.0, hole = 0.0, needle = 0.0, peak = 0.0;
    for (int j = 0; j < p.grid.n_z; ++j) {
      liquid += p.track.liquid(j) * p.grid.dz(j);
      hole += p.track.hole(j) * p.grid.dz(j);
      needle += p.scratch.needle_area(j) * p.grid.dz(j);
      peak = larger(peak, p.track.pressure(j));
    }
    const Needle& shaft = p.params.needle;
    const double inside = larger(tip_depth, 0.0);
    const double force = inside > 0.0 ? p.params.force(shaft.diameter(inside), units::pi * shaft.diameter_integral(inside)) : 0.0;
    const double values[columns] = {time, tip_depth, force, needle, liquid, hole, p.account(RimAccount::drawn_volume),
                                    p.account(RimAccount::back_volume), p.track.pressure(0), peak};
    for (int n = 0; n < columns; ++n) rows(row * columns + n) = values[n];
    count(0) = row + 1;
  }
};

/// Pigment and carrier that flowed from the tissue into the track during the substeps.
struct TrackReturnStep {
  InsertionProblem p;
  DF_FUNCTION void operator()() const {
    for (int j = 0; j < p.grid.n_z; ++j) {
      p.track.pigment(j) += p.scratch.returned_pigment(j);
      p.track.carrier(j) += p.scratch.returned_carrier(j);
      p.scratch.returned_pigment(j) = p.scratch.returned_carrier(j) = 0.0;
    }
  }
};

}  // namespace dermaflux
