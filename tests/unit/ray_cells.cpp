#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "core/grid/ring_cells.hpp"
#include "core/grid/voxel_cells.hpp"
#include "core/physics/philox.hpp"

/// Lengths of straight rays in the cells of both geometries against the intersections of a line with cylinders, planes and boxes.
namespace dermaflux {
namespace {

FieldView<const double> view(const std::vector<double>& values) { return {values.data(), static_cast<int>(values.size()), 0}; }

/// A ray from the surface downward, somewhere within 100 um of the axis.
Ray random_ray(std::uint32_t n) {
  const Words w = Philox{11, 0}({n, 0, 0, 0});
  const double across = 6.283185307179586 * Philox::uniform(w.c), z = 0.02 + 0.98 * Philox::uniform(w.d),
               side = std::sqrt(1.0 - z * z);
  return {2e-4 * (Philox::uniform(w.a) - 0.5),
          2e-4 * (Philox::uniform(w.b) - 0.5),
          0.0,
          {side * std::cos(across), side * std::sin(across), n % 7 == 0 ? 1.0 : z}};
}

/// Follows a ray to the bottom; the length in each cell.
template <class Cells>
std::vector<double> lengths(const Cells& cells, Ray ray) {
  std::vector<double> found(static_cast<std::size_t>(cells.cell_count()), 0.0);
  auto at = cells.find(ray);
  const auto aim = cells.aim(ray);
  for (int faces = 0; !cells.below(at); ++faces) {
    if (faces > 1000) {
      ADD_FAILURE() << "a ray never comes to the bottom";
      break;
    }
    const Crossing crossing = cells.next(at, ray, aim);
    found[static_cast<std::size_t>(cells.cell(at))] += crossing.distance;
    ray.advance(crossing.distance);
    cells.cross(at, ray, crossing.face);
  }
  return found;
}

double overlap(double a, double b, double c, double d) { return std::fmax(0.0, std::fmin(b, d) - std::fmax(a, c)); }

/// Length of the part of a ray between two distances that lies inside a cylinder about the axis.
double inside(const Ray& ray, double radius, double from, double to) {
  const double a = ray.to.x * ray.to.x + ray.to.y * ray.to.y, b = ray.x * ray.to.x + ray.y * ray.to.y;
  const double c = ray.x * ray.x + ray.y * ray.y - radius * radius;
  if (a < 1e-20) return c < 0.0 ? to - from : 0.0;
  const double root = b * b - a * c;
  return root > 0.0 ? overlap((-b - std::sqrt(root)) / a, (-b + std::sqrt(root)) / a, from, to) : 0.0;
}

// A grazed cylinder turns an error of epsilon in the square of a radius into its square root in the length: 1e-8 of some 0.1 mm.
constexpr double grazing = 1e-11;

TEST(RingCells, HoldTheLengthsOfARayInsideTheirCylinders) {
  const std::vector<double> r_face = {0.0, 6e-6, 21e-6, 60e-6, 130e-6}, z_face = {0.0, 10e-6, 75e-6, 200e-6};
  const RingCells cells{.n_r = 5, .n_z = 3, .r_face = view(r_face), .z_face = view(z_face)};
  for (std::uint32_t n = 0; n < 2000; ++n) {
    const Ray ray = n % 7 == 0 ? Ray{random_ray(n).x, random_ray(n).y, 0.0, {0.0, 0.0, 1.0}} : random_ray(n);
    const std::vector<double> found = lengths(cells, ray);
    for (std::size_t i = 0; i < r_face.size(); ++i)
      for (std::size_t j = 0; j + 1 < z_face.size(); ++j) {
        const double from = z_face[j] / ray.to.z, to = z_face[j + 1] / ray.to.z;
        const double outer = i + 1 < r_face.size() ? inside(ray, r_face[i + 1], from, to) : to - from;
        const double exact = outer - (i > 0 ? inside(ray, r_face[i], from, to) : 0.0);
        ASSERT_NEAR(found[i * 3 + j], exact, grazing) << "ray " << n << ", ring " << i << ", row " << j;
      }
  }
}

TEST(VoxelCells, HoldTheLengthsOfARayInsideTheirBoxes) {
  const std::vector<double> x_face = {-80e-6, -10e-6, 25e-6}, y_face = {-5e-6, 60e-6}, z_face = {0.0, 10e-6, 75e-6, 200e-6};
  const VoxelCells cells{.n_x = 4, .n_y = 3, .n_z = 3, .x_face = view(x_face), .y_face = view(y_face), .z_face = view(z_face)};
  const auto between = [](const std::vector<double>& faces, std::size_t n, double at, double to, double* ends) {
    const double low = n > 0 ? faces[n - 1] : -HUGE_VAL, high = n < faces.size() ? faces[n] : HUGE_VAL;
    ends[0] = std::fmax(ends[0], to > 0.0 ? (low - at) / to : (high - at) / to);
    ends[1] = std::fmin(ends[1], to > 0.0 ? (high - at) / to : (low - at) / to);
  };
  for (std::uint32_t n = 0; n < 2000; ++n) {
    Ray ray = random_ray(n);
    if (n % 7 == 0) ray.to = {0.6, -0.0, 0.8};  // along a face
    const std::vector<double> found = lengths(cells, ray);
    for (std::size_t i = 0; i < 4; ++i)
      for (std::size_t j = 0; j < 3; ++j)
        for (std::size_t k = 0; k < 3; ++k) {
          double ends[2] = {z_face[k] / ray.to.z, z_face[k + 1] / ray.to.z};
          between(x_face, i, ray.x, ray.to.x, ends);
          if (ray.to.y != 0.0)
            between(y_face, j, ray.y, ray.to.y, ends);
          else if (!(ray.y >= (j > 0 ? y_face[j - 1] : -1.0) && ray.y < (j < 2 ? y_face[j] : 1.0)))
            ends[1] = ends[0];
          ASSERT_NEAR(found[(i * 3 + j) * 3 + k], std::fmax(0.0, ends[1] - ends[0]), 1e-16) << "ray " << n;
        }
  }
}

}  // namespace
}  // namespace dermaflux
