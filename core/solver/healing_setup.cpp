#include "core/solver/healing_setup.hpp"

#include <algorithm>
#include <cmath>

#include "core/physics/photolysis.hpp"

namespace dermaflux {
namespace {

/// Tracks of all prongs, by their distance from the dot's axis; to a millionth of the pitch two distances are the same.
TrackGroups track_groups(const Needle& needle) {
  TrackGroups groups{};
  for (int k = 0; k < needle.prongs; ++k) {
    const Needle::Place at = needle.place(k);
    const double distance = std::hypot(at.x, at.y);
    int n = 0;
    while (n < groups.count && std::fabs(groups.offset[n] - distance) > 1e-6 * needle.prong_pitch) ++n;
    if (n == groups.count) groups.offset[groups.count++] = distance;
    groups.weight[n] += 1.0 / needle.prongs;
  }
  return groups;
}

/// Rates of a tissue; `axis_density` is that of the resident macrophages at the axis [1/m^3].
TissueRates tissue_rates(const SkinBiology& b, double axis_density) {
  const double release = std::log(2.0) / b.macrophage_half_life;
  return {.density = b.macrophage_density / axis_density,
          .uptake = {.rate = b.uptake_rate, .resident_density = b.macrophage_density, .capacity = b.macrophage_capacity},
          .migration = {.rate = b.migration_rate,
                        .load = b.migration_load,
                        .window = b.migration_window,
                        .capacity = b.macrophage_capacity},
          .free_lymph = b.lymph_clearance,
          .cell_death_loss = release * (1.0 - b.recapture_fraction),
          .matrix_release = b.matrix_release,
          .transfer = b.fibroblast_transfer,
          .slow_return = b.fibroblast_return * b.recapture_fraction,
          .slow_loss = b.fibroblast_return * (1.0 - b.recapture_fraction)};
}

TissueSpread tissue_spread(const Skin& skin, const Ink& ink, double cluster) {
  const SkinBiology& b = skin.biology;
  const auto mobile = [](double d) { return d <= 500.0 * units::nm ? 1.0 : 0.0; };
  const auto diffusivity = [&](double d) {
    return b.diffusion_hindrance * StokesEinstein{}(d, skin.mechanics.interstitial_viscosity);
  };
  const double release = std::log(2.0) / b.macrophage_half_life;
  return {.free = ink.mass_mean(mobile) * diffusivity(ink.particle_diameter),
          .macrophage = HopDiffusivity{}(release, b.recapture_fraction, b.hop_length),
          .slow = HopDiffusivity{}(b.fibroblast_return, b.recapture_fraction, b.hop_length),
          .deepening_speed = b.deepening_speed,
          .released = mobile(cluster) * diffusivity(cluster)};
}

/// Epidermis above a depth: all of it down to the junction, then a share that falls linearly to nothing over the rete ridges [m].
double epidermis_above(double z, double junction, double rete) {
  const double into = std::clamp(z - junction, 0.0, rete);
  return std::min(z, junction) + (rete > 0.0 ? into - 0.5 * into * into / rete : 0.0);
}

TissueCourses tissue_courses(const SkinBiology& b) {
  return {.recruitment = {.peak = b.recruitment_factor, .rise = b.recruitment_rise, .decay = b.recruitment_decay},
          .open_track = {.initial = b.open_track_loss, .decay = b.pore_closure},
          .crust = {b.crust_shedding}};
}

}  // namespace

void lay_out_healing_rows(ViewArena& arena, HealingProblem& problem, bool per_column) {
  HealingRows& rows = problem.rows;
  const int n_z = problem.grid.n_z;
  rows.per_column = per_column ? n_z : 0;
  for (auto* view : {&rows.epidermal, &rows.residents, &rows.open_track})
    *view = arena.take(per_column ? problem.grid.cell_count() : n_z);
  rows.photolysis = arena.take(n_z);
  problem.rings.beside = arena.take(problem.grid.n_r);
}

void lay_out_healing_state(ViewArena& arena, HealingProblem& problem) {
  const int n_z = problem.grid.n_z, cells = problem.grid.cell_count();
  HealingScratch& s = problem.scratch;
  for (PoolFields* pools : {&problem.pools, &s.old})
    for (auto* view : {&pools->free, &pools->matrix, &pools->macrophage, &pools->slow, &pools->epidermal})
      *view = arena.take(cells, n_z);
  for (auto* view : {&s.factor, &s.solved, &s.wound, &s.wound_before, &s.lymph_factor}) *view = arena.take(cells, n_z);
  for (auto* view : {&s.from_above, &s.own, &s.coupling, &s.lymph, &s.exuded, &s.photolysed, &s.shed, &s.error, &s.mass, &s.radius,
                     &s.reached, &s.within})
    *view = arena.take(n_z);
  s.scalars = arena.take(scalar_count);
  problem.account = arena.take(HealingAccount::count);
  problem.moments = arena.take(Moment::count);
}

JunctionRow junction_row(const SkinBiology& biology, double top, double bottom, double junction, double rete) {
  const double dz = bottom - top, below = std::max(0.5 * (top + bottom) - junction, 0.0);
  const double above = epidermis_above(bottom, junction, rete) - epidermis_above(top, junction, rete);
  const double epidermal = std::clamp(above / dz, 0.0, 1.0);
  const double reached = std::min(bottom, junction + biology.open_track_reach) - std::max(top, junction);
  return {epidermal, biology.macrophage_density * (1.0 - epidermal) * -std::expm1(-below / biology.macrophage_rise),
          std::clamp(reached / dz, 0.0, 1.0)};
}

void fill_healing_rows(const Treatment& treatment, const HealingProblem& problem) {
  const Skin& skin = treatment.skin_at_axis();
  const double junction = skin.bottom_of(LayerKind::epidermis), rete = skin.rete_amplitude;
  const SkinBiology& biology = skin.biology;
  const Model& model = treatment.model;
  const double uva_dose = treatment.aftercare.uv_dose, melanosomes = skin.appearance.melanosome_fraction;
  const double by_uva = Photolysis{treatment.ink.photolysis_rate, model.uv_reference_dose}(uva_dose);
  const double by_uvb = Photolysis{treatment.ink.photolysis_rate_uvb, model.uv_reference_dose}(model.uvb_share * uva_dose);
  const UltravioletBand uva{uva_wavelength, model.uv_penetration, model.uv_melanosomes};
  const UltravioletBand uvb{uvb_wavelength, model.uvb_penetration, model.uv_melanosomes};
  for (int j = 0; j < problem.grid.n_z; ++j) {
    const double top = problem.grid.z_face(j), bottom = problem.grid.z_face(j + 1), z = 0.5 * (top + bottom);
    if (problem.rows.per_column == 0) {
      const JunctionRow row = junction_row(biology, top, bottom, junction, rete);
      put(problem.rows.epidermal, j, row.epidermal);
      put(problem.rows.residents, j, row.residents);
      put(problem.rows.open_track, j, row.open_track);
    }
    const double covered = epidermis_above(z, junction, rete);
    put(problem.rows.photolysis, j, by_uva * uva(z, covered, melanosomes) + by_uvb * uvb(z, covered, melanosomes));
  }
}

bool fill_healing_rings(const Treatment& treatment, const HealingProblem& problem) {
  constexpr int parts = 8;
  const AxisymmetricGrid& grid = problem.grid;
  const bool inside = treatment.scar.holds_axis();
  bool bordered = false;
  for (int i = 0; i < grid.n_r; ++i) {
    const double inner = grid.r_face(i) * grid.r_face(i), outer = grid.r_face(i + 1) * grid.r_face(i + 1);
    double scar = 0.0;
    for (int n = 0; n < parts; ++n) scar += treatment.scar.share(std::sqrt(inner + (n + 0.5) / parts * (outer - inner))) / parts;
    const double share = inside ? 1.0 - scar : scar;
    put(problem.rings.beside, i, share);
    bordered = bordered || share > 0.0;
  }
  return bordered;
}

HealingParams build_healing_params(const Treatment& treatment, const Puncture& puncture) {
  const Skin& skin = treatment.skin_at_axis();
  const SkinBiology& b = skin.biology;
  const Ink& ink = treatment.ink;
  const double corneum = skin.layers[0].thickness * skin.thickness_factor;
  const double viable = skin.bottom_of(LayerKind::epidermis) - corneum, exfoliation = treatment.aftercare.exfoliation_factor;
  const double released = ClusterGrowth{b.cluster_start, b.cluster_end, b.cluster_growth}(treatment.aftercare.depletion_time);
  HealingParams c{};
  c.epidermis = {.corneum_depth = corneum,
                 .corneum_speed = exfoliation * corneum / b.corneum_transit,
                 .viable_speed = exfoliation * viable / (b.epidermal_turnover - b.corneum_transit)};
  for (const int side : {at_axis, beside}) {
    const Skin& tissue = side == at_axis ? skin : treatment.skin_beside();
    c.rates[side] = tissue_rates(tissue.biology, b.macrophage_density);
    c.spread[side] = tissue_spread(tissue, ink, released);
    c.courses[side] = tissue_courses(tissue.biology);
  }
  for (int n = 0; n < ink.size_classes; ++n) {
    c.lymph_factor[n] = ink.class_mean(n, LymphSizeFactor{});
    c.mean_lymph_factor += ink.size_class(n).share * c.lymph_factor[n];
  }
  const bool nothing_below = skin.layers[static_cast<std::size_t>(skin.layer_count - 1)].kind == LayerKind::dermis;
  c.dermis_bottom = nothing_below ? HUGE_VAL : skin.bottom_of(LayerKind::dermis);
  c.torn_zone_healing = skin.mechanics.torn_zone_healing;
  c.wound_reach = b.wound_reach;
  c.wound_depth = puncture.tip_depth;
  c.prongs = treatment.needle.prongs;
  c.tracks = track_groups(treatment.needle);
  c.tilt = std::tan(treatment.machine.angle);
  c.tilt_centre = 0.5 * puncture.tip_depth;
  const Aftercare& aftercare = treatment.aftercare;
  c.depletion = {.time = aftercare.depletion_time, .share = aftercare.depletion_share, .return_time = aftercare.macrophage_return};
  c.released_lymph_factor = LymphSizeFactor{}(released);
  // Numerical controls. The reaction, exact where uptake is constant, is then off by a thousandth of all pigment, and with what
  // spreads meanwhile by up to half a per cent, a tenth of what the standard grid does; the contrast after a year by 0.9 %. Steps
  // twice as long on the quick grid turn the sign of a response of 0.1 % (skin.recruitment_decay_day).
  c.tolerance = 0.02 * ink.concentration();
  c.first_step = 10.0 * units::minute;
  c.largest_step = 1000.0 * units::day;
  c.spread_share = 0.035;
  c.largest_spread = 60.0 * units::day;
  return c;
}

}  // namespace dermaflux
