#include "core/solver/space_setup.hpp"

#include <algorithm>
#include <cmath>

#include "core/solver/healing_setup.hpp"
#include "core/solver/insertion_setup.hpp"

namespace dermaflux {
namespace {

/// The two cells whose middles lie around a place, and the share of the second; the outermost one alone beyond.
struct Between {
  int first, second;
  double share;
};
Between between(FieldView<const double> centre, double at) {
  int n = 0;
  while (n + 1 < centre.size && centre(n + 1) <= at) ++n;
  if (n + 1 == centre.size || at <= centre(0)) return {n, n, 0.0};
  return {n, n + 1, (at - centre(n)) / (centre(n + 1) - centre(n))};
}

/// Shares a row of a track among the four cells around its axis, in proportion to nearness, so that nothing jumps as a track moves
/// over the grid. Returns the logarithm of the radius at which the exact pressure around a line source equals the mean that the
/// track feels: that of the pairs of its cells, by their shares, which the lattice's Green function gives as 0.1985, 0.955
/// and 1.467 cells for the cell itself, its neighbour and the one across the corner (after Peaceman 1983, SPE J. 23: 0.198 for a
/// well in the middle).
double share_row(const CartesianGrid& g, const SpaceTrack& track, int j, TrackPlan& plan) {
  const double z = g.z_centre(j);
  const Between x = between(g.x_centre, track.x + track.lean_x * z), y = between(g.y_centre, track.y + track.lean_y * z);
  const double shares[max_crossings] = {(1.0 - x.share) * (1.0 - y.share), (1.0 - x.share) * y.share, x.share * (1.0 - y.share),
                                        x.share * y.share};
  constexpr double log_radius[3] = {-1.6169, -0.0460, 0.3832};
  const double width = std::sqrt(g.dx(x.first) * g.dy(y.first));
  double sum = std::log(width);
  for (int m = 0; m < max_crossings; ++m) {
    const bool any = shares[m] > 1e-9;
    const std::size_t at = static_cast<std::size_t>(j * max_crossings + m);
    plan.cell[at] = any ? g.cell(m < 2 ? x.first : x.second, m % 2 == 0 ? y.first : y.second, j) : -1.0;
    plan.share[at] = any ? shares[m] : 0.0;
    for (int n = 0; n < max_crossings; ++n) {
      const int apart = (m / 2 != n / 2 ? 1 : 0) + (m % 2 != n % 2 ? 1 : 0);
      sum += shares[m] * shares[n] * log_radius[apart];
    }
  }
  return sum;
}

/// Properties of the tissue per row, seen across a track that leans: flow away from it passes partly across the layers.
double anisotropy_across(double anisotropy, double upright) {
  const double across = anisotropy * upright * upright + 1.0 - upright * upright;
  return std::sqrt(anisotropy * across);
}

/// Memory for the levels of a pressure solver on a grid or a part of it, with what rounding up to cache lines takes [double].
long level_room(const CartesianGrid& grid) {
  const double finest = 14.0, coarser = 26.0 * (most_columns - 1.0), whole_lines = 8e4;  // bytes
  return static_cast<long>(1.1 * (finest + coarser) / 8.0 * grid.cell_count() + whole_lines / 8.0) / 8 * 8;
}

/// Mean over a column of what holds at its places.
template <class At>
double column_mean(const CartesianGrid& g, int i, int l, const At& at) {
  constexpr int parts = 4;
  double sum = 0.0;
  for (int m = 0; m < parts * parts; ++m)
    sum += at(g.x_face(i) + (m % parts + 0.5) / parts * g.dx(i), g.y_face(l) + (m / parts + 0.5) / parts * g.dy(l));
  return sum / (parts * parts);
}

std::vector<Follicle> all_follicles(const Geometry& geometry) {
  std::vector<Follicle> all;
  for (int n = 0; n < geometry.follicles(); ++n) all.push_back(geometry.follicle_at(n));
  return all;
}

/// Permeability at a depth over that of the tissue without follicles, mean over a column [-]. A follicle of dead cells in a tight
/// glassy membrane lets a ten-thousandth through (estimate).
double beside_hairs(const std::vector<Follicle>& follicles, const CartesianGrid& g, int i, int l, double z, double sheath_gain) {
  constexpr double tight = 1e-4;
  std::vector<const Follicle*> near;
  for (const Follicle& one : follicles) {
    const double reach = one.rim * std::hypot(1.0, one.lean_x, one.lean_y);
    if (std::fabs(g.x_centre(i) - one.x - one.lean_x * z) < reach + g.dx(i) &&
        std::fabs(g.y_centre(l) - one.y - one.lean_y * z) < reach + g.dy(l))
      near.push_back(&one);
  }
  if (near.empty()) return 1.0;
  return column_mean(g, i, l, [&](double x, double y) {
    for (const Follicle* one : near)
      if (const double away = one->distance(x, y, z); away < one->rim) return away < one->core ? tight : sheath_gain;
    return 1.0;
  });
}

/// What ridges do to the permeability of a cell: where the junction lies deeper than the layers say, epidermis takes the place of
/// what they hold there. The logarithm of the gain, mean over the cell [-].
double ridge_gain(const Treatment& treatment, const CartesianGrid& g, int i, int l, int j) {
  const Skin& skin = treatment.skin_at_axis();
  const double junction = skin.bottom_of(LayerKind::epidermis);
  const double top = std::max(g.z_face(j), junction), bottom = g.z_face(j + 1);
  if (bottom <= junction || top >= junction + skin.rete_amplitude) return 0.0;
  const double epidermal = column_mean(g, i, l, [&](double x, double y) {
    return std::clamp(junction + skin.rete_amplitude * treatment.geometry.ridge(x, y), top, bottom) - top;
  });
  const auto log_permeability = [](const SkinLayer& layer) { return std::log(layer.permeability); };
  return epidermal / g.dz(j) *
         (layer_mean(skin, 0.999 * junction, junction, log_permeability) - layer_mean(skin, top, bottom, log_permeability));
}

}  // namespace

void fill_ridges(const Treatment& treatment, const CartesianGrid& grid, const HealingProblem& healing) {
  const Skin& skin = treatment.skin_at_axis();
  const double junction = skin.bottom_of(LayerKind::epidermis);
  for (int i = 0; i < grid.n_x; ++i)
    for (int l = 0; l < grid.n_y; ++l) {
      std::vector<double> depths;
      column_mean(grid, i, l, [&](double x, double y) {
        depths.push_back(junction + skin.rete_amplitude * treatment.geometry.ridge(x, y));
        return 0.0;
      });
      const double share = 1.0 / static_cast<double>(depths.size());
      for (int j = 0; j < grid.n_z; ++j) {
        JunctionRow mean{};
        for (const double depth : depths) {
          const JunctionRow here = junction_row(skin.biology, grid.z_face(j), grid.z_face(j + 1), depth, 0.0);
          mean.epidermal += share * here.epidermal;
          mean.residents += share * here.residents;
          mean.open_track += share * here.open_track;
        }
        const int k = healing.rows.of(grid.column(i, l)) + j;
        put(healing.rows.epidermal, k, std::min(mean.epidermal, 1.0));
        put(healing.rows.residents, k, mean.residents);
        put(healing.rows.open_track, k, std::min(mean.open_track, 1.0));
      }
    }
}

SpacePart part_around(const SpaceInsertion& in, double reach, double below) {
  const SpaceProblem& b = in.box;
  const CartesianGrid& g = in.host.grid;
  double west = HUGE_VAL, east = -HUGE_VAL, south = HUGE_VAL, north = -HUGE_VAL;
  for (int t = 0; t < b.tracks; ++t) {
    const SpaceTrack& track = b.track[t];
    const double tip = std::max(in.strip[t].params.tip_depth - track.setback, 0.0) * track.upright;
    for (const double z : {0.0, tip + below}) {
      west = std::min(west, track.x + track.lean_x * z);
      east = std::max(east, track.x + track.lean_x * z);
      south = std::min(south, track.y + track.lean_y * z);
      north = std::max(north, track.y + track.lean_y * z);
    }
  }
  SpacePart part{0, g.n_x, 0, g.n_y, g.n_z};
  while (part.i0 + 1 < g.n_x && g.x_face(part.i0 + 1) < west - reach) ++part.i0;
  while (part.i1 - 1 > part.i0 && g.x_face(part.i1 - 1) > east + reach) --part.i1;
  while (part.j0 + 1 < g.n_y && g.y_face(part.j0 + 1) < south - reach) ++part.j0;
  while (part.j1 - 1 > part.j0 && g.y_face(part.j1 - 1) > north + reach) --part.j1;
  return part;
}

double share_beside(const Treatment& treatment, const CartesianGrid& grid, int i, int l) {
  const Scar& scar = treatment.scar;
  if (scar.shape == ScarShape::none) return 0.0;
  const double inside = column_mean(grid, i, l, [&](double x, double y) {
    const double away = scar.shape == ScarShape::disc ? std::hypot(x - scar.offset, y) : std::fabs(x - scar.offset);
    return away < 0.5 * scar.width ? 1.0 : 0.0;
  });
  return scar.holds_axis() ? 1.0 - inside : inside;
}

void lay_out_space_constants(ViewArena& arena, const CartesianFaces& faces, SpaceInsertion& in) {
  const int n_x = static_cast<int>(faces.x.size()) - 1, n_y = static_cast<int>(faces.y.size()) - 1;
  const int n_z = static_cast<int>(faces.z.size()) - 1;
  SpaceProblem& b = in.box;
  b.grid = take_cartesian_grid(arena, n_x, n_y, n_z);
  lay_out_constants(arena, n_x * n_y, n_z, b.tissue);
  b.scratch.resistance = arena.take(b.grid.cell_count());
  b.scratch.per_height = arena.take(n_z, row_pad);
  for (int t = 0; t < max_tracks; ++t) {
    lay_out_constants(arena, 1, n_z, in.strip[t]);
    b.track[t].cell = arena.take(n_z * max_crossings);
    b.track[t].share = arena.take(n_z * max_crossings);
  }
}

void lay_out_space_strips(ViewArena& arena, SpaceInsertion& in) {
  SpaceProblem& b = in.box;
  const int classes = b.tissue.params.classes;
  for (int k = 0; k < max_tracks; ++k) {
    InsertionProblem& strip = in.strip[k];
    strip.params.classes = classes;
    lay_out_state(arena, strip);
    SpaceTrack& track = b.track[k];
    track.flux = arena.take(b.grid.n_z * max_crossings);
    track.widest = strip.track.widest;
    track.hole = strip.track.hole;
    track.needle_area = strip.scratch.needle_area;
    track.wall = strip.system.wall;
    track.wall_flux = strip.scratch.wall_flux;
    track.wall_carrier = strip.scratch.wall_carrier;
    track.returned_carrier = strip.scratch.returned_carrier;
    track.wall_pigment = strip.scratch.wall_pigment;
    track.returned_pigment = strip.scratch.returned_pigment;
  }
}

void lay_out_space_state(ViewArena& arena, SpaceInsertion& in) {
  SpaceProblem& b = in.box;
  const int cells = b.grid.cell_count(), pad = b.grid.pad(), classes = b.tissue.params.classes;
  TissueState& t = b.tissue.tissue;
  InsertionScratch& s = b.tissue.scratch;
  SpaceScratch& x = b.scratch;
  for (auto* view : {&t.torn, &t.held, &t.fluid, &t.carrier, &t.pressure, &t.speed, &t.path, &t.crack, &s.permeability, &s.mobility,
                     &s.damage, &x.x_flux, &x.y_flux, &x.z_flux})
    *view = arena.take(cells, pad);
  for (auto* group : {&t.pigment, &t.captured, &s.capture}) *group = arena.take_group(classes, cells, pad);
  for (auto* view : {&x.gross, &x.net}) *view = arena.take(b.grid.column_count());
  x.scalars = arena.take(scalar_count);
  for (auto* view : {&b.active.rows, &b.active.list, &b.active.reached, &b.active.along_x})
    *view = take_integers(arena, b.grid.column_count());
  b.system.lay_out(arena, GridPart::of(b.grid.n_x, b.grid.n_y, b.grid.n_z));
  b.system.nodes = take_nodes(arena, max_tracks * (b.grid.n_z + 1), max_tracks * b.grid.n_z * max_crossings);
  in.solver.level_room = level_room(b.grid);
  in.solver.level_memory = arena.buffer ? arena.buffer + arena.used : nullptr;
  arena.used += in.solver.level_room;
}

long turned_room(const SpaceInsertion& in) {
  const CartesianGrid& g = in.box.grid;
  ViewArena counted;
  BoxSystemOn<TurnedPart>{}.lay_out(counted, TurnedPart::of(g.n_x, g.n_y, g.n_z));
  return counted.used + level_room(g);
}

void keep_for_host(SpaceInsertion& in) {
  SpaceProblem& b = in.box;
  const CartesianGrid& g = b.grid;
  in.host.grid = g;
  in.host.rows = b.tissue.rows;
  b.narrowest = g.dz(0);
  for (int i = 0; i < g.n_x; ++i) b.narrowest = std::min(b.narrowest, g.dx(i));
  for (int l = 0; l < g.n_y; ++l) b.narrowest = std::min(b.narrowest, g.dy(l));
}

PressurePlan plan_pressure(const SpaceInsertion& in, const std::function<int(int, int, int)>& cell) {
  const SpaceProblem& b = in.box;
  const CartesianGrid& g = in.host.grid;
  const SpacePart& part = b.part;
  PressurePlan plan;
  plan.levels =
      plan_coarsening({g.x_face.data + part.i0, part.i1 - part.i0 + 1, 0}, {g.y_face.data + part.j0, part.j1 - part.j0 + 1, 0});
  const int nodes = b.tracks * (part.rows + 1), links = b.tracks * part.rows * max_crossings;
  ViewArena counted;
  take_nodes(counted, nodes, links);
  plan.memory.resize(static_cast<std::size_t>(counted.used));
  ViewArena arena{plan.memory.data()};
  plan.nodes = take_nodes(arena, nodes, links);
  plan.nodes.links = 0;
  for_track_nodes(b, [&](int n, int t, int j) {
    for (int at = j * max_crossings; at < (j + 1) * max_crossings; ++at) {
      const int k = static_cast<int>(in.host.cell[t][static_cast<std::size_t>(at)]);
      if (k < 0) continue;
      const int column = k / g.n_z;
      plan.nodes.link_cell(plan.nodes.links) = cell(b.column_x(column) - part.i0, b.column_y(column) - part.j0, j);
      plan.nodes.link_node(plan.nodes.links++) = n;
    }
  });
  sort_links(plan.nodes);
  return plan;
}

void fill_space(const Treatment& treatment, const CartesianFaces& faces, SpaceInsertion& in) {
  const SpaceProblem& b = in.box;
  put_faces(b.grid, faces.x, faces.y, faces.z);
  for (int j = 0; j < b.grid.n_z; ++j) put(b.scratch.per_height, j, 1.0 / b.grid.dz(j));
  // Columns as rings: only their number and the rows count; the radii are unused.
  std::vector<double> radii(static_cast<std::size_t>(b.tissue.grid.n_r) + 1, 0.0);
  fill_constants(treatment, {radii, faces.z}, b.tissue);
  const std::vector<Follicle> follicles = all_follicles(treatment.geometry);
  const double end = treatment.skin_at_axis().bottom_of(LayerKind::dermis);
  const auto permeability = [](const Skin& skin, double top, double bottom) {
    return std::exp(layer_mean(skin, top, bottom, [](const SkinLayer& l) { return std::log(l.permeability); }));
  };
  for (int i = 0; i < b.grid.n_x; ++i)
    for (int l = 0; l < b.grid.n_y; ++l) {
      const double beside = share_beside(treatment, b.grid, i, l);
      double around = 1.0;
      for (int j = 0; j < b.grid.n_z; ++j) {
        const double top = b.grid.z_face(j), bottom = b.grid.z_face(j + 1), z = b.grid.z_centre(j);
        if (j == 0 || treatment.geometry.follicle_tilt > 0.0)
          around = beside_hairs(follicles, b.grid, i, l, z, treatment.geometry.sheath_gain);
        double gain = z < end ? around : 1.0;
        if (beside > 0.0) {
          const double here = permeability(treatment.skin_at_axis(), top, bottom),
                       there = permeability(treatment.skin_beside(), top, bottom);
          gain *= mix(1.0, there / here, beside);
        }
        if (treatment.has_ridges()) gain *= std::exp(ridge_gain(treatment, b.grid, i, l, j));
        put(FieldView<const double>(b.scratch.resistance), b.grid.cell(i, l, j), gain);
      }
    }
  keep_for_host(in);
}

InsertionParams space_params(const Treatment& treatment, const Puncture& puncture, const SpaceDot& dot, GridLevel level) {
  // Along the needle's axis nothing is projected: the needle and its stroke are those of an upright one.
  Treatment along = treatment;
  along.machine.angle = 0.0;
  Puncture reach = puncture;
  reach.tip_depth = dot.tip_depth / std::cos(dot.angle);
  return build_insertion_params(along, reach, level);
}

TrackPlan plan_track(const SpaceOnHost& host, const SpaceTrack& track, const InsertionParams& params) {
  const CartesianGrid& g = host.grid;
  const std::size_t rows = static_cast<std::size_t>(g.n_z);
  TrackPlan plan;
  plan.cell.assign(rows * max_crossings, -1.0);
  plan.share.assign(rows * max_crossings, 0.0);
  const double per = 1.0 / track.upright;
  double log_radius = 0.0, depth = 0.0;
  for (int j = 0; j <= g.n_z; ++j) plan.z_face.push_back(g.z_face(j) * per);
  for (int j = 0; j < g.n_z; ++j) {
    plan.z_centre.push_back(g.z_centre(j) * per);
    plan.anisotropy.push_back(anisotropy_across(host.rows.anisotropy(j), track.upright));
    if (j > 0 && g.z_face(j) >= (params.tip_depth - track.setback) * track.upright) continue;
    log_radius += g.dz(j) * share_row(g, track, j, plan);
    depth += g.dz(j);
  }
  plan.radius = std::exp(log_radius / depth);
  return plan;
}

}  // namespace dermaflux
