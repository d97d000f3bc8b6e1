"""From pictures of sections to pigment against depth below the surface and below the junction (DEJ)."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy import ndimage

from . import _core
from .histology_annotation import Annotation, Line, LineDepth, read_annotation
from .histology_image import SectionImage, open_image
from .histology_pigment import Clumps, PigmentRule
from .histology_proposal import LEAST_CONFIDENCE, Overview, draw_proposal, overview, propose
from .progress import progress_bar

LEVELS = ("surface", "dej")
QUANTILES = (0.1, 0.5, 0.9)
_FINE_UM = 1.0  # depth is told apart that finely; bins of a profile are wholes of it
_CELL_UM = 0.5  # pixels nearer together share a depth


@dataclass(frozen=True)
class SectionProfile:
    """Pigment of one section; depths and lengths are those of the tissue before it shrank.

    Attributes
    ----------
    clump: number of the clump of each row of the table, shape (row,).   depth_um: its depth below surface and junction, shape (row, 2).
    mass: its pigment, in optical density times area [um^2].
    tissue_um2: tissue by depth from `tissue_from_um` on, in steps of 1 um; for surface and junction.
    area_um2: covered by pigment.   lateral_sd_um: spread along the surface.   dots: deposits further apart than `dot_gap_um`.
    mask: pigment, one bit a pixel, rows filled up to bytes (`numpy.unpackbits`).
    facts: everything that decided it.
    """

    clump: np.ndarray
    depth_um: np.ndarray
    mass: np.ndarray
    tissue_um2: tuple[np.ndarray, np.ndarray]
    tissue_from_um: tuple[float, float]
    area_um2: float
    lateral_sd_um: float
    dots: int
    mask: np.ndarray
    facts: dict[str, object] = field(repr=False)

    @property
    def clumps(self) -> int:
        return len(np.unique(self.clump))

    def quantiles_um(self, level: str) -> np.ndarray:
        """Depths above which 10, 50 and 90 % of the pigment lie [um]."""
        return quantiles(self.depth_um[:, LEVELS.index(level)], self.mass)

    @property
    def share_epidermis(self) -> float:
        """Share of the pigment above the junction [-]."""
        return float(self.mass[self.depth_um[:, 1] < 0.0].sum() / self.mass.sum())


def quantiles(depth_um: np.ndarray, mass: np.ndarray) -> np.ndarray:
    """Depths above which 10, 50 and 90 % of the mass lie; each row fills a step of 1 um about its depth."""
    order = np.argsort(depth_um, kind="stable")
    at, first = np.unique(depth_um[order], return_index=True)
    steps = np.add.reduceat(mass[order], first)
    ends = np.cumsum(steps) / mass.sum()
    n = np.searchsorted(ends, QUANTILES)
    before = ends[n] - steps[n] / mass.sum()
    return at[n] + _FINE_UM * ((np.array(QUANTILES) - before) / (ends[n] - before) - 0.5)


def extract(
    picture: str | os.PathLike[str],
    annotation: str | os.PathLike[str] | None = None,
    *,
    mpp: float | None = None,
    rule: PigmentRule = PigmentRule(),  # noqa: B008
    shrinkage: float = 0.0,
    thickness_um: float = 4.0,
    dot_gap_um: float = 150.0,
    proposal: Path | None = None,
    progress: bool = False,
) -> SectionProfile:
    """Pigment of one section by depth.

    Parameters
    ----------
    annotation: GeoJSON; lines it does not hold are proposed.   mpp: side of a pixel [um]; that of the metadata otherwise.
    shrinkage: of lengths by fixing and embedding; depths are divided by what is left [-].   thickness_um: of the section, kept as a fact.
    proposal: PNG to draw proposed lines on; GeoJSON beside it.

    Raises
    ------
    FileError, InputError: pictures and annotations that cannot be measured, lines that cannot be proposed, no pigment.
    """
    for name, value, low, high in (("shrinkage", shrinkage, 0.0, 0.5), ("thickness-um", thickness_um, 0.5, 500.0), ("dot-gap-um", dot_gap_um, 1.0, 5000.0)):
        if not low <= value <= high:
            raise _core.InputError(f"--{name} {value:g}: is out of range; use {low:g} to {high:g}")
    image = open_image(picture, mpp)
    drawn = read_annotation(annotation, image.width, image.height) if annotation is not None else Annotation({}, {})
    with progress_bar(f"reading {image.path.name}", 2 * image.height, counted=False, quiet=not progress) as report:
        seen = overview(image, report)
        lines, confidence = _lines(drawn, seen, image, proposal)
        scale = image.mpp / (1.0 - shrinkage)
        levels = _levels(lines, image.mpp)
        table, area, lateral, mask = _pigment(image, drawn, seen, rule, levels, scale, lambda done: report(image.height + done))
        tissue = _tissue(drawn, seen, levels, scale)
    mass = table[:, 3]
    if not mass.sum() > 0.0:
        raise _core.InputError(f"{image.path}: shows no pigment of --ink {rule.ink} below the surface; is the ink right, are ROI and Pigment where it is?")
    mean = np.average(lateral[:, 0], weights=lateral[:, 1])
    facts = {
        "image": image.path.name, "image_sha256": _sha256(image.path), "annotation": Path(annotation).name if annotation is not None else "none",
        "mpp_um": image.mpp, "mpp_source": image.mpp_source, "lines": ", ".join(f"{name} {'drawn' if name in drawn.lines else 'proposed'}" for name in lines),
        "confidence": confidence, "white": [float(one) for one in seen.white], "rule": rule.facts(), "shrinkage": shrinkage, "thickness_um": thickness_um,
        "dot_gap_um": dot_gap_um, "notes": [*image.notes, *_pieces(drawn, seen)],
    }  # fmt: skip
    return SectionProfile(
        table[:, 0].astype(np.int64), table[:, 1:3], mass, tuple(one[0] for one in tissue), tuple(one[1] for one in tissue), area,
        float(np.sqrt(np.average((lateral[:, 0] - mean) ** 2, weights=lateral[:, 1]))), _dots(lateral, dot_gap_um), mask, facts,
    )  # fmt: skip


def _pieces(drawn: Annotation, seen: Overview) -> list[str]:
    """A note where tissue lies in pieces and no ROI says which one the lines belong to."""
    count = ndimage.label(seen.tissue)[1]
    if count < 2 or drawn.regions.get("ROI"):
        return []
    return [f"shows {count} pieces of tissue, all measured from the same lines; draw an ROI around the one they belong to"]


def _lines(drawn: Annotation, seen: Overview, image: SectionImage, picture: Path | None) -> tuple[dict[str, Line], float]:
    """Surface and junction, drawn or else proposed, and the confidence of a proposal (1 if all is drawn)."""
    lines = {name: drawn.lines[name] for name in ("Surface", "DEJ") if name in drawn.lines}
    if len(lines) == 2 and picture is None:
        return lines, 1.0
    found = propose(seen, image.mpp, image.path)
    if picture is not None:
        draw_proposal(seen, {"Surface": found.surface, "DEJ": found.junction}, found.confidence, picture)
    if len(lines) < 2 and found.confidence < LEAST_CONFIDENCE:
        where = f"; {picture} shows what was tried" if picture is not None else ""
        raise _core.InputError(f"{image.path}: surface and DEJ are not found with confidence ({found.confidence:.2f}, {LEAST_CONFIDENCE:g} is needed; the surface must face up){where}; "
                               "draw them in QuPath and give the GeoJSON")  # fmt: skip
    return {"Surface": Line((found.surface,)), "DEJ": Line((found.junction,))} | lines, 1.0 if len(lines) == 2 else found.confidence


def _levels(lines: dict[str, Line], mpp: float) -> list[LineDepth]:
    """Depths below surface and junction: the junction lies below the surface, and the surface above the junction."""
    spacing = max(0.5, _CELL_UM / mpp)
    corners = {name: np.concatenate(line.pieces) for name, line in lines.items()}
    surface = lines["Surface"].depth(spacing, corners["DEJ"])
    junction = lines["DEJ"].depth(spacing, corners["Surface"])
    junction.normals *= -1.0
    return [surface, junction]


def _pigment(
    image: SectionImage, drawn: Annotation, seen: Overview, rule: PigmentRule, levels: list[LineDepth], scale: float, report: Callable[[float], None]
) -> tuple[np.ndarray, float, np.ndarray, np.ndarray]:
    """Table of clump, depths below surface and junction [um], mass [um^2]; area [um^2]; place along the surface [um] and mass; mask."""
    clumps, parts, bits = Clumps(image.width), [], []
    cell = max(1, round(_CELL_UM / image.mpp))
    for top, band in image.bands():
        rows, columns, amount, weakest = rule.of(band, seen.white)
        allowed = drawn.counted(top, band.shape[:2])
        if drawn.regions.get("Pigment"):
            within = drawn.covers("Pigment", top, band.shape[:2])
            allowed = within if allowed is None else allowed & within
        if allowed is not None:
            kept = allowed[rows, columns]
            rows, columns, amount, weakest = rows[kept], columns[kept], amount[kept], weakest[kept]
        cells, inverse = np.unique(((rows + top) // cell) * image.width + columns // cell, return_inverse=True)
        places = (np.column_stack([cells % image.width, cells // image.width]) + 0.5) * cell
        (deep, along), (below, _) = (levels[0](places), levels[1](places)) if len(places) else ((np.empty(0), np.empty(0)), (np.empty(0), np.empty(0)))
        good = (deep > -1.0) & np.isfinite(below)  # ink on the slide above the skin is none of the skin
        kept = good[inverse] & rule.in_epidermis(np.column_stack([rows, columns]), weakest, (below < 0.0)[inverse], image.mpp)
        rows, columns, amount, inverse = rows[kept], columns[kept], amount[kept], inverse[kept]
        mask = np.zeros(band.shape[:2], bool)
        mask[rows, columns] = True
        labels = clumps.label(mask, rows, columns)
        bits.append(np.packbits(mask, axis=1))
        fine = np.floor(np.column_stack([np.maximum(deep, 0.0), below, along])[inverse] * (scale / _FINE_UM))
        parts.append(_summed(np.column_stack([labels, fine]), np.column_stack([amount, np.ones(len(amount))])))
        report(top + len(band))
    keys, sums = (np.concatenate([part[n] for part in parts]) for n in (0, 1))
    owner = clumps.joined()[keys[:, 0].astype(np.int64)]
    pixel = scale**2
    sizes = np.bincount(owner, sums[:, 1]) * pixel if len(owner) else np.empty(0)
    large = sizes[owner] >= rule.smallest_um2 if len(owner) else np.empty(0, bool)
    keys, sums, owner = keys[large], sums[large], owner[large]
    depths = (keys[:, 1:3] + 0.5) * _FINE_UM
    table, mass = _summed(np.column_stack([owner, depths]), sums[:, :1] * pixel)
    return np.column_stack([table, mass]), float(sums[:, 1].sum() * pixel), np.column_stack([(keys[:, 3] + 0.5) * _FINE_UM, sums[:, 0] * pixel]), np.concatenate(bits)


def _summed(keys: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distinct keys, in order, and what falls on each, summed."""
    if not len(keys):
        return keys, values
    distinct, inverse = np.unique(keys, axis=0, return_inverse=True)
    return distinct, np.column_stack([np.bincount(inverse.ravel(), column, len(distinct)) for column in values.T])


def _tissue(drawn: Annotation, seen: Overview, levels: list[LineDepth], scale: float) -> list[tuple[np.ndarray, float]]:
    """Tissue by depth below surface and junction, in steps of 1 um [um^2], and where it begins [um]."""
    allowed = drawn.counted(0, seen.tissue.shape, seen.factor)
    places = seen.centres(seen.tissue if allowed is None else seen.tissue & allowed)
    surface, junction = (level(places)[0] for level in levels)
    good = (surface > -1.0) & np.isfinite(junction)
    found = []
    for depth in (np.maximum(surface[good], 0.0), junction[good]):
        fine = np.floor(depth * scale / _FINE_UM).astype(int)
        first = int(fine.min(initial=0))
        found.append((np.bincount(fine - first) * (seen.factor * scale) ** 2, first * _FINE_UM))
    return found


def _dots(lateral: np.ndarray, gap_um: float) -> int:
    """Deposits along the surface that a gap parts and that hold 1 % of the pigment or more."""
    order = np.argsort(lateral[:, 0], kind="stable")
    starts = np.flatnonzero(np.append(True, np.diff(lateral[order, 0]) > gap_um))
    return int((np.add.reduceat(lateral[order, 1], starts) >= 0.01 * lateral[:, 1].sum()).sum())


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
