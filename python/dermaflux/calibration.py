"""Calibration: which depth and dwell time make the dot right most often, under what is not known of skin, ink and hand."""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
import xarray as xr
from threadpoolctl import threadpool_limits

from . import _core, influence
from .best_setting import adaptation, as_good, held_at, inside, neighbours, nothing_right, on_edge, rank_correlations
from .calibrated_preset import build_preset
from .combinations import Choice, Combination, choose, combinations
from .corrections import corrected_at
from .criteria import keeps, mean_error, right, score, worth
from .draws import draw_parameters
from .optimum import Knowing, Optimum, Run, held_probability, locate, refine, value_of_knowing
from .posterior import Posterior, load_posterior
from .preset import save_preset
from .search import Decided, Effort, Search, by_draw, dataset, total
from .settings_table import settings_table
from .treatment import Treatment, Value, override_texts
from .writing import write_text

_DECIDING = 256  # draws of the standard grid at most, where more were run to find the best setting
_TIMED = 8  # draws that say how much faster the grid of the search is


class PresetRefused(Exception):
    """No preset is issued for this client; the message says why."""


@dataclass
class Calibration:
    """Result of a calibration.

    Attributes
    ----------
    file, treatment: of the chosen combination of further settings.
    probability: that the dot is right, dims (depth_mm, dwell_ms).
    worth: mean worth of the dot, which the best setting has most of; the probability where no rule has a weight.
    rules: the same for each criterion alone, dims (criterion, depth_mm, dwell_ms).
    outputs: outputs of every member, dims (depth_mm, dwell_ms, draw).
    best: depth and dwell time with the highest probability: one of the settings that were searched, or where more draws put it.
    location: where the best setting falls if the draws are resampled; None where the file does not ask for it.
    knowing: what it would bring to measure each uncertain key before the setting is chosen; empty where there is no location.
    on_edge: sides of the searched box that the best setting touches; the optimum may lie beyond them.
    decided: outputs of the best setting on the standard grid, dims (draw).
    combinations: of the settings that were searched beside depth and dwell time, and what each reached; empty if there are none.
    chosen: number of the best of them.
    contenders: whether a setting is as good as the best within the Monte Carlo error, dims (depth_mm, dwell_ms).
    effort: what was run, against a full search on the standard grid.
    grid_gap: how much more the best setting is worth on the standard grid than on that of the search, and its standard error.
    settled: why the setting of the search was kept although more draws found another; empty otherwise.
    sobol: Sobol indices at the best setting, dims (output, parameter); None where the draws are too few.
    posterior: of a fit, in place of the priors of its keys; warned: what was otherwise when its data were measured.
    table: settings for skin of another thickness or resistance, as the preset has them; None where there is none, and why in `no_table`.
    """

    file: _core.CalibrationFile
    treatment: Treatment
    draws: dict[str, np.ndarray]
    outputs: xr.Dataset
    rules: xr.DataArray
    probability: xr.DataArray
    worth: xr.DataArray
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
    combinations: list[Combination] = field(default_factory=list)
    chosen: int = 0
    contenders: xr.DataArray | None = None
    effort: Effort | None = None
    grid_gap: tuple[float, float] = (0.0, 0.0)
    settled: str = ""
    sobol: xr.Dataset | None = None
    posterior: Posterior | None = None
    warned: list[str] = field(default_factory=list)
    table: dict[str, object] | None = None
    no_table: str = ""
    preset: dict[str, object] = field(default_factory=dict)

    @property
    def searched(self) -> list[dict[str, object]]:
        """The further settings that were searched: key, values tried, value chosen."""
        chosen = self.combinations[self.chosen].values if self.combinations else {}
        return [{"key": key, "tried": list(dict.fromkeys(one.values[key] for one in self.combinations)), "chosen": value} for key, value in chosen.items()]


def calibrate(
    path: str | os.PathLike[str],
    skin_class: str,
    *,
    quick: bool = False,
    refine: bool = False,
    posterior: str | os.PathLike[str] | None = None,
    changes: Mapping[str, Value] | None = None,
    also: Mapping[str, Sequence[Value]] | None = None,
    sobol: int = 0,
    corrections: str | os.PathLike[str] | None = None,
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
    also: settings to search beside depth and dwell time, in place of or beside those of the file: `{"machine.frequency_hz": [80, 100, 120]}`.
    sobol: base points for total Sobol indices at the best setting, a power of two; 0 for first-order indices from the draws alone.
    corrections: file of factors for tilt and prongs that outputs are multiplied by, in place of the file's; none if neither names one.

    Raises
    ------
    PresetRefused: the client must not be treated now. InputError: the file or a key is wrong, or the posterior is that of another skin. NumericsError: every member failed.
    """
    asked = [(key, ",".join(text for _, text in override_texts({str(n): value for n, value in enumerate(values)}))) for key, values in (also or {}).items()]
    return calibrate_texts(
        path, skin_class, override_texts(changes), quick=quick, further=refine, posterior=posterior, also=asked, sobol=sobol,
        corrections=corrections, backend=backend, progress=progress,
    )  # fmt: skip


def calibrate_texts(
    path: str | os.PathLike[str], skin_class: str, overrides: list[tuple[str, str]], *, quick: bool, further: bool, backend: str, progress: bool,
    posterior: str | os.PathLike[str] | None = None, also: Sequence[tuple[str, str]] = (), sobol: int = 0,
    corrections: str | os.PathLike[str] | None = None,
) -> Calibration:  # fmt: skip
    """:func:`calibrate` with overrides and further settings as the command line gives them."""
    file = _core.load_calibration(path, skin_class, quick, overrides, list(also))
    if corrections is not None:
        file.corrections = _core.load_corrections(corrections)  # type: ignore[misc]
    if further and file.location is None:
        raise _core.InputError(f"{path}: there is no table [location], which says how well the best setting shall be known; add it, or do not refine")
    if sobol:
        influence.check_design(file, sobol, fitted=posterior is not None)
    treatment = Treatment(file.base)
    if treatment.contraindications:
        raise PresetRefused(f"no preset for {skin_class}: " + "; ".join(treatment.contraindications))
    given = combinations(file)
    for _, one in given:
        corrected_at(one.corrections, Treatment(one.base))  # what cannot be corrected is refused now
    depths, dwells = np.array(file.depths_mm), np.array(file.dwells_ms)
    deep, long = inside(file, "machine.depth_mm", depths), inside(file, "machine.dwell_ms", dwells)
    allowed = deep[:, None] & long[None, :]  # what is outside the envelope is drawn in the map, but never chosen
    full = len(given) * len(depths) * file.draws
    fitted = load_posterior(posterior) if posterior else None
    warned = {number: fitted.check(Treatment(one.base)) for number, (_, one) in enumerate(given)} if fitted else {}
    search = Search(file, backend, progress, partial(draw_parameters, posterior=fitted))
    if file.settings and progress:
        print(_cost(file, len(given), full), file=sys.stderr, flush=True)
    choice = choose(search, given, allowed) if file.settings else _whole_map(search)
    file = search.file = given[choice.number][1]
    treatment, draws = Treatment(file.base), search.draw(file, file.draws)
    outputs, found = dataset(choice.outputs, depths, dwells), by_draw(choice.outputs)
    kept = xr.concat([keeps(outputs[rule.output], rule) for rule in file.criteria], dim="criterion").assign_coords(
        criterion=[rule.name for rule in file.criteria]
    )
    good, value = right(outputs, file.criteria), worth(outputs, file.criteria)
    probability = good.mean("draw").rename("probability")
    ranked = np.where(allowed, score(found, file.criteria), -np.inf)
    i, j = np.unravel_index(int(np.argmax(ranked)), ranked.shape)
    best = {"depth_mm": float(depths[i]), "dwell_ms": float(dwells[j])}
    if probability.values[i, j] <= 0.0:
        raise _core.NumericsError(nothing_right(file, skin_class, best, kept.isel(depth_mm=i, dwell_ms=j)))
    mean_worth = value.mean("draw").rename("worth")
    accepted = allowed & (mean_worth.values >= file.accepted_share * mean_worth.values[i, j])
    tolerance = {"depth_mm": neighbours(depths, i, accepted[:, j]), "dwell_ms": neighbours(dwells, j, accepted[i, :])}
    contenders = mean_worth.copy(data=allowed & as_good(value.values, (i, j))).rename("contenders")

    location, knowing, held, settled, known = None, [], None, "", choice.decided
    if file.location is not None:
        box = depths[deep], dwells[long]
        within = {name: values[deep][:, long] for name, values in found.items()}
        held = held_probability(within, file.criteria, *box, file.location)
        location, knowing = locate(held, file.location, file.seed), value_of_knowing(held, draws, file.seed)
    if further:
        before = total(search.ran, file.grid).insertions
        with threadpool_limits(1, "blas"):  # sums in another order would be another setting
            location = refine(location, _runs(search), search.skins, file.criteria, *box, file.location, file.seed)
        full += total(search.ran, file.grid).insertions - before
        at = {"depth_mm": round(location.depth_mm, 3), "dwell_ms": float(round(location.dwell_ms))}
        known, settled = _settle(search, at, best, max(file.draws, min(location.draws, _DECIDING)))
        best = dict(known.setting)
        i, j = int(np.argmin(abs(depths - best["depth_mm"]))), int(np.argmin(abs(np.log(dwells / best["dwell_ms"]))))
        tolerance = {name: (min(low, best[name]), max(high, best[name])) for name, (low, high) in tolerance.items()}
    elif known is None or known.setting != best:
        (known,) = search.decide("the best setting", [(file, best)], file.draws)
    effort, gap = _against_search(search, known, None if further else value.values[i, j], full)
    decided = xr.Dataset({name: (("draw",), values) for name, values in known.outputs.items()})
    if choice.all:
        choice.all[choice.number] = replace(choice.all[choice.number], decided=float(worth(known.outputs, file.criteria).mean()))
    at_best = outputs.isel(depth_mm=i, dwell_ms=j)
    calibration = Calibration(
        file, treatment, draws, outputs, kept.mean("draw"), probability, mean_worth, best, tolerance, on_edge(best, depths, dwells), decided,
        float(right(decided, file.criteria).mean()), rank_correlations(draws, at_best["contrast_1y"].values),
        adaptation(draws, at_best["insertion_force_n"].values, good, value, ranked, depths, dwells), search.failed, location, knowing,
        choice.all, choice.number, contenders, effort, gap, settled=settled, posterior=fitted, warned=warned.get(choice.number, []),
    )  # fmt: skip
    if sobol:
        calibration.sobol = influence.by_design(search, file, best, sobol)
    else:
        outcomes = {influence.RIGHT: value.values[i, j] if held is None else held_at(held, best), "contrast_1y": at_best["contrast_1y"].values}
        calibration.sobol = influence.from_draws(draws, outcomes, max(file.seed, 1))
    if file.table is not None:
        calibration.table, calibration.no_table = settings_table(
            file, treatment, best, lambda title, some: search.counted(title, some, file.grid)
        )
    calibration.preset = build_preset(calibration)
    return calibration


def _whole_map(search: Search) -> Choice:
    """Depth and dwell time alone: every setting in every draw."""
    file = search.file
    rows = [(file, depth) for depth in file.depths_mm]
    return Choice(0, [], search.run(f"{file.title}, {file.skin_class}", rows, np.array(file.dwells_ms), range(file.draws)))


def _runs(search: Search) -> Run:
    """Runs more draws, each at a depth of its own, for :func:`refine`."""

    def run(depths: np.ndarray, dwells: np.ndarray, draws: range) -> dict[str, np.ndarray]:
        title = f"draws {draws.start + 1} to {draws.stop}, {depths.min():.2f} to {depths.max():.2f} mm, {dwells[0]:.0f} to {dwells[-1]:.0f} ms"
        return search.spread(title, depths, dwells, draws)

    return run


def _cost(file: _core.CalibrationFile, count: int, full: int) -> str:
    """What a search over combinations costs at most."""
    keys = ", ".join(f"{axis.key} ({len(axis.values)})" for axis in file.settings)
    return (
        f"{count} combinations of {keys}: at most {count} x {len(file.depths_mm)} depths x {file.draws} draws = {full} insertions "
        f"({full * len(file.dwells_ms)} members) on the {file.grid} grid; what is clearly worse is dropped on the way"
    )


def _settle(search: Search, located: dict[str, float], searched: dict[str, float], draws: int) -> tuple[Decided, str]:
    """Of the setting that more draws found and the best of those that were searched, the first, unless the standard grid shows in the
    same draws that the other is better (one side, 95 %); and what is then to be said."""
    settings = [located] if located == searched else [located, searched]
    decided = search.decide("the best setting", [(search.file, one) for one in settings], draws)
    worths = [worth(one.outputs, search.file.criteria) for one in decided]
    behind = worths[-1] - worths[0]
    if len(decided) == 1 or behind.mean() <= 1.645 * mean_error(behind):
        return decided[0], ""
    return decided[1], (
        f"more draws put the best setting at {located['depth_mm']:g} mm and {located['dwell_ms']:g} ms, which on the standard grid is worth "
        f"{behind.mean():.2f} +- {mean_error(behind):.2f} less than the setting of the search, which is kept"
    )


def _against_search(search: Search, decided: Decided, same: np.ndarray | None, full: int) -> tuple[Effort, tuple[float, float]]:
    """How much faster the grid of the search is than the standard grid, and whether it judges the best setting alike.

    Parameters
    ----------
    same: worth of the best setting on the grid of the search, of each draw; None if it was not run there.
    """
    file = search.file
    draws = len(next(iter(decided.outputs.values())))
    if file.grid == "standard":
        searched = total([one for one in search.ran[:-1]], file.grid)
        return Effort(searched, search.ran[-1], full, 1.0), (0.0, 0.0)
    searched, ran = (total([one for one in search.ran if one.grid == grid], grid) for grid in (file.grid, "standard"))
    few = draws if same is None else min(draws, _TIMED)
    again = search.at(f"the same on the {file.grid} grid", [(file, dict(decided.setting))], few, file.grid, search.horizon_year)
    ratio = (ran.seconds / ran.insertions) / (search.ran[-1].seconds / few)
    differences = worth(decided.outputs, file.criteria) - (worth(again, file.criteria)[0] if same is None else same)
    return Effort(searched, ran, full, ratio), (float(differences.mean()), mean_error(differences))


def save_calibration(c: Calibration, folder: str | os.PathLike[str], html: str, name: str = "") -> tuple[Path, Path]:
    """Writes `NAME.preset.json` and `NAME.html` into a folder, under the name of the class if there is none."""
    folder, name = Path(folder), name or c.file.skin_class
    folder.mkdir(parents=True, exist_ok=True)
    preset = save_preset(c.preset, folder / f"{name}.preset.json")
    return preset, write_text(folder / f"{name}.html", html)
