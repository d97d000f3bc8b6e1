"""From pictures of sections to pigment against depth below the surface and below the junction (DEJ)."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import ndimage

from . import _core
from .histology_annotation import Annotation, Line, LineDepth, read_annotation
from .histology_folds import Folds, find_folds, no_folds
from .histology_image import SectionImage, is_bare, open_image
from .histology_pigment import Clumps, PigmentRule
from .histology_proposal import LEAST_CONFIDENCE, Overview, Proposal, draw_proposal, overview, propose
from .histology_section import FINE_UM, SectionProfile
from .progress import progress_bar
from .stains import Stain

FOLDS = ("leave-out", "count")

_NO_PIXELS = (np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32), np.empty(0, np.float32))
_NO_DEPTHS = (np.empty(0), np.empty(0))
_CELL_UM = 0.5  # pixels nearer together share a depth


@dataclass(frozen=True)
class _Ground:
    """Lines of a section and what lies about them, in pixels of the picture.

    Attributes
    ----------
    levels: depth below surface, junction, and the lower end of the dermis where that is drawn.   scale: micrometres of tissue per pixel.
    """

    drawn: Annotation
    seen: Overview
    levels: list[LineDepth]
    scale: float
    folds: Folds


def extract(
    picture: str | os.PathLike[str],
    annotation: str | os.PathLike[str] | None = None,
    *,
    mpp: float | None = None,
    rule: PigmentRule = PigmentRule(),  # noqa: B008
    shrinkage: float = 0.0,
    thickness_um: float = 4.0,
    dot_gap_um: float = 150.0,
    papillary_um: float = 120.0,
    folds: str = "leave-out",
    proposal: Path | None = None,
    progress: bool = False,
) -> SectionProfile:
    """Pigment of one section by depth.

    Parameters
    ----------
    annotation: GeoJSON; Surface and DEJ are proposed where it does not hold them.   mpp: side of a pixel [um]; that of the metadata otherwise.
    shrinkage: of lengths by fixing and embedding; depths are divided by what is left [-].   thickness_um: of the section, kept as a fact.
    papillary_um: thickness of the papillary dermis, before it shrank.   folds: "leave-out" or "count" what lies where tissue is folded.
    proposal: PNG to draw proposed lines and folds on; GeoJSON beside it.

    Raises
    ------
    FileError, InputError: pictures and annotations that cannot be measured, lines that cannot be proposed, no pigment.
    """
    for name, value, low, high in (
        ("shrinkage", shrinkage, 0.0, 0.5), ("thickness-um", thickness_um, 0.5, 500.0), ("dot-gap-um", dot_gap_um, 1.0, 5000.0),
        ("papillary-um", papillary_um, 10.0, 1000.0),
    ):  # fmt: skip
        if not low <= value <= high:
            raise _core.InputError(f"--{name} {value:g}: is out of range; use {low:g} to {high:g}")
    if folds not in FOLDS:
        raise _core.InputError(f"--folds {folds}: is unknown; use {', '.join(FOLDS)}")
    image = open_image(picture, mpp)
    drawn = read_annotation(annotation, image.width, image.height) if annotation is not None else Annotation({}, {})
    with progress_bar(f"reading {image.path.name}", 2 * image.height, counted=False, quiet=not progress) as report:
        seen = overview(image, report, rule.stained.faint)
        lines, confidence, found = _lines(drawn, seen, image, rule.stained, proposal)
        scale = image.mpp / (1.0 - shrinkage)
        levels = _levels(lines, drawn.lines.get("Dermis-Hypodermis"), image.mpp)
        depths = [level(seen.centres(seen.tissue))[0] * scale for level in levels]
        folded = find_folds(seen, image.mpp, rule, depths[0], depths[1])
        if proposal is not None and found is not None:
            draw_proposal(seen, {"Surface": found.surface, "DEJ": found.junction}, found.confidence, proposal, folded.rings)
        ground = _Ground(drawn, seen, levels, scale, folded if folds == "leave-out" else no_folds(seen))
        table, area, lateral, mask = _pigment(image, ground, rule, lambda done: report(image.height + done))
        tissue = _tissue(ground, depths)
    mass = table[:, -1]
    if not mass.sum() > 0.0:
        raise _core.InputError(f"{image.path}: shows no pigment of --ink {rule.ink} below the surface; is the ink right, are ROI and Pigment where it is?")
    mean = np.average(lateral[:, 0], weights=lateral[:, 1])
    notes = [*image.notes, *rule.notes(), *_pieces(drawn, seen), *_folded(folded, folds), *_without_line(drawn)]
    facts = {
        "image": image.path.name, "image_sha256": _sha256(image.path), "annotation": Path(annotation).name if annotation is not None else "none",
        "mpp_um": image.mpp, "mpp_source": image.mpp_source, "lines": ", ".join(f"{name} {'drawn' if name in drawn.lines else 'proposed'}" for name in lines),
        "confidence": confidence, "white": [float(one) for one in seen.white], "rule": rule.facts(), "shrinkage": shrinkage, "thickness_um": thickness_um,
        "dot_gap_um": dot_gap_um, "papillary_um": papillary_um, "folds": {"number": len(folded.rings), "area_um2": round(folded.area_um2, 1), "treated": folds},
        "synthetic": image.synthetic, "notes": notes,
    }  # fmt: skip
    return SectionProfile(
        table[:, 0].astype(np.int64), table[:, 1:-1], mass, tuple(one[0] for one in tissue), tuple(one[1] for one in tissue), area,
        float(np.sqrt(np.average((lateral[:, 0] - mean) ** 2, weights=lateral[:, 1]))), _dots(lateral, dot_gap_um), mask, facts, papillary_um,
    )  # fmt: skip


def _folded(folded: Folds, treated: str) -> list[str]:
    """A note on folds that were found."""
    if not folded.rings:
        return []
    what = "left out (--folds count counts them)" if treated == "leave-out" else "counted (--folds leave-out leaves them out)"
    return [f"shows {len(folded.rings)} fold(s) of {folded.area_um2:.0f} um2, {what}; --proposal lines.png shows where"]


def _without_line(drawn: Annotation) -> list[str]:
    """A note where layers end at a line that is not drawn."""
    if drawn.lines and "Dermis-Hypodermis" not in drawn.lines:
        return ["has no line Dermis-Hypodermis: all below the papillary dermis counts as reticular dermis"]
    return []


def _pieces(drawn: Annotation, seen: Overview) -> list[str]:
    """A note where tissue lies in pieces and no ROI says which one the lines belong to, or is not told from the slide."""
    if seen.tissue.all():
        return ["tissue is not told from the slide: all under the line Surface counts as tissue"]
    count = ndimage.label(seen.tissue)[1]
    if count < 2 or drawn.regions.get("ROI"):
        return []
    return [f"shows {count} pieces of tissue, all measured from the same lines; draw an ROI around the one they belong to"]


def _lines(
    drawn: Annotation, seen: Overview, image: SectionImage, stain: Stain, picture: Path | None
) -> tuple[dict[str, Line], float, Proposal | None]:
    """Surface and junction, drawn or else proposed, the confidence of a proposal (1 if all is drawn), and the proposal if there is one."""
    lines = {name: drawn.lines[name] for name in ("Surface", "DEJ") if name in drawn.lines}
    if len(lines) == 2 and picture is None:
        return lines, 1.0, None
    found = propose(seen, image.mpp, image.path, stain)
    if len(lines) < 2 and found.confidence < LEAST_CONFIDENCE:
        where = ""
        if picture is not None:
            draw_proposal(seen, {"Surface": found.surface, "DEJ": found.junction}, found.confidence, picture)
            where = f"; {picture} shows what was tried"
        raise _core.InputError(f"{image.path}: surface and DEJ are not found with confidence ({found.confidence:.2f}, {LEAST_CONFIDENCE:g} is needed; "
                               f"the surface must face up){where}; draw them in QuPath and give the GeoJSON")  # fmt: skip
    confidence = 1.0 if len(lines) == 2 else found.confidence
    return {"Surface": Line((found.surface,)), "DEJ": Line((found.junction,))} | lines, confidence, found


def _levels(lines: dict[str, Line], bottom: Line | None, mpp: float) -> list[LineDepth]:
    """Depths below surface and junction, and below the end of the dermis if it is drawn: the junction lies below the surface, the surface
    above all others."""
    spacing = max(0.5, _CELL_UM / mpp)
    corners = {name: np.concatenate(line.pieces) for name, line in lines.items()}
    levels = [lines["Surface"].depth(spacing, corners["DEJ"])]
    for line in (lines["DEJ"], *([bottom] if bottom is not None else [])):
        level = line.depth(spacing, corners["Surface"])
        level.normals *= -1.0
        levels.append(level)
    if bottom is not None:
        levels[2].open_ends = True  # it parts layers beyond its ends, too
        if np.nanmedian(levels[1](np.concatenate(bottom.pieces))[0]) <= 0.0:
            raise _core.InputError("Dermis-Hypodermis lies above the DEJ; exchange the classes of the two lines")
    return levels


def _pigment(image: SectionImage, ground: _Ground, rule: PigmentRule, report: Callable[[float], None]) -> tuple[np.ndarray, float, np.ndarray, np.ndarray]:
    """Table of clump, depths below the levels [um], mass [um^2]; area [um^2]; place along the surface [um] and mass; mask."""
    clumps, parts, bits = Clumps(image.width), [], np.zeros((image.height, -(-image.width // 8)), np.uint8)
    nothing = np.empty((0, len(ground.levels) + 2)), np.empty((0, 2))
    cell, scale = max(1, round(_CELL_UM / image.mpp)), ground.scale
    for top, band in image.bands():
        report(top + len(band))
        rows, columns, amount, weakest = rule.of(band, ground.seen.white) if not is_bare(band) else _NO_PIXELS
        if not len(rows):
            clumps.pass_by()
            continue
        kept = ~ground.folds.at(rows + top, columns, ground.seen.factor)
        allowed = ground.drawn.allowed(top, band.shape[:2])
        if allowed is not None:
            kept &= allowed[rows, columns]
        rows, columns, amount, weakest = rows[kept], columns[kept], amount[kept], weakest[kept]
        cells, inverse = np.unique(((rows + top) // cell) * image.width + columns // cell, return_inverse=True)
        places = (np.column_stack([cells % image.width, cells // image.width]) + 0.5) * cell
        found = [level(places) if len(places) else _NO_DEPTHS for level in ground.levels]
        deep, below = found[0][0], found[1][0]
        good = (deep > -1.0) & np.isfinite(below)  # ink on the slide above the skin is none of the skin
        kept = good[inverse] & rule.not_tissue(np.column_stack([rows, columns]), weakest, (below < 0.0)[inverse], image.mpp)
        rows, columns, amount, inverse = rows[kept], columns[kept], amount[kept], inverse[kept]
        mask = np.zeros(band.shape[:2], bool)
        mask[rows, columns] = True
        labels = clumps.label(mask, rows, columns)
        bits[top : top + len(band)] = np.packbits(mask, axis=1)
        fine = np.floor(np.column_stack([np.maximum(deep, 0.0), *(one[0] for one in found[1:]), found[0][1]])[inverse] * (scale / FINE_UM))
        parts.append(_summed(np.column_stack([labels, fine]), np.column_stack([amount, np.ones(len(amount))])))
    keys, sums = (np.concatenate([part[n] for part in (nothing, *parts)]) for n in (0, 1))
    owner = clumps.joined()[keys[:, 0].astype(np.int64)]
    pixel = scale**2
    sizes = np.bincount(owner, sums[:, 1]) * pixel if len(owner) else np.empty(0)
    large = sizes[owner] >= rule.smallest_um2 if len(owner) else np.empty(0, bool)
    keys, sums, owner = keys[large], sums[large], owner[large]
    places = (keys[:, 1:] + 0.5) * FINE_UM
    table, mass = _summed(np.column_stack([owner, places[:, :-1]]), sums[:, :1] * pixel)
    lateral = np.column_stack([places[:, -1], sums[:, 0] * pixel])
    return np.column_stack([table, mass]), float(sums[:, 1].sum() * pixel), lateral, bits


def _summed(keys: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distinct keys, in order, and what falls on each, summed."""
    if not len(keys):
        return keys, values
    distinct, inverse = np.unique(keys, axis=0, return_inverse=True)
    return distinct, np.column_stack([np.bincount(inverse.ravel(), column, len(distinct)) for column in values.T])


def _tissue(ground: _Ground, depths: list[np.ndarray]) -> list[tuple[np.ndarray, float]]:
    """Tissue by depth below each level, in steps of 1 um [um^2], and where it begins [um]; from the depths of the tissue of the overview [um]."""
    seen = ground.seen
    allowed = ground.drawn.counted(0, seen.tissue.shape, seen.factor)
    counted = (~ground.folds.where if allowed is None else allowed & ~ground.folds.where)[seen.tissue]
    good = counted & (depths[0] > -ground.scale) & np.isfinite(depths[1])
    found = []
    for depth in (np.maximum(depths[0], 0.0), *depths[1:]):
        fine = np.floor(depth[good] / FINE_UM).astype(int)
        first = int(fine.min(initial=0))
        found.append((np.bincount(fine - first) * (seen.factor * ground.scale) ** 2, first * FINE_UM))
    return found


def _dots(lateral: np.ndarray, gap_um: float) -> int:
    """Deposits along the surface that a gap parts and that hold 1 % of the pigment or more."""
    order = np.argsort(lateral[:, 0], kind="stable")
    starts = np.flatnonzero(np.append(True, np.diff(lateral[order, 0]) > gap_um))
    return int((np.add.reduceat(lateral[order, 1], starts) >= 0.01 * lateral[:, 1].sum()).sum())


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
