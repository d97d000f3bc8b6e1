"""A study of a lattice: numbers of its dots, the field as a camera sees it, files, going on after a stop, what is refused."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from conftest import flags, refused
from PIL import Image
from test_studies import write_study

import dermaflux as df
from dermaflux import _core, lattice_field, lattice_results, space_studies
from dermaflux import space_measures as space
from dermaflux.lattice_field import Lattice

SMALL = {"machine.dwell_ms": 10, "geometry.margin_mm": 0.25, "geometry.dots_x": 2, "pattern.dot_spacing_mm": 0.6, "pattern.position_jitter_mm": 0.05}
SHOWN = '[study]\nshows = "lattice"\nview_day = 14\nview_width_mm = 1.2\nview_depth_mm = 0.5\n'
LATTICE = {'"machine.angle_deg"': '"pattern.dot_spacing_mm"', "[0, 30]": "[0.6]", '["box", "axisymmetric"]': "[2]", '"geometry.kind"': '"geometry.seed"'}


@pytest.fixture(scope="module", autouse=True)
def coarse() -> None:
    """Tiles of 100 um and rings to match, so that few photons do; skin is known to a hundredth."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lattice_field, "_MOST_THIRDS", 2)
        patch.setattr(lattice_field, "_RINGS", 6)
        patch.setattr(lattice_field, "_OF_SKIN", 1 << 13)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lattice")
    df.run_space_study(write_study(folder / "s.toml", SHOWN, **LATTICE), folder / "s.h5", changes=SMALL)
    return folder


@pytest.fixture(scope="module")
def one(folder: Path) -> xr.Dataset:
    return lattice_results.members(space_studies.open_study(folder / "s.h5"))[0][1]


def test_pigment_belongs_to_the_dot_that_is_nearest():
    """Two cells of pigment, one beside each of two dots that lie off the middle line between them."""
    faces = np.linspace(-1.0, 1.0, 41)
    mass = np.zeros((40, 40, 2))
    mass[22, 20], mass[35, 20] = [1.0, 3.0], [0.0, 5.0]
    places = np.array([[0.1, 0.0], [0.9, 0.0]])
    first, second = lattice_field.dot_boxes(space.Box(faces, faces, np.array([0.0, 0.1, 0.4]), mass), places)
    assert (first.mass.sum(), second.mass.sum()) == (4.0, 5.0)
    assert first.place()[0] == pytest.approx(0.125) and second.place()[0] == pytest.approx(0.775)  # middles of the cells
    assert first.depths.tolist() == [1.0, 3.0] and second.x[0] == 0.5


@pytest.mark.parametrize("dots", [1, 2, 10])
def test_the_map_of_the_largest_lattice_fits_into_a_map_of_photons(dots: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(lattice_field, "_MOST_THIRDS", 16)
    lattice = Lattice(dots, dots, 1.0)
    field = lattice.field
    assert field.across * field.along <= _core.most_photon_bins and lattice.tiles % 3 == 0
    assert field.across * field.side_mm == pytest.approx(dots + 2.0 / 3.0) and field.x_mm == pytest.approx(-0.5 * dots - 1.0 / 3.0)


def test_bands_that_nobody_looked_at_lie_between_those_that_were():
    """Densities are linear in the wavelength: half-way between two bands the light is the geometric mean; beyond the last it is as there."""
    bands = [float(nm) for nm in _core.wavelengths_nm()]
    dark = np.array([0.2, 0.5, 0.68])[:, None, None]
    light = lattice_field.between_bands(dark, bands)[:, 0, 0]
    assert light[[bands.index(nm) for nm in lattice_field.LOOKED_NM]] == pytest.approx([0.8, 0.5, 0.32])
    assert light[bands.index(600.0)] == pytest.approx(0.4) and light[bands.index(700.0)] == pytest.approx(0.32)


def test_what_all_dots_take_is_spread_over_their_squares(monkeypatch: pytest.MonkeyPatch):
    """A contrast of one in a share of the map is that share of the map over the squares of the dots, and every dot finds its own disc."""
    monkeypatch.setattr(lattice_field, "_MOST_THIRDS", 16)
    monkeypatch.setattr(lattice_field, "_RINGS", 24)
    lattice = Lattice(2, 1, 1.0)
    field = lattice.field
    places = np.array([[-0.4, 0.1], [0.5, -0.1]])
    x, y = field.centres_mm()
    dark = np.zeros((field.along, field.across, 64))
    for level, (at_x, at_y) in zip((0.4, 0.8), places, strict=True):
        dark[np.hypot(x - at_x, y[:, None] - at_y) < 0.12] = level
    found = lattice_field._contrasts(dark, lattice, places)
    assert found["dot_contrast"] == pytest.approx([0.4, 0.8], rel=1e-9)  # a disc within the disc
    assert found["field_profile"][:5] == pytest.approx(0.6, rel=0.1) and found["field_profile"][7:] == pytest.approx(0.0)  # 21 um each
    # The edge of a disc of tiles is known to half a tile of 21 um on each side, and to half a ring of as much.
    assert found["field_visible_mm"] == pytest.approx(0.24, abs=0.042)
    assert found["field_darkening"] == pytest.approx(dark.sum() / 64 * field.side_mm**2 / 2.0) and found["field_darkening_error"] == pytest.approx(0.0, abs=1e-12)


def test_the_contrast_of_a_dot_is_the_mean_over_its_disc(monkeypatch: pytest.MonkeyPatch):
    """Of a dark spot of radius 0.05 mm the share (0.05/0.06)^2 is seen, to two of its 18 tiles of 21 um."""
    monkeypatch.setattr(lattice_field, "_MOST_THIRDS", 16)
    field, place = Lattice(1, 1, 1.0).field, np.array([0.111, -0.222])
    x, y = field.centres_mm()
    dark = np.repeat((np.hypot(x - place[0], y[:, None] - place[1]) < 0.05)[..., None], 64, axis=-1).astype(float)
    assert lattice_field._in_disc(dark, field, place) == pytest.approx((0.05 / 0.06) ** 2, rel=2.0 / 18.0)


def test_a_study_of_a_lattice_says_what_every_dot_got(one: xr.Dataset):
    # All pigment belongs to a dot; in single precision of a box's fields, and in five digits of two dots.
    for n, label in enumerate(space.DAYS):
        assert one["dot_held_ng"].values[n].sum() == pytest.approx(float(one[f"held_ng_{label}"]), rel=1e-4)
    assert float(one["dot_held_ng"].values[0].std()) > 0.0 and (one["dot_tip_mm"] > 0.3).all()
    assert one["dot_x_mm"].values == pytest.approx([-0.3, 0.3], abs=0.25) and one["dot_y_mm"].values == pytest.approx([0.0, 0.0], abs=0.25)  # jitter of 0.05 mm
    assert (one["dot_mean_depth_mm"] < one["dot_deepest_mm"]).all() and (one["dot_width_mm"] > 0.0).all()


def test_a_camera_sees_the_dots_and_their_fading(one: xr.Dataset):
    lattice = Lattice(2, 1, 0.6)
    assert one["camera_reflectance"].shape == (2, 7, lattice.field.along, lattice.field.across) == (2, 7, 10, 16)
    dark = lattice_results.contrast_map(one, "day14")
    error = one["field_darkening_error"].values
    assert abs(dark.mean() * 160 / (6 * 12) - float(one["field_darkening"][0])) < 1e-4  # five digits of numbers below 1
    assert one["field_darkening"].values[0] > 5.0 * error[0] and one["field_darkening"].values[0] > one["field_darkening"].values[1]
    early, late = one["dot_contrast"].values.mean(axis=1)
    error = np.sqrt((one["dot_contrast_error"].values[0] ** 2).sum()) / one.sizes["dot"]
    assert early > late and early > 4.0 * error and (one["field_delta_e"] > 0.0).all()


def test_pictures_are_calibrated_and_a_finished_study_makes_its_files_again(folder: Path, one: xr.Dataset, cli, monkeypatch: pytest.MonkeyPatch):
    for name in ("s.csv", "s.png", "s.day14.png", "s.5y.png"):
        (folder / name).unlink()
    monkeypatch.setattr(space_studies, "run", None)  # nothing is run
    done = cli("study", folder / "s.toml", "-o", folder / "s.h5", *flags(SMALL))
    assert done.code == 0 and "contrast of a dot" in done.out and "s.5y.png" in done.out, done
    with Image.open(folder / "s.day14.png") as picture:
        assert picture.size == (16, 10) and picture.info["dpi"][0] == pytest.approx(25.4 / 0.1, rel=1e-3)  # PNG states whole pixels per metre
        pixels = np.asarray(picture).astype(float)
    contrast = lattice_results.contrast_map(one, "day14")[::-1]
    assert np.unravel_index(pixels[..., 1].argmin(), (10, 16)) in [tuple(at) for at in np.argwhere(contrast > 0.8 * contrast.max())]
    table = (folder / "s.csv").read_text().splitlines()
    assert len(table) == 3 and table[0].startswith("pattern_dot_spacing_mm,geometry_seed,dot,dot_x_mm,")
    assert not list(folder.glob("*.state.h5")) and not list(folder.glob("*.journal"))


def test_a_finished_study_gives_back_what_its_journal_held(folder: Path):
    data = space_studies.open_study(folder / "s.h5")
    plan = df.load_study(folder / "s.toml", SMALL)
    (entry,) = space_studies._kept(data).values()
    assert set(entry["outputs"]) == set(plan.names)
    again = lattice_field.arrays_of(plan.lattice, np.array([entry["outputs"][name] for name in plan.lattice.names], dtype=float))
    for name, values in again.items():
        assert values == pytest.approx(data[name].values[0, 0], rel=1e-6, nan_ok=True), name


def test_a_stopped_lattice_goes_on_from_its_state(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch):
    """Stopped while the camera looks, and once more; what was run is not run again, and the bits are those of the study never stopped."""
    plan = write_study(tmp_path / "s.toml", SHOWN, **LATTICE)
    resumed = []
    run = df.run

    def watched(treatment: df.Treatment, **how: object) -> df.Result:
        resumed.append(how.get("resume_from"))
        return run(treatment, **how)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(space_studies, "run", watched)
        patch.setattr(lattice_field, "field_arrays", interrupted)
        with pytest.raises(KeyboardInterrupt):
            df.run_space_study(plan, tmp_path / "s.h5", changes=SMALL, every=3)
    assert (tmp_path / "s.state.h5").exists()
    monkeypatch.setattr(space_studies, "run", watched)
    data = df.run_space_study(plan, tmp_path / "s.h5", changes=SMALL)
    assert resumed[:2] == [None, tmp_path / "s.state.h5"] and not (tmp_path / "s.state.h5").exists()
    whole = space_studies.open_study(folder / "s.h5")
    for name in ("dot_held_ng", "camera_reflectance", "dot_contrast"):
        xr.testing.assert_equal(data[name], whole[name])


def test_the_memory_is_told_before_it_is_taken(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    plan = df.load_study("lattice_1cm2", {"geometry.dots_x": 2, "geometry.dots_y": 2})
    need = _core.space_need(plan.sweep.base._document, "quick", 5.0)
    lattice_results.tell_memory(plan.sweep, True)
    said = capsys.readouterr().err
    assert " x ".join(map(str, need.cells)) in said and f"takes {need.bytes / 1e9:.2g} GB" in said
    with pytest.raises(df.InputError, match="there is no box"):
        _core.space_need(df.load(df.configs() / "treatments/normal_scalp.toml")._document, "quick", 5.0)


@pytest.mark.parametrize(
    ("changes", "set_", "words"),
    [
        ({'"geometry.seed"': '"geometry.dots_x"'}, {}, ["geometry.dots_x is an axis", "same dots"]),
        ({}, {"geometry.lattice": "hexagonal"}, ["hexagonal", "use square"]),
    ],
)
def test_a_lattice_that_cannot_be_shown_is_refused(cli, tmp_path: Path, changes: dict[str, str], set_: dict[str, object], words: list[str]):
    path = write_study(tmp_path / "bad.toml", SHOWN, **LATTICE)
    for old, new in changes.items():
        path.write_text(path.read_text().replace(old, new))
    refused(cli, tmp_path, ["study", path, "-o", tmp_path / "s.h5", *flags(SMALL | set_)], ["bad.toml", *words])
