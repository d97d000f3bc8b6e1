#pragma once
#include <string>
#include <utility>

#include "core/error.hpp"
#include "core/number_text.hpp"
#include "core/simulation/space_case.hpp"
#include "core/solver/space_setup.hpp"

namespace dermaflux {

/// Doubles that a case takes in a memory other than the host's.
struct SpaceLengths {
  std::size_t constants, state, trace, turned;
  std::size_t all() const { return constants + state + trace + turned; }
  static SpaceLengths of(const SpaceCase& c) {
    return {c.constants.size(), static_cast<std::size_t>(c.state_length), c.trace.size(),
            static_cast<std::size_t>(turned_room(c.insertion))};
  }
};

/// Refuses a box for which so many free bytes are not enough.
inline void require_room(const SpaceCase& c, std::size_t free) {
  const double needed = static_cast<double>(SpaceLengths::of(c).all()) * sizeof(double), there = static_cast<double>(free);
  if (needed > there)
    throw BackendError("the box needs " + number_text(needed / 1e9) + " GB on the device, of which " + number_text(there / 1e9) +
                       " GB are free; use a coarser grid or a smaller geometry.margin_mm, or backend kokkos");
}

/// Moves a case to another memory for as long as it lives: its views point there, and state and trace come back at the end and
/// whenever the case is told that it may be kept. `Memory` takes cleared doubles and copies to and from the host.
template <class Memory>
class SpaceElsewhere {
 public:
  SpaceElsewhere(SpaceCase& c, Memory& memory)
      : case_(c), memory_(memory), lengths_(SpaceLengths::of(c)), told_(std::exchange(c.between, nullptr)) {
    constants_ = memory_.take(lengths_.all());
    state_ = constants_ + lengths_.constants;
    trace_ = state_ + lengths_.state;
    memory_.to(constants_, c.constants.data(), lengths_.constants);
    memory_.to(state_, c.state, lengths_.state);
    memory_.to(trace_, c.trace.data(), lengths_.trace);
    bind_space_case(constants_, state_, trace_, c);
    c.insertion.solver.turned_memory = trace_ + lengths_.trace;
    c.insertion.solver.turned_room = static_cast<long>(lengths_.turned);
    if (told_) c.between = [this](const Outcome& outcome) { tell(outcome); };
  }
  ~SpaceElsewhere() {
    bind_here();
    case_.between = std::move(told_);
  }
  SpaceElsewhere(const SpaceElsewhere&) = delete;
  SpaceElsewhere& operator=(const SpaceElsewhere&) = delete;

  /// Brings state and trace to the host.
  void fetch() {
    memory_.from(case_.state, state_, lengths_.state);
    memory_.from(case_.trace.data(), trace_, lengths_.trace);
  }

 private:
  void bind_here() { bind_space_case(case_.constants.data(), case_.state, case_.trace.data(), case_); }
  /// Tells whoever keeps the state, who reads it on the host.
  void tell(const Outcome& outcome) {
    fetch();
    const SpaceInsertion insertion = case_.insertion;
    const SpaceHealing healing = case_.healing;
    const FieldView<double> strips = case_.strips, rows = case_.trace_rows, count = case_.trace_count;
    bind_here();
    told_(outcome);
    case_.insertion = insertion;
    case_.healing = healing;
    case_.strips = strips;
    case_.trace_rows = rows;
    case_.trace_count = count;
  }

  SpaceCase& case_;
  Memory& memory_;
  SpaceLengths lengths_;
  std::function<void(const Outcome&)> told_;
  double *constants_, *state_, *trace_;
};

}  // namespace dermaflux
