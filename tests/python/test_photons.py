"""Photon transport from Python and the command line: estimates with errors, refusals, files, stopping."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import dermaflux as df
from dermaflux import _core
from dermaflux.photon_transport import contrast_of, half_width, visible_width


@pytest.fixture(scope="module")
def seen(quick: df.Result) -> xr.Dataset:
    return df.photons(quick, 14, wavelengths_nm=[550, 650], photons=4096)


def uniform(absorption: float, scattering: float, depth: float = math.inf) -> _core.PhotonMedium:
    return _core.PhotonMedium.rings(np.zeros(1), np.array([0.0, depth]), np.array([[absorption]]), np.array([[scattering]]))


def follow(medium: _core.PhotonMedium, photons: int = 4096, **changes: object) -> dict:
    usual = dict(
        anisotropy=0.8, index=1.4, index_plate=1.4, index_above=1.0, index_below=1.0, inner=0.0, width=0.0, bins=1, by_area=False, diffuse=False,
        map="none", seed=1, backend="serial", progress=None,
    )  # fmt: skip
    return _core.follow_photons(medium, photons, **(usual | changes))


# what is found


def test_every_estimate_has_a_standard_error_and_energy_adds_up(seen: xr.Dataset):
    for name in ("contrast", "fwhm_mm", "reflectance_dot", "reflectance_skin"):
        assert (seen[name] > 0).all() and (seen[f"{name}_error"] > 0).all(), name
        assert (seen[f"{name}_error"] < 0.3 * seen[name]).all(), name
    total = sum(seen[f"share_{name}"] for name in ("specular", "diffuse", "transmitted", "absorbed", "roulette", "cut"))
    np.testing.assert_allclose(total, 1.0, atol=1e-6)
    near, far = (0.1 / 2.9) ** 2, (0.5 / 2.5) ** 2  # skin 1.4, stratum corneum 1.5, air
    np.testing.assert_allclose(seen["share_specular"], far + (1 - far) ** 2 * near / (1 - near * far), atol=1e-9)
    assert seen["contrast_profile"].dims == ("wavelength", "radius_mm")


def test_the_contrast_is_that_of_the_reflectances(seen: xr.Dataset):
    np.testing.assert_allclose(seen["contrast"], 1.0 - seen["reflectance_dot"] / seen["reflectance_skin"], atol=1e-12)


def test_host_backends_give_the_same_bits(quick: df.Result):
    one, other = (df.photons(quick, 14, photons=1024, backend=backend) for backend in ("serial", "kokkos"))
    xr.testing.assert_identical(one, other)


def test_a_run_and_its_file_show_the_same_dot(quick: df.Result, run_file: Path, seen: xr.Dataset):
    # The file keeps pools in single precision, 6e-8: the same photons, of which hardly one flies otherwise.
    for source in (run_file, df.open_run(run_file)):
        again = df.photons(source, 14, wavelengths_nm=[550, 650], photons=4096)
        np.testing.assert_allclose(again["contrast"], seen["contrast"], atol=1e-3)


def test_twice_treated_skin_is_looked_at_with_the_age_of_its_pigment(normal: df.Treatment):
    # Clusters grow within a year: pigment that is all 2.5 years old would be 0.005 paler.
    changes = {"machine.dwell_ms": 20.0, "sessions.days": [0.0, 900.0], "skin.cluster_growth_year": 1.0, "skin.cluster_end_um": 5.0}
    run = df.run(normal.with_(changes), grid="quick", horizon_year=3.0)
    data = run.to_xarray()
    at = int(np.flatnonzero(np.isclose(data["time"], 914.0))[0])
    found = df.photons(run, 914, photons=256)
    assert float(found["contrast_fast"][0]) == pytest.approx(float(data["contrast"][at]), abs=1e-12)


def test_the_error_asked_for_is_reached(quick: df.Result):
    found = df.photons(quick, 14, error=0.004)
    assert found["contrast_error"][0] < 1.2 * 0.004  # itself known to 1/sqrt(2 x 64) = 9 %; two of those
    assert found["photons"][0] > 4096


def test_four_times_the_photons_halve_the_error(quick: df.Result):
    few, many = (float(df.photons(quick, 14, photons=n)["contrast_error"][0]) for n in (4096, 16384))
    assert few / many == pytest.approx(2.0, rel=0.36)  # two errors known to 9 % each, 13 % together, times 2.8


def test_a_ratio_of_batches_has_the_error_of_its_residuals():
    random = np.random.default_rng(4)
    skin = 0.4 + 0.01 * random.standard_normal(64)
    contrast, error = contrast_of(0.7 * skin, skin)
    assert contrast == pytest.approx(0.3, abs=1e-15) and error < 1e-15  # noise that both share cancels
    noise = 0.01 * random.standard_normal(64)
    assert contrast_of(0.28 + noise, np.full(64, 0.4))[1] == pytest.approx(noise.std(ddof=1) / 0.4 / 8.0)


def test_a_profile_without_noise_has_its_exact_width():
    # Contrast 0.6 exp(-r^2/(2 s^2)), s = 0.1 mm; means over rings by the midpoint rule, as photons would give them.
    spread = 0.1

    def shape(medium: str, number: int, inner: float, width: float, rings: int) -> dict:
        points = inner + width * (np.arange(rings * 200) + 0.5) / 200
        dark = 0.6 * np.exp(-0.5 * (points / spread) ** 2) if medium == "dot" else np.zeros(points.size)
        return {"reflected": np.repeat(0.4 * (1.0 - dark.reshape(rings, 200).mean(axis=1))[:, None], 64, axis=1)}

    centre = [shape(medium, 0, 0.0, 0.06, 1)["reflected"][0] for medium in ("dot", "skin")]
    width, error, _ = visible_width(["dot", "skin"], centre, 1, shape)
    half = 0.5 * (1.0 - centre[0][0] / centre[1][0])
    exact = 2.0 * spread * math.sqrt(2.0 * math.log(0.6 / half))
    # The parabola over +-0.35 r misses the cubic term, x^3/6 f''' with f''' below 0.6/s^3: 1e-3 mm of 0.24 mm.
    assert width == pytest.approx(exact, abs=1.5e-3)
    assert error == pytest.approx(0.0, abs=1e-12)


def test_the_half_of_a_noisy_profile_is_that_of_the_best_falling_one():
    radius = np.arange(6.0)
    assert half_width(radius, np.array([1.0, 0.8, 0.6, 0.4, 0.2, 0.0]), 0.5) == pytest.approx(2.5)
    assert half_width(radius, np.array([1.0, 0.4, 0.8, 0.6, 0.2, 0.0]), 0.5) == pytest.approx(3.25)  # 1, 0.6, 0.6, 0.6, 0.2, 0
    assert math.isnan(half_width(radius, np.full(6, 0.7), 0.5))
    assert half_width(radius, np.zeros(6), 0.5) == 0.0


# single media


def test_media_of_rings_and_of_boxes_reflect_the_same():
    boxes = _core.PhotonMedium.boxes(
        np.array([0.0]), np.zeros(0), np.array([0.0, 2e-4, math.inf]), np.full((2, 1, 2), 200.0), np.full((2, 1, 2), 2e4)
    )
    one, other = follow(uniform(200.0, 2e4)), follow(boxes)
    np.testing.assert_allclose(one["reflected"], other["reflected"], atol=1e-8)  # the same flights, cut at other places


def test_sensitivity_is_negative_and_adds_up_to_the_slope_of_the_reflectance():
    # Paths do not depend on absorption: the same photons at two absorptions give the slope, but for roulette, whose noise the seeds
    # share in part; four per cent is five of its standard errors (a photon's path scatters by about its mean, 16384 of them).
    two = [follow(uniform(absorption, 2e4), 16384)["diffuse"] for absorption in (190.0, 210.0)]
    slope = follow(uniform(200.0, 2e4), 16384, map="sensitivity")["map"]
    assert slope.shape == (1, 1) and slope[0, 0] < 0.0
    assert slope.sum() == pytest.approx((two[1] - two[0]) / 20.0, rel=0.04)


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        ({"anisotropy": 1.0}, ["anisotropy g = 1"]),
        ({"index": 0.5}, ["refractive index 0.5"]),
        ({"map": "dose"}, ['map = "dose"', "sensitivity"]),
        ({"backend": "gpu"}, ['backend = "gpu"']),
        ({"bins": 3}, ["photons = 4096", "use 4224"]),
    ],
)
def test_a_job_that_makes_no_sense_is_refused(change: dict, parts: list[str]):
    with pytest.raises(df.InputError) as refused:
        follow(uniform(200.0, 2e4), **change)
    assert all(part in str(refused.value) for part in parts), refused.value


def test_a_negative_albedo_is_refused():
    with pytest.raises(df.InputError, match="scattering = -1 per metre in cell 0 .an albedo below 0"):
        follow(uniform(200.0, -1.0))


def test_photons_are_stopped_at_once():
    def stop(share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        follow(uniform(1.0, 2e4), 2**28, progress=stop)  # would take hours
    assert follow(uniform(200.0, 2e4), 64)["diffuse"] > 0.0  # and the next job runs


# refusals


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        ({"day": 15}, ["day = 15", "no look", "nearest is 14"]),
        ({"day": 14, "wavelengths_nm": [555]}, ["wavelength 555", "400, 450", "700"]),
        ({"day": 14, "wavelengths_nm": []}, ["wavelengths_nm is empty"]),
        ({"day": 14, "photons": 1}, ["photons = 1", "64"]),
        ({"day": 14, "photons": 2**40}, ["photons = 1099511627776", "1073741824"]),
        ({"day": 14, "error": 0.0}, ["error = 0", "0.01"]),
        ({"day": 14, "error": 1.0}, ["error = 1", "below 1"]),
        ({"day": 14, "seed": -1}, ["seed = -1", "out of range", "from 0"]),
        ({"day": 2000}, ["day = 2000", "beyond", "--horizon-year 6"]),
        ({"day": 14, "error": 1e-7}, ["1e-07", "more than a run can follow"]),
    ],
)
def test_what_cannot_be_is_refused(quick: df.Result, arguments: dict, parts: list[str]):
    with pytest.raises(df.InputError) as refused:
        df.photons(quick, **arguments)
    assert all(part in str(refused.value) for part in parts), refused.value


def test_too_few_photons_for_an_error_say_how_many_are_needed_and_those_are_enough(quick: df.Result):
    with pytest.raises(df.InputError, match="photons = 512 are too few for a standard error of 0.01") as refused:
        df.photons(quick, 14, photons=512, error=0.01)
    needed = int(str(refused.value).split("ask for at least ")[1].split()[0])
    assert needed > 512
    assert df.photons(quick, 14, photons=2 * needed, error=0.01)["contrast_error"][0] < 0.01


def test_energy_that_is_lost_is_refused(quick: df.Result, monkeypatch: pytest.MonkeyPatch):
    real = _core.follow_photons

    def leaking(*arguments: object) -> dict:
        found = real(*arguments)
        return found | {"absorbed": found["absorbed"] - 1e-5}

    monkeypatch.setattr(_core, "follow_photons", leaking)
    with pytest.raises(df.NumericsError, match="energy of the photons is off by -1.0e-05"):
        df.photons(quick, 14, photons=64)


def test_a_dataset_that_is_no_run_is_refused(quick: df.Result):
    with pytest.raises(df.InputError, match="holds no input"):
        df.photons(quick.to_xarray(), 14)


# command line


def test_the_command_prints_and_writes_what_it_finds(cli: Callable, run_file: Path, tmp_path: Path):
    target = tmp_path / "seen.h5"
    done = cli("photons", run_file, "--day", 14, "-w", 450, "-w", 650, "--photons", 1024, "-o", target)
    assert done.code == 0, done.err
    assert "450 nm: contrast" in done.out and "650 nm" in done.out and str(target) in done.out
    with xr.open_dataset(target, engine="h5netcdf") as stored:
        assert stored["wavelength"].values.tolist() == [450.0, 650.0]
        assert stored.attrs["provenance_version"] == df.__version__ and "photons" in stored.attrs["command_line"]


def test_the_command_gives_json(cli: Callable, run_file: Path):
    done = cli("photons", run_file, "--day", 14, "--photons", 1024, "--json")
    told = json.loads(done.out)
    assert told["wavelength"] == [550.0] and told["photons"] == [1024.0] and 0.0 < told["contrast"][0] < 1.0


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (["--day", "15"], "day = 15"),
        (["--day", "14", "-w", "555"], "wavelength 555"),
        (["--day", "14", "--photons", "512", "--error", "0.001"], "ask for at least"),
        (["--day", "14", "-o", "nowhere/x.h5"], "there is no folder"),
    ],
)
def test_the_command_refuses_in_one_line(cli: Callable, run_file: Path, options: list[str], part: str):
    done = cli("photons", run_file, *options)
    assert done.code == 2 and part in done.err and len(done.err.strip().splitlines()) == 1


def test_the_command_refuses_a_file_that_is_no_run(cli: Callable, tmp_path: Path):
    (tmp_path / "x.h5").write_text("no run")
    done = cli("photons", tmp_path / "x.h5", "--day", 14)
    assert done.code == 2 and "x.h5" in done.err
