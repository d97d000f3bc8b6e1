#pragma once
#include <cmath>

#include "core/solver/insertion_problem.hpp"

namespace dermaflux {

/// Moves the needle to a new tip depth: its area and perimeter per row, what it cuts open, and the film it drags.
struct NeedleStep {
  InsertionProblem p;
  double tip_before, tip_after;  ///< [m], above the surface when negative
  double deepest;                ///< tip depth reached so far, this step included [m]
  double dt;                     ///< [s]

  DF_FUNCTION void operator()() const {
    const InsertionParams& c = p.params;
    const double speed = std::fabs(tip_after - tip_before) / dt;
    const double passing = 0.5 * (tip_before + tip_after);
    const bool wet = drop_supplies(p);
    for (int j = 0; j < p.grid.n_z; ++j) {
      const double top = p.grid.z_face(j), bottom = p.grid.z_face(j + 1);
      const double perimeter = tip_after > top ? c.needle.mean_perimeter(top, bottom, tip_after) : 0.0;
      const double area = tip_after > top ? c.needle.mean_area(top, bottom, tip_after) : 0.0;
      const double before = tip_before > top ? c.needle.mean_area(top, bottom, tip_before) : 0.0;
      p.scratch.needle_area(j) = area;
      p.scratch.perimeter(j) = perimeter;
      p.scratch.passing_area(j) = passing > top ? c.needle.mean_area(top, bottom, passing) : 0.0;
      p.scratch.passing_face(j) = passing > top ? c.needle.area(passing - top) : 0.0;
      p.track.widest(j) = deepest > top ? c.needle.mean_area(top, bottom, deepest) : 0.0;
      p.track.hole(j) = larger(p.track.hole(j), c.open_fraction * p.track.widest(j));

      // A film of thickness x r covers 2 x of the shaft's own cross-section and enters and leaves with it; what the shaft
      // carries out is held to half of the gap's content, the mean of a Couette flow.
      const double wider = larger(area, before);
      double film = 0.0;
      if (wider > 0.0 && area != before) {
        const double shear = speed / std::sqrt(wider / units::pi);
        const double ink = c.viscosity.ink(c.ink_concentration / c.pigment_density, shear);
        film = 2.0 * (1.0 - c.needle.film_wiped) * c.film(ink, speed);
      }
      p.scratch.film_in(j) = wet && area > before ? film * (area - before) / dt : 0.0;
      p.scratch.film_out(j) = area < before ? smaller(film, 0.5 * p.track.liquid(j) / before) * (before - area) / dt : 0.0;
    }
  }
};

/// Conductance from the wall of the track to the middle of the first ring, scaled by the wetted share of the wall: a void
/// beside the needle where it now is leaves it dry, and so does contact with it, by the same share as it carries the load.
struct WallConductanceStep {
  InsertionProblem p;
  template <int W>
  DF_FUNCTION void rows(int first) const {
    for (int j = first; j < first + W; ++j) {
      const double open = larger(p.track.hole(j), p.scratch.needle_area(j));
      const double room = larger(p.track.hole(j) - p.scratch.needle_area(j), p.track.liquid(j));
      const double beside_void = room > 0.0 ? p.track.liquid(j) / room : 0.0;
      const double gap = p.scratch.perimeter(j) > 0.0 ? p.track.liquid(j) / p.scratch.perimeter(j) : HUGE_VAL;
      const double wetted = beside_void * p.params.liquid_share(gap);
      const double centre = p.grid.r_centre(0);
      const double spread = open > 0.0 ? std::log1p(centre * centre * units::pi / open) : 1.0;
      p.system.wall(j) = wetted * 4.0 * units::pi * p.grid.dz(j) / spread * p.rows.anisotropy(j) * p.scratch.mobility(j) *
                         (1.0 + p.tissue.crack(j));
    }
  }
};

}  // namespace dermaflux
