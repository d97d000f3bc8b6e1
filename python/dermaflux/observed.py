"""What was measured of a dot, and how a run of the engine answers to it."""

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.interpolate import PchipInterpolator

from . import _core
from .result import Result

_SERIES, _PROFILE = ("time_days", "value", "sd"), ("depth_from_um", "depth_to_um", "fraction", "sd")
_HORIZON_DAY = 5.0 * 365.25


@dataclass(frozen=True)
class Observation:
    """One measured number.

    Attributes
    ----------
    name: what it is, unique in a fit.
    value, sd: what was measured and its standard deviation, in `unit`.
    output: of the run it is compared with; empty for a share of a depth profile.
    day: since the first session; NaN for a scalar output.
    depths_um: of the share of all pigment in the skin that lies between them.
    """

    name: str
    unit: str
    value: float
    sd: float
    source: str
    output: str = ""
    day: float = math.nan
    depths_um: tuple[float, float] = (math.nan, math.nan)

    @property
    def whole_run(self) -> bool:
        """Whether it takes fields or series, which an ensemble does not give."""
        return not math.isnan(self.day)


def observations(file: _core.FitFile) -> tuple[Observation, ...]:
    """All that a fit was given, tables read.

    Raises
    ------
    InputError: a table with other columns, no rows, what is no number, a standard deviation that is not positive, bins that are none; or
        one thing measured twice.
    """
    found = [Observation(one.output, one.unit, one.value, one.sd, one.source, one.output) for one in file.values]
    for series in file.series:
        for line, (day, value, sd) in _rows(series.file, _SERIES):
            if not 0.0 <= day <= 30.0 * 365.25:
                raise _core.InputError(f"{series.file}:{line}: time_days = {day:g} is out of range; give 0 to 10957.5, days after the first session")
            found.append(Observation(f"{series.output}, day {day:g}", series.unit, value, sd, series.source, series.output, day))
    for profile in file.profiles:
        for line, (top, bottom, fraction, sd) in _rows(profile.file, _PROFILE):
            if not 0.0 <= top < bottom:
                raise _core.InputError(f"{profile.file}:{line}: depths {top:g} to {bottom:g} um are no bin; give two increasing depths below the surface")
            if not 0.0 <= fraction <= 1.0:
                raise _core.InputError(f"{profile.file}:{line}: fraction = {fraction:g} is out of range; give the share of all pigment in the skin, 0 to 1")
            name = f"pigment {top:g} to {bottom:g} um, day {profile.day:g}"
            found.append(Observation(name, "1", fraction, sd, profile.source, day=profile.day, depths_um=(top, bottom)))
    names = [one.name for one in found]
    for name in names:
        if names.count(name) > 1:
            raise _core.InputError(f"{file.files[-1]}: {name} is observed twice; join the two to one value with one standard deviation")
    return tuple(found)


def _rows(path: Path, columns: Sequence[str]) -> list[tuple[int, tuple[float, ...]]]:
    """Numbers of a CSV file with a line of names, and the line each row stands on; lines that begin with # are left out."""
    lines = [(n, line) for n, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1) if line.strip() and not line.startswith("#")]
    if len(lines) < 2:
        raise _core.InputError(f"{path}: holds no data; write the line {','.join(columns)} and a row for each value")
    head = [name.strip() for name in next(csv.reader([lines[0][1]]))]
    if head != list(columns):
        raise _core.InputError(f"{path}:{lines[0][0]}: has the columns {', '.join(head)}; write {','.join(columns)}")
    rows = []
    for (number, _), cells in zip(lines[1:], csv.reader(line for _, line in lines[1:]), strict=True):
        try:
            values = tuple(map(float, cells))
        except ValueError as error:
            raise _core.InputError(f"{path}:{number}: {error}; write numbers with a point") from None
        if len(values) != len(columns):
            raise _core.InputError(f"{path}:{number}: has {len(values)} values, not {len(columns)}; write {','.join(columns)}")
        if not all(map(math.isfinite, values)):
            raise _core.InputError(f"{path}:{number}: holds what is not a finite number; leave the row out")
        if values[-1] <= 0.0:
            raise _core.InputError(f"{path}:{number}: sd = {values[-1]:g} is not a standard deviation; give a number above 0")
        rows.append((number, values))
    return rows


def horizon_year(seen: Sequence[Observation]) -> float:
    """How long the engine must look at the dot [year]: five years, or until the last observation."""
    last = max((one.day for one in seen if one.whole_run), default=0.0)
    return 5.0 if last <= _HORIZON_DAY else min(30.0, math.ceil(last / 365.25))


def answers(run: Result, seen: Sequence[Observation]) -> dict[str, float]:
    """What a run gives for each observation, by name, and for those between two looks of the run how far interpolation may be off:
    NAME with a question mark behind."""
    found: dict[str, float] = {}
    series = run._run.series
    for one in seen:
        if not one.whole_run:
            found[one.name] = run[one.output]
            continue
        values = series[one.output] if one.output else _shares(run, one.depths_um)
        found[one.name], found[doubt(one.name)] = _between(series["time_day"], values, one.day)
    return found


def doubt(name: str) -> str:
    """Name of the error of interpolation of an observation."""
    return f"{name}?"


def names_of(seen: Sequence[Observation]) -> tuple[str, ...]:
    """Names of :func:`answers`, in its order."""
    return tuple(name for one in seen for name in ((one.name, doubt(one.name)) if one.whole_run else (one.name,)))


def _between(days: np.ndarray, values: np.ndarray, day: float) -> tuple[float, float]:
    """A series at a day: straight between two looks over the logarithm of the time; and its distance from the monotone cubic, which
    tells how well that is known."""
    times, at = np.log1p(days), math.log1p(day)
    straight = float(np.interp(at, times, values))
    if day in days or not np.isfinite(values).all():
        return straight, 0.0
    first = np.flatnonzero(np.append(np.diff(times) > 0.0, True))  # a session is looked at twice: before and after
    return straight, abs(float(PchipInterpolator(times[first], values[first])(at)) - straight)


def _shares(run: Result, depths_um: tuple[float, float]) -> np.ndarray:
    """Share of all pigment between two depths at every look, shape (time,) [-]; pigment is even within a row of cells."""
    areas = np.diff(run._run.r_face**2)
    mass = np.einsum("tpij,i,j->tj", run.pools, areas, np.diff(run._run.z_face))
    above = np.concatenate([np.zeros((len(mass), 1)), np.cumsum(mass, axis=1)], axis=1)
    ends = np.array([[np.interp(depth * 1e-6, run._run.z_face, row) for depth in depths_um] for row in above])
    with np.errstate(invalid="ignore"):
        return (ends[:, 1] - ends[:, 0]) / above[:, -1]


def facts(seen: Sequence[Observation]) -> list[list[object]]:
    """Everything that decides a fit by its data, for a hash."""
    return [[one.name, one.unit, one.value, one.sd, one.source] for one in seen]

