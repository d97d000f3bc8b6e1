#include "core/simulation/space_case.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>

#include "core/error.hpp"
#include "core/number_text.hpp"
#include "core/simulation/moment_booking.hpp"
#include "core/simulation/optical_scene.hpp"
#include "core/simulation/validity.hpp"
#include "core/solver/healing_setup.hpp"
#include "core/solver/insertion_setup.hpp"

namespace dermaflux {
namespace {

/// Memory that is free now [byte].
double free_memory() {
  std::ifstream info("/proc/meminfo");
  std::string name, unit;
  double kilobytes = 0.0;
  while (info >> name >> kilobytes && std::getline(info, unit))
    if (name == "MemAvailable:") return 1024.0 * kilobytes;
  return 4e9;
}

void lay_out_healing(ViewArena& constants, ViewArena& state, const CartesianGrid& grid, bool ridges, SpaceHealing& healing) {
  healing.grid = take_grid(constants, grid.column_count(), grid.n_z);
  lay_out_healing_rows(constants, healing, ridges);
  lay_out_healing_state(state, healing);
  healing.box = grid;
  healing.in_plane = state.take_group(SpaceHealing::plane_sums, grid.n_x * grid.n_z);
  healing.held = state.take(grid.column_count());
}

/// Columns of the box as rings of the same areas, at their distance from the middle of the next dot.
void fill_columns(const SpaceCase& c, const HealingProblem& healing) {
  const CartesianGrid& g = c.insertion.box.grid;
  double area = 0.0;
  put(healing.grid.r_face, 0, 0.0);
  for (int i = 0; i < g.n_x; ++i)
    for (int l = 0; l < g.n_y; ++l) {
      const int column = g.column(i, l);
      area += g.column_area(i, l);
      put(healing.grid.r_face, column + 1, std::sqrt(area / units::pi));
      double nearest = HUGE_VAL;
      for (const SpaceDot& dot : c.dots)
        nearest = std::min(nearest, std::hypot(g.x_centre(i) - dot.middle_x(), g.y_centre(l) - dot.middle_y()));
      put(healing.grid.r_centre, column, nearest);
    }
  for (int j = 0; j <= g.n_z; ++j) put(healing.grid.z_face, j, g.z_face(j));
  for (int j = 0; j < g.n_z; ++j) put(healing.grid.z_centre, j, g.z_centre(j));
}

/// Share of every column in the tissue that the middle of the box does not lie in. A strip runs along y, beyond +x; so does the
/// centre of a disc.
bool fill_sides(const SpaceCase& c, const HealingProblem& healing) {
  const CartesianGrid& g = c.insertion.box.grid;
  bool bordered = false;
  for (int i = 0; i < g.n_x; ++i)
    for (int l = 0; l < g.n_y; ++l) {
      const double share = share_beside(c.treatment, g, i, l);
      put(healing.rings.beside, g.column(i, l), share);
      bordered = bordered || share > 0.0;
    }
  return bordered;
}

/// Share of epidermis of every row of the box [-].
std::vector<double> row_means(const SpaceCase& c) {
  const CartesianGrid& g = c.insertion.box.grid;
  const HealingRows& rows = c.healing.rows;
  std::vector<double> means;
  for (int j = 0; j < g.n_z; ++j) {
    // Of what the columns differ from the first, so that columns that are all alike give that.
    double sum = 0.0, area = 0.0;
    for (int i = 0; i < g.n_x; ++i)
      for (int l = 0; l < g.n_y; ++l) {
        area += g.column_area(i, l);
        sum += g.column_area(i, l) * (rows.epidermal(rows.of(g.column(i, l)) + j) - rows.epidermal(j));
      }
    means.push_back(rows.epidermal(j) + sum / area);
  }
  return means;
}

void require_in_box(const SpaceCase& c) {
  const CartesianFaces& f = c.faces;
  for (const TrackLine& line : c.fields.tracks)
    for (const auto& [x, y] : {std::pair{line.x, line.y}, std::pair{line.tip_x, line.tip_y}})
      if (x <= f.x.front() || x >= f.x.back() || y <= f.y.front() || y >= f.y.back() || line.tip_z >= f.z.back())
        throw InputError("a track leaves the box (from " + number_text(line.x / units::mm) + ", " +
                         number_text(line.y / units::mm) + " to " + number_text(line.tip_x / units::mm) + ", " +
                         number_text(line.tip_y / units::mm) + ", " + number_text(line.tip_z / units::mm) +
                         " mm); use a larger geometry.margin_mm or less machine.angle_deg");
}

/// Smallest distance of a track from the axis of a follicle [m].
double closest(const TrackLine& line, const Follicle& follicle) {
  // The distance along the track is convex: a golden section finds its smallest.
  const auto at = [&](double share) {
    return follicle.distance(mix(line.x, line.tip_x, share), mix(line.y, line.tip_y, share), share * line.tip_z);
  };
  double low = 0.0, high = 1.0;
  constexpr double part = 0.3819660112501051;
  while (high - low > 1e-6) {
    const double a = low + part * (high - low), b = high - part * (high - low);
    (at(a) < at(b) ? high : low) = at(a) < at(b) ? b : a;
  }
  return std::min({at(0.5 * (low + high)), at(0.0), at(1.0)});
}

/// Follicles stand in the box as far as its tracks reach, and out of the way of every needle, wherever the hand has put it.
void require_follicles_clear(const SpaceCase& c) {
  const Geometry& g = c.treatment.geometry;
  const CartesianFaces& f = c.faces;
  double deepest = 0.0;
  for (const TrackLine& line : c.fields.tracks) deepest = std::max(deepest, line.tip_z);
  for (int n = 0; n < g.follicles(); ++n) {
    const Follicle one = g.follicle_at(n);
    const std::string name = "follicle " + std::to_string(n + 1) + " (at " + number_text(one.x / units::mm) + ", " +
                             number_text(one.y / units::mm) + " mm)";
    for (const double z : {0.0, deepest}) {
      const double x = one.x + one.lean_x * z, y = one.y + one.lean_y * z;
      if (x - one.rim < f.x.front() || x + one.rim > f.x.back() || y - one.rim < f.y.front() || y + one.rim > f.y.back())
        throw InputError(name + " does not lie in the box, which ends at x = " + number_text(f.x.front() / units::mm) + " and " +
                         number_text(f.x.back() / units::mm) + " mm, y = " + number_text(f.y.front() / units::mm) + " and " +
                         number_text(f.y.back() / units::mm) +
                         " mm; use a larger geometry.margin_mm, or leave it out of geometry.follicle_x_mm and follicle_y_mm");
    }
    for (const TrackLine& line : c.fields.tracks)
      if (closest(line, one) < one.rim)
        throw InputError(name + " with its sheath (radius " + in_mm(one.rim) + ") lies over dot " + std::to_string(line.dot + 1) +
                         ", where the hand put it (a needle that runs into a hair is not modelled); move it away, or use another "
                         "geometry.seed or less jitter");
  }
}

}  // namespace

std::pair<long, long> bind_space_case(double* constants, double* state, double* trace, SpaceCase& c) {
  ViewArena fixed{constants}, changing{state};
  lay_out_space_constants(fixed, c.faces, c.insertion);
  const long strips = changing.used;
  lay_out_space_strips(changing, c.insertion);
  c.strips = {state ? state + strips : nullptr, static_cast<int>(changing.used - strips), 0};
  lay_out_space_state(changing, c.insertion);
  lay_out_healing(fixed, changing, c.insertion.box.grid, c.treatment.has_ridges(), c.healing);
  c.trace_count = changing.take(1);
  c.trace_rows = {trace, static_cast<int>(c.trace.size()), 0};
  return {fixed.used, changing.used};
}

double bytes_per_cell(const Treatment& treatment, std::size_t moments) {
  constexpr std::size_t edge = 65;
  SpaceCase counted;
  counted.faces = {std::vector<double>(edge), std::vector<double>(edge), std::vector<double>(edge)};
  counted.treatment = treatment;
  counted.insertion.box.tissue.params.classes = treatment.ink.size_classes;
  const auto [constants, state] = bind_space_case(nullptr, nullptr, nullptr, counted);
  const double kept = static_cast<double>(5 * moments + 5 + 1) * sizeof(float);
  return static_cast<double>(constants + state) * sizeof(double) / static_cast<double>(counted.faces.cell_count()) + kept;
}

SpaceNeed space_need(const Treatment& treatment, const RunOptions& options) {
  const Treatment first = session_treatment(treatment, 0);
  const Puncture puncture = solve_puncture(first);
  require_valid(first, puncture);
  const double per_cell = bytes_per_cell(treatment, look_times(options.horizon, treatment.sessions).size());
  SpaceNeed need{{}, 0.0, free_memory()};
  const double most = std::min(0.8 * need.free_bytes / per_cell, 2e9);
  need.faces = space_faces(first, puncture, options.grid, static_cast<long long>(most));
  need.bytes = per_cell * static_cast<double>(need.faces.cell_count());
  return need;
}

std::unique_ptr<SpaceCase> build_space_case(const Treatment& whole, const RunOptions& options) {
  require_horizon(options.horizon, whole.sessions, "");
  auto built = std::make_unique<SpaceCase>();
  SpaceCase& c = *built;
  c.treatment = session_treatment(whole, 0);
  c.options = options;
  c.puncture = solve_puncture(c.treatment);
  require_valid(c.treatment, c.puncture);
  if (options.dwells.size() > 1)
    throw InputError("geometry.kind = \"box\" runs one dwell time at a time, " + std::to_string(options.dwells.size()) +
                     " were asked for");
  c.dots = space_dots(c.treatment, c.puncture);
  c.times = look_times(options.horizon, whole.sessions);
  c.faces = space_need(whole, options).faces;
  for (std::size_t d = 0; d < c.dots.size(); ++d)
    for (const SpaceTrack& track : dot_tracks(c.treatment, c.dots[d])) {
      const double z = std::max(c.dots[d].tip_depth - track.setback * track.upright, 0.0);
      c.fields.tracks.push_back({static_cast<int>(d), track.x, track.y, track.x + track.lean_x * z, track.y + track.lean_y * z, z});
    }
  require_in_box(c);
  require_follicles_clear(c);

  c.insertion.box.tissue.params = space_params(c.treatment, c.puncture, c.dots.front(), options.grid);
  const double steps = static_cast<double>(c.puncture.strokes) * planned_steps(c.insertion.box.tissue.params);
  c.trace.assign(static_cast<std::size_t>(TraceStep::columns * std::min(5.0 * steps, 2e6)), 0.0);
  const auto [constants, state] = bind_space_case(nullptr, nullptr, nullptr, c);
  c.constants.assign(static_cast<std::size_t>(constants), 0.0);
  c.state = c.memory.zeroed(state);
  c.state_length = state;
  bind_space_case(c.constants.data(), c.state, c.trace.data(), c);
  fill_space(c.treatment, c.faces, c.insertion);
  c.healing.params = build_healing_params(c.treatment, c.puncture);
  c.healing.params.prongs = 1.0;  // every track is there
  fill_columns(c, c.healing);
  fill_healing_rows(c.treatment, c.healing);
  c.healing.params.bordered = fill_sides(c, c.healing);
  if (c.treatment.has_ridges()) fill_ridges(c.treatment, c.insertion.box.grid, c.healing);
  c.epidermal = row_means(c);
  int rows = 0;
  while (rows < c.healing.grid.n_z && c.epidermal[static_cast<std::size_t>(rows)] > 0.0) ++rows;
  c.healing.params.epidermal_rows = rows;
  c.fields.x_face = c.faces.x;
  c.fields.y_face = c.faces.y;
  c.fields.z_face = c.faces.z;
  c.fields.pools.reserve(5 * c.fields.cells() * c.times.size());
  c.fields.insertion.reserve(5 * c.fields.cells());
  const FieldView<const double> resistance = c.insertion.box.scratch.resistance;
  for (int k = 0; k < resistance.size; ++k) c.fields.resistance.push_back(static_cast<float>(resistance(k)));
  const Skin& skin = c.treatment.skin_at_axis();
  for (int n = 0; n < skin.layer_count; ++n) {
    const SkinLayer& layer = skin.layers[static_cast<std::size_t>(n)];
    c.fields.layers.push_back((n > 0 ? c.fields.layers.back() : 0.0) + layer.thickness * skin.thickness_factor);
    if (layer.kind == LayerKind::epidermis) c.fields.epidermal_layers = static_cast<std::size_t>(n) + 1;
  }
  if (c.treatment.has_ridges())
    for (int k = 0; k < resistance.size; ++k) c.fields.epidermal.push_back(static_cast<float>(c.healing.rows.epidermal(k)));
  return built;
}

std::vector<std::span<double>> SpaceCase::kept_numbers() {
  std::vector<std::span<double>> all;
  const auto keep = [&](FieldView<double> view) { all.emplace_back(view.data, static_cast<std::size_t>(view.size)); };
  const SpaceProblem& b = insertion.box;
  if (at.heals) {
    const PoolFields& p = healing.pools;
    for (const auto& view : {p.free, p.matrix, p.macrophage, p.slow, p.epidermal, healing.scratch.lymph_factor,
                             healing.scratch.within, healing.scratch.reached, healing.account})
      keep(view);
  } else {
    const TissueState& t = b.tissue.tissue;
    for (const auto& view : {t.torn, t.held, t.fluid, t.carrier, t.pressure, t.speed, t.path, t.crack, b.tissue.scratch.damage})
      keep(view);
    for (const FieldGroup& group : {t.pigment, t.captured})
      for (int n = 0; n < group.count; ++n) keep(group[n]);
    keep(strips);
  }
  keep(healing.scratch.wound);
  keep(trace_count);
  const double steps = std::min(trace_count(0), static_cast<double>(trace.size() / TraceStep::columns));
  all.emplace_back(trace.data(), static_cast<std::size_t>(steps) * TraceStep::columns);
  return all;
}

std::vector<std::span<float>> SpaceCase::kept_fields() {
  const std::size_t cells = static_cast<std::size_t>(faces.cell_count());
  fields.insertion.resize(at.heals ? 5 * cells : 0);
  fields.pools.resize(5 * cells * static_cast<std::size_t>(at.moment));
  return {fields.insertion, fields.pools};
}

RingMeans ring_means(const SpaceCase& c) {
  constexpr int parts = 6;
  RingMeans means;
  const GridFaces flat = build_grid(c.options.grid, grid_extent(c.treatment));
  means.r_face = flat.r;
  const std::size_t n_r = flat.r.size() - 1, n_z = c.faces.z.size() - 1;
  const CartesianGrid& g = c.insertion.box.grid;
  struct Part {
    std::size_t ring;
    double area;
  };
  std::vector<std::vector<Part>> rings(static_cast<std::size_t>(g.column_count()));
  for (int i = 0; i < g.n_x; ++i)
    for (int l = 0; l < g.n_y; ++l)
      for (int n = 0; n < parts * parts; ++n) {
        const double x = g.x_face(i) + (n % parts + 0.5) / parts * g.dx(i), y = g.y_face(l) + (n / parts + 0.5) / parts * g.dy(l);
        const double r = std::hypot(x, y);
        const auto above = std::upper_bound(flat.r.begin(), flat.r.end(), r) - flat.r.begin();
        const std::size_t ring = std::min(static_cast<std::size_t>(above) - 1, n_r - 1);
        rings[static_cast<std::size_t>(g.column(i, l))].push_back({ring, g.column_area(i, l) / (parts * parts)});
      }
  const std::size_t cells = c.fields.cells();
  const auto mean = [&](const float* field, std::vector<double>& to, bool per_area) {
    std::vector<double> sum(n_r * n_z, 0.0), area(n_r, 0.0);
    for (std::size_t column = 0; column < rings.size(); ++column)
      for (const Part& part : rings[column]) {
        area[part.ring] += part.area;
        for (std::size_t j = 0; j < n_z; ++j) sum[part.ring * n_z + j] += part.area * static_cast<double>(field[column * n_z + j]);
      }
    for (std::size_t i = 0; i < n_r; ++i) {
      // Pigment keeps its mass: per area of the ring. Other fields are means over what of the ring lies in the box.
      const double ring = units::pi * (flat.r[i + 1] - flat.r[i]) * (flat.r[i + 1] + flat.r[i]);
      const double per = per_area ? 1.0 / ring : (area[i] > 0.0 ? 1.0 / area[i] : 0.0);
      for (std::size_t j = 0; j < n_z; ++j) to.push_back(sum[i * n_z + j] * per);
    }
  };
  for (std::size_t block = 0; block < 5 * c.times.size(); ++block) mean(c.fields.pools.data() + block * cells, means.pools, true);
  for (std::size_t block = 0; block < 5; ++block) mean(c.fields.insertion.data() + block * cells, means.insertion, block < 2);
  return means;
}

void look_at_box(const SpaceCase& c, const RingMeans& means, Outcome& outcome) {
  const std::size_t size = 5 * (means.r_face.size() - 1) * (c.faces.z.size() - 1);
  const double colour_times[2] = {14.0 * units::day, units::year};
  for (int m = 0; m < outcome.moment_count; ++m) {
    const double time = c.times[static_cast<std::size_t>(m)];
    const auto from = means.pools.begin() + static_cast<std::ptrdiff_t>(size) * m;
    const OpticalScene scene(c.treatment, {means.r_face, c.faces.z}, {from, from + static_cast<std::ptrdiff_t>(size)}, time, time);
    const int colour = time == colour_times[0] ? 0 : (time == colour_times[1] ? 1 : -1);
    const Appearance seen = scene.look(colour >= 0);
    book_look(seen, colour, outcome.moments[m], outcome);
  }
}

}  // namespace dermaflux
