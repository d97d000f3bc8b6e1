#include <gtest/gtest.h>

#include "tests/support/needle_runs.hpp"

/// Mirrored and turned problems in a box give the mirrored and turned dot: one stroke, on the quick grid. Tolerances are what the
/// same problem shows when it is solved more tightly or with its sweeps in another order.
namespace dermaflux {
namespace {

using test::BoxDot;
using test::Overrides;

BoxDot stroke(const Overrides& more, const test::BoxControls& controls = {}) {
  Overrides all{{"machine.dwell_ms", "10"}, {"geometry.kind", "box"}, {"geometry.margin_mm", "0.5"}};
  all.insert(all.end(), more.begin(), more.end());
  return BoxDot(test::treatment("normal", all), test::faces_across(1.0, 180.0 * units::um, 0.7 * units::mm), controls);
}

/// The column that lies where another one of the same box would if the problem were turned or mirrored.
using Moved = std::pair<int, int> (*)(int i, int l, int last);
double difference(const BoxDot& a, const BoxDot& b, Moved moved) {
  const int last = a.grid().n_x - 1;
  return a.difference([&](int i, int l) {
    const auto [to_i, to_l] = moved(i, l, last);
    return b.column(to_i, to_l);
  });
}
std::pair<int, int> unmoved(int i, int l, int) { return {i, l}; }
std::pair<int, int> x_turned_round(int i, int l, int last) { return {last - i, l}; }
std::pair<int, int> y_turned_round(int i, int l, int last) { return {i, last - l}; }
std::pair<int, int> turned_by_half(int i, int l, int last) { return {last - i, last - l}; }
std::pair<int, int> turned_by_quarter(int i, int l, int last) { return {last - l, i}; }
std::pair<int, int> exchanged(int i, int l, int) { return {l, i}; }

const Overrides leaning{{"machine.angle_deg", "30"}};
Overrides turned_to(const char* azimuth) { return {{"machine.angle_deg", "30"}, {"geometry.azimuth_deg", azimuth}}; }
Overrides follicle(const char* x, const char* y) {
  return {{"geometry.follicle_x_mm", x}, {"geometry.follicle_y_mm", y}, {"geometry.follicle_um", "[100]"}};
}

// Nothing but the order of sums differs: of faces on both sides of a cell, and of columns. Rounding may let the pressure solver
// stop an iteration sooner or later, so that the two differ by no more than what it leaves: what a tenth of its tolerance changes.

TEST(SpaceSymmetry, ADotTurnedByHalfATurnOrMirroredIsTheSameToWhatThePressureSolverLeaves) {
  const BoxDot dot = stroke(leaning);
  const double left = difference(dot, stroke(leaning, {.tolerance = 0.1}), unmoved);
  EXPECT_GT(left, 0.0);
  EXPECT_LT(left, 1e-4);
  EXPECT_LT(difference(dot, stroke(turned_to("180")), turned_by_half), left);
  EXPECT_LT(difference(dot, dot, y_turned_round), left);
  const Overrides three{{"needle.model", "round_liner_3_025_long"}};
  const BoxDot prongs = stroke(three);
  EXPECT_LT(difference(prongs, prongs, y_turned_round), difference(prongs, stroke(three, {.tolerance = 0.1}), unmoved));
}

TEST(SpaceSymmetry, ADotBesideAMirroredFollicleIsMirroredToWhatThePressureSolverLeaves) {
  const Overrides right = follicle("[0.11]", "[0.01]");
  const BoxDot dot = stroke(right);
  const double left = difference(dot, stroke(right, {.tolerance = 0.1}), unmoved);
  EXPECT_LT(left, 1e-4);
  EXPECT_LT(difference(dot, stroke(follicle("[-0.11]", "[0.01]")), x_turned_round), left);
  EXPECT_GT(difference(dot, dot, x_turned_round), 100.0 * left);  // it is felt
}

// By a quarter of a turn sweeps along x become sweeps along y and come second: that is their error of splitting. It is of the size
// of what the opposite order, z, y, x, changes, in which y comes before x, too, and z before both.

TEST(SpaceSymmetry, ADotTurnedByAQuarterIsTheSameToTheErrorOfSplitting) {
  const BoxDot dot = stroke(leaning), turned = stroke(turned_to("90")), other_order = stroke(leaning, {.from_below = true});
  const double splitting = difference(dot, other_order, unmoved);
  EXPECT_LT(splitting, 0.02);
  EXPECT_LT(difference(dot, turned, turned_by_quarter), splitting);
  EXPECT_LT(std::fabs(turned.laid.dose - dot.laid.dose), std::fabs(other_order.laid.dose - dot.laid.dose));
}

TEST(SpaceSymmetry, XAndYAreExchangedBesideAFollicleToTheErrorOfSplitting) {
  const BoxDot dot = stroke(follicle("[0.11]", "[0.01]"));
  const double splitting = difference(dot, stroke(follicle("[0.11]", "[0.01]"), {.from_below = true}), unmoved);
  EXPECT_LT(splitting, 0.02);
  EXPECT_LT(difference(dot, stroke(follicle("[0.01]", "[0.11]")), exchanged), splitting);
}

}  // namespace
}  // namespace dermaflux
