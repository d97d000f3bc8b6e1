#pragma once
#include <cmath>

#include "core/solver/insertion_problem.hpp"

namespace dermaflux {

/// Gain of permeability in the torn zone, from the widest needle that passed each row.
struct DamageStep {
  InsertionProblem p;
  DF_FUNCTION void operator()(int i, int j) const {
    const double radius = p.params.damage_radius_factor * std::sqrt(p.track.widest(j) / units::pi);
    p.scratch.damage(p.grid.cell(i, j)) = p.params.damage(p.grid.r_centre(i), radius);
  }
};

/// Mobility k/mu of one cell from its strain, damage, clogging and the mixture in its pores.
struct MobilityStep {
  InsertionProblem p;
  DF_FUNCTION void operator()(int i, int j) const {
    const int k = p.grid.cell(i, j);
    const double porosity = p.rows.porosity(j), fluid = p.tissue.fluid(k);
    const double clogged = p.tissue.captured(k) / p.params.max_captured;
    const double clogging = i > 0 ? p.params.clogging(clogged) : p.params.clogging.innermost(clogged);
    const double permeability = p.params.permeability(p.rows.permeability(j), fluid - porosity, p.scratch.damage(k)) * clogging;
    const double carrier = p.tissue.carrier(k), pigment = p.tissue.pigment(k);
    double viscosity = p.params.viscosity.interstitial_viscosity;
    if (carrier > 1e-9 * fluid) {  // untouched tissue holds interstitial fluid only
      const double shear = PoreShearRate{}(p.tissue.speed(k), permeability, porosity);
      viscosity = p.params.viscosity(carrier / fluid, pigment / (fluid * p.params.pigment_density), shear);
    }
    p.scratch.permeability(k) = permeability;
    p.scratch.mobility(k) = permeability / viscosity;
  }
};

/// Transmissibilities of the outer and lower face of one cell. Series resistance of the two half cells (harmonic mean: the
/// flux must vanish if either side is impermeable); the radial one is stretched by the open track.
struct TransmissibilityStep {
  InsertionProblem p;
  DF_FUNCTION void operator()(int i, int j) const {
    const AxisymmetricGrid& grid = p.grid;
    const int k = grid.cell(i, j);
    const double here = p.scratch.mobility(k);
    double radial = 0.0, axial = 0.0;
    if (i + 1 < grid.n_r) {
      const double face = grid.r_face(i + 1), there = p.scratch.mobility(k + grid.n_z);
      const double resistance = (face - grid.r_centre(i)) / here + (grid.r_centre(i + 1) - face) / there;
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
    p.scratch.radial_flux(k) = p.system.radial(k) * (here - p.tissue.pressure(k + p.grid.n_z));
    p.scratch.axial_flux(k) = p.system.axial(k) * (here - p.tissue.pressure(k + 1));
  }
};

/// Darcy speed of every cell, the rate at which its matrix would catch pigment while clean, and, per row, the largest share
/// of a cell's fluid that leaves it per second, gross and net [1/s].
struct SpeedStep {
  InsertionProblem p;

  /// Filter coefficient with straining [1/m]: particles wider than 0.3 of a pore are caught (d / 0.3 d_pore)^1.5 times more.
  DF_FUNCTION double filter(int k, int row) const {
    const double pore = std::sqrt(32.0 * p.scratch.permeability(k) / p.rows.porosity(row));
    const double tightness = larger(p.params.particle_diameter / (0.3 * pore), 1.0);
    return p.rows.filtration(row) * tightness * std::sqrt(tightness);
  }
  template <int W>
  DF_FUNCTION void rows(int j) const {
    const AxisymmetricGrid& grid = p.grid;
    double gross[W] = {}, net[W] = {}, west[W];
    for (int l = 0; l < W; ++l) west[l] = p.scratch.wall_flux(j + l);
    for (int i = 0; i < grid.n_r; ++i) {
      const int first = grid.cell(i, j);
      const double ring = grid.ring_area(i), dr = grid.dr(i);
      DF_LANES
      for (int l = 0; l < W; ++l) {
        const int k = first + l;
        const double east = p.scratch.radial_flux(k), north = p.scratch.axial_flux(k - 1), south = p.scratch.axial_flux(k);
        const double dz = grid.dz(j + l), volume = ring * dz, content = volume * p.tissue.fluid(k);
        const double out = larger(east, 0.0) + larger(-west[l], 0.0) + larger(south, 0.0) + larger(-north, 0.0);
        const double u_r = 0.5 * (std::fabs(west[l]) + std::fabs(east)) * dr / volume;
        const double u_z = 0.5 * (std::fabs(north) + std::fabs(south)) * dz / volume;
        const double speed = std::sqrt(u_r * u_r + u_z * u_z);
        p.tissue.speed(k) = speed;
        p.scratch.capture(k) = Filtration{}(filter(k, j + l), speed);
        gross[l] = larger(gross[l], out / content);
        net[l] = larger(net[l], (east - west[l] + south - north) / content);
        west[l] = east;
      }
    }
    for (int l = 0; l < W; ++l) {
      p.system.partial(j + l) = gross[l];
      p.system.partial_defect(j + l) = net[l];
    }
  }
};

/// The part of the tissue that ink has reached, with a margin of one cell per substep: all that transport has to touch.
struct TransportBox {
  int rings, rows;
};

/// Per row, the rings reached by carrier or pigment, and the row's own number if any.
struct ReachStep {
  InsertionProblem p;
  template <int W>
  DF_FUNCTION void rows(int j) const {
    const double trace = 1e-12, trace_pigment = trace * p.params.ink_concentration;
    for (int row = j; row < j + W; ++row) {
      int rings = p.track.widest(row) > 0.0 ? 1 : 0;
      for (int i = 0; i < p.grid.n_r; ++i) {
        const int k = p.grid.cell(i, row);
        if (p.tissue.carrier(k) > trace || p.tissue.pigment(k) > trace_pigment) rings = i + 1;
      }
      p.system.partial(row) = rings;
      p.system.partial_defect(row) = rings > 0 ? row + 1 : 0;
    }
  }
};

/// Fluxes of carrier and pigment through the outer and lower faces inside the box; its rim is closed.
struct FaceTransportStep {
  InsertionProblem p;
  TransportBox box;
  double dt;  ///< [s]

  /// One concentration through one face, `flux` positive from `b` to `c` in the order a, b, c, d.
  DF_FUNCTION static double carried(double flux, double courant, double a, double b, double c, double d) {
    const bool forward = flux >= 0.0;
    return flux * FaceConcentration{}(forward ? a : d, forward ? b : c, forward ? c : b, courant);
  }
  template <int W>
  DF_FUNCTION void rows(int j) const {
    const AxisymmetricGrid& grid = p.grid;
    const int n_z = grid.n_z;
    const FieldView<double> w = p.scratch.w, c = p.scratch.c, fluid = p.tissue.fluid;
    for (int i = 0; i < box.rings; ++i) {
      const int first = grid.cell(i, j);
      const bool open = i + 1 < box.rings;
      const int inward = i > 0 ? n_z : 0, outward = i + 2 < box.rings ? 2 * n_z : n_z;
      const double ring = grid.ring_area(i), outer_ring = open ? grid.ring_area(i + 1) : ring;
      DF_LANES
      for (int l = 0; l < W; ++l) {
        const int k = first + l;
        const double flux = open ? p.scratch.radial_flux(k) : 0.0;
        const double donor = (flux >= 0.0 ? ring * fluid(k) : outer_ring * fluid(k + n_z)) * grid.dz(j + l);
        const double courant = open ? std::fabs(flux) * dt / donor : 0.0;
        p.scratch.radial_carrier(k) = carried(flux, courant, w(k - inward), w(k), w(k + n_z), w(k + outward));
        p.scratch.radial_pigment(k) = carried(flux, courant, c(k - inward), c(k), c(k + n_z), c(k + outward));
      }
      DF_LANES
      for (int l = 0; l < W; ++l) {
        const int k = first + l, row = j + l;
        const bool lower = row + 1 < box.rows;
        const int up = row > 0 ? 1 : 0, down = row + 2 < box.rows ? 2 : 1, next = lower ? row + 1 : row;
        const double flux = lower ? p.scratch.axial_flux(k) : 0.0;
        const double donor = (flux >= 0.0 ? grid.dz(row) * fluid(k) : grid.dz(next) * fluid(k + 1)) * ring;
        const double courant = lower ? std::fabs(flux) * dt / donor : 0.0;
        p.scratch.axial_carrier(k) = carried(flux, courant, w(k - up), w(k), w(k + 1), w(k + down));
        p.scratch.axial_pigment(k) = carried(flux, courant, c(k - up), c(k), c(k + 1), c(k + down));
      }
    }
  }
};

/// Balance of the cells of the box over one transport substep: fluid, carrier, pigment, and what the matrix catches.
struct CellBalanceStep {
  InsertionProblem p;
  TransportBox box;
  double dt;  ///< [s]

  template <int W>
  DF_FUNCTION void rows(int j) const {
    const AxisymmetricGrid& grid = p.grid;
    double fluid_in[W], carrier_in[W], pigment_in[W];
    for (int l = 0; l < W; ++l) {
      const int row = j + l, k = grid.cell(0, row);
      const double wall = p.scratch.wall_flux(row);
      fluid_in[l] = wall;
      carrier_in[l] = wall >= 0.0 ? p.scratch.wall_carrier(row) : wall * p.scratch.w(k);
      pigment_in[l] = wall >= 0.0 ? p.scratch.wall_pigment(row) : wall * p.scratch.c(k);
      p.scratch.returned_carrier(row) += wall >= 0.0 ? 0.0 : -carrier_in[l] * dt;
      p.scratch.returned_pigment(row) += wall >= 0.0 ? 0.0 : -pigment_in[l] * dt;
    }
    for (int i = 0; i < box.rings; ++i) {
      const int first = grid.cell(i, j);
      const double ring = grid.ring_area(i);
      double passed[W];  // clogging along the path through the ring
      DF_LANES
      for (int l = 0; l < W; ++l) passed[l] = p.tissue.captured(first + l) / p.params.max_captured;
      if (i == 0)
        for (int l = 0; l < W; ++l) passed[l] = InnermostPathClogging{}(passed[l]);
      DF_LANES
      for (int l = 0; l < W; ++l) {
        const int k = first + l, row = j + l;
        const bool below_first = row > 0;
        const double share = dt / (ring * grid.dz(row));
        const double drained = dt * p.params.lymph_conductance * (p.tissue.pressure(k) - p.params.rest_pressure);
        const double fluid =
            p.tissue.fluid(k) - drained +
            share * (fluid_in[l] - p.scratch.radial_flux(k) + p.scratch.axial_flux(k - 1) - p.scratch.axial_flux(k));
        const double carrier_above = below_first ? p.scratch.axial_carrier(k - 1) : 0.0;
        const double pigment_above = below_first ? p.scratch.axial_pigment(k - 1) : 0.0;
        const double carrier = p.tissue.carrier(k) - larger(drained, 0.0) * p.scratch.w(k) +
                               share * (carrier_in[l] - p.scratch.radial_carrier(k) + carrier_above - p.scratch.axial_carrier(k));
        const double pigment = p.tissue.pigment(k) +
                               share * (pigment_in[l] - p.scratch.radial_pigment(k) + pigment_above - p.scratch.axial_pigment(k));
        const double room = larger(p.params.max_captured - p.tissue.captured(k), 0.0);
        const double rate = p.scratch.capture(k) * larger(1.0 - passed[l], 0.0) * dt / fluid;
        const double caught = smaller(pigment * smaller(2.0 * rate / (2.0 + rate), 1.0), room);
        fluid_in[l] = p.scratch.radial_flux(k);
        carrier_in[l] = p.scratch.radial_carrier(k);
        pigment_in[l] = p.scratch.radial_pigment(k);
        p.tissue.fluid(k) = fluid;
        p.tissue.carrier(k) = carrier;
        p.tissue.pigment(k) = pigment - caught;
        p.tissue.captured(k) += caught;
        p.scratch.w(k) = carrier / fluid;
        p.scratch.c(k) = (pigment - caught) / fluid;
      }
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
      const int first = grid.cell(i, j), inward = i > 0 ? grid.n_z : 0;
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
