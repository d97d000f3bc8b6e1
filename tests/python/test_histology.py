"""Sections: the extractor finds the profile that was drawn, whatever the section is like."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
import xarray as xr
from conftest import Finished, refused
from PIL import Image
from section_samples import INKS, RADIUS_UM, Drawn, agree, beside, layer_shares, read_geojson, spread, touching, write_geojson

import dermaflux as df
from dermaflux import histology, histology_profile, histology_section
from dermaflux.histology_annotation import Line
from dermaflux.histology_pigment import PigmentRule
from dermaflux.observed import _PROFILE, _rows

_FOLD_UM = (40.0, 100.0)
DRAWINGS = {
    "straight": Drawn(), "wavy": Drawn(ridge_um=20.0), "tilted": Drawn(tilt_deg=12.0), "tilted wavy": Drawn(tilt_deg=-8.0, ridge_um=15.0),
    "fold": Drawn(fold_um=_FOLD_UM, discs=beside(_FOLD_UM)), "wavy fold": Drawn(ridge_um=15.0, fold_um=_FOLD_UM, discs=beside(_FOLD_UM)),
    "touching": Drawn(discs=touching(60)), "melanin": Drawn(ridge_um=15.0, melanin=True), "noise": Drawn(noise=6.0), "jpeg": Drawn(jpeg=70),
    "melanin, noise, jpeg": Drawn(melanin=True, noise=5.0, jpeg=80), "fine": Drawn(mpp=0.25, ridge_um=15.0),
    "coarse": Drawn(mpp=1.0, ridge_um=15.0), "red": Drawn(ink="red"), "teal": Drawn(ink="teal", melanin=True),
    "hypodermis": Drawn(bottom_um=300.0), "tilted hypodermis": Drawn(tilt_deg=10.0, bottom_um=250.0),
}  # fmt: skip


def rule_for(drawn: Drawn) -> PigmentRule:
    return PigmentRule(",".join(map(str, INKS["teal"])) if drawn.ink == "teal" else drawn.ink)


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawn_profile_is_found(name: str, tmp_path: Path) -> None:
    drawn = DRAWINGS[name]
    found = histology.extract(*drawn.save(tmp_path), rule=rule_for(drawn))
    agree(found, drawn.truth(), drawn.mpp)
    assert found.area_um2 == pytest.approx(len(drawn.discs) * np.pi * RADIUS_UM**2, rel=0.05)
    assert found.lateral_sd_um == pytest.approx(np.sqrt(drawn.discs[:, 0].var() + RADIUS_UM**2 / 4.0), abs=10.0)
    assert found.dots == 1 and found.facts["confidence"] == 1.0
    assert found.facts["folds"]["number"] == (1 if "fold" in name else 0)
    if drawn.bottom_um:
        assert found.layer_shares() == pytest.approx(layer_shares(drawn.truth(), 120.0), abs=0.05)
    if name == "touching":
        assert found.clumps == 1
    elif name in ("straight", "wavy"):
        assert found.clumps == len(drawn.discs)


def test_brown_is_counted_below_the_junction_alone(tmp_path: Path) -> None:
    drawn = Drawn(ink="brown", melanin=True)
    found = histology.extract(*drawn.save(tmp_path), rule=PigmentRule("brown"))
    assert found.share_epidermis == 0.0
    deep = drawn.truth()[1]
    exact = histology_section.quantiles(np.floor(deep[deep > 0.0]) + 0.5, np.ones((deep > 0.0).sum()))
    assert np.abs(found.quantiles_um("dej") - exact).max() < 10.0


def test_brown_is_not_taken_for_black(tmp_path: Path) -> None:
    """Half covered pixels lose their colour: a ring of one pixel about each disc is the most that may be taken for black."""
    drawn = Drawn(ink="brown")
    assert histology.extract(*drawn.save(tmp_path)).area_um2 < len(drawn.discs) * 2.0 * np.pi * RADIUS_UM * drawn.mpp


def test_a_fold_is_left_out_or_counted_and_proposed_as_excluded(tmp_path: Path) -> None:
    """Twice an epidermis across the dermis is as dark as ink; counted, it would be pigment. What the proposal draws leaves it out."""
    drawn = DRAWINGS["fold"]
    path, lines = drawn.save(tmp_path)
    left_out, counted = (histology.extract(path, lines, folds=how) for how in ("leave-out", "count"))
    true_area = len(drawn.discs) * np.pi * RADIUS_UM**2
    assert left_out.area_um2 == pytest.approx(true_area, rel=0.05) and counted.area_um2 > 1.5 * true_area
    assert "1 fold" in left_out.facts["notes"][0] and "left out" in left_out.facts["notes"][0] and "counted" in counted.facts["notes"][0]
    width = (counted.tissue_um2[0].sum() - left_out.tissue_um2[0].sum()) / (drawn.size_um[1] - 60.0)
    assert 60.0 <= width < 60.0 + 2.0 * 30.0  # as wide as the fold, and up to 30 um of its edges
    histology.extract(path, proposal=tmp_path / "lines.png")
    fold = [corners for name, _, corners in read_geojson(tmp_path / "lines.geojson") if name == "Exclude"]
    kept = read_geojson(lines)
    accepted = write_geojson(tmp_path / "accepted.geojson", [*kept, *(("Exclude", "Polygon", rings) for rings in fold)])
    assert len(fold) == 1 and histology.extract(path, accepted, folds="count").area_um2 == pytest.approx(true_area, rel=0.05)
    with Image.open(tmp_path / "lines.png") as picture:
        assert (np.asarray(picture).reshape(-1, 3) == (230, 120, 0)).all(axis=1).sum() > 100


def test_layers_without_their_line_are_said_to_end_nowhere(tmp_path: Path) -> None:
    drawn = Drawn(bottom_um=300.0)
    path, lines = drawn.save(tmp_path)
    rows = read_geojson(lines)[:2]
    found = histology.extract(path, write_geojson(tmp_path / "two.geojson", rows))
    assert found.levels == ("surface", "dej") and found.layer_shares()[3] == 0.0
    assert "no line Dermis-Hypodermis" in found.facts["notes"][0]
    known = layer_shares(drawn.truth(), 120.0)
    assert found.layer_shares()[2] == pytest.approx(known[2] + known[3], abs=0.05)
    thin = histology.extract(path, lines, papillary_um=60.0)
    assert thin.layer_shares() == pytest.approx(layer_shares(drawn.truth(), 60.0), abs=0.05)
    swapped = [(name.replace("Dermis-Hypodermis", "x").replace("DEJ", "Dermis-Hypodermis").replace("x", "DEJ"), kind, corners) for name, kind, corners in
               [*rows, ("Dermis-Hypodermis", "LineString", drawn.line(lambda u: np.full_like(u, 300.0)))]]  # fmt: skip
    with pytest.raises(df.InputError, match="Dermis-Hypodermis lies above the DEJ"):
        histology.extract(path, write_geojson(tmp_path / "swapped.geojson", swapped))


def test_the_papillary_dermis_is_that_of_the_shipped_skin(normal: df.Treatment) -> None:
    assert normal.resolved()["skin.layer.papillary_dermis.thickness_um"]["value"] == histology_section.SectionProfile.papillary_um


def test_what_an_ink_cannot_be_told_from_is_noted() -> None:
    assert "colour of melanin" in PigmentRule("brown").notes()[0] and "nuclei" in PigmentRule("0.55,1.2,0.35").notes()[0]
    assert "by its density alone" in PigmentRule("red").notes()[0] and not PigmentRule("black").notes() and not PigmentRule("1.1,0.45,0.7").notes()
    assert PigmentRule("black", "fontana").below_only and PigmentRule("brown", "fontana").below_only and not PigmentRule("brown", "he-bleached").below_only
    facts = PigmentRule("0.55,1.2,0.35", "masson").facts()  # what decided is kept with the result
    assert facts["ink_density"] == (0.55, 1.2, 0.35) and facts["stain"] == "masson" and facts["stain_densities"]["fibres"] == (0.8, 0.59, 0.11)


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
    rows = read_geojson(lines)
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
    assert "pieces" not in str(histology.extract(path, lines).facts["notes"])
    two = np.concatenate([drawn.colours(), np.full((80, 920, 3), 242, np.uint8), drawn.colours()])
    tifffile.imwrite(tmp_path / "two.tif", two, photometric="rgb")
    assert "2 pieces" in histology.extract(tmp_path / "two.tif", lines, mpp=0.5).facts["notes"][0]


def test_shrinkage_scales_every_length(tmp_path: Path) -> None:
    files = Drawn().save(tmp_path)
    plain, grown = histology.extract(*files), histology.extract(*files, shrinkage=0.2)
    assert grown.quantiles_um("surface") == pytest.approx(plain.quantiles_um("surface") / 0.8, abs=1.0)
    assert grown.area_um2 == pytest.approx(plain.area_um2 / 0.64)
    assert grown.lateral_sd_um == pytest.approx(plain.lateral_sd_um / 0.8, rel=0.01)


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
        one = histology_section.SectionProfile(
            np.arange(count), np.column_stack([deep, deep]), random.uniform(0.5, 1.5, count), empty, (0.0, 0.0), 1.0, 1.0, 1, np.zeros((1, 1), np.uint8),
            {"image": "x"},
        )  # fmt: skip
        data = histology_profile.pool([one], 60.0, placing_um=0.0)
        shares.append(np.pad(data["surface_fraction"].values, (0, len(edges) - 1 - data.sizes["surface_bin"])))
        told.append(np.pad(data["surface_sd"].values, (0, len(edges) - 1 - data.sizes["surface_bin"])))
    spread_seen, spread_told = np.std(shares, axis=0)[:3], np.sqrt(np.mean(np.square(told), axis=0))[:3]
    assert np.abs(spread_told**2 / spread_seen**2 - 1.0).max() < 0.25


def test_a_share_that_few_clumps_tell_of_is_known_as_well_as_it_says() -> None:
    """Forty clumps of very unequal size, as macrophages are, over five bins of a known share. The squared distance from it over the squared standard
    deviation is 1 on average for a normal share of known spread, and 1.3 where the spread is known from about ten clumps (Student: n / (n - 2));
    from the scatter of the clumps alone, which is small where few fell, it is up to 4. The mean of 400 is known to 0.1."""
    random, known = np.random.default_rng(12), np.array([0.04, 0.16, 0.4, 0.3, 0.1])
    empty, off = (np.ones(1), np.ones(1)), []
    for _ in range(400):
        deep = np.append(60.0 * random.choice(5, 40, p=known) + 30.5, 270.5)
        mass = np.append(random.lognormal(0.0, 1.2, 40), 1e-12)  # the last one only makes all bins appear
        one = histology_section.SectionProfile(
            np.arange(41), np.column_stack([deep, deep]), mass, empty, (0.0, 0.0), 1.0, 1.0, 1, np.zeros((1, 1), np.uint8), {"image": "x"}
        )
        data = histology_profile.pool([one], 60.0, placing_um=0.0)
        off.append(((data["surface_fraction"].values - known) / data["surface_sd"].values) ** 2)
    assert (np.mean(off, axis=0) < 1.6).all(), np.mean(off, axis=0)


def sections_agree(path: Path, first: Drawn, second: Drawn) -> None:
    """Each section and the pooled one, in a tidy table: what was drawn, and how the two differ."""
    assert path.read_text().startswith("# dermaflux sections 1.0\n")
    rows = list(csv.DictReader(line for line in path.read_text().splitlines() if not line.startswith("#")))
    value = {(row["section"], row["quantity"]): float(row["value"]) for row in rows}
    sd = {(row["section"], row["quantity"]): float(row["sd"]) for row in rows if row["sd"]}
    truths = first.truth(), second.truth()
    both = tuple(np.concatenate(parts) for parts in zip(*truths, strict=True))
    for name, truth in (("a.tif", truths[0]), ("b.tif", truths[1]), ("pooled", both)):
        for layer, share in zip(histology_section.LAYERS, layer_shares(truth, 120.0), strict=True):
            assert value[name, f"share_{layer}"] == pytest.approx(share, abs=0.05)
        for level, deep in zip(histology_section.LEVELS, truth, strict=True):
            assert value[name, f"depth_{level}_p50"] == pytest.approx(np.median(deep), abs=10.0)
    assert sd["pooled", "depth_dej_p50"] == pytest.approx(abs(value["a.tif", "depth_dej_p50"] - value["b.tif", "depth_dej_p50"]) / np.sqrt(2.0), rel=1e-3)
    assert value["pooled", "dots"] == 1.0 and sd["pooled", "dots"] == 0.0 and {row["section"] for row in rows} == {"a.tif", "b.tif", "pooled"}
    assert value["pooled", "lateral_sd"] == pytest.approx(np.hypot(value["a.tif", "lateral_sd"], value["b.tif", "lateral_sd"]) / np.sqrt(2.0), rel=0.05)


def test_the_command_writes_what_fit_reads(cli: Callable[..., Finished], tmp_path: Path) -> None:
    """Two sections: one CSV for `dermaflux fit`, one below the junction, HDF5 with the masks; the same files twice."""
    first, second = Drawn(bottom_um=300.0), Drawn(discs=spread(40, 9), ridge_um=10.0, bottom_um=280.0)
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
    assert np.array([row for _, row in _rows(tmp_path / "profile.hypodermis.csv", _PROFILE)])[0, 0] < 0.0
    sections_agree(tmp_path / "profile.sections.csv", first, second)
    with xr.open_dataset(tmp_path / "profile.h5", engine="h5netcdf") as data:
        assert data.sizes["section"] == 2 and json.loads(data.attrs["facts"])[0]["rule"]["optical_density"] == 0.3
        area = np.unpackbits(data["mask_1"].values, axis=1).sum() * 0.25
        assert area == pytest.approx(float(data["pigment_area_um2"][0]), rel=0.01)
        assert np.isfinite(data["surface_sd_between_sections"].values).all()
    kept = output.read_bytes()
    cli("histology", "extract", *files, "-o", output)
    assert output.read_bytes() == kept


