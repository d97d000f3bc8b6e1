#include "core/solver/insertion_setup.hpp"

#include <algorithm>
#include <cmath>

#include "core/physics/kinetics.hpp"
#include "core/solver/insertion_cycle.hpp"

namespace dermaflux {

void lay_out_constants(ViewArena& arena, int n_r, int n_z, InsertionProblem& problem) {
  problem.grid = take_grid(arena, n_r, n_z);
  TissueRows& rows = problem.rows;
  for (auto* view : {&rows.permeability, &rows.anisotropy, &rows.porosity, &rows.storage, &rows.shear_modulus, &rows.filtration})
    *view = arena.take(n_z);
}

long lay_out_state(ViewArena& arena, InsertionProblem& problem) {
  const int n_z = problem.grid.n_z, cells = problem.grid.cell_count();
  TissueState& t = problem.tissue;
  TrackState& k = problem.track;
  InsertionScratch& s = problem.scratch;
  const long start = arena.used;
  const int classes = problem.params.classes;
  // What a session finds comes first, apart from what it starts from nothing.
  for (auto* view : {&t.torn, &t.held}) *view = arena.take(cells, n_z);
  k.opened = arena.take(n_z);
  for (auto* view : {&t.fluid, &t.carrier, &t.pressure, &t.speed, &t.path, &t.crack, &s.w}) *view = arena.take(cells, n_z);
  for (auto* group : {&t.pigment, &t.captured, &s.c}) *group = arena.take_group(classes, cells, n_z);
  for (auto* view : {&k.liquid, &k.hole, &k.wall_stress, &k.widest, &k.carrier}) *view = arena.take(n_z);
  k.pressure = arena.take(n_z, row_pad);
  k.pigment = arena.take_group(classes, n_z);
  k.flow = arena.take(n_z + 1);
  problem.account = arena.take(RimAccount::count);
  const long checkpoint = arena.used - start;
  for (auto* view : {&s.permeability, &s.mobility, &s.damage, &s.radial_flux, &s.axial_flux, &s.w_between, &s.fluid_inverse,
                     &s.inverse_between, &s.radial_spreading, &s.axial_spreading, &s.factor})
    *view = arena.take(cells, n_z);
  for (auto* group : {&s.capture, &s.c_between}) *group = arena.take_group(classes, cells, n_z);
  for (auto* view : {&s.needle_area, &s.perimeter, &s.film_in, &s.film_out, &s.passing_face, &s.entry_pressure, &s.wall_reference,
                     &s.wall_flux, &s.wall_carrier, &s.returned_carrier, &s.wall_stiffness, &s.wall_unloaded, &s.jacobian_lower,
                     &s.jacobian_diagonal, &s.jacobian_upper, &s.mixture})
    *view = arena.take(n_z);
  for (auto* view : {&s.passing_area, &s.viscosity, &s.downward, &s.face_gain, &s.full, &s.unknown})
    *view = arena.take(n_z, row_pad);
  for (auto* group : {&s.wall_pigment, &s.returned_pigment}) *group = arena.take_group(classes, n_z);
  problem.system.lay_out(arena, problem.grid);
  return checkpoint;
}

GridExtent grid_extent(const Treatment& treatment) {
  double depth = 0.0;
  for (int s = 0; s < treatment.sessions.count(); ++s) depth = std::max(depth, session_treatment(treatment, s).machine.depth);
  const double fine = std::max(1.0 * units::mm, depth + 0.25 * units::mm);
  return {.radius = 2.0 * units::mm, .fine_depth = fine, .depth = fine + 2.0 * units::mm};
}

void fill_constants(const Treatment& treatment, const GridFaces& faces, const InsertionProblem& problem) {
  const Skin& skin = treatment.skin_at_axis();
  const AxisymmetricGrid& grid = problem.grid;
  for (int i = 0; i <= grid.n_r; ++i) put(grid.r_face, i, faces.r[static_cast<std::size_t>(i)]);
  for (int j = 0; j <= grid.n_z; ++j) put(grid.z_face, j, faces.z[static_cast<std::size_t>(j)]);
  for (int i = 0; i < grid.n_r; ++i) put(grid.r_centre, i, 0.5 * (grid.r_face(i) + grid.r_face(i + 1)));
  // Cut epidermis is a thin sheet whose lips fold: its hole is held open by the dermis underneath, not by its own modulus.
  double lips = 0.0;
  for (int k = skin.layer_count - 1; k >= 0; --k)
    if (skin.layers[static_cast<std::size_t>(k)].kind == LayerKind::dermis)
      lips = skin.layers[static_cast<std::size_t>(k)].shear_modulus();
  for (int j = 0; j < problem.grid.n_z; ++j) {
    const double top = problem.grid.z_face(j), bottom = problem.grid.z_face(j + 1);
    const auto mean = [&](auto property) { return layer_mean(skin, top, bottom, property); };
    put(problem.grid.z_centre, j, 0.5 * (top + bottom));
    put(problem.rows.permeability, j, std::exp(mean([](const SkinLayer& l) { return std::log(l.permeability); })));
    put(problem.rows.anisotropy, j, mean([](const SkinLayer& l) { return l.anisotropy; }));
    put(problem.rows.porosity, j, mean([](const SkinLayer& l) { return l.porosity; }));
    put(problem.rows.storage, j, mean([](const SkinLayer& l) { return 1.0 / l.aggregate_modulus(); }));
    put(problem.rows.shear_modulus, j,
        1.0 / mean([lips](const SkinLayer& l) { return 1.0 / (l.kind == LayerKind::epidermis ? lips : l.shear_modulus()); }));
    put(problem.rows.filtration, j, mean([](const SkinLayer& l) { return l.filtration; }));
  }
}

double pigment_diffusivity(const Treatment& treatment, int n) {
  const double mobile = treatment.ink.class_mean(n, [](double d) { return d <= 500.0 * units::nm ? 1.0 : 0.0; });
  return mobile * treatment.skin_at_axis().biology.diffusion_hindrance *
         StokesEinstein{}(treatment.ink.size_class(n).diameter, treatment.skin_at_axis().mechanics.interstitial_viscosity);
}

InsertionParams build_insertion_params(const Treatment& treatment, const Puncture& puncture, GridLevel level) {
  const Machine& machine = treatment.machine;
  const SkinMechanics& skin = treatment.skin_at_axis().mechanics;
  const Ink& ink = treatment.ink;
  const double upright = std::cos(machine.angle);
  InsertionParams c{};
  c.needle = treatment.needle;
  c.needle.prongs = 1;
  c.needle.taper_length *= upright;
  c.tip_depth = puncture.tip_depth;
  c.stroke = machine.stroke * upright;
  c.frequency = puncture.frequency;
  c.strokes = puncture.strokes;
  c.contact_time = std::max(machine.dwell, puncture.strokes / puncture.frequency);
  c.open_fraction = skin.open_fraction;
  c.recoil_time = skin.recoil_time;
  c.wall_stiffening = skin.wall_stiffening;
  c.force = insertion_force(treatment, puncture);
  c.liquid_share = {.roughness = treatment.needle.roughness};
  c.film = {.surface_tension = ink.surface_tension, .cap = treatment.needle.film_cap};
  c.capillary = {.surface_tension = ink.surface_tension,
                 .wall_cosine = std::cos(skin.wound_contact_angle),
                 .needle_cosine = std::cos(treatment.needle.contact_angle),
                 .roughness = treatment.needle.roughness};
  c.viscosity = PoreFluidViscosity::of(ink.viscosity, skin.interstitial_viscosity);
  c.pigment_density = ink.pigment_density;
  c.ink_concentration = ink.concentration();
  c.neat = NeatInk::of(c.viscosity.ink, c.ink_concentration / c.pigment_density);
  c.drop_volume = machine.drop_volume / treatment.needle.prongs;
  c.permeability = {.strain_exponent = skin.strain_exponent, .strain_limit = skin.strain_limit};
  c.clogging = {.plugged_share = skin.plugged_share};
  c.damage = {.gain = skin.damage_gain};
  c.damage_radius_factor = skin.damage_radius_factor * skin.lateral_crack_bias;
  c.rest_pressure = skin.interstitial_pressure;
  c.lymph_conductance = skin.lymph_conductance;
  c.max_captured = skin.max_deposit * ink.pigment_density;
  c.classes = ink.size_classes;
  // A filter catches in proportion to the diameter: its mean over the class. Pores strain the class's own diameter.
  for (int n = 0; n < c.classes; ++n) {
    const SizeClass size = ink.size_class(n);
    c.pigment[n] = {.share = size.share,
                    .diameter = size.diameter,
                    .filtration = ink.class_mean(n, [](double d) { return d; }) / (200.0 * units::nm),
                    .diffusivity = pigment_diffusivity(treatment, n)};
  }
  c.carrier_diffusivity = skin.carrier_hindrance * ink.carrier_diffusivity;
  c.spreading = {.dispersivity = skin.dispersivity};
  c.fracture = {.enabled = skin.fracture, .pressure = skin.fracture_pressure, .gain = skin.fracture_gain};
  // Numerical controls. Travel is what the error of a level hangs on (per cents of depth), so it is halved with the grid, and so is
  // the solver's tolerance, which moves dose and depth by a thousandth at most.
  c.relaxed_share = 0.01;
  c.relaxation_limit = 600.0;
  c.pressure_tolerance = 20.0;
  c.pressure_share = 2e-3 / (1 << static_cast<int>(level));
  c.edge_pressure = 0.05 * c.pressure_tolerance;
  c.edge_share = 3e-5 / (1 << static_cast<int>(level));
  c.steps_inside = 12 << static_cast<int>(level);
  c.largest_travel_out = 0.06 * c.tip_depth / (1 << static_cast<int>(level));
  c.largest_travel_in = 0.5 * c.largest_travel_out;
  c.smallest_step = 1e-7 / c.frequency;
  c.done_in_it = 1.0;
  return c;
}

int planned_steps(const InsertionParams& params) {
  if (params.tip_depth <= 0.0) return 0;
  const TipPath tip{params.tip_depth, params.stroke, params.frequency};
  int steps = 0;
  for (int n = 0; n < StrokePart::count; ++n) {
    const StrokePart part = stroke_part(tip, params, n);
    double t = part.start, dt = part.step;
    for (; part.ends_after(t); ++steps) {
      t += held_to_travel(tip, t, std::min(dt, part.end - t), params);
      dt = std::min(dt * part.growth, part.largest);
    }
  }
  return steps;
}

}  // namespace dermaflux
