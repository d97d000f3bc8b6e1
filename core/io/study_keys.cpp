#include "core/io/study_keys.hpp"

#include <algorithm>

#include "core/error.hpp"

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

}  // namespace dermaflux
