#pragma once
#include <bit>
#include <cmath>
#include <cstdint>

#include "core/solver/healing_problem.hpp"
#include "core/solver/optics_rows.hpp"

namespace dermaflux {

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
    double pigment = in_row(0, first, top, bottom), face = outer_face(0);
    const int bins = RasterBins::within(box.reach), line = row * (raster_bins + 1);
    for (int bin = 0; bin < bins; ++bin) {
      for (const int end = cut_by(face, bin, bins); bin < end; ++bin) o.tables.raster(line + bin) = static_cast<float>(pigment);
      if (bin == bins) return;
      const double inner = RasterBins::inner_square(bin), outer = RasterBins::inner_square(bin + 1);  // areas, over pi
      double from = inner, sum = 0.0;  // ring by ring, each by its share of the area
      for (; face <= outer; face = outer_face(i)) {
        sum += pigment * (face - from);
        from = face;
        pigment = in_row(++i, first, top, bottom);
      }
      o.tables.raster(line + bin) = static_cast<float>((sum + pigment * (outer - from)) / (outer - inner));
    }
  }

 private:
  /// First bin from `bin` on that does not end inside of a face, given as the square of its radius; at most `bins`.
  DF_FUNCTION static int cut_by(double face, int bin, int bins) {
    const int guess = RasterBins::within(std::sqrt(face)) - 1;
    int cut = guess < bin ? bin : (guess < bins ? guess : bins);
    while (cut > bin && face <= RasterBins::inner_square(cut)) --cut;
    while (cut < bins && !(face <= RasterBins::inner_square(cut + 1))) ++cut;
    return cut;
  }
  /// Square of the outer radius of a ring; the last one goes on.
  DF_FUNCTION double outer_face(int i) const {
    return i + 1 < o.tissue.n_r ? o.tissue.r_face(i + 1) * o.tissue.r_face(i + 1) : HUGE_VAL;
  }
  /// Mean of a ring between two depths; `first` is the row that the upper one lies in.
  DF_FUNCTION double in_row(int i, int first, double top, double bottom) const {
    double sum = 0.0;
    for (int j = first; j < o.tissue.n_z && o.tables.scattered(j) < bottom; ++j)
      sum += o.pigment(o.tissue.cell(i, j)) * (smaller(bottom, o.tables.scattered(j + 1)) - larger(top, o.tables.scattered(j)));
    return sum / (bottom - top);
  }
};

}  // namespace dermaflux
