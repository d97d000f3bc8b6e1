"""Photon transport: what the eye sees of a dot by Monte Carlo, the judge of the fast look. Every number carries a standard error."""

import json
import math
import os
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import xarray as xr

from . import _core, provenance
from .counterpart import stored_treatment
from .looks import CENTRE_RADIUS_MM as CENTRE_MM
from .looks import moment
from .progress import progress_bar
from .result import POOLS, Result, json_number
from .runfile import open_run
from .writing import check_output, write_dataset

_PILOT = 16384
_RING_MM, _RINGS = 0.015, 40
_RING_PHOTONS = _RINGS * 64 * 8
_STEPS = 8
_ENERGY = 1e-6
ACCOUNTS = ("specular", "diffuse", "transmitted", "absorbed", "roulette", "cut")

Follow = Callable[[_core.PhotonMedium, int, float, float, int], dict]
"""Follows photons in a medium: how many, inner radius and width of the rings they enter [mm], how many rings."""


def photons(
    run: Result | xr.Dataset | str | os.PathLike[str],
    day: float,
    *,
    wavelengths_nm: Sequence[float] = (550.0,),
    photons: int | None = None,
    error: float | None = None,
    seed: int = 1,
    backend: str = "auto",
    progress: bool = False,
) -> xr.Dataset:
    """Contrast, visible width and reflectance of a dot at one look of a run, by Monte Carlo photon transport.

    Light meets the medium of the fast look (absorption and reduced scattering per cell, with clusters, redness and swelling of that
    day), with the scattering angles of Henyey and Greenstein and a smooth surface. By reciprocity diffuse light seen along the
    normal at a radius is all light that comes out of a narrow beam sent in there. Of a run in a box it is a map of the surface, see
    :func:`dermaflux.camera.surface`.

    Parameters
    ----------
    run: a result, a dataset of :func:`dermaflux.open_run`, or the path of a run file.
    day: time after the first session; one of the looks of the run [day].
    wavelengths_nm: bands to look at, each of :func:`dermaflux._core.wavelengths_nm`.
    photons: per wavelength and medium, rounded up to whole batches; as many as `error` needs if not given.
    error: standard error of the contrast asked for [-]; 0.01 if neither is given.
    seed: of the random numbers; photon n of a seed is always the same.
    backend: auto, serial, kokkos or cuda; all give the same bits.

    Returns
    -------
    Dataset over `wavelength` with contrast, fwhm_mm, reflectance_dot (centre) and reflectance_skin, each with NAME_error (standard
    error), contrast_profile over `radius_mm`, and the shares of the light per account. Width is NaN where contrast does not fall to
    half within the profile.

    Raises
    ------
    InputError: no such look or wavelength, or too few photons for the error asked for; the message says how many are needed.
    NumericsError: the energy of the photons does not add up.
    """
    data = run.to_xarray() if isinstance(run, Result) else run if isinstance(run, xr.Dataset) else open_run(run)
    if "tracks" in data:
        from . import camera

        return camera.surface(run if isinstance(run, Result) else data, day, wavelengths_nm=wavelengths_nm, photons=photons, error=error, seed=seed, backend=backend, progress=progress)
    at = moment(data, day)
    bands, goal = bands_of(wavelengths_nm, seed), goal_of(photons, error)
    with nullcontext(run.treatment) if isinstance(run, Result) else stored_treatment(data) as treatment:
        scene = scene_of(data, at, treatment._document)
    fast = scene.look()
    steps = len(bands) * _STEPS
    with progress_bar("photons", 1.0, counted=False, quiet=not progress) as show:
        done = 0

        def follow(medium: _core.PhotonMedium, number: int, inner_mm: float, width_mm: float, rings: int) -> dict:
            nonlocal done
            start = done / steps
            done += 1
            return followed(scene, medium, number, inner_mm, width_mm, rings, seed, backend, lambda share: show(min(1.0, start + share / steps)))

        rows = []
        for n, band in enumerate(bands):
            done = n * _STEPS
            rows.append(_band_of(scene, fast, band, follow, photons, goal))
    return _dataset(data, day, [float(_core.wavelengths_nm()[b]) for b in bands], rows, seed)


def followed(
    scene: _core.OpticalScene | _core.SpaceScene, medium: _core.PhotonMedium, number: int, inner_mm: float, width_mm: float, rings: int,
    seed: int = 1, backend: str = "auto", progress: Callable[[float], None] | None = None, tiles: tuple[int, float, float, float] | None = None,
) -> dict:  # fmt: skip
    """Photons that enter along the normal, uniformly over the radii of some rings, or evenly over as many tiles. Raises NumericsError if
    energy is lost."""
    found = _core.follow_photons(
        medium, _core.whole_batches(number, rings), scene.anisotropy, scene.index, scene.index_plate, 1.0, 1.0, inner_mm * 1e-3, width_mm * 1e-3, rings,
        False, False, "none", seed, backend, progress, tiles,
    )  # fmt: skip
    total = sum(found[name] for name in ACCOUNTS)
    if abs(total - 1.0) > _ENERGY:
        raise _core.NumericsError(f"the energy of the photons is off by {total - 1.0:.1e} (a fault of the program); please report it")
    return found


def scene_of(data: xr.Dataset, at: int, document: _core.TreatmentDocument) -> _core.OpticalScene:
    """A look of a run as light meets it."""
    pools = np.stack([data[f"pigment_{pool}"].isel(time=at).transpose("r", "z").values for pool in POOLS])
    time = float(data["time"][at])
    done = data["session_day"].values <= time
    left = np.where(done, data["session_deposited_ng"].values, 0.0)
    start = float((data["session_day"].values * left).sum() / left.sum()) if left.sum() > 0.0 else 0.0
    return _core.OpticalScene(document, data["r_face"].values, data["z_face"].values, pools.astype(float), time, time - start)


def save(result: xr.Dataset, path: str | os.PathLike[str], command_line: str = "Python") -> Path:
    """Writes what :func:`photons` found as HDF5; xarray opens it. The file appears when it is complete. Raises FileError."""
    path = check_output(path)
    facts = {f"provenance_{name}": value for name, value in provenance.program().items()}
    write_dataset(result.assign_attrs(facts | {"command_line": command_line}), path)
    return path


def summary(result: xr.Dataset) -> str:
    """What the photons say, one line per wavelength."""
    lines = [f"{result.attrs['title']}, day {result.attrs['day']:g}, photons per wavelength and medium:"]
    for n, nm in enumerate(result["wavelength"].values):
        one = {name: float(values[n]) for name, values in result.data_vars.items() if values.dims == ("wavelength",)}
        width = "width beyond the profile" if math.isnan(one["fwhm_mm"]) else f"width {one['fwhm_mm']:.3f} +- {one['fwhm_mm_error']:.3f} mm"
        lines.append(
            f"  {nm:.0f} nm: contrast {one['contrast']:.4f} +- {one['contrast_error']:.4f} (fast look {one['contrast_fast']:.4f}), {width}, skin reflects "
            f"{one['reflectance_skin']:.4f} +- {one['reflectance_skin_error']:.4f}; {one['photons']:.0f}"
        )
        if "dots_seen" in one:
            lines.append(
                f"    along the tilt {one['width_along_mm']:.3f} +- {one['width_along_mm_error']:.3f} mm, across {one['width_across_mm']:.3f} +- "
                f"{one['width_across_mm_error']:.3f} mm; {one['dots_seen']:.0f} dot{'s' if one['dots_seen'] != 1.0 else ''} to be seen"
            )
    return "\n".join(lines)


def contrast_of(dot: np.ndarray, skin: np.ndarray) -> tuple[float, float]:
    """Contrast 1 - dot/skin and its standard error from batches that share their photons: a ratio of means, its error that of the
    residuals. Source: Cochran 1977, Sampling Techniques, ch. 6."""
    ratio = dot.mean() / skin.mean()
    residual = (dot - ratio * skin) / skin.mean()
    return float(1.0 - ratio), float(residual.std(ddof=1) / math.sqrt(residual.size))


def half_width(radius: np.ndarray, profile: np.ndarray, half: float) -> float:
    """Radius at which a noisy profile falls below a level: the best falling fit (pool adjacent violators, Ayer 1955), linear between
    its points; NaN where it never does."""
    falling = _falling(profile)
    below = np.flatnonzero(falling < half)
    if below.size == 0:
        return math.nan
    n = int(below[0])
    if n == 0:
        return float(radius[0])
    share = (falling[n - 1] - half) / (falling[n - 1] - falling[n])
    return float(radius[n - 1] + share * (radius[n] - radius[n - 1]))


def _falling(values: np.ndarray) -> np.ndarray:
    blocks: list[list[float]] = []  # mean, count
    for value in values:
        blocks.append([float(value), 1.0])
        while len(blocks) > 1 and blocks[-1][0] > blocks[-2][0]:
            mean, count = blocks.pop()
            before, weight = blocks[-1]
            blocks[-1] = [(before * weight + mean * count) / (weight + count), weight + count]
    return np.concatenate([np.full(int(count), mean) for mean, count in blocks])


def visible_width(
    media: Sequence[_core.PhotonMedium], centre: Sequence[np.ndarray], number: int, follow: Follow
) -> tuple[float, float, np.ndarray]:
    """Width at half of the contrast [mm], its standard error, and the profile of contrast over the rings.

    A coarse profile finds the place; then all photons enter around it, and a parabola through their contrast gives the radius. The
    error is that of the jackknife over eight groups of batches.

    Parameters
    ----------
    media: with the dot, and plain skin.
    centre: what came out of both in the batches of the centre.
    number: photons around the place.
    """
    coarse = [follow(medium, _RING_PHOTONS, 0.0, _RING_MM, _RINGS)["reflected"] for medium in media]
    profile = 1.0 - coarse[0].mean(axis=1) / coarse[1].mean(axis=1)
    place = half_width((np.arange(_RINGS) + 0.5) * _RING_MM, profile, 0.5 * (1.0 - centre[0].mean() / centre[1].mean()))
    if math.isnan(place):
        return math.nan, math.nan, profile
    reach = max(2.0 * _RING_MM, 0.35 * place)
    low, rings = max(place - reach, 0.0), 8
    step = (place + reach - low) / rings
    near = [follow(medium, number, low, step, rings)["reflected"] for medium in media]
    at = (np.arange(rings) + 0.5) * step + low - place
    groups = np.arange(centre[0].size) % 8

    def found(chosen: np.ndarray) -> float:
        half = 0.5 * (1.0 - centre[0][chosen].mean() / centre[1][chosen].mean())
        contrast = 1.0 - near[0][:, chosen].mean(axis=1) / near[1][:, chosen].mean(axis=1)
        c, b, a = np.polyfit(at, contrast - half, 2)
        if b >= 0.0 or b * b < 4.0 * c * a:  # noise has turned the parabola; a line is left
            (b, a), c = np.polyfit(at, contrast - half, 1), 0.0
        return 2.0 * (place - 2.0 * a / (b - math.sqrt(b * b - 4.0 * c * a))) if b < 0.0 else math.nan

    others = np.array([found(groups != n) for n in range(8)])
    return found(groups >= 0), float(math.sqrt(7.0 / 8.0 * ((others - others.mean()) ** 2).sum())), profile


def _band_of(scene: _core.OpticalScene, fast: dict, band: int, follow: Follow, photons: int | None, goal: float | None) -> dict:
    """Everything of one wavelength."""
    media = [scene.medium(band, True), scene.medium(band, False)]
    number = min(_PILOT, photons or _PILOT)
    pair = [follow(medium, number, 0.0, CENTRE_MM, 1) for medium in media]
    contrast, error = contrast_of(*(one["reflected"][0] for one in pair))
    wanted = max(number, photons or 0, needed_for(error, number, goal, photons, band))
    if wanted > number:
        pair = [follow(medium, wanted, 0.0, CENTRE_MM, 1) for medium in media]
        contrast, error = contrast_of(*(one["reflected"][0] for one in pair))
    dot, skin = (one["reflected"][0] for one in pair)
    width, width_error, profile = visible_width(media, [dot, skin], wanted, follow)
    return {
        "contrast": contrast,
        "contrast_error": error,
        "fwhm_mm": width,
        "fwhm_mm_error": width_error,
        "reflectance_dot": dot.mean(),
        "reflectance_dot_error": dot.std(ddof=1) / math.sqrt(dot.size),
        "reflectance_skin": skin.mean(),
        "reflectance_skin_error": skin.std(ddof=1) / math.sqrt(skin.size),
        "contrast_fast": 1.0 - fast["dot"][band] / fast["skin"][band],
        "photons": float(_core.whole_batches(wanted, 1)),
        "contrast_profile": profile,
    } | {f"share_{name}": pair[0][name] for name in ACCOUNTS}


def needed_for(error: float, number: int, goal: float | None, photons: int | None, band: int) -> int:
    """Photons that a standard error needs, from what some gave. Raises InputError where those asked for are too few."""
    if goal is None:
        return 0
    nm = float(_core.wavelengths_nm()[band])
    needed = _core.whole_batches(math.ceil(1.15 * number * (error / goal) ** 2), 1)  # the error is itself known to 9 %
    if photons is not None and needed > photons and error * math.sqrt(number / photons) > goal:
        raise _core.InputError(
            f"photons = {photons} are too few for a standard error of {goal:g} at {nm:.0f} nm: they give about "
            f"{error * math.sqrt(number / photons):.2g}; ask for at least {needed} photons, or for a larger error"
        )
    if needed > _core.most_photons:
        raise _core.InputError(
            f"a standard error of {goal:g} needs about {needed} photons at {nm:.0f} nm, more than a run can follow ({_core.most_photons}); "
            f"ask for an error of {1.1 * goal * math.sqrt(needed / _core.most_photons):.1g} or more"
        )
    return needed


def _dataset(data: xr.Dataset, day: float, wavelengths: list[float], rows: list[dict], seed: int) -> xr.Dataset:
    result = xr.Dataset(coords={
        "wavelength": ("wavelength", wavelengths, {"units": "nm"}),
        "radius_mm": ("radius_mm", (np.arange(_RINGS) + 0.5) * _RING_MM, {"units": "mm", "long_name": "distance from the axis"}),
    })  # fmt: skip
    for name in rows[0]:
        values = np.array([row[name] for row in rows])
        dims = ("wavelength", "radius_mm") if values.ndim == 2 else ("wavelength",)
        result[name] = (dims, values, {"units": "mm" if name.startswith("fwhm") else "1"})
    return result.assign_attrs(title=data.attrs["title"], day=float(day), seed=seed, centre_radius_mm=CENTRE_MM)


def _listed(values: Sequence[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)


def bands_of(wavelengths_nm: Sequence[float], seed: int) -> list[int]:
    """Numbers of some bands. Raises InputError where there is none, or no such band or seed."""
    bands = [_band(nm) for nm in wavelengths_nm]
    if not bands:
        raise _core.InputError("wavelengths_nm is empty; give one or more of " + _listed(_core.wavelengths_nm()))
    if not 0 <= seed < 2**64:
        raise _core.InputError(f"seed = {seed} is out of range; use a whole number from 0 to {2**64 - 1}")
    return bands


def _band(nm: float) -> int:
    known = [float(value) for value in _core.wavelengths_nm()]
    if float(nm) not in known:
        raise _core.InputError(f"wavelength {nm:g} nm is none of the data (absorption is tabulated at {_listed(known)} nm); use one of them")
    return known.index(float(nm))


def goal_of(photons: int | None, error: float | None) -> float | None:
    """The standard error aimed at; None where the number of photons alone decides."""
    if photons is not None and not 64 <= photons <= _core.most_photons:
        raise _core.InputError(f"photons = {photons} is out of range; use 64 to {_core.most_photons}")
    if error is not None and not 0.0 < error < 1.0:
        raise _core.InputError(f"error = {error:g} is out of range; use a standard error of the contrast above 0 and below 1, e.g. 0.01")
    return error if error is not None or photons is not None else 0.01


def as_json(result: xr.Dataset) -> str:
    """All numbers per wavelength as one JSON object."""
    rows = {name: [json_number(float(v)) for v in values.values] for name, values in result.data_vars.items() if values.dims == ("wavelength",)}
    return json.dumps({"day": result.attrs["day"], "wavelength": result["wavelength"].values.tolist()} | rows)
