"""The report of a run: fate that sums, the dot over the years, and its counterpart in another class of skin."""

import math
import re
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from conftest import CONFIGS, NORMAL

import dermaflux as df
from dermaflux import _core, appearance, pictures, plots
from dermaflux.colour import srgb
from dermaflux.counterpart import beside, counterpart_class, rebuilt
from dermaflux.looks import day_label, look
from dermaflux.report import run_report
from dermaflux.runfile import resolved_input

CHANGES = {"machine.depth_mm": 0.4, "skin.thickness_factor": 1.1, "skin.layer.papillary_dermis.porosity": 0.4, "ink.absorption_m2_per_g": [10.0, 9, 8, 7, 6, 5, 4]}


@pytest.fixture(scope="module")
def stored(run_file: Path) -> xr.Dataset:
    return df.open_run(run_file)


def pictures_of(page: str) -> list[str]:
    return re.findall(r'<img alt="([^"]*)"', page)


# fate


def test_the_areas_sum_to_what_was_delivered_at_every_look(stored: xr.Dataset):
    names = [*plots.POOL_COLOURS, *plots.LOSS_COLOURS]
    total = np.sum([stored[f"{name}_ng"].values for name in names], axis=0)
    # As far as the ledger of the run closes, which is rounding.
    np.testing.assert_allclose(total, plots.delivered_ng(stored), rtol=0.0, atol=1e-10 * stored.attrs["ledger_drawn_ng"])
    axes = plots.fate(stored).axes[0]
    top = max(area.get_paths()[0].vertices[:, 1].max() for area in axes.collections)
    assert top == pytest.approx(plots.delivered_ng(stored)[-1], rel=1e-9)
    assert axes.get_xlim() == (0.0, 1826.25) and axes.get_xticklabels()[0].get_text() == "day 0"
    assert "[ng]" in axes.get_ylabel()


def test_what_was_delivered_grows_with_each_session():
    twice = df.load(df.configs() / "treatments/normal_scalp.toml").with_({"machine.dwell_ms": 40, "sessions.days": [0, 14]})
    run = df.run(twice, grid="quick", horizon_year=1).to_xarray()
    first, second = run["session_deposited_ng"].values
    later = run["time"].values >= 14.0
    np.testing.assert_array_equal(plots.delivered_ng(run), np.where(later, first + second, first))
    assert 0 < later.sum() < later.size and second > 0.0
    plots.fate(run)  # the areas sum to it, or this is an error


@pytest.mark.parametrize(("name", "look", "value"), [("slow_ng", 5, 1e-6), ("lymph_ng", -1, 1e-6), ("free_ng", 0, math.nan)])
def test_areas_that_do_not_sum_are_an_error_not_a_picture(stored: xr.Dataset, name: str, look: int, value: float):
    damaged = stored.copy(deep=True)
    damaged[name][look] += value
    with pytest.raises(df.NumericsError, match=f"day {float(stored['time'][look]):g} .*were delivered"):
        plots.fate(damaged)


# the look


def test_a_run_file_holds_what_is_seen_per_ring_and_band(stored: xr.Dataset, quick: df.Result):
    assert stored["reflectance"].dims == ("time", "wavelength", "view_r") and stored["reflectance_skin"].dims == ("time", "wavelength")
    assert list(stored["wavelength"].values) == _core.wavelengths_nm() == [400, 450, 500, 550, 600, 650, 700]
    again = quick.to_xarray()
    for name in ("reflectance", "reflectance_skin", "wavelength", "view_r"):
        np.testing.assert_array_equal(stored[name].values, again[name].values)
        assert stored[name].attrs["units"] == again[name].attrs["units"] and stored[name].attrs["long_name"]


def test_the_contrast_follows_from_what_is_stored(stored: xr.Dataset):
    """Mean over 60 um of radius, 60 samples, linear between ring centres and flat inside the first: as the program defines it."""
    band = {"wavelength": 550.0}
    radius = 60e-6 * (np.arange(60) + 0.5) / 60
    for n in range(stored.sizes["time"]):
        seen = stored["reflectance"].isel(time=n).sel(band).values
        skin = float(stored["reflectance_skin"].isel(time=n).sel(band))
        contrast = np.mean(1.0 - np.interp(radius, stored["view_r"].values, seen) / skin)
        assert contrast == pytest.approx(float(stored["contrast"][n]), abs=1e-12)  # the same sum in another order


def test_far_from_the_dot_skin_is_seen(stored: xr.Dataset):
    # The last place lies 1.6 mm away, many times as far as light to 550 nm travels in skin (0.3 mm; red light goes further). Few of
    # the paths that dot and skin share come so far.
    short = {"wavelength": slice(400, 550)}
    np.testing.assert_allclose(stored["reflectance"].sel(short).isel(view_r=-1), stored["reflectance_skin"].sel(short), rtol=1e-3)


def test_colours_of_known_surfaces():
    bands = len(_core.wavelengths_nm())
    # White, black and grey under their own light: grey of 18 % is 0.18^(1/2.4) 1.055 - 0.055 = 0.4614. The standard's matrix is
    # rounded to 4 digits (white to 5e-4 of linear light), which the curve of dark tones stretches by at most 12.92.
    tolerance = 12.92 * 5e-4
    np.testing.assert_allclose(srgb(np.ones(bands)), 1.0, atol=tolerance)
    np.testing.assert_allclose(srgb(np.zeros(bands)), 0.0, atol=tolerance)
    np.testing.assert_allclose(srgb(np.full(bands, 0.18)), 0.4614, atol=tolerance)
    red = srgb(np.array([0.0, 0, 0, 0, 0.5, 1, 1]))
    assert red[0] > 0.8 and red[0] > 2.0 * red[2]


def test_the_picture_of_a_dot_is_round_dark_in_the_middle_and_skin_at_the_rim(stored: xr.Dataset):
    image = pictures.dot_image(look(stored, 3.0), 1.0, 81)  # day 3, when the dot is darkest
    np.testing.assert_allclose(image, image[::-1, ::-1], atol=1e-9)
    np.testing.assert_allclose(image, image.transpose(1, 0, 2), atol=1e-9)
    brightness = image.sum(axis=2)
    assert brightness.argmin() == 40 * 81 + 40 and brightness[40, 40] < 0.6 * brightness[0, 0]
    assert (np.diff(brightness[40, 40:]) >= -1e-9).all()


def test_times_are_named_as_clinics_do():
    days = [0.0, 1.0, 42.0, 90.0, 182.625, 365.25, 395.25, 730.5, 3652.5]
    assert [day_label(day) for day in days] == ["day 0", "1 d", "42 d", "90 d", "6 mo", "1 y", "13 mo", "2 y", "10 y"]


# the counterpart


def test_a_stored_treatment_is_rebuilt_to_the_last_value(tmp_path: Path):
    treatment = df.load(NORMAL, CHANGES | {"skin.class": "hypertrophic"})
    again, normal, bald = rebuilt(treatment.resolved(), "again", ["hypertrophic", "normal", "bald"], tmp_path)
    assert dict(again) == dict(treatment) and again.title == "again"
    for name, other in (("normal", normal), ("bald", bald)):  # what the run changed is changed there too, the rest is that class's
        assert dict(other) == dict(df.load(NORMAL, CHANGES | {"skin.class": name}))


def test_a_scar_stands_beside_skin_and_skin_beside_a_scar():
    def of(name: str, wanted: str | None = None) -> str:
        return counterpart_class({"skin.class": {"value": name}}, wanted, CONFIGS)

    assert (of("normal"), of("bald"), of("hypertrophic"), of("fut_linear")) == ("fut_linear", "fut_linear", "normal", "normal")
    assert of("normal", "atrophic") == "atrophic"


def test_both_dots_go_to_the_tenth_year_and_the_rerun_is_the_run(stored: xr.Dataset, quick: df.Result):
    own, scar = beside(stored, resolved_input(stored), "fut_linear")
    assert float(own["time"][-1]) == float(scar["time"][-1]) == 3652.5 and stored["time"].size == 13
    np.testing.assert_array_equal(own["contrast"].values[:13], stored["contrast"].values)  # the same bits as the file
    alone = df.run(quick.treatment.with_({"skin.class": "fut_linear"}), grid="quick", horizon_year=10)
    np.testing.assert_array_equal(scar["contrast"].values, alone.to_xarray()["contrast"].values)


def test_a_file_that_reaches_ten_years_is_not_run_again(normal: df.Treatment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    data = df.open_run(df.run(normal, grid="quick", horizon_year=10).save(tmp_path / "run.h5"))
    asked = []
    monkeypatch.setattr("dermaflux.counterpart.run", lambda treatment, **options: asked.append(treatment.skin_class) or df.run(treatment, grid="quick"))
    assert beside(data, resolved_input(data), "burn_radiation")[0] is data and asked == ["burn_radiation"]


def test_the_strip_has_a_picture_per_look_and_class_and_a_scale_bar(stored: xr.Dataset):
    figure = appearance.looks([("normal", stored), ("scar", stored)])
    assert len(figure.axes) == 2 * 13 and all(ax.images for ax in figure.axes)
    assert [ax.get_title() for ax in figure.axes[:2]] == ["day 0", "1 d"]
    assert figure.axes[0].get_xlabel() == f"{float(stored['contrast'][0]):.2f}"
    bar = figure.axes[0].lines[0].get_xdata()
    assert bar[1] - bar[0] == pytest.approx(0.2) and figure.axes[0].texts[0].get_text() == "0.2 mm"  # axes in mm


def test_the_command_sets_a_counterpart_beside_the_run(cli, run_file: Path, tmp_path: Path):
    done = cli("report", run_file, "-o", tmp_path / "a.html", "--counterpart", "hypertrophic")
    page = (tmp_path / "a.html").read_text()
    assert done.code == 0 and "hypertrophic skin was computed for this report" in page and "The dot over the years" in page
    assert pictures_of(page)[0] == "the dot at every look"
    cli("report", run_file, "-o", tmp_path / "b.html", "--no-counterpart")
    assert "was computed for this report" not in (tmp_path / "b.html").read_text() and len(pictures_of((tmp_path / "b.html").read_text())) == len(pictures_of(page))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--counterpart", "fut_liner"], ["fut_liner", "did you mean fut_linear?"]),
        (["--counterpart", "normal"], ["normal", "class of the run itself", "--no-counterpart"]),
        (["--counterpart", "bald", "--no-counterpart"], ["contradict"]),
    ],
)
def test_a_counterpart_that_cannot_be_is_one_clear_error(cli, run_file: Path, tmp_path: Path, arguments: list[str], words: list[str]):
    done = cli("report", run_file, "-o", tmp_path / "a.html", *arguments)
    assert done.code == 2 and not [word for word in words if word not in done.err], done.err
    assert list(tmp_path.iterdir()) == []


def test_a_counterpart_that_fails_leaves_the_rest_of_the_report(stored: xr.Dataset, monkeypatch: pytest.MonkeyPatch):
    def stalls(*arguments: object, **options: object) -> None:
        raise df.NumericsError("the motor stalls")

    monkeypatch.setattr("dermaflux.counterpart.run", stalls)
    page = run_report(stored, other="hypertrophic")
    assert "no counterpart in hypertrophic skin: the motor stalls" in page and "the dot at every look" in pictures_of(page)


def test_a_file_of_an_earlier_version_says_that_it_holds_no_look(stored: xr.Dataset):
    page = run_report(stored.drop_vars(["reflectance", "reflectance_skin", "wavelength", "view_r"]))
    assert "holds no look per ring" in page and "the dot at every look" not in pictures_of(page)
