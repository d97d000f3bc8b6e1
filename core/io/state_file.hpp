#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/simulation/outcome.hpp"
#include "core/simulation/space_case.hpp"

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

/// The same for a run in a box, whose state is large: written from the memory of the case, and read into it.
void write_space_state(const std::filesystem::path& path, SpaceCase& c, const Outcome& outcome, double runtime,
                       const StateFacts& facts);

/// Puts a case that was built anew where the state says; returns the wall time spent before [s]. Throws FileError; InputError if
/// one of the facts `expected` differs, naming it.
double read_space_state(const std::filesystem::path& path, const StateFacts& expected, SpaceCase& c, Outcome& outcome);

}  // namespace dermaflux
