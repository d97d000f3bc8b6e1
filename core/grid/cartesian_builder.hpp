#pragma once
#include <vector>

namespace dermaflux {

/// A place along one axis where cells shall be fine: not wider than `cell` from `first` to `last` [m].
struct FinePart {
  double first, last, cell;
};

/// What a Cartesian grid shall be along one axis [m].
struct AxisPlan {
  double first, last;          ///< ends of the domain
  std::vector<FinePart> fine;  ///< where it is fine; from there cells grow
  double growth = 1.15;        ///< of a cell over the one before [-], above 1
  double widest = 1.0;         ///< no cell is wider
};

/// Face coordinates of a Cartesian grid, on the host [m].
struct CartesianFaces {
  std::vector<double> x, y, z;
  long long cell_count() const {
    return static_cast<long long>(x.size() - 1) * static_cast<long long>(y.size() - 1) * static_cast<long long>(z.size() - 1);
  }
};

/// Faces along one axis: each cell about as wide as its plan asks for at its middle, so that spacings change smoothly and schemes
/// stay of second order; their number is a multiple of `multiple`. `scale` widens all cells.
std::vector<double> graded_faces(const AxisPlan& plan, int multiple = 1, double scale = 1.0);

/// Faces along the three axes, rows by eights. InputError where that takes more than `budget` cells; it tells by which factor cells
/// would have to be wider and what grid would then fit. Nothing but the faces is taken from memory.
CartesianFaces build_cartesian(const AxisPlan& x, const AxisPlan& y, const AxisPlan& z, long long budget);

}  // namespace dermaflux
