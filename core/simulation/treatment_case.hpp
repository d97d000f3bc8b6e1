#pragma once
#include <cstddef>

#include "core/simulation/session_plan.hpp"
#include "core/solver/insertion_cycle.hpp"
#include "core/solver/optics_cycle.hpp"

namespace dermaflux {

/// Where a run keeps what an ensemble does not: fields at the moments and a trace of the insertion. Empty views record nothing.
struct Recorder {
  FieldView<double> pools;       ///< moment x pool x cell [kg/m^3]
  FieldView<double> insertion;   ///< suspended, captured, carrier, fluid, pressure per cell when the first contact ends
  FieldView<double> trace;       ///< of the first contact, rows of TraceStep::columns values
  FieldView<double> trace_rows;  ///< number of steps seen, one value; those beyond the rows of `trace` are lost
};

/// Dwell times that share one insertion: a longer contact passes through all shorter ones.
struct Branches {
  int count;
  int strokes[max_branches];  ///< increasing
};

/// A member whose ledger is off by more than this share of the pigment drawn has failed [-].
inline constexpr double ledger_limit = 1e-10;

/// Everything one member needs, by value: problems on views of its own memory, and the plan.
struct TreatmentCase {
  InsertionProblem insertion;
  HealingProblem healing;
  OpticsProblem optics;
  InsertionCheckpoint checkpoint;
  SessionPlan sessions;
  SessionFields laid;          ///< what the newest session lays down; empty with one session
  FieldView<double> progress;  ///< a Progress
  FieldView<double> look;      ///< four values
  Branches branches;
  double depth_limit;  ///< pigment below it is reported as a share [m]
  int moment_count;
  double moments[max_moments];  ///< increasing [s]
  Look looks[max_moments];      ///< how much of the dot is looked at then
  int colour_moment[2];         ///< positions of the moments at which colour is computed
  double stop_time;             ///< healing stops after the first step that reaches it [s]
  Recorder recorder;
};

/// Copies the pools of one moment.
struct RecordPoolsStep {
  Recorder recorder;
  AxisymmetricGrid grid;
  PoolFields pools;
  int moment;
  DF_FUNCTION void operator()(int i, int j) const {
    const int k = grid.cell(i, j);
    const std::ptrdiff_t cells = grid.cell_count();
    double* at = recorder.pools.data + moment * 5 * cells + k;
    at[0] = pools.free(k);
    at[cells] = pools.matrix(k);
    at[2 * cells] = pools.macrophage(k);
    at[3 * cells] = pools.slow(k);
    at[4 * cells] = pools.epidermal(k);
  }
};

/// Copies the tissue as the insertion leaves it.
struct RecordInsertionStep {
  Recorder recorder;
  InsertionProblem insertion;
  DF_FUNCTION void operator()(int i, int j) const {
    const int k = insertion.grid.cell(i, j);
    const std::ptrdiff_t cells = insertion.grid.cell_count();
    double* at = recorder.insertion.data + k;
    at[0] = insertion.tissue.pigment.total(k);
    at[cells] = insertion.tissue.captured.total(k);
    at[2 * cells] = insertion.tissue.carrier(k);
    at[3 * cells] = insertion.tissue.fluid(k);
    at[4 * cells] = insertion.tissue.pressure(k);
  }
};

}  // namespace dermaflux
