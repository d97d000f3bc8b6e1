"""Sections: the extractor finds the profile that was drawn or cut, whatever the picture is like, and says what is wrong with a bad one."""

import json
import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
import xarray as xr
from conftest import Finished, refused
from PIL import Image
from section_samples import RADIUS_UM, Drawn, spread, touching, write_geojson

import dermaflux as df
from dermaflux import histology, histology_image, histology_profile, synthetic_section
from dermaflux.histology_annotation import Line
from dermaflux.histology_image import open_image
from dermaflux.histology_pigment import PigmentRule
from dermaflux.observed import _PROFILE, _rows
from dermaflux.virtual_biopsy import Cut, tissue_of

ROUND_TRIPS = int(os.environ.get("DERMAFLUX_ROUND_TRIPS", "3"))  # treatments; 50 take some minutes
_LEAST_UM2 = 400.0  # of pigment: a tenth of a percent of the section, and a hundred times what a wrong nucleus adds

DRAWINGS = {
    "straight": Drawn(), "wavy": Drawn(ridge_um=20.0), "tilted": Drawn(tilt_deg=12.0), "tilted wavy": Drawn(tilt_deg=-8.0, ridge_um=15.0),
    "touching": Drawn(discs=touching(60)), "melanin": Drawn(ridge_um=15.0, melanin=True), "noise": Drawn(noise=6.0), "jpeg": Drawn(jpeg=70),
    "fine": Drawn(mpp=0.25, ridge_um=15.0), "coarse": Drawn(mpp=1.0, ridge_um=15.0), "red": Drawn(ink="red"), "melanin, noise, jpeg": Drawn(melanin=True, noise=5.0, jpeg=80),
}  # fmt: skip


def agree(found: histology.SectionProfile, truth: tuple[np.ndarray, np.ndarray], mpp: float, weights: np.ndarray | None = None) -> None:
    """What issue 9 asks: depth quantiles within 10 um or two pixels, shares of mass within 5 %."""
    for n, level in enumerate(histology.LEVELS):
        known = np.ones(len(truth[n])) if weights is None else weights
        exact = histology.quantiles(np.floor(truth[n]) + 0.5, known)
        edges = np.arange(-100.0, 700.0, 100.0)
        mine = np.histogram(found.depth_um[:, n], edges, weights=found.mass)[0] / found.mass.sum()
        theirs = np.histogram(truth[n], edges, weights=known)[0] / known.sum()
        assert np.abs(mine - theirs).max() < 0.05, (level, mine, theirs)
        assert np.abs(found.quantiles_um(level) - exact).max() < max(10.0, 2.0 * mpp), (level, found.quantiles_um(level), exact)


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawn_profile_is_found(name: str, tmp_path: Path) -> None:
    drawn = DRAWINGS[name]
    found = histology.extract(*drawn.save(tmp_path), rule=PigmentRule(drawn.ink))
    agree(found, drawn.truth(), drawn.mpp)
    assert found.area_um2 == pytest.approx(len(drawn.discs) * np.pi * RADIUS_UM**2, rel=0.05)
    assert found.lateral_sd_um == pytest.approx(np.sqrt(drawn.discs[:, 0].var() + RADIUS_UM**2 / 4.0), abs=10.0)
    assert found.dots == 1 and found.facts["confidence"] == 1.0
    if name == "touching":
        assert found.clumps == 1
    elif name in ("straight", "wavy"):
        assert found.clumps == len(drawn.discs)


def test_brown_is_counted_below_the_junction_alone(tmp_path: Path) -> None:
    drawn = Drawn(ink="brown", melanin=True)
    found = histology.extract(*drawn.save(tmp_path), rule=PigmentRule("brown"))
    assert found.share_epidermis == 0.0
    deep = drawn.truth()[1]
    exact = histology.quantiles(np.floor(deep[deep > 0.0]) + 0.5, np.ones((deep > 0.0).sum()))
    assert np.abs(found.quantiles_um("dej") - exact).max() < 10.0


def test_brown_is_not_taken_for_black(tmp_path: Path) -> None:
    """Half covered pixels lose their colour: a ring of one pixel about each disc is the most that may be taken for black."""
    drawn = Drawn(ink="brown")
    assert histology.extract(*drawn.save(tmp_path)).area_um2 < len(drawn.discs) * 2.0 * np.pi * RADIUS_UM * drawn.mpp


def test_lines_are_proposed_where_none_are_drawn(tmp_path: Path) -> None:
    drawn = Drawn(ridge_um=15.0, size_um=(900.0, 600.0))
    path, _ = drawn.save(tmp_path)
    found = histology.extract(path, proposal=tmp_path / "lines.png")
    assert found.facts["lines"] == "Surface proposed, DEJ proposed" and found.facts["confidence"] > 0.9
    agree(found, drawn.truth(), drawn.mpp)
    accepted = histology.extract(path, tmp_path / "lines.geojson")  # what the proposal wrote is an annotation
    assert accepted.quantiles_um("dej") == pytest.approx(found.quantiles_um("dej"), abs=0.5)
    with Image.open(tmp_path / "lines.png") as picture:
        shown = np.asarray(picture).reshape(-1, 3)
    assert all((shown == colour).all(axis=1).sum() > 100 for colour in ((0, 110, 255), (0, 160, 60)))


def test_a_proposal_without_confidence_is_refused(cli: Callable[..., Finished], tmp_path: Path) -> None:
    path = tmp_path / "upside_down.tif"
    tifffile.imwrite(path, Drawn().colours()[::-1], photometric="rgb")
    refused(cli, tmp_path, ["histology", "extract", path, "--mpp", "0.5", "-o", tmp_path / "p.csv"], ["upside_down.tif", "confidence", "QuPath"])


def test_regions_and_dots(tmp_path: Path) -> None:
    left, right = spread(20, 5) - (250.0, 0.0), spread(30, 6) + (250.0, 0.0)
    drawn = Drawn(size_um=(1100.0, 600.0), discs=np.concatenate([left, right]))
    path, lines = drawn.save(tmp_path)
    rows = [(one["properties"]["classification"]["name"], one["geometry"]["type"], one["geometry"]["coordinates"]) for one in json.loads(lines.read_text())["features"]]
    half = [[[0, 0], [1100, 0], [1100, 1200], [0, 1200], [0, 0]]]
    whole = histology.extract(path, lines)
    assert whole.dots == 2
    for name, area in (("ROI", 20), ("Exclude", 30), ("Pigment", 20)):
        one = histology.extract(path, write_geojson(tmp_path / "roi.geojson", [*rows, (name, "Polygon", half)]))
        assert one.area_um2 == pytest.approx(area * np.pi * RADIUS_UM**2, rel=0.05) and one.dots == 1
        tissue = one.tissue_um2[0].sum() / whole.tissue_um2[0].sum()
        assert tissue == pytest.approx(1.0 if name == "Pigment" else 0.5, abs=0.02)
    hole = [[[0, 0], [2200, 0], [2200, 1200], [0, 1200], [0, 0]], half[0]]
    one = histology.extract(path, write_geojson(tmp_path / "roi.geojson", [*rows, ("ROI", "Polygon", hole)]))
    assert one.area_um2 == pytest.approx(30 * np.pi * RADIUS_UM**2, rel=0.05)


def test_pieces_of_tissue_without_a_region_are_warned_of(tmp_path: Path) -> None:
    drawn = Drawn()
    path, lines = drawn.save(tmp_path)
    assert not histology.extract(path, lines).facts["notes"]
    two = np.concatenate([drawn.colours(), np.full((80, 920, 3), 242, np.uint8), drawn.colours()])
    tifffile.imwrite(tmp_path / "two.tif", two, photometric="rgb")
    assert "2 pieces" in histology.extract(tmp_path / "two.tif", lines, mpp=0.5).facts["notes"][0]


def test_shrinkage_scales_every_length(tmp_path: Path) -> None:
    files = Drawn().save(tmp_path)
    plain, grown = histology.extract(*files), histology.extract(*files, shrinkage=0.2)
    assert grown.quantiles_um("surface") == pytest.approx(plain.quantiles_um("surface") / 0.8, abs=1.0)
    assert grown.area_um2 == pytest.approx(plain.area_um2 / 0.64)
    assert grown.lateral_sd_um == pytest.approx(plain.lateral_sd_um / 0.8, rel=0.01)


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


def test_depth_is_the_distance_to_the_line() -> None:
    """A corner of a right angle: inside it the nearer arm counts, and the sign is right about the corner itself."""
    line = Line((np.array([[0.0, 50.0], [50.0, 0.0], [100.0, 50.0]]),)).depth(0.5, np.array([[50.0, 40.0]]))
    places = np.array([[50.0, -10.0], [50.0, 20.0], [40.0, 5.0], [60.0, 15.0]])
    deep, along = line(places)
    assert deep == pytest.approx([-10.0, 20.0 / np.sqrt(2.0), -5.0 / np.sqrt(2.0), 5.0 / np.sqrt(2.0)], abs=0.1)
    assert along[0] == pytest.approx(50.0 * np.sqrt(2.0), abs=0.5)
    assert np.isnan(line(np.array([[-30.0, 40.0]]))[0]).all()  # beyond the end
    sharp = Line((np.array([[0.0, 100.0], [50.0, 0.0], [60.0, 100.0]]),)).depth(0.5, np.array([[40.0, 50.0]]))
    assert sharp(np.array([[58.0, -1.0]]))[0] == pytest.approx([-np.hypot(8.0, 1.0)], abs=0.1)  # above the left arm alone, it would be below


def test_standard_deviations_are_those_of_random_sections() -> None:
    """Clumps fall at random by a known profile; the shares of 300 such sections spread as each of them says. The variance of n = 300 draws is
    known to sqrt(2/n) = 8 %, three times that is 25 %; bins that hold few clumps are left to the floor."""
    random, edges = np.random.default_rng(11), np.arange(0.0, 301.0, 60.0)
    empty = (np.ones(1), np.ones(1))
    shares, told = [], []
    for _ in range(300):
        count = random.poisson(80)
        deep = np.floor(np.minimum(random.exponential(90.0, count), 299.0)) + 0.5
        one = histology.SectionProfile(
            np.arange(count), np.column_stack([deep, deep]), random.uniform(0.5, 1.5, count), empty, (0.0, 0.0), 1.0, 1.0, 1, np.zeros((1, 1), np.uint8), {"image": "x"}
        )  # fmt: skip
        data = histology_profile.pool([one], 60.0, placing_um=0.0)
        shares.append(np.pad(data["surface_fraction"].values, (0, len(edges) - 1 - data.sizes["surface_bin"])))
        told.append(np.pad(data["surface_sd"].values, (0, len(edges) - 1 - data.sizes["surface_bin"])))
    spread_seen, spread_told = np.std(shares, axis=0)[:3], np.sqrt(np.mean(np.square(told), axis=0))[:3]
    assert np.abs(spread_told**2 / spread_seen**2 - 1.0).max() < 0.25


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
        (["drawn.tif", "-o", "p.csv", "--ink", "blue"], ["--ink blue", "black, brown, red"]),
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


def test_the_command_writes_what_fit_reads(cli: Callable[..., Finished], tmp_path: Path) -> None:
    """Two sections: one CSV for `dermaflux fit`, one below the junction, HDF5 with the masks; the same files twice."""
    first, second = Drawn(), Drawn(discs=spread(40, 9), ridge_um=10.0)
    files = [*first.save(tmp_path, "a.tif"), *second.save(tmp_path, "b.tif")]
    output = tmp_path / "profile.csv"
    done = cli("histology", "extract", *files, "-o", output, "--hdf", tmp_path / "profile.h5")
    assert done.code == 0 and "share in the epidermis" in done.out, done
    rows = np.array([row for _, row in _rows(output, _PROFILE)])
    assert rows[:, 2].sum() == pytest.approx(1.0, abs=1e-4) and (rows[:, 3] > 0.0).all()
    whole = np.concatenate([first.truth()[0], second.truth()[0]])
    exact = np.histogram(whole, np.append(rows[:, 0], rows[-1, 1]))[0] / len(whole)
    assert np.abs(rows[:, 2] - exact).max() < 0.02
    assert output.read_text().startswith("# dermaflux depth profile 1.0\n")
    assert np.array([row for _, row in _rows(tmp_path / "profile.dej.csv", _PROFILE)])[0, 0] < 0.0
    with xr.open_dataset(tmp_path / "profile.h5", engine="h5netcdf") as data:
        assert data.sizes["section"] == 2 and json.loads(data.attrs["facts"])[0]["rule"]["optical_density"] == 0.3
        area = np.unpackbits(data["mask_1"].values, axis=1).sum() * 0.25
        assert area == pytest.approx(float(data["pigment_area_um2"][0]), rel=0.01)
        assert np.isfinite(data["surface_sd_between_sections"].values).all()
    kept = output.read_bytes()
    cli("histology", "extract", *files, "-o", output)
    assert output.read_bytes() == kept


@pytest.mark.parametrize("number", range(ROUND_TRIPS))
def test_a_cut_of_a_random_treatment_gives_its_profile_back(number: int, normal: df.Treatment, tmp_path: Path) -> None:
    """What a section shows of a dot just made comes back; a section that holds next to none of it has no shares to speak of, and another is cut."""
    random = np.random.default_rng([9, number])
    mpp, held = 0.25 if number % 5 == 4 else 0.5, 0.0
    while held < _LEAST_UM2:
        settings = {"machine.depth_mm": random.uniform(0.4, 1.0), "machine.dwell_ms": random.uniform(60.0, 250.0), "skin.melanosome_fraction": random.uniform(0.01, 0.06)}
        treatment = normal.with_({key: float(value) for key, value in settings.items()})
        run = df.run(treatment, grid="quick").to_xarray()
        run.attrs["resolved_json"] = json.dumps(treatment.resolved())
        cut = Cut(float(random.uniform(-60.0, 60.0)), float(random.uniform(-4.0, 4.0)), float(random.uniform(3.0, 6.0)), float(random.uniform(0.0, 0.15)))
        tissue, stained = synthetic_section.section(run, 0.0, cut, mpp=mpp, width_um=400.0, depth_um=600.0, seed=number)
        held = stained.truth[:, 3].sum()
    path = synthetic_section.section_path(tmp_path / "cut.tif")
    written = synthetic_section.save_section(tissue, stained, path, mpp=mpp, cut=cut, day=0.0, seed=number, title="test")
    found = histology.extract(path, written[1], shrinkage=cut.shrinkage)
    agree_below_surface(found, stained.truth, mpp)


def agree_below_surface(found: histology.SectionProfile, truth: np.ndarray, mpp: float) -> None:
    edges = np.arange(0.0, 700.0, 100.0)
    mine = np.histogram(found.depth_um[:, 0], edges, weights=found.mass)[0] / found.mass.sum()
    theirs = np.histogram(truth[:, 0], edges, weights=truth[:, 3])[0] / truth[:, 3].sum()
    assert np.abs(mine - theirs).max() < 0.05, (mine, theirs)
    exact = histology.quantiles(np.floor(truth[:, 0]) + 0.5, truth[:, 3])
    assert np.abs(found.quantiles_um("surface") - exact).max() < max(10.0, 2.0 * mpp), (found.quantiles_um("surface"), exact)
    above = truth[:, 1] < 0.0
    assert found.share_epidermis == pytest.approx(truth[above, 3].sum() / truth[:, 3].sum(), abs=0.05)


def test_sections_pool_to_the_simulated_profile(run_file: Path, cli: Callable[..., Finished], tmp_path: Path) -> None:
    """Ten random sections say of each layer of 100 um what the run holds there, within three of the standard deviations they state and 5 %."""
    done = cli("histology", "section", run_file, "--day", "28", "--sections", "10", "--angle", "3", "--mpp", "1", "--width-um", "500", "--depth-um", "700", "-o", tmp_path / "s.tif")
    assert done.code == 0, done
    pictures = sorted(tmp_path.glob("*.tif"))
    assert [one.name for one in pictures] == [f"s_synthetic_{n:02d}.tif" for n in range(1, 11)]
    pooled = histology_profile.pool([histology.extract(one, one.with_suffix(".geojson")) for one in pictures], 100.0)
    tissue = tissue_of(df.open_run(run_file), 28.0)
    reached = np.append(0.0, np.cumsum(tissue.shares()))
    exact = np.interp(pooled["surface_to_um"], tissue.z_um, reached) - np.interp(pooled["surface_from_um"], tissue.z_um, reached)
    assert (np.abs(pooled["surface_fraction"] - exact) < 3.0 * pooled["surface_sd"] + 0.05).all()
    assert float(pooled["surface_sd"].max()) < 0.2  # or the line above says nothing


def test_a_section_takes_layers_by_their_kind_and_the_tissue_at_the_axis(run_file: Path) -> None:
    run = df.open_run(run_file)
    usual, read = tissue_of(run, 28.0), json.loads(run.attrs["resolved_json"])
    start, end, years = (read[f"skin.cluster_{name}"]["value"] for name in ("start_um", "end_um", "growth_year"))
    assert usual.granule_um == pytest.approx(end - (end - start) * np.exp(-28.0 / (365.25 * years)), rel=1e-14)
    renamed = {key.replace(".viable_epidermis.", ".spinous.").replace(".reticular_dermis.", ".deep_dermis."): one for key, one in read.items()}
    renamed["skin.layers"]["value"] = ["stratum_corneum", "spinous", "papillary_dermis", "middle", "deep_dermis", "subcutis", "galea"]
    for name in ("kind", "thickness_um"):
        renamed[f"skin.layer.middle.{name}"] = dict(renamed[f"skin.layer.deep_dermis.{name}"])
    for name in ("middle", "deep_dermis"):
        renamed[f"skin.layer.{name}.thickness_um"]["value"] /= 2.0
    assert tissue_of(run.assign_attrs(resolved_json=json.dumps(renamed)), 28.0).layers_um == pytest.approx(usual.layers_um, rel=1e-15)
    read = json.loads(run.attrs["resolved_json"])
    scar = read | {key.replace("skin.", "scar.tissue.", 1): dict(one) for key, one in read.items() if key.startswith("skin.")}
    scar |= {f"scar.{name}": {"value": value} for name, value in {"shape": "disc", "width_mm": 3.0, "offset_mm": 0.0}.items()}
    scar["scar.tissue.rete_amplitude_um"] = {"value": 5.0}
    assert tissue_of(run.assign_attrs(resolved_json=json.dumps(scar)), 28.0).rete_um == 5.0 != usual.rete_um
    bare = {key: one | {"value": "dermis"} if one["value"] == "epidermis" else one for key, one in read.items()}
    with pytest.raises(df.InputError, match="no layer of kind epidermis"):
        tissue_of(run.assign_attrs(resolved_json=json.dumps(bare)), 28.0)


def test_a_section_is_marked_and_the_same_twice(run_file: Path, cli: Callable[..., Finished], tmp_path: Path) -> None:
    arguments = ["histology", "section", run_file, "--day", "28", "--mpp", "1", "--width-um", "300", "--depth-um", "300"]
    for name in ("one.tif", "two.tif", "one.png"):
        assert cli(*arguments, "-o", tmp_path / name).code == 0
    one, two = (tmp_path / f"{name}_synthetic.tif" for name in ("one", "two"))
    assert one.read_bytes().replace(b"one_syn", b"two_syn") == two.read_bytes()
    with tifffile.TiffFile(one) as tif:
        assert "no tissue of a person" in tif.ome_metadata and tif.pages[0].software == "dermaflux, synthetic section"
        pixels = tif.asarray()
    with Image.open(tmp_path / "one_synthetic.png") as picture:
        assert json.loads(picture.text["Description"])["synthetic"] is True
        assert np.array_equal(np.asarray(picture), pixels)
    assert open_image(one).mpp == 1.0 and open_image(tmp_path / "one_synthetic.png").mpp == pytest.approx(1.0, rel=1e-4)
    assert not np.array_equal(synthetic_section.section(df.open_run(run_file), 28.0, mpp=1.0, width_um=300.0, depth_um=300.0, seed=2)[1].colours, pixels)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--day", "29"], ["day = 29", "28"]), (["--stain", "masson"], ["--stain masson", "he"]), (["--thickness-um", "90"], ["thickness_um = 90", "30"]),
        (["--angle", "80"], ["angle_deg = 80", "45"]), (["--sections", "100"], ["--sections 100", "99"]), (["--mpp", "0.1", "--width-um", "9000"], ["pixels", "--width-um"]),
        (["--sections", "3", "--offset-um", "5"], ["--offset-um 5", "--sections"]), (["--seed", "-1"], ["--seed -1"]),
    ],
)  # fmt: skip
def test_a_bad_section_is_named(arguments: list[str], words: list[str], run_file: Path, cli: Callable[..., Finished], tmp_path: Path) -> None:
    refused(cli, tmp_path, ["histology", "section", run_file, *arguments, "-o", tmp_path / "s.tif"], words)


def test_a_section_must_be_a_picture(run_file: Path, cli: Callable[..., Finished], tmp_path: Path) -> None:
    refused(cli, tmp_path, ["histology", "section", run_file, "-o", tmp_path / "s.gif"], ["s.gif", ".tif"])
