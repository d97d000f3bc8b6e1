"""Whole slides in the formats of scanners, through OpenSlide when it is installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from . import _core

if TYPE_CHECKING:
    import openslide

# Formats that OpenSlide reads and no TIFF reader does, or not whole; .svs is read as TIFF where it is missing.
SLIDES = (".mrxs", ".ndpi", ".vms", ".vmu", ".scn", ".svslide", ".bif", ".dcm", ".czi")
_BAND_BYTES = 64 << 20
_ROWS = 512


def for_openslide(path: Path) -> bool:
    """Whether a file is to be read through OpenSlide.

    Raises
    ------
    InputError: it is, and OpenSlide is not installed.
    """
    ending = path.suffix.lower()
    if ending in SLIDES and _openslide() is None:
        raise _core.InputError(f"{path}: is a whole slide that only OpenSlide reads; install it (pip install 'dermaflux[slides]'), or export a tiled TIFF")
    return ending in SLIDES or (ending == ".svs" and _openslide() is not None)


def _openslide():  # noqa: ANN202
    try:
        import openslide
    except ImportError:  # openslide-python without the library raises this, too
        return None
    return openslide


@contextmanager
def _opened(path: Path) -> Iterator[openslide.OpenSlide]:
    library = _openslide()
    try:
        slide = library.OpenSlide(path)
    except (library.OpenSlideError, OSError) as error:
        raise _core.FileError(f"{path}: OpenSlide cannot read it ({error}); copy the slide again with the files that belong to it") from None
    try:
        yield slide
    finally:
        slide.close()


def slide_facts(path: Path) -> tuple[int, int, float | None, float | None]:
    """Width and height [pixel] of what was scanned, and sides of a pixel across and down [um], None where they are unknown."""
    with _opened(path) as slide:
        _, _, width, height = _bounds(slide)
        across, down = (slide.properties.get(f"openslide.mpp-{axis}") for axis in "xy")
        return width, height, float(across) if across else None, float(down) if down else None


def _bounds(slide: openslide.OpenSlide) -> tuple[int, int, int, int]:
    """Left, top, width and height of what was scanned; QuPath counts pixels from there, too."""
    names = [f"openslide.bounds-{name}" for name in ("x", "y", "width", "height")]
    if all(name in slide.properties for name in names):
        left, top, width, height = (int(slide.properties[name]) for name in names)
        return left, top, width, height
    return 0, 0, *slide.dimensions


def slide_bands(path: Path) -> Iterator[tuple[int, np.ndarray]]:
    """First row and pixels of each band, shape (row, width, 3); what was not scanned is white."""
    with _opened(path) as slide:
        left, top, width, height = _bounds(slide)
        rows = max(16, min(_ROWS, _BAND_BYTES // (4 * width)))
        for first in range(0, height, rows):
            high = min(rows, height - first)
            pixels = np.asarray(slide.read_region((left, top + first), 0, (width, high)))
            band = np.ascontiguousarray(pixels[..., :3])
            band[pixels[..., 3] == 0] = 255
            yield first, band
