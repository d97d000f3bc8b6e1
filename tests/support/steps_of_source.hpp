#pragma once
#include <cctype>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>

namespace dermaflux::test {

/// The words of a text: letters, digits and underscores.
inline std::set<std::string> words(const std::string& text) {
  std::set<std::string> all;
  std::string word;
  for (const char letter : text + " ") {
    if (std::isalnum(static_cast<unsigned char>(letter)) || letter == '_') {
      word += letter;
    } else if (!word.empty()) {
      all.insert(word);
      word.clear();
    }
  }
  return all;
}

/// Names of the steps that core/solver has in files whose names begin so.
inline std::set<std::string> steps_of_source(const std::string& beginning) {
  std::set<std::string> names;
  for (const auto& file : std::filesystem::directory_iterator(DF_SOURCE "/core/solver")) {
    if (!file.path().filename().string().starts_with(beginning)) continue;
    std::ifstream source(file.path());
    for (std::string line; std::getline(source, line);)
      if (line.starts_with("struct "))
        for (const std::string& name : words(line.substr(0, line.find_first_of(":{"))))
          if (name.ends_with("Step") && name != "Step") names.insert(name);
  }
  return names;
}

}  // namespace dermaflux::test
