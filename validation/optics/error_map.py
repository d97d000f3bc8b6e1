"""Error of the fast look against photon transport, over depth, width, load and skin; writes error_map.csv and error_map.png.

    python validation/optics/error_map.py            # measures (half an hour on one core), then draws
    python validation/optics/error_map.py --look     # looks anew, keeps the photons of error_map.csv, then draws
    python validation/optics/error_map.py --draw     # draws what is in error_map.csv
    python validation/optics/error_map.py --rows 8   # every eighth point, for a first look
"""

import argparse
import csv
import itertools
import math
from collections.abc import Callable
from functools import partial
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import dermaflux as df
from dermaflux import _core
from dermaflux.photon_transport import CENTRE_MM, contrast_of, followed, visible_width

HERE = Path(__file__).parent
SKINS = {"light": 0.03, "brown": 0.15, "dark": 0.35}  # melanosome fraction of the epidermis
DEPTHS_MM = (0.05, 0.10, 0.20, 0.30, 0.50, 0.80)  # top of the pigment
DIAMETERS_MM = (0.08, 0.15, 0.30, 0.50)
MASSES_NG = (0.1, 3.0, 30.0, 300.0)
LENGTH_MM = 0.25
BAND = 3  # 550 nm
PHOTONS = 65536  # where the dot is too pale for its width to be compared
MANY_PHOTONS = 4 * PHOTONS  # elsewhere
CONTRAST_GOAL, WIDTH_GOAL, WIDTH_FROM = 0.03, 0.10, 0.05  # widths are compared where contrast is at least the last
SIGMAS = 2.0  # standard errors of the photons that a difference may have besides


def overlap(faces: np.ndarray, low: float, high: float) -> np.ndarray:
    """Share of each cell between two places that lies in [low, high]."""
    return np.clip(np.minimum(faces[1:], high) - np.maximum(faces[:-1], low), 0.0, None) / np.diff(faces)


def cylinder(r_face: np.ndarray, z_face: np.ndarray, top_mm: float, diameter_mm: float, mass_ng: float) -> np.ndarray:
    """Five pools with a cylinder of dispersed pigment of an exact mass, spread over the cells it shares [kg/m^3]."""
    across = overlap(r_face**2, 0.0, (0.5e-3 * diameter_mm) ** 2)
    along = overlap(z_face, 1e-3 * top_mm, 1e-3 * (top_mm + LENGTH_MM))
    pools = np.zeros((5, across.size, along.size))
    pools[0] = 1e-12 * mass_ng / (math.pi * (0.5e-3 * diameter_mm) ** 2 * 1e-3 * LENGTH_MM) * across[:, None] * along[None, :]
    return pools


def scenes() -> Callable[[str, float, float, float], _core.OpticalScene]:
    """Gives the scene of a skin, a top, a diameter and a mass, on the standard grid of normal scalp."""
    base = df.load(df.configs() / "treatments/normal_scalp.toml")
    grid = df.run(base.with_({"machine.dwell_ms": 10.0}), grid="standard", horizon_year=1.0).to_xarray()
    r_face, z_face = grid["r_face"].values, grid["z_face"].values
    documents = {skin: base.with_({"skin.melanosome_fraction": melanin})._document for skin, melanin in SKINS.items()}
    return lambda skin, *dot: _core.OpticalScene(documents[skin], r_face, z_face, cylinder(r_face, z_face, *dot), 365.0, 365.0)


def look_again(rows: list[dict[str, float | str]]) -> None:
    """Puts today's fast look into rows measured before."""
    scene = scenes()
    for row in rows:
        fast = scene(*(row[name] for name in ("skin", "top_mm", "diameter_mm", "mass_ng"))).look()
        row["contrast_fast"], row["fwhm_fast_mm"] = fast["contrast"], 1e3 * fast["fwhm"]


def measure(every: int) -> list[dict[str, float | str]]:
    make = scenes()
    rows: list[dict[str, float | str]] = []
    for skin, top, diameter, mass in list(itertools.product(SKINS, DEPTHS_MM, DIAMETERS_MM, MASSES_NG))[::every]:
        scene = make(skin, top, diameter, mass)
        media = [scene.medium(BAND, True), scene.medium(BAND, False)]
        follow = partial(followed, scene, backend="kokkos")
        centre = [follow(medium, PHOTONS, 0.0, CENTRE_MM, 1)["reflected"][0] for medium in media]
        contrast, error = contrast_of(*centre)
        width = width_error = math.nan
        if contrast >= WIDTH_FROM:
            centre = [follow(medium, MANY_PHOTONS, 0.0, CENTRE_MM, 1)["reflected"][0] for medium in media]
            contrast, error = contrast_of(*centre)
            width, width_error, _ = visible_width(media, centre, MANY_PHOTONS, follow)
        fast = scene.look()
        rows.append({
            "skin": skin, "top_mm": top, "diameter_mm": diameter, "mass_ng": mass, "contrast": contrast, "contrast_error": error,
            "contrast_fast": fast["contrast"], "fwhm_mm": width, "fwhm_error_mm": width_error, "fwhm_fast_mm": 1e3 * fast["fwhm"],
        })  # fmt: skip
        print(" ".join(f"{v:.4g}" if isinstance(v, float) else v for v in rows[-1].values()), flush=True)
    return rows


def write(rows: list[dict[str, float | str]], path: Path) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows({k: f"{v:.5g}" if isinstance(v, float) else v for k, v in row.items()} for row in rows)


def read(path: Path) -> list[dict[str, float | str]]:
    with path.open(newline="") as file:
        return [{k: v if k == "skin" else float(v) for k, v in row.items()} for row in csv.DictReader(file)]


def told(rows: list[dict[str, float | str]]) -> str:
    """Shares of the points inside the goals, a table for the README."""
    lines = [
        "| skin | points | contrast: mean error, largest | within 0.03 | width: points, mean error | within 10 % | but for photons' errors |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for skin in [*SKINS, "all"]:
        own = [r for r in rows if skin in ("all", r["skin"])]
        off = np.array([r["contrast_fast"] - r["contrast"] for r in own])
        seen = [r for r in own if r["contrast"] >= WIDTH_FROM and math.isfinite(r["fwhm_mm"]) and math.isfinite(r["fwhm_error_mm"])]
        wide = np.array([r["fwhm_fast_mm"] / r["fwhm_mm"] - 1.0 for r in seen])
        noise = np.array([SIGMAS * r["fwhm_error_mm"] / r["fwhm_mm"] for r in seen])
        if wide.size == 0:
            continue
        lines.append(
            f"| {skin} | {len(own)} | {off.mean():+.3f}, {off[np.abs(off).argmax()]:+.3f} | {np.mean(np.abs(off) <= CONTRAST_GOAL):.1%} | "
            f"{len(seen)}, {wide.mean():+.0%} | {np.mean(np.abs(wide) <= WIDTH_GOAL):.0%} | {np.mean(np.abs(wide) <= WIDTH_GOAL + noise):.0%} |"
        )
    return "\n".join(lines)


def draw(rows: list[dict[str, float | str]], path: Path) -> None:
    figure, axes = plt.subplots(2, 3, figsize=(12, 6.4), layout="constrained", sharex=True)
    labels = [f"{d:g}" for d in DEPTHS_MM]
    for column, skin in enumerate(SKINS):
        for line, (name, scale, title) in enumerate((("contrast", 0.12, "contrast, fast - photons"), ("fwhm", 0.5, "width, fast / photons - 1"))):
            ax = axes[line, column]
            table = np.full((len(DIAMETERS_MM) * len(MASSES_NG), len(DEPTHS_MM)), np.nan)
            for r in rows:
                if r["skin"] != skin:
                    continue
                y = DIAMETERS_MM.index(r["diameter_mm"]) * len(MASSES_NG) + MASSES_NG.index(r["mass_ng"])
                if name == "contrast":
                    value = r["contrast_fast"] - r["contrast"]
                else:
                    value = r["fwhm_fast_mm"] / r["fwhm_mm"] - 1.0 if r["contrast"] >= WIDTH_FROM else math.nan
                table[y, DEPTHS_MM.index(r["top_mm"])] = value
            picture = ax.imshow(table, origin="lower", cmap="RdBu_r", vmin=-scale, vmax=scale, aspect="auto")
            for y, x in np.ndindex(*table.shape):
                if math.isfinite(table[y, x]):
                    text = f"{100 * table[y, x]:+.0f}"
                    bad = abs(table[y, x]) > (CONTRAST_GOAL if name == "contrast" else WIDTH_GOAL)
                    ax.text(x, y, text, ha="center", va="center", fontsize=6, fontweight="bold" if bad else "normal",
                            color="white" if abs(table[y, x]) > 0.7 * scale else "black")  # fmt: skip
            ax.set_xticks(range(len(DEPTHS_MM)), labels)
            ax.set_yticks(range(table.shape[0]), [f"{d:g} mm, {m:g} ng" for d in DIAMETERS_MM for m in MASSES_NG] if column == 0 else [], fontsize=6)
            ax.set_title(f"{skin} skin: {title} [%]", fontsize=9)
            if line == 1:
                ax.set_xlabel("top of the pigment [mm]")
            if column == 2:
                figure.colorbar(picture, ax=ax)
    figure.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--look", action="store_true", help="look anew at what photons measured before")
    parser.add_argument("--draw", action="store_true", help="draw what was measured before")
    parser.add_argument("--rows", type=int, default=1, metavar="N", help="every N-th point only; writes nothing")
    chosen = parser.parse_args()
    table = HERE / "error_map.csv"
    rows = read(table) if chosen.draw or chosen.look else measure(chosen.rows)
    if chosen.look:
        look_again(rows)
    if chosen.rows == 1:
        if not chosen.draw:
            write(rows, table)
        draw(rows, HERE / "error_map.png")
    print(told(rows))


if __name__ == "__main__":
    main()
