"""What a camera sees of a box from above: reflectance over its surface by photon transport, with the figures of its dots."""

import math
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import h5py
import numpy as np
import xarray as xr

from . import _core
from .counterpart import stored_treatment
from .looks import CENTRE_RADIUS_MM, moment
from .photon_transport import ACCOUNTS, bands_of, followed, goal_of, needed_for, scene_of
from .progress import progress_bar
from .result import POOLS, Result
from .surface_map import Field, figures, lattice_reflectance

if TYPE_CHECKING:
    from .treatment import Treatment

TILE_MM = 0.02
MARGIN_MM = 0.25
_PER_TILE = 256
_DAYS = (14.0, 1826.25)  # what a run is looked at for if nobody says when [day]

_FACTS = {"tile_mm": "side of a tile of the camera", "azimuth_deg": "direction of the tilt, along which widths are taken", "seed": "of the photons"}
_MEANINGS = {
    "reflectance": "diffuse reflectance seen along the normal, by photons", "reflectance_error": "standard error of that, but for that of plain skin",
    "reflectance_skin": "diffuse reflectance of skin without a dot, by photons", "contrast": "contrast of the darkest place, mean over its radius of 0.06 mm",
    "fwhm_mm": "diameter of the disc as large as the part at half of that contrast", "width_along_mm": "width of that part along the tilt",
    "width_across_mm": "width of that part across the tilt", "dots_seen": "parts of the surface that are as dark",
    "contrast_fast": "contrast of the mean over rings about the middle of the box, by the fast look",
}  # fmt: skip

Follow = Callable[[_core.PhotonMedium, int], dict]
"""Follows photons in a medium: how many, over all tiles."""


def surface(
    run: Result | xr.Dataset,
    day: float,
    *,
    wavelengths_nm: Sequence[float] = (550.0,),
    photons: int | None = None,
    error: float | None = None,
    tile_mm: float = TILE_MM,
    margin_mm: float = MARGIN_MM,
    seed: int = 1,
    backend: str = "auto",
    progress: bool = False,
) -> xr.Dataset:
    """Reflectance over the surface of a box at one look of its run, by Monte Carlo photon transport.

    By reciprocity diffuse light seen along the normal at a place is all light that comes out of a narrow beam sent in there. Photons enter
    evenly over each tile; photons of plain skin share their draws with those of the box, so that where there is no pigment the map has no
    noise: reflectance is that of all plain skin and the difference of the two in the tile.

    Parameters
    ----------
    run: of a treatment with geometry.kind = "box"; a result, or what :func:`dermaflux.open_run` gave.
    day: one of the looks of the run [day].
    photons: per wavelength and medium, over all tiles, rounded up to whole batches; 256 a tile if neither it nor `error` is given.
    error: standard error of the contrast asked for [-].
    tile_mm: side of a tile.   margin_mm: how far the map reaches beyond the tracks.
    wavelengths_nm, seed, backend, progress: as of :func:`dermaflux.photons`.

    Returns
    -------
    Dataset over wavelength, y_mm and x_mm: reflectance and reflectance_error; over wavelength reflectance_skin and the figures of
    :func:`dermaflux.surface_map.figures`, widths along the tilt and across it, each with NAME_error, contrast_fast (the fast look at the mean
    over rings) and the shares of the light per account.

    Raises
    ------
    InputError: not of a box, no such look or wavelength, too few photons for the error asked for, or more tiles than a map has.
    NumericsError: the energy of the photons does not add up.
    """
    data = run.to_xarray() if isinstance(run, Result) else run
    if "tracks" not in data:
        raise _core.InputError('the run: is not in a box (geometry.kind = "axisymmetric"), so that its look is round; use dermaflux.photons')
    at = moment(data, day)
    bands, goal = bands_of(wavelengths_nm, seed), goal_of(photons, error) if photons is not None or error is not None else None
    field = field_of(data["tracks"].values * 1e3, tile_mm, margin_mm)
    tiles = field.across * field.along
    with nullcontext(run.treatment) if isinstance(run, Result) else stored_treatment(data) as treatment:
        scene, rings = box_scene(data, at, treatment), scene_of(data, at, treatment._document)
        azimuth = float(treatment["geometry.azimuth_deg"])
    fast = rings.look()
    with progress_bar("photons", 1.0, counted=False, quiet=not progress) as show:
        rows = []
        for n, band in enumerate(bands):
            done = [n / len(bands)]

            def follow(medium: _core.PhotonMedium, number: int, done: list[float] = done) -> dict:
                start, part = done[0], 0.5 / len(bands)
                done[0] += part
                at_mm = (field.across, field.x_mm * 1e-3, field.y_mm * 1e-3, field.side_mm * 1e-3)
                return followed(scene, medium, number, 0.0, 0.0, tiles, seed, backend, lambda share: show(min(1.0, start + part * share)), at_mm)

            row = _band_of(scene, band, field, azimuth, follow, photons, goal)
            rows.append(row | {"contrast_fast": 1.0 - fast["dot"][band] / fast["skin"][band]})
    return _dataset(data, day, [float(_core.wavelengths_nm()[band]) for band in bands], rows, field, azimuth, seed)


def days_within(last_day: float) -> list[float]:
    """The looks that a run with so long a horizon is shown at: day 14 and its fifth year, or its last year if that is earlier."""
    return sorted({min(day, last_day) for day in _DAYS})


def field_of(tracks_mm: np.ndarray, tile_mm: float, margin_mm: float) -> Field:
    """Tiles around some tracks, shape (track, 7): dot, x, y, z of the entry and of the deepest point; one tile lies in the middle.

    Raises
    ------
    InputError: a side or a margin that cannot be, or more tiles than a map has.
    """
    if not 0.002 <= tile_mm <= 0.2:
        raise _core.InputError(f"tile_mm = {tile_mm:g} is out of range (side of a tile of the map); use 0.002 to 0.2, e.g. {TILE_MM:g}")
    if not 0.0 < margin_mm <= 5.0:
        raise _core.InputError(f"margin_mm = {margin_mm:g} is out of range (of the map around the tracks); use above 0 to 5, e.g. {MARGIN_MM:g}")
    (x, across), (y, along) = (_side(float(ends.min()), float(ends.max()), tile_mm, margin_mm) for ends in (tracks_mm[:, [1, 4]], tracks_mm[:, [2, 5]]))
    if across * along > _core.most_photon_bins:
        raise _core.InputError(
            f"tile_mm = {tile_mm:g}: makes {across} x {along} tiles, more than a map has ({_core.most_photon_bins}); use at least "
            f"{tile_mm * math.sqrt(across * along / _core.most_photon_bins) * 1.05:.3g}"
        )
    return Field(x, y, tile_mm, across, along)


def _side(low: float, high: float, tile: float, margin: float) -> tuple[float, int]:
    """Where the tiles along one axis begin, and their odd number."""
    count = 2 * math.ceil((0.5 * (high - low) + margin) / tile - 0.5) + 1
    return 0.5 * (low + high) - 0.5 * count * tile, count


def stacked(looks: Sequence[xr.Dataset]) -> xr.Dataset:
    """Maps of the same tiles on several days as a run file keeps them: names begin with camera_, lengths of coordinates in metres."""
    joined = xr.concat(looks, xr.DataArray([one.attrs["day"] for one in looks], dims="camera_day"), data_vars="all", join="exact", combine_attrs="drop")
    joined = joined.assign_coords(x_mm=joined["x_mm"] * 1e-3, y_mm=joined["y_mm"] * 1e-3)
    data = joined.rename({name: f"camera_{name}" for name in joined.data_vars} | {"x_mm": "camera_x", "y_mm": "camera_y"})
    for name, meaning in (("camera_x", "along x from the middle of the box"), ("camera_y", "along y from the middle of the box")):
        data[name].attrs = {"units": "m", "long_name": f"middles of the tiles of the camera {meaning}"}
    data["camera_day"].attrs = {"units": "days", "long_name": "days at which the camera looks"}
    first = looks[0].attrs
    for name, unit in (("tile_mm", "mm"), ("azimuth_deg", "deg"), ("seed", "1")):
        data[f"camera_{name}"] = ((), float(first[name]), {"units": unit, "long_name": _FACTS[name]})
    for name, meaning in _MEANINGS.items():
        data[f"camera_{name}"].attrs["long_name"] = meaning
    return data


def kept(data: xr.Dataset) -> list[xr.Dataset]:
    """The maps that a run keeps, as :func:`surface` gave them, day by day; none where it was not looked at so."""
    if "camera_reflectance" not in data:
        return []
    own = data[[name for name in data.data_vars if str(name).startswith("camera_")]]
    facts = {name: float(own[f"camera_{name}"]) for name in _FACTS} | {"title": data.attrs["title"], "centre_radius_mm": CENTRE_RADIUS_MM}
    own = own.drop_vars([f"camera_{name}" for name in _FACTS])
    own = own.rename({name: str(name).removeprefix("camera_") for name in own.data_vars} | {"camera_x": "x_mm", "camera_y": "y_mm"})
    own = own.assign_coords(x_mm=own["x_mm"] * 1e3, y_mm=own["y_mm"] * 1e3)
    return [own.sel(camera_day=day, drop=True).assign_attrs(facts | {"day": float(day)}) for day in own["camera_day"].values]


def picture(seen: xr.Dataset) -> np.ndarray:
    """A map of all bands as a camera shows it, sRGB from 0 to 1, shape (y, x, 3), y as in the map.

    Raises
    ------
    InputError: not all bands were looked at.
    """
    from .colour import srgb

    return srgb(_all_bands(seen).transpose("y_mm", "x_mm", "wavelength").values)


def lattice_picture(seen: xr.Dataset, places_mm: np.ndarray, width_mm: float, height_mm: float, pixels_per_mm: float = 25.0) -> np.ndarray:
    """A patch of skin full of dots like that of a map, sRGB from 0 to 1, shape (y, x, 3).

    Optical densities of dots add, which is exact where their light paths are independent. Of dots that lie in one box a map itself shows
    how they merge.

    Parameters
    ----------
    seen: of :func:`surface` in all bands.   places_mm: of the dots from a corner of the patch, shape (dot, 2) [mm].

    Raises
    ------
    InputError: not all bands were looked at.
    """
    from .colour import srgb

    reflectance = _all_bands(seen).transpose("wavelength", "y_mm", "x_mm").values
    return srgb(lattice_reflectance(reflectance, seen["reflectance_skin"].values, field_in(seen), places_mm, width_mm, height_mm, pixels_per_mm))


def field_in(seen: xr.Dataset) -> Field:
    """The tiles of a map."""
    x, y, side = seen["x_mm"].values, seen["y_mm"].values, float(seen.attrs["tile_mm"])
    return Field(float(x[0]) - 0.5 * side, float(y[0]) - 0.5 * side, side, len(x), len(y))


def _all_bands(seen: xr.Dataset) -> xr.DataArray:
    known = [float(value) for value in _core.wavelengths_nm()]
    if seen["wavelength"].values.tolist() != known:
        raise _core.InputError(f"the map: holds {seen.sizes['wavelength']} of the {len(known)} bands that a colour takes; look at wavelengths_nm = {known}")
    return seen["reflectance"]


def write(looks: xr.Dataset, path: Path) -> None:
    """Adds :func:`stacked` maps to a run file. Raises FileError."""
    try:
        with h5py.File(path, "r+") as file:
            for name in ("camera_day", "camera_x", "camera_y"):
                file[name] = looks[name].values
                file[name].make_scale(name)
            for name, values in looks.variables.items():
                if name not in file:
                    single = values.values.astype(np.float32) if values.ndim > 2 else values.values
                    file[name] = single
                for n, dimension in enumerate(values.dims if name not in looks.dims else ()):
                    file[name].dims[n].attach_scale(file[dimension])
                if str(name).startswith("camera_"):
                    file[name].attrs.update(values.attrs)
    except (OSError, RuntimeError) as error:
        raise _core.FileError(f"{path}: cannot be written ({error}); make room, or give another path") from error


def box_scene(data: xr.Dataset, at: int, treatment: "Treatment") -> _core.SpaceScene:
    """A look of a run in a box as light meets it."""
    pools = np.stack([data[f"box_pigment_{pool}"].isel(time=at).transpose("x", "y", "z").values for pool in POOLS])
    faces = [data[f"{axis}_face"].values for axis in "xyz"]
    return _core.SpaceScene(treatment._document, *faces, pools, float(data["time"][at]))


def _band_of(scene: _core.SpaceScene, band: int, field: Field, azimuth: float, follow: Follow, photons: int | None, goal: float | None) -> dict:
    """Everything of one wavelength."""
    media = [scene.medium(band), scene.skin(band)]
    tiles = field.across * field.along

    def look(number: int) -> tuple[dict, dict, np.ndarray]:
        dot, skin = (follow(medium, number) for medium in media)
        shape = (field.along, field.across, -1)
        return dot, skin, (skin["reflected"] - dot["reflected"]).reshape(shape) / skin["reflected"].mean()

    pilot = _core.whole_batches(1, tiles)
    number = max(pilot, photons or (_PER_TILE * tiles if goal is None else pilot))
    dot, skin, dark = look(number)
    found = figures(dark, field, CENTRE_RADIUS_MM, azimuth)
    needed = needed_for(found["contrast_error"], number, goal, photons, band)
    if needed > number:
        number = needed
        dot, skin, dark = look(number)
        found = figures(dark, field, CENTRE_RADIUS_MM, azimuth)
    plain = skin["reflected"].mean(axis=0)
    spread = dark.std(axis=-1, ddof=1) / math.sqrt(plain.size)
    return found | {
        "reflectance": plain.mean() * (1.0 - dark.mean(axis=-1)),
        "reflectance_error": plain.mean() * spread,
        "reflectance_skin": plain.mean(),
        "reflectance_skin_error": plain.std(ddof=1) / math.sqrt(plain.size),
        "photons": float(_core.whole_batches(number, tiles)),
    } | {f"share_{name}": dot[name] for name in ACCOUNTS}  # fmt: skip


def _dataset(data: xr.Dataset, day: float, wavelengths: list[float], rows: list[dict], field: Field, azimuth: float, seed: int) -> xr.Dataset:
    x, y = field.centres_mm()
    result = xr.Dataset(coords={
        "wavelength": ("wavelength", wavelengths, {"units": "nm"}),
        "y_mm": ("y_mm", y, {"units": "mm", "long_name": "along the surface from the middle of the box"}),
        "x_mm": ("x_mm", x, {"units": "mm", "long_name": "along the surface from the middle of the box"}),
    })  # fmt: skip
    for name in rows[0]:
        values = np.array([row[name] for row in rows])
        name = {"x_mm": "place_x_mm", "y_mm": "place_y_mm"}.get(name, name)
        dims = ("wavelength", "y_mm", "x_mm") if values.ndim == 3 else ("wavelength",)
        result[name] = (dims, values, {"units": "mm" if "_mm" in name else "1"})
    facts = {"title": data.attrs["title"], "day": float(day), "seed": seed, "centre_radius_mm": CENTRE_RADIUS_MM}
    return result.assign_attrs(facts | {"tile_mm": field.side_mm, "azimuth_deg": azimuth})
