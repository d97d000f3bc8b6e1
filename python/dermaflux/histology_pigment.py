"""Which pixels of a section are pigment, and the clumps they form across bands."""

from dataclasses import asdict, dataclass

import numpy as np
from scipy import ndimage
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from . import _core
from .histology_proposal import UNMIX, densities

# Optical density of red, green and blue; estimates: iron oxide absorbs more the shorter the light, azo reds pass red only.
INK_COLOURS = {"brown": (0.35, 0.60, 0.72), "red": (0.10, 0.75, 0.65)}
_SURE = 1.3  # the colour of what is darker (5 % of the light) is noise of 8 bits, or of JPEG; estimate
INKS = ("black", *INK_COLOURS)


@dataclass(frozen=True)
class PigmentRule:
    """Thresholds of pigment.

    Attributes
    ----------
    optical_density: decadic, least of the weakest channel (black), or along the colour of the ink [-]; 0.3 is half of the light, the edge of
        a grain; a colour is told from eosin by 0.6. 0 takes that of the ink.
    saturation: for black, largest spread of the channels over the strongest [-]; nuclei and melanin lie above 0.55, ink on eosin below 0.4.
    core, core_um: a nucleus under melanin is dark and grey, too, but never as dark as ink: above the junction, black counts within `core_um` of a pixel of that
        density only [-], [um].
    likeness: for a colour, least cosine between the pixel's density and the ink's [-].
    ceiling: density that counts as full pigment [-]: 8 bits tell no more reliably.
    smallest_um2: clumps below are noise [um^2].
    """

    ink: str = "black"
    optical_density: float = 0.0
    saturation: float = 0.45
    core: float = 1.1
    core_um: float = 1.5
    likeness: float = 0.95
    ceiling: float = 1.0
    smallest_um2: float = 1.0

    def __post_init__(self) -> None:
        if self.ink not in INKS:
            raise _core.InputError(f"--ink {self.ink}: is unknown; use {', '.join(INKS)}")
        if self.optical_density == 0.0:
            object.__setattr__(self, "optical_density", 0.3 if self.ink == "black" else 0.6)
        for name, low, high in (
            ("optical_density", 0.05, 2.0), ("saturation", 0.05, 1.0), ("core", 0.3, 2.0), ("core_um", 0.0, 10.0), ("likeness", 0.5, 1.0),
            ("ceiling", 0.1, 2.4), ("smallest_um2", 0.0, 1000.0),
        ):  # fmt: skip
            if not low <= getattr(self, name) <= high:
                raise _core.InputError(f"{name} = {getattr(self, name):g} is out of range; use {low:g} to {high:g}")

    def facts(self) -> dict[str, object]:
        return asdict(self)

    def of(self, band: np.ndarray, white: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Rows, columns, densities up to the ceiling and least densities of the channels of the pixels of a band that are pigment."""
        black = self.ink == "black"
        limits = (white + 1.0) * 10.0 ** -(self.optical_density * (1.0 if black else 0.5)) - 1.0
        candidate = band[..., 1] <= limits[1]
        if black:
            candidate &= (band[..., 0] <= limits[0]) & (band[..., 2] <= limits[2])
        rows, columns = np.nonzero(candidate)
        density = densities(band[rows, columns], white)
        if black:
            sure = np.minimum(density, _SURE)
            strongest = sure.max(axis=1)
            kept = strongest - sure.min(axis=1) <= self.saturation * strongest
            amount = density @ UNMIX[:, 2].astype(np.float32)
            kept &= amount > 0.5 * self.optical_density  # a dark mixture of both stains leaves little for the ink
        else:
            colour = np.array(INK_COLOURS[self.ink]) / np.linalg.norm(INK_COLOURS[self.ink])
            amount = density @ colour.astype(np.float32)
            kept = (amount >= self.optical_density) & (amount >= self.likeness * np.linalg.norm(density, axis=1))
        return rows[kept], columns[kept], np.minimum(amount[kept], self.ceiling), density.min(axis=1)[kept]

    def in_epidermis(self, places: np.ndarray, weakest: np.ndarray, epidermal: np.ndarray, mpp: float) -> np.ndarray:
        """Which pigment pixels remain where those of the epidermis are no more than nuclei under melanin; places in rows and columns."""
        if self.ink != "black":
            return ~epidermal if self.ink == "brown" else np.ones(len(places), bool)  # brown cannot be told from melanin
        core = weakest >= self.core
        if not epidermal.any() or not core.any():
            return ~epidermal
        away, _ = cKDTree(places[core]).query(places[epidermal], distance_upper_bound=self.core_um / mpp + 1e-6, workers=2)
        kept = np.ones(len(places), bool)
        kept[epidermal] = np.isfinite(away)
        return kept


class Clumps:
    """Connected pigment, gathered band by band."""

    def __init__(self, width: int) -> None:
        self._last = np.zeros(width, np.int64)
        self._count = 0
        self._pairs: list[np.ndarray] = []

    def label(self, mask: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Labels of pigment pixels of the next band, from 1; labels that meet the band above are remembered as one."""
        labels, count = ndimage.label(mask, np.ones((3, 3)))
        first, self._count = self._count, self._count + count
        top, bottom = (np.where(row > 0, row + np.int64(first), 0) for row in (labels[0], labels[-1]))
        for shift in (-1, 0, 1):
            above = self._last[max(0, -shift) : len(self._last) - max(0, shift)]
            below = top[max(0, shift) : len(self._last) + min(0, shift)]
            touching = (above > 0) & (below > 0)
            self._pairs.append(np.unique(np.column_stack([above[touching], below[touching]]), axis=0))
        self._last = bottom
        return labels[rows, columns] + np.int64(first)

    def joined(self) -> np.ndarray:
        """Number of the clump of each label, shape (label + 1,); the first stands for none."""
        pairs = np.concatenate([*self._pairs, np.empty((0, 2), np.int64)])
        return connected_components(coo_matrix((np.ones(len(pairs)), pairs.T), shape=(self._count + 1,) * 2), directed=False)[1]
