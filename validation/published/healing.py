"""Healing and fading of the model beside what was measured, with the range that its uncertain parameters give.

Used by compare.py. One run of the shipped treatment, and `draws` runs with the uncertain keys drawn as a calibration draws them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import SimpleNamespace

import numpy as np
import observations

import dermaflux as df
from dermaflux.draws import draw_parameters
from dermaflux.result import POOLS

HORIZON_YEAR = 10.0
HELD = [f"{pool}_ng" for pool in POOLS]

Series = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Found:
    """What the model gives for one case: the shipped treatment, and the lower and upper end of the draws."""

    name: str
    value: float
    low: float
    high: float


def data() -> dict:
    return observations.read("healing.toml")


def cases(observation: dict) -> list[dict]:
    """The numbers of each case, those of its observation included."""
    shared = {key: value for key, value in observation.items() if key not in ("case", "name")}
    return [{"treatment": data()["treatment"]} | shared | case for case in observation["case"]]


def load(treatment: str) -> df.Treatment:
    return df.load(df.configs() / "treatments" / treatment)


def series(treatment: df.Treatment, grid: str) -> Series:
    """Outputs over time, with `time` [day] and `held` [ng], all pigment in the skin."""
    run = df.run(treatment, grid=grid, horizon_year=HORIZON_YEAR, backend="serial").to_xarray()
    over_time = {name: run[name].values for name in (*HELD, "lymph_ng", "contrast")}
    return over_time | {"time": run["time"].values, "held": sum(over_time[pool] for pool in HELD)}


@lru_cache
def shipped(treatment: str, grid: str) -> Series:
    return series(load(treatment), grid)


@lru_cache
def drawn(treatment: str, count: int) -> tuple[Series, ...]:
    """The treatment with its uncertain keys drawn; the n-th draw stands at the same place of the range in every treatment."""
    base, wanted = load(treatment), data()
    values = {key: SimpleNamespace(value=base[key], range=tuple(base.resolved()[key]["range"])) for key in wanted["uncertain"]}
    study = SimpleNamespace(uncertain=wanted["uncertain"], correlations=[], seed=wanted["seed"], draws=count, base=SimpleNamespace(values=values))
    draws = draw_parameters(study)
    return tuple(series(base.with_({key: float(draws[key][n]) for key in draws}), "quick") for n in range(count))


def at(s: Series, name: str, day: float) -> float:
    """Value at a moment that the run stops at."""
    position = int(np.argmin(np.abs(s["time"] - day)))
    if abs(s["time"][position] - day) > 1e-6:
        raise ValueError(f"day {day} is not a moment of a run: {s['time']}")
    return float(s[name][position])


def retained(s: Series, normal: Series, case: dict) -> float:
    return at(s, "held", case["day"]) / at(s, "held", 0.0)


def early_share(s: Series, normal: Series, case: dict) -> float:
    start = at(s, "held", 0.0)
    return (start - at(s, "held", 7.0)) / (start - at(s, "held", 42.0))


def plateau(s: Series, normal: Series, case: dict) -> float:
    return at(s, "held", 28.0) / at(s, "held", 7.0)


def epidermal_left(s: Series, normal: Series, case: dict) -> float:
    return at(s, "epidermal_ng", case["day"]) / at(s, "epidermal_ng", 0.0)


def outside_cells(s: Series, normal: Series, case: dict) -> float:
    return (at(s, "free_ng", case["day"]) + at(s, "matrix_ng", case["day"])) / at(s, "held", case["day"])


def in_nodes(s: Series, normal: Series, case: dict) -> float:
    return at(s, "lymph_ng", case["day"]) / at(s, "held", case["day"])


def longevity(s: Series, normal: Series, case: dict) -> float:
    """Time at which contrast has fallen to half of the healed dot's [year], at most the horizon; contrast is interpolated
    exponentially between the moments."""
    healed = int(np.argmin(np.abs(s["time"] - case["healed_day"])))
    level = np.log(0.5 * s["contrast"][healed])
    curve, time = np.log(s["contrast"]), s["time"] / 365.25
    below = [n for n in range(healed, len(time)) if curve[n] <= level]
    if not below:
        return HORIZON_YEAR
    n = below[0]
    return float(time[n - 1] + (time[n] - time[n - 1]) * (curve[n - 1] - level) / (curve[n - 1] - curve[n]))


def fade_ratio(s: Series, normal: Series, case: dict) -> float:
    first, last = case["days"]

    def rate(one: Series) -> float:
        return np.log(at(one, "contrast", first) / at(one, "contrast", last))

    return float(rate(s) / rate(normal))


QUANTITIES: dict[str, Callable[[Series, Series, dict], float]] = {
    one.__name__: one for one in (retained, early_share, plateau, epidermal_left, outside_cells, in_nodes, longevity, fade_ratio)
}


def answer(case: dict, grid: str, count: int) -> Found:
    quantity, plain = QUANTITIES[case["quantity"]], data()["treatment"]
    value = quantity(shipped(case["treatment"], grid), shipped(plain, grid), case)
    draws = [quantity(*pair, case) for pair in zip(drawn(case["treatment"], count), drawn(plain, count), strict=True)]
    low, high = np.quantile(draws, [0.05, 0.95])
    if "quantile" in case:
        value, low, high = np.quantile(draws, [case["quantile"], 0.0, 0.1])
    return Found(case["name"], float(value), float(low), float(high))


def compare(grid: str, count: int | None = None) -> list[tuple[dict, list[Found]]]:
    """Every observation with what the model gives for each of its cases."""
    draws = data()["draws"] if count is None else count
    return [(entry, [answer(case, grid, draws) for case in cases(entry)]) for entry in data()["observation"]]


def verdict(measured: list[float], found: Found) -> str:
    """Inside, or by which factor from the nearer bound it misses, and whether nine in ten draws come to it."""
    low, high = measured
    if low <= found.value <= high:
        return "inside"
    factor = f"{found.value / low:.3g} of the lower bound" if found.value < low else f"{found.value / high:.3g} of the upper bound"
    reached = found.low <= high and found.high >= low
    return f"**miss**: {factor}" + (", within the draws" if reached else ", nor do the draws come to it")


def report(found: list[tuple[dict, list[Found]]], grid: str) -> list[str]:
    """The lines of the section on healing."""
    lines = [
        "## Healing and fading",
        "",
        "Numbers and settings stand in [healing.toml](healing.toml). *Model* is the shipped treatment; *draws* holds nine in ten of "
        f"{data()['draws']} draws",
        f"of {len(data()['uncertain'])} uncertain keys from the ranges of their files, on the quick grid (the model's value on grid "
        f"{grid}); longevity ends at ten years.",
        "",
        "| observation | measured | set as | model | draws | model against measured |",
        "| --- | --- | --- | ---: | ---: | --- |",
    ]
    for entry, answers in found:
        unit, bounds = observations.in_unit(entry), entry["measured"]
        cells = [f"{one.value:.3g}{unit} | {one.low:.3g} to {one.high:.3g} | {verdict(bounds, one)}" for one in answers]
        lines += observations.rows(entry, [(one.name, text) for one, text in zip(answers, cells, strict=True)])
    return lines + observations.how_set([entry for entry, _ in found])
