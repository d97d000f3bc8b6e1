#include "core/io/key_values.hpp"

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "core/error.hpp"
#include "core/number_text.hpp"

namespace dermaflux {
namespace {

/// What to say about a key that does not exist: another unit of the same quantity, or the nearest name.
std::string suggestion(const std::string& path, const std::map<std::string, Key>& known) {
  std::vector<std::string> names(selector_keys());
  for (const auto& [name, key] : known) names.push_back(name);
  const auto stem = [](const std::string& name) { return name.substr(0, name.rfind('_')); };
  for (const std::string& name : names)
    if (name.rfind('_') != std::string::npos && path.rfind('_') != std::string::npos && stem(name) == stem(path) &&
        known.count(name) && !known.at(name).unit.empty())
      return "its unit is " + known.at(name).unit + ": write " + name;
  const std::string near = nearest(path, names);
  return near.empty() ? "`dermaflux info --keys` lists all keys" : "did you mean " + near + "?";
}

/// Puts a checked value where its key says.
struct Assign {
  const Key& key;
  const std::string& path;
  const ConfigValue::Content& content;
  const std::string& where;
  const std::vector<std::string>& words;

  [[noreturn]] void wrong_type(const std::string& wanted) const {
    std::string got = "text";
    if (std::holds_alternative<double>(content)) got = number_text(std::get<double>(content));
    if (std::holds_alternative<bool>(content)) got = std::get<bool>(content) ? "true" : "false";
    if (const auto* text = std::get_if<std::string>(&content)) got = "the text \"" + *text + "\"";
    if (std::holds_alternative<std::vector<double>>(content) || std::holds_alternative<std::vector<std::string>>(content))
      got = "a list";
    throw InputError(where + ": " + path + " is " + got + "; write " + wanted);
  }
  std::string wanted_number() const { return "a number from " + number_text(key.low) + " to " + with_unit(key.high, key.unit); }
  double checked(double value) const {
    if (!std::isfinite(value)) throw InputError(where + ": " + path + " is not a finite number; write " + wanted_number());
    if (value < key.low || value > key.high)
      throw InputError(where + ": " + path + " = " + with_unit(value, key.unit) + " is out of range (" + key.meaning + "); write " +
                       wanted_number());
    return value;
  }
  double number() const {
    const auto* value = std::get_if<double>(&content);
    if (!value) wrong_type(wanted_number());
    return checked(*value);
  }
  int word() const {
    const auto* text = std::get_if<std::string>(&content);
    const auto found = text ? std::find(words.begin(), words.end(), *text) : words.end();
    if (found == words.end()) wrong_type(list_of(words));
    return static_cast<int>(found - words.begin());
  }
  void operator()(double* target) const { *target = number() * key.scale; }
  void operator()(int* target) const {
    const double value = number();
    if (value != std::floor(value))
      throw InputError(where + ": " + path + " = " + number_text(value) + " is not a whole number; " + "write one from " +
                       number_text(key.low) + " to " + number_text(key.high));
    *target = static_cast<int>(value);
  }
  void operator()(bool* target) const {
    const auto* flag = std::get_if<bool>(&content);
    if (!flag) wrong_type("true or false");
    *target = *flag;
  }
  void operator()(NeedleShape* target) const { *target = static_cast<NeedleShape>(word()); }
  void operator()(LayerKind* target) const { *target = static_cast<LayerKind>(word()); }
  void operator()(ScarShape* target) const { *target = static_cast<ScarShape>(word()); }
  void operator()(GeometryKind* target) const { *target = static_cast<GeometryKind>(word()); }
  void operator()(DotLattice* target) const { *target = static_cast<DotLattice>(word()); }
  void operator()(std::array<double, band_count>* target) const {
    const auto* values = std::get_if<std::vector<double>>(&content);
    if (!values || values->size() != target->size())
      wrong_type("a list of " + std::to_string(target->size()) + " numbers, one per wavelength");
    for (std::size_t n = 0; n < target->size(); ++n) (*target)[n] = checked((*values)[n]) * key.scale;
  }
  void operator()(SessionList* target) const { list(target, max_sessions, "session"); }
  void operator()(FollicleList* target) const { list(target, max_follicles, "follicle"); }
  template <class List>
  void list(List* target, std::size_t most, const std::string& what) const {
    const std::string wanted = "a list of at most " + std::to_string(most) + " numbers, one per " + what;
    const auto* number = std::get_if<double>(&content);
    const std::vector<double> single(1, number ? *number : 0.0);
    const auto* values = number && std::is_same_v<List, FollicleList> ? &single : std::get_if<std::vector<double>>(&content);
    if (!values) wrong_type(wanted);
    if (values->size() > most)
      throw InputError(where + ": " + path + " has " + std::to_string(values->size()) + " values (more " + what +
                       "s than the model has been made for); write " + wanted);
    *target = {static_cast<int>(values->size()), {}};
    for (std::size_t n = 0; n < values->size(); ++n) target->values[n] = checked((*values)[n]) * key.scale;
  }
};

}  // namespace

std::string as_skin(const std::string& path) { return of_scar_tissue(path) ? "skin." + path.substr(scar_tissue.size()) : path; }
std::string as_scar_tissue(const std::string& skin_path) { return std::string(scar_tissue) + skin_path.substr(5); }

std::string list_of(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t n = 0; n < words.size(); ++n) text += (n == 0 ? "" : n + 1 == words.size() ? " or " : ", ") + words[n];
  return text;
}

std::map<std::string, Key> known_keys(const std::vector<std::string>& layers) {
  std::map<std::string, Key> known;
  for (const Key& key : keys()) known.emplace(key.path, key);
  for (std::size_t n = 0; n < layers.size(); ++n)
    for (Key& key : layer_keys(layers[n], n)) known.emplace(key.path, std::move(key));
  return known;
}

void unknown_key(const std::string& path, const std::string& where, const std::map<std::string, Key>& known) {
  throw InputError(where + ": " + path + " is an unknown key" + (of_scar_tissue(path) ? " of a scar's skin; " : "; ") +
                   suggestion(as_skin(path), known));
}

void assign(Treatment& treatment, const Key& key, const std::string& path, const ConfigValue::Content& content,
            const std::string& where) {
  const auto put = [&](Treatment& into) {
    const KeyTarget target = key.target(into);
    const std::vector<std::string> words = allowed_words(target);
    std::visit(Assign{key, path, content, where, words}, target);
  };
  if (!of_scar_tissue(path)) return put(treatment);
  Treatment in_scar = treatment;  // the key of the skin acts on the scar's skin
  in_scar.skin = treatment.scar.tissue;
  put(in_scar);
  treatment.scar.tissue = in_scar.skin;
}

void set_value(Treatment& treatment, const std::vector<std::string>& layers, const std::string& path,
               const ConfigValue::Content& content, const std::string& where) {
  const std::string name = as_skin(path);
  for (const Key& key : keys())
    if (key.path == name) return assign(treatment, key, path, content, where);
  for (std::size_t n = 0; n < layers.size(); ++n)
    if (name.starts_with("skin.layer." + layers[n] + "."))
      for (const Key& key : layer_keys(layers[n], n))
        if (key.path == name) return assign(treatment, key, path, content, where);
  unknown_key(path, where, known_keys(layers));
}

}  // namespace dermaflux
