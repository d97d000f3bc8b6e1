#pragma once
#include <cmath>

#include "core/solver/insertion_problem.hpp"

namespace dermaflux {

/// Open area as a share of the area at rest below which the wall's logarithm is not taken [-]; a void opens long before.
inline constexpr double least_open_share = 0.1;

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
  WallSpring wall;
  double least_area;  ///< below which the wall's logarithm is not taken [m^2]
  LiquidShare share;
  double entry_pressure;  ///< of a free front, negative [Pa]

  /// Liquid area below which a void is open [m^2]; 0 if the needle alone opens the wall beyond.
  DF_FUNCTION double full_area() const { return larger(wall.area_at(entry_pressure) - needle_area, 0.0); }

  DF_FUNCTION double pressure(double liquid, double& slope) const {
    const double area = larger(needle_area + liquid, least_area);
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
  double dt;            ///< [s]
  double needle_speed;  ///< [m/s]

  DF_FUNCTION TrackSlice slice(int j) const {
    return {.needle_area = p.scratch.needle_area(j),
            .perimeter = p.scratch.perimeter(j),
            .wall = {p.scratch.wall_stiffness(j), p.scratch.wall_unloaded(j)},
            .least_area = least_open_share * p.params.open_fraction * p.track.widest(j),
            .share = p.params.liquid_share,
            .entry_pressure = p.scratch.entry_pressure(j)};
  }

  /// What stays as it is while the liquid areas are sought.
  DF_FUNCTION void prepare(int active) const {
    for (int j = 0; j < active; ++j) {
      const WallSpring wall = wall_load(p, j, dt).spring();
      const double needle = p.scratch.needle_area(j);
      p.scratch.wall_stiffness(j) = wall.stiffness;
      p.scratch.wall_unloaded(j) = wall.unloaded;
      p.scratch.entry_pressure(j) = p.params.capillary(needle, larger(wall.unloaded, needle));
      p.scratch.full(j) = slice(j).full_area();
      p.scratch.viscosity(j) = viscosity(j);
    }
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
    const double fraction = smaller(p.track.pigment.total(j) / (volume * c.pigment_density), 1.0);
    return c.viscosity(smaller(p.track.carrier(j) / volume, 1.0), fraction, shear);
  }
  DF_FUNCTION double ink_viscosity(double shear) const {
    return p.params.viscosity.ink(p.params.ink_concentration / p.params.pigment_density, shear);
  }

  /// Conductance of the upper face of row `face` for a flow out of row `donor` that holds `liquid` [m^4]: the wall stands as in
  /// the donor, so that a closed gap can be filled from an open one, and the needle as it is at the face half-way through the
  /// step, so that the tip pushes ahead what it does not let pass. Where a void is open the liquid is a film on the wall, whose
  /// conductance falls with the cube of the share it fills, so a front advances like a piston.
  DF_FUNCTION double conductance(int face, int donor, double liquid) const {
    const double needle = p.scratch.passing_face(face), full = p.scratch.full(donor), held = larger(liquid, full);
    const double rough = smaller(held, 2.0 * std::sqrt(units::pi * needle) * p.params.liquid_share.roughness);
    const double filled = AnnulusConductance{}(needle, larger(p.scratch.passing_area(donor) + held - needle, rough));
    const double share = liquid < full ? liquid / full : 1.0;
    return share * share * share * filled;
  }

  DF_FUNCTION void operator()() const {
    const int active = reached_rows(p);
    for (int j = 0; j < p.grid.n_z; ++j) p.scratch.unknown(j) = p.track.liquid(j);
    prepare(active);
    bool converged = active == 0;
    for (int k = 0; k < 60 && !converged; ++k) {
      assemble(active, k < 6);
      converged = update(active);
    }
    assemble(active, false);
    linearise(active);
    p.system.scalars(scalar_converged) = converged ? 1.0 : 0.0;
  }

  /// Pressures, face conductances, residuals and Jacobian at the present unknown.
  DF_FUNCTION void assemble(int active, bool choose_donors) const {
    const bool supply = drop_supplies(p);
    for (int j = 0; j < active; ++j) {
      double slope;
      p.track.pressure(j) = slice(j).pressure(p.scratch.unknown(j), slope);
      p.system.compliance(j) = slope;
    }
    for (int j = 0; j < p.grid.n_z; ++j) p.scratch.jacobian_upper(j) = p.scratch.jacobian_lower(j) = 0.0;
    for (int j = 0; j < active; ++j) {
      const double dz = p.grid.dz(j);
      const double drawn = p.system.spine_response(j) * (p.track.pressure(j) - p.scratch.wall_reference(j));
      p.system.spine_residual(j) =
          (p.track.liquid(j) - p.scratch.unknown(j)) * dz / dt + (p.scratch.film_in(j) - p.scratch.film_out(j)) * dz - drawn;
      p.scratch.jacobian_diagonal(j) = dz / dt + p.system.spine_response(j) * p.system.compliance(j);
    }
    for (int j = 0; j <= active; ++j) p.system.face(j) = 0.0;
    for (int j = 0; j < active; ++j) assemble_face(j, supply, choose_donors);
  }

  /// Upper face of row j: flow between row j - 1 (or the drop) and row j, conductance taken from the upstream side.
  DF_FUNCTION void assemble_face(int j, bool supply, bool choose_donor) const {
    const double above = j > 0 ? p.track.pressure(j - 1) : 0.0, below = p.track.pressure(j);
    const double distance = 0.5 * (p.grid.dz(j) + (j > 0 ? p.grid.dz(j - 1) : 0.0));
    if (choose_donor) p.scratch.downward(j) = above >= below ? 1.0 : 0.0;
    const bool downward = p.scratch.downward(j) > 0.5;
    double face = 0.0, gain = 0.0;  // gain: change of the face's conductance with the donor's liquid area
    if (j == 0 && downward) {
      if (!supply) return;
      const double room = larger(p.scratch.full(0), p.scratch.unknown(0));
      face = conductance(0, 0, room) / (ink_viscosity(needle_speed / std::sqrt(room)) * distance);
    } else {
      const int donor = downward ? j - 1 : j;
      const double liquid = p.scratch.unknown(donor), resistance = p.scratch.viscosity(donor) * distance, probe = 1e-6 * liquid;
      face = conductance(j, donor, liquid) / resistance;
      if (probe > 0.0 && downward == (above >= below)) gain = (conductance(j, donor, liquid + probe) / resistance - face) / probe;
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

  /// One Newton update by the Thomas algorithm; true when it changed no row by more than a ten-thousandth of
  /// its open area (the next would then change it by the square of that).
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
      // Where a void closes, the next update starts from just beyond with the other slope; `beyond` is felt in the whole area.
      const double full = p.scratch.full(j), beyond = 1e-12 * (p.scratch.needle_area(j) + full);
      const bool was_void = p.system.compliance(j) <= 0.0;
      if (was_void && held > full) held = smaller(held, full + beyond);
      if (!was_void && held < full) held = larger(held, full - beyond);
      if (std::fabs(held - liquid) > 1e-4 * scale) converged = false;
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
      p.system.spine_residual(j) += p.system.spine_response(j) * (p.track.pressure(j) - p.scratch.wall_reference(j));
      const double slope = p.system.compliance(j);
      p.system.compliance(j) = slope > 0.0 ? p.grid.dz(j) / (dt * slope) : -1.0;
      if (slope <= 0.0) p.system.spine_residual(j) = 0.0;
    }
  }
};

}  // namespace dermaflux
