#include <gtest/gtest.h>

#include <cmath>
#include <tuple>

#include "tests/support/same_bits.hpp"
#include "tests/support/small_box.hpp"

/// Multigrid over columns: the answers of a direct solution, a symmetric positive preconditioner, few cycles whatever the size, the
/// layers and the grading, 120 bytes per cell, and the same bits in any order.
namespace dermaflux {
namespace {

using test::equal_faces, test::growing_faces, test::LayeredBox, test::product, test::SmallBox;

constexpr double size = 2e-3;

/// A random system with conductances over six decades and two chains of nodes, one of which has a given end.
struct RandomBox : SmallBox {
  static constexpr int nodes = 7, links = 9;
  std::mt19937 random{5};

  RandomBox() : SmallBox(growing_faces(6, 1.0, 0.5, 1.3), growing_faces(5, 1.0, 0.2, 1.2), equal_faces(8, 1.0), 0.4, nodes, links) {
    std::uniform_real_distribution<double> decade(-3.0, 3.0), share(0.5, 2.0), either(-1.0, 1.0);
    const auto conductance = [&] { return std::pow(10.0, decade(random)); };
    BoxSystem& s = p.system;
    for_cells([&](int i, int j, int k, int at) {
      s.x(at) = i + 1 < p.grid.n_x ? static_cast<float>(conductance()) : 0.0f;
      s.y(at) = j + 1 < p.grid.n_y ? static_cast<float>(conductance()) : 0.0f;
      s.z(at) = k + 1 < p.grid.n_z ? static_cast<float>(conductance()) : 0.0f;
      s.storage(at) = share(random);
      s.residual(at) = either(random);
    });
    const int node_of[links] = {0, 1, 1, 2, 3, 4, 5, 5, 6}, cell_of[links] = {17, 17, 60, 99, 200, 201, 60, 231, 8};
    for (int l = 0; l < links; ++l) {
      s.nodes.link_node(l) = node_of[l];
      s.nodes.link_cell(l) = cell_of[l];
      s.nodes.link(l) = conductance();
    }
    sort_links(s.nodes);
    for (int n = 0; n < nodes; ++n) {
      s.nodes.face(n) = n == 4 ? 0.0 : conductance();  // the second chain begins at 4; the first ends at a given value above
      s.nodes.compliance(n) = n == 3 ? -1.0 : share(random);
      s.nodes.residual(n) = n == 3 ? 0.0 : either(random);
    }
    s.nodes.face(nodes) = 0.0;
  }
  std::vector<std::vector<double>> matrix() const {
    const BoxSystem& s = p.system;
    const int cells = p.grid.cell_count();
    const auto all = static_cast<std::size_t>(cells + nodes);
    std::vector<std::vector<double>> a(all, std::vector<double>(all, 0.0));
    const auto link = [&a](int m, int n, double g) {
      const auto x = static_cast<std::size_t>(m), y = static_cast<std::size_t>(n);
      a[x][x] += g;
      a[y][y] += g;
      a[x][y] -= g;
      a[y][x] -= g;
    };
    for_cells([&](int i, int j, int k, int at) {
      a[static_cast<std::size_t>(at)][static_cast<std::size_t>(at)] += s.storage(at);
      if (i + 1 < p.grid.n_x) link(at, p.grid.cell(i + 1, j, k), static_cast<double>(s.x(at)));
      if (j + 1 < p.grid.n_y) link(at, p.grid.cell(i, j + 1, k), static_cast<double>(s.y(at)));
      if (k + 1 < p.grid.n_z) link(at, p.grid.cell(i, j, k + 1), static_cast<double>(s.z(at)));
    });
    for (int n = 0; n < nodes; ++n) {
      a[static_cast<std::size_t>(cells + n)][static_cast<std::size_t>(cells + n)] += std::fabs(s.nodes.compliance(n));
      if (n > 0) link(cells + n - 1, cells + n, s.nodes.face(n));
    }
    const auto rim = static_cast<std::size_t>(cells), fixed = static_cast<std::size_t>(cells + 3);
    a[rim][rim] += s.nodes.face(0);  // to a given value
    for (int l = 0; l < links; ++l) link(cells + s.nodes.link_node(l), s.nodes.link_cell(l), s.nodes.link(l));
    for (std::size_t n = 0; n < all; ++n) a[fixed][n] = n == fixed ? 1.0 : 0.0;
    return a;
  }
  std::vector<double> residuals() const {
    std::vector<double> b(p.system.residual.data, p.system.residual.data + p.grid.cell_count());
    b.insert(b.end(), p.system.nodes.residual.data, p.system.nodes.residual.data + nodes);
    return b;
  }
  std::vector<double> solution() const {
    std::vector<double> x(p.system.correction.data, p.system.correction.data + p.grid.cell_count());
    x.insert(x.end(), p.system.nodes.correction.data, p.system.nodes.correction.data + nodes);
    return x;
  }
};

TEST(BoxMultigrid, EqualsADirectSolveWithChainsOfNodesAtContrastsOfAMillion) {
  RandomBox box;
  const std::vector<double> exact = test::direct_solution(box.matrix(), box.residuals());
  // A matrix of this kind has an inverse whose row sums are at most 1 / storage: an error of at most 2 tolerance max(storage).
  const SolveCost cost = solve_box(SerialColumns{}, box.p.system, box.levels, {1e-10, 1e-13, 300});
  EXPECT_LT(cost.iterations, 300);
  const std::vector<double> x = box.solution();
  for (std::size_t k = 0; k < x.size(); ++k) EXPECT_NEAR(x[k], exact[k], 1e-9) << "unknown " << k;
}

/// One cycle, applied to a vector over the cells.
std::vector<double> cycle(SmallBox& box, const std::vector<double>& x) {
  const BoxLevels& levels = box.levels;
  for (int at = 0; at < box.p.grid.cell_count(); ++at)
    levels.level[0].right(at) = static_cast<float>(x[static_cast<std::size_t>(at)]);
  run_cycle(SerialColumns{}, levels);
  return std::vector<double>(levels.level[0].value.data, levels.level[0].value.data + box.p.grid.cell_count());
}

TEST(BoxMultigrid, CycleIsSymmetricAndPositiveWhereverItEnds) {
  RandomBox box;
  const int all = box.levels.count;
  ASSERT_GT(all, 3);
  set_up_levels(SerialColumns{}, box.p.system, box.levels);
  std::uniform_real_distribution<double> either(-1.0, 1.0);
  const auto draw = [&] {
    std::vector<double> values(static_cast<std::size_t>(box.p.grid.cell_count()));
    for (double& value : values) value = static_cast<double>(static_cast<float>(either(box.random)));
    return values;
  };
  for (int trial = 0; trial < 12; ++trial) {
    box.levels.count = trial % 3 == 0 ? all : trial % 3;
    const std::vector<double> a = draw(), b = draw(), of_a = cycle(box, a), of_b = cycle(box, b);
    // Single precision: 6e-8 times some hundred operations behind each value.
    EXPECT_NEAR(product(a, of_b), product(b, of_a), 1e-5 * std::sqrt(product(a, of_a) * product(b, of_b)));
    EXPECT_GT(product(a, of_a), 0.0);
  }
}

TEST(BoxMultigrid, StopsWhenCellsAndNodesAreWithinTheToleranceOfEach) {
  // What is left is less than the tolerance times what a cell stores, or a node stores and could give to cells that stand still;
  // one iteration earlier it was not.
  const double tolerance = 1e-3;
  const auto excess = [&](int limit, int& iterations) {
    RandomBox box;
    const BoxSystem& s = box.p.system;
    iterations = solve_box(SerialColumns{}, s, box.levels, {tolerance, 0.0, limit}).iterations;
    double largest = -1.0;
    box.for_cells(
        [&](int, int, int, int at) { largest = std::fmax(largest, std::fabs(s.residual(at)) / s.storage(at) - tolerance); });
    for (int n = 0; n < RandomBox::nodes; ++n) {
      if (s.nodes.compliance(n) < 0.0) continue;
      double own = s.nodes.compliance(n);
      for (int l = 0; l < RandomBox::links; ++l) own += s.nodes.link_node(l) == n ? s.nodes.link(l) : 0.0;
      largest = std::fmax(largest, std::fabs(s.nodes.residual(n)) / own - tolerance);
    }
    return largest;
  };
  int taken = 0, again = 0;
  EXPECT_LE(excess(300, taken), 0.0);
  ASSERT_GT(taken, 1);
  EXPECT_GT(excess(taken - 1, again), 0.0);
}

TEST(BoxMultigrid, StopsForANodeAloneToo) {
  RandomBox box;
  const BoxSystem& s = box.p.system;
  for (int at = 0; at < box.p.grid.cell_count(); ++at) s.residual(at) = 0.0;
  double own = s.nodes.compliance(5);
  for (int l = 0; l < RandomBox::links; ++l) own += s.nodes.link_node(l) == 5 ? s.nodes.link(l) : 0.0;
  const auto iterations = [&](double share_of_tolerance) {
    for (int n = 0; n < RandomBox::nodes; ++n) s.nodes.residual(n) = n == 5 ? share_of_tolerance * 1e-3 * own : 0.0;
    return solve_box(SerialColumns{}, s, box.levels, {1e-3, 0.0, 300}).iterations;
  };
  EXPECT_EQ(iterations(0.99), 0);
  EXPECT_GT(iterations(1.01), 0);
  EXPECT_GT(s.nodes.correction(5), 0.0);
}

TEST(BoxMultigrid, SolvesAPartOfALargerGridAsIfItStoodAlone) {
  SmallBox whole(growing_faces(9, 1.0, 0.5, 1.3), growing_faces(8, 1.0, 0.2, 1.2), equal_faces(16, 1.0));
  const auto mobility = [](int i, int j, int k) { return std::exp(3.0 * std::sin(1.3 * i + 2.1 * j + 0.7 * k)); };
  whole.set_conductances(mobility);  // what lies around is not zero before
  whole.p.part = {2, 8, 3, 8, 8};
  lay_out_pressure(SerialColumns{}, whole.in);
  std::vector<double> x, y, z;
  for (int n = 2; n <= 8; ++n) x.push_back(whole.p.grid.x_face(n));
  for (int n = 3; n <= 8; ++n) y.push_back(whole.p.grid.y_face(n));
  for (int n = 0; n <= 8; ++n) z.push_back(whole.p.grid.z_face(n));
  SmallBox alone(x, y, z);
  whole.set_conductances(mobility);
  alone.set_conductances([&](int i, int j, int k) { return mobility(i + 2, j + 3, k); });
  const auto fill = [](SmallBox& box) {
    const GridPart& g = box.p.system.grid;
    for (int i = 0; i < g.n_x; ++i)
      for (int j = 0; j < g.n_y; ++j)
        for (int k = 0; k < g.n_z; ++k) {
          box.p.system.storage(g.cell(i, j, k)) = 1e-3;
          box.p.system.residual(g.cell(i, j, k)) = std::cos(i + 2.0 * j + 3.0 * k);
        }
    const SolveCost cost = solve_box(SerialColumns{}, box.p.system, box.levels, {0.0, 1e-9, 100});
    std::vector<double> solved{static_cast<double>(cost.iterations)};
    for (int i = 0; i < g.n_x; ++i)
      for (int j = 0; j < g.n_y; ++j)
        for (int k = 0; k < g.n_z; ++k) solved.push_back(box.p.system.correction(g.cell(i, j, k)));
    return solved;
  };
  EXPECT_TRUE(test::same_bits(fill(whole), fill(alone)));
}

TEST(BoxMultigrid, IsDirectWhereColumnsExchangeNothing) {
  RandomBox box;
  for (int at = 0; at < box.p.grid.cell_count(); ++at) box.p.system.x(at) = box.p.system.y(at) = 0.0f;
  box.p.system.nodes = {};
  const SolveCost cost = solve_box(SerialColumns{}, box.p.system, box.levels, {0.0, 1e-10, 20});
  EXPECT_LE(cost.iterations, 4);  // what single precision leaves of the condition, 1e3 at most, in each
}

TEST(BoxMultigrid, FillsAtMost120BytesPerCell) {
  const auto bytes = [](const std::vector<double>& x, const std::vector<double>& y) {
    const GridPart grid = GridPart::of(static_cast<int>(x.size()) - 1, static_cast<int>(y.size()) - 1, 128);
    const CoarseningPlan plan =
        plan_coarsening({x.data(), static_cast<int>(x.size()), 0}, {y.data(), static_cast<int>(y.size()), 0});
    BoxSystem s;
    BoxLevels levels;
    ViewArena arena;
    s.lay_out(arena, grid);
    levels.lay_out(arena, s, plan);
    return 8.0 * static_cast<double>(arena.used) / grid.cell_count();
  };
  EXPECT_LE(bytes(equal_faces(128, 1.0), equal_faces(128, 1.0)), 90.0);
  EXPECT_LE(bytes(growing_faces(128, 1.0, 0.5, 1.05), growing_faces(128, 1.0, 0.4, 1.05)), 120.0);
  EXPECT_LE(bytes(growing_faces(128, 1.0, 0.5, 1.2), growing_faces(128, 1.0, 0.4, 1.2)), 120.0);
}

/// Number of cells along each axis, layered, graded.
class BoxFactor : public ::testing::TestWithParam<std::tuple<int, bool, bool>> {};

TEST_P(BoxFactor, IsAtMost0_15PerCycle) {
  const auto [n, layered, graded] = GetParam();
  const double growth = graded ? 1.15 : 1.0;
  LayeredBox box(test::cored_faces(n, size, 0.5, growth), test::cored_faces(n, size, 0.4, growth), equal_faces(n, size), 1,
                 layered);
  EXPECT_LE(box.factor(), 0.15);
}

INSTANTIATE_TEST_SUITE_P(Sizes, BoxFactor, ::testing::Combine(::testing::Values(32, 64), ::testing::Bool(), ::testing::Bool()),
                         [](const auto& instance) {
                           return std::to_string(std::get<0>(instance.param)) +
                                  (std::get<1>(instance.param) ? "layered" : "uniform") +
                                  (std::get<2>(instance.param) ? "graded" : "even");
                         });

/// Everything backwards and one at a time, as a device may take it.
struct BackwardColumns : SerialColumns {
  template <class Step>
  void columns(int n_i, int n_j, const Step& step) const {
    for (int i = n_i - 1; i >= 0; --i)
      for (int j = n_j - 1; j >= 0; --j) step(i, j);
  }
  template <class Step>
  void lines(int n_i, int n_m, const Step& step) const {
    for (int i = n_i - 1; i >= 0; --i)
      for (int m = n_m - 1; m >= 0; --m) step.template lines<1>(i, m);
  }
  template <class Step>
  void list(int n, const Step& step) const {
    for (int m = n - 1; m >= 0; --m) step(m);
  }
};

TEST(BoxMultigrid, GivesTheSameBitsInAnyOrder) {
  RandomBox forward, backward;
  solve_box(SerialColumns{}, forward.p.system, forward.levels, {0.0, 1e-9, 100});
  solve_box(BackwardColumns{}, backward.p.system, backward.levels, {0.0, 1e-9, 100});
  EXPECT_TRUE(test::same_bits(forward.solution(), backward.solution()));
}

TEST(BoxMultigrid, GivesTheSameBitsForColumnsOneByOneAndSideBySideHoweverLong) {
  for (const int rows : {7, 128, 300}) {
    const auto solved = [&](const auto& executor) {
      SmallBox box(equal_faces(4, 1.0), equal_faces(20, 1.0), equal_faces(rows, 1.0));
      box.set_conductances([](int i, int j, int k) { return std::exp(3.0 * std::sin(1.3 * i + 2.1 * j + 0.7 * k)); });
      const BoxSystem& s = box.p.system;
      box.for_cells([&](int i, int j, int k, int at) {
        s.storage(at) = 1e-3;
        s.residual(at) = std::cos(i + 2.0 * j + 3.0 * k);
      });
      EXPECT_LE(solve_box(executor, s, box.levels, {0.0, 1e-9, 30}).residual, 1e-9);
      return std::vector<double>(s.correction.data, s.correction.data + box.p.grid.cell_count());
    };
    EXPECT_TRUE(test::same_bits(solved(SerialColumns{}), solved(BackwardColumns{}))) << rows << " rows";
  }
}

TEST(BoxMultigrid, GivesTheSameSolutionInTheMemoryLayoutOfADevice) {
  RandomBox host;
  using DeviceGrid = GridPartIn<Fastest::x>;
  const CartesianGrid& from = host.p.grid;
  const DeviceGrid grid = DeviceGrid::of(from.n_x, from.n_y, from.n_z);
  BoxSystemOn<DeviceGrid> s;
  BoxLevelsOn<DeviceGrid> levels;
  const CoarseningPlan plan = plan_coarsening(from.x_face, from.y_face);
  const auto lay_out = [&](ViewArena arena) {
    s.lay_out(arena, grid);
    levels.lay_out(arena, s, plan);
    s.nodes = take_nodes(arena, RandomBox::nodes, RandomBox::links);
    return arena.used;
  };
  std::vector<double> memory(static_cast<std::size_t>(lay_out({})), 0.0);
  lay_out({memory.data()});
  std::vector<int> place(static_cast<std::size_t>(from.cell_count()));
  host.for_cells([&](int i, int j, int k, int at) {
    const int to = place[static_cast<std::size_t>(at)] = grid.cell(i, j, k);
    s.x(to) = host.p.system.x(at);
    s.y(to) = host.p.system.y(at);
    s.z(to) = host.p.system.z(at);
    s.storage(to) = host.p.system.storage(at);
    s.residual(to) = host.p.system.residual(at);
  });
  const EmbeddedNodes& nodes = host.p.system.nodes;
  for (int n = 0; n <= nodes.nodes; ++n) s.nodes.face(n) = nodes.face(n);
  for (int n = 0; n < nodes.nodes; ++n) {
    s.nodes.compliance(n) = nodes.compliance(n);
    s.nodes.residual(n) = nodes.residual(n);
  }
  for (int l = 0; l < nodes.links; ++l) {
    s.nodes.link(l) = nodes.link(l);
    s.nodes.link_node(l) = nodes.link_node(l);
    s.nodes.link_cell(l) = place[static_cast<std::size_t>(nodes.link_cell(l))];
  }
  sort_links(s.nodes);
  // Links of a cell add up in the order of the cells in memory, which differs: to rounding of the iteration, not bit by bit, with
  // them.
  const SolveCost ours = solve_box(SerialColumns{}, host.p.system, host.levels, {0.0, 1e-12, 200});
  const SolveCost there = solve_box(SerialColumns{}, s, levels, {0.0, 1e-12, 200});
  EXPECT_NEAR(ours.iterations, there.iterations, 1);
  host.for_cells([&](int, int, int, int at) {
    EXPECT_NEAR(s.correction(place[static_cast<std::size_t>(at)]), host.p.system.correction(at), 1e-10);
  });
  // Without nodes the bits are the same.
  RandomBox bare;
  bare.p.system.nodes = s.nodes = {};
  bare.for_cells([&](int, int, int, int at) { s.residual(place[static_cast<std::size_t>(at)]) = bare.p.system.residual(at); });
  solve_box(SerialColumns{}, bare.p.system, bare.levels, {0.0, 1e-9, 100});
  solve_box(SerialColumns{}, s, levels, {0.0, 1e-9, 100});
  std::vector<double> a, b;
  bare.for_cells([&](int, int, int, int at) {
    a.push_back(bare.p.system.correction(at));
    b.push_back(s.correction(place[static_cast<std::size_t>(at)]));
  });
  EXPECT_TRUE(test::same_bits(a, b));
}

}  // namespace
}  // namespace dermaflux
