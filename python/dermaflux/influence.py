"""What the outcome of a calibration hangs on at its best setting: Sobol indices, from the draws at hand or from more runs."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from numpy.polynomial.legendre import legvander
from scipy import stats

from . import _core
from .criteria import worth
from .draws import from_range
from .running import Member
from .search import Search, collect
from .sensitivity import SEED, check_samples, complete, sobol, unit_points
from .treatment import Treatment

RIGHT = "right"  # what a dot is worth
OUTCOMES = (RIGHT, "contrast_1y")
FEWEST = 16  # draws that first-order indices are taken from
_HALVES = 100


def from_draws(draws: Mapping[str, np.ndarray], outcomes: Mapping[str, np.ndarray], seed: int = SEED) -> xr.Dataset | None:
    """First-order Sobol indices from draws that are there already, dims (output, parameter): the share of the variance that a smooth
    function of the rank of a key explains, Legendre polynomials of as high a degree as the draws bear (a sixteenth of their number, 8
    at most), adjusted for the number of terms. What a key does more sharply than that is missed.

    Half the width of the 95 % interval is from halves of the draws (delete-half jackknife). Draws that are Sobol points are more even
    than it supposes: it is on the wide side, and small indices come out up to 0.05 too low with 32 draws. Where keys are correlated an
    index holds what they explain together. None where fewer than 16 draws gave numbers, or where nothing varies. Sources: Ezekiel 1930,
    Methods of Correlation Analysis (adjustment); Shao & Wu 1989, Ann. Statist. 17 (jackknife).

    Parameters
    ----------
    draws: uncertain keys by name, shape (draw,).   outcomes: by name, shape (draw,), NaN where there is none.
    seed: of the halves.
    """
    names, found = list(draws), {}
    lot = np.random.default_rng(seed)
    for name, values in outcomes.items():
        good = np.isfinite(values)
        count = int(good.sum())
        if count < FEWEST or np.ptp(values[good]) <= 1e-12 * abs(values[good]).max():
            continue
        degree = min(count // 16, 8)
        ranks = stats.rankdata(np.array([one[good] for one in draws.values()]), axis=1)
        terms = legvander(2.0 * (ranks - 0.5) / count - 1.0, degree)
        halves = [lot.permutation(count)[: count // 2] for _ in range(_HALVES)]
        spread = np.std([_explained(terms[:, half], values[good][half]) for half in halves], axis=0)
        found[name] = {"first_order": _explained(terms, values[good]), "first_order_interval": 1.96 * spread}
    size = len(next(iter(draws.values())))
    return _dataset(names, found, {"draws": size, "design": "draws of the calibration, polynomials of the rank"}) if found else None


def _explained(terms: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Share of the variance of an outcome, shape (draw,), that the terms of each key explain, shape (key, draw, term), adjusted for their
    number."""
    centred = values - values.mean()
    whole = centred @ centred
    if whole <= 0.0:
        return np.zeros(len(terms))
    left = np.array([np.sum((centred - one @ np.linalg.lstsq(one, centred, rcond=None)[0]) ** 2) for one in terms]) / whole
    return 1.0 - left * (len(values) - 1) / (len(values) - terms.shape[2])


def check_design(file: _core.CalibrationFile, samples: int, *, fitted: bool = False) -> None:
    """Raises InputError for a number of base points that cannot be, or keys that are not independent, as those of a posterior are not."""
    check_samples(samples)
    if fitted:
        raise _core.InputError(
            f"--sobol {samples}: keys of a posterior go together, and total indices share out the variance of independent keys only; "
            "leave out --sobol (the report has first-order indices from the draws) or --posterior"
        )
    if file.correlations:
        one = file.correlations[0]
        raise _core.InputError(
            f"--sobol {samples}: {one.first} and {one.second} are correlated, and total indices share out the variance of independent keys only; "
            "leave out --sobol (the report has first-order indices from the draws) or the [[correlation]]"
        )
    if len(file.uncertain) < 2:
        raise _core.InputError(f"--sobol {samples}: fewer than two keys are uncertain, so that there is nothing to tell apart; leave it out")


def by_design(search: Search, file: _core.CalibrationFile, best: Mapping[str, float], samples: int) -> xr.Dataset | None:
    """First-order and total Sobol indices at the best setting, dims (output, parameter), by Saltelli's design on the grid of the search:
    `samples` base points, each one member per uncertain key and two more. None where fewer than 8 base points are complete."""
    unit = unit_points(len(file.uncertain), samples, max(file.seed, 1))
    drawn = {key: from_range(file.base.values[key], unit[:, n]) for n, key in enumerate(file.uncertain)}
    treatment, setting = Treatment(file.base), {f"machine.{name}": value for name, value in best.items()}
    members = [Member(treatment, {key: float(values[k]) for key, values in drawn.items()} | setting) for k in range(len(unit))]
    outputs, _ = collect(search.counted("Sobol indices at the best setting", members, file.grid), (1, len(unit)), 1)
    outputs = {name: values.ravel() for name, values in outputs.items()}
    columns = {RIGHT: worth(outputs, file.criteria), "contrast_1y": outputs["contrast_1y"]}
    kept = complete(columns, samples)
    if kept.sum() < 8:
        return None
    found = {name: sobol(file.uncertain, values.reshape(samples, -1)[kept].ravel(), max(file.seed, 1)) for name, values in columns.items()}
    return _dataset(file.uncertain, found, {"draws": len(unit), "samples_kept": int(kept.sum()), "design": "Saltelli, scrambled Sobol points"})


def _dataset(names: list[str], found: Mapping[str, Mapping[str, np.ndarray]], facts: Mapping[str, object]) -> xr.Dataset:
    fields = next(iter(found.values()))
    data = {field: (("output", "parameter"), np.array([one[field] for one in found.values()]), {"units": "1"}) for field in fields}
    return xr.Dataset(data, coords={"output": list(found), "parameter": names}, attrs=dict(facts))


def strongest(found: xr.Dataset, most: int = 12) -> xr.Dataset:
    """The parameters that matter most in any outcome."""
    size = np.nan_to_num(found["total" if "total" in found else "first_order"].values).max(axis=0)
    return found.isel(parameter=np.sort(np.argsort(-size, kind="stable")[:most]))
