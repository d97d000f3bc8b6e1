#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/io/config.hpp"

namespace dermaflux {

/// Throws InputError if a value was written with another unit than that of its key ("" and "1" are a pure number).
void check_unit(const ConfigValue& value, const std::string& key, const std::string& unit);

/// Values of one TOML file, flattened to dotted keys. A value is written plainly, `depth_mm = 0.5`, or as a table with
/// `value`, `unit`, `range`, `source` (and `note` for the reader).
struct TomlFile {
  std::filesystem::path path;
  std::map<std::string, ConfigValue> values;
  std::vector<std::map<std::string, ConfigValue>> arrays;  ///< entries of arrays of tables, with the key "[[]]" naming theirs
};

/// Reads a file. Throws FileError if it cannot be opened, InputError with file and line if it is not TOML.
TomlFile read_toml(const std::filesystem::path& path);

/// Reads one value as TOML writes it; a bare word counts as a string.
ConfigValue::Content read_toml_value(const std::string& text, const std::string& where);

}  // namespace dermaflux
