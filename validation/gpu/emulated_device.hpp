#pragma once
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <new>
#include <set>
#include <string>
#include <typeinfo>
#include <vector>

#include "core/execution/column_executor.hpp"
#include "kernels/step_parity.hpp"

/// What a GPU does with a treatment in a box, on the host: memory of its own, which only steps and copies may touch, and one row,
/// line or cell per thread. For tests and for validation/gpu, where no GPU is at hand.
namespace dermaflux {

/// Memory that the host may touch through copies only: it is closed after each of them, after every 61st step, and after a step or
/// reading that follows three others as it has not done more than twice before, so whoever reads or writes it otherwise, at any
/// place of a program, is stopped by the operating system. (Closing it costs more than most steps.)
class GuardedMemory {
 public:
  GuardedMemory() = default;
  ~GuardedMemory() {
    if (memory_) munmap(memory_, bytes_);
  }
  GuardedMemory(const GuardedMemory&) = delete;
  GuardedMemory& operator=(const GuardedMemory&) = delete;

  double* take(std::size_t count) {
    bytes_ = count * sizeof(double);
    void* const memory = mmap(nullptr, bytes_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    memory_ = memory;
    return static_cast<double*>(memory_);
  }
  /// Copies to and from the host.
  template <class T>
  void to(T* there, const T* here, std::size_t count) {
    open();
    std::copy_n(here, count, there);
    close();
  }
  template <class T>
  void from(T* here, const T* there, std::size_t count) {
    open();
    std::copy_n(there, count, here);
    close();
  }
  /// A step, or the reading of one value; `Step` tells which.
  template <class Step, class Call>
  auto with(const Call& call) {
    struct Closing {
      GuardedMemory& memory;
      ~Closing() {
        if (++memory.steps_ % 61 == 0 || memory.is_new(typeid(Step).hash_code())) memory.close();
      }
    };
    open();
    const Closing closing{*this};
    return call();
  }

 private:
  bool is_new(std::size_t step) {
    last_ = {last_[1], last_[2], last_[3], step};
    return ++seen_[last_] <= 3;
  }
  void open() {
    if (!open_) mprotect(memory_, bytes_, PROT_READ | PROT_WRITE);
    open_ = true;
  }
  void close() {
    mprotect(memory_, bytes_, PROT_NONE);
    open_ = false;
  }

  void* memory_ = nullptr;
  std::size_t bytes_ = 0;
  bool open_ = false;
  long steps_ = 0;
  std::array<std::size_t, 4> last_{};
  std::map<std::array<std::size_t, 4>, int> seen_;
};

/// The threads of DeviceColumns one after the other, the last one first, so that any dependence between them shows.
struct EmulatedColumns {
  GuardedMemory& memory;
  std::set<std::string>* taken = nullptr;  ///< names of the steps that have run
  static constexpr Fastest pressure = Fastest::x;

  template <class Step>
  void columns(int n_i, int n_j, const Step& step) const {
    backwards<Step>(n_i, n_j, [&](int i, int j) { step(i, j); });
  }
  template <class Step>
  void lines(int n_i, int n_m, const Step& step) const {
    backwards<Step>(n_i, n_m, [&](int i, int m) { step.template lines<1>(i, m); });
  }
  template <class Step>
  void cells(int n_i, int n_j, const Step& step) const {
    backwards<Step>(n_i, n_j, [&](int i, int j) { step(i, j); });
  }
  template <class Step>
  void pieces(int n_i, int n_j, const Step& step) const {
    backwards<Step>(n_i, n_j, [&](int i, int j) { step(i, j, j + 1); });
  }
  template <class Step>
  void rows(int n_j, const Step& step) const {
    backwards<Step>(1, n_j, [&](int, int j) { step.template rows<1>(j); });
  }
  template <class Step>
  void list(int n, const Step& step) const {
    backwards<Step>(1, n, [&](int, int m) { step(m); });
  }
  template <class Step>
  void single(const Step& step) const {
    backwards<Step>(1, 1, [&](int, int) { step(); });
  }
  double read(FieldView<const double> view, int i) const {
    return memory.with<double>([&] { return view(i); });
  }
  template <class T>
  std::vector<std::remove_const_t<T>> values(FieldView<T> view) const {
    std::vector<std::remove_const_t<T>> all(static_cast<std::size_t>(view.size));
    memory.from(all.data(), const_cast<std::remove_const_t<T>*>(view.data), all.size());
    return all;
  }
  template <class T>
  void write(FieldView<T> view, const std::vector<std::remove_const_t<T>>& from) const {
    memory.to(const_cast<std::remove_const_t<T>*>(view.data), from.data(), from.size());
  }
  void milestone(double) const {}
  bool asked_to_stop() const { return false; }
  void stop_where_asked(bool) const {}

 private:
  template <class Step, class Call>
  void backwards(int n_i, int n_j, const Call& call) const {
    if (taken) taken->insert(step_name<Step>());
    memory.with<Step>([&] {
      for (int i = n_i - 1; i >= 0; --i)
        for (int j = n_j - 1; j >= 0; --j) call(i, j);
    });
  }
};

}  // namespace dermaflux
