"""What the outcome of a calibration hangs on at its best setting: Sobol indices, from the draws at hand or from more runs."""

import warnings
from collections.abc import Mapping

import numpy as np
import xarray as xr
from SALib.analyze import rbd_fast

from . import _core
from .criteria import worth
from .draws import from_range
from .running import Member
from .search import Search, collect
from .sensitivity import CONFIDENCE, SEED, check_samples, complete, sobol, unit_points
from .treatment import Treatment

RIGHT = "right"  # what a dot is worth
OUTCOMES = (RIGHT, "contrast_1y")
FEWEST = 16  # draws that first-order indices are taken from
_RESAMPLES = 60  # which knows the width of an interval to a tenth


def from_draws(draws: Mapping[str, np.ndarray], outcomes: Mapping[str, np.ndarray], seed: int = SEED) -> xr.Dataset | None:
    """First-order Sobol indices from draws that are there already, dims (output, parameter): each key's draws put in order, the outcome
    is a wave whose low harmonics are what the key explains alone (RBD-FAST), less its bias.

    With few draws of many keys an index is known to 0.2 or so; half the width of the 95 % interval is from resampling, which repeats
    draws, so that it is on the wide side. Where keys are correlated an index holds what they explain together. None where fewer than
    16 draws gave numbers or an outcome does not vary in any. Sources: Tarantola, Gatelli & Mara 2006, Reliab. Eng. Syst. Saf. 91;
    Tissot & Prieur 2012, ibid. 107; Herman & Usher 2017, J. Open Source Softw. 2 (SALib).

    Parameters
    ----------
    draws: uncertain keys by name, shape (draw,).   outcomes: by name, shape (draw,), NaN where there is none.
    seed: of the resampling, positive.
    """
    names = list(draws)
    problem = {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)}
    columns = np.column_stack(list(draws.values()))
    found = {}
    for name, values in outcomes.items():
        good = np.isfinite(values)
        if good.sum() < FEWEST or np.ptp(values[good]) <= 1e-12 * abs(values[good]).max():
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # resamples in which an outcome does not vary
            one = rbd_fast.analyze(
                problem, columns[good], values[good], M=min(int(good.sum()) // 6, 10), num_resamples=_RESAMPLES, conf_level=CONFIDENCE, seed=seed
            )  # fmt: skip
        found[name] = {"first_order": np.asarray(one["S1"]), "first_order_interval": np.asarray(one["S1_conf"])}
    return _dataset(names, found, {"draws": len(columns), "design": "draws of the calibration (RBD-FAST)"}) if found else None


def check_design(file: _core.CalibrationFile, samples: int) -> None:
    """Raises InputError for a number of base points that cannot be, or keys that are not independent."""
    check_samples(samples)
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
