"""A section at a glance: white level, tissue, and a proposal of surface and junction (DEJ) for the user to accept."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage
from skimage.filters import threshold_otsu
from skimage.graph import route_through_array
from skimage.measure import approximate_polygon

from . import _core
from .histology_image import SectionImage, is_bare
from .progress import Report
from .stains import Stain
from .writing import complete_or_absent, write_text

_STEP_UM = 2.0  # pixel of the overview
_LARGEST = 4000  # its longer side [pixel]
_BRIGHT = 215  # of 255: background without tissue
_DEEPEST_UM = 350.0  # where a junction is looked for
_BAND_UM = 16.0  # tissue on both sides of the junction that is compared: two layers of cells
_LEAST_TISSUE_UM2 = 5000.0
LEAST_CONFIDENCE = 0.5


@dataclass(frozen=True)
class Overview:
    """A section made small.

    Attributes
    ----------
    factor: pixels of the picture per pixel here.   colours: shape (row, column, 3), 0 to 255.
    white: of the background, shape (3,), 0 to 255.   tissue: where it is, shape (row, column).
    """

    factor: int
    colours: np.ndarray
    white: np.ndarray
    tissue: np.ndarray

    def centres(self, where: np.ndarray) -> np.ndarray:
        """Centres of pixels of the overview in pixels of the picture, shape (point, 2), x and y."""
        rows, columns = np.nonzero(where)
        return (np.column_stack([columns, rows]) + 0.5) * self.factor


def densities(colours: np.ndarray, white: np.ndarray) -> np.ndarray:
    """Decadic optical density of each channel [-]."""
    table = np.maximum(np.log10((np.asarray(white) + 1.0) / (np.arange(256.0)[:, None] + 1.0)), 0.0).astype(np.float32)
    return np.stack([table[colours[..., n], n] for n in range(3)], axis=-1)


def overview(image: SectionImage, report: Report, faint: bool = False) -> Overview:
    """Reads a picture once and makes it small.

    Parameters
    ----------
    faint: tissue has no stain that tells it from the slide; all of the picture counts as tissue then.

    Raises
    ------
    InputError: no tissue in it.
    """
    factor = max(1, round(_STEP_UM / image.mpp), -(-max(image.width, image.height) // _LARGEST))
    rows: list[np.ndarray] = []
    rest = np.empty((0, image.width, 3), np.uint8)
    for top, band in image.bands():
        start = min(len(band), -len(rest) % factor)  # rows that fill what the band above left over
        rest = np.concatenate([rest, band[:start]])
        if len(rest) == factor:
            rows.append(_small(rest, factor))
            rest = rest[:0]
        whole = start + (len(band) - start) // factor * factor
        if whole > start:
            rows.append(_small(band[start:whole], factor))
        if whole < len(band):
            rest = np.concatenate([rest, band[whole:]])
        report(top + len(band))
    if len(rest):
        rows.append(_small(rest, factor))
    colours = np.concatenate(rows)
    bright = colours.min(axis=-1) > _BRIGHT
    white = np.median(colours[bright], axis=0) if bright.mean() > 0.002 else np.percentile(colours.reshape(-1, 3), 99.5, axis=0)
    step = factor * image.mpp
    if faint:
        return Overview(factor, colours, np.percentile(colours[bright], 95.0, axis=0) if bright.any() else white, np.ones(bright.shape, bool))
    return Overview(factor, colours, white, _tissue(_mean_density(colours, white), step, image.path))


def _mean_density(colours: np.ndarray, white: np.ndarray) -> np.ndarray:
    """Mean of the channels, in pieces that take little memory."""
    return np.concatenate([densities(part, white).mean(axis=-1) for part in np.array_split(colours, -(-len(colours) // 256))])


def _small(band: np.ndarray, factor: int) -> np.ndarray:
    """Means of squares of `factor` pixels."""
    if is_bare(band):
        return np.full((-(-len(band) // factor), -(-band.shape[1] // factor), 3), 255, np.uint8)
    return np.asarray(Image.fromarray(np.ascontiguousarray(band)).reduce(factor))


def _tissue(density: np.ndarray, step_um: float, path: Path) -> np.ndarray:
    """Where tissue lies: denser than the background, clefts closed, specks and holes left out."""
    smooth = ndimage.gaussian_filter(density, 4.0 / step_um)
    if smooth.max() < 0.05:
        raise _core.InputError(f"{path}: shows no tissue (its darkest place has an optical density of {smooth.max():.3f}); "
                               "is it the right picture, with RGB colours?")  # fmt: skip
    dense = smooth > np.clip(0.5 * threshold_otsu(smooth), 0.03, 0.12)
    padded = np.pad(dense, reach := max(1, round(16.0 / step_um)), mode="edge")
    dense = ndimage.binary_closing(padded, ndimage.generate_binary_structure(2, 1), iterations=reach)[reach:-reach, reach:-reach]
    labels, count = ndimage.label(dense)
    sizes = np.bincount(labels.ravel())[1:]
    if not count or sizes.max() * step_um**2 < _LEAST_TISSUE_UM2:
        raise _core.InputError(f"{path}: shows no tissue (at most {sizes.max(initial=0) * step_um**2:.0f} um2 hang together, "
                               f"{_LEAST_TISSUE_UM2:g} are needed); check the picture and --mpp")  # fmt: skip
    kept = np.isin(labels, 1 + np.flatnonzero(sizes >= 0.05 * sizes.max()))
    return ndimage.binary_fill_holes(kept)


@dataclass(frozen=True)
class Proposal:
    """Lines found without help.

    Attributes
    ----------
    surface, junction: corners, shape (corner, 2) [pixel].
    confidence: share of the columns in which tissue begins below the edge of the picture and the junction parts cells from fibres [-].
    """

    surface: np.ndarray
    junction: np.ndarray
    confidence: float


def propose(seen: Overview, mpp: float, path: Path, stain: Stain) -> Proposal:
    """Surface: where tissue begins from above. Junction: the way from left to right along which the stain of cells (haematoxylin, in Masson's
    trichrome the red) above most exceeds that below.

    Raises
    ------
    InputError: the tissue is too narrow, or its stain does not part cells from fibres.
    """
    if stain.epidermal is None:
        raise _core.InputError(f"{path}: --stain {stain.name} ({stain.title}) does not part epidermis from dermis; "
                               "draw Surface and DEJ in QuPath and give the GeoJSON")  # fmt: skip
    step = seen.factor * mpp
    labels, _ = ndimage.label(seen.tissue)
    largest = labels == 1 + np.argmax(np.bincount(labels.ravel())[1:])
    columns = np.flatnonzero(largest.any(axis=0))
    if len(columns) * step < 50.0:
        raise _core.InputError(f"{path}: its tissue is only {len(columns) * step:.0f} um wide; draw Surface and DEJ and give them as GeoJSON")
    top = ndimage.median_filter(largest[:, columns].argmax(axis=0).astype(float), max(3, round(12.0 / step)), mode="nearest")
    deep = max(8, min(round(_DEEPEST_UM / step), len(seen.tissue)))
    rows = np.clip(top[None].astype(int) + np.arange(deep)[:, None], 0, len(seen.tissue) - 1)
    cells = stain.epidermal_amount(densities(seen.colours[rows, columns], seen.white))
    smooth = ndimage.gaussian_filter(np.minimum(cells, np.percentile(cells, 99.0)), (5.0 / step, 5.0 / step))
    band = max(1, round(_BAND_UM / step))
    over = np.pad(np.cumsum(smooth, axis=0), ((1, 0), (0, 0)))
    places = np.arange(band, deep - band)
    above, below = (over[places] - over[places - band]) / band, (over[places + band] - over[places]) / band
    gain = above - below
    cost = np.exp(-gain / max(np.percentile(gain, 95.0) / 4.0, 1e-6))
    framed = np.pad(cost, ((0, 0), (1, 1)), constant_values=cost.min() * 1e-3)  # the way begins and ends at any depth
    way = np.array(route_through_array(framed, (0, 0), (0, framed.shape[1] - 1), fully_connected=True, geometric=True)[0])
    at = np.array([np.median(way[way[:, 1] == n + 1, 0]) for n in range(len(columns))])
    place = at.astype(int)
    clear = above[place, np.arange(len(columns))] > 1.5 * below[place, np.arange(len(columns))]
    confidence = float((clear & (top > 0)).mean())
    x = (columns + 0.5) * seen.factor
    simple = [approximate_polygon(np.column_stack([x, y]), 0.25 * seen.factor) for y in (top * seen.factor, (top + at + band) * seen.factor)]
    return Proposal(simple[0], simple[1], confidence)


def draw_proposal(seen: Overview, lines: dict[str, np.ndarray], confidence: float, path: Path, excluded: Sequence[np.ndarray] = ()) -> None:
    """Draws lines and regions to be left out on the overview, and writes them beside it as GeoJSON that QuPath opens and `extract` takes."""
    picture = Image.fromarray(seen.colours)
    pen = ImageDraw.Draw(picture)
    for (name, corners), colour in zip(lines.items(), ((0, 110, 255), (0, 160, 60)), strict=False):
        pen.line([tuple(corner) for corner in corners / seen.factor], fill=colour, width=2)
        pen.text(tuple(corners[0] / seen.factor + (4, -12)), name, fill=colour)
    for ring in excluded:
        pen.line([tuple(corner) for corner in ring / seen.factor], fill=(230, 120, 0), width=2)
        pen.text(tuple(ring.mean(axis=0) / seen.factor), "Exclude: fold", fill=(230, 120, 0), anchor="mm")
    pen.text((6, 4), f"proposal, confidence {confidence:.2f}", fill=(0, 0, 0))
    with complete_or_absent(path) as part:
        picture.save(part, format="PNG")
    write_text(path.with_suffix(".geojson"), geojson({name: [corners] for name, corners in lines.items()}, excluded))


def geojson(lines: dict[str, list[np.ndarray]], excluded: Sequence[np.ndarray] = ()) -> str:
    """Lines by class, and rings of the class Exclude, as GeoJSON [pixel]."""
    parts = [(name, "LineString", np.round(piece, 2).tolist()) for name, pieces in lines.items() for piece in pieces]
    parts += [("Exclude", "Polygon", [np.round(ring, 2).tolist()]) for ring in excluded]
    features = [
        {"type": "Feature", "properties": {"objectType": "annotation", "classification": {"name": name}}, "geometry": {"type": kind, "coordinates": corners}}
        for name, kind, corners in parts
    ]  # fmt: skip
    return json.dumps({"type": "FeatureCollection", "features": features})
