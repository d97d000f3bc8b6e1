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
#include "core/simulation/treatment_case.hpp"

/// Parity step by step: every step of a treatment by the serial reference and once more, from the same state, somewhere else. For
/// tests and for validation/gpu.
namespace dermaflux {

/// What became of one step.
struct StepFinding {
  long calls = 0, compared = 0;
  long changed = 0;    ///< numbers that the reference changed, in all comparisons
  long different = 0;  ///< numbers that came out with other bits
  /// Largest difference over the largest value among 64 neighbours [-]; infinite if one is not finite alone.
  double error = 0.0;
  double single_error = 0.0;  ///< the same of numbers in single precision
};

/// The state of one member, and what was found, by the name of the step.
struct StepParity {
  double* state;
  long length;
  std::map<std::string, StepFinding> found;
  std::vector<FieldView<const double>> scratch;  ///< what a step leaves to itself, by groups of rows of its executor's width
  std::vector<FieldView<const float>> singles;   ///< the part of the state that holds numbers in single precision
  std::vector<double> before = {}, reference = {};

  /// The first eight calls of a step are compared, and later ones ever more rarely: 16th, 32nd, 64th and so on.
  static bool is_compared(long call) { return call <= 8 || (call & (call - 1)) == 0; }
  /// Compares what the other one left in the state with `reference`.
  void compare(StepFinding& one) {
    for (const FieldView<const double>& view : scratch) take_reference(view.data - view.pad, view.size + 2 * view.pad);
    for (const FieldView<const float>& view : singles) {
      const long at = position(view.data - view.pad), count = view.size + 2L * view.pad;
      one.single_error = std::fmax(one.single_error, compared(of_floats(reference.data(), at), of_floats(state, at),
                                                              of_floats(before.data(), at), count, one));
      std::memcpy(state_floats(at), of_floats(reference.data(), at), static_cast<std::size_t>(count) * sizeof(float));
    }
    one.error = std::fmax(one.error, compared<double>(reference.data(), state, before.data(), length, one));
  }

 private:
  const float* of_floats(const double* from, long at) const { return reinterpret_cast<const float*>(from) + at; }
  float* state_floats(long at) const { return reinterpret_cast<float*>(state) + at; }
  long position(const float* inside) const { return inside - reinterpret_cast<const float*>(state); }
  void take_reference(const double* first, long count) const {
    std::copy_n(reference.data() + (first - state), count, state + (first - state));
  }
  /// Of the reference's numbers `a`, the other one's `b` and those before.
  template <class T>
  static double compared(const T* a, const T* b, const T* old, long count, StepFinding& one) {
    constexpr long neighbours = 64;
    double worst = 0.0;
    for (long from = 0; from < count; from += neighbours) {
      const long to = std::min(from + neighbours, count);
      const std::size_t bytes = static_cast<std::size_t>(to - from) * sizeof(T);
      if (std::memcmp(a + from, old + from, bytes) == 0 && std::memcmp(a + from, b + from, bytes) == 0) continue;
      double scale = 0.0, difference = 0.0;
      for (long k = from; k < to; ++k) {
        one.changed += std::memcmp(a + k, old + k, sizeof(T)) != 0;
        scale = std::fmax(scale, std::fabs(static_cast<double>(a[k])));
        if (std::memcmp(a + k, b + k, sizeof(T)) == 0) continue;
        ++one.different;
        const double gap = std::fabs(static_cast<double>(a[k]) - static_cast<double>(b[k]));
        difference = std::isfinite(gap) ? std::fmax(difference, gap) : HUGE_VAL;
      }
      if (difference > 0.0) worst = std::fmax(worst, scale > 0.0 ? difference / scale : HUGE_VAL);
    }
    return worst;
  }
};

/// The parity of the steps of a case on its own state, which is zero.
inline StepParity step_parity(const TreatmentCase& bound, double* state, long length, std::map<std::string, StepFinding> found) {
  const HealingScratch& own = bound.healing.scratch;
  const PoolFields& old = own.old;
  return {state,
          length,
          std::move(found),
          {old.free, old.matrix, old.macrophage, old.slow, old.epidermal, own.factor, own.solved},
          {bound.optics.tables.parts, bound.optics.tables.raster}};
}

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
    p.compare(one);
    std::copy(p.reference.begin(), p.reference.end(), p.state);
  }
};

}  // namespace dermaflux
