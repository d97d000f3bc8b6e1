// Times healing on what the insertion of the normal treatment leaves. Usage: healing_pieces FOLDER CONFIGS; then one command per
// line, each answered by one JSON object on a line:
//   start GRID          inserts; leaves NAME.f64 for every array of the reaction and answers with its numbers, all in SI
//   react TOLERANCE     ten years of reactions in every cell, nothing spreading, at a share of the solver's tolerance; leaves the
//                       four pools of the dermis at all moments as healing.ours.f64 [moment][pool][cell]
//   heal                ten years of healing, fading and measuring as in a treatment
#include <time.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>
#include <vector>

#include "core/io/config.hpp"
#include "core/simulation/case_builder.hpp"
#include "core/simulation/workspace.hpp"

namespace {

using namespace dermaflux;

/// Time the processor gave to this process [s]: other load does not count.
double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

struct Healing {
  CaseBlueprint blueprint;
  Workspace workspace;
  TreatmentCase bound;

  Healing(const Treatment& treatment, const RunOptions& options)
      : blueprint(build_case(treatment, options)),
        bound(blueprint.bind(blueprint.constants.data(), workspace.zeroed(blueprint.state_length))) {
    Outcome outcome{};
    run_treatment(SerialExecutor{}, bound, &outcome);
  }
  /// Pools as the insertion leaves them; what healed before is gone.
  HealingProblem begin() const {
    HealingProblem p = bound.healing;
    lay_down(SerialExecutor{}, bound.insertion, p);
    return p;
  }
};

using Folder = std::filesystem::path;

template <class Value>
void save(const Folder& folder, const std::string& name, int cells, Value value) {
  std::vector<double> all;
  for (int k = 0; k < cells; ++k) all.push_back(value(k));
  std::ofstream(folder / (name + ".f64"), std::ios::binary)
      .write(reinterpret_cast<const char*>(all.data()), static_cast<std::streamsize>(all.size() * sizeof(double)));
}

std::string start(const Folder& folder, const Healing& healing) {
  const HealingProblem p = healing.begin();
  const TissueRates& rates = p.params.rates[at_axis];
  const TissueCourses& courses = p.params.courses[at_axis];
  const int cells = p.grid.cell_count(), n_z = p.grid.n_z;
  save(folder, "free", cells, [&](int k) { return p.pools.free(k); });
  save(folder, "matrix", cells, [&](int k) { return p.pools.matrix(k); });
  save(folder, "wound", cells, [&](int k) { return p.scratch.wound(k); });
  save(folder, "lymph_factor", cells, [&](int k) { return p.scratch.lymph_factor(k) * (1.0 - p.rows.epidermal(k % n_z)); });
  save(folder, "residents", cells, [&](int k) { return p.rows.residents(k % n_z); });
  save(folder, "open_track", cells, [&](int k) { return p.rows.open_track(k % n_z); });
  save(folder, "photolysis", cells, [&](int k) { return p.rows.photolysis(k % n_z); });
  save(folder, "moments", healing.bound.moment_count, [&](int m) { return healing.bound.moments[m]; });
  std::ostringstream text;
  text.precision(17);
  const std::pair<const char*, double> numbers[] = {{"uptake", rates.uptake.rate},
                                                    {"resident_density", rates.uptake.resident_density},
                                                    {"capacity", rates.uptake.capacity},
                                                    {"peak", courses.recruitment.peak},
                                                    {"rise", courses.recruitment.rise},
                                                    {"decay", courses.recruitment.decay},
                                                    {"migration", rates.migration.rate},
                                                    {"migration_load", rates.migration.load},
                                                    {"migration_window", rates.migration.window},
                                                    {"exudation", courses.open_track.initial},
                                                    {"closure", courses.open_track.decay},
                                                    {"lymph", rates.free_lymph},
                                                    {"matrix_release", rates.matrix_release},
                                                    {"death_loss", rates.cell_death_loss},
                                                    {"transfer", rates.transfer},
                                                    {"slow_return", rates.slow_return},
                                                    {"slow_loss", rates.slow_loss},
                                                    {"cells", static_cast<double>(cells)}};
  for (const auto& [name, value] : numbers) text << (text.tellp() > 0 ? ", " : "") << "\"" << name << "\": " << value;
  return text.str();
}

std::string react(const Folder& folder, const Healing& healing, double tolerance) {
  HealingProblem p = healing.begin();
  for (TissueSpread& tissue : p.params.spread) tissue = {};
  p.params.epidermal_rows = 0;
  p.params.tolerance *= tolerance;
  HealingTally tally;
  const std::size_t all = static_cast<std::size_t>(4 * healing.bound.moment_count * p.grid.cell_count());
  std::vector<double> pools(all);  // laid out before: no new pages while the clock runs
  auto next = pools.begin();
  double seconds = 0.0;
  for (int m = 0; m < healing.bound.moment_count; ++m) {
    const double before = processor_seconds();
    heal_until(SerialExecutor{}, p, healing.bound.moments[m], tally);
    seconds += processor_seconds() - before;
    for (const FieldView<double>& pool : {p.pools.free, p.pools.matrix, p.pools.macrophage, p.pools.slow})
      next = std::copy(pool.data, pool.data + pool.size, next);
  }
  std::ofstream(folder / "healing.ours.f64", std::ios::binary)
      .write(reinterpret_cast<const char*>(pools.data()), static_cast<std::streamsize>(all * sizeof(double)));
  return "\"steps\": " + std::to_string(tally.steps) + ", \"rejected\": " + std::to_string(tally.rejected) + ", \"seconds\": " + std::to_string(seconds);
}

std::string heal(const Healing& healing) {
  HealingProblem p = healing.begin();
  HealingTally tally;
  const double before = processor_seconds();
  for (int m = 0; m < healing.bound.moment_count; ++m) {
    heal_until(SerialExecutor{}, p, healing.bound.moments[m], tally);
    measure(SerialExecutor{}, p, healing.bound.depth_limit);
  }
  return "\"steps\": " + std::to_string(tally.steps) + ", \"seconds\": " + std::to_string(processor_seconds() - before);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: healing_pieces FOLDER CONFIGS\n";
    return 2;
  }
  const Folder folder = argv[1];
  const Treatment treatment = TreatmentDocument::load(Folder(argv[2]) / "treatments/normal_scalp.toml", {}).treatment();
  std::unique_ptr<Healing> healing;
  std::cout << "{}" << std::endl;
  for (std::string line, command, word; std::getline(std::cin, line);) {
    std::istringstream words(line);
    words >> command >> word;
    try {
      std::string answer;
      if (command == "start") {
        RunOptions options;
        options.grid = grid_level(word);
        options.horizon = 10.0 * units::year;
        healing = std::make_unique<Healing>(treatment, options);
        answer = start(folder, *healing);
      }
      if (command == "react" && healing) answer = react(folder, *healing, std::stod(word));
      if (command == "heal" && healing) answer = heal(*healing);
      if (answer.empty()) throw std::runtime_error("no command " + command + ", or nothing to heal yet");
      std::cout << "{" << answer << "}" << std::endl;
    } catch (const std::exception& error) {
      std::cerr << line << ": " << error.what() << "\n";
      return 1;
    }
  }
}
