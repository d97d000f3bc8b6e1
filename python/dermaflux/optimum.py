"""Where the best setting lies, and how well the draws at hand know it."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter1d

from . import _core
from .criteria import Outputs, worth

_DEPTH_STEP_MM = 0.005  # of the lattice that settings are compared on
_DWELL_STEP = math.log(1.02)
_APART_MM, _APART = 0.05, math.log(1.25)  # settings that a round of more draws runs, at most so far apart
_RESAMPLES = 400
_AT_ONCE = 64  # draws that are smoothed together, to bound the memory

Run = Callable[[np.ndarray, np.ndarray, int], Outputs]
"""Runs depths [mm] and dwell times [ms] for the first draws of the sequence: outputs by name, shape (depth, dwell, draw)."""


@dataclass(frozen=True)
class Optimum:
    """The setting with the highest probability of a right dot if it is held as well as the location is asked for.

    Attributes
    ----------
    depth_mm, dwell_ms: the setting.
    depth_range_mm, dwell_range_ms: where it falls, in as many of the resampled draws as `confidence` says.
    draws: draws of skin, ink and hand it stands on.
    known: whether half of each range is at most what was asked.
    """

    depth_mm: float
    dwell_ms: float
    depth_range_mm: tuple[float, float]
    dwell_range_ms: tuple[float, float]
    confidence: float
    draws: int
    known: bool


class _Axis:
    """Places between the settings of an axis, and how to interpolate to them."""

    def __init__(self, settings: np.ndarray, step: float) -> None:
        count = max(int(math.ceil((settings[-1] - settings[0]) / step - 1e-9)), 1) if len(settings) > 1 else 0
        self.places = np.linspace(settings[0], settings[-1], count + 1)
        self.step = self.places[1] - self.places[0] if count else step
        low = np.clip(np.searchsorted(settings, self.places, side="right") - 1, 0, max(len(settings) - 2, 0))
        high = np.minimum(low + 1, len(settings) - 1)
        share = (self.places - settings[low]) / np.where(high > low, settings[high] - settings[low], 1.0)
        # On a setting its value alone counts, so that a neighbour without an outcome spoils nothing there.
        self.low, self.high = np.where(share >= 1.0, high, low), np.where(share <= 0.0, low, high)
        self.share = np.clip(share, 0.0, 1.0)

    def interpolate(self, values: np.ndarray, axis: int) -> np.ndarray:
        shape = [1] * values.ndim
        shape[axis] = -1
        share = self.share.reshape(shape)
        return (1.0 - share) * np.take(values, self.low, axis) + share * np.take(values, self.high, axis)


@dataclass(frozen=True)
class Held:
    """For each draw the probability of a right dot at settings that are not held exactly; its mean worth where rules have a weight.

    Attributes
    ----------
    depth_mm, dwell_ms: places of the lattice.   probability: shape (depth, dwell, draw) [-].
    """

    depth_mm: np.ndarray
    dwell_ms: np.ndarray
    probability: np.ndarray


def held_probability(
    outputs: Outputs, criteria: Sequence[_core.Criterion], depths: np.ndarray, dwells: np.ndarray, asked: _core.LocationGoal
) -> Held:
    """For each draw the probability that the dot is right while depth and dwell time scatter by what is asked of the location
    (normal, in depth and in the logarithm of the dwell time): a number for a setting that the hand does not hold exactly, and one
    that changes smoothly with it.

    Outputs are linear in depth and in the logarithm of the dwell time between the settings that were run; beyond the box the dot is
    as right as at its edge.
    """
    down, along = _Axis(np.asarray(depths, dtype=float), _DEPTH_STEP_MM), _Axis(np.log(np.asarray(dwells, dtype=float)), _DWELL_STEP)
    draws = next(iter(outputs.values())).shape[2]
    held = np.empty((len(down.places), len(along.places), draws))
    for first in range(0, draws, _AT_ONCE):
        some = slice(first, min(first + _AT_ONCE, draws))
        between = {rule.output: along.interpolate(down.interpolate(outputs[rule.output][:, :, some], 0), 1) for rule in criteria}
        smooth = gaussian_filter1d(worth(between, criteria), asked.depth_um / 1e3 / down.step, axis=0, mode="nearest")
        held[:, :, some] = gaussian_filter1d(smooth, math.log1p(asked.dwell_share) / along.step, axis=1, mode="nearest")
    return Held(down.places, np.exp(along.places), held)


def locate(held: Held, asked: _core.LocationGoal, seed: int) -> Optimum:
    """The best setting between those that were run, and where it falls when the draws are resampled with replacement (bootstrap;
    Sobol points are more even than that supposes, so that the ranges are on the wide side). Source: Efron 1979, Ann. Statist. 7.

    Parameters
    ----------
    seed: of the resampling.
    """
    depth, dwell, (*shape, draws) = held.depth_mm, held.dwell_ms, held.probability.shape
    flat = held.probability.reshape(-1, draws)
    counts = np.random.default_rng(seed).multinomial(draws, np.full(draws, 1.0 / draws), _RESAMPLES)
    weights = np.vstack([np.ones(draws), counts]) / draws
    places = np.array([_middle_of_best(flat @ one, shape) for one in weights])
    at_depth = np.interp(places[:, 0], np.arange(len(depth)), depth)
    at_dwell = np.exp(np.interp(places[:, 1], np.arange(len(dwell)), np.log(dwell)))
    tail = 0.5 * (1.0 - asked.confidence)

    def around(values: np.ndarray) -> tuple[float, float]:
        low, high = np.quantile(values[1:], [tail, 1.0 - tail])
        return min(float(low), float(values[0])), max(float(high), float(values[0]))

    depth_range, dwell_range = around(at_depth), around(at_dwell)
    if not flat.any():  # no draw is right anywhere: no setting is better than another
        depth_range, dwell_range = (float(depth[0]), float(depth[-1])), (float(dwell[0]), float(dwell[-1]))
    known = depth_range[1] - depth_range[0] <= 2.0 * asked.depth_um / 1e3 and dwell_range[1] / dwell_range[0] <= (1.0 + asked.dwell_share) ** 2
    return Optimum(float(at_depth[0]), float(at_dwell[0]), depth_range, dwell_range, asked.confidence, draws, bool(known))


@dataclass(frozen=True)
class Knowing:
    """What it would bring to know an uncertain key before the setting is chosen.

    Attributes
    ----------
    keys: dotted key, or keys whose halves are the same draws, so that these draws cannot tell which of them it is (few Sobol points have
        few different halves).
    gain: in the probability of a right dot, if the skins above and below the middle of the key each got their best setting [-].
    chance: share of random halves of the draws that gain as much; small where the gain is none of luck [-].
    """

    keys: tuple[str, ...]
    gain: float
    chance: float


def value_of_knowing(held: Held, draws: Mapping[str, np.ndarray], seed: int) -> list[Knowing]:
    """What each key would bring if it were measured before the setting is chosen, the most first. The best of half the draws is
    higher than that of all even if the halves are drawn by lot, so what such halves gain on average is taken off (permutation test).

    Parameters
    ----------
    draws: uncertain keys by name, shape (draw,).
    seed: of the random halves.
    """
    count = held.probability.shape[2]
    flat = held.probability.reshape(-1, count)
    half = count // 2
    if half < 2:
        return []
    whole = flat.mean(axis=1).max()
    total = flat.sum(axis=1)

    def gain(low: np.ndarray) -> float:
        below = flat[:, low].sum(axis=1)
        return float((below.max() + (total - below).max()) / count - whole)

    lot = np.random.default_rng(seed)
    by_lot = np.array([gain(lot.permutation(count)[:half]) for _ in range(_RESAMPLES)])
    alike: dict[tuple[bool, ...], list[str]] = {}
    for key, values in draws.items():
        low = np.argsort(np.argsort(values, kind="stable"), kind="stable") < half
        alike.setdefault(tuple(low == low[0]), []).append(key)
    known = []
    for low, keys in alike.items():
        one = gain(np.flatnonzero(low))
        known.append(Knowing(tuple(keys), one - float(by_lot.mean()), float((1 + (by_lot >= one - 1e-12).sum()) / (1 + _RESAMPLES))))
    return sorted(known, key=lambda one: -one.gain)


def stated(found: Optimum, asked: _core.LocationGoal) -> dict[str, object]:
    """As a preset states it."""
    best, range_ = {}, {}
    for name, value, ends in (("depth_mm", found.depth_mm, found.depth_range_mm), ("dwell_ms", found.dwell_ms, found.dwell_range_ms)):
        best[name], low, high = (float(f"{one:.6g}") for one in (value, *ends))
        range_[name] = {"min": low, "max": high}
    return {"best": best, "range": range_, "confidence": found.confidence, "draws": found.draws, "known": found.known,
            "asked": {"depth_um": asked.depth_um, "dwell_share": asked.dwell_share}}  # fmt: skip


def of_preset(location: Mapping[str, Any]) -> Optimum:
    """What a checked preset states."""
    best, ends = location["best"], {name: (one["min"], one["max"]) for name, one in location["range"].items()}
    return Optimum(
        best["depth_mm"], best["dwell_ms"], ends["depth_mm"], ends["dwell_ms"], location["confidence"], location["draws"], location["known"]
    )


def located(found: Optimum) -> str:
    """One line for people."""
    (shallow, deep), (short, long) = found.depth_range_mm, found.dwell_range_ms
    return (
        f"{100 * found.confidence:.0f} % of resampled draws put the best setting between {shallow:.3f} and {deep:.3f} mm, {short:.0f} and {long:.0f} ms "
        f"({found.draws} draws)"
    )


def _middle_of_best(probability: np.ndarray, shape: Sequence[int]) -> tuple[float, float]:
    """Place of the highest value, or the middle of all as high; rounding decides nothing."""
    best = np.flatnonzero(probability >= probability.max() - 1e-9)
    rows, columns = np.unravel_index(best, tuple(shape))
    return float(rows.mean()), float(columns.mean())


def refine(
    first: Optimum, run: Run, criteria: Sequence[_core.Criterion], depths: np.ndarray, dwells: np.ndarray, asked: _core.LocationGoal, seed: int
) -> Optimum:
    """Runs twice as many draws in turn, each time only where the best setting can still lie, until it is known as well as asked or
    the draws are as many as allowed.

    Parameters
    ----------
    first: from :func:`locate` over the whole box.
    depths, dwells: that box; no setting outside is run.
    """
    found = first
    while not found.known and found.draws < asked.most_draws:
        some_depths = _settings(found.depth_range_mm, 2.0 * asked.depth_um / 1e3, (depths[0], depths[-1]), _APART_MM)
        reach = 2.0 * math.log1p(asked.dwell_share)
        range_dwell = math.log(found.dwell_range_ms[0]), math.log(found.dwell_range_ms[1])
        some_dwells = np.exp(_settings(range_dwell, reach, (math.log(dwells[0]), math.log(dwells[-1])), _APART))
        draws = min(2 * found.draws, asked.most_draws)
        found = locate(held_probability(run(some_depths, some_dwells, draws), criteria, some_depths, some_dwells, asked), asked, seed)
    return found


def _settings(known: tuple[float, float], reach: float, box: tuple[float, float], apart: float) -> np.ndarray:
    """Evenly spaced settings over a range and what lies within reach of it, inside a box."""
    low, high = max(known[0] - reach, box[0]), min(known[1] + reach, box[1])
    return np.linspace(low, high, max(int(math.ceil((high - low) / apart - 1e-9)) + 1, 2)) if high > low else np.array([low])
