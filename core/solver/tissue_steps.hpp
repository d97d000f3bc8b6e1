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
      const double face = grid.r_face(i + 1), there = p.scratch.mobility(k + grid.n_z) * (1.0 + p.tissue.crack(k + grid.n_z));
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
    p.scratch.radial_flux(k) = p.system.radial(k) * (here - p.tissue.pressure(k + p.grid.n_z));
    p.scratch.axial_flux(k) = p.system.axial(k) * (here - p.tissue.pressure(k + 1));
  }
};

/// Darcy speed of every cell where the open track has pushed it, at sqrt(r^2 + A/pi), which is what pores see; and, per row, the
/// largest share of a cell's fluid that leaves it per second, gross and net [1/s]. The gross one is taken of what the cell holds at
/// the end of the step if that is less than at its start, so that it is a bound for every substep.
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
      const double ring = grid.ring_area(i), centre = grid.r_centre(i);
      DF_LANES
      for (int l = 0; l < W; ++l) {
        const int k = first + l;
        const double east = p.scratch.radial_flux(k), north = p.scratch.axial_flux(k - 1), south = p.scratch.axial_flux(k);
        const double dz = grid.dz(j + l), volume = ring * dz, content = volume * p.tissue.fluid(k);
        const double drained = volume * p.params.lymph_conductance * (p.tissue.pressure(k) - p.params.rest_pressure);
        const double out =
            larger(east, 0.0) + larger(-west[l], 0.0) + larger(south, 0.0) + larger(-north, 0.0) + larger(drained, 0.0);
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

/// The part of the tissue that ink has reached, with a margin of two cells per substep, one per stage: all that transport has to
/// touch.
struct TransportBox {
  int rings, rows;
};

/// Per row, the rings reached by carrier or pigment, and the row's own number if any.
struct ReachStep {
  InsertionProblem p;
  template <int W>
  DF_FUNCTION void rows(int j) const {
    const double trace = 1e-9, trace_pigment = trace * p.params.ink_concentration;
    for (int row = j; row < j + W; ++row) {
      int rings = p.track.widest(row) > 0.0 ? 1 : 0;
      for (int i = 0; i < p.grid.n_r; ++i) {
        const int k = p.grid.cell(i, row);
        if (p.tissue.carrier(k) > trace || p.tissue.pigment.total(k) > trace_pigment) rings = i + 1;
      }
      p.system.partial(row) = rings;
      p.system.partial_defect(row) = rings > 0 ? row + 1 : 0;
    }
  }
};

/// One stage of a transport substep by Heun's method: both stages are forward Euler, the second ends in the mean of what it
/// reaches and of the start (SSP-RK2; Gottlieb, Shu & Tadmor 2001, SIAM Rev. 43), so fluid, carrier and pigment are averaged
/// alike and uniform concentrations stay uniform while tissue swells. Of second order; positive and without new extrema while
/// the Courant number of a stage is at most one half (FaceConcentration), which holds for dt times the gross rate of SpeedStep
/// up to one half: content is linear in time, so no stage starts from less than the lesser of the step's two ends. The rim of
/// the box is closed. Both cells of a face find the same flux from the same numbers.
template <int stage>
struct TransportStageStep {
  InsertionProblem p;
  TransportBox box;
  double dt;  ///< [s]

  /// One concentration through one face, `flux` positive from `b` to `c` in the order a, b, c, d.
  DF_FUNCTION static double carried(double flux, double a, double b, double c, double d) {
    const bool forward = flux >= 0.0;
    return flux * FaceConcentration{}(forward ? a : d, forward ? b : c, forward ? c : b);
  }

  /// What a ring keeps of its start, and what a cell's amount becomes.
  DF_FUNCTION static double advance(FieldView<double> start, FieldView<double> amount, int k, double gain) {
    if constexpr (stage == 1) {
      start(k) = amount(k);
      return amount(k) + gain;
    }
    return 0.5 * (start(k) + (amount(k) + gain));
  }

  /// What flows through the upper faces of a group of rows and through the lower face of its last one.
  template <int W>
  DF_FUNCTION void carried_down(int i, int j, FieldView<const double> from, double (&flow)[W + 1]) const {
    const int first = p.grid.cell(i, j), last = box.rows - 1;
    if (j > 1 && j + W < last) {
      DF_LANES
      for (int l = 0; l <= W; ++l) {
        const int k = first + l;
        flow[l] = carried(p.scratch.axial_flux(k - 1), from(k - 2), from(k - 1), from(k), from(k + 1));
      }
      return;
    }
    const auto at = [&](int row) { return from(first - j + (row < 0 ? 0 : (row > last ? last : row))); };  // the rim repeats itself
    for (int l = 0; l <= W; ++l) {
      const int row = j + l;
      flow[l] = carried(p.scratch.axial_flux(first + l - 1), at(row - 2), at(row - 1), at(row), at(row + 1));
    }
    if (j == 0) flow[0] = 0.0;
    if (j + W > last) flow[W] = 0.0;
  }

  /// What the rows of a group have in common for everything that is carried, in one ring.
  template <int W>
  struct Ring {
    double share[W];    ///< dt over the volume of the cells [s/m^3]
    double inverse[W];  ///< of the fluid content after the stage [-]
    double drained[W];  ///< fluid that lymph takes and that takes carrier along [-]
  };

  /// Balance of one carried quantity in ring i; `in` is what comes through the inner faces and becomes what leaves outward.
  template <int W>
  DF_FUNCTION void balance(int i, int j, const Ring<W>& ring, double drains, FieldView<const double> from, FieldView<double> to,
                           FieldView<double> start, FieldView<double> amount, double (&in)[W]) const {
    const int n_z = p.grid.n_z, first = p.grid.cell(i, j);
    const int inward = i > 0 ? n_z : 0, outward = i + 2 < box.rings ? 2 * n_z : n_z;
    const double open = i + 1 < box.rings ? 1.0 : 0.0;
    double down[W + 1];
    carried_down<W>(i, j, from, down);
    DF_LANES
    for (int l = 0; l < W; ++l) {
      const int k = first + l;
      const double here = from(k), flux = open * p.scratch.radial_flux(k);
      const double east = carried(flux, from(k - inward), here, from(k + n_z), from(k + outward));
      const double gain = ring.share[l] * (in[l] - east + down[l] - down[l + 1]) - drains * ring.drained[l] * here;
      const double after = advance(start, amount, k, gain);
      amount(k) = after;
      to(k) = after * ring.inverse[l];
      in[l] = east;
    }
  }

  /// What the wall of the track brings into the first ring; what it takes is kept for the track.
  template <int W>
  DF_FUNCTION void through_wall(int j, FieldView<const double> from, FieldView<const double> wall, FieldView<double> returned,
                                double (&in)[W]) const {
    for (int l = 0; l < W; ++l) {
      const int row = j + l;
      const double flux = p.scratch.wall_flux(row), back = larger(-flux, 0.0) * from(p.grid.cell(0, row));
      in[l] = flux >= 0.0 ? wall(row) : -back;
      returned(row) += 0.5 * dt * back;
    }
  }

  template <int W>
  DF_FUNCTION void rows(int j) const {
    const InsertionScratch& s = p.scratch;
    const AxisymmetricGrid& grid = p.grid;
    const int classes = p.params.classes;
    double fluid_in[W], carrier_in[W], pigment_in[max_size_classes][W];
    for (int l = 0; l < W; ++l) fluid_in[l] = s.wall_flux(j + l);
    Ring<W> ring;
    through_wall(j, stage == 1 ? s.w : s.w_between, s.wall_carrier, s.returned_carrier, carrier_in);
    for (int n = 0; n < classes; ++n)
      through_wall(j, stage == 1 ? s.c[n] : s.c_between[n], s.wall_pigment[n], s.returned_pigment[n], pigment_in[n]);
    for (int i = 0; i < box.rings; ++i) {
      const int first = grid.cell(i, j);
      const double per_area = dt / grid.ring_area(i);
      DF_LANES
      for (int l = 0; l < W; ++l) {
        const int k = first + l;
        const double drained = dt * p.params.lymph_conductance * (p.tissue.pressure(k) - p.params.rest_pressure);
        ring.share[l] = per_area / grid.dz(j + l);
        ring.drained[l] = larger(drained, 0.0);
        const double gain = ring.share[l] * (fluid_in[l] - s.radial_flux(k) + s.axial_flux(k - 1) - s.axial_flux(k)) - drained;
        const double fluid = advance(s.start_fluid, p.tissue.fluid, k, gain);
        p.tissue.fluid(k) = fluid;
        ring.inverse[l] = 1.0 / fluid;
        fluid_in[l] = s.radial_flux(k);
      }
      balance(i, j, ring, 1.0, stage == 1 ? s.w : s.w_between, stage == 1 ? s.w_between : s.w, s.start_carrier, p.tissue.carrier,
              carrier_in);
      for (int n = 0; n < classes; ++n)
        balance(i, j, ring, 0.0, stage == 1 ? s.c[n] : s.c_between[n], stage == 1 ? s.c_between[n] : s.c[n], s.start_pigment[n],
                p.tissue.pigment[n], pigment_in[n]);
    }
  }
};

/// Rate at which the matrix would catch each size class while clean, and the path along which dispersion will spread the ink.
struct CaptureRateStep {
  InsertionProblem p;
  TransportBox box;
  double dt;  ///< [s]
  template <int W>
  DF_FUNCTION void rows(int j) const {
    for (int n = 0; n < p.params.classes; ++n) {
      const double diameter = p.params.pigment[n].diameter, scale = p.params.pigment[n].filtration;
      const FieldView<double> capture = p.scratch.capture[n];
      for (int i = 0; i < box.rings; ++i) {
        const int first = p.grid.cell(i, j);
        DF_LANES
        for (int l = 0; l < W; ++l) {
          const int k = first + l;
          const double gain =
              StrainingGain{}(diameter, p.scratch.permeability(k) * (1.0 + p.tissue.crack(k)), p.rows.porosity(j + l));
          capture(k) = Filtration{}(scale * p.rows.filtration(j + l) * gain, p.tissue.speed(k));
        }
      }
    }
    for (int i = 0; i < box.rings; ++i)
      for (int l = 0; l < W; ++l) p.tissue.path(p.grid.cell(i, j) + l) += dt * p.tissue.speed(p.grid.cell(i, j) + l);
  }
};

/// What the matrix catches of each size class in a time `dt`. Run for half a substep before and after transport (Strang), so that
/// both together are of second order; the deposit that slows it is taken at mid-step. Never catches more than there is or fits.
struct FiltrationStep {
  InsertionProblem p;
  TransportBox box;
  double dt;  ///< [s]

  template <int W>
  DF_FUNCTION void rows(int j) const {
    const int classes = p.params.classes;
    for (int i = 0; i < box.rings; ++i) {
      const int first = p.grid.cell(i, j);
      double held[W], open[W], caught[max_size_classes][W], sum[W], inverse[W];
      const double clean = 1.0 / p.params.max_captured;
      for (int l = 0; l < W; ++l) held[l] = p.tissue.captured.total(first + l);
      DF_LANES
      for (int l = 0; l < W; ++l) inverse[l] = 1.0 / p.tissue.fluid(first + l);
      for (int l = 0; l < W; ++l) sum[l] = 0.0;
      for (int trial = 0; trial < 2; ++trial) {
        DF_LANES
        for (int l = 0; l < W; ++l) open[l] = (held[l] + 0.5 * sum[l]) * clean;
        DF_LANES
        for (int l = 0; l < W; ++l) open[l] = larger(1.0 - open[l], 0.0) * dt * inverse[l];
        for (int l = 0; l < W; ++l) sum[l] = 0.0;
        for (int n = 0; n < classes; ++n) {
          const FieldView<double> pigment = p.tissue.pigment[n], capture = p.scratch.capture[n];
          DF_LANES
          for (int l = 0; l < W; ++l) {
            const int k = first + l;
            caught[n][l] = larger(pigment(k), 0.0) * CaughtShare{}(capture(k) * open[l]);
            sum[l] += caught[n][l];
          }
        }
        DF_LANES
        for (int l = 0; l < W; ++l) {
          const double room = larger(p.params.max_captured - held[l], 0.0);
          open[l] = sum[l] > room ? room / sum[l] : 1.0;  // share that fits
          sum[l] *= open[l];
        }
      }
      for (int n = 0; n < classes; ++n) {
        const FieldView<double> pigment = p.tissue.pigment[n], captured = p.tissue.captured[n], c = p.scratch.c[n];
        DF_LANES
        for (int l = 0; l < W; ++l) {
          const int k = first + l;
          const double taken = open[l] * caught[n][l], left = pigment(k) - taken;
          captured(k) += taken;
          pigment(k) = left;
          c(k) = left * inverse[l];
        }
      }
    }
  }
};

/// Conductances for spreading of one component between the middles of neighbouring cells over a time, n D t A / h [m^3], as the
/// series resistance of the half cells. No spreading through the wall of the track nor through the rim of the box.
struct SpreadingConductanceStep {
  InsertionProblem p;
  TransportBox box;
  double diffusivity, time;  ///< in pore fluid [m^2/s], [s]
  DF_FUNCTION double spreading(int k) const { return p.params.spreading(p.tissue.fluid(k), diffusivity, time, p.tissue.path(k)); }
  DF_FUNCTION void operator()(int i, int j) const {
    const AxisymmetricGrid& grid = p.grid;
    const int k = grid.cell(i, j);
    const double here = spreading(k);
    double radial = 0.0, axial = 0.0;
    if (i + 1 < box.rings) {
      const double face = grid.r_face(i + 1);
      radial = grid.outer_area(i, j) / ((face - grid.r_centre(i)) / here + (grid.r_centre(i + 1) - face) / spreading(k + grid.n_z));
    }
    if (j + 1 < box.rows) axial = grid.ring_area(i) / (0.5 * grid.dz(j) / here + 0.5 * grid.dz(j + 1) / spreading(k + 1));
    p.scratch.radial_spreading(k) = radial;
    p.scratch.axial_spreading(k) = axial;
  }
};

/// Implicit spreading of one component along the rings of each row: a tridiagonal M-matrix, so that it is stable and positive
/// for any step. What lies outward of a cell is eliminated as a storage in series with its conductance: without differences,
/// so that mass is kept to rounding however long the step.
struct RingSpreadingStep {
  InsertionProblem p;
  TransportBox box;
  FieldView<double> amount, share;  ///< per tissue volume; per fluid volume
  template <int W>
  DF_FUNCTION void rows(int j) const {
    const AxisymmetricGrid& grid = p.grid;
    double storage[W] = {}, inverse[W] = {}, reduced[W] = {}, inner[W] = {};
    for (int i = box.rings - 1; i >= 0; --i) {
      const int first = grid.cell(i, j), inward = i > 0 ? grid.n_z : 0;
      const double ring = grid.ring_area(i), inside = i > 0 ? 1.0 : 0.0;
      DF_LANES
      for (int l = 0; l < W; ++l) {
        const int k = first + l;
        const double volume = ring * grid.dz(j + l), outer = p.scratch.radial_spreading(k), coupling = outer * inverse[l];
        reduced[l] = volume * amount(k) + coupling * reduced[l];
        storage[l] = volume * p.tissue.fluid(k) + coupling * storage[l];
        inverse[l] = 1.0 / (storage[l] + inside * p.scratch.radial_spreading(k - inward));
        p.scratch.factor(k) = inverse[l];
        share(k) = reduced[l];
      }
    }
    for (int i = 0; i < box.rings; ++i) {
      const int first = grid.cell(i, j), inward = i > 0 ? grid.n_z : 0;
      DF_LANES
      for (int l = 0; l < W; ++l) {
        const int k = first + l;
        inner[l] = p.scratch.factor(k) * (share(k) + p.scratch.radial_spreading(k - inward) * inner[l]);
        share(k) = inner[l];
        amount(k) = inner[l] * p.tissue.fluid(k);
      }
    }
  }
};

/// The same along the rows of each ring.
struct RowSpreadingStep {
  InsertionProblem p;
  TransportBox box;
  FieldView<double> amount, share;
  DF_FUNCTION void operator()(int i, int) const {
    const AxisymmetricGrid& grid = p.grid;
    const int first = grid.cell(i, 0);
    const double ring = grid.ring_area(i);
    double storage = 0.0, inverse = 0.0, reduced = 0.0, upper = 0.0;
    for (int j = 0; j < box.rows; ++j) {
      const int k = first + j;
      const double volume = ring * grid.dz(j), lower = p.scratch.axial_spreading(k), coupling = upper * inverse;
      reduced = volume * amount(k) + coupling * reduced;
      storage = volume * p.tissue.fluid(k) + coupling * storage;
      inverse = 1.0 / (storage + lower);
      p.scratch.factor(k) = inverse;
      share(k) = reduced;
      upper = lower;
    }
    double below = 0.0;
    for (int j = box.rows - 1; j >= 0; --j) {
      const int k = first + j;
      below = p.scratch.factor(k) * (share(k) + p.scratch.axial_spreading(k) * below);
      share(k) = below;
      amount(k) = below * p.tissue.fluid(k);
    }
  }
};

/// Ink has been spread: its path starts anew.
struct ForgetPathStep {
  InsertionProblem p;
  DF_FUNCTION void operator()(int i, int j) const { p.tissue.path(p.grid.cell(i, j)) = 0.0; }
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
