#pragma once
#include "core/solver/insertion_cycle.hpp"
#include "tests/support/small_grid.hpp"

namespace dermaflux::test {

/// A cylindrical needle of one radius in a track of one radius, in tissue that lets nothing through unless a test says so; ink is a
/// Newtonian liquid without pigment. Everything runs through the program's own time step.
struct TrackCase : SmallGrid {
  double time = 0.0;  ///< [s]
  InsertionTally tally;
  static constexpr double impermeable = 1e-40;  ///< [m^2]

  /// `rows` equal rows down to `depth`; the needle has once reached `reached`. The wall rests at `hole_radius`.
  TrackCase(int rows, double depth, double reached, double needle_radius, double hole_radius, double shear_modulus,
            const std::vector<double>& r_face = equal_faces(4, 1e-3))
      : SmallGrid(r_face, equal_faces(rows, depth)) {
    tally.deepest = reached;
    InsertionParams& c = p.params;
    c.needle = {.prongs = 1,
                .shape = NeedleShape::round_liner,
                .shaft_diameter = 2.0 * needle_radius,
                .tip_diameter = 2.0 * needle_radius,
                .taper_length = 1.0,
                .prong_pitch = 0.0,
                .contact_angle = 0.0,
                .bevel_length = 0.0,
                .roughness = 1e-12,
                .film_cap = 0.3,
                .film_wiped = 1.0};
    c.open_fraction = hole_radius * hole_radius / (needle_radius * needle_radius);
    c.recoil_time = 1.0;
    c.wall_stiffening = 0.0;
    c.liquid_share = {.roughness = 1e-12};
    c.film = {.surface_tension = 1.0, .cap = 0.3};
    c.capillary = {.surface_tension = 0.0, .wall_cosine = 1.0, .needle_cosine = 1.0, .roughness = 1e-12};
    c.viscosity.ink.carrier_viscosity = c.viscosity.interstitial_viscosity = 1e-3;
    c.viscosity.ink.crowding = {.max_packing = 0.6, .intrinsic_viscosity = 2.5, .structure_factor = 1.0};
    c.viscosity.ink.thinning = {.relaxation_time = 0.0, .thinning_index = 1.0, .yasuda_exponent = 2.0};
    c.viscosity.ink.structure_ratio = 1.0;
    c.neat = NeatInk::of(c.viscosity.ink, 0.0);
    c.pigment_density = 1.0;
    c.drop_volume = 1e-6;
    c.clogging = {.plugged_share = 1e-3};
    c.damage = {.gain = 1.0};
    c.pressure_tolerance = 1e-9;
    c.smallest_step = 1e-15;
    for (int j = 0; j < rows; ++j) {
      put(p.rows.shear_modulus, j, shear_modulus);
      put(p.rows.permeability, j, impermeable);
      put(p.rows.storage, j, 1e-6);
    }
    start();
  }
  /// Puts the state to its beginning; call it again after a change of the resting pressure.
  void start() {
    SerialExecutor{}.cells(p.grid.n_r, p.grid.n_z, StartTissueStep{p});
    SerialExecutor{}.single(FillDropStep{p});
  }
  void set_viscosity(double viscosity) {
    p.params.viscosity.ink.carrier_viscosity = p.params.viscosity.interstitial_viscosity = viscosity;
    p.params.neat = NeatInk::of(p.params.viscosity.ink, 0.0);
  }
  /// Steps of `dt` until `end`; a rejected step is shorter. False if the track found no solution.
  template <class Tip>
  bool run(const Tip& tip, double end, double dt) {
    while (time < end * (1.0 - 1e-12) && !tally.failed)
      time += insertion_step(SerialExecutor{}, p, tip, time, smaller(dt, end - time), true, tally);
    return !tally.failed;
  }
  /// Volume of liquid in the track [m^3].
  double liquid() const {
    double sum = 0.0;
    for (int j = 0; j < p.grid.n_z; ++j) sum += p.track.liquid(j) * p.grid.dz(j);
    return sum;
  }
};

/// A needle that stands still with its tip at one depth.
struct TipAt {
  double depth;  ///< [m]
  DF_FUNCTION double operator()(double) const { return depth; }
};

}  // namespace dermaflux::test
