#include "core/io/study_keys.hpp"

#include <algorithm>

#include "core/error.hpp"
#include "core/number_text.hpp"

namespace dermaflux {

Key numeric_key(const std::string& path, const std::vector<Key>& known, const std::string& where) {
  std::vector<std::string> names;
  for (const Key& key : known) {
    if (key.path == path) return key;
    names.push_back(key.path);
  }
  const std::string near = nearest(path, names);
  throw InputError(where + ": " + path + " is an unknown key; " +
                   (near.empty() ? "`dermaflux info --keys` lists all keys" : "did you mean " + near + "?"));
}

std::vector<Key> all_keys(const TreatmentDocument& document) {
  std::vector<Key> known = keys();
  for (std::size_t n = 0; n < document.layers().size(); ++n)
    for (Key& key : layer_keys(document.layers()[n], n)) known.push_back(std::move(key));
  return known;
}

bool is_selector(const std::string& path) {
  const auto& selectors = selector_keys();
  return std::find(selectors.begin(), selectors.end(), path) != selectors.end();
}

void require_effect(const Treatment& treatment, const std::string& key, const std::string& where) {
  const bool depth = key == "machine.depth_mm" && treatment.sessions.depth.count > 0;
  const bool dwell = key == "machine.dwell_ms" && treatment.sessions.dwell.count > 0;
  if (!depth && !dwell) return;
  const std::string fixed = depth ? "sessions.depth_mm" : "sessions.dwell_ms";
  throw InputError(where + ": " + key + " has no effect, because " + fixed + " gives the value of every session; leave " + fixed +
                   " out of the treatment");
}

void check_uncertain(const TreatmentDocument& base, const std::string& key, const std::string& where) {
  numeric_key(key, all_keys(base), where);
  const auto found = base.values().find(key);
  const auto refuse = [&](const std::string& why) { throw InputError(where + " names " + key + ", " + why); };
  if (found == base.values().end() || !found->second.range) refuse("which has no range; give it one in its file");
  const auto [low, high] = *found->second.range;
  const auto* value = std::get_if<double>(&found->second.content);
  if (!value) refuse("which is no single number; leave it out");
  if (low <= 0.0) refuse("whose range reaches zero (draws are log-normal); raise its lower end");
  if (!(low < high))
    refuse("whose range " + number_text(low) + " to " + number_text(high) + " is empty; widen it, or leave the key out");
  if (*value < low || *value > high)
    refuse("whose value " + number_text(*value) + " (" + found->second.where + ") lies outside its range " + number_text(low) +
           " to " + number_text(high) + "; change the value, or leave the key out");
}

}  // namespace dermaflux
