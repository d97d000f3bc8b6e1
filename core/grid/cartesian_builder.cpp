#include "core/grid/cartesian_builder.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/error.hpp"

namespace dermaflux {
namespace {

/// Width that a cell at a place shall have [m].
double wanted(const AxisPlan& plan, double at) {
  double width = plan.widest;
  for (const FinePart& part : plan.fine) {
    const double away = std::max({part.first - at, at - part.last, 0.0});
    width = std::min(width, part.cell + std::log(plan.growth) * away);  // dh/dx of cells in geometric growth
  }
  return width;
}

/// Places between which the wanted width is linear: ends, ends of the fine parts and where cells cease to grow or parts meet.
constexpr int samples = 4096;

}  // namespace

std::vector<double> graded_faces(const AxisPlan& plan, int multiple, double scale) {
  // The number of cells up to a place is the integral of 1/width; faces are where it is a whole number, after it was stretched so
  // that its end is one. Trapezoids on samples that follow the width.
  std::vector<double> place{plan.first}, count{0.0};
  for (double here = plan.first; here < plan.last;) {
    const double step = std::min({0.125 * wanted(plan, here), plan.last - here, (plan.last - plan.first) / samples});
    const double next = plan.last - here <= step * (1.0 + 1e-9) ? plan.last : here + step;
    count.push_back(count.back() + 0.5 * (next - here) * (1.0 / wanted(plan, here) + 1.0 / wanted(plan, next)));
    place.push_back(next);
    here = next;
  }
  const double units = std::max(std::ceil(count.back() / scale / multiple - 1e-6), 1.0);
  const int cells = static_cast<int>(units) * multiple;
  std::vector<double> faces{plan.first};
  std::size_t at = 1;
  for (int n = 1; n < cells; ++n) {
    const double goal = count.back() * n / cells;
    while (count[at] < goal) ++at;
    const double share = (goal - count[at - 1]) / (count[at] - count[at - 1]);
    faces.push_back(place[at - 1] + share * (place[at] - place[at - 1]));
  }
  faces.push_back(plan.last);
  return faces;
}

CartesianFaces build_cartesian(const AxisPlan& x, const AxisPlan& y, const AxisPlan& z, long long budget) {
  const auto build = [&](double scale) {
    return CartesianFaces{graded_faces(x, 1, scale), graded_faces(y, 1, scale), graded_faces(z, 8, scale)};
  };
  const auto name = [](const CartesianFaces& faces) {
    return std::to_string(faces.x.size() - 1) + " x " + std::to_string(faces.y.size() - 1) + " x " +
           std::to_string(faces.z.size() - 1);
  };
  CartesianFaces faces = build(1.0);
  if (faces.cell_count() <= budget) return faces;
  double scale = 1.0;
  CartesianFaces fits = faces;
  while (fits.cell_count() > budget && scale < 1e3) fits = build(scale *= 1.05);
  throw InputError("the grid would have " + name(faces) + " cells, " + std::to_string(faces.cell_count()) + " of at most " +
                   std::to_string(budget) + "; cells " + std::to_string(scale).substr(0, 4) + " times as wide would fit, " +
                   name(fits) + "; make the finest cells wider, the domain smaller or the budget larger");
}

}  // namespace dermaflux
