#pragma once
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "core/solver/box_solver.hpp"
#include "kernels/batches.hpp"
#include "kernels/step_parity.hpp"

/// What is checked: the CUDA backend, or its emulation on the host where no GPU is at hand.
namespace dermaflux::gpu_check {

inline constexpr std::uint64_t all_memory = std::numeric_limits<std::uint64_t>::max();

struct Target {
  bool device;            ///< a GPU; else the emulation
  double tolerance;       ///< against the serial reference, relative to the largest value of a field [-]
  double box_tolerance;   ///< of a box, whose pressure is known to the tolerance of its solution only [-]
  double look_tolerance;  ///< of what is computed from the look, whose sums are in single precision [-]
  void (*run_case)(TreatmentCase& bound, const CaseBlueprint& blueprint, double* state, Outcome* outcomes);
  std::vector<Unfit> (*run_members)(const std::vector<Member>& members, const RunOptions& options, MemberSink& sink,
                                    std::size_t window, std::uint64_t most_bytes);
  std::map<std::string, StepFinding> (*run_steps)(const Treatment& treatment, const RunOptions& options,
                                                  std::map<std::string, StepFinding> found);
  void (*run_photons)(const PhotonJob& job, std::vector<long long>& sums);
  void (*run_space)(SpaceCase& bound, Outcome& outcome);
};
Target cuda_target();      ///< throws BackendError where there is no device
Target emulated_target();  ///< blocks in their order on one thread

/// Every step of a treatment by the reference and on the device (steps.cu).
std::map<std::string, StepFinding> steps_on_device(const Treatment& treatment, const RunOptions& options,
                                                   std::map<std::string, StepFinding> found);

/// What one solution of a box of n^3 cells took.
struct BoxSpeed {
  SolveCost cost;
  double seconds, set_up_seconds;
  double bytes_per_iteration;  ///< that it has to move: every array once per step [byte per cell]
  double copy_rate;            ///< of a copy of device memory, read and write [byte/s]; 0 without a device
};
/// Pressure to 1e-8 in twenty layers over six decades, or in one, on the device (box_speed.cu); NAN seconds where it has no room.
BoxSpeed solve_box_of(int n, bool layered);

/// Treatments of a folder of configurations.
struct Cases {
  std::filesystem::path configs;
  using Overrides = std::vector<std::pair<std::string, std::string>>;
  Treatment treatment(const std::string& name, const Overrides& overrides = {}) const;
};

/// Keeps every outcome at its member's place.
struct KeepAll : MemberSink {
  std::vector<MemberOutcome> outcomes;
  explicit KeepAll(std::size_t members) : outcomes(members) {}
  void member_done(std::size_t index, MemberOutcome outcome) override { outcomes.at(index) = std::move(outcome); }
};

/// Outcomes of an ensemble on a target, and by the serial reference on this many host threads.
std::vector<MemberOutcome> on_target(const Target& target, const std::vector<Member>& members, const RunOptions& options,
                                     std::size_t window = window_length, std::uint64_t most_bytes = all_memory);
std::vector<MemberOutcome> on_host(const std::vector<Member>& members, const RunOptions& options, unsigned threads);

/// What two members' outputs differ by, relative, those next to nothing against a millionth; infinite where one failed or is no
/// number alone. The residue of the ledger is rounding itself and is left out.
struct OutputErrors {
  double look = 0.0, other = 0.0;
  std::string worst_look, worst_other;
  void add(const MemberOutcome& a, const MemberOutcome& b);
};

/// Every number of an outcome but the time it took.
std::vector<double> numbers_of(const MemberOutcome& outcome);

/// Quantities made of an ensemble by Thrust: per setting the sum, three quantiles and the share of draws that keep the rules, a
/// histogram of all, and the ranking of the settings by share; on the device or on the host.
struct RuleOnValues {
  std::vector<double> values;  ///< setting by setting, draw by draw
  double low, high;
};
std::vector<double> reduce_draws(const std::vector<RuleOnValues>& rules, int settings, int draws, bool on_device);

/// Facts of the device, its driver and the program on it; empty without one.
std::vector<std::pair<std::string, double>> device_numbers();

void check_parity(const Target& target, const Cases& cases, class Report& report, double seconds);
void check_steps(const Target& target, const Cases& cases, class Report& report);
void check_ensemble(const Target& target, const Cases& cases, class Report& report);
void check_photons(const Target& target, class Report& report);
void check_boxes(const Target& target, const Cases& cases, class Report& report);
void check_lines(const Target& target, const Cases& cases, class Report& report);
void measure_throughput(const Target& target, const Cases& cases, class Report& report, double seconds, const std::string& grid);

}  // namespace dermaflux::gpu_check
