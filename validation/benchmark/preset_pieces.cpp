// Times the reader of presets: loading a file that is in memory, and asking it. Usage: preset_pieces PRESET REPEATS; prints JSON.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "core/preset/preset_reader.hpp"

namespace {

using dermaflux::PresetError;

double seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

}  // namespace

int main(int count, char** words) {
  if (count != 3) return 2;
  std::ifstream file(words[1], std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const int repeats = std::atoi(words[2]);
  dermaflux::PresetRules rules;
  rules.machine_model = "rotary_pen";
  rules.lowest = {0.05, 1.0, 10.0, 1.0, 0.0, 0.0};
  rules.highest = {3.0, 1000.0, 300.0, 5.0, 60.0, 5.0};
  rules.today = "2026-01-01";
  rules.allow_research = rules.allow_unsigned = true;
  dermaflux::PresetReader reader;
  double begin = seconds();
  for (int n = 0; n < repeats; ++n)
    if (const PresetError error = reader.open(bytes, rules); error != PresetError::none) {
      std::fprintf(stderr, "%s at %s\n", text_of(error), reader.where());
      return 1;
    }
  const double load = (seconds() - begin) / repeats;
  const int questions = 1000 * repeats;
  int answered = 0;
  double sum = 0.0;
  begin = seconds();
  for (int n = 0; n < questions; ++n) {  // all over the table and a little beyond
    const dermaflux::PresetAnswer answer = reader.settings_for(130.0 + 0.15 * (n % 1000), 0.08 + 0.00005 * (n % 997));
    answered += answer.error == PresetError::none;
    sum += answer.settings.depth_mm;
  }
  const double query = (seconds() - begin) / questions;
  std::printf("{\"bytes\": %zu, \"load_s\": %.9g, \"query_s\": %.9g, \"answered\": %.4f, \"mean_mm\": %.4f}\n", bytes.size(), load,
              query, static_cast<double>(answered) / questions, answered ? sum / answered : 0.0);
  return 0;
}
