#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/treatment/treatment.hpp"

namespace dermaflux {

/// Where a key's value lives in a Treatment.
using KeyTarget = std::variant<double*, int*, bool*, NeedleShape*, LayerKind*, ScarShape*, GeometryKind*, DotLattice*,
                               std::array<double, band_count>*, SessionList*, FollicleList*>;

/// One key of the input: the only place where its name, unit, allowed range and meaning are written. Configuration, command
/// line, Python, the schema and the documentation derive from it.
struct Key {
  std::string path;  ///< "machine.depth_mm"
  std::string unit;  ///< "mm"; empty for pure numbers
  double scale;      ///< SI value of one unit
  double low, high;  ///< allowed range in that unit
  std::string meaning;
  std::function<KeyTarget(Treatment&)> target;
};

/// All keys but those of layers, in the order in which they are documented.
const std::vector<Key>& keys();

/// Keys of one layer, named "skin.layer.NAME.KEY"; targets act on the layer at `index`.
std::vector<Key> layer_keys(const std::string& layer, std::size_t index);

/// Names of the keys whose words choose a file: machine.model, needle.model, ink.model, skin.class, skin.type, which may be left
/// out (the colour of the class), and scar.class, which only a treatment with a scar has.
const std::vector<std::string>& selector_keys();

/// Words allowed where a key takes one of a few; empty for other keys.
std::vector<std::string> allowed_words(const KeyTarget& target);

/// The nearest of some names by edit distance, empty if none is near.
std::string nearest(std::string_view name, const std::vector<std::string>& names);

}  // namespace dermaflux
