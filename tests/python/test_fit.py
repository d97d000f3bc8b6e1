"""Fits: the posterior is the exact one where that is known, holds the truth as often as it says, and data that cannot be are refused."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from conftest import CONFIGS, NORMAL, Page, refused
from fit_samples import CLUSTER, HOP, UPTAKE, answering, fit_file, profile, series, truth_of, value
from scipy import stats
from test_sweep import interrupted_study

import dermaflux as df
from dermaflux import fit_check, fitting, observed, study
from dermaflux.emulator import emulate
from dermaflux.inference import Prior
from dermaflux.result import POOLS

EXAMPLE = CONFIGS / "fits/example.toml"
BINS = ((0.0, 150.0), (150.0, 250.0), (250.0, 450.0))
TRUTH = (0.8, -0.7)  # uptake and clusters, in spreads of their priors


def fitted(path: Path, **options: object) -> xr.Dataset:
    return df.fit(df.plan_fit(path), path.with_name("fit.h5"), **options)


def coordinates(data: xr.Dataset, prior: Prior) -> np.ndarray:
    return prior.coordinates(np.column_stack([data[key.replace(".", "_")].values for key in prior.keys]))


# known answers


@pytest.fixture(scope="module")
def linear(tmp_path_factory: pytest.TempPathFactory) -> tuple[xr.Dataset, Prior]:
    """Two outputs that are linear in the first two of three keys."""
    path = fit_file(
        tmp_path_factory.mktemp("linear"), value("contrast_1y", 0.42, 0.02), value("fwhm_mm_1y", 0.22, 0.01, "mm"),
        keys=(UPTAKE, CLUSTER, HOP), steps=6000, walkers=32,
    )  # fmt: skip
    prior = df.plan_fit(path).prior
    with pytest.MonkeyPatch.context() as patch:
        respond = lambda z: {"contrast_1y": 0.4 + 0.1 * z[0] + 0.02 * z[1], "fwhm_mm_1y": 0.2 - 0.03 * z[0] + 0.06 * z[1]}  # noqa: E731
        patch.setattr(study, "run_batch", answering(prior, respond))
        return fitted(path), prior


def test_the_posterior_of_a_linear_response_is_the_exact_one(linear: tuple[xr.Dataset, Prior]):
    # Prior standard normal, data normal: precision 1 + B' C^-1 B. The ends of the priors are six and more deviations away. Samples are
    # half an autocorrelation time apart, so that half of them count: four standard errors of mean, deviation and correlation.
    data, prior = linear
    response = np.array([[0.1, 0.02], [-0.03, 0.06]])
    inverse = np.diag([0.02**-2, 0.01**-2])
    exact = np.linalg.inv(np.eye(2) + response.T @ inverse @ response)
    mean = exact @ response.T @ inverse @ np.array([0.42 - 0.4, 0.22 - 0.2])
    found = coordinates(data, prior)[:, :2]
    deviation, count = np.sqrt(np.diag(exact)), len(found) / 2.0
    assert (np.abs(prior.ends[:, :2] - mean) > 6.0 * deviation).all()
    assert (np.abs(found.mean(axis=0) - mean) <= 4.0 * deviation / math.sqrt(count)).all()
    assert (np.abs(found.std(axis=0) / deviation - 1.0) <= 4.0 / math.sqrt(2.0 * count)).all()
    correlation = exact[0, 1] / deviation.prod()
    assert abs(np.arctanh(np.corrcoef(found.T)[0, 1]) - np.arctanh(correlation)) <= 4.0 / math.sqrt(count)


def test_a_key_of_which_the_data_say_nothing_keeps_its_prior_and_is_named(linear: tuple[xr.Dataset, Prior]):
    data, prior = linear
    found = np.sort(coordinates(data, prior)[:, 2])
    low, high = prior.ends[:, 2]
    # Kolmogorov: the largest distance of so many independent samples passes 1.95/sqrt(n) once in a thousand.
    distance = np.abs(stats.truncnorm.cdf(found, low, high) - np.arange(1, len(found) + 1) / len(found)).max()
    assert distance <= 1.95 / math.sqrt(len(found) / 2.0)
    assert data.attrs["warnings"] == f"the data say next to nothing of {HOP}"
    assert data["skin_uptake_per_day"].attrs["width_over_prior"] < 0.3


def test_what_the_emulator_does_not_know_widens_the_posterior(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    # A response with a ripple that no polynomial follows, of deviation 0.05/sqrt(2), against a measurement to 0.002. 32 runs know the
    # deviation to 1/sqrt(64), taken three times; what a run left out adds (terms over runs) only widens.
    path = fit_file(tmp_path, value("contrast_1y", 0.4, 0.002), keys=(UPTAKE,))
    prior = df.plan_fit(path).prior
    monkeypatch.setattr(study, "run_batch", answering(prior, lambda z: {"contrast_1y": 0.4 + 0.1 * z[0] + 0.05 * math.sin(1e4 * z[0])}))
    error = 0.05 / math.sqrt(2.0) * (1.0 - 3.0 / math.sqrt(64.0))
    exact = 1.0 / math.sqrt(1.0 + (0.1 / error) ** 2)
    data = fitted(path)
    assert coordinates(data, prior).std() > exact and float(data["emulator_error"][0]) > error


def test_the_error_of_the_emulator_is_that_of_fits_without_the_run():
    random = np.random.default_rng(3)
    places = random.uniform(-1.6, 1.6, (24, 2))
    given = np.column_stack([np.exp(places[:, 0]) + places[:, 1], places @ [1.0, 2.0]])
    emulator = emulate(places, given)
    again = np.array([given[n] - emulate(np.delete(places, n, 0), np.delete(given, n, 0))(places[n : n + 1])[0] for n in range(24)])
    assert emulator.chosen[0] == "cubic" and np.abs(emulator.residuals[:, 1]).max() < 1e-12
    # The fits without a run choose among the same terms (24 and 23 runs carry ten): equal but for rounding.
    np.testing.assert_allclose(emulator.residuals[:, 0], again[:, 0], rtol=1e-9, atol=1e-12)


# the engine


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, normal: df.Treatment) -> tuple[Path, xr.Dataset, dict[str, float]]:
    """Data of a known skin: a scalar, a series and a profile; its fit."""
    folder = tmp_path_factory.mktemp("whole")
    truth = truth_of((UPTAKE, CLUSTER), TRUTH, normal)
    run = df.run(normal.with_(truth), grid="quick")
    over_time = run.to_xarray()
    contrast = np.interp(np.log1p((14.0, 100.0, 365.25)), np.log1p(over_time["time"]), over_time["contrast"])
    rows = "".join(f"{day},{one},0.005\n" for day, one in zip((14, 100, 365.25), contrast, strict=True))
    (folder / "contrast.csv").write_text(f"# synthetic\ntime_days,value,sd\n{rows}")
    held = sum(over_time[f"pigment_{pool}"].sel(time=42.0).transpose("z", "r").values for pool in POOLS)
    mass = (held @ np.diff(over_time["r_face"].values ** 2)) * np.diff(over_time["z_face"].values)
    above = np.append(0.0, np.cumsum(mass)) / mass.sum()
    shares = [np.diff(np.interp(np.array(ends) * 1e-6, over_time["z_face"], above))[0] for ends in BINS]
    rows = "".join(f"{top},{bottom},{share},0.02\n" for (top, bottom), share in zip(BINS, shares, strict=True))
    (folder / "profile.csv").write_text(f"depth_from_um,depth_to_um,fraction,sd\n{rows}")
    retained = value("retained_fraction_day42", run["retained_fraction_day42"], 0.01)
    path = fit_file(folder, retained, series("contrast", "contrast.csv"), profile(42.0, "profile.csv"))
    return path, fitted(path), truth


def test_a_skin_is_found_again_from_a_number_a_series_and_a_profile(whole: tuple[Path, xr.Dataset, dict[str, float]]):
    path, data, truth = whole
    assert list(data["observation"].values) == [
        "retained_fraction_day42", "contrast, day 14", "contrast, day 100", "contrast, day 365.25",
        "pigment 0 to 150 um, day 42", "pigment 150 to 250 um, day 42", "pigment 250 to 450 um, day 42",
    ]  # fmt: skip
    prior = df.plan_fit(path).prior
    found = coordinates(data, prior)
    # Data without noise: the mean is drawn to the prior's by width^2 of the truth, to a deviation more where the response bends.
    width = found.std(axis=0)
    assert (np.abs(found.mean(axis=0) - TRUTH) <= width**2 * np.abs(TRUTH) + width).all() and (width < 0.4).all()
    assert data.attrs["misfit"] < 1.0 and data.attrs["warnings"] == "none"
    at = data["interpolation_error"].sel
    assert float(at(observation="contrast, day 100")) > 0.0 == float(at(observation="contrast, day 14"))
    assert truth[UPTAKE] > df.load(NORMAL)[UPTAKE] and float(data["skin_uptake_per_day"].median()) > df.load(NORMAL)[UPTAKE]


def test_the_file_tells_data_sources_units_and_where_it_comes_from(whole: tuple[Path, xr.Dataset, dict[str, float]]):
    path, data, _ = whole
    stored = df.open_fit(path.with_name("fit.h5"))
    xr.testing.assert_identical(stored, data)
    assert stored["skin_uptake_per_day"].attrs["units"] == "1/day" and stored["prior_skin_uptake_per_day"].dims == ("run",)
    assert set(stored["source"].values) == {"study: synthetic"} and set(stored["unit"].values) == {"1"}
    files = {name.split("/")[1] for name in json.loads(stored.attrs["input_files"])}
    assert stored.attrs["provenance_version"] == df.__version__ and {"contrast.csv", "profile.csv", "fit.toml"} <= files
    assert all(stored[name].attrs["long_name"] for name in stored.data_vars)


def test_a_stopped_fit_resumes_and_gives_the_same_bytes(whole: tuple[Path, xr.Dataset, dict[str, float]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path, _, _ = whole
    plan, out = df.plan_fit(path), tmp_path / "again.h5"
    interrupted_study(lambda: df.fit(plan, out), monkeypatch, after=20)
    assert (tmp_path / "again.h5.journal").read_text().count("\n") == 21 and not out.exists()
    asked = []
    run = fitting.run
    monkeypatch.setattr(fitting, "run", lambda *some, **options: (asked.append(some), run(*some, **options))[1])
    np.random.seed(1)  # of the process, on which nothing hangs
    df.fit(plan, out)
    assert len(asked) == 12 and out.read_bytes() == path.with_name("fit.h5").read_bytes()
    assert [one.name for one in tmp_path.iterdir()] == ["again.h5"]


def test_other_data_are_another_fit(whole: tuple[Path, xr.Dataset, dict[str, float]], tmp_path: Path):
    path, _, _ = whole
    other = tmp_path / "other.toml"
    other.write_text(path.read_text().replace('file = "', f'file = "{path.parent}/').replace("sd = { value = 0.01", "sd = { value = 0.02"))
    with pytest.raises(df.InputError, match="does not hold this"):
        df.fit(df.plan_fit(other), path.with_name("fit.h5"))


# calibration of the intervals


def test_intervals_of_nine_in_ten_hold_the_truth_of_forty_skins(tmp_path: Path):
    # Truths through the engine. Of 40 sets, fewer than 29 or (never) more than 40 hold it once in 2000 if the share is 0.9; intervals
    # 0.7 as wide would hold it in 0.75 of the sets, and pass for both keys once in 6.
    path = fit_file(tmp_path, value("contrast_1y", 0.4, 0.03), value("retained_fraction_day42", 0.5, 0.05), value("contrast_day14", 0.5, 0.03), steps=500)
    found = fit_check.interval_coverage(df.plan_fit(path), 40)
    fewest = stats.binom.ppf(5e-4, 40, 0.9)
    assert found.held.shape == (40, 2) and (found.held.sum(axis=0) >= fewest).all(), found.held.mean(axis=0)
    assert (found.width < 0.8).all() and found.times > 20.0
    # Ranks even over 0 to 1: Kolmogorov, once in 2000 for each key (2.0/sqrt(n)).
    for ranks in found.ranks.T:
        assert stats.kstest(ranks, "uniform").statistic <= 2.0 / math.sqrt(40.0)


# the command


def test_the_command_writes_posterior_and_report(cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = fit_file(tmp_path, value("contrast_1y", 0.42, 0.02), keys=(UPTAKE, HOP))
    monkeypatch.setattr(study, "run_batch", answering(df.plan_fit(path).prior, lambda z: {"contrast_1y": 0.4 + 0.1 * z[0] + 0.01 * z[0] ** 2}))
    done = cli("fit", path, "-o", tmp_path / "out.h5")
    assert done.code == 0, done.err
    assert f"{UPTAKE}: " in done.out and f"warning: the data say next to nothing of {HOP}" in done.out and "autocorrelation times" in done.out
    page = Page((tmp_path / "out.html").read_text())
    page.expect_no_network()
    assert page.source.count("data:image/png") == 2 and "study: synthetic" in page.text and UPTAKE in page.text
    assert sorted(one.name for one in tmp_path.iterdir()) == ["fit.toml", "out.h5", "out.html"]


def test_chains_that_are_too_short_are_refused_or_named_and_longer_ones_ask_nothing_of_the_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    keys = (UPTAKE, CLUSTER, HOP)
    path, out = fit_file(tmp_path, value("contrast_1y", 0.42, 0.02), keys=keys, steps=100), tmp_path / "fit.h5"
    monkeypatch.setattr(study, "run_batch", answering(df.plan_fit(path).prior, lambda z: {"contrast_1y": 0.4 + 0.1 * z[0]}))
    with pytest.raises(df.NumericsError, match="too short.*give steps = 1000"):
        fitted(path)
    assert not out.exists()
    monkeypatch.setattr(study, "run_batch", None)
    assert "fewer than 50" in fitted(fit_file(tmp_path, value("contrast_1y", 0.42, 0.02), keys=keys, steps=400)).attrs["warnings"]
    assert sorted(one.name for one in tmp_path.iterdir()) == ["fit.h5", "fit.toml"]


def test_data_out_of_reach_are_refused_by_name_and_data_that_contradict_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    far = fit_file(tmp_path, value("contrast_1y", 0.42, 0.02), value("contrast_3y", 0.9, 0.02))
    respond = lambda z: {"contrast_1y": 0.4 + 0.1 * z[0], "contrast_3y": 0.4 + 0.1 * z[0], "contrast_day14": 0.4 - 0.1 * z[0]}  # noqa: E731
    monkeypatch.setattr(study, "run_batch", answering(df.plan_fit(far).prior, respond))
    with pytest.raises(df.InputError, match=r"contrast_3y = 0.9 1 is out of reach: over the priors the model gives 0.2\d* to 0.5\d*"):
        fitted(far)
    assert not far.with_name("fit.h5").exists()
    torn = fit_file(tmp_path, value("contrast_1y", 0.5, 0.01), value("contrast_day14", 0.5, 0.01))
    assert "contradict" in fitted(torn).attrs["warnings"]


@pytest.mark.parametrize(("observation", "words"), [
    (value("contrast_1", 0.4, 0.02), ["fit.toml", "contrast_1", "contrast_1y"]),
    (value("runtime_s", 0.4, 0.02, "s"), ["fit.toml:8", "runtime_s", "not of the dot"]),
    (value("contrast_1y", 0.4, -0.02), ["fit.toml:8", "sd = -0.02", "above 0"]),
    (value("contrast_1y", 0.4, 0.0), ["sd = 0", "above 0"]),
    (value("fwhm_mm_1y", 180.0, 10.0, "um"), ["fit.toml:10", "um", "mm", "convert"]),
    (value("fwhm_mm_1y", 0.18, 0.01, "mm").replace(', unit = "mm"', ""), ["fit.toml", "without a unit", "mm"]),
    (value("contrast_1y", 0.4, 0.02).replace("0.4", "nan"), ["contrast_1y", "finite"]),
    (value("contrast_1y", 0.4, 0.02) * 2, ["contrast_1y", "twice"]),
    (value("contrast_1y", 0.4, 0.02) + "source_of = 1\n", ["source_of", "source"]),
    ("", ["nothing was observed"]),
    ('[[observed]]\noutput = "contrast_1y"\n', ["[[observed]]", "[[observation]]"]),
    (series("contrst", "data.csv"), ["contrst", "did you mean contrast?"]),
    (series("contrast", "data.csv", "mm"), ["contrast", "mm", "its unit is 1"]),
    (series("contrast", "none.csv"), ["none.csv", "does not exist"]),
    (profile(-1.0, "data.csv"), ["day = -1", "0 to"]),
])  # fmt: skip
def test_a_bad_observation_is_one_clear_error(cli, tmp_path: Path, observation: str, words: list[str]):
    (tmp_path / "data.csv").write_text("time_days,value,sd\n14,0.5,0.02\n")
    refused(cli, tmp_path, ["fit", fit_file(tmp_path, observation), "-o", tmp_path / "f.h5"], words)


@pytest.mark.parametrize(("text", "words"), [
    ("", ["data.csv", "holds no data", "time_days,value,sd"]),
    ("time_days,value,sd\n", ["data.csv", "holds no data"]),
    ("days,value,sd\n1,2,3\n", ["data.csv:1", "days", "time_days,value,sd"]),
    ("# one\ntime_days,value,sd\n14,nan,0.02\n", ["data.csv:3", "finite"]),
    ("time_days,value,sd\n14,0,5,0.02\n", ["data.csv:2", "4 values, not 3"]),
    ("time_days,value,sd\n14,dark,0.02\n", ["data.csv:2", "dark"]),
    ("time_days,value,sd\n14,0.5,-0.02\n", ["data.csv:2", "sd = -0.02"]),
    ("time_days,value,sd\n-3,0.5,0.02\n", ["data.csv:2", "time_days = -3", "10957.5"]),
    ("time_days,value,sd\n14,0.5,0.02\n14,0.6,0.02\n", ["contrast, day 14", "twice"]),
])  # fmt: skip
def test_a_bad_table_is_one_clear_error(cli, tmp_path: Path, text: str, words: list[str]):
    (tmp_path / "data.csv").write_text(text)
    refused(cli, tmp_path, ["fit", fit_file(tmp_path, series("contrast", "data.csv")), "-o", tmp_path / "f.h5"], words)


@pytest.mark.parametrize(("row", "words"), [("200,100,0.5,0.02", ["200 to 100", "increasing"]), ("0,100,1.5,0.02", ["fraction = 1.5", "0 to 1"])])
def test_a_bad_profile_is_one_clear_error(cli, tmp_path: Path, row: str, words: list[str]):
    (tmp_path / "data.csv").write_text(f"depth_from_um,depth_to_um,fraction,sd\n{row}\n")
    refused(cli, tmp_path, ["fit", fit_file(tmp_path, profile(42.0, "data.csv")), "-o", tmp_path / "f.h5"], ["data.csv:2", *words])


@pytest.mark.parametrize(("changes", "words"), [
    ({"keys": ("skin.uptake_per_dy",)}, ["skin.uptake_per_dy", "skin.uptake_per_day"]),
    ({"keys": ("host.months_since_surgery",)}, ["host.months_since_surgery", "reaches zero"]),
    ({"keys": (UPTAKE, UPTAKE)}, [UPTAKE, "twice"]),
    ({"keys": ()}, ["uncertain"]),
    ({"runs": 8}, ["runs = 8", "12"]),
    ({"walkers": 4}, ["walkers = 4", "8 to 1024"]),
    ({"steps": 10}, ["steps = 10", "100"]),
])  # fmt: skip
def test_a_bad_fit_is_one_clear_error(cli, tmp_path: Path, changes: dict, words: list[str]):
    refused(cli, tmp_path, ["fit", fit_file(tmp_path, value("contrast_1y", 0.4, 0.02), **changes), "-o", tmp_path / "f.h5"], words)


def test_the_shipped_example_reads_and_says_that_it_is_synthetic():
    plan = df.plan_fit(EXAMPLE)
    assert plan.whole_runs and len(plan.seen) == 10 and "synthetic" in plan.title and all("synthetic" in one.source for one in plan.seen)
    assert observed.horizon_year(plan.seen) == 5.0
