#include "core/io/keys.hpp"

#include <algorithm>

#include "core/io/key_group.hpp"

namespace dermaflux {
namespace {

using namespace units;

std::vector<Key> machine_keys() {
  const KeyGroup row{"machine"};
  return {
      row("depth_mm", "mm", mm, 0.05, 2.5, "set depth: needle beyond the nose at its lowest point", &Treatment::machine,
          &Machine::depth),
      row("dwell_ms", "ms", ms, 5.0, 2000.0, "contact time per dot", &Treatment::machine, &Machine::dwell),
      row("frequency_hz", "Hz", 1.0, 10.0, 250.0, "strokes per second of the unloaded motor", &Treatment::machine,
          &Machine::frequency),
      row("stroke_mm", "mm", mm, 1.0, 5.0, "stroke of the needle", &Treatment::machine, &Machine::stroke),
      row("stall_force_n", "N", 1.0, 0.2, 50.0, "mean needle force at which the motor stands still", &Treatment::machine,
          &Machine::stall_force),
      row("angle_deg", "deg", degree, 0.0, 60.0, "angle of the needle from the surface normal", &Treatment::machine,
          &Machine::angle),
      row("hand_force_n", "N", 1.0, 0.0, 5.0, "force of the nose on the skin", &Treatment::machine, &Machine::hand_force),
      row("hand_stiffness_n_per_mm", "N/mm", 1e3, 0.05, 20.0, "stiffness of the hand that holds the pen", &Treatment::machine,
          &Machine::hand_stiffness),
      row("nose_diameter_mm", "mm", mm, 2.0, 20.0, "outer diameter of the nose", &Treatment::machine, &Machine::nose_diameter),
      row("nozzle_diameter_mm", "mm", mm, 0.3, 10.0, "opening through which the needle comes", &Treatment::machine,
          &Machine::nozzle_diameter),
      row("drop_volume_nl", "nL", nl, 0.0, 20000.0, "ink that stands on the skin around the needle", &Treatment::machine,
          &Machine::drop_volume),
  };
}

std::vector<Key> needle_keys() {
  const KeyGroup row{"needle"};
  return {
      row("prongs", "", 1.0, 1.0, 7.0, "number of prongs", &Treatment::needle, &Needle::prongs),
      row("shape", "", 1.0, 0.0, 1.0, "how the prongs stand", &Treatment::needle, &Needle::shape),
      row("shaft_diameter_mm", "mm", mm, 0.05, 1.0, "diameter of a prong's shaft", &Treatment::needle, &Needle::shaft_diameter),
      row("tip_diameter_um", "um", um, 2.0, 200.0, "diameter of a prong's tip", &Treatment::needle, &Needle::tip_diameter),
      row("taper_length_mm", "mm", mm, 0.3, 10.0, "length over which a prong widens to its shaft", &Treatment::needle,
          &Needle::taper_length),
      row("prong_pitch_mm", "mm", mm, 0.02, 2.0, "distance between neighbouring tips", &Treatment::needle, &Needle::prong_pitch),
      row("contact_angle_deg", "deg", degree, 0.0, 89.0, "contact angle of ink on the steel", &Treatment::needle,
          &Needle::contact_angle),
      row("bevel_length_um", "um", um, 0.0, 2000.0, "length over which the tip is ground to an edge, 0 for a round tip",
          &Treatment::needle, &Needle::bevel_length),
      row("roughness_um", "um", um, 0.05, 20.0, "gap at which shaft and wall touch", &Treatment::needle, &Needle::roughness),
      row("film_cap", "", 1.0, 0.01, 1.0, "thickest ink film over shaft radius", &Treatment::needle, &Needle::film_cap),
      row("film_wiped", "", 1.0, 0.0, 1.0, "share of the film that the skin wipes off at entry", &Treatment::needle,
          &Needle::film_wiped),
  };
}

std::vector<Key> ink_keys() {
  const KeyGroup row{"ink"};
  return {
      row("pigment_density_g_cm3", "g/cm3", 1e3, 0.8, 8.0, "density of the pigment", &Treatment::ink, &Ink::pigment_density),
      row("mass_fraction", "", 1.0, 0.0005, 0.7, "pigment mass fraction of the neat ink", &Treatment::ink, &Ink::mass_fraction),
      row("dilution", "", 1.0, 0.001, 1.0, "share of neat ink in the mixture", &Treatment::ink, &Ink::dilution),
      row("carrier_density_g_cm3", "g/cm3", 1e3, 0.7, 2.0, "density of the carrier", &Treatment::ink, &Ink::carrier_density),
      row("particle_diameter_nm", "nm", nm, 10.0, 5000.0, "mass-median hydrodynamic diameter of the aggregates", &Treatment::ink,
          &Ink::particle_diameter),
      row("particle_spread", "", 1.0, 1.0, 4.0, "geometric standard deviation of that diameter", &Treatment::ink,
          &Ink::particle_spread),
      row("size_classes", "", 1.0, 1.0, max_size_classes, "size classes that stand for that distribution", &Treatment::ink,
          &Ink::size_classes),
      row("carrier_diffusivity_m2_s", "m2/s", 1.0, 0.0, 3e-9, "diffusivity of the carrier in water", &Treatment::ink,
          &Ink::carrier_diffusivity),
      row("surface_tension_mn_m", "mN/m", 1e-3, 15.0, 80.0, "surface tension", &Treatment::ink, &Ink::surface_tension),
      row("absorption_m2_per_g", "m2/g", 1e3, 0.0, 50.0, "mass absorption of finely dispersed pigment at 400, 450 ... 700 nm",
          &Treatment::ink, &Ink::absorption),
      row("albedo", "", 1.0, 0.0, 0.9999, "reduced scattering over extinction of the pigment at the same wavelengths",
          &Treatment::ink, &Ink::albedo),
      row("photolysis_per_year", "1/year", 1.0 / year, 0.0, 10.0, "bleaching at the reference dose of UVA at the surface",
          &Treatment::ink, &Ink::photolysis_rate),
      row("photolysis_uvb_per_year", "1/year", 1.0 / year, 0.0, 300.0, "bleaching at the same dose of UVB at the surface",
          &Treatment::ink, &Ink::photolysis_rate_uvb),
      row("carrier_viscosity_mpa_s", "mPa.s", mPa_s, 0.5, 2000.0, "viscosity of the carrier at skin temperature", &Treatment::ink,
          &Ink::viscosity, &InkViscosity::carrier_viscosity),
      row("structure_ratio", "", 1.0, 1.0, 200.0, "particle contribution to viscosity at rest over that at infinite shear",
          &Treatment::ink, &Ink::viscosity, &InkViscosity::structure_ratio),
      row("max_packing", "", 1.0, 0.3, 0.74, "volume fraction at which the suspension jams", &Treatment::ink, &Ink::viscosity,
          &InkViscosity::crowding, &KriegerDougherty::max_packing),
      row("intrinsic_viscosity", "", 1.0, 2.0, 10.0, "Einstein coefficient of the aggregates", &Treatment::ink, &Ink::viscosity,
          &InkViscosity::crowding, &KriegerDougherty::intrinsic_viscosity),
      row("structure_factor", "", 1.0, 1.0, 6.0, "volume of an aggregate with its trapped liquid over its solid volume",
          &Treatment::ink, &Ink::viscosity, &InkViscosity::crowding, &KriegerDougherty::structure_factor),
      row("relaxation_time_s", "s", 1.0, 1e-5, 100.0, "Carreau-Yasuda relaxation time", &Treatment::ink, &Ink::viscosity,
          &InkViscosity::thinning, &CarreauYasuda::relaxation_time),
      row("thinning_index", "", 1.0, 0.1, 1.0, "Carreau-Yasuda power-law index, 1 is Newtonian", &Treatment::ink, &Ink::viscosity,
          &InkViscosity::thinning, &CarreauYasuda::thinning_index),
      row("yasuda_exponent", "", 1.0, 0.3, 5.0, "Carreau-Yasuda transition exponent", &Treatment::ink, &Ink::viscosity,
          &InkViscosity::thinning, &CarreauYasuda::yasuda_exponent),
  };
}

std::vector<Key> scar_keys() {
  const KeyGroup row{"scar"};
  return {
      row("shape", "", 1.0, 0.0, 2.0, "outline of a scar that the dot lies in or beside", &Treatment::scar, &Scar::shape),
      row("width_mm", "mm", mm, 0.0, 20.0, "diameter of a disc, width of a strip", &Treatment::scar, &Scar::width),
      row("offset_mm", "mm", mm, 0.0, 50.0, "distance of the dot's axis from its centre or centre line", &Treatment::scar,
          &Scar::offset),
  };
}

std::vector<Key> pattern_keys() {
  const KeyGroup row{"pattern"};
  return {
      row("dot_spacing_mm", "mm", mm, 0.1, 10.0, "distance between neighbouring dots", &Treatment::pattern, &Pattern::dot_spacing),
      row("position_jitter_mm", "mm", mm, 0.0, 2.0, "standard deviation of a dot's place", &Treatment::pattern,
          &Pattern::position_jitter),
      row("depth_jitter_mm", "mm", mm, 0.0, 0.5, "standard deviation of the tip depth from dot to dot", &Treatment::pattern,
          &Pattern::depth_jitter),
  };
}

std::vector<Key> aftercare_keys() {
  const KeyGroup row{"aftercare"};
  return {
      row("uv_dose_j_cm2", "J/cm2", 1e4, 0.0, 50.0, "UVA dose per day on the treated skin", &Treatment::aftercare,
          &Aftercare::uv_dose),
      row("exfoliation_factor", "", 1.0, 0.2, 10.0, "speed of epidermal shedding over normal", &Treatment::aftercare,
          &Aftercare::exfoliation_factor),
      row("macrophage_depletion_day", "day", day, 0.0, 3650.0, "day on which macrophages are killed once, 0 for never",
          &Treatment::aftercare, &Aftercare::depletion_time),
      row("macrophage_depletion_share", "", 1.0, 0.0, 1.0, "share of them that dies", &Treatment::aftercare,
          &Aftercare::depletion_share),
      row("macrophage_return_day", "day", day, 0.5, 365.0, "time constant in which their density recovers", &Treatment::aftercare,
          &Aftercare::macrophage_return),
  };
}

std::vector<Key> host_keys() {
  const KeyGroup row{"host"};
  return {
      row("keloid_history", "", 1.0, 0.0, 1.0, "the client forms keloids", &Treatment::host, &Host::keloid_history),
      row("active_inflammation", "", 1.0, 0.0, 1.0, "the skin is inflamed now", &Treatment::host, &Host::active_inflammation),
      row("months_since_surgery", "month", 1.0, 0.0, 1200.0, "age of the youngest surgical scar in the field", &Treatment::host,
          &Host::months_since_surgery),
  };
}

std::vector<Key> model_keys() {
  const KeyGroup row{"model"};
  return {
      row("uv_reference_dose_j_cm2", "J/cm2", 1e4, 0.01, 50.0, "dose per day at which photolysis rates hold", &Treatment::model,
          &Model::uv_reference_dose),
      row("uv_penetration_um", "um", um, 5.0, 1000.0, "depth at which UVA falls to 1/e", &Treatment::model, &Model::uv_penetration),
      row("uvb_penetration_um", "um", um, 2.0, 500.0, "depth at which UVB falls to 1/e", &Treatment::model,
          &Model::uvb_penetration),
      row("uvb_share", "", 1.0, 0.0, 1.0, "dose of UVB over that of UVA in the light on the skin", &Treatment::model,
          &Model::uvb_share),
      row("uv_melanosomes", "", 1.0, 0.0, 0.5, "melanosome fraction of the epidermis at which both depths hold", &Treatment::model,
          &Model::uv_melanosomes),
      row("months_to_heal", "month", 1.0, 0.0, 60.0, "younger surgical scars get no preset", &Treatment::model,
          &Model::months_to_heal),
      row("force_prong_exponent", "", 1.0, 0.3, 1.0, "insertion force of close prongs grows to this power", &Treatment::model,
          &Model::force_prong_exponent),
      row("interaction_pitch_um", "um", um, 0.0, 2000.0, "prongs farther apart than this bear their force each for itself",
          &Treatment::model, &Model::interaction_pitch),
      row("strain_length_mm", "mm", mm, 0.01, 2.0, "length over which a puncture strains the skin", &Treatment::model,
          &Model::strain_length),
      row("dermis_scattering_per_cm", "1/cm", 1e2, 1.0, 500.0, "reduced scattering of dermis at 500 nm", &Treatment::model,
          &Model::dermis_scattering),
      row("scattering_power", "", 1.0, 0.0, 4.0, "its decay with wavelength", &Treatment::model, &Model::scattering_power),
      row("scattering_anisotropy", "", 1.0, 0.0, 0.98, "mean cosine of scattering angles, for photon transport", &Treatment::model,
          &Model::anisotropy),
      row("refractive_index", "", 1.0, 1.0, 1.6, "refractive index of skin", &Treatment::model, &Model::refractive_index),
      row("corneum_refractive_index", "", 1.0, 1.0, 1.7, "refractive index of the stratum corneum", &Treatment::model,
          &Model::corneum_refractive_index),
      row("oxygenated_extinction_per_cm_m", "1/(cm.M)", 1.0, 0.0, 1e6, "molar extinction of HbO2 at 400, 450 ... 700 nm",
          &Treatment::model, &Model::oxygenated_extinction),
      row("deoxygenated_extinction_per_cm_m", "1/(cm.M)", 1.0, 0.0, 1e6, "molar extinction of Hb at the same wavelengths",
          &Treatment::model, &Model::deoxygenated_extinction),
  };
}

std::vector<Key> geometry_keys() {
  const KeyGroup row{"geometry"};
  return {
      row("kind", "", 1.0, 0.0, 1.0, "rings around one straight track, or a box with every track where it stands",
          &Treatment::geometry, &Geometry::kind),
      row("azimuth_deg", "deg", degree, 0.0, 360.0, "direction, from x towards y, in which the tips of a tilted needle point (box)",
          &Treatment::geometry, &Geometry::azimuth),
      row("margin_mm", "mm", mm, 0.2, 5.0, "tissue beyond the outermost track on each side (box)", &Treatment::geometry,
          &Geometry::margin),
      row("dots_x", "", 1.0, 1.0, 10.0, "dots in a row along x, pattern.dot_spacing_mm apart, one after the other (box)",
          &Treatment::geometry, &Geometry::dots_x),
      row("dots_y", "", 1.0, 1.0, 10.0, "rows of dots, along y, laid one after the other (box)", &Treatment::geometry,
          &Geometry::dots_y),
      row("lattice", "", 1.0, 0.0, 1.0,
          "how those rows stand: square, or hexagonal, every other one shifted by half a spacing (box)", &Treatment::geometry,
          &Geometry::lattice),
      row("seed", "", 1.0, 0.0, 1e9,
          "seed of the hand's jitter of several dots: pattern.position_jitter_mm, depth_jitter_mm, angle_jitter_deg (box)",
          &Treatment::geometry, &Geometry::seed),
      row("angle_jitter_deg", "deg", degree, 0.0, 15.0, "jitter of the needle's angle from dot to dot, along x and along y (box)",
          &Treatment::geometry, &Geometry::angle_jitter),
      row("follicle_x_mm", "mm", mm, -20.0, 20.0, "where hair follicles meet the surface, from the middle of the box (box)",
          &Treatment::geometry, &Geometry::follicle_x),
      row("follicle_y_mm", "mm", mm, -20.0, 20.0, "where hair follicles meet the surface, from the middle of the box (box)",
          &Treatment::geometry, &Geometry::follicle_y),
      row("follicle_um", "um", um, 0.0, 500.0, "their diameters without the sheath, one for all or one each, 0 for none (box)",
          &Treatment::geometry, &Geometry::follicle),
      row("sheath_um", "um", um, 0.0, 200.0, "thickness of their connective-tissue sheaths, one for all or one each (box)",
          &Treatment::geometry, &Geometry::sheath),
      row("follicle_tilt_deg", "deg", degree, 0.0, 60.0, "angle of the follicles from the surface normal (box)",
          &Treatment::geometry, &Geometry::follicle_tilt),
      row("follicle_azimuth_deg", "deg", degree, 0.0, 360.0,
          "direction, from x towards y, in which they lead on their way down (box)", &Treatment::geometry,
          &Geometry::follicle_azimuth),
      row("rete_wavelength_um", "um", um, 0.0, 1000.0,
          "from ridge to ridge of the junction as a surface, skin.rete_amplitude_um deep; 0: ridges as a share of each row (box)",
          &Treatment::geometry, &Geometry::rete_wavelength),
      row("sheath_gain", "", 1.0, 0.01, 100.0, "permeability of the sheaths over that of the tissue around (box)",
          &Treatment::geometry, &Geometry::sheath_gain),
  };
}

std::vector<Key> session_keys() {
  const KeyGroup row{"sessions"};
  return {
      row("days", "day", day, 0.0, 10950.0, "days of all sessions since the first, increasing from 0", &Treatment::sessions,
          &Sessions::start),
      row("depth_mm", "mm", mm, 0.05, 2.5, "set depth of each session; empty for the machine's", &Treatment::sessions,
          &Sessions::depth),
      row("dwell_ms", "ms", ms, 5.0, 2000.0, "contact time of each session; empty for the machine's", &Treatment::sessions,
          &Sessions::dwell),
  };
}

}  // namespace

const std::vector<Key>& keys() {
  static const std::vector<Key> all = [] {
    std::vector<Key> result;
    for (const auto& part : {machine_keys(), needle_keys(), ink_keys(), skin_keys(), scar_keys(), pattern_keys(), session_keys(),
                             aftercare_keys(), host_keys(), model_keys(), geometry_keys()})
      result.insert(result.end(), part.begin(), part.end());
    return result;
  }();
  return all;
}

const std::vector<std::string>& selector_keys() {
  static const std::vector<std::string> all = {"machine.model", "needle.model", "ink.model",
                                               "skin.class",    "scar.class",   "skin.type"};
  return all;
}

std::vector<std::string> allowed_words(const KeyTarget& target) {
  if (std::holds_alternative<NeedleShape*>(target)) return {"round_liner", "magnum"};
  if (std::holds_alternative<LayerKind*>(target)) return {"epidermis", "dermis", "deep"};
  if (std::holds_alternative<ScarShape*>(target)) return {"none", "disc", "strip"};
  if (std::holds_alternative<GeometryKind*>(target)) return {"axisymmetric", "box"};
  if (std::holds_alternative<DotLattice*>(target)) return {"square", "hexagonal"};
  return {};
}

std::string nearest(std::string_view name, const std::vector<std::string>& names) {
  const auto distance = [](std::string_view a, std::string_view b) {  // Levenshtein
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
      std::size_t diagonal = row[0];
      row[0] = i;
      for (std::size_t j = 1; j <= b.size(); ++j) {
        const std::size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
        diagonal = row[j];
        row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
      }
    }
    return row[b.size()];
  };
  std::string best;
  std::size_t least = std::max<std::size_t>(3, name.size() / 3) + 1;
  for (const std::string& other : names)
    if (const std::size_t d = distance(name, other); d < least) {
      least = d;
      best = other;
    }
  return best;
}

}  // namespace dermaflux
