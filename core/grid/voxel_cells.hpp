#pragma once
#include <cmath>

#include "core/grid/ray.hpp"

namespace dermaflux {

/// Boxes of a rectilinear grid as a ray sees them. The outermost boxes have no end sideways; the last row ends where its lower face
/// says, which may be infinity.
struct VoxelCells {
  int n_x = 0, n_y = 0, n_z = 0;
  FieldView<const double> x_face, y_face;  ///< between the boxes, n_x - 1 and n_y - 1 values [m]
  FieldView<const double> z_face;          ///< n_z + 1 values from 0 on [m]

  struct Place {
    int i, j, k;
  };
  struct Aim {
    double x, y, z;  ///< 1 over the components of the direction
  };

  DF_FUNCTION int cell_count() const { return n_x * n_y * n_z; }
  DF_FUNCTION int cell(const Place& at) const { return (at.i * n_y + at.j) * n_z + at.k; }

  /// Box below a point of the surface.
  DF_FUNCTION Place find(const Ray& ray) const { return {count_below(x_face, ray.x), count_below(y_face, ray.y), 0}; }
  DF_FUNCTION Aim aim(const Ray& ray) const { return {1.0 / ray.to.x, 1.0 / ray.to.y, 1.0 / ray.to.z}; }
  /// Distance to the face through which the ray leaves the box [m].
  DF_FUNCTION Crossing next(const Place& at, const Ray& ray, const Aim& aim) const {
    Crossing crossing{HUGE_VAL, Face::none};
    if (ray.to.z > 0.0)
      crossing = {(z_face(at.k + 1) - ray.z) * aim.z, Face::below};
    else if (ray.to.z < 0.0)
      crossing = {(z_face(at.k) - ray.z) * aim.z, Face::above};
    sideways(crossing, x_face, at.i, ray.x, ray.to.x, aim.x, Face::left, Face::right);
    sideways(crossing, y_face, at.j, ray.y, ray.to.y, aim.y, Face::front, Face::back);
    return crossing;
  }
  /// The box beyond a face; the ray lies on it exactly.
  DF_FUNCTION void cross(Place& at, Ray& ray, Face face) const {
    switch (face) {
      case Face::above:
        ray.z = z_face(at.k--);
        break;
      case Face::below:
        ray.z = z_face(++at.k);
        break;
      case Face::left:
        ray.x = x_face(--at.i);
        break;
      case Face::right:
        ray.x = x_face(at.i++);
        break;
      case Face::front:
        ray.y = y_face(--at.j);
        break;
      case Face::back:
        ray.y = y_face(at.j++);
        break;
      default:
        break;
    }
  }
  /// Puts a ray that was reflected by the upper or lower surface back into the row it came from.
  DF_FUNCTION void turn_back(Place& at, Face face) const { at.k += face == Face::above ? 1 : -1; }
  DF_FUNCTION bool above(const Place& at) const { return at.k < 0; }
  DF_FUNCTION bool below(const Place& at) const { return at.k >= n_z; }

 private:
  DF_FUNCTION static int count_below(FieldView<const double> faces, double at) {
    int n = 0;
    while (n < faces.size && faces(n) <= at) ++n;
    return n;
  }
  DF_FUNCTION static void sideways(Crossing& crossing, FieldView<const double> faces, int n, double at, double to, double inverse,
                                   Face low, Face high) {
    if (to > 0.0 && n < faces.size) {
      const double way = (faces(n) - at) * inverse;
      if (way < crossing.distance) crossing = {way, high};
    } else if (to < 0.0 && n > 0) {
      const double way = (faces(n - 1) - at) * inverse;
      if (way < crossing.distance) crossing = {way, low};
    }
  }
};

}  // namespace dermaflux
