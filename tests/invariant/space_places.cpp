#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/support/refusal.hpp"
#include "tests/support/same_bits.hpp"
#include "tests/support/space_cases.hpp"

/// What a box can hold: dots in a lattice with the jitter of a hand, hair follicles, and what it refuses.
namespace dermaflux {
namespace {

using test::BoxRun;
using test::column_pigment;
using test::Overrides;

std::vector<SpaceDot> dots_of(const Overrides& overrides) {
  const Treatment t = test::in_box(overrides);
  return space_dots(t, solve_puncture(t));
}

const Overrides steady_hand = {
    {"pattern.position_jitter_mm", "0"}, {"pattern.depth_jitter_mm", "0"}, {"geometry.angle_jitter_deg", "0"}};

Overrides with(Overrides some, const Overrides& more) {
  some.insert(some.end(), more.begin(), more.end());
  return some;
}

TEST(SpacePlaces, DotsOfAHexagonalLatticeHaveSixNeighboursAtTheirSpacing) {
  const auto neighbours = [](const char* lattice) {
    const std::vector<SpaceDot> dots = dots_of(with(
        steady_hand,
        {{"geometry.dots_x", "5"}, {"geometry.dots_y", "5"}, {"geometry.lattice", lattice}, {"pattern.dot_spacing_mm", "0.8"}}));
    EXPECT_EQ(dots.size(), 25u);
    const SpaceDot& middle = dots[12];
    return std::count_if(dots.begin(), dots.end(), [&](const SpaceDot& dot) {
      const double away = std::hypot(dot.x - middle.x, dot.y - middle.y);
      return std::fabs(away - 0.8e-3) < 1e-12;  // some roundings of numbers of 2e-3
    });
  };
  EXPECT_EQ(neighbours("hexagonal"), 6);
  EXPECT_EQ(neighbours("square"), 4);
}

TEST(SpacePlaces, TheHandsJitterComesFromTheSeedAndTheNumberOfTheDot) {
  const auto numbers = [](const Overrides& overrides) {
    std::vector<double> all;
    for (const SpaceDot& dot : dots_of(overrides)) all.insert(all.end(), {dot.x, dot.y, dot.tip_depth, dot.angle, dot.azimuth});
    return all;
  };
  const Overrides three{{"geometry.dots_x", "3"}};
  EXPECT_TRUE(test::same_bits(numbers(with(three, {{"geometry.seed", "7"}})), numbers(with(three, {{"geometry.seed", "7"}}))));
  EXPECT_NE(numbers(with(three, {{"geometry.seed", "7"}})), numbers(with(three, {{"geometry.seed", "8"}})));
  // More rows leave depth and angle of the first row as they are.
  const std::vector<SpaceDot> few = dots_of(three), many = dots_of(with(three, {{"geometry.dots_y", "3"}}));
  for (std::size_t n = 0; n < 3; ++n) {
    EXPECT_EQ(few[n].tip_depth, many[n].tip_depth);
    EXPECT_EQ(few[n].angle, many[n].angle);
  }
}

TEST(SpacePlaces, TheHandsJitterHasTheSpreadThatTheTreatmentSays) {
  const Overrides hundred{{"geometry.dots_x", "10"}, {"geometry.dots_y", "10"}, {"machine.angle_deg", "20"}};
  const Treatment t = test::in_box(hundred);
  const std::vector<SpaceDot> jittered = dots_of(hundred), meant = dots_of(with(hundred, steady_hand));
  double place = 0.0, along = 0.0, lean = 0.0;
  for (std::size_t n = 0; n < jittered.size(); ++n) {
    const SpaceDot &dot = jittered[n], &plain = meant[n];
    place += std::pow(dot.middle_x() - plain.middle_x(), 2) + std::pow(dot.middle_y() - plain.middle_y(), 2);
    along += std::pow(dot.tip_depth / std::cos(dot.angle) - plain.tip_depth / std::cos(plain.angle), 2);
    lean += std::pow(std::tan(dot.angle) * std::cos(dot.azimuth) - std::tan(plain.angle), 2) +
            std::pow(std::tan(dot.angle) * std::sin(dot.azimuth), 2);
  }
  // The standard deviation of n normal numbers is known to 1 / sqrt(2 n): 5 % of 200, 7 % of 100; four of those.
  EXPECT_NEAR(std::sqrt(place / 200.0), t.pattern.position_jitter, 0.20 * t.pattern.position_jitter);
  EXPECT_NEAR(std::sqrt(along / 100.0), t.pattern.depth_jitter, 0.28 * t.pattern.depth_jitter);
  EXPECT_NEAR(std::sqrt(lean / 200.0), std::tan(t.geometry.angle_jitter), 0.20 * std::tan(t.geometry.angle_jitter));
}

TEST(SpacePlaces, TheHandsJitterIsDrawnApartForPlaceDepthAndAngle) {
  const Overrides hundred{{"geometry.dots_x", "10"}, {"geometry.dots_y", "10"}};
  const std::vector<SpaceDot> jittered = dots_of(hundred), meant = dots_of(with(hundred, steady_hand));
  std::vector<double> of[5];
  for (std::size_t n = 0; n < jittered.size(); ++n) {
    const SpaceDot &dot = jittered[n], &plain = meant[n];
    const double lean = std::tan(dot.angle), drawn[] = {dot.middle_x() - plain.middle_x(), dot.middle_y() - plain.middle_y(),
                                                        dot.tip_depth / std::cos(dot.angle) - plain.tip_depth,
                                                        lean * std::cos(dot.azimuth), lean * std::sin(dot.azimuth)};
    for (int k = 0; k < 5; ++k) of[k].push_back(drawn[k]);
  }
  const auto product = [](const std::vector<double>& a, const std::vector<double>& b) {
    double sum = 0.0;
    for (std::size_t n = 0; n < a.size(); ++n) sum += a[n] * b[n];
    return sum;
  };
  // The correlation of 100 pairs of independent numbers is known to 1 / sqrt(100); four of those.
  for (int k = 0; k < 5; ++k)
    for (int m = 0; m < k; ++m)
      EXPECT_LT(std::fabs(product(of[k], of[m])) / std::sqrt(product(of[k], of[k]) * product(of[m], of[m])), 0.4) << k << " " << m;
}

TEST(SpacePlaces, ANeedleThatTheHandLeansGoesAsFarAlongItsAxis) {
  const Overrides leaning{{"geometry.dots_x", "3"}, {"machine.angle_deg", "20"}, {"pattern.depth_jitter_mm", "0"}};
  for (const SpaceDot& dot : dots_of(leaning)) {
    EXPECT_NE(dot.angle, 20.0 * units::degree);
    const double meant = dots_of(with(leaning, steady_hand)).front().tip_depth / std::cos(20.0 * units::degree);
    EXPECT_NEAR(dot.tip_depth / std::cos(dot.angle), meant, 1e-12 * meant);  // some roundings
  }
}

/// The reference, counting the loops that visit so many columns or more.
struct Counting : SerialColumns {
  int most = 0;
  int* loops = nullptr;
  void count(int visited) const {
    if (visited >= most) ++*loops;
  }
  template <class Step>
  void cells(int n_i, int n_j, const Step& step) const {
    count(n_i);
    SerialColumns::cells(n_i, n_j, step);
  }
  template <class Step>
  void pieces(int n_i, int n_j, const Step& step) const {
    count(n_i);
    SerialColumns::pieces(n_i, n_j, step);
  }
  template <class Step>
  void columns(int n_i, int n_j, const Step& step) const {
    count(n_i * n_j);
    SerialColumns::columns(n_i, n_j, step);
  }
  template <class Step>
  void list(int n, const Step& step) const {
    count(n);
    SerialColumns::list(n, step);
  }
};

TEST(SpacePlaces, ADotVisitsOnlyTheBoxAroundIt) {
  const auto box = build_space_case(
      test::in_box(with(steady_hand, {{"geometry.dots_x", "3"}, {"pattern.dot_spacing_mm", "1.2"}, {"machine.dwell_ms", "5"}})),
      test::one_year());
  int loops = 0;
  Counting executor;
  executor.most = 2 * box->insertion.box.grid.column_count() / 3;
  executor.loops = &loops;
  Outcome outcome{};
  lay_dots(executor, *box, outcome);
  ASSERT_EQ(outcome.status, Status::ok);
  EXPECT_EQ(loops, 1);  // the tissue at rest, before the first dot
}

TEST(SpacePlaces, KeepsInkOutOfAFollicleAndIsMirroredWhereThatIs) {
  const auto beside = [](const char* x) {
    return test::run_box(
        test::in_box({{"geometry.follicle_x_mm", x}, {"geometry.follicle_y_mm", "[0.01]"}, {"geometry.follicle_um", "[100]"}}));
  };
  const BoxRun right = beside("[0.11]"), left = beside("[-0.11]");
  const SpaceFields &f = right.box->fields, &g = left.box->fields;
  const auto at = [&](double x) {
    std::size_t i = 0, l = 0;
    while (f.x_face[i + 1] < x) ++i;
    while (f.y_face[l + 1] < 0.0) ++l;
    return column_pigment(f, i, l);
  };
  EXPECT_LT(at(0.075e-3), 0.5 * at(-0.075e-3));
  const std::size_t n_x = f.x_face.size() - 1, n_y = f.y_face.size() - 1;
  double most = 0.0, largest = 0.0;
  for (std::size_t i = 0; i < n_x; ++i)
    for (std::size_t l = 0; l < n_y; ++l) {
      most = std::max(most, column_pigment(f, i, l));
      largest = std::max(largest, std::fabs(column_pigment(f, i, l) - column_pigment(g, n_x - 1 - i, l)));
    }
  EXPECT_LT(largest, test::mirrored * most);
}

TEST(SpacePlaces, FolliclesStandWhereTheyAreSaidToAndLeanAsHairsDo) {
  const auto box = build_space_case(test::in_box({{"geometry.follicle_x_mm", "[0.12, -0.14]"},
                                                  {"geometry.follicle_y_mm", "[0.05, -0.1]"},
                                                  {"geometry.follicle_um", "[100, 160]"},
                                                  {"geometry.sheath_um", "[30]"},
                                                  {"geometry.follicle_tilt_deg", "15"},
                                                  {"geometry.follicle_azimuth_deg", "90"}}),
                                    test::one_year());
  const SpaceFields& f = box->fields;
  const std::size_t n_x = f.x_face.size() - 1, n_y = f.y_face.size() - 1, n_z = f.z_face.size() - 1;
  int in_core = 0, in_sheath = 0;  // where cells are narrow enough for that, near the needle
  for (const std::size_t j : {std::size_t{1}, n_z / 3}) {
    const double z = 0.5 * (f.z_face[j] + f.z_face[j + 1]);
    for (std::size_t i = 0; i < n_x; ++i)
      for (std::size_t l = 0; l < n_y; ++l) {
        const double ratio = static_cast<double>(f.resistance[(i * n_y + l) * n_z + j]);
        const double x = 0.5 * (f.x_face[i] + f.x_face[i + 1]), y = 0.5 * (f.y_face[l] + f.y_face[l + 1]);
        // The cylinders cut a row in ellipses; a cell belongs to what its farthest corner lies in.
        const double half = 0.5 * std::hypot(f.x_face[i + 1] - f.x_face[i], f.y_face[l + 1] - f.y_face[l]);
        double inside = HUGE_VAL, outside = HUGE_VAL;
        for (const auto& [at_x, at_y, core] : {std::tuple{0.12e-3, 0.05e-3, 50e-6}, std::tuple{-0.14e-3, -0.1e-3, 80e-6}}) {
          const double dy = (y - at_y - std::tan(15.0 * units::degree) * z) * std::cos(15.0 * units::degree);
          inside = std::min(inside, std::hypot(x - at_x, dy) - core);
          outside = std::min(outside, std::hypot(x - at_x, dy) - core - 30e-6);
        }
        const double wanted = inside < -half ? 1e-4 : (outside > half ? 1.0 : (inside > half && outside < -half ? 3.0 : ratio));
        EXPECT_NEAR(ratio, wanted, 1e-6 * wanted) << i << " " << l << " " << j;
        in_core += inside < -half ? 1 : 0;
        in_sheath += inside > half && outside < -half ? 1 : 0;
      }
  }
  EXPECT_GT(in_core, 20);
  EXPECT_GT(in_sheath, 0);
}

TEST(SpacePlaces, EveryKeyOfItsGeometryChangesTheBox) {
  const Overrides base{{"machine.angle_deg", "20"},
                       {"geometry.dots_x", "2"},
                       {"geometry.dots_y", "2"},
                       {"pattern.dot_spacing_mm", "0.5"},
                       {"pattern.position_jitter_mm", "0.01"},
                       {"geometry.follicle_x_mm", "[0.0]"},
                       {"geometry.follicle_y_mm", "[0.0]"},
                       {"geometry.follicle_um", "[60]"},
                       {"geometry.follicle_tilt_deg", "10"}};
  const auto outputs = [&](const Overrides& more) {
    const auto box = build_space_case(test::in_box(with(base, more)), test::one_year());
    std::vector<double> numbers(box->fields.resistance.begin(), box->fields.resistance.end());
    numbers.insert(numbers.end(), box->fields.x_face.begin(), box->fields.x_face.end());
    for (const TrackLine& line : box->fields.tracks)
      numbers.insert(numbers.end(), {line.x, line.y, line.tip_x, line.tip_y, line.tip_z});
    return numbers;
  };
  const std::vector<double> untouched = outputs({});
  for (const auto& [key, value] : Overrides{{"geometry.azimuth_deg", "40"},
                                            {"geometry.margin_mm", "0.3"},
                                            {"geometry.dots_x", "1"},
                                            {"geometry.dots_y", "1"},
                                            {"geometry.lattice", "hexagonal"},
                                            {"geometry.seed", "2"},
                                            {"geometry.angle_jitter_deg", "1"},
                                            {"geometry.follicle_x_mm", "[0.03]"},
                                            {"geometry.follicle_y_mm", "[0.03]"},
                                            {"geometry.follicle_um", "[90]"},
                                            {"geometry.sheath_um", "[10]"},
                                            {"geometry.follicle_tilt_deg", "15"},
                                            {"geometry.follicle_azimuth_deg", "30"},
                                            {"geometry.rete_wavelength_um", "120"},
                                            {"geometry.sheath_gain", "8"}})
    EXPECT_FALSE(test::same_bits(outputs({{key, value}}), untouched)) << key << " has no effect";
}

TEST(SpacePlaces, RefusesFolliclesThatCannotStand) {
  const auto why = [](const Overrides& overrides) {
    return test::refusal<InputError>([&] { build_space_case(test::in_box(overrides), test::one_year()); });
  };
  const auto hairs = [](const char* x, const char* y) {
    return Overrides{{"geometry.follicle_um", "120"}, {"geometry.follicle_x_mm", x}, {"geometry.follicle_y_mm", y}};
  };
  test::expect_says(why(hairs("[0.05]", "[0.0]")),
                    {"normal_scalp.toml", "geometry.follicle_x_mm", "follicle 1", "over a dot", "move it away"});
  test::expect_says(why(hairs("[0.3, -0.3, 0.15]", "[0.3, -0.3, 0.3]")),
                    {"follicle 1 and follicle 3 overlap", "0.15 mm apart", "0.18 mm"});
  test::expect_says(why(hairs("[0.3, -0.3]", "[0.3, 0.2, 0.1]")), {"follicle_y_mm has 3 values for 2 follicles"});
  test::expect_says(why(with(hairs("[0.3]", "[0.3]"), {{"geometry.sheath_um", "[20, 30]"}})),
                    {"sheath_um has 2 values for 1 follicles"});
  test::expect_says(why(hairs("[0.38]", "[0.0]")), {"follicle 1", "does not lie in the box", "geometry.margin_mm"});
  test::expect_says(why(with(hairs("[0.2]", "[0.2]"), {{"geometry.follicle_tilt_deg", "45"}})), {"does not lie in the box"});
  // A dot that the hand has moved onto a hair.
  const Overrides moved{{"geometry.dots_x", "2"}, {"pattern.position_jitter_mm", "0.3"}, {"geometry.seed", "7"}};
  const SpaceDot dot = dots_of(moved).front();
  ASSERT_GT(std::hypot(dot.x + 0.5e-3, dot.y), 0.1e-3);
  const auto list = [](double at) { return std::string("[").append(std::to_string(at / units::mm)).append("]"); };
  test::expect_says(why(with(moved, hairs(list(dot.x).c_str(), list(dot.y).c_str()))),
                    {"follicle 1", "over dot 1", "geometry.seed"});
}

TEST(SpacePlaces, ALatticeBeyondMemoryIsRefusedWithTheOneThatFits) {
  const Treatment t = test::in_box({{"geometry.dots_x", "10"}, {"geometry.dots_y", "10"}});
  const Puncture puncture = solve_puncture(t);
  const auto refused = [&](GridLevel level, long long most) {
    return test::refusal<InputError>([&] { space_faces(t, puncture, level, most); });
  };
  const long long quick = space_faces(t, puncture, GridLevel::quick, 1'000'000'000).cell_count();
  test::expect_says(refused(GridLevel::standard, quick), {"--grid quick (", "would fit"});
  const std::string fewer = refused(GridLevel::quick, quick / 4);
  test::expect_says(fewer, {"no grid level would fit, but geometry.dots_x = "});
  // What is named fits.
  const Treatment smaller_one = test::in_box({{"geometry.dots_x", fewer.substr(fewer.find("dots_x = ") + 9, 1)},
                                              {"geometry.dots_y", fewer.substr(fewer.find("dots_y = ") + 9, 1)}});
  EXPECT_LE(space_faces(smaller_one, puncture, GridLevel::quick, quick).cell_count(), quick / 4);
}

TEST(SpacePlaces, WhatARunTakesIsKnownBeforeItRuns) {
  const Treatment t = test::in_box({{"geometry.dots_x", "2"}, {"geometry.margin_mm", "0.25"}});
  const SpaceNeed need = space_need(t, test::one_year());
  const BoxRun run = test::run_box(t);
  EXPECT_EQ(need.faces.x, run.box->faces.x);
  EXPECT_EQ(need.faces.y, run.box->faces.y);
  EXPECT_EQ(need.faces.z, run.box->faces.z);
  // What a run takes per cell: 64 rows share what a column has of its own, in the cube that is counted as here; a shorter side has
  // more faces per cell, by less than one in twenty.
  const SpaceCase& c = *run.box;
  const std::size_t fields = c.fields.pools.size() + c.fields.insertion.size() + c.fields.resistance.size();
  const std::size_t numbers =
      c.constants.size() + static_cast<std::size_t>(c.trace_count.data + 1 - c.state);  // the last in the state
  EXPECT_NEAR(need.bytes, static_cast<double>(fields * sizeof(float) + numbers * sizeof(double)), 0.05 * need.bytes);
  EXPECT_GT(need.free_bytes, need.bytes);
}

}  // namespace
}  // namespace dermaflux
