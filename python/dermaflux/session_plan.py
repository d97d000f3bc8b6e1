"""The session plan of a preset: when the skin may be treated again, and when a dot is due for it."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from . import _core
from .preset import QUANTILES
from .result import OUTPUTS

_YEAR = 365.25  # [day]


def _looks() -> dict[str, float]:
    """Outputs that state the contrast from day 14 on, with their time [year]."""
    found = {}
    for name in OUTPUTS:
        if match := re.fullmatch(r"contrast_(?:day(\d+)|(\d+)y)", name):
            found[name] = float(match[1]) / _YEAR if match[1] else float(match[2])
    return {name: years for name, years in found.items() if years >= 14.0 / _YEAR}


LOOKS = _looks()


def touch_up(contrasts: Mapping[str, np.ndarray], criteria: Sequence[_core.Criterion], rules: _core.SessionRules) -> dict[str, object]:
    """When a dot of one session is due again: its contrast, from day 14 on, falls below the lower limit of its criterion, or below
    a share of that of day 14, whichever comes first.

    Between looks the contrast is taken to fall exponentially; a dot that is too pale on day 14 is due then. A quantile is one of the
    draws (no interpolation), and absent where that draw is not due before the horizon. A draw without an outcome is left out.

    Parameters
    ----------
    contrasts: outputs named as in `LOOKS`, shape (draw,) each; NaN beyond the horizon of the runs. None after that of the rules counts.

    Raises
    ------
    NumericsError: no draw has an outcome.
    """
    years = np.array(list(LOOKS.values()))
    values = np.stack([np.asarray(contrasts[name], dtype=float) for name in LOOKS])
    values = values[:, np.isfinite(values[0])]
    seen = np.isfinite(values).all(axis=1) & (years <= rules.horizon_years)
    years, values = years[seen], values[seen]
    if not values.size:
        raise _core.NumericsError("no session plan: no draw has a contrast at day 14; search other depths or dwell times")
    wanted = [rule.low for rule in criteria if rule.output in LOOKS and np.isfinite(rule.low)]
    level = np.maximum(max(wanted, default=-np.inf), rules.touch_up_share * values[0])
    due = np.array([_first_below(years, one, low) for one, low in zip(values.T, level, strict=True)])
    stated = {name: np.quantile(due, share, method="inverted_cdf") for name, share in zip(QUANTILES, (0.05, 0.5, 0.95), strict=True)}
    return (
        ({"contrast_low": max(wanted)} if wanted and max(wanted) > 0.0 else {})
        | {"share_of_contrast_day14": rules.touch_up_share, "horizon_years": float(years[-1]), "draws": int(due.size)}
        | {name: float(f"{one:.3g}") for name, one in stated.items() if np.isfinite(one)}
    )


def _first_below(years: np.ndarray, contrast: np.ndarray, level: float) -> float:
    """First time at which a contrast is below a level [year], infinite if it is not."""
    below = np.flatnonzero(contrast < level)
    if not below.size:
        return np.inf
    n = below[0]
    if n == 0:
        return float(years[0])
    before, after = contrast[n - 1], contrast[n]  # before >= level > 0: it is at least a share of the contrast of day 14
    share = np.log(before / level) / np.log(before / after) if after > 0.0 else (before - level) / (before - after)
    return float(years[n - 1] + share * (years[n] - years[n - 1]))


def session_plan(contrasts: Mapping[str, np.ndarray], criteria: Sequence[_core.Criterion], rules: _core.SessionRules) -> dict[str, object]:
    """The plan as a preset states it. Raises NumericsError as :func:`touch_up`."""
    return {
        "count": dict(zip(("min", "max"), rules.count, strict=True)),
        "purposes": rules.purposes,
        "days_between": dict(zip(("min", "max"), rules.days_between, strict=True)),
        "earliest_day": rules.earliest_day,
        "source": rules.source,
        "touch_up": touch_up(contrasts, criteria, rules),
    }


def plan_lines(plan: Mapping[str, Any] | None) -> list[str]:
    """The plan of a checked preset for people, or that there is none."""
    if plan is None:
        return ["no session plan: it does not say when the skin may be treated again"]
    count, days = plan["count"], plan["days_between"]
    lines = [
        f"{_to(count['min'], count['max'])} sessions, {_to(days['min'], days['max'])} days from one to the next; none before day {plan['earliest_day']:g}",
        *(f"session {n + 1}: {purpose}" for n, purpose in enumerate(plan["purposes"])),
    ]
    return [*lines, touch_up_line(plan["touch_up"])]


def touch_up_line(due: Mapping[str, Any]) -> str:
    """When a touch-up is due, for people."""
    beyond = f"not before {due['horizon_years']:g} years"
    early, middle, late = (_time(due[name]) if name in due else beyond for name in QUANTILES)
    low = f"below {due['contrast_low']:g} or " if "contrast_low" in due else ""
    when = beyond if early == beyond else f"after {middle} (5 %: {early}, 95 %: {late})" if middle != beyond else f"{middle} (5 %: after {early})"
    return f"a dot of one session is due again {when}: contrast {low}below {100 * due['share_of_contrast_day14']:g} % of that of day 14 ({due['draws']} draws)"


def _to(low: float, high: float) -> str:
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


def _time(years: float) -> str:
    return f"{years:.2g} years" if years >= 1.0 else f"{years * _YEAR:.0f} days"
