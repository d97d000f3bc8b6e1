#pragma once
#include <cmath>
#include <map>
#include <string>
#include <vector>

namespace dermaflux::gpu_check {

/// Largest difference of part of two fields over the largest value of that part; 1 if one is not finite where the other is.
struct FieldError {
  double difference = 0.0, scale = 0.0;
  void add(double a, double b) {
    if (std::isnan(a) && std::isnan(b)) return;
    difference = std::isfinite(a - b) ? std::fmax(difference, std::fabs(a - b)) : HUGE_VAL;
    scale = std::fmax(scale, std::fabs(a));
  }
  double relative() const { return difference == 0.0 ? 0.0 : (scale > 0.0 ? difference / scale : HUGE_VAL); }
};
using Errors = std::map<std::string, FieldError>;

/// Adds fields of which every `stride` values belong to one of `names` in turn.
template <class Number>
void add_fields(const std::vector<Number>& a, const std::vector<Number>& b, std::size_t stride,
                const std::vector<std::string>& names, Errors& errors) {
  for (std::size_t k = 0; k < a.size(); ++k)
    errors[names[k / stride % names.size()]].add(static_cast<double>(a[k]), static_cast<double>(b[k]));
}

}  // namespace dermaflux::gpu_check
