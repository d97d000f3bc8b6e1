#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "kernels/kokkos/kokkos_columns.hpp"
#include "kernels/space_elsewhere.hpp"
#include "tests/support/same_bits.hpp"
#include "tests/support/small_box.hpp"
#include "tests/support/space_cases.hpp"
#include "tests/support/steps_of_source.hpp"
#include "tests/support/thread_count.hpp"
#include "validation/gpu/box_courses.hpp"
#include "validation/gpu/emulated_device.hpp"

/// Flow and transport in a box, and a treatment in one: the same bits on one thread and on any number of threads of Kokkos.
namespace dermaflux {
namespace {

using Threads = KokkosColumns<Kokkos::DefaultHostExecutionSpace>;

/// Two steps of pressure and transport from a spring of ink, with a chain of nodes in the tissue.
template <class Executor>
std::vector<double> march(const Executor& on) {
  test::SmallBox box(test::growing_faces(19, 1.0, 0.4, 1.15), test::growing_faces(14, 0.8, 0.5, 1.2), test::equal_faces(40, 0.5),
                     0.4, 6, 6);
  SpaceProblem& p = box.p;
  const CartesianGrid& g = p.grid;
  const int columns = p.part.columns();
  InsertionParams& c = p.tissue.params;
  const TissueState& t = p.tissue.tissue;
  c.permeability.strain_exponent = 1.0;
  c.viscosity.ink = {1.5, {0.6, 2.5, 1.0}, {}, 1.0};
  c.pigment_density = 100.0;
  c.pigment[0] = {1.0, 0.0, 1.0, 1e-3};
  c.carrier_diffusivity = 1e-3;
  box.set_rows(p.tissue.rows.filtration, 0.5);
  box.set_rows(p.tissue.rows.anisotropy, 2.0);
  EmbeddedNodes& nodes = p.system.nodes;
  for (int n = 0; n < 6; ++n) {
    nodes.link_cell(n) = g.cell(7 + n / 2, 6, 3 + n);
    nodes.link_node(n) = n;
    nodes.link(n) = 0.05;
  }
  sort_links(nodes);
  const int spring = g.cell(8, 6, 5);
  const double dt = 0.05, entering = 2e-4;
  box.source[static_cast<std::size_t>(spring)] = entering;
  for (int n = 0; n < 2; ++n) {
    for (int m = 0; m < 6; ++m) {
      nodes.face(m) = m > 0 ? 10.0 : 0.0;
      nodes.compliance(m) = 1e-3;
      nodes.residual(m) = 1e-4 * m;
    }
    nodes.face(6) = 0.0;
    in_columns(on, p, MobilityStep{p.tissue});
    box.pressure_step(on, dt, {0.0, 1e-9, 100});
    on.pieces(columns, p.part.rows, SpaceFluxStep{p});
    on.cells(columns, 1, SpaceSpeedStep{p, dt});
    const double share = dt * entering / g.volume(8, 6, 5);
    for (const FieldView<double>& held : {t.fluid, t.carrier, t.pigment[0]}) held(spring) += share;
    const ActiveColumns active = carry_ink(on, p, dt, 2, 2 * n);
    on.pieces(columns, p.part.rows, SpaceFluidStep{p, active, dt});
    spread_over(on, p, dt, n % 2 == 0);
  }
  std::vector<double> all;
  for (const FieldView<double>& field : {t.pressure, t.fluid, t.carrier, t.pigment[0], t.captured[0], t.speed})
    all.insert(all.end(), field.data, field.data + field.size);
  all.insert(all.end(), nodes.correction.data, nodes.correction.data + 6);
  return all;
}

struct BoxThreads : test::AtThreadCount {};

TEST_P(BoxThreads, LeaveEveryFieldAsItIs) {
  const std::vector<double> serial = march(SerialColumns{});
  EXPECT_GT(*std::max_element(serial.begin(), serial.end()), 0.0);
  EXPECT_TRUE(std::none_of(serial.begin(), serial.end(), [](double value) { return std::isnan(value); }));
  EXPECT_TRUE(test::same_bits(serial, march(Threads{})));
}

/// One of the courses, for so long.
std::unique_ptr<SpaceCase> course(std::size_t n, double horizon = units::year) {
  RunOptions options = test::one_year();
  options.horizon = horizon;
  return build_space_case(test::in_box(box_courses[n].overrides), options);
}
std::unique_ptr<SpaceCase> tilted() { return course(0); }
std::unique_ptr<SpaceCase> with_everything() { return course(1, 30.0 * units::day); }

/// All that a treatment has left: fields right after it and at every moment, and the way there.
std::vector<double> left_by(const SpaceCase& box, const Outcome& outcome) {
  EXPECT_GT(outcome.deposited, 0.0);
  std::vector<double> all(box.fields.insertion.begin(), box.fields.insertion.end());
  all.insert(all.end(), box.fields.pools.begin(), box.fields.pools.end());
  all.insert(all.end(), box.trace.begin(), box.trace.end());
  all.push_back(outcome.deposited);
  all.push_back(outcome.fractured_volume);
  all.push_back(static_cast<double>(outcome.iterations));
  return all;
}
template <class Executor>
std::vector<double> treated(const Executor& on, std::unique_ptr<SpaceCase> box = tilted()) {
  Outcome outcome;
  run_in_space(on, *box, outcome);
  return left_by(*box, outcome);
}

TEST_P(BoxThreads, TreatAsOneDoes) { EXPECT_TRUE(test::same_bits(treated(SerialColumns{}), treated(Threads{}))); }

/// The same in a memory that the host does not see, a thread per cell, row or line, the last one first.
std::vector<double> treated_elsewhere(std::unique_ptr<SpaceCase> box, std::set<std::string>* taken = nullptr) {
  Outcome outcome;
  GuardedMemory memory;
  {
    SpaceElsewhere elsewhere(*box, memory);
    run_in_space(EmulatedColumns{memory, taken}, *box, outcome);
    elsewhere.fetch();
  }
  return left_by(*box, outcome);
}

TEST(BoxElsewhere, HasTheBitsOfTheReference) {
  EXPECT_TRUE(test::same_bits(treated(SerialColumns{}), treated_elsewhere(tilted())));
}

TEST(BoxElsewhere, HasTheBitsOfTheReferenceWithEverythingInIt) {
  std::set<std::string> taken;
  EXPECT_TRUE(test::same_bits(treated(SerialColumns{}, with_everything()), treated_elsewhere(with_everything(), &taken)));
  // These are all the steps that the source has for boxes, but those of the coarser levels, which no treatment asks for and marches
  // compare (tests/unit/box_multigrid.cpp).
  std::set<std::string> names;
  for (const std::string& name : taken)
    for (const std::string& part : test::words(name)) names.insert(part);
  for (const std::string& step : test::steps_of_source("space_")) EXPECT_TRUE(names.contains(step)) << step;
  for (const std::string& step : test::steps_of_source("box_solver")) EXPECT_TRUE(names.contains(step)) << step;
}

TEST(BoxElsewhere, TellsTheHostWhatMayBeKept) {
  // Blocks of numbers at the end of every stroke and dot, read as a checkpoint reads them.
  const auto kept = [](bool elsewhere) {
    const std::unique_ptr<SpaceCase> box = tilted();
    std::vector<double> all;
    Outcome outcome;
    box->between = [&](const Outcome&) {
      for (const std::span<double>& block : box->kept_numbers()) all.insert(all.end(), block.begin(), block.end());
    };
    if (!elsewhere) {
      run_in_space(SerialColumns{}, *box, outcome);
      return all;
    }
    GuardedMemory memory;
    const SpaceElsewhere there(*box, memory);
    run_in_space(EmulatedColumns{memory}, *box, outcome);
    return all;
  };
  EXPECT_TRUE(test::same_bits(kept(false), kept(true)));
}

TEST(BoxElsewhere, IsRefusedWhereItHasNoRoom) {
  const std::unique_ptr<SpaceCase> box = tilted();
  const std::size_t needed = SpaceLengths::of(*box).all() * sizeof(double);
  EXPECT_NO_THROW(require_room(*box, needed));
  EXPECT_THROW(require_room(*box, needed - 1), BackendError);
}

INSTANTIATE_TEST_SUITE_P(Count, BoxThreads, test::thread_counts, ::testing::PrintToStringParamName());

}  // namespace
}  // namespace dermaflux
