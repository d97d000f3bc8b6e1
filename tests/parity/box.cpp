#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "kernels/kokkos/kokkos_columns.hpp"
#include "tests/support/same_bits.hpp"
#include "tests/support/small_box.hpp"
#include "tests/support/thread_count.hpp"

/// Flow and transport in a box: the same bits on one thread and on any number of threads of Kokkos.
namespace dermaflux {
namespace {

/// Two steps of pressure and transport from a spring of ink, with a chain of nodes in the tissue.
template <class Executor>
std::vector<double> march(const Executor& on) {
  test::SmallBox box(test::growing_faces(19, 1.0, 0.4, 1.15), test::growing_faces(14, 0.8, 0.5, 1.2), test::equal_faces(24, 0.5),
                     0.4, 6, 6);
  BoxProblem& p = box.p;
  const CartesianGrid& g = p.grid;
  p.params.permeability.strain_exponent = 1.0;
  p.params.viscosity.ink = {1.5, {0.6, 2.5, 1.0}, {}, 1.0};
  p.params.pigment_density = 100.0;
  p.params.pigment[0] = {1.0, 0.0, 1.0, 1e-3};
  p.params.carrier_diffusivity = 1e-3;
  put(p.rows.filtration, 0, 0.5);
  put(p.rows.anisotropy, 0, 2.0);
  EmbeddedNodes& nodes = p.system.nodes;
  for (int n = 0; n < 6; ++n) {
    nodes.link_cell(n) = g.cell(7 + n / 2, 6, 3 + n);
    nodes.link_node(n) = n;
    nodes.link(n) = 0.05;
  }
  sort_links(nodes);
  ViewArena needed;
  take_sources(needed, 1, 1);
  std::vector<double> memory(static_cast<std::size_t>(needed.used), 0.0);
  ViewArena arena{memory.data()};
  const BoxSources spring = take_sources(arena, 1, 1);
  spring.cell(0) = g.cell(8, 6, 5);
  spring.volume(0) = spring.carrier(0) = spring.pigment[0](0) = 2e-4;
  p.scratch.source(spring.cell(0)) = spring.volume(0);
  const double dt = 0.05;
  for (int n = 0; n < 2; ++n) {
    for (int m = 0; m < 6; ++m) {
      nodes.face(m) = m > 0 ? 10.0 : 0.0;
      nodes.compliance(m) = 1e-3;
      nodes.residual(m) = 1e-4 * m;
    }
    nodes.face(6) = 0.0;
    on.columns(g.n_x, g.n_y, BoxMobilityStep{p});
    box.pressure_step(on, dt, {0.0, 1e-9, 100});
    on.columns(g.n_x, g.n_y, BoxFluxStep{p});
    on.columns(g.n_x, g.n_y, BoxSpeedStep{p, dt});
    const ActiveColumns active = carry_in_box(on, p, spring, box.active, dt, 2, 2 * n);
    on.columns(g.n_x, g.n_y, BoxFluidStep{p, active, dt});
    spread_in_box(on, p, active, dt, n % 2 == 0);
  }
  std::vector<double> all;
  for (const FieldView<double>& field :
       {p.tissue.pressure, p.tissue.fluid, p.tissue.carrier, p.tissue.pigment[0], p.tissue.captured[0], p.tissue.speed})
    all.insert(all.end(), field.data, field.data + field.size);
  all.insert(all.end(), nodes.correction.data, nodes.correction.data + 6);
  return all;
}

struct BoxThreads : test::AtThreadCount {};

TEST_P(BoxThreads, LeaveEveryFieldAsItIs) {
  const std::vector<double> serial = march(SerialColumns{});
  EXPECT_GT(*std::max_element(serial.begin(), serial.end()), 0.0);
  EXPECT_TRUE(std::none_of(serial.begin(), serial.end(), [](double value) { return std::isnan(value); }));
  EXPECT_TRUE(test::same_bits(serial, march(KokkosColumns<Kokkos::DefaultHostExecutionSpace>{})));
}

INSTANTIATE_TEST_SUITE_P(Count, BoxThreads, test::thread_counts, ::testing::PrintToStringParamName());

}  // namespace
}  // namespace dermaflux
