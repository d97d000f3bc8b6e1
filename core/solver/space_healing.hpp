#pragma once
#include <cmath>
#include <type_traits>

#include "core/solver/deposit_step.hpp"
#include "core/solver/healing_cycle.hpp"
#include "core/solver/space_problem.hpp"

namespace dermaflux {

/// Healing in a box: its columns stand for rings of the same area in every step that works column by column. Those that go over all
/// rings of a row take the columns of one plane of equal x after the other, and sums of planes are added in order. Spread along the
/// surface is another.
struct SpaceHealing : HealingProblem {
  CartesianGrid box;
  FieldGroup in_plane;     ///< sums of HealingScratch per row, of each plane
  FieldView<double> held;  ///< per column, the most that one of its cells holds of the pool that is spread [kg/m^3]
  enum PlaneSum : int { lymph, exuded, photolysed, shed, error, mass, radius, reached, plane_sums };

  /// The columns of a plane as all rings of a problem, whose sums per row are the plane's.
  DF_FUNCTION HealingProblem plane(int i) const {
    HealingProblem one = *this;
    const long column = static_cast<long>(i) * box.n_y, cell = column * box.n_z;
    const auto move = [](auto& view, long by) { view.data += by; };
    for (PoolFields* of : {&one.pools, &one.scratch.old})
      for (auto* view : {&of->free, &of->matrix, &of->macrophage, &of->slow, &of->epidermal}) move(*view, cell);
    HealingScratch& s = one.scratch;
    for (auto* view : {&s.factor, &s.solved, &s.wound, &s.wound_before, &s.lymph_factor}) move(*view, cell);
    for (auto* view : {&one.rows.epidermal, &one.rows.residents, &one.rows.open_track}) move(*view, column * rows.per_column);
    for (auto* view : {&one.grid.r_face, &one.grid.r_centre, &one.rings.beside}) move(*view, column);
    one.grid.n_r = box.n_y;
    int n = 0;
    for (auto* view : {&s.lymph, &s.exuded, &s.photolysed, &s.shed, &s.error, &s.mass, &s.radius, &s.reached})
      *view = {in_plane[n++].data + static_cast<long>(i) * box.n_z, box.n_z, 0};
    return one;
  }
  DF_FUNCTION double sum(PlaneSum of, int j) const {
    double all = 0.0;
    for (int i = 0; i < box.n_x; ++i) all += in_plane[of](i * box.n_z + j);
    return all;
  }
  DF_FUNCTION double largest(PlaneSum of, int j) const {
    double most = 0.0;
    for (int i = 0; i < box.n_x; ++i) most = larger(most, in_plane[of](i * box.n_z + j));
    return most;
  }
};

/// A step over the rings of some rows, in a plane.
template <class Step>
struct InPlanes {
  SpaceHealing p;
  Step step;
  DF_FUNCTION void operator()(int i, int top, int end) const {
    Step own = step;
    own.p = p.plane(i);
    if constexpr (requires { own.wound_before; })
      own.wound_before = own.p.scratch.wound;  // one session: the same first and mid-step
    rows_of_column(own, top, end);
  }
};

/// The sums of the planes, per row: what a reaction lost, its largest error and how far pigment reaches; or what there is.
struct AddPlanesStep {
  SpaceHealing p;
  bool reaction;
  DF_FUNCTION void operator()(int, int j) const {
    const HealingScratch& s = p.scratch;
    s.lymph(j) = p.sum(SpaceHealing::lymph, j);
    s.exuded(j) = p.sum(SpaceHealing::exuded, j);
    s.photolysed(j) = p.sum(SpaceHealing::photolysed, j);
    if (reaction) {
      s.shed(j) = p.sum(SpaceHealing::shed, j);
      s.error(j) = p.largest(SpaceHealing::error, j);
      s.reached(j) = p.largest(SpaceHealing::reached, j);
    } else {
      s.error(j) = p.sum(SpaceHealing::error, j);
      s.mass(j) = p.sum(SpaceHealing::mass, j);
      s.radius(j) = p.sum(SpaceHealing::radius, j);
    }
  }
};
template <class Executor, class Step>
void over_rings(const Executor& executor, const SpaceHealing& p, const Step& step) {
  constexpr bool reaction = std::is_same_v<Step, ReactionStep>, moments = std::is_same_v<Step, RowMomentStep>;
  executor.pieces(p.box.n_x, p.box.n_z, InPlanes<Step>{p, step});
  if constexpr (reaction || moments) executor.cells(1, p.box.n_z, AddPlanesStep{p, reaction});
}

/// What the columns of each plane shed, and all planes.
struct PlaneShedStep {
  SpaceHealing p;
  DF_FUNCTION void operator()(int i) const {
    double shed = 0.0;
    for (int l = 0; l < p.box.n_y; ++l) shed += p.scratch.solved(p.box.cell(i, l, 0));
    p.in_plane[SpaceHealing::shed](i * p.box.n_z) = shed;
  }
};
struct AddShedStep {
  SpaceHealing p;
  DF_FUNCTION void operator()() const { p.account(HealingAccount::shed) += p.sum(SpaceHealing::shed, 0); }
};
template <class Executor>
void book_shed(const Executor& executor, const SpaceHealing& p) {
  executor.list(p.box.n_x, PlaneShedStep{p});
  executor.single(AddShedStep{p});
}

/// In a box the columns of a plane are counted.
template <class Executor>
void bound(const Executor& executor, const SpaceHealing& p) {
  HealingProblem plane = p;
  plane.grid.n_r = p.box.n_y;
  executor.single(BoundStep{plane});
}

/// What the insertion left becomes the start of healing; the tracks have closed.
struct SpaceLayDownStep {
  InsertionProblem from;
  HealingProblem to;
  DF_FUNCTION void operator()(int column, int j) const {
    const int k = to.grid.cell(column, j);
    LaidDown::of(from, to, k, [](int) { return 0.0; }).begin(to, column, j, k);
  }
};

/// Marks the wound of a dot, in the part: how near a cell lies to the next of its tracks.
struct SpaceWoundStep {
  SpaceProblem b;
  HealingProblem to;
  double tip_depth;  ///< of the dot [m]
  /// Distance beyond which the share in a wound is below 1e-16, which changes no rate [m].
  DF_FUNCTION static double reach(const HealingParams& params) { return 6.1 * params.wound_reach; }
  DF_FUNCTION void operator()(int n, int j) const {
    const int column = b.column(n), k = to.grid.cell(column, j);
    const double z = b.grid.z_centre(j);
    double share = to.scratch.wound(k);
    for (int t = 0; t < b.tracks; ++t) {
      const double square = b.track[t].seen(b.grid.x_centre(b.column_x(column)), b.grid.y_centre(b.column_y(column)), z).square;
      const double below = larger(z - tip_depth, 0.0), reach = to.params.wound_reach;
      share = larger(share, std::exp(-(square + below * below) / (reach * reach)));
    }
    to.scratch.wound(k) = share;
  }
};

/// The most that a cell of each column holds.
struct SpaceHeldStep {
  SpaceHealing p;
  FieldView<const double> field;
  DF_FUNCTION void operator()(int column, int) const {
    double held = 0.0;
    for (int j = 0; j < p.box.n_z; ++j) held = larger(held, field(column * p.box.n_z + j));
    p.held(column) = held;
  }
};

/// Implicit diffusion of one pool along x or y, every line by the Thomas algorithm with its rows side by side; the junction is a
/// barrier (as RadialSpreadStep). Across a face the mean of both columns counts where they lie in two tissues, and it is open as
/// far as both are dermis.
struct SpaceLateralSpreadStep {
  SpaceHealing p;
  FieldView<double> field;
  SpreadPair diffusivity;
  double dt;  ///< [s]
  bool along_x;

  DF_FUNCTION int lines() const { return along_x ? p.box.n_y : p.box.n_x; }
  DF_FUNCTION void operator()(int line, int top, int end) const {
    const CartesianGrid& g = p.box;
    const int count = along_x ? g.n_x : g.n_y, stride = along_x ? g.step_x() : g.step_y();
    const int first = along_x ? line * g.step_y() : line * g.step_x();
    const auto width = [&](int n) { return along_x ? g.dx(n) : g.dy(n); };
    double held = 0.0;
    for (int n = 0; n < count; ++n) held = larger(held, p.held((first + n * stride) / g.n_z));
    if (held < negligible_pigment) return;
    const auto through = [&](int n) {  // of the face before cell n, over the height [m^2 / m]
      const int a = (first + n * stride) / g.n_z, c = (first + (n - 1) * stride) / g.n_z;
      const double share = 0.5 * (p.rings.beside(a) + p.rings.beside(c));
      return dt * diffusivity.largest * diffusivity.relative(share) / (0.5 * (width(n) + width(n - 1)));
    };
    const auto rows_of = [&](int n) { return p.rows.of((first + n * stride) / g.n_z); };
    const auto open = [&](int n, int j) {  // of the face before cell n
      return n > 0 && n < count ? 1.0 - larger(p.rows.epidermal(rows_of(n) + j), p.rows.epidermal(rows_of(n - 1) + j)) : 0.0;
    };
    for (int n = count - 1; n >= 0; --n) {
      const double behind = n + 1 < count ? through(n + 1) : 0.0, before = n > 0 ? through(n) : 0.0, own = width(n);
      for (int j = top; j < end; ++j) {
        const int k = first + n * stride + j;
        const double next = open(n + 1, j) * behind, inverse = n + 1 < count ? p.scratch.factor(k + stride) : 0.0;
        const double coupling = next * inverse;
        const double reduced = own * field(k) + (n + 1 < count ? coupling * p.scratch.solved(k + stride) : 0.0);
        p.scratch.factor(k) = 1.0 / (own + (next + open(n, j) * before) - coupling * next);
        p.scratch.solved(k) = reduced;
      }
    }
    for (int n = 0; n < count; ++n) {
      const double before = n > 0 ? through(n) : 0.0;
      for (int j = top; j < end; ++j) {
        const int k = first + n * stride + j;
        const double inner = n > 0 ? field(k - stride) : 0.0;
        field(k) = p.scratch.factor(k) * (p.scratch.solved(k) + open(n, j) * before * inner);
      }
    }
  }
};

/// Spread of one pool along the surface over a step.
template <class Executor>
void spread_radially(const Executor& executor, const SpaceHealing& p, const FieldView<double>& pool, const SpreadPair& diffusivity,
                     double dt) {
  if (diffusivity.largest <= 0.0) return;
  for (const bool along_x : {true, false}) {
    const SpaceLateralSpreadStep step{p, pool, diffusivity, dt, along_x};
    executor.cells(p.box.column_count(), 1, SpaceHeldStep{p, pool});
    executor.pieces(step.lines(), p.box.n_z, step);
  }
}

}  // namespace dermaflux
