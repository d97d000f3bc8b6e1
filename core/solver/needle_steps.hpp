#pragma once
#include <cmath>

#include "core/solver/track_solve_steps.hpp"

namespace dermaflux {

/// Moves the needle to a new tip depth: its area and perimeter per row, what it cuts open, and the film it drags.
struct NeedleStep {
  InsertionProblem p;
  double tip_before, tip_after;  ///< [m], above the surface when negative
  double deepest;                ///< tip depth reached so far, this step included [m]
  double dt;                     ///< [s]

  static constexpr int groups_abreast = 2;
  template <int W>
  DF_FUNCTION void rows(int first) const {
    const InsertionParams& c = p.params;
    const double passing = 0.5 * (tip_before + tip_after);
    const int reached = reached_rows(p.grid, deepest);
    double before[W];
    for (int l = 0; l < W; ++l) {
      const int j = first + l;
      const double top = p.grid.z_face(j), bottom = p.grid.z_face(j + 1);
      before[l] = tip_before > top ? c.needle.mean_area(top, bottom, tip_before) : 0.0;
      p.scratch.needle_area(j) = tip_after > top ? c.needle.mean_area(top, bottom, tip_after) : 0.0;
      p.scratch.perimeter(j) = tip_after > top ? c.needle.mean_perimeter(top, bottom, tip_after) : 0.0;
      p.scratch.passing_area(j) = passing > top ? c.needle.mean_area(top, bottom, passing) : 0.0;
      p.scratch.passing_face(j) = passing > top ? c.needle.area(passing - top) : 0.0;
      p.track.widest(j) = j < reached ? c.needle.mean_area(top, bottom, deepest) : 0.0;
      p.track.hole(j) = larger(p.track.hole(j), c.open_fraction * p.track.widest(j));
    }
    drag(first, before);
  }

  /// A film of thickness x r covers 2 x of the shaft's own cross-section and enters and leaves with it; what the shaft carries out
  /// is held to half of the gap's content, the mean of a Couette flow.
  template <int W>
  DF_FUNCTION void drag(int first, const double (&before)[W]) const {
    const double speed = std::fabs(tip_after - tip_before) / dt, kept = 2.0 * (1.0 - p.params.needle.film_wiped);
    const bool wet = drop_supplies(p);
    for (int l = 0; l < W; ++l) {
      const int j = first + l;
      const double area = p.scratch.needle_area(j), wider = larger(area, before[l]);
      p.scratch.film_in(j) = p.scratch.film_out(j) = 0.0;
      if (!(wider > 0.0) || area == before[l]) continue;
      const double film = kept * p.params.film(neat_viscosity(p, speed / std::sqrt(wider / units::pi)), speed);
      if (wet && area > before[l]) p.scratch.film_in(j) = film * (area - before[l]) / dt;
      if (area < before[l]) p.scratch.film_out(j) = smaller(film, 0.5 * p.track.liquid(j) / before[l]) * (before[l] - area) / dt;
    }
  }
};

/// Conductance from the wall of the track to the middle of the first ring, scaled by the wetted share of the wall: a void
/// beside the needle where it now is leaves it dry, and so does contact with it, by the same share as it carries the load.
struct WallConductanceStep {
  InsertionProblem p;
  template <int W>
  DF_FUNCTION void rows(int first) const {
    const double core = p.grid.r_centre(0) * p.grid.r_centre(0) * units::pi;
    DF_LANES
    for (int l = 0; l < W; ++l) {
      const int j = first + l;
      const double liquid = p.track.liquid(j), perimeter = p.scratch.perimeter(j);
      const double open = larger(p.track.hole(j), p.scratch.needle_area(j));
      const double room = larger(p.track.hole(j) - p.scratch.needle_area(j), liquid);
      const double beside_void = liquid / larger(room, 1e-300);
      const double share = p.params.liquid_share(liquid / (perimeter > 0.0 ? perimeter : 1.0));
      const double wetted = perimeter > 0.0 ? beside_void * share : beside_void;
      const double spread = lane_log(1.0 + core / (open > 0.0 ? open : core));
      p.system.wall(j) = wetted * 4.0 * units::pi * p.grid.dz(j) / spread * p.rows.anisotropy(j) * p.scratch.mobility(j) *
                         (1.0 + p.tissue.crack(j));
    }
  }
};

}  // namespace dermaflux
