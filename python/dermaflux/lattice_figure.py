"""Figure of a study of a lattice: the field from above at both looks, in true colour and as contrast, and how its dots differ."""

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .lattice_field import SEEN
from .lattice_results import contrast_map, members, picture, spacing_mm
from .pictures import bare, scale_bar
from .space_measures import DAYS

_COLOURS = {"day0": "#000000", "day14": "#0072b2", "5y": "#d55e00"}
_NAMES = {"day0": "day 0", "day14": "day 14", "5y": "5 years"}
_PANELS = (
    ("dot_held_ng", "pigment of a dot [ng]", "held_ng_{}"),
    ("dot_mean_depth_mm", "mean depth of its pigment [mm]", "mean_depth_mm_{}"),
    ("dot_width_mm", "standard deviation of its place [mm]", "width_across_mm_{}"),
    ("dot_contrast", "contrast at 550 nm [-]", "contrast_{}"),
)


def draw_lattice(data: xr.Dataset) -> Figure:
    """Of the last member that did not fail."""
    drawn = members(data)
    figure = plt.figure(figsize=(12.5, 15.2), layout="constrained")
    if not drawn:
        figure.suptitle(f"{data.attrs['title']}: all members failed")
        return figure
    name, one = drawn[-1]
    dots = f"{one.sizes['dot']} dots {spacing_mm(one):g} mm apart (grid {data.attrs['grid']})"
    figure.suptitle(f"{data.attrs['title']}: {dots}{', ' + name if name else ''}", fontsize=12)
    photos, maps, spreads = figure.subfigures(3, 1, height_ratios=(6.2, 5.6, 3.0))
    for n, (ax, day) in enumerate(zip(photos.subplots(1, len(SEEN)), SEEN, strict=True)):
        _photo(ax, one, n, day)
    _maps(maps, one)
    spreads.supxlabel("dashed: one dot on rings; dotted: half of the mean contrast", fontsize=8)
    *axes, last = spreads.subplots(1, len(_PANELS) + 1)
    for ax, panel in zip(axes, _PANELS, strict=True):
        _spread(ax, one, *panel)
    _profile(last, one)
    return figure


def _extent(one: xr.Dataset) -> tuple[float, float, float, float]:
    """Ends of the map along x and y [mm]."""
    half = 0.5 * spacing_mm(one) / int(one.attrs["tiles_per_spacing"])
    ends = ((spacing_mm(one) * one[name].values[[0, -1]]).tolist() for name in ("camera_x", "camera_y"))
    return tuple(end for low, high in ends for end in (low - half, high + half))  # type: ignore[return-value]


def _photo(ax: Axes, one: xr.Dataset, n: int, day: str) -> None:
    left, right, low, high = _extent(one)
    ax.imshow(picture(one, day), extent=(0.0, right - left, 0.0, high - low), origin="lower", interpolation="bilinear")
    bare(ax)
    scale_bar(ax, right - left, high - low)
    contrast = one["dot_contrast"].values[n]
    ax.set_title(
        f"{_NAMES[day]}: contrast of a dot {np.nanmean(contrast):.2f} (sd {np.nanstd(contrast, ddof=1):.2f}), field darker by "
        f"{100 * float(one['field_darkening'][n]):.1f} %, $\\Delta E$ {float(one['field_delta_e'][n]):.1f}", fontsize=9.5,
    )  # fmt: skip


def _maps(figure: Figure, one: xr.Dataset) -> None:
    """Contrast at both looks on one scale, with the numbers of the dots."""
    axes = figure.subplots(1, len(SEEN), sharey=True)
    top = float(np.nanmax(one["dot_contrast"].values))
    for ax, day in zip(axes, SEEN, strict=True):
        image = ax.imshow(contrast_map(one, day), extent=_extent(one), origin="lower", cmap="magma_r", vmin=0.0, vmax=top, interpolation="nearest")
        for x, y, number in zip(one["dot_x_mm"].values, one["dot_y_mm"].values, one["dot"].values, strict=True):
            ax.annotate(f"{number}", (x, y), xytext=(5, 5), textcoords="offset points", fontsize=5.5, color="#444444")
        ax.set_title(_NAMES[day], fontsize=9.5)
        ax.set_xlabel("x [mm]", fontsize=9)
        ax.tick_params(labelsize=8)
    axes[0].set_ylabel("y [mm]", fontsize=9)
    figure.colorbar(image, ax=list(axes), shrink=0.9, label="contrast at 550 nm, by photons [-]")


def _spread(ax: Axes, one: xr.Dataset, name: str, title: str, twin: str) -> None:
    """Dots in order of their value, for each day: a curve of how many lie below; dashed what one dot on rings has."""
    looked = one[name].dims[0] == "camera_day"
    for n, label in enumerate(SEEN if looked else DAYS):
        if label not in _COLOURS:
            continue
        values = np.sort(one[name].values[n][np.isfinite(one[name].values[n])])
        ax.step(values, (np.arange(values.size) + 0.5) / max(values.size, 1), where="mid", color=_COLOURS[label], lw=1.3, label=_NAMES[label])
        if f"twin_{twin.format(label)}" in one and np.isfinite(value := float(one[f"twin_{twin.format(label)}"])):
            ax.axvline(value, color=_COLOURS[label], ls="--", lw=0.9)
    ax.set_title(title, fontsize=9)
    ax.set_ylim(0.0, 1.0)
    ax.tick_params(labelsize=8)
    ax.set_ylabel("share of the dots below [-]", fontsize=8)
    ax.legend(fontsize=7)


def _profile(ax: Axes, one: xr.Dataset) -> None:
    """The mean dot, and where it has half of its contrast."""
    radius = spacing_mm(one) * one["ring"].values
    for n, day in enumerate(SEEN):
        ax.errorbar(radius, one["field_profile"].values[n], one["field_profile_error"].values[n], color=_COLOURS[day], lw=1.2, label=_NAMES[day])
        ax.axvline(0.5 * float(one["field_visible_mm"][n]), color=_COLOURS[day], ls=":", lw=0.9)
    ax.set_title("mean contrast of the dots [-]", fontsize=9)
    ax.set_xlabel("distance from the nearest dot [mm]", fontsize=8)
    ax.set(xlim=(0.0, radius[-1]), ylim=(0.0, None))
    ax.tick_params(labelsize=8)
    ax.legend(fontsize=7)
