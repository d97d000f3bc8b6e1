"""Where the best setting lies, and how well the draws at hand know it."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter1d

from . import _core
from .criteria import Outputs, worth
from .response_surface import Box, Designs, Runs, Worths, resampled_worth

_DEPTH_STEP_MM = 0.005  # of the lattice that settings are compared on
_DWELL_STEP = math.log(1.02)
_RESAMPLES = 400
_AT_ONCE = 64  # draws that are smoothed together, to bound the memory

_ROUND, _LEAST = 256, 32  # runs of the first round of more, and fewer than which tell nothing
_RUNS_APART_MM, _RUNS_APART = 0.01, math.log(1.03)  # settings that a surface is asked at, at least so far apart
_ACROSS, _BRANCHES = 24, 6  # and at most so many along an axis; dwell times of each run
_SKINS = 1024  # of a probability from the surface, when it is resampled; eight times as many else
_SHARE = 0.05  # of the resampled draws in which settings as good as the best may lie beyond what is looked at again
_GOLDEN = 0.5 * (math.sqrt(5.0) - 1.0)

Run = Callable[[np.ndarray, np.ndarray, range], Outputs]
"""Runs skins by their number in the sequence of draws, each at a depth of its own [mm] and some dwell times [ms]: outputs by name,
shape (skin, dwell)."""
Draw = Callable[[int], np.ndarray]
"""The first skins of the sequence of draws, shape (skin, key)."""


@dataclass(frozen=True)
class Optimum:
    """The middle of the settings that are as good as the best, if a setting is held as well as the location is asked for.

    Attributes
    ----------
    depth_mm, dwell_ms: the setting.
    depth_range_mm, dwell_range_ms: where it falls, in as many of the resampled draws as `confidence` says.
    draws: draws of skin, ink and hand it stands on.
    known: whether half of each range is at most what was asked.
    near: ends of depth [mm] and dwell time [ms] between which a setting may be as good as the best.
    """

    depth_mm: float
    dwell_ms: float
    depth_range_mm: tuple[float, float]
    dwell_range_ms: tuple[float, float]
    confidence: float
    draws: int
    known: bool
    near: tuple[tuple[float, float], tuple[float, float]] | None = None


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
    draws = held.probability.shape[2]
    counts = np.random.default_rng(seed).multinomial(draws, np.full(draws, 1.0 / draws), _RESAMPLES)
    flat = held.probability.reshape(-1, draws)
    first = flat.mean(axis=1)
    resampled = (flat @ one / draws for one in counts)  # one after the other: the same sums on any number of threads
    return _described(held.depth_mm, held.dwell_ms, Worths(first, (), np.array(list(resampled))), asked, draws)


def middle_of_good(probability: np.ndarray, as_good: float) -> tuple[float, float]:
    """Middle of the settings whose probability is less than `as_good` below the highest, as a place on the lattice, shape (depth, dwell):
    each counts by how far above that it is. Where the top is a ridge its highest place is a matter of luck, its middle is not, and
    it keeps the hand farthest from where the dot goes wrong. A curved ridge may leave its middle aside: then the best setting of
    those that are as near to it as any."""
    above = np.maximum(probability - (probability.max() - as_good), 0.0)
    places = [np.arange(n, dtype=float) for n in above.shape]
    row, column = (float(np.average(place, weights=above.sum(axis=1 - axis))) for axis, place in enumerate(places))
    if above[int(round(row)), int(round(column))] > 0.0:
        return row, column
    distance = np.hypot((places[0] - row)[:, None] / above.shape[0], (places[1] - column) / above.shape[1])
    row, column = np.unravel_index(int(np.argmin(np.where(above > 0.0, distance, np.inf))), above.shape)
    return float(row), float(column)


def _described(
    depth: np.ndarray, dwell: np.ndarray, worths: Worths, asked: _core.LocationGoal, draws: int
) -> Optimum:
    """From the probability over a lattice. What may be wrong in it widens the range of the place on both sides."""
    shape = len(depth), len(dwell)
    maps = [one.reshape(shape) for one in (worths.found, *(worths.found + one for one in worths.otherwise), *worths.resampled)]
    first = 1 + len(worths.otherwise)
    places = np.array([middle_of_good(one, asked.as_good) for one in maps])
    at_depth = np.interp(places[:, 0], np.arange(len(depth)), depth)
    at_dwell = np.exp(np.interp(places[:, 1], np.arange(len(dwell)), np.log(dwell)))
    tail = 0.5 * (1.0 - asked.confidence)

    def around(values: np.ndarray, ends: np.ndarray) -> tuple[float, float]:
        low, high = np.quantile(values[first:], [tail, 1.0 - tail])
        doubt = np.abs(values[1:first] - values[0]).sum()
        return max(float(min(low, values[0]) - doubt), float(ends[0])), min(float(max(high, values[0]) + doubt), float(ends[-1]))

    good = np.array([one >= one.max() - asked.as_good for one in maps[first:]])
    near = _ends(depth, good.any(axis=2)), _ends(dwell, good.any(axis=1))
    depth_range, dwell_range = around(at_depth, depth), around(at_dwell, dwell)
    if not maps[0].any():  # no draw is right anywhere: no setting is better than another
        depth_range, dwell_range = (float(depth[0]), float(depth[-1])), (float(dwell[0]), float(dwell[-1]))
    known = depth_range[1] - depth_range[0] <= 2.0 * asked.depth_um / 1e3 and dwell_range[1] / dwell_range[0] <= (1.0 + asked.dwell_share) ** 2
    return Optimum(float(at_depth[0]), float(at_dwell[0]), depth_range, dwell_range, asked.confidence, draws, bool(known), near)


def _ends(places: np.ndarray, chosen: np.ndarray) -> tuple[float, float]:
    """Between which places all of what is chosen lies, but for a share of the resampled on either side; shape (resample, place)."""
    first, last = chosen.argmax(axis=1), len(places) - 1 - chosen[:, ::-1].argmax(axis=1)
    return float(places[int(np.quantile(first, _SHARE))]), float(places[int(np.ceil(np.quantile(last, 1.0 - _SHARE)))])


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


def refine(
    first: Optimum, run: Run, draw: Draw, criteria: Sequence[_core.Criterion], depths: np.ndarray, dwells: np.ndarray, asked: _core.LocationGoal, seed: int
) -> Optimum:
    """Runs more skins, each at another depth, only where a setting can still be as good as the best, and takes the probability from a
    response surface of the outputs; until the best setting is known as well as asked or the draws are as many as allowed.

    Parameters
    ----------
    first: from :func:`locate` over the whole box.
    depths, dwells: that box; no setting outside is run.
    """
    found, runs = first, None
    done, until = 0, min(max(_ROUND, 2 * first.draws), asked.most_draws)
    while (runs is None or not found.known) and done < until and until >= _LEAST:  # straight lines between settings far apart may know it wrongly
        box = _box(found, depths, dwells, asked)
        more = _spread(box, run, draw, range(done, until))
        runs = more if runs is None else runs.joined(more)
        found = _from_surface(Designs(runs, box, criteria), draw, asked, until, seed)
        whole = (depths[0], depths[-1]), (dwells[0], dwells[-1])
        if any(_cut(*one) for one in zip(found.near, (box.depth, tuple(np.exp(box.dwell))), whole, strict=True)):
            found = replace(found, known=False)  # as good as the best may be more than was looked at
        done, until = until, min(2 * until, asked.most_draws)
    return found


def _box(found: Optimum, depths: np.ndarray, dwells: np.ndarray, asked: _core.LocationGoal) -> Box:
    """Settings that may be as good as the best, and those within reach of them, as far as the scatter of a hand counts."""
    near_depth, near_dwell = found.near or (found.depth_range_mm, found.dwell_range_ms)
    reach = 2.0 * asked.depth_um / 1e3, 2.0 * math.log1p(asked.dwell_share)
    low, high = (math.log(one) for one in near_dwell)
    return Box(
        (max(near_depth[0] - reach[0], float(depths[0])), min(near_depth[1] + reach[0], float(depths[-1]))),
        (max(low - reach[1], math.log(dwells[0])), min(high + reach[1], math.log(dwells[-1]))),
    )


def _spread(box: Box, run: Run, draw: Draw, numbers: range) -> Runs:
    """Runs of some skins, evenly over the depths of a box (golden ratio) and at some dwell times each."""
    shares = (0.5 + np.arange(numbers.start, numbers.stop) * _GOLDEN) % 1.0
    depths = box.depth[0] + shares * (box.depth[1] - box.depth[0])
    dwells = np.exp(np.linspace(*box.dwell, _BRANCHES if box.dwell[1] > box.dwell[0] else 1))
    outputs = run(depths, dwells, numbers)
    return Runs(draw(numbers.stop)[numbers.start :], depths, np.broadcast_to(dwells, (len(depths), len(dwells))), outputs)


def _from_surface(designs: Designs, draw: Draw, asked: _core.LocationGoal, draws: int, seed: int) -> Optimum:
    """The best setting by the response surface, and where it falls if the skins that were run are resampled."""
    box = designs.box
    depth, dwell = (np.linspace(*ends, _count(ends, apart)) for ends, apart in ((box.depth, _RUNS_APART_MM), (box.dwell, _RUNS_APART)))
    setting = box.coordinates(np.repeat(depth, len(dwell)), np.exp(np.tile(dwell, len(depth))))
    exact = resampled_worth(designs, draw, setting, resamples=_RESAMPLES, skins=_SKINS, seed=seed)

    def held(worths: np.ndarray) -> np.ndarray:
        found = worths.reshape(-1, len(depth), len(dwell))
        for axis, places, scatter in ((1, depth, asked.depth_um / 1e3), (2, dwell, math.log1p(asked.dwell_share))):
            if len(places) > 1:
                found = gaussian_filter1d(found, scatter / (places[1] - places[0]), axis=axis, mode="nearest")
        return found

    worths = Worths(held(exact.found)[0], tuple(held(one)[0] for one in exact.otherwise), held(exact.resampled))
    return _described(depth, np.exp(dwell), worths, asked, draws)


def _cut(near: tuple[float, float], box: tuple[float, float], whole: tuple[float, float]) -> bool:
    """Whether settings as good as the best go up to an end of a box that is none of the search."""
    return any(abs(n / b - 1.0) < 1e-6 < abs(b / w - 1.0) for n, b, w in zip(near, box, whole, strict=True))


def _count(ends: tuple[float, float], apart: float) -> int:
    """Places between two ends."""
    return int(min(max(math.ceil((ends[1] - ends[0]) / apart), 1), _ACROSS)) + 1 if ends[1] > ends[0] else 1
