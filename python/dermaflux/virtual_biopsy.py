"""A section through a simulated dot: what a microtome would cut of the pigment, grain by grain."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr

from . import _core
from .looks import moment
from .result import POOLS
from .runfile import layers_at_axis, resolved_input, skin_at_axis

SPINDLE_SHARE = 0.1  # of a macrophage's capacity that a fibroblast holds; estimate: it spreads its granules along its body
RETE_PERIOD_UM = (90.0, 150.0)  # estimate: from ridge to ridge of scalp epidermis
_CELL_UM = 7.0  # smallest radius of a macrophage; estimate: 12 to 16 um across
_FILL = {"macrophage": 0.6, "slow": 0.3}  # share of a ball that grains fill: random close packing; estimate for fibroblasts
_LOOSE, _LOOSE_GRAINS = 0.4, 64  # the same of an agglomerate between cells, and its grains: 2 to 3 um, dense as those of carbon black; estimates


@dataclass(frozen=True)
class Cut:
    """How a section is cut and mounted.

    Attributes
    ----------
    offset_um: of the cut from the axis of the dot.   angle_deg: between the cut and the normal of the skin.
    thickness_um: of the section.   shrinkage: of lengths, by fixing and embedding [-].
    """

    offset_um: float = 0.0
    angle_deg: float = 0.0
    thickness_um: float = 4.0
    shrinkage: float = 0.0

    def __post_init__(self) -> None:
        for name, low, high in (("offset_um", -5000.0, 5000.0), ("angle_deg", -45.0, 45.0), ("thickness_um", 1.0, 30.0), ("shrinkage", 0.0, 0.5)):
            if not low <= getattr(self, name) <= high:
                raise _core.InputError(f"{name} = {getattr(self, name):g} is out of range; use {low:g} to {high:g}")


@dataclass(frozen=True)
class Tissue:
    """What a section shows of a run on one day.

    Attributes
    ----------
    layers_um: thickness of the uppermost layer and of all others of the epidermis, of the uppermost and of all others of the dermis.
    rete_um: height of the ridges.
    r_um, z_um: faces of the grid.   pools: pigment per tissue volume by pool, shape (pool, ring, row) [ng/um^3].
    granule_um, granule_ng: diameter and pigment of a grain.   capacity_ng, macrophages_per_um3: of the dermis.
    ink_m2_g: absorption of the pigment in red, green and blue.   melanin: volume fraction of melanosomes in the epidermis.
    """

    layers_um: tuple[float, float, float, float]
    rete_um: float
    r_um: np.ndarray
    z_um: np.ndarray
    pools: np.ndarray
    granule_um: float
    granule_ng: float
    capacity_ng: float
    macrophages_per_um3: float
    ink_m2_g: tuple[float, float, float]
    melanin: float

    @property
    def junction_um(self) -> float:
        """Where the rete ridges begin; they reach `rete_um` deeper."""
        return self.layers_um[0] + self.layers_um[1]

    def shares(self) -> np.ndarray:
        """Share of all pigment in each row of the grid, shape (row,)."""
        mass = np.einsum("prz,r,z->z", self.pools, np.diff(self.r_um**2), np.diff(self.z_um))
        return mass / mass.sum()


def tissue_of(run: xr.Dataset, day: float, name: str = "the run") -> Tissue:
    """Pigment and layers of an opened run on one of its looks.

    Raises
    ------
    InputError: no such day, no pigment then, or a run in a box, of which only means over rings could be cut.
    """
    if "tracks" in run:
        raise _core.InputError(f'{name}: geometry.kind is "box", and sections are cut from rings; run it with kind = "axisymmetric"')
    n = moment(run, day, name)
    read = resolved_input(run)

    def value(key: str) -> float:
        return read[key]["value"]

    skin, thickness = skin_at_axis(read), layers_at_axis(read)
    kinds = {name: value(f"{skin}.layer.{name}.kind") for name in thickness}
    epidermis, dermis = ([1e3 * mm for name, mm in thickness.items() if kinds[name] == kind] for kind in ("epidermis", "dermis"))
    if not epidermis or not dermis:
        raise _core.InputError(f"{name}: its skin has no layer of kind {'dermis' if epidermis else 'epidermis'}, without which there is no junction to draw")
    pools = np.stack([run[f"pigment_{pool}"].transpose("time", "r", "z").values[n] for pool in POOLS]) * 1e-6  # kg/m^3 to ng/um^3
    if not pools.sum() > 0.0:
        raise _core.InputError(f"{name}: holds no pigment on day {day:g}; choose an earlier day")
    size = _core.cluster_size_um(*(value(f"{skin}.cluster_{name}") for name in ("start_um", "end_um", "growth_year")), day)
    solid = value(f"{skin}.cluster_solids") * value("ink.pigment_density_g_cm3") * 1e-3  # ng/um^3
    bands = np.asarray(value("ink.absorption_m2_per_g"))
    return Tissue(
        (epidermis[0], sum(epidermis[1:]), dermis[0], sum(dermis[1:])), value(f"{skin}.rete_amplitude_um"),
        run["r_face"].values * 1e6, run["z_face"].values * 1e6, pools, size,
        float(np.pi / 6.0 * size**3 * solid), value(f"{skin}.macrophage_capacity_ng"), value(f"{skin}.macrophage_density_per_mm3") * 1e-9,
        tuple(np.interp((600.0, 550.0, 450.0), _core.wavelengths_nm(), bands)), value(f"{skin}.melanosome_fraction"),
    )  # fmt: skip


@dataclass(frozen=True)
class Bearer:
    """A cell, or a place between cells, that holds pigment in a section.

    Attributes
    ----------
    kind: pool it belongs to.   x_um: along the section from the axis of the dot.   z_um: depth below the surface.
    radius_um: of the cell in the section.   share: of its capacity [-].
    grains: places of the grains in the section, shape (grain, 2) [um], relative to it.
    """

    kind: str
    x_um: float
    z_um: float
    radius_um: float
    share: float
    grains: np.ndarray


def bearers(tissue: Tissue, cut: Cut, junction: Callable[[np.ndarray], np.ndarray], random: np.random.Generator) -> list[Bearer]:
    """Everything in a section that holds pigment. Cells lie at random (Poisson) with the density of the field; no two sections are alike.

    Parameters
    ----------
    junction: depth of the junction at places along the section [um]. Pigment of the dermis that falls above it, or of the epidermis below it,
        moves along the section to the next place where its row lies on the right side, so that its depth stays.
    """
    found: list[Bearer] = []
    slope = np.tan(np.radians(cut.angle_deg))
    half = tissue.r_um[-1]
    for pool, field in zip(POOLS, tissue.pools, strict=True):
        load = {"macrophage": tissue.capacity_ng, "slow": SPINDLE_SHARE * tissue.capacity_ng}.get(pool, _LOOSE_GRAINS * tissue.granule_ng)
        # As many macrophages as the dermis has, each with a grain at least, or as it takes to hold the pigment.
        least = np.minimum(tissue.macrophages_per_um3, field / tissue.granule_ng) if pool == "macrophage" else 0.0
        number = np.maximum(field / load, least)
        held = np.divide(field, number, out=np.zeros_like(field), where=number > 0.0)  # [ng] of one bearer
        ball = 0.5 * tissue.granule_um * np.cbrt(held / tissue.granule_ng / _FILL.get(pool, _LOOSE))
        slab = cut.thickness_um / np.cos(np.radians(cut.angle_deg)) + 2.0 * ball
        expected = number * np.pi * np.diff(tissue.r_um**2)[:, None] * np.diff(tissue.z_um)
        if not expected.sum() > 0.0:
            continue
        chosen = random.choice(number.size, random.poisson(expected.sum()), p=(expected / expected.sum()).ravel())
        rings, rows = np.divmod(chosen, number.shape[1])
        r = np.sqrt(tissue.r_um[rings] ** 2 + random.random(len(rings)) * (tissue.r_um[rings + 1] ** 2 - tissue.r_um[rings] ** 2))
        z = tissue.z_um[rows] + random.random(len(rows)) * np.diff(tissue.z_um)[rows]
        turn = 2.0 * np.pi * random.random(len(r))
        x, away = r * np.cos(turn), r * np.sin(turn) - (cut.offset_um + z * slope)
        for n in np.flatnonzero(np.abs(away) < 0.5 * slab[rings, rows]):
            mine, radius = held[rings[n], rows[n]], ball[rings[n], rows[n]]
            grains = _grains(mine / tissue.granule_ng, radius, away[n], cut, random, flat=pool == "slow")
            if len(grains):
                found.append(Bearer(pool, _on_side(x[n], z[n], pool != "epidermal", junction, half), z[n], max(_CELL_UM, radius), mine / load, grains))
    return found


def _grains(count: float, radius: float, away: float, cut: Cut, random: np.random.Generator, flat: bool) -> np.ndarray:
    """Grains of one bearer that lie in the section: evenly in a sphere, or along a spindle of the same volume."""
    whole = int(count) + (random.random() < count % 1.0)
    way = random.normal(size=(whole, 3))
    way *= (radius * np.cbrt(random.random(whole)) / np.maximum(np.linalg.norm(way, axis=1), 1e-12))[:, None]
    inside = np.abs(way[:, 1] + away) < 0.5 * cut.thickness_um
    grains = way[inside][:, [0, 2]]
    return grains * (2.0, 0.5) if flat else grains


def _on_side(x: float, z: float, dermal: bool, junction: Callable[[np.ndarray], np.ndarray], half: float) -> float:
    """The nearest place along the section at which a depth lies in the dermis, or in the epidermis."""
    steps = np.arange(0.0, RETE_PERIOD_UM[1], 2.0)
    tried = x + np.column_stack([steps, -steps]).ravel()
    right = (z > junction(tried)) == dermal
    right &= np.abs(tried) < half
    return float(tried[np.argmax(right)]) if right.any() else x
