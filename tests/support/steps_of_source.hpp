#pragma once
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>

namespace dermaflux::test {

/// Names of the steps that core/solver has in files whose names begin so.
inline std::set<std::string> steps_of_source(const std::string& beginning) {
  std::set<std::string> names;
  const std::regex step(R"(\nstruct (\w+Step)\b)");
  for (const auto& file : std::filesystem::directory_iterator(DF_SOURCE "/core/solver")) {
    if (!file.path().filename().string().starts_with(beginning)) continue;
    std::stringstream text;
    text << std::ifstream(file.path()).rdbuf();
    const std::string source = text.str();
    for (std::sregex_iterator at(source.begin(), source.end(), step), end; at != end; ++at) names.insert((*at)[1]);
  }
  return names;
}

/// The words of which the name of a type is made.
inline std::set<std::string> words(const std::string& name) {
  std::set<std::string> all;
  const std::regex word(R"(\w+)");
  for (std::sregex_iterator at(name.begin(), name.end(), word), end; at != end; ++at) all.insert(at->str());
  return all;
}

}  // namespace dermaflux::test
