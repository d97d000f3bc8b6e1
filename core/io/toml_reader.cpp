#include "core/io/toml_reader.hpp"

#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 1
#include <toml++/toml.h>

#include <sstream>

#include "core/error.hpp"

namespace dermaflux {
namespace {

std::string place(const std::string& file, const toml::node& node) { return file + ":" + std::to_string(node.source().begin.line); }

ConfigValue::Content content_of(const toml::node& node, const std::string& where, const std::string& key) {
  if (const auto* flag = node.as_boolean()) return flag->get();
  if (const auto* text = node.as_string()) return text->get();
  if (const auto number = node.value<double>()) return *number;
  if (const auto* array = node.as_array()) {
    std::vector<double> numbers;
    std::vector<std::string> words;
    for (const toml::node& item : *array) {
      if (const auto* text = item.as_string())
        words.push_back(text->get());
      else if (const auto number = item.value<double>(); number && !item.is_boolean())
        numbers.push_back(*number);
      else
        throw InputError(where + ": " + key + " holds an item that is neither a number nor text; write numbers or words only");
    }
    if (!numbers.empty() && !words.empty()) throw InputError(where + ": " + key + " mixes numbers and text; write one kind");
    if (!words.empty()) return words;
    return numbers;
  }
  throw InputError(where + ": " + key + " is a date or time (no key takes one); write a number, true, false or a word");
}

ConfigValue described_value(const toml::table& table, const std::string& file, const std::string& key) {
  ConfigValue result;
  result.where = place(file, table);
  for (const auto& [name, node] : table) {
    const std::string part(name.str());
    if (part == "value") {
      result.content = content_of(node, place(file, node), key);
    } else if (part == "range") {
      const auto content = content_of(node, place(file, node), key + ".range");
      const auto* numbers = std::get_if<std::vector<double>>(&content);
      if (!numbers || numbers->size() != 2 || !((*numbers)[0] <= (*numbers)[1]))
        throw InputError(place(file, node) + ": range of " + key + " is not two increasing numbers; write range = [low, high]");
      result.range = std::pair{(*numbers)[0], (*numbers)[1]};
    } else if (part == "source") {
      result.source = node.value_or(std::string());
    } else if (part == "unit") {
      result.unit = node.value_or(std::string());
    } else if (part != "note") {
      throw InputError(place(file, node) + ": " + key + " has an unknown part \"" + part +
                       "\" (a value is described by value, unit, range, source and note)");
    }
  }
  return result;
}

void flatten(const toml::table& table, const std::string& prefix, TomlFile& file) {
  const std::string name = file.path.string();
  for (const auto& [part, node] : table) {
    const std::string key = prefix.empty() ? std::string(part.str()) : prefix + "." + std::string(part.str());
    if (const toml::table* inner = node.as_table()) {
      if (inner->contains("value"))
        file.values[key] = described_value(*inner, name, key);
      else
        flatten(*inner, key, file);
    } else if (const toml::array* array = node.as_array(); array && !array->empty() && array->is_array_of_tables()) {
      for (const toml::node& item : *array) {
        TomlFile entry{file.path, {}, {}};
        flatten(*item.as_table(), "", entry);
        entry.values["[[]]"] = {key, std::nullopt, "", place(name, item)};
        file.arrays.push_back(std::move(entry.values));
      }
    } else {
      file.values[key] = {content_of(node, place(name, node), key), std::nullopt, "", place(name, node)};
    }
  }
}

}  // namespace

TomlFile read_toml(const std::filesystem::path& path) {
  if (!std::filesystem::is_regular_file(path)) throw FileError(path.string() + ": no such file; give the path of a TOML file");
  TomlFile file{path, {}, {}};
  try {
    flatten(toml::parse_file(path.string()), "", file);
  } catch (const toml::parse_error& error) {
    std::ostringstream message;
    message << path.string() << ":" << error.source().begin.line << ": " << error.description() << " (not valid TOML)";
    throw InputError(message.str());
  }
  return file;
}

void check_unit(const ConfigValue& value, const std::string& key, const std::string& unit) {
  const std::string wanted = unit.empty() ? "1" : unit;
  if (!value.unit.empty() && value.unit != wanted)
    throw InputError(value.where + ": " + key + " is given in \"" + value.unit + "\" (its unit is " + wanted +
                     "); convert the value");
}

ConfigValue::Content read_toml_value(const std::string& text, const std::string& where) {
  try {
    const toml::table table = toml::parse("value = " + text);
    if (table.size() != 1) throw InputError(where + ": holds more than one value; write KEY=VALUE");
    return content_of(*table.get("value"), where, "value");
  } catch (const toml::parse_error&) {
    return text;  // a bare word
  }
}

}  // namespace dermaflux
