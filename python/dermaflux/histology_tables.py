"""Profiles of sections as text and files: what was found in a few lines, CSV for `dermaflux fit`, HDF5 with the masks."""

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from .histology_profile import NAMES
from .histology_section import LEVELS, SectionProfile
from .writing import check_output, write_dataset, write_text

SECTIONS_FORMAT = "dermaflux sections 1.0"
SYNTHETIC = "SYNTHETIC: drawn by dermaflux from a simulation; no tissue of a person"
_SIDES = {"surface": "", "dej": ", negative in the epidermis", "hypodermis": ", negative in the dermis"}


def summary(data: xr.Dataset, sections: Sequence[SectionProfile]) -> str:
    """The profile in a few lines."""
    lines = [f"note: {SYNTHETIC}"] if data.attrs["synthetic"] else []
    for one in sections:
        name, sure = one.facts["image"], "proposed" not in str(one.facts["lines"])
        note = "" if sure else f", {one.facts['lines']}; confidence {one.facts['confidence']:.2f}"
        lines.append(f"{name}: {one.dots} dots, {one.clumps} clumps, {one.area_um2:.0f} um2 of pigment, lateral sd {one.lateral_sd_um:.0f} um{note}")
        lines += [f"warning: {name}: {note}" for note in one.facts["notes"]]
        if not sure:
            lines.append(f"warning: {name}: nobody has seen these lines; look at them with --proposal lines.png and give lines.geojson, "
                         "corrected in QuPath, as annotation")  # fmt: skip
    for level in levels_of(data):
        low, middle, high = data[f"depth_{level}_um"].values
        lines.append(f"depth below the {NAMES[level]}: {middle:.0f} um ({low:.0f} to {high:.0f}, 10 to 90 % of the pigment)")
    shares = zip(data["layer"].values, data["layer_fraction"].values, data["layer_sd"].values, strict=True)
    lines.append("share in the " + ", ".join(f"{str(name).replace('_', ' ')} {100.0 * share:.1f} % (sd {100.0 * sd:.1f})" for name, share, sd in shares))
    return "\n".join(lines)


def levels_of(data: xr.Dataset) -> tuple[str, ...]:
    """Lines below which a profile gives depths."""
    return tuple(level for level in LEVELS if f"{level}_fraction" in data)


def output_paths(path: Path) -> dict[str, Path]:
    """Files that `save_csv` may write beside a profile."""
    return {"surface": path} | {name: path.with_suffix(f".{name}.csv") for name in ("dej", "hypodermis", "sections")}


def save_csv(data: xr.Dataset, path: str | os.PathLike[str]) -> tuple[Path, ...]:
    """Writes the profile below the surface, ready for `dermaflux fit`, and beside it that below the junction (NAME.dej.csv) and, where all sections
    have that line, below the end of the dermis (NAME.hypodermis.csv); and depths, layers, spread and dots of each section and pooled (NAME.sections.csv)."""
    path = check_output(path)
    paths = output_paths(path)
    for level in levels_of(data):
        columns = [data[f"{level}_{name}"].values for name in ("from_um", "to_um", "fraction", "sd")]
        rows = "".join(f"{top:g},{bottom:g},{share:.6g},{sd:.6g}\n" for top, bottom, share, sd in zip(*columns, strict=True))
        write_text(check_output(paths[level]), _header(data, level) + "depth_from_um,depth_to_um,fraction,sd\n" + rows)
    rows = "".join(f"{name},{what},{unit},{_number(value)},{_number(sd)}\n" for name, what, unit, value, sd in _sections(data))
    text = "# sd: of the pooled share of a layer, else the spread of single sections; empty where one section tells none\n"
    write_text(check_output(paths["sections"]), f"# {SECTIONS_FORMAT}\n" + _mark(data) + text + "section,quantity,unit,value,sd\n" + rows)
    return tuple(paths[name] for name in (*levels_of(data), "sections"))


def _number(value: float) -> str:
    return f"{value:.6g}" if np.isfinite(value) else ""


def _mark(data: xr.Dataset) -> str:
    return f"# {SYNTHETIC}\n" if data.attrs["synthetic"] else ""


def _sections(data: xr.Dataset) -> Iterator[tuple[str, str, str, float, float]]:
    """Section, quantity, unit, value and standard deviation of each row; the pooled ones last."""
    quantiles = [f"p{100.0 * one:.0f}" for one in data["quantile"].values]
    for n, name in enumerate(data["section"].values):
        one, label = data.isel(section=n), json.dumps(str(name)) if "," in str(name) else str(name)
        for level in levels_of(data):
            for quantile, value in zip(quantiles, one[f"section_depth_{level}_um"].values, strict=True):
                yield label, f"depth_{level}_{quantile}", "um", float(value), np.nan
        for layer, value in zip(data["layer"].values, one["section_layer_fraction"].values, strict=True):
            yield label, f"share_{layer}", "1", float(value), np.nan
        for what, unit in (("lateral_sd_um", "um"), ("dots", "1"), ("clumps", "1"), ("pigment_area_um2", "um2")):
            yield label, what.removesuffix(f"_{unit}"), unit, float(one[what]), np.nan
    for level in levels_of(data):
        for n, quantile in enumerate(quantiles):
            yield "pooled", f"depth_{level}_{quantile}", "um", float(data[f"depth_{level}_um"][n]), float(data[f"depth_{level}_sd_um"][n])
    for n, layer in enumerate(data["layer"].values):
        yield "pooled", f"share_{layer}", "1", float(data["layer_fraction"][n]), float(data["layer_sd"][n])
    yield "pooled", "lateral_sd", "um", float(data["pooled_lateral_sd_um"]), float(data["lateral_sd_between_sections_um"])
    yield "pooled", "dots", "1", float(data["mean_dots"]), float(data["dots_between_sections"])


def _header(data: xr.Dataset, level: str) -> str:
    """What decided the numbers, in lines that `dermaflux fit` leaves out."""
    deep = ", ".join(f"{value:.1f}" for value in data[f"depth_{level}_um"].values)
    lines = [
        data.attrs["format"], f"depth [um] below the {NAMES[level]}{_SIDES[level]}, of tissue before shrinkage; fraction of all pigment; sd of that fraction",
        f"10, 50, 90 % of the pigment lie above {deep} um; share in the epidermis {float(data['share_epidermis']):.4f}",
        f"lines may lie {data.attrs['placing_um']:g} um off; {data.attrs['version']}",
    ]  # fmt: skip
    for n, facts in enumerate(json.loads(data.attrs["facts"])):
        one = data.isel(section=n)
        lines.append(f"section {json.dumps(facts, sort_keys=True)}")
        lines.append(f"  lateral sd {float(one['lateral_sd_um']):.1f} um, {int(one['dots'])} dots, {int(one['clumps'])} clumps, "
                     f"{float(one['pigment_area_um2']):.1f} um2 of pigment")  # fmt: skip
    return "".join(f"# {line}\n" for line in lines[:1]) + _mark(data) + "".join(f"# {line}\n" for line in lines[1:])


def save_hdf5(data: xr.Dataset, path: str | os.PathLike[str]) -> Path:
    """Writes everything, with the mask of each section, as HDF5."""
    path = check_output(path)
    write_dataset(data, path)
    return path
