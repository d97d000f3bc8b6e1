#pragma once
#include <cmath>

#include "core/solver/transport_steps.hpp"

namespace dermaflux {

/// Gain of permeability in the torn zone, from the widest needle that passed each row.
struct DamageStep {
  InsertionProblem p;
  DF_FUNCTION void operator()(int i, int j) const {
    const double radius = p.params.damage_radius_factor * std::sqrt(p.track.widest(j) / units::pi);
    p.scratch.damage(p.grid.cell(i, j)) = p.params.damage(p.grid.r_centre(i), radius);
  }
};

/// Mobility k/mu of one cell from its strain, damage, clogging and the mixture in its pores. The permeability left for the
/// straining of particles is without clogging: what deposit takes from capture is the factor 1 - sigma/sigma_max alone.
struct MobilityStep {
  InsertionProblem p;
  DF_FUNCTION void operator()(int i, int j) const {
    const int k = p.grid.cell(i, j);
    const double porosity = p.rows.porosity(j), fluid = p.tissue.fluid(k);
    const double clogged = p.tissue.captured.total(k) / p.params.max_captured;
    const double clogging = p.params.clogging(clogged);
    const double permeability = p.params.permeability(p.rows.permeability(j), fluid - porosity, p.scratch.damage(k));
    const double carrier = p.tissue.carrier(k), pigment = p.tissue.pigment.total(k);
    double viscosity = p.params.viscosity.interstitial_viscosity;
    if (carrier > 1e-6 * fluid) {  // so little ink does not change the viscosity of interstitial fluid
      const double shear = PoreShearRate{}(p.tissue.speed(k), permeability * clogging, porosity);
      viscosity = p.params.viscosity(carrier / fluid, pigment / (fluid * p.params.pigment_density), shear);
    }
    p.scratch.permeability(k) = permeability;
    p.scratch.mobility(k) = permeability * clogging / viscosity;
  }
};

/// Transmissibilities of the outer and lower face of one cell. Series resistance of the two half cells (harmonic mean: the
/// flux must vanish if either side is impermeable); the radial one is stretched by the open track
/// and raised by cracks, which open in the plane of the fibres.
struct TransmissibilityStep {
  InsertionProblem p;
  DF_FUNCTION void operator()(int i, int j) const {
    const AxisymmetricGrid& grid = p.grid;
    const int k = grid.cell(i, j);
    const double here = p.scratch.mobility(k);
    double radial = 0.0, axial = 0.0;
    if (i + 1 < grid.n_r) {
      const double face = grid.r_face(i + 1), there = p.scratch.mobility(k + grid.column) * (1.0 + p.tissue.crack(k + grid.column));
      const double resistance =
          (face - grid.r_centre(i)) / (here * (1.0 + p.tissue.crack(k))) + (grid.r_centre(i + 1) - face) / there;
      const double opening = larger(p.track.hole(j), p.scratch.needle_area(j)) / units::pi;
      radial = p.rows.anisotropy(j) * grid.outer_area(i, j) / resistance * OpeningStretch{}(opening, face);
    }
    if (j + 1 < grid.n_z) {
      const double resistance = 0.5 * grid.dz(j) / here + 0.5 * grid.dz(j + 1) / p.scratch.mobility(k + 1);
      axial = grid.ring_area(i) / resistance;
    }
    p.system.radial(k) = radial;
    p.system.axial(k) = axial;
  }
};

/// Face fluxes of the solved pressure, positive outward and downward.
struct FluxStep {
  InsertionProblem p;
  DF_FUNCTION void operator()(int i, int j) const {
    const int k = p.grid.cell(i, j);
    const double here = p.tissue.pressure(k);
    p.scratch.radial_flux(k) = p.system.radial(k) * (here - p.tissue.pressure(k + p.grid.column));
    p.scratch.axial_flux(k) = p.system.axial(k) * (here - p.tissue.pressure(k + 1));
  }
};

/// Darcy speed of every cell where the open track has pushed it, at sqrt(r^2 + A/pi), which is what pores see; and, per row, the
/// largest share of a cell's fluid that leaves it per second, gross and net [1/s]. The gross one is taken of what the cell holds at
/// the end of the step if that is less than at its start, so that it is a bound for every substep; what leaves the innermost ring
/// sideways counts half, because it carries the mean of the ring, with no slope, and may take all of it in a stage.
struct SpeedStep {
  InsertionProblem p;
  double dt;  ///< [s]

  template <int W>
  DF_FUNCTION void rows(int j) const {
    const AxisymmetricGrid& grid = p.grid;
    double gross[W] = {}, net[W] = {}, west[W], opening[W];
    for (int l = 0; l < W; ++l) {
      west[l] = p.scratch.wall_flux(j + l);
      opening[l] = larger(p.track.hole(j + l), p.scratch.needle_area(j + l)) / units::pi;
    }
    for (int i = 0; i < grid.n_r; ++i) {
      const int first = grid.cell(i, j);
      const double ring = grid.ring_area(i), centre = grid.r_centre(i), outward = i > 0 ? 1.0 : 0.5;
      DF_LANES
      for (int l = 0; l < W; ++l) {
        const int k = first + l;
        const double east = p.scratch.radial_flux(k), north = p.scratch.axial_flux(k - 1), south = p.scratch.axial_flux(k);
        const double dz = grid.dz(j + l), volume = ring * dz, content = volume * p.tissue.fluid(k);
        const double drained = volume * p.params.lymph_conductance * (p.tissue.pressure(k) - p.params.rest_pressure);
        const double out =
            outward * (larger(east, 0.0) + larger(-west[l], 0.0)) + larger(south, 0.0) + larger(-north, 0.0) + larger(drained, 0.0);
        const double u_r =
            0.5 * (std::fabs(west[l]) + std::fabs(east)) / (2.0 * units::pi * dz * std::sqrt(centre * centre + opening[l]));
        const double u_z = 0.5 * (std::fabs(north) + std::fabs(south)) * dz / volume;
        const double lost = east - west[l] + south - north + drained;
        p.tissue.speed(k) = std::sqrt(u_r * u_r + u_z * u_z);
        gross[l] = larger(gross[l], out / (content - smaller(larger(lost * dt, 0.0), 0.5 * content)));
        net[l] = larger(net[l], lost / content);
        west[l] = east;
      }
    }
    for (int l = 0; l < W; ++l) {
      p.system.partial(j + l) = gross[l];
      p.system.partial_defect(j + l) = net[l];
    }
  }
};

/// Tissue whose pore pressure was above its limit cracks.
struct CrackStep {
  InsertionProblem p;
  DF_FUNCTION void operator()(int i, int j) const {
    const int k = p.grid.cell(i, j);
    p.tissue.crack(k) = p.params.fracture(p.tissue.pressure(k), p.tissue.crack(k));
  }
};

/// Volume of cracked tissue per row.
struct CrackedVolumeStep {
  InsertionProblem p;
  template <int W>
  DF_FUNCTION void rows(int j) const {
    for (int row = j; row < j + W; ++row) {
      double volume = 0.0;
      for (int i = 0; i < p.grid.n_r; ++i) volume += p.tissue.crack(p.grid.cell(i, row)) > 0.0 ? p.grid.volume(i, row) : 0.0;
      p.system.partial(row) = volume;
    }
  }
};

/// Fluid balance of the cells outside the box over the whole step, and the pressure that belongs to every cell's fluid.
struct FluidAndPressureStep {
  InsertionProblem p;
  TransportBox box;
  double dt;  ///< [s]
  template <int W>
  DF_FUNCTION void rows(int j) const {
    const AxisymmetricGrid& grid = p.grid;
    for (int i = 0; i < grid.n_r; ++i) {
      const int first = grid.cell(i, j), inward = i > 0 ? grid.column : 0;
      const double ring = grid.ring_area(i), inside = i > 0 ? 1.0 : 0.0;
      DF_LANES
      for (int l = 0; l < W; ++l) {
        const int k = first + l;
        const double drained = p.params.lymph_conductance * (p.tissue.pressure(k) - p.params.rest_pressure);
        const double in = inside * p.scratch.radial_flux(k - inward) + p.scratch.axial_flux(k - 1);
        const double out = p.scratch.radial_flux(k) + p.scratch.axial_flux(k);
        const bool outside = i >= box.rings || j + l >= box.rows;
        const double fluid = p.tissue.fluid(k) + (outside ? dt * ((in - out) / (ring * grid.dz(j + l)) - drained) : 0.0);
        p.tissue.fluid(k) = fluid;
        p.tissue.pressure(k) = pore_storage(p, j + l).pressure(fluid);
      }
    }
  }
};

/// Departure from the resting pressure at the outermost ring, per row, and along the last row.
struct EdgePressureStep {
  InsertionProblem p;
  DF_FUNCTION double departure(int i, int j) const {
    return std::fabs(p.tissue.pressure(p.grid.cell(i, j)) - p.params.rest_pressure);
  }
  template <int W>
  DF_FUNCTION void rows(int j) const {
    for (int row = j; row < j + W; ++row) {
      p.system.partial(row) = departure(p.grid.n_r - 1, row);
      double largest = 0.0;
      for (int i = 0; row == p.grid.n_z - 1 && i < p.grid.n_r; ++i) largest = larger(largest, departure(i, row));
      p.system.partial_defect(row) = largest;
    }
  }
};

/// Largest departure of tissue and track from the resting pressure, per group of rows.
struct ExcessPressureStep {
  InsertionProblem p;
  template <int W>
  DF_FUNCTION void rows(int j) const {
    DF_LANES
    for (int l = 0; l < W; ++l) {
      double largest = std::fabs(p.track.pressure(j + l));
      for (int i = 0; i < p.grid.n_r; ++i)
        largest = larger(largest, std::fabs(p.tissue.pressure(p.grid.cell(i, j + l)) - p.params.rest_pressure));
      p.system.partial(j + l) = largest;
    }
  }
};

/// Pressure that belongs to the fluid content of a cell.
struct PressureFromFluidStep {
  InsertionProblem p;
  DF_FUNCTION void operator()(int i, int j) const {
    const int k = p.grid.cell(i, j);
    p.tissue.pressure(k) = pore_storage(p, j).pressure(p.tissue.fluid(k));
  }
};

}  // namespace dermaflux
