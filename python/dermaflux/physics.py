"""Single laws of the model for notebooks and tests: numbers in, numbers out, computed by the solver of the treatments."""

from collections.abc import Sequence

import numpy as np

from . import _core

CELL_COLUMNS = ("free", "matrix", "macrophage", "slow", "lymph", "exuded", "photolysed")


def heal_cell(
    pools: Sequence[float],
    days: Sequence[float],
    *,
    tolerance: float = 1e-6,
    largest_step_day: float = 60.0,
    **numbers: float,
) -> dict[str, np.ndarray]:
    """Pigment in one piece of dermis that exchanges nothing with its neighbours, healed by the steps of a treatment.

    The equations are those of every cell of a run (`core/physics/kinetics.hpp`), F free, G matrix, M macrophage, B slow:

        F' = r G - (u + l + x) F          u = k n/n0 (1 - M/(n m_cap))+
        G' = -r G                         n = n0 (1 + (peak - 1) w R(t)) (macrophages; R rises and decays to at most 1)
        M' = u F + s B - (d + m + t) M
        B' = t M - (s + b) B              and -p of every pool by light

    Parameters
    ----------
    pools: free, matrix, macrophage and slow pigment at the start, each from 0 on [kg/m^3].
    days: increasing times to look at [day].
    tolerance: local error of a step [kg/m^3].
    largest_step_day: longest step [day]; with a large tolerance the steps are equal.
    numbers: rates [1/day]: uptake_per_day (k), free_lymph_per_day (l, times lymph_factor [-]), open_track_loss_per_day (x at day 0,
        decaying with pore_closure_day [day]), matrix_release_per_day (r), cell_death_loss_per_day (d), migration_per_day (m, below
        migration_load [-] until migration_window_day [day]), fibroblast_transfer_per_day (t), slow_return_per_day (s),
        slow_loss_per_day (b), photolysis_per_day (p); all 0 unless given. Cells: macrophage_density_per_mm3 (n0, 1e4),
        macrophage_capacity_ng (m_cap, 1.1), recruitment_factor (peak, 1: none), recruitment_rise_day (2), recruitment_decay_day
        (7), wound (w, 1). One-time depletion: depletion_day (0: none), depletion_share (1), macrophage_return_day (14),
        released_lymph_factor (1).

    Returns
    -------
    The pools and what was lost to `lymph`, `exuded` and `photolysed` until then, by name, shape (days,) each [kg/m^3].

    Raises
    ------
    InputError: an unknown name, a number below 0 or not finite, or times that do not increase.

    Examples
    --------
    >>> import dermaflux as df
    >>> kept = df.heal_cell([1.0, 0.0, 0.0, 0.0], [10.0], free_lymph_per_day=0.1)["free"][0]
    >>> round(float(kept), 3)  # e^-1
    0.368
    """
    found = _core.heal_cell(list(map(float, pools)), list(map(float, days)), numbers, tolerance, largest_step_day)
    return {name: found[:, n] for n, name in enumerate(CELL_COLUMNS)}
