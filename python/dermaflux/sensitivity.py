"""Sensitivity: how much of the spread of an outcome each uncertain input causes, alone and together with the others.

Sobol indices by Saltelli's design (SALib). Inputs are drawn as a calibration draws them, from the ranges of their files. Members
run as those of a sweep do: they survive being killed, and one that fails does not stop the others.
"""

import difflib
import hashlib
import math
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import rfc8785
import xarray as xr
from SALib.analyze import sobol as sobol_indices
from SALib.sample import sobol as sobol_design

from . import _core, provenance
from .draws import from_range
from .entries import Entries
from .journal import OfOutputs
from .result import OUTPUTS
from .running import Member
from .study import Manner, run_study
from .treatment import Treatment, unit_of

# The weakest inputs (how the tip goes in, what the dermis lets through, what the ink is) and those of healing and fading.
DEFAULT_PARAMETERS = (
    "skin.fracture_toughness_kj_m2", "skin.layer.reticular_dermis.permeability_m2", "skin.recoil_time_ms", "ink.carrier_viscosity_mpa_s",
    "skin.macrophage_density_per_mm3", "skin.uptake_per_day", "skin.lymph_clearance_per_day", "skin.open_track_loss_per_day",
    "skin.macrophage_half_life_day", "skin.recapture_fraction", "skin.fibroblast_transfer_per_day", "skin.hop_length_um",
    "skin.deepening_um_per_year", "skin.cluster_end_um", "skin.cluster_growth_year",
)  # fmt: skip
ANALYSED = ("contrast_1y", "contrast_3y", "fwhm_mm_1y", "retained_fraction_day42")
CONFIDENCE = 0.95
SEED = 20261121
_RESAMPLES = 500
_FEWEST, _MOST = 8, 65536
_LARGEST = 1_000_000
_STEADY = 1e-12  # a spread below this share of the mean is rounding


@dataclass(frozen=True)
class SensitivityPlan(OfOutputs):
    """What a sensitivity analysis will run: `samples` base points, each with one member per parameter and two more."""

    treatment: Treatment
    parameters: tuple[str, ...]
    samples: int
    grid: str
    seed: int = SEED

    @property
    def title(self) -> str:
        return f"sensitivity of {self.treatment.title or 'a treatment'}"

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.samples * (len(self.parameters) + 2),)

    @property
    def members(self) -> list[tuple[int, ...]]:
        """All of them, by number."""
        return [(n,) for n in range(self.shape[0])]

    @property
    def insertions(self) -> int:
        """One per member."""
        return self.shape[0]

    @property
    def sha256(self) -> str:
        """Hash of everything that decides the members: input, parameters, samples, seed, grid, program."""
        content = {
            "sensitivity": [*self.parameters], "samples": self.samples, "seed": self.seed, "grid": self.grid, "program": provenance.build(),
            "input": provenance.input_sha256(self.treatment.resolved()),
        }  # fmt: skip
        return hashlib.sha256(rfc8785.dumps(content)).hexdigest()

    def draws(self) -> dict[str, np.ndarray]:
        """Values of each parameter, shape (members,): blocks of one base point, of it with one parameter exchanged each, and of the
        other base point. Scrambled Sobol points on the unit cube, put on the ranges by :func:`dermaflux.draws.from_range`."""
        unit = unit_points(len(self.parameters), self.samples, self.seed)
        values = self.treatment.values_with_source
        return {key: from_range(values[key], unit[:, n]) for n, key in enumerate(self.parameters)}


def unit_points(parameters: int, samples: int, seed: int) -> np.ndarray:
    """Saltelli's design on the unit cube from scrambled Sobol points, shape (samples (parameters + 2), parameters) [-]."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SALib asks scipy for its points under an older name
        return sobol_design.sample(_problem([str(n) for n in range(parameters)]), samples, calc_second_order=False, seed=seed)


def _problem(names: Sequence[str]) -> dict[str, object]:
    return {"num_vars": len(names), "names": list(names), "bounds": [[0.0, 1.0]] * len(names)}


def sobol(names: Sequence[str], outcome: np.ndarray, seed: int = SEED) -> dict[str, np.ndarray]:
    """Sobol indices of an outcome of Saltelli's design.

    Parameters
    ----------
    names: of the parameters.
    outcome: shape (N (D + 2),), in the order of :meth:`SensitivityPlan.draws`.
    seed: of the bootstrap, positive.

    Returns
    -------
    `first_order` and `total`, shape (D,) [-], each with the half width of its 95 % interval (`..._interval`), from resampling the base
    points. NaN where the outcome does not vary. Sources: Saltelli et al. 2010, Comput. Phys. Commun. 181 (estimators); Herman & Usher
    2017, J. Open Source Softw. 2 (SALib).
    """
    fields = ("first_order", "first_order_interval", "total", "total_interval")
    if np.std(outcome) <= _STEADY * abs(np.mean(outcome)):
        return {field: np.full(len(names), np.nan) for field in fields}
    found = sobol_indices.analyze(
        _problem(names), np.asarray(outcome, dtype=float), calc_second_order=False, num_resamples=_RESAMPLES, conf_level=CONFIDENCE, seed=seed
    )
    return {field: np.asarray(found[name]) for field, name in zip(fields, ("S1", "S1_conf", "ST", "ST_conf"), strict=True)}


def check_samples(samples: int) -> None:
    """Raises InputError for a number of base points that is out of range or no power of two."""
    if not (_FEWEST <= samples <= _MOST and samples & (samples - 1) == 0):
        near = 2 ** round(math.log2(min(max(samples, _FEWEST), _MOST)))
        raise _core.InputError(f"samples = {samples} is not a power of two from {_FEWEST} to {_MOST} (Sobol points are balanced only then); write {near}")


def plan_sensitivity(
    treatment: Treatment, *, parameters: Sequence[str] = DEFAULT_PARAMETERS, samples: int = 64, grid: str = "quick", seed: int = SEED
) -> SensitivityPlan:
    """Checks what a sensitivity analysis is asked for.

    Raises
    ------
    InputError: samples that are no power of two or out of range, an unknown parameter, one twice, one without a range to draw from or
        whose value lies outside it, an unknown grid, too many members.
    """
    check_samples(samples)
    if seed < 1:
        raise _core.InputError(f"seed = {seed} is out of range; write a whole number from 1")
    if grid not in ("quick", "standard", "fine", "finest"):
        raise _core.InputError(f'grid = "{grid}" is unknown; use quick, standard, fine or finest')
    if len(parameters) < 2:
        raise _core.InputError("parameters names fewer than two keys; name those whose shares are to be told apart")
    for key in parameters:
        _check_parameter(treatment, key, parameters)
    if samples * (len(parameters) + 2) > _LARGEST:
        raise _core.InputError(f"{samples} samples of {len(parameters)} parameters are more than {_LARGEST} members; take fewer of either")
    return SensitivityPlan(treatment, tuple(parameters), samples, grid, seed)


def _check_parameter(treatment: Treatment, key: str, parameters: Sequence[str]) -> None:
    values = treatment.values_with_source
    if key not in values:
        near = difflib.get_close_matches(key, [name for name, known in values.items() if known.range], 1)
        hint = f"did you mean {near[0]}?" if near else "`dermaflux info --keys` lists all keys"
        raise _core.InputError(f"parameters names {key}, which is no key of this treatment; {hint}")
    if list(parameters).count(key) > 1:
        raise _core.InputError(f"parameters names {key} twice; name it once")
    known = values[key]
    if not isinstance(known.value, float) or known.range is None:
        raise _core.InputError(f"parameters names {key}, which has no range to draw from; give it one in its file, or leave it out")
    low, high = known.range
    if low <= 0.0 or high <= low:
        raise _core.InputError(f"parameters names {key}, whose range {low:g} to {high:g} is empty or reaches zero (draws are log-normal); raise its lower end")
    if not low <= known.value <= high:
        raise _core.InputError(f"parameters names {key}, whose value {known.value:g} lies outside its range {low:g} to {high:g}; leave it out, or change the value")


def complete(columns: Mapping[str, np.ndarray], samples: int) -> np.ndarray:
    """Base points all of whose members gave numbers, shape (samples,)."""
    return np.isfinite(list(columns.values())).all(axis=0).reshape(samples, -1).all(axis=1)


def _dataset(plan: SensitivityPlan, done: Entries) -> xr.Dataset:
    """Members, the parameters they took, and the indices."""
    columns, errors = {name: done.column(name) for name in OUTPUTS}, done.errors()
    kept = complete({name: columns[name] for name in ANALYSED}, plan.samples)
    if kept.sum() < _FEWEST:
        first = next((text for text in errors if text), "no outcome is a number")
        raise _core.NumericsError(
            f"only {kept.sum()} of {plan.samples} base points are complete, fewer than {_FEWEST}; the first failure: {first}"
        )
    data: dict[str, tuple] = {}
    found = [sobol(plan.parameters, columns[name].reshape(plan.samples, -1)[kept].ravel(), plan.seed) for name in ANALYSED]
    for name, meaning in _MEANINGS.items():
        data[name] = (("output", "parameter"), np.array([one[name] for one in found]), {"units": "1", "long_name": meaning})
    data["base_point_kept"] = (("base_point",), kept.astype("i1"), {"units": "1", "long_name": "1 where all members of the base point gave numbers"})
    values = plan.treatment.values_with_source
    for key, drawn in plan.draws().items():
        attributes = {"units": unit_of(key), "long_name": f"drawn values of {key}", "key": key, "value": values[key].value, "range": list(values[key].range)}
        data[key.replace(".", "_")] = (("member",), drawn, attributes | {"source": values[key].source})
    for name, column in columns.items():
        data[name] = (("member",), column, {"units": OUTPUTS[name]["unit"] or "1", "long_name": OUTPUTS[name]["meaning"]})
    data["error"] = (("member",), errors, {"long_name": "why the member failed, empty if it did not"})
    coordinates = {
        "output": ("output", list(ANALYSED), {"long_name": "outcome whose spread is shared out"}),
        "parameter": ("parameter", list(plan.parameters), {"long_name": "key that varies"}),
    }
    attributes = {
        "Conventions": "CF-1.11", "dermaflux_format": "1.0", "title": plan.title, "grid": plan.grid, "sweep_sha256": plan.sha256,
        "samples": plan.samples, "samples_kept": int(kept.sum()), "seed": plan.seed, "confidence": CONFIDENCE, "resamples": _RESAMPLES,
        "design": "Saltelli, scrambled Sobol points, first order and total", "failed_members": int((errors != "").sum()),
        "fell_back_members": int(np.nansum(done.column("fell_back"))),
        "input_sha256": provenance.input_sha256(plan.treatment.resolved()), "resolved_json": plan.treatment._document.json(),
    }  # fmt: skip
    return xr.Dataset(data, coords=coordinates, attrs=attributes | {f"provenance_{k}": v for k, v in provenance.program().items()})


_MEANINGS = {
    "first_order": "share of the variance that the parameter causes alone",
    "first_order_interval": "half width of the 95 % interval of first_order",
    "total": "share of the variance that the parameter causes alone or together with others",
    "total_interval": "half width of the 95 % interval of total",
}


def sensitivity(plan: SensitivityPlan, out: str | os.PathLike[str], *, backend: str = "auto", progress: bool = False) -> xr.Dataset:
    """Runs a sensitivity analysis, or what is left of it, and writes it as HDF5 (netCDF4).

    A base point of which a member fails, or gives an outcome that is no number, is left out with all its members: the indices then
    speak of the inputs that can be computed. How many were kept stands in the attribute `samples_kept`.

    Parameters
    ----------
    plan: from :func:`plan_sensitivity`.
    out: output file; `out.journal` beside it holds finished members until all are there.

    Returns
    -------
    Indices with dims (output, parameter), drawn parameters and all outputs with dim (member).

    Raises
    ------
    InputError: `out` or its journal holds something else. NumericsError: fewer than 8 base points are left. FileError: `out` cannot be
    written. KeyboardInterrupt: Ctrl-C; finished members stay in the journal.
    """
    draws = plan.draws()

    def groups(missing: set[tuple[int, ...]]) -> Iterator[tuple[Member, list[tuple[int, ...]]]]:
        for index in sorted(missing):
            yield Member(plan.treatment, {key: float(column[index]) for key, column in draws.items()}), [index]

    return run_study(plan, out, groups, lambda done: _dataset(plan, done), Manner(backend, plan.grid, progress))
