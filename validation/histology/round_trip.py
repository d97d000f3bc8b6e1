"""Cuts sections of random treatments and lets the extractor find their profiles: writes the table of README.md.

python validation/histology/round_trip.py [TRIPS]
"""

import json
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

import dermaflux as df
from dermaflux import histology, synthetic_section
from dermaflux.histology_section import SectionProfile, quantiles
from dermaflux.virtual_biopsy import Cut

HERE = Path(__file__).parent
TRIPS = 50
LEAST_UM2 = 400.0  # of pigment: a tenth of a percent of the section, and a hundred times what a wrong nucleus adds
_STEP_UM = 100.0  # of the shares that are compared


@dataclass(frozen=True)
class Trip:
    """A section of a random treatment: what was found, what it shows (depth below surface and junction [um], mass, seen), pixel [um], settings."""

    found: SectionProfile
    truth: np.ndarray
    mpp: float
    settings: dict[str, float]

    def errors(self) -> dict[str, float]:
        """By how much depths [um] and shares [-] are off."""
        exact = quantiles(np.floor(self.truth[:, 0]) + 0.5, self.truth[:, 3])
        edges = np.arange(0.0, 700.0 + _STEP_UM, _STEP_UM)
        mine = np.histogram(self.found.depth_um[:, 0], edges, weights=self.found.mass)[0] / self.found.mass.sum()
        theirs = np.histogram(self.truth[:, 0], edges, weights=self.truth[:, 3])[0] / self.truth[:, 3].sum()
        above = self.truth[self.truth[:, 1] < 0.0, 3].sum() / self.truth[:, 3].sum()
        deep = dict(zip(("p10_um", "p50_um", "p90_um"), self.found.quantiles_um("surface") - exact, strict=True))
        return deep | {"share": float(np.abs(mine - theirs).max()), "share_epidermis": float(self.found.share_epidermis - above)}

    def holds(self) -> bool:
        """Depths within 10 um or two pixels, shares within 5 %."""
        off = self.errors()
        deep, shares = max(abs(off[name]) for name in ("p10_um", "p50_um", "p90_um")), max(off["share"], abs(off["share_epidermis"]))
        return deep < max(10.0, 2.0 * self.mpp) and shares < 0.05


def round_trip(number: int, normal: df.Treatment, folder: Path) -> Trip:
    """One treatment of random depth, dwell and melanin, just made, cut at random; a section that holds next to no pigment has no shares to speak of,
    and another is cut."""
    random, held = np.random.default_rng([9, number]), 0.0
    mpp = 0.25 if number % 5 == 4 else 0.5
    while held < LEAST_UM2:
        ranges = {"machine.depth_mm": (0.4, 1.0), "machine.dwell_ms": (60.0, 250.0), "skin.melanosome_fraction": (0.01, 0.06)}
        settings = {key: float(random.uniform(*ends)) for key, ends in ranges.items()}
        treatment = normal.with_(settings)
        run = df.run(treatment, grid="quick").to_xarray()
        run.attrs["resolved_json"] = json.dumps(treatment.resolved())
        cut = Cut(float(random.uniform(-60.0, 60.0)), float(random.uniform(-4.0, 4.0)), float(random.uniform(3.0, 6.0)), float(random.uniform(0.0, 0.15)))
        tissue, stained = synthetic_section.section(run, 0.0, cut, mpp=mpp, width_um=400.0, depth_um=600.0, seed=number)
        held = stained.truth[:, 3].sum()
    path = synthetic_section.section_path(folder / "cut.tif")
    written = synthetic_section.save_section(tissue, stained, path, mpp=mpp, cut=cut, day=0.0, seed=number, title="round trip")
    return Trip(histology.extract(path, written[1], shrinkage=cut.shrinkage), stained.truth, mpp, settings)


def row(number: int) -> dict[str, float]:
    """Settings and errors of one trip."""
    with TemporaryDirectory() as folder:
        trip = round_trip(number, df.load(df.configs() / "treatments/normal_scalp.toml"), Path(folder))
    return trip.settings | {"mpp_um": trip.mpp, "folds": trip.found.facts["folds"]["number"], "holds": trip.holds()} | trip.errors()


def main(trips: int) -> None:
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        rows = list(pool.map(row, range(trips)))
    (HERE / "round_trip.json").write_text(json.dumps(rows, indent=1) + "\n")
    lines = ["| off by | median | 95 % of the trips | largest |", "| --- | ---: | ---: | ---: |"]
    named = {"p10_um": "depth above which 10 % lie [um]", "p50_um": "50 % [um]", "p90_um": "90 % [um]",
             "share": "largest share of 100 um [-]", "share_epidermis": "share in the epidermis [-]"}  # fmt: skip
    for key, name in named.items():
        off = np.abs([one[key] for one in rows])
        lines.append(f"| {name} | {np.median(off):.3g} | {np.quantile(off, 0.95):.3g} | {off.max():.3g} |")
    held = sum(one["holds"] for one in rows)
    lines.append(f"\n{held} of {trips} trips hold depths within 10 um and shares within 5 %; folds were found in {sum(one['folds'] > 0 for one in rows)}.")
    file = HERE / "README.md"
    head, rest = file.read_text().split("<!-- table -->\n")
    file.write_text(head + "<!-- table -->\n" + "\n".join(lines) + "\n<!-- end of table -->" + rest.split("<!-- end of table -->")[1])
    print("\n".join(lines))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else TRIPS)
