#pragma once
#include <thrust/binary_search.h>
#include <thrust/copy.h>
#include <thrust/fill.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/iterator/zip_iterator.h>
#include <thrust/sort.h>
#include <thrust/tabulate.h>
#include <thrust/tuple.h>

#include <cmath>

#include "core/portability.hpp"

/// What is made of an ensemble of settings and draws. The values of an output stand setting by setting, its draws one after the
/// other; NaN where the member failed. Each function has the same bits by every policy, on host and device: sums are taken draw by
/// draw, counts are integers.
namespace dermaflux {

struct DrawTable {
  const double* values;
  int settings, draws;
};

/// Sum over the draws of a setting that did not fail, and how many those are.
struct SumOfDraws {
  DrawTable table;
  DF_FUNCTION double operator()(int setting) const {
    double sum = 0.0;
    for (int n = 0; n < table.draws; ++n) {
      const double value = table.values[static_cast<long>(setting) * table.draws + n];
      if (value == value) sum += value;
    }
    return sum;
  }
};

/// Quantile `share` of the draws of a setting that did not fail, linear between neighbours (type 7 of Hyndman & Fan 1996, numpy's);
/// NaN if all failed. The draws of each setting must be sorted, NaN last.
struct QuantileOfDraws {
  DrawTable sorted;
  double share;
  DF_FUNCTION double operator()(int setting) const {
    const double* own = sorted.values + static_cast<long>(setting) * sorted.draws;
    int count = sorted.draws;
    while (count > 0 && !(own[count - 1] == own[count - 1])) --count;
    if (count == 0) return own[0];
    const double at = share * (count - 1);
    const int below = static_cast<int>(at), above = below + 1 < count ? below + 1 : below;
    return own[below] + (at - below) * (own[above] - own[below]);
  }
};

/// The limits of an output within which a dot is right.
struct Rule {
  const double* values;
  double low, high;
};

/// Share of the draws of a setting that keep every rule; a failed member keeps none.
struct ShareOfDraws {
  const Rule* rules;
  int rule_count, draws;
  DF_FUNCTION double operator()(int setting) const {
    int right = 0;
    for (int n = 0; n < draws; ++n) {
      const long at = static_cast<long>(setting) * draws + n;
      bool all = true;
      for (int k = 0; k < rule_count; ++k) {
        const double value = rules[k].values[at];
        all = all && value >= rules[k].low && value <= rules[k].high;
      }
      right += all ? 1 : 0;
    }
    return static_cast<double>(right) / draws;
  }
};

/// Order of draws: by setting, then by value, NaN last.
struct BySettingThenValue {
  DF_FUNCTION bool operator()(const thrust::tuple<int, double>& a, const thrust::tuple<int, double>& b) const {
    const int one = thrust::get<0>(a), other = thrust::get<0>(b);
    if (one != other) return one < other;
    const double x = thrust::get<1>(a), y = thrust::get<1>(b);
    return x == x && (y != y || x < y);
  }
};

/// Setting of each place of a table.
struct SettingOfPlace {
  int draws;
  DF_FUNCTION int operator()(long place) const { return static_cast<int>(place / draws); }
};

/// Sorts the draws of each setting, NaN last. `settings` has room for one number per value.
template <class Policy, class Values, class Settings>
void sort_draws(const Policy& policy, Values values, long count, int draws, Settings settings) {
  thrust::tabulate(policy, settings, settings + count, SettingOfPlace{draws});
  const auto both = thrust::make_zip_iterator(thrust::make_tuple(settings, values));
  thrust::stable_sort(policy, both, both + count, BySettingThenValue{});
}

/// A number for each setting, by one of the functors above.
template <class Policy, class Numbers, class OfSetting>
void for_settings(const Policy& policy, Numbers numbers, int settings, const OfSetting& of_setting) {
  thrust::tabulate(policy, numbers, numbers + settings, of_setting);
}

/// How many of some sorted values lie below each of some edges; the differences are a histogram.
template <class Policy, class Values, class Edges, class Counts>
void count_below(const Policy& policy, Values values, Values end, Edges edges, Edges edges_end, Counts counts) {
  thrust::lower_bound(policy, values, end, edges, edges_end, counts);
}

}  // namespace dermaflux
