"""What a study of a lattice keeps of a field of dots: numbers of every dot, and what a camera sees of the field from above.

To a dot belongs what lies nearer to the middle of its track than to that of any other. Arrays are kept by name with the dimensions in
`VARIABLES`; lengths in mm, masses in ng.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.spatial import KDTree

from . import _core
from .camera import box_scene
from .looks import CENTRE_RADIUS_MM, moment
from .photon_transport import followed
from .result import Result
from .space_measures import DAYS, Box, deposit, depth_of, overlaps
from .surface_map import Field, figures
from .treatment import Treatment

SEEN = {"day14": 14.0, "5y": 1826.25}  # when a camera looks [day]
BAND_NM = 550.0  # of contrasts
_MOST_THIRDS = 16  # tiles of the camera per third of the spacing: 21 um at 1 mm
_PER_TILE, _PER_TILE_OF_CONTRAST = 64, 256  # photons

VARIABLES = {
    "dot_x_mm": (("dot",), "mm", "where the middle of the needle enters, along x from the middle of the box"),
    "dot_y_mm": (("dot",), "mm", "the same along y"),
    "dot_tip_mm": (("dot",), "mm", "depth of the tip"),
    "dot_held_ng": (("dot_day", "dot"), "ng", "pigment of the dot; on day 0 its dose"),
    "dot_mean_depth_mm": (("dot_day", "dot"), "mm", "mean depth of its pigment"),
    "dot_deepest_mm": (("dot_day", "dot"), "mm", "depth above which 99 % of its pigment lies"),
    "dot_width_mm": (("dot_day", "dot"), "mm", "standard deviation of the place of its pigment, mean over x and y"),
    "dot_contrast": (("camera_day", "dot"), "1", "contrast of its darkest place at 550 nm, mean over its radius of 0.06 mm, by photons"),
    "dot_contrast_error": (("camera_day", "dot"), "1", "standard error of that"),
    "dot_visible_mm": (("camera_day", "dot"), "mm", "diameter of the disc as large as the part at half of that contrast"),
    "dot_visible_mm_error": (("camera_day", "dot"), "mm", "standard error of that"),
    "field_darkening": (("camera_day",), "1", "share of the light at 550 nm that the field sends back less than skin: what all dots take, over a spacing squared for each"),
    "field_darkening_error": (("camera_day",), "1", "standard error of that"),
    "field_delta_e": (("camera_day",), "1", "Delta E 2000 of the mean of the field against skin"),
    "camera_reflectance": (("camera_day", "wavelength", "camera_y", "camera_x"), "1", "diffuse reflectance seen along the normal, by photons"),
    "camera_reflectance_skin": (("camera_day", "wavelength"), "1", "diffuse reflectance of skin without a dot, by photons"),
}  # fmt: skip

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Lattice:
    """A square lattice about the middle of a box: how many dots along x and y, and their spacing [mm]."""

    across: int
    along: int
    spacing_mm: float

    @classmethod
    def of(cls, treatment: Treatment) -> "Lattice":
        return cls(int(treatment["geometry.dots_x"]), int(treatment["geometry.dots_y"]), float(treatment["pattern.dot_spacing_mm"]))

    @property
    def tiles(self) -> int:
        """Tiles of the camera per spacing, a multiple of three: as many as a map has room for."""
        return 3 * min(_MOST_THIRDS, math.isqrt(_core.most_photon_bins) // (3 * max(self.across, self.along) + 2))

    @property
    def field(self) -> Field:
        """What the camera sees: a spacing squared for every dot, and a third of a spacing around them all."""
        third, side = self.tiles // 3, self.spacing_mm / self.tiles
        across, along = (count * self.tiles + 2 * third for count in (self.across, self.along))
        return Field(-0.5 * across * side, -0.5 * along * side, side, across, along)

    @cached_property
    def sizes(self) -> dict[str, int]:
        """Length of every dimension."""
        known = {"dot": self.across * self.along, "dot_day": len(DAYS), "camera_day": len(SEEN), "wavelength": len(_core.wavelengths_nm())}
        return known | {"camera_y": self.field.along, "camera_x": self.field.across}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Of all numbers, array by array."""
        return tuple(f"{name}_{n}" for name, (dims, _, _) in VARIABLES.items() for n in range(math.prod(self.shape(dims))))

    def shape(self, dims: tuple[str, ...]) -> tuple[int, ...]:
        return tuple(self.sizes[dim] for dim in dims)


def numbers(arrays: Arrays) -> dict[str, float]:
    """All numbers of some arrays by name, to five digits, as a journal keeps them."""
    return {f"{name}_{n}": float(f"{value:.5g}") for name in VARIABLES for n, value in enumerate(np.ravel(arrays[name]).tolist())}


def arrays_of(lattice: Lattice, block: np.ndarray) -> Arrays:
    """The arrays again, each behind the dimensions of a study: from the numbers, which lie along the last axis of `block`."""
    found, first = {}, 0
    for name, (dims, _, _) in VARIABLES.items():
        shape = lattice.shape(dims)
        found[name] = block[..., first : first + math.prod(shape)].reshape(*block.shape[:-1], *shape)
        first += math.prod(shape)
    return found


def field_arrays(result: Result, backend: str, progress: Callable[[float], None]) -> Arrays:
    """What a study of a lattice keeps of a run.

    Parameters
    ----------
    progress: told the share of the looking that is done [0 to 1].
    """
    lattice, tracks = Lattice.of(result.treatment), dot_tracks(result)
    found = {"dot_x_mm": tracks[:, 0], "dot_y_mm": tracks[:, 1], "dot_tip_mm": tracks[:, 4]}
    places = 0.5 * (tracks[:, :2] + tracks[:, 2:4])
    found |= _pigment(result, places)
    looks = [_seen(result, day, lattice, places, backend, lambda share, n=n: progress((n + share) / len(SEEN))) for n, day in enumerate(SEEN.values())]
    return found | {name: np.array([one[name] for one in looks]) for name in looks[0]}


def dot_tracks(result: Result) -> np.ndarray:
    """Tracks of the dots, means over their prongs, shape (dot, 5): x and y of the entry, x, y and z of the deepest point [mm]."""
    assert result.box is not None
    tracks = result.box["tracks"]
    dots = tracks[:, 0].astype(int)
    return np.array([1e3 * tracks[dots == dot][:, [1, 2, 4, 5, 6]].mean(axis=0) for dot in np.unique(dots)])


def owners(x: np.ndarray, y: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Number of the dot that is nearest to each point of a grid, shape (x, y)."""
    points = np.stack(np.meshgrid(x, y, indexing="ij"), axis=-1)
    return KDTree(places).query(points)[1]


def _pigment(result: Result, places: np.ndarray) -> Arrays:
    """Numbers of the pigment of every dot on all days."""
    rows = []
    for day in DAYS.values():
        box = deposit(result, day)
        assert isinstance(box, Box)
        rows.append([_dot(one) for one in dot_boxes(box, places)])
    return {f"dot_{name}": np.array([[one[name] for one in row] for row in rows]) for name in rows[0][0]}


def dot_boxes(box: Box, places: np.ndarray) -> Iterator[Box]:
    """The columns of a box that belong to each dot, by their middles."""
    middles = [0.5 * (faces[1:] + faces[:-1]) for faces in (box.x, box.y)]
    owner = owners(*middles, places)
    for n in range(len(places)):
        own = owner == n
        across, along = (_reach(own.any(axis=axis)) for axis in (1, 0))
        mass = box.mass[across, along] * own[across, along, None]
        yield Box(box.x[across.start : across.stop + 1], box.y[along.start : along.stop + 1], box.z, mass)


def _reach(own: np.ndarray) -> slice:
    found = np.flatnonzero(own)
    return slice(int(found[0]), int(found[-1]) + 1)


def _dot(one: Box) -> dict[str, float]:
    _, along, across = one.place()
    held = float(one.mass.sum())
    middle = 0.5 * (one.z[1:] + one.z[:-1])
    return {
        "held_ng": held,
        "mean_depth_mm": float(middle @ one.depths) / held if held > 0.0 else math.nan,
        "deepest_mm": depth_of(one, 0.99),
        "width_mm": math.sqrt(0.5 * (along**2 + across**2)),
    }


def _seen(result: Result, day: float, lattice: Lattice, places: np.ndarray, backend: str, progress: Callable[[float], None]) -> Arrays:
    """What a camera sees of the field on one day."""
    data = result.to_xarray()
    scene = box_scene(data, moment(data, day), result.treatment)
    bands = np.asarray(_core.wavelengths_nm())
    found: Arrays = {}
    reflectance, skin, taken = [], [], []
    for n, nm in enumerate(bands):
        dark, plain = _darkness(scene, n, lattice, backend, lambda share, n=n: progress((n + share) / len(bands)))
        reflectance.append(plain * (1.0 - dark.mean(axis=-1)))
        skin.append(plain)
        if nm == BAND_NM:
            found = _contrasts(dark, lattice, places)
        taken.append(plain * (1.0 - float(dark.mean()) * _spread(lattice)))
    return found | {
        "field_delta_e": np.array(_core.delta_e(_core.lab(taken), _core.lab(skin))),
        "camera_reflectance": np.array(reflectance),
        "camera_reflectance_skin": np.array(skin),
    }


def _darkness(scene: _core.SpaceScene, band: int, lattice: Lattice, backend: str, progress: Callable[[float], None]) -> tuple[np.ndarray, float]:
    """Contrast of every tile in every batch, shape (y, x, batch), and the reflectance of plain skin."""
    field = lattice.field
    tiles = field.across * field.along
    number = (_PER_TILE_OF_CONTRAST if _core.wavelengths_nm()[band] == BAND_NM else _PER_TILE) * tiles
    at_mm = (field.across, field.x_mm * 1e-3, field.y_mm * 1e-3, field.side_mm * 1e-3)
    seen = []
    for n, medium in enumerate((scene.medium(band), scene.skin(band))):
        found = followed(scene, medium, number, 0.0, 0.0, tiles, 1, backend, lambda share, n=n: progress(0.5 * (n + share)), at_mm)
        seen.append(found["reflected"].reshape(field.along, field.across, -1))
    plain = float(seen[1].mean())
    return (seen[1] - seen[0]) / plain, plain


def _spread(lattice: Lattice) -> float:
    """The map over the field of the dots: what the dots take, seen in all of the map, is spread over a spacing squared for each."""
    return (lattice.field.across * lattice.field.along) / (lattice.tiles**2 * lattice.across * lattice.along)


def _contrasts(dark: np.ndarray, lattice: Lattice, places: np.ndarray) -> Arrays:
    """Figures of every dot, where no other is nearer, within half a spacing; and the darkening of the field."""
    field = lattice.field
    owner = owners(*field.centres_mm(), places).T
    rows = [figures(*_around(dark, owner == n, field, place, 0.5 * lattice.spacing_mm), CENTRE_RADIUS_MM, 0.0) for n, place in enumerate(places)]
    names = {"dot_contrast": "contrast", "dot_contrast_error": "contrast_error", "dot_visible_mm": "fwhm_mm", "dot_visible_mm_error": "fwhm_mm_error"}
    found = {name: np.array([row[of] for row in rows]) for name, of in names.items()}
    batches = dark.mean(axis=(0, 1)) * _spread(lattice)
    return found | {"field_darkening": batches.mean(), "field_darkening_error": batches.std(ddof=1) / math.sqrt(batches.size)}


def _around(dark: np.ndarray, own: np.ndarray, field: Field, place: np.ndarray, reach_mm: float) -> tuple[np.ndarray, Field]:
    """The part of a map around a place, without contrast where another dot is nearer."""
    low = [max(0, math.floor((at - reach_mm - start) / field.side_mm)) for at, start in zip(place, (field.x_mm, field.y_mm), strict=True)]
    high = [min(most, low_one + math.ceil(2.0 * reach_mm / field.side_mm)) for low_one, most in zip(low, (field.across, field.along), strict=True)]
    rows, columns = slice(low[1], high[1]), slice(low[0], high[0])
    part = Field(field.x_mm + low[0] * field.side_mm, field.y_mm + low[1] * field.side_mm, field.side_mm, high[0] - low[0], high[1] - low[1])
    return dark[rows, columns] * own[rows, columns, None], part
