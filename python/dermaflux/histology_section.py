"""What was found in one section: pigment by depth below its lines, and in which layer it lies."""

from dataclasses import dataclass, field

import numpy as np

LEVELS = ("surface", "dej", "hypodermis")  # the last only where its line is drawn
LAYERS = ("epidermis", "papillary_dermis", "reticular_dermis", "hypodermis")
QUANTILES = (0.1, 0.5, 0.9)
FINE_UM = 1.0  # depth is told apart that finely; bins of a profile are wholes of it


@dataclass(frozen=True)
class SectionProfile:
    """Pigment of one section; depths and lengths are those of the tissue before it shrank.

    Attributes
    ----------
    clump: number of the clump of each row of the table, shape (row,).
    depth_um: its depth below surface, junction and, if that is drawn, the lower end of the dermis, shape (row, level).
    mass: its pigment, in optical density times area [um^2].
    tissue_um2: tissue by depth from `tissue_from_um` on, in steps of 1 um, of each level.
    area_um2: covered by pigment.   lateral_sd_um: spread along the surface.   dots: deposits further apart than `dot_gap_um`.
    mask: pigment, one bit a pixel, rows filled up to bytes (`numpy.unpackbits`).
    facts: everything that decided it.   papillary_um: thickness of the papillary dermis, below the junction.
    """

    clump: np.ndarray
    depth_um: np.ndarray
    mass: np.ndarray
    tissue_um2: tuple[np.ndarray, ...]
    tissue_from_um: tuple[float, ...]
    area_um2: float
    lateral_sd_um: float
    dots: int
    mask: np.ndarray
    facts: dict[str, object] = field(repr=False)
    papillary_um: float = 120.0

    @property
    def clumps(self) -> int:
        return len(np.unique(self.clump))

    @property
    def levels(self) -> tuple[str, ...]:
        return LEVELS[: self.depth_um.shape[1]]

    def quantiles_um(self, level: str) -> np.ndarray:
        """Depths above which 10, 50 and 90 % of the pigment lie [um]."""
        return quantiles(self.depth_um[:, LEVELS.index(level)], self.mass)

    @property
    def share_epidermis(self) -> float:
        """Share of the pigment above the junction [-]."""
        return float(self.layer_shares()[0])

    def layer(self, shift_um: float = 0.0) -> np.ndarray:
        """Number in `LAYERS` of each row of the table, if the lines lay that much higher; without its line nothing counts as hypodermis, and the
        reticular dermis has all below the papillary."""
        below = self.depth_um[:, 1] + shift_um
        deep = self.depth_um[:, 2] + shift_um >= 0.0 if self.depth_um.shape[1] > 2 else np.zeros(len(below), bool)
        return np.where(deep, 3, np.where(below < 0.0, 0, np.where(below < self.papillary_um, 1, 2)))

    def layer_shares(self) -> np.ndarray:
        """Shares of the pigment in `LAYERS`."""
        return np.bincount(self.layer(), self.mass, len(LAYERS)) / self.mass.sum()


def quantiles(depth_um: np.ndarray, mass: np.ndarray) -> np.ndarray:
    """Depths above which 10, 50 and 90 % of the mass lie; each row fills a step of 1 um about its depth."""
    order = np.argsort(depth_um, kind="stable")
    at, first = np.unique(depth_um[order], return_index=True)
    steps = np.add.reduceat(mass[order], first)
    ends = np.cumsum(steps) / mass.sum()
    n = np.searchsorted(ends, QUANTILES)
    before = ends[n] - steps[n] / mass.sum()
    return at[n] + FINE_UM * ((np.array(QUANTILES) - before) / (ends[n] - before) - 0.5)
