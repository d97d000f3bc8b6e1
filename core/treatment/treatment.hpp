#pragma once
#include <array>
#include <type_traits>

#include "core/tissue/scar.hpp"
#include "core/tissue/skin.hpp"
#include "core/treatment/geometry.hpp"
#include "core/treatment/ink.hpp"
#include "core/treatment/needle.hpp"
#include "core/treatment/sessions.hpp"

namespace dermaflux {

/// The machine and the hand that holds it.
struct Machine {
  double depth;            ///< d_set: needle beyond the nose at the lowest point [m]
  double dwell;            ///< contact time per dot [s]
  double frequency;        ///< unloaded strokes per second [1/s]
  double stroke;           ///< [m]
  double stall_force;      ///< needle force at which the motor stands still [N]
  double angle;            ///< of the needle from the surface normal [rad]
  double hand_force;       ///< nose on skin [N]
  double hand_stiffness;   ///< of the hand that holds the pen [N/m]
  double nose_diameter;    ///< outer [m]
  double nozzle_diameter;  ///< opening the needle comes through [m]
  double drop_volume;      ///< ink that stands on the skin around the needle [m^3]
};

/// How dots are laid and with what jitter of the hand.
struct Pattern {
  double dot_spacing;      ///< [m]
  double position_jitter;  ///< standard deviation [m]
  double depth_jitter;     ///< standard deviation [m]
};

/// What happens to the skin afterwards.
struct Aftercare {
  double uv_dose;             ///< UVA per day [J/m^2]
  double exfoliation_factor;  ///< speed of epidermal shedding over normal [-]
  double depletion_time;      ///< after treatment at which macrophages are killed, 0 for never [s]
  double depletion_share;     ///< of them [-]
  double macrophage_return;   ///< time constant in which they come back [s]
};

/// Facts about the client that block or restrict a preset.
struct Host {
  bool keloid_history;
  bool active_inflammation;
  double months_since_surgery;  ///< [month]
};

/// Numbers of the model that are neither skin, tool nor ink (see configs/model.toml).
struct Model {
  double uv_reference_dose;         ///< dose of a band per day at which photolysis rates are given [J/m^2]
  double uv_penetration;            ///< depth at which UVA falls to 1/e [m]
  double uvb_penetration;           ///< depth at which UVB falls to 1/e [m]
  double uvb_share;                 ///< dose of UVB over that of UVA in the light that falls on the skin [-]
  double uv_melanosomes;            ///< melanosome fraction of the epidermis at which both depths hold [-]
  double months_to_heal;            ///< younger surgical scars get no preset [month]
  double force_prong_exponent;      ///< insertion force grows with prongs^x [-]
  double interaction_pitch;         ///< if they stand closer than this, and with prongs otherwise [m]
  double strain_length;             ///< length over which a puncture strains the skin; rate = speed / length [m]
  double dermis_scattering;         ///< reduced scattering of dermis at 500 nm [1/m]
  double scattering_power;          ///< its decay with wavelength [-]
  double anisotropy;                ///< mean cosine of scattering angles, g [-]
  double refractive_index;          ///< of skin [-]
  double corneum_refractive_index;  ///< of the stratum corneum [-]
  std::array<double, band_count> oxygenated_extinction;    ///< molar extinction of HbO2 per band [1/(cm M)]
  std::array<double, band_count> deoxygenated_extinction;  ///< of Hb [1/(cm M)]
};

/// Everything one treatment of one dot needs, in SI. Read from TOML by core/io, changed by sweeps, never by solvers.
struct Treatment {
  Machine machine;
  Needle needle;
  Ink ink;
  Skin skin;  ///< of the site; around the scar, where there is one
  Scar scar;
  Pattern pattern;
  Aftercare aftercare;
  Host host;
  Model model;
  Sessions sessions;
  Geometry geometry;

  /// Whether the junction of epidermis and dermis is a surface with ridges where they stand.
  bool has_ridges() const {
    return geometry.kind == GeometryKind::box && geometry.rete_wavelength > 0.0 && skin_at_axis().rete_amplitude > 0.0;
  }
  /// The skin at the dot's axis: what the needle meets.
  const Skin& skin_at_axis() const { return scar.holds_axis() ? scar.tissue : skin; }
  /// The skin on the other side of the scar's border; where there is no scar, the same.
  const Skin& skin_beside() const {
    if (scar.shape == ScarShape::none) return skin;
    return scar.holds_axis() ? skin : scar.tissue;
  }
};

static_assert(std::is_trivially_copyable_v<Treatment>);

/// The treatment as one of its sessions has it: the machine at that session's depth and contact time.
inline Treatment session_treatment(const Treatment& treatment, int session) {
  Treatment one = treatment;
  const std::size_t s = static_cast<std::size_t>(session);
  if (session < treatment.sessions.depth.count) one.machine.depth = treatment.sessions.depth.values[s];
  if (session < treatment.sessions.dwell.count) one.machine.dwell = treatment.sessions.dwell.values[s];
  return one;
}

}  // namespace dermaflux
