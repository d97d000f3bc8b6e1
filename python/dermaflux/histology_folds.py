"""Folds of a section: places where its tissue lies twice or more upon itself, to be left out."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from skimage.measure import approximate_polygon, find_contours

from .histology_annotation import crossing
from .histology_pigment import PigmentRule
from .histology_proposal import Overview, densities
from .stains import Stain

_TWICE = 1.6  # stain of a fold over that of the same depth elsewhere, at least: two layers have 2, one varies by less; estimate
_SMOOTH_UM = 8.0  # a bundle of fibres is narrower
_NARROWEST_UM = 16.0  # of a fold
_LEAST_UM2 = 2000.0  # of a fold
_EDGE_UM = 16.0  # that is left out about it, as smoothing has narrowed it
_STEP_UM = 100.0  # of depths in the dermis that are compared
_LEAST_TISSUE_UM2 = 4000.0  # of such a step that tells what is usual


@dataclass(frozen=True)
class Folds:
    """Where a section is folded.

    Attributes
    ----------
    where: in the overview, shape (row, column).   rings: outlines, shape (corner, 2) [pixel of the picture].   area_um2: of the folds.
    """

    where: np.ndarray
    rings: tuple[np.ndarray, ...]
    area_um2: float

    def at(self, rows: np.ndarray, columns: np.ndarray, factor: int) -> np.ndarray:
        """Whether pixels of the picture lie in a fold."""
        high, wide = self.where.shape
        return self.where[np.minimum(rows // factor, high - 1), np.minimum(columns // factor, wide - 1)]


def no_folds(seen: Overview) -> Folds:
    return Folds(np.zeros(seen.tissue.shape, bool), (), 0.0)


def find_folds(seen: Overview, mpp: float, rule: PigmentRule, depth_um: np.ndarray, below_um: np.ndarray) -> Folds:
    """Folds, by stain against that of all tissue of the same depth. Not found are those that are more than half of it, as they are the usual then,
    and with a coloured ink those as dense as ink of that colour.

    Parameters
    ----------
    depth_um, below_um: of the tissue of the overview, in the order of `numpy.nonzero`, below surface and junction [um]; NaN beyond the lines.
    """
    step = seen.factor * mpp
    layer = _layers(depth_um, below_um)
    dermal = np.zeros(seen.tissue.shape, bool)
    dermal[seen.tissue] = layer >= 0
    if rule.stained.unmix is None:
        return no_folds(seen)
    known = seen.tissue & ~_coloured(seen, rule)
    smooth = ndimage.gaussian_filter(_bulk(seen, known, dermal, rule.stained), _SMOOTH_UM / step)
    smooth /= np.maximum(ndimage.gaussian_filter(known.astype(np.float32), _SMOOTH_UM / step), 0.1)
    values, usual = smooth[seen.tissue], np.full(len(layer), np.inf)
    for one in np.unique(layer[layer > -9]):
        mine = layer == one
        if mine.sum() * step**2 >= _LEAST_TISSUE_UM2:
            usual[mine] = np.median(values[mine])
    dense = np.zeros(seen.tissue.shape, bool)
    dense[seen.tissue] = values > _TWICE * np.maximum(usual, 0.02)
    dense = ndimage.binary_opening(dense, _disc(0.5 * _NARROWEST_UM / step))
    labels, count = ndimage.label(dense)
    large = 1 + np.flatnonzero(np.bincount(labels.ravel(), minlength=count + 1)[1:] * step**2 >= _LEAST_UM2)
    where = ndimage.binary_fill_holes(ndimage.binary_dilation(np.isin(labels, large), _disc(_EDGE_UM / step))) if len(large) else np.zeros_like(dense)
    return Folds(where, _outlines(where, seen.factor), float((where & seen.tissue).sum() * step**2))


def _bulk(seen: Overview, known: np.ndarray, dermal: np.ndarray, stain: Stain) -> np.ndarray:
    """Stain that grows with the thickness of the tissue, 0 where it is not known; in pieces that take little memory."""
    found = np.zeros(known.shape, np.float32)
    for top in range(0, len(known), 256):
        part = slice(top, top + 256)
        inside = known[part]
        found[part][inside] = np.maximum(stain.bulk(densities(seen.colours[part][inside], seen.white), dermal[part][inside]), 0.0)
    return found


def _coloured(seen: Overview, rule: PigmentRule) -> np.ndarray:
    """Where ink of a colour hides how much stain there is, with the pixels about it; black adds nothing to a stain."""
    found = np.zeros(seen.tissue.shape, bool)
    if rule.colour is not None:
        rows, columns, _, _ = rule.of(seen.colours, seen.white)
        found[rows, columns] = True
    return ndimage.binary_dilation(found, np.ones((3, 3)))


def _layers(depth_um: np.ndarray, below_um: np.ndarray) -> np.ndarray:
    """Which tissue is compared: quarters of the epidermis (-4 to -1), steps of the dermis (0 on), -9 beyond the lines."""
    known = np.isfinite(depth_um) & np.isfinite(below_um)
    depth, below = np.where(known, depth_um, 0.0), np.where(known, below_um, 0.0)
    quarter = np.clip(np.floor(4.0 * depth / np.maximum(depth - below, 1e-9)), 0.0, 3.0) - 4.0
    return np.where(known, np.where(below < 0.0, quarter, np.floor(below / _STEP_UM)), -9.0).astype(int)


def _disc(radius: float) -> np.ndarray:
    reach = max(1, round(radius))
    y, x = np.ogrid[-reach : reach + 1, -reach : reach + 1]
    return x**2 + y**2 <= (reach + 0.5) ** 2


def _outlines(where: np.ndarray, factor: int) -> tuple[np.ndarray, ...]:
    """Rings about folds, simplified where that leaves them without a crossing."""
    high, wide = where.shape
    rings = []
    for contour in find_contours(np.pad(where, 1).astype(float), 0.5):
        simple = approximate_polygon(contour, 0.7)
        ring = (simple if len(simple) >= 4 and crossing(simple, True) is None else contour)[:, ::-1] - 0.5
        rings.append(np.clip(ring, 0.0, (wide, high)) * factor)
    return tuple(rings)
