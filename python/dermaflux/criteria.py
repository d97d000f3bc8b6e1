"""What a dot is worth: the rules of a calibration, applied to outputs."""

import functools
import math
import operator
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from . import _core

Outputs = Mapping[str, Any]
"""Outputs by name, arrays of one shape."""


def keeps(values: Any, rule: _core.Criterion) -> Any:
    """Whether an output keeps a rule, of an array of any kind."""
    return (values >= rule.low) & (values <= rule.high)  # NaN, a failed member, is not right


def hard(criteria: Sequence[_core.Criterion]) -> list[_core.Criterion]:
    """The rules that decide whether a dot is right: those without a weight."""
    return [rule for rule in criteria if rule.weight is None]


def right(outputs: Outputs, criteria: Sequence[_core.Criterion]) -> Any:
    """Whether a dot is right: it keeps all rules without a weight."""
    return functools.reduce(operator.and_, (keeps(outputs[rule.output], rule) for rule in hard(criteria)))


def worth(outputs: Outputs, criteria: Sequence[_core.Criterion]) -> Any:
    """What a dot is worth [0 to 1]: nothing if it is not right, else 1 less the weight of each rule that it breaks. The mean over the
    draws is what a calibration makes as high as it can: the probability of a right dot, where no rule has a weight."""
    value = right(outputs, criteria) * 1.0
    for rule in criteria:
        if rule.weight is not None:
            value = value - (value > 0.0) * ~keeps(outputs[rule.output], rule) * rule.weight
    return value


def margin(outputs: Outputs, criteria: Sequence[_core.Criterion]) -> Any:
    """How far inside the limits without a weight a dot lies: the least distance to one over the distance between the limits, or over the
    limit where there is one; -1 to 1, NaN as its outputs."""
    return functools.reduce(np.minimum, (_distance(outputs[rule.output], rule) for rule in hard(criteria)))


def _distance(values: Any, rule: _core.Criterion) -> Any:
    scale = rule.high - rule.low if math.isfinite(rule.high - rule.low) else abs(rule.high if math.isfinite(rule.high) else rule.low)
    return (np.minimum(values - rule.low, rule.high - values) / scale).clip(-1.0, 1.0)


def score(outputs: Outputs, criteria: Sequence[_core.Criterion]) -> np.ndarray:
    """Mean worth over the last axis, the draws; settings that are worth the same are told apart by how far inside its limits the average
    dot lies, which counts a thousandth."""
    inside = margin(outputs, criteria)
    numbers = np.isfinite(inside)
    average = np.where(numbers.any(axis=-1), np.where(numbers, inside, 0.0).sum(axis=-1) / np.maximum(numbers.sum(axis=-1), 1), -1.0)
    return worth(outputs, criteria).mean(axis=-1) + 1e-3 * average


def mean_error(values: np.ndarray) -> float:
    """Standard error of the mean of numbers between 0 and 1, or of their differences; not below that of a probability of which only one
    side has been seen."""
    count = len(values)
    return math.sqrt(max(float(np.var(values)), 0.25 / count) / count)
