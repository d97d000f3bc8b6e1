#pragma once
#include "core/solver/insertion_problem.hpp"

namespace dermaflux {

/// One row of the insertion's trace: what a force sensor, a camera and a flow meter would have seen. What finds no room is counted
/// only.
struct TraceStep {
  InsertionProblem p;
  FieldView<double> rows, count;  ///< `columns` values per row; steps seen so far
  double time, tip_depth;         ///< [s], [m]
  static constexpr int columns = 13;

  DF_FUNCTION void operator()() const {
    const int row = static_cast<int>(count(0));
    count(0) = row + 1;
    if (row >= rows.size / columns) return;
    double liquid = 0.0, hole = 0.0, needle = 0.0, peak = 0.0;
    for (int j = 0; j < p.grid.n_z; ++j) {
      liquid += p.track.liquid(j) * p.grid.dz(j);
      hole += p.track.hole(j) * p.grid.dz(j);
      needle += p.scratch.needle_area(j) * p.grid.dz(j);
      peak = larger(peak, p.track.pressure(j));
    }
    const Needle& shaft = p.params.needle;
    const double inside = larger(tip_depth, 0.0);
    const ForceParts none{0.0, 0.0, 0.0};
    const ForceParts force =
        inside > 0.0 ? p.params.force.parts(shaft.diameter(inside), units::pi * shaft.diameter_integral(inside)) : none;
    const double values[columns] = {time,
                                    tip_depth,
                                    force.total(),
                                    force.cutting,
                                    force.wedging,
                                    force.friction,
                                    needle,
                                    liquid,
                                    hole,
                                    p.account(RimAccount::drawn_volume),
                                    p.account(RimAccount::back_volume),
                                    p.track.pressure(0),
                                    peak};
    for (int n = 0; n < columns; ++n) rows(row * columns + n) = values[n];
  }
};

}  // namespace dermaflux
