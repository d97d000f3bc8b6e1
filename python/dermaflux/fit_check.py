"""Simulation-based calibration of a fit: whether its intervals hold the truth as often as they say, on data of known truth.

Source: Talts et al. 2018, arXiv 1804.06788.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from . import _core
from .draws import from_range
from .emulator import emulate
from .fitting import FitPlan, covariance, whole_runs
from .inference import sample_posterior
from .observed import doubt
from .progress import progress_bar
from .running import Member, MemberError, run_batch

_TRUTHS = 1  # beside the seed of a fit: another stream


@dataclass(frozen=True)
class Coverage:
    """What came of synthetic data sets.

    Attributes
    ----------
    held: whether the 90 % interval of each key held the truth, shape (sets, keys).
    ranks: share of the samples below the truth, shape (sets, keys); even over 0 to 1 if all is well.
    width: posterior over prior width, mean over the sets, shape (keys,).
    times: steps over the autocorrelation time, the least of all sets.
    """

    keys: tuple[str, ...]
    held: np.ndarray
    ranks: np.ndarray
    width: np.ndarray
    times: float


def interval_coverage(plan: FitPlan, sets: int, *, backend: str = "auto", progress: bool = False) -> Coverage:
    """Fits synthetic data of known truth: truths are drawn from the priors and run through the engine (not the emulator), noise is added
    with the standard deviations of the fit's observations, and each set is fitted as the fit would fit it. What was measured is not used.

    Raises
    ------
    NumericsError: no engine run, or chains too short.
    """
    random = np.random.default_rng([plan.file.seed, _TRUTHS])
    known = plan.file.base.values
    truth = {key: from_range(known[key], random.random(sets)) for key in plan.prior.keys}
    given, doubts, places = _ask(plan, plan.draws(), backend, progress)
    true_given, _, true_places = _ask(plan, truth, backend, progress)
    ranks, widths, times = [], [], []
    with threadpool_limits(1, "blas"), progress_bar("fits", len(true_given), quiet=not progress) as show:
        emulator = emulate(places, given)
        spread = covariance(plan.seen, emulator, doubts)
        own = np.array([one.sd for one in plan.seen])
        for n, exact in enumerate(true_given):
            measured = exact + own * random.standard_normal(len(own))
            chain = sample_posterior(plan.prior, emulator, measured, spread, walkers=plan.file.walkers, steps=plan.file.steps, seed=plan.file.seed + n)
            ranks.append(np.mean(chain.samples < true_places[n], axis=0))
            widths.append(chain.samples.std(axis=0))
            times.append(chain.steps / chain.time)
            show(n + 1)
    share = np.array(ranks)
    return Coverage(plan.prior.keys, (share >= 0.05) & (share <= 0.95), share, np.mean(widths, axis=0) / plan.prior.width, min(times))


def _ask(plan: FitPlan, draws: Mapping[str, np.ndarray], backend: str, progress: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What the engine gives for some draws, what interpolation adds, and their coordinates; those that fail are left out."""
    columns = np.column_stack(list(draws.values()))
    members = [Member(plan.treatment, dict(zip(draws, map(float, row), strict=True))) for row in columns]
    found: dict[int, dict[str, float]] = {}
    with progress_bar("engine", len(members), quiet=not progress) as show:

        def keep(n: int, outcome: list[dict[str, float]] | MemberError) -> None:
            if not isinstance(outcome, MemberError):
                found[n] = outcome[0]
            show(len(found))

        (whole_runs(plan.seen) if plan.whole_runs else run_batch)(members, backend=backend, grid=plan.file.grid, done=keep, whole=len(members))
    rows = [(n, [row[one.name] for one in plan.seen], [row.get(doubt(one.name), 0.0) for one in plan.seen]) for n, row in sorted(found.items())]
    rows = [row for row in rows if np.isfinite(row[1]).all()]
    if not rows:
        raise _core.NumericsError(f"none of {len(members)} runs gave what is observed")
    places, given, doubts = zip(*rows, strict=True)
    return np.array(given), np.array(doubts), plan.prior.coordinates(columns[list(places)])
