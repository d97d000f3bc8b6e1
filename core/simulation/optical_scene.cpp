#include "core/simulation/optical_scene.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "core/error.hpp"
#include "core/number_text.hpp"
#include "core/simulation/treatment_case.hpp"
#include "core/solver/optics_setup.hpp"
#include "core/treatment/puncture.hpp"

namespace dermaflux {
namespace {

int count(const std::vector<double>& faces) { return static_cast<int>(faces.size()) - 1; }

void check(const GridFaces& faces, const std::vector<double>& pools) {
  for (const auto* one : {&faces.r, &faces.z}) {
    if (one->size() < 2 || one->front() != 0.0) throw InputError("the faces of the grid must begin with 0 and enclose a cell");
    for (std::size_t n = 1; n < one->size(); ++n)
      if (!((*one)[n] > (*one)[n - 1])) throw InputError("the faces of the grid must increase");
  }
  const std::size_t expected = 5 * (faces.r.size() - 1) * (faces.z.size() - 1);
  if (pools.size() != expected)
    throw InputError("the pools hold " + std::to_string(pools.size()) + " values, not the " + std::to_string(expected) +
                     " of five pools on this grid");
  for (const double pool : pools)
    if (!(pool >= -negligible_pigment && std::isfinite(pool)))
      throw InputError("a pool holds " + number_text(pool) + " kg/m3 (no amount of pigment); use finite numbers from 0 on");
}

/// Cells as rings and rows, and the skin of each row for comparison.
struct Table {
  std::vector<double> r_face, z_face;
  std::vector<std::vector<OpticalCell>> rings;  ///< each from the surface down
};

/// Leaves out rings and rows that are like the one before.
void join_alike(Table& table) {
  for (std::size_t i = table.rings.size(); i-- > 1;)
    if (table.rings[i] == table.rings[i - 1]) {
      table.rings.erase(table.rings.begin() + static_cast<std::ptrdiff_t>(i));
      table.r_face.erase(table.r_face.begin() + static_cast<std::ptrdiff_t>(i));
    }
  for (std::size_t j = table.z_face.size() - 1; j-- > 1;) {
    bool alike = true;
    for (const auto& ring : table.rings) alike = alike && ring[j] == ring[j - 1];
    if (!alike) continue;
    for (auto& ring : table.rings) ring.erase(ring.begin() + static_cast<std::ptrdiff_t>(j));
    table.z_face.erase(table.z_face.begin() + static_cast<std::ptrdiff_t>(j));
  }
}

}  // namespace

OpticalScene::OpticalScene(const Treatment& treatment, const GridFaces& faces, std::vector<double> pools, double time, double age)
    : treatment_(treatment), faces_(faces), pools_(std::move(pools)), clock_{time, age} {
  check(faces_, pools_);
  for (double& pool : pools_) pool = larger(pool, 0.0);  // what rounding leaves below zero
  if (!(time >= 0.0 && age >= 0.0 && age <= time))
    throw InputError("the time of a look is 0 or more, and the pigment is at most as old; got " + number_text(time / units::day) +
                     " d and " + number_text(age / units::day) + " d");
  const Treatment first = session_treatment(treatment, 0);
  params_ = build_optics_params(first, solve_puncture(first), GridLevel::standard);
  paths_ = photon_paths(path_settings(first.model));
  for (int s = 0; s < treatment.sessions.count(); ++s)
    if (treatment.sessions.time(s) <= time) clock_.add(params_, time - treatment.sessions.time(s));
}

OpticalScene::Bound OpticalScene::bind(int coarsening) const {
  Bound bound;
  const int n_r = count(faces_.r), n_z = count(faces_.z), cells = n_r * n_z;
  const auto lay_out = [&](double* constants, double* state, std::pair<long, long>& used) {
    ViewArena fixed{constants}, changing{state};
    bound.problem = {};
    bound.problem.params = params_;
    bound.problem.params.coarsening = coarsening;
    bound.problem.params.paths = contrast_paths(coarsening);
    lay_out_optics_rows(fixed, coarsening, take_grid(fixed, n_r, n_z), bound.problem);
    lay_out_optics_state(changing, bound.problem);
    for (auto* pool : {&bound.pools.free, &bound.pools.matrix, &bound.pools.macrophage, &bound.pools.slow, &bound.pools.epidermal})
      *pool = changing.take(cells);
    used = {fixed.used, changing.used};
  };
  std::pair<long, long> used;
  lay_out(nullptr, nullptr, used);
  bound.constants.assign(static_cast<std::size_t>(used.first), 0.0);
  bound.state.assign(static_cast<std::size_t>(used.second), 0.0);
  lay_out(bound.constants.data(), bound.state.data(), used);
  const AxisymmetricGrid& tissue = bound.problem.tissue;
  for (int i = 0; i <= n_r; ++i) put(tissue.r_face, i, faces_.r[static_cast<std::size_t>(i)]);
  for (int j = 0; j <= n_z; ++j) put(tissue.z_face, j, faces_.z[static_cast<std::size_t>(j)]);
  fill_optics_rows(treatment_, tissue, bound.problem);
  bound.problem.paths = paths_->view();
  const double* from = pools_.data();
  for (auto* pool : {&bound.pools.free, &bound.pools.matrix, &bound.pools.macrophage, &bound.pools.slow, &bound.pools.epidermal}) {
    for (int k = 0; k < cells; ++k) (*pool)(k) = from[k];
    from += cells;
  }
  return bound;
}

OpticalColumns OpticalScene::columns(int band, bool with_dot) const {
  const Bound bound = bind(1);
  const OpticsProblem& o = bound.problem;
  const AxisymmetricGrid& grid = o.grid;
  const SerialExecutor executor;
  const LightClock clock = light_clock(params_, band, clock_);
  const SwollenRows rows{o, clock.swelling};
  const auto ring_of = [&](int i) {  // row by row
    std::vector<OpticalCell> ring;
    for (int j = 0; j < grid.n_z; ++j) {
      const int k = grid.cell(i, j);
      const double stretch = rows.stretch(j);
      ring.push_back({o.system.storage(k) / grid.volume(i, j) / stretch, o.scattered(k) / o.params.sharpness / stretch});
    }
    return ring;
  };
  executor.cells(grid.n_r, grid.n_z, OpticalCellStep{o, clock});  // no pigment yet
  OpticalColumns found;
  found.skin = ring_of(0);
  for (int j = 0; j <= grid.n_z; ++j) found.z_face.push_back(rows.face(j));
  found.z_face.push_back(HUGE_VAL);
  if (with_dot) {
    executor.cells(grid.n_r, grid.n_z, CoarsenPigmentStep{o, bound.pools});
    executor.cells(grid.n_r, grid.n_z, OpticalCellStep{o, clock});
    for (int i = 0; i < grid.n_r; ++i) {
      std::vector<OpticalCell> ring = ring_of(i);
      for (std::size_t j = 0; j < found.skin.size(); ++j)
        if (ring[j].absorption - found.skin[j].absorption <= 1e-6 * found.skin[j].absorption) ring[j] = found.skin[j];
      ring.push_back(found.skin.back());
      found.dot.push_back(std::move(ring));
    }
  }
  found.skin.push_back(found.skin.back());
  return found;
}

PhotonMedium OpticalScene::medium(int band, bool with_dot) const {
  OpticalColumns found = columns(band, with_dot);
  Table table{{}, std::move(found.z_face), std::move(found.dot)};
  for (std::size_t i = 0; i < table.rings.size(); ++i) table.r_face.push_back(faces_.r[i]);
  table.r_face.push_back(with_dot ? faces_.r.back() : 0.0);
  table.rings.push_back(std::move(found.skin));
  join_alike(table);
  PhotonMedium medium;
  medium.r_face = table.r_face;
  medium.z_face = table.z_face;
  for (const auto& ring : table.rings) medium.cells.insert(medium.cells.end(), ring.begin(), ring.end());
  return medium;
}

PhotonSettings OpticalScene::settings() const {
  PhotonSettings settings;
  settings.anisotropy = treatment_.model.anisotropy;
  settings.index = treatment_.model.refractive_index;
  settings.index_plate = treatment_.model.corneum_refractive_index;
  return settings;
}

Appearance OpticalScene::look(bool colour, std::vector<double>* view) const {
  const int rings = count(faces_.r), coarsening = rings % coarsest_rings == 0 ? rings / coarsest_rings : 1;
  const Bound bound = bind(coarsening);
  const OpticsProblem& o = bound.problem;
  const SerialExecutor executor;
  double scratch[4] = {};
  std::vector<double> seen(static_cast<std::size_t>(band_count * (view_rings + 1)));
  const auto keep = [&](int band) { std::copy_n(o.reflectance.data, view_rings + 1, seen.begin() + band * (view_rings + 1)); };
  const Appearance result =
      dermaflux::look(executor, o, bound.pools, clock_, colour, {scratch, 4, 0}, view ? Look::everything : Look::width, keep);
  if (view) view->insert(view->end(), seen.begin(), seen.end());
  return result;
}

std::vector<double> view_of_run(const Treatment& treatment, const Outcome& outcome, const GridFaces& faces,
                                const std::vector<double>& pools, int moment) {
  const double time = outcome.moments[moment].time;
  double laid = 0.0, start = 0.0;  // pigment of the sessions so far, and its mean beginning
  for (int s = 0; s < outcome.session_count && outcome.sessions[s].time <= time; ++s) {
    laid += outcome.sessions[s].deposited;
    start += outcome.sessions[s].deposited * outcome.sessions[s].time;
  }
  const long length = 5L * count(faces.r) * count(faces.z);
  const auto from = pools.begin() + moment * length;
  std::vector<double> view;
  OpticalScene(treatment, faces, {from, from + length}, time, time - (laid > 0.0 ? start / laid : 0.0)).look(true, &view);
  return view;
}

}  // namespace dermaflux
