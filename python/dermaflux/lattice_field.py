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
from .photon_transport import followed, half_width
from .result import Result
from .space_measures import DAYS, Box, deposit, depth_of, overlaps
from .surface_map import Field
from .treatment import Treatment

SEEN = {"day14": 14.0, "5y": 1826.25}  # when a camera looks [day]
BAND_NM = 550.0  # of contrasts
LOOKED_NM = (450.0, BAND_NM, 650.0)  # bands that photons are followed in; optical densities of dots are linear between them
_MOST_THIRDS = 16  # tiles of the camera per third of the spacing: 21 um at 1 mm
_MOST_ACROSS = 192  # tiles; every one takes photons
_PER_TILE = 64  # photons
_OF_SKIN = 1 << 17  # photons
_IN_DISC = 400  # photons of the disc that a contrast is taken from, at least
_GROUPS = 8  # of batches, for the jackknife
_RINGS = 24  # of the mean dot, out to half a spacing

VARIABLES = {
    "dot_x_mm": (("dot",), "mm", "where the middle of the needle enters, along x from the middle of the box"),
    "dot_y_mm": (("dot",), "mm", "the same along y"),
    "dot_tip_mm": (("dot",), "mm", "depth of the tip"),
    "dot_held_ng": (("dot_day", "dot"), "ng", "pigment of the dot; on day 0 its dose"),
    "dot_mean_depth_mm": (("dot_day", "dot"), "mm", "mean depth of its pigment"),
    "dot_deepest_mm": (("dot_day", "dot"), "mm", "depth above which 99 % of its pigment lies"),
    "dot_width_mm": (("dot_day", "dot"), "mm", "standard deviation of the place of its pigment, mean over x and y"),
    "dot_contrast": (("camera_day", "dot"), "1", "contrast at 550 nm, mean over the radius of 0.06 mm around the middle of its track, by photons"),
    "dot_contrast_error": (("camera_day", "dot"), "1", "standard error of that"),
    "field_profile": (("camera_day", "ring"), "1", "contrast at 550 nm against the distance from the nearest dot, mean over all dots, by photons"),
    "field_profile_error": (("camera_day", "ring"), "1", "standard error of that"),
    "field_visible_mm": (("camera_day",), "mm", "diameter at which that is half of the mean contrast of the dots"),
    "field_visible_mm_error": (("camera_day",), "mm", "standard error of that"),
    "field_darkening": (("camera_day",), "1", "share of the light at 550 nm that the field sends back less than skin: what all dots take, over a spacing squared for each"),
    "field_darkening_error": (("camera_day",), "1", "standard error of that"),
    "field_delta_e": (("camera_day",), "1", "Delta E 2000 of the mean of the field against skin"),
    "camera_reflectance": (("camera_day", "wavelength", "camera_y", "camera_x"), "1", "diffuse reflectance seen along the normal, by photons at 450, 550 and 650 nm and linear in optical density between"),
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
        """Tiles of the camera per spacing, a multiple of three."""
        return 3 * min(_MOST_THIRDS, _MOST_ACROSS // (3 * max(self.across, self.along) + 2))

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
        return known | {"ring": _RINGS, "camera_y": self.field.along, "camera_x": self.field.across}

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


def nearest(x: np.ndarray, y: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distance to the nearest dot from each point of a grid, and its number, shape (x, y) each."""
    return KDTree(places).query(np.stack(np.meshgrid(x, y, indexing="ij"), axis=-1))


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
    _, owner = nearest(*middles, places)
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
    bands = [float(nm) for nm in _core.wavelengths_nm()]
    found: Arrays = {}
    seen = []
    for n, nm in enumerate(LOOKED_NM):
        dark = _darkness(scene, bands.index(nm), lattice, backend, lambda share, n=n: progress((n + share) / len(LOOKED_NM)))
        seen.append(dark.mean(axis=-1))
        if nm == BAND_NM:
            found = _contrasts(dark, lattice, places)
    skin = np.array([_skin(scene, n, backend) for n in range(len(bands))])
    light = between_bands(np.array(seen), bands)
    taken = skin * (1.0 - (1.0 - light).mean(axis=(1, 2)) * _spread(lattice))
    return found | {
        "field_delta_e": np.array(_core.delta_e(_core.lab(taken.tolist()), _core.lab(skin.tolist()))),
        "camera_reflectance": skin[:, None, None] * light,
        "camera_reflectance_skin": skin,
    }


def between_bands(dark: np.ndarray, bands: list[float]) -> np.ndarray:
    """Light over that of skin in all bands, shape (band, y, x), from the contrast in those that were looked at."""
    density = -np.log(np.clip(1.0 - dark, 1e-3, None))
    shares = np.array([np.interp(bands, LOOKED_NM, one) for one in np.eye(len(LOOKED_NM))])
    return np.exp(-np.tensordot(shares.T, density, axes=1))


def _skin(scene: _core.SpaceScene, band: int, backend: str) -> float:
    """Reflectance of plain skin."""
    return float(followed(scene, scene.skin(band), _OF_SKIN, 0.0, 0.0, 1, 1, backend)["reflected"].mean())


def _darkness(scene: _core.SpaceScene, band: int, lattice: Lattice, backend: str, progress: Callable[[float], None]) -> np.ndarray:
    """Contrast of every tile in every batch, shape (y, x, batch)."""
    field = lattice.field
    tiles = field.across * field.along
    wanted = _IN_DISC * field.side_mm**2 / (math.pi * CENTRE_RADIUS_MM**2) if _core.wavelengths_nm()[band] == BAND_NM else 0.0
    number = math.ceil(max(wanted, _PER_TILE)) * tiles
    at_mm = (field.across, field.x_mm * 1e-3, field.y_mm * 1e-3, field.side_mm * 1e-3)
    seen = []
    for n, medium in enumerate((scene.medium(band), scene.skin(band))):
        found = followed(scene, medium, number, 0.0, 0.0, tiles, 1, backend, lambda share, n=n: progress(0.5 * (n + share)), at_mm)
        seen.append(found["reflected"].reshape(field.along, field.across, -1))
    return (seen[1] - seen[0]) / seen[1].mean()


def _spread(lattice: Lattice) -> float:
    """The map over the field of the dots: what the dots take, seen in all of the map, is spread over a spacing squared for each."""
    return (lattice.field.across * lattice.field.along) / (lattice.tiles**2 * lattice.across * lattice.along)


def _contrasts(dark: np.ndarray, lattice: Lattice, places: np.ndarray) -> Arrays:
    """Contrast of every dot, that of their mean against the distance, and the darkening of the field; errors from the scatter of batches."""
    field = lattice.field
    discs = np.array([_in_disc(dark, field, place) for place in places])
    profile = np.array([np.tensordot(share / share.sum(), dark, axes=2) for share in _in_rings(lattice, places)])
    darkening = dark.mean(axis=(0, 1)) * _spread(lattice)
    found = {"dot_contrast": discs, "field_profile": profile, "field_darkening": darkening}
    errors = {f"{name}_error": values.std(axis=-1, ddof=1) / math.sqrt(values.shape[-1]) for name, values in found.items()}
    wide, wide_error = _visible(profile, discs.mean(axis=0), lattice.spacing_mm)
    return {name: values.mean(axis=-1) for name, values in found.items()} | errors | {"field_visible_mm": wide, "field_visible_mm_error": wide_error}


def _in_rings(lattice: Lattice, places: np.ndarray) -> Iterator[np.ndarray]:
    """Share of every tile, shape (y, x), in each ring around its nearest dot, by 4 x 4 points."""
    field = lattice.field
    fine = Field(field.x_mm, field.y_mm, 0.25 * field.side_mm, 4 * field.across, 4 * field.along)
    distance, _ = nearest(*fine.centres_mm(), places)
    ring = (distance.T * 2.0 * _RINGS / lattice.spacing_mm).astype(int).reshape(field.along, 4, field.across, 4)
    for n in range(_RINGS):
        yield (ring == n).mean(axis=(1, 3))


def _in_disc(dark: np.ndarray, field: Field, place: np.ndarray) -> np.ndarray:
    """Contrast of each batch in the disc around a place, to an eighth of a tile."""
    reach = math.ceil(CENTRE_RADIUS_MM / field.side_mm) + 1
    middle = [math.floor((at - start) / field.side_mm) for at, start in zip(place, (field.x_mm, field.y_mm), strict=True)]
    across, along = (np.clip(np.arange(m - reach, m + reach + 1), 0, most - 1) for m, most in zip(middle, (field.across, field.along), strict=True))
    parts = (np.arange(8) + 0.5) / 8.0
    x, y = ((start + field.side_mm * (cells[:, None] + parts)).ravel() - at for start, cells, at in zip((field.x_mm, field.y_mm), (across, along), place, strict=True))
    inside = (np.hypot(x, y[:, None]) < CENTRE_RADIUS_MM).reshape(len(along), 8, len(across), 8).mean(axis=(1, 3))
    return np.tensordot(inside / inside.sum(), dark[np.ix_(along, across)], axes=2)


def _visible(profile: np.ndarray, contrast: np.ndarray, spacing_mm: float) -> tuple[np.ndarray, np.ndarray]:
    """Diameter at half of the contrast, from both in every batch, and its standard error by the jackknife over groups of them."""
    radius = (np.arange(_RINGS) + 0.5) * 0.5 * spacing_mm / _RINGS
    groups = np.arange(contrast.size) % _GROUPS

    def found(chosen: np.ndarray) -> float:
        return 2.0 * half_width(radius, profile[:, chosen].mean(axis=1), 0.5 * float(contrast[chosen].mean()))

    others = np.array([found(groups != n) for n in range(_GROUPS)])
    return np.array(found(groups >= 0)), np.sqrt((_GROUPS - 1) / _GROUPS * ((others - others.mean()) ** 2).sum())
