"""Profiles of several sections as one: shares by depth and by layer, with standard deviations."""

import json
import math
from collections.abc import Callable, Sequence

import numpy as np
import xarray as xr

from . import _core, provenance
from .histology_section import LAYERS, LEVELS, QUANTILES, SectionProfile, quantiles

FORMAT = "dermaflux depth profile 1.0"
_PLACING_UM = 5.0  # estimate: how far a line drawn by hand, or proposed, may lie off
NAMES = {"surface": "surface", "dej": "junction (DEJ)", "hypodermis": "lower end of the dermis"}


def pool(sections: Sequence[SectionProfile], bin_um: float = 20.0, placing_um: float = _PLACING_UM) -> xr.Dataset:
    """One profile of several sections of the same tissue; all pigment counts alike.

    Parameters
    ----------
    bin_um: height of a bin, whole micrometres.   placing_um: how far the lines may lie off.

    Returns
    -------
    Dataset by bins of depth below the surface, below the junction and, if all sections have that line, below the end of the dermis: share of all
    pigment and its standard deviation, the share of the tissue that pigment covers, shares per section and their spread; the same by layer;
    depth quantiles, lateral spread and counts per section and pooled.

    The standard deviation is that of the pooled share: the larger of that by clumps and, for two sections or more, that between sections
    (both for a ratio of sums), and the change that lines `placing_um` off would bring; never below what as many clumps as count alike can tell.

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
    levels = LEVELS[: min(len(one.levels) for one in sections)]
    for n, level in enumerate(levels):
        depths = np.concatenate([one.depth_um[:, n] for one in sections])
        low, high = math.floor(depths.min() / bin_um), math.floor(depths.max() / bin_um) + 1
        edges = bin_um * np.arange(0 if level == "surface" else low, high + 1)
        data |= _level(sections, level, n, edges, placing_um)
    data |= _layers(sections, placing_um) | _whole_sections(sections, levels)
    for n, one in enumerate(sections):
        data[f"mask_{n + 1}"] = ((f"row_{n + 1}", f"byte_{n + 1}"), one.mask, _facts("1", "pigment, one bit a pixel; numpy.unpackbits(axis=1)"))
    names = [str(one.facts["image"]) for one in sections]
    attributes = {
        "format": FORMAT, "facts": json.dumps([one.facts for one in sections]), "placing_um": placing_um, "version": provenance.build(),
        "synthetic": int(any(bool(one.facts.get("synthetic")) for one in sections)),
    }  # fmt: skip
    return xr.Dataset(data, coords={"section": names, "quantile": list(QUANTILES), "layer": list(LAYERS)}, attrs=attributes)


def _whole_sections(sections: Sequence[SectionProfile], levels: Sequence[str]) -> dict[str, tuple]:
    """Depths, spread and counts of each section, pooled, and how single sections differ."""
    mass = np.array([one.mass.sum() for one in sections])
    every = np.concatenate([one.mass for one in sections])
    data: dict[str, tuple] = {}
    for n, level in enumerate(levels):
        rows = np.array([one.quantiles_um(level) for one in sections])
        what = f"depth below the {NAMES[level]} above which that share of all pigment lies"
        data[f"depth_{level}_um"] = ("quantile", quantiles(np.concatenate([one.depth_um[:, n] for one in sections]), every), _facts("um", what))
        data[f"section_depth_{level}_um"] = (("section", "quantile"), rows, _facts("um", "the same for each section"))
        data[f"depth_{level}_sd_um"] = ("quantile", _between(rows), _facts("um", "spread of single sections"))
    epidermis = np.array([one.share_epidermis for one in sections])
    lateral, dots = np.array([one.lateral_sd_um for one in sections]), np.array([one.dots for one in sections])
    return data | {
        "share_epidermis": ((), float(np.average(epidermis, weights=mass)), _facts("1", "share of all pigment above the junction")),
        "section_share_epidermis": ("section", epidermis, _facts("1", "the same for each section")),
        "pigment_area_um2": ("section", [one.area_um2 for one in sections], _facts("um2", "covered by pigment")),
        "pigment_mass_um2": ("section", mass, _facts("um2", "optical density of pigment, up to the ceiling, times area")),
        "lateral_sd_um": ("section", lateral, _facts("um", "spread of the pigment along the surface")),
        "pooled_lateral_sd_um": ((), float(np.sqrt(np.average(lateral**2, weights=mass))), _facts("um", "root of the mean square of all sections, by pigment")),
        "lateral_sd_between_sections_um": ((), float(_between(lateral)), _facts("um", "spread of single sections")),
        "dots": ("section", dots, _facts("1", "deposits along the surface")),
        "mean_dots": ((), float(dots.mean()), _facts("1", "deposits along the surface, a section")),
        "dots_between_sections": ((), float(_between(dots)), _facts("1", "spread of single sections")),
        "clumps": ("section", [one.clumps for one in sections], _facts("1", "connected pieces of pigment")),
    }


def _between(rows: np.ndarray) -> np.ndarray:
    """Standard deviation of single sections; no number for one."""
    return np.std(rows, axis=0, ddof=1) if len(rows) > 1 else np.full(np.shape(rows)[1:], np.nan)


def _pooled(
    sections: Sequence[SectionProfile], count: int, placed: Callable[[SectionProfile, float], np.ndarray], placing_um: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shares of all pigment in some parts, their standard deviation, and the pigment of each section in them, shape (section, part);
    `placed` gives the part of each row of a section if its lines lay somewhat higher."""

    def sums(one: SectionProfile, shift: float = 0.0) -> np.ndarray:
        part = placed(one, shift)
        inside = (part >= 0) & (part < count)
        return np.bincount(part[inside], one.mass[inside], count)

    rows = np.array([sums(one) for one in sections])
    whole = rows.sum()
    share = rows.sum(axis=0) / whole
    clumps = np.concatenate([_by_clump(one, placed(one, 0.0), count) for one in sections])
    variance = _ratio_variance(clumps, share, whole)
    if len(rows) > 1:
        variance = np.maximum(variance, _ratio_variance(rows, share, whole))
    off = [sum(sums(one, sign * placing_um) for one in sections) / whole for sign in (1.0, -1.0)]
    sd = np.sqrt(variance + (0.5 * (off[0] - off[1])) ** 2)
    return share, np.maximum(sd, _least_sd(share, clumps.sum(axis=1))), rows


def _least_sd(share: np.ndarray, mass: np.ndarray) -> np.ndarray:
    """Standard deviation of a share that few clumps tell of: that of a binomial share under the prior of Jeffreys, with as many clumps as would
    count alike (Kish). A bin into which no clump fell by chance says little of how many would."""
    count = mass.sum() ** 2 / (mass**2).sum()
    middle = (share * count + 0.5) / (count + 1.0)
    return np.sqrt(middle * (1.0 - middle) / (count + 2.0))


def _layers(sections: Sequence[SectionProfile], placing_um: float) -> dict[str, tuple]:
    """Shares and standard deviations by layer."""
    share, sd, rows = _pooled(sections, len(LAYERS), SectionProfile.layer, placing_um)
    return {
        "layer_fraction": ("layer", share, _facts("1", "share of all pigment")),
        "layer_sd": ("layer", sd, _facts("1", "standard deviation of that share")),
        "section_layer_fraction": (("section", "layer"), rows / rows.sum(axis=1, keepdims=True), _facts("1", "share of the pigment of each section")),
    }


def _level(sections: Sequence[SectionProfile], level: str, n: int, edges: np.ndarray, placing_um: float) -> dict[str, tuple]:
    """Shares, standard deviations and tissue of the bins below one line."""
    count = len(edges) - 1

    def placed(one: SectionProfile, shift: float) -> np.ndarray:
        return np.searchsorted(edges, one.depth_um[:, n] + shift, side="right") - 1

    share, sd, rows = _pooled(sections, count, placed, placing_um)
    tissue = np.zeros(count)
    for one in sections:
        steps, first = one.tissue_um2[n], one.tissue_from_um[n]
        tissue += np.histogram(first + np.arange(len(steps)) + 0.5, edges, weights=steps)[0]
    per_section = rows / rows.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        cover = np.where(tissue > 0.0, rows.sum(axis=0) / tissue, np.nan)
    dim = f"{level}_bin"
    return {
        f"{level}_from_um": (dim, edges[:-1], _facts("um", f"upper end of the bin below the {NAMES[level]}")),
        f"{level}_to_um": (dim, edges[1:], _facts("um", f"lower end of the bin below the {NAMES[level]}")),
        f"{level}_fraction": (dim, share, _facts("1", "share of all pigment")),
        f"{level}_sd": (dim, sd, _facts("1", "standard deviation of that share")),
        f"{level}_cover": (dim, cover, _facts("1", "pigment (optical density times area) over the area of tissue")),
        f"section_{level}_fraction": (("section", dim), per_section, _facts("1", "share of the pigment of each section")),
        f"{level}_sd_between_sections": (dim, _between(per_section), _facts("1", "spread of single sections")),
    }


def _by_clump(one: SectionProfile, part: np.ndarray, count: int) -> np.ndarray:
    """Pigment of each clump in each part, shape (clump, part)."""
    owner = np.unique(one.clump, return_inverse=True)[1].ravel()
    found = np.zeros((owner.max() + 1, count))
    np.add.at(found, (owner, np.clip(part, 0, count - 1)), one.mass)
    return found


def _ratio_variance(parts: np.ndarray, share: np.ndarray, whole: float) -> np.ndarray:
    """Variance of shares of a sum over independent parts, shape (bin,); parts has the shape (part, bin)."""
    count = len(parts)
    off = parts - parts.sum(axis=1, keepdims=True) * share
    return (off**2).sum(axis=0) / whole**2 * (count / (count - 1) if count > 1 else 1.0)


def _facts(unit: str, meaning: str) -> dict[str, str]:
    return {"units": unit, "long_name": meaning}
