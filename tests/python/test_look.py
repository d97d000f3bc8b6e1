"""What the eye sees: colours and their gamut, the looks of a run, the picture of a dot."""

import json
import shutil
from pathlib import Path

import h5py
import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from conftest import CONFIGS, NORMAL, refused

import dermaflux as df
from dermaflux import _core, colour
from dermaflux.looks import look, luminance, parse_day
from dermaflux.rendering import check_picture, dot_figures

BANDS = len(_core.wavelengths_nm())
YEAR = 365.25


@pytest.fixture(scope="module")
def stored(quick: df.Result) -> xr.Dataset:
    return quick.to_xarray()


# colours


def test_grey_is_grey_and_white_is_white():
    for level in (0.02, 0.18, 0.5, 1.0):
        shown = colour.srgb(np.full(BANDS, level))
        np.testing.assert_allclose(shown, shown[0], atol=1e-12)  # the white of the weights is that of the matrix
    np.testing.assert_allclose(colour.srgb(np.ones(BANDS)), 1.0, atol=1e-12)
    assert colour.srgb_and_clipped(np.ones((3, BANDS)))[1] == 0.0


def test_luminance_of_white_is_one():
    assert luminance(np.ones(BANDS)) == pytest.approx(1.0, abs=1e-12)


def test_colours_that_a_screen_cannot_show_are_cut_off_and_counted():
    pure = np.zeros(BANDS)
    pure[2] = 1.0  # a line of 500 nm: greener than any screen
    shown, share = colour.srgb_and_clipped(np.stack([pure, np.full(BANDS, 0.5), np.full(BANDS, 0.2), np.zeros(BANDS)]))
    assert share == 0.25 and (shown >= 0.0).all() and (shown <= 1.0).all()


def test_lab_and_srgb_are_two_names_of_one_colour():
    # The white of the program's weights is off by up to 1 %, which is taken out on one side and not on the other: 0.01 in sRGB.
    for bands in (np.full(BANDS, 0.3), np.linspace(0.1, 0.5, BANDS), np.linspace(0.4, 0.2, BANDS)):
        np.testing.assert_allclose(colour.srgb_of_lab(_core.lab(list(bands))), colour.srgb(bands), atol=0.01)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("25,4", ["--hair-lab 25,4", "L,a,b"]),
        ("25,4,seven", ["--hair-lab 25,4,seven", "L,a,b"]),
        ("125,4,7", ["L* = 125", "out of range", "0 to 100"]),
        ("-1,4,7", ["L* = -1", "out of range"]),
        ("nan,4,7", ["not a Lab colour"]),
        ("50,100,-120", ["--hair-lab 50, 100, -120", "outside the gamut"]),
    ],
)
def test_a_colour_that_cannot_be_is_refused_by_name(text: str, words: list[str]):
    with pytest.raises(df.InputError) as error:
        colour.read_lab(text, "--hair-lab")
    assert all(word in str(error.value) for word in words), error.value


def test_skin_types_have_the_typology_angle_of_their_class(normal: df.Treatment):
    """Classes of Chardon 1991: very light above 55, light 41, intermediate 28, tan 10, brown -30 degrees, dark below."""
    edges = [90, 55, 41, 28, 10, -30, -90]
    for n in range(1, 7):
        skin = normal.with_({"skin.type": f"fitzpatrick_{n}"})
        angle = _core.ita(_core.lab(_core.skin_reflectance(skin._document)))
        assert edges[n] < angle < edges[n - 1], (n, angle)


def test_a_darker_type_bleaches_less(normal: df.Treatment):
    kept = [df.run(normal.with_({"skin.type": f"fitzpatrick_{n}", "ink.model": "azo_red", "machine.dwell_ms": 40}), grid="quick")["retained_fraction_5y"] for n in (1, 3, 6)]
    assert kept[0] < kept[1] < kept[2]


# looks


def test_a_look_holds_the_colour_that_the_outputs_say(stored: xr.Dataset, quick: df.Result):
    seen = look(stored, 14.0)
    lab = _core.lab(list(seen.centre()))
    # The centre is the same mean in another order of sums.
    np.testing.assert_allclose(lab, [quick["dot_l_day14"], quick["dot_a_day14"], quick["dot_b_day14"]], atol=1e-9)
    assert _core.ita(_core.lab(list(seen.skin))) == pytest.approx(quick["skin_ita_deg"], abs=1e-9)
    row = dot_figures(stored, [14.0])[0]
    assert row["delta_e"] == pytest.approx(quick["delta_e_day14"], abs=1e-9) and row["clipped_share"] == 0.0
    assert quick["blue_shift_day14"] == pytest.approx(quick["dot_b_day14"] - quick["skin_b"], abs=1e-12)
    assert quick["dot_hue_deg_day14"] == pytest.approx(np.degrees(np.arctan2(lab[2], lab[1])), abs=1e-6)


def test_days_are_written_as_people_do():
    assert [parse_day(text) for text in ("0", "14", "14d", "2w", "6mo", "1y", " 1.5y ")] == [0.0, 14.0, 14.0, 14.0, 182.625, 365.25, 547.875]
    for text in ("", "-1", "1 year", "y", "1m", "nan"):
        with pytest.raises(df.InputError, match="--day"):
            parse_day(text)


def test_pigment_that_has_sunk_is_bluer_at_the_same_contrast(normal: df.Treatment):
    """Red light comes from deeper than green: of two dots of one contrast at 550 nm the deeper one takes more of the red and, since that is
    what skin sends back most, leaves less yellow."""
    shifts = []
    for sinking in (0.0, 25.0, 50.0):
        weak, strong = 0.001, 1.0
        for _ in range(12):  # the dilution that leaves a contrast of 0.1 after five years, to half a percent
            middle = float(np.sqrt(weak * strong))
            done = df.run(normal.with_({"skin.deepening_um_per_year": sinking, "ink.dilution": middle}), grid="quick")
            weak, strong = (middle, strong) if done["contrast_5y"] < 0.1 else (weak, middle)
        assert done["contrast_5y"] == pytest.approx(0.1, abs=0.001)
        seen = look(done.to_xarray(), 5 * YEAR)
        shifts.append(np.subtract(_core.lab(list(seen.centre())), _core.lab(list(seen.skin))))
    assert shifts[0][1] > shifts[1][1] > shifts[2][1] and 0.0 > shifts[0][2] > shifts[1][2] > shifts[2][2]


# the picture of a dot


def test_a_dot_is_drawn_with_its_titles_and_a_bar_of_true_length(stored: xr.Dataset):
    figure = df.render_dot(stored, [0.0, 14.0, YEAR], width_mm=1.0)
    assert [ax.get_title() for ax in figure.axes] == ["day 0", "14 d", "1 y"]
    for ax in figure.axes:
        (bar,) = [patch for patch in ax.patches if patch.get_facecolor()[:3] == (1.0, 1.0, 1.0)]
        (label,) = [text.get_text() for text in ax.texts]
        assert label == f"{bar.get_width():g} mm" and ax.get_images()[0].get_extent()[1] == 1.0
    plt.close(figure)


def test_the_command_writes_the_same_picture_twice(cli, run_file: Path, tmp_path: Path):
    for name in ("a.png", "b.png"):
        done = cli("render", run_file, "--day", "14", "-o", tmp_path / name)
        assert done.code == 0 and done.out == f"written: {tmp_path / name}\n", done
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    image = plt.imread(tmp_path / "a.png")
    assert image.shape[0] > 500 and image.shape[1] > 500


def test_the_command_tells_colours_as_json(cli, run_file: Path, quick: df.Result):
    done = cli("render", run_file, "--day", "14", "--day", "1y", "--json")
    rows = json.loads(done.out)["looks"]
    assert [row["day"] for row in rows] == [14.0, YEAR]
    assert rows[0]["dot_l"] == pytest.approx(quick["dot_l_day14"], abs=1e-9) and rows[1]["contrast"] == pytest.approx(quick["contrast_1y"], abs=1e-12)


# what cannot be


@pytest.fixture
def without_looks(run_file: Path, tmp_path: Path) -> Path:
    """A run file as an earlier version wrote it."""
    old = shutil.copy(run_file, tmp_path / "old.h5")
    with h5py.File(old, "r+") as file:
        del file["reflectance"], file["reflectance_skin"]
    return old


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["render", "RUN"], ["nothing to write", "-o"]),
        (["render", "-o", "x.png"], ["nothing to show", "--pattern"]),
        (["render", "none.h5", "-o", "x.png"], ["none.h5", "no such file"]),
        (["render", str(NORMAL), "-o", "x.png"], ["normal_scalp.toml", "cannot be read"]),
        (["render", "RUN", "-o", "x.png", "--day", "20"], ["day = 20", "365.25", "nearest is 14"]),
        (["render", "RUN", "-o", "x.png", "--day", "20y"], ["day = 7305", "beyond", "1826.25", "--horizon-year 20"]),
        (["render", "RUN", "-o", "x.png", "--day", "soon"], ["--day soon", "1y"]),
        (["render", "RUN", "-o", "x.gif"], ["x.gif", ".png"]),
        (["render", "RUN", "-o", "nowhere/x.png"], ["nowhere", "no folder"]),
        (["render", "RUN", "-o", "x.png", "--width-mm", "9"], ["width_mm = 9", "0.2 to 3.8"]),
        (["render", "RUN", "-o", "x.png", "-s", "machine.depth_mm=0.4"], ["-s machine.depth_mm=0.4", "no effect", "dermaflux run"]),
        (["render", "OLD", "-o", "x.png"], ["old.h5", "holds no reflectance", "run the treatment again"]),
        (["render", "RUN", "--json", "--width-mm", "1"], ["--width-mm 1", "no effect", "-o"]),
        (["render", "RUN", "-o", "x.png", "--grid", "fine"], ["--grid fine", "no effect", "dermaflux run"]),
        (["render", "RUN", "-o", "x.png", "--backend", "serial"], ["--backend serial", "no effect", "dermaflux run"]),
        (["render", "OLD", "--pattern", str(CONFIGS / "patterns/hairline.toml"), "-o", "x.png"], ["holds no reflectance"]),
    ],
    ids=lambda value: " ".join(value)[:60] if isinstance(value, list) else None,
)  # fmt: skip
def test_a_picture_that_cannot_be_is_one_clear_error(
    cli, run_file: Path, without_looks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: list[str]
):
    monkeypatch.chdir(tmp_path)
    refused(cli, tmp_path, [{"RUN": run_file, "OLD": without_looks}.get(text, text) for text in arguments], words)


def test_looks_at_other_wavelengths_are_refused(stored: xr.Dataset):
    other = stored.assign_coords(wavelength=stored["wavelength"] + 10.0)
    with pytest.raises(df.InputError, match="was looked at 410, 460"):
        look(other, 14.0)


def test_a_picture_that_cannot_be_is_refused_from_python_too(stored: xr.Dataset, tmp_path: Path):
    with pytest.raises(df.InputError, match="days: none is given"):
        df.render_dot(stored, [])
    for width in (0.1, 3.9, float("nan")):
        with pytest.raises(df.InputError, match=f"width_mm = {width:g} is out of range"):
            df.render_dot(stored, [14.0], width_mm=width)
    with pytest.raises(df.InputError, match="^day = 20 is no look of the run"):
        df.render_dot(stored, [20.0])
    wide = stored.assign(fwhm_mm=stored["fwhm_mm"] * 0.0 + 1.2)  # four times that is more than the largest picture
    plt.close(df.render_dot(wide, [14.0]))
    with pytest.raises(df.FileError) as error:
        check_picture(tmp_path / "nowhere" / "x.png")
    assert str(error.value).startswith(str(tmp_path))  # no option of the command in it
