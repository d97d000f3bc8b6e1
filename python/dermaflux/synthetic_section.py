"""Synthetic sections of a run as files: marked synthetic in name and metadata, with their lines and their true profile beside them."""

import json
import os
from pathlib import Path

import numpy as np
import tifffile
import xarray as xr
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from . import _core, provenance
from .histology_proposal import geojson
from .stained_picture import Stained, stained_section
from .stains import stain_of
from .virtual_biopsy import Cut, Tissue, bearers, tissue_of
from .writing import check_output, complete_or_absent, write_text

MARK = "synthetic"
_ENDINGS = (".tif", ".tiff", ".png")
_TRUTH_BIN_UM = 20.0
_LARGEST = 100_000_000  # pixels of a picture, about 5 GB while it is drawn


def section_path(path: str | os.PathLike[str], number: int = 0) -> Path:
    """Name of a section: that given, with `_synthetic` and the number of the section."""
    path = Path(path)
    if path.suffix.lower() not in _ENDINGS:
        raise _core.InputError(f"{path}: is no picture this can write; give a name that ends with {', '.join(_ENDINGS)}")
    marked = path.stem if MARK in path.stem else f"{path.stem}_{MARK}"
    return check_output(path.with_name(marked + (f"_{number:02d}" if number else "") + path.suffix))


def random_cuts(tissue: Tissue, count: int, cut: Cut, seed: int) -> list[Cut]:
    """Cuts anywhere within the radius that holds 95 % of the pigment, tilted by up to the angle of `cut` either way."""
    mass = np.einsum("prz,z->r", tissue.pools, np.diff(tissue.z_um)) * np.diff(tissue.r_um**2)
    radius = float(np.interp(0.95, np.append(0.0, np.cumsum(mass) / mass.sum()), tissue.r_um))
    random = np.random.default_rng(seed)
    return [
        Cut(float(random.uniform(-radius, radius)), float(random.uniform(-1.0, 1.0) * cut.angle_deg), cut.thickness_um, cut.shrinkage) for _ in range(count)
    ]  # fmt: skip


def sections_seen(tissue: Tissue, count: int, cut: Cut = Cut(), *, bin_um: float = 20.0, seed: int = 1) -> xr.Dataset:  # noqa: B008
    """What random sections hold, without drawing them: the distribution from which a pathologist sees a few.

    Parameters
    ----------
    count: sections.   cut: thickness, and the largest angle.   bin_um: height of a bin of depth.

    Returns
    -------
    Dataset by section and by bins of depth below the surface [um]: pigment in grains [ng], and that of the whole dot as share of all.
    """
    deep = float(np.interp(0.9999, np.append(0.0, np.cumsum(tissue.shares())), tissue.z_um))
    edges = np.arange(0.0, deep + 2.0 * bin_um, bin_um)
    held = np.zeros((count, len(edges) - 1))
    for n, one in enumerate(random_cuts(tissue, count, cut, seed)):
        for bearer in bearers(tissue, one, lambda x: np.full(np.shape(x), tissue.junction_um), np.random.default_rng([seed, n])):
            held[n] += np.histogram(bearer.z_um + bearer.grains[:, 1], edges)[0] * tissue.granule_ng
    whole = np.diff(np.interp(edges, tissue.z_um, np.append(0.0, np.cumsum(tissue.shares()))))
    return xr.Dataset(
        {"pigment_ng": (("section", "depth_bin"), held, {"units": "ng", "long_name": "pigment of each section"}),
         "whole_dot": ("depth_bin", whole, {"units": "1", "long_name": "share of all pigment of the dot"})},
        coords={"from_um": ("depth_bin", edges[:-1]), "to_um": ("depth_bin", edges[1:])}, attrs={"synthetic": 1},
    )  # fmt: skip


def section(
    run: xr.Dataset,
    day: float,
    cut: Cut = Cut(),  # noqa: B008
    *,
    stain: str = "he",
    mpp: float = 0.5,
    width_um: float = 800.0,
    depth_um: float = 0.0,
    seed: int = 1,
    name: str = "the run",
) -> tuple[Tissue, Stained]:
    """A section of an opened run on one of its looks.

    Parameters
    ----------
    stain: of `stains.STAINS`.   mpp: side of a pixel [um].   width_um, depth_um: of the tissue shown; 0 um deep: to the fat.

    Raises
    ------
    InputError: no such day or stain, no pigment then, or a picture that is too large.
    """
    stained = stain_of(stain)
    tissue = tissue_of(run, day, name)
    deep = depth_um or sum(tissue.layers_um) + 150.0
    for key, value, low, high in (("mpp", mpp, 0.1, 4.0), ("width-um", width_um, 100.0, 20000.0), ("depth-um", deep, 100.0, 10000.0)):
        if not low <= value <= high:
            raise _core.InputError(f"--{key} {value:g}: is out of range; use {low:g} to {high:g}")
    if seed < 0:
        raise _core.InputError(f"--seed {seed}: is out of range; use 0 or more")
    if width_um * deep / mpp**2 > _LARGEST:
        raise _core.InputError(f"{width_um:g} x {deep:g} um at {mpp:g} um are more than {_LARGEST:,} pixels; use a larger --mpp or a smaller --width-um")
    return tissue, stained_section(tissue, cut, stained, mpp=mpp, width_um=width_um, depth_um=deep, seed=seed)


def save_section(
    tissue: Tissue, stained: Stained, path: Path, *, mpp: float, cut: Cut, day: float, seed: int, title: str, stain: str = "he"
) -> list[Path]:
    """Writes the picture with its pixel size, its lines as GeoJSON (NAME.geojson) and its true profile (NAME.truth.csv)."""
    facts = {
        "synthetic": True, "note": "drawn by dermaflux from a simulation; no tissue of a person", "run": title, "day": day, "stain": stain, "seed": seed,
        "offset_um": cut.offset_um, "angle_deg": cut.angle_deg, "thickness_um": cut.thickness_um, "shrinkage": cut.shrinkage, "version": provenance.build(),
    }  # fmt: skip
    text = json.dumps(facts, sort_keys=True)
    with complete_or_absent(path) as part:
        if path.suffix.lower() == ".png":
            info = PngInfo()
            info.add_text("Description", text)
            info.add_text("Software", "dermaflux, synthetic section")
            Image.fromarray(stained.colours).save(part, format="PNG", dpi=(25400.0 / mpp,) * 2, pnginfo=info)
        else:
            tifffile.imwrite(
                part, stained.colours, photometric="rgb", tile=(512, 512), compression="zlib", predictor=True, description=_ome(stained, path.stem, mpp, text),
                resolution=(1e4 / mpp,) * 2, resolutionunit="CENTIMETER", software="dermaflux, synthetic section", metadata=None,
            )  # fmt: skip
    lines = write_text(path.with_suffix(".geojson"), geojson({name: [corners] for name, corners in stained.lines.items()}))
    return [path, lines, write_text(path.with_suffix(".truth.csv"), _truth(tissue, stained, text))]


def _ome(stained: Stained, name: str, mpp: float, text: str) -> bytes:
    """OME-XML of one RGB plane; made here so that the same section gives the same bytes (a library would put a random UUID in)."""
    high, wide, _ = stained.colours.shape
    return (
        '<?xml version="1.0" encoding="UTF-8"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" Creator="dermaflux">'
        f'<Image ID="Image:0" Name="{_escaped(name)}"><Description>{_escaped(text)}</Description>'
        f'<Pixels ID="Pixels:0" DimensionOrder="XYCZT" Type="uint8" SizeX="{wide}" SizeY="{high}" SizeC="3" SizeZ="1" SizeT="1" Interleaved="true" '
        f'PhysicalSizeX="{mpp!r}" PhysicalSizeXUnit="µm" PhysicalSizeY="{mpp!r}" PhysicalSizeYUnit="µm"><Channel ID="Channel:0:0" SamplesPerPixel="3"/>'
        '<TiffData IFD="0" PlaneCount="1"/></Pixels></Image></OME>'
    ).encode()


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def _truth(tissue: Tissue, stained: Stained, text: str) -> str:
    """Share of the pigment by depth: of its mass in this section, of what a picture can show of it, and in the whole simulated dot."""
    edges = np.arange(0.0, max(stained.truth[:, 0].max(initial=0.0), _TRUTH_BIN_UM) + _TRUTH_BIN_UM, _TRUTH_BIN_UM)
    here, seen = (np.histogram(stained.truth[:, 0], edges, weights=stained.truth[:, n])[0] for n in (2, 3))
    whole = np.diff(np.interp(edges, tissue.z_um, np.append(0.0, np.cumsum(tissue.shares()))))
    columns = [edges[:-1], edges[1:], *(part / max(part.sum(), 1e-300) for part in (here, seen)), whole]
    rows = "".join(f"{top:g},{bottom:g},{mass:.6g},{shown:.6g},{dot:.6g}\n" for top, bottom, mass, shown, dot in zip(*columns, strict=True))
    return f"# dermaflux synthetic section 1.0\n# {text}\ndepth_from_um,depth_to_um,fraction_section,fraction_seen,fraction_dot\n{rows}"

