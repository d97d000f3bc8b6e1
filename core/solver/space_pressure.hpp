#pragma once
#include "core/solver/box_solver.hpp"
#include "core/solver/space_track_steps.hpp"

namespace dermaflux {

// The coupled pressure of tissue and tracks in a box, by solve_box on the part that pressure has reached. A track is a chain of
// nodes: the rim, whose pressure is given, and its rows.

/// Cells of the pressure system where x runs fastest.
using TurnedPart = GridPartIn<Fastest::x>;

/// The strips of one dot as the solver sees them.
struct SpaceStrips {
  int count;
  CombSystem system[max_tracks];
};

/// Calls `what(n, t, j)` for every row of every track that the part holds, and its node.
template <class What>
DF_FUNCTION void for_track_nodes(const SpaceProblem& b, const What& what) {
  for (int t = 0; t < b.tracks; ++t)
    for (int j = 0; j < b.part.rows; ++j) what(t * (b.part.rows + 1) + 1 + j, t, j);
}

/// What the solved tracks bring into the system.
struct SpaceNodesStep {
  SpaceProblem b;
  SpaceStrips strips;
  DF_FUNCTION void operator()() const {
    const EmbeddedNodes& nodes = b.system.nodes;
    for (int t = 0; t < b.tracks; ++t) {
      const int rim = t * (b.part.rows + 1);
      nodes.compliance(rim) = -1.0;
      nodes.face(rim) = 0.0;
      nodes.face(rim + b.part.rows + 1) = 0.0;
    }
    int link = 0;
    for_track_nodes(b, [&](int n, int t, int j) {
      const CombSystem& s = strips.system[t];
      nodes.face(n) = s.face(j);
      nodes.compliance(n) = s.compliance(j);
      nodes.residual(n) = s.spine_residual(j);
      b.track[t].crossings(j, [&](int at, int) { nodes.link(link++) = s.wall(j) * b.track[t].share(at); });
    });
  }
};

/// The solved changes of the tracks.
struct SpaceNodesBackStep {
  SpaceProblem b;
  SpaceStrips strips;
  DF_FUNCTION void operator()() const {
    for_track_nodes(b, [&](int n, int t, int j) { strips.system[t].spine_correction(j) = b.system.nodes.correction(n); });
  }
};

/// Hands the system to one in which x runs fastest, or takes its solution back.
struct TurnSystemStep {
  SpaceProblem b;
  BoxSystemOn<TurnedPart> to;
  bool conductances;  ///< they have changed, too
  DF_FUNCTION void operator()(int n, int top, int end) const {
    const int width = b.part.j1 - b.part.j0, first = b.column(n) * b.grid.n_z;
    const BoxSystem& from = b.system;
    for (int j = top; j < end; ++j) {
      const int k = first + j, at = to.grid.cell(n / width, n % width, j);
      to.storage(at) = from.storage(k);
      to.residual(at) = from.residual(k);
      if (!conductances) continue;
      to.x(at) = from.x(k);
      to.y(at) = from.y(k);
      to.z(at) = from.z(k);
    }
  }
};
struct TurnBackStep {
  SpaceProblem b;
  BoxSystemOn<TurnedPart> from;
  DF_FUNCTION void operator()(int n, int top, int end) const {
    const int width = b.part.j1 - b.part.j0, first = b.column(n) * b.grid.n_z;
    for (int j = top; j < end; ++j) b.system.correction(first + j) = from.correction(from.grid.cell(n / width, n % width, j));
  }
};

/// Adds the solved change to the pressures.
struct SpaceApplyStep {
  SpaceProblem b;
  DF_FUNCTION void operator()(int n, int top, int end) const {
    const int first = b.column(n) * b.grid.n_z;
    DF_LANES
    for (int k = first + top; k < first + end; ++k) b.tissue.tissue.pressure(k) += b.system.correction(k);
  }
};

}  // namespace dermaflux
