"""The looks of a run: which days there are, and the reflectance of dot and skin at one of them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from . import _core
from .result import Result
from .treatment import Treatment

_DAYS = {"": 1.0, "d": 1.0, "w": 7.0, "mo": 365.25 / 12.0, "y": 365.25}
# What a fibre photometer or a magnified photograph takes for the colour of a dot; as in the output `contrast`.
CENTRE_RADIUS_MM = 0.06
_SAME_DAY = 0.02  # half an hour
_SHORTEST_YEAR, _LONGEST_YEAR = 1.0, 30.0  # horizons that a run may have


@dataclass(frozen=True)
class Look:
    """What the eye sees of one dot on one day.

    Attributes
    ----------
    day: since the first session [day].   radius_mm: ring centres, shape (ring,) [mm].
    edge_mm: outer face of the last ring [mm].
    dot: reflectance per band and ring, shape (band, ring) [-].   skin: without a dot, shape (band,) [-].
    contrast, fwhm_mm: at 550 nm [-], [mm].
    """

    day: float
    radius_mm: np.ndarray
    edge_mm: float
    dot: np.ndarray
    skin: np.ndarray
    contrast: float
    fwhm_mm: float

    def centre(self) -> np.ndarray:
        """Reflectance per band of the centre of the dot, shape (band,): mean over its radius, as the contrast is taken."""
        radius = CENTRE_RADIUS_MM * (np.arange(60) + 0.5) / 60
        return np.array([np.interp(radius, self.radius_mm, band).mean() for band in self.dot])

    def density(self) -> np.ndarray:
        """Optical density of the dot against skin, ln(R_skin/R), shape (band, ring) [-]: it adds where dots overlap."""
        return -np.log(self.dot / self.skin[:, None])


def parse_day(text: str) -> float:
    """Days in a text: 14, 14d, 2w, 6mo or 1y.

    Raises
    ------
    InputError: no such time.

    >>> parse_day("1y"), parse_day("14"), parse_day("6mo")
    (365.25, 14.0, 182.625)
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*(|d|w|mo|y)\s*", text)
    if not found:
        raise _core.InputError(f"--day {text}: is not a time; write days (14), weeks (2w), months (6mo) or years (1y)")
    return float(found[1]) * _DAYS[found[2]]


def day_label(day: float) -> str:
    """A time after treatment as a clinic says it: days to three months, then months and years."""
    if day == 0.0:
        return "day 0"
    if day < 100.0:
        return f"{day:.0f} d"
    years = day / _DAYS["y"]
    return f"{years * 12.0:.0f} mo" if day < 300.0 or 1.02 < years < 1.98 else f"{years:.0f} y"


def require_looks(data: xr.Dataset, name: str = "the run") -> None:
    """Makes sure that a run holds looks of this version.

    Raises
    ------
    InputError: none were recorded, or at other wavelengths.
    """
    if "reflectance" not in data or "reflectance_skin" not in data:
        raise _core.InputError(f"{name}: holds no reflectance (an earlier version wrote it); run the treatment again with `dermaflux run -o`")
    bands = [float(band) for band in data["wavelength"].values]
    if bands != _core.wavelengths_nm():
        raise _core.InputError(f"{name}: was looked at {', '.join(f'{band:g}' for band in bands)} nm, not at the bands of this version; run the treatment again")


def look(run: Result | xr.Dataset, day: float, name: str = "the run") -> Look:
    """One look of a run.

    Parameters
    ----------
    run: as :func:`dermaflux.run` gave it, which is looked at on that day alone, or with all its looks, from :func:`dermaflux.open_run` or
        :meth:`dermaflux.Result.to_xarray`; the numbers are the same.
    day: since the first session [day]; one at which the run was looked at, to half an hour.

    Raises
    ------
    InputError: the run holds no looks, ends before that day, or was not looked at then; the message lists its days.
    """
    if isinstance(run, Result):
        series, places = run._run.series, run._run.view_r
        n = _moment(series["time_day"], day, name)
        seen = run._run.view(n)
        return _look(series["time_day"][n], places, seen[:, :-1], seen[:, -1], series["contrast"][n], series["fwhm_mm"][n])
    require_looks(run, name)
    n = moment(run, day, name)
    rings = run["reflectance"].transpose("time", "wavelength", "view_r").values[n]
    skin = run["reflectance_skin"].transpose("time", "wavelength").values[n]
    return _look(run["time"].values[n], run["view_r"].values, rings, skin, run["contrast"].values[n], run["fwhm_mm"].values[n])


def _look(day: float, places_m: np.ndarray, dot: np.ndarray, skin: np.ndarray, contrast: float, fwhm_mm: float) -> Look:
    places = places_m * 1e3
    edge = float(places[-1] + 0.5 * (places[-1] - places[-2]))
    return Look(day=float(day), radius_mm=places, edge_mm=edge, dot=dot, skin=skin, contrast=float(contrast), fwhm_mm=float(fwhm_mm))


def moment(data: xr.Dataset, day: float, name: str = "the run") -> int:
    """Place of a look in a run.

    Raises
    ------
    InputError: the run ends before that day, or was not looked at then; the message lists its days.
    """
    return _moment(data["time"].values, day, name)


def _moment(days: np.ndarray, day: float, name: str) -> int:
    if day > days[-1] + _SAME_DAY:
        years = np.ceil(day / _DAYS["y"])
        raise _core.InputError(f"day = {day:g} lies beyond {name}, which ends on day {days[-1]:g}; run it again with --horizon-year {years:.0f}")
    return _nearest(days, day, name)


def require_days(treatment: Treatment, days: Sequence[float]) -> list[float]:
    """Makes sure before any run that a treatment will be looked at on some days; gives the days of those looks.

    Raises
    ------
    InputError: a day at which no run looks; the message lists those at which it does.
    """
    for day in days:
        if not 0.0 <= day <= _LONGEST_YEAR * _DAYS["y"] + _SAME_DAY:
            raise _core.InputError(f"day = {day:g} is out of range (time since the first session); use 0 to {_LONGEST_YEAR * _DAYS['y']:g}")
    seen = np.array(_core.look_days(treatment._document, horizon_for(days)))
    return [float(seen[_nearest(seen, day, "a run of this treatment")]) for day in days]


def _nearest(days: np.ndarray, day: float, name: str) -> int:
    n = int(np.argmin(np.abs(days - day)))
    if not abs(days[n] - day) <= _SAME_DAY:
        listed = ", ".join(f"{one:g}" for one in days)
        raise _core.InputError(f"day = {day:g} is no look of {name}, which is looked at on days {listed}; the nearest is {days[n]:g}")
    return n


def luminance(reflectance: np.ndarray) -> np.ndarray:
    """CIE Y under D65 of a reflectance per band along the last axis, 1 for a perfect white."""
    return np.asarray(reflectance) @ np.array(_core.colour_weights()[1])


def horizon_for(days: Sequence[float]) -> float:
    """Shortest horizon that a run may have and that reaches all days [year]."""
    return float(np.clip(max(days) / _DAYS["y"], _SHORTEST_YEAR, _LONGEST_YEAR))
