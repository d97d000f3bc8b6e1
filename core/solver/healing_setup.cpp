#include "core/solver/healing_setup.hpp"

#include <algorithm>
#include <cmath>

namespace dermaflux {
namespace {

/// Tracks of all prongs: on a circle (from six up with one in the middle), or in a line.
TrackGroups track_groups(const Needle& needle) {
  TrackGroups groups{1, {0.0}, {1.0}};
  const int n = needle.prongs;
  if (n <= 1) return groups;
  if (needle.shape == NeedleShape::round_liner) {
    const int around = n >= 6 ? n - 1 : n;
    const double radius = 0.5 * needle.prong_pitch / std::sin(units::pi / around);
    if (around == n) return {1, {radius}, {1.0}};
    return {2, {0.0, radius}, {1.0 / n, static_cast<double>(around) / n}};
  }
  groups.count = 0;
  for (int k = n % 2; k <= n; k += 2) {  // distances of a row of n from its middle: 0, 1, 2 ... or 1/2, 3/2 ... pitches
    const double distance = n % 2 ? 0.5 * (k - 1) : 0.5 * (k + 1);
    if (distance > 0.5 * (n - 1)) break;
    groups.offset[groups.count] = distance * needle.prong_pitch;
    groups.weight[groups.count++] = (distance > 0.0 ? 2.0 : 1.0) / n;
  }
  return groups;
}

}  // namespace

void lay_out_healing_rows(ViewArena& arena, HealingProblem& problem) {
  HealingRows& rows = problem.rows;
  for (auto* view : {&rows.epidermal, &rows.residents, &rows.open_track, &rows.photolysis}) *view = arena.take(problem.grid.n_z);
}

void lay_out_healing_state(ViewArena& arena, HealingProblem& problem) {
  const int n_z = problem.grid.n_z, cells = problem.grid.cell_count();
  HealingScratch& s = problem.scratch;
  for (PoolFields* pools : {&problem.pools, &s.next})
    for (auto* view : {&pools->free, &pools->matrix, &pools->macrophage, &pools->slow, &pools->epidermal})
      *view = arena.take(cells, n_z);
  for (auto* view : {&s.factor, &s.solved, &s.wound, &s.lymph_factor}) *view = arena.take(cells, n_z);
  for (auto* view : {&s.from_above, &s.inverse, &s.coupling, &s.lymph, &s.exuded, &s.photolysed, &s.error, &s.mass, &s.radius})
    *view = arena.take(n_z);
  s.scalars = arena.take(scalar_count);
  problem.account = arena.take(HealingAccount::count);
  problem.moments = arena.take(Moment::count);
}

void fill_healing_rows(const Treatment& treatment, const HealingProblem& problem) {
  const Skin& skin = treatment.skin;
  const double junction = skin.bottom_of(LayerKind::epidermis), rete = skin.rete_amplitude;
  const SkinBiology& biology = skin.biology;
  const double light = treatment.ink.photolysis_rate * treatment.aftercare.uv_dose / treatment.model.uv_reference_dose;
  // Epidermis above a depth: all of it down to the junction, then a share that falls linearly to nothing over the rete ridges.
  const auto epidermis_above = [=](double z) {
    const double into = std::clamp(z - junction, 0.0, rete);
    return std::min(z, junction) + (rete > 0.0 ? into - 0.5 * into * into / rete : 0.0);
  };
  for (int j = 0; j < problem.grid.n_z; ++j) {
    const double top = problem.grid.z_face(j), bottom = problem.grid.z_face(j + 1), dz = bottom - top, z = 0.5 * (top + bottom);
    const double epidermal = std::clamp((epidermis_above(bottom) - epidermis_above(top)) / dz, 0.0, 1.0);
    const double below = std::max(z - junction, 0.0);
    const double reached = std::min(bottom, junction + biology.open_track_reach) - std::max(top, junction);
    put(problem.rows.epidermal, j, epidermal);
    put(problem.rows.residents, j, biology.macrophage_density * (1.0 - epidermal) * -std::expm1(-below / biology.macrophage_rise));
    put(problem.rows.open_track, j, std::clamp(reached / dz, 0.0, 1.0));
    put(problem.rows.photolysis, j, light * std::exp(-z / treatment.model.uv_penetration));
  }
}

HealingParams build_healing_params(const Treatment& treatment, const Puncture& puncture) {
  const Skin& skin = treatment.skin;
  const SkinBiology& b = skin.biology;
  const Ink& ink = treatment.ink;
  const double corneum = skin.layers[0].thickness * skin.thickness_factor;
  const double viable = skin.bottom_of(LayerKind::epidermis) - corneum, exfoliation = treatment.aftercare.exfoliation_factor;
  const double release = std::log(2.0) / b.macrophage_half_life;
  const double mobile = ink.mass_mean([](double d) { return d <= 500.0 * units::nm ? 1.0 : 0.0; });
  HealingParams c{};
  c.epidermis = {.corneum_depth = corneum,
                 .corneum_speed = exfoliation * corneum / b.corneum_transit,
                 .viable_speed = exfoliation * viable / (b.epidermal_turnover - b.corneum_transit)};
  c.recruitment = {.peak = b.recruitment_factor, .rise = b.recruitment_rise, .decay = b.recruitment_decay};
  c.uptake = {.rate = b.uptake_rate, .resident_density = b.macrophage_density, .capacity = b.macrophage_capacity};
  c.migration = {
      .rate = b.migration_rate, .load = b.migration_load, .window = b.migration_window, .capacity = b.macrophage_capacity};
  c.open_track = {.initial = b.open_track_loss, .decay = b.pore_closure};
  c.free_lymph = b.lymph_clearance;
  for (int n = 0; n < ink.size_classes; ++n) {
    c.lymph_factor[n] = ink.class_mean(n, LymphSizeFactor{});
    c.mean_lymph_factor += ink.size_class(n).share * c.lymph_factor[n];
  }
  const bool nothing_below = skin.layers[static_cast<std::size_t>(skin.layer_count - 1)].kind == LayerKind::dermis;
  c.dermis_bottom = nothing_below ? HUGE_VAL : skin.bottom_of(LayerKind::dermis);
  c.cell_death_loss = release * (1.0 - b.recapture_fraction);
  c.matrix_release = b.matrix_release;
  c.transfer = b.fibroblast_transfer;
  c.slow_return = b.fibroblast_return * b.recapture_fraction;
  c.slow_loss = b.fibroblast_return * (1.0 - b.recapture_fraction);
  c.free_diffusivity =
      mobile * b.diffusion_hindrance * StokesEinstein{}(ink.particle_diameter, skin.mechanics.interstitial_viscosity);
  c.cell_diffusivity = HopDiffusivity{}(release, b.recapture_fraction, b.hop_length);
  c.slow_diffusivity = HopDiffusivity{}(b.fibroblast_return, b.recapture_fraction, b.hop_length);
  c.deepening_speed = b.deepening_speed;
  c.torn_zone_healing = skin.mechanics.torn_zone_healing;
  c.wound_reach = b.wound_reach;
  c.wound_depth = puncture.tip_depth;
  c.prongs = treatment.needle.prongs;
  c.tracks = track_groups(treatment.needle);
  c.tilt = std::tan(treatment.machine.angle);
  c.tilt_centre = 0.5 * puncture.tip_depth;
  c.tolerance = 2e-3 * ink.concentration();
  c.first_step = 10.0 * units::minute;
  c.largest_step = 60.0 * units::day;
  return c;
}

}  // namespace dermaflux
