#include <algorithm>
#include <cmath>
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

/// Merges until one column is left; every level has at most about `least` of the columns of the one before.
CoarseningPlan plan_with(std::vector<double> x, std::vector<double> y, double least, double& all_columns) {
  constexpr double wide = 3.0;  // times the narrowest cell of the other axis, where that is not more than has to be
  const double finest = static_cast<double>((x.size() - 1) * (y.size() - 1));
  all_columns = 1.0;
  CoarseningPlan plan;
  while (x.size() > 2 || y.size() > 2) {
    const double columns = static_cast<double>((x.size() - 1) * (y.size() - 1)), most = std::ceil(least * columns);
    for (double limit = wide;; limit *= 1.05) {
      CoarseningPlan::Level level{merge(x, limit * narrowest(y)), merge(y, limit * narrowest(x))};
      const double left = static_cast<double>((level.first_x.size() - 1) * (level.first_y.size() - 1));
      if (left > most || left == columns) continue;
      x = merged_faces(x, level.first_x);
      y = merged_faces(y, level.first_y);
      all_columns += left / finest;
      plan.levels.push_back(std::move(level));
      break;
    }
  }
  return plan;
}

}  // namespace

CoarseningPlan plan_coarsening(FieldView<const double> x_face, FieldView<const double> y_face) {
  const std::vector<double> x(x_face.data, x_face.data + x_face.size), y(y_face.data, y_face.data + y_face.size);
  CoarseningPlan plan;
  double all_columns = 0.0;
  for (double least = 0.8; least > 0.55; least -= 0.05) {
    plan = plan_with(x, y, least, all_columns);
    if (all_columns <= most_columns) break;
  }
  return plan;
}

}  // namespace dermaflux
