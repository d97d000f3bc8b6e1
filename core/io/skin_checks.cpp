#include "core/io/skin_checks.hpp"

#include <utility>

#include "core/error.hpp"
#include "core/io/number_text.hpp"

namespace dermaflux {

void check_skin(const Skin& skin, double depth, const std::string& group, const std::string& where) {
  const auto refuse = [&](const std::string& message) { throw InputError(where + ": " + message); };
  double thickness = 0.0;
  bool dermis = false, ended = false;
  for (std::size_t n = 0; n < static_cast<std::size_t>(skin.layer_count); ++n) {
    const SkinLayer& layer = skin.layers[n];
    thickness += layer.thickness * skin.thickness_factor;
    dermis = dermis || layer.kind == LayerKind::dermis;
    if (layer.kind == LayerKind::epidermis && ended)
      refuse(group + ".layers has an epidermis below another layer; order them from the surface down");
    ended = ended || layer.kind != LayerKind::epidermis;
  }
  if (skin.layers[0].kind != LayerKind::epidermis || !dermis)
    refuse(group + ".layers must begin with an epidermis and hold a dermis; order them from the surface down");
  if (depth > thickness)
    refuse("machine.depth_mm = " + in_mm(depth) + " is longer than the " + (group == "skin" ? "skin" : "scar") + " is thick (" +
           in_mm(thickness) + "); use less depth");
  const SkinBiology& b = skin.biology;
  if (b.recruitment_rise >= b.recruitment_decay)
    refuse(group + ".recruitment_rise_day is not shorter than " + group + ".recruitment_decay_day; cells arrive before they leave");
  if (b.corneum_transit >= b.epidermal_turnover)
    refuse(group + ".corneum_transit_day is not shorter than " + group + ".epidermal_turnover_day; the one is part of the other");
}

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

}  // namespace dermaflux
