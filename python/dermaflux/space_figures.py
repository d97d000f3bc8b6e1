"""Figures of studies in space: pictures of the members, and curves of what the study is about, rings dashed."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from .lattice_figure import draw_lattice
from .writing import complete_or_absent

_MOST_PICTURES = 8
_KIND = "geometry_kind"


@dataclass(frozen=True)
class Curve:
    """One line of a panel: a variable of the study and its name in the legend; `dashed` is that of rings."""

    name: str
    label: str
    colour: str = "C0"


@dataclass(frozen=True)
class Panel:
    title: str
    curves: tuple[Curve, ...]
    zero: bool = False  # whether the axis begins at zero


_DEPTHS = Panel("depth, day 0 [mm]", (Curve("mean_depth_mm_day0", "mean"), Curve("deepest_mm_day0", "99 %", "C1")), True)
_WIDTHS = Panel("standard deviation, day 0 [mm]", (Curve("width_along_mm_day0", "along x"), Curve("width_across_mm_day0", "across", "C1")), True)
_DOSE = Panel("dose [ng]", (Curve("pigment_deposited_ng", "dose"),), True)
_LOOK = Panel("contrast, 1 y", (Curve("contrast_1y", "contrast"),), True)
_PANELS = {
    "tilt": (_DOSE, _DEPTHS, _WIDTHS, _LOOK),
    "prongs": (_DOSE, _DEPTHS, _WIDTHS, _LOOK),
    "merging": (
        Panel("dip of the pigment between the dots", tuple(Curve(f"dip_{label}", label, f"C{n}") for n, label in enumerate(("day0", "day14", "1y", "5y"))), True),
        Panel("dip of the contrast, two dots on rings", tuple(Curve(f"twin_optical_dip_{label}", label, f"C{n}") for n, label in enumerate(("day0", "day14", "1y", "5y"))), True),
        Panel("dose of both [ng]", (Curve("pigment_deposited_ng", "dose"),), True),
    ),
    "follicle": (
        _DOSE, _DEPTHS, Panel("mean place along x, day 0 [mm]", (Curve("mean_x_mm_day0", "mean x"),)),
        Panel("share in the sheath", (Curve("share_in_sheath_day0", "day 0"), Curve("share_in_sheath_1y", "1 y", "C1")), True),
    ),
    "border": (
        _DOSE, Panel("share in the scar", (Curve("share_in_scar_day0", "day 0"), Curve("share_in_scar_1y", "1 y", "C1")), True),
        Panel("kept", (Curve("retained_fraction_day42", "day 42"), Curve("retained_fraction_5y", "5 y", "C1")), True), _LOOK,
    ),
    "corrections": (_DOSE, _DEPTHS, Panel("share in the epidermis", (Curve("share_epidermis", "share"),), True), _LOOK),
}  # fmt: skip
_FROM_ABOVE = ("prongs", "merging", "follicle", "border")
_LABELS = {"machine_angle_deg": "{:g} deg", "pattern_dot_spacing_mm": "{:g} mm apart", "geometry_follicle_x_mm": "follicle at {:g} mm"}


def study_figure(data: xr.Dataset, path: Path) -> Path:
    """Draws a study into a PNG that is complete or absent."""
    with complete_or_absent(path) as part:
        figure = draw_lattice(data) if data.attrs["study"] == "lattice" else draw(data)
        try:
            figure.savefig(part, format="png", dpi=110)
        finally:
            plt.close(figure)
    return path


def draw(data: xr.Dataset) -> Figure:
    """Pictures of the members in a box above, curves below."""
    shows, key = data.attrs["study"], data.attrs["study_key"].replace(".", "_")
    box = data.sel({_KIND: "box"}) if _KIND in data.dims else data
    rings = data.sel({_KIND: "axisymmetric"}) if _KIND in data.dims and "axisymmetric" in data[_KIND].values else None
    shown = _shown(box, key)
    panels = _PANELS[shows]
    figure = plt.figure(figsize=(12.5, 5.4), layout="constrained")
    figure.suptitle(f"{data.attrs['title']} (grid {data.attrs['grid']})", fontsize=11)
    above, below = figure.subfigures(2, 1, height_ratios=(1.0, 1.4))
    _pictures(above, shown, key, "top" if shows in _FROM_ABOVE else "side", data)
    for ax, panel in zip(np.atleast_1d(below.subplots(1, len(panels))), panels, strict=True):
        _panel(ax, panel, box, rings, data, key)
    return figure


def _shown(box: xr.Dataset, key: str) -> list[xr.Dataset]:
    """Members that are drawn: along the key, at the last place of every other axis; evenly chosen where they are many."""
    others = {dim: -1 for dim in box["error"].dims if dim != key}
    line = box.isel(others)
    places = np.unique(np.linspace(0, line.sizes[key] - 1, min(line.sizes[key], _MOST_PICTURES)).round().astype(int))
    return [line.isel({key: int(n)}) for n in places]


def _pictures(figure: Figure, shown: Sequence[xr.Dataset], key: str, name: str, data: xr.Dataset) -> None:
    axes = np.atleast_1d(figure.subplots(1, len(shown), sharey=True))
    most = max(np.nanmax(one[name].values, initial=1e-9) for one in shown)
    norm = LogNorm(most / 1e3, most)
    for ax, one in zip(axes, shown, strict=True):
        across, along = one["view_x"].values, one["view_y" if name == "top" else "view_z"].values
        values = np.maximum(one[name].values.T, most / 1e3)
        mesh = ax.pcolormesh(across, along, values, norm=norm, cmap="bone_r", shading="nearest")
        value = one[key].item()
        ax.set_title(_title(data, key, value), fontsize=8)
        ax.tick_params(labelsize=7)
        _obstacle(ax, data, key, value)
        ax.set(aspect="equal", xlim=(across[0], across[-1]), ylim=(along[0], along[-1]))
    if name == "side":
        axes[0].invert_yaxis()
    axes[0].set_ylabel("y [mm]" if name == "top" else "depth [mm]", fontsize=8)
    figure.supxlabel("x [mm]", fontsize=8)
    figure.colorbar(mesh, ax=list(axes), shrink=0.7).set_label(f"pigment, day {data.attrs['view_day']:g} [ng mm$^{{-2}}$]", fontsize=8)


def _input(data: xr.Dataset, key: str) -> float:
    """A number of the treatment that is varied."""
    return float(json.loads(data.attrs["resolved_json"])[key]["value"])


def _border(data: xr.Dataset, offset_mm: float) -> float:
    """Where the border of a strip of scar beyond +x lies [mm]."""
    return offset_mm - 0.5 * _input(data, "scar.width_mm")


def _title(data: xr.Dataset, key: str, value: float | str) -> str:
    if isinstance(value, str):
        return value.removesuffix("_long")
    return f"border at {_border(data, value):+.2f} mm" if key == "scar_offset_mm" else _LABELS.get(key, "{:g}").format(value)


def _obstacle(ax: Axes, data: xr.Dataset, key: str, value: float | str) -> None:
    """The follicle with its sheath, or the border of the scar, where the study has one."""
    if key == "geometry_follicle_x_mm":
        radius = 0.5e-3 * _input(data, "geometry.follicle_um")
        for r, style in ((radius, "-"), (radius + 1e-3 * _input(data, "geometry.sheath_um"), ":")):
            ax.add_patch(plt.Circle((float(value), 0.0), r, fill=False, linestyle=style, color="C3", linewidth=0.8))
    if key == "scar_offset_mm":
        ax.axvline(_border(data, float(value)), color="C3", linewidth=0.8, linestyle="--")


def _panel(ax: Axes, panel: Panel, box: xr.Dataset, rings: xr.Dataset | None, data: xr.Dataset, key: str) -> None:
    for curve in panel.curves:
        for values, style, where in ((box, "-", "box"), (rings, (0, (4, 2)), "rings")):
            if values is None or curve.name not in values:
                continue
            _curves(ax, values, curve, key, style, "" if curve.name.startswith("twin_") else where)
        twin = f"twin_{curve.name}"
        if twin in data and data[twin].ndim == 0 and np.isfinite(data[twin]):
            ax.axhline(float(data[twin]), color=curve.colour, linestyle="--", linewidth=0.9, label=f"{curve.label}, one dot on rings")
        elif twin in data and data[twin].ndim == 1:
            ax.plot(data[key], data[twin], "--", color=curve.colour, linewidth=0.9, label=f"{curve.label}, rings")
    ax.set_title(panel.title, fontsize=9)
    ax.set_xlabel(f"{data.attrs['study_key']} [{data[key].attrs.get('units', '1')}]" if data[key].dtype.kind not in "OU" else "", fontsize=8)
    ax.tick_params(labelsize=7)
    if panel.zero:
        ax.set_ylim(bottom=0.0)
    ax.legend(fontsize=6, handlelength=3.0)


def _curves(ax: Axes, values: xr.Dataset, curve: Curve, key: str, style: str | tuple, where: str) -> None:
    """One line along the key, for every place of the other axes."""
    found = values[curve.name].transpose(key, ...)
    others = [dim for dim in found.dims if dim != key]
    flat = found.stack(rest=others) if others else found.expand_dims(rest=1, axis=1)
    x = values[key].values
    if x.dtype.kind in "OU":
        x = np.array([str(one).removesuffix("_long") for one in x])
    for n in range(flat.sizes["rest"]):
        name = ", ".join(str(one).removesuffix("_long") for one in np.atleast_1d(flat["rest"].values[n]).tolist()) if others else ""
        label = ", ".join(part for part in (curve.label, where, name) if part)
        ax.plot(x, flat.values[:, n], linestyle=style, linewidth=1.1, marker="o", markersize=3, color=curve.colour, alpha=1.0 - 0.45 * n / flat.sizes["rest"], label=label)
