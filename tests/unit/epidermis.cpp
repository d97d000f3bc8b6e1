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

TEST(EpidermalTransit, TakesTheTurnoverFromJunctionToSurface) {
  EXPECT_NEAR(transit.time_to_surface(75 * um) / day, 40.0, 1e-12);
  EXPECT_NEAR(transit.time_to_surface(15 * um) / day, 14.0, 1e-12);
  EXPECT_DOUBLE_EQ(transit.time_to_surface(0.0), 0.0);
}

TEST(EpidermalTransit, DepartureIsTheInverseOfTheRise) {
  for (const double depth : {0.0, 5 * um, 14.9 * um, 15.1 * um, 50 * um})
    for (const double dt : {0.1 * day, 3 * day, 20 * day})
      EXPECT_NEAR(transit.time_to_surface(transit.departure(depth, dt)), transit.time_to_surface(depth) + dt, 1e-8 * day);
}

TEST(EpidermalTransit, TwoStepsDepartFromWhereOneDoes) {
  EXPECT_NEAR(transit.departure(transit.departure(4 * um, 5 * day), 12 * day), transit.departure(4 * um, 17 * day), 1e-18);
}

}  // namespace
}  // namespace dermaflux
