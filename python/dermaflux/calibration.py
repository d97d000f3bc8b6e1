"""Calibration: which depth and dwell time make the dot right most often, under what is not known of skin, ink and hand."""

import itertools
import math
import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import xarray as xr
from scipy import stats

from . import _core, provenance
from .preset import SCHEMA_VERSION, save_preset, seal
from .progress import progress_bar
from .result import OUTPUTS
from .running import Member, MemberError, run_batch
from .treatment import Treatment, Value, toml_text
from .writing import write_text

_NINETY = 1.6448536269514722  # standard normal: nine in ten lie within this many deviations
EXPECTED = (
    "d_tip_mm", "strokes", "insertion_force_n", "pigment_deposited_ng", "pigment_depth_mm", "share_epidermis", "retained_fraction_day42",
    "retained_fraction_1y", "contrast_day14", "contrast_1y", "contrast_3y", "fwhm_mm_day14", "fwhm_mm_1y", "delta_e_day14",
    "bleed_probability",
)  # fmt: skip


class PresetRefused(Exception):
    """No preset is issued for this client; the message says why."""


@dataclass
class Calibration:
    """Result of a calibration.

    Attributes
    ----------
    probability: that the dot is right, dims (depth_mm, dwell_ms).
    rules: the same for each criterion alone, dims (criterion, depth_mm, dwell_ms).
    outputs: outputs of every member, dims (depth_mm, dwell_ms, draw).
    best: depth and dwell time with the highest probability.
    on_edge: sides of the searched box that the best setting touches; the optimum may lie beyond them.
    decided: outputs of the best setting on the standard grid, dims (draw).
    """

    file: _core.CalibrationFile
    treatment: Treatment
    draws: dict[str, np.ndarray]
    outputs: xr.Dataset
    rules: xr.DataArray
    probability: xr.DataArray
    best: dict[str, float]
    tolerance: dict[str, tuple[float, float]]
    on_edge: list[str]
    decided: xr.Dataset
    decided_probability: float
    sensitivity: dict[str, float]
    adaptation: list[dict[str, object]]
    failed: int
    preset: dict[str, object] = field(default_factory=dict)


def from_range(known: _core.ConfigValue, unit: np.ndarray) -> np.ndarray:
    """Values of an uncertain key at shares of its probability [0 to 1], in the unit of the key: log-normal about the value, its
    width such that the range of its file would hold nine in ten, cut off at the ends of that range (no source supports what lies
    beyond). The lower end of the range must be positive."""
    low, high = known.range
    spread = math.log(high / low) / (2.0 * _NINETY)
    ends = stats.norm.cdf(np.log(np.array([low, high]) / known.value) / spread)
    normal = stats.norm.ppf(ends[0] + unit * (ends[1] - ends[0]))
    return np.clip(known.value * np.exp(spread * normal), low, high)


def draw_parameters(file: _core.CalibrationFile) -> dict[str, np.ndarray]:
    """Draws of the uncertain keys by :func:`from_range`, shape (draws,) each. One scrambled Sobol sequence, so that the same draws
    meet every setting."""
    sampler = stats.qmc.Sobol(len(file.uncertain), scramble=True, rng=np.random.default_rng(file.seed))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # balance of powers of two: wanted, not needed
        unit = sampler.random(file.draws)
    return {key: from_range(file.base.values[key], unit[:, n]) for n, key in enumerate(file.uncertain)}


def _right(values: xr.DataArray, rule: _core.Criterion) -> xr.DataArray:
    return (values >= rule.low) & (values <= rule.high)  # NaN, a failed member, is not right


def _margin(values: xr.DataArray, rule: _core.Criterion) -> xr.DataArray:
    """Distance to the nearer limit over the distance between the limits, or over the limit where there is one."""
    scale = rule.high - rule.low if math.isfinite(rule.high - rule.low) else abs(rule.high if math.isfinite(rule.high) else rule.low)
    nearest = np.minimum(values - rule.low, rule.high - values) / scale
    return nearest.clip(-1.0, 1.0)


def _run_counted(title: str, members: list[Member], backend: str, grid: str, progress: bool) -> list[list[dict[str, float]] | MemberError]:
    """Runs members under a bar that counts those that finished."""
    with progress_bar(title, len(members), quiet=not progress) as show:
        finished = itertools.count(1)
        return run_batch(members, backend=backend, grid=grid, done=lambda index, outcome: show(next(finished)))


def _collect(members: list[list[dict[str, float]] | MemberError], shape: tuple[int, int], branches: int) -> tuple[dict[str, np.ndarray], int]:
    """Outputs by name, shape (depth, draw, dwell)."""
    arrays = {name: np.full((*shape, branches), np.nan) for name in OUTPUTS}
    failed = 0
    for position, member in enumerate(members):
        at = np.unravel_index(position, shape)
        if isinstance(member, MemberError):
            failed += branches
            continue
        for b, outputs in enumerate(member):
            for name, value in outputs.items():
                arrays[name][(*at, b)] = value
    return arrays, failed


def _neighbours(axis: np.ndarray, position: int, accepted: np.ndarray) -> tuple[float, float]:
    """Widest run of accepted values around a position."""
    low = high = position
    while low > 0 and accepted[low - 1]:
        low -= 1
    while high + 1 < len(axis) and accepted[high + 1]:
        high += 1
    return float(axis[low]), float(axis[high])


def calibrate(
    path: str | os.PathLike[str],
    skin_class: str,
    *,
    quick: bool = False,
    changes: Mapping[str, Value] | None = None,
    backend: str = "auto",
    progress: bool = False,
) -> Calibration:
    """Searches settings for the one that makes the dot right with the highest probability, and builds its preset.

    Parameters
    ----------
    path: a calibration file as in `configs/calibrations/`.
    skin_class: tissue class, "normal" to "burn_radiation".
    quick: a coarse look with the values of the file's table [quick].
    changes: keys of the treatment to override.

    Raises
    ------
    PresetRefused: the client must not be treated now. InputError: the file or a key is wrong. NumericsError: every member failed.
    """
    overrides = [(key, toml_text(value)) for key, value in (changes or {}).items()]
    return calibrate_texts(path, skin_class, overrides, quick=quick, backend=backend, progress=progress)


def calibrate_texts(
    path: str | os.PathLike[str], skin_class: str, overrides: list[tuple[str, str]], *, quick: bool, backend: str, progress: bool
) -> Calibration:
    """:func:`calibrate` with overrides as the command line gives them."""
    file = _core.load_calibration(path, skin_class, quick, overrides)
    treatment = Treatment(file.base)
    if treatment.contraindications:
        raise PresetRefused(f"no preset for {skin_class}: " + "; ".join(treatment.contraindications))
    draws = draw_parameters(file)
    depths, dwells = np.array(file.depths_mm), np.array(file.dwells_ms)
    skins = [{key: float(values[k]) for key, values in draws.items()} for k in range(file.draws)]
    members = [Member(treatment, skin | {"machine.depth_mm": float(depth)}, dwells) for depth in depths for skin in skins]
    results = _run_counted(f"{file.title}, {skin_class}", members, backend, file.grid, progress)
    arrays, failed = _collect(results, (len(depths), file.draws), len(dwells))
    if failed == len(members) * len(dwells):
        first = next(r.message for r in results if isinstance(r, MemberError))
        raise _core.NumericsError(f"every member of the calibration failed; the first: {first}")
    coordinates = {"depth_mm": depths, "dwell_ms": dwells, "draw": np.arange(file.draws)}
    outputs = xr.Dataset(
        {name: (("depth_mm", "draw", "dwell_ms"), values, {"units": OUTPUTS[name]["unit"] or "1"}) for name, values in arrays.items()},
        coords=coordinates,
    ).transpose("depth_mm", "dwell_ms", "draw")

    kept = xr.concat([_right(outputs[rule.output], rule) for rule in file.criteria], dim="criterion").assign_coords(
        criterion=[rule.name for rule in file.criteria]
    )
    right = kept.all("criterion")
    probability = right.mean("draw").rename("probability")
    # Settings with the same count of right dots are told apart by how far inside its limits the average dot lies.
    margin = xr.concat([_margin(outputs[rule.output], rule) for rule in file.criteria], dim="criterion").min("criterion").mean("draw")
    score = (probability + 1e-3 * margin.fillna(-1.0)).values
    i, j = np.unravel_index(int(np.argmax(score)), score.shape)
    best = {"depth_mm": float(depths[i]), "dwell_ms": float(dwells[j])}
    accepted = probability.values >= file.accepted_share * probability.values[i, j]
    tolerance = {"depth_mm": _neighbours(depths, i, accepted[:, j]), "dwell_ms": _neighbours(dwells, j, accepted[i, :])}
    on_edge = [
        side
        for side, touches in (
            ("shallowest depth", i == 0), ("deepest depth", i == len(depths) - 1),
            ("shortest dwell", j == 0), ("longest dwell", j == len(dwells) - 1),
        )  # fmt: skip
        if touches
    ]

    decided, decided_probability = _decide(treatment, file, skins, best, backend, progress)
    at_best = {name: outputs[name].values[i, j] for name in ("insertion_force_n", "contrast_1y")}
    sensitivity = {}
    for key, values in draws.items():
        good = np.isfinite(at_best["contrast_1y"])
        rank = stats.spearmanr(values[good], at_best["contrast_1y"][good]).statistic if good.sum() > 2 else math.nan
        sensitivity[key] = float(rank) if math.isfinite(rank) else 0.0
    adaptation = _adaptation(draws, at_best["insertion_force_n"], right, score, depths, dwells)
    calibration = Calibration(
        file, treatment, draws, outputs, kept.mean("draw"), probability, best, tolerance, on_edge, decided, decided_probability,
        sensitivity, adaptation, failed,
    )  # fmt: skip
    calibration.preset = build_preset(calibration)
    return calibration


def _decide(
    treatment: Treatment, file: _core.CalibrationFile, skins: list[dict[str, float]], best: dict[str, float], backend: str, progress: bool
) -> tuple[xr.Dataset, float]:
    """The best setting once more for all draws on the standard grid: what the preset promises."""
    setting = {"machine.depth_mm": best["depth_mm"], "machine.dwell_ms": best["dwell_ms"]}
    members = [Member(treatment, skin | setting) for skin in skins]
    results = _run_counted("the best setting on the standard grid", members, backend, "standard", progress)
    arrays, _ = _collect(results, (1, len(skins)), 1)
    decided = xr.Dataset({name: (("draw",), values[0, :, 0]) for name, values in arrays.items()})
    right = np.logical_and.reduce([_right(decided[rule.output], rule).values for rule in file.criteria])
    return decided, float(right.mean())


def _adaptation(
    draws: dict[str, np.ndarray], force: np.ndarray, right: xr.DataArray, score: np.ndarray, depths: np.ndarray, dwells: np.ndarray
) -> list[dict[str, object]]:
    """Best setting for skins that a driver can tell apart by what it measures: force and thickness, in thirds of the draws.
    Within a third, settings with equally many right dots are told apart by the score of all draws."""
    thickness = sum((values for key, values in draws.items() if key.endswith("thickness_um")), np.zeros_like(force))
    table = []
    for measured, values in (("insertion_force_n", force), ("epidermis_and_papillary_thickness_um", thickness)):
        if not np.isfinite(values).all() or len(values) < 6 or np.ptp(values) == 0.0:
            continue
        edges = np.quantile(values, [0.0, 1.0 / 3.0, 2.0 / 3.0, 1.0])
        for n in range(3):
            inside = (values >= edges[n]) & (values <= edges[n + 1])
            share = right.values[:, :, inside].mean(axis=2)
            i, j = np.unravel_index(int(np.argmax(share + 1e-3 * score)), share.shape)
            table.append(
                {
                    "measured": measured,
                    "min": _digits(edges[n]),
                    "max": _digits(edges[n + 1]),
                    "settings": {"depth_mm": float(depths[i]), "dwell_ms": float(dwells[j])},
                    "probability": _digits(share[i, j]),
                    "draws": int(inside.sum()),
                }
            )
    return table


def _digits(value: float) -> float:
    """Six significant digits: what a preset states."""
    return float(f"{value:.6g}")


def _quantiles(values: np.ndarray) -> dict[str, float]:
    good = values[np.isfinite(values)]
    low, middle, high = np.quantile(good, [0.05, 0.5, 0.95]) if good.size else (math.nan,) * 3
    return {"p05": _digits(low), "p50": _digits(middle), "p95": _digits(high)}


def build_preset(c: Calibration) -> dict[str, object]:
    """The preset of a calibration: settings, tolerance, what to expect, envelope, alarms, provenance, sealed with its hash. The
    same inputs give the same bytes: no date or run time is in it."""
    file, treatment = c.file, c.treatment
    resolved = treatment.resolved()
    draws = file.draws

    def number(key: str) -> float:
        return float(treatment[key])

    preset = {
        "schema": "https://dermaflux.example/schema/preset-1.0.0.schema.json",
        "schema_version": SCHEMA_VERSION,
        "preset": {
            "id": f"scalp-dot-{file.skin_class}",
            "version": "1.0.0",
            "title": f"{file.title}, {file.skin_class} scalp",
            "status": "research",
        },
        "intended_use": {
            "text": "One microdot of scalp micropigmentation in skin of this class, by a trained operator. Research use; not validated "
            "for treatment; does not authorise use on people.",
            "skin_class": file.skin_class,
            "contraindications": ["keloid history", "active inflammation", f"scars younger than {number('model.months_to_heal'):g} months"],
        },
        "machine": {"model": str(treatment["machine.model"]), "drive": "frequency"},
        "needle": {
            "model": str(treatment["needle.model"]),
            "prongs": int(number("needle.prongs")),
            "shaft_diameter_mm": number("needle.shaft_diameter_mm"),
            "taper_length_mm": number("needle.taper_length_mm"),
        },
        "ink": {
            "model": str(treatment["ink.model"]),
            "dilution": number("ink.dilution"),
            "carrier_viscosity_mpa_s": number("ink.carrier_viscosity_mpa_s"),
        },
        "settings": c.best
        | {key: number(f"machine.{key}") for key in ("frequency_hz", "stroke_mm", "angle_deg", "hand_force_n")},
        "tolerance": {name: {"min": box[0], "max": box[1]} for name, box in c.tolerance.items()},
        "probability": {
            "right": _digits(c.decided_probability),
            "standard_error": _digits(math.sqrt(max(c.decided_probability * (1.0 - c.decided_probability), 0.25 / draws) / draws)),
            "draws": draws,
            "criteria": [
                {"name": rule.name, "output": rule.output}
                | ({"low": rule.low} if math.isfinite(rule.low) else {})
                | ({"high": rule.high} if math.isfinite(rule.high) else {})
                for rule in file.criteria
            ],
        },
        "expected": {name: _quantiles(c.decided[name].values) | {"unit": OUTPUTS[name]["unit"] or "1"} for name in EXPECTED},
        "adaptation": c.adaptation,
        "sensitivity": [
            {"key": key, "rank_correlation_with_contrast_1y": _digits(value)}
            for key, value in sorted(c.sensitivity.items(), key=lambda item: -abs(item[1]))
        ],
        "envelope": {limit.key.removeprefix("machine."): {"min": limit.low, "max": limit.high} for limit in file.envelope},
        "alarms": [
            {"name": alarm.name, "quantity": alarm.quantity, "unit": alarm.unit, "action": alarm.action, "reason": alarm.reason}
            | ({"warn": alarm.warn} if math.isfinite(alarm.warn) else {})
            | ({"stop": alarm.stop} if math.isfinite(alarm.stop) else {})
            for alarm in file.alarms
        ],
        "warnings": [f"the optimum lies on the edge of the searched box: {side}" for side in c.on_edge],
        "provenance": {
            "program": f"dermaflux {_core.version}",
            "git_commit": _core.git,
            "input_sha256": provenance.input_sha256(resolved),
            "input_files": provenance.file_hashes(file.files),
            "seed": file.seed,
            "data": [],
            "priors": "every uncertain parameter stands on its prior range; no clinical data were fitted",
            "grid_search": file.grid,
            "grid_decision": "standard",
        },
    }
    return seal(preset)


def save_calibration(c: Calibration, folder: str | os.PathLike[str], html: str) -> tuple[Path, Path]:
    """Writes `CLASS.preset.json` and `CLASS.html` into a folder."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    preset = save_preset(c.preset, folder / f"{c.file.skin_class}.preset.json")
    return preset, write_text(folder / f"{c.file.skin_class}.html", html)
