"""Synthetic sections of a run: the extractor finds what was cut, and they are marked and the same twice."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from conftest import ROOT, Finished, refused
from PIL import Image
from section_samples import agree_below_surface

import dermaflux as df
from dermaflux import example_slides, histology, histology_profile, synthetic_section
from dermaflux.histology_image import open_image
from dermaflux.histology_pigment import PigmentRule
from dermaflux.stains import STAINS
from dermaflux.virtual_biopsy import Cut, tissue_of

sys.path.insert(0, str(ROOT / "validation" / "histology"))
import round_trip  # noqa: E402

ROUND_TRIPS = int(os.environ.get("DERMAFLUX_ROUND_TRIPS", "3"))  # treatments; validation/histology has all 50


@pytest.mark.parametrize("number", range(ROUND_TRIPS))
def test_a_cut_of_a_random_treatment_gives_its_profile_back(number: int, normal: df.Treatment, tmp_path: Path) -> None:
    """What a section shows of a dot just made comes back."""
    trip = round_trip.round_trip(number, normal, tmp_path)
    agree_below_surface(trip.found, trip.truth, trip.mpp)
    assert trip.found.facts["folds"]["number"] == 0


def test_random_sections_are_the_dot_on_average(run_file: Path) -> None:
    """Sections are cut evenly across a disc of radius R: what they hold, times the width 2 R over the thickness, is what the dot holds within R on
    average. Both the mean and its standard error come from the 150 sections; four of them are allowed, and 5 % for what lies beyond R."""
    tissue = tissue_of(df.open_run(run_file), 28.0)
    seen = synthetic_section.sections_seen(tissue, 150, seed=3)
    held = seen["pigment_ng"].values
    whole = float(np.einsum("prz,r,z->", tissue.pools, np.pi * np.diff(tissue.r_um**2), np.diff(tissue.z_um)))
    mass = np.einsum("prz,z->r", tissue.pools, np.diff(tissue.z_um)) * np.diff(tissue.r_um**2)
    radius = float(np.interp(0.95, np.append(0.0, np.cumsum(mass) / mass.sum()), tissue.r_um))
    factor = 2.0 * radius / 4.0
    mean, error = held.sum(axis=1).mean() * factor, held.sum(axis=1).std() / np.sqrt(150) * factor
    assert abs(mean - whole) < 4.0 * error + 0.05 * whole and error < 0.15 * whole
    share = held.sum(axis=0) / held.sum()
    deep = 0.5 * (seen["from_um"] + seen["to_um"]).values
    middle = held @ deep / np.maximum(held.sum(axis=1), 1e-300)
    spread = np.sqrt(np.average((middle - share @ deep) ** 2, weights=held.sum(axis=1)) * (held.sum(axis=1) ** 2).sum()) / held.sum()
    assert share @ deep == pytest.approx(float((seen["whole_dot"] * deep).sum()), abs=4.0 * spread + 2.0)
    again = synthetic_section.sections_seen(tissue, 5, seed=3)
    assert np.array_equal(again["pigment_ng"].values, held[:5])


@pytest.mark.parametrize("stain", [name for name in STAINS if name != "he"])
def test_every_stain_gives_the_profile_back(stain: str, normal: df.Treatment, tmp_path: Path) -> None:
    """The same cut in every stain; where black ink cannot be told from melanin, below the junction only."""
    run = df.run(normal, grid="quick").to_xarray()
    run.attrs["resolved_json"] = json.dumps(normal.resolved())
    cut = Cut(offset_um=10.0)
    tissue, stained = synthetic_section.section(run, 14.0, cut, stain=stain, mpp=0.5, width_um=400.0, depth_um=600.0, seed=3)
    path = synthetic_section.section_path(tmp_path / "cut.tif")
    written = synthetic_section.save_section(tissue, stained, path, mpp=0.5, cut=cut, day=14.0, seed=3, title="test", stain=stain)
    found = histology.extract(path, written[1], rule=PigmentRule(stain=stain))
    assert found.facts["synthetic"] is True and found.facts["folds"]["number"] == 0
    below = stained.truth[stained.truth[:, 1] >= 0.0] if stain == "fontana" else stained.truth
    assert below[:, 3].sum() > round_trip.LEAST_UM2
    agree_below_surface(found, below, 0.5)
    assert found.mass.sum() == pytest.approx(below[:, 3].sum(), rel=0.1)  # black nuclei would add 14 %
    if stain in ("unstained", "fontana"):
        with pytest.raises(df.InputError, match=f"--stain {stain} .* draw Surface and DEJ"):
            histology.extract(path, rule=PigmentRule(stain=stain))
    else:
        proposed = histology.extract(path, rule=PigmentRule(stain=stain))
        assert proposed.quantiles_um("dej") == pytest.approx(found.quantiles_um("dej"), abs=15.0)


def test_sections_pool_to_the_simulated_profile(run_file: Path, cli: Callable[..., Finished], tmp_path: Path) -> None:
    """Ten random sections say of each layer of 100 um what the run holds there, within three of the standard deviations they state and 5 %."""
    cut = ["--day", "28", "--random", "10", "--angle", "3", "--mpp", "1", "--width-um", "500", "--depth-um", "700"]
    done = cli("histology", "section", run_file, *cut, "-o", tmp_path / "s.tif")
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
        (["--day", "29"], ["day = 29", "28"]), (["--stain", "gram"], ["--stain gram", "masson", "fontana"]),
        (["--thickness-um", "90"], ["thickness_um = 90", "30"]),
        (["--angle", "80"], ["angle_deg = 80", "45"]), (["--sections", "100"], ["--sections 100", "99"]),
        (["--mpp", "0.1", "--width-um", "9000"], ["pixels", "--width-um"]),
        (["--sections", "3", "--offset-um", "5"], ["--offset-um 5", "--sections"]), (["--seed", "-1"], ["--seed -1"]),
    ],
)  # fmt: skip
def test_a_bad_section_is_named(arguments: list[str], words: list[str], run_file: Path, cli: Callable[..., Finished], tmp_path: Path) -> None:
    refused(cli, tmp_path, ["histology", "section", run_file, *arguments, "-o", tmp_path / "s.tif"], words)


def test_a_section_must_be_a_picture(run_file: Path, cli: Callable[..., Finished], tmp_path: Path) -> None:
    refused(cli, tmp_path, ["histology", "section", run_file, "-o", tmp_path / "s.gif"], ["s.gif", ".tif"])


def test_example_slides_lead_to_a_profile_and_say_that_they_are_synthetic(
    cli: Callable[..., Finished], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commands that its own words give; names, metadata and tables are marked."""
    monkeypatch.setattr(example_slides, "_SIZE", {"mpp": 1.0, "width_um": 300.0, "depth_um": 600.0})
    folder = tmp_path / "slides"
    assert cli("histology", "example", folder, "--sections", "2").code == 0
    pictures = sorted(folder.glob("*.tif"))
    assert len(pictures) == 2 and all("synthetic" in one.name for one in folder.rglob("*") if one.is_file())
    for path in (*folder.rglob("*.toml"), *folder.glob("*.txt"), *folder.glob("*.truth.csv")):
        assert "synthetic" in path.read_text().lower(), path
    assert all(open_image(one).synthetic for one in pictures)
    words = (folder / "READ_ME_synthetic.txt").read_text()
    command = next(line for line in words.splitlines() if "--hdf" in line).split()
    monkeypatch.chdir(folder)
    files = [str(one) for part in command[3:] for one in (sorted(Path().glob(part)) if "*" in part else [part])]
    done = cli(*command[1:3], *files)
    assert done.code == 0 and "SYNTHETIC" in done.out, done
    for name in ("profile.csv", "profile.dej.csv", "profile.sections.csv"):
        assert (folder / name).read_text().splitlines()[1] == "# SYNTHETIC: drawn by dermaflux from a simulation; no tissue of a person"
    plan = df.plan_fit(folder / "fit_synthetic.toml")
    assert len(plan.seen) == len(histology_rows(folder / "profile.csv"))
    refused(cli, tmp_path, ["histology", "example", folder], ["slides", "no empty folder"])
    refused(cli, tmp_path, ["histology", "example", tmp_path / "other", "--sections", "0"], ["--sections 0", "50"])


def histology_rows(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if line and not line.startswith("#")][1:]
