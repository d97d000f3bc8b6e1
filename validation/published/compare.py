"""Runs the model as published experiments were set, and writes what it gives beside what they measured; healing.py has healing.

python validation/published/compare.py [--grid standard] writes README.md here. Nothing is fitted: a miss is a finding.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass

import healing
import numpy as np
import observations

import dermaflux as df
from dermaflux import _core
from dermaflux.result import POOLS

HERE = observations.HERE
TIP_TOLERANCE_MM = 1e-4


@dataclass(frozen=True)
class Case:
    """One way to set the model for an observation."""

    name: str
    treatment: df.Treatment
    numbers: dict  # what the entry says besides
    grid: str


def data() -> dict:
    return observations.read("insertion.toml")


def base() -> df.Treatment:
    return df.load(df.configs() / "treatments" / data()["treatment"])


def cases(observation: dict, grid: str) -> list[Case]:
    plain = base()
    shared = {key: value for key, value in observation.items() if key != "case"}
    return [Case(case["name"], plain.with_(case.get("setting", {})), shared | case, grid) for case in observation["case"]]


def outputs(treatments: list[df.Treatment], grid: str) -> list[dict[str, float]]:
    found = df.run_batch(treatments, grid=grid, horizon_year=1.0)
    for treatment, result in zip(treatments, found, strict=True):
        if isinstance(result, df.MemberError):
            raise RuntimeError(f"{treatment!r}: {result.message}")
    return [result[0] for result in found]


def set_to_tip(treatment: df.Treatment, tip_mm: float) -> df.Treatment:
    """The same treatment with the set depth at which the tip goes so deep, by the secant method."""
    depths, tips = [], []
    for guess in (tip_mm, 1.3 * tip_mm):
        depths.append(guess)
        tips.append(outputs([treatment.with_({"machine.depth_mm": guess, "machine.dwell_ms": 5})], "quick")[0]["d_tip_mm"])
    while abs(tips[-1] - tip_mm) > TIP_TOLERANCE_MM:
        if len(depths) > 12 or tips[-1] == tips[-2]:
            raise RuntimeError(f"no set depth brings the tip to {tip_mm} mm: {depths} give {tips}")
        depths.append(depths[-1] + (tip_mm - tips[-1]) * (depths[-1] - depths[-2]) / (tips[-1] - tips[-2]))
        tips.append(outputs([treatment.with_({"machine.depth_mm": depths[-1], "machine.dwell_ms": 5})], "quick")[0]["d_tip_mm"])
    return treatment.with_({"machine.depth_mm": depths[-1]})


def output(case: Case) -> float:
    return outputs([case.treatment], case.grid)[0][case.numbers["output"]]


def output_at_tip(case: Case) -> float:
    return outputs([set_to_tip(case.treatment, case.numbers["tip_mm"])], case.grid)[0][case.numbers["output"]]


def tip_over_set(case: Case) -> float:
    found = outputs([case.treatment], "quick")[0]  # the puncture knows no grid
    return found["d_tip_mm"] / found["d_set_mm"]


def slope(case: Case) -> float:
    """Change of an output per change of a key."""
    low, high = case.numbers["values"]
    first, last = outputs([case.treatment.with_({case.numbers["key"]: value}) for value in (low, high)], case.grid)
    return (last[case.numbers["output"]] - first[case.numbers["output"]]) / (high - low)


def radius_90(case: Case) -> float:
    """Radius that holds nine tenths of the pigment in the dermis when the track has closed [mm]; ink fills a ring evenly."""
    run = df.run(case.treatment, grid=case.grid, horizon_year=1.0).to_xarray()
    area, height = np.pi * np.diff(run["r_face"].values ** 2), np.diff(run["z_face"].values)
    dermal = height * (1.0 - run["epidermis_share"].values)
    mass = area * (sum(run[f"pigment_{pool}"].isel(time=0).transpose("r", "z").values for pool in POOLS) @ dermal)
    below = np.concatenate([[0.0], np.cumsum(mass)]) / mass.sum()
    return float(np.sqrt(np.interp(0.9, below, run["r_face"].values ** 2))) * 1e3


def withdrawal_share(case: Case) -> float:
    """Share of the ink drawn during the strokes that enters while the tip moves up."""
    run = df.run(case.treatment, grid=case.grid, horizon_year=1.0).to_xarray()
    drawn, tip, time = (run[name].values for name in ("trace_drawn_nl", "trace_tip_depth_mm", "trace_time"))
    contact = time <= float(run["contact_time_ms"]) * 1e-3
    entered = np.diff(drawn[contact])
    return float(entered[np.diff(tip[contact]) < 0.0].sum() / entered.sum())


def dermis_permeability(case: Case) -> float:
    """Permeability of the layers of dermis in series, normal to the surface [m2]."""
    t = case.treatment
    layers = [f"skin.layer.{name}." for name in t.layers if t[f"skin.layer.{name}.kind"] == "dermis"]
    thickness = [t[layer + "thickness_um"] for layer in layers]
    return sum(thickness) / sum(h / t[layer + "permeability_m2"] for h, layer in zip(thickness, layers, strict=True))


def flow_ratio(case: Case) -> float:
    """Flow at twice the pressure over flow: (1 - exp(-2 m e)) / (1 - exp(-m e)) = 1 + exp(-m e), e the strain at the base."""
    return 1.0 + float(np.exp(-case.treatment["skin.strain_exponent"] * case.numbers["strain"]))


QUANTITIES: dict[str, Callable[[Case], float]] = {
    one.__name__: one
    for one in (output, output_at_tip, tip_over_set, slope, radius_90, withdrawal_share, dermis_permeability, flow_ratio)
}


def verdict(measured: list[float], found: float) -> str:
    """Where the model lies, as a factor from the nearer bound; inside if within it."""
    low, high = measured
    if low == high:
        return f"{found / low:.2g} of it"
    if low <= found <= high:
        return "inside"
    return f"{found / low:.2g} of the lower bound" if found < low else f"{found / high:.2g} of the upper bound"


def compare(grid: str) -> list[tuple[dict, list[tuple[str, float]]]]:
    """Every observation with the name and the number of each of its cases."""
    found = []
    for entry in data()["observation"]:
        quantity = QUANTITIES[entry["quantity"]]
        found.append((entry, [(case.name, quantity(case)) for case in cases(entry, grid)]))
    return found


def report(found: list[tuple[dict, list[tuple[str, float]]]], grid: str) -> str:
    lines = [
        "# The model against published measurements",
        "",
        "Written by `python validation/published/compare.py`; do not edit. The parameters are those that ship; nothing was fitted to",
        "these observations.",
        "",
        "## Insertion",
        "",
        f"Numbers, sources and settings stand in [insertion.toml](insertion.toml). Grid {grid}, dermaflux {_core.version}.",
        "",
        "| observation | measured | set as | model | model against measured |",
        "| --- | --- | --- | ---: | --- |",
    ]
    for entry, cases_found in found:
        unit, bounds = observations.in_unit(entry), entry["measured"]
        lines += observations.rows(entry, [(name, f"{value:.3g}{unit} | {verdict(bounds, value)}") for name, value in cases_found])
    return "\n".join(lines + observations.how_set([entry for entry, _ in found])) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--grid", default="standard", choices=("quick", "standard", "fine"))
    grid = parser.parse_args().grid
    text = report(compare(grid), grid) + "\n" + "\n".join(healing.report(healing.compare(grid), grid)) + "\n"
    (HERE / "README.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
