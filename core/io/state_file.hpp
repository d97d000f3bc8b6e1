#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/simulation/outcome.hpp"

namespace dermaflux {

/// A run that was stopped: everything that the rest of it depends on besides its input.
struct RunState {
  std::vector<double> memory;  ///< of the case, with the place where the program stands
  Outcome outcome;             ///< what has been seen so far
  double time;                 ///< reached since the first session [s]
  double runtime;              ///< wall time spent so far [s]
};

/// What a state belongs to and where it comes from, as text: "program" (version and commit), "input_sha256", "grid", "horizon_year"
/// and what else the writer wants to find again.
using StateFacts = std::map<std::string, std::string>;

/// Writes a state as HDF5, complete or not at all. Throws FileError.
void write_state(const std::filesystem::path& path, const RunState& state, const StateFacts& facts);

/// The facts of a state file. Throws FileError if there is none, or if it is something else.
StateFacts read_state_facts(const std::filesystem::path& path);

/// The state itself. Throws FileError; InputError if one of the facts `expected` differs, naming it.
RunState read_state(const std::filesystem::path& path, const StateFacts& expected);

}  // namespace dermaflux
