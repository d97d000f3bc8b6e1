#include "core/treatment/needle.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <map>

#include "core/solver/healing_setup.hpp"
#include "core/units.hpp"
#include "tests/support/small_cases.hpp"

/// Geometry of a prong against quadrature of its profile, and where the prongs stand.
namespace dermaflux {
namespace {

using namespace units;

Needle long_taper() {
  Needle needle{};
  needle.prongs = 1;
  needle.shaft_diameter = 0.25 * mm;
  needle.tip_diameter = 20 * um;
  needle.taper_length = 3.5 * mm;
  return needle;
}

TEST(Needle, WidensFromTipToShaft) {
  const Needle needle = long_taper();
  EXPECT_DOUBLE_EQ(needle.diameter(0.0), 20 * um);
  EXPECT_DOUBLE_EQ(needle.diameter(-1 * mm), 20 * um);
  EXPECT_DOUBLE_EQ(needle.diameter(1.75 * mm), 135 * um);
  EXPECT_DOUBLE_EQ(needle.diameter(5 * mm), 0.25 * mm);
}

TEST(Needle, VolumeAndWallAreTheIntegralsOfTheProfile) {
  const Needle needle = long_taper();
  for (const double end : {0.3 * mm, 3.5 * mm, 4.2 * mm}) {
    double volume = 0.0, wall = 0.0;
    constexpr int points = 20000;  // midpoint rule: (h/end)^2 of the curvature, below 1e-8
    for (int n = 0; n < points; ++n) {
      const double x = end * (n + 0.5) / points;
      volume += needle.area(x) * end / points;
      wall += needle.diameter(x) * end / points;
    }
    EXPECT_NEAR(needle.volume(end) / volume, 1.0, 1e-7);
    EXPECT_NEAR(needle.diameter_integral(end) / wall, 1.0, 1e-7);
  }
}

TEST(Needle, MeansOverRowsAddUpToTheWholeNeedle) {
  const Needle needle = long_taper();
  const double tip = 0.61 * mm;
  double volume = 0.0, wall = 0.0;
  for (int j = 0; j < 50; ++j) {
    volume += needle.mean_area(j * 20 * um, (j + 1) * 20 * um, tip) * 20 * um;
    wall += needle.mean_perimeter(j * 20 * um, (j + 1) * 20 * um, tip) * 20 * um;
  }
  EXPECT_NEAR(volume / needle.volume(tip), 1.0, 1e-12);  // a telescoping sum: roundings of each difference
  EXPECT_NEAR(wall / (pi * needle.diameter_integral(tip)), 1.0, 1e-12);
}

TEST(Needle, ProngsStandAtTheirPitch) {
  Needle needle = long_taper();
  needle.prong_pitch = 0.2 * mm;
  for (const NeedleShape shape : {NeedleShape::round_liner, NeedleShape::magnum})
    for (int prongs = 2; prongs <= 7; ++prongs) {
      needle.shape = shape;
      needle.prongs = prongs;
      double nearest = 1.0;
      for (int k = 0; k < prongs; ++k)
        for (int m = 0; m < k; ++m)
          nearest = std::min(nearest, std::hypot(needle.place(k).x - needle.place(m).x, needle.place(k).y - needle.place(m).y));
      // Five around one in the middle: that one stands at the radius of the circle, closer than the pitch of the others.
      const double expected = shape == NeedleShape::round_liner && prongs == 6 ? 0.5 / std::sin(pi / 5) : 1.0;
      EXPECT_NEAR(nearest / needle.prong_pitch, expected, 1e-12) << prongs;
    }
}

TEST(Needle, ClosenessIsTheSumOfInverseDistances) {
  Needle needle = long_taper();
  needle.prong_pitch = 0.2 * mm;
  EXPECT_DOUBLE_EQ(needle.closeness(), 0.0);
  EXPECT_DOUBLE_EQ(needle.reach(), 0.0);
  needle.prongs = 3;  // a triangle: two neighbours at the pitch
  EXPECT_NEAR(needle.closeness() * needle.prong_pitch, 2.0, 1e-12);
  EXPECT_NEAR(needle.reach() / needle.prong_pitch, 1.0 / std::sqrt(3.0), 1e-12);
  needle.shape = NeedleShape::magnum;  // a row: 1 + 1/2 at both ends, 2 in the middle
  EXPECT_NEAR(needle.closeness() * needle.prong_pitch, 5.0 / 3.0, 1e-12);
  EXPECT_NEAR(needle.reach() / needle.prong_pitch, 1.0, 1e-12);
}

/// Shares of the tracks by their distance from the dot's axis in thousandths of the pitch.
std::map<long, double> tracks(NeedleShape shape, int prongs) {
  Treatment treatment = test::treatment();
  treatment.needle.shape = shape;
  treatment.needle.prongs = prongs;
  const TrackGroups groups = build_healing_params(treatment, solve_puncture(treatment)).tracks;
  std::map<long, double> shares;
  for (int n = 0; n < groups.count; ++n)
    shares[std::lround(1e3 * groups.offset[n] / treatment.needle.prong_pitch)] = groups.weight[n];
  EXPECT_EQ(static_cast<int>(shares.size()), groups.count) << prongs;
  return shares;
}

TEST(Needle, LeavesATrackUnderEveryProng) {
  using Shares = std::map<long, double>;
  const auto expect_near = [](const Shares& found, const Shares& expected) {
    ASSERT_EQ(found.size(), expected.size());
    for (const auto& [offset, share] : expected) {
      ASSERT_TRUE(found.contains(offset)) << offset;
      EXPECT_NEAR(found.at(offset), share, 7 * 2.2e-16) << offset;  // a sum over at most seven prongs
    }
  };
  for (const NeedleShape shape : {NeedleShape::round_liner, NeedleShape::magnum}) expect_near(tracks(shape, 1), {{0, 1.0}});
  expect_near(tracks(NeedleShape::round_liner, 3), {{577, 1.0}});  // 1 / sqrt(3)
  expect_near(tracks(NeedleShape::round_liner, 5), {{851, 1.0}});  // 1 / (2 sin 36 degrees)
  expect_near(tracks(NeedleShape::round_liner, 6), {{0, 1.0 / 6.0}, {851, 5.0 / 6.0}});
  expect_near(tracks(NeedleShape::round_liner, 7), {{0, 1.0 / 7.0}, {1000, 6.0 / 7.0}});
  expect_near(tracks(NeedleShape::magnum, 6), {{500, 1.0 / 3.0}, {1500, 1.0 / 3.0}, {2500, 1.0 / 3.0}});
  expect_near(tracks(NeedleShape::magnum, 7), {{0, 1.0 / 7.0}, {1000, 2.0 / 7.0}, {2000, 2.0 / 7.0}, {3000, 2.0 / 7.0}});
}

TEST(Needle, IsNotBelowItsTip) { EXPECT_DOUBLE_EQ(long_taper().mean_area(0.7 * mm, 0.8 * mm, 0.61 * mm), 0.0); }

}  // namespace
}  // namespace dermaflux
