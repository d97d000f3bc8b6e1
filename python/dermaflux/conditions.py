"""Conditions of a sweep: what a combination of its axes must keep to be a member."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from . import _core

Values = Callable[[str], np.ndarray]  # values of the axis of a key, of a shape that fits those of all others


@dataclass(frozen=True)
class Comparison:
    """The value of an axis against a number in its unit, the key of another axis, or names."""

    key: str
    unit: str
    relation: str  # at_least, at_most or is
    value: float | str | tuple[str, ...]

    @classmethod
    def of(cls, file: _core.Comparison) -> "Comparison":
        """What a sweep file says."""
        return cls(file.key, file.unit, file.relation, tuple(file.value) if isinstance(file.value, list) else file.value)

    def holds(self, values: Values) -> np.ndarray:
        """Whether it holds, in a shape that fits the axes."""
        own = values(self.key)
        if isinstance(self.value, tuple):
            return np.isin(own, self.value)
        other = values(self.value) if isinstance(self.value, str) else self.value
        return {"at_least": np.greater_equal, "at_most": np.less_equal, "is": np.equal}[self.relation](own, other)

    @property
    def content(self) -> list[object]:
        """Everything that decides it, for a hash."""
        return [self.key, self.relation, list(self.value) if isinstance(self.value, tuple) else self.value]

    def __str__(self) -> str:
        if isinstance(self.value, float):
            value = f"{self.value!r}".removesuffix(".0") + f" {self.unit}".rstrip()
        else:
            value = self.value if isinstance(self.value, str) else " or ".join(self.value)
        return f"{self.key} {self.relation.replace('_', ' ')} {value}"


@dataclass(frozen=True)
class Condition:
    """A demand on combinations, made only where `when` holds, and its reason."""

    demand: Comparison
    when: Comparison | None
    reason: str

    @classmethod
    def of(cls, file: _core.Condition) -> "Condition":
        """What a sweep file says."""
        return cls(Comparison.of(file.demand), None if file.when is None else Comparison.of(file.when), file.reason)

    def breaks(self, values: Values) -> np.ndarray:
        """Which combinations break it, in a shape that fits the axes."""
        broken = ~self.demand.holds(values)
        return broken if self.when is None else broken & self.when.holds(values)

    @property
    def content(self) -> list[object]:
        """Everything that decides it, for a hash; the reason decides nothing."""
        return [self.demand.content, None if self.when is None else self.when.content]

    def __str__(self) -> str:
        return str(self.demand) if self.when is None else f"{self.demand} where {self.when}"
