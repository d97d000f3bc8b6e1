#include "core/physics/epidermis.hpp"

#include <gtest/gtest.h>

#include <initializer_list>

#include "core/units.hpp"

/// The rise of the epidermis: transit times and departure points.
namespace dermaflux {
namespace {

using namespace units;

/// 15 um of horny layer in 14 days, 60 um below it in 26 more.
constexpr EpidermalTransit transit{
    .corneum_depth = 15 * um, .corneum_speed = 15 * um / (14 * day), .viable_speed = 60 * um / (26 * day)};

/// Depth from which a cell takes `age` to the surface.
constexpr double risen_from(double age) {
  return age <= 14 * day ? 15 * um * age / (14 * day) : 15 * um + 60 * um * (age - 14 * day) / (26 * day);
}

constexpr double rounding = 4 * 2.2e-16 * 150 * um;  // some four roundings of depths below 150 um

TEST(EpidermalTransit, TakesTheTurnoverFromJunctionToSurface) {
  EXPECT_NEAR(transit.departure(0.0, 40 * day), 75 * um, rounding);
  EXPECT_NEAR(transit.departure(0.0, 14 * day), 15 * um, rounding);
  EXPECT_EQ(transit.departure(0.0, 0.0), 0.0);
}

TEST(EpidermalTransit, DepartureGoesBackByTheTimeFromAnyDepth) {
  for (const double age : {0.0, 5 * day, 13.9 * day, 14.1 * day, 29 * day})
    for (const double dt : {0.1 * day, 3 * day, 20 * day})
      EXPECT_NEAR(transit.departure(risen_from(age), dt), risen_from(age + dt), rounding);
}

TEST(EpidermalTransit, TwoStepsDepartFromWhereOneDoes) {
  EXPECT_NEAR(transit.departure(transit.departure(4 * um, 5 * day), 12 * day), transit.departure(4 * um, 17 * day), 1e-18);
}

TEST(CrustShedding, AddsUpOverStepsToTheSquareOfTime) {
  // Attached after t is e^(-(t/T)^2), however the time is cut; a few roundings of numbers up to 4.
  const CrustShedding crust{7 * day};
  const double whole = crust.loss(0.0, 14 * day);
  EXPECT_NEAR(whole, 4.0, 1e-15);
  EXPECT_NEAR(crust.loss(0.0, 1 * day) + crust.loss(1 * day, 4 * day) + crust.loss(5 * day, 9 * day), whole, 1e-14);
  EXPECT_GT(crust.loss(6 * day, 1 * day), 10.0 * crust.loss(0.0, 1 * day));  // it sits fast at first
  EXPECT_EQ(CrustShedding{}.loss(3 * day, 5 * day), 0.0);
}

}  // namespace
}  // namespace dermaflux
