"""The looks of a run: which days there are, and the reflectance of dot and skin at one of them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from . import _core
from .treatment import Treatment

_DAYS = {"": 1.0, "d": 1.0, "w": 7.0, "mo": 365.25 / 12.0, "y": 365.25}
# What a fibre photometer or a magnified photograph takes for the colour of a dot; as in the output `contrast`.
CENTRE_RADIUS_MM = 0.06
_SAME_DAY = 0.02  # half an hour


@dataclass(frozen=True)
class Look:
    """What the eye sees of one dot on one day.

    Attributes
    ----------
    day: since the first session [day].   radius_mm: ring centres, shape (ring,) [mm].
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


def look(data: xr.Dataset, day: float, name: str = "the run") -> Look:
    """One look of a run.

    Parameters
    ----------
    data: from :func:`dermaflux.open_run` or :meth:`dermaflux.Result.to_xarray`.
    day: since the first session [day]; one at which the run was looked at, to half an hour.

    Raises
    ------
    InputError: the run holds no looks, ends before that day, or was not looked at then; the message lists its days.
    """
    require_looks(data, name)
    days = data["time"].values
    if day > days[-1] + _SAME_DAY:
        raise _core.InputError(f"--day {day:g}: lies beyond {name}, which ends on day {days[-1]:g}; run it again with --horizon-year {np.ceil(day / 365.25):.0f}")
    n = _nearest(days, day, name)
    edges = data["view_r"].values * 1e3
    rings = data["reflectance"].transpose("time", "wavelength", "view_r").values[n]
    return Look(
        day=float(days[n]), radius_mm=edges, edge_mm=float(edges[-1] + 0.5 * (edges[-1] - edges[-2])), dot=rings,
        skin=data["reflectance_skin"].transpose("time", "wavelength").values[n], contrast=float(data["contrast"][n]), fwhm_mm=float(data["fwhm_mm"][n]),
    )  # fmt: skip


def require_days(treatment: Treatment, days: Sequence[float]) -> None:
    """Makes sure before any run that a treatment will be looked at on some days.

    Raises
    ------
    InputError: a day at which no run looks; the message lists those at which it does.
    """
    for day in days:
        if not 0.0 <= day <= 30.0 * 365.25 + _SAME_DAY:
            raise _core.InputError(f"--day {day:g}: is out of range (time since the first session); use 0 to 10957")
    seen = np.array(_core.look_days(treatment._document, min(horizon_for(days), 30.0)))
    for day in days:
        _nearest(seen, day, "a run")


def _nearest(days: np.ndarray, day: float, name: str) -> int:
    n = int(np.argmin(np.abs(days - day)))
    if abs(days[n] - day) > _SAME_DAY:
        listed = ", ".join(f"{one:g}" for one in days)
        raise _core.InputError(f"--day {day:g}: {name} is not looked at then, but on days {listed}; the nearest is {days[n]:g}")
    return n


def luminance(reflectance: np.ndarray) -> np.ndarray:
    """CIE Y under D65 of a reflectance per band along the last axis, 1 for a perfect white."""
    return np.asarray(reflectance) @ np.array(_core.colour_weights()[1])


def horizon_for(days: Sequence[float]) -> float:
    """Shortest horizon that a run may have and that reaches all days [year]."""
    return float(max([1.0, *(day / 365.25 for day in days)]))
