"""What a case asks of its runs, as numbers."""

import math
from collections.abc import Callable, Sequence

import numpy as np

from . import _core
from .case_looks import HORIZON_YEAR, Ask, Seen

_NG_PER_MG = 1e6


def asks_of(case: _core.CaseFile) -> set[Ask]:
    """What a case must be told of a run beside scalars and series."""
    if case.quantity == "radius":
        return {("radius", case.share, case.day)}
    return {("profile", case.depth_below, case.day)} if case.quantity == "profile" else set()


def at(seen: Seen, name: str, day: float) -> float:
    """A series on a day that the run looks at."""
    series = seen["series"]
    days = np.asarray(series["time_day"])  # type: ignore[index]
    place = int(np.argmin(np.abs(days - day)))
    if abs(days[place] - day) > 1e-4:
        raise ValueError(f"day {day} is not a look of a run: {days}")
    return float(series[name][place])  # type: ignore[index]


def _scalar(seen: Seen, name: str) -> float:
    return float(seen["scalars"][name])  # type: ignore[index]


def _over(above: float, below: float) -> float:
    return above / below if below != 0.0 else math.nan


def longevity(seen: Seen, day: float) -> float:
    """Time at which contrast has fallen to half of that of a day [year], at most the horizon; exponential between looks. The look of
    the half value counts from the first that lies below it."""
    days, contrast = np.asarray(seen["series"]["time_day"]), np.asarray(seen["series"]["contrast"])  # type: ignore[index]
    start = int(np.argmin(np.abs(days - day)))
    if not contrast[start] > 0.0:
        return math.nan
    curve, level = np.log(np.maximum(contrast, 1e-12)), math.log(0.5 * contrast[start])
    for n in range(start + 1, len(days)):
        if curve[n] <= level:
            return float(days[n - 1] + (days[n] - days[n - 1]) * (curve[n - 1] - level) / (curve[n - 1] - curve[n])) / 365.25
    return HORIZON_YEAR


def _fading(seen: Seen, case: _core.CaseFile) -> float:
    return math.log(_over(at(seen, "contrast", case.over_day), at(seen, "contrast", case.day)))


def _early(seen: Seen, case: _core.CaseFile) -> float:
    start = at(seen, case.output, 0.0)
    return _over(start - at(seen, case.output, case.day), start - at(seen, case.output, case.over_day))


def _per_area(seen: Seen, spacing_mm: float, name: str) -> float:
    """Mass per area of a square lattice [mg/cm2]."""
    return _scalar(seen, name) / _NG_PER_MG / (0.1 * spacing_mm) ** 2


_ONE_RUN: dict[str, Callable[[Seen, _core.CaseFile], float]] = {
    "output": lambda seen, case: _scalar(seen, case.output),
    "at_tip": lambda seen, case: _scalar(seen, case.output),
    "output_ratio": lambda seen, case: _over(_scalar(seen, case.output), _scalar(seen, case.over)),
    "series_ratio": lambda seen, case: _over(at(seen, case.output, case.day), at(seen, case.over, case.over_day)),
    "series_difference": lambda seen, case: at(seen, case.output, case.day) - at(seen, case.output, case.over_day),
    "early_share": _early,
    "longevity": lambda seen, case: longevity(seen, case.day),
    "radius": lambda seen, case: float(seen[str(("radius", case.share, case.day))]),  # type: ignore[arg-type]
}


def value_of(case: _core.CaseFile, setting: _core.CaseSetting, runs: Sequence[Seen]) -> float | list[float]:
    """The quantity of a case from the runs it takes: one, two for a slope (low, high), two for a ratio of fading (setting, against). A
    profile is a list, `cumulative` of its run."""
    if case.quantity == "profile":
        return list(runs[0][str(("profile", case.depth_below, case.day))])  # type: ignore[call-overload]
    if case.quantity == "per_area":
        return _per_area(runs[0], float(setting.treatment.values["pattern.dot_spacing_mm"].value), case.output)
    if case.quantity == "slope":
        return (_scalar(runs[1], case.output) - _scalar(runs[0], case.output)) / (case.high - case.low)
    if case.quantity == "fade_ratio":
        return _over(_fading(runs[0], case), _fading(runs[1], case))
    return _ONE_RUN[case.quantity](runs[0], case)


def permeability_m2(setting: _core.CaseSetting, changes: dict[str, float]) -> float:
    """Permeability of the layers of dermis in series, normal to the surface [m2]."""
    values = setting.treatment.values

    def number(key: str) -> float:
        return changes.get(key, float(values[key].value))

    layers = [f"skin.layer.{name}." for name in setting.treatment.layers if values[f"skin.layer.{name}.kind"].value == "dermis"]
    thickness = [number(f"{layer}thickness_um") for layer in layers]
    return sum(thickness) / sum(h / number(f"{layer}permeability_m2") for h, layer in zip(thickness, layers, strict=True))
