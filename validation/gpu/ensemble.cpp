#include <algorithm>
#include <bit>
#include <thread>

#include "core/units.hpp"
#include "validation/gpu/check_report.hpp"
#include "validation/gpu/target.hpp"

namespace dermaflux::gpu_check {
namespace {

bool same_bits(const MemberOutcome& a, const MemberOutcome& b) {
  const std::vector<double> one = numbers_of(a), other = numbers_of(b);
  return a.index() == b.index() && std::equal(one.begin(), one.end(), other.begin(), other.end(), [](double x, double y) {
           return std::bit_cast<std::uint64_t>(x) == std::bit_cast<std::uint64_t>(y);
         });
}

bool all_same(const std::vector<MemberOutcome>& a, const std::vector<MemberOutcome>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), same_bits);
}

/// Every class of tissue with two dwell times, and members of different length between them.
std::vector<Member> mixed(const Cases& cases, bool all) {
  std::vector<Member> members;
  const std::vector<std::string> classes = {"normal",   "bald",         "cicatricial", "hypertrophic",
                                            "atrophic", "fue_punctate", "fut_linear",  "burn_radiation"};
  for (std::size_t n = 0; n < (all ? classes.size() : 2); ++n) members.push_back({cases.treatment(classes[n]), {0.01, 0.02}});
  members.push_back({cases.treatment("normal", {{"machine.dwell_ms", "30"}}), {}});
  members.push_back({cases.treatment("normal", {{"machine.dwell_ms", "10"}}), {}});
  members.push_back({cases.treatment("normal", {{"machine.dwell_ms", "20"}, {"machine.depth_mm", "0.7"}}), {}});
  return members;
}

}  // namespace

void check_ensemble(const Target& target, const Cases& cases, Report& report) {
  RunOptions options;
  options.grid = GridLevel::quick;
  options.horizon = (target.device ? 42.0 : 7.0) * units::day;
  const std::vector<Member> members = mixed(cases, target.device);
  const auto serial = on_host(members, options, std::max(1u, std::thread::hardware_concurrency()));
  const auto whole = on_target(target, members, options);
  OutputErrors outputs;
  for (std::size_t n = 0; n < members.size(); ++n) outputs.add(serial[n], whole[n]);
  report.limit("ensemble: outputs", outputs.other, target.tolerance, outputs.worst_other);
  report.limit("ensemble: outputs of the look", outputs.look, target.look_tolerance, outputs.worst_look);

  std::uint64_t largest = 0;
  KeepAll nobody(members.size());
  for (const Prepared& one : prepare_members(members, 0, members.size(), options, nobody))
    largest = std::max(largest, member_bytes(one.blueprint));
  report.figure("memory of the largest member", static_cast<double>(largest) / 1048576.0, "MiB");
  report.require("batches of one or two members give the same bits",
                 all_same(whole, on_target(target, members, options, window_length, largest)));
  report.require("windows of three members give the same bits", all_same(whole, on_target(target, members, options, 3)));
  const std::vector<Member> reversed(members.rbegin(), members.rend());
  auto backwards = on_target(target, reversed, options);
  std::reverse(backwards.begin(), backwards.end());
  report.require("the members in reverse give the same bits", all_same(whole, backwards));
  const std::size_t last = members.size() - 1;
  report.require("a member alone gives the same bits", same_bits(whole[last], on_target(target, {members[last]}, options)[0]));

  CaseBlueprint blueprint = build_case(members[last].treatment, options);
  Workspace workspace;
  double* state = workspace.zeroed(blueprint.state_length);
  TreatmentCase bound = blueprint.bind(blueprint.constants.data(), state);
  Outcome outcome{};
  target.run_case(bound, blueprint, state, &outcome);
  const MemberOutcome single = collect_member(members[last], blueprint, {outcome}, 0.0);
  report.require("a single run gives the bits of the member", same_bits(whole[last], single));

  const auto crowded = on_target(target, members, options, window_length, largest - 1);
  const auto refused = std::count_if(crowded.begin(), crowded.end(), [](const MemberOutcome& one) { return one.index() == 1; });
  report.require("a member without room is named and the others run", refused > 0 && refused < static_cast<long>(members.size()));

  std::vector<Member> poisoned(3, members[last]);
  poisoned[1].treatment.skin.layers[3].permeability = std::nan("");
  const auto found = on_target(target, poisoned, options);
  report.require("a poisoned member fails alone",
                 found[1].index() == 1 && same_bits(found[0], whole[last]) && same_bits(found[2], whole[last]));
}

}  // namespace dermaflux::gpu_check
