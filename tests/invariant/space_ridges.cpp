#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/refusal.hpp"
#include "tests/support/same_bits.hpp"
#include "tests/support/space_cases.hpp"

/// Rete ridges of a box: the junction of epidermis and dermis as a surface.
namespace dermaflux {
namespace {

using test::BoxRun;
using test::Overrides;

constexpr double wavelength = 120.0 * units::um;
const Overrides ridges{{"geometry.rete_wavelength_um", "120"}, {"geometry.margin_mm", "0.25"}};

TEST(SpaceRidges, OfNoHeightAreAFlatJunctionToTheLastBit) {
  const auto box = [](const char* length) {
    return build_space_case(
        test::in_box({{"geometry.rete_wavelength_um", length}, {"skin.rete_amplitude_um", "0"}, {"geometry.margin_mm", "0.25"}}),
        test::one_year());
  };
  const auto flat = box("0"), wavy = box("120");
  EXPECT_TRUE(test::same_bits(flat->constants, wavy->constants));
  EXPECT_EQ(flat->fields.resistance, wavy->fields.resistance);
  EXPECT_EQ(flat->epidermal, wavy->epidermal);
}

/// Mean of cos(2 pi x / wavelength) between two places [-].
double mean_cosine(double from, double to) {
  const double wave = 2.0 * units::pi / wavelength;
  return (std::sin(wave * to) - std::sin(wave * from)) / (wave * (to - from));
}

TEST(SpaceRidges, EveryColumnHoldsTheEpidermisAboveTheSurface) {
  const Treatment t = test::in_box(ridges);
  const auto box = build_space_case(t, test::one_year());
  const SpaceFields& f = box->fields;
  const std::size_t n_x = f.x_face.size() - 1, n_y = f.y_face.size() - 1, n_z = f.z_face.size() - 1;
  const double junction = t.skin.bottom_of(LayerKind::epidermis), amplitude = t.skin.rete_amplitude;
  ASSERT_EQ(f.epidermal.size(), f.cells());
  for (std::size_t i = 0; i < n_x; ++i)
    for (std::size_t l = 0; l < n_y; ++l) {
      double thickness = 0.0;
      for (std::size_t j = 0; j < n_z; ++j)
        thickness += static_cast<double>(f.epidermal[(i * n_y + l) * n_z + j]) * (f.z_face[j + 1] - f.z_face[j]);
      const double dx = f.x_face[i + 1] - f.x_face[i], dy = f.y_face[l + 1] - f.y_face[l];
      if (std::max(dx, dy) > 0.5 * wavelength) continue;  // where ridges are finer than a cell its mean is a sample of them
      const double exact = junction + amplitude * (0.5 + 0.5 * mean_cosine(f.x_face[i], f.x_face[i + 1]) *
                                                             mean_cosine(f.y_face[l], f.y_face[l + 1]));
      // Midpoints of a quarter of a cell: h^2 / 24 of the second derivative, h a quarter; shares are kept in single precision.
      const double wave = 2.0 * units::pi / wavelength;
      const double error = 0.5 * amplitude * wave * wave * (dx * dx + dy * dy) / 16.0 / 24.0;
      EXPECT_NEAR(thickness, exact, error + 1e-6 * thickness) << i << " " << l;
    }
}

TEST(SpaceRidges, KeepTheLedgerAndShedWhatLiesAboveTheSurface) {
  const BoxRun wavy = test::run_box(test::in_box(ridges));
  ASSERT_EQ(wavy.outcome.status, Status::ok);
  EXPECT_LT(wavy.outcome.imbalance, 1e-10);
  // All that is epidermal is shed within a year, but for what light takes in the weeks until then, less than a thousandth.
  const double shed = wavy.outcome.moments[wavy.outcome.moment_count - 1].losses[HealingAccount::shed] / wavy.outcome.deposited;
  EXPECT_GT(wavy.outcome.epidermal_share, 0.1);
  EXPECT_NEAR(shed, wavy.outcome.epidermal_share, 1e-3 * wavy.outcome.epidermal_share);
  // What was laid down above the surface is the epidermal pool of its cell, to single precision.
  const SpaceFields& f = wavy.box->fields;
  for (std::size_t k = 0; k < f.cells(); ++k) {
    double held = 0.0;
    for (std::size_t pool = 0; pool < 5; ++pool) held += static_cast<double>(f.pools[pool * f.cells() + k]);
    const double epidermal = static_cast<double>(f.pools[4 * f.cells() + k]);
    EXPECT_NEAR(epidermal, static_cast<double>(f.epidermal[k]) * held, 1e-5 * held + 1e-9);
  }
}

TEST(SpaceRidges, ResistInkWhereEpidermisReachesIntoTheDermis) {
  const Treatment t = test::in_box(ridges);
  const auto box = build_space_case(t, test::one_year());
  const SpaceFields& f = box->fields;
  const std::size_t n_y = f.y_face.size() - 1, n_z = f.z_face.size() - 1;
  const double junction = t.skin.bottom_of(LayerKind::epidermis), tip = junction + t.skin.rete_amplitude;
  const double epidermis = t.skin.layers[1].permeability, papillary = t.skin.layers[2].permeability;
  for (std::size_t i = 0; i + 1 < f.x_face.size(); ++i)
    for (std::size_t j = 0; j < n_z; ++j) {
      const std::size_t k = (i * n_y + n_y / 2) * n_z + j;
      const double ratio = static_cast<double>(f.resistance[k]), share = static_cast<double>(f.epidermal[k]);
      const bool outside = f.z_face[j + 1] <= junction || f.z_face[j] >= tip,
                 whole = f.z_face[j] >= junction && f.z_face[j + 1] <= tip;
      const double wanted = outside ? 0.0 : (whole ? share * std::log(epidermis / papillary) : std::log(ratio));
      EXPECT_NEAR(std::log(ratio), wanted, 1e-5) << i << " " << j;  // single precision of both
    }
}

TEST(SpaceRidges, AreRefusedOnRingsAndWhereNoGridResolvesThem) {
  test::expect_says(test::refusal<InputError>([] {
                      test::treatment("normal", {{"geometry.rete_wavelength_um", "120"}});
                    }),
                    {"geometry.rete_wavelength_um = 120", "kind = \"box\""});
  test::expect_says(test::refusal<InputError>([] {
                      test::in_box({{"geometry.rete_wavelength_um", "10"}});
                    }),
                    {"geometry.rete_wavelength_um = 10", "use 40 or more"});
}

}  // namespace
}  // namespace dermaflux
