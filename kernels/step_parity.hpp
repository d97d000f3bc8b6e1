#pragma once
#include <cxxabi.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <typeinfo>
#include <vector>

#include "core/execution/executor.hpp"

/// Parity step by step: every step of a treatment by the serial reference and once more, from the same state, somewhere else. For
/// tests and for validation/gpu.
namespace dermaflux {

/// What became of one step.
struct StepFinding {
  long calls = 0, compared = 0;
  long changed = 0;    ///< numbers that the reference changed, in all comparisons
  long different = 0;  ///< numbers that came out with other bits
  double error = 0.0;  ///< largest difference over the largest value among 64 neighbours [-]; infinite if not finite alone
};

/// The state of one member, and what was found, by the name of the step.
struct StepParity {
  double* state;
  long length;
  std::map<std::string, StepFinding> found = {};
  std::vector<FieldView<const double>> scratch = {};  ///< what a step leaves to itself, by groups of rows of its executor's width
  std::vector<double> before = {}, reference = {};

  /// The first eight calls of a step are compared, and later ones ever more rarely: 16th, 32nd, 64th and so on.
  static bool is_compared(long call) { return call <= 8 || (call & (call - 1)) == 0; }
  /// Leaves the reference's scratch where the other one stands.
  void overlook_scratch() const {
    for (const FieldView<const double>& view : scratch)
      std::copy_n(reference.data() + (view.data - view.pad - state), view.size + 2 * view.pad,
                  state + (view.data - view.pad - state));
  }
  void compare(StepFinding& one) const {
    constexpr long neighbours = 64;
    for (long from = 0; from < length; from += neighbours) {
      const long to = std::min(from + neighbours, length);
      const std::size_t bytes = static_cast<std::size_t>(to - from) * sizeof(double);
      const double *a = reference.data() + from, *b = state + from, *old = before.data() + from;
      if (std::memcmp(a, old, bytes) == 0 && std::memcmp(a, b, bytes) == 0) continue;
      double scale = 0.0, difference = 0.0;
      for (long k = 0; k < to - from; ++k) {
        one.changed += std::memcmp(a + k, old + k, sizeof(double)) != 0;
        scale = std::fmax(scale, std::fabs(a[k]));
        if (std::memcmp(a + k, b + k, sizeof(double)) == 0) continue;
        ++one.different;
        const double gap = std::fabs(a[k] - b[k]);
        difference = std::isfinite(gap) ? std::fmax(difference, gap) : HUGE_VAL;
      }
      if (difference > 0.0) one.error = std::fmax(one.error, scale > 0.0 ? difference / scale : HUGE_VAL);
    }
  }
};

/// Name of a step as its source has it.
template <class Step>
std::string step_name() {
  int status = 0;
  char* const text = abi::__cxa_demangle(typeid(Step).name(), nullptr, nullptr, &status);
  std::string name = status == 0 ? text : typeid(Step).name();
  std::free(text);
  for (std::size_t at; (at = name.find("dermaflux::")) != std::string::npos;) name.erase(at, 11);
  return name;
}

/// Runs each step by the reference, and some of its calls also by `other`, which needs cells, rows and single. What goes on is what
/// the reference left.
template <class Other>
struct StepTwice : SerialExecutor {
  StepParity* parity;
  Other other;

  StepTwice(StepParity& into, Other than) : parity(&into), other(than) {}

  template <class Step>
  void cells(int n_i, int n_j, const Step& step) const {
    twice<Step>([&](const auto& executor) { executor.cells(n_i, n_j, step); });
  }
  template <class Step>
  void rows(int n_j, const Step& step) const {
    twice<Step>([&](const auto& executor) { executor.rows(n_j, step); });
  }
  template <class Step>
  void single(const Step& step) const {
    twice<Step>([&](const auto& executor) { executor.single(step); });
  }

 private:
  template <class Step, class Run>
  void twice(const Run& run) const {
    StepParity& p = *parity;
    StepFinding& one = p.found[step_name<Step>()];
    if (!StepParity::is_compared(++one.calls)) return run(SerialExecutor{});
    ++one.compared;
    p.before.assign(p.state, p.state + p.length);
    run(SerialExecutor{});
    p.reference.assign(p.state, p.state + p.length);
    std::copy(p.before.begin(), p.before.end(), p.state);
    run(other);
    p.overlook_scratch();
    p.compare(one);
    std::copy(p.reference.begin(), p.reference.end(), p.state);
  }
};

}  // namespace dermaflux
