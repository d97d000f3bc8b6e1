#include "core/simulation/cell_healing.hpp"

#include <cmath>
#include <string>

#include "core/error.hpp"
#include "core/solver/healing_cycle.hpp"
#include "core/solver/healing_setup.hpp"

namespace dermaflux {
namespace {

/// A step handles rows in groups: this many equal ones stand for the piece.
constexpr int rows = SerialExecutor::row_width;

void require(bool good, const std::string& what) {
  if (!good) throw InputError(what);
}

void check(const CellHealing& cell, const std::vector<double>& times) {
  for (const double pool : {cell.start.free, cell.start.matrix, cell.start.macrophage, cell.start.slow})
    require(pool >= 0.0 && std::isfinite(pool), "a pool starts with " + std::to_string(pool) + " kg/m3; use 0 or more");
  double before = 0.0;
  for (const double time : times) {
    require(time >= before && std::isfinite(time), "the times must increase from 0 on, but " + std::to_string(time / units::day) +
                                                       " d follows " + std::to_string(before / units::day) + " d");
    before = time;
  }
}

/// One ring of equal rows, its memory laid out as a treatment's is.
HealingProblem lay_out(ViewArena& arena) {
  HealingProblem p{};
  p.grid = take_grid(arena, 1, rows);
  lay_out_healing_rows(arena, p);
  lay_out_healing_state(arena, p);
  return p;
}

void fill(const CellHealing& cell, HealingProblem& p) {
  constexpr double size = 1.0 * units::mm;
  p.params = cell.params;
  p.params.rates[at_axis].density = 1.0;
  p.params.spread[at_axis] = {};
  p.params.bordered = false;
  p.params.epidermal_rows = 0;
  put(p.grid.r_face, 1, size);
  put(p.grid.r_centre, 0, 0.5 * size);
  for (int j = 0; j < rows; ++j) {
    put(p.grid.z_face, j + 1, (j + 1) * size);
    put(p.grid.z_centre, j, (j + 0.5) * size);
    put(p.rows.residents, j, cell.residents);
    put(p.rows.open_track, j, 1.0);
    put(p.rows.photolysis, j, cell.photolysis);
    p.scratch.wound(j) = cell.wound;
    p.scratch.lymph_factor(j) = cell.lymph_factor;
    p.pools.free(j) = cell.start.free;
    p.pools.matrix(j) = cell.start.matrix;
    p.pools.macrophage(j) = cell.start.macrophage;
    p.pools.slow(j) = cell.start.slow;
  }
}

}  // namespace

std::vector<CellMoment> heal_cell(const CellHealing& cell, const std::vector<double>& times) {
  check(cell, times);
  ViewArena needed;
  lay_out(needed);
  std::vector<double> memory(static_cast<std::size_t>(needed.used), 0.0);
  ViewArena arena{memory.data()};
  HealingProblem p = lay_out(arena);
  fill(cell, p);
  const double volume = p.grid.ring_area(0) * p.grid.z_face(rows);
  const SerialExecutor executor;
  HealingTally tally;
  std::vector<CellMoment> moments;
  for (const double time : times) {
    heal_until(executor, p, time, tally);
    moments.push_back({{p.pools.free(0), p.pools.matrix(0), p.pools.macrophage(0), p.pools.slow(0)},
                       p.account(HealingAccount::lymph) / volume,
                       p.account(HealingAccount::exuded) / volume,
                       p.account(HealingAccount::photolysed) / volume});
  }
  return moments;
}

}  // namespace dermaflux
