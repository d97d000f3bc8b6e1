#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <vector>

#include "core/execution/executor.hpp"
#include "core/simulation/workspace.hpp"
#include "kernels/batches.hpp"

/// What a GPU does, on the host: the order in which a block works through the steps, and batches of members side by side in one
/// memory. For tests and for validation/gpu, where no GPU is at hand.
namespace dermaflux {

/// The lanes of a block one after the other, the last one first, so that any dependence between lanes shows: cells and rows dealt
/// out by stride, one row at a time.
struct StridedExecutor {
  static constexpr int row_width = 1;
  int lanes;

  template <class Step>
  void cells(int n_i, int n_j, const Step& step) const {
    for (int lane = lanes - 1; lane >= 0; --lane)
      for (int k = lane; k < n_i * n_j; k += lanes) step(k / n_j, k % n_j);
  }
  template <class Step>
  void rows(int n_j, const Step& step) const {
    for (int lane = lanes - 1; lane >= 0; --lane)
      for (int j = lane; j < n_j; j += lanes) step.template rows<1>(j);
  }
  template <class Step>
  void single(const Step& step) const {
    step();
  }
  double read(FieldView<const double> view, int i) const { return view(i); }
  void milestone(double) const {}
  bool asked_to_stop() const { return false; }
  void stop_where_asked(bool) const {}
};
static_assert(Executor<StridedExecutor>);

/// A device for run_in_batches whose blocks are StridedExecutors. A batch runs when it is waited for, its last member
/// first: a member that wrote outside its own memory would change another.
class EmulatedDevice {
 public:
  explicit EmulatedDevice(std::uint64_t bytes = std::numeric_limits<std::uint64_t>::max(), int lanes = 128)
      : bytes_(bytes), lanes_(lanes) {}

  std::uint64_t free_bytes() const { return bytes_; }
  std::vector<std::size_t> longest_first(const std::vector<double>& costs) const {
    std::vector<std::size_t> order(costs.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return costs[a] > costs[b]; });
    return order;
  }
  void start(int place, const std::vector<const CaseBlueprint*>& members) {
    Batch& batch = batches_[place];
    const BatchLayout layout = lay_out_batch(members);
    batch.constants.assign(static_cast<std::size_t>(layout.constants), NAN);
    batch.outcomes.assign(static_cast<std::size_t>(layout.outcomes), Outcome{});
    double* state = batch.state.zeroed(static_cast<long>(layout.state));
    batch.members.clear();
    for (std::size_t n = 0; n < members.size(); ++n) {
      double* constants = batch.constants.data() + layout.constants_at[n];
      std::copy(members[n]->constants.begin(), members[n]->constants.end(), constants);
      batch.members.push_back(
          {members[n]->bind(constants, state + layout.state_at[n]), batch.outcomes.data() + layout.outcomes_at[n]});
    }
    sizes.push_back(members.size());
  }
  std::vector<Outcome> finish(int place) {
    Batch& batch = batches_[place];
    for (auto member = batch.members.rbegin(); member != batch.members.rend(); ++member)
      run_treatment(StridedExecutor{lanes_}, member->problem, member->outcomes);
    return batch.outcomes;
  }

  std::vector<std::size_t> sizes;  ///< of the batches so far

 private:
  struct MemberInMemory {
    TreatmentCase problem;
    Outcome* outcomes;
  };
  struct Batch {
    std::vector<double> constants;
    std::vector<Outcome> outcomes;
    Workspace state;
    std::vector<MemberInMemory> members;
  };
  std::uint64_t bytes_;
  int lanes_;
  Batch batches_[2];
};

}  // namespace dermaflux
