"""Correction factors from a study: box over rings, smooth in the angle of the needle for each number of prongs, with standard errors."""

import math
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from . import _core
from .space_studies import open_study, result_sha256
from .treatment import toml_text
from .writing import check_output, write_text

CORRECTED = (
    "pigment_deposited_ng", "pigment_depth_mm", "pigment_radius_mm", "share_epidermis", "fwhm_mm_day14", "fwhm_mm_1y", "contrast_day14", "contrast_1y",
)  # fmt: skip
_LEVELS = ("quick", "standard", "fine", "finest")
_DIMS = ("needle_model", "machine_angle_deg", "geometry_kind")


@dataclass(frozen=True)
class FittedFactor:
    """Factor of one output and number of prongs: constant + linear u + square u^2, u = 1 - cos(angle).

    Attributes
    ----------
    grid, residual: standard errors of the study's grid and of the fit [-]. straight: how far one upright prong is from agreeing in both
    models, which the factors are taken relative to [-]. error: all three together.
    """

    output: str
    prongs: int
    constant: float
    linear: float
    square: float
    grid: float
    residual: float
    straight: float

    @property
    def error(self) -> float:
        return math.sqrt(self.grid**2 + self.residual**2 + self.straight**2)

    def __call__(self, angle_deg: float) -> float:
        u = 1.0 - math.cos(math.radians(angle_deg))
        return self.constant + (self.linear + self.square * u) * u


@dataclass(frozen=True)
class FittedCorrections:
    """All factors of a study, and what they were made of."""

    factors: tuple[FittedFactor, ...]
    angles_deg: tuple[float, float]
    study_sha256: str  # of the coarse result, which has every needle
    finer_sha256: str
    program: str
    grids: tuple[str, str]
    on_finer: tuple[int, ...]  # prongs of the needles that the finer grid has


def fit_corrections(coarse: str | os.PathLike[str], finer: str | os.PathLike[str]) -> FittedCorrections:
    """Fits the factors of a study on two grids.

    Ratios of box and rings are taken relative to that of one upright prong, for which both models are the same and only their grids
    differ. Factors are those of the finer grid for needles that were run there, of the coarse one for others. The error of the grid is the
    root mean square difference of the ratios of the two grids; a needle that has none of its own takes the largest of the others.

    Parameters
    ----------
    finer: the same angles and treatment on a finer grid, for all needles or some, one of them with one prong.

    Raises
    ------
    InputError: results of other studies, of the same grid, with failed members, or without one prong at angle 0.
    """
    wide, fine = (_checked(path) for path in (coarse, finer))
    levels = [_LEVELS.index(data.attrs["grid"]) for data in (wide, fine)]
    if levels[0] >= levels[1]:
        raise _core.InputError(f"{finer}: is on the {fine.attrs['grid']} grid, not finer than {coarse} ({wide.attrs['grid']}); give the coarse one first")
    if list(wide[_DIMS[1]].values) != list(fine[_DIMS[1]].values) or not set(fine[_DIMS[0]].values) <= set(wide[_DIMS[0]].values):
        raise _core.InputError(f"{finer}: has other angles than {coarse}, or needles that that has not; run the same study on both grids")
    if wide.attrs["input_sha256"] != fine.attrs["input_sha256"]:
        raise _core.InputError(f"{finer}: was run with another treatment than {coarse}; run the same study on both grids")
    angles = wide["machine_angle_deg"].values.astype(float)
    counts = [data["prongs"].values.astype(int).tolist() for data in (wide, fine)]
    if any(1 not in one or len(set(one)) != len(one) for one in counts) or angles.min() != 0.0 or len(angles) < 4:
        raise _core.InputError(f"{finer}: cannot give factors; its study needs needles of different numbers of prongs, one of them 1, and four angles, one of them 0")
    factors = [one for name in CORRECTED for one in _of_output(name, angles, (wide, fine), counts)]
    program = f"dermaflux {fine.attrs['provenance_version']} {fine.attrs['provenance_git_commit']}"
    return FittedCorrections(
        tuple(factors), (float(angles.min()), float(angles.max())), result_sha256(coarse), result_sha256(finer), program,
        (wide.attrs["grid"], fine.attrs["grid"]), tuple(counts[1]),
    )  # fmt: skip


def _of_output(name: str, angles: np.ndarray, data: tuple[xr.Dataset, xr.Dataset], counts: list[list[int]]) -> list[FittedFactor]:
    """Factors of one output for every needle of the coarse study."""
    wide, fine = (dict(zip(prongs, _ratio(one, name, prongs), strict=True)) for one, prongs in zip(data, counts, strict=True))
    straight = [abs(_straight(one, name, prongs) - 1.0) for one, prongs in zip(data, counts, strict=True)]
    tilted = angles > 0.0  # of one prong: upright it is 1 on both grids
    grid = {n: float(np.sqrt(np.mean((fine[n] - wide[n])[tilted if n == 1 else angles >= 0.0] ** 2))) for n in counts[1]}
    return [
        _fit(name, n, angles, fine.get(n, wide[n]), grid.get(n, max(grid.values())), straight[1] if n in fine else straight[0]) for n in counts[0]
    ]


def _checked(path: str | os.PathLike[str]) -> xr.Dataset:
    data = open_study(path)
    if data.attrs["study"] != "corrections" or set(data["error"].dims) != set(_DIMS):
        raise _core.InputError(f"{path}: is no study of corrections over {', '.join(_DIMS)}; run one such as tilt_and_prongs")
    if data.attrs["failed_members"]:
        raise _core.InputError(f"{path}: {data.attrs['failed_members']} of its members failed; run it again with --retry-failed")
    return data.transpose(*_DIMS, ...)


def _raw(data: xr.Dataset, name: str) -> np.ndarray:
    """Box over rings, shape (needle, angle)."""
    return (data[name].sel(geometry_kind="box") / data[name].sel(geometry_kind="axisymmetric")).transpose(*_DIMS[:2]).values


def _straight(data: xr.Dataset, name: str, prongs: list[int]) -> float:
    """The same of one upright prong."""
    return float(_raw(data, name)[prongs.index(1), int(np.argmin(data["machine_angle_deg"].values))])


def _ratio(data: xr.Dataset, name: str, prongs: list[int]) -> np.ndarray:
    """Box over rings relative to that, shape (needle, angle)."""
    return _raw(data, name) / _straight(data, name, prongs)


def _fit(name: str, prongs: int, angles: np.ndarray, ratio: np.ndarray, grid: float, straight: float) -> FittedFactor:
    """Least squares; of one prong the factor at angle 0 is 1."""
    u = 1.0 - np.cos(np.radians(angles))
    terms = np.column_stack([u, u**2] if prongs == 1 else [np.ones_like(u), u, u**2])
    values = ratio - 1.0 if prongs == 1 else ratio
    used = u > 0.0 if prongs == 1 else np.ones(len(u), dtype=bool)
    found = np.linalg.lstsq(terms[used], values[used], rcond=None)[0]
    left = values[used] - terms[used] @ found
    constant, linear, square = (1.0, *found) if prongs == 1 else found
    residual = math.sqrt(float(left @ left) / max(int(used.sum()) - terms.shape[1], 1))
    return FittedFactor(name, prongs, float(constant), float(linear), float(square), grid, residual, straight)


def save_corrections(fitted: FittedCorrections, path: str | os.PathLike[str]) -> Path:
    """Writes factors as a file that sweeps and calibrations take. Raises FileError."""
    coarse, fine = fitted.grids
    lines = [
        "# Factors from the axisymmetric model to a box for tilt and prongs, relative to one upright prong; written by `dermaflux corrections`.",
        "# factor = constant + linear u + square u^2, u = 1 - cos(machine.angle_deg); error is its standard error: grid, fit, and how far one",
        "# upright prong is from agreeing in both models.",
        'title = "Tilt and prongs, box over rings"',
        f"source = {toml_text(f'study: box over rings on the {coarse} grid, and on the {fine} one with {_numbers(fitted)} (result {fitted.finer_sha256[:12]}); {fitted.program}')}",
        f"study_sha256 = {toml_text(fitted.study_sha256)}",
        f'angles_deg = {{ value = {list(fitted.angles_deg)}, unit = "deg", range = [0, 60], source = "study: angles that were run" }}',
    ]
    for one in fitted.factors:
        own = one.prongs in fitted.on_finer
        said = f"study: box over rings on the {fine if own else coarse} grid"
        lines += ["", "[[correction]]", f"output = {toml_text(one.output)}", f'prongs = {{ value = {one.prongs}, unit = "1", range = [1, 7], source = "study: needle" }}']
        for name, limit in (("constant", [0.1, 10]), ("linear", [-100, 100]), ("square", [-100, 100])):
            lines.append(f'{name} = {{ value = {getattr(one, name):.5g}, unit = "1", range = {limit}, source = "{said}" }}')
        parts = f"grid {one.grid:.2g}{'' if own else f' (of {_numbers(fitted)})'}, fit {one.residual:.2g}, one upright prong {one.straight:.2g}"
        lines.append(f'error = {{ value = {one.error:.2g}, unit = "1", range = [0, 1], source = "study: {parts}" }}')
    return write_text(check_output(path), "\n".join(lines) + "\n")


def _numbers(fitted: FittedCorrections) -> str:
    return f"{', '.join(map(str, fitted.on_finer))} prong{'s' if fitted.on_finer != (1,) else ''}"


def table_of(fitted: FittedCorrections) -> list[list[str]]:
    """Rows for people: output, prongs, factor at the lowest, the middle and the highest angle, standard error."""
    low, high = fitted.angles_deg
    rows = []
    for one in fitted.factors:
        values = [f"{one(angle):.3f} ({angle:g} deg)" for angle in (low, 0.5 * (low + high), high)]
        rows.append([one.output, str(one.prongs), *values, f"{one.error:.3f}"])
    return rows
