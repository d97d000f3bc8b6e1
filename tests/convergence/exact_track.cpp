#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/units.hpp"
#include "tests/support/track_case.hpp"

/// The track, through the whole coupled time step, against exact flows in tubes and gaps.
namespace dermaflux {
namespace {

using namespace units;
using test::TrackCase;

/// Height of ink in an empty tube of 25 um, with 38 mN/m at 50 degrees, over `height` after the time that Washburn's law gives.
double washburn_rise(double viscosity, double height, int rows, int steps, double& time) {
  const double radius = 25 * um, tension = 38e-3, cosine = std::cos(50 * degree);
  TrackCase tube(rows, 1 * mm, 1 * mm, radius, radius, 1e8);
  tube.set_viscosity(viscosity);
  tube.p.params.capillary = {.surface_tension = tension, .wall_cosine = cosine, .needle_cosine = 1.0, .roughness = 1e-12};
  time = 2.0 * viscosity * height * height / (radius * tension * cosine);
  EXPECT_TRUE(tube.run(TipOut{}, time, time / steps));
  return tube.liquid() / (pi * radius * radius) / height;
}

TEST(ExactTrack, EmptyTubeFillsAsWashburnSays) {
  // h^2 = r gamma cos(theta) t / (2 mu). Each whole row takes the exact time, as the sum of 2 j + 1 is a square; in between the
  // front moves evenly where it should slow down: (dz/h)^2/8. The wall gives way by the capillary pressure over its modulus, 2e-5.
  double time;
  for (int rows = 32; rows <= 256; rows *= 2)
    for (const double height : {0.2 * mm, 0.45 * mm, 0.6 * mm}) {
      const double row = 1 * mm / rows / height;
      EXPECT_NEAR(washburn_rise(10 * mPa_s, height, rows, 4 * rows, time), 1.0, row * row / 8.0 + 2e-5)
          << rows << " rows, " << height;
    }
}

TEST(ExactTrack, TimeToFillGrowsWithViscosity) {
  // Times to fill 0.6 mm, printed to the millisecond; steps of any length, as long as rows fill one after another.
  struct Reference {
    double viscosity, time, digit;
  };
  for (const auto& [viscosity, printed, digit] : {Reference{3 * mPa_s, 3.5 * ms, 0.1 * ms},
                                                  {10 * mPa_s, 12 * ms, 1 * ms},
                                                  {30 * mPa_s, 35 * ms, 1 * ms},
                                                  {100 * mPa_s, 118 * ms, 1 * ms},
                                                  {300 * mPa_s, 354 * ms, 1 * ms}}) {
    double time;
    EXPECT_NEAR(washburn_rise(viscosity, 0.6 * mm, 64, 256, time), 1.0, std::pow(1.0 / 64 / 0.6, 2) / 8.0 + 2e-5);
    EXPECT_NEAR(time, printed, 0.5 * digit);
  }
}

/// Steady flow down a track that is filled to its bottom row, which lies in tissue held at -1 kPa and open to it; needle and wall
/// of the given radii. Largest and smallest of all rows, and the length from the skin to the middle of that row.
struct TrackFlow {
  double least, largest, length;
};
TrackFlow steady_flow(double needle_radius, double hole_radius, bool needle_in, double viscosity) {
  constexpr int rows = 24, filled = 16;
  const double depth = 0.75 * mm;
  TrackCase track(rows, depth, depth * filled / rows, needle_radius, hole_radius, 1e9);
  const InsertionProblem& p = track.p;
  track.set_viscosity(viscosity);
  track.p.params.capillary.surface_tension = 1e3;  // no void opens
  track.p.params.rest_pressure = -1e3;
  put(p.rows.permeability, filled - 1, 1.0);  // conducts 1e9 times better than the track
  put(p.rows.storage, filled - 1, 1e9);       // and keeps its pressure
  track.start();
  const double area = pi * (hole_radius * hole_radius - (needle_in ? needle_radius * needle_radius : 0.0));
  for (int j = 0; j < filled; ++j) p.track.liquid(j) = area;
  const test::TipAt still{depth * filled / rows};
  EXPECT_TRUE(needle_in ? track.run(still, 10 * ms, 1 * ms) : track.run(TipOut{}, 10 * ms, 1 * ms));
  TrackFlow flow{HUGE_VAL, 0.0, p.grid.z_centre(filled - 1)};
  for (int j = 0; j < filled; ++j) {
    flow.least = std::min(flow.least, p.track.flow(j));
    flow.largest = std::max(flow.largest, p.track.flow(j));
  }
  return flow;
}

TEST(ExactTrack, TubeCarriesPoiseuilleFlow) {
  for (const double radius : {10 * um, 25 * um, 60 * um}) {
    const TrackFlow flow = steady_flow(radius, radius, false, 10 * mPa_s);
    const double exact = pi * std::pow(radius, 4) * 1e3 / (8.0 * 10 * mPa_s * flow.length);
    // Suction of half a kilopascal in the mean closes the wall by p/G = 5e-7 of its area, and flow goes with the area's square.
    EXPECT_NEAR(flow.least / exact, 1.0, 1.01e-6) << radius;
    EXPECT_NEAR(flow.largest / exact, 1.0, 1.01e-6) << radius;
  }
}

TEST(ExactTrack, GapAroundANeedleCarriesAnnularFlow) {
  for (const double ratio : {1.02, 1.2, 2.0, 4.0}) {
    const double r = 50 * um, outer = ratio * r, gap = outer - r;
    const TrackFlow flow = steady_flow(r, outer, true, 10 * mPa_s);
    const double squares = outer * outer - r * r;
    const double annulus = pi / 8.0 * (std::pow(outer, 4) - std::pow(r, 4) - squares * squares / std::log(ratio));
    const double exact = annulus * 1e3 / (10 * mPa_s * flow.length), slit = pi * r * gap * gap * gap / 6.0 / annulus * exact;
    // The wall closes by 5e-7 of the open area, which a gap feels as more; flow goes with its third power at most.
    const double closing = 3.0 * outer * outer / squares * 5e-7;
    EXPECT_NEAR(flow.least / exact, 1.0, closing) << ratio;
    EXPECT_NEAR(flow.largest / exact, 1.0, closing) << ratio;
    if (ratio < 1.1) {
      EXPECT_NEAR(flow.least / slit, 1.0, 0.5 * gap / r + closing);  // the thin gap, pi r b^3 dp/(6 mu L): 1 + b/2r + ...
    }
  }
}

/// Ink that a needle drags into a wide dry hole by its film alone, over the film of Landau and Levich on the length that is inside.
double dragged_film(double radius, double viscosity, double speed, int rows, int steps) {
  const double depth = 0.5 * mm, tension = 38e-3;
  TrackCase track(rows, 1 * mm, 0.0, radius, 2.0 * radius, 1e5);
  track.set_viscosity(viscosity);
  track.p.params.needle.film_wiped = 0.0;
  track.p.params.film = {.surface_tension = tension, .cap = 0.3};
  const double end = depth / speed;
  EXPECT_TRUE(track.run([speed](double t) { return speed * t; }, end, end / steps));
  const double film = 1.34 * radius * std::pow(viscosity * speed / tension, 2.0 / 3.0);
  return track.p.account(RimAccount::drawn_volume) / (2.0 * pi * radius * film * depth);
}

TEST(ExactTrack, NeedleDragsTheFilmOfLandauAndLevich) {
  // The shaft's displacement is integrated exactly, so neither rows nor steps matter: a rounding per step, tip and rows.
  for (const double speed : {0.01, 0.1})
    for (const int rows : {32, 64})
      for (const int steps : {17, 50})
        EXPECT_NEAR(dragged_film(125 * um, 3 * mPa_s, speed, rows, steps), 1.0, (steps + rows) * 10 * 2.2e-16);
}

}  // namespace
}  // namespace dermaflux
