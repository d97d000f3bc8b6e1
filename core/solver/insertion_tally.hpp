#pragma once

namespace dermaflux {

/// Statistics of the insertion, the same on every lane.
struct InsertionTally {
  double time = 0.0;     ///< since the first approach of the needle [s]
  double deepest = 0.0;  ///< tip depth reached so far [m]
  long steps = 0, iterations = 0, substeps = 0, rejected = 0, spreadings = 0;
  bool wide = false;            ///< pressure of a box travels so far in a step that all levels of its solver are worth their cost
  double unspread_time = 0.0;   ///< since diffusion and dispersion were last applied [s]
  double unspread_cells = 0.0;  ///< 2 D t / h^2 over that time, h the narrowest cell [-]
  bool failed = false;
  int rings = 0, rows = 0;  ///< of the active part of the grid; 0: not chosen yet
};

}  // namespace dermaflux
