#include <utility>

#include "core/error.hpp"
#include "core/io/config.hpp"
#include "core/io/geometry_input.hpp"
#include "core/io/session_input.hpp"
#include "core/number_text.hpp"

namespace dermaflux {
namespace {

/// Checks that the numbers of one skin fit together and to the set depth of the needle [m]; `group` is the name of the skin's keys,
/// "skin" or "scar.tissue".
void check_skin(const Skin& skin, double depth, const std::string& group, const std::string& where) {
  const auto refuse = [&](const std::string& message) { throw InputError(where + ": " + message); };
  bool dermis = false, ended = false;
  for (std::size_t n = 0; n < static_cast<std::size_t>(skin.layer_count); ++n) {
    const SkinLayer& layer = skin.layers[n];
    dermis = dermis || layer.kind == LayerKind::dermis;
    if (layer.kind == LayerKind::epidermis && ended)
      refuse(group + ".layers has an epidermis below another layer; order them from the surface down");
    ended = ended || layer.kind != LayerKind::epidermis;
  }
  if (skin.layers[0].kind != LayerKind::epidermis || !dermis)
    refuse(group + ".layers must begin with an epidermis and hold a dermis; order them from the surface down");
  if (depth > skin.thickness())
    refuse("machine.depth_mm = " + in_mm(depth) + " is longer than the " + (group == "skin" ? "skin" : "scar") + " is thick (" +
           in_mm(skin.thickness()) + "); use less depth");
  const SkinBiology& b = skin.biology;
  if (b.recruitment_rise >= b.recruitment_decay)
    refuse(group + ".recruitment_rise_day is not shorter than " + group + ".recruitment_decay_day; cells arrive before they leave");
  if (b.corneum_transit >= b.epidermal_turnover)
    refuse(group + ".corneum_transit_day is not shorter than " + group + ".epidermal_turnover_day; the one is part of the other");
}

/// Checks that what is said of a scar describes one.
void check_scar(const Scar& scar, const std::string& where) {
  const auto refuse = [&](const std::string& message) { throw InputError(where + ": " + message); };
  if (scar.shape == ScarShape::none) {
    for (const auto& [value, name] : {std::pair{scar.offset, "scar.offset_mm"}, std::pair{scar.width, "scar.width_mm"}})
      if (value > 0.0)
        refuse(std::string(name) + " = " + in_mm(value) +
               " is given, but scar.shape is \"none\" (there is no scar); write disc or strip, or leave it out");
    return;
  }
  if (scar.width <= 0.0)
    refuse("scar.width_mm is 0, but scar.shape is a " + std::string(scar.shape == ScarShape::disc ? "disc" : "strip") +
           " (a scar has an extent); write the " +
           (scar.shape == ScarShape::disc ? "diameter, 0.8 to 1.0 mm after extraction" : "width, 1 to 5 mm after a strip"));
  if (scar.tissue.layer_count == 0)
    refuse("scar.class is missing, but scar.shape is not \"none\"; name the class of the scar's skin, such as \"fue_punctate\"");
}

}  // namespace

void check_treatment(const Treatment& t, const std::string& where) {
  const auto refuse = [&](const std::string& message) { throw InputError(where + ": " + message); };
  if (t.needle.tip_diameter > t.needle.shaft_diameter)
    refuse("needle.tip_diameter_um is larger than needle.shaft_diameter_mm (" + in_mm(t.needle.shaft_diameter) +
           "); a needle tapers to its tip");
  if (t.machine.nozzle_diameter >= t.machine.nose_diameter)
    refuse("machine.nozzle_diameter_mm is not smaller than machine.nose_diameter_mm; the nose surrounds its opening");
  if (t.machine.depth > t.machine.stroke)
    refuse("machine.depth_mm = " + in_mm(t.machine.depth) + " is more than machine.stroke_mm = " + in_mm(t.machine.stroke) +
           " (the needle would never leave the skin); use a longer stroke or less depth");
  check_scar(t.scar, where);
  check_skin(t.skin, t.machine.depth, "skin", where);
  if (t.scar.shape != ScarShape::none) check_skin(t.scar.tissue, t.machine.depth, "scar.tissue", where);
  const double crowded = t.ink.volume_fraction() * t.ink.viscosity.crowding.structure_factor;
  if (crowded >= 0.95 * t.ink.viscosity.crowding.max_packing)
    refuse("ink.mass_fraction, dilution and structure_factor give an effective volume fraction of " + number_text(crowded) +
           ", at or above packing (" + number_text(t.ink.viscosity.crowding.max_packing) + "); dilute the ink");
  check_sessions(t, where);
  check_geometry(t, where);
}

}  // namespace dermaflux
