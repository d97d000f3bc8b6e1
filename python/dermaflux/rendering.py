"""What a picture shows: one dot under a lens, or a patch of scalp full of dots, in true colour and in numbers."""

import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from . import _core
from .colour import srgb_and_clipped
from .counterpart import grid_of, stored_treatment
from .looks import horizon_for, look, require_days
from .pattern import DotTable, Pattern, load_pattern, patch_figures, place_dots, reflectance_map, require_picture
from .result import json_number
from .running import run
from .treatment import Treatment, Value
from .writing import check_output

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from . import Result

_SUFFIXES = (".png", ".pdf", ".svg")
_DEPTH_NODES = (-2.5, -1.25, 0.0, 1.25, 2.5)  # set depths that are run for the spread of a hand [standard deviations]
_WIDTHS_MM = (0.2, 3.8)  # of the picture of one dot


@dataclass(frozen=True)
class Patch:
    """A patch of skin at some days.

    Attributes
    ----------
    pattern: what it was drawn from.   images: sRGB from 0 to 1 per day, shape (y, x, 3), y away from the hairline.
    figures: per day, see :func:`dermaflux.pattern.patch_figures`.   notes: what the picture does not show.
    """

    pattern: Pattern
    images: dict[float, np.ndarray]
    figures: list[dict[str, float]]
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, object]:
        """Figures and what they belong to, ready for JSON; None where there is no number."""
        p = self.pattern
        numbers = [{name: json_number(value) for name, value in row.items()} for row in self.figures]
        return {"title": p.title, "lattice": p.lattice, "spacing_mm": p.spacing_mm, "seed": p.seed, "visible_contrast": p.visible_contrast, "looks": numbers, "notes": self.notes}

    def figure(self) -> "Figure":
        """The patch at all days, side by side, with a scale bar and the figures below each."""
        from . import pictures

        return pictures.patch_figure(self.pattern, self.images, self.figures)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes :meth:`figure` as PNG, PDF or SVG.

        Raises
        ------
        FileError: the file cannot be written. InputError: another kind of file.
        """
        from . import pictures

        path = check_picture(path)
        return pictures.save_figure(self.figure(), path)


def check_picture(path: str | os.PathLike[str]) -> Path:
    """Makes sure before any work that a picture can be written.

    Raises
    ------
    FileError: it cannot. InputError: a kind of file that is not drawn.
    """
    path = check_output(path)
    if path.suffix.lower() not in _SUFFIXES:
        raise _core.InputError(f"{path}: is not a kind of picture that is drawn here; end it in {', '.join(_SUFFIXES)}")
    return path


def dot_figures(data: xr.Dataset, days: Sequence[float], name: str = "the run") -> list[dict[str, float]]:
    """The colour of a dot and of the skin around it at some looks, in numbers.

    Returns
    -------
    Per day: contrast (550 nm), fwhm_mm, Lab of the dot's centre (dot_l, dot_a, dot_b) and of skin, delta_e, ita_deg, and clipped_share, the
    share of its rings and the skin whose colour a screen cannot show.
    """
    rows = []
    for day in days:
        seen = look(data, day, name)
        dot, skin = _core.lab(list(seen.centre())), _core.lab(list(seen.skin))
        clipped = srgb_and_clipped(np.vstack([seen.dot.T, seen.skin]))[1]
        row = {"day": seen.day, "contrast": seen.contrast, "fwhm_mm": seen.fwhm_mm}
        row |= dict(zip(("dot_l", "dot_a", "dot_b", "skin_l", "skin_a", "skin_b"), (*dot, *skin), strict=True))
        rows.append(row | {"delta_e": _core.delta_e(dot, skin), "ita_deg": _core.ita(skin), "clipped_share": clipped})
    return rows


def render_dot(data: xr.Dataset, days: Sequence[float] = (14.0,), *, width_mm: float | None = None, name: str = "the run") -> "Figure":
    """One dot from above in true colour, as under a lens, at one day or several.

    Parameters
    ----------
    data: from :func:`dermaflux.open_run` or :meth:`dermaflux.Result.to_xarray`.
    days: looks of the run [day].
    width_mm: of the picture, 0.2 to 3.8; by default four times the visible width, at least 1.

    Raises
    ------
    InputError: the run holds no looks or not these, or a width out of range.
    """
    _require_some(days)
    seen = [look(data, day, name) for day in days]
    if width_mm is None:
        width_mm = float(np.clip(4.0 * max(one.fwhm_mm for one in seen), 1.0, _WIDTHS_MM[1]))
    if not _WIDTHS_MM[0] <= width_mm <= _WIDTHS_MM[1]:
        raise _core.InputError(f"width_mm = {width_mm:g} is out of range (width of the picture); use {_WIDTHS_MM[0]:g} to {_WIDTHS_MM[1]:g}")
    from . import pictures

    return pictures.dot_figure(str(data.attrs.get("title", "One dot")), seen, width_mm)


def render_pattern(
    pattern: Pattern | str | os.PathLike[str],
    run_of_dot: "Result | xr.Dataset | None" = None,
    *,
    days: Sequence[float] | None = None,
    changes: Mapping[str, Value] | None = None,
    backend: str = "auto",
    grid: str | None = None,
    progress: bool = False,
) -> Patch:
    """A patch of scalp with all its dots at some days, in true colour and in numbers.

    Parameters
    ----------
    pattern: a pattern file, or what :func:`load_pattern` read.
    run_of_dot: a run whose dot is used, or what :func:`dermaflux.open_run` gave; without it the pattern's own treatment is run. Where the hand
        varies the depth (`pattern.depth_jitter_mm`), the treatment is also run at four other depths.
    days: looks [day]; those of the pattern if not given.
    changes: keys to override, when `pattern` is a path; those of the treatment only where it is run here.
    grid: of the runs, standard if not given; where a run is given, others are on the grid of that one.
    backend, progress: of the runs, as in :func:`dermaflux.run`.

    Raises
    ------
    InputError: a key, a value or a day that cannot be, or that would have no effect. NumericsError: a run failed.

    Examples
    --------
    >>> import dermaflux as df
    >>> hairline = df.configs() / "patterns/hairline.toml"
    >>> patch = df.render_pattern(hairline, days=[365.25], changes={"pattern.depth_jitter_mm": 0.0, "patch.width_mm": 12}, grid="quick")
    >>> patch.images[365.25].shape
    (750, 300, 3)
    >>> 0.0 < patch.figures[0]["coverage"] < 1.0
    True
    """
    if not isinstance(pattern, Pattern):
        pattern = load_pattern(pattern, changes)
    elif changes:
        raise _core.InputError("changes: have no effect on a pattern that has been read; give them to load_pattern")
    wanted = list(days) if days is not None else list(pattern.days)
    _require_some(wanted)
    require_picture(pattern)
    data = run_of_dot if run_of_dot is None or isinstance(run_of_dot, xr.Dataset) else run_of_dot.to_xarray()
    if data is None:
        days = require_days(pattern.treatment, wanted)
    else:
        _require_of_the_pattern(pattern, grid)
        days = [look(data, day).day for day in wanted]
    if len(set(days)) < len(days):
        raise _core.InputError(f"days: {next(day for day in days if days.count(day) > 1):g} stands twice (the pictures would be the same); give it once")
    with _treatment_of(run_of_dot, pattern) as treatment:
        at = grid_of(data) if data is not None else "standard" if grid is None else grid
        runs, deviations = _runs_of_the_hand(pattern, treatment, data, days, backend, at, progress)
    tables = [DotTable([look(one, day) for one in runs], deviations) for day in days]
    dots = place_dots(pattern, tables[0].reach_mm)
    images, figures, notes = {}, [], []
    for table in tables:
        seen = reflectance_map(pattern, dots, table)
        image, clipped = srgb_and_clipped(seen)
        images[table.day] = image
        figures.append(patch_figures(pattern, dots, table, seen))
        if clipped > 0.0:
            notes.append(f"day {table.day:g}: {100 * clipped:.2g} % of the colours lie outside the gamut of a screen and are cut off")
    return Patch(pattern, images, figures, notes)


def _require_some(days: Sequence[float]) -> None:
    if not days:
        raise _core.InputError("days: none is given (nothing would be seen); give at least one")


def _require_of_the_pattern(pattern: Pattern, grid: str | None) -> None:
    """Makes sure that nothing is asked of runs that are there already."""
    for key, value in pattern.overridden:
        raise _core.InputError(f"{key} = {value}: is a key of the treatment, but the dots come from a run; run it again with that key, or leave the run out")
    if grid is not None:
        raise _core.InputError(f'grid = "{grid}" has no effect where the dots come from a run, whose grid holds; leave it out, or leave the run out')


def _treatment_of(source: "Result | xr.Dataset | None", pattern: Pattern) -> AbstractContextManager[Treatment]:
    """The treatment to be run at other depths: that of a run, or the pattern's."""
    if source is None or pattern.depth_jitter_mm == 0.0:
        return nullcontext(pattern.treatment)
    return stored_treatment(source) if isinstance(source, xr.Dataset) else nullcontext(source.treatment)


def _runs_of_the_hand(
    pattern: Pattern, treatment: Treatment, data: xr.Dataset | None, days: Sequence[float], backend: str, grid: str, progress: bool
) -> tuple[list[xr.Dataset], list[float]]:
    """Runs of the dot at the depths between which a hand wavers, with the deviation of each tip from the one that was meant [mm]."""
    horizon = horizon_for(days)

    def computed(one: Treatment) -> xr.Dataset:
        return run(one, backend=backend, grid=grid, horizon_year=horizon, progress=progress).to_xarray()

    if pattern.depth_jitter_mm == 0.0:
        return [computed(treatment) if data is None else data], [0.0]
    meant = float(treatment["machine.depth_mm"])
    others = {node: treatment.with_({"machine.depth_mm": meant + node * pattern.depth_jitter_mm}) for node in _DEPTH_NODES if node != 0.0}
    middle = computed(treatment) if data is None else data
    runs = [computed(others[node]) if node in others else middle for node in _DEPTH_NODES]
    tips = [float(one["d_tip_mm"]) for one in runs]
    if not (np.diff(tips) > 0.0).all():
        raise _core.InputError(
            f"pattern.depth_jitter_mm = {pattern.depth_jitter_mm:g} mm: the tip does not follow the set depth around {meant:g} mm (it reaches "
            f"{', '.join(f'{tip:.3f}' for tip in tips)} mm); use a deeper setting or less jitter"
        )
    return runs, [tip - tips[2] for tip in tips]
