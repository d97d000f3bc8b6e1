#include "core/physics/photolysis.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <initializer_list>

#include "core/units.hpp"

/// Ultraviolet in skin by band and pigmentation, and what it bleaches.
namespace dermaflux {
namespace {

using namespace units;

constexpr UltravioletBand uva{uva_wavelength, 100 * um, 0.03}, uvb{uvb_wavelength, 30 * um, 0.03};
constexpr double junction = 75 * um;

/// Dose at a depth over that at the surface; below the junction the way lies in dermis.
double dose(const UltravioletBand& band, double depth, double melanosomes) {
  return band(depth, std::fmin(depth, junction), melanosomes);
}

TEST(UltravioletBand, InSkinOfTheReferenceFallsAsOneExponential) {
  for (const double depth : {0.0, 50 * um, 300 * um}) EXPECT_EQ(dose(uva, depth, 0.03), std::exp(-depth / (100 * um)));
}

TEST(UltravioletBand, MelaninTakesItsOwnAbsorptionAlongTheEpidermis) {
  // 6.6e11 365^-3.33 per cm is 1936 per cm: 0.1 more of it over 75 um is an optical depth of 1.45.
  const double further = 0.1 * 100.0 * 6.6e11 * std::pow(365.0, -3.33) * junction;
  EXPECT_NEAR(further, 1.45, 0.01);
  for (const double depth : {junction, 200 * um})
    EXPECT_NEAR(dose(uva, depth, 0.13) / dose(uva, depth, 0.03), std::exp(-further), 1e-14);
}

TEST(UltravioletBand, NoSkinAmplifies) {
  const UltravioletBand clear{uva_wavelength, 1000 * um, 0.4};  // the melanin taken away would outweigh all attenuation
  for (const double depth : {10 * um, junction, 300 * um}) EXPECT_LE(dose(clear, depth, 0.0), 1.0);
}

TEST(UltravioletBand, FallsWithDepthAndPigmentationAndUvbFasterThanUva) {
  for (const double melanosomes : {0.0, 0.03, 0.2})
    for (double depth = 5 * um; depth < 400 * um; depth *= 1.4) {
      for (const UltravioletBand& band : {uva, uvb}) {
        EXPECT_LT(dose(band, 1.4 * depth, melanosomes), dose(band, depth, melanosomes));
        EXPECT_LT(dose(band, depth, melanosomes + 0.05), dose(band, depth, melanosomes));
      }
      EXPECT_LT(dose(uvb, depth, melanosomes), dose(uva, depth, melanosomes));
    }
}

TEST(Photolysis, GrowsWithDoseAndIsTheRateAtTheReference) {
  const Photolysis bleaching{.rate = 2.6 / year, .reference_dose = 1e4};
  EXPECT_DOUBLE_EQ(bleaching(1e4), 2.6 / year);
  EXPECT_DOUBLE_EQ(bleaching(5e4), 13.0 / year);
  EXPECT_EQ(bleaching(0.0), 0.0);
}

}  // namespace
}  // namespace dermaflux
