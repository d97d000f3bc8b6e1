"""What the contrast of a dot over the years cannot tell: settings in which one explanation of fading acts alone, each fitted to the
same curve. Writes `README.md` beside this file. Run from anywhere: `python validation/fading/profile.py` (some minutes)."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import xarray as xr
from scipy.optimize import least_squares

import dermaflux as df
from dermaflux.result import POOLS

HERE = Path(__file__).resolve().parent
GRID = "quick"
LOOKS_DAY = np.array([90.0, 182.625, 365.25, 730.5, 1095.75, 1826.25])
# A photograph or a colorimeter sees lightness to about 0.5 L*, which at L* 60 is 2 % of the reflectance of dot and of skin: 0.03 of
# contrast between the two. Estimate; scores on a visual scale are coarser.
ERROR = 0.03

# Each explanation but its own held at the end of its range at which it does least.
STILL = {
    "skin.recapture_fraction": 0.995, "skin.fibroblast_transfer_per_day": 0.003, "skin.cluster_end_um": 0.5, "skin.deepening_um_per_year": 1.0,
    "skin.hop_length_um": 20.0, "ink.photolysis_per_year": 0.0,
}  # fmt: skip


@dataclass(frozen=True)
class Explanation:
    """One cause of fading: the keys that carry it with the limits of the fit. The dose is fitted too, by the dilution of the ink."""

    name: str
    free: dict[str, tuple[float, float]]
    note: str = ""  # what sources say of the limits, where the fit goes beyond
    held: dict[str, float] = field(default_factory=dict)  # other keys that differ from STILL


DOSE = {"ink.dilution": (0.03, 1.0)}
EXPLANATIONS = (
    Explanation(
        "pigment is lost from cells",
        {"skin.recapture_fraction": (0.5, 0.995), "skin.fibroblast_transfer_per_day": (0.0003, 0.01), "skin.fibroblast_return_per_day": (0.0001, 0.01)},
        "ranges: recapture 0.85 to 0.995, return 0.0001 to 0.001 /day",
    ),
    Explanation("clusters grow (package effect)", {"skin.cluster_end_um": (0.5, 5.0), "skin.cluster_growth_year": (1.0, 10.0)}),
    Explanation(
        "pigment is lost as fast as the ranges allow, clusters do the rest",
        {"skin.cluster_end_um": (0.5, 5.0), "skin.cluster_growth_year": (1.0, 10.0)},
        held={"skin.recapture_fraction": 0.85, "skin.macrophage_half_life_day": 90.0, "skin.fibroblast_return_per_day": 0.001},
    ),
    Explanation("pigment sinks", {"skin.deepening_um_per_year": (1.0, 60.0)}, "range: 1 to 20 um/year"),
    Explanation(
        "pigment spreads", {"skin.hop_length_um": (20.0, 150.0), "skin.macrophage_half_life_day": (90.0, 700.0)}, "range of the hop: 20 to 60 um"
    ),
    Explanation("light bleaches", {"ink.photolysis_per_year": (0.001, 3.0)}, "carbon black at most 0.01 /year: this would be another pigment"),
)


def looked_at(treatment: df.Treatment, changes: dict[str, float], horizon_year: float = 5.0) -> xr.Dataset:
    return df.run(treatment.with_(changes), grid=GRID, horizon_year=horizon_year).to_xarray()


def contrast(data: xr.Dataset) -> np.ndarray:
    return data["contrast"].sel(time=LOOKS_DAY, method="nearest").values


def fit(treatment: df.Treatment, wanted: np.ndarray, one: Explanation) -> dict[str, float]:
    """Settings of an explanation that come nearest to a curve of contrast, in the logarithm of its keys: the best fit of those that
    begin at the shipped values and at either end of the limits, because there may be several nearest ones."""
    limits, fixed = one.free | DOSE, STILL | one.held
    values = treatment.resolved()
    low, high = (np.log([ends[n] for ends in limits.values()]) for n in (0, 1))
    shipped = np.log([max(float(values[key]["value"]), 1e-3) for key in limits])
    starts = [np.clip(start, low + 0.05 * (high - low), high - 0.05 * (high - low)) for start in (shipped, low, high)]

    def off(point: np.ndarray) -> np.ndarray:
        return (contrast(looked_at(treatment, fixed | dict(zip(limits, np.exp(point).tolist(), strict=True)))) - wanted) / ERROR

    fits = (least_squares(off, start, bounds=(low, high), diff_step=0.02, x_scale=high - low, max_nfev=15, xtol=1e-3, ftol=1e-3) for start in starts)
    best = min(fits, key=lambda one: one.cost)
    return fixed | dict(zip(limits, np.exp(best.x).tolist(), strict=True))


def held(data: xr.Dataset, day: float) -> float:
    """Pigment in the skin [ng]."""
    return float(sum(data[f"{pool}_ng"] for pool in POOLS).sel(time=day, method="nearest"))


def red_over_green(data: xr.Dataset, day: float) -> float:
    """Contrast at 650 nm over that at 550 nm, in the middle of the dot [-]."""
    look = data.sel(time=day, method="nearest")
    each = [1.0 - float(look["reflectance"].sel(wavelength=band)[0] / look["reflectance_skin"].sel(wavelength=band)) for band in (650.0, 550.0)]
    return each[0] / each[1]


def line(name: str, data: xr.Dataset, wanted: np.ndarray, changes: dict[str, float], free: list[str]) -> str:
    year, five = 365.25, 1826.25
    cells = [
        name, "; ".join(f"`{key.split('.', 1)[1]}` {changes[key]:.3g}" for key in free),
        " ".join(f"{value:.2f}" for value in contrast(data)), f"{np.abs(contrast(data) - wanted).max():.3f}",
        f"{held(data, year):.1f}", f"{held(data, five):.1f}", f"{100 * held(data, five) / held(data, 90.0):.0f} %",
        f"{float(data['contrast'][-1]):.2f}", f"{float(data['depth_mm'].sel(time=five, method='nearest')):.3f}",
        f"{float(data['fwhm_mm'].sel(time=five, method='nearest')):.3f}", f"{red_over_green(data, five):.2f}",
    ]  # fmt: skip
    return "| " + " | ".join(cells) + " |"


COLUMNS = (
    "explanation", "fitted", "contrast at 90 d, 6 mo, 1, 2, 3, 5 y", "largest difference", "held at 1 y [ng]", "held at 5 y [ng]", "held at 5 y of 90 d",
    "contrast at 10 y", "mean depth at 5 y [mm]", "width at 5 y [mm]", "red over green at 5 y",
)  # fmt: skip
HEAD = f"| {' | '.join(COLUMNS)} |\n|{' --- |' * len(COLUMNS)}"


def main() -> None:
    treatment = df.load(df.configs() / "treatments/normal_scalp.toml")
    shipped = looked_at(treatment, {}, 10.0)
    wanted = contrast(shipped)
    rows = [line("all, as shipped", shipped, wanted, {}, [])]
    for one in EXPLANATIONS:
        found = fit(treatment, wanted, one)
        name = f"{one.name} ({one.note})" if one.note else one.name
        rows.append(line(name, looked_at(treatment, found, 10.0), wanted, found, list(one.free | DOSE)))
        print(rows[-1], flush=True)
    text = (HERE / "README.md").read_text() if (HERE / "README.md").exists() else "<!-- table -->\n"
    before = text.split("<!-- table -->")[0]
    after = text.split("<!-- end of table -->")[-1] if "<!-- end of table -->" in text else "\n"
    (HERE / "README.md").write_text(before + "<!-- table -->\n" + "\n".join([HEAD, *rows]) + "\n<!-- end of table -->" + after)


if __name__ == "__main__":
    main()
