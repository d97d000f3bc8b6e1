#include "core/solver/space_places.hpp"

#include <algorithm>
#include <string>

#include "core/error.hpp"
#include "core/physics/philox.hpp"
#include "core/solver/insertion_setup.hpp"

namespace dermaflux {
namespace {

/// A normal deviate of a dot, by Box and Muller.
double deviate(int seed, std::uint32_t dot, std::uint32_t which) {
  const Words words = Philox{static_cast<std::uint32_t>(seed), 0}({dot, which, 0, 0});
  const double radius = std::sqrt(-2.0 * std::log(Philox::uniform(words.a)));
  return radius * std::cos(2.0 * units::pi * Philox::uniform(words.b));
}

/// Leans a needle further by so much sideways per depth; it goes as far along its axis as before, at 60 degrees at most.
void turn(SpaceDot& dot, double further_x, double further_y) {
  const double lean_x = std::tan(dot.angle) * std::cos(dot.azimuth) + further_x;
  const double lean_y = std::tan(dot.angle) * std::sin(dot.azimuth) + further_y;
  const double before = std::cos(dot.angle);
  dot.angle = std::min(std::atan(std::hypot(lean_x, lean_y)), 60.0 * units::degree);
  dot.azimuth = std::atan2(lean_y, lean_x);
  dot.tip_depth *= std::cos(dot.angle) / before;
}

/// Faces of an odd number of cells, a little finer than asked for if need be: a track in the middle then stands in the middle of a
/// cell.
std::vector<double> odd_faces(const AxisPlan& plan) {
  std::vector<double> faces = graded_faces(plan);
  for (double scale = 0.99; faces.size() % 2 == 1 && scale > 0.5; scale -= 0.01) faces = graded_faces(plan, 1, scale);
  return faces;
}

}  // namespace

double finest_cell(GridLevel level) { return 16.0 * units::um / std::pow(std::sqrt(2.0), static_cast<int>(level)); }

std::vector<SpaceDot> space_dots(const Treatment& treatment, const Puncture& puncture) {
  std::vector<SpaceDot> dots;
  const Geometry& g = treatment.geometry;
  const Pattern& hand = treatment.pattern;
  for (int n = 0; n < g.dots(); ++n) {
    const Geometry::Place place = g.dot(n, hand.dot_spacing);
    SpaceDot dot{place.x, place.y, puncture.tip_depth, treatment.machine.angle, g.azimuth};
    if (g.dots() > 1) {
      const auto drawn = [&](std::uint32_t which) { return deviate(g.seed, static_cast<std::uint32_t>(n), which); };
      dot.x += hand.position_jitter * drawn(0);
      dot.y += hand.position_jitter * drawn(1);
      if (g.angle_jitter > 0.0) turn(dot, std::tan(g.angle_jitter) * drawn(3), std::tan(g.angle_jitter) * drawn(4));
      const double deeper = hand.depth_jitter * drawn(2) * std::cos(dot.angle);
      dot.tip_depth = std::clamp(dot.tip_depth + deeper, 0.2 * dot.tip_depth, 1.8 * dot.tip_depth);
    }
    const SpaceDot above = dot;  // the middle of the track stands over the place
    dot.x -= above.middle_x() - above.x;
    dot.y -= above.middle_y() - above.y;
    dots.push_back(dot);
  }
  return dots;
}

std::vector<SpaceTrack> dot_tracks(const Treatment& treatment, const SpaceDot& dot) {
  std::vector<SpaceTrack> tracks;
  const double tilt = std::tan(dot.angle), upright = std::cos(dot.angle), c = std::cos(dot.azimuth), s = std::sin(dot.azimuth);
  for (int k = 0; k < treatment.needle.prongs; ++k) {
    const Needle::Place at = treatment.needle.place(k);  // in the plane across the needle; x leans
    SpaceTrack track{};
    track.x = dot.x + at.x / upright * c - at.y * s;
    track.y = dot.y + at.x / upright * s + at.y * c;
    track.lean_x = tilt * c;
    track.lean_y = tilt * s;
    track.upright = upright;
    track.setback = at.x * tilt;
    tracks.push_back(track);
  }
  return tracks;
}

CartesianFaces space_faces(const Treatment& treatment, const Puncture& puncture, GridLevel level, long long most) {
  const auto build = [&](const Treatment& of, GridLevel at) {
    const double cell = finest_cell(at);
    AxisPlan x{HUGE_VAL, -HUGE_VAL, {}, 1.25, 0.2 * units::mm}, y = x;
    const auto widen = [cell](AxisPlan& plan, double one, double other) {
      plan.fine.push_back({std::min(one, other) - 80.0 * units::um, std::max(one, other) + 80.0 * units::um, cell});
      plan.first = std::min({plan.first, one, other});
      plan.last = std::max({plan.last, one, other});
    };
    for (const SpaceDot& dot : space_dots(of, puncture))
      for (const SpaceTrack& track : dot_tracks(of, dot)) {
        const double depth = std::max(dot.tip_depth - track.setback * track.upright, 0.0);
        widen(x, track.x, track.x + track.lean_x * depth);
        widen(y, track.y, track.y + track.lean_y * depth);
      }
    for (AxisPlan* plan : {&x, &y}) {
      plan->first -= treatment.geometry.margin;
      plan->last += treatment.geometry.margin;
    }
    return CartesianFaces{odd_faces(x), odd_faces(y), build_grid(at, grid_extent(treatment)).z};
  };
  const auto said = [](const CartesianFaces& faces) {
    return std::to_string(faces.x.size() - 1) + " x " + std::to_string(faces.y.size() - 1) + " x " +
           std::to_string(faces.z.size() - 1);
  };
  CartesianFaces faces = build(treatment, level);
  if (faces.cell_count() <= most) return faces;
  std::string fits = "no grid level would fit; make geometry.margin_mm smaller";
  const int n_x = treatment.geometry.dots_x, n_y = treatment.geometry.dots_y;
  for (int side = std::max(n_x, n_y) - 1; side > 0; --side) {
    Treatment fewer = treatment;
    fewer.geometry.dots_x = std::min(n_x, side);
    fewer.geometry.dots_y = std::min(n_y, side);
    const CartesianFaces smaller_box = build(fewer, level);
    if (smaller_box.cell_count() > most) continue;
    fits = "no grid level would fit, but geometry.dots_x = " + std::to_string(fewer.geometry.dots_x) +
           ", dots_y = " + std::to_string(fewer.geometry.dots_y) + " (" + said(smaller_box) + ") would";
    break;
  }
  for (int lower = static_cast<int>(level) - 1; lower >= 0; --lower) {
    const CartesianFaces coarser = build(treatment, static_cast<GridLevel>(lower));
    if (coarser.cell_count() > most) continue;
    fits = "--grid " + std::string(grid_level_name(static_cast<GridLevel>(lower))) + " (" + said(coarser) + ") would fit";
    break;
  }
  throw InputError("geometry.kind = \"box\": the grid would have " + said(faces) + " = " + std::to_string(faces.cell_count()) +
                   " cells, more than the " + std::to_string(most) + " that the free memory holds; " + fits);
}

}  // namespace dermaflux
