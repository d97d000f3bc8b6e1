#pragma once
#include <string>
#include <utility>
#include <vector>

#include "core/io/keys.hpp"
#include "core/units.hpp"

namespace dermaflux {

/// Writes rows of the key table for one group: name, unit, SI value of one unit, allowed range in that unit, meaning, and the
/// members that lead from a Treatment to the value.
struct KeyGroup {
  std::string group;
  template <class... Members>
  Key operator()(const char* name, const char* unit, double scale, double low, double high, const char* meaning,
                 Members... members) const {
    return {group + "." + name, unit, scale, low, high, meaning, [members...](Treatment& treatment) {
              return KeyTarget(&(treatment.*....*members));
            }};
  }
};

/// The same for one layer of the skin.
struct LayerKeyGroup {
  std::string group;
  template <class Member>
  Key operator()(const char* name, const char* unit, double scale, double low, double high, const char* meaning, std::size_t index,
                 Member member) const {
    return {group + "." + name, unit, scale, low, high, meaning, [index, member](Treatment& treatment) {
              return KeyTarget(&(treatment.skin.layers[index].*member));
            }};
  }
};

std::vector<Key> skin_keys();

}  // namespace dermaflux
