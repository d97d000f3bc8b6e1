"""A box as a camera sees it: figures of maps, photon maps of a run, its file, pictures, what is refused."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import dermaflux as df
from dermaflux import _core, camera, photon_transport, plots
from dermaflux.report import run_report
from dermaflux.surface_map import Field, disc_weights, figures, lattice_reflectance

FILE = df.configs() / "treatments/three_prongs_tilted.toml"
SMALL = {"machine.dwell_ms": 10, "geometry.margin_mm": 0.25}


@pytest.fixture(scope="module")
def result() -> df.Result:
    run = df.run(df.load(FILE).with_(SMALL), grid="quick", horizon_year=1.0)
    run.look_from_above([14.0], photons=64)  # whole batches of every tile: 64 photons each
    return run


@pytest.fixture(scope="module")
def seen(result: df.Result) -> xr.Dataset:
    return camera.kept(result.to_xarray())[0]


# figures of maps without noise

FIELD = Field(-0.61, -0.41, 0.02, 61, 41)


def drawn(shape: Callable[[np.ndarray, np.ndarray], np.ndarray], batches: int = 64) -> np.ndarray:
    """A map of contrast, means of tiles by 4 x 4 points, the same in all batches."""
    fine = [FIELD.x_mm + (np.arange(4 * FIELD.across) + 0.5) * 0.005, FIELD.y_mm + (np.arange(4 * FIELD.along) + 0.5) * 0.005]
    points = shape(fine[0][None, :], fine[1][:, None])
    return np.repeat(points.reshape(FIELD.along, 4, FIELD.across, 4).mean(axis=(1, 3))[..., None], batches, axis=-1)


def gaussian(x: np.ndarray, y: np.ndarray, wide: float, high: float, turn_deg: float = 0.0, depth: float = 0.5) -> np.ndarray:
    c, s = math.cos(math.radians(turn_deg)), math.sin(math.radians(turn_deg))
    return depth * np.exp(-0.5 * (((x * c + y * s) / wide) ** 2 + ((y * c - x * s) / high) ** 2))


@pytest.mark.parametrize("turn", [0.0, 30.0, 90.0])
def test_widths_are_those_along_and_across_whatever_the_direction(turn: float):
    # Of A exp(-x^2/2a^2 - y^2/2b^2), a 0.15, b 0.08 mm, the part at level L is an ellipse of half axes a q and b q, q = sqrt(2 ln(A/L)). Tiles
    # and smoothing add (20/sqrt(12))^2 + 10^2 = 11.5^2 um^2 to a^2 and b^2; straight lines between tiles cut corners by less.
    found = figures(drawn(lambda x, y: gaussian(x, y, 0.15, 0.08, turn)), FIELD, 0.06, turn)
    # Mean over a disc of radius R: 1 - R^2/8 (1/a^2 + 1/b^2) of the peak and + R^4/192 (3/a^4 + 2/a^2b^2 + 3/b^4)/... below 1 %.
    assert found["contrast"] == pytest.approx(0.5 * (1.0 - 0.06**2 / 8.0 * (1 / 0.15**2 + 1 / 0.08**2)), abs=0.006)
    smeared = [math.hypot(s, 0.0115) for s in (0.15, 0.08)]
    peak = 0.5 * 0.15 * 0.08 / (smeared[0] * smeared[1])
    reach = 2.0 * math.sqrt(2.0 * math.log(peak / (0.5 * found["contrast"])))
    assert found["width_along_mm"] == pytest.approx(smeared[0] * reach, abs=0.004)
    assert found["width_across_mm"] == pytest.approx(smeared[1] * reach, abs=0.004)
    assert found["fwhm_mm"] == pytest.approx(math.sqrt(smeared[0] * smeared[1]) * reach, abs=0.004)
    assert found["dots_seen"] == 1.0 and (found["x_mm"], found["y_mm"]) == pytest.approx((0.0, 0.0), abs=1e-12)
    assert found["contrast_error"] == pytest.approx(0.0, abs=1e-12) and found["width_along_mm_error"] == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(("gap", "dots"), [(0.5, 2.0), (0.12, 1.0)])
def test_two_dots_are_two_until_they_merge(gap: float, dots: float):
    # Two Gaussians of spread s have one top when they stand closer than 2 s = 0.16 mm; far apart the valley is empty.
    pair = drawn(lambda x, y: gaussian(x - 0.5 * gap, y, 0.08, 0.08) + gaussian(x + 0.5 * gap, y, 0.08, 0.08))
    assert figures(pair, FIELD, 0.06, 0.0)["dots_seen"] == dots


def test_errors_are_those_of_the_scatter_and_the_place_is_not_chosen_for_its_noise():
    # White noise of standard deviation n per tile and batch: the mean over a disc of weights w has n sqrt(sum w^2)/8. Without a dot the largest
    # disc of one half is no better than any in the other: its value there has mean 0.
    noise = 0.2
    weights = math.sqrt((disc_weights(3.0) ** 2).sum())
    means, errors = [], []
    for seed in range(20):
        dark = noise * np.random.default_rng(seed).standard_normal((41, 61, 64))
        found = figures(dark, FIELD, 0.06, 0.0)
        means.append(found["contrast"])
        errors.append(found["contrast_error"])
    expected = noise * weights / 8.0
    assert np.mean(errors) == pytest.approx(expected, rel=4 * 0.09 / math.sqrt(20))  # each known to 9 %
    assert abs(np.mean(means)) < 4.0 * expected * math.sqrt(2.0) / math.sqrt(20)  # halves: sqrt(2) each, two of them
    assert np.std(means) > 0.3 * expected


def test_a_dot_that_the_map_cuts_off_has_no_width():
    found = figures(drawn(lambda x, y: gaussian(x - 0.55, y, 0.15, 0.08)), FIELD, 0.06, 0.0)
    assert math.isnan(found["fwhm_mm"]) and found["contrast"] > 0.4


def test_shares_of_a_disc_add_up_and_are_even_inside():
    weights = disc_weights(3.0)
    assert weights.shape == (7, 7) and weights.sum() == pytest.approx(1.0, abs=1e-14)
    assert weights[3, 3] == pytest.approx(1.0 / (math.pi * 9.0), rel=0.01) and weights[0, 0] == 0.0
    np.testing.assert_array_equal(weights, weights.T)


# fields


def test_tiles_lie_around_the_tracks_with_one_in_the_middle():
    tracks = np.array([[0.0, -0.1, 0.2, 0.0, 0.3, 0.2, 0.4]])
    field = camera.field_of(tracks, 0.02, 0.25)
    x, y = field.centres_mm()
    assert x[len(x) // 2] == pytest.approx(0.1) and y[len(y) // 2] == pytest.approx(0.2)
    assert x[0] - 0.01 <= -0.35 < x[1] and y[-1] + 0.01 >= 0.45 > y[-2]


@pytest.mark.parametrize(("tile", "margin", "part"), [(0.001, 0.2, "tile_mm = 0.001"), (0.02, 0.0, "margin_mm = 0"), (0.002, 1.0, "more than a map has")])
def test_fields_that_cannot_be_are_refused(tile: float, margin: float, part: str):
    with pytest.raises(df.InputError, match=part):
        camera.field_of(np.zeros((1, 7)), tile, margin)


# maps of a run


def test_every_figure_has_a_standard_error_and_energy_adds_up(seen: xr.Dataset):
    assert seen["wavelength"].values.tolist() == _core.wavelengths_nm()
    for name in ("contrast", "reflectance_skin", "reflectance"):
        assert (seen[f"{name}_error"] >= 0.0).all() and (seen[f"{name}_error"] > 0.0).any(), name
    total = sum(seen[f"share_{name}"] for name in ("specular", "diffuse", "transmitted", "absorbed", "roulette", "cut"))
    np.testing.assert_allclose(total, 1.0, atol=1e-6)
    assert seen["reflectance"].dims == ("wavelength", "y_mm", "x_mm")
    assert (seen["photons"] == 64 * seen.sizes["x_mm"] * seen.sizes["y_mm"]).all()


def test_a_map_is_dark_over_the_pigment_and_plain_far_from_it(seen: xr.Dataset):
    # Where no path meets pigment, photons of skin and box, which share their draws, return alike: the outermost tiles hold a small part of
    # the darkness that the innermost as many do. One stroke leaves so little that a single tile does not show it.
    dark = 1.0 - (seen["reflectance"] / seen["reflectance_skin"]).mean("wavelength").values
    x, y = np.meshgrid(seen["x_mm"], seen["y_mm"])
    ordered = dark.ravel()[np.argsort(np.hypot(x - x.mean(), y - y.mean()).ravel())]
    quarter = ordered.size // 4
    assert ordered[:quarter].sum() > 5.0 * abs(ordered[-quarter:].sum()) and ordered[:quarter].mean() > 0.02
    spread = seen["reflectance_error"].mean("wavelength").values  # and so does the noise of the map
    assert spread[[0, -1]].mean() < 0.7 * spread[spread.shape[0] // 2].mean()


def test_the_darkest_place_lies_over_the_tracks(seen: xr.Dataset, result: df.Result):
    green = seen.sel(wavelength=550.0)
    assert float(green["contrast"]) > 4.0 * float(green["contrast_error"])
    tracks = result.box["tracks"] * 1e3
    reach = 0.06 + 0.02
    assert tracks[:, [1, 4]].min() - reach < float(green["place_x_mm"]) < tracks[:, [1, 4]].max() + reach
    assert tracks[:, [2, 5]].min() - reach < float(green["place_y_mm"]) < tracks[:, [2, 5]].max() + reach


def test_host_backends_give_the_same_bits(result: df.Result):
    one, other = (camera.surface(result, 14.0, photons=64, tile_mm=0.05, backend=backend) for backend in ("serial", "kokkos"))
    xr.testing.assert_identical(one, other)


def test_photons_of_a_box_are_its_map(result: df.Result):
    found = df.photons(result, 14.0, photons=64)
    assert "dots_seen" in found and found["reflectance"].dims == ("wavelength", "y_mm", "x_mm")
    text = photon_transport.summary(found)
    assert "along the tilt" in text and "550 nm: contrast" in text


def test_the_file_and_the_dataset_keep_what_was_seen(result: df.Result, seen: xr.Dataset, tmp_path: Path):
    stored = df.open_run(result.save(tmp_path / "run.h5"))
    (again,) = camera.kept(stored)
    np.testing.assert_allclose(again["reflectance"], seen["reflectance"].astype(np.float32), rtol=1e-6)
    np.testing.assert_array_equal(again["contrast"], seen["contrast"])
    np.testing.assert_allclose(again["x_mm"], seen["x_mm"])
    assert again.attrs["day"] == 14.0 and again.attrs["azimuth_deg"] == 0.0 and again.attrs["tile_mm"] == 0.02
    assert stored["camera_reflectance"].dims == ("camera_day", "wavelength", "camera_y", "camera_x")
    assert "As a camera sees it" in run_report(stored)
    figure = plots.camera([again, again])
    assert len(figure.axes) == 5  # two columns of two, and the scale of contrast


def test_pictures_have_the_colour_of_skin_and_dots(seen: xr.Dataset):
    image = camera.picture(seen)
    assert image.shape == (seen.sizes["y_mm"], seen.sizes["x_mm"], 3)
    red, _, blue = image[0].mean(axis=0)
    assert red > blue  # skin
    patch = camera.lattice_picture(seen, np.array([[0.6, 0.6], [1.6, 0.6]]), 2.2, 1.2)
    assert patch.shape == (30, 55, 3) and patch.min() < image[0].min()


def test_dots_of_a_lattice_stand_at_their_places_and_their_densities_add():
    skin = np.array([0.4, 0.5])
    one = np.repeat(1.0 - drawn(gaussian_of(0.05))[None, ..., 0], 2, axis=0) * skin[:, None, None]
    twice = lattice_reflectance(one, skin, FIELD, np.array([[1.0, 0.5], [1.0, 0.5]]), 3.0, 1.0, 50.0)
    alone = lattice_reflectance(one, skin, FIELD, np.array([[1.0, 0.5]]), 3.0, 1.0, 50.0)
    np.testing.assert_allclose(twice / skin, (alone / skin) ** 2, rtol=1e-12)
    assert np.unravel_index(alone[..., 0].argmin(), alone.shape[:2]) in [(24, 49), (24, 50), (25, 49), (25, 50)]
    np.testing.assert_allclose(alone[:, -20:], np.broadcast_to(skin, (50, 20, 2)), rtol=1e-12)


def gaussian_of(spread: float) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    return lambda x, y: gaussian(x, y, spread, spread)


# refusals


def test_what_cannot_be_is_refused(result: df.Result, quick: df.Result, seen: xr.Dataset):
    with pytest.raises(df.InputError, match="is not in a box"):
        camera.surface(quick, 14.0)
    with pytest.raises(df.InputError, match="days: none is given"):
        result.look_from_above([])
    with pytest.raises(df.InputError, match="holds 1 of the 7 bands"):
        camera.picture(seen.sel(wavelength=[550.0]))
    with pytest.raises(df.InputError, match="too few for a standard error"):
        camera.surface(result, 14.0, photons=64, error=1e-5)


def test_the_command_refuses_to_map_a_round_dot(cli: Callable):
    done = cli("run", df.configs() / "treatments/normal_scalp.toml", "--photons", 1000)
    assert done.code == 2 and "maps the surface of a box" in done.err


def test_the_command_looks_at_a_box_and_keeps_it(cli: Callable, tmp_path: Path):
    target = tmp_path / "run.h5"
    changes = [text for key, value in (SMALL | {"geometry.kind": "box"}).items() for text in ("-s", f"{key}={value}")]
    done = cli("run", df.configs() / "treatments/normal_scalp.toml", *changes, "--grid", "quick", "--horizon-year", 1, "--photons", 64, "-o", target)
    assert done.code == 0, done.err
    assert done.out.count("along the tilt") == 2  # day 14 and the last year
    assert [one.attrs["day"] for one in camera.kept(df.open_run(target))] == [14.0, 365.25]
