#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "tests/support/bound_case.hpp"

/// The ledger after every single stroke: what was drawn in is in the tissue, in the track, or came back.
namespace dermaflux {
namespace {

/// Sums over one insertion, in the order of the fields.
struct Held {
  double pigment = 0.0, volume = 0.0;  ///< [kg], [m^3]
  double squares = 0.0;                ///< of what the pores of each cell hold at rest [m^6]

  explicit Held(const InsertionProblem& p) {
    for (int i = 0; i < p.grid.n_r; ++i)
      for (int j = 0; j < p.grid.n_z; ++j) {
        const int k = p.grid.cell(i, j);
        const double v = p.grid.volume(i, j);
        pigment += v * (p.tissue.pigment.total(k) + p.tissue.captured.total(k));
        volume += v * (p.tissue.fluid(k) - p.rows.porosity(j));
        squares += std::pow(v * p.rows.porosity(j), 2);
      }
    for (int j = 0; j < p.grid.n_z; ++j) {
      pigment += p.track.pigment.total(j);
      volume += p.track.liquid(j) * p.grid.dz(j);
    }
  }
};

double drop_pigment(const InsertionProblem& p) {
  double sum = 0.0;
  for (int n = 0; n < p.params.classes; ++n) sum += p.account(RimAccount::drop_pigment + n);
  return sum;
}

class StrokeLedger : public ::testing::TestWithParam<std::string> {};

TEST_P(StrokeLedger, ClosesAfterEveryStrokeAndAfterRelaxation) {
  test::BoundCase one(test::treatment(GetParam(), {{"machine.dwell_ms", "80"}}));
  InsertionProblem& p = one.bound.insertion;
  p.params.lymph_conductance = 0.0;  // or the tissue's fluid would also leave by a way that has no account
  const SerialExecutor executor;
  executor.cells(p.grid.n_r, p.grid.n_z, StartTissueStep{p});
  executor.single(FillDropStep{p});
  const double drop = p.account(RimAccount::drop_volume), in_drop = drop_pigment(p);
  const auto account = [&](int n) { return p.account(n); };
  InsertionTally tally;
  for (int stroke = 0; stroke <= p.params.strokes; ++stroke) {
    const bool contact = stroke < p.params.strokes;
    if (contact) {
      run_strokes(executor, p, stroke, stroke + 1, InsertionTrace{}, tally);
      EXPECT_NEAR((account(RimAccount::drop_volume) + account(RimAccount::drawn_volume) - account(RimAccount::back_volume)) / drop,
                  1.0, 1e-12);
      EXPECT_NEAR((drop_pigment(p) + account(RimAccount::drawn_pigment) - account(RimAccount::back_pigment)) / in_drop, 1.0, 1e-12);
    } else {
      executor.single(WipeDropStep{p});
      relax(executor, p, tally);
    }
    ASSERT_FALSE(tally.failed);
    const Held held(p);
    const double drawn = account(RimAccount::drawn_pigment), drawn_volume = account(RimAccount::drawn_volume);
    ASSERT_GT(drawn, 0.0);
    const double pigment = held.pigment + account(RimAccount::back_pigment) + account(RimAccount::exuded_pigment);
    // Every booking is the same product on both sides; a cell's roundings are relative to the little that it holds.
    EXPECT_NEAR(pigment / drawn, 1.0, 1e-12) << "stroke " << stroke;
    // A cell's fluid is known to half a rounding of all that its pores hold, once per step and substep, and the sum of the cells
    // goes as a random walk: four standard deviations.
    const double volume = held.volume + account(RimAccount::back_volume) + account(RimAccount::exuded_volume);
    const double rounding = 4.0 * 1.1e-16 * std::sqrt(held.squares * static_cast<double>(tally.steps + tally.substeps));
    EXPECT_NEAR(volume, drawn_volume, rounding) << "stroke " << stroke;
  }
}

INSTANTIATE_TEST_SUITE_P(All, StrokeLedger, ::testing::ValuesIn(test::tissue_classes()),
                         [](const auto& instance) { return instance.param; });

}  // namespace
}  // namespace dermaflux
