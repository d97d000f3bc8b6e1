"""Figures of a fit: keys of the posterior two by two, and the data against what the posterior predicts."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator
from scipy.ndimage import gaussian_filter

from .plots import short_key

_POSTERIOR, _PRIOR = "#0072b2", "#bbbbbb"
_BINS = 30


def inferred(data: xr.Dataset) -> dict[str, xr.DataArray]:
    """Posterior of each key, by the name of its variable."""
    return {str(name): one for name, one in data.data_vars.items() if one.dims == ("sample",)}


def _holding(counts: np.ndarray, share: float) -> float:
    """Level above which bins hold a share of all samples."""
    ordered = np.sort(counts.ravel())[::-1]
    return float(ordered[np.searchsorted(np.cumsum(ordered), share * ordered.sum())])


def corner(data: xr.Dataset) -> Figure:
    """Every key alone (diagonal) and with every other (below it), over its prior range on logarithmic axes."""
    keys = inferred(data)
    n = len(keys)
    figure, axes = plt.subplots(n, n, figsize=(1.9 * n + 1.2, 1.9 * n + 0.8), squeeze=False, layout="constrained")
    edges = {name: np.geomspace(*one.attrs["prior_range"], _BINS + 1) for name, one in keys.items()}
    for i, (down, of_down) in enumerate(keys.items()):
        for j, (across, of_across) in enumerate(keys.items()):
            ax = axes[i][j]
            if j > i:
                ax.axis("off")
                continue
            _log_axis(ax.xaxis, of_across)
            ax.set_xlim(*of_across.attrs["prior_range"])
            ax.tick_params(labelsize=7, labelbottom=i == n - 1, labelleft=j == 0 and i > 0)
            if i == j:
                ax.hist(data[f"prior_{across}"], edges[across], weights=_shares(data[f"prior_{across}"]), color=_PRIOR)
                ax.hist(of_across, edges[across], weights=_shares(of_across), histtype="step", lw=1.6, color=_POSTERIOR)
                ax.set_yticks([])
            else:
                _log_axis(ax.yaxis, of_down)
                ax.set_ylim(*of_down.attrs["prior_range"])
                ax.plot(data[f"prior_{across}"], data[f"prior_{down}"], ".", ms=2, color=_PRIOR)
                counts, _, _ = np.histogram2d(of_across, of_down, (edges[across], edges[down]))
                counts = gaussian_filter(counts, 1.0)
                levels = sorted({_holding(counts, 0.9), _holding(counts, 0.5)})
                middles = [np.sqrt(edge[1:] * edge[:-1]) for edge in (edges[across], edges[down])]
                ax.contour(*middles, counts.T, levels=levels, colors=_POSTERIOR, linewidths=1.2)
            if i == n - 1:
                ax.set_xlabel(_label(of_across), fontsize=7)
            if j == 0 and i > 0:
                ax.set_ylabel(_label(of_down), fontsize=7)
    return figure


def _log_axis(axis: Axis, one: xr.DataArray) -> None:
    """Logarithmic, with the value and the range of the prior as ticks."""
    ticks = sorted({*one.attrs["prior_range"], one.attrs["prior_value"]})
    axis.axes.set(**{f"{axis.axis_name}scale": "log"})
    axis.set_ticks(ticks, [f"{tick:.3g}" for tick in ticks])
    axis.set_minor_locator(NullLocator())


def _shares(values: xr.DataArray) -> np.ndarray:
    return np.full(values.size, 1.0 / values.size)


def _label(one: xr.DataArray) -> str:
    unit = one.attrs["units"]
    return short_key(str(one.attrs["key"])).replace(": ", ":\n") + ("" if unit == "1" else f" [{unit}]")


def predictive_check(data: xr.Dataset) -> Figure:
    """What would be measured again, less what was measured, in standard deviations of the measurement."""
    names = [str(name) for name in data["observation"].values]
    figure, ax = plt.subplots(figsize=(7.0, 0.34 * len(names) + 1.2), layout="constrained")
    place = np.arange(len(names))[::-1]
    most = 4.0
    for what, colour, shift in (("engine", _PRIOR, 0.16), ("predictive", _POSTERIOR, -0.16)):
        low, middle, high = np.nanquantile((data[what] - data["measured"]) / data["measured_sd"], [0.05, 0.5, 0.95], axis=0)
        ax.hlines(place + shift, low, high, color=colour, lw=4)
        ax.plot(middle, place + shift, "o", ms=4, color="#333333")
        most = max(most, 1.1 * float(np.max(np.abs((low, high)))))
    ax.axvline(0.0, color="#d55e00", lw=1.2)
    ax.set_xscale("symlog", linthresh=4.0)
    ax.set_xticks(ticks := [-100, -30, -10, -4, -2, 0, 2, 4, 10, 30, 100], map(str, ticks))
    ax.set_xlim(-most, most)
    ax.set_yticks(place, names, fontsize=8)
    ax.set_xlabel("predicted less measured [standard deviations of the measurement]")
    return figure
