#include <algorithm>
#include <bit>
#include <thread>

#include "core/io/study_file.hpp"
#include "core/units.hpp"
#include "validation/gpu/check_report.hpp"
#include "validation/gpu/target.hpp"

namespace dermaflux::gpu_check {
namespace {

/// Loops of a block that end in a barrier, counted by running on the host.
struct CountingExecutor : SerialExecutor {
  long* barriers;
  template <class Step>
  void cells(int n_i, int n_j, const Step& step) const {
    ++*barriers;
    SerialExecutor::cells(n_i, n_j, step);
  }
  template <class Step>
  void rows(int n_j, const Step& step) const {
    ++*barriers;
    SerialExecutor::rows(n_j, step);
  }
  template <class Step>
  void single(const Step& step) const {
    ++*barriers;
    step();
  }
  double read(FieldView<const double> view, int i) const {
    ++*barriers;
    return view(i);
  }
};

constexpr int settings = 8;  ///< set depths, 0.3 to 0.65 mm

/// The sweep that GPU and CPU both run: depths, each with draws of the carrier's viscosity (1 to 20 mPa s, golden ratio, so that
/// any number of draws covers the range).
std::vector<Member> depth_sweep(const Cases& cases, int draws) {
  std::vector<Member> members;
  for (int s = 0; s < settings; ++s) {
    const Treatment base = cases.treatment("normal", {{"machine.depth_mm", std::to_string(0.30 + 0.05 * s)}});
    for (int n = 0; n < draws; ++n) {
      members.push_back({base, {}});
      const double share = std::fmod(0.5 + 0.6180339887498949 * n, 1.0);
      members.back().treatment.ink.viscosity.carrier_viscosity = (1.0 + 19.0 * share) * units::mPa_s;
    }
  }
  return members;
}

long barriers_of(const Member& member, const RunOptions& options) {
  CaseBlueprint blueprint = build_case(member.treatment, options);
  Workspace workspace;
  TreatmentCase bound = blueprint.bind(blueprint.constants.data(), workspace.zeroed(blueprint.state_length));
  std::vector<Outcome> outcomes(static_cast<std::size_t>(bound.branches.count));
  long barriers = 0;
  CountingExecutor executor{};
  executor.barriers = &barriers;
  run_treatment(executor, bound, outcomes.data());
  return barriers;
}

/// The rules of the shipped calibration, with what the members give for them.
std::vector<RuleOnValues> rules_of(const Cases& cases, const std::vector<MemberOutcome>& outcomes) {
  std::vector<RuleOnValues> rules;
  for (const Criterion& one : load_calibration(cases.configs / "calibrations/scalp.toml", "normal", true, {}).criteria) {
    RuleOnValues rule{{}, one.low, one.high};
    for (const MemberOutcome& member : outcomes)
      rule.values.push_back(member.index() == 0 ? output_field(one.output).value(std::get<0>(member)[0]) : std::nan(""));
    rules.push_back(std::move(rule));
  }
  return rules;
}

/// What Thrust makes of the sweep: the same bits on device and host, and the probability of each depth.
void check_reductions(const Target& target, const Cases& cases, const std::vector<MemberOutcome>& outcomes, int draws,
                      Report& report) {
  const std::vector<RuleOnValues> rules = rules_of(cases, outcomes);
  const std::vector<double> host = reduce_draws(rules, settings, draws, false);
  if (target.device) {
    const std::vector<double> device = reduce_draws(rules, settings, draws, true);
    report.require("sums, quantiles, shares, ranking and histogram have the same bits on device and host",
                   std::equal(host.begin(), host.end(), device.begin(), device.end(), [](double a, double b) {
                     return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
                   }));
  }
  Json depths = Json::array();
  for (int s = 0; s < settings; ++s) {
    int right = 0;
    for (int n = 0; n < draws; ++n)
      right += std::all_of(rules.begin(), rules.end(), [&](const RuleOnValues& rule) {
        const double value = rule.values[static_cast<std::size_t>(s * draws + n)];
        return value >= rule.low && value <= rule.high;
      });
    const double share = host[static_cast<std::size_t>(4 * settings + s)];
    report.require("probability at depth " + std::to_string(s) + " is a count of draws",
                   share == static_cast<double>(right) / draws);
    depths.push_back({{"depth_mm", 0.30 + 0.05 * s}, {"probability", share}, {"draws", draws}});
  }
  report.fact("probability_map", depths);
}

/// Members that the device holds at once.
double resident_members() {
  double members = 1.0;
  for (const auto& [name, value] : device_numbers())
    if (name == "blocks_per_multiprocessor" || name == "multiprocessors") members *= value;
  return members;
}

double rate_of(std::size_t members, double seconds) { return static_cast<double>(members) / seconds; }

}  // namespace

void measure_throughput(const Target& target, const Cases& cases, Report& report, double seconds, const std::string& grid) {
  RunOptions options;
  options.grid = grid_level(grid);
  const Clock clock;
  const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
  const std::vector<Member> first = depth_sweep(cases, 1);
  KeepAll nobody(first.size());
  prepare_members(first, 0, 1, options, nobody);  // makes the photon paths, once per process
  const Clock building;
  const std::size_t built = prepare_members(first, 0, first.size(), options, nobody).size();
  report.figure(grid + ", building a member", 1e3 * building.seconds() / static_cast<double>(built), "ms", "one core");
  const Member shipped{cases.treatment("normal"), {}};
  report.figure(grid + ", loops of the shipped treatment that end in a barrier", static_cast<double>(barriers_of(shipped, options)),
                "1");

  const Clock one_member;
  on_target(target, {shipped}, options);
  const double alone = one_member.seconds();
  report.figure(grid + ", shipped treatment alone on the " + (target.device ? "device" : "emulated block"), alone, "s");
  const int cpu_draws = std::max(1, static_cast<int>(cores) * (target.device ? 4 : 1) / settings);
  const std::vector<Member> few = depth_sweep(cases, cpu_draws);
  const Clock host;
  const auto reference = on_host(few, options, cores);
  const double host_rate = rate_of(few.size(), host.seconds());
  report.figure(grid + ", treatments, host", host_rate, "1/s",
                std::to_string(cores) + " threads, " + std::to_string(few.size()) + " members");
  if (!target.device) {
    check_reductions(target, cases, reference, cpu_draws, report);
    return;
  }

  // As many members as fill the device, then more while there is time: each launch is expected to take as long as the one before
  // per member, but never less than a member alone.
  int draws = static_cast<int>(cuda_backend().smallest_ensemble()) / settings + 1;
  double best = 0.0;
  std::vector<MemberOutcome> outcomes;
  int kept_draws = 0;
  for (double expected = 1.5 * alone; clock.seconds() + expected < seconds && draws <= 2048; draws *= 2) {
    const std::vector<Member> members = depth_sweep(cases, draws);
    const Clock run;
    outcomes = on_target(target, members, options);
    kept_draws = draws;
    const double took = run.seconds(), rate = rate_of(members.size(), took);
    report.figure(grid + ", treatments, device", rate, "1/s",
                  std::to_string(members.size()) + " members in " + std::to_string(took) + " s");
    expected = std::fmax(1.2 * alone, 2.2 * took);
    best = std::fmax(best, rate);
  }
  if (outcomes.empty()) {
    report.require(grid + ": the device was filled within the time", false, "a member alone took " + std::to_string(alone) + " s");
    return;
  }
  report.figure(grid + ", device over host", best / host_rate, "", "the same sweep, " + std::to_string(cores) + " host threads");
  const double bound = resident_members() / alone;
  report.figure(grid + ", device over its bound", best / bound, "",
                "as many members as it holds at once, each as fast as the shipped one alone: " + std::to_string(bound) + " per s");
  check_reductions(target, cases, outcomes, kept_draws, report);
}

}  // namespace dermaflux::gpu_check
