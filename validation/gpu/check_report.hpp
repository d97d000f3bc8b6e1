#pragma once
#include <chrono>
#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

/// What a stage of the check says: one JSON object per line, so that what was found stays found if a later part dies.
namespace dermaflux::gpu_check {

using Json = nlohmann::json;

class Report {
 public:
  explicit Report(std::string stage) : stage_(std::move(stage)) {}

  /// A measured number that must not pass a limit; a NaN passes every limit.
  void limit(const std::string& name, double measured, double most, const std::string& note = "") {
    const bool ok = measured <= most;
    failed_ = failed_ || !ok;
    say({{"kind", "check"}, {"name", name}, {"measured", number(measured)}, {"limit", most}, {"ok", ok}, {"note", note}});
  }
  void require(const std::string& name, bool ok, const std::string& note = "") {
    failed_ = failed_ || !ok;
    say({{"kind", "check"}, {"name", name}, {"ok", ok}, {"note", note}});
  }
  /// A number that nobody judges.
  void figure(const std::string& name, double value, const std::string& unit, const std::string& counted = "") {
    say({{"kind", "figure"}, {"name", name}, {"value", number(value)}, {"unit", unit}, {"counted", counted}});
  }
  void fact(const std::string& name, const Json& value) { say({{"kind", "fact"}, {"name", name}, {"value", value}}); }
  bool failed() const { return failed_; }

 private:
  static Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }
  void say(Json line) {
    line["stage"] = stage_;
    std::cout << line.dump() << std::endl;
  }
  std::string stage_;
  bool failed_ = false;
};

class Clock {
 public:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace dermaflux::gpu_check
