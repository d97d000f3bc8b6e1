#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/bound_case.hpp"

/// Steps that leave out what pressure has not reached give what steps over the whole grid give.
namespace dermaflux {
namespace {

/// Three strokes and what they left.
struct Strokes {
  test::BoundCase one;
  InsertionTally tally;
  double deposited = 0.0, drawn = 0.0, depth = 0.0, fluid = 0.0;

  Strokes(const Treatment& treatment, bool whole) : one(treatment) {
    const SerialExecutor executor;
    const InsertionProblem& p = one.bound.insertion;
    const AxisymmetricGrid& grid = p.grid;
    executor.cells(grid.n_r, grid.n_z, StartTissueStep{p});
    executor.single(FillDropStep{p});
    if (whole) {
      tally.rings = grid.n_r;
      tally.rows = grid.n_z;
    }
    run_strokes(executor, p, 0, 3, InsertionTrace{}, tally);
    for (int i = 0; i < grid.n_r; ++i)
      for (int j = 0; j < grid.n_z; ++j) {
        const int k = grid.cell(i, j);
        const double held = grid.volume(i, j) * (p.tissue.pigment.total(k) + p.tissue.captured.total(k));
        deposited += held;
        depth += held * grid.z_centre(j);
        fluid += grid.volume(i, j) * (p.tissue.fluid(k) - p.rows.porosity(j));
      }
    depth /= deposited;
    drawn = p.account(RimAccount::drawn_volume);
  }
};

TEST(ActivePart, GivesWhatTheWholeGridGives) {
  for (const char* name : {"normal", "atrophic", "hypertrophic"}) {
    const Treatment treatment = test::treatment(name);
    const Strokes part(treatment, false), whole(treatment, true);
    // Where the edge is closed pressure departs from rest by at most a share e of its peak, so inside it changes by e at most
    // (maximum principle), and the flow through the wall, which a tenth of the peak or more drives, by 10 e.
    const double share = 10.0 * whole.one.bound.insertion.params.edge_share;
    EXPECT_NEAR(part.deposited / whole.deposited, 1.0, share) << name;
    EXPECT_NEAR(part.drawn / whole.drawn, 1.0, share) << name;
    EXPECT_NEAR(part.depth / whole.depth, 1.0, share) << name;
    EXPECT_NEAR(part.fluid / whole.fluid, 1.0, 1e-3) << name;  // gained fluid lies where pressure is low, 1 Pa of some kPa
    EXPECT_LT(part.tally.rows, whole.tally.rows) << name;      // something was left out
  }
}

TEST(ActivePart, GrowsWithPressureAndNeverShrinks) {
  const Treatment treatment = test::treatment();
  const Strokes part(treatment, false);
  InsertionTally start;
  start_active(part.one.bound.insertion, start);
  EXPECT_GT(part.tally.rings, start.rings);
  EXPECT_GE(part.tally.rows, start.rows);
}

}  // namespace
}  // namespace dermaflux
