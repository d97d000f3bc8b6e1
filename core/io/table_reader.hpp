#pragma once
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "core/io/keys.hpp"
#include "core/io/toml_reader.hpp"

namespace dermaflux {

/// Values of one table, taken one by one so that what is left is unknown.
class TableReader {
 public:
  TableReader(std::map<std::string, ConfigValue> values, std::string where)
      : values_(std::move(values)), where_(std::move(where)) {}

  template <class T>
  T take(const std::string& key, const char* kind) {
    const auto found = values_.find(key);
    if (found == values_.end()) throw InputError(where_ + ": " + key + " is missing; give " + kind);
    return convert<T>(key, found, kind);
  }
  template <class T>
  T take_or(const std::string& key, const char* kind, T otherwise) {
    const auto found = values_.find(key);
    return found == values_.end() ? otherwise : convert<T>(key, found, kind);
  }
  /// Refuses another unit beside the value than this one.
  void expect_unit(const std::string& key, const std::string& unit) const {
    if (const auto found = values_.find(key); found != values_.end()) check_unit(found->second, key, unit);
  }
  /// Where a value stands that was not taken yet, else where the table does.
  std::string place(const std::string& key) const {
    const auto found = values_.find(key);
    return found == values_.end() ? where_ : found->second.where;
  }
  /// A value of any kind, if it is there.
  std::optional<ConfigValue> take_any(const std::string& key) {
    const auto found = values_.find(key);
    if (found == values_.end()) return std::nullopt;
    ConfigValue value = std::move(found->second);
    values_.erase(found);
    return value;
  }
  /// The unit written beside a value, empty if there is none.
  std::string unit_of(const std::string& key) const {
    const auto found = values_.find(key);
    return found == values_.end() ? "" : found->second.unit;
  }
  void finish(const std::vector<std::string>& known) const {
    for (const auto& [key, value] : values_) {
      const std::string near = nearest(key, known);
      throw InputError(value.where + ": " + key + " is an unknown key; " +
                       (near.empty() ? "remove it" : "did you mean " + near + "?"));
    }
  }

 private:
  template <class T>
  T convert(const std::string& key, std::map<std::string, ConfigValue>::iterator found, const char* kind) {
    const auto* value = std::get_if<T>(&found->second.content);
    if (!value) throw InputError(found->second.where + ": " + key + " is of the wrong kind; give " + kind);
    T result = *value;
    values_.erase(found);
    return result;
  }
  std::map<std::string, ConfigValue> values_;
  std::string where_;
};

/// Where an entry of an array of tables stands.
inline std::string where_of(const std::map<std::string, ConfigValue>& entry) { return entry.at("[[]]").where; }

/// A reader of an entry of an array of tables.
inline TableReader entry_reader(std::map<std::string, ConfigValue> entry) {
  const std::string where = where_of(entry);
  entry.erase("[[]]");
  return {std::move(entry), where};
}

}  // namespace dermaflux
