"""Emulator: what the engine gives over a box of its unknowns, as polynomials that know how far they are off."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np

Powers = tuple[tuple[int, ...], ...]  # of each term, the places of the coordinates it multiplies

_RUNS_PER_TERM = 2.0  # fewer, and a polynomial follows the points instead of the engine


@dataclass(frozen=True)
class Emulator:
    """Polynomials of the coordinates, one for each quantity.

    Attributes
    ----------
    powers: all terms. weights: shape (terms, quantities); zero for terms that a quantity does not have.
    chosen: the set of terms of each quantity.
    residuals: engine less the polynomial of all other runs (leave one out), shape (runs, quantities), in the unit of the quantity.
    """

    powers: Powers
    weights: np.ndarray
    chosen: tuple[str, ...]
    residuals: np.ndarray

    @property
    def covariance(self) -> np.ndarray:
        """Of the errors, shape (quantities, quantities): mean products of the residuals."""
        return self.residuals.T @ self.residuals / len(self.residuals)

    def __call__(self, places: np.ndarray) -> np.ndarray:
        """Quantities at coordinates, shape (n, dimensions) to (n, quantities)."""
        return _terms(places, self.powers).T @ self.weights


def candidates(dimensions: int) -> Iterator[tuple[str, Powers]]:
    """Sets of terms, the smallest first: linear, with squares, all of second, all of third degree."""
    one = tuple((n,) for n in range(dimensions))
    two = tuple(combinations_with_replacement(range(dimensions), 2))
    yield "linear", ((), *one)
    if dimensions > 1:
        yield "squares", ((), *one, *((n, n) for n in range(dimensions)))
    yield "quadratic", ((), *one, *two)
    yield "cubic", ((), *one, *two, *combinations_with_replacement(range(dimensions), 3))


def _terms(places: np.ndarray, powers: Powers) -> np.ndarray:
    """Values of the terms, shape (terms, n); all but the last coordinate of a term make a term before it."""
    values = np.empty((len(powers), len(places)))
    values[0] = 1.0
    row = {power: n for n, power in enumerate(powers)}
    columns = places.T
    for n, power in enumerate(powers[1:], 1):
        np.multiply(values[row[power[:-1]]], columns[power[-1]], out=values[n])
    return values


def emulate(places: np.ndarray, quantities: np.ndarray) -> Emulator:
    """Fits polynomials by least squares; each quantity takes the set of terms with the smallest error where it is left out.

    Parameters
    ----------
    places: coordinates of the runs, shape (runs, dimensions). quantities: what they gave, shape (runs, quantities).

    A run left out changes the polynomial at its own place by its residual times h/(1 - h), h its share in the fit (hat matrix), so that no
    fit is repeated. Source: Allen 1974, Technometrics 16 (PRESS).
    """
    runs, dimensions = places.shape
    best = np.full(quantities.shape[1], np.inf)
    chosen, residuals = [""] * len(best), np.zeros_like(quantities)
    found: dict[tuple[int, ...], np.ndarray] = {}
    for name, powers in candidates(dimensions):
        if found and runs < _RUNS_PER_TERM * len(powers):
            break
        base, upper = np.linalg.qr(_terms(places, powers).T)
        share = np.sum(base**2, axis=1, keepdims=True)
        projected = base.T @ quantities
        left_out = (quantities - base @ projected) / (1.0 - share)
        errors = np.mean(left_out**2, axis=0)
        better = errors < best
        weights = dict(zip(powers, np.linalg.solve(upper, projected), strict=True))
        absent = np.zeros_like(best)
        found = {power: np.where(better, weights.get(power, absent), found.get(power, absent)) for power in powers}
        best, residuals = np.where(better, errors, best), np.where(better, left_out, residuals)
        chosen = [name if taken else before for taken, before in zip(better, chosen, strict=True)]
    return Emulator(tuple(found), np.array(list(found.values())), tuple(chosen), residuals)
