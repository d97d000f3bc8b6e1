#pragma once
#include <bit>
#include <cmath>
#include <cstdint>

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

/// How far out pigment of a row reaches [m], 0 for a row without: what absorbs less than a thousandth of what skin does is left
/// out, which is as much of the contrast at most.
struct PigmentReachStep {
  OpticsProblem o;
  LightClock clock;
  DF_FUNCTION void operator()(int, int j) const {
    const SkinRow skin{o, clock, j / o.params.coarsening};
    const double least = 1e-3 * skin.absorption() / skin.scattering() * o.params.sharpness;
    int rings = o.tissue.n_r;
    while (rings > 0 && !(o.pigment(o.tissue.cell(rings - 1, j)) > least)) --rings;
    o.tables.reach(j) = rings > 0 ? o.tissue.r_face(rings) : 0.0;
  }
};

/// Where pigment is: from a top to a bottom, within a radius.
struct PigmentBox {
  double top, bottom, reach;  ///< depths of scattering, and [m]
  double rows;                ///< of the raster per depth

  static constexpr int length = 4;
  DF_FUNCTION static PigmentBox of(FieldView<const double> box) { return {box(0), box(1), box(2), box(3)}; }
};

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
    const double box[PigmentBox::length] = {top, bottom, reach, raster_rows / (bottom - top)};
    for (int n = 0; n < PigmentBox::length; ++n) o.tables.box(n) = box[n];
  }
};

/// Bins of radius: 16 to each doubling of 1 + (r / 4 um)^2, read from the bits of that number. The same for all dots, finest at the
/// axis, and 3 % of the radius wide farther out.
struct RasterBins {
  static constexpr double finest = 4.0 * units::um;
  static constexpr std::int32_t first = 0x3f800000;  ///< bits of 1.0f
  static constexpr int shift = 19;                   ///< bits of a float that are finer than a bin

  /// Bin at a radius, given as (r / finest)^2.
  DF_IN_LANES DF_FUNCTION static int at(float square) { return (std::bit_cast<std::int32_t>(square + 1.0f) - first) >> shift; }
  /// Square of the inner border of a bin [m^2].
  DF_FUNCTION static double inner_square(int bin) {
    return finest * finest * (static_cast<double>(std::bit_cast<float>(first + (bin << shift))) - 1.0);
  }
  /// How many bins a radius [m] needs.
  DF_FUNCTION static int within(double radius) {
    const double square = radius / finest * (radius / finest);
    const int bins = at(static_cast<float>(smaller(square, 1e12))) + 1;
    return bins < raster_bins ? bins : raster_bins;
  }
};

/// Pigment between top and bottom on a raster of equal depths and of RasterBins, where paths find it without a search: the mean
/// over each piece of it, so that as much is met as is there.
struct RasterStep {
  OpticsProblem o;
  DF_FUNCTION void operator()(int row, int) const {
    const PigmentBox box = PigmentBox::of(o.tables.box);
    if (!(box.reach > 0.0)) return;
    const double top = mix(box.top, box.bottom, row / static_cast<double>(raster_rows));
    const double bottom = mix(box.top, box.bottom, (row + 1) / static_cast<double>(raster_rows));
    int first = 0;
    while (first + 1 < o.tissue.n_z && o.tables.scattered(first + 1) <= top) ++first;
    int i = 0;
    double pigment = in_row(0, first, top, bottom), inner = 0.0;
    const int bins = RasterBins::within(box.reach);
    for (int bin = 0; bin < bins; ++bin) {
      // Ring by ring, each by its share of the area.
      const double outer = RasterBins::inner_square(bin + 1);  // areas, over pi
      double from = inner, sum = 0.0;
      while (from < outer) {
        const double face = i + 1 < o.tissue.n_r ? o.tissue.r_face(i + 1) * o.tissue.r_face(i + 1) : HUGE_VAL;
        const double to = smaller(face, outer);
        sum += pigment * (to - from);
        from = to;
        if (face <= outer) pigment = in_row(++i, first, top, bottom);
      }
      o.tables.raster(row * (raster_bins + 1) + bin) = static_cast<float>(sum / (outer - inner));
      inner = outer;
    }
  }

 private:
  /// Mean of a ring between two depths; `first` is the row that the upper one lies in.
  DF_FUNCTION double in_row(int i, int first, double top, double bottom) const {
    double sum = 0.0;
    for (int j = first; j < o.tissue.n_z && o.tables.scattered(j) < bottom; ++j)
      sum += o.pigment(o.tissue.cell(i, j)) * (smaller(bottom, o.tables.scattered(j + 1)) - larger(top, o.tables.scattered(j)));
    return sum / (bottom - top);
  }
};

/// Light that comes back along a group of paths, if they begin at each place of the view, and without a dot: the same paths meet
/// other pigment. Sums over the group in the order of the paths.
struct FollowPathsStep {
  OpticsProblem o;
  int paths;  ///< how many of all

  static constexpr int lanes = 8;          ///< places of the view that are handled together
  static constexpr double stride = 0.625;  ///< optical depth between two samples of pigment
  static_assert(view_rings % lanes == 0);

  DF_FUNCTION void operator()(int group, int) const {
    Search search{PigmentBox::of(o.tables.box), 0, {}, {}};
    search.bins = RasterBins::within(search.box.reach);
    for (int n = 0; n < view_rings; ++n) search.at[n] = static_cast<float>(o.rows.view_r(n) / RasterBins::finest);
    double sums[view_rings] = {}, skin = 0.0;
    const int end = (group + 1) * path_group < paths ? (group + 1) * path_group : paths;
    for (int path = group * path_group; path < end; ++path) {
      for (float& depth : search.met) depth = 0.0f;
      const double weight = static_cast<double>(o.paths.weight(path)) * lane_exp(-follow(path, search));
      skin += weight;
      DF_LANES
      for (int n = 0; n < view_rings; ++n) sums[n] += weight * lane_exp(-static_cast<double>(search.met[n]));
    }
    const int row = group * (view_rings + 1);
    for (int n = 0; n < view_rings; ++n) o.tables.returned(row + n) = sums[n];
    o.tables.returned(row + view_rings) = skin;
  }

 private:
  /// What a path looks for, and what it has met.
  struct Search {
    PigmentBox box;
    int bins;               ///< of the raster that hold any
    float at[view_rings];   ///< places of the view, over the finest bin
    float met[view_rings];  ///< optical depth of pigment, for each place the path may have begun at
  };
  /// A straight way: where it begins and what is added to that, sideways in metres, downwards in optical depths; its optical
  /// length.
  struct Flight {
    double x, y, scattered, dx, dy, sunk, length;
  };

  /// Optical depth of absorption along a path in skin; adds that of pigment to what it has met.
  DF_FUNCTION double follow(int path, Search& search) const {
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
      meet({x, y, scattered, stretch * dx, stretch * dy, sunk, length}, search);
      x += stretch * dx;
      y += stretch * dy;
      scattered = next;
      here = there;
    }
    return absorbed;
  }

  DF_FUNCTION void meet(const Flight& f, Search& search) const {
    const PigmentBox& box = search.box;
    const double end_y = f.y + f.dy, end = f.scattered + f.sunk, low = smaller(f.scattered, end), high = larger(f.scattered, end);
    if (!(high > box.top && low < box.bottom)) return;
    if (larger(f.y, end_y) <= -box.reach || smaller(f.y, end_y) >= box.reach) return;
    const double left = smaller(f.x, f.x + f.dx), right = larger(f.x, f.x + f.dx);
    for (int first = 0; first < view_rings; first += lanes)  // groups of places from which the flight comes near
      if (o.rows.view_r(first + lanes - 1) + right > -box.reach && o.rows.view_r(first) + left < box.reach)
        look_along(f, first, search);
  }

  /// Samples a flight for a group of places of the view. The samples do not depend on where pigment is, so that their noise is the
  /// same for all dots and times.
  DF_FUNCTION void look_along(const Flight& f, int first, Search& search) const {
    const PigmentBox& box = search.box;
    const int nearest = static_cast<int>(f.length / stride + 0.5), samples = nearest > 0 ? nearest : 1;
    const double part = samples > 1 ? 1.0 / samples : 1.0;
    const float length = static_cast<float>(f.length * part);
    for (int s = 0; s < samples; ++s) {
      const double t = (s + 0.5) * part, below = (f.scattered + t * f.sunk - box.top) * box.rows;
      if (!(below >= 0.0 && below < raster_rows)) continue;
      const int row = static_cast<int>(below);
      const float x = static_cast<float>((f.x + t * f.dx) / RasterBins::finest);
      const float y = static_cast<float>((f.y + t * f.dy) / RasterBins::finest), side = y * y;
      if (RasterBins::at(side) >= search.bins) continue;
      const float* const line = o.tables.raster.data + row * (raster_bins + 1);
      int bin[lanes];
      float pigment[lanes];
      DF_LANES
      for (int n = 0; n < lanes; ++n) {
        const float along = search.at[first + n] + x;
        const int there = RasterBins::at(along * along + side);
        bin[n] = there < search.bins ? there : raster_bins;
      }
      for (int n = 0; n < lanes; ++n) pigment[n] = line[bin[n]];
      DF_LANES
      for (int n = 0; n < lanes; ++n) search.met[first + n] += length * pigment[n];
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
