#pragma once
#include <cmath>

#include "core/grid/ray.hpp"

namespace dermaflux {

/// Axisymmetric cells as a ray sees them: rings between cylinders, rows between planes. The outermost ring has no end; the last row
/// ends where its lower face says, which may be infinity.
struct RingCells {
  int n_r = 0, n_z = 0;
  FieldView<const double> r_face;  ///< inner radius of each ring, n_r values from 0 on [m]
  FieldView<const double> z_face;  ///< n_z + 1 values from 0 on [m]

  struct Place {
    int i, j;
  };
  /// What a direction has to do with the cells, computed once per flight.
  struct Aim {
    double inverse_z;               ///< 1/z
    double across, inverse_across;  ///< x^2 + y^2, and 1 over it; 0 along the axis
  };

  DF_FUNCTION int cell_count() const { return n_r * n_z; }
  DF_FUNCTION int cell(const Place& at) const { return at.i * n_z + at.j; }

  /// Cell below a point of the surface.
  DF_FUNCTION Place find(const Ray& ray) const {
    const double radius = std::sqrt(ray.x * ray.x + ray.y * ray.y);
    int i = 0;
    while (i + 1 < n_r && r_face(i + 1) <= radius) ++i;
    return {i, 0};
  }
  DF_FUNCTION Aim aim(const Ray& ray) const {
    const double a = ray.to.x * ray.to.x + ray.to.y * ray.to.y;
    return {1.0 / ray.to.z, a > 1e-20 ? a : 0.0, 1.0 / a};
  }
  /// Distance to the face through which the ray leaves the cell [m].
  DF_FUNCTION Crossing next(const Place& at, const Ray& ray, const Aim& aim) const {
    Crossing crossing{HUGE_VAL, Face::none};
    if (ray.to.z > 0.0)
      crossing = {(z_face(at.j + 1) - ray.z) * aim.inverse_z, Face::below};
    else if (ray.to.z < 0.0)
      crossing = {(z_face(at.j) - ray.z) * aim.inverse_z, Face::above};
    if (!(aim.across > 0.0) || n_r == 1) return crossing;
    const double b = ray.x * ray.to.x + ray.y * ray.to.y, s = ray.x * ray.x + ray.y * ray.y;
    const double closest = s - b * b * aim.inverse_across;  // squared distance of the line from the axis
    const double inner = r_face(at.i);
    if (b < 0.0 && at.i > 0 && closest < inner * inner) {
      const double way = (-b - std::sqrt((inner * inner - closest) * aim.across)) * aim.inverse_across;
      if (way < crossing.distance) crossing = {way, Face::inner};
    } else if (at.i + 1 < n_r) {
      const double outer = r_face(at.i + 1);
      const double way = (-b + std::sqrt(larger(outer * outer - closest, 0.0) * aim.across)) * aim.inverse_across;
      if (way < crossing.distance) crossing = {way, Face::outer};
    }
    return crossing;
  }
  /// The cell beyond a face; a ray that crosses a plane lies on it exactly.
  DF_FUNCTION void cross(Place& at, Ray& ray, Face face) const {
    switch (face) {
      case Face::above:
        ray.z = z_face(at.j);
        --at.j;
        break;
      case Face::below:
        ++at.j;
        ray.z = z_face(at.j);
        break;
      case Face::inner:
        --at.i;
        break;
      case Face::outer:
        ++at.i;
        break;
      default:
        break;
    }
  }
  /// Puts a ray that was reflected by the upper or lower surface back into the row it came from.
  DF_FUNCTION void turn_back(Place& at, Face face) const { at.j += face == Face::above ? 1 : -1; }
  DF_FUNCTION bool above(const Place& at) const { return at.j < 0; }
  DF_FUNCTION bool below(const Place& at) const { return at.j >= n_z; }
};

}  // namespace dermaflux
