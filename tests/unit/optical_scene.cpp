#include "core/simulation/optical_scene.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/error.hpp"
#include "tests/support/bound_case.hpp"
#include "tests/support/refusal.hpp"

/// What light meets at a look of a run is what the fast look of that run has met.
namespace dermaflux {
namespace {

constexpr double epsilon = std::numeric_limits<double>::epsilon();

std::vector<double> copied(FieldView<const double> view) { return {view.data, view.data + view.size}; }

/// What DotProfileStep makes of a view.
struct Profile {
  std::vector<double> places{view_radii.begin(), view_radii.end()}, view;
  double found[4] = {};
  explicit Profile(std::vector<double> reflectance) : view(std::move(reflectance)) {
    OpticsProblem o{};
    o.rows.view_r = {places.data(), view_rings, 0};
    o.reflectance = {view.data(), view_rings + 1, 0};
    DotProfileStep{o, view_rings, {found, 4, 0}}();
  }
  double contrast() const { return found[0]; }
  double fwhm() const { return found[1]; }
  double reflectance() const { return found[2]; }
};

TEST(DotProfile, KnowsTheWidthOfALinearView) {
  // A cone in skin of R = 1: exact between the places. Flat inside the first, 5 um, the mean over 60 um lacks 2.5 um of slope in a
  // twelfth of it, 1.2e-3 of it, and the place of half of it moves by 0.1 um.
  std::vector<double> view(view_rings + 1, 1.0);
  for (std::size_t n = 0; n < view_rings; ++n) view[n] = 1.0 - std::fmax(0.4 * (1.0 - view_radii[n] / 200e-6), 0.0);
  const double mean = 0.4 * (1.0 - 30.0 / 200.0);
  const Profile seen(view);
  EXPECT_NEAR(seen.contrast() / mean, 1.0, 2e-3);
  EXPECT_NEAR(seen.fwhm(), 2.0 * (200e-6 - 0.5 * mean / 0.4 * 200e-6), 1e-6 * 0.4);
}

/// A short run with its record, and the scene of one of its looks.
struct Looked : test::BoundCase {
  Outcome outcome;
  Treatment treatment;
  Looked(const Treatment& t, const RunOptions& options) : BoundCase(t, options), outcome(run(SerialExecutor{})), treatment(t) {}

  static RunOptions recording() {
    RunOptions options = test::quick_grid();
    options.record = options.every_look = true;
    return options;
  }
  OpticalScene scene(int moment, double age) const {
    const AxisymmetricGrid& grid = bound.insertion.grid;
    const double* from = bound.recorder.pools.data + moment * 5 * grid.cell_count();
    return {
        treatment, {copied(grid.r_face), copied(grid.z_face)}, {from, from + 5 * grid.cell_count()}, bound.moments[moment], age};
  }
};

TEST(OpticalScene, LooksAsTheRunDid) {
  // The same steps on the same pigment; means over the centre are added up in another order.
  const Looked run(test::treatment("normal", {{"machine.dwell_ms", "30"}, {"sessions.days", "[0, 20]"}}), Looked::recording());
  const AxisymmetricGrid& grid = run.bound.insertion.grid;
  const GridFaces faces{copied(grid.r_face), copied(grid.z_face)};
  const std::vector<double> pools = copied(run.bound.recorder.pools);
  const std::size_t row = view_rings + 1;
  for (int m = 0; m < run.outcome.moment_count; ++m) {
    const std::vector<double> view = view_of_run(run.treatment, run.outcome, faces, pools, m);
    ASSERT_EQ(view.size(), band_count * row);
    for (const double one : view) ASSERT_TRUE(one > 0.0 && one < 1.0);
    const double* seen = view.data() + contrast_band * row;
    const Profile profile({seen, seen + row});
    EXPECT_EQ(profile.contrast(), run.outcome.moments[m].contrast) << m;
    EXPECT_EQ(profile.fwhm(), run.outcome.moments[m].fwhm) << m;  // the run looked at so many places as it takes
    for (int n = 0; n < 2; ++n) {
      if (m != run.bound.colour_moment[n]) continue;
      for (std::size_t band = 0; band < band_count; ++band) {  // of all but one the run looked at the centre alone
        const double* all = view.data() + band * row;
        EXPECT_EQ(all[view_rings], run.outcome.colour[n].skin[band]) << band;
        EXPECT_EQ(Profile({all, all + row}).reflectance(), run.outcome.colour[n].dot[band]) << band;
      }
    }
  }
}

/// A dot of one cell's pigment in the packed pool.
OpticalScene one_cell(const Treatment& t, double amount, double time) {
  const GridFaces faces{{0.0, 1e-4, 2e-4, 3e-4}, {0.0, 1e-4, 2e-4, 3e-4, 4e-4, 5e-4, 6e-4, 7e-4, 8e-4}};
  std::vector<double> pools(5 * 3 * 8, 0.0);
  pools[2 * 24 + 8 + 5] = amount;  // macrophage, second ring, sixth row
  return {t, faces, pools, time, time};
}

TEST(OpticalScene, KnowsTheWidthOfADotWiderThanThePlacesItLooksAtFirst) {
  const GridFaces faces{{0.0, 1e-4, 2e-4, 3e-4, 4e-4}, {0.0, 1e-4, 2e-4, 3e-4, 4e-4, 5e-4, 6e-4, 7e-4, 8e-4}};
  std::vector<double> pools(5 * 4 * 8, 0.0);
  for (const std::size_t ring : {0, 1, 2}) pools[2 * 32 + ring * 8 + 2] = 5.0;  // macrophage, third row
  const OpticalScene scene(test::treatment(), faces, pools, units::year, units::year);
  std::vector<double> view;
  const Appearance all = scene.look(true, &view), needed = scene.look(true);
  EXPECT_GT(needed.fwhm, 2.0 * view_radii[near_rings - 1]);
  EXPECT_EQ(needed.fwhm, all.fwhm);
  EXPECT_EQ(needed.contrast, all.contrast);
  for (int band = 0; band < band_count; ++band) EXPECT_EQ(needed.dot[band], all.dot[band]) << band;
}

TEST(OpticalScene, HoldsTheCoefficientsOfTheLawsOfEachLayer) {
  const Treatment t = test::treatment();
  const double time = 100.0 * units::day;
  const PhotonMedium m = one_cell(t, 2.0, time).medium(contrast_band, true);
  // Rings: plain, pigment, plain without end. Rows: epidermis mixes into the first, so that no two of the upper ones are alike.
  ASSERT_EQ(m.r_face, (std::vector<double>{0.0, 1e-4, 2e-4}));
  EXPECT_EQ(m.z_face.back(), HUGE_VAL);
  const std::size_t rows = m.z_face.size() - 1;
  std::size_t row = 0;
  while (row + 1 < rows && !(m.cells[rows + row].absorption > 10.0 * m.cells[row].absorption)) ++row;
  EXPECT_DOUBLE_EQ(m.z_face[row], 5e-4);
  EXPECT_DOUBLE_EQ(m.z_face[row + 1], 6e-4);
  const SkinBiology& b = t.skin.biology;
  const double size = ClusterGrowth{b.cluster_start, b.cluster_end, b.cluster_growth}(time),
               kappa = t.ink.absorption[contrast_band];
  const double packed = kappa * PackageEffect{}(t.ink.pigment_density * kappa * b.cluster_solids * size);
  const double reduced = t.model.dermis_scattering * std::pow(550.0 / 500.0, -t.model.scattering_power);
  const OpticalCell skin = m.cells[row], dot = m.cells[rows + row];
  EXPECT_NEAR(dot.absorption - skin.absorption, 2.0 * packed, 1e-9 * dot.absorption);
  EXPECT_NEAR(skin.scattering, reduced / (1.0 - t.model.anisotropy), 1e-9 * skin.scattering);
  EXPECT_NEAR(dot.scattering - skin.scattering,
              2.0 * packed * t.ink.albedo[contrast_band] / (1.0 - t.ink.albedo[contrast_band]) / (1.0 - t.model.anisotropy),
              1e-9 * dot.scattering);
}

TEST(OpticalScene, WithoutPigmentIsThePlainSkinOfOneRing) {
  const Treatment t = test::treatment();
  const PhotonMedium plain = one_cell(t, 2.0, units::year).medium(0, false), empty = one_cell(t, 0.0, units::year).medium(0, true);
  EXPECT_EQ(plain.r_face, (std::vector<double>{0.0}));
  EXPECT_EQ(plain.r_face, empty.r_face);
  EXPECT_EQ(plain.z_face, empty.z_face);
  EXPECT_EQ(plain.cells, empty.cells);
}

TEST(OpticalScene, SwellingThickensRowsAndKeepsTheirOpticalDepth) {
  // On day 0 the dermis is thicker by oedema_swelling, and redness adds blood. Scattering has no part in redness.
  const Treatment t = test::treatment();
  const PhotonMedium fresh = one_cell(t, 0.0, 0.0).medium(contrast_band, false),
                     late = one_cell(t, 0.0, units::year).medium(contrast_band, false);
  const auto depth = [](const PhotonMedium& m) {
    double sum = 0.0;
    for (std::size_t j = 0; j + 2 < m.z_face.size(); ++j) sum += m.cells[j].scattering * (m.z_face[j + 1] - m.z_face[j]);
    return sum + m.cells.back().scattering * 0.0;
  };
  const auto end = [](const PhotonMedium& m) { return m.z_face[m.z_face.size() - 2]; };
  // What lies above the last face, whose place joining may change: extend both with the skin below to the grid's end.
  const double dermis = 8e-4 - t.skin.bottom_of(LayerKind::epidermis);
  const double bottom_fresh = 8e-4 + t.skin.appearance.oedema_swelling * dermis;
  const double a = depth(fresh) + fresh.cells.back().scattering * (bottom_fresh - end(fresh));
  const double b = depth(late) + late.cells.back().scattering * (8e-4 - end(late));
  EXPECT_NEAR(a, b, 64 * epsilon * b);
  EXPECT_GT(bottom_fresh, 8e-4);
}

TEST(OpticalScene, TakesItsAnisotropyFromTheModel) {
  Treatment t = test::treatment();
  const PhotonMedium before = one_cell(t, 0.0, units::year).medium(contrast_band, false);
  t.model.anisotropy = 0.9;
  const OpticalScene scene = one_cell(t, 0.0, units::year);
  EXPECT_EQ(scene.settings().anisotropy, 0.9);
  EXPECT_NEAR(scene.medium(contrast_band, false).cells[0].scattering / before.cells[0].scattering, 2.0, 1e-12);
}

TEST(OpticalScene, OfPoolsOrFacesThatDoNotFitIsRefused) {
  const Treatment t = test::treatment();
  const GridFaces faces{{0.0, 1e-4}, {0.0, 1e-4}};
  const auto says = [&](const GridFaces& grid, const std::vector<double>& pools, double time, double age, const char* what) {
    test::expect_says(test::refusal<InputError>([&] { OpticalScene(t, grid, pools, time, age); }), {what});
  };
  says(faces, {0, 0, 0}, 0, 0, "3 values");
  says(faces, {0, 0, -1, 0, 0}, 0, 0, "no amount of pigment");
  says(faces, {0, 0, 0, 0, std::nan("")}, 0, 0, "no amount of pigment");
  says({{0.0, 0.0}, {0.0, 1e-4}}, {0, 0, 0, 0, 0}, 0, 0, "increase");
  says(faces, {0, 0, 0, 0, 0}, 1.0, 2.0, "at most as old");
}

}  // namespace
}  // namespace dermaflux
