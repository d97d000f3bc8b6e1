"""Pictures of sections: what can be measured in them, their pixel size, and their pixels band by band so that memory stays small."""

import os
import re
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import tifffile
from PIL import Image, UnidentifiedImageError

from . import _core
from .histology_slide import for_openslide, slide_bands, slide_facts

_SMALLEST_UM = 100.0  # a side that shows less is no section of skin
_MPP = (0.05, 10.0)  # pixel sizes of microscopes [um]; 72 dpi, which programs write for "unknown", is 353
_SEGMENT_BYTES = 256 << 20  # largest tile or strip that is decoded at once
_WHOLE_PIXELS = 150_000_000  # largest PNG or JPEG, which is decoded in one piece
_BAND_ROWS = 512
_SQUARE = 0.01  # by how much the sides of a pixel may differ
_SYNTHETIC = re.compile(r'("|&quot;)synthetic\1: *true')  # in the description of pictures that `dermaflux histology section` drew
_UNITS_UM = {"µm": 1.0, "um": 1.0, "nm": 1e-3, "mm": 1e3, "cm": 1e4, "m": 1e6}


Sides = tuple[float, float]


@dataclass(frozen=True)
class SectionImage:
    """A picture of a section.

    Attributes
    ----------
    width, height: [pixel].   mpp: side of a pixel [um].   mpp_source: where that is from.
    notes: what was converted.   synthetic: whether its description says that it was drawn from a simulation.   reader: "tiff", "slide" or "whole".
    """

    path: Path
    width: int
    height: int
    mpp: float
    mpp_source: str
    notes: tuple[str, ...] = ()
    synthetic: bool = False
    reader: str = "whole"

    def bands(self) -> Iterator[tuple[int, np.ndarray]]:
        """First row and pixels of each band from the top, shape (row, width, 3), 0 to 255; a band that holds nothing is white and takes no
        memory (see `is_bare`).

        Raises
        ------
        FileError: damaged.
        """
        try:
            for top, band in {"tiff": self._pieces, "slide": lambda: slide_bands(self.path), "whole": self._whole}[self.reader]():
                yield top, band if is_bare(band) else np.ascontiguousarray(band[..., :3])
        except _core.FileError:
            raise
        except Exception as error:  # each codec has errors of its own
            raise _core.FileError(f"{self.path}: is damaged ({type(error).__name__}: {error}); export it again") from None

    def _whole(self) -> Iterator[tuple[int, np.ndarray]]:
        with Image.open(self.path) as picture:
            pixels = np.asarray(picture.convert("RGB"))
        for top in range(0, self.height, _BAND_ROWS):
            yield top, pixels[top : top + _BAND_ROWS]

    def _pieces(self) -> Iterator[tuple[int, np.ndarray]]:
        with tifffile.TiffFile(self.path) as tif:
            page = tif.series[0].levels[0].pages[0].aspage()
            if page.is_contiguous:
                yield from self._rows(page, tif.byteorder)
                return
            across = -(-self.width // page.tilewidth) if page.is_tiled else 1
            high = page.tilelength if page.is_tiled else page.rowsperstrip
            tables = {"jpegtables": page.jpegtables, "jpegheader": page.jpegheader}
            per_band = max(1, _BAND_ROWS // high)
            with ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
                for top in range(0, self.height, high * per_band):
                    first, count = top // high * across, per_band * across
                    places = list(range(first, min(first + count, len(page.dataoffsets))))
                    rows = min(high * per_band, self.height - top)
                    if not any(page.databytecounts[i] for i in places):
                        yield top, np.broadcast_to(np.uint8(255), (rows, self.width, 3))
                        continue
                    read = tif.filehandle.read_segments([page.dataoffsets[i] for i in places], [page.databytecounts[i] for i in places], indices=places)
                    band = np.full((rows, self.width, page.samplesperpixel), 255, np.uint8)
                    for pixels, index, shape in pool.map(lambda one: page.decode(*one, **tables), list(read)):
                        if pixels is not None:  # a sparse tile is background
                            place = band[index[2] - top :, index[3] :][: shape[1], : shape[2]]
                            place[:] = _to_bytes(pixels[0, : place.shape[0], : place.shape[1]])
                    yield top, band

    def _rows(self, page: tifffile.TiffPage, byteorder: str) -> Iterator[tuple[int, np.ndarray]]:
        kind = page.dtype.newbyteorder(byteorder)
        row = self.width * page.samplesperpixel
        for top in range(0, self.height, _BAND_ROWS):
            high = min(_BAND_ROWS, self.height - top)
            values = np.fromfile(self.path, kind, high * row, offset=page.dataoffsets[0] + top * row * kind.itemsize)
            yield top, _to_bytes(values.reshape(high, self.width, page.samplesperpixel))


def is_bare(band: np.ndarray) -> bool:
    """Whether a band was never written: all of it is white."""
    return not any(band.strides)


def _to_bytes(pixels: np.ndarray) -> np.ndarray:
    return pixels if pixels.dtype == np.uint8 else (pixels >> 8).astype(np.uint8)


def open_image(path: str | os.PathLike[str], mpp: float | None = None) -> SectionImage:
    """Opens a TIFF, OME-TIFF, PNG, JPEG, or a whole slide that OpenSlide reads; reads no pixel yet.

    Parameters
    ----------
    mpp: side of a pixel [um]; that of the metadata otherwise.

    Raises
    ------
    FileError: no such file, no picture, or truncated.
    InputError: no pixel size, pixels that are not square, CMYK, grey, too small, too large to be read piece by piece, or no OpenSlide for it.
    """
    path = Path(path)
    if not path.is_file():
        raise _core.FileError(f"{path}: no such file; give a picture of a section (TIFF, OME-TIFF, PNG)")
    if mpp is not None and not _MPP[0] <= mpp <= _MPP[1]:
        raise _core.InputError(f"--mpp {mpp:g}: is out of range (side of a pixel); use {_MPP[0]:g} to {_MPP[1]:g} um")
    with path.open("rb") as file:
        head = file.read(4)
    image, sides, source = _open_slide(path) if for_openslide(path) else _open_tiff(path) if head[:2] in (b"II", b"MM") else _open_whole(path)
    found = sides and sides[0]
    if mpp is None:
        if sides and abs(sides[0] / sides[1] - 1.0) > _SQUARE:
            raise _core.InputError(f"{path}: its pixels are not square ({sides[0]:g} x {sides[1]:g} um, {source}); export it with square ones, or give --mpp")
        if found is None:
            raise _core.InputError(f"{path}: its pixel size is not in the metadata; give it in um, for example --mpp 0.25")
        if not _MPP[0] <= found <= _MPP[1]:
            raise _core.InputError(f"{path}: a pixel of {found:g} um ({source}) is not that of a microscope ({_MPP[0]:g} to {_MPP[1]:g} um); give --mpp")
    size = found if mpp is None else mpp
    if min(image.width, image.height) * size < _SMALLEST_UM:
        raise _core.InputError(f"{path}: shows {image.width} x {image.height} pixels, {image.width * size:g} x {image.height * size:g} um; "
                               f"a section needs {_SMALLEST_UM:g} um each way")  # fmt: skip
    return replace(image, mpp=size, mpp_source=source if mpp is None else "--mpp")


def _open_slide(path: Path) -> tuple[SectionImage, Sides | None, str]:
    width, height, across, down = slide_facts(path)
    image = SectionImage(path, width, height, np.nan, "", reader="slide")
    return image, (across, down if down else across) if across else None, "mpp of the slide"


def _open_tiff(path: Path) -> tuple[SectionImage, Sides | None, str]:
    try:
        with tifffile.TiffFile(path) as tif:
            page = tif.series[0].levels[0].pages[0].aspage()
            _ = page.jpegtables, page.tags
            found, source = _tiff_mpp(tif, page)
    except Exception as error:  # what a broken directory raises is anything
        raise _core.FileError(f"{path}: is no complete TIFF ({type(error).__name__}: {error}); export it again") from None
    if page.photometric == tifffile.PHOTOMETRIC.SEPARATED:
        raise _core.InputError(f"{path}: is CMYK, made for printing; export it as RGB")
    if page.samplesperpixel not in (3, 4) or page.planarconfig != tifffile.PLANARCONFIG.CONTIG:
        how = "a pixel" if page.planarconfig == tifffile.PLANARCONFIG.CONTIG else "in planes"
        raise _core.InputError(f"{path}: has {page.samplesperpixel} channel(s) {how}; export it as RGB, channels interleaved")
    if page.dtype not in (np.uint8, np.uint16):
        raise _core.InputError(f"{path}: has pixels of type {page.dtype}; export it with 8 or 16 bits a channel")
    if max((a + b for a, b in zip(page.dataoffsets, page.databytecounts, strict=True)), default=0) > path.stat().st_size:
        raise _core.FileError(f"{path}: is truncated ({path.stat().st_size} bytes do not hold all its pixels); copy or export it again")
    high, wide = (page.tilelength, page.tilewidth) if page.is_tiled else (page.rowsperstrip, page.imagewidth)
    if not page.is_contiguous and min(high, page.imagelength) * wide * page.samplesperpixel * page.dtype.itemsize > _SEGMENT_BYTES:
        raise _core.InputError(f"{path}: is compressed in pieces of {wide} x {high} pixels, too large to be read piece by piece; export it tiled (512 x 512)")
    notes = ("16 bits a channel were taken as 8",) if page.dtype == np.uint16 else ()
    synthetic = bool(_SYNTHETIC.search(page.description or ""))
    return SectionImage(path, page.imagewidth, page.imagelength, np.nan, "", notes, synthetic, "tiff"), found, source


def _tiff_mpp(tif: tifffile.TiffFile, page: tifffile.TiffPage) -> tuple[Sides | None, str]:
    """Sides of a pixel across and down, in OME-XML, the description of a scanner, or the resolution tags [um]."""
    if tif.ome_metadata:
        pixels = next((one for one in ElementTree.fromstring(tif.ome_metadata).iter() if one.tag.endswith("Pixels")), None)
        if pixels is not None and "PhysicalSizeX" in pixels.attrib:
            axes = "XY" if "PhysicalSizeY" in pixels.attrib else "XX"
            sides = ((float(pixels.attrib[f"PhysicalSize{axis}"]), pixels.get(f"PhysicalSize{axis}Unit", "µm")) for axis in axes)
            across_um, down_um = (size * _UNITS_UM.get(unit, np.nan) for size, unit in sides)
            return (across_um, down_um), "OME PhysicalSizeX"
    scanner = re.search(r"MPP\s*=\s*([0-9.]+)", page.description or "")
    if scanner:
        return (float(scanner[1]),) * 2, "MPP of the scanner"
    unit = page.tags.get("ResolutionUnit")
    per_unit = {2: 25400.0, 3: 10000.0}.get(int(unit.value) if unit is not None else 2)
    resolution = [page.tags.get(f"{axis}Resolution") for axis in "XY"]
    if per_unit is None or any(one is None or 0 in one.value or one.value[0] == one.value[1] for one in resolution):
        return None, ""
    across, down = (per_unit * one.value[1] / one.value[0] for one in resolution)
    return (across, down), "TIFF resolution"


def _open_whole(path: Path) -> tuple[SectionImage, Sides | None, str]:
    """PNG and JPEG, which are decoded in one piece."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as picture:
                (width, height), mode, kind, dpi = picture.size, picture.mode, picture.format, picture.info.get("dpi")
                synthetic = bool(_SYNTHETIC.search(str(picture.info.get("Description", ""))))
                if width * height <= _WHOLE_PIXELS:
                    picture.load()
    except Image.DecompressionBombError:
        width, height, mode, kind, dpi, synthetic = 1, _WHOLE_PIXELS + 1, "RGB", "picture", None, False
    except UnidentifiedImageError:
        raise _core.FileError(f"{path}: is no picture; give a TIFF, an OME-TIFF or a PNG") from None
    except (OSError, SyntaxError, ValueError) as error:
        raise _core.FileError(f"{path}: is truncated or damaged ({error}); copy or export it again") from None
    if width * height > _WHOLE_PIXELS:
        raise _core.InputError(f"{path}: a {kind} of more than {_WHOLE_PIXELS:,} pixels cannot be read piece by piece; export it as tiled TIFF")
    if mode == "CMYK":
        raise _core.InputError(f"{path}: is CMYK, made for printing; export it as RGB")
    if mode not in ("RGB", "RGBA", "P"):
        raise _core.InputError(f"{path}: has no colours (mode {mode}), which tell ink from nuclei; export it as RGB")
    found = (25400.0 / float(dpi[0]), 25400.0 / float(dpi[1])) if dpi and min(dpi) > 0 else None
    return SectionImage(path, width, height, np.nan, "", synthetic=synthetic), found, "dots per inch"
