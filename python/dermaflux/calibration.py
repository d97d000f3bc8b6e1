"""Calibration: which depth and dwell time make the dot right most often, under what is not known of skin, ink and hand."""

import itertools
import math
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import xarray as xr
from scipy import stats

from . import _core
from .calibrated_preset import build_preset, digits
from .draws import draw_parameters
from .optimum import Knowing, Optimum, held_probability, keeps, locate, refine, value_of_knowing
from .posterior import Posterior, load_posterior
from .preset import save_preset
from .progress import progress_bar
from .result import OUTPUTS
from .running import Member, MemberError, run_batch
from .settings_table import settings_table
from .treatment import Treatment, Value, override_texts
from .writing import write_text


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
    best: depth and dwell time with the highest probability: one of the settings that were searched, or where more draws put it.
    location: where the best setting falls if the draws are resampled; None where the file does not ask for it.
    knowing: what it would bring to measure each uncertain key before the setting is chosen; empty where there is no location.
    on_edge: sides of the searched box that the best setting touches; the optimum may lie beyond them.
    decided: outputs of the best setting on the standard grid, dims (draw).
    posterior: of a fit, in place of the priors of its keys; warned: what was otherwise when its data were measured.
    table: settings for skin of another thickness or resistance, as the preset has them; None where there is none, and why in `no_table`.
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
    location: Optimum | None = None
    knowing: list[Knowing] = field(default_factory=list)
    posterior: Posterior | None = None
    warned: list[str] = field(default_factory=list)
    table: dict[str, object] | None = None
    no_table: str = ""
    preset: dict[str, object] = field(default_factory=dict)


def _margin(values: xr.DataArray, rule: _core.Criterion) -> xr.DataArray:
    """Distance to the nearer limit over the distance between the limits, or over the limit where there is one."""
    scale = rule.high - rule.low if math.isfinite(rule.high - rule.low) else abs(rule.high if math.isfinite(rule.high) else rule.low)
    nearest = np.minimum(values - rule.low, rule.high - values) / scale
    return nearest.clip(-1.0, 1.0)


def _run_counted(title: str, members: list[Member], backend: str, grid: str, progress: bool) -> list[list[dict[str, float]] | MemberError]:
    """Runs members under a bar that counts those that finished; says on what they run."""
    if progress:
        chosen, reason = _core.check_batch(grid, backend, len(members))
        print(f"{title}: on {chosen} ({reason})", file=sys.stderr, flush=True)
    with progress_bar(title, len(members), quiet=not progress) as show:
        finished = itertools.count(1)
        return run_batch(members, backend=backend, grid=grid, done=lambda index, outcome: show(next(finished)))


def _collect(members: list[list[dict[str, float]] | MemberError], shape: tuple[int, int], branches: int) -> tuple[dict[str, np.ndarray], int]:
    """Outputs by name, shape (depth, draw, dwell), and how many are missing; NumericsError if all are."""
    if all(isinstance(member, MemberError) for member in members):
        raise _core.NumericsError(f"every member of the calibration failed; the first: {members[0].message}")
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
    refine: bool = False,
    posterior: str | os.PathLike[str] | None = None,
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
    refine: run more draws about the best setting until its place is known as well as the file's table [location] asks.
    posterior: file of a fit, from which the keys that it inferred are drawn, in place of their priors.
    changes: keys of the treatment to override.

    Raises
    ------
    PresetRefused: the client must not be treated now. InputError: the file or a key is wrong, or the posterior is that of another skin. NumericsError: every member failed.
    """
    return calibrate_texts(path, skin_class, override_texts(changes), quick=quick, further=refine, posterior=posterior, backend=backend, progress=progress)


def calibrate_texts(
    path: str | os.PathLike[str], skin_class: str, overrides: list[tuple[str, str]], *, quick: bool, further: bool, backend: str, progress: bool,
    posterior: str | os.PathLike[str] | None = None,
) -> Calibration:  # fmt: skip
    """:func:`calibrate` with overrides as the command line gives them."""
    file = _core.load_calibration(path, skin_class, quick, overrides)
    if further and file.location is None:
        raise _core.InputError(f"{path}: there is no table [location], which says how well the best setting shall be known; add it, or do not refine")
    treatment = Treatment(file.base)
    if treatment.contraindications:
        raise PresetRefused(f"no preset for {skin_class}: " + "; ".join(treatment.contraindications))
    fitted = load_posterior(posterior) if posterior else None
    warned = fitted.check(treatment) if fitted else []
    draws = draw_parameters(file, posterior=fitted)
    depths, dwells = np.array(file.depths_mm), np.array(file.dwells_ms)
    deep, long = _inside(file, "machine.depth_mm", depths), _inside(file, "machine.dwell_ms", dwells)
    search = _Search(file, treatment, backend, progress, fitted)
    arrays = search.run(f"{file.title}, {skin_class}", depths, dwells, file.draws)
    outputs = _dataset(arrays, depths, dwells)
    kept = xr.concat([keeps(outputs[rule.output], rule) for rule in file.criteria], dim="criterion").assign_coords(
        criterion=[rule.name for rule in file.criteria]
    )
    right = kept.all("criterion")
    probability = right.mean("draw").rename("probability")
    # Settings with the same count of right dots are told apart by how far inside its limits the average dot lies.
    margin = xr.concat([_margin(outputs[rule.output], rule) for rule in file.criteria], dim="criterion").min("criterion").mean("draw")
    allowed = deep[:, None] & long[None, :]  # what is outside the envelope is drawn in the map, but never chosen
    score = np.where(allowed, (probability + 1e-3 * margin.fillna(-1.0)).values, -np.inf)
    i, j = np.unravel_index(int(np.argmax(score)), score.shape)
    best = {"depth_mm": float(depths[i]), "dwell_ms": float(dwells[j])}
    if probability.values[i, j] <= 0.0:
        raise _core.NumericsError(_nothing_right(file, skin_class, best, kept.isel(depth_mm=i, dwell_ms=j)))
    accepted = allowed & (probability.values >= file.accepted_share * probability.values[i, j])
    tolerance = {"depth_mm": _neighbours(depths, i, accepted[:, j]), "dwell_ms": _neighbours(dwells, j, accepted[i, :])}

    location, knowing = None, []
    if file.location is not None:
        box = depths[deep], dwells[long]
        inside = _by_draw({name: values[deep][:, :, long] for name, values in arrays.items()})
        held = held_probability(inside, file.criteria, *box, file.location)
        location, knowing = locate(held, file.location, file.seed), value_of_knowing(held, draws, file.seed)
    if further:
        location = refine(location, search.further, file.criteria, *box, file.location, file.seed)
        best = {"depth_mm": round(location.depth_mm, 3), "dwell_ms": float(round(location.dwell_ms))}
        i, j = int(np.argmin(abs(depths - best["depth_mm"]))), int(np.argmin(abs(np.log(dwells / best["dwell_ms"]))))
        tolerance = {name: (min(low, best[name]), max(high, best[name])) for name, (low, high) in tolerance.items()}

    skins = _skins(file, location.draws if further else file.draws, fitted)
    decided, decided_probability = _decide(treatment, file, skins, best, backend, progress)
    at_best = outputs.isel(depth_mm=i, dwell_ms=j)
    calibration = Calibration(
        file, treatment, draws, outputs, kept.mean("draw"), probability, best, tolerance, _on_edge(best, depths, dwells), decided, decided_probability,
        _rank_correlations(draws, at_best["contrast_1y"].values),
        _adaptation(draws, at_best["insertion_force_n"].values, right, score, depths, dwells), search.failed, location, knowing, posterior=fitted, warned=warned,
    )  # fmt: skip
    if file.table is not None:
        calibration.table, calibration.no_table = settings_table(
            file, treatment, best, lambda title, some: _run_counted(title, some, backend, file.grid, progress)
        )
    calibration.preset = build_preset(calibration)
    return calibration


def _inside(file: _core.CalibrationFile, key: str, values: np.ndarray) -> np.ndarray:
    """Which settings of the search the envelope allows.

    Raises
    ------
    InputError: none.
    """
    allowed = np.ones(len(values), dtype=bool)
    for limit in file.envelope:
        if limit.key == key:
            allowed &= (values >= limit.low) & (values <= limit.high)
            if not allowed.any():
                raise _core.InputError(
                    f"{file.files[-1]}: every {key.removeprefix('machine.')} of the search is outside its envelope, {limit.low:g} to {limit.high:g}; "
                    "search others, or widen the envelope"
                )
    return allowed


def _nothing_right(file: _core.CalibrationFile, skin_class: str, best: dict[str, float], kept: xr.DataArray) -> str:
    """Why there is no preset where no setting is right in any draw, by the rules at the setting that comes nearest."""
    rules = ", ".join(f"{name} {100 * float(kept.sel(criterion=name).mean()):.0f} %" for name in kept["criterion"].values)
    return (
        f"no preset for {skin_class}: no setting of the search is right in any of {file.draws} draws; at the nearest, depth {best['depth_mm']:g} mm and dwell "
        f"{best['dwell_ms']:g} ms, rules are kept by: {rules}; search other settings, or take another ink or needle"
    )


@dataclass
class _Search:
    """Runs settings of a calibration, each for the first draws of the sequence, and counts the members that failed."""

    file: _core.CalibrationFile
    treatment: Treatment
    backend: str
    progress: bool
    posterior: Posterior | None = None
    failed: int = 0

    def run(self, title: str, depths: np.ndarray, dwells: np.ndarray, draws: int) -> dict[str, np.ndarray]:
        """Outputs by name, shape (depth, draw, dwell)."""
        skins = _skins(self.file, draws, self.posterior)
        members = [Member(self.treatment, skin | {"machine.depth_mm": float(depth)}, dwells) for depth in depths for skin in skins]
        arrays, missing = _collect(_run_counted(title, members, self.backend, self.file.grid, self.progress), (len(depths), draws), len(dwells))
        self.failed += missing
        return arrays

    def further(self, depths: np.ndarray, dwells: np.ndarray, draws: int) -> dict[str, np.ndarray]:
        """Outputs by name, shape (depth, dwell, draw)."""
        return _by_draw(self.run(f"{draws} draws, {depths[0]:.2f} to {depths[-1]:.2f} mm, {dwells[0]:.0f} to {dwells[-1]:.0f} ms", depths, dwells, draws))


def _skins(file: _core.CalibrationFile, count: int, posterior: Posterior | None) -> list[dict[str, float]]:
    """The uncertain keys of the first draws."""
    draws = draw_parameters(file, count, posterior)
    return [{key: float(values[k]) for key, values in draws.items()} for k in range(count)]


def _by_draw(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Arrays of shape (depth, draw, dwell) as (depth, dwell, draw)."""
    return {name: values.transpose(0, 2, 1) for name, values in arrays.items()}


def _dataset(arrays: dict[str, np.ndarray], depths: np.ndarray, dwells: np.ndarray) -> xr.Dataset:
    """Outputs of every member, from arrays of shape (depth, draw, dwell)."""
    return xr.Dataset(
        {name: (("depth_mm", "draw", "dwell_ms"), values, {"units": OUTPUTS[name]["unit"] or "1"}) for name, values in arrays.items()},
        coords={"depth_mm": depths, "dwell_ms": dwells, "draw": np.arange(next(iter(arrays.values())).shape[1])},
    ).transpose("depth_mm", "dwell_ms", "draw")


def _on_edge(best: dict[str, float], depths: np.ndarray, dwells: np.ndarray) -> list[str]:
    """Sides of the searched box that a setting touches."""
    depth, dwell = best["depth_mm"], best["dwell_ms"]
    touched = (
        ("shallowest depth", depth <= depths[0]), ("deepest depth", depth >= depths[-1]),
        ("shortest dwell", dwell <= dwells[0]), ("longest dwell", dwell >= dwells[-1]),
    )  # fmt: skip
    return [side for side, touches in touched if touches]


def _rank_correlations(draws: dict[str, np.ndarray], outcome: np.ndarray) -> dict[str, float]:
    """Spearman's correlation of an outcome with each uncertain key over the draws that gave a number; 0 where there is none."""
    good = np.isfinite(outcome)
    if good.sum() < 3:
        return dict.fromkeys(draws, 0.0)
    ranks = {key: float(stats.spearmanr(values[good], outcome[good]).statistic) for key, values in draws.items()}
    return {key: rank if math.isfinite(rank) else 0.0 for key, rank in ranks.items()}


def _decide(
    treatment: Treatment, file: _core.CalibrationFile, skins: list[dict[str, float]], best: dict[str, float], backend: str, progress: bool
) -> tuple[xr.Dataset, float]:
    """The best setting once more for all draws on the standard grid: what the preset promises."""
    setting = {"machine.depth_mm": best["depth_mm"], "machine.dwell_ms": best["dwell_ms"]}
    members = [Member(treatment, skin | setting) for skin in skins]
    results = _run_counted("the best setting on the standard grid", members, backend, "standard", progress)
    arrays, _ = _collect(results, (1, len(skins)), 1)
    decided = xr.Dataset({name: (("draw",), values[0, :, 0]) for name, values in arrays.items()})
    right = np.logical_and.reduce([keeps(decided[rule.output], rule).values for rule in file.criteria])
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
                    "min": digits(edges[n]),
                    "max": digits(edges[n + 1]),
                    "settings": {"depth_mm": float(depths[i]), "dwell_ms": float(dwells[j])},
                    "probability": digits(share[i, j]),
                    "draws": int(inside.sum()),
                }
            )
    return table


def save_calibration(c: Calibration, folder: str | os.PathLike[str], html: str, name: str = "") -> tuple[Path, Path]:
    """Writes `NAME.preset.json` and `NAME.html` into a folder, under the name of the class if there is none."""
    folder, name = Path(folder), name or c.file.skin_class
    folder.mkdir(parents=True, exist_ok=True)
    preset = save_preset(c.preset, folder / f"{name}.preset.json")
    return preset, write_text(folder / f"{name}.html", html)
