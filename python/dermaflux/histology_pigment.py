"""Which pixels of a section are pigment, and the clumps they form across bands."""

from dataclasses import asdict, dataclass

import numpy as np
from scipy import ndimage
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from . import _core
from .histology_proposal import densities
from .stains import MELANIN, Colour, Stain, colours_of, likeness, stain_of

# Optical density of red, green and blue; estimates: iron oxide absorbs more the shorter the light, azo reds pass red only, copper
# phthalocyanines pass blue, and green between red and blue.
INK_COLOURS = {"brown": (0.35, 0.60, 0.72), "red": (0.10, 0.75, 0.65), "blue": (0.80, 0.55, 0.20), "green": (0.80, 0.35, 0.50)}
_SURE = 1.3  # the colour of what is darker (5 % of the light) is noise of 8 bits, or of JPEG; estimate
_ALIKE = 0.97  # cosine from which on an ink has the colour of melanin; brown has 0.999, red 0.95
_GREY = 0.8  # least channel over the strongest from which on a colour is called black
INKS = ("black", *INK_COLOURS)


def ink_colour(ink: str) -> Colour | None:
    """Optical density of red, green and blue of an ink, by its name or as three numbers; None for black.

    Raises
    ------
    InputError: no such ink, no colour, or one that is grey or white.
    """
    if ink == "black":
        return None
    if ink == "white":
        raise _core.InputError("--ink white: titanium dioxide scatters and looks black in transmitted light; "
                               "measure it as --ink black, and mind that carbon looks the same")  # fmt: skip
    if ink in INK_COLOURS:
        return INK_COLOURS[ink]
    try:
        red, green, blue = (float(one) for one in ink.split(","))
    except ValueError:
        raise _core.InputError(f"--ink {ink}: is unknown; use {', '.join(INKS)}, or the optical density of its red, green and blue, "
                               "as 0.35,0.60,0.72") from None  # fmt: skip
    colour = (red, green, blue)
    if not (np.isfinite(colour).all() and min(colour) >= 0.0 and 0.01 <= max(colour) <= 5.0):
        raise _core.InputError(f"--ink {ink}: is no colour; use three optical densities from 0 to 5, not all 0")
    if min(colour) > _GREY * max(colour):
        raise _core.InputError(f"--ink {ink}: is grey, all channels are within {100 * (1 - _GREY):.0f} % of the strongest; use --ink black")
    return colour


@dataclass(frozen=True)
class PigmentRule:
    """Thresholds of pigment.

    Attributes
    ----------
    ink: black, a name of `INK_COLOURS`, or the optical density of red, green and blue, "0.35,0.60,0.72".   stain: of the section, of `STAINS`.
    optical_density: decadic, least of the weakest channel (black), or along the colour of the ink [-]; 0.3 is half of the light, the edge of
        a grain; a colour is told from eosin by 0.6. 0 takes that of the ink.
    saturation: for black, largest spread of the channels over the strongest [-]; nuclei and melanin lie above 0.55, ink on eosin below 0.4.
    core, core_um: a nucleus under melanin is dark and grey, too, but never as dark as ink: above the junction black counts within `core_um` of a
        pixel of that density only [-], [um].   core_nuclei: the same below the junction, in stains that make nuclei black [-].
    likeness: for a colour, least cosine between the pixel's density and the ink's [-].
    ceiling: density that counts as full pigment [-]: 8 bits tell no more reliably.
    smallest_um2: clumps below are noise [um^2].
    """

    ink: str = "black"
    stain: str = "he"
    optical_density: float = 0.0
    saturation: float = 0.45
    core: float = 1.1
    core_nuclei: float = 0.7
    core_um: float = 1.5
    likeness: float = 0.95
    ceiling: float = 1.0
    smallest_um2: float = 1.0

    def __post_init__(self) -> None:
        stain_of(self.stain)
        ink_colour(self.ink)
        if self.optical_density == 0.0:
            object.__setattr__(self, "optical_density", 0.3 if self.ink == "black" else 0.6)
        for name, low, high in (
            ("optical_density", 0.05, 2.0), ("saturation", 0.05, 1.0), ("core", 0.3, 2.0), ("core_nuclei", 0.3, 2.0),
            ("core_um", 0.0, 10.0), ("likeness", 0.5, 1.0), ("ceiling", 0.1, 2.4), ("smallest_um2", 0.0, 1000.0),
        ):  # fmt: skip
            if not low <= getattr(self, name) <= high:
                raise _core.InputError(f"{name} = {getattr(self, name):g} is out of range; use {low:g} to {high:g}")

    @property
    def stained(self) -> Stain:
        return stain_of(self.stain)

    @property
    def colour(self) -> Colour | None:
        return ink_colour(self.ink)

    @property
    def below_only(self) -> bool:
        """Whether it cannot be told from melanin, so that pigment counts below the junction alone."""
        if self.colour is None:
            return self.stained.black_melanin
        return any(self.stained.melanin) and likeness(self.colour, MELANIN) >= _ALIKE

    def facts(self) -> dict[str, object]:
        """Every threshold, and the colours that were used."""
        where = "in the dermis" if self.below_only else "everywhere"
        return asdict(self) | {"ink_density": self.colour, "stain_densities": colours_of(self.stained), "counted": where}

    def notes(self) -> list[str]:
        """What the user should know of this ink in this stain."""
        found = []
        if self.below_only:
            found.append(f"--ink {self.ink} has the colour of melanin in --stain {self.stain}: pigment was counted in the "
                         "dermis alone; exclude melanophages by hand")  # fmt: skip
        for name, colour in colours_of(self.stained).items():
            if self.colour is not None and name != "melanin" and likeness(self.colour, colour) >= self.likeness:
                found.append(f"--ink {self.ink} is told from {name} in --stain {self.stain} by its density alone ({self.optical_density:g} or more)")
        return found

    def of(self, band: np.ndarray, white: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Rows, columns, densities up to the ceiling and least densities of the channels of the pixels of a band that are pigment."""
        if self.colour is None:
            return self._black(band, white)
        colour = np.array(self.colour) / np.linalg.norm(self.colour)
        strongest = int(colour.argmax())
        # Of two directions of that likeness no part differs by more than the distance between their ends.
        least = max(0.05, colour[strongest] - np.sqrt(2.0 - 2.0 * self.likeness)) * self.optical_density
        rows, columns = np.nonzero(band[..., strongest] <= (white[strongest] + 1.0) * 10.0**-least - 1.0)
        density = densities(band[rows, columns], white)
        amount = density @ colour.astype(np.float32)
        kept = (amount >= self.optical_density) & (amount >= self.likeness * np.linalg.norm(density, axis=1))
        return rows[kept], columns[kept], np.minimum(amount[kept], self.ceiling), density.min(axis=1)[kept]

    def _black(self, band: np.ndarray, white: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        limits = (white + 1.0) * 10.0**-self.optical_density - 1.0
        candidate = band[..., 1] <= limits[1]
        candidate &= (band[..., 0] <= limits[0]) & (band[..., 2] <= limits[2])
        rows, columns = np.nonzero(candidate)
        density = densities(band[rows, columns], white)
        sure = np.minimum(density, _SURE)
        strongest = sure.max(axis=1)
        kept = strongest - sure.min(axis=1) <= self.saturation * strongest
        amount = self.stained.black(density)
        kept &= amount > 0.5 * self.optical_density  # a dark mixture of both stains leaves little for the ink
        return rows[kept], columns[kept], np.minimum(amount[kept], self.ceiling), density.min(axis=1)[kept]

    def not_tissue(self, places: np.ndarray, weakest: np.ndarray, epidermal: np.ndarray, mpp: float) -> np.ndarray:
        """Which pigment pixels remain where those that may be nuclei, or melanin, are left out; places in rows and columns."""
        if self.below_only:
            return ~epidermal
        if self.colour is not None or self.stained.faint or not any(self.stained.melanin):
            return np.ones(len(places), bool)
        doubtful = np.ones(len(places), bool) if self.stained.black_nuclei else epidermal
        core = weakest >= np.where(epidermal | (not self.stained.black_nuclei), self.core, self.core_nuclei)
        if not doubtful.any() or not core.any():
            return ~doubtful
        away, _ = cKDTree(places[core]).query(places[doubtful], distance_upper_bound=self.core_um / mpp + 1e-6, workers=2)
        kept = np.ones(len(places), bool)
        kept[doubtful] = np.isfinite(away)
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

    def pass_by(self) -> None:
        """The next band holds no pigment."""
        self._last[:] = 0

    def joined(self) -> np.ndarray:
        """Number of the clump of each label, shape (label + 1,); the first stands for none."""
        pairs = np.concatenate([*self._pairs, np.empty((0, 2), np.int64)])
        return connected_components(coo_matrix((np.ones(len(pairs)), pairs.T), shape=(self._count + 1,) * 2), directed=False)[1]
