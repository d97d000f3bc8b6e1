#include "core/io/config.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "core/error.hpp"
#include "core/io/geometry_input.hpp"
#include "core/io/key_values.hpp"
#include "core/io/session_input.hpp"
#include "core/io/toml_reader.hpp"
#include "core/number_text.hpp"

namespace dermaflux {
namespace {

namespace fs = std::filesystem;

fs::path& shipped_configs() {
  static fs::path folder;
  return folder;
}

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
    if (files.empty() || files.back() != path) files.push_back(path);
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
    // A person's colour is that of skin and scar.
    if (selector == "skin.type" && values.contains("scar.tissue.layers")) read(path, std::string(scar_tissue));
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
  const std::map<std::string, std::string> group_folders = {{"machine.model", "machines"}, {"needle.model", "needles"},
                                                            {"ink.model", "inks"},         {"skin.class", "skin"},
                                                            {"scar.class", "skin"},        {"skin.type", "skin_types"}};
  for (const std::string& selector : selector_keys()) {
    const auto choice = own.find(selector);
    if (choice == own.end() && (selector == "scar.class" || selector == "skin.type")) continue;
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
  for (auto& [key, value] : plain_geometry()) document.values_.try_emplace(key, std::move(value));

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
    if (!known.count(as_skin(key))) unknown_key(key, value.where, known);
    if (of_scar_tissue(key) && document.scar_class_.empty())
      throw InputError(value.where + ": " + key +
                       " is given, but no scar.class (it changes a number of that class); name the class");
  }
  document.settle();
  return document;
}

TreatmentDocument TreatmentDocument::restored(const fs::path& file,
                                              const std::vector<std::pair<std::string, std::string>>& overrides,
                                              const std::string& title, const std::map<std::string, ConfigValue>& values,
                                              const std::vector<fs::path>& files) {
  TreatmentDocument document;
  document.file_ = file;
  document.overrides_ = overrides;
  document.title_ = title;
  document.values_ = values;
  document.files_ = files;
  document.layers_ = std::get<std::vector<std::string>>(values.at("skin.layers").content);
  document.skin_class_ = std::get<std::string>(values.at("skin.class").content);
  if (const auto scar = values.find("scar.class"); scar != values.end())
    document.scar_class_ = std::get<std::string>(scar->second.content);
  document.settle();
  return document;
}

void TreatmentDocument::settle() {
  assign_all(known_keys(layers_));
  check_treatment(treatment_, file_.string());
  check_classes();
}

void TreatmentDocument::assign_all(const std::map<std::string, Key>& known) {
  const auto take = [&](const std::string& path, const Key& key) {
    const auto found = values_.find(path);
    if (found == values_.end())
      throw InputError(file_.string() + ": " + path + " is missing (" + key.meaning + "); give it in the file of its group, in " +
                       (key.unit.empty() ? "a pure number" : key.unit));
    check_unit(found->second, path, key.unit);
    assign(treatment_, key, path, found->second.content, found->second.where);
  };
  treatment_.skin.layer_count = static_cast<int>(layers_.size());
  for (const auto& [path, key] : known) take(path, key);
  if (scar_class_.empty()) return;
  treatment_.scar.tissue.layer_count = treatment_.skin.layer_count;
  for (const auto& [path, key] : known)
    if (path.starts_with("skin.")) take(as_scar_tissue(path), key);
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
    if (const auto key = known.find(as_skin(path)); key != known.end()) entry["unit"] = key->second.unit;
    if (value.range) entry["range"] = {value.range->first, value.range->second};
    entry["source"] = value.source;
    result[path] = entry;
  }
  return result.dump();
}

}  // namespace dermaflux
