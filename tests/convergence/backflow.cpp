#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/units.hpp"
#include "tests/support/pressure_march.hpp"
#include "tests/support/track_case.hpp"

/// Backflow along a needle: track and tissue together against Morrison's similarity solution.
namespace dermaflux {
namespace {

using namespace units;
using test::TrackCase;

/// What Morrison assumes: a shaft in a wall that rests on it, a gap u = p r/(2 G) with the flow of a slit, a leak p/(c R) per
/// length into tissue in which fluid flows across the shaft only: c = ln(rim/r)/(2 pi), R = mu/k. Liquid enters at the tip.
struct Backflow {
  double radius = 50 * um, rim = 1 * mm, modulus = 50 * kPa, viscosity = 10 * mPa_s, permeability;
  double pressure_at(double distance) const { return scale() * std::cbrt(distance * distance); }
  double leak() const { return 2.0 * pi * permeability / viscosity / std::log(rim / radius); }
  double slit() const { return pi * std::pow(radius, 4) / (48.0 * viscosity * std::pow(modulus, 3)); }
  double scale() const { return std::cbrt(0.9 / slit() * leak()); }
};

/// What the steps of the program make of it.
struct Climb {
  double fed;     ///< flow into the gap [m^3/s]
  double length;  ///< of the gap in which pressure is above a hundredth of the tip's [m]
};

/// Steady backflow from a tip whose pressure is the one that Morrison's solution has for a given length.
Climb run_backflow(const Backflow& b, int rows, int rings, double length) {
  const double depth = 1.5 * length, dz = depth / rows;
  // Material radii begin at the wall: a ring at r lies at sqrt(r^2 + radius^2). The last ring is a reservoir at rest.
  std::vector<double> faces = test::growing_faces(rings - 1, std::sqrt(b.rim * b.rim - b.radius * b.radius), 3.0);
  faces.push_back(1e3);
  TrackCase track(rows, depth, depth, b.radius, b.radius, b.modulus, faces);
  InsertionProblem& p = track.p;
  track.set_viscosity(b.viscosity);
  p.params.permeability.strain_limit = 1e30;
  for (int j = 0; j < rows; ++j) {
    put(p.rows.permeability, j, b.permeability * 1e-30);
    put(p.rows.anisotropy, j, 1e30);
    put(p.rows.storage, j, 1e-9);
  }
  // The lowest row is the feed: open to tissue that keeps its pressure.
  const int feed = rows - 1;
  const double pressure = b.pressure_at(length + 0.5 * dz);
  put(p.rows.permeability, feed, 1e-20 * b.permeability);
  put(p.rows.storage, feed, 1e9);
  track.start();
  for (int i = 0; i < rings; ++i) {
    p.tissue.pressure(p.grid.cell(i, feed)) = pressure;
    p.tissue.fluid(p.grid.cell(i, feed)) = 0.4 + 1e9 * pressure;
  }
  for (int j = 0; j < feed; ++j) p.scratch.damage(p.grid.cell(rings - 1, j)) = 1e12;
  p.track.liquid(feed) = pi * b.radius * b.radius * std::expm1(pressure / b.modulus);
  // The leak empties the gap in pi r^2 / (G leak); twenty of these times are steady.
  const double fill = pi * b.radius * b.radius / (b.modulus * b.leak());
  EXPECT_TRUE(track.run(test::TipAt{depth}, 20.0 * fill, 0.1 * fill));
  Climb climb{-p.track.flow(feed), 0.0};
  for (int j = 0; j < feed; ++j) climb.length += p.track.pressure(j) > 0.01 * pressure ? dz : 0.0;
  return climb;
}

TEST(Backflow, ClimbsAsFarAsMorrisonSays) {
  const Backflow b{.permeability = 1e-21};
  const double length = 1 * mm, flow = 2.0 / 3.0 * b.slit() * std::pow(b.scale(), 4) * std::pow(length, 5.0 / 3.0);
  // x_m = 0.804 (c R)^(4/5) Q^(3/5) r^(4/5) G^(-3/5) mu^(-1/5), the same solution the other way round, to its three digits.
  const double printed = 0.804 * std::pow(b.leak(), -0.8) * std::pow(flow, 0.6) * std::pow(b.radius, 0.8) *
                         std::pow(b.modulus, -0.6) * std::pow(b.viscosity, -0.2);
  ASSERT_NEAR(printed / length, 1.0, 0.0005 / 0.804);
  // A gap takes its conductance from the row upstream, half a row nearer to the tip: 3 p'/p dz/2 = dz/x_m too much. The solution
  // is linear in p/G = 0.0017; slit, wall and rings of 1/16 decade add two of it. Upstream donors also wet two rows ahead.
  const double linear = 2.0 * b.pressure_at(length) / b.modulus;
  Climb climb[4];
  for (int n = 0; n < 4; ++n) {
    const double row = 1.5 / (32 << n);
    climb[n] = run_backflow(b, 32 << n, 32, length);
    EXPECT_NEAR(climb[n].fed / flow, 1.0, row + linear) << (32 << n) << " rows";
    EXPECT_NEAR(climb[n].length / length, 1.0, 2.5 * row + linear) << (32 << n) << " rows";
  }
  for (int n = 0; n < 2; ++n)
    EXPECT_NEAR(test::observed_order(climb[n].fed - climb[n + 1].fed, climb[n + 1].fed - climb[n + 2].fed), 1.0, 0.1);
}

}  // namespace
}  // namespace dermaflux
