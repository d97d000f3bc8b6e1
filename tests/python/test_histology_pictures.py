"""Pictures of sections: what formats give alike, how much memory they take, and what is said of bad ones."""

import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from conftest import Finished, refused
from PIL import Image
from section_samples import Drawn, touching, write_geojson

from dermaflux import histology, histology_image
from dermaflux.histology_image import open_image


def test_tiles_do_not_cut_clumps_and_formats_agree(tmp_path: Path) -> None:
    """The same pixels as tiles, as one strip, as PNG and with 16 bits."""
    drawn = Drawn(discs=touching(60))
    path, lines = drawn.save(tmp_path)
    pixels = drawn.colours()
    tifffile.imwrite(tmp_path / "strip.tif", pixels, photometric="rgb")
    tifffile.imwrite(tmp_path / "deep.tif", pixels.astype(np.uint16) * 257, photometric="rgb", byteorder=">")
    tifffile.imwrite(tmp_path / "jpeg.ome.tif", pixels, photometric="rgb", tile=(64, 64), compression="lzw", ome=True, metadata={"axes": "YXS", "PhysicalSizeX": 500.0, "PhysicalSizeXUnit": "nm"})
    Image.fromarray(pixels).save(tmp_path / "drawn.png", dpi=(50800.0, 50800.0))
    first = histology.extract(path, lines)
    assert first.clumps == 1
    for name, mpp in (("strip.tif", 0.5), ("deep.tif", 0.5), ("jpeg.ome.tif", None), ("drawn.png", None)):
        assert np.array_equal(np.concatenate([band for _, band in open_image(tmp_path / name, mpp).bands()]), pixels)
        other = histology.extract(tmp_path / name, lines, mpp=mpp)
        assert np.array_equal(other.mask, first.mask) and other.quantiles_um("dej") == pytest.approx(first.quantiles_um("dej"), abs=0.01)
    assert other.facts["mpp_source"] == "dots per inch" and histology.extract(tmp_path / "deep.tif", lines, mpp=0.5).facts["notes"]


def test_memory_stays_far_below_the_picture(tmp_path: Path) -> None:
    """A picture of 192 MB; the bands of 512 rows are 12 MB each."""
    path = tmp_path / "large.tif"
    tile = np.full((512, 512, 3), 240, np.uint8)
    tile[200:260, 100:400] = 20
    tifffile.imwrite(path, (tile for _ in range(256)), shape=(8192, 8192, 3), dtype=np.uint8, photometric="rgb", tile=(512, 512), compression="zlib")
    image = open_image(path, 0.5)
    tracemalloc.start()
    dark = sum(int((band[..., 0] < 100).sum()) for _, band in image.bands())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert dark == 256 * 60 * 300
    assert peak < 0.3 * 8192 * 8192 * 3


BAD_PICTURES: dict[str, tuple[Callable[[Path], object], list[str]]] = {
    "blank.png": (lambda path: Image.new("RGB", (800, 800), (245, 245, 245)).save(path, dpi=(50800, 50800)), ["no tissue"]),
    "no_size.tif": (lambda path: tifffile.imwrite(path, Drawn().colours(), photometric="rgb"), ["pixel size", "--mpp 0.25"]),
    "screen.png": (lambda path: Image.fromarray(Drawn().colours()).save(path, dpi=(72, 72)), ["a pixel of 352.7", "microscope", "--mpp"]),
    "cmyk.tif": (lambda path: Image.new("CMYK", (300, 300)).save(path, dpi=(50800, 50800)), ["CMYK", "RGB"]),
    "cmyk.jpg": (lambda path: Image.new("CMYK", (300, 300)).save(path, dpi=(50800, 50800)), ["CMYK", "RGB"]),
    "grey.png": (lambda path: Image.new("L", (800, 800), 90).save(path, dpi=(50800, 50800)), ["no colours", "RGB"]),
    "grey.tif": (lambda path: tifffile.imwrite(path, np.zeros((800, 800), np.uint8)), ["1 channel", "RGB"]),
    "float.tif": (lambda path: tifffile.imwrite(path, np.zeros((300, 300, 3), np.float32), photometric="rgb"), ["float32", "8 or 16 bits"]),
    "dot.png": (lambda path: Image.new("RGB", (1, 1)).save(path, dpi=(50800, 50800)), ["1 x 1 pixels", "100 um"]),
    "words.png": (lambda path: path.write_text("no picture"), ["no picture"]),
    "broken.tif": (lambda path: path.write_bytes(b"II*\0rubbish"), ["no complete TIFF"]),
    "clean.tif": (lambda path: tifffile.imwrite(path, Drawn(discs=np.empty((0, 2))).colours(), photometric="rgb", resolution=(2e4, 2e4), resolutionunit=3), ["no pigment", "--ink black"]),
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
    refused(cli, tmp_path, ["histology", "extract", tmp_path / "huge.png", "--mpp", "0.5", "-o", tmp_path / "p.csv"], ["huge.png", "100,000 pixels", "tiled TIFF"])


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
        (["drawn.tif", "-o", "p.csv", "--mpp", "90"], ["--mpp 90", "10"]),
        (["drawn.tif", "-o", "p.csv", "--shrinkage", "0.9"], ["--shrinkage 0.9", "0.5"]),
        (["drawn.tif", "drawn.geojson", "-o", "p.csv", "--bin-um", "2.5"], ["--bin-um 2.5", "whole"]),
        (["drawn.tif", "drawn.tif", "-o", "p.csv", "--proposal", "q.png"], ["--proposal", "one picture"]),
        (["missing.tif", "-o", "p.csv"], ["missing.tif", "no such file"]),
    ],
)  # fmt: skip
def test_bad_options_are_named(arguments: list[str], words: list[str], cli: Callable[..., Finished], tmp_path: Path) -> None:
    Drawn().save(tmp_path)
    refused(cli, tmp_path, ["histology", "extract", *(tmp_path / one if one.count(".") == 1 and not one[0].isdigit() and one[-1].isalpha() or one.endswith(".h5") else one for one in arguments)], words)
