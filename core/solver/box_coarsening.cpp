#include <algorithm>
#include <limits>

#include "core/solver/box_levels.hpp"

namespace dermaflux {
namespace {

/// First interval of each merged one: neighbours become a pair where together they are not wider than `limit`.
std::vector<int> merge(const std::vector<double>& faces, double limit) {
  std::vector<int> first;
  const int count = static_cast<int>(faces.size()) - 1;
  for (int n = 0; n < count;) {
    first.push_back(n);
    const auto at = static_cast<std::size_t>(n);
    n += n + 1 < count && faces[at + 2] - faces[at] <= limit ? 2 : 1;
  }
  first.push_back(count);
  return first;
}

double narrowest(const std::vector<double>& faces) {
  double width = std::numeric_limits<double>::max();
  for (std::size_t n = 0; faces.size() > 2 && n + 1 < faces.size(); ++n) width = std::min(width, faces[n + 1] - faces[n]);
  return width;
}

std::vector<double> merged_faces(const std::vector<double>& faces, const std::vector<int>& first) {
  std::vector<double> merged;
  for (const int n : first) merged.push_back(faces[static_cast<std::size_t>(n)]);
  return merged;
}

}  // namespace

CoarseningPlan plan_coarsening(FieldView<const double> x_face, FieldView<const double> y_face) {
  constexpr double wide = 3.0;   // times the narrowest cell, two cells of up to half as much again
  constexpr double least = 0.6;  // of the columns may be left, so that all levels together have at most 2.5 times as many
  std::vector<double> x(x_face.data, x_face.data + x_face.size), y(y_face.data, y_face.data + y_face.size);
  CoarseningPlan plan;
  while (x.size() > 2 || y.size() > 2) {
    const double columns = static_cast<double>((x.size() - 1) * (y.size() - 1));
    for (double limit = wide * std::min(narrowest(x), narrowest(y));; limit *= 1.25) {
      CoarseningPlan::Level level{merge(x, limit), merge(y, limit)};
      if (static_cast<double>((level.first_x.size() - 1) * (level.first_y.size() - 1)) > least * columns) continue;
      x = merged_faces(x, level.first_x);
      y = merged_faces(y, level.first_y);
      plan.levels.push_back(std::move(level));
      break;
    }
  }
  return plan;
}

}  // namespace dermaflux
