#pragma once
#include <string>
#include <vector>

#include "core/io/config.hpp"
#include "core/io/keys.hpp"

namespace dermaflux {

/// All numeric keys of a document, those of its layers last.
std::vector<Key> all_keys(const TreatmentDocument& document);

/// The key of this name. Throws InputError with the nearest name for one that does not exist.
Key numeric_key(const std::string& path, const std::vector<Key>& known, const std::string& where);

/// Whether a key takes the name of a file.
bool is_selector(const std::string& path);

/// Depth or contact time of the machine can only be varied where the sessions do not fix their own. Throws InputError.
void require_effect(const Treatment& treatment, const std::string& key, const std::string& where);

/// A key that is drawn from its range, log-normally about its value, must have both. Throws InputError.
void check_uncertain(const TreatmentDocument& base, const std::string& key, const std::string& where);

}  // namespace dermaflux
