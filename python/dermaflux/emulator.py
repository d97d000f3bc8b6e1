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
    weights: by set of terms, shape (terms, quantities); zero where a quantity has another set.
    chosen: the set of terms of each quantity.
    residuals: engine less the polynomial of all other runs (leave one out), shape (runs, quantities), in the unit of the quantity.
    """

    weights: dict[Powers, np.ndarray]
    chosen: tuple[str, ...]
    residuals: np.ndarray

    @property
    def covariance(self) -> np.ndarray:
        """Of the errors, shape (quantities, quantities): mean products of the residuals."""
        return self.residuals.T @ self.residuals / len(self.residuals)

    def __call__(self, places: np.ndarray) -> np.ndarray:
        """Quantities at coordinates, shape (n, dimensions) to (n, quantities)."""
        return sum(_terms(places, powers) @ weights for powers, weights in self.weights.items())


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
    """Values of the terms, shape (n, terms)."""
    columns: dict[tuple[int, ...], np.ndarray] = {(): np.ones(len(places))}
    for power in powers:
        if power:
            columns[power] = columns[power[:-1]] * places[:, power[-1]] if power[:-1] in columns else np.prod(places[:, power], axis=1)
    return np.column_stack([columns[power] for power in powers])


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
    fits: dict[Powers, np.ndarray] = {}
    for name, powers in candidates(dimensions):
        if fits and runs < _RUNS_PER_TERM * len(powers):
            break
        base, upper = np.linalg.qr(_terms(places, powers))
        share = np.sum(base**2, axis=1, keepdims=True)
        projected = base.T @ quantities
        left_out = (quantities - base @ projected) / (1.0 - share)
        errors = np.mean(left_out**2, axis=0)
        better = errors < best
        for weights in fits.values():
            weights[:, better] = 0.0
        fits[powers] = np.where(better, np.linalg.solve(upper, projected), 0.0)
        best, residuals = np.where(better, errors, best), np.where(better, left_out, residuals)
        chosen = [name if taken else before for taken, before in zip(better, chosen, strict=True)]
    return Emulator({powers: weights for powers, weights in fits.items() if weights.any()}, tuple(chosen), residuals)
