#include "core/io/config.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>

#include "core/error.hpp"
#include "core/io/keys.hpp"
#include "core/io/number_text.hpp"
#include "core/io/session_input.hpp"
#include "core/io/skin_checks.hpp"
#include "core/io/toml_reader.hpp"

namespace dermaflux {
namespace {

namespace fs = std::filesystem;

fs::path& shipped_configs() {
  static fs::path folder;
  return folder;
}

std::string list_of(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t n = 0; n < words.size(); ++n) text += (n == 0 ? "" : n + 1 == words.size() ? " or " : ", ") + words[n];
  return text;
}

/// All keys of a document with these layers.
std::map<std::string, Key> known_keys(const std::vector<std::string>& layers) {
  std::map<std::string, Key> known;
  for (const Key& key : keys()) known.emplace(key.path, key);
  for (std::size_t n = 0; n < layers.size(); ++n)
    for (Key& key : layer_keys(layers[n], n)) known.emplace(key.path, std::move(key));
  return known;
}

/// Name of a number of the scar's skin, "scar.tissue.hop_length_um", for that of the skin, and back.
constexpr std::string_view scar_tissue = "scar.tissue.";
bool of_scar_tissue(std::string_view path) { return path.starts_with(scar_tissue); }
std::string as_skin(const std::string& path) { return "skin." + path.substr(scar_tissue.size()); }
std::string as_scar_tissue(const std::string& path) { return std::string(scar_tissue) + path.substr(5); }

/// What a treatment says that has no [scar].
ConfigValue without_scar(const std::string& key) {
  ConfigValue value;
  value.source = "definition: no scar unless stated";
  value.where = "default";
  if (key == "scar.shape")
    value.content = std::string("none");
  else {
    value.content = 0.0;
    value.range = {0.0, key == "scar.width_mm" ? 5.0 : 10.0};
  }
  return value;
}

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

[[noreturn]] void unknown_key(const std::string& path, const std::string& where, const std::map<std::string, Key>& known) {
  throw InputError(where + ": " + path + " is an unknown key; " + suggestion(path, known));
}

/// The same for a number of the scar's skin: the keys are those of the skin.
[[noreturn]] void unknown_tissue_key(const std::string& path, const std::string& where, const std::map<std::string, Key>& known) {
  throw InputError(where + ": " + path + " is an unknown key of a scar's skin; " + suggestion(as_skin(path), known));
}

/// Puts a checked value where its key says.
struct Assign {
  const Key& key;
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
    throw InputError(where + ": " + key.path + " is " + got + "; write " + wanted);
  }
  std::string wanted_number() const { return "a number from " + number_text(key.low) + " to " + with_unit(key.high, key.unit); }
  double checked(double value) const {
    if (!std::isfinite(value)) throw InputError(where + ": " + key.path + " is not a finite number; write " + wanted_number());
    if (value < key.low || value > key.high)
      throw InputError(where + ": " + key.path + " = " + with_unit(value, key.unit) + " is out of range (" + key.meaning +
                       "); write " + wanted_number());
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
      throw InputError(where + ": " + key.path + " = " + number_text(value) + " is not a whole number; " + "write one from " +
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
  void operator()(std::array<double, band_count>* target) const {
    const auto* values = std::get_if<std::vector<double>>(&content);
    if (!values || values->size() != target->size())
      wrong_type("a list of " + std::to_string(target->size()) + " numbers, one per wavelength");
    for (std::size_t n = 0; n < target->size(); ++n) (*target)[n] = checked((*values)[n]) * key.scale;
  }
  void operator()(SessionList* target) const {
    const auto* values = std::get_if<std::vector<double>>(&content);
    const std::string wanted = "a list of at most " + std::to_string(max_sessions) + " numbers, one per session";
    if (!values) wrong_type(wanted);
    if (values->size() > max_sessions)
      throw InputError(where + ": " + key.path + " has " + std::to_string(values->size()) +
                       " values (more sessions than the model " + "has been made for); write " + wanted);
    *target = {static_cast<int>(values->size()), {}};
    for (std::size_t n = 0; n < values->size(); ++n) target->values[n] = checked((*values)[n]) * key.scale;
  }
};

void assign(Treatment& treatment, const Key& key, const ConfigValue::Content& content, const std::string& where) {
  const KeyTarget target = key.target(treatment);
  const std::vector<std::string> words = allowed_words(target);
  std::visit(Assign{key, content, where, words}, target);
}

/// The same for a number of the scar's skin; `skin_key` is that of the skin.
void assign_to_scar(Treatment& treatment, const Key& skin_key, const ConfigValue::Content& content, const std::string& where) {
  Key named = skin_key;
  named.path = as_scar_tissue(skin_key.path);
  std::swap(treatment.skin, treatment.scar.tissue);
  try {
    assign(treatment, named, content, where);
  } catch (...) {
    std::swap(treatment.skin, treatment.scar.tissue);
    throw;
  }
  std::swap(treatment.skin, treatment.scar.tissue);
}

/// Collects values from files, later ones over earlier ones.
struct Collector {
  fs::path folder;
  std::map<std::string, ConfigValue>& values;
  std::vector<fs::path>& files;

  void put(const std::string& key, const ConfigValue& value) {
    ConfigValue& slot = values[key];
    ConfigValue merged = value;
    if (!merged.range) merged.range = slot.range;  // an override keeps what is known of the quantity
    slot = std::move(merged);
  }
  std::string text(const TomlFile& file, const std::string& key) const {
    const auto found = file.values.find(key);
    if (found == file.values.end()) return {};
    const auto* word = std::get_if<std::string>(&found->second.content);
    if (!word) throw InputError(found->second.where + ": " + key + " is not text; write a name in quotes");
    return *word;
  }
  /// Reads a file after those it inherits from; its keys get the prefix.
  void read(const fs::path& path, const std::string& prefix, std::set<std::string> seen = {}) {
    if (!seen.insert(fs::weakly_canonical(path).string()).second)
      throw InputError(path.string() + ": inherits from itself; break the circle");
    const TomlFile file = read_toml(path);
    if (const std::string parent = text(file, "inherits"); !parent.empty()) read(path.parent_path() / parent, prefix, seen);
    files.push_back(path);
    if (!file.arrays.empty())
      throw InputError(file.arrays.front().at("[[]]").where + ": an array of tables has no place in a treatment; write [table]");
    for (const auto& [key, value] : file.values)
      if (key != "inherits" && (prefix.empty() || (key != "title" && key != "description"))) put(prefix + key, value);
  }
  /// Reads the file a selector names, e.g. skin.class = "normal" -> skin/normal.toml, as values of the selector's group or, for a
  /// scar's class, of its tissue.
  std::string read_selected(const std::string& selector, const ConfigValue& choice, const std::string& group_folder) {
    const auto* name = std::get_if<std::string>(&choice.content);
    if (!name)
      throw InputError(choice.where + ": " + selector + " is not a name; write one of the files in " +
                       (folder / group_folder).string());
    const fs::path path = folder / group_folder / (*name + ".toml");
    if (!fs::is_regular_file(path)) {
      std::vector<std::string> names;
      if (fs::is_directory(folder / group_folder))
        for (const auto& entry : fs::directory_iterator(folder / group_folder))
          if (entry.path().extension() == ".toml") names.push_back(entry.path().stem().string());
      std::sort(names.begin(), names.end());
      const std::string near = nearest(*name, names);
      throw InputError(choice.where + ": " + selector + " = \"" + *name + "\" is unknown; " +
                       (near.empty() ? "there are " + list_of(names) : "did you mean \"" + near + "\"?"));
    }
    read(path, selector == "scar.class" ? std::string(scar_tissue) : selector.substr(0, selector.find('.')) + ".");
    return *name;
  }
};

}  // namespace

void set_shipped_configs(const fs::path& folder) { shipped_configs() = folder; }

fs::path configs_folder(const fs::path& file) {
  fs::path folder = fs::absolute(file).parent_path();
  for (; folder != folder.root_path(); folder = folder.parent_path())
    if (fs::is_regular_file(folder / "model.toml")) return folder;
  if (!shipped_configs().empty()) return shipped_configs();
  throw FileError(file.string() + ": no folder of configurations above it (one that holds model.toml) and none is installed");
}

TreatmentDocument TreatmentDocument::load(const fs::path& file, const std::vector<std::pair<std::string, std::string>>& overrides) {
  TreatmentDocument document;
  document.file_ = file;
  document.overrides_ = overrides;
  std::map<std::string, ConfigValue> own;
  std::vector<fs::path> own_files;
  if (!fs::is_regular_file(file)) throw FileError(file.string() + ": no such file; give the path of a treatment's TOML file");
  const fs::path folder = configs_folder(file);
  Collector{folder, own, own_files}.read(file, "");
  for (const auto& [key, text] : overrides) {
    const std::string where = "-s " + key + "=" + text;
    ConfigValue value{read_toml_value(text, where), std::nullopt, "override", where};
    if (const auto found = own.find(key); found != own.end()) value.range = found->second.range;
    own[key] = value;
  }

  // The model and the chosen files first, then what the treatment and the overrides say.
  Collector collector{folder, document.values_, document.files_};
  collector.read(folder / "model.toml", "model.");
  const std::map<std::string, std::string> group_folders = {{"machine.model", "machines"},
                                                            {"needle.model", "needles"},
                                                            {"ink.model", "inks"},
                                                            {"skin.class", "skin"},
                                                            {"scar.class", "skin"}};
  for (const std::string& selector : selector_keys()) {
    const auto choice = own.find(selector);
    if (choice == own.end() && selector == "scar.class") continue;
    if (choice == own.end())
      throw InputError(file.string() + ": " + selector + " is missing; name one of the files in " +
                       (folder / group_folders.at(selector)).string());
    const std::string name = collector.read_selected(selector, choice->second, group_folders.at(selector));
    if (selector == "skin.class") document.skin_class_ = name;
    if (selector == "scar.class") document.scar_class_ = name;
  }
  document.files_.insert(document.files_.end(), own_files.begin(), own_files.end());
  for (const auto& [key, value] : own) collector.put(key, value);

  for (auto& [key, value] : single_session()) document.values_.try_emplace(key, std::move(value));

  const auto take = [&](const std::string& key) {
    const auto found = document.values_.find(key);
    ConfigValue value;
    if (found != document.values_.end()) {
      value = found->second;
      document.values_.erase(found);
    }
    return value;
  };
  const ConfigValue title = take("title"), order = document.values_["skin.layers"];
  take("description");
  if (const auto* text = std::get_if<std::string>(&title.content)) document.title_ = *text;
  if (const auto* names = std::get_if<std::vector<std::string>>(&order.content)) document.layers_ = *names;
  if (document.layers_.empty() || document.layers_.size() > Skin::max_layers)
    throw InputError(file.string() + ": skin.layers names " + std::to_string(document.layers_.size()) +
                     " layers; name 1 to 8, from the surface down");

  for (const char* key : {"scar.shape", "scar.width_mm", "scar.offset_mm"}) document.values_.emplace(key, without_scar(key));
  const std::map<std::string, Key> known = known_keys(document.layers_);
  for (const auto& [key, value] : document.values_) {
    if (key == "skin.layers" || key == "scar.tissue.layers" ||
        std::find(selector_keys().begin(), selector_keys().end(), key) != selector_keys().end())
      continue;
    if (of_scar_tissue(key) && !known.count(as_skin(key))) unknown_tissue_key(key, value.where, known);
    if (!of_scar_tissue(key) && !known.count(key)) unknown_key(key, value.where, known);
    if (of_scar_tissue(key) && document.scar_class_.empty())
      throw InputError(value.where + ": " + key +
                       " is given, but no scar.class (it changes a number of that class); name the class");
  }
  document.assign_all(known);
  check_treatment(document.treatment_, file.string());
  document.check_classes();
  return document;
}

void TreatmentDocument::assign_all(const std::map<std::string, Key>& known) {
  const auto value_of = [&](const std::string& path, const Key& key) -> const ConfigValue& {
    const auto found = values_.find(path);
    if (found == values_.end())
      throw InputError(file_.string() + ": " + path + " is missing (" + key.meaning + "); give it in the file of its group, in " +
                       (key.unit.empty() ? "a pure number" : key.unit));
    check_unit(found->second, path, key.unit);
    return found->second;
  };
  treatment_.skin.layer_count = static_cast<int>(layers_.size());
  for (const auto& [path, key] : known) {
    const ConfigValue& value = value_of(path, key);
    assign(treatment_, key, value.content, value.where);
  }
  if (scar_class_.empty()) return;
  treatment_.scar.tissue.layer_count = treatment_.skin.layer_count;
  for (const auto& [path, key] : known) {
    if (!path.starts_with("skin.")) continue;
    const ConfigValue& value = value_of(as_scar_tissue(path), key);
    assign_to_scar(treatment_, key, value.content, value.where);
  }
}

void TreatmentDocument::check_classes() const {
  if (!scar_class_.empty()) {
    const ConfigValue& choice = values_.at("scar.class");
    if (treatment_.scar.shape == ScarShape::none)
      throw InputError(choice.where + ": scar.class = \"" + scar_class_ +
                       "\" is given, but scar.shape is \"none\" (there is no scar); write disc or strip, or leave the class out");
    if (values_.at("scar.tissue.layers").content != values_.at("skin.layers").content)
      throw InputError(choice.where + ": scar.class = \"" + scar_class_ + "\" has other layers than skin.class = \"" + skin_class_ +
                       "\" (a row of the grid lies in both); give both the same skin.layers");
  }
  // Atrophic means thinned and hypertrophic thickened: the site may vary within the range of the class, not against its name.
  const auto check = [&](const std::string& selector, const std::string& name, const std::string& key) {
    const auto found = values_.find(key);
    if (found == values_.end() || !found->second.range) return;
    const double factor = std::get<double>(found->second.content);
    const auto [low, high] = *found->second.range;
    const bool thick = name == "atrophic" && factor > high, thin = name == "hypertrophic" && factor < low;
    if (thick || thin)
      throw InputError(found->second.where + ": " + key + " = " + number_text(factor) + " contradicts " + selector + " = \"" +
                       name + "\" (" + (thick ? "skin that has thinned" : "skin that has thickened") + "); write " +
                       (thick ? "at most " + number_text(high) : "at least " + number_text(low)) + " or name another class");
  };
  check("skin.class", skin_class_, "skin.thickness_factor");
  check("scar.class", scar_class_, "scar.tissue.thickness_factor");
}

TreatmentDocument TreatmentDocument::with(const std::vector<std::pair<std::string, std::string>>& overrides) const {
  auto all = overrides_;
  all.insert(all.end(), overrides.begin(), overrides.end());
  return load(file_, all);
}

std::string TreatmentDocument::json() const {
  const std::map<std::string, Key> known = known_keys(layers_);
  nlohmann::ordered_json result;
  for (const auto& [path, value] : values_) {
    nlohmann::ordered_json entry;
    std::visit([&](const auto& content) { entry["value"] = content; }, value.content);
    if (const auto key = known.find(of_scar_tissue(path) ? as_skin(path) : path); key != known.end())
      entry["unit"] = key->second.unit;
    if (value.range) entry["range"] = {value.range->first, value.range->second};
    entry["source"] = value.source;
    result[path] = entry;
  }
  return result.dump();
}

void set_value(Treatment& treatment, const std::vector<std::string>& layers, const std::string& path,
               const ConfigValue::Content& content, const std::string& where) {
  const std::string name = of_scar_tissue(path) ? as_skin(path) : path;
  const auto put = name == path ? assign : assign_to_scar;
  for (const Key& key : keys())
    if (key.path == name) return put(treatment, key, content, where);
  for (std::size_t n = 0; n < layers.size(); ++n)
    if (name.starts_with("skin.layer." + layers[n] + "."))
      for (const Key& key : layer_keys(layers[n], n))
        if (key.path == name) return put(treatment, key, content, where);
  unknown_key(path, where, known_keys(layers));
}

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
  const Skin& met = t.skin_at_axis();
  double thickness = 0.0;
  for (int n = 0; n < met.layer_count; ++n) thickness += met.layers[static_cast<std::size_t>(n)].thickness * met.thickness_factor;
  check_sessions(t, where, thickness);
}

}  // namespace dermaflux
