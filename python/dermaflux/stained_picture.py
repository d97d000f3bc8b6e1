"""A section as it looks under the microscope after staining. Everything but the pigment is drawn, not simulated."""

import math
from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from .stains import Stain
from .virtual_biopsy import RETE_PERIOD_UM, Bearer, Cut, Tissue, bearers

MARGIN_UM = 60.0  # of bare slide above the skin
_WHITE = np.array([244.0, 242.0, 246.0])  # of the bare slide
_STRAY = 0.01  # of the light reaches the camera past the section; estimate
_BLUR_UM = 0.35  # of the objective, standard deviation: about 0.5 um of resolution at 20x
_NOISE = 1.2  # of the camera, standard deviation of 255
_WAVE_UM = 4.0  # of the surface
_OPACITY = 1e3 / math.log(10.0)  # decadic optical density of 1 ng/um^2 of a pigment of 1 m^2/g


@dataclass(frozen=True)
class Stained:
    """A synthetic section.

    Attributes
    ----------
    colours: shape (row, column, 3), 0 to 255.   lines: surface, junction and lower end of the dermis, by class, shape (corner, 2) [pixel].
    truth: pigment of each pixel that holds some, shape (pixel, 4): depth below the surface [um], below the line of the junction straight down [um], mass [ng],
        optical density through the objective, of which no more than 1 counts, as opaque cells hide how much they hold, times area [um^2].
    """

    colours: np.ndarray
    lines: dict[str, np.ndarray]
    truth: np.ndarray


class _Canvas:
    """Maps of stain on a grid, lengths in micrometres of tissue; the origin is the surface over the middle of the picture."""

    def __init__(self, tissue: Tissue, cut: Cut, mpp: float, width_um: float, depth_um: float, random: np.random.Generator) -> None:
        self.step = mpp / (1.0 - cut.shrinkage)
        self.shape = (math.ceil((MARGIN_UM + depth_um) / self.step), math.ceil(width_um / self.step))
        self.x = (np.arange(self.shape[1]) + 0.5) * self.step - 0.5 * width_um
        self.left, self.random, self.stretch = -0.5 * width_um, random, 1.0 / math.cos(math.radians(cut.angle_deg))
        grid = np.arange(self.left - 200.0, -self.left + 200.0, 1.0)
        waves = ndimage.gaussian_filter1d(random.normal(size=len(grid)), 60.0)
        self._surface = grid, _WAVE_UM * waves / np.abs(waves).max()
        knots = np.cumsum(random.uniform(*RETE_PERIOD_UM, 2 * int(len(grid) / RETE_PERIOD_UM[0]) + 4) / 2.0) + grid[0] - RETE_PERIOD_UM[1]
        ridge = np.interp(grid, knots, np.arange(len(knots)) % 2)
        self._ridge = grid, ndimage.gaussian_filter1d(tissue.junction_um + tissue.rete_um * ridge, 8.0)
        self.z = ((np.arange(self.shape[0], dtype=np.float32)[:, None] + 0.5) * self.step - MARGIN_UM - self.surface(self.x).astype(np.float32)) / self.stretch
        self.haematoxylin, self.eosin, self.melanin, self.ink = (np.zeros(self.shape, np.float32) for _ in range(4))

    def surface(self, x: np.ndarray) -> np.ndarray:
        """How much lower than over the middle the surface lies [um]."""
        return np.interp(x, *self._surface)

    def junction(self, x: np.ndarray) -> np.ndarray:
        """Depth of the junction below the surface [um]."""
        return np.interp(x, *self._ridge)

    def pixel(self, x: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Row and column of places, in pixels; the centre of the first is 0.5."""
        return (z * self.stretch + self.surface(x) + MARGIN_UM) / self.step, (np.asarray(x) - self.left) / self.step

    def fibres(self, along_um: float, across_um: float, wave_um: float) -> np.ndarray:
        """Noise drawn out along wavy lines, of mean 0 and variance 1."""
        noise = ndimage.gaussian_filter(self.random.normal(size=self.shape).astype(np.float32), (across_um / self.step, along_um / self.step), mode="wrap")
        coarse = self.random.normal(size=[n // 8 + 2 for n in self.shape]).astype(np.float32)
        bend = ndimage.zoom(ndimage.gaussian_filter(coarse, 28.0 / self.step / 8.0 * np.array([0.7, 1.0])), 8.0, order=1)
        bend = bend[: self.shape[0], : self.shape[1]] / bend.std() * (wave_um / self.step)
        rows = np.arange(self.shape[0], dtype=np.float32)[:, None] + bend
        columns = np.broadcast_to(np.arange(self.shape[1], dtype=np.float32), self.shape)
        bent = ndimage.map_coordinates(noise, [rows, columns], order=1, mode="wrap")
        return (bent - bent.mean()) / bent.std()

    def ellipse(self, target: np.ndarray, x: float, z: float, long_um: float, short_um: float, turn: float, amount: float, speckle: float = 0.0) -> None:
        """Adds a soft-edged ellipse; `turn` from the horizontal [rad]."""
        row, column = self.pixel(np.float64(x), np.float64(z))
        reach = long_um / self.step + 2.0
        top, left = max(0, int(row - reach)), max(0, int(column - reach))
        part = target[top : max(0, int(row + reach) + 1), left : max(0, int(column + reach) + 1)]
        if not part.size:
            return
        dy, dx = np.ogrid[: part.shape[0], : part.shape[1]]
        dy, dx = (dy + top + 0.5 - row) * self.step, (dx + left + 0.5 - column) * self.step
        u, v = dx * math.cos(turn) + dy * math.sin(turn), dy * math.cos(turn) - dx * math.sin(turn)
        inside = np.clip((1.0 - np.hypot(u / long_um, v / short_um)) * short_um / 0.6 + 0.5, 0.0, 1.0)
        part += (amount * inside * (1.0 + speckle * self.random.normal(size=part.shape))).astype(np.float32)


def stained_section(tissue: Tissue, cut: Cut, stain: Stain, *, mpp: float, width_um: float, depth_um: float, seed: int) -> Stained:
    """Cuts and stains; the same seed gives the same picture, and the same section in another stain.

    Parameters
    ----------
    mpp: side of a pixel [um].   width_um, depth_um: of the tissue shown, before it shrank.
    """
    random = np.random.default_rng(seed)
    canvas = _Canvas(tissue, cut, mpp, width_um, depth_um, random)
    pigment = bearers(tissue, cut, canvas.junction, random)
    _dermis(canvas, tissue)
    _epidermis(canvas, tissue)
    for one in pigment:
        _bearer(canvas, one, tissue.granule_ng)
    canvas.ink = ndimage.gaussian_filter(canvas.ink, 0.25 * tissue.granule_um / canvas.step)  # a grain is no point
    rows, columns = np.nonzero(canvas.ink)
    deep = canvas.z[rows, columns].astype(float)
    mass = canvas.ink[rows, columns].astype(float)
    light = ndimage.gaussian_filter(np.power(10.0, -canvas.ink * np.float32(_OPACITY * min(tissue.ink_m2_g))), _BLUR_UM / canvas.step)[rows, columns]
    seen = np.clip(-np.log10(light.astype(float)), 0.0, 1.0)
    truth = np.column_stack([deep, deep - canvas.junction(canvas.x)[columns], mass * canvas.step**2, seen * canvas.step**2])
    bottom = sum(tissue.layers_um)
    x = np.arange(0.0, canvas.shape[1] + 1.0, max(1.0, 1.0 / canvas.step))
    at = canvas.left + x * canvas.step
    named = {"Surface": np.zeros_like(at), "DEJ": canvas.junction(at)} | ({"Dermis-Hypodermis": np.full_like(at, bottom)} if bottom < depth_um else {})
    return Stained(_light(canvas, tissue, stain), {name: np.column_stack([x, canvas.pixel(at, z)[0]]) for name, z in named.items()}, truth)


def _dermis(canvas: _Canvas, tissue: Tissue) -> None:
    """Fine fibres above, coarse wavy bundles with clefts below, nuclei, vessels, and fat."""
    z, random = canvas.z, canvas.random
    papillary, bottom = tissue.junction_um + tissue.layers_um[2], sum(tissue.layers_um)
    fine = canvas.fibres(9.0, 1.3, 5.0)
    coarse, crossing = canvas.fibres(28.0, 3.2, 16.0), canvas.fibres(9.0, 4.0, 30.0)
    bundle = np.maximum(coarse, 0.85 * crossing - 0.1)
    bundles = 0.40 / (1.0 + np.exp(-3.0 * (bundle + 0.45))) + 0.05 * fine * (bundle > -0.3)
    blend = np.clip((z - papillary) / 60.0 + 0.5, 0.0, 1.0)
    canvas.eosin += np.where(z > 0.0, (1.0 - blend) * (0.22 + 0.055 * fine + 0.04 * coarse) + blend * np.maximum(bundles, 0.015), 0.0)
    canvas.haematoxylin += np.where(z > 0.0, 0.03, 0.0).astype(np.float32)
    area = canvas.shape[1] * canvas.step * max(0.0, min(bottom, float(z.max())) - tissue.junction_um)
    for _ in range(random.poisson(area / 1900.0)):
        x, deep = random.uniform(canvas.left, -canvas.left), random.uniform(tissue.junction_um, min(bottom, float(z.max())))
        if deep > canvas.junction(x) + 4.0:
            canvas.ellipse(canvas.haematoxylin, x, deep, random.uniform(4.0, 7.5), random.uniform(0.9, 1.5), random.normal(0.0, 0.5), 0.75, 0.15)
    for _ in range(random.poisson(area / 45000.0)):
        x, deep = random.uniform(canvas.left, -canvas.left), random.uniform(tissue.junction_um + tissue.rete_um + 25.0, min(bottom, float(z.max())))
        _vessel(canvas, x, deep, random.uniform(6.0, 13.0))
    _fat(canvas, z > bottom)


def _vessel(canvas: _Canvas, x: float, z: float, radius: float) -> None:
    random = canvas.random
    canvas.ellipse(canvas.eosin, x, z, radius + 2.0, radius + 2.0, 0.0, 0.12)
    canvas.ellipse(canvas.eosin, x, z, radius, radius, 0.0, -0.30)
    for turn in np.arange(0.0, 2.0 * math.pi, 1.1) + random.uniform(0.0, 1.0):
        canvas.ellipse(canvas.haematoxylin, x + (radius + 1.0) * math.cos(turn), z + (radius + 1.0) * math.sin(turn), 3.2, 1.1, turn + math.pi / 2.0, 0.7, 0.15)
    for _ in range(int(radius**2 / 25.0)):
        turn, away = random.uniform(0.0, 2.0 * math.pi), radius * 0.65 * math.sqrt(random.random())
        canvas.ellipse(canvas.eosin, x + away * math.cos(turn), z + away * math.sin(turn), 3.2, 2.6, turn, 0.42)
    np.maximum(canvas.eosin, 0.0, out=canvas.eosin)


def _fat(canvas: _Canvas, where: np.ndarray) -> None:
    """Cells like foam: walls where the two nearest middles are equally near."""
    rows, columns = np.nonzero(where)
    if not len(rows):
        return
    canvas.eosin[where] = canvas.haematoxylin[where] = 0.0
    spacing = 75.0 / canvas.step
    sides = (np.arange(-spacing, size + spacing, spacing) for size in canvas.shape)
    grid = np.stack(np.meshgrid(*sides), -1).reshape(-1, 2)
    near, _ = cKDTree(grid + canvas.random.uniform(-0.38, 0.38, grid.shape) * spacing).query(np.column_stack([rows, columns]), k=2, workers=2)
    canvas.eosin[rows, columns] = 0.32 * np.exp(-(((near[:, 1] - near[:, 0]) * canvas.step / 2.2) ** 2))


def _epidermis(canvas: _Canvas, tissue: Tissue) -> None:
    """Horny layer in a basket weave, cells with nuclei that flatten towards it, an upright basal row with melanin."""
    z, random, horny = canvas.z, canvas.random, tissue.layers_um[0]
    junction = canvas.junction(canvas.x).astype(np.float32)
    inside = (z >= horny) & (z < junction)
    corneum = (z >= 0.0) & (z < horny)
    weave = canvas.fibres(14.0, 0.9, 2.0)
    canvas.eosin[corneum] = np.where(weave > -0.25, 0.40 + 0.06 * weave, 0.04)[corneum]
    canvas.haematoxylin[corneum] = 0.02
    above = np.clip((junction - z) / np.maximum(junction - horny, 1.0), 0.0, 1.0)
    canvas.eosin[inside] = (0.26 + 0.02 * weave)[inside]
    canvas.haematoxylin[inside] = (0.24 - 0.05 * above)[inside]
    canvas.haematoxylin[(z >= horny) & (z < horny + 6.0) & inside & (weave > 0.7)] += 0.35  # keratohyalin of the granular layer
    nuclei = []
    for x in np.arange(canvas.left, -canvas.left, 6.8):
        x += random.normal(0.0, 0.7)
        slope = math.atan(float(canvas.junction(x + 3.0) - canvas.junction(x - 3.0)) / 6.0)
        nuclei.append((x, float(canvas.junction(x)) - 6.0 / math.cos(slope), 4.1, 2.5, slope + math.pi / 2.0 + random.normal(0.0, 0.15)))
    for n, row in enumerate(np.arange(horny + 4.0, tissue.junction_um + tissue.rete_um, 9.5)):
        for x in np.arange(canvas.left + 5.5 * (n % 2), -canvas.left, 11.0):
            x, deep = x + random.normal(0.0, 1.6), row + random.normal(0.0, 1.4)
            if horny + 3.0 < deep < canvas.junction(x) - 13.0:
                flat = max(0.0, 1.0 - (deep - horny) / 22.0)
                nuclei.append((x, deep, 3.3 + 1.6 * flat, 2.9 - 1.5 * flat, random.normal(0.0, 0.3)))
    _walls(canvas, np.array([one[:2] for one in nuclei]), inside)
    for x, deep, long, short, turn in nuclei:
        canvas.ellipse(canvas.haematoxylin, x, deep, long, short, turn, random.uniform(0.55, 0.8), 0.12)
    basal = inside & (junction - z < 11.0)
    speck = canvas.fibres(1.2, 1.2, 1.0)
    # All melanosomes of the epidermis lie in caps in its basal row; estimate: stained light skin (0.03) is brown there.
    amount = tissue.melanin * float(inside.sum()) / max(float(basal.sum()), 1.0)
    canvas.melanin[basal] = np.minimum(amount * np.maximum(speck, 0.0), 1.0)[basal]


def _walls(canvas: _Canvas, middles: np.ndarray, inside: np.ndarray) -> None:
    """Pale lines between cells."""
    rows, columns = np.nonzero(inside)
    seeds = np.column_stack(canvas.pixel(middles[:, 0], middles[:, 1]))
    near, _ = cKDTree(seeds).query(np.column_stack([rows, columns]) + 0.5, k=2, workers=2)
    pale = np.exp(-(((near[:, 1] - near[:, 0]) * canvas.step / 1.1) ** 2))
    canvas.eosin[rows, columns] *= (1.0 - 0.6 * pale).astype(np.float32)
    canvas.haematoxylin[rows, columns] *= (1.0 - 0.6 * pale).astype(np.float32)


def _bearer(canvas: _Canvas, one: Bearer, granule_ng: float) -> None:
    """A macrophage with its nucleus pushed aside, a fibroblast, or loose grains; each grain counts on the pixel it lies on."""
    turn = canvas.random.uniform(0.0, 2.0 * math.pi)
    if one.kind == "macrophage":
        canvas.ellipse(canvas.eosin, one.x_um, one.z_um, one.radius_um * 1.1, one.radius_um * 0.9, turn, 0.06)
        away = 0.75 * one.radius_um
        canvas.ellipse(canvas.haematoxylin, one.x_um + away * math.cos(turn), one.z_um + away * math.sin(turn), 3.6, 2.6, turn + 1.57, 0.55, 0.15)
    elif one.kind == "slow":
        canvas.ellipse(canvas.haematoxylin, one.x_um, one.z_um, 6.0, 1.3, 0.0, 0.6, 0.15)
    rows, columns = (np.floor(place).astype(int) for place in canvas.pixel(one.x_um + one.grains[:, 0], one.z_um + one.grains[:, 1]))
    kept = (rows >= 0) & (rows < canvas.shape[0]) & (columns >= 0) & (columns < canvas.shape[1])
    np.add.at(canvas.ink, (rows[kept], columns[kept]), np.float32(granule_ng / canvas.step**2))


def _light(canvas: _Canvas, tissue: Tissue, stain: Stain) -> np.ndarray:
    """Beer-Lambert through the stains and the pigment, blur of the objective, stray light and noise of the camera."""
    colours = np.empty((*canvas.shape, 3), np.uint8)
    dermal = canvas.z > canvas.junction(canvas.x)
    for n in range(3):
        density = canvas.haematoxylin * stain.nuclei[n] + canvas.eosin * np.where(dermal, np.float32(stain.fibres[n]), np.float32(stain.cells[n]))
        density += canvas.melanin * stain.melanin[n]
        density += canvas.ink * (_OPACITY * tissue.ink_m2_g[n])
        seen = ndimage.gaussian_filter(np.power(10.0, -density, dtype=np.float32), _BLUR_UM / canvas.step)
        level = _WHITE[n] * (_STRAY + (1.0 - _STRAY) * seen) + canvas.random.normal(0.0, _NOISE, canvas.shape)
        colours[..., n] = np.clip(np.rint(level), 0, 255)
    return colours
