"""Profiles of one section or several as numbers: shares by depth with standard deviations, as CSV and HDF5."""

import json
import math
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from . import _core, provenance
from .histology import LEVELS, QUANTILES, SectionProfile, quantiles
from .writing import check_output, write_dataset, write_text

FORMAT = "dermaflux depth profile 1.0"
_PLACING_UM = 5.0  # estimate: how far a line drawn by hand, or proposed, may lie off


def pool(sections: Sequence[SectionProfile], bin_um: float = 20.0, placing_um: float = _PLACING_UM) -> xr.Dataset:
    """One profile of several sections of the same tissue; all pigment counts alike.

    Parameters
    ----------
    bin_um: height of a bin, whole micrometres.   placing_um: how far the lines may lie off.

    Returns
    -------
    Dataset by bins of depth below the surface and below the junction: share of all pigment and its standard deviation, the share of the tissue
    that pigment covers, shares per section and their spread; depth quantiles, lateral spread and counts per section.

    The standard deviation is that of the pooled share: the larger of that by clumps and, for two sections or more, that between sections
    (both for a ratio of sums), and the change that lines `placing_um` off would bring; never below that of one clump more.

    Raises
    ------
    InputError: no section, or bins that are none.
    """
    if not sections:
        raise _core.InputError("no section; give one picture or more")
    if not (1.0 <= bin_um <= 500.0 and bin_um == round(bin_um)):
        raise _core.InputError(f"--bin-um {bin_um:g}: is out of range; use whole micrometres, 1 to 500")
    if not 0.0 <= placing_um <= 100.0:
        raise _core.InputError(f"--placing-um {placing_um:g}: is out of range; use 0 to 100")
    data: dict[str, tuple] = {}
    for n, level in enumerate(LEVELS):
        depths = np.concatenate([one.depth_um[:, n] for one in sections])
        low, high = math.floor(depths.min() / bin_um), math.floor(depths.max() / bin_um) + 1
        edges = bin_um * np.arange(0 if level == "surface" else low, high + 1)
        data |= _level(sections, level, n, edges, placing_um)
    mass = np.array([one.mass.sum() for one in sections])
    every = [(np.concatenate([one.depth_um[:, n] for one in sections]), np.concatenate([one.mass for one in sections])) for n in (0, 1)]
    for n, level in enumerate(LEVELS):
        rows = np.array([one.quantiles_um(level) for one in sections])
        data[f"depth_{level}_um"] = ("quantile", quantiles(*every[n]), _facts("um", f"depth below the {level} above which that share of all pigment lies"))
        data[f"section_depth_{level}_um"] = (("section", "quantile"), rows, _facts("um", "the same for each section"))
    epidermis = np.array([one.share_epidermis for one in sections])
    data |= {
        "share_epidermis": ((), float(np.average(epidermis, weights=mass)), _facts("1", "share of all pigment above the junction")),
        "section_share_epidermis": ("section", epidermis, _facts("1", "the same for each section")),
        "pigment_area_um2": ("section", [one.area_um2 for one in sections], _facts("um2", "covered by pigment")),
        "pigment_mass_um2": ("section", mass, _facts("um2", "optical density of pigment, up to the ceiling, times area")),
        "lateral_sd_um": ("section", [one.lateral_sd_um for one in sections], _facts("um", "spread of the pigment along the surface")),
        "dots": ("section", [one.dots for one in sections], _facts("1", "deposits along the surface")),
        "clumps": ("section", [one.clumps for one in sections], _facts("1", "connected pieces of pigment")),
    }
    for n, one in enumerate(sections):
        data[f"mask_{n + 1}"] = ((f"row_{n + 1}", f"byte_{n + 1}"), one.mask, _facts("1", "pigment, one bit a pixel; numpy.unpackbits(axis=1)"))
    names = [str(one.facts["image"]) for one in sections]
    attributes = {"format": FORMAT, "facts": json.dumps([one.facts for one in sections]), "placing_um": placing_um, "version": provenance.build()}
    return xr.Dataset(data, coords={"section": names, "quantile": list(QUANTILES)}, attrs=attributes)


def _level(sections: Sequence[SectionProfile], level: str, n: int, edges: np.ndarray, placing_um: float) -> dict[str, tuple]:
    """Shares, standard deviations and tissue of the bins below one line."""
    count = len(edges) - 1

    def binned(one: SectionProfile, shift: float = 0.0) -> np.ndarray:
        return np.histogram(one.depth_um[:, n] + shift, edges, weights=one.mass)[0]

    rows = np.array([binned(one) for one in sections])
    whole = rows.sum()
    share = rows.sum(axis=0) / whole
    clumps = np.concatenate([_by_clump(one, n, edges) for one in sections])
    variance = _ratio_variance(clumps, share, whole)
    if len(rows) > 1:
        variance = np.maximum(variance, _ratio_variance(rows, share, whole))
    off = [sum(binned(one, sign * placing_um) for one in sections) / whole for sign in (1.0, -1.0)]
    sd = np.sqrt(variance + (0.5 * (off[0] - off[1])) ** 2)
    sd = np.maximum(sd, 1.0 / (len(clumps) + 1))
    tissue = np.zeros(count)
    for one in sections:
        steps, first = one.tissue_um2[n], one.tissue_from_um[n]
        tissue += np.histogram(first + np.arange(len(steps)) + 0.5, edges, weights=steps)[0]
    per_section = rows / rows.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        cover = np.where(tissue > 0.0, rows.sum(axis=0) / tissue, np.nan)
    dim = f"{level}_bin"
    return {
        f"{level}_from_um": (dim, edges[:-1], _facts("um", f"upper end of the bin below the {level}")),
        f"{level}_to_um": (dim, edges[1:], _facts("um", f"lower end of the bin below the {level}")),
        f"{level}_fraction": (dim, share, _facts("1", "share of all pigment")),
        f"{level}_sd": (dim, sd, _facts("1", "standard deviation of that share")),
        f"{level}_cover": (dim, cover, _facts("1", "pigment (optical density times area) over the area of tissue")),
        f"section_{level}_fraction": (("section", dim), per_section, _facts("1", "share of the pigment of each section")),
        f"{level}_sd_between_sections": (dim, per_section.std(axis=0, ddof=1) if len(rows) > 1 else np.full(count, np.nan), _facts("1", "spread of single sections")),
    }


def _by_clump(one: SectionProfile, n: int, edges: np.ndarray) -> np.ndarray:
    """Pigment of each clump in each bin, shape (clump, bin)."""
    owner = np.unique(one.clump, return_inverse=True)[1].ravel()
    place = np.clip(np.searchsorted(edges, one.depth_um[:, n], side="right") - 1, 0, len(edges) - 2)
    found = np.zeros((owner.max() + 1, len(edges) - 1))
    np.add.at(found, (owner, place), one.mass)
    return found


def _ratio_variance(parts: np.ndarray, share: np.ndarray, whole: float) -> np.ndarray:
    """Variance of shares of a sum over independent parts, shape (bin,); parts has the shape (part, bin)."""
    count = len(parts)
    off = parts - parts.sum(axis=1, keepdims=True) * share
    return (off**2).sum(axis=0) / whole**2 * (count / (count - 1) if count > 1 else 1.0)


def _facts(unit: str, meaning: str) -> dict[str, str]:
    return {"units": unit, "long_name": meaning}


def summary(data: xr.Dataset, sections: Sequence[SectionProfile]) -> str:
    """The profile in a few lines."""
    lines = []
    for one in sections:
        note = f", {one.facts['lines']}; confidence {one.facts['confidence']:.2f}" if one.facts["confidence"] < 1.0 else ""
        lines.append(f"{one.facts['image']}: {one.dots} dots, {one.clumps} clumps, {one.area_um2:.0f} um2 of pigment, lateral sd {one.lateral_sd_um:.0f} um{note}")
        lines += [f"warning: {one.facts['image']}: {note}" for note in one.facts["notes"]]
        if one.facts["confidence"] < 1.0:
            lines.append(f"warning: {one.facts['image']}: nobody has seen these lines; look at them with --proposal lines.png and give lines.geojson, corrected in QuPath, as annotation")
    for level in LEVELS:
        low, middle, high = data[f"depth_{level}_um"].values
        lines.append(f"depth below the {level}: {middle:.0f} um ({low:.0f} to {high:.0f}, 10 to 90 % of the pigment)")
    lines.append(f"share in the epidermis {100.0 * float(data['share_epidermis']):.1f} %")
    return "\n".join(lines)


def save_csv(data: xr.Dataset, path: str | os.PathLike[str]) -> tuple[Path, Path]:
    """Writes the profile below the surface, ready for `dermaflux fit`, and beside it, as NAME.dej.csv, that below the junction."""
    path = check_output(path)
    written = (path, check_output(path.with_suffix(".dej.csv")))
    for level, target in zip(LEVELS, written, strict=True):
        columns = [data[f"{level}_{name}"].values for name in ("from_um", "to_um", "fraction", "sd")]
        rows = "".join(f"{top:g},{bottom:g},{share:.6g},{sd:.6g}\n" for top, bottom, share, sd in zip(*columns, strict=True))
        write_text(target, _header(data, level) + "depth_from_um,depth_to_um,fraction,sd\n" + rows)
    return written


def _header(data: xr.Dataset, level: str) -> str:
    """What decided the numbers, in lines that `dermaflux fit` leaves out."""
    where = "the surface" if level == "surface" else "the junction (DEJ), negative in the epidermis"
    deep = ", ".join(f"{value:.1f}" for value in data[f"depth_{level}_um"].values)
    lines = [
        FORMAT, f"depth [um] below {where}, of tissue before shrinkage; fraction of all pigment; sd of that fraction",
        f"10, 50, 90 % of the pigment lie above {deep} um; share in the epidermis {float(data['share_epidermis']):.4f}",
        f"lines may lie {data.attrs['placing_um']:g} um off; {data.attrs['version']}",
    ]  # fmt: skip
    for n, facts in enumerate(json.loads(data.attrs["facts"])):
        one = data.isel(section=n)
        lines.append(f"section {json.dumps(facts, sort_keys=True)}")
        lines.append(f"  lateral sd {float(one['lateral_sd_um']):.1f} um, {int(one['dots'])} dots, {int(one['clumps'])} clumps, {float(one['pigment_area_um2']):.1f} um2 of pigment")
    return "".join(f"# {line}\n" for line in lines)


def save_hdf5(data: xr.Dataset, path: str | os.PathLike[str]) -> Path:
    """Writes everything, with the mask of each section, as HDF5."""
    path = check_output(path)
    write_dataset(data, path)
    return path
