#pragma once
#include <cstddef>

#include "core/simulation/outcome.hpp"
#include "core/solver/healing_cycle.hpp"
#include "core/solver/insertion_cycle.hpp"
#include "core/solver/optics_cycle.hpp"

namespace dermaflux {

/// Where a run keeps what an ensemble does not: fields at the moments and a trace of the insertion. Empty views record nothing.
struct Recorder {
  FieldView<double> pools;       ///< moment x pool x cell [kg/m^3]
  FieldView<double> insertion;   ///< suspended, captured, carrier, fluid, pressure per cell when the contact ends
  FieldView<double> trace;       ///< rows of TraceStep::columns values
  FieldView<double> trace_rows;  ///< number of steps seen, one value; those beyond the rows of `trace` are lost
  FieldView<double> view;        ///< reflectance seen: moment x band x (optical ring, then skin without a dot) [-]
  FieldView<double> aside;       ///< escape probability while bands are viewed for the record only [-]

  /// The part of `view` that belongs to one moment; empty if nothing is recorded.
  DF_FUNCTION FieldView<double> view_of(int moment, int rings) const {
    const int length = band_count * (rings + 1);
    return view.size > 0 ? FieldView<double>{view.data + moment * length, length, 0} : FieldView<double>{};
  }
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
  FieldView<double> look;  ///< four values
  Branches branches;
  double depth_limit;  ///< pigment below it is reported as a share [m]
  int moment_count;
  double moments[max_moments];  ///< increasing [s]
  int colour_moment[2];         ///< positions of the moments at which colour is computed
  Recorder recorder;
};

/// The optical problem has no spine, and skin without absorption lets every photon out.
struct StartOpticsStep {
  OpticsProblem o;
  DF_FUNCTION void operator()(int i, int j) const {
    o.escape(o.grid.cell(i, j)) = 1.0;
    if (i == 0) o.system.compliance(j) = -1.0;
  }
};

/// Copies the pools of one moment.
struct RecordPoolsStep {
  TreatmentCase c;
  PoolFields pools;
  int moment;
  DF_FUNCTION void operator()(int i, int j) const {
    const int k = c.healing.grid.cell(i, j);
    const std::ptrdiff_t cells = c.healing.grid.cell_count();
    double* at = c.recorder.pools.data + moment * 5 * cells + k;
    at[0] = pools.free(k);
    at[cells] = pools.matrix(k);
    at[2 * cells] = pools.macrophage(k);
    at[3 * cells] = pools.slow(k);
    at[4 * cells] = pools.epidermal(k);
  }
};

/// Copies the tissue as the insertion leaves it.
struct RecordInsertionStep {
  TreatmentCase c;
  DF_FUNCTION void operator()(int i, int j) const {
    const int k = c.healing.grid.cell(i, j);
    const std::ptrdiff_t cells = c.healing.grid.cell_count();
    double* at = c.recorder.insertion.data + k;
    at[0] = c.insertion.tissue.pigment.total(k);
    at[cells] = c.insertion.tissue.captured.total(k);
    at[2 * cells] = c.insertion.tissue.carrier(k);
    at[3 * cells] = c.insertion.tissue.fluid(k);
    at[4 * cells] = c.insertion.tissue.pressure(k);
  }
};

/// Relaxation, healing, fading and the look of one branch, from the insertion as it stands.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION void finish_branch(const Executor& executor, TreatmentCase& c, InsertionTally tally, int strokes, Outcome& out) {
  const InsertionProblem& insertion = c.insertion;
  HealingProblem healing = c.healing;
  const double prongs = healing.params.prongs;
  // Light is solved from the last look; a branch must not see the looks of the one before.
  executor.cells(c.optics.grid.n_r, c.optics.grid.n_z, StartOpticsStep{c.optics});
  if (insertion.params.tip_depth > 0.0) {
    executor.single(WipeDropStep{insertion});
    relax(executor, insertion, tally);
  }
  if (c.recorder.insertion.size > 0) executor.cells(insertion.grid.n_r, insertion.grid.n_z, RecordInsertionStep{c});

  const auto account = [&](int n) { return prongs * executor.read(insertion.account, n); };
  out.strokes = strokes;
  out.failed_at = tally.failed ? tally.time : 0.0;
  out.contact_time = strokes / insertion.params.frequency;
  out.drawn_volume = account(RimAccount::drawn_volume);
  out.back_volume = account(RimAccount::back_volume);
  out.exuded_volume = account(RimAccount::exuded_volume);
  out.drawn_pigment = account(RimAccount::drawn_pigment);
  out.back_pigment = account(RimAccount::back_pigment);
  out.exuded_pigment = account(RimAccount::exuded_pigment);
  out.peak_pressure = executor.read(insertion.account, RimAccount::peak_pressure);
  out.retained_volume = account(RimAccount::drawn_volume) - account(RimAccount::back_volume) - account(RimAccount::exuded_volume);
  out.steps = tally.steps;
  out.iterations = tally.iterations;
  out.substeps = tally.substeps;
  out.rejected = tally.rejected;

  executor.rows(insertion.grid.n_z, CrackedVolumeStep{insertion});
  executor.single(SumStep{insertion.system.partial, insertion.system.scalars});
  out.fractured_volume = prongs * executor.read(insertion.system.scalars, scalar_sum);
  lay_down(executor, insertion, healing);
  HealingTally clock;
  const double drawn = account(RimAccount::drawn_pigment);
  const double delivered = drawn - account(RimAccount::back_pigment) - account(RimAccount::exuded_pigment);
  double imbalance = 0.0;
  bool finite = true;
  out.moment_count = c.moment_count;
  for (int m = 0; m < c.moment_count; ++m) {
    heal_until(executor, healing, c.moments[m], clock);
    measure(executor, healing, c.depth_limit);
    MomentOutcome& moment = out.moments[m];
    const auto sum = [&](int n) { return executor.read(healing.moments, n); };
    double held = 0.0;
    moment.time = c.moments[m];
    for (int n = 0; n < 5; ++n) {
      const double pool = sum(Moment::free + n);
      moment.pools[n] = pool;
      held += pool;
    }
    for (int n = 0; n < HealingAccount::count; ++n) {
      const double lost = executor.read(healing.account, n);
      moment.losses[n] = lost;
      held += lost;
    }
    moment.depth_mean = sum(Moment::depth_mean);
    moment.depth_p10 = sum(Moment::depth_p10);
    moment.depth_p90 = sum(Moment::depth_p90);
    moment.radius_mean = sum(Moment::radius_mean);
    moment.below_limit = sum(Moment::below_limit);
    if (m == 0) {
      const double total = sum(Moment::total), above = sum(Moment::epidermal);
      out.deposited = total;
      out.epidermal_share = total > 0.0 ? above / total : 0.0;
      out.below_dermis = sum(Moment::below_dermis);
      out.radius_in_skin = sum(Moment::radius_above_interface);
      out.radius_in_fat = sum(Moment::radius_below_interface);
    }
    if (drawn > 0.0) imbalance = larger(imbalance, std::fabs(held - delivered) / drawn);
    finite = finite && held >= 0.0 && held < 1.0;
    const int colour = m == c.colour_moment[0] ? 0 : (m == c.colour_moment[1] ? 1 : -1);
    const FieldView<double> view = c.recorder.view_of(m, c.optics.grid.n_r);
    const Appearance seen = look(executor, c.optics, healing.pools, healing.grid, moment.time, colour >= 0, c.look, view);
    if (view.size > 0 && colour < 0) view_other_bands(executor, c.optics, moment.time, c.look, view, c.recorder.aside);
    moment.contrast = seen.contrast;
    moment.fwhm = seen.fwhm;
    moment.erythema = seen.erythema;
    moment.oedema = seen.oedema;
    moment.haematoma = seen.haematoma;
    for (int n = 0; colour >= 0 && n < band_count; ++n) {
      out.colour[colour].skin[n] = seen.skin[n];
      out.colour[colour].dot[n] = seen.dot[n];
    }
    if (c.recorder.pools.size > 0) executor.cells(healing.grid.n_r, healing.grid.n_z, RecordPoolsStep{c, healing.pools, m});
  }
  out.healing_steps = clock.steps;
  out.imbalance = imbalance;
  out.status = tally.failed ? Status::step_too_small
                            : (!finite ? Status::not_finite : (imbalance < ledger_limit ? Status::ok : Status::ledger_open));
}

/// One treatment from the first stroke to the last year, for every dwell time of its branches: the same program on every
/// executor. The contact is run once; at each branch its state is set aside, the branch is finished, and the contact goes on.
DF_CALLER_DECIDES
template <class Executor>
DF_FUNCTION void run_treatment(const Executor& executor, TreatmentCase& c, Outcome* outcomes) {
  executor.cells(c.insertion.grid.n_r, c.insertion.grid.n_z, StartTissueStep{c.insertion});
  executor.single(FillDropStep{c.insertion});
  InsertionTally tally;
  for (int b = 0; b < c.branches.count; ++b) {
    run_strokes(executor, c.insertion, b > 0 ? c.branches.strokes[b - 1] : 0, c.branches.strokes[b],
                InsertionTrace{c.recorder.trace, c.recorder.trace_rows}, tally);
    const bool more = b + 1 < c.branches.count;
    if (more) c.checkpoint.save(executor);
    finish_branch(executor, c, tally, c.branches.strokes[b], outcomes[b]);
    if (more) c.checkpoint.restore(executor, c.insertion);
  }
}

}  // namespace dermaflux
