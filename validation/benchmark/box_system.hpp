#pragma once
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

namespace dermaflux::benchmark {

/// The system that box_pieces and its peer solve: n^3 cells on 2 mm, closed, one step of 0.1 s. "variable": mobility varies
/// smoothly by a factor of 400 in all directions; "layered": 20 layers between 1e-19 and 1e-13 m^2. z runs fastest. The right-hand
/// side is rough.
struct BoxCoefficients {
  int n;
  std::vector<double> faces, mobility;

  BoxCoefficients(int cells, const std::string& kind, bool graded) : n(cells) {
    faces.push_back(0.0);
    for (int k = 0; k < n; ++k) {
      const double beyond = std::fabs(k + 0.5 - 0.5 * n) - 0.2 * n;
      faces.push_back(faces.back() + (graded && beyond > 0.0 ? std::fmin(std::pow(1.15, beyond), 20.0) : 1.0));
    }
    for (double& face : faces) face *= 2e-3 / faces[static_cast<std::size_t>(n)];
    mobility.resize(static_cast<std::size_t>(n) * static_cast<std::size_t>(n) * static_cast<std::size_t>(n));
    std::size_t at = 0;
    for (int i = 0; i < n; ++i)
      for (int j = 0; j < n; ++j)
        for (int k = 0; k < n; ++k, ++at) {
          const double layer = std::pow(10.0, -19.0 + 6.0 * std::fmod(0.618034 * (1 + k * 20 / n), 1.0));
          const double smooth = 1e-15 * std::exp(3.0 * std::sin(6.0 * i / n + 1.0) * std::cos(5.0 * j / n + 3.0 * k / n));
          mobility[at] = (kind == "layered" ? layer : smooth) / 1e-3;
        }
  }
  double width(int k) const { return faces[static_cast<std::size_t>(k) + 1] - faces[static_cast<std::size_t>(k)]; }
  /// Storage over a volume [1/(Pa s)].
  static constexpr double storage = 7e-6 / 0.1;
  static double right(std::size_t at) {
    return std::sin(0.7 * static_cast<double>(at % 8191)) + std::cos(1e-3 * static_cast<double>(at));
  }
};

}  // namespace dermaflux::benchmark
