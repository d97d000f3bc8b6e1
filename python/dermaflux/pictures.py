"""Drawn pictures in true colour, each with a scale bar and titles: one dot under a lens, and a patch of scalp full of dots."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib import patheffects
from matplotlib.figure import Figure

from .colour import srgb
from .looks import Look, day_label
from .pattern import Pattern
from .writing import complete_or_absent

# No date and no version in the file: the same picture is the same bytes.
_METADATA = {".png": {"Software": None}, ".pdf": {"CreationDate": None}, ".svg": {"Date": None}}


def patch_figure(pattern: Pattern, images: Mapping[float, np.ndarray], figures: Sequence[Mapping[str, float]]) -> Figure:
    """A patch at all days, side by side, with a scale bar and the figures below each."""
    p, count = pattern, len(images)
    columns = 1 if count == 1 else 2
    rows = math.ceil(count / columns)
    wide = 7.5 if count == 1 else 5.0
    high = wide * p.height_mm / p.width_mm
    gap, top, below = 0.12, 0.62, 0.55
    size = (columns * (wide + gap) + gap, top + rows * (high + below) + 0.1)
    drawn = plt.figure(figsize=size)
    drawn.suptitle(f"{p.title}: {figures[0]['dots']:.0f} dots, {p.lattice}, {p.spacing_mm:.2f} mm apart", fontsize=11, y=1.0 - 0.12 / size[1], va="top")
    for n, ((day, image), row) in enumerate(zip(images.items(), figures, strict=True)):
        left, level = gap + (n % columns) * (wide + gap), size[1] - top - (n // columns + 1) * (high + below) + below
        ax = drawn.add_axes((left / size[0], level / size[1], wide / size[0], high / size[1]))
        ax.imshow(image, extent=(0.0, p.width_mm, 0.0, p.height_mm), origin="lower", interpolation="antialiased", aspect="auto")
        bare(ax)
        ax.set_title(day_label(day), fontsize=10, pad=4)
        scale_bar(ax, p.width_mm, p.height_mm)
        ax.set_xlabel(f"covered {100 * row['coverage']:.0f} %, merging {row['merging_index']:.2f}, neighbours' contrast {row['neighbour_contrast']:.2f}", fontsize=8.5, labelpad=3)
    return drawn


def dot_figure(title: str, seen: Sequence[Look], width_mm: float) -> Figure:
    """One dot at some looks, with a scale bar, contrast and width."""
    count = len(seen)
    columns = min(count, 4)
    rows = math.ceil(count / columns)
    wide = 5.0 if count == 1 else 2.9
    size = (columns * (wide + 0.12) + 0.12, 0.4 + rows * (wide + 0.55))
    drawn = plt.figure(figsize=size)
    drawn.suptitle(title, fontsize=11, y=1.0 - 0.08 / size[1], va="top")
    for n, one in enumerate(seen):
        left, level = 0.12 + (n % columns) * (wide + 0.12), size[1] - 0.4 - (n // columns + 1) * (wide + 0.55) + 0.3
        ax = drawn.add_axes((left / size[0], level / size[1], wide / size[0], wide / size[1]))
        ax.imshow(dot_image(one, width_mm), extent=(0.0, width_mm, 0.0, width_mm), origin="lower", interpolation="bilinear", aspect="auto")
        bare(ax)
        ax.set_title(day_label(one.day), fontsize=10, pad=4)
        scale_bar(ax, width_mm, width_mm)
        ax.set_xlabel(f"contrast {one.contrast:.2f}, width {one.fwhm_mm:.2f} mm", fontsize=8.5, labelpad=3)
    return drawn


def dot_image(one: Look, width_mm: float, pixels: int = 400) -> np.ndarray:
    """One dot from above in sRGB, shape (pixels, pixels, 3): the rings of the look, linear between their centres."""
    across = (np.arange(pixels) + 0.5) * width_mm / pixels - 0.5 * width_mm
    radius = np.hypot(across, across[:, None])
    rings = np.append(one.radius_mm, one.edge_mm)
    return srgb(np.stack([np.interp(radius, rings, np.append(band, bare)) for band, bare in zip(one.dot, one.skin, strict=True)], axis=-1))


def save_figure(figure: Figure, path: Path) -> Path:
    """Writes a figure that appears under its name when it is complete, and closes it."""
    suffix = path.suffix.lower()
    with complete_or_absent(path) as part:
        figure.savefig(part, format=suffix[1:], dpi=150, metadata=_METADATA[suffix])
    plt.close(figure)
    return path


def bare(ax: plt.Axes) -> None:
    """Takes axes and frame from a picture."""
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)


def scale_bar(ax: plt.Axes, width_mm: float, height_mm: float) -> None:
    """A bar of 1, 2 or 5 times a power of ten, about a fifth of the width long, white with a dark rim, so that it shows on any skin."""
    target = 0.25 * width_mm
    power = 10.0 ** math.floor(math.log10(target))
    length = max(step * power for step in (1.0, 2.0, 5.0) if step * power <= target)
    left, level, thick = 0.04 * width_mm, 0.05 * height_mm, 0.014 * height_mm
    ax.add_patch(plt.Rectangle((left, level), length, thick, facecolor="white", edgecolor="black", lw=0.8))
    rim = [patheffects.withStroke(linewidth=2.0, foreground="black")]
    ax.text(left, level + 2.0 * thick, f"{length:g} mm", color="white", fontsize=9.5, ha="left", va="bottom", path_effects=rim)
