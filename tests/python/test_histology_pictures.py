"""Pictures of sections: what formats give alike, how much memory they take, and what is said of bad ones."""

import importlib.util
import re
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from conftest import MAIN, Finished, refused
from PIL import Image
from section_samples import Drawn, agree, touching, write_geojson

from dermaflux import histology, histology_image
from dermaflux.histology_image import open_image
from dermaflux.observed import _PROFILE, _rows


def test_tiles_do_not_cut_clumps_and_formats_agree(tmp_path: Path) -> None:
    """The same pixels as tiles, as one strip, as PNG and with 16 bits."""
    drawn = Drawn(discs=touching(60))
    path, lines = drawn.save(tmp_path)
    pixels = drawn.colours()
    tifffile.imwrite(tmp_path / "strip.tif", pixels, photometric="rgb")
    tifffile.imwrite(tmp_path / "deep.tif", pixels.astype(np.uint16) * 257, photometric="rgb", byteorder=">")
    facts = {"axes": "YXS", "PhysicalSizeX": 500.0, "PhysicalSizeXUnit": "nm"}
    tifffile.imwrite(tmp_path / "jpeg.ome.tif", pixels, photometric="rgb", tile=(64, 64), compression="lzw", ome=True, metadata=facts)
    Image.fromarray(pixels).save(tmp_path / "drawn.png", dpi=(50800.0, 50800.0))
    first = histology.extract(path, lines)
    assert first.clumps == 1
    for name, mpp in (("strip.tif", 0.5), ("deep.tif", 0.5), ("jpeg.ome.tif", None), ("drawn.png", None)):
        assert np.array_equal(np.concatenate([band for _, band in open_image(tmp_path / name, mpp).bands()]), pixels)
        other = histology.extract(tmp_path / name, lines, mpp=mpp)
        assert np.array_equal(other.mask, first.mask) and other.quantiles_um("dej") == pytest.approx(first.quantiles_um("dej"), abs=0.01)
    assert other.facts["mpp_source"] == "dots per inch" and histology.extract(tmp_path / "deep.tif", lines, mpp=0.5).facts["notes"]


def sparse(path: Path, side: int, drawn: Drawn | None, tile: int = 1024) -> Path:
    """A tiled TIFF of which one tile is written, if any; returns its lines."""
    across, corner = -(-side // tile), 3 * tile
    pixels = zlib.compress(drawn.colours().tobytes()) if drawn is not None else b""
    tiles = (pixels if n == 3 * across + 3 else b"" for n in range(across**2))
    size = {"resolution": (2e4, 2e4), "resolutionunit": "CENTIMETER"}
    tifffile.imwrite(path, tiles, shape=(side, side, 3), dtype=np.uint8, photometric="rgb", tile=(tile, tile), compression="zlib", **size)
    lines = [] if drawn is None else [
        (name, "LineString", [[x + corner, y + corner] for x, y in drawn.line(depth)]) for name, depth in (("Surface", np.zeros_like), ("DEJ", drawn.junction))
    ]  # fmt: skip
    return write_geojson(path.with_suffix(".geojson"), lines)


def test_a_picture_of_five_gigabytes_takes_less_than_one(tmp_path: Path) -> None:
    """40,000 x 40,000 pixels, whole command in a process of its own; one band of tiles, 123 MB, holds a section, the others were never written."""
    drawn = Drawn(size_um=(512.0, 512.0))
    path = tmp_path / "huge.tif"
    lines = sparse(path, 40_000, drawn)
    peak = "print(open('/proc/self/status').read())"  # ru_maxrss would begin with what this process holds
    program = f"import atexit\natexit.register(lambda: {peak})\n{MAIN}"
    command = [sys.executable, "-c", program, "histology", "extract", path, lines, "-o", tmp_path / "p.csv"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0 and "60 clumps" in done.stdout, done
    kilobytes = float(re.search(r"VmHWM:\s+(\d+) kB", done.stdout)[1])
    assert kilobytes * 1024.0 < 1e9, kilobytes
    rows = np.array([row for _, row in _rows(tmp_path / "p.csv", _PROFILE)])
    exact = np.histogram(drawn.truth()[0], np.append(rows[:, 0], rows[-1, 1]))[0] / len(drawn.truth()[0])
    assert np.abs(rows[:, 2] - exact).max() < 0.02


def pyramid(path: Path, pixels: np.ndarray) -> None:
    """A generic tiled pyramid, with the size of a pixel in its tags."""
    size = {"resolutionunit": "CENTIMETER", "photometric": "rgb", "tile": (256, 256), "compression": "jpeg", "compressionargs": {"level": 95}}
    with tifffile.TiffWriter(path) as tif:
        tif.write(pixels, resolution=(2e4, 2e4), subfiletype=0, **size)
        tif.write(pixels[::2, ::2], resolution=(1e4, 1e4), subfiletype=1, **size)


@pytest.mark.skipif(importlib.util.find_spec("openslide") is None, reason="OpenSlide is not installed (pip install 'dermaflux[slides]')")
def test_a_whole_slide_is_read_through_openslide(tmp_path: Path) -> None:
    """The same pyramid as TIFF and as slide: the same pixels, the pixel size of the slide, and the profile that was drawn."""
    drawn = Drawn(ridge_um=15.0)
    _, lines = drawn.save(tmp_path)
    pyramid(tmp_path / "plain.tif", drawn.colours())
    pyramid(tmp_path / "slide.svs", drawn.colours())
    plain, slide = open_image(tmp_path / "plain.tif"), open_image(tmp_path / "slide.svs")
    assert slide.reader == "slide" and plain.reader == "tiff" and slide.mpp_source == "mpp of the slide"
    assert (slide.width, slide.height, slide.mpp) == (plain.width, plain.height, pytest.approx(0.5))
    first, second = (np.concatenate([band for _, band in one.bands()]).astype(int) for one in (plain, slide))
    assert np.abs(first - second).max() <= 2  # of 255: two decoders of JPEG round apart
    agree(histology.extract(tmp_path / "slide.svs", lines), drawn.truth(), drawn.mpp)


def test_a_slide_without_openslide_names_the_extra(cli: Callable[..., Finished], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openslide", None)  # importing it fails
    (tmp_path / "slide.mrxs").write_bytes(b"\xff\xd8\xff")
    refused(cli, tmp_path, ["histology", "extract", tmp_path / "slide.mrxs", "-o", tmp_path / "p.csv"], ["slide.mrxs", "OpenSlide", "dermaflux[slides]"])
    pyramid(tmp_path / "slide.svs", Drawn().colours())
    assert open_image(tmp_path / "slide.svs").reader == "tiff"  # what TIFF readers know is read without it


@pytest.mark.skipif(importlib.util.find_spec("openslide") is None, reason="OpenSlide is not installed (pip install 'dermaflux[slides]')")
def test_a_broken_slide_is_named(cli: Callable[..., Finished], tmp_path: Path) -> None:
    (tmp_path / "slide.ndpi").write_bytes(b"II*\0rubbish")
    refused(cli, tmp_path, ["histology", "extract", tmp_path / "slide.ndpi", "-o", tmp_path / "p.csv"], ["slide.ndpi", "OpenSlide cannot read it"])


def oblong(path: Path) -> None:
    tifffile.imwrite(path, Drawn().colours(), photometric="rgb", resolution=(2e4, 1e4), resolutionunit="CENTIMETER")


BAD_PICTURES: dict[str, tuple[Callable[[Path], object], list[str]]] = {
    "blank.png": (lambda path: Image.new("RGB", (800, 800), (245, 245, 245)).save(path, dpi=(50800, 50800)), ["no tissue"]),
    "no_size.tif": (lambda path: tifffile.imwrite(path, Drawn().colours(), photometric="rgb"), ["pixel size", "--mpp 0.25"]),
    "screen.png": (lambda path: Image.fromarray(Drawn().colours()).save(path, dpi=(72, 72)), ["a pixel of 352.7", "microscope", "--mpp"]),
    "cmyk.tif": (lambda path: Image.new("CMYK", (300, 300)).save(path, dpi=(50800, 50800)), ["CMYK", "RGB"]),
    "cmyk.jpg": (lambda path: Image.new("CMYK", (300, 300)).save(path, dpi=(50800, 50800)), ["CMYK", "RGB"]),
    "grey.png": (lambda path: Image.new("L", (800, 800), 90).save(path, dpi=(50800, 50800)), ["no colours", "RGB"]),
    "grey.tif": (lambda path: tifffile.imwrite(path, np.zeros((800, 800), np.uint8)), ["1 channel", "RGB"]),
    "float.tif": (lambda path: tifffile.imwrite(path, np.zeros((300, 300, 3), np.float32), photometric="rgb"), ["float32", "8 or 16 bits"]),
    "oblong.tif": (oblong, ["not square", "0.5 x 1 um", "--mpp"]),
    "bare.tif": (lambda path: sparse(path, 40_000, None), ["no tissue"]),
    "dot.png": (lambda path: Image.new("RGB", (1, 1)).save(path, dpi=(50800, 50800)), ["1 x 1 pixels", "100 um"]),
    "words.png": (lambda path: path.write_text("no picture"), ["no picture"]),
    "broken.tif": (lambda path: path.write_bytes(b"II*\0rubbish"), ["no complete TIFF"]),
    "clean.tif": (lambda path: Drawn(discs=np.empty((0, 2))).save(path.parent, path.name), ["no pigment", "--ink black"]),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_PICTURES)
def test_a_bad_picture_is_named(name: str, cli: Callable[..., Finished], tmp_path: Path) -> None:
    make, words = BAD_PICTURES[name]
    make(tmp_path / name)
    refused(cli, tmp_path, ["histology", "extract", tmp_path / name, "-o", tmp_path / "p.csv"], [name, *words])


@pytest.mark.parametrize("name", ["drawn.tif", "drawn.png"])
def test_a_truncated_picture_is_named(name: str, cli: Callable[..., Finished], tmp_path: Path) -> None:
    path = tmp_path / name
    if name.endswith("tif"):
        tifffile.imwrite(path, Drawn().colours(), photometric="rgb")
    else:
        Image.fromarray(Drawn().colours()).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    refused(cli, tmp_path, ["histology", "extract", path, "--mpp", "0.5", "-o", tmp_path / "p.csv"], [name, "is truncated"])


def test_a_png_too_large_to_decode_is_named(cli: Callable[..., Finished], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(histology_image, "_WHOLE_PIXELS", 100_000)
    Image.fromarray(Drawn().colours()).save(tmp_path / "huge.png")
    command = ["histology", "extract", tmp_path / "huge.png", "--mpp", "0.5", "-o", tmp_path / "p.csv"]
    refused(cli, tmp_path, command, ["huge.png", "100,000 pixels", "tiled TIFF"])


BAD_LINES: dict[str, tuple[list[tuple[str, str, list]], list[str]]] = {
    "crossing": ([("Surface", "LineString", [[0, 100], [900, 100], [900, 300], [500, 50]])], ["feature 1", "Surface", "crosses itself"]),
    "bow tie": ([("ROI", "Polygon", [[[0, 0], [500, 500], [500, 0], [0, 500], [0, 0]]])], ["ROI", "crosses itself"]),
    "empty": ([("DEJ", "LineString", [])], ["DEJ", "is empty"]),
    "point": ([("DEJ", "LineString", [[5, 5], [5, 5]])], ["DEJ", "is empty", "1 distinct"]),
    "other class": ([("Tumor", "Polygon", [[[0, 0], [9, 0], [9, 9], [0, 0]]])], ["'Tumor'", "Dermis-Hypodermis"]),
    "wrong kind": ([("ROI", "LineString", [[0, 0], [9, 9]])], ["ROI", "polygon"]),
    "off": ([("Surface", "LineString", [[0, 100], [9000, 100]])], ["off the picture", "920 x 1080"]),
    "nothing": ([], ["no feature"]),
    "nan": ([("Surface", "LineString", [[0, float("nan")], [900, 100]])], ["finite"]),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_LINES)
def test_a_bad_annotation_is_named(name: str, cli: Callable[..., Finished], tmp_path: Path) -> None:
    features, words = BAD_LINES[name]
    path, _ = Drawn().save(tmp_path)
    lines = write_geojson(tmp_path / "bad.geojson", features)
    refused(cli, tmp_path, ["histology", "extract", path, lines, "-o", tmp_path / "p.csv"], ["bad.geojson", *words])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["drawn.tif", "-o", "p.h5"], ["p.h5", ".csv"]),
        (["drawn.geojson", "-o", "p.csv"], ["drawn.geojson", "picture"]),
        (["drawn.tif", "-o", "p.csv", "--ink", "pink"], ["--ink pink", "black, brown, red", "0.35,0.60,0.72"]),
        (["drawn.tif", "-o", "p.csv", "--ink", "white"], ["--ink white", "titanium dioxide", "--ink black"]),
        (["drawn.tif", "-o", "p.csv", "--ink", "0.5,0.5"], ["--ink 0.5,0.5", "red, green and blue"]),
        (["drawn.tif", "-o", "p.csv", "--ink", "0.5,0.5,0.48"], ["is grey", "--ink black"]),
        (["drawn.tif", "-o", "p.csv", "--ink", "nan,0.5,0.4"], ["is no colour"]),
        (["drawn.tif", "-o", "p.csv", "--stain", "gram"], ["--stain gram", "he-bleached, masson, fontana, unstained"]),
        (["drawn.tif", "-o", "p.csv", "--folds", "iron"], ["--folds iron", "leave-out, count"]),
        (["drawn.tif", "-o", "p.csv", "--papillary-um", "2"], ["--papillary-um 2", "1000"]),
        (["drawn.tif", "-o", "p.csv", "--mpp", "90"], ["--mpp 90", "10"]),
        (["drawn.tif", "-o", "p.csv", "--shrinkage", "0.9"], ["--shrinkage 0.9", "0.5"]),
        (["drawn.tif", "drawn.geojson", "-o", "p.csv", "--bin-um", "2.5"], ["--bin-um 2.5", "whole"]),
        (["drawn.tif", "drawn.tif", "-o", "p.csv", "--proposal", "q.png"], ["--proposal", "one picture"]),
        (["missing.tif", "-o", "p.csv"], ["missing.tif", "no such file"]),
    ],
)  # fmt: skip
def test_bad_options_are_named(arguments: list[str], words: list[str], cli: Callable[..., Finished], tmp_path: Path) -> None:
    Drawn().save(tmp_path)
    files = (".tif", ".geojson", ".csv", ".h5", ".png")
    refused(cli, tmp_path, ["histology", "extract", *(tmp_path / one if one.endswith(files) else one for one in arguments)], words)
