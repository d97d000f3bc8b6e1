#pragma once
#include <cmath>

#include "core/lane_math.hpp"
#include "core/solver/healing_problem.hpp"
#include "core/solver/optics_rows.hpp"

namespace dermaflux {

/// Where a depth lies in the skin of one band at one time, and what light loses down to there; linear between the borders of equal
/// parts. Below the grid the last part goes on.
struct SkinDepth {
  OpticsProblem o;

  struct Place {
    double depth, absorbed;    ///< [m], and optical depth of absorption without pigment
    double stretch, thinning;  ///< the same per optical depth of scattering
  };
  DF_FUNCTION Place operator()(double scattered) const {
    const double scale = o.tables.scale(0), at = scattered * scale;
    const int part = static_cast<int>(smaller(at, depth_parts - 1));
    const double stretch = o.tables.depth(part + 1) - o.tables.depth(part);
    const double thinning = o.tables.absorbed(part + 1) - o.tables.absorbed(part), share = at - part;
    return {o.tables.depth(part) + share * stretch, o.tables.absorbed(part) + share * thinning, scale * stretch, scale * thinning};
  }
};

/// Fills the tables of depths. Water that swells the dermis changes no optical depth, see SwollenRows.
struct SkinDepthStep {
  OpticsProblem o;
  LightClock clock;
  DF_FUNCTION void operator()() const {
    const int n_z = o.tissue.n_z;
    o.tables.scattered(0) = 0.0;
    for (int j = 0; j < n_z; ++j) o.tables.scattered(j + 1) = o.tables.scattered(j) + scattering(j) * o.tissue.dz(j);
    const double part = o.tables.scattered(n_z) / depth_parts;
    o.tables.scale(0) = 1.0 / part;
    double depth = 0.0, absorbed = 0.0;  // down to the upper face of row j
    for (int k = 0, j = 0; k <= depth_parts; ++k) {
      const double end = k * part;
      for (; j + 1 < n_z && o.tables.scattered(j + 1) <= end; ++j) {
        depth += stretch(j) * o.tissue.dz(j);
        absorbed += absorption(j) * o.tissue.dz(j);
      }
      const double into = (end - o.tables.scattered(j)) / scattering(j);  // the row [m at rest]
      o.tables.depth(k) = depth + stretch(j) * into;
      o.tables.absorbed(k) = absorbed + absorption(j) * into;
    }
  }

 private:
  DF_FUNCTION SkinRow skin(int j) const { return {o, clock, j / o.params.coarsening}; }
  DF_FUNCTION double scattering(int j) const { return skin(j).scattering() / o.params.sharpness; }
  DF_FUNCTION double absorption(int j) const { return skin(j).absorption(); }
  DF_FUNCTION double stretch(int j) const { return SwollenRows{o, clock.swelling}.stretch(j / o.params.coarsening); }
};

/// Absorption of pigment in a cell of tissue.
struct PigmentStep {
  OpticsProblem o;
  PoolFields pools;
  LightClock clock;
  DF_FUNCTION void operator()(int i, int j) const {
    const int k = o.tissue.cell(i, j);
    const double absorption = pools.dispersed(k) * clock.dispersed + pools.packed(k) * clock.packed;
    o.pigment(k) = absorption / SkinRow{o, clock, j / o.params.coarsening}.scattering() * o.params.sharpness;
  }
};

/// How far out pigment of a row reaches [m], 0 for a row without: what absorbs less than a ten-thousandth of what skin does is left
/// out, which is as much of the contrast at most.
struct PigmentReachStep {
  OpticsProblem o;
  LightClock clock;
  DF_FUNCTION void operator()(int, int j) const {
    const SkinRow skin{o, clock, j / o.params.coarsening};
    const double least = 1e-4 * skin.absorption() / skin.scattering() * o.params.sharpness;
    int rings = o.tissue.n_r;
    while (rings > 0 && !(o.pigment(o.tissue.cell(rings - 1, j)) > least)) --rings;
    o.tables.reach(j) = rings > 0 ? o.tissue.r_face(rings) : 0.0;
  }
};

/// Depths between which there is pigment, how far out it reaches anywhere, and how finely paths sample it: a quarter of that, from
/// half to one optical depth. Against a tenth, contrasts change by 0.001 on average and widths by 1 %.
struct PigmentBoxStep {
  OpticsProblem o;
  DF_FUNCTION void operator()() const {
    double top = HUGE_VAL, bottom = 0.0, reach = 0.0;
    for (int j = 0; j < o.tissue.n_z; ++j) {
      if (!(o.tables.reach(j) > 0.0)) continue;
      if (top == HUGE_VAL) top = o.tables.scattered(j);
      bottom = o.tables.scattered(j + 1);
      reach = larger(reach, o.tables.reach(j));
    }
    o.tables.box(0) = top;
    o.tables.box(1) = bottom;
    o.tables.box(2) = reach;
    o.tables.box(3) = larger(0.5, smaller(1.0, 0.25 * reach * o.tables.scattered(o.tissue.n_z) / o.tissue.z_face(o.tissue.n_z)));
  }
};

/// Pigment between top and bottom on a raster of equal depths and radii, where paths find it without a search.
struct RasterStep {
  OpticsProblem o;
  DF_FUNCTION void operator()(int row, int) const {
    const double top = o.tables.box(0), bottom = o.tables.box(1), reach = o.tables.box(2);
    if (!(reach > 0.0)) return;
    const double depth = mix(top, bottom, (row + 0.5) / raster_rows);
    int i = 0, j = 0;
    while (j + 1 < o.tissue.n_z && o.tables.scattered(j + 1) <= depth) ++j;
    for (int bin = 0; bin < raster_bins; ++bin) {
      while (i + 1 < o.tissue.n_r && o.tissue.r_face(i + 1) <= (bin + 0.5) / raster_bins * reach) ++i;
      o.tables.raster(row * (raster_bins + 1) + bin) = static_cast<float>(o.pigment(o.tissue.cell(i, j)));
    }
  }
};

/// Light that comes back along a group of paths, if they begin at each place of the view, and without a dot: the same paths meet
/// other pigment. Sums over the group in the order of the paths.
struct FollowPathsStep {
  OpticsProblem o;
  int paths;  ///< how many of all

  static constexpr double opaque = 14.0;  ///< optical depth of pigment through which nothing is seen: a millionth of the light

  /// Optical depth of pigment that a path has met, for each place it may have begun at.
  struct Met {
    double depth[view_rings] = {};
  };

  DF_FUNCTION void operator()(int group, int) const {
    double sums[view_rings] = {}, skin = 0.0;
    const int end = (group + 1) * path_group < paths ? (group + 1) * path_group : paths;
    for (int path = group * path_group; path < end; ++path) {
      Met met;
      const double weight = static_cast<double>(o.paths.weight(path)) * lane_exp(-follow(path, met));
      skin += weight;
      DF_LANES
      for (int n = 0; n < view_rings; ++n) sums[n] += weight * lane_exp(-met.depth[n]);
    }
    const int row = group * (view_rings + 1);
    for (int n = 0; n < view_rings; ++n) o.tables.returned(row + n) = sums[n];
    o.tables.returned(row + view_rings) = skin;
  }

 private:
  /// A straight way: where it begins and what is added to that, sideways in metres, downwards in optical depths; its optical
  /// length.
  struct Flight {
    double x, y, scattered, dx, dy, sunk, length;
  };

  /// Optical depth of absorption along a path in skin; adds that of pigment.
  DF_FUNCTION double follow(int path, Met& met) const {
    double x = 0.0, y = 0.0, scattered = 0.0, absorbed = 0.0;
    SkinDepth::Place here = SkinDepth{o}(0.0);
    const int last = static_cast<int>(o.paths.first(path + 1));
    for (int k = static_cast<int>(o.paths.first(path)); k < last; ++k) {
      const double next = static_cast<double>(o.paths.depth(k)), sunk = next - scattered;
      const double dx = static_cast<double>(o.paths.x(k)), dy = static_cast<double>(o.paths.y(k));
      const double length = std::sqrt(dx * dx + dy * dy + sunk * sunk);
      const SkinDepth::Place there = SkinDepth{o}(next);
      const bool level = std::fabs(sunk) < 1e-6;
      const double per_sunk = 1.0 / (level ? 1.0 : sunk);
      const double stretch = level ? there.stretch : (there.depth - here.depth) * per_sunk;
      absorbed += length * (level ? there.thinning : (there.absorbed - here.absorbed) * per_sunk);
      const Flight flight{x, y, scattered, stretch * dx, stretch * dy, sunk, length};
      meet(flight, met);
      x += flight.dx;
      y += flight.dy;
      scattered = next;
      here = there;
    }
    return absorbed;
  }

  DF_FUNCTION void meet(const Flight& f, Met& met) const {
    const double top = o.tables.box(0), bottom = o.tables.box(1), reach = o.tables.box(2);
    const double end_y = f.y + f.dy, end = f.scattered + f.sunk;
    if (!(larger(f.scattered, end) > top && smaller(f.scattered, end) < bottom)) return;
    if (f.y * end_y > 0.0 && smaller(std::fabs(f.y), std::fabs(end_y)) >= reach) return;
    const double low = smaller(f.x, f.x + f.dx), high = larger(f.x, f.x + f.dx);
    int from = 0, to = view_rings;  // places from which the flight does not come near, or whose light is gone, are left out
    while (from < to && (o.rows.view_r(from) + high <= -reach || met.depth[from] > opaque)) ++from;
    while (to > from && (o.rows.view_r(to - 1) + low >= reach || met.depth[to - 1] > opaque)) --to;
    if (from == to) return;
    double enter = 0.0, leave = 1.0;  // share of the flight at which it passes between top and bottom
    if (f.sunk != 0.0) {
      const double at_top = (top - f.scattered) / f.sunk, at_bottom = (bottom - f.scattered) / f.sunk;
      enter = larger(enter, smaller(at_top, at_bottom));
      leave = smaller(leave, larger(at_top, at_bottom));
    }
    const double inside = (leave - enter) * f.length, rows = raster_rows / (bottom - top), bins = raster_bins / reach;
    const int samples = 1 + static_cast<int>(inside / o.tables.box(3));
    float at[view_rings];
    for (int n = 0; n < view_rings; ++n) at[n] = static_cast<float>(o.rows.view_r(n) * bins);
    for (int s = 0; s < samples; ++s) {
      const double t = enter + (s + 0.5) * (leave - enter) / samples;
      const int row = static_cast<int>((f.scattered + t * f.sunk - top) * rows);
      sample(at, (f.x + t * f.dx) * bins, (f.y + t * f.dy) * bins, row < raster_rows ? row : raster_rows - 1, inside / samples,
             from, to, met);
    }
  }

  /// Adds pigment of a place, given in bins of the raster, over an optical length, for the places of the view in between.
  DF_FUNCTION void sample(const float (&at)[view_rings], double x, double y, int row, double length, int from, int to,
                          Met& met) const {
    const double side = y * y;
    if (!(side < static_cast<double>(raster_bins) * raster_bins)) return;
    const float* const line = o.tables.raster.data + row * (raster_bins + 1);
    const float middle = static_cast<float>(x), square = static_cast<float>(side);
    for (int n = from; n < to; ++n) {
      const float along = at[n] + middle, radius = std::sqrt(along * along + square);
      const int bin = static_cast<int>(radius < static_cast<float>(raster_bins) ? radius : static_cast<float>(raster_bins));
      met.depth[n] += length * static_cast<double>(line[bin]);
    }
  }
};

/// Reflectance at each place of the view, and of skin without a dot, from the sums over the groups.
struct ReturnedLightStep {
  OpticsProblem o;
  int paths;
  DF_FUNCTION void operator()(int i, int) const {
    const int groups = (paths + path_group - 1) / path_group;
    double sum = 0.0;
    for (int group = 0; group < groups; ++group) sum += o.tables.returned(group * (view_rings + 1) + i);
    o.reflectance(i) = o.paths.entering * sum / static_cast<double>(o.paths.launched(paths - 1));
  }
};

}  // namespace dermaflux
