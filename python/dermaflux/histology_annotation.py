"""Lines and regions drawn on a section (GeoJSON as QuPath writes it), and depth below a line."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from scipy.spatial import cKDTree

from . import _core

LINES = ("Surface", "DEJ", "Dermis-Hypodermis")
REGIONS = ("ROI", "Exclude", "Pigment")
_GEOMETRIES = {"LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}


@dataclass(frozen=True)
class Line:
    """A line of one or more pieces on a section, with a side that is below.

    Attributes
    ----------
    pieces: corners of each piece, shape (corner, 2) [pixel], x and y.
    """

    pieces: tuple[np.ndarray, ...]

    def depth(self, spacing: float, below: np.ndarray) -> "LineDepth":
        """Depth below the line, by points that lie below it, shape (point, 2) [pixel].

        Parameters
        ----------
        spacing: of the samples of the line [pixel].

        Raises
        ------
        InputError: none of the points lies below or above it.
        """
        points, normals, along, ends, start = [], [], [], [], 0.0
        for piece in self.pieces:
            steps = np.diff(piece, axis=0)
            lengths = np.hypot(*steps.T)
            reached = np.concatenate([[0.0], np.cumsum(lengths)])
            at = np.unique(np.concatenate([np.linspace(0.0, reached[-1], max(2, int(reached[-1] / spacing) + 1)), reached]))
            points.append(np.column_stack([np.interp(at, reached, piece[:, axis]) for axis in (0, 1)]))
            left = np.column_stack([-steps[:, 1], steps[:, 0]]) / lengths[:, None]
            middle = [left[np.clip(np.searchsorted(reached, at + off) - 1, 0, len(left) - 1)] for off in (-1e-9, 1e-9)]
            normals.append(0.5 * (middle[0] + middle[1]))  # at a corner that of both sides: the sign of the distance is right about it
            along.append(start + at)
            ends.append(np.isin(np.arange(len(at)), (0, len(at) - 1)))
            start += reached[-1]
        found = LineDepth(np.concatenate(points), np.concatenate(normals), np.concatenate(along), np.concatenate(ends))
        deep = found(below)[0]
        if np.isnan(deep).all():
            raise _core.InputError("Surface and DEJ do not lie above each other; draw both over the same stretch of skin")
        if np.nanmedian(deep) < 0.0:
            found.normals *= -1.0
        return found


@dataclass
class LineDepth:
    """Samples of a line, shape (sample, 2) [pixel]: place, unit normal that points below, way along the line, whether an end.
    Depth beyond an end is no number, unless the ends are open."""

    points: np.ndarray
    normals: np.ndarray
    along: np.ndarray
    ends: np.ndarray
    open_ends: bool = False
    tree: cKDTree = field(init=False)

    def __post_init__(self) -> None:
        self.tree = cKDTree(self.points)

    def __call__(self, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Signed distance below the line, NaN beyond its ends, and the way along the line of the nearest point [pixel]."""
        distance, nearest = self.tree.query(places, workers=2)
        off = places - self.points[nearest]
        below = np.einsum("ij,ij->i", off, self.normals[nearest])
        # Beyond an end the nearest point is that end and lies aside; two pixels are what a line may stop before the edge of the picture.
        aside = np.abs(off[:, 0] * self.normals[nearest, 1] - off[:, 1] * self.normals[nearest, 0])
        outside = self.ends[nearest] & (aside > 2.0) & (not self.open_ends)
        return np.where(outside, np.nan, np.copysign(distance, below)), self.along[nearest]


@dataclass(frozen=True)
class Annotation:
    """What was drawn on a section.

    Attributes
    ----------
    lines: by class, of `LINES`.   regions: by class, of `REGIONS`: polygons, each a list of rings, shape (corner, 2) [pixel], the first the outer one.
    """

    lines: dict[str, Line]
    regions: dict[str, list[list[np.ndarray]]]

    def covers(self, name: str, top: int, shape: tuple[int, int], factor: int = 1) -> np.ndarray:
        """Which pixels of a band the regions of a class cover; a pixel may stand for `factor` of the picture each way."""
        canvas = Image.new("L", (shape[1], shape[0]))
        pen = ImageDraw.Draw(canvas)
        for rings in self.regions.get(name, []):
            for n, ring in enumerate(rings):
                pen.polygon([(x / factor - 0.5, y / factor - top - 0.5) for x, y in ring], fill=int(n == 0))
        return np.asarray(canvas, dtype=bool)

    def counted(self, top: int, shape: tuple[int, int], factor: int = 1) -> np.ndarray | None:
        """Which pixels of a band count: inside a ROI where one is drawn, outside all Exclude; None for all of them."""
        if not self.regions.get("ROI") and not self.regions.get("Exclude"):
            return None
        inside = self.covers("ROI", top, shape, factor) if self.regions.get("ROI") else np.ones(shape, bool)
        return inside & ~self.covers("Exclude", top, shape, factor)

    def allowed(self, top: int, shape: tuple[int, int]) -> np.ndarray | None:
        """Which pixels of a band may be pigment: those that count, inside a region Pigment where one is drawn; None for all of them."""
        counted = self.counted(top, shape)
        if not self.regions.get("Pigment"):
            return counted
        within = self.covers("Pigment", top, shape)
        return within if counted is None else counted & within


def read_annotation(path: str | os.PathLike[str], width: int, height: int) -> Annotation:
    """Reads GeoJSON with the classes Surface, DEJ, Dermis-Hypodermis (lines), ROI, Exclude, Pigment (polygons), in pixels.

    Raises
    ------
    FileError: no such file or no GeoJSON.
    InputError: another class, a line where a region belongs, no length, crossing itself, or off the picture.
    """
    path = Path(path)
    if not path.is_file():
        raise _core.FileError(f"{path}: no such file; give the annotation as GeoJSON (QuPath: File, Export objects as GeoJSON)")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, UnicodeDecodeError) as error:
        raise _core.FileError(f"{path}: is no GeoJSON ({error}); export it again") from None
    features = content.get("features", [content]) if isinstance(content, dict) else content
    lines: dict[str, list[np.ndarray]] = {}
    regions: dict[str, list[list[np.ndarray]]] = {}
    for n, feature in enumerate(features if isinstance(features, list) else [features], 1):
        name, where, shapes = _feature(feature, f"{path}: feature {n}")
        for rings in shapes:
            rings = [_corners(ring, f"{where} ({name})", name in REGIONS, width, height) for ring in rings]
            if name in LINES:
                lines.setdefault(name, []).extend(rings)
            else:
                regions.setdefault(name, []).append(rings)
    if not lines and not regions:
        raise _core.InputError(f"{path}: holds no feature; draw at least the line Surface or DEJ, or leave the annotation out")
    return Annotation({name: Line(tuple(pieces)) for name, pieces in lines.items()}, regions)


def _feature(feature: object, where: str) -> tuple[str, str, list[list[object]]]:
    """Class and shapes of a feature; each shape is a list of rings or of lines."""
    known = ", ".join(LINES + REGIONS)
    try:
        properties, geometry = feature["properties"], feature["geometry"]
        kind, corners = geometry["type"], geometry["coordinates"]
        given = (properties.get("classification") or properties)["name"]
    except (TypeError, KeyError, AttributeError):
        raise _core.InputError(f"{where}: has no class or no geometry; classify it as one of {known}") from None
    name = next((one for one in LINES + REGIONS if one.lower() == str(given).strip().lower()), None)
    if name is None:
        raise _core.InputError(f"{where}: class {given!r} is unknown; use one of {known}")
    if kind not in _GEOMETRIES:
        raise _core.InputError(f"{where} ({name}): is a {kind}; draw a line or a polygon")
    if name in REGIONS and "Polygon" not in kind:
        raise _core.InputError(f"{where} ({name}): is a {kind}; {name} is a region, draw a polygon")
    if name in LINES and "Line" not in kind:
        raise _core.InputError(f"{where} ({name}): is a {kind}; {name} is a line, draw a polyline")
    if kind == "MultiPolygon":
        return name, where, list(corners)
    return name, where, [[corners] if kind == "LineString" else corners]


def _corners(ring: object, where: str, closed: bool, width: int, height: int) -> np.ndarray:
    """Corners of one piece without repeated ones, checked, shape (corner, 2) [pixel]."""
    try:
        corners = np.array([place[:2] for place in ring], dtype=float).reshape(-1, 2)  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        raise _core.InputError(f"{where}: its coordinates are no list of x, y; export it again") from None
    if len(corners) and not np.isfinite(corners).all():
        raise _core.InputError(f"{where}: a coordinate is no finite number; export it again")
    if len(corners):
        corners = corners[np.append(True, np.any(np.diff(corners, axis=0) != 0.0, axis=1))]
    if len(corners) < (4 if closed else 2):
        raise _core.InputError(f"{where}: is empty ({len(corners)} distinct corners); draw it again or delete it")
    slack = 0.02 * max(width, height)
    low, high = corners.min(axis=0), corners.max(axis=0)
    if (low < -slack).any() or high[0] > width + slack or high[1] > height + slack:
        raise _core.InputError(f"{where}: reaches from ({low[0]:g}, {low[1]:g}) to ({high[0]:g}, {high[1]:g}), off the picture of {width} x {height} pixels; "
                               "it must be in pixels of the full picture")  # fmt: skip
    found = crossing(corners, closed)
    if found is not None:
        raise _core.InputError(f"{where}: crosses itself near pixel ({found[0]:.0f}, {found[1]:.0f}); draw it again there")
    return corners


def crossing(corners: np.ndarray, closed: bool) -> np.ndarray | None:
    """A corner where a polyline crosses or touches itself, or None. Segments are held against those behind their neighbour whose boxes they meet."""
    a, b = corners[:-1], corners[1:]
    low, high = np.minimum(a, b), np.maximum(a, b)

    def side(p: np.ndarray, q: np.ndarray, r: np.ndarray) -> np.ndarray:
        return np.sign((q[:, 0] - p[:, 0]) * (r[:, 1] - p[:, 1]) - (q[:, 1] - p[:, 1]) * (r[:, 0] - p[:, 0]))

    for start in range(0, len(a), 256):
        near = np.ones((len(a[start : start + 256]), len(a)), bool)
        for axis in (0, 1):
            near &= low[start : start + 256, None, axis] <= high[None, :, axis]
            near &= high[start : start + 256, None, axis] >= low[None, :, axis]
        m, n = np.nonzero(near)
        m += start
        kept = (n > m + 1) & ~(closed & (m == 0) & (n == len(a) - 1))  # a ring meets its beginning
        m, n = m[kept], n[kept]
        hit = (side(a[m], b[m], a[n]) * side(a[m], b[m], b[n]) <= 0) & (side(a[n], b[n], a[m]) * side(a[n], b[n], b[m]) <= 0)
        if hit.any():
            return a[n[np.argmax(hit)]]
    return None
