#pragma once
#include <cmath>
#include <cstring>

#include "core/solver/path_pieces.hpp"

namespace dermaflux {

/// Light that comes back along a group of paths, if they begin at each place of the view, and without a dot: the same paths meet
/// other pigment. At a far place each path counts as it is and as seen in a mirror, because there it makes the most difference
/// whether it leads to the dot. Sums over the group in the order of the paths.
struct FollowPathsStep {
  OpticsProblem o;
  int paths;    ///< how many of all
  int places;   ///< of the view: all of them, near_rings or centre_rings
  double gain;  ///< reduced scattering of pigment over its absorption, at most 1 - g [-]

  static constexpr int lanes = 8;  ///< places that are handled together
  static constexpr int zones = 3;  ///< near places; far ones, each and its mirror image; and those still farther
  static_assert(centre_rings == lanes && 2 * (near_rings - lanes) == lanes && view_rings == 2 * lanes);

  DF_FUNCTION void operator()(int group, int) const {
    Search search = begin();
    double sums[zones * lanes] = {}, skin = 0.0;
    const int end = (group + 1) * path_group < paths ? (group + 1) * path_group : paths;
    for (int path = group * path_group; path < end; ++path) {
      for (float& depth : search.met) depth = 0.0f;
      for (float& factor : search.turned) factor = 1.0f;
      const double weight = static_cast<double>(o.paths.weight(path)) * lane_exp(-follow(path, search));
      skin += weight;
      DF_LANES
      for (int n = 0; n < seen_zones() * lanes; ++n)
        sums[n] += weight * static_cast<double>(search.turned[n]) * lane_exp(-static_cast<double>(search.met[n]));
    }
    const int row = group * (view_rings + 1);
    for (int n = 0; n < lanes; ++n) o.tables.returned(row + n) = sums[n];
    for (int n = lanes; n < places; ++n) o.tables.returned(row + n) = 0.5 * (sums[2 * n - lanes] + sums[2 * n + 1 - lanes]);
    o.tables.returned(row + view_rings) = skin;
  }

 private:
  /// Where a path may meet pigment: where a piece ends.
  struct Samples {
    static constexpr int room = 64;
    int count;
    float x[room], side[room];  ///< way along the view, and the square of that across it, over the finest bin
    float length[room];         ///< optical, half of the pieces before and after
    float turn[room];           ///< 1 where light turns, 0 where not
    int line[room];             ///< of the raster
  };
  /// What paths look for, and what one of them has met. Lengths over the finest bin.
  struct Search {
    float top, rows, reach;       ///< of the PigmentBox
    int bins;                     ///< of the raster that hold any
    float at[zones * lanes];      ///< places of the view
    float met[zones * lanes];     ///< optical depth of pigment, for each place the path may have begun at
    float turned[zones * lanes];  ///< what turns in pigment make of its weight
    PigmentTurns turns;
    Samples samples[2 * zones];      ///< for each zone, then its sharp turns
    int bin[Samples::room * lanes];  ///< of the raster, sample by sample
  };

  DF_FUNCTION int seen_zones() const { return places == centre_rings ? 1 : (places == near_rings ? 2 : zones); }

  DF_FUNCTION Search begin() const {
    const PigmentBox box = PigmentBox::of(o.tables.box);
    Search search;
    search.top = static_cast<float>(box.top);
    search.rows = static_cast<float>(box.rows);
    search.reach = static_cast<float>(box.reach / RasterBins::finest);
    search.bins = RasterBins::within(box.reach);
    for (int n = 0; n < zones * lanes; ++n) {
      const int far = n - lanes;
      const double r = o.rows.view_r(far < 0 ? n : lanes + far / 2) / RasterBins::finest;
      search.at[n] = static_cast<float>(far > 0 && far % 2 == 1 ? -r : r);
    }
    for (Samples& own : search.samples) own.count = 0;
    search.turns = PigmentTurns::of(gain, o.params.sharpness, o.paths.turn_length);
    return search;
  }

  /// Optical depth of absorption along a path in skin; adds that of pigment to what it has met.
  DF_FUNCTION double follow(int path, Search& search) const {
    PathPieces p;
    p.begin(o.tables.parts(0));
    float lost[PathPieces::count];
    for (float& part : lost) part = 0.0f;
    const int end = static_cast<int>(o.paths.first(path + 1));
    for (int first = static_cast<int>(o.paths.first(path)); first <= end; first += PathPieces::count) {
      const int count = end - first < PathPieces::count ? end - first : PathPieces::count;
      if (count < PathPieces::count / 2)
        pass_pieces<PathPieces::count / 2>(first, count, p, lost, search);
      else
        pass_pieces<PathPieces::count>(first, count, p, lost, search);
      p.go_on();
    }
    for (int zone = 0; zone < seen_zones(); ++zone) {
      pass(zone, search);
      turn_back(zone, search);
    }
    constexpr int quarter = PathPieces::count / 4;
    double sum = 0.0, part[quarter];
    DF_LANES
    for (int l = 0; l < quarter; ++l)
      part[l] = (static_cast<double>(lost[l]) + static_cast<double>(lost[l + quarter])) +
                (static_cast<double>(lost[l + 2 * quarter]) + static_cast<double>(lost[l + 3 * quarter]));
    for (const double one : part) sum += one;
    return sum;
  }
  /// The first `count` of some pieces, fewer than `size` or all.
  template <int size>
  DF_FUNCTION void pass_pieces(int first, int count, PathPieces& p, float (&lost)[PathPieces::count], Search& search) const {
    locate<size>(first, p);
    lay_out<size>(first, p);
    DF_LANES
    for (int l = 0; l < size; ++l) lost[l] += l < count ? p.length[l + 1] * p.thinning[l] : 0.0f;
    meet<size>(p, count, search);
  }
  /// How deep pieces end in this skin.
  template <int count>
  DF_FUNCTION void locate(int first, PathPieces& p) const {
    const float* const scattered = o.paths.depth.data + first;
    const float scale = static_cast<float>(o.tables.scale(0));
    int part[count];
    DepthPart found[count];
    DF_LANES
    for (int l = 0; l < count; ++l) {
      const float at = scattered[l] * scale;
      part[l] = static_cast<int>(at < depth_parts - 1.0f ? at : depth_parts - 1.0f);
    }
    for (int l = 0; l < count; ++l) std::memcpy(found + l, o.tables.parts.data + part[l] * DepthPart::length, sizeof(DepthPart));
    DF_LANES
    for (int l = 0; l < count; ++l) {
      const float share = scattered[l] * scale - static_cast<float>(part[l]);
      const float deeper = found[l].deeper, dimmer = found[l].dimmer;
      p.scattered[l + 1] = scattered[l];
      p.depth[l + 1] = found[l].depth + share * deeper;
      p.absorbed[l + 1] = found[l].absorbed + share * dimmer;
      p.stretch[l] = scale * deeper;
      p.thinning[l] = scale * dimmer;
    }
  }
  /// How far pieces lead sideways, how long they are, and what a length of each absorbs: by the mean over the depths that it
  /// passes, or where it is all but level, by those where it ends.
  template <int count>
  DF_FUNCTION void lay_out(int first, PathPieces& p) const {
    constexpr float level = 0.02f, fine = static_cast<float>(1.0 / RasterBins::finest);
    const float *const x = o.paths.x.data + first, *const y = o.paths.y.data + first;
    const float *const length = o.paths.length.data + first, *const turn = o.paths.turn.data + first;
    DF_LANES
    for (int l = 0; l < count; ++l) {
      const float sunk = p.scattered[l + 1] - p.scattered[l];
      const bool flat = std::fabs(sunk) < level;
      const float per_sunk = 1.0f / (flat ? 1.0f : sunk);
      const float stretch = flat ? p.stretch[l] : (p.depth[l + 1] - p.depth[l]) * per_sunk;
      p.thinning[l] = flat ? p.thinning[l] : (p.absorbed[l + 1] - p.absorbed[l]) * per_sunk;
      p.length[l + 1] = length[l];
      p.turn[l + 1] = turn[l];
      p.x[l + 1] = stretch * x[l] * fine;
      p.y[l + 1] = stretch * y[l] * fine;
    }
    add_up<count>(p.x);
    add_up<count>(p.y);
  }
  /// Turns ways into places, which begin with that of the start. Runs of ways are added up side by side, because each sum waits for
  /// the one before.
  template <int count>
  DF_FUNCTION static void add_up(float (&way)[PathPieces::count + 1]) {
    constexpr int run = 8, runs = count / run;
    float sum[runs] = {}, before = way[0];
    for (int l = 0; l < run; ++l)
      for (int n = 0; n < runs; ++n) way[n * run + l + 1] = sum[n] += way[n * run + l + 1];
    for (int n = 0; n < runs; ++n) {
      DF_LANES
      for (int l = 0; l < run; ++l) way[n * run + l + 1] += before;
      before += sum[n];
    }
  }
  /// Notes where pieces begin, and the last of a path ends, among pigment, for each zone of places that they lead to it from.
  template <int size>
  DF_FUNCTION void meet(const PathPieces& p, int count, Search& search) const {
    float side[size], length[size];
    int line[size], inside[size];
    int any = 0;
    DF_LANES
    for (int l = 0; l < size; ++l) {
      const float row = (p.scattered[l] - search.top) * search.rows;
      const bool here = (l <= count) & (row >= 0.0f) & (row < static_cast<float>(raster_rows)) & (std::fabs(p.y[l]) < search.reach);
      inside[l] = here ? 1 : 0;
      line[l] = static_cast<int>(here ? row : 0.0f) * (raster_bins + 1);
    }
    for (int l = 0; l < size; ++l) any |= inside[l];
    if (any == 0) return;
    DF_LANES
    for (int l = 0; l < size; ++l) {
      side[l] = p.y[l] * p.y[l];
      length[l] = 0.5f * (p.length[l] + (l < count ? p.length[l + 1] : 0.0f));
    }
    int back_at[size];
    DF_LANES
    for (int l = 0; l < size; ++l) back_at[l] = p.turn[l] == PathTurn::sharp ? 1 : 0;
    const unsigned sharp = bits_of(back_at);
    for (int zone = 0; zone < seen_zones(); ++zone) {
      const unsigned all = zone == 0 ? near<size>(p, inside, search) : away<size>(p, inside, zone, search);
      for (const bool back : {false, true}) {
        Samples& own = search.samples[zone + (back ? zones : 0)];
        if (own.count > Samples::room - size) back ? turn_back(zone, search) : pass(zone, search);
        for (unsigned left = all & (back ? sharp : ~sharp); left != 0; left &= left - 1) {
          const int l = lowest_bit(left), k = own.count++;
          own.x[k] = p.x[l];
          own.side[k] = side[l];
          own.length[k] = length[l];
          own.turn[k] = p.turn[l];
          own.line[k] = line[l];
        }
      }
    }
  }
  /// Which pieces begin among pigment if the path began at one of the near places, a bit for each.
  template <int size>
  DF_FUNCTION static unsigned near(const PathPieces& p, const int* inside, const Search& search) {
    const float nearest = search.at[0] - search.reach, farthest = search.at[lanes - 1] + search.reach;
    int here[size];
    DF_LANES
    for (int l = 0; l < size; ++l) here[l] = inside[l] & (-p.x[l] > nearest ? 1 : 0) & (-p.x[l] < farthest ? 1 : 0);
    return bits_of(here);
  }
  /// The same for a zone of far ones.
  template <int size>
  DF_FUNCTION static unsigned away(const PathPieces& p, const int* inside, int zone, const Search& search) {
    const float* const at = search.at + zone * lanes;
    int here[size];
    DF_LANES
    for (int l = 0; l < size; ++l) {
      const float r = std::fabs(p.x[l]);
      const float a = std::fabs(r - at[0]), b = std::fabs(r - at[2]), c = std::fabs(r - at[4]), d = std::fabs(r - at[6]);
      const float ab = a < b ? a : b, cd = c < d ? c : d, nearest = ab < cd ? ab : cd;
      here[l] = inside[l] & (nearest < search.reach ? 1 : 0);
    }
    return bits_of(here);
  }
  /// A bit for each number that is 1 and not 0.
  template <int size>
  DF_FUNCTION static unsigned bits_of(const int (&ones)[size]) {
    unsigned bits = 0;
    for (int l = 0; l < size; ++l) bits |= static_cast<unsigned>(ones[l]) << l;
    return bits;
  }
  /// Where samples lie in the raster if the path began at each of the places. In memory, because what is taken out of a vector
  /// register one by one takes longer.
  DF_FUNCTION void find(const float* at, const Samples& own, Search& search) const {
    for (int s = 0; s < own.count; ++s) {
      const float x = own.x[s], side = own.side[s];
      const int line = own.line[s];
      int* const bin = search.bin + s * lanes;
      DF_LANES
      for (int n = 0; n < lanes; ++n) {
        const float along = at[n] + x;
        const int there = RasterBins::at(along * along + side);
        bin[n] = line + (there < search.bins ? there : raster_bins);
      }
    }
  }
  /// Adds what a path meets at its samples without a sharp turn, if it began at each place of a zone.
  DF_FUNCTION void pass(int zone, Search& search) const {
    constexpr float most = 1e30f;  // where turns lie so dense, absorption takes more
    Samples& own = search.samples[zone];
    const float* const at = search.at + zone * lanes;
    const float extinction = search.turns.extinction;
    float met[lanes], turned[lanes], pigment[lanes];
    for (int n = 0; n < lanes; ++n) met[n] = search.met[zone * lanes + n];
    for (int n = 0; n < lanes; ++n) turned[n] = search.turned[zone * lanes + n];
    find(at, own, search);
    for (int s = 0; s < own.count; ++s) {
      for (int n = 0; n < lanes; ++n) pigment[n] = o.tables.raster.data[search.bin[s * lanes + n]];
      const float length = extinction * own.length[s], turn = search.turns.scattering * own.turn[s];
      DF_LANES
      for (int n = 0; n < lanes; ++n) {
        met[n] += length * pigment[n];
        const float factor = turned[n] * (1.0f + turn * pigment[n]);
        turned[n] = factor < most ? factor : most;
      }
    }
    for (int n = 0; n < lanes; ++n) search.met[zone * lanes + n] = met[n];
    for (int n = 0; n < lanes; ++n) search.turned[zone * lanes + n] = turned[n];
    own.count = 0;
  }
  /// The same at its sharp turns.
  DF_FUNCTION void turn_back(int zone, Search& search) const {
    Samples& own = search.samples[zones + zone];
    const float* const at = search.at + zone * lanes;
    float* const turned = search.turned + zone * lanes;
    const PigmentTurns turns = search.turns;
    float pigment[lanes];
    find(at, own, search);
    for (int s = 0; s < own.count; ++s) {
      for (int n = 0; n < lanes; ++n) pigment[n] = o.tables.raster.data[search.bin[s * lanes + n]];
      const float length = own.length[s];
      DF_LANES
      for (int n = 0; n < lanes; ++n) {
        const double depth = static_cast<double>(length * pigment[n]);
        const double passed = lane_exp(-static_cast<double>(turns.extinction) * depth);
        const double lasting = -lane_expm1(-static_cast<double>(turns.lasting) * depth);
        turned[n] *= static_cast<float>(passed + static_cast<double>(turns.back) * lasting);
      }
    }
    own.count = 0;
  }
};

/// Reflectance at each of so many places of the view, and of skin without a dot, from the sums over the groups.
struct ReturnedLightStep {
  OpticsProblem o;
  int paths, places;
  DF_FUNCTION void operator()(int i, int) const {
    const int groups = (paths + path_group - 1) / path_group, place = i < places ? i : view_rings;
    double sum = 0.0;
    for (int group = 0; group < groups; ++group) sum += o.tables.returned(group * (view_rings + 1) + place);
    o.reflectance(place) = o.paths.entering * sum / static_cast<double>(o.paths.launched(paths - 1));
  }
};

}  // namespace dermaflux
