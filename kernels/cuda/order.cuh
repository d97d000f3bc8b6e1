#pragma once
#include <thrust/functional.h>
#include <thrust/sequence.h>
#include <thrust/sort.h>

namespace dermaflux {

/// Positions of values from the largest to the smallest, equal ones as they stood: the same order by every policy. Sorts `values`.
template <class Policy, class Values, class Positions>
void rank_falling(const Policy& policy, Values values, Values end, Positions positions) {
  thrust::sequence(policy, positions, positions + (end - values));
  thrust::stable_sort_by_key(policy, values, end, positions, thrust::greater<double>());
}

}  // namespace dermaflux
