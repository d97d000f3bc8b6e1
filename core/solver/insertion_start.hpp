#pragma once
#include "core/solver/tissue_steps.hpp"

namespace dermaflux {

/// Tissue at rest, torn where sessions before left it so; the memory of the insertion is zero before.
struct StartTissueStep {
  InsertionProblem p;
  DF_FUNCTION void operator()(int i, int j) const {
    const int k = p.grid.cell(i, j);
    p.tissue.fluid(k) = p.rows.porosity(j);
    p.tissue.pressure(k) = p.params.rest_pressure;
    p.scratch.damage(k) = 1.0 + p.tissue.torn(k);
  }
};

/// A full drop stands on the skin.
struct FillDropStep {
  InsertionProblem p;
  DF_FUNCTION void operator()() const {
    p.account(RimAccount::drop_volume) = p.params.drop_volume;
    p.account(RimAccount::drop_carrier) = p.params.drop_volume;
    for (int n = 0; n < p.params.classes; ++n)
      p.account(RimAccount::drop_pigment + n) = p.params.drop_volume * (p.params.pigment[n].share * p.params.ink_concentration);
  }
};

/// The contact is over: what is left of the drop is wiped off the skin.
struct WipeDropStep {
  InsertionProblem p;
  DF_FUNCTION void operator()() const {
    p.account(RimAccount::drop_volume) = p.account(RimAccount::drop_carrier) = 0.0;
    for (int n = 0; n < p.params.classes; ++n) p.account(RimAccount::drop_pigment + n) = 0.0;
  }
};

/// Copies a block of memory, seen as `width` values per index i.
struct CopyStep {
  FieldView<const double> from;
  FieldView<double> to;
  int width;
  DF_FUNCTION void operator()(int i, int j) const {
    const int k = i * width + j;
    if (k < to.size) to(k) = from(k);
  }
};

/// A copy of the insertion's state between two strokes. Everything else in the problem is found again from it.
struct InsertionCheckpoint {
  FieldView<double> state, copy;  ///< of equal size; `state` covers tissue with its pore fluid, track and account
  FieldView<double> own;          ///< all memory of the insertion but what sessions before left
  static constexpr int width = 1024;

  DF_CALLER_DECIDES
  template <class Executor>
  DF_FUNCTION void save(const Executor& executor) const {
    executor.cells((state.size + width - 1) / width, width, CopyStep{state, copy, width});
  }
  DF_CALLER_DECIDES
  template <class Executor>
  DF_FUNCTION void restore(const Executor& executor, const InsertionProblem& p) const {
    executor.cells((state.size + width - 1) / width, width, CopyStep{copy, state, width});
    executor.cells(p.grid.n_r, p.grid.n_z, DamageStep{p});
  }
};

}  // namespace dermaflux
