"""Figures: of one run, and of a calibration. Every axis has its unit; colours are safe for colour-blind readers."""

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

POOL_COLOURS = {"free": "#56b4e9", "matrix": "#0072b2", "macrophage": "#d55e00", "slow": "#cc79a7", "epidermal": "#f0e442"}
LOSS_COLOURS = {"shed": "#bdbdbd", "exuded": "#9e9e9e", "lymph": "#7f7f7f", "photolysed": "#616161"}
LAYER_COLOURS = ("#fde0c5", "#fbd0a8", "#f7c5c5", "#f2b0b0", "#fff3b0", "#e0e0e0", "#d0d0d0", "#c0c0c0")


def _bands(axes: plt.Axes, layers: dict[str, float], deepest_mm: float) -> None:
    """Marks the layers of the skin along the depth axis."""
    top = 0.0
    for n, (name, thickness) in enumerate(layers.items()):
        bottom = min(top + thickness, deepest_mm)
        if bottom <= top:
            break
        axes.axhspan(top, bottom, color=LAYER_COLOURS[n % len(LAYER_COLOURS)], alpha=0.55, lw=0)
        if bottom - top > 0.03 * deepest_mm:
            axes.text(0.99, 0.5 * (top + bottom), name.replace("_", " "), transform=axes.get_yaxis_transform(), ha="right", va="center", fontsize=7, color="#555555")
        top += thickness


def _deepest(run: xr.Dataset) -> float:
    return float(min(max(1.35 * float(run["pigment_depth_p90_mm"]), 1.2 * float(run["d_tip_mm"]), 0.3), float(run["z"][-1]) * 1e3))


def section(run: xr.Dataset, layers: dict[str, float]) -> Figure:
    """Pigment in a vertical section through the dot, on day 0, 14, and after one and five years."""
    days = [day for day in (0.0, 14.0, 365.25, 1826.25) if day <= float(run["time"][-1])]
    figure, axes = plt.subplots(1, len(days), figsize=(3.0 * len(days) + 0.8, 3.6), sharey=True, layout="constrained")
    pools = ("free", "matrix", "macrophage", "slow", "epidermal")
    total = sum(run[f"pigment_{pool}"].transpose("time", "z", "r") for pool in pools)
    deepest = _deepest(run)
    edges_r, edges_z = run["r_face"].values * 1e3, run["z_face"].values * 1e3
    top = float(total.max())
    for ax, day in zip(np.atleast_1d(axes), days, strict=True):
        field = total.sel(time=day, method="nearest").values
        mirrored = np.concatenate([field[:, ::-1], field], axis=1)
        image = ax.pcolormesh(np.concatenate([-edges_r[::-1], edges_r[1:]]), edges_z, np.maximum(mirrored, 1e-4 * top), cmap="magma_r", norm=LogNorm(1e-3 * top, top), rasterized=True)
        depth = 0.0
        for thickness in layers.values():
            depth += thickness
            ax.axhline(depth, color="#777777", lw=0.6, ls=":")
        ax.set(xlim=(-0.3, 0.3), ylim=(deepest, 0.0), xlabel="distance from the axis [mm]", title=_day_name(day), aspect="equal")
    np.atleast_1d(axes)[0].set_ylabel("depth [mm]")
    figure.colorbar(image, ax=axes, label="pigment [kg m$^{-3}$]", shrink=0.8)
    return figure


def _day_name(day: float) -> str:
    return f"day {day:.0f}" if day < 300 else f"{day / 365.25:.0f} year{'s' if day > 400 else ''}"


def profile(run: xr.Dataset, layers: dict[str, float]) -> Figure:
    """Pigment against depth over the layers of the skin."""
    figure, ax = plt.subplots(figsize=(4.6, 4.2), layout="constrained")
    deepest = _deepest(run)
    _bands(ax, layers, deepest)
    areas = np.pi * np.diff(run["r_face"].values ** 2)
    for day, colour in ((0.0, "#0072b2"), (42.0, "#009e73"), (365.25, "#d55e00"), (1826.25, "#000000")):
        if day > float(run["time"][-1]):
            continue
        pools = ("free", "matrix", "macrophage", "slow", "epidermal")
        density = sum(run[f"pigment_{pool}"].transpose("time", "z", "r").sel(time=day, method="nearest").values for pool in pools) @ areas
        ax.plot(density * 1e9, run["z"].values * 1e3, color=colour, label=_day_name(day))
    ax.axhline(float(run["d_tip_mm"]), color="#333333", lw=0.8, ls="--")
    ax.text(0.02, float(run["d_tip_mm"]), " tip", transform=ax.get_yaxis_transform(), va="bottom", fontsize=8)
    ax.set(ylim=(deepest, 0.0), xlabel="pigment per depth [ng/mm]", ylabel="depth [mm]")
    ax.set_xlim(left=0.0)
    ax.legend(fontsize=8, loc="lower right")
    return figure


def fate(run: xr.Dataset) -> Figure:
    """Where the delivered pigment is over time: what is in the skin, by pool, and what has left it."""
    figure, ax = plt.subplots(figsize=(6.2, 3.8), layout="constrained")
    time = np.maximum(run["time"].values, 0.5)
    names = list(POOL_COLOURS) + list(LOSS_COLOURS)
    parts = [run[f"{name}_ng"].values for name in names]
    ax.stackplot(time, parts, labels=names, colors=list(POOL_COLOURS.values()) + list(LOSS_COLOURS.values()), alpha=0.95)
    ax.set(xscale="log", xlim=(0.5, time[-1]), ylim=(0.0, sum(p[0] for p in parts)), xlabel="time after treatment [day]", ylabel="pigment [ng]")
    handles, labels = ax.get_legend_handles_labels()
    ax.legend(handles[::-1], labels[::-1], fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def fading(run: xr.Dataset) -> Figure:
    """Contrast, width and retained pigment over time."""
    figure, ax = plt.subplots(figsize=(6.2, 3.4), layout="constrained")
    time = np.maximum(run["time"].values, 0.5)
    held = sum(run[f"{pool}_ng"].values for pool in POOL_COLOURS)
    ax.plot(time, run["contrast"].values, "o-", color="#000000", ms=3, label="contrast at 550 nm [-]")
    ax.plot(time, held / held[0], "s-", color="#d55e00", ms=3, label="retained pigment [-]")
    ax.plot(time, run["fwhm_mm"].values, "^-", color="#0072b2", ms=3, label="visible width [mm]")
    ax.set(xscale="log", xlim=(0.5, time[-1]), ylim=(0.0, 1.05), xlabel="time after treatment [day]")
    ax.legend(fontsize=8)
    return figure


def insertion(run: xr.Dataset) -> Figure:
    """The first strokes as a camera, a force sensor and a flow meter would have seen them."""
    figure, axes = plt.subplots(3, 1, figsize=(6.2, 5.4), sharex=True, layout="constrained")
    time = run["trace_time"].values * 1e3
    period = 1e3 / float(run["frequency_loaded_hz"])
    inside = time <= 4.0 * period
    for ax, columns in zip(
        axes,
        (
            (("trace_tip_depth_mm", "tip depth [mm]", "#0072b2"),),
            (("trace_force_n", "needle force [N]", "#d55e00"),),
            (("trace_hole_nl", "open track [nL]", "#999999"), ("trace_liquid_nl", "ink in it [nL]", "#000000"), ("trace_drawn_nl", "drawn so far [nL]", "#009e73")),
        ),
        strict=True,
    ):
        for name, label, colour in columns:
            ax.plot(time[inside], run[name].values[inside], color=colour, label=label, lw=1.2)
        ax.legend(fontsize=8, loc="upper right")
    axes[0].axhline(0.0, color="#777777", lw=0.6)
    axes[0].invert_yaxis()
    axes[-1].set_xlabel("time [ms], first four strokes")
    return figure


def probability_map(probability: xr.DataArray, rules: xr.DataArray, best: dict[str, float], tolerance: dict[str, tuple[float, float]]) -> Figure:
    """Probability of a right dot over depth and dwell, the optimum with its tolerance box, and what limits each side."""
    figure, ax = plt.subplots(figsize=(7.2, 4.6), layout="constrained")
    depth, dwell = probability["depth_mm"].values, probability["dwell_ms"].values
    image = ax.pcolormesh(dwell, depth, probability.values, cmap="cividis", vmin=0.0, vmax=1.0, shading="nearest")
    for i, d in enumerate(depth):
        for j, t in enumerate(dwell):
            p = float(probability.values[i, j])
            ax.text(t, d, f"{100 * p:.0f}", ha="center", va="center", fontsize=7, color="white" if p < 0.55 else "black")
    colours = ("#e69f00", "#56b4e9", "#d55e00", "#cc79a7", "#f0e442", "#009e73", "#ffffff")
    for rule, colour in zip(rules["criterion"].values, colours * 3, strict=False):
        kept = rules.sel(criterion=rule).values
        if kept.min() < 0.5 < kept.max():
            ax.contour(dwell, depth, kept, levels=[0.5], colors=[colour], linewidths=1.6)
            ax.plot([], [], color=colour, lw=1.6, label=f"{rule}: kept by half")
    box_t, box_d = tolerance["dwell_ms"], tolerance["depth_mm"]
    ax.add_patch(plt.Rectangle((box_t[0], box_d[0]), box_t[1] - box_t[0], box_d[1] - box_d[0], fill=False, ec="white", lw=1.4, ls="--"))
    ax.plot(best["dwell_ms"], best["depth_mm"], "*", ms=16, mfc="#ffffff", mec="black")
    ax.set(xscale="log", xlabel="dwell time [ms]", ylabel="set depth [mm]")
    ax.set_xticks(dwell, [f"{t:g}" for t in dwell])
    ax.minorticks_off()
    ax.invert_yaxis()
    figure.colorbar(image, label="probability that the dot is right")
    if ax.get_legend_handles_labels()[0]:
        figure.legend(*ax.get_legend_handles_labels(), fontsize=7, loc="outside lower center", ncols=4, facecolor="#cccccc")
    return figure


def sensitivity_bars(sensitivity: dict[str, float], what: str) -> Figure:
    """Rank correlation of an outcome with each unknown, the strongest first."""
    top = sorted(sensitivity.items(), key=lambda item: abs(item[1]))[-12:]
    figure, ax = plt.subplots(figsize=(6.4, 0.3 * len(top) + 0.9), layout="constrained")
    ax.barh([name.removeprefix("skin.").replace("layer.", "") for name, _ in top], [value for _, value in top], color="#0072b2")
    ax.axvline(0.0, color="#333333", lw=0.8)
    ax.set(xlim=(-1.0, 1.0), xlabel=f"rank correlation with {what}")
    ax.tick_params(labelsize=8)
    return figure
