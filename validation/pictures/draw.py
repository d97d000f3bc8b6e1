"""Draws the pictures of the README. Takes some minutes: it runs the calibration for normal scalp.

python validation/pictures/draw.py [section] [probability] [dot] [hairline] [crown_density] [blue_shift] [section_he] [slides] draws those named, else all.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import numpy as np
import tifffile
from scipy.optimize import brentq

import dermaflux as df
from dermaflux import _core, example_slides, fit_plots, histology, histology_profile, histology_tables, pictures, plots, synthetic_section
from dermaflux.looks import Look, look
from dermaflux.virtual_biopsy import Cut, Tissue, tissue_of

HERE = Path(__file__).parent
YEAR = 365.25
CONTRAST = 0.1  # that the dots of the figure on blue shift are given
DEPTHS = (0.2, 0.3, 0.4, 0.5, 0.65, 0.8, 1.0, 1.25)  # set depths of that figure [mm]
SINKING = (0.0, 15.0, 30.0, 45.0, 60.0)  # how fast pigment sinks in it [um/year]
WIDTH_MM = 1.2  # of its pictures

normal = df.load(df.configs() / "treatments/normal_scalp.toml")


def section() -> None:
    plots.section(df.run(normal).to_xarray(), normal.layers).savefig(HERE / "section.png", dpi=110)


def probability() -> None:
    found = df.calibrate(df.configs() / "calibrations/scalp.toml", "normal", progress=True)
    plots.probability_map(found.probability, found.rules, found.best, found.tolerance).savefig(HERE / "probability.png", dpi=110)


def dot() -> None:
    pictures.save_figure(df.render_dot(df.run(normal).to_xarray(), [0.0, 14.0, YEAR, 5 * YEAR]), HERE / "dot.png")


def patch(name: str) -> None:
    df.render_pattern(df.configs() / f"patterns/{name}.toml", progress=True).save(HERE / f"{name}.png")


def colour_of(treatment: df.Treatment, day: float) -> tuple[float, np.ndarray, Look]:
    """Mean depth of the pigment [mm], by how much the dot differs from skin in L*, a*, b*, and the look itself."""
    data = df.run(treatment, grid="quick").to_xarray()
    seen = look(data, day)
    off = np.subtract(_core.lab(list(seen.centre())), _core.lab(list(seen.skin)))
    return float(data["depth_mm"].sel(time=day)), off, seen


def of_one_contrast(changes: dict[str, float]) -> df.Treatment:
    """The treatment with the ink so diluted that its contrast after five years is that of the figure."""

    def with_dilution(log_dilution: float) -> df.Treatment:
        return normal.with_(changes | {"ink.dilution": float(np.exp(log_dilution))})

    def over(log_dilution: float) -> float:
        return df.run(with_dilution(log_dilution), grid="quick")["contrast_5y"] - CONTRAST

    return with_dilution(brentq(over, np.log(0.002), 0.0, xtol=1e-3))


def blue_shift() -> None:
    """Colour of a dot against its depth: as its ink gives it, and at one contrast, so that what depth does is seen alone."""
    plain = [colour_of(normal.with_({"machine.depth_mm": depth}), YEAR) for depth in DEPTHS]
    deep = [colour_of(of_one_contrast({"machine.depth_mm": depth}), 5 * YEAR) for depth in DEPTHS]
    sunk = [colour_of(of_one_contrast({"skin.deepening_um_per_year": speed}), 5 * YEAR) for speed in SINKING]
    figure, axes = plt.subplots(1, 3, figsize=(11.5, 3.5), constrained_layout=True, width_ratios=(1.0, 1.0, 1.15))
    for ax, rows, style, name in ((axes[0], plain, "-", ""), (axes[1], deep, "--", ", needle set deeper"), (axes[1], sunk, "-", ", pigment sunk")):
        for axis, colour, label in ((1, "#d55e00", "a*"), (2, "#0072b2", "b*")):
            ax.plot([row[0] for row in rows], [row[1][axis] for row in rows], style, color=colour, marker="o", ms=3, label=label + name)
    axes[0].set_title("needle set deeper, ink as shipped, after a year", fontsize=9)
    axes[1].set_title(f"all dots of contrast {CONTRAST:g} at 550 nm, after five years", fontsize=9)
    for ax in axes[:2]:
        ax.axhline(0.0, color="#555555", lw=0.8)
        ax.set(xlabel="mean depth of the pigment [mm]", ylabel="dot less skin, CIE a*, b*")
        ax.legend(fontsize=7.5, frameon=False, loc="lower left")
    axes[2].set_axis_off()
    axes[2].set_title(f"contrast {CONTRAST:g}, pigment sunk; {WIDTH_MM:g} mm wide", fontsize=9)
    for n, (depth, _, seen) in enumerate((sunk[0], sunk[-1])):
        inset = axes[2].inset_axes((0.5 * n + 0.01, 0.15, 0.48, 0.75))
        inset.imshow(pictures.dot_image(seen, WIDTH_MM), interpolation="bilinear")
        inset.set(xticks=[], yticks=[])
        inset.set_xlabel(f"{depth:.2f} mm deep, {seen.fwhm_mm:.2f} mm wide", fontsize=7.5)
    figure.savefig(HERE / "blue_shift.png", dpi=130)


def section_he() -> None:
    """A synthetic section through the dot, and what the extractor takes for pigment in it, with its profile beside that of the run."""
    run = df.run(normal).to_xarray()
    run.attrs["resolved_json"] = json.dumps(normal.resolved())
    cut = Cut(offset_um=15.0, angle_deg=3.0)
    with TemporaryDirectory() as folder:
        path = synthetic_section.section_path(Path(folder) / "section.tif")
        tissue, stained = synthetic_section.section(run, 14.0, cut, mpp=0.5, width_um=640.0, depth_um=520.0, seed=4)
        lines = synthetic_section.save_section(tissue, stained, path, mpp=0.5, cut=cut, day=14.0, seed=4, title=normal.title)[1]
        found = histology.extract(path, lines)
    profile = histology_profile.pool([found])
    figure, axes = plt.subplots(1, 2, figsize=(11.5, 5.4), constrained_layout=True, width_ratios=(1.45, 1.0))
    high, wide, _ = stained.colours.shape
    axes[0].imshow(stained.colours, extent=(0.0, 0.5 * wide, 0.5 * high, 0.0), interpolation="antialiased")
    for name, colour in (("Surface", "#0072b2"), ("DEJ", "#009e73")):
        axes[0].plot(*(0.5 * stained.lines[name]).T, color=colour, lw=1.0, label=name)
    mask = np.unpackbits(found.mask, axis=1)[:, :wide]
    axes[0].contour((np.arange(wide) + 0.5) * 0.5, (np.arange(high) + 0.5) * 0.5, mask, levels=[0.5], colors="#f0e442", linewidths=0.8)
    axes[0].set(xlabel="um", ylabel="um", title="synthetic section (H&E), day 14, 4 um thick; yellow: pigment found")
    axes[0].legend(fontsize=8, loc="lower left")
    middle = 0.5 * (profile["surface_from_um"] + profile["surface_to_um"])
    axes[1].barh(middle, profile["surface_fraction"], 18.0, xerr=profile["surface_sd"], color="#888888", error_kw={"lw": 0.8}, label="this section, with sd")
    edges = np.append(profile["surface_from_um"], profile["surface_to_um"][-1])
    whole = np.diff(np.interp(edges, tissue.z_um, np.append(0.0, np.cumsum(tissue.shares()))))
    axes[1].plot(whole, middle, color="#d55e00", label="the whole simulated dot")
    axes[1].set(xlabel="share of the pigment per 20 um", ylabel="depth below the surface [um]", xlim=(0.0, None))
    axes[1].invert_yaxis()
    axes[1].legend(fontsize=8)
    figure.savefig(HERE / "section_he.png", dpi=110)


def slides() -> None:
    """The example slides: lines proposed in one, the profile of all beside that of the dot, what a few sections can tell, and what a fit makes of six."""
    with TemporaryDirectory() as name:
        folder = Path(name) / "slides"
        example_slides.write_example(folder, 6, 1, lambda _: None)
        pictures_ = sorted(folder.glob("*.tif"))
        proposed = histology.extract(pictures_[0], proposal=folder / "lines.png")
        colours = tifffile.imread(pictures_[0])
        features = json.loads((folder / "lines.geojson").read_text())["features"]
        lines = {one["properties"]["classification"]["name"]: one["geometry"]["coordinates"] for one in features}
        found = [histology.extract(one, one.with_suffix(".geojson"), shrinkage=0.1) for one in pictures_]
        histology_tables.save_csv(histology_profile.pool(found), folder / "profile.csv")
        pooled = histology_profile.pool(found, 40.0)
        fitted = df.fit(df.plan_fit(folder / "fit_synthetic.toml"), folder / "fit.h5")
        tissue = tissue_of(df.open_run(folder / "run_synthetic.h5"), example_slides.DAY)
        priors = {key: normal.resolved()[key] for key in example_slides.HIDDEN}
    figure, axes = plt.subplots(1, 4, figsize=(16.5, 4.6), constrained_layout=True, width_ratios=(1.25, 1.0, 1.0, 1.0))
    high, wide = 900, colours.shape[1]
    axes[0].imshow(colours[:high], extent=(0.0, 0.5 * wide, 0.5 * high, 0.0), interpolation="antialiased")
    for line, colour in (("Surface", "#0072b2"), ("DEJ", "#009e73")):
        axes[0].plot(*(0.5 * np.array(lines[line])).T, color=colour, lw=1.4, label=f"{line}, proposed")
    mask = np.unpackbits(proposed.mask, axis=1)[:high, :wide]
    axes[0].contour((np.arange(wide) + 0.5) * 0.5, (np.arange(high) + 0.5) * 0.5, mask, levels=[0.5], colors="#f0e442", linewidths=0.8)
    axes[0].set(xlabel="um", ylabel="um", title="SYNTHETIC slide; yellow: pigment found", ylim=(0.5 * high, 0.0))
    axes[0].legend(fontsize=8, loc="lower left")
    middle = 0.5 * (pooled["surface_from_um"] + pooled["surface_to_um"])
    axes[1].barh(middle, pooled["surface_fraction"], 36.0, xerr=pooled["surface_sd"], color="#888888", error_kw={"lw": 0.8}, label="six slides, with sd")
    edges = np.append(pooled["surface_from_um"], pooled["surface_to_um"][-1])
    axes[1].plot(np.diff(np.interp(edges, tissue.z_um, np.append(0.0, np.cumsum(tissue.shares())))), middle, color="#d55e00", label="the whole simulated dot")
    axes[1].set(xlabel="share of the pigment per 40 um", ylabel="depth below the surface [um]", xlim=(0.0, None), title="profile")
    axes[1].invert_yaxis()
    axes[1].legend(fontsize=8)
    _few_sections(axes[2], tissue)
    for n, (key, colour) in enumerate(zip(example_slides.HIDDEN, ("#0072b2", "#d55e00"), strict=True)):
        drawn = next(one for one in fit_plots.inferred(fitted).values() if one.attrs["key"] == key)
        low, mid, top = np.log10(drawn.quantile([0.05, 0.5, 0.95]).values)
        axes[3].plot(np.log10(priors[key]["range"]), [n, n], color="#cccccc", lw=9, solid_capstyle="butt", label="range before" if n == 0 else None)
        axes[3].errorbar(mid, n, xerr=[[mid - low], [top - mid]], fmt="o", color=colour, capsize=4, label="fitted, 5 to 95 %" if n == 0 else None)
        axes[3].plot(np.log10(priors[key]["value"] * example_slides.HIDDEN[key]), n, "k*", ms=11, label="true" if n == 0 else None)
        axes[3].text(np.log10(priors[key]["range"][0]), n + 0.13, key.split(".")[2].replace("_", " "), fontsize=8)
    axes[3].set(xlabel="log10 of the permeability [m2]", yticks=[], ylim=(-0.5, 1.9), title="what the fit says")
    axes[3].legend(fontsize=8, loc="upper left")
    figure.savefig(HERE / "slides.png", dpi=100)


def _few_sections(ax: plt.Axes, tissue: Tissue) -> None:
    """Median depth of the pigment that some pooled sections show, against that of the dot."""
    seen = synthetic_section.sections_seen(tissue, 200, Cut(angle_deg=3.0), seed=2)
    held, edges = seen["pigment_ng"].values, np.append(seen["from_um"], seen["to_um"][-1])
    random, counts = np.random.default_rng(3), (1, 2, 3, 6, 12, 24)

    def median(rows: np.ndarray) -> float:
        return float(np.interp(0.5, np.append(0.0, np.cumsum(rows.sum(axis=0))) / rows.sum(), edges))

    filled = held[held.sum(axis=1) > 0.0]
    drawn = [np.quantile([median(filled[random.choice(len(filled), count)]) for _ in range(400)], [0.05, 0.5, 0.95]) for count in counts]
    low, middle, top = np.array(drawn).T
    ax.fill_between(counts, low, top, color="#56b4e9", alpha=0.4, label="5 to 95 % of such sets")
    ax.plot(counts, middle, color="#0072b2", marker="o", ms=3, label="middle")
    ax.axhline(float(np.interp(0.5, np.append(0.0, np.cumsum(tissue.shares())), tissue.z_um)), color="#d55e00", label="the whole dot")
    ax.set(xscale="log", xlabel="sections pooled", ylabel="median depth of the pigment [um]", title="what random sections would show")
    ax.set_xticks(counts, [str(one) for one in counts])
    ax.minorticks_off()
    ax.invert_yaxis()
    ax.legend(fontsize=8)


DRAWINGS: dict[str, Callable[[], None]] = {
    "section": section, "probability": probability, "dot": dot, "hairline": lambda: patch("hairline"), "crown_density": lambda: patch("crown_density"),
    "blue_shift": blue_shift, "section_he": section_he, "slides": slides,
}  # fmt: skip

for name in sys.argv[1:] or DRAWINGS:
    DRAWINGS[name]()
