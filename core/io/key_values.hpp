#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/io/config.hpp"
#include "core/io/keys.hpp"

namespace dermaflux {

/// Numbers of a scar's skin are those of the skin under another name: "scar.tissue.hop_length_um" for "skin.hop_length_um".
inline constexpr std::string_view scar_tissue = "scar.tissue.";
inline bool of_scar_tissue(std::string_view path) { return path.starts_with(scar_tissue); }
/// The name of the skin's key that a path means.
std::string as_skin(const std::string& path);
std::string as_scar_tissue(const std::string& skin_path);

/// All keys of a document with these layers.
std::map<std::string, Key> known_keys(const std::vector<std::string>& layers);

/// Throws InputError for a key that does not exist, with another unit of the same quantity or the nearest name.
[[noreturn]] void unknown_key(const std::string& path, const std::string& where, const std::map<std::string, Key>& known);

/// Puts a value, in the unit of the key, where `path` says: the key's own or that of the scar's skin. Throws InputError for a wrong
/// type or a value out of range.
void assign(Treatment& treatment, const Key& key, const std::string& path, const ConfigValue::Content& content,
            const std::string& where);

/// Words as a sentence lists them: "a, b or c".
std::string list_of(const std::vector<std::string>& words);

}  // namespace dermaflux
