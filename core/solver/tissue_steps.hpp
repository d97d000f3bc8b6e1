#pragma once
#include <cmath>

#include "core/solver/transport_steps.hpp"

namespace dermaflux {

/// Gain of permeability in the torn zone, from the widest needle that passed each row, or what sessions before left of theirs.
struct DamageStep {
  InsertionProblem p;
  DF_FUNCTION void operator()(int i, int j) const {
    const double radius = p.params.damage_radius_factor * std::sqrt(p.track.widest(j) / units::pi);
    const int k = p.grid.cell(i, j);
    p.scratch.damage(k) = larger(p.params.damage(p.grid.r_centre(i), radius), 1.0 + p.tissue.torn(k));
  }
};

/// Mobility k/mu of every cell from its strain, damage, clogging and the mixture in its pores. The permeability left for the
/// straining of particles is without clogging: what deposit takes from capture is the factor 1 - sigma/sigma_max alone.
struct MobilityStep {
  InsertionProblem p;

  static constexpr int groups_abreast = 2;
  /// Divides the mobility of a group by the viscosity of the liquid in its pores; ink below a millionth of it does not change that
  /// of interstitial fluid, and without any there is nothing to work out.
  template <bool is_carreau, int W>
  DF_FUNCTION void thicken(int first, int j) const {
    const double per_interstitial = 1.0 / p.params.viscosity.interstitial_viscosity;
    double ink[W], most = 0.0;  // beyond a millionth
    for (int l = 0; l < W; ++l) {
      ink[l] = p.tissue.carrier(first + l) - 1e-6 * p.tissue.fluid(first + l);
      most = larger(most, ink[l]);
    }
    if (!(most > 0.0)) {
      for (int l = 0; l < W; ++l) p.scratch.mobility(first + l) *= per_interstitial;
      return;
    }
    const double per_density = 1.0 / p.params.pigment_density;
    double volume[W], inverse[W];
    for (int l = 0; l < W; ++l) volume[l] = p.tissue.pigment.total(first + l) * per_density;
    DF_LANES
    for (int l = 0; l < W; ++l) {
      const int k = first + l;
      const double per_fluid = 1.0 / p.tissue.fluid(k);
      const double shear = PoreShearRate{}(p.tissue.speed(k), p.scratch.mobility(k), p.rows.porosity(j + l));
      inverse[l] = 1.0 / p.params.viscosity.of_mixture<is_carreau>(p.tissue.carrier(k) * per_fluid, volume[l] * per_fluid, shear);
    }
    DF_LANES
    for (int l = 0; l < W; ++l) p.scratch.mobility(first + l) *= ink[l] > 0.0 ? inverse[l] : per_interstitial;
  }

  template <int W>
  DF_FUNCTION void rows(int j) const {
    const double plug = 1.0 / p.params.max_captured;
    const bool is_carreau = p.params.viscosity.ink.thinning.carreau();
    for (int i = 0; i < p.grid.n_r; ++i) {
      const int first = p.grid.cell(i, j);
      double gain[W], clogged[W];
      DF_LANES
      for (int l = 0; l < W; ++l) gain[l] = p.params.permeability.strain_gain(p.tissue.fluid(first + l) - p.rows.porosity(j + l));
      for (int l = 0; l < W; ++l) clogged[l] = (p.tissue.captured.total(first + l) + p.tissue.held(first + l)) * plug;
      DF_LANES
      for (int l = 0; l < W; ++l) {
        const int k = first + l;
        const double permeability = p.rows.permeability(j + l) * gain[l] * p.scratch.damage(k);
        p.scratch.permeability(k) = permeability;
        p.scratch.mobility(k) = permeability * p.params.clogging(clogged[l]);
      }
      is_carreau ? thicken<true, W>(first, j) : thicken<false, W>(first, j);
    }
  }
};

/// Conductance of two pieces in series, of `area` and of lengths a and b [m^3/(Pa s)]; none if either is impermeable.
DF_FUNCTION inline double in_series(double area, double length_a, double mobility_a, double length_b, double mobility_b) {
  return area * mobility_a * mobility_b / larger(length_a * mobility_b + length_b * mobility_a, 1e-300);
}

/// Transmissibilities of the outer and lower faces of every cell: both half cells in series. The radial one is stretched by the
/// open track and raised by cracks, which open in the plane of the fibres.
struct TransmissibilityStep {
  InsertionProblem p;

  static constexpr int groups_abreast = 2;
  template <int W>
  DF_FUNCTION void rows(int j) const {
    const AxisymmetricGrid& grid = p.grid;
    double opening[W], here_dz[W], below_dz[W], open[W];
    for (int l = 0; l < W; ++l) {
      const bool inside = j + l + 1 < grid.n_z;
      opening[l] = larger(p.track.hole(j + l), p.scratch.needle_area(j + l)) * (1.0 / units::pi);
      here_dz[l] = grid.dz(j + l);
      below_dz[l] = inside ? grid.dz(j + l + 1) : here_dz[l];
      open[l] = inside ? 1.0 : 0.0;
    }
    for (int i = 0; i < grid.n_r; ++i) {
      const bool inside = i + 1 < grid.n_r;
      const int first = grid.cell(i, j), outward = inside ? grid.column : 0;
      const double face = grid.r_face(i + 1), near = face - grid.r_centre(i), far = inside ? grid.r_centre(i + 1) - face : near;
      const double girth = inside ? 2.0 * units::pi * face : 0.0, ring = grid.ring_area(i);
      DF_LANES
      for (int l = 0; l < W; ++l) {
        const int k = first + l;
        const double here = p.scratch.mobility(k), cracked = here * (1.0 + p.tissue.crack(k));
        const double there = p.scratch.mobility(k + outward) * (1.0 + p.tissue.crack(k + outward));
        p.system.radial(k) = p.rows.anisotropy(j + l) * in_series(girth * here_dz[l], near, cracked, far, there) *
                             OpeningStretch{}(opening[l], face);
        p.system.axial(k) = open[l] * in_series(ring, 0.5 * here_dz[l], here, 0.5 * below_dz[l], p.scratch.mobility(k + 1));
      }
    }
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
/// the end of the step if that is less than at its start, so that it is a bound for every substep.
struct SpeedStep {
  InsertionProblem p;
  double dt;  ///< [s]

  static constexpr int groups_abreast = 2;
  template <int W>
  DF_FUNCTION void rows(int j) const {
    const AxisymmetricGrid& grid = p.grid;
    double gross[W] = {}, net[W] = {}, west[W], opening[W];
    for (int l = 0; l < W; ++l) {
      west[l] = p.scratch.wall_flux(j + l);
      opening[l] = larger(p.track.hole(j + l), p.scratch.needle_area(j + l)) * (1.0 / units::pi);
    }
    for (int i = 0; i < grid.n_r; ++i) {
      const int first = grid.cell(i, j);
      const double ring = grid.ring_area(i), per_ring = 0.5 / ring, centre = grid.r_centre(i);
      DF_LANES
      for (int l = 0; l < W; ++l) {
        const int k = first + l;
        const double east = p.scratch.radial_flux(k), north = p.scratch.axial_flux(k - 1), south = p.scratch.axial_flux(k);
        const double dz = grid.dz(j + l), volume = ring * dz, content = volume * p.tissue.fluid(k);
        const double drained = volume * p.params.lymph_conductance * (p.tissue.pressure(k) - p.params.rest_pressure);
        const double out =
            larger(east, 0.0) + larger(-west[l], 0.0) + larger(south, 0.0) + larger(-north, 0.0) + larger(drained, 0.0);
        const double girth = 2.0 * units::pi * dz, u_r = 0.5 * (std::fabs(west[l]) + std::fabs(east));
        const double u_z = (std::fabs(north) + std::fabs(south)) * per_ring;
        const double lost = east - west[l] + south - north + drained;
        p.tissue.speed(k) = std::sqrt(u_r * u_r / (girth * girth * (centre * centre + opening[l])) + u_z * u_z);
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
    const bool rows_outside = j >= box.rows;  // whole groups of rows lie in the box or out of it
    double per_length[W];
    for (int l = 0; l < W; ++l) per_length[l] = dt / grid.dz(j + l);
    for (int i = 0; i < grid.n_r; ++i) {
      if (rows_outside || i >= box.rings) balance(i, j, per_length);
      const int first = grid.cell(i, j);
      DF_LANES
      for (int l = 0; l < W; ++l) p.tissue.pressure(first + l) = pore_storage(p, j + l).pressure(p.tissue.fluid(first + l));
    }
  }

  template <int W>
  DF_FUNCTION void balance(int i, int j, const double (&per_length)[W]) const {
    const int first = p.grid.cell(i, j), inward = i > 0 ? p.grid.column : 0;
    const double per_area = 1.0 / p.grid.ring_area(i), inside = i > 0 ? 1.0 : 0.0, drain = dt * p.params.lymph_conductance;
    DF_LANES
    for (int l = 0; l < W; ++l) {
      const int k = first + l;
      const double in = inside * p.scratch.radial_flux(k - inward) + p.scratch.axial_flux(k - 1);
      const double out = p.scratch.radial_flux(k) + p.scratch.axial_flux(k);
      const double drained = drain * (p.tissue.pressure(k) - p.params.rest_pressure);
      p.tissue.fluid(k) += (in - out) * (per_area * per_length[l]) - drained;
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
