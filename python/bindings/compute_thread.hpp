#pragma once
#include <unistd.h>

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

#include "core/error.hpp"

namespace dermaflux {

/// The one thread that runs jobs, so that the interpreter's main thread stays free to hear Ctrl-C and to draw progress, and
/// the thread pool of the backend always sees the same caller.
class ComputeThread {
 public:
  static ComputeThread& instance() {
    static ComputeThread* only = new ComputeThread;  // lives as long as the process: a worker must not outlive its owner
    if (getpid() != only->owner_)
      throw BackendError("dermaflux was used before this process was forked (its threads did not come along); use spawn, not fork");
    return *only;
  }

  /// Starts a job; one at a time.
  void start(std::function<void()> job) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (busy_) throw BackendError("a run is already under way in this process; wait for it, or use another process");
    job_ = std::move(job);
    busy_ = true;
    error_ = nullptr;
    wake_.notify_all();
  }
  /// Waits up to a time; true when the job has ended.
  bool wait(std::chrono::milliseconds time) {
    std::unique_lock<std::mutex> lock(mutex_);
    return done_.wait_for(lock, time, [this] { return !busy_; });
  }
  /// Rethrows what the last job threw.
  void rethrow() {
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
  }

 private:
  ComputeThread() : owner_(getpid()), thread_([this] { work(); }) { thread_.detach(); }

  void work() {
    for (;;) {
      std::unique_lock<std::mutex> lock(mutex_);
      wake_.wait(lock, [this] { return static_cast<bool>(job_); });
      const std::function<void()> job = std::exchange(job_, nullptr);
      lock.unlock();
      std::exception_ptr error;
      try {
        job();
      } catch (...) {
        error = std::current_exception();
      }
      lock.lock();
      error_ = error;
      busy_ = false;
      done_.notify_all();
    }
  }

  pid_t owner_;
  std::mutex mutex_;
  std::condition_variable wake_, done_;
  std::function<void()> job_;
  std::exception_ptr error_;
  bool busy_ = false;
  std::thread thread_;
};

}  // namespace dermaflux
