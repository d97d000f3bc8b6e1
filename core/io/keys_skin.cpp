#include "core/io/key_group.hpp"

namespace dermaflux {
namespace {

using namespace units;

std::vector<Key> skin_mechanics_keys() {
  const KeyGroup row{"skin"};
  return {
      row("thickness_factor", "", 1.0, 0.3, 3.0, "thickness of every layer over that of the class", &Treatment::skin,
          &Skin::thickness_factor),
      row("rete_amplitude_um", "um", um, 0.0, 150.0, "depth over which epidermis and dermis interlock", &Treatment::skin,
          &Skin::rete_amplitude),
      row("ogden_modulus_mpa", "MPa", MPa, 0.005, 5.0, "quasi-static Ogden shear modulus", &Treatment::skin, &Skin::mechanics,
          &SkinMechanics::ogden_modulus),
      row("rate_exponent", "", 1.0, 0.0, 0.5, "exponent of stiffening with strain rate", &Treatment::skin, &Skin::mechanics,
          &SkinMechanics::rate_exponent),
      row("reference_rate_per_s", "1/s", 1.0, 1e-5, 100.0, "strain rate at which stiffening has doubled the modulus",
          &Treatment::skin, &Skin::mechanics, &SkinMechanics::reference_rate),
      row("indentation_factor", "", 1.0, 0.5, 10.0, "b in F = b mu delta^2", &Treatment::skin, &Skin::mechanics,
          &SkinMechanics::indentation_factor),
      row("fracture_toughness_kj_m2", "kJ/m2", 1e3, 0.1, 20.0, "mode-I toughness", &Treatment::skin, &Skin::mechanics,
          &SkinMechanics::fracture_toughness),
      row("puncture_toughness_kj_m2", "kJ/m2", 1e3, 1.0, 300.0, "energy to break the surface per tip area", &Treatment::skin,
          &Skin::mechanics, &SkinMechanics::puncture_toughness),
      row("wedging_factor", "", 1.0, 0.0, 20.0, "c_s in F = c_s mu d^2", &Treatment::skin, &Skin::mechanics,
          &SkinMechanics::wedging_factor),
      row("wall_friction_kpa", "kPa", kPa, 0.0, 200.0, "shear stress on the shaft", &Treatment::skin, &Skin::mechanics,
          &SkinMechanics::wall_friction),
      row("open_fraction", "", 1.0, 0.01, 0.9, "open area of the track after recoil over needle area", &Treatment::skin,
          &Skin::mechanics, &SkinMechanics::open_fraction),
      row("recoil_time_ms", "ms", ms, 0.1, 500.0, "time in which an unloaded track recoils", &Treatment::skin, &Skin::mechanics,
          &SkinMechanics::recoil_time),
      row("wall_stiffening", "", 1.0, 0.0, 50.0, "extra modulus of a suddenly opened wall over the quasi-static one",
          &Treatment::skin, &Skin::mechanics, &SkinMechanics::wall_stiffening),
      row("wound_contact_angle_deg", "deg", degree, 0.0, 89.0, "contact angle of ink on the fresh wall", &Treatment::skin,
          &Skin::mechanics, &SkinMechanics::wound_contact_angle),
      row("damage_gain", "", 1.0, 1.0, 1000.0, "permeability at the cut over undamaged", &Treatment::skin, &Skin::mechanics,
          &SkinMechanics::damage_gain),
      row("damage_radius_factor", "", 1.0, 0.2, 10.0, "radius of the torn zone over local needle radius", &Treatment::skin,
          &Skin::mechanics, &SkinMechanics::damage_radius_factor),
      row("lateral_crack_bias", "", 1.0, 0.5, 5.0, "widening of the torn zone where collagen is aligned", &Treatment::skin,
          &Skin::mechanics, &SkinMechanics::lateral_crack_bias),
      row("torn_zone_healing_day", "day", day, 0.5, 365.0, "time constant in which the torn zone becomes as tight as before",
          &Treatment::skin, &Skin::mechanics, &SkinMechanics::torn_zone_healing),
      row("strain_exponent", "", 1.0, 0.0, 20.0, "m in k = k0 exp(m e)", &Treatment::skin, &Skin::mechanics,
          &SkinMechanics::strain_exponent),
      row("strain_limit", "", 1.0, 0.05, 1.0, "strain beyond which swelling stiffens and that law is held", &Treatment::skin,
          &Skin::mechanics, &SkinMechanics::strain_limit),
      row("max_deposit", "", 1.0, 0.001, 0.4, "captured pigment volume fraction that plugs the pores", &Treatment::skin,
          &Skin::mechanics, &SkinMechanics::max_deposit),
      row("plugged_share", "", 1.0, 1e-6, 0.5, "permeability of plugged over clean tissue", &Treatment::skin, &Skin::mechanics,
          &SkinMechanics::plugged_share),
      row("carrier_hindrance", "", 1.0, 0.0, 1.0, "diffusivity of ink carrier in pore fluid over that in water", &Treatment::skin,
          &Skin::mechanics, &SkinMechanics::carrier_hindrance),
      row("dispersivity_um", "um", um, 0.0, 20.0, "spread of a front of ink per path, by uneven pores", &Treatment::skin,
          &Skin::mechanics, &SkinMechanics::dispersivity),
      row("fracture", "", 1.0, 0.0, 1.0, "pore pressure can crack the tissue", &Treatment::skin, &Skin::mechanics,
          &SkinMechanics::fracture),
      row("fracture_pressure_kpa", "kPa", kPa, 2.0, 500.0, "pore pressure at which it cracks", &Treatment::skin, &Skin::mechanics,
          &SkinMechanics::fracture_pressure),
      row("fracture_gain", "", 1.0, 1.0, 1000.0, "in-plane permeability of cracked over intact tissue", &Treatment::skin,
          &Skin::mechanics, &SkinMechanics::fracture_gain),
      row("interstitial_pressure_kpa", "kPa", kPa, -2.0, 1.0, "resting interstitial pressure", &Treatment::skin, &Skin::mechanics,
          &SkinMechanics::interstitial_pressure),
      row("interstitial_viscosity_mpa_s", "mPa.s", mPa_s, 0.4, 5.0, "viscosity of the interstitial fluid", &Treatment::skin,
          &Skin::mechanics, &SkinMechanics::interstitial_viscosity),
      row("lymph_conductance_per_kpa_s", "1/(kPa.s)", 1e-3, 0.0, 1e-2, "interstitial fluid drained per volume and excess pressure",
          &Treatment::skin, &Skin::mechanics, &SkinMechanics::lymph_conductance),
  };
}

std::vector<Key> skin_biology_keys() {
  const KeyGroup row{"skin"};
  return {
      row("epidermal_turnover_day", "day", day, 15.0, 120.0, "time from the basal layer to the surface", &Treatment::skin,
          &Skin::biology, &SkinBiology::epidermal_turnover),
      row("corneum_transit_day", "day", day, 2.0, 40.0, "time through the stratum corneum", &Treatment::skin, &Skin::biology,
          &SkinBiology::corneum_transit),
      row("macrophage_density_per_mm3", "1/mm3", 1e9, 10.0, 1e6, "resident macrophages of the dermis", &Treatment::skin,
          &Skin::biology, &SkinBiology::macrophage_density),
      row("macrophage_rise_um", "um", um, 1.0, 300.0, "distance below the junction over which they reach that density",
          &Treatment::skin, &Skin::biology, &SkinBiology::macrophage_rise),
      row("recruitment_factor", "", 1.0, 1.0, 30.0, "peak density in the wound over resident", &Treatment::skin, &Skin::biology,
          &SkinBiology::recruitment_factor),
      row("recruitment_rise_day", "day", day, 0.1, 10.0, "time constant of their arrival", &Treatment::skin, &Skin::biology,
          &SkinBiology::recruitment_rise),
      row("recruitment_decay_day", "day", day, 0.2, 60.0, "time constant of their departure", &Treatment::skin, &Skin::biology,
          &SkinBiology::recruitment_decay),
      row("wound_reach_um", "um", um, 10.0, 2000.0, "distance from the track over which they are recruited", &Treatment::skin,
          &Skin::biology, &SkinBiology::wound_reach),
      row("uptake_per_day", "1/day", 1.0 / day, 0.0, 50.0, "uptake of free pigment at resident density", &Treatment::skin,
          &Skin::biology, &SkinBiology::uptake_rate),
      row("macrophage_capacity_ng", "ng", ng, 0.01, 20.0, "pigment that one macrophage can hold", &Treatment::skin, &Skin::biology,
          &SkinBiology::macrophage_capacity),
      row("macrophage_half_life_day", "day", day, 10.0, 3000.0, "half-life of a pigmented macrophage", &Treatment::skin,
          &Skin::biology, &SkinBiology::macrophage_half_life),
      row("recapture_fraction", "", 1.0, 0.0, 1.0, "pigment of a dying cell that is taken up again", &Treatment::skin,
          &Skin::biology, &SkinBiology::recapture_fraction),
      row("hop_length_um", "um", um, 0.0, 300.0, "distance between release and recapture", &Treatment::skin, &Skin::biology,
          &SkinBiology::hop_length),
      row("migration_per_day", "1/day", 1.0 / day, 0.0, 5.0, "lightly laden cells leaving to the nodes while the wound is young",
          &Treatment::skin, &Skin::biology, &SkinBiology::migration_rate),
      row("migration_window_day", "day", day, 0.0, 100.0, "how long they do", &Treatment::skin, &Skin::biology,
          &SkinBiology::migration_window),
      row("migration_load", "", 1.0, 0.0, 1.0, "load over capacity below which they do", &Treatment::skin, &Skin::biology,
          &SkinBiology::migration_load),
      row("fibroblast_transfer_per_day", "1/day", 1.0 / day, 0.0, 1.0, "macrophage to slow pool", &Treatment::skin, &Skin::biology,
          &SkinBiology::fibroblast_transfer),
      row("fibroblast_return_per_day", "1/day", 1.0 / day, 0.0, 1.0, "release of the slow pool, recaptured like any other",
          &Treatment::skin, &Skin::biology, &SkinBiology::fibroblast_return),
      row("matrix_release_per_day", "1/day", 1.0 / day, 0.0, 50.0, "matrix-bound to free", &Treatment::skin, &Skin::biology,
          &SkinBiology::matrix_release),
      row("lymph_clearance_per_day", "1/day", 1.0 / day, 0.0, 50.0, "clearance of free 100 nm particles", &Treatment::skin,
          &Skin::biology, &SkinBiology::lymph_clearance),
      row("diffusion_hindrance", "", 1.0, 0.0, 1.0, "diffusivity of particles in tissue over that in liquid", &Treatment::skin,
          &Skin::biology, &SkinBiology::diffusion_hindrance),
      row("open_track_loss_per_day", "1/day", 1.0 / day, 0.0, 20.0, "exudation of free pigment through the open track",
          &Treatment::skin, &Skin::biology, &SkinBiology::open_track_loss),
      row("pore_closure_day", "day", day, 0.05, 20.0, "time constant of its closure", &Treatment::skin, &Skin::biology,
          &SkinBiology::pore_closure),
      row("open_track_reach_um", "um", um, 0.0, 1000.0, "depth below the junction that it reaches", &Treatment::skin,
          &Skin::biology, &SkinBiology::open_track_reach),
      row("crust_shedding_day", "day", day, 1.0, 1000.0, "time in which the crust of the punctured epidermis is cast off",
          &Treatment::skin, &Skin::biology, &SkinBiology::crust_shedding),
      row("deepening_um_per_year", "um/year", um / year, 0.0, 100.0, "slow descent of the deposit", &Treatment::skin,
          &Skin::biology, &SkinBiology::deepening_speed),
      row("cluster_start_um", "um", um, 0.01, 20.0, "pigment cluster size when fresh in a cell", &Treatment::skin, &Skin::biology,
          &SkinBiology::cluster_start),
      row("cluster_end_um", "um", um, 0.01, 20.0, "after years", &Treatment::skin, &Skin::biology, &SkinBiology::cluster_end),
      row("cluster_growth_year", "year", year, 0.01, 100.0, "time constant of growth", &Treatment::skin, &Skin::biology,
          &SkinBiology::cluster_growth),
      row("cluster_solids", "", 1.0, 0.01, 1.0, "solid volume fraction of a cluster", &Treatment::skin, &Skin::biology,
          &SkinBiology::cluster_solids),
  };
}

std::vector<Key> skin_appearance_keys() {
  const KeyGroup row{"skin"};
  return {
      row("melanosome_fraction", "", 1.0, 0.0, 0.5, "volume fraction of melanosomes in the epidermis", &Treatment::skin,
          &Skin::appearance, &SkinAppearance::melanosome_fraction),
      row("blood_fraction", "", 1.0, 0.0, 0.1, "blood volume fraction of the dermis (perfusion)", &Treatment::skin,
          &Skin::appearance, &SkinAppearance::blood_fraction),
      row("blood_saturation", "", 1.0, 0.0, 1.0, "oxygen saturation of that blood", &Treatment::skin, &Skin::appearance,
          &SkinAppearance::blood_saturation),
      row("erythema_gain", "", 1.0, 0.0, 20.0, "extra blood right after treatment over resting blood", &Treatment::skin,
          &Skin::appearance, &SkinAppearance::erythema_gain),
      row("erythema_decay_day", "day", day, 0.05, 30.0, "time constant of its fading", &Treatment::skin, &Skin::appearance,
          &SkinAppearance::erythema_decay),
      row("oedema_swelling", "", 1.0, 0.0, 2.0, "extra thickness of the dermis right after treatment over resting thickness",
          &Treatment::skin, &Skin::appearance, &SkinAppearance::oedema_swelling),
      row("oedema_decay_day", "day", day, 0.05, 30.0, "time constant of its draining", &Treatment::skin, &Skin::appearance,
          &SkinAppearance::oedema_decay),
      row("haematoma_gain", "", 1.0, 0.0, 50.0, "blood of a bruise over resting blood", &Treatment::skin, &Skin::appearance,
          &SkinAppearance::haematoma_gain),
      row("haematoma_fraction", "", 1.0, 1e-4, 0.5, "blood fraction at which 63 % of the bleeding punctures bruise",
          &Treatment::skin, &Skin::appearance, &SkinAppearance::haematoma_fraction),
      row("haematoma_clearance_day", "day", day, 0.1, 60.0, "time constant of the clearing of a bruise", &Treatment::skin,
          &Skin::appearance, &SkinAppearance::haematoma_clearance),
      row("bleed_depth_mm", "mm", mm, 0.05, 3.0, "tip depth at which every second puncture bleeds", &Treatment::skin,
          &Skin::appearance, &SkinAppearance::bleed_depth),
      row("bleed_width_mm", "mm", mm, 0.005, 1.0, "width of that transition", &Treatment::skin, &Skin::appearance,
          &SkinAppearance::bleed_width),
      row("follicle_density_per_cm2", "1/cm2", 1.0 / cm2, 0.0, 1000.0, "hair follicles per area", &Treatment::skin,
          &Skin::appearance, &SkinAppearance::follicle_density),
      row("follicle_diameter_um", "um", um, 0.0, 500.0, "diameter of a follicle with its sheath", &Treatment::skin,
          &Skin::appearance, &SkinAppearance::follicle_diameter),
  };
}

}  // namespace

std::vector<Key> skin_keys() {
  std::vector<Key> result = skin_mechanics_keys();
  for (const auto& part : {skin_biology_keys(), skin_appearance_keys()}) result.insert(result.end(), part.begin(), part.end());
  return result;
}

std::vector<Key> layer_keys(const std::string& layer, std::size_t index) {
  const LayerKeyGroup row{"skin.layer." + layer};
  return {
      row("kind", "", 1.0, 0.0, 3.0, "what the layer is made of", index, &SkinLayer::kind),
      row("thickness_um", "um", um, 1.0, 20000.0, "thickness", index, &SkinLayer::thickness),
      row("youngs_modulus_kpa", "kPa", kPa, 0.05, 1e6, "drained Young's modulus at small strain", index,
          &SkinLayer::youngs_modulus),
      row("poisson_ratio", "", 1.0, 0.0, 0.49, "drained Poisson ratio", index, &SkinLayer::poisson_ratio),
      row("permeability_m2", "m2", 1.0, 1e-23, 1e-11, "permeability normal to the surface", index, &SkinLayer::permeability),
      row("anisotropy", "", 1.0, 0.1, 20.0, "in-plane over normal permeability", index, &SkinLayer::anisotropy),
      row("porosity", "", 1.0, 0.01, 0.9, "fluid volume fraction at rest", index, &SkinLayer::porosity),
      row("filtration_per_m", "1/m", 1.0, 0.0, 1e7, "capture of 200 nm particles per metre of flow path", index,
          &SkinLayer::filtration),
      row("scattering", "", 1.0, 0.01, 10.0, "reduced scattering over that of dermis", index, &SkinLayer::scattering),
      row("blood_share", "", 1.0, 0.0, 20.0, "blood volume fraction over that of dermis", index, &SkinLayer::blood_share),
  };
}

}  // namespace dermaflux
