"""Figures of a validation: predicted against observed, and profiles side by side."""

import math
from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .judging import Judged
from .verdicts import MISSES

_PREDICTED, _OBSERVED, _MISS = "#0072b2", "#e69f00", "#d55e00"
_FARTHEST = 100.0  # factor beyond which a number stands at the edge
_TITLE, _LINE = 0.27, 0.17  # height of the title of a case, and of each of its lines


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
    """Each case with what was observed (band, bound or bar) and a line for the prediction of each setting (5, 50, 95 % of the draws), all
    over what was observed."""
    cases = _by_case([one for one in found if math.isfinite(reference(one)) and math.isfinite(one.predicted[1])])
    heights = [_TITLE + _LINE * len(lines) for lines in cases]
    figure, ax = plt.subplots(figsize=(6.4, sum(heights) * 0.9 + 0.8), layout="constrained")
    top = 0.0
    for lines, height in zip(cases, heights, strict=True):
        _case(ax, lines, top, height)
        top -= height
    ax.set_ylim(top - 0.05, 0.0)
    ax.set_xlim(1.0 / _FARTHEST, _FARTHEST)
    ax.set_xscale("log")
    ax.set_yticks([])
    ticks = [0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0]
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.minorticks_off()
    ax.axvline(1.0, color="#bbbbbb", lw=0.8, zorder=0)
    ax.set_xlabel("predicted over observed (its middle, number or bound)")
    return figure


def _by_case(lines: Sequence[Judged]) -> list[list[Judged]]:
    """Lines that share what was observed, together."""
    groups: dict[tuple, list[Judged]] = {}
    for one in lines:
        groups.setdefault((one.case, one.title, str(one.observed)), []).append(one)
    return list(groups.values())


def _case(ax: Axes, lines: Sequence[Judged], top: float, height: float) -> None:
    unit, (low, high) = reference(lines[0]), lines[0].observed
    ends = [low / unit if low > 0.0 else 1.0 / _FARTHEST, high / unit if math.isfinite(high) else _FARTHEST]
    middle, depth = top - _TITLE - 0.5 * (height - _TITLE), height - _TITLE - 0.02
    ax.barh(middle, ends[1] - ends[0], left=ends[0], height=depth, color=_OBSERVED, alpha=0.4, lw=0)
    if low == high:
        ax.vlines(1.0, middle - 0.5 * depth, middle + 0.5 * depth, color=_OBSERVED, lw=3.0)
    ax.text(1.15 / _FARTHEST, top - _TITLE + 0.045, f"{lines[0].case}  {lines[0].title}", fontsize=8, va="bottom")
    for n, one in enumerate(lines):
        y, colour = top - _TITLE - (n + 0.5) * _LINE, _MISS if one.verdict == MISSES else _PREDICTED
        scaled = np.clip(np.array(one.predicted) / unit, 1.0 / _FARTHEST, _FARTHEST)
        ax.hlines(y, scaled[0], scaled[2], color=colour, lw=2.2)
        ax.plot([scaled[1]], [y], "o", ms=4.0, color=colour)
        if len(lines) > 1:
            left = scaled[2] < 3.0
            ax.text(scaled[2] * 1.1 if left else scaled[0] / 1.1, y, one.setting, fontsize=6.5, va="center", ha="left" if left else "right", color="#444444")


def profiles(found: Sequence[Judged]) -> Figure:
    """Cumulated pigment over depth, observed and predicted, a panel for each profile."""
    lines = [one for one in found if one.curve]
    columns = min(3, len(lines))
    figure, axes = plt.subplots(
        -(-len(lines) // columns), columns, figsize=(3.6 * columns + 0.4, 3.6 * -(-len(lines) // columns)), squeeze=False, layout="constrained"
    )
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
