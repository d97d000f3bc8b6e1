"""Figures: of one run, and of a calibration. Every axis has its unit; colours are safe for colour-blind readers."""

from collections.abc import Sequence

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from scipy import ndimage

from . import _core
from .camera import field_in, picture
from .combinations import Combination, value_text
from .optimum import Optimum
from .result import POOLS

POOL_COLOURS = {"free": "#56b4e9", "matrix": "#0072b2", "macrophage": "#d55e00", "slow": "#cc79a7", "epidermal": "#f0e442"}
LOSS_COLOURS = {"shed": "#d9d9d9", "exuded": "#bdbdbd", "lymph": "#8c8c8c", "photolysed": "#595959"}
_LOSS_HATCHES = {"shed": "///", "exuded": "...", "lymph": "\\\\\\", "photolysed": "xxx"}
_FATE_LABELS = {
    "free": "free", "matrix": "held by the matrix", "macrophage": "in macrophages", "slow": "slow pool (fibroblasts)", "epidermal": "in the epidermis",
    "shed": "lost: shed", "exuded": "lost: exuded", "lymph": "lost: lymph", "photolysed": "lost: bleached",
}  # fmt: skip
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


def _pigment(run: xr.Dataset) -> xr.DataArray:
    """Pigment of all pools per tissue volume, dims (time, z, r) [kg/m^3]."""
    return sum(run[f"pigment_{pool}"].transpose("time", "z", "r") for pool in POOLS)


def section(run: xr.Dataset, layers: dict[str, float]) -> Figure:
    """Pigment in a vertical section through the dot, on day 0, 14, and after one and five years."""
    days = [day for day in (0.0, 14.0, 365.25, 1826.25) if day <= float(run["time"][-1])]
    figure, axes = plt.subplots(1, len(days), figsize=(3.0 * len(days) + 0.8, 3.6), sharey=True, layout="constrained")
    total = _pigment(run)
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


FOLLICLE = 0.05  # permeability over that of plain skin below which tissue is a follicle; those of scars lie above


def box(run: xr.Dataset, layers: dict[str, float]) -> Figure:
    """Pigment of a run in a box, summed along y seen from the side and along z seen from above, on day 0, 14, and after one and five years, with the
    tracks that the prongs made, hair follicles as they stand in the dermis, and the ridges of the junction below the middle."""
    days = [day for day in (0.0, 14.0, 365.25, 1826.25) if day <= float(run["time"][-1])]
    total = sum(run[f"box_pigment_{pool}"].transpose("time", "z", "y", "x") for pool in POOLS)
    edges = {axis: run[f"{axis}_face"].values * 1e3 for axis in "xyz"}
    side, above = (total * xr.DataArray(np.diff(run[f"{axis}_face"].values), dims=axis) for axis in "yz")
    sums = side.sum("y") * 1e6, above.sum("z") * 1e6  # mg/m2
    deepest, tracks = _deepest(run), run["tracks"].values * 1e3
    held = total.isel(time=0).max("z").values > 1e-3 * float(total[0].max())
    half = 1.2 * max(np.abs(edges["x"][:-1][held.any(axis=0)]).max(), np.abs(edges["y"][:-1][held.any(axis=1)]).max())
    figure, axes = plt.subplots(2, len(days), figsize=(3.0 * len(days) + 0.8, 5.6), sharex=True, sharey="row", squeeze=False, layout="constrained")
    depths = np.cumsum(list(layers.values()))
    centres = {axis: 0.5 * (edge[1:] + edge[:-1]) for axis, edge in edges.items()}
    hairs = run["box_permeability_ratio"].transpose("z", "y", "x").values[np.searchsorted(centres["z"], 0.5 * deepest)]
    junction = run["box_epidermis_share"].transpose("y", "z", "x").values[len(centres["y"]) // 2] if "box_epidermis_share" in run else None
    for row, (seen, upright, label) in enumerate(zip(sums, ("z", "y"), ("depth [mm]", "y [mm]"), strict=True)):
        top = float(seen.max())
        for ax, day in zip(axes[row], days, strict=True):
            field = seen.sel(time=day, method="nearest").values
            image = ax.pcolormesh(edges["x"], edges[upright], field, cmap="magma_r", norm=LogNorm(1e-3 * top, top, clip=True), rasterized=True)
            for track in tracks:
                ax.plot(track[[1, 4]], track[[3, 6]] if upright == "z" else track[[2, 5]], color="#0072b2", lw=0.7)
            ax.set(xlim=(-half, half), ylim=(deepest, 0.0) if upright == "z" else (-half, half), aspect="equal")
            for depth in depths if upright == "z" else ():
                ax.axhline(depth, color="#777777", lw=0.6, ls=":")
            if upright == "y" and (hairs < FOLLICLE).any():
                ax.contour(centres["x"], centres["y"], hairs, levels=[FOLLICLE], colors="#009e73", linewidths=0.8)
            if upright == "z" and junction is not None:
                ax.contour(centres["x"], centres["z"], junction, levels=[0.5], colors="#777777", linewidths=0.8)
        axes[row][0].set_ylabel(label)
        figure.colorbar(image, ax=axes[row], label="pigment [mg m$^{-2}$]", shrink=0.8)
    for ax, day in zip(axes[0], days, strict=True):
        ax.set_title(_day_name(day))
    for ax in axes[1]:
        ax.set_xlabel("x [mm]")
    return figure


def camera(looks: Sequence[xr.Dataset]) -> Figure:
    """What a camera sees of a box, maps of :func:`dermaflux.camera.surface` in all bands, one column each: true colour, and below it contrast at
    550 nm with a line at half of the dot's."""
    figure, axes = plt.subplots(2, len(looks), figsize=(3.4 * len(looks) + 0.9, 6.4), sharex=True, sharey=True, squeeze=False, layout="constrained")
    top = max(float(one["contrast"].sel(wavelength=550.0)) for one in looks)
    for n, one in enumerate(looks):
        field, green = field_in(one), one.sel(wavelength=550.0)
        extent = (field.x_mm, field.x_mm + field.across * field.side_mm, field.y_mm, field.y_mm + field.along * field.side_mm)
        axes[0][n].imshow(picture(one), extent=extent, origin="lower", interpolation="bilinear")
        dark = 1.0 - green["reflectance"] / green["reflectance_skin"]
        image = axes[1][n].imshow(dark, extent=extent, origin="lower", cmap="magma_r", vmin=0.0, vmax=1.2 * top, interpolation="bilinear")
        if (level := 0.5 * float(green["contrast"])) > 4.0 * float(green["contrast_error"]):
            axes[1][n].contour(one["x_mm"], one["y_mm"], ndimage.gaussian_filter(dark, 0.5), levels=[level], colors=["#0072b2"], linewidths=1.0)
        wide = f"{float(green['width_along_mm']):.2f} x {float(green['width_across_mm']):.2f} mm"
        axes[0][n].set_title(f"{_day_name(float(one.attrs['day']))}: contrast {float(green['contrast']):.2f}, {wide}", fontsize=9)
        axes[1][n].set_xlabel("x [mm]")
    for row in axes:
        row[0].set_ylabel("y [mm]")
    figure.colorbar(image, ax=axes[1], label="contrast at 550 nm [-]", shrink=0.8)
    return figure


def _day_name(day: float) -> str:
    return f"day {day:.0f}" if day < 300 else f"{day / 365.25:.0f} year{'s' if day > 400 else ''}"


def profile(run: xr.Dataset, layers: dict[str, float]) -> Figure:
    """Pigment against depth over the layers of the skin."""
    figure, ax = plt.subplots(figsize=(4.6, 4.2), layout="constrained")
    deepest = _deepest(run)
    _bands(ax, layers, deepest)
    areas, total = np.pi * np.diff(run["r_face"].values ** 2), _pigment(run)
    for day, colour in ((0.0, "#0072b2"), (42.0, "#009e73"), (365.25, "#d55e00"), (1826.25, "#000000")):
        if day > float(run["time"][-1]):
            continue
        density = total.sel(time=day, method="nearest").values @ areas
        ax.plot(density * 1e9, run["z"].values * 1e3, color=colour, label=_day_name(day))
    ax.axhline(float(run["d_tip_mm"]), color="#333333", lw=0.8, ls="--")
    ax.text(0.02, float(run["d_tip_mm"]), " tip", transform=ax.get_yaxis_transform(), va="bottom", fontsize=8)
    ax.set(ylim=(deepest, 0.0), xlabel="pigment per depth [ng/mm]", ylabel="depth [mm]")
    ax.set_xlim(left=0.0)
    ax.legend(fontsize=8, loc="lower right")
    return figure


def delivered_ng(run: xr.Dataset) -> np.ndarray:
    """Pigment that the needle has left in the skin until each look, all prongs, shape (time,) [ng]: drawn in, less what flowed back or
    was exuded while the track closed. Of several sessions, those until then."""
    if "session_deposited_ng" in run and run["session_deposited_ng"].size > 1:
        done = run["session_day"].values <= run["time"].values[:, None]
        return (done * run["session_deposited_ng"].values).sum(axis=1)
    left = run.attrs["ledger_drawn_ng"] - run.attrs["ledger_flowed_back_ng"] - run.attrs["ledger_exuded_at_closing_ng"]
    return np.full(run.sizes["time"], float(left))


def fate(run: xr.Dataset) -> Figure:
    """Where the delivered pigment is over time: what is in the skin, by pool, and what has left it. The areas sum to what was
    delivered at every look.

    Raises
    ------
    NumericsError: they do not, beyond the limit at which a run fails (1e-10 of the pigment drawn).
    """
    days = run["time"].values
    parts = {name: run[f"{name}_ng"].values for name in (*POOL_COLOURS, *LOSS_COLOURS)}
    delivered, drawn = delivered_ng(run), float(run.attrs["ledger_drawn_ng"])
    off = np.abs(np.sum(list(parts.values()), axis=0) - delivered)
    if not (off <= 1e-10 * drawn).all():
        worst = int(np.argmax(np.where(np.isfinite(off), off, np.inf)))
        raise _core.NumericsError(
            f"pools and losses on day {days[worst]:g} sum to {sum(values[worst] for values in parts.values()):.9g} ng where "
            f"{delivered[worst]:.9g} ng were delivered; the file is damaged, or of another version: run the treatment again"
        )
    figure, ax = plt.subplots(figsize=(8.2, 4.2), layout="constrained")
    colours = POOL_COLOURS | LOSS_COLOURS
    seen = [values.max() > 1e-3 * delivered[-1] for values in parts.values()]  # what is thinner than a line needs no entry
    labels = [_FATE_LABELS[name] if shown else "_" for name, shown in zip(parts, seen, strict=True)]
    areas = ax.stackplot(days, list(parts.values()), labels=labels, colors=[colours[name] for name in parts], lw=0.4, ec="white")
    for name, area in zip(parts, areas, strict=True):
        area.set_hatch(_LOSS_HATCHES.get(name))
    ax.plot(days, delivered, color="#000000", lw=1.0, ls="--")
    ax.text(0.012, delivered[-1], f"delivered {delivered[-1]:.3g} ng", transform=ax.get_yaxis_transform(), va="bottom", fontsize=9)
    _log_days(ax, days[-1])
    ax.set(ylim=(0.0, 1.08 * delivered[-1]), ylabel="pigment [ng]")
    handles, labels = ax.get_legend_handles_labels()
    ax.legend(handles[::-1], labels[::-1], fontsize=9, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    return figure


def _log_days(ax: plt.Axes, last: float) -> None:
    """A logarithmic axis of time that shows day 0: linear on the first day."""
    ticks = {0.0: "day 0", 1.0: "1 d", 3.0: "3 d", 7.0: "1 w", 14.0: "2 w", 42.0: "6 w", 182.625: "6 mo", 365.25: "1 y", 730.5: "2 y", 1826.25: "5 y", 3652.5: "10 y"}
    shown = {day: label for day, label in ticks.items() if day <= last * (1.0 + 1e-9)}
    ax.set_xscale("symlog", linthresh=1.0, linscale=0.35)
    ax.set_xlim(0.0, last)
    ax.set_xticks(list(shown), list(shown.values()))
    ax.minorticks_off()
    ax.set_xlabel("time after treatment")


def fading(run: xr.Dataset) -> Figure:
    """Contrast, width and retained pigment over time."""
    figure, ax = plt.subplots(figsize=(8.2, 3.8), layout="constrained")
    days = run["time"].values
    held = sum(run[f"{pool}_ng"].values for pool in POOL_COLOURS)
    ax.plot(days, run["contrast"].values, "o-", color="#000000", ms=4, label="contrast at 550 nm [-]")
    ax.plot(days, held / delivered_ng(run), "s-", color="#d55e00", ms=4, label="retained pigment [-]")
    ax.plot(days, run["fwhm_mm"].values, "^-", color="#0072b2", ms=4, label="visible width [mm]")
    _log_days(ax, days[-1])
    ax.set_ylim(0.0, 1.05)
    ax.legend(fontsize=9)
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


def probability_map(
    probability: xr.DataArray, rules: xr.DataArray, best: dict[str, float], tolerance: dict[str, tuple[float, float]], location: Optimum | None = None
) -> Figure:
    """Probability of a right dot over depth and dwell, the optimum with its tolerance box, where it falls, and what limits each side."""
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
        if min(kept.shape) > 1 and kept.min() < 0.5 < kept.max():  # a line of settings has no contours
            ax.contour(dwell, depth, kept, levels=[0.5], colors=[colour], linewidths=1.6)
            ax.plot([], [], color=colour, lw=1.6, label=f"{rule}: kept by half")
    box_t, box_d = tolerance["dwell_ms"], tolerance["depth_mm"]
    ax.add_patch(plt.Rectangle((box_t[0], box_d[0]), box_t[1] - box_t[0], box_d[1] - box_d[0], fill=False, ec="white", lw=1.4, ls="--"))
    if location:
        (shallow, deep), (short, long) = location.depth_range_mm, location.dwell_range_ms
        bars = {
            "xerr": [[location.dwell_ms - short], [long - location.dwell_ms]], "yerr": [[location.depth_mm - shallow], [deep - location.depth_mm]],
        }  # fmt: skip
        for colour, width in (("white", 2.6), ("black", 1.0)):
            ax.errorbar(location.dwell_ms, location.depth_mm, **bars, fmt="none", ecolor=colour, elinewidth=width, capsize=4, capthick=width)
    ax.plot(best["dwell_ms"], best["depth_mm"], "*", ms=16, mfc="#ffffff", mec="black")
    ax.set(xscale="log", xlabel="dwell time [ms]", ylabel="set depth [mm]")
    ax.set_xticks(dwell, [f"{t:g}" for t in dwell])
    ax.minorticks_off()
    ax.invert_yaxis()
    figure.colorbar(image, label="probability that the dot is right")
    if ax.get_legend_handles_labels()[0]:
        figure.legend(*ax.get_legend_handles_labels(), fontsize=7, loc="outside lower center", ncols=4, facecolor="#cccccc")
    return figure


def front(gain: np.ndarray, cost: np.ndarray) -> np.ndarray:
    """Which of some settings are on the trade-off front (Pareto): no other gives more and costs no more, or costs less and gives no
    less. Those without a number are not.

    Parameters
    ----------
    gain, cost: of each setting, same shape.
    """
    gain, cost = np.ravel(gain), np.ravel(cost)
    better = (gain[None, :] >= gain[:, None]) & (cost[None, :] <= cost[:, None]) & ((gain[None, :] > gain[:, None]) | (cost[None, :] < cost[:, None]))
    return np.isfinite(gain) & np.isfinite(cost) & ~better.any(axis=1)


def trade_off(outputs: xr.Dataset, best: dict[str, float]) -> Figure:
    """Contrast after a year against what it costs, bleeding and blur: a point for each setting, means over the draws; the line joins the
    settings that no other is better than in both.

    Parameters
    ----------
    outputs: of every setting and draw, dims (depth_mm, dwell_ms, draw).
    """
    means = outputs.mean("draw")
    contrast = means["contrast_1y"].values
    depth = np.broadcast_to(means["depth_mm"].values[:, None], contrast.shape)
    at = means.sel(depth_mm=best["depth_mm"], dwell_ms=best["dwell_ms"], method="nearest")
    figure, axes = plt.subplots(1, 2, figsize=(8.6, 3.6), layout="constrained", sharex=True)
    for ax, name, label in ((axes[0], "bleed_probability", "probability of bleeding"), (axes[1], "fwhm_mm_1y", "width after a year [mm]")):
        cost = means[name].values
        points = ax.scatter(contrast, cost, c=depth, cmap="cividis_r", s=18)
        on = np.flatnonzero(front(contrast, cost))
        on = on[np.argsort(contrast.ravel()[on], kind="stable")]
        ax.plot(contrast.ravel()[on], cost.ravel()[on], color="#d55e00", lw=1.2, zorder=0, label="none is better in both")
        ax.plot(float(at["contrast_1y"]), float(at[name]), "*", ms=14, mfc="#ffffff", mec="black", label="best setting")
        ax.set(xlabel="contrast after a year", ylabel=label)
    axes[0].legend(fontsize=7, frameon=False)
    figure.colorbar(points, ax=axes, label="set depth [mm]")
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


def combination_bars(tried: Sequence[Combination], chosen: int) -> Figure:
    """The best that each combination of further settings reached, with its standard error, and what the standard grid says of those that
    were left at the end."""
    figure, ax = plt.subplots(figsize=(7.2, 0.34 * len(tried) + 1.1), layout="constrained")
    place = np.arange(len(tried))[::-1]
    colours = ["#0072b2" if n == chosen else "#9ecae1" if one.decided is not None else "#cccccc" for n, one in enumerate(tried)]
    ax.barh(place, [one.worth for one in tried], 0.7, xerr=[one.error for one in tried], color=colours, error_kw={"lw": 0.9, "capsize": 2.0})
    decided = [(at, one.decided) for at, one in zip(place, tried, strict=True) if one.decided is not None]
    if decided:
        ax.plot([value for _, value in decided], [at for at, _ in decided], "D", ms=5, mfc="white", mec="black", label="standard grid")
        ax.legend(fontsize=8, loc="lower right")
    names = [", ".join(value_text(value) for value in one.values.values()) + f" ({one.draws} draws)" for one in tried]
    ax.set_yticks(place, names, fontsize=8)
    ax.set(xlim=(0.0, 1.05), xlabel="probability of a right dot at its best depth and dwell time, less weights")
    return figure


_OUTCOME_NAMES = {
    "right": "being right",
    "contrast_1y": "contrast, 1 year", "contrast_3y": "contrast, 3 years", "fwhm_mm_1y": "visible width, 1 year",
    "retained_fraction_day42": "retained pigment, day 42",
}  # fmt: skip


def sobol_bars(found: xr.Dataset) -> Figure:
    """Sobol indices of a sensitivity analysis with their intervals: one panel per outcome, the parameter that matters most first."""
    bars = [one for one in ((0.19, "first_order", "alone", "#0072b2"), (-0.19, "total", "with others", "#e69f00")) if one[1] in found]
    order = np.argsort(np.nan_to_num(found[bars[-1][1]].values).max(axis=0))
    names = [short_key(str(key)) for key in found["parameter"].values[order]]
    outputs = [str(name) for name in found["output"].values]
    place = np.arange(len(names))
    figure, axes = plt.subplots(1, len(outputs), figsize=(2.6 * len(outputs) + 2.2, 0.36 * len(names) + 1.5), sharey=True, squeeze=False, layout="constrained")
    for ax, output in zip(axes[0], outputs, strict=True):
        for shift, name, label, colour in bars:
            values = found[name].sel(output=output).values[order]
            interval = found[f"{name}_interval"].sel(output=output).values[order]
            ax.barh(place + shift, values, 0.36, xerr=interval, color=colour, label=label, error_kw={"lw": 0.9, "capsize": 2.0, "ecolor": "#333333"})
        ax.axvline(0.0, color="#333333", lw=0.8)
        ax.set_title(_OUTCOME_NAMES.get(output, output), fontsize=10)
        ax.set_xlim(-0.1, 1.1)
        ax.grid(axis="x", color="#dddddd", lw=0.6)
        ax.set_axisbelow(True)
        ax.tick_params(axis="y", length=0.0)
    axes[0][0].set_yticks(place, names, fontsize=9)
    axes[0][0].set_ylim(-0.6, len(names) - 0.4)
    figure.supxlabel("share of the variance (95 % interval)", fontsize=10)
    figure.legend(*axes[0][0].get_legend_handles_labels(), loc="outside upper right", ncols=2, fontsize=9, frameon=False)
    return figure


def short_key(key: str) -> str:
    """A key as axes and tables name it: without its group, layers kept."""
    return key.removeprefix("skin.").removeprefix("ink.").replace("layer.", "").replace(".", ": ")
