#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/treatment/treatment.hpp"

namespace dermaflux {

struct Key;

/// One value of the input as read: in the unit of its key, with range and source as the file gives them.
struct ConfigValue {
  using Content = std::variant<bool, double, std::string, std::vector<double>, std::vector<std::string>>;
  Content content;
  std::optional<std::pair<double, double>> range;  ///< plausible range of the quantity, for draws
  std::string source;                              ///< where the number comes from
  std::string where;                               ///< "file.toml:12", or "-s" for an override
  std::string unit{};                              ///< as written beside the value, empty if it was not
};

/// A treatment as its files and overrides describe it: every key with value, range and source, resolved and checked.
/// Configuration is read once, here; units are converted nowhere else.
class TreatmentDocument {
 public:
  /// Reads a treatment file with all files it names. Overrides are pairs of a dotted key and a TOML value, "0.6" or "true";
  /// a bare word counts as a string. Throws InputError (file, key, value, allowed range, suggestion) or FileError.
  static TreatmentDocument load(const std::filesystem::path& file,
                                const std::vector<std::pair<std::string, std::string>>& overrides = {});

  /// A document that another process read, from what it tells of it: the files need not lie here. Throws InputError.
  static TreatmentDocument restored(const std::filesystem::path& file,
                                    const std::vector<std::pair<std::string, std::string>>& overrides, const std::string& title,
                                    const std::map<std::string, ConfigValue>& values,
                                    const std::vector<std::filesystem::path>& files);

  /// The same document with further overrides.
  TreatmentDocument with(const std::vector<std::pair<std::string, std::string>>& overrides) const;

  /// The numbers in SI, checked against each other.
  const Treatment& treatment() const { return treatment_; }
  const std::string& title() const { return title_; }
  const std::string& skin_class() const { return skin_class_; }
  /// Class of the scar's skin; empty where there is no scar.
  const std::string& scar_class() const { return scar_class_; }
  const std::vector<std::string>& layers() const { return layers_; }
  const std::filesystem::path& file() const { return file_; }
  /// Keys that override the files, as given.
  const std::vector<std::pair<std::string, std::string>>& overrides() const { return overrides_; }
  /// Every key with its value, sorted by key.
  const std::map<std::string, ConfigValue>& values() const { return values_; }
  /// Everything as one JSON object, key -> {value, unit, range, source}, in a fixed order.
  std::string json() const;
  /// Every file that was read, in the order of reading.
  const std::vector<std::filesystem::path>& files() const { return files_; }

 private:
  /// Puts the collected values into the treatment.
  void assign_all(const std::map<std::string, Key>& known);
  /// Puts the collected values into the treatment and checks that they fit together.
  void settle();
  /// Refuses facts about the classes of skin and scar that contradict each other.
  void check_classes() const;

  std::filesystem::path file_;
  std::vector<std::pair<std::string, std::string>> overrides_;
  std::map<std::string, ConfigValue> values_;
  std::vector<std::filesystem::path> files_;
  std::vector<std::string> layers_;
  std::string title_, skin_class_, scar_class_;
  Treatment treatment_{};
};

/// Sets one key of a treatment in the unit of the key; `scar.tissue.` in place of `skin.` means the skin of the scar. Throws
/// InputError for an unknown key, a wrong type or a value out of range; `where` names the culprit in the message.
void set_value(Treatment& treatment, const std::vector<std::string>& layers, const std::string& key,
               const ConfigValue::Content& content, const std::string& where);

/// Checks that the numbers of a treatment fit together (needle and skin, tip and shaft, packing ...). Throws InputError.
void check_treatment(const Treatment& treatment, const std::string& where);

/// Folder of the configurations a file belongs to: the nearest parent that holds model.toml, else the installed one.
std::filesystem::path configs_folder(const std::filesystem::path& file);

/// Tells where the configurations shipped with the program lie.
void set_shipped_configs(const std::filesystem::path& folder);

}  // namespace dermaflux
