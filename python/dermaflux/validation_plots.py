"""Figures of a validation: predicted against observed, and profiles side by side."""

import math
from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from .judging import Judged
from .verdicts import MISSES

_PREDICTED, _OBSERVED, _MISS = "#0072b2", "#e69f00", "#d55e00"
_FARTHEST = 100.0  # factor beyond which a number stands at the edge


def reference(one: Judged) -> float:
    """What the numbers of a line are divided by: the middle of what was observed, or its bound; NaN where a ratio makes no sense."""
    low, high = one.observed
    known = [value for value in (low, high) if math.isfinite(value)]
    if not known or any(value < 0.0 for value in known) or max(known) == 0.0:
        return math.nan
    if len(known) == 1:
        return known[0]
    return math.sqrt(low * high) if low > 0.0 else high


def forest(found: Sequence[Judged]) -> Figure:
    """Each comparison as a line: what was observed (band or bound) and the prediction (5, 50, 95 % of the draws), over the observed."""
    lines = [one for one in found if math.isfinite(reference(one)) and math.isfinite(one.predicted[1])]
    figure, ax = plt.subplots(figsize=(9.0, 0.27 * len(lines) + 1.3), layout="constrained")
    place = np.arange(len(lines))[::-1]
    for y, one in zip(place, lines, strict=True):
        unit = reference(one)
        low, high = one.observed
        ends = [1.0 / _FARTHEST if not low > 0.0 else low / unit, _FARTHEST if not math.isfinite(high) else high / unit]
        ax.barh(y, ends[1] - ends[0], left=ends[0], height=0.62, color=_OBSERVED, alpha=0.45, lw=0)
        if low == high:
            ax.plot([1.0], [y], "|", ms=11, mew=2.2, color=_OBSERVED)
        colour = _MISS if one.verdict == MISSES else _PREDICTED
        scaled = np.clip(np.array(one.predicted) / unit, 1.0 / _FARTHEST, _FARTHEST)
        ax.hlines(y, scaled[0], scaled[2], color=colour, lw=2.4)
        ax.plot([scaled[1]], [y], "o", ms=4.5, color=colour)
    ax.set_yticks(place, [label(one) for one in lines], fontsize=7)
    ax.set_xscale("log")
    ticks = [0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0]
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.minorticks_off()
    ax.set_xlim(1.0 / _FARTHEST, _FARTHEST)
    ax.set_ylim(-0.8, len(lines) - 0.2)
    ax.axvline(1.0, color="#bbbbbb", lw=0.8, zorder=0)
    ax.set_xlabel("over what was observed (its middle, number or bound)")
    return figure


def label(one: Judged) -> str:
    setting = "" if one.setting == "as shipped" else f", {one.setting}"
    text = f"{one.case} {one.title}{setting}"
    return text if len(text) <= 74 else text[:72] + " \u2026"


def profiles(found: Sequence[Judged]) -> Figure:
    """Cumulated pigment over depth, observed and predicted, a panel for each profile."""
    lines = [one for one in found if one.curve]
    columns = min(3, len(lines))
    figure, axes = plt.subplots(-(-len(lines) // columns), columns, figsize=(3.6 * columns + 0.4, 3.6 * -(-len(lines) // columns)), squeeze=False, layout="constrained")
    for ax in axes.ravel()[len(lines) :]:
        ax.axis("off")
    for ax, one in zip(axes.ravel(), lines, strict=False):
        low, middle, high = one.curve["predicted"]
        depth = one.curve["edges_um"]
        ax.fill_betweenx(depth, low, high, color=_PREDICTED, alpha=0.25, lw=0, label="predicted, 90 %")
        ax.plot(middle, depth, color=_PREDICTED, label="predicted, median")
        ax.plot(one.curve["observed"], depth, color=_OBSERVED, lw=2.0, label="observed")
        shown = depth[np.flatnonzero((one.curve["observed"] < 0.999) | (middle < 0.999))]
        ax.set_ylim(float(shown.max()) + 50.0 if len(shown) else 500.0, float(depth[0]))
        ax.set_xlabel("share of the pigment above")
        ax.set_ylabel("depth [um]")
        ax.set_title(f"{one.case}, {one.setting}", fontsize=9)
    axes[0][0].legend(fontsize=7, loc="lower left")
    return figure
