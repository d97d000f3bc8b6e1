"""Verdicts: how a prediction with its interval stands to what was observed."""

import math

import numpy as np

from . import _core

MISSES, CANNOT, AGREES, KEPT, WAITING = "misses", "cannot be judged", "agrees", "bound kept", "waiting for data"
ORDER = (MISSES, CANNOT, AGREES, KEPT, WAITING)
_NINETY = 1.6448536269514722  # standard normal: nine in ten lie within this many deviations
_WIDE = 5.0  # predicted over observed width from which on agreement says little


def verdict_of(seen: _core.CaseObservation, predicted: tuple[float, float, float], draws: np.ndarray) -> tuple[str, str, tuple[float, float]]:
    """Verdict, reason, and the interval that was observed."""
    low, middle, high = predicted
    way = seen.compared
    if way in ("negative", "positive"):
        sign = 1.0 if way == "positive" else -1.0
        share = float(np.mean(sign * draws > 0.0))
        return (AGREES if sign * middle > 0.0 else MISSES), f"{100 * share:.0f} % of the draws are {way}", (math.nan, 0.0) if sign < 0 else (0.0, math.nan)
    if way == "number":
        span = f"; the predicted interval spans a factor of {high / low:.2g}" if low > 0.0 else ""
        held = low <= seen.value <= high
        off = f"the median is {middle / seen.value:.3g} of it" if seen.value else f"the median is {middle:.3g}"
        where = "within nine tenths of the draws" if held else "beyond nine tenths of the draws"
        return (AGREES if held else MISSES), f"{where}; {off}{span}; no error is stated", (seen.value, seen.value)
    if way == "at_most" or way == "at_least":
        bound, sign = (seen.high, 1.0) if way == "at_most" else (seen.low, -1.0)
        keeps = sign * middle <= sign * bound
        share = f"{100 * float(np.mean(sign * draws <= sign * bound)):.0f} % of the draws keep it"
        if keeps:
            return KEPT, share, (seen.low, seen.high)
        return MISSES, f"the median is {middle / bound:.3g} of the bound; {share}", (seen.low, seen.high)
    bounds = (seen.low, seen.high) if way == "interval" else (seen.value - _NINETY * seen.sd, seen.value + _NINETY * seen.sd)
    return in_interval(bounds, predicted)


def in_interval(bounds: tuple[float, float], predicted: tuple[float, float, float]) -> tuple[str, str, tuple[float, float]]:
    low, middle, high = predicted
    if bounds[0] <= middle <= bounds[1]:
        wide = (high - low) / max(bounds[1] - bounds[0], 1e-300)
        note = f"; a weak agreement: the prediction is {wide:.2g} times as wide as what was observed" if wide > _WIDE else ""
        return AGREES, f"the median lies in what was observed{note}", bounds
    bound, name = (bounds[0], "lower") if middle < bounds[0] else (bounds[1], "upper")
    reached = low <= bounds[1] and high >= bounds[0]
    tail = "the predicted interval reaches it" if reached else "nor does the predicted interval come to it"
    off = f"the median is {middle / bound:.3g} of the {name} bound" if bound > 0.0 else f"the median lies {abs(middle - bound):.3g} off the {name} bound"
    return MISSES, f"{off}; {tail}", bounds
