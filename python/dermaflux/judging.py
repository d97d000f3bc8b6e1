"""Comparison of predictions with what was observed: verdicts with reasons. What was observed is opened here, and only here."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from . import _core
from .case_profiles import compare_profile
from .cases import CaseList
from .verdicts import CANNOT, ORDER, WAITING, verdict_of

_MOST_FAILED = 0.25  # share of draws beyond which the rest no longer stands for all


@dataclass(frozen=True)
class Judged:
    """One line of the table."""

    case: str
    setting: str
    title: str
    stage: str
    unit: str
    verdict: str
    reason: str
    predicted: tuple[float, float, float] = (math.nan,) * 3  # 5, 50, 95 % of the draws
    shipped: float = math.nan
    observed: tuple[float, float] = (math.nan, math.nan)  # interval or bounds, equal for one number; NaN: open
    measured: str = ""
    error_is: str = ""
    source: str = ""
    doi: str = ""
    url: str = ""
    check: str = ""
    how: str = ""
    input_sha256: str = ""
    observed_sha256: str = ""
    curve: dict = field(default_factory=dict)  # of a profile, for its picture

    @property
    def reached(self) -> bool:
        """Whether the predicted interval comes to what was observed."""
        low, high = self.observed
        return not (self.predicted[0] > high or self.predicted[2] < low)  # an open end is no number, and compares as false


def judge(cases: CaseList, predictions: dict) -> list[Judged]:
    """Verdicts on all cases, misses first. `predictions` is what lies on disk (:func:`dermaflux.predictions.predict`).

    Raises
    ------
    InputError: what was observed is written wrongly.
    """
    rows = {(row["case"], row["setting"]): row for row in predictions["rows"]}
    found = []
    for case in cases.cases:
        missing = [one.name for one in case.settings if (case.id, one.name) not in rows]
        if missing:
            raise _core.InputError(f"{case.files[-1]}: no prediction of {missing[0]} is on disk; predict before what was observed is read")
        found += _judge_case(case, [rows[(case.id, one.name)] for one in case.settings])
    return sorted(found, key=lambda one: ORDER.index(one.verdict))


def _judge_case(case: _core.CaseFile, rows: Sequence[dict]) -> list[Judged]:
    if not Path(case.observed).is_file():
        return [_waiting(case, row) for row in rows]
    seen = _core.load_case_observation(case.observed, case)
    files = [Path(case.observed), *([Path(seen.profile)] if case.quantity == "profile" else [])]
    digest = hashlib.sha256(b"\n".join(path.read_bytes() for path in files)).hexdigest()
    facts = {
        "measured": seen.measured, "error_is": seen.error_is, "source": seen.source, "doi": seen.doi, "url": seen.url, "check": seen.check,
        "observed_sha256": digest,
    }  # fmt: skip
    found = []
    for row in rows:
        if not _enough(row):
            found.append(Judged(**_head(case, row), verdict=CANNOT, reason=_failures(row), **facts))
        elif case.quantity == "profile":
            found += [Judged(**(_head(case, row) | part), **facts) for part in compare_profile(row, Path(seen.profile), case.depth_below)]
        else:
            found.append(_compare(case, row, seen, facts))
    return found


def _head(case: _core.CaseFile, row: dict) -> dict:
    return {
        "case": case.id,
        "setting": row["setting"],
        "title": case.title,
        "stage": case.stage,
        "unit": case.unit,
        "how": case.how,
        "input_sha256": row["input_sha256"],
    }


def _waiting(case: _core.CaseFile, row: dict) -> Judged:
    if case.waiting:
        slot = case.waiting[0]
        reason = f"the numbers are not at hand. Look up: {slot.look_up} Write: {slot.columns}. Put: {slot.put}."
    else:
        reason = f"nothing observed: {Path(case.observed).name} is not there"
    profile = case.quantity == "profile"
    numbers = {} if profile or not _enough(row) else {"predicted": interval_of(case, _numbers(row)), "shipped": _number(row["shipped"])}
    return Judged(**_head(case, row), verdict=WAITING, reason=reason, **numbers)


def _numbers(row: dict) -> np.ndarray:
    return np.array([one for one in row["draws"] if one is not None], dtype=float)


def _number(value: object) -> float:
    return math.nan if value is None else float(value)  # type: ignore[arg-type]


def _enough(row: dict) -> bool:
    lost = sum(one is None for one in row["draws"])
    return lost <= _MOST_FAILED * len(row["draws"])


def _failures(row: dict) -> str:
    lost = [why for place, why in row["failed"].items() if place != "-1"]
    return f"{len(lost)} of {len(row['draws'])} draws gave no number ({lost[0]})"


def interval_of(case: _core.CaseFile, draws: np.ndarray) -> tuple[float, float, float]:
    """5, 50, 95 % of the draws; of a quantile of the draws its value and the interval that resampling gives it."""
    if case.quantity == "longevity" and math.isfinite(case.share):
        again = np.random.default_rng(0).integers(0, len(draws), (2000, len(draws)))
        low, high = np.quantile(np.quantile(draws[again], case.share, axis=1), [0.05, 0.95])
        return float(low), float(np.quantile(draws, case.share)), float(high)
    low, middle, high = np.quantile(draws, [0.05, 0.5, 0.95])
    return float(low), float(middle), float(high)


def _compare(case: _core.CaseFile, row: dict, seen: _core.CaseObservation, facts: dict) -> Judged:
    draws = _numbers(row)
    predicted = interval_of(case, draws)
    verdict, reason, observed = verdict_of(seen, predicted, draws)
    notes = [reason]
    if row["failed"]:
        notes.append(_failures(row))
    if case.input_only:
        notes.append("an input: the comparison says nothing of the model")
    numbers = {"predicted": predicted, "shipped": _number(row["shipped"]), "observed": observed}
    return Judged(**_head(case, row), verdict=verdict, reason="; ".join(notes), **numbers, **facts)
