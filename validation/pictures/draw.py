"""Draws the pictures of the README. Takes some minutes: it runs the calibration for normal scalp.

python validation/pictures/draw.py [section] [probability] [dot] [hairline] [crown_density] [blue_shift] draws those named, else all.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import brentq

import dermaflux as df
from dermaflux import _core, pictures, plots
from dermaflux.looks import look

HERE = Path(__file__).parent
YEAR = 365.25
CONTRAST = 0.25  # that all dots of the figure on blue shift are given
DEPTHS = (0.2, 0.3, 0.4, 0.5, 0.65, 0.8, 1.0, 1.25)  # set depths of that figure [mm]
SHOWN = (0.2, 0.5, 1.25)

normal = df.load(df.configs() / "treatments/normal_scalp.toml")


def section() -> None:
    plots.section(df.run(normal).to_xarray(), normal.layers).savefig(HERE / "section.png", dpi=110)


def probability() -> None:
    found = df.calibrate(df.configs() / "calibrations/scalp.toml", "normal", progress=True)
    plots.probability_map(found.probability, found.rules, found.best, found.tolerance).savefig(HERE / "probability.png", dpi=110)


def dot() -> None:
    pictures.save_figure(df.render_dot(df.run(normal).to_xarray(), [0.0, 14.0, YEAR, 5 * YEAR], width_mm=0.8), HERE / "dot.png")


def patch(name: str) -> None:
    df.render_pattern(df.configs() / f"patterns/{name}.toml", progress=True).save(HERE / f"{name}.png")


def colour_of(treatment: df.Treatment) -> tuple[float, np.ndarray, df.Result]:
    """Depth of the pigment [mm], and by how much the dot differs from skin in L*, a*, b*, after a year."""
    result = df.run(treatment, grid="quick")
    seen = look(result.to_xarray(), YEAR)
    return result["pigment_depth_mm"], np.subtract(_core.lab(list(seen.centre())), _core.lab(list(seen.skin))), result


def of_one_contrast(depth: float) -> df.Treatment:
    """The treatment at a depth, with the ink so diluted that its contrast after a year is that of the figure."""

    def over(log_dilution: float) -> float:
        return df.run(normal.with_({"machine.depth_mm": depth, "ink.dilution": float(np.exp(log_dilution))}), grid="quick")["contrast_1y"] - CONTRAST

    return normal.with_({"machine.depth_mm": depth, "ink.dilution": float(np.exp(brentq(over, np.log(0.002), 0.0, xtol=1e-3)))})


def blue_shift() -> None:
    """Colour of a dot against its depth: as its ink gives it, and at one contrast, so that what depth does is seen alone."""
    plain = [colour_of(normal.with_({"machine.depth_mm": depth})) for depth in DEPTHS]
    equal = [colour_of(of_one_contrast(depth)) for depth in DEPTHS]
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3.6), constrained_layout=True, width_ratios=(1.0, 1.05))
    for rows, style, name in ((plain, "--", "ink as shipped"), (equal, "-", f"contrast {CONTRAST:g} at 550 nm")):
        depth = [row[0] for row in rows]
        for axis, colour, label in ((1, "#d55e00", "a*"), (2, "#0072b2", "b*")):
            left.plot(depth, [row[1][axis] for row in rows], style, color=colour, marker="o", ms=3, label=f"{label}, {name}")
    left.axhline(0.0, color="#555555", lw=0.8)
    left.set(xlabel="mean depth of the pigment [mm]", ylabel="dot less skin after a year")
    left.legend(fontsize=7.5, frameon=False)
    for n, (depth, result) in enumerate((depth, row[2]) for depth, row in zip(DEPTHS, equal, strict=True) if depth in SHOWN):
        inset = right.inset_axes((n / 3 + 0.01, 0.12, 0.31, 0.8))
        seen = look(result.to_xarray(), YEAR)
        inset.imshow(pictures.dot_image(seen, 1.2), interpolation="bilinear")
        inset.set(xticks=[], yticks=[], title=f"set {depth:g} mm")
        inset.title.set_fontsize(9)
        inset.set_xlabel(f"width {seen.fwhm_mm:.2f} mm", fontsize=8.5)
    right.set_axis_off()
    right.set_title(f"three dots of contrast {CONTRAST:g}, each picture 1.2 mm wide", fontsize=9)
    figure.savefig(HERE / "blue_shift.png", dpi=130)


DRAWINGS: dict[str, Callable[[], None]] = {
    "section": section, "probability": probability, "dot": dot, "hairline": lambda: patch("hairline"), "crown_density": lambda: patch("crown_density"),
    "blue_shift": blue_shift,
}  # fmt: skip

for name in sys.argv[1:] or DRAWINGS:
    DRAWINGS[name]()
