"""What a study in space measures of one run, in a box or on rings: numbers at four days, and pictures of one of them.

Both models are asked the same questions of where their pigment lies: `Box` by its cells, `Rings` exactly by its rings, whose pigment is
spread evenly around the axis. Lengths in mm, masses in ng.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from . import _core
from .result import Result
from .treatment import Treatment

DAYS = {"day0": 0.0, "day14": 14.0, "1y": 365.25, "5y": 1826.25}
MEASURES = {
    "held_ng": ("ng", "pigment in the skin"),
    "mean_x_mm": ("mm", "mean place of the pigment along x, from the middle of the box"),
    "mean_depth_mm": ("mm", "mean depth of the pigment"),
    "deepest_mm": ("mm", "depth above which 99 % of the pigment lies"),
    "width_along_mm": ("mm", "standard deviation of the pigment's place along x, the direction of the tilt"),
    "width_across_mm": ("mm", "the same along y"),
    "dip": ("1", "how far the pigment per area falls between two dots, below the lower of their peaks"),
    "share_in_scar": ("1", "share of the pigment in the scar"),
    "share_in_sheath": ("1", "share of the pigment in the sheath of the follicle"),
}
NAMES = tuple(f"{name}_{label}" for label in DAYS for name in MEASURES)
SIDE, TOP = (64, 40), (64, 64)  # cells of the pictures: x and z, x and y


@dataclass(frozen=True)
class Box:
    """Pigment of a box on one day."""

    x: np.ndarray  # faces [mm]
    y: np.ndarray
    z: np.ndarray
    mass: np.ndarray  # shape (x, y, z) [ng]

    @property
    def depths(self) -> np.ndarray:
        """Pigment per row, shape (z,) [ng]."""
        return self.mass.sum(axis=(0, 1))

    def place(self) -> tuple[float, float, float]:
        """Mean along x, standard deviations along x and y [mm]. Within a cell pigment lies evenly."""
        mean_x, along = _moments(self.x, self.mass.sum(axis=(1, 2)))
        return mean_x, along, _moments(self.y, self.mass.sum(axis=(0, 2)))[1]

    def side(self, x: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Pigment per cell of a picture from the side, shape (x, z) [ng]."""
        return overlaps(x, self.x) @ self.mass.sum(axis=1) @ overlaps(z, self.z).T

    def top(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Pigment per cell of a picture from above, shape (x, y) [ng]."""
        return overlaps(x, self.x) @ self.mass.sum(axis=2) @ overlaps(y, self.y).T

    def between(self, low: float, high: float) -> float:
        """Pigment with x between two ends [ng]."""
        return float((overlaps(np.array([low, high]), self.x) @ self.mass.sum(axis=(1, 2)))[0])

    def inside(self, x: float, radius: float) -> float:
        """Pigment within a circle about a place on the x axis [ng]; columns are cut into 4 x 4."""
        parts = (np.arange(4) + 0.5) / 4.0
        xs = self.x[:-1, None] + np.diff(self.x)[:, None] * parts
        ys = self.y[:-1, None] + np.diff(self.y)[:, None] * parts
        share = (np.hypot(xs[:, None, :, None] - x, ys[None, :, None, :]) < radius).mean(axis=(2, 3))
        return float((share * self.mass.sum(axis=2)).sum())

    def line(self) -> tuple[np.ndarray, np.ndarray]:
        """Pigment per area along x in the row of columns that y = 0 runs through: places [mm], [ng/mm2]."""
        row = int(np.searchsorted(self.y, 0.0, side="right")) - 1
        area = np.diff(self.x) * (self.y[row + 1] - self.y[row])
        return 0.5 * (self.x[1:] + self.x[:-1]), self.mass[:, row].sum(axis=1) / area


@dataclass(frozen=True)
class Rings:
    """Pigment of rings on one day."""

    r: np.ndarray  # faces [mm]
    z: np.ndarray
    mass: np.ndarray  # shape (r, z) [ng]

    @property
    def depths(self) -> np.ndarray:
        """Pigment per row, shape (z,) [ng]."""
        return self.mass.sum(axis=0)

    def place(self) -> tuple[float, float, float]:
        """As of a box: half of the mean square distance from the axis lies along x, half along y."""
        square = 0.5 * (self.r[1:] ** 2 + self.r[:-1] ** 2)  # mean over a ring
        width = math.sqrt(0.5 * _mean(square, self.mass.sum(axis=1)))
        return 0.0, width, width

    def side(self, x: np.ndarray, z: np.ndarray) -> np.ndarray:
        """As of a box, by the exact shares of the rings in strips."""
        return np.diff(self._left_of(x), axis=0) @ self.mass @ overlaps(z, self.z).T

    def top(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """As of a box; cells of the picture are cut into 4 x 4."""
        parts = (np.arange(4) + 0.5) / 4.0
        xs, ys = (edge[:-1, None] + np.diff(edge)[:, None] * parts for edge in (x, y))
        found = self.per_area(np.hypot(xs[:, None, :, None], ys[None, :, None, :])).mean(axis=(2, 3))
        return found * np.diff(x)[:, None] * np.diff(y)

    def between(self, low: float, high: float) -> float:
        """As of a box."""
        left = self._left_of(np.array([low, high]))
        return float((left[1] - left[0]) @ self.mass.sum(axis=1))

    def inside(self, x: float, radius: float) -> float:
        """No rings run into a follicle."""
        return math.nan

    def line(self) -> tuple[np.ndarray, np.ndarray]:
        """As of a box."""
        x = np.linspace(-self.r[-1], self.r[-1], 401)
        return x, self.per_area(abs(x))

    def per_area(self, distance: np.ndarray) -> np.ndarray:
        """Pigment per area at a distance from the axis [ng/mm2], linear between the middles of rings, 0 beyond the last."""
        middle, area = 0.5 * (self.r[1:] + self.r[:-1]), math.pi * np.diff(self.r**2)
        return np.interp(distance, middle, self.mass.sum(axis=1) / area, right=0.0)

    def _left_of(self, x: np.ndarray) -> np.ndarray:
        """Share of each ring that lies left of a line, shape (x, ring): the difference of two segments of circles."""
        cut = np.clip(x[:, None], -self.r, self.r)
        share = np.divide(cut, self.r, out=np.zeros_like(cut), where=self.r > 0.0)
        segment = self.r**2 * (0.5 * math.pi + np.arcsin(share)) + cut * np.sqrt(np.maximum(self.r**2 - cut**2, 0.0))
        return np.diff(segment, axis=1) / (math.pi * np.diff(self.r**2))


Deposit = Box | Rings


def deposit(result: Result, day: float) -> Deposit:
    """Where the pigment of a run lies on one of its days."""
    days = np.asarray(result._run.series["time_day"])
    at = int(np.argmin(abs(days - day)))
    box = result.box
    if box is None:
        r, z = 1e3 * result._run.r_face, 1e3 * result._run.z_face
        return Rings(r, z, 1e3 * result.pools[at].sum(axis=0) * (math.pi * np.diff(r**2))[:, None] * np.diff(z))
    x, y, z = (1e3 * box[f"{axis}_face"] for axis in "xyz")
    volume = np.diff(x)[:, None, None] * np.diff(y)[:, None] * np.diff(z)  # [mm3]; kg/m3 times mm3 is 1000 ng
    return Box(x, y, z, 1e3 * box["pools"][at].astype(float).sum(axis=0) * volume)


def depth_of(one: Deposit, share: float) -> float:
    """Depth above which a share of the pigment lies [mm]; within a row it lies evenly."""
    below = np.concatenate([[0.0], np.cumsum(one.depths)])
    return float(np.interp(share * below[-1], below, one.z)) if below[-1] > 0.0 else math.nan


def dip(x: np.ndarray, profile: np.ndarray, spacing: float) -> float:
    """How far a profile falls between two dots, over the lower of their peaks [-]: 0 where one peak is left (Sparrow 1916), 0.265 where two
    images that a lens has blurred count as told apart (Rayleigh's criterion for a round aperture).

    Parameters
    ----------
    x: places. profile: what is looked at there. spacing: of the dots, which stand at half of it on both sides of 0.
    """
    left, right = (np.flatnonzero((abs(x - side) <= 0.5 * spacing)) for side in (-0.5 * spacing, 0.5 * spacing))
    first, second = left[np.argmax(profile[left])], right[np.argmax(profile[right])]
    lower = min(profile[first], profile[second])
    return float(1.0 - profile[min(first, second) : max(first, second) + 1].min() / lower) if lower > 0.0 else math.nan


def measures(one: Deposit, treatment: Treatment) -> dict[str, float]:
    """Numbers of a deposit, by the names of `MEASURES`; NaN for what the treatment does not have."""
    held = float(one.depths.sum())
    mean_x, along, across = one.place()
    middle = 0.5 * (one.z[1:] + one.z[:-1])
    found = {
        "held_ng": held, "mean_x_mm": mean_x, "mean_depth_mm": _mean(middle, one.depths), "deepest_mm": depth_of(one, 0.99),
        "width_along_mm": along, "width_across_mm": across, "dip": math.nan, "share_in_scar": math.nan, "share_in_sheath": math.nan,
    }  # fmt: skip
    boxed = isinstance(one, Box)
    if boxed and treatment["geometry.dots_x"] * treatment["geometry.dots_y"] == 2:
        found["dip"] = dip(*one.line(), float(treatment["pattern.dot_spacing_mm"]))
    if treatment.get("scar.shape") == "strip":
        offset, half = float(treatment["scar.offset_mm"]), 0.5 * float(treatment["scar.width_mm"])
        found["share_in_scar"] = one.between(offset - half, offset + half) / held if held > 0.0 else math.nan
    if boxed and float(treatment["geometry.follicle_um"]) > 0.0:
        radius = 0.5e-3 * float(treatment["geometry.follicle_um"])
        rim = radius + 1e-3 * float(treatment["geometry.sheath_um"])
        x, y = float(treatment["geometry.follicle_x_mm"]), float(treatment["geometry.follicle_y_mm"])
        moved = Box(one.x, one.y - y, one.z, one.mass)
        found["share_in_sheath"] = (moved.inside(x, rim) - moved.inside(x, radius)) / held if held > 0.0 else math.nan
    return found


@dataclass(frozen=True)
class Window:
    """Which pictures a study keeps of a run."""

    study_day: float
    width_mm: float
    depth_mm: float

    @classmethod
    def of(cls, study: _core.SpaceStudy) -> "Window":
        return cls(study.view_day, study.view_width_mm, study.view_depth_mm)

    @cached_property
    def across(self) -> np.ndarray:
        """Edges of the pictures' cells along x and y [mm]."""
        return np.linspace(-0.5 * self.width_mm, 0.5 * self.width_mm, SIDE[0] + 1)

    @cached_property
    def down(self) -> np.ndarray:
        """Edges along z [mm]."""
        return np.linspace(0.0, self.depth_mm, SIDE[1] + 1)


PICTURES = tuple(f"side_{n}" for n in range(math.prod(SIDE))) + tuple(f"top_{n}" for n in range(math.prod(TOP)))


def answers(result: Result, window: Window) -> dict[str, float]:
    """All that a study keeps of a run, by name: scalar outputs, measures at its days, pictures in ng/mm2."""
    found = result.scalars
    for label, day in DAYS.items():
        one = measures(deposit(result, day), result.treatment)
        found |= {f"{name}_{label}": value for name, value in one.items()}
    seen = deposit(result, window.study_day)
    side = seen.side(window.across, window.down) / (np.diff(window.across)[:, None] * np.diff(window.down))
    top = seen.top(window.across, window.across) / (np.diff(window.across)[:, None] * np.diff(window.across))
    values = np.concatenate([side.ravel(), top.ravel()])
    return found | {name: float(f"{value:.5g}") for name, value in zip(PICTURES, values, strict=True)}


def twin_dips(twin: Result, spacings: np.ndarray) -> dict[str, np.ndarray]:
    """What two dots on rings beside each other would show, by name and day, shape (spacing,): `dip` of their pigment, laid over each
    other, and `optical_dip` of the contrast along the line through them, each dot dimming what the other leaves."""
    days = np.asarray(twin._run.series["time_day"])
    band = int(np.argmin(abs(np.asarray(_core.wavelengths_nm()) - 550.0)))
    found = {}
    for label, day in DAYS.items():
        one = deposit(twin, day)
        assert isinstance(one, Rings)
        at = int(np.argmin(abs(days - day)))
        seen = np.asarray(twin._run.view(at))[band]
        left = seen[:-1] / seen[-1]
        distance = 1e3 * np.asarray(twin._run.view_r)

        def light(d: np.ndarray, left: np.ndarray = left, distance: np.ndarray = distance) -> np.ndarray:
            return np.interp(d, distance, left, right=1.0)

        def over(sums: Callable[[np.ndarray, float], np.ndarray]) -> np.ndarray:
            dips = []
            for spacing in spacings:
                x = np.linspace(-spacing, spacing, 801)
                dips.append(dip(x, sums(x, 0.5 * spacing), spacing))
            return np.array(dips)

        found[f"dip_{label}"] = over(lambda x, half, one=one: one.per_area(abs(x - half)) + one.per_area(abs(x + half)))
        found[f"optical_dip_{label}"] = over(lambda x, half, light=light: 1.0 - light(abs(x - half)) * light(abs(x + half)))
    return found


def merging_spacing(spacings: np.ndarray, dips: np.ndarray, level: float) -> float:
    """Largest spacing at which the dip is at or below a level, by straight lines between those that were run; NaN if all are deeper."""
    order = np.argsort(spacings)
    spacings, dips = np.asarray(spacings)[order], np.asarray(dips)[order]
    below = np.flatnonzero(dips <= level)
    if not below.size:
        return math.nan
    n = below[-1]
    if n + 1 == len(spacings):
        return float(spacings[n])
    return float(np.interp(level, dips[n : n + 2], spacings[n : n + 2]))


def _mean(values: np.ndarray, weights: np.ndarray) -> float:
    total = float(weights.sum())
    return float(values @ weights) / total if total > 0.0 else math.nan


def _moments(faces: np.ndarray, mass: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation of a place, of mass that lies evenly between faces."""
    middle, width = 0.5 * (faces[1:] + faces[:-1]), np.diff(faces)
    mean = _mean(middle, mass)
    return mean, math.sqrt(_mean((middle - mean) ** 2 + width**2 / 12.0, mass))


def overlaps(edges: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Share of each interval between faces that lies in each between edges, shape (edge, face)."""
    low, high = np.maximum(edges[:-1, None], faces[:-1]), np.minimum(edges[1:, None], faces[1:])
    return np.maximum(high - low, 0.0) / np.diff(faces)
