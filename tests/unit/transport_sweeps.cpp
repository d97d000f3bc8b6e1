#include "core/solver/transport_sweeps.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "tests/support/small_grid.hpp"

/// One sweep of transport through one open face on a grid of unequal cells, with the fluid content that each cell has.
namespace dermaflux {
namespace {

constexpr int n_r = 5, n_z = 24;

std::vector<double> unequal_faces(int count, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> width(0.5e-4, 2e-4);
  std::vector<double> faces = {0.0};
  for (int n = 0; n < count; ++n) faces.push_back(faces.back() + width(random));
  return faces;
}

/// Carrier and pigment change by equal steps from cell to cell along the sweep.
template <Along along>
struct OneFace : test::SmallGrid {
  static constexpr bool in_rings = along == Along::rings;
  static constexpr int length = in_rings ? n_r : n_z;  // cells along the sweep

  double slope;  ///< from one cell to the next

  explicit OneFace(double change) : SmallGrid(unequal_faces(n_r, 61), unequal_faces(n_z, 62)), slope(change) {
    std::mt19937 random(63);
    std::uniform_real_distribution<double> content(0.2, 0.6);
    InsertionScratch& s = p.scratch;
    for (int i = 0; i < n_r; ++i)
      for (int j = 0; j < n_z; ++j) {
        const int k = p.grid.cell(i, j);
        p.tissue.fluid(k) = content(random);
        s.fluid_inverse(k) = s.inverse_between(k) = 1.0 / p.tissue.fluid(k);
        s.c[0](k) = s.c_between[0](k) = held(in_rings ? i : j);
        s.w(k) = s.w_between(k) = 0.01 * held(in_rings ? i : j);
        p.tissue.pigment[0](k) = s.c[0](k) * p.tissue.fluid(k);
        p.tissue.carrier(k) = s.w(k) * p.tissue.fluid(k);
      }
  }
  double held(int n) const { return 30.0 + slope * n; }

  /// Lets a share of a cell's fluid through one of its faces, on or back along the sweep, and looks at what the cell has lost and
  /// its neighbour won.
  void passes(int i, int j, bool on, double share, bool returns) {
    const int k = p.grid.cell(i, j), step = in_rings ? p.grid.column : 1, beyond = on ? k + step : k - step;
    const int place = in_rings ? i : j, last = length - 1;
    const double dt = 1e-3, volume = p.grid.volume(i, j), fluid = share * p.tissue.fluid(k);  // of tissue, in shares of volume
    const double there = in_rings ? p.grid.volume(on ? i + 1 : i - 1, j) : p.grid.volume(i, on ? j + 1 : j - 1);
    (in_rings ? p.scratch.radial_flux : p.scratch.axial_flux)(on ? k : beyond) = (on ? 1.0 : -1.0) * fluid * volume / dt;
    const double before = p.tissue.pigment[0](k), other = p.tissue.pigment[0](beyond), carrier = p.tissue.carrier(k),
                 fluid_before = p.tissue.fluid(k);
    SerialExecutor{}.rows(n_z, TransportSweepStep<along>{p, {n_r, n_z}, dt, returns});
    // On a line the fluid next to the face, `share` of the cell, has its middle (1 - share)/2 of a cell before the face. At the
    // rim, which repeats itself, the limiter takes the cell as even.
    const bool rim = on ? place == 0 : place == last;
    const double carried = held(place) + (rim ? 0.0 : (on ? 0.5 : -0.5) * (1.0 - share) * slope);
    const double rounding = 16.0 * std::numeric_limits<double>::epsilon();  // some ten operations each
    EXPECT_NEAR(p.tissue.pigment[0](k), before - fluid * carried, rounding * before);
    EXPECT_NEAR(p.tissue.carrier(k), carrier - 0.01 * fluid * carried, rounding * carrier);
    EXPECT_NEAR(p.tissue.fluid(k), fluid_before - fluid, rounding * fluid_before);
    const double won = fluid * carried * volume / there;
    EXPECT_NEAR(p.tissue.pigment[0](beyond), other + won, rounding * (other + won));
  }

  static void pass_everywhere() {
    for (const bool on : {true, false})
      for (const double change : {1.0, -1.0})
        for (const double share : {0.2, 0.9})
          for (int n = on ? 0 : 1; n < (on ? length - 1 : length); ++n)
            for (int across = 0; across < (in_rings ? n_z : n_r); ++across) {
              SCOPED_TRACE(::testing::Message() << (on ? "on" : "back") << " from " << n << ", across " << across << ", share "
                                                << share << ", slope " << change);
              OneFace(change).passes(in_rings ? n : across, in_rings ? across : n, on, share, n % 2 == 0);
            }
  }
};

TEST(TransportSweep, TakesWhatTheFluidNextToTheFaceHoldsAlongTheRings) { OneFace<Along::rings>::pass_everywhere(); }
TEST(TransportSweep, TakesWhatTheFluidNextToTheFaceHoldsAlongTheRows) { OneFace<Along::rows>::pass_everywhere(); }

}  // namespace
}  // namespace dermaflux
