#pragma once
#include <cmath>
#include <functional>
#include <memory>
#include <vector>

#include "core/solver/insertion_cycle.hpp"
#include "core/solver/space_places.hpp"
#include "tests/support/small_cases.hpp"
#include "tests/support/small_grid.hpp"
#include "validation/benchmark/bare_box.hpp"

/// The insertion of one dot alone, on rings or in a box, on grids of a test's own.
namespace dermaflux::test {

/// What an insertion left.
struct Laid {
  double dose;      ///< of pigment in the skin [kg]
  double captured;  ///< of it by the matrix [kg]
  double depth;     ///< mean [m]
  double spread;    ///< root of the mean square distance from the axis of the first track [m]
  double fourfold;  ///< mean of r^4 cos(4 phi) over that of r^4 about the axis, 0 for a round dot [-]
  double peak;      ///< pressure in the track [Pa]

  void add(double mass, double held, double z, double square, double fourth = 0.0, double cross = 0.0) {
    dose += mass;
    captured += held;
    depth += mass * z;
    spread += mass * square;
    fourfold += mass * cross;
    fourths += mass * fourth;
  }
  void conclude() {
    depth /= dose;
    spread = std::sqrt(spread / dose);
    fourfold = fourths > 0.0 ? fourfold / fourths : 0.0;
  }
  double fourths;  ///< mass times r^4 [kg m^4]
};

/// Rows of the shipped grids, but as many as are asked for; four fifths of them equal.
inline std::vector<double> needle_rows(const Treatment& treatment, int count) {
  const GridExtent extent = grid_extent(treatment);
  const int equal = static_cast<int>(std::lround(count * 13.0 / 16.0));
  const double cell = extent.fine_depth / equal, share = 1.0 / (count - equal);
  std::vector<double> faces = equal_faces(equal, extent.fine_depth);
  // Beyond, a cubic: cells grow smoothly from the width of those above.
  const double rest = extent.depth - extent.fine_depth - cell * (count - equal);
  for (int n = 1; n <= count - equal; ++n) faces.push_back(extent.fine_depth + cell * n + rest * std::pow(n * share, 3));
  return faces;
}

/// Numbers of an insertion on the quick grid, with time steps and tolerances times `q`.
inline InsertionParams in_steps(InsertionParams quick, double q) {
  quick.pressure_share *= q;
  quick.edge_share *= q;
  quick.steps_inside = static_cast<int>(std::lround(quick.steps_inside / q));
  quick.largest_travel_out *= q;
  quick.largest_travel_in *= q;
  return quick;
}

/// Faces of rings: the innermost of 6 um times `q`, then from 8 um times `q` on growing as those of the quick grid do, by as much
/// over the same distance.
inline std::vector<double> ring_faces(const Treatment& t, double q) {
  const double inner = 6.0 * units::um * q, radius = grid_extent(t).radius;
  std::vector<double> faces = graded_faces({inner, radius, {{inner, inner, 8.0 * units::um * q}}, std::exp(0.31 * q), 1.0});
  faces.insert(faces.begin(), 0.0);
  return faces;
}

/// A straight prong on rings `q_across` times as wide as those of the quick grid; rows and time steps are `q` times those.
inline Laid laid_on_rings(const Treatment& t, double q, double q_across) {
  const std::vector<double> r = ring_faces(t, q_across), z = needle_rows(t, static_cast<int>(std::lround(64.0 / q)));
  SmallGrid rings(r, z, 0.4, t.ink.size_classes);
  const InsertionProblem& p = rings.p;
  rings.p.params = in_steps(build_insertion_params(t, solve_puncture(t), GridLevel::quick), q);
  fill_constants(t, {r, z}, p);
  std::fill(rings.state.begin(), rings.state.end(), 0.0);
  const SerialExecutor on;
  on.cells(p.grid.n_r, p.grid.n_z, StartTissueStep{p});
  on.single(FillDropStep{p});
  InsertionTally tally;
  run_strokes(on, p, 0, p.params.strokes, {}, tally);
  on.single(WipeDropStep{p});
  relax(on, p, tally);
  EXPECT_FALSE(tally.failed);
  Laid laid{};
  for (int i = 0; i < p.grid.n_r; ++i)
    for (int j = 0; j < p.grid.n_z; ++j) {
      const int k = p.grid.cell(i, j);
      const double held = p.tissue.captured.total(k) * p.grid.volume(i, j), in_track = i == 0 ? p.track.pigment.total(j) : 0.0;
      laid.add(p.tissue.pigment.total(k) * p.grid.volume(i, j) + held + in_track, held, p.grid.z_centre(j),
               0.5 * (std::pow(p.grid.r_face(i), 2) + std::pow(p.grid.r_face(i + 1), 2)));
    }
  laid.conclude();
  laid.peak = p.account(RimAccount::peak_pressure);
  return laid;
}

/// Faces across a track at 0, from -end to end: cells 16 um times `q` within `core`, an odd number, mirrored to the last bit.
inline std::vector<double> faces_across(double q, double core, double end) {
  const AxisPlan plan{-end, end, {{-core, core, 16.0 * units::um * q}}, std::exp(0.22 * q), 0.2 * units::mm};
  std::vector<double> faces = graded_faces(plan);
  for (double scale = 0.99; faces.size() % 2 == 1; scale -= 0.01) faces = graded_faces(plan, 1, scale);
  for (std::size_t n = 0; n < faces.size() / 2; ++n) faces[faces.size() - 1 - n] = -faces[n];
  return faces;
}

/// How a dot in a box is solved.
struct BoxControls {
  double q = 1.0;           ///< rows and time steps over those of the quick grid
  double tolerance = 1.0;   ///< of pressure over that of the quick grid
  bool from_below = false;  ///< sweeps of transport and of spreading start with z, y, x in place of x, y, z
};

/// One dot in a box with the same faces along x and y.
struct BoxDot {
  std::unique_ptr<BareBox> box;
  InsertionTally tally;
  Laid laid{};

  BoxDot(const Treatment& t, const std::vector<double>& across, const BoxControls& controls) {
    const CartesianFaces faces{across, across, needle_rows(t, static_cast<int>(std::lround(64.0 / controls.q)))};
    box = std::make_unique<BareBox>(faces);
    SpaceInsertion& in = box->in;
    SpaceProblem& b = in.box;
    const Puncture puncture = solve_puncture(t);
    const SpaceDot dot = space_dots(t, puncture).front();
    InsertionParams params = in_steps(space_params(t, puncture, dot, GridLevel::quick), controls.q);
    params.pressure_share *= controls.tolerance;
    params.pressure_tolerance *= controls.tolerance;
    fill_space(t, faces, in);
    const SerialColumns on;
    place_tracks(on, dot_tracks(t, dot), params, in);
    in_columns(on, b, StartTissueStep{b.tissue});
    for (int k = 0; k < b.tracks; ++k) on.single(FillDropStep{in.strip[k]});
    start_part(in, b.part);
    tally.substeps = tally.spreadings = controls.from_below ? 1 : 0;
    run_strokes(on, in, 0, {}, tally, [](int) {});
    relax(on, in, tally);
    EXPECT_FALSE(tally.failed);
    measure();
    laid.peak = peak_pressure(on, in);
  }

  const CartesianGrid& grid() const { return box->p.grid; }
  double pigment(int k) const { return box->p.tissue.tissue.pigment.total(k) + box->p.tissue.tissue.captured.total(k); }
  /// Over the depth of a column [kg/m^2].
  double column(int i, int l) const {
    double sum = 0.0;
    for (int j = 0; j < grid().n_z; ++j) sum += pigment(grid().cell(i, l, j)) * grid().dz(j);
    return sum;
  }
  /// Largest pigment of a column, and the largest difference from what `other` gives for it over that.
  double difference(const std::function<double(int, int)>& other) const {
    double most = 0.0, largest = 0.0;
    for (int i = 0; i < grid().n_x; ++i)
      for (int l = 0; l < grid().n_y; ++l) {
        most = std::fmax(most, column(i, l));
        largest = std::fmax(largest, std::fabs(column(i, l) - other(i, l)));
      }
    return largest / most;
  }

 private:
  void measure() {
    const SpaceTrack& track = box->p.track[0];
    const CartesianGrid& g = grid();
    for (int i = 0; i < g.n_x; ++i)
      for (int l = 0; l < g.n_y; ++l)
        for (int j = 0; j < g.n_z; ++j) {
          const int k = g.cell(i, l, j);
          const double volume = g.volume(i, l, j), z = g.z_centre(j);
          const double x = g.x_centre(i) - track.x - track.lean_x * z, y = g.y_centre(l) - track.y - track.lean_y * z;
          const double own = (g.dx(i) * g.dx(i) + g.dy(l) * g.dy(l)) / 12.0, fourth = std::pow(x * x + y * y, 2);
          laid.add(pigment(k) * volume, box->p.tissue.tissue.captured.total(k) * volume, z, x * x + y * y + own, fourth,
                   fourth - 8.0 * x * x * y * y);
        }
    laid.conclude();
  }
};

}  // namespace dermaflux::test
