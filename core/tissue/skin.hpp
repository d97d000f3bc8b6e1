#pragma once
#include <array>
#include <cstddef>

#include "core/tissue/skin_layer.hpp"

namespace dermaflux {

/// How skin resists a needle (physics of puncture, recoil and the torn zone).
struct SkinMechanics {
  double ogden_modulus;           ///< quasi-static Ogden shear modulus [Pa]
  double rate_exponent;           ///< stiffening with strain rate, mu (1 + (rate/rate_0)^q) [-]
  double reference_rate;          ///< rate_0 [1/s]
  double indentation_factor;      ///< b in F = b mu delta^2, deep indentation [-]
  double fracture_toughness;      ///< J_Ic, work to cut a unit area [J/m^2]
  double puncture_toughness;      ///< G_p, work to break the surface per tip area [J/m^2]
  double wedging_factor;          ///< c_s in F = c_s mu d^2 [-]
  double wall_friction;           ///< tau_f, shear stress on the shaft [Pa]
  double open_fraction;           ///< area left open after recoil over needle area [-]
  double recoil_time;             ///< tau_v [s]
  double wall_stiffening;         ///< of a sudden opening over the quasi-static wall [-]
  double wound_contact_angle;     ///< of ink on the fresh wall [rad]
  double damage_gain;             ///< permeability at the cut over undamaged [-]
  double damage_radius_factor;    ///< radius of the torn zone over local needle radius [-]
  double lateral_crack_bias;      ///< widening of the torn zone where collagen is aligned [-]
  double torn_zone_healing;       ///< time constant in which its permeability returns to that of intact tissue [s]
  double strain_exponent;         ///< m in k = k0 exp(m e) [-]
  double strain_limit;            ///< validity of that law [-]
  double max_deposit;             ///< captured volume fraction that plugs the pores [-]
  double plugged_share;           ///< permeability of plugged over clean tissue [-]
  double carrier_hindrance;       ///< diffusivity of ink carrier in pore fluid over that in water [-]
  double dispersivity;            ///< spread of a front per path, by uneven pores [m]
  bool fracture;                  ///< whether pore pressure can crack tissue
  double fracture_pressure;       ///< at which it does [Pa]
  double fracture_gain;           ///< in-plane permeability of cracked over intact tissue [-]
  double interstitial_pressure;   ///< at rest, negative [Pa]
  double interstitial_viscosity;  ///< [Pa s]
  double lymph_conductance;       ///< fluid drained per volume and pressure [1/(Pa s)]
};

/// How skin takes up, keeps and loses pigment over days to years.
struct SkinBiology {
  double epidermal_turnover;    ///< basal layer to surface, cornified part included [s]
  double corneum_transit;       ///< [s]
  double macrophage_density;    ///< resident [1/m^3]
  double macrophage_rise;       ///< distance below the junction over which they reach that density [m]
  double recruitment_factor;    ///< peak density in the wound over resident [-]
  double recruitment_rise;      ///< time constant of arrival [s]
  double recruitment_decay;     ///< time constant of departure [s]
  double wound_reach;           ///< distance from the track over which cells are recruited [m]
  double uptake_rate;           ///< of free pigment at resident density, empty cells [1/s]
  double macrophage_capacity;   ///< pigment one cell can hold [kg]
  double macrophage_half_life;  ///< [s]
  double recapture_fraction;    ///< of the pigment a dying cell lets go [-]
  double hop_length;            ///< between release and recapture [m]
  double migration_rate;        ///< lightly laden cells leaving to the nodes in the first fortnight [1/s]
  double migration_window;      ///< how long they do [s]
  double migration_load;        ///< load below which they do, over capacity [-]
  double fibroblast_transfer;   ///< from macrophages to the slow pool [1/s]
  double fibroblast_return;     ///< release of the slow pool [1/s]
  double matrix_release;        ///< captured in the matrix to free [1/s]
  double lymph_clearance;       ///< of free 100 nm particles [1/s]
  double diffusion_hindrance;   ///< diffusivity in tissue over that in water [-]
  double open_track_loss;       ///< exudation through the open track at time 0 [1/s]
  double pore_closure;          ///< its decay time [s]
  double open_track_reach;      ///< depth below the junction it reaches [m]
  double crust_shedding;        ///< time in which the crust of the punctured epidermis is cast off [s]
  double deepening_speed;       ///< slow descent of the deposit [m/s]
  double cluster_start;         ///< pigment cluster size when fresh in a cell [m]
  double cluster_end;           ///< after years [m]
  double cluster_growth;        ///< time constant [s]
  double cluster_solids;        ///< solid volume fraction of a cluster [-]
};

/// What skin looks like and how it bleeds.
struct SkinAppearance {
  double melanosome_fraction;  ///< of the epidermis [-]
  double blood_fraction;       ///< of the dermis [-]
  double blood_saturation;     ///< [-]
  double erythema_gain;        ///< extra blood right after treatment over resting blood [-]
  double erythema_decay;       ///< [s]
  double oedema_swelling;      ///< extra thickness of the dermis right after treatment over resting thickness [-]
  double oedema_decay;         ///< [s]
  double haematoma_gain;       ///< blood of a bruise over resting blood [-]
  double haematoma_fraction;   ///< blood fraction at which 63 % of the bleeding punctures bruise [-]
  double haematoma_clearance;  ///< [s]
  double bleed_depth;          ///< tip depth at which every second puncture bleeds [m]
  double bleed_width;          ///< logistic width [m]
  double follicle_density;     ///< [1/m^2]
  double follicle_diameter;    ///< [m]
};

/// Skin at one site: ordered layers from the surface down, and the laws' numbers that hold for all of them.
struct Skin {
  static constexpr int max_layers = 8;
  int layer_count;
  std::array<SkinLayer, max_layers> layers;
  double thickness_factor;  ///< multiplies every layer: thicker or thinner site [-]
  double rete_amplitude;    ///< depth over which epidermis and dermis interlock [m]
  SkinMechanics mechanics;
  SkinBiology biology;
  SkinAppearance appearance;

  /// The thickest layer of dermis: it carries the nose of the machine and most of the track.
  const SkinLayer& thickest_dermis() const {
    std::size_t best = 0;
    double thickness = -1.0;
    for (std::size_t k = 0; k < static_cast<std::size_t>(layer_count); ++k)
      if (layers[k].kind == LayerKind::dermis && layers[k].thickness > thickness) {
        best = k;
        thickness = layers[k].thickness;
      }
    return layers[best];
  }
  /// Of all layers together [m].
  double thickness() const {
    double sum = 0.0;
    for (int k = 0; k < layer_count; ++k) sum += layers[static_cast<std::size_t>(k)].thickness * thickness_factor;
    return sum;
  }
  /// Depth of the lower face of the last layer of a kind, 0 if there is none [m].
  double bottom_of(LayerKind kind) const {
    double depth = 0.0, bottom = 0.0;
    for (int k = 0; k < layer_count; ++k) {
      depth += layers[static_cast<std::size_t>(k)].thickness * thickness_factor;
      if (layers[static_cast<std::size_t>(k)].kind == kind) bottom = depth;
    }
    return bottom;
  }
};

}  // namespace dermaflux
