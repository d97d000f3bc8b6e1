#include <thrust/device_vector.h>
#include <thrust/execution_policy.h>
#include <thrust/host_vector.h>

#include "kernels/cuda/block_program.cuh"
#include "kernels/cuda/check.cuh"
#include "kernels/cuda/draws.cuh"
#include "kernels/cuda/order.cuh"
#include "validation/gpu/target.hpp"

namespace dermaflux::gpu_check {
namespace {

constexpr int bins = 20;

/// The reductions by one policy, whose vectors are Vector<T>.
template <template <class...> class Vector, class Policy>
std::vector<double> reduce(const Policy& policy, const std::vector<RuleOnValues>& wanted, int settings, int draws) {
  const long count = static_cast<long>(settings) * draws;
  std::vector<Vector<double>> columns;
  std::vector<Rule> host_rules;
  columns.reserve(wanted.size());  // they must not move: the rules point into them
  for (const RuleOnValues& one : wanted) {
    columns.emplace_back(one.values.begin(), one.values.end());
    host_rules.push_back({thrust::raw_pointer_cast(columns.back().data()), one.low, one.high});
  }
  const Vector<Rule> rules(host_rules.begin(), host_rules.end());
  std::vector<double> result;
  Vector<double> numbers(settings);
  const auto keep = [&](const auto& of_setting) {
    for_settings(policy, numbers.begin(), settings, of_setting);
    std::vector<double> host(settings);
    thrust::copy(numbers.begin(), numbers.end(), host.begin());
    result.insert(result.end(), host.begin(), host.end());
  };
  Vector<double> sorted = columns.front();
  Vector<int> room(count);
  keep(SumOfDraws{{host_rules.front().values, settings, draws}});
  sort_draws(policy, sorted.begin(), count, draws, room.begin());
  for (const double share : {0.1, 0.5, 0.9})
    keep(QuantileOfDraws{{thrust::raw_pointer_cast(sorted.data()), settings, draws}, share});
  keep(ShareOfDraws{thrust::raw_pointer_cast(rules.data()), static_cast<int>(host_rules.size()), draws});

  Vector<std::size_t> order(settings);  // numbers holds the shares
  rank_falling(policy, numbers.begin(), numbers.end(), order.begin());
  std::vector<std::size_t> ranking(settings);
  thrust::copy(order.begin(), order.end(), ranking.begin());
  result.insert(result.end(), ranking.begin(), ranking.end());

  Vector<double> all = columns.front();
  sort_draws(policy, all.begin(), count, static_cast<int>(count), room.begin());
  std::vector<double> host_edges;
  for (int n = 0; n <= bins; ++n) host_edges.push_back(static_cast<double>(n) / bins);
  const Vector<double> edges(host_edges.begin(), host_edges.end());
  Vector<long> below(edges.size());
  count_below(policy, all.begin(), all.end(), edges.begin(), edges.end(), below.begin());
  std::vector<long> counts(edges.size());
  thrust::copy(below.begin(), below.end(), counts.begin());
  for (int n = 0; n < bins; ++n) result.push_back(static_cast<double>(counts[n + 1] - counts[n]));
  return result;
}

}  // namespace

std::vector<double> reduce_draws(const std::vector<RuleOnValues>& rules, int settings, int draws, bool on_device) {
  return on_device ? reduce<thrust::device_vector>(thrust::device, rules, settings, draws)
                   : reduce<thrust::host_vector>(thrust::host, rules, settings, draws);
}

std::vector<std::pair<std::string, double>> device_numbers() {
  int devices = 0;
  if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) return {};
  int driver = 0, runtime = 0;
  check(cudaDriverGetVersion(&driver), "asking for the driver");
  check(cudaRuntimeGetVersion(&runtime), "asking for the runtime");
  const ProgramFacts facts = program_facts();
  return {{"driver_cuda_version", driver},
          {"runtime_cuda_version", runtime},
          {"registers_per_thread", facts.registers},
          {"local_bytes_per_thread", static_cast<double>(facts.local_bytes)},
          {"shared_bytes_per_block", static_cast<double>(facts.shared_bytes)},
          {"threads_per_block", threads_per_block},
          {"blocks_per_multiprocessor", facts.blocks_per_multiprocessor},
          {"multiprocessors", facts.multiprocessors},
          {"local_memory_of_all_threads_mib", static_cast<double>(facts.reserved_bytes) / 1048576.0}};
}

}  // namespace dermaflux::gpu_check
