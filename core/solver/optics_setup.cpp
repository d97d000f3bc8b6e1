#include "core/solver/optics_setup.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/physics/skin_optics.hpp"
#include "core/physics/surface_laws.hpp"
#include "core/solver/path_steps.hpp"
#include "core/treatment/bleeding.hpp"

namespace dermaflux {
namespace {

/// CIE standard illuminant D65 from 380 to 780 nm in steps of 10 nm, relative (CIE 15:2018, table T.1).
constexpr std::array<double, 41> d65 = {49.98,  54.65,  82.75,  91.49,  93.43,  86.68,  104.86, 117.01, 117.81, 114.86, 115.92,
                                        108.81, 109.35, 107.80, 104.79, 107.69, 104.41, 104.05, 100.00, 96.33,  95.79,  88.69,
                                        90.01,  89.60,  87.70,  83.29,  83.70,  80.03,  80.21,  82.28,  78.28,  69.72,  71.61,
                                        74.35,  61.60,  69.89,  75.09,  63.59,  46.42,  66.81,  63.38};

/// Share of each band in a wavelength: linear between bands, constant outside.
double band_share(int band, double wavelength) {
  const auto at = [](int b) { return band_wavelength[static_cast<std::size_t>(b)]; };
  if (wavelength <= at(0)) return band == 0 ? 1.0 : 0.0;
  if (wavelength >= at(band_count - 1)) return band == band_count - 1 ? 1.0 : 0.0;
  const double step = at(1) - at(0);
  return std::max(0.0, 1.0 - std::fabs(wavelength - at(band)) / step);
}

}  // namespace

BandColours band_colours() {
  BandColours result{};
  double white = 0.0;
  for (std::size_t n = 0; n < d65.size(); ++n) {
    const double wavelength = (380.0 + 10.0 * static_cast<double>(n)) * units::nm;
    const Xyz match = ColourMatching{}(wavelength);
    const double values[3] = {match.x, match.y, match.z};
    white += d65[n] * match.y;
    for (int band = 0; band < band_count; ++band)
      for (int k = 0; k < 3; ++k) result.weight[k][band] += d65[n] * values[k] * band_share(band, wavelength);
  }
  for (auto& row : result.weight)
    for (double& weight : row) weight /= white;
  return result;
}

Lab lab_of_reflectance(const double (&reflectance)[band_count]) {
  static const BandColours colours = band_colours();
  double colour[3] = {}, white[3] = {};
  for (int k = 0; k < 3; ++k)
    for (int band = 0; band < band_count; ++band) {
      colour[k] += colours.weight[k][band] * reflectance[band];
      white[k] += colours.weight[k][band];
    }
  return LabFromXyz{{white[0], white[1], white[2]}}({colour[0], colour[1], colour[2]});
}

void lay_out_optics_rows(ViewArena& arena, int coarsening, const AxisymmetricGrid& fine, OpticsProblem& problem) {
  const int n_r = fine.n_r / coarsening, n_z = fine.n_z / coarsening;
  problem.tissue = fine;
  problem.grid = take_grid(arena, n_r, n_z);
  for (auto* view : {&problem.rows.absorption, &problem.rows.blood, &problem.rows.scattering}) *view = arena.take(band_count * n_z);
  problem.rows.dermis = arena.take(n_z + 1);
  problem.rows.view_r = arena.take(view_rings);
}

void lay_out_optics_state(ViewArena& arena, OpticsProblem& problem) {
  const int n_r = problem.grid.n_r, n_z = problem.grid.n_z;
  for (auto* view : {&problem.dispersed, &problem.packed, &problem.escape, &problem.extinction, &problem.scattered})
    *view = arena.take(problem.grid.cell_count(), n_z);
  problem.pigment = arena.take(problem.tissue.cell_count());
  problem.reflectance = arena.take(view_rings + 1);
  problem.glow = arena.take(n_r);
  PathTables& tables = problem.tables;
  tables.scattered = arena.take(problem.tissue.n_z + 1);
  tables.parts = take_singles(arena, depth_parts * DepthPart::length);
  tables.scale = arena.take(1);
  tables.reach = arena.take(problem.tissue.n_z);
  tables.box = arena.take(PigmentBox::length);
  tables.raster = take_singles(arena, raster_rows * (raster_bins + 1));
  tables.returned =
      arena.take((std::max(problem.params.paths, problem.params.paths_aside) + path_group - 1) / path_group * (view_rings + 1));
  problem.system.lay_out(arena, problem.grid);
}

void fill_optics_rows(const Treatment& treatment, const AxisymmetricGrid& fine, const OpticsProblem& problem) {
  const AxisymmetricGrid& grid = problem.grid;
  const int n = fine.n_r / grid.n_r;
  for (int i = 0; i <= grid.n_r; ++i) put(grid.r_face, i, fine.r_face(i * n));
  for (int j = 0; j <= grid.n_z; ++j) put(grid.z_face, j, fine.z_face(j * n));
  for (int i = 0; i < grid.n_r; ++i) put(grid.r_centre, i, 0.5 * (grid.r_face(i) + grid.r_face(i + 1)));
  for (int j = 0; j < grid.n_z; ++j) put(grid.z_centre, j, 0.5 * (grid.z_face(j) + grid.z_face(j + 1)));
  for (int i = 0; i < view_rings; ++i) put(problem.rows.view_r, i, view_radii[static_cast<std::size_t>(i)]);
  const Skin& skin = treatment.skin_at_axis();
  const SkinAppearance& look = skin.appearance;
  const auto dermis_share = [](const SkinLayer& l) { return l.kind == LayerKind::dermis ? 1.0 : 0.0; };
  double above = 0.0;
  for (int j = 0; j < grid.n_z; ++j) {
    put(problem.rows.dermis, j, above);
    above += grid.dz(j) * layer_mean(skin, grid.z_face(j), grid.z_face(j + 1), dermis_share);
  }
  put(problem.rows.dermis, grid.n_z, above);
  const SkinScattering dermis{treatment.model.dermis_scattering, treatment.model.scattering_power};
  for (int band = 0; band < band_count; ++band) {
    const std::size_t b = static_cast<std::size_t>(band);
    const double wavelength = band_wavelength[b], scattering = dermis(wavelength), baseline = BaselineAbsorption{}(wavelength);
    const double melanin = look.melanosome_fraction * MelanosomeAbsorption{}(wavelength);
    const double blood = look.blood_fraction * BloodAbsorption{look.blood_saturation}(treatment.model.oxygenated_extinction[b],
                                                                                      treatment.model.deoxygenated_extinction[b]);
    for (int j = 0; j < grid.n_z; ++j) {
      const auto mean = [&](auto property) { return layer_mean(skin, grid.z_face(j), grid.z_face(j + 1), property); };
      const int at = band * grid.n_z + j;
      put(problem.rows.absorption, at,
          baseline + melanin * mean([](const SkinLayer& l) { return l.kind == LayerKind::epidermis ? 1.0 : 0.0; }));
      put(problem.rows.blood, at, blood * mean([](const SkinLayer& l) { return l.blood_share; }));
      put(problem.rows.scattering, at, scattering * mean([](const SkinLayer& l) { return l.scattering; }));
    }
  }
}

PathSettings path_settings(const Model& model) {
  return {model.anisotropy, model.refractive_index, model.corneum_refractive_index};
}

int contrast_paths(int coarsening) { return coarsening == 1 ? photon_path_count / 3 : photon_path_count; }

OpticsParams build_optics_params(const Treatment& treatment, const Puncture& puncture, GridLevel level) {
  const SkinBiology& biology = treatment.skin_at_axis().biology;
  const SkinAppearance& look = treatment.skin_at_axis().appearance;
  OpticsParams c{};
  c.pigment_density = treatment.ink.pigment_density;
  for (std::size_t band = 0; band < band_count; ++band) {
    c.absorption[band] = treatment.ink.absorption[band];
    c.scattering_gain[band] = treatment.ink.albedo[band] / (1.0 - treatment.ink.albedo[band]);
  }
  c.fresh_size = treatment.ink.particle_diameter;
  c.cluster_start = biology.cluster_start;
  c.cluster_end = biology.cluster_end;
  c.cluster_growth = biology.cluster_growth;
  c.depletion_time = treatment.aftercare.depletion_time;
  c.cluster_solids = biology.cluster_solids;
  c.erythema = {.gain = look.erythema_gain, .fades = {look.erythema_decay}};
  c.oedema = {.swelling = look.oedema_swelling, .drains = {look.oedema_decay}};
  const double bleeding = bleed_probability(treatment, puncture.tip_depth);
  c.haematoma = {.probability = Haematoma::chance(bleeding, look.blood_fraction, look.haematoma_fraction),
                 .gain = look.haematoma_gain,
                 .clears = {look.haematoma_clearance}};
  c.boundary_factor =
      BoundaryFactor{}(InternalReflection{treatment.model.refractive_index, treatment.model.corneum_refractive_index}());
  c.sharpness = 1.0 - treatment.model.anisotropy;
  c.tolerance = 1e-4;
  c.coarsening = 1 << static_cast<int>(level);
  c.paths = contrast_paths(c.coarsening);
  c.paths_aside = photon_path_count / 3;
  return c;
}

}  // namespace dermaflux
