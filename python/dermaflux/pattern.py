"""Patches of skin full of dots: where they stand, how they add up, and what that makes of the single dot."""

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from . import _core
from .colour import srgb_and_clipped
from .looks import Look, luminance
from .treatment import Treatment, Value, override_texts

_OWN_KEYS = ("lattice", "title", "description", "patch.", "hairline.", "view.", "pattern.")  # all others are the treatment's
_PIXELS_PER_MM = 25.0
_LARGEST_PIXELS = 4_000_000
_TABLE = 2048  # entries of a dot's optical density over its radius
_HAIRLINE_MODES = 64
_FARTHEST_DRAW = 2.0  # depths are drawn from a normal distribution cut there [standard deviations]


@dataclass(frozen=True)
class Pattern:
    """A pattern file: places and looks of the dots of a patch; every dot is one of `treatment`. Lengths in mm, days in days."""

    title: str
    treatment: Treatment
    lattice: str
    spacing_mm: float
    position_jitter_mm: float
    depth_jitter_mm: float
    width_mm: float
    height_mm: float
    margin_mm: float
    feather_mm: float
    irregularity_mm: float
    irregularity_length_mm: float
    days: tuple[float, ...]
    visible_contrast: float
    seed: int
    overridden: tuple[tuple[str, str], ...] = ()
    """Keys of the treatment that were overridden, with their values as text."""

    @property
    def pixels(self) -> tuple[int, int]:
        """Rows and columns of the picture."""
        return round(self.height_mm * _PIXELS_PER_MM), round(self.width_mm * _PIXELS_PER_MM)


@dataclass(frozen=True)
class Dots:
    """Dots of a patch and around it: places [mm], shape (dot, 2), x along the hairline and y away from it; deviation of each dot's tip
    depth from the mean [mm], shape (dot,)."""

    place_mm: np.ndarray
    depth_mm: np.ndarray


def load_pattern(path: str | os.PathLike[str], changes: Mapping[str, Value] | None = None) -> Pattern:
    """Reads a pattern file, as in `configs/patterns/`.

    Parameters
    ----------
    changes: keys to override: those of the pattern (`patch.width_mm`, `lattice`), and those of the treatment of its dots.

    Raises
    ------
    InputError: the message names file, key, value, allowed range and a suggestion.
    FileError: no such file.
    """
    return load_pattern_texts(path, override_texts(changes))


def load_pattern_texts(path: str | os.PathLike[str], overrides: Sequence[tuple[str, str]]) -> Pattern:
    """:func:`load_pattern` with overrides as the command line gives them."""
    file = _core.load_pattern(path, list(overrides))
    return Pattern(
        title=file.title, treatment=Treatment(file.base), lattice=file.lattice, spacing_mm=file.spacing_mm, position_jitter_mm=file.position_jitter_mm,
        depth_jitter_mm=file.depth_jitter_mm, width_mm=file.width_mm, height_mm=file.height_mm, margin_mm=file.margin_mm, feather_mm=file.feather_mm,
        irregularity_mm=file.irregularity_mm, irregularity_length_mm=file.irregularity_length_mm, days=tuple(file.days),
        visible_contrast=file.visible_contrast, seed=file.seed, overridden=tuple(one for one in overrides if not one[0].startswith(_OWN_KEYS)),
    )  # fmt: skip


def place_dots(pattern: Pattern, beyond_mm: float) -> Dots:
    """Places of the dots, those up to `beyond_mm` outside the patch included, because their light reaches into it.

    The same seed gives the same dots: places, hand, thinning, depths and hairline are drawn from streams of their own, so that a
    change of one leaves the others.
    """
    places, hand, thinning, depths, wander = (np.random.default_rng(one) for one in np.random.SeedSequence(pattern.seed).spawn(5))
    low, high = np.array([-beyond_mm, -beyond_mm]), np.array([pattern.width_mm + beyond_mm, pattern.height_mm + beyond_mm])
    at = _lattice(pattern, low, high, places)
    at = at + pattern.position_jitter_mm * hand.standard_normal(at.shape)
    behind = at[:, 1] - _hairline(pattern, at[:, 0], wander)
    drawn = thinning.random(len(at))
    if pattern.margin_mm > 0.0 or pattern.feather_mm > 0.0:
        share = np.clip(behind / pattern.feather_mm, 0.0, 1.0) if pattern.feather_mm > 0.0 else (behind >= 0.0).astype(float)
        keep = drawn < share
    else:
        keep = np.ones(len(at), dtype=bool)
    depth = np.clip(depths.standard_normal(len(at)), -_FARTHEST_DRAW, _FARTHEST_DRAW) * pattern.depth_jitter_mm
    return Dots(at[keep], depth[keep])


def _lattice(pattern: Pattern, low: np.ndarray, high: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Places without the hand's jitter that cover a rectangle, shape (dot, 2) [mm]."""
    step = pattern.spacing_mm
    if pattern.lattice == "random":
        count = random.poisson(float(np.prod(high - low)) / step**2)
        return low + (high - low) * random.random((count, 2))
    row = step * math.sqrt(0.75) if pattern.lattice == "hexagonal" else step
    rows = np.arange(math.floor(low[1] / row), math.ceil(high[1] / row) + 1)
    columns = np.arange(math.floor(low[0] / step) - 1, math.ceil(high[0] / step) + 1)
    j, i = np.meshgrid(rows, columns, indexing="ij")
    shift = 0.5 * (j % 2) if pattern.lattice == "hexagonal" else 0.0
    return np.column_stack([((i + shift) * step).ravel(), (j * row).ravel()])


def _hairline(pattern: Pattern, along_mm: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Where the hairline runs [mm]: its mean plus a Gaussian random function of unit variance and Gaussian correlation (random Fourier
    modes; Rahimi & Recht 2007) times the irregularity."""
    wave = random.standard_normal(_HAIRLINE_MODES)
    phase = 2.0 * np.pi * random.random(_HAIRLINE_MODES)
    modes = np.cos(along_mm[:, None] / pattern.irregularity_length_mm * wave + phase)
    return pattern.margin_mm + pattern.irregularity_mm * math.sqrt(2.0 / _HAIRLINE_MODES) * modes.sum(axis=1)


class DotTable:
    """Optical density of dots of several tip depths over their radius, on one day.

    Overlapping dots are taken as filters on top of one another: their reflectances relative to skin multiply, so their optical
    densities add. That is exact for dots whose light paths are independent, and an estimate where they share one (it then darkens too
    much). A dot is followed to the edge of the grid of the look, 2 mm, and taken to zero there.

    Parameters
    ----------
    looks: of each depth on the same day.   depth_mm: deviation of the tip of each from the mean, increasing [mm].
    """

    def __init__(self, looks: Sequence[Look], depth_mm: Sequence[float]):
        self.skin = looks[0].skin
        self.day = looks[0].day
        self.reach_mm = min(one.edge_mm for one in looks)
        self._depth = np.asarray(depth_mm, dtype=float)
        self._radius = np.linspace(0.0, self.reach_mm, _TABLE)
        self._table = np.stack([
            np.stack([np.interp(self._radius, np.append(one.radius_mm, one.edge_mm), np.append(band, 0.0)) for band in one.density()]) for one in looks
        ])  # fmt: skip

    def of(self, depth_mm: float) -> np.ndarray:
        """Optical density per band over the radius of the table, linear between the depths, shape (band, entry)."""
        if len(self._depth) == 1:
            return self._table[0]
        at = np.interp(depth_mm, self._depth, np.arange(len(self._depth)))
        n = min(int(at), len(self._depth) - 2)
        return (1.0 - (at - n)) * self._table[n] + (at - n) * self._table[n + 1]

    def entry(self, radius_mm: np.ndarray) -> np.ndarray:
        """Entries of the table at some distances, the last one for all that lie beyond."""
        return np.minimum(np.rint(radius_mm * ((_TABLE - 1) / self.reach_mm)).astype(int), _TABLE - 1)

    def at(self, dots: Dots, points_mm: np.ndarray) -> np.ndarray:
        """Sum over all dots at some points, shape (point, band)."""
        total = np.zeros((len(points_mm), len(self.skin)))
        near = cKDTree(points_mm).query_ball_point(dots.place_mm, self.reach_mm)
        for place, depth, indices in zip(dots.place_mm, dots.depth_mm, near, strict=True):
            if indices:
                distance = np.hypot(*(points_mm[indices] - place).T)
                total[indices] += self.of(depth)[:, self.entry(distance)].T
        return total


def require_picture(pattern: Pattern) -> None:
    """Makes sure before any run that a patch can be drawn.

    Raises
    ------
    InputError: more pixels than a picture needs.
    """
    rows, columns = pattern.pixels
    if columns * rows > _LARGEST_PIXELS:
        raise _core.InputError(f"patch.width_mm = {pattern.width_mm:g} mm and patch.height_mm = {pattern.height_mm:g} mm make a picture of {columns} x {rows} pixels (single dots would be lost in it); use a smaller patch")


def reflectance_map(pattern: Pattern, dots: Dots, table: DotTable) -> np.ndarray:
    """Reflectance per band at the centres of the pixels of a patch, shape (y, x, band)."""
    rows, columns = pattern.pixels
    density = np.zeros((rows, columns, len(table.skin)))
    reach = table.reach_mm * _PIXELS_PER_MM
    for (x, y), depth in zip(dots.place_mm * _PIXELS_PER_MM, dots.depth_mm, strict=True):
        left, right = max(0, math.ceil(x - reach - 0.5)), min(columns, math.floor(x + reach - 0.5) + 1)
        low, high = max(0, math.ceil(y - reach - 0.5)), min(rows, math.floor(y + reach - 0.5) + 1)
        if left >= right or low >= high:
            continue
        distance = np.hypot(np.arange(left, right) + 0.5 - x, (np.arange(low, high) + 0.5 - y)[:, None]) / _PIXELS_PER_MM
        density[low:high, left:right] += table.of(depth).T[table.entry(distance)]
    return table.skin * np.exp(-density)


def patch_figures(pattern: Pattern, dots: Dots, table: DotTable, seen: np.ndarray) -> dict[str, float]:
    """What a patch looks like in numbers. All but the first three hold for the part with full density, behind the feathered zone.

    Returns
    -------
    dots: in the patch.   dots_per_cm2: over all of it.   clipped_share: of its pixels, colours that a screen cannot show.
    coverage: share of the skin whose luminance is lower than that of bare skin by at least `visible_contrast` of it.
    darkening: mean loss of luminance.   dot_contrast: mean loss of luminance at the centre of a dot, its neighbours' tails included.
    dot_contrast_spread: standard deviation over mean of that loss for single dots.
    neighbour_contrast: mean of (Y_between - Y_dots)/(Y_between + Y_dots) over nearest neighbours, Y_between half-way: 0 is a uniform field.
    merging_index: mean loss of luminance half-way between nearest neighbours over that at their centres: 0 for dots that stand alone, 1
        for a helmet.   merged_share: of these pairs, those in which it is above a half, so that no gap is seen at half height.
    neighbour_distance_mm: mean distance of nearest neighbours.   spacing_spread: its standard deviation over its mean.
    """
    inside = ((dots.place_mm >= 0.0) & (dots.place_mm <= [pattern.width_mm, pattern.height_mm])).all(axis=1)
    bare = float(luminance(table.skin))
    full = pattern.margin_mm + pattern.feather_mm + 2.0 * pattern.irregularity_mm
    rows = (np.arange(seen.shape[0]) + 0.5) * pattern.height_mm / seen.shape[0] >= full
    loss = 1.0 - luminance(seen[rows] if rows.any() else seen) / bare
    result = {
        "day": table.day,
        "dots": float(inside.sum()),
        "dots_per_cm2": float(100.0 * inside.sum() / (pattern.width_mm * pattern.height_mm)),
        "clipped_share": srgb_and_clipped(seen)[1],
        "coverage": float(np.mean(loss >= pattern.visible_contrast)),
        "darkening": float(np.mean(loss)),
    }
    return result | _neighbour_figures(dots, table, inside & (dots.place_mm[:, 1] >= full), bare)


def _neighbour_figures(dots: Dots, table: DotTable, chosen: np.ndarray, bare: float) -> dict[str, float]:
    """Figures of :func:`patch_figures` that compare a dot with its nearest neighbour; NaN where there are fewer than two dots."""
    names = ("dot_contrast", "dot_contrast_spread", "neighbour_contrast", "merging_index", "merged_share", "neighbour_distance_mm", "spacing_spread")
    if chosen.sum() < 2 or len(dots.place_mm) < 2:
        return dict.fromkeys(names, math.nan)
    distances, nearest = cKDTree(dots.place_mm).query(dots.place_mm[chosen], k=2)
    here, there = dots.place_mm[chosen], dots.place_mm[nearest[:, 1]]

    def lum(points: np.ndarray) -> np.ndarray:
        return luminance(table.skin * np.exp(-table.at(dots, points)))

    centres = 0.5 * (lum(here) + lum(there))
    between = lum(0.5 * (here + there))
    alone = 1.0 - np.array([luminance(table.skin * np.exp(-table.of(depth)[:, 0])) for depth in dots.depth_mm[chosen]]) / bare
    merging = (bare - between) / (bare - centres)
    gap = distances[:, 1]
    values = (
        1.0 - float(np.mean(lum(here))) / bare, float(np.std(alone) / abs(np.mean(alone))), float(np.mean((between - centres) / (between + centres))),
        float(np.mean(merging)), float(np.mean(merging > 0.5)), float(gap.mean()), float(gap.std() / gap.mean()),
    )  # fmt: skip
    return dict(zip(names, values, strict=True))
