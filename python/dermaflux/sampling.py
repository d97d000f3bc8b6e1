"""Draws of a sweep: keys that share one dimension of points, spread evenly between two ends each."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from . import _core
from .draws import even_points


@dataclass(frozen=True)
class SampledAxis:
    """A key of the treatment that is drawn between two ends, in the unit of the key; `scale` is linear or log."""

    key: str
    unit: str
    low: float
    high: float
    scale: str

    def at(self, shares: np.ndarray) -> tuple[float, ...]:
        """Values at shares of the way from low to high, shape (n,) [0 to 1], in the unit of the key: even steps of the share are even
        steps of the value, or of its logarithm."""
        if self.scale == "log":
            values = [self.low * (self.high / self.low) ** share for share in shares.tolist()]
        else:
            values = [self.low + (self.high - self.low) * share for share in shares.tolist()]
        return tuple(min(max(value, self.low), self.high) for value in values)  # rounding may step over an end


@dataclass(frozen=True)
class Sample:
    """Draws that all sampled axes of a sweep share: `count` points by `method` (sobol or latin_hypercube) from `seed`."""

    method: str
    count: int
    seed: int
    source: str
    axes: tuple[SampledAxis, ...]

    @classmethod
    def of(cls, file: _core.Sample) -> "Sample":
        """What a sweep file says."""
        axes = tuple(SampledAxis(axis.key, axis.unit, axis.low, axis.high, axis.scale) for axis in file.axes)
        return cls(file.method, file.count, file.seed, file.source, axes)

    @cached_property
    def shares(self) -> np.ndarray:
        """Points on the unit cube, shape (count, axes) [-], columns in the order of the names of the keys: a key keeps its points
        when the axes of the file change places."""
        return even_points(len(self.axes), self.count, self.seed, self.method)

    @cached_property
    def values(self) -> dict[str, tuple[float, ...]]:
        """Drawn values of each key, `count` each, in the unit of the key and the order of the file."""
        columns = {key: n for n, key in enumerate(sorted(axis.key for axis in self.axes))}
        return {axis.key: axis.at(self.shares[:, columns[axis.key]]) for axis in self.axes}

    @property
    def content(self) -> dict[str, object]:
        """Everything that decides the draws, for a hash; the points too, because another scipy may draw others."""
        axes = sorted([axis.key, axis.low, axis.high, axis.scale] for axis in self.axes)
        points = hashlib.sha256(self.shares.astype("<f8").tobytes()).hexdigest()
        return {"method": self.method, "count": self.count, "seed": self.seed, "axes": axes, "points": points}
