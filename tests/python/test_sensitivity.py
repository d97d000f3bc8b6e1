"""Sensitivity: the indices, what is run for them, resuming, members that fail."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from conftest import NORMAL
from test_sweep import interrupted_study, same, stored

import dermaflux as df
from dermaflux import sensitivity as sense
from dermaflux import study
from dermaflux.draws import from_range

THREE = ("skin.recapture_fraction", "skin.cluster_end_um", "ink.carrier_viscosity_mpa_s")
THICK = {"ink.model": "carbon_black_neat", "ink.mass_fraction": 0.3}  # of the draws of these two, some are packed too densely to flow
PACKING = ("ink.mass_fraction", "ink.structure_factor")


@pytest.fixture(scope="module")
def plan() -> sense.SensitivityPlan:
    return sense.plan_sensitivity(df.load(NORMAL), parameters=THREE, samples=8)


@pytest.fixture(scope="module")
def found(plan: sense.SensitivityPlan, tmp_path_factory: pytest.TempPathFactory) -> xr.Dataset:
    return sense.sensitivity(plan, tmp_path_factory.mktemp("sensitivity") / "s.h5")


# the indices


def ishigami(unit: np.ndarray) -> np.ndarray:
    """sin x1 + 7 sin^2 x2 + 0.1 x3^4 sin x1, x on (-pi, pi). Source: Ishigami & Homma 1990, Proc. ISUMA."""
    x = math.pi * (2.0 * unit - 1.0)
    return np.sin(x[:, 0]) + 7.0 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


def test_the_indices_of_the_ishigami_function_are_the_exact_ones():
    # Exact: V1 = (1 + b pi^4/5)^2/2, V2 = a^2/8, V13 = b^2 pi^8 (1/18 - 1/50). Tolerance: four standard errors of the estimators
    # with independent points (Sobol points do better); the means of B (A_i - A) and (A_i - A)^2/2 over the variance.
    samples, names = 4096, ("x1", "x2", "x3")
    v1, v2, v13 = (1.0 + 0.1 * math.pi**4 / 5.0) ** 2 / 2.0, 49.0 / 8.0, 0.01 * math.pi**8 * (1.0 / 18.0 - 1.0 / 50.0)
    variance = v1 + v2 + v13
    exact = {"first_order": np.array([v1, v2, 0.0]) / variance, "total": np.array([v1 + v13, v2, v13]) / variance}
    unit = sense.unit_points(len(names), samples, seed=1)
    outcome = ishigami(unit)
    got = sense.sobol(names, outcome)
    block = (outcome - outcome.mean()).reshape(samples, -1)
    first, exchanged, other = block[:, :1], block[:, 1:-1], block[:, -1:]
    errors = {
        "first_order": (other * (exchanged - first)).std(axis=0) / math.sqrt(samples) / variance,
        "total": ((exchanged - first) ** 2 / 2.0).std(axis=0) / math.sqrt(samples) / variance,
    }
    for kind, values in exact.items():
        assert (np.abs(got[kind] - values) <= 4.0 * errors[kind]).all(), kind
        # Half widths of 95 % are 1.96 of those errors; 500 resamples know a deviation to 1/sqrt(1000) = 3 %, taken four times, and
        # the variance that resampling also varies adds to it.
        np.testing.assert_allclose(got[f"{kind}_interval"], 1.96 * errors[kind], rtol=0.35)


def test_an_outcome_that_does_not_vary_has_no_indices():
    indices = sense.sobol(("a", "b"), np.full(8 * 4, 0.3))
    assert all(np.isnan(values).all() for values in indices.values())


# the design


def test_each_member_of_a_block_exchanges_one_parameter(plan: sense.SensitivityPlan):
    table = np.column_stack(list(plan.draws().values())).reshape(plan.samples, len(THREE) + 2, len(THREE))
    for block in table:
        for n in range(len(THREE)):
            expected = block[0].copy()
            expected[n] = block[-1][n]
            np.testing.assert_array_equal(block[1 + n], expected)


def test_draws_are_those_of_a_calibration(plan: sense.SensitivityPlan):
    unit = sense.unit_points(len(THREE), plan.samples, plan.seed)
    for n, (key, drawn) in enumerate(plan.draws().items()):
        known = plan.treatment.values_with_source[key]
        np.testing.assert_array_equal(drawn, from_range(known, unit[:, n]))
        assert known.range[0] <= drawn.min() < known.value < drawn.max() <= known.range[1]


@pytest.mark.parametrize("name", ["normal", "hypertrophic", "fut_linear", "burn_radiation"])
def test_the_default_parameters_can_be_drawn_in_every_class(name: str):
    treatment = df.load(NORMAL.with_name(f"{name}_scalp.toml"))
    assert len(sense.plan_sensitivity(treatment).parameters) >= 12


# a run


def test_the_shares_of_a_run_lie_where_shares_can_lie(found: xr.Dataset):
    """0 <= S1 <= ST <= 1, each within three standard deviations: of 24 values one lies outside its interval of 95 % (1.96) as a rule."""
    alone, total = found["first_order"], found["total"]
    slack_alone, slack_total = (3.0 / 1.96 * found[name] for name in ("first_order_interval", "total_interval"))
    assert (alone >= -slack_alone).all() and (alone <= total + slack_alone + slack_total).all()
    assert (total >= 0.0).all()  # a mean of squares
    assert np.isfinite(found[["first_order", "total", "first_order_interval", "total_interval"]].to_array()).all()


def test_what_is_known_of_the_model_shows(found: xr.Dataset):
    """Clusters pale a dot and carry no mass; recapture acts on the years, not on the width."""
    total = found["total"]
    assert float(total.sel(output="retained_fraction_day42", parameter="skin.cluster_end_um")) == 0.0
    assert float(total.sel(output="contrast_1y", parameter="skin.cluster_end_um")) > float(total.sel(output="contrast_1y", parameter="skin.recapture_fraction"))


def test_each_member_equals_a_single_run(found: xr.Dataset, plan: sense.SensitivityPlan):
    for n in (0, 7, 39):
        changes = {key: float(found[key.replace(".", "_")][n]) for key in THREE}
        alone = df.run(plan.treatment.with_(changes), grid="quick")
        assert all(float(found[name][n]) == alone[name] for name in sense.ANALYSED)


def test_the_same_seed_gives_the_same_bits_and_another_one_others(found: xr.Dataset, plan: sense.SensitivityPlan, tmp_path: Path):
    same(sense.sensitivity(plan, tmp_path / "again.h5", backend="serial"), found)
    other = sense.plan_sensitivity(plan.treatment, parameters=THREE, samples=8, seed=7)
    assert not any(np.array_equal(other.draws()[key], plan.draws()[key]) for key in THREE)


def test_a_killed_analysis_resumes_and_repeats_no_member(found: xr.Dataset, plan: sense.SensitivityPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    interrupted_study(lambda: sense.sensitivity(plan, tmp_path / "s.h5"), monkeypatch, after=5)
    finished = (tmp_path / "s.h5.journal").read_text().count("\n") - 1
    assert 5 <= finished < 40 and not (tmp_path / "s.h5").exists()
    run_batch, asked = study.run_batch, []
    monkeypatch.setattr(study, "run_batch", lambda members, **options: (asked.extend(members), run_batch(members, **options))[1])
    same(sense.sensitivity(plan, tmp_path / "s.h5"), found)
    assert len(asked) == 40 - finished
    same(sense.sensitivity(plan, tmp_path / "s.h5"), found)  # what is there is not run again
    assert len(asked) == 40 - finished and [one.name for one in tmp_path.iterdir()] == ["s.h5"]


def test_the_file_tells_units_settings_and_where_it_comes_from(found: xr.Dataset, plan: sense.SensitivityPlan, tmp_path: Path):
    sense.sensitivity(plan, tmp_path / "s.h5")
    data = stored(tmp_path / "s.h5")
    assert data["first_order"].dims == ("output", "parameter") and list(data["parameter"].values) == list(THREE)
    assert all(data[name].attrs["long_name"] and (name == "error" or data[name].attrs["units"]) for name in data.data_vars)
    assert data["ink_carrier_viscosity_mpa_s"].attrs["units"] == "mPa.s" and data["contrast_1y"].dims == ("member",)
    assert (data.attrs["samples"], data.attrs["samples_kept"], data.attrs["failed_members"], data.attrs["grid"]) == (8, 8, 0, "quick")
    assert data.attrs["provenance_version"] == df.__version__ and json.loads(data.attrs["resolved_json"])["machine.depth_mm"]["unit"] == "mm"


# members that fail


def test_base_points_with_a_failed_member_are_left_out_and_counted(tmp_path: Path):
    plan = sense.plan_sensitivity(df.load(NORMAL, THICK), parameters=PACKING, samples=16)
    data = sense.sensitivity(plan, tmp_path / "s.h5")
    failed = data["error"].values.reshape(16, 4) != ""
    assert failed.any() and data.attrs["failed_members"] == failed.sum()
    np.testing.assert_array_equal(data["base_point_kept"].values, ~failed.any(axis=1))
    kept = data["contrast_1y"].values.reshape(16, 4)[~failed.any(axis=1)].ravel()
    np.testing.assert_array_equal(data["total"].sel(output="contrast_1y"), sense.sobol(plan.parameters, kept, plan.seed)["total"])


def test_an_analysis_of_which_too_little_is_left_says_so_and_keeps_its_journal(tmp_path: Path):
    plan = sense.plan_sensitivity(df.load(NORMAL, THICK), parameters=PACKING, samples=8)
    with pytest.raises(df.NumericsError, match="of 8 base points are complete.*packing"):
        sense.sensitivity(plan, tmp_path / "s.h5")
    assert [one.name for one in tmp_path.iterdir()] == ["s.h5.journal"]


# the command


def test_the_command_prints_a_table_and_writes_file_and_picture(cli, found: xr.Dataset, tmp_path: Path):
    out = tmp_path / "s.h5"
    done = cli("sensitivity", NORMAL, "-o", out, "--samples", 8, "--parameters", ",".join(THREE), "--grid", "quick", "--workers", 0)
    assert done.code == 0, done.err
    for word in ("recapture_fraction", "contrast_1y", "retained_fraction_day42", "±", "40 members, 0 failed", "8 of 8 base points"):
        assert word in done.out
    total = float(found["total"].sel(output="contrast_1y", parameter="skin.cluster_end_um"))
    assert f"{total:.2f}" in next(line for line in done.out.splitlines() if "cluster_end_um" in line)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["s.h5", "s.png"]
    assert (tmp_path / "s.png").read_bytes().startswith(b"\x89PNG")
    same(stored(out), found)


def test_the_command_ends_with_3_where_members_failed(cli, tmp_path: Path):
    flags = [part for key, value in THICK.items() for part in ("-s", f"{key}={value}")]
    done = cli("sensitivity", NORMAL, "-o", tmp_path / "s.h5", "--samples", 16, "--parameters", ",".join(PACKING), *flags)
    assert done.code == 3 and "left out of the indices" in done.err and "packing" in done.err
    assert (tmp_path / "s.h5").is_file() and (tmp_path / "s.png").is_file()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--samples", "12"], ["samples = 12", "power of two", "write 16"]),
        (["--samples", "4"], ["samples = 4", "8 to 65536", "write 8"]),
        (["--samples", "131072"], ["131072", "write 65536"]),
        (["--parameters", "skin.uptak_per_day,skin.cluster_end_um"], ["skin.uptak_per_day", "did you mean skin.uptake_per_day?"]),
        (["--parameters", "skin.uptake_per_day"], ["fewer than two"]),
        (["--parameters", "skin.uptake_per_day", "--parameters", "skin.uptake_per_day"], ["skin.uptake_per_day twice"]),
        (["--parameters", "skin.uptake_per_day,ink.photolysis_per_year"], ["ink.photolysis_per_year", "reaches zero"]),
        (["--parameters", "skin.uptake_per_day,skin.fracture"], ["skin.fracture", "no range"]),
        (["--parameters", "skin.uptake_per_day,skin.recoil_time_ms", "-s", "skin.recoil_time_ms=500"], ["skin.recoil_time_ms", "500", "outside its range 1 to 100"]),
        (["--samples", "65536"], ["more than 1000000 members"]),  # of the default parameters
        (["--grid", "coarse"], ["coarse", "quick, standard, fine or finest"]),
        (["-o", "none/s.h5"], ["none/s.h5", "no folder"]),
        (["-o", "s.png"], ["s.png", "picture"]),
    ],
)
def test_a_bad_analysis_is_one_clear_error_before_any_work(cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: list[str]):
    monkeypatch.chdir(tmp_path)
    done = cli("sensitivity", NORMAL, *arguments)
    assert done.code == 2 and len(done.err.strip().splitlines()) == 1, done.err
    assert not [word for word in words if word not in done.err], done.err
    assert list(tmp_path.iterdir()) == []
