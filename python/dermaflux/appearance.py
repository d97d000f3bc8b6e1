"""Dots drawn side by side over the years."""

from collections.abc import Sequence

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from .looks import day_label, look
from .pictures import dot_image

_PIXELS = 121  # of a dot across


def looks(rows: Sequence[tuple[str, xr.Dataset]]) -> Figure:
    """A strip of the dot over the years for each run, the same looks above one another, with the contrast at 550 nm under each.

    Parameters
    ----------
    rows: name and dataset of each run; the looks that all of them have are drawn.
    """
    days = sorted(set.intersection(*(set(np.round(run["time"].values, 6)) for _, run in rows)))
    widest = max(float(run["fwhm_mm"].max()) for _, run in rows)
    half = max(0.25, 0.8 * widest)
    wide, high, left, top, below = 0.72, 0.72, 0.95, 0.28, 0.24  # of a picture, of its name, of the line above, of the line below [inch]
    width, height = left + wide * len(days) + 0.1, top + (high + below) * len(rows)
    figure = plt.figure(figsize=(width, height))
    for line, (name, run) in enumerate(rows):
        bottom = height - top - line * (high + below) - high
        for n, day in enumerate(days):
            ax = figure.add_axes(((left + n * wide) / width, bottom / height, 0.95 * wide / width, 0.95 * high / height))
            seen = look(run, day)
            ax.imshow(dot_image(seen, 2.0 * half, _PIXELS), extent=(-half, half, -half, half), interpolation="bilinear", aspect="auto")
            ax.set(xticks=[], yticks=[])
            ax.spines[:].set_visible(False)
            ax.set_xlabel(f"{seen.contrast:.2f}", fontsize=9, labelpad=2)
            if line == 0:
                ax.set_title(day_label(day), fontsize=9, pad=4)
            if n == 0:
                ax.set_ylabel(name, fontsize=10, rotation=0, ha="right", va="center", labelpad=8)
                _scale_bar(ax, half)
                ax.annotate("contrast", (0.0, 0.0), (-8.0, -4.0), xycoords="axes fraction", textcoords="offset points", fontsize=8, ha="right", va="top", color="#555555")
    return figure


def _scale_bar(ax: plt.Axes, half: float, length: float = 0.2) -> None:
    left, level = -0.9 * half, -0.88 * half
    ax.plot([left, left + length], [level, level], color="black", lw=2.0, solid_capstyle="butt")
    ax.text(left, level + 0.07 * half, f"{length:g} mm", fontsize=7, ha="left", va="bottom", color="black")
