"""Result of a study of a lattice: its dataset, a table of all dots, what it says in a few lines, pictures of the field from above."""

import csv
import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from PIL import Image

from . import _core
from .colour import srgb
from .entries import Entries, Index
from .lattice_field import BAND_NM, SEEN, VARIABLES, Lattice, arrays_of, numbers
from .space_measures import DAYS
from .writing import check_output, complete_or_absent

if TYPE_CHECKING:
    from .sweeping import SweepPlan

_FIXED = ("geometry.kind", "geometry.dots_x", "geometry.dots_y")


def check_plan(sweep: "SweepPlan", where: str) -> None:
    """Makes sure that all members are lattices of the same shape. Raises InputError."""
    for axis in sweep.axes:
        if axis.key in _FIXED:
            raise _core.InputError(f"{where}: {axis.key} is an axis (a study that shows a lattice has the same dots in a box in every member); set it in the treatment, or by -s")
    if sweep.base["geometry.lattice"] != "square":
        raise _core.InputError(f'{where}: geometry.lattice = "{sweep.base["geometry.lattice"]}" (a study that shows a lattice gives every dot a square); use square')


def tell_memory(sweep: "SweepPlan", told: bool) -> None:
    """Says what the largest member takes of the memory; nothing but that has been taken yet. Raises InputError where it does not fit."""
    needs = [_core.space_need(sweep.base.with_(sweep.values(index))._document, sweep.grid, 5.0) for index in sweep.members]
    most = max(needs, key=lambda need: need.bytes)
    if told:
        cells = " x ".join(str(one) for one in most.cells)
        print(f"{sweep.title}: box of {cells} cells, takes {most.bytes / 1e9:.2g} GB of the {most.free_bytes / 1e9:.2g} GB of memory that are free", file=sys.stderr, flush=True)


def with_field(data: xr.Dataset, lattice: Lattice, done: Entries) -> xr.Dataset:
    """Adds what every member says of its dots and its field."""
    dims = data["error"].dims
    for name, values in arrays_of(lattice, done.columns(lattice.names)).items():
        own, unit, meaning = VARIABLES[name]
        data[name] = ((*dims, *own), values.astype(np.float32) if name == "camera_reflectance" else values, {"units": unit, "long_name": meaning})
    count, field = lattice.sizes["dot"], lattice.field
    x, y = (middles / lattice.spacing_mm for middles in field.centres_mm())
    facts = {
        "dot": (np.arange(1, count + 1), {"units": "1", "long_name": "number of the dot, row by row as they are laid"}),
        "dot_day": (list(DAYS.values()), {"units": "days"}),
        "camera_day": (list(SEEN.values()), {"units": "days", "long_name": "days at which the camera looks"}),
        "wavelength": (_core.wavelengths_nm(), {"units": "nm"}),
        "ring": ((np.arange(lattice.sizes["ring"]) + 0.5) * 0.5 / lattice.sizes["ring"], {"units": "1", "long_name": "distance from the nearest dot, middles of rings, in spacings"}),
        "camera_x": (x, {"units": "1", "long_name": "middles of the tiles of the camera along x from the middle of the box, in spacings"}),
        "camera_y": (y, {"units": "1", "long_name": "the same along y"}),
    }
    return data.assign_coords({name: (name, values, attributes) for name, (values, attributes) in facts.items()}).assign_attrs(tiles_per_spacing=lattice.tiles)


def kept_numbers(found: xr.Dataset, index: Index) -> dict[str, float]:
    """What a journal keeps of a member of a finished study."""
    return numbers({name: found[name].values[index] for name in VARIABLES})


def members(data: xr.Dataset) -> list[tuple[str, xr.Dataset]]:
    """Members that did not fail, with what tells them apart from others; empty where there is one."""
    dims = list(data["error"].dims)
    found = []
    for index in np.ndindex(data["error"].shape):
        one = data.isel(dict(zip(dims, index, strict=True)))
        if not str(one["error"].values):
            values = (one[dim].item() for dim in dims)
            words = (value if isinstance(value, str) else f"{value:g}" for value in values)
            found.append(("_".join(words) if data["error"].size > 1 else "", one))
    return found


def spacing_mm(one: xr.Dataset) -> float:
    return float(one["pattern_dot_spacing_mm"])


def picture(one: xr.Dataset, day: str) -> np.ndarray:
    """The field of a member in true colour as a camera shows it, sRGB from 0 to 1, shape (y, x, 3), y upwards; a perfect white is white."""
    return srgb(one["camera_reflectance"].isel(camera_day=list(SEEN).index(day)).transpose("camera_y", "camera_x", "wavelength").values)


def contrast_map(one: xr.Dataset, day: str) -> np.ndarray:
    """Contrast of the field of a member against skin at 550 nm, shape (y, x), y upwards."""
    seen = one.sel(wavelength=BAND_NM).isel(camera_day=list(SEEN).index(day))
    return 1.0 - seen["camera_reflectance"].transpose("camera_y", "camera_x").values / float(seen["camera_reflectance_skin"])


def picture_files(data: xr.Dataset, out: Path) -> list[Path]:
    """Names of the pictures of all members at each look, in the order of both."""
    return [out.with_name(".".join(part for part in (out.stem, name, day, "png") if part)) for name, _ in members(data) for day in SEEN]


def save_pictures(data: xr.Dataset, out: Path) -> None:
    """Writes the field of every member at each look beside the result, one pixel per tile, whose size the file states. Raises FileError."""
    looks = [(one, day) for _, one in members(data) for day in SEEN]
    for path, (one, day) in zip(picture_files(data, out), looks, strict=True):
        per_inch = 25.4 * int(data.attrs["tiles_per_spacing"]) / spacing_mm(one)
        pixels = np.round(255.0 * picture(one, day)[::-1]).astype(np.uint8)
        with complete_or_absent(check_output(path)) as part:
            Image.fromarray(pixels).save(part, format="PNG", dpi=(per_inch, per_inch))


def dots_csv(data: xr.Dataset) -> str:
    """All dots of all members as a table, one row each; lengths in mm, masses in ng."""
    dims = list(data["error"].dims)
    rows = []
    for _, one in members(data):
        for dot in range(one.sizes["dot"]):
            row: dict[str, object] = {dim: one[dim].item() for dim in dims} | {"dot": dot + 1}
            for name, (own, _, _) in VARIABLES.items():
                if own == ("dot",):
                    row[name] = float(one[name][dot])
                elif "dot" in own:
                    labels = DAYS if own[0] == "dot_day" else SEEN
                    row |= {f"{name}_{label}": float(one[name][n, dot]) for n, label in enumerate(labels)}
            rows.append(row)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else [*dims, "dot"], lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: (f"{value:.6g}" if isinstance(value, float) else value) for name, value in row.items()} for row in rows)
    return text.getvalue()


def spread(values: np.ndarray) -> str:
    """Mean, standard deviation and ends of the dots that have a value."""
    known = values[np.isfinite(values)]
    if not known.size:
        return "no dot has one"
    scatter = f" (sd {known.std(ddof=1):.2g})" if known.size > 1 else ""
    return f"{known.mean():.3g}{scatter}, {known.min():.3g} to {known.max():.3g}"


def findings(data: xr.Dataset) -> list[str]:
    """What a study of a lattice says, a line per quantity and look."""
    lines = []
    for name, one in members(data):
        head = f"{name}: " if name else ""
        lines.append(f"{head}dose of a dot [ng]: {spread(one['dot_held_ng'].values[0])}; depth of the tip [mm]: {spread(one['dot_tip_mm'].values)}")
        for n, day in enumerate(SEEN):
            at = list(DAYS).index(day)
            lines.append(
                f"{head}{day}: held [ng] {spread(one['dot_held_ng'].values[at])}; mean depth [mm] {spread(one['dot_mean_depth_mm'].values[at])}; "
                f"standard deviation [mm] {spread(one['dot_width_mm'].values[at])}"
            )
            noise = float(np.sqrt(np.mean(one["dot_contrast_error"].values[n] ** 2)))
            lines.append(
                f"{head}{day}: contrast of a dot {spread(one['dot_contrast'].values[n])}, of which photons scatter {noise:.2g}; the mean dot is "
                f"{float(one['field_visible_mm'][n]):.3f} +- {float(one['field_visible_mm_error'][n]):.3f} mm wide at half of that; the field is darker by "
                f"{float(one['field_darkening'][n]):.4f} +- {float(one['field_darkening_error'][n]):.4f}, Delta E {float(one['field_delta_e'][n]):.2f}"
            )
    return lines
