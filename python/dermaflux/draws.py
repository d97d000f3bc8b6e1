"""Draws of what is not known: uncertain keys of the input, from the ranges of their files."""

import math
import warnings
from collections.abc import Sequence

import numpy as np
from scipy import stats

from . import _core
from .posterior import Posterior

_NINETY = 1.6448536269514722  # standard normal: nine in ten lie within this many deviations


def even_points(dimensions: int, count: int, seed: int, method: str = "sobol") -> np.ndarray:
    """Points on the unit cube, shape (count, dimensions) [-]: scrambled Sobol points (sobol), or a Latin hypercube with a point
    anywhere in each part (latin_hypercube)."""
    engine = {"sobol": stats.qmc.Sobol, "latin_hypercube": stats.qmc.LatinHypercube}[method]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # balance of powers of two: wanted, not needed
        return engine(dimensions, scramble=True, rng=np.random.default_rng(seed)).random(count)


def from_range(known: _core.ConfigValue, unit: np.ndarray) -> np.ndarray:
    """Values of an uncertain key at shares of its probability [0 to 1], in the unit of the key: log-normal about the value, its
    width such that the range of its file would hold nine in ten, cut off at the ends of that range (no source supports what lies
    beyond). The lower end of the range must be positive."""
    spread, ends = normal_scale(known)
    low, high = stats.norm.cdf(ends)
    return np.clip(known.value * np.exp(spread * stats.norm.ppf(low + unit * (high - low))), *known.range)


def normal_scale(known: _core.ConfigValue) -> tuple[float, np.ndarray]:
    """The spread of the logarithm of an uncertain key, and the ends of its range in such spreads from its value: the draws are standard
    normal between them."""
    low, high = known.range
    spread = math.log(high / low) / (2.0 * _NINETY)
    return spread, np.log(np.array([low, high]) / known.value) / spread


def joined(unit: np.ndarray, keys: Sequence[str], correlations: Sequence[_core.Correlation]) -> np.ndarray:
    """Points of the unit cube whose columns hang together by a Gaussian copula, shape (count, keys) [-]: normal numbers behind the points
    are mixed by the Cholesky factor of their correlation matrix. Each column stays uniform, so that what is drawn of a key alone is
    the same; a column that is correlated with none before it keeps its bits. Spearman's correlation of two is 6/pi asin(rho/2).
    Sources: Nelsen 2006, An Introduction to Copulas; Kruskal 1958, J. Am. Stat. Assoc. 53."""
    matrix = np.eye(len(keys))
    for one in correlations:
        at = keys.index(one.first), keys.index(one.second)
        matrix[at] = matrix[at[::-1]] = one.rho
    factor = np.linalg.cholesky(matrix)
    normal = stats.norm.ppf(np.clip(unit, 2.0**-31, 1.0 - 2.0**-31))  # half a step of the points, which may be 0
    mixed = unit.copy()
    for n, row in enumerate(factor):
        if np.count_nonzero(row) > 1:
            mixed[:, n] = stats.norm.cdf(sum(row[m] * normal[:, m] for m in np.flatnonzero(row)))  # the same order on every machine
    return mixed


def draw_parameters(file: _core.CalibrationFile, count: int = 0, posterior: Posterior | None = None) -> dict[str, np.ndarray]:
    """Draws of the uncertain keys by :func:`from_range`, shape (draws,) each, as many as the file says or `count`, correlated as it says. One
    scrambled Sobol sequence, so that the same draws meet every setting, and more of them begin with the same. Keys of a posterior, listed in
    the file or not, are drawn from it together by a further dimension of such points; the others are drawn as without it."""
    count = count or file.draws
    unit = even_points(len(file.uncertain), count, file.seed)
    if file.correlations:
        unit = joined(unit, file.uncertain, file.correlations)
    draws = {key: from_range(file.base.values[key], unit[:, n]) for n, key in enumerate(file.uncertain)}
    return draws | posterior.at(even_points(len(file.uncertain) + 1, count, file.seed)[:, -1]) if posterior else draws
