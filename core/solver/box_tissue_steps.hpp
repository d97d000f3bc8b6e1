#pragma once
#include <cmath>

#include "core/solver/box_problem.hpp"
#include "core/solver/tissue_steps.hpp"

namespace dermaflux {

// Flow in the tissue of a box, column by column: the laws of tissue_steps.hpp on a Cartesian grid.

/// Mobility k/mu of every cell from its strain, damage, clogging and the mixture in its pores, as MobilityStep has it.
struct BoxMobilityStep {
  BoxProblem p;
  DF_FUNCTION void operator()(int i, int j) const {
    const double plug = 1.0 / p.params.max_captured, per_interstitial = 1.0 / p.params.viscosity.interstitial_viscosity;
    const bool is_carreau = p.params.viscosity.ink.thinning.carreau();
    for (int k = 0; k < p.grid.n_z; ++k) {
      const int at = p.grid.cell(i, j, k), m = p.material(at);
      const double porosity = p.rows.porosity(m), fluid = p.tissue.fluid(at);
      const double permeability = p.params.permeability(p.rows.permeability(m), fluid - porosity, p.damage(at));
      const double clogged = (p.tissue.captured.total(at) + p.tissue.held(at)) * plug;
      const double mobility = permeability * p.params.clogging(clogged);
      p.scratch.permeability(at) = permeability;
      if (p.tissue.carrier(at) > 1e-6 * fluid) {  // less ink does not change the viscosity
        const double volume = p.tissue.pigment.total(at) / p.params.pigment_density;
        const double shear = PoreShearRate{}(p.tissue.speed(at), mobility, porosity);
        const double carrier = p.tissue.carrier(at) / fluid, solid = volume / fluid;
        p.scratch.mobility(at) = mobility / (is_carreau ? p.params.viscosity.of_mixture<true>(carrier, solid, shear)
                                                        : p.params.viscosity.of_mixture<false>(carrier, solid, shear));
      } else {
        p.scratch.mobility(at) = mobility * per_interstitial;
      }
    }
  }
};

/// Conductances of the faces to the next cells, storage of every cell for a step `dt`, and the residual of the old pressure. Cracks
/// open in the plane of the fibres. The rim of the box is closed. Nodes are not part of it: their residuals and links are their
/// owner's.
struct BoxBalanceStep {
  BoxProblem p;
  double dt;  ///< [s]

  DF_FUNCTION double in_plane(int at) const {
    return p.scratch.mobility(at) * p.rows.anisotropy(p.material(at)) * (1.0 + p.tissue.crack(at));
  }
  DF_FUNCTION void conductances(int i, int j) const {
    const CartesianGrid& grid = p.grid;
    const bool more_x = i + 1 < grid.n_x, more_y = j + 1 < grid.n_y;
    const double dx = grid.dx(i), dy = grid.dy(j);
    const double next_dx = more_x ? grid.dx(i + 1) : dx, next_dy = more_y ? grid.dy(j + 1) : dy;
    for (int k = 0; k < grid.n_z; ++k) {
      const int at = grid.cell(i, j, k);
      const double dz = grid.dz(k), here = in_plane(at);
      p.system.x(at) =
          more_x ? static_cast<float>(in_series(dy * dz, 0.5 * dx, here, 0.5 * next_dx, in_plane(at + grid.step_x()))) : 0.0f;
      p.system.y(at) =
          more_y ? static_cast<float>(in_series(dx * dz, 0.5 * dy, here, 0.5 * next_dy, in_plane(at + grid.step_y()))) : 0.0f;
      const bool more_z = k + 1 < grid.n_z;
      p.system.z(at) = more_z ? static_cast<float>(in_series(dx * dy, 0.5 * dz, p.scratch.mobility(at), 0.5 * grid.dz(k + 1),
                                                             p.scratch.mobility(at + grid.step_z())))
                              : 0.0f;
    }
  }
  DF_FUNCTION void operator()(int i, int j) const {
    conductances(i, j);
    const double area = p.grid.column_area(i, j), per_time = 1.0 / dt;
    for (int k = 0; k < p.grid.n_z; ++k) {
      const int at = p.grid.cell(i, j, k);
      const double volume = area * p.grid.dz(k), drain = volume * p.params.lymph_conductance;
      p.system.storage(at) = volume * pore_storage(p, p.material(at)).capacity(p.tissue.fluid(at)) * per_time + drain;
      p.system.residual(at) = drain * (p.params.rest_pressure - p.tissue.pressure(at));
    }
  }
};

/// Adds what flows through the faces of the present pressure, and sources, to the residual.
struct BoxResidualStep {
  BoxProblem p;
  DF_FUNCTION void operator()(int i, int j) const {
    const CartesianGrid& grid = p.grid;
    const int sx = grid.step_x(), sy = grid.step_y(), sz = grid.step_z(), first = grid.cell(i, j, 0);
    const BoxSystem& s = p.system;
    const FieldView<double> pressure = p.tissue.pressure;
    DF_LANES
    for (int k = 0; k < grid.n_z; ++k) {
      const int at = first + k * sz;
      const double here = pressure(at);
      const double along_x = static_cast<double>(s.x(at)) * (pressure(at + sx) - here) +
                             static_cast<double>(s.x(at - sx)) * (pressure(at - sx) - here);
      const double along_y = static_cast<double>(s.y(at)) * (pressure(at + sy) - here) +
                             static_cast<double>(s.y(at - sy)) * (pressure(at - sy) - here);
      const double along_z = static_cast<double>(s.z(at)) * (pressure(at + sz) - here) +
                             static_cast<double>(s.z(at - sz)) * (pressure(at - sz) - here);
      s.residual(at) += p.scratch.source(at) + ((along_x + along_y) + along_z);
    }
  }
};

/// Adds the solved change to the pressure.
struct BoxCorrectionStep {
  BoxProblem p;
  DF_FUNCTION void operator()(int i, int j) const {
    const int first = p.grid.cell(i, j, 0), step = p.grid.step_z();
    DF_LANES
    for (int k = 0; k < p.grid.n_z; ++k) p.tissue.pressure(first + k * step) += p.system.correction(first + k * step);
  }
};

/// Face fluxes of the solved pressure, positive toward the next cell.
struct BoxFluxStep {
  BoxProblem p;
  DF_FUNCTION void operator()(int i, int j) const {
    const CartesianGrid& grid = p.grid;
    const int sx = grid.step_x(), sy = grid.step_y(), sz = grid.step_z(), first = grid.cell(i, j, 0);
    DF_LANES
    for (int k = 0; k < grid.n_z; ++k) {
      const int at = first + k * sz;
      const double here = p.tissue.pressure(at);
      p.scratch.flux_x(at) = static_cast<double>(p.system.x(at)) * (here - p.tissue.pressure(at + sx));
      p.scratch.flux_y(at) = static_cast<double>(p.system.y(at)) * (here - p.tissue.pressure(at + sy));
      p.scratch.flux_z(at) = static_cast<double>(p.system.z(at)) * (here - p.tissue.pressure(at + sz));
    }
  }
};

/// Darcy speed of every cell; and, per column in `partial` and `partial_excess`, the largest share of a cell's fluid that leaves it
/// per second, gross and net [1/s], as SpeedStep has it.
struct BoxSpeedStep {
  BoxProblem p;
  double dt;  ///< [s]
  DF_FUNCTION void operator()(int i, int j) const {
    const CartesianGrid& grid = p.grid;
    const int sx = grid.step_x(), sy = grid.step_y(), sz = grid.step_z();
    const BoxScratch& s = p.scratch;
    const double dx = grid.dx(i), dy = grid.dy(j);
    double gross = 0.0, net = 0.0;
    for (int k = 0; k < grid.n_z; ++k) {
      const int at = grid.cell(i, j, k);
      const double dz = grid.dz(k), volume = dx * dy * dz, content = volume * p.tissue.fluid(at), source = s.source(at);
      const double west = s.flux_x(at - sx), east = s.flux_x(at), north = s.flux_y(at - sy), south = s.flux_y(at);
      const double upper = s.flux_z(at - sz), lower = s.flux_z(at);
      const double drained = volume * p.params.lymph_conductance * (p.tissue.pressure(at) - p.params.rest_pressure);
      const double out = larger(east, 0.0) + larger(-west, 0.0) + larger(south, 0.0) + larger(-north, 0.0) + larger(lower, 0.0) +
                         larger(-upper, 0.0) + larger(drained, 0.0) + larger(-source, 0.0);
      const double u_x = 0.5 * (std::fabs(west) + std::fabs(east)) / (dy * dz);
      const double u_y = 0.5 * (std::fabs(north) + std::fabs(south)) / (dx * dz);
      const double u_z = 0.5 * (std::fabs(upper) + std::fabs(lower)) / (dx * dy);
      const double lost = ((east - west) + (south - north)) + ((lower - upper) + drained) - source;
      p.tissue.speed(at) = std::sqrt((u_x * u_x + u_y * u_y) + u_z * u_z);
      gross = larger(gross, out / (content - smaller(larger(lost * dt, 0.0), 0.5 * content)));
      net = larger(net, lost / content);
    }
    p.system.partial(grid.column(i, j)) = gross;
    p.system.partial_excess(grid.column(i, j)) = net;
  }
};

/// Fluid balance over the whole step of the cells that transport does not visit, and the pressure that belongs to every cell's
/// fluid.
struct BoxFluidStep {
  BoxProblem p;
  ActiveColumns active;
  double dt;  ///< [s]
  DF_FUNCTION void operator()(int i, int j) const {
    const CartesianGrid& grid = p.grid;
    const int sx = grid.step_x(), sy = grid.step_y(), sz = grid.step_z();
    const BoxScratch& s = p.scratch;
    const double per_area = 1.0 / grid.column_area(i, j), drain = dt * p.params.lymph_conductance;
    const int visited = active.rows(grid.column(i, j));
    for (int k = visited; k < grid.n_z; ++k) {
      const int at = grid.cell(i, j, k);
      const double in = (s.flux_x(at - sx) + s.flux_y(at - sy)) + s.flux_z(at - sz);
      const double out = (s.flux_x(at) + s.flux_y(at)) + s.flux_z(at);
      const double drained = drain * (p.tissue.pressure(at) - p.params.rest_pressure);
      p.tissue.fluid(at) += (in - out + s.source(at)) * (per_area * (dt / grid.dz(k))) - drained;
    }
    for (int k = 0; k < grid.n_z; ++k) {
      const int at = grid.cell(i, j, k);
      p.tissue.pressure(at) = pore_storage(p, p.material(at)).pressure(p.tissue.fluid(at));
    }
  }
};

}  // namespace dermaflux
