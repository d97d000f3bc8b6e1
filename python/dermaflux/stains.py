"""Stains of sections: what they colour, as optical density of red, green and blue, and what that leaves of the pigment to measure."""

from dataclasses import dataclass

import numpy as np

from . import _core

Colour = tuple[float, float, float]

# Per unit of stain: the defaults of QuPath, Bankhead 2017, Sci. Rep. 7; black ink absorbs all alike.
HAEMATOXYLIN, EOSIN, BLACK = (0.65, 0.70, 0.29), (0.22, 0.80, 0.56), (1.0, 1.0, 1.0)
# Ruifrok's vectors, ImageJ Colour Deconvolution of G. Landini: ponceau-fuchsin, methyl (aniline) blue, nuclear fast red.
PONCEAU, ANILINE_BLUE, FAST_RED = (0.10, 0.74, 0.67), (0.80, 0.59, 0.11), (0.21, 0.85, 0.48)
IRON_HAEMATOXYLIN = (0.75, 0.72, 0.50)  # Weigert's, blue-black; estimate
MELANIN = (0.45, 0.75, 1.0)  # falls as wavelength^-3, Jacques 2013, Phys. Med. Biol. 58
_NONE = (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Stain:
    """A stain.

    Attributes
    ----------
    nuclei, cells, fibres: optical density of red, green and blue per unit of what an H&E section holds of haematoxylin, of eosin in cells, and of
        eosin in fibres.   melanin: density of melanosomes, 0 where they are bleached.
    unmix: of three colours, black the last one, or None: black is then what the weakest channel holds.
    epidermal: which colour of `unmix` tells cells from fibres; none where nothing does, and lines must be drawn.
    black_melanin: melanin is as black as ink.   black_nuclei: nuclei are nearly as black as ink.
    faint: tissue is not told from the slide.
    """

    name: str
    title: str
    nuclei: Colour
    cells: Colour
    fibres: Colour
    melanin: Colour = MELANIN
    unmix: tuple[Colour, Colour, Colour] | None = None
    epidermal: int | None = None
    black_melanin: bool = False
    black_nuclei: bool = False
    faint: bool = False

    def _share(self, density: np.ndarray, which: int) -> np.ndarray:
        return density @ np.linalg.inv(np.array(self.unmix))[:, which].astype(np.float32)

    def black(self, density: np.ndarray) -> np.ndarray:
        """Density that is black rather than stain, shape (...,); of densities of shape (..., 3)."""
        return self._share(density, 2) if self.name.startswith("he") else density.min(axis=-1)

    def epidermal_amount(self, density: np.ndarray) -> np.ndarray | None:
        """What cells hold more of than fibres, or None."""
        return None if self.epidermal is None else np.maximum(self._share(density, self.epidermal), 0.0)

    def bulk(self, density: np.ndarray, dermal: np.ndarray) -> np.ndarray:
        """Stain that grows with the thickness of the tissue and hardly with its nuclei, cells and fibres apart; of stains with `unmix`."""
        if self.black_nuclei:
            return np.where(dermal, self._share(density, 0), self._share(density, 1))
        return self._share(density, 1)


_HE = (HAEMATOXYLIN, EOSIN, BLACK)
STAINS = {
    one.name: one
    for one in (
        Stain("he", "haematoxylin and eosin", HAEMATOXYLIN, EOSIN, EOSIN, unmix=_HE, epidermal=0),
        Stain("he-bleached", "haematoxylin and eosin after bleaching of melanin", HAEMATOXYLIN, EOSIN, EOSIN, melanin=_NONE, unmix=_HE, epidermal=0),
        Stain("masson", "Masson trichrome with iron haematoxylin and aniline blue", IRON_HAEMATOXYLIN, PONCEAU, ANILINE_BLUE,
              unmix=(ANILINE_BLUE, PONCEAU, BLACK), epidermal=1, black_nuclei=True),
        # Silver on melanin, black; nuclei red and the rest pale: estimates of the amounts of fast red.
        Stain("fontana", "Fontana-Masson with nuclear fast red", FAST_RED, (0.07, 0.28, 0.16), (0.05, 0.20, 0.11), melanin=(1.7, 1.75, 1.8),
              black_melanin=True),
        # What tissue scatters out of the objective: estimate.
        Stain("unstained", "no stain", (0.10, 0.11, 0.13), (0.22, 0.24, 0.28), (0.22, 0.24, 0.28), faint=True),
    )
}  # fmt: skip


def stain_of(name: str) -> Stain:
    """The stain of that name.

    Raises
    ------
    InputError: unknown.
    """
    if name not in STAINS:
        raise _core.InputError(f"--stain {name}: is unknown; use {', '.join(STAINS)}")
    return STAINS[name]


def colours_of(stain: Stain) -> dict[str, Colour]:
    """Colours of what a stain shows, by name, those that are none left out."""
    named = {"nuclei": stain.nuclei, "cells": stain.cells, "fibres": stain.fibres, "melanin": stain.melanin}
    return {name: colour for name, colour in named.items() if any(colour)}


def likeness(one: Colour, other: Colour) -> float:
    """Cosine between two colours [-]."""
    return float(np.dot(one, other) / (np.linalg.norm(one) * np.linalg.norm(other)))


