"""Drawn sections with known profiles for the tests of the extractor: discs of ink in a purple epidermis over a pink dermis."""

import io
import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image

WHITE = np.array([242.0, 240.0, 244.0])
STAINS = {"epidermis": (0.35, 0.42, 0.26), "dermis": (0.05, 0.21, 0.14), "nucleus": (0.55, 0.62, 0.28), "melanin": (0.30, 0.50, 0.68)}
INKS = {"black": (1.45, 1.50, 1.55), "red": (0.12, 1.10, 0.98), "brown": (0.60, 1.02, 1.24)}
SURFACE_UM, EPIDERMIS_UM, RADIUS_UM = 60.0, 80.0, 7.0


@dataclass
class Drawn:
    """A drawn section: how it is made, and what is true of it.

    Attributes
    ----------
    ridge_um: amplitude of a junction that waves with a period of 120 um.   tilt_deg: of the skin in the picture.
    discs: middles along the surface and below it, shape (disc, 2) [um].
    """

    mpp: float = 0.5
    ridge_um: float = 0.0
    tilt_deg: float = 0.0
    melanin: bool = False
    noise: float = 0.0
    jpeg: int = 0
    ink: str = "black"
    size_um: tuple[float, float] = (460.0, 540.0)
    discs: np.ndarray = field(default_factory=lambda: spread(60, 3))

    def tissue(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Place along the surface from the middle of the picture, and depth below it [um], of places in the picture [um]."""
        c, s = np.cos(np.radians(self.tilt_deg)), np.sin(np.radians(self.tilt_deg))
        x, y = x - 0.5 * self.size_um[0], y - SURFACE_UM - 0.35 * self.size_um[0] * abs(s)
        return c * x + s * y, c * y - s * x

    def junction(self, u: np.ndarray) -> np.ndarray:
        return EPIDERMIS_UM + self.ridge_um * np.cos(2.0 * np.pi * np.asarray(u) / 120.0)

    def colours(self) -> np.ndarray:
        wide, high = (round(one / self.mpp) for one in self.size_um)
        y, x = (np.mgrid[:high, :wide] + 0.5) * self.mpp
        u, z = self.tissue(x, y)
        epidermis = (z >= 0.0) & (z < self.junction(u))
        density = np.where(epidermis[..., None], STAINS["epidermis"], np.where((z >= 0.0)[..., None], STAINS["dermis"], 0.0))
        density[epidermis & (np.hypot((u + 1e4) % 12.0 - 6.0, (z % 12.0) - 6.0) < 3.0)] = STAINS["nucleus"]
        if self.melanin:
            density[epidermis & (self.junction(u) - z < 12.0)] += STAINS["melanin"]
        transmitted = 10.0**-density
        for along, deep in self.discs:
            near = (np.abs(u - along) < 2.0 * RADIUS_UM) & (np.abs(z - deep) < 2.0 * RADIUS_UM)
            cover = np.clip((RADIUS_UM - np.hypot(u[near] - along, z[near] - deep)) / self.mpp + 0.5, 0.0, 1.0)[:, None]
            transmitted[near] *= 1.0 - cover + cover * 10.0 ** -np.array(INKS[self.ink])
        light = WHITE * transmitted + np.random.default_rng(7).normal(0.0, 1.0, transmitted.shape) * self.noise
        picture = Image.fromarray(np.clip(np.rint(light), 0, 255).astype(np.uint8))
        if self.jpeg:
            kept = io.BytesIO()
            picture.save(kept, format="JPEG", quality=self.jpeg)
            picture = Image.open(kept)
        return np.asarray(picture.convert("RGB"))

    def line(self, depth) -> list[list[float]]:
        """Corners in pixels of the line at a depth below the surface, a function of the place along it."""
        u = np.arange(-1.2, 1.2, 0.002) * 0.5 * self.size_um[0]
        z = depth(u)
        c, s = np.cos(np.radians(self.tilt_deg)), np.sin(np.radians(self.tilt_deg))
        x = c * u - s * z + 0.5 * self.size_um[0]
        y = s * u + c * z + SURFACE_UM + 0.35 * self.size_um[0] * abs(s)
        inside = (x >= 0.0) & (x <= self.size_um[0])
        return (np.column_stack([x, y])[inside] / self.mpp).tolist()

    def save(self, folder: Path, name: str = "drawn.tif") -> tuple[Path, Path]:
        path = folder / name
        tifffile.imwrite(path, self.colours(), photometric="rgb", resolution=(1e4 / self.mpp,) * 2, resolutionunit="CENTIMETER", tile=(128, 128), compression="zlib")
        return path, write_geojson(path.with_suffix(".geojson"), [("Surface", "LineString", self.line(np.zeros_like)), ("DEJ", "LineString", self.line(self.junction))])

    def truth(self) -> tuple[np.ndarray, np.ndarray]:
        """Depths below surface and junction of points spread evenly over all discs [um]."""
        grid = np.arange(-RADIUS_UM, RADIUS_UM, 1.0) + 0.5
        dot = np.stack(np.meshgrid(grid, grid), -1).reshape(-1, 2)
        points = (self.discs[:, None] + dot[np.hypot(*dot.T) < RADIUS_UM]).reshape(-1, 2)
        u = np.arange(-500.0, 500.0, 0.5)
        wave = np.column_stack([u, self.junction(u)])
        away = np.concatenate([np.sqrt(((part[:, None] - wave) ** 2).sum(axis=2)).min(axis=1) for part in np.array_split(points, 40)])
        return points[:, 1], np.copysign(away, points[:, 1] - self.junction(points[:, 0]))


def spread(count: int, seed: int) -> np.ndarray:
    """Discs that do not overlap, denser above, some of them in the epidermis."""
    random, found = np.random.default_rng(seed), []
    while len(found) < count:
        one = np.array([random.normal(0.0, 70.0), 20.0 + random.exponential(130.0)])
        if one[1] < 400.0 and abs(one[0]) < 170.0 and all(np.hypot(*(one - other)) > 2.0 * RADIUS_UM + 3.0 for other in found):
            found.append(one)
    return np.array(found)


def touching(count: int) -> np.ndarray:
    """A lattice of discs in touch, as one big clump."""
    n = np.arange(count)
    return np.column_stack([(n % 6 - 2.5) * 2.0 * RADIUS_UM, 110.0 + (n // 6) * 2.0 * RADIUS_UM])


def write_geojson(path: Path, features: list[tuple[str, str, list]]) -> Path:
    rows = [{"type": "Feature", "properties": {"classification": {"name": name}}, "geometry": {"type": kind, "coordinates": corners}} for name, kind, corners in features]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": rows}))
    return path
