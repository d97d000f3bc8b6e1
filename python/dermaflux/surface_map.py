"""Figures of a map of contrast over the surface: where the dot is, how dark, how wide along and across a direction, how many dots show."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

_SMOOTHING = 0.5  # of a map before its parts are told apart, standard deviation [tiles]; widens a dot of 0.15 mm by 1 % at tiles of 20 um
_FINER = 4  # points per tile between which it is taken as linear
_SMALLEST = 3  # tiles of a part that counts as a dot
_GROUPS = 8  # of batches, for the jackknife


@dataclass(frozen=True)
class Field:
    """Square tiles of the surface: least x and y of the first and side of each [mm], and how many along x and along y."""

    x_mm: float
    y_mm: float
    side_mm: float
    across: int
    along: int

    def centres_mm(self) -> tuple[np.ndarray, np.ndarray]:
        """Along x, shape (across,), and along y, shape (along,)."""
        return self.x_mm + (np.arange(self.across) + 0.5) * self.side_mm, self.y_mm + (np.arange(self.along) + 0.5) * self.side_mm


@dataclass(frozen=True)
class Part:
    """The part of a map in which contrast is at least half of the dot's.

    Attributes
    ----------
    along_mm, across_mm: width along a direction and across it, four standard deviations of its points: of a disc the diameter.
    area_mm: diameter of the disc of its area.   dots: parts as dark as that anywhere in the map.
    """

    along_mm: float
    across_mm: float
    area_mm: float
    dots: int


def figures(dark: np.ndarray, field: Field, radius_mm: float, azimuth_deg: float) -> dict[str, float]:
    """What a map of contrast says of its darkest dot, each figure with its standard error (NAME_error) from the scatter of batches.

    The contrast is the mean over a disc where that is largest. The place is found in one half of the batches and the contrast read in
    the other, and the other way round, so that it is not chosen for its noise. Errors of widths are those of the jackknife.

    Parameters
    ----------
    dark: contrast of each tile in each batch, shape (y, x, batch) [-].
    radius_mm: of the disc.
    azimuth_deg: direction from x towards y along which the first width is taken.

    Returns
    -------
    contrast; x_mm, y_mm: the place, without errors; width_along_mm, width_across_mm, fwhm_mm: see :class:`Part`, NaN where the part reaches
    the edge of the map or does not hold the place; dots_seen.
    """
    disc = disc_weights(radius_mm / field.side_mm)
    batches = np.arange(dark.shape[-1])

    def means(chosen: np.ndarray) -> np.ndarray:
        return ndimage.convolve(dark[..., chosen].mean(axis=-1), disc, mode="constant")

    halves = [means(batches % 2 == n) for n in (0, 1)]
    contrast = 0.5 * sum(float(halves[1 - n].ravel()[halves[n].argmax()]) for n in (0, 1))
    whole = 0.5 * (halves[0] + halves[1])
    place = np.unravel_index(int(whole.argmax()), whole.shape)
    reach = disc.shape[0] // 2
    around = np.pad(dark, ((reach, reach), (reach, reach), (0, 0)))[place[0] : place[0] + 2 * reach + 1, place[1] : place[1] + 2 * reach + 1]
    scatter = np.tensordot(disc, around, axes=2)
    x, y = field.centres_mm()
    found = {"contrast": contrast, "contrast_error": float(scatter.std(ddof=1) / math.sqrt(scatter.size)), "x_mm": float(x[place[1]]), "y_mm": float(y[place[0]])}

    def part(chosen: np.ndarray) -> Part:
        return part_at(dark[..., chosen].mean(axis=-1), field, place, 0.5 * contrast, azimuth_deg)

    seen, others = part(batches >= 0), [part(batches % _GROUPS != n) for n in range(_GROUPS)]
    for name, value in (("width_along_mm", lambda p: p.along_mm), ("width_across_mm", lambda p: p.across_mm), ("fwhm_mm", lambda p: p.area_mm)):
        found |= {name: value(seen), f"{name}_error": _jackknife(others, value)}
    return found | {"dots_seen": float(seen.dots)}


def disc_weights(radius: float) -> np.ndarray:
    """Shares of the tiles around one in a disc about its centre, sum 1, to a sixteenth of a tile.

    Parameters
    ----------
    radius: of the disc [tiles].
    """
    reach = math.ceil(radius)
    fine = (np.arange((2 * reach + 1) * 16) + 0.5) / 16 - reach - 0.5
    inside = np.hypot(fine, fine[:, None]) < radius
    shares = inside.reshape(2 * reach + 1, 16, 2 * reach + 1, 16).mean(axis=(1, 3))
    return shares / shares.sum()


def part_at(dark: np.ndarray, field: Field, place: tuple[int, int], level: float, azimuth_deg: float) -> Part:
    """The part of a map, shape (y, x), around a tile in which it is at least `level`; see :class:`Part`. Noise is smoothed by half a tile."""
    fine = ndimage.zoom(ndimage.gaussian_filter(dark, _SMOOTHING, mode="constant"), _FINER, order=1, mode="grid-constant", grid_mode=True)
    labels, _ = ndimage.label(fine >= level)
    sizes = np.bincount(labels.ravel())[1:]
    dots = int((sizes >= _SMALLEST * _FINER**2).sum())
    around = labels[_FINER * place[0] : _FINER * (place[0] + 1), _FINER * place[1] : _FINER * (place[1] + 1)]
    own = int(np.bincount(around.ravel()).argmax())
    rows, columns = np.nonzero(labels == own)
    if own == 0 or rows.min() == 0 or columns.min() == 0 or rows.max() + 1 == fine.shape[0] or columns.max() + 1 == fine.shape[1]:
        return Part(math.nan, math.nan, math.nan, dots)
    step, turn = field.side_mm / _FINER, math.radians(azimuth_deg)
    x, y = columns * step, rows * step
    widths = [4.0 * math.sqrt(float(np.var(along)) + step**2 / 12.0) for along in (x * math.cos(turn) + y * math.sin(turn), y * math.cos(turn) - x * math.sin(turn))]
    return Part(widths[0], widths[1], 2.0 * math.sqrt(rows.size * step**2 / math.pi), dots)


def _jackknife(others: list[Part], value: Callable[[Part], float]) -> float:
    """Standard error of a figure from those without each of the groups."""
    values = np.array([value(one) for one in others])
    return float(math.sqrt((len(values) - 1) / len(values) * ((values - values.mean()) ** 2).sum()))


def lattice_reflectance(reflectance: np.ndarray, skin: np.ndarray, field: Field, places_mm: np.ndarray, width_mm: float, height_mm: float, pixels_per_mm: float = 25.0) -> np.ndarray:
    """A patch of skin full of dots that all look like one: optical densities add, as in :class:`dermaflux.pattern.DotTable`.

    Parameters
    ----------
    reflectance: map of one dot per band, shape (band, y, x) [-].   skin: without a dot, shape (band,) [-].
    places_mm: of the dots, shape (dot, 2), x and y from a corner of the patch [mm].

    Returns
    -------
    Reflectance at the centres of the pixels, shape (y, x, band) [-].
    """
    density = np.log(skin[:, None, None] / np.clip(reflectance, 1e-3 * skin[:, None, None], None))
    rows, columns = round(height_mm * pixels_per_mm), round(width_mm * pixels_per_mm)
    x, y = (np.arange(columns) + 0.5) / pixels_per_mm, (np.arange(rows) + 0.5) / pixels_per_mm
    total = np.zeros((rows, columns, len(skin)))
    for place in np.asarray(places_mm, dtype=float).reshape(-1, 2):
        column = (x - place[0] - field.x_mm) / field.side_mm - 0.5  # in tiles of the map
        row = (y - place[1] - field.y_mm) / field.side_mm - 0.5
        near = np.flatnonzero((row > -1.0) & (row < field.along)), np.flatnonzero((column > -1.0) & (column < field.across))
        if not (near[0].size and near[1].size):
            continue
        at = np.meshgrid(row[near[0]], column[near[1]], indexing="ij")
        own = np.stack([ndimage.map_coordinates(band, at, order=1, mode="constant") for band in density], axis=-1)
        total[np.ix_(*near)] += own
    return skin * np.exp(-total)
