#pragma once
#include <cmath>
#include <random>
#include <utility>
#include <vector>

#include "core/solver/comb_solver.hpp"
#include "tests/support/small_grid.hpp"

namespace dermaflux::test {

/// A system with conductances over six decades; some rows of the spine have a given value.
struct RandomSystem : SmallGrid {
  std::mt19937 random;
  int n_r, n_z, size;  ///< size: unknowns, cells then rows of the spine
  CombSystem& s = p.system;

  RandomSystem(unsigned seed, int rings, int rows)
      : SmallGrid(equal_faces(rings, 1e-3), equal_faces(rows, 1e-3)),
        random(seed),
        n_r(rings),
        n_z(rows),
        size((rings + 1) * rows) {
    std::uniform_real_distribution<double> share(0.5, 2.0), either(-1.0, 1.0);
    for (int i = 0; i < n_r; ++i)
      for (int j = 0; j < n_z; ++j) {
        const int k = p.grid.cell(i, j);
        s.storage(k) = share(random);
        s.radial(k) = i + 1 < n_r ? conductance() : 0.0;
        s.axial(k) = j + 1 < n_z ? conductance() : 0.0;
        s.residual(k) = either(random);
      }
    for (int j = 0; j < n_z; ++j) {
      s.wall(j) = conductance();
      s.face(j) = conductance();
      s.compliance(j) = j % 5 == 3 ? -1.0 : share(random);
      s.spine_residual(j) = s.compliance(j) < 0.0 ? 0.0 : either(random);
    }
    s.face(n_z) = 0.0;
  }
  double conductance() { return std::pow(10.0, std::uniform_real_distribution<double>(-3.0, 3.0)(random)); }
  /// No unknown there: the value is given.
  bool is_given(int unknown) const { return unknown >= n_r * n_z && s.compliance(unknown - n_r * n_z) < 0.0; }

  /// Right-hand side, cells then spine.
  std::vector<double> right_side() const {
    std::vector<double> b(static_cast<std::size_t>(size));
    for (int k = 0; k < n_r * n_z; ++k) b[static_cast<std::size_t>(k)] = s.residual(k);
    for (int j = 0; j < n_z; ++j) b[static_cast<std::size_t>(n_r * n_z + j)] = s.spine_residual(j);
    return b;
  }
  /// The matrix, row by row, written from the balance of each cell and each row of the spine.
  std::vector<std::vector<double>> matrix() const {
    const auto n_all = static_cast<std::size_t>(size);
    std::vector<std::vector<double>> a(n_all, std::vector<double>(n_all, 0.0));
    const auto link = [&a](int m, int n, double g) {
      const auto x = static_cast<std::size_t>(m), y = static_cast<std::size_t>(n);
      a[x][x] += g;
      a[y][y] += g;
      a[x][y] -= g;
      a[y][x] -= g;
    };
    for (int i = 0; i < n_r; ++i)
      for (int j = 0; j < n_z; ++j) {
        const int k = p.grid.cell(i, j);
        a[static_cast<std::size_t>(k)][static_cast<std::size_t>(k)] += s.storage(k);
        if (i + 1 < n_r) link(k, p.grid.cell(i + 1, j), s.radial(k));
        if (j + 1 < n_z) link(k, p.grid.cell(i, j + 1), s.axial(k));
      }
    for (int j = 0; j < n_z; ++j) {
      const int at = n_r * n_z + j;
      a[static_cast<std::size_t>(at)][static_cast<std::size_t>(at)] += std::fabs(s.compliance(j));
      link(at, p.grid.cell(0, j), s.wall(j));
      if (j + 1 < n_z) link(at, at + 1, s.face(j + 1));
    }
    const auto rim = static_cast<std::size_t>(n_r * n_z);
    a[rim][rim] += s.face(0);  // to the drop, whose pressure is given
    for (int j = 0; j < n_z; ++j)
      if (s.compliance(j) < 0.0)
        for (int n = 0; n < size; ++n)
          a[static_cast<std::size_t>(n_r * n_z + j)][static_cast<std::size_t>(n)] = n == n_r * n_z + j ? 1.0 : 0.0;
    return a;
  }
};

/// Gaussian elimination with partial pivoting.
inline std::vector<double> direct_solution(std::vector<std::vector<double>> a, std::vector<double> b) {
  const std::size_t n = b.size();
  for (std::size_t k = 0; k < n; ++k) {
    std::size_t best = k;
    for (std::size_t m = k + 1; m < n; ++m)
      if (std::fabs(a[m][k]) > std::fabs(a[best][k])) best = m;
    std::swap(a[k], a[best]);
    std::swap(b[k], b[best]);
    for (std::size_t m = k + 1; m < n; ++m) {
      const double factor = a[m][k] / a[k][k];
      for (std::size_t c = k; factor != 0.0 && c < n; ++c) a[m][c] -= factor * a[k][c];
      b[m] -= factor * b[k];
    }
  }
  for (std::size_t k = n; k-- > 0;) {
    for (std::size_t c = k + 1; c < n; ++c) b[k] -= a[k][c] * b[c];
    b[k] /= a[k][k];
  }
  return b;
}

/// A vector with a random value for each unknown, 0 where it is given.
inline std::vector<double> random_values(RandomSystem& system) {
  std::normal_distribution<double> number;
  std::vector<double> values;
  for (int k = 0; k < system.size; ++k) values.push_back(system.is_given(k) ? 0.0 : number(system.random));
  return values;
}

inline double product(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0.0;
  for (std::size_t k = 0; k < a.size(); ++k) sum += a[k] * b[k];
  return sum;
}

}  // namespace dermaflux::test
