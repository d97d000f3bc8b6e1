#include "core/io/config.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "core/error.hpp"
#include "core/io/keys.hpp"
#include "core/io/session_input.hpp"
#include "core/io/toml_reader.hpp"

namespace dermaflux {
namespace {

namespace fs = std::filesystem;

fs::path& shipped_configs() {
  static fs::path folder;
  return folder;
}

std::string number_text(double value) {
  std::ostringstream text;
  text.precision(12);
  text << value;
  return text.str();
}

std::string with_unit(double value, const std::string& unit) { return number_text(value) + (unit.empty() ? "" : " " + unit); }

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
  /// Reads the file a selector names, e.g. skin.class = "normal" -> skin/normal.toml.
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
    read(path, selector.substr(0, selector.find('.')) + ".");
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
  const std::map<std::string, std::string> group_folders = {
      {"machine.model", "machines"}, {"needle.model", "needles"}, {"ink.model", "inks"}, {"skin.class", "skin"}};
  for (const std::string& selector : selector_keys()) {
    const auto choice = own.find(selector);
    if (choice == own.end())
      throw InputError(file.string() + ": " + selector + " is missing; name one of the files in " +
                       (folder / group_folders.at(selector)).string());
    const std::string name = collector.read_selected(selector, choice->second, group_folders.at(selector));
    if (selector == "skin.class") document.skin_class_ = name;
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

  const std::map<std::string, Key> known = known_keys(document.layers_);
  for (const auto& [key, value] : document.values_) {
    if (key == "skin.layers" || std::find(selector_keys().begin(), selector_keys().end(), key) != selector_keys().end()) continue;
    if (!known.count(key)) unknown_key(key, value.where, known);
  }
  document.treatment_.skin.layer_count = static_cast<int>(document.layers_.size());
  for (const auto& [path, key] : known) {
    const auto found = document.values_.find(path);
    if (found == document.values_.end())
      throw InputError(file.string() + ": " + path + " is missing (" + key.meaning + "); give it in the file of its group, in " +
                       (key.unit.empty() ? "a pure number" : key.unit));
    check_unit(found->second, path, key.unit);
    assign(document.treatment_, key, found->second.content, found->second.where);
  }
  check_treatment(document.treatment_, file.string());
  return document;
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
    if (const auto key = known.find(path); key != known.end()) entry["unit"] = key->second.unit;
    if (value.range) entry["range"] = {value.range->first, value.range->second};
    entry["source"] = value.source;
    result[path] = entry;
  }
  return result.dump();
}

void set_value(Treatment& treatment, const std::vector<std::string>& layers, const std::string& path,
               const ConfigValue::Content& content, const std::string& where) {
  for (const Key& key : keys())
    if (key.path == path) return assign(treatment, key, content, where);
  for (std::size_t n = 0; n < layers.size(); ++n)
    if (path.starts_with("skin.layer." + layers[n] + "."))
      for (const Key& key : layer_keys(layers[n], n))
        if (key.path == path) return assign(treatment, key, content, where);
  unknown_key(path, where, known_keys(layers));
}

void check_treatment(const Treatment& t, const std::string& where) {
  const auto refuse = [&](const std::string& message) { throw InputError(where + ": " + message); };
  const auto mm = [](double length) { return number_text(length / units::mm) + " mm"; };
  if (t.needle.tip_diameter > t.needle.shaft_diameter)
    refuse("needle.tip_diameter_um is larger than needle.shaft_diameter_mm (" + mm(t.needle.shaft_diameter) +
           "); a needle tapers to its tip");
  if (t.machine.nozzle_diameter >= t.machine.nose_diameter)
    refuse("machine.nozzle_diameter_mm is not smaller than machine.nose_diameter_mm; the nose surrounds its opening");
  if (t.machine.depth > t.machine.stroke)
    refuse("machine.depth_mm = " + mm(t.machine.depth) + " is more than machine.stroke_mm = " + mm(t.machine.stroke) +
           " (the needle would never leave the skin); use a longer stroke or less depth");
  double thickness = 0.0;
  bool dermis = false, ended = false;
  for (std::size_t n = 0; n < static_cast<std::size_t>(t.skin.layer_count); ++n) {
    const SkinLayer& layer = t.skin.layers[n];
    thickness += layer.thickness * t.skin.thickness_factor;
    dermis = dermis || layer.kind == LayerKind::dermis;
    if (layer.kind == LayerKind::epidermis && ended)
      refuse("skin.layers has an epidermis below another layer; order them from the surface down");
    ended = ended || layer.kind != LayerKind::epidermis;
  }
  if (t.skin.layers[0].kind != LayerKind::epidermis || !dermis)
    refuse("skin.layers must begin with an epidermis and hold a dermis; order them from the surface down");
  if (t.machine.depth > thickness)
    refuse("machine.depth_mm = " + mm(t.machine.depth) + " is longer than the skin is thick (" + mm(thickness) +
           "); use less depth");
  const double crowded = t.ink.volume_fraction() * t.ink.viscosity.crowding.structure_factor;
  if (crowded >= 0.95 * t.ink.viscosity.crowding.max_packing)
    refuse("ink.mass_fraction, dilution and structure_factor give an effective volume fraction of " + number_text(crowded) +
           ", at or above packing (" + number_text(t.ink.viscosity.crowding.max_packing) + "); dilute the ink");
  check_sessions(t, where, thickness);
  const SkinBiology& b = t.skin.biology;
  if (b.recruitment_rise >= b.recruitment_decay)
    refuse("skin.recruitment_rise_day is not shorter than skin.recruitment_decay_day; cells arrive before they leave");
  if (b.corneum_transit >= b.epidermal_turnover)
    refuse("skin.corneum_transit_day is not shorter than skin.epidermal_turnover_day; the one is part of the other");
}

}  // namespace dermaflux
