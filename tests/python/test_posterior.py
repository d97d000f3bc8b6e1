"""Calibrations that draw from the posterior of a fit: the same skins as without it but for what was fitted, and a preset that says so."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from calibration_samples import small_calibration, without_table
from conftest import CONFIGS, refused
from fit_samples import CLUSTER, HOP, UPTAKE, answering, fit_file, value

import dermaflux as df
from dermaflux import _core, study
from dermaflux.draws import draw_parameters
from dermaflux.posterior import widest_first
from dermaflux.preset import check_preset
from dermaflux.preset_set import _plan
from dermaflux.report import calibration_report

SCALP = CONFIGS / "calibrations/scalp.toml"


@pytest.fixture(scope="module")
def posterior(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Little uptake and small clusters, known together: of three keys, hop length is not among the calibration's."""
    observed = value("contrast_1y", 0.3, 0.02), value("fwhm_mm_1y", 0.2, 0.02, "mm")
    path = fit_file(tmp_path_factory.mktemp("posterior"), *observed, keys=(UPTAKE, CLUSTER, HOP), steps=1000)
    respond = lambda z: {"contrast_1y": 0.4 + 0.1 * (z[0] + z[1]), "fwhm_mm_1y": 0.2 + 0.05 * z[2]}  # noqa: E731
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(study, "run_batch", answering(df.plan_fit(path).prior, respond))
        df.fit(df.plan_fit(path), path.with_name("fit.h5"))
    return path.with_name("fit.h5")


def test_draws_are_samples_of_the_posterior_and_all_else_is_drawn_as_before(posterior: Path):
    file, known = _core.load_calibration(SCALP, "normal"), df.load_posterior(posterior)
    before, after = draw_parameters(file), draw_parameters(file, posterior=known)
    assert set(after) == set(before) | {HOP}
    for key in set(before) - set(known.keys):
        np.testing.assert_array_equal(after[key], before[key])
    rows = {tuple(row) for row in known.samples.tolist()}
    drawn = np.column_stack([after[key] for key in known.keys])
    assert len({tuple(row) for row in drawn.tolist()} & rows) == file.draws  # each another sample, all keys of it together
    # Both lower their sum by one prior deviation, to 0.2: medians and their correlation, with 32 draws known to 0.2 and 0.18.
    logs = np.log(drawn[:, :2] / [file.base.values[key].value for key in (UPTAKE, CLUSTER)])
    assert np.median(after[UPTAKE]) < np.median(before[UPTAKE]) and np.median(after[CLUSTER]) < np.median(before[CLUSTER])
    assert np.corrcoef(logs.T)[0, 1] < -0.5 < np.corrcoef(np.log([before[UPTAKE], before[CLUSTER]]))[0, 1]


def test_more_draws_begin_with_the_same_and_are_even_where_the_posterior_is_wide(posterior: Path):
    file, known = _core.load_calibration(SCALP, "normal"), df.load_posterior(posterior)
    few, many = draw_parameters(file, 8, known), draw_parameters(file, 64, known)
    assert all((many[key][:8] == few[key]).all() for key in few)
    place = {tuple(row): n for n, row in enumerate(known.samples.tolist())}
    parts = [64 * place[tuple(row)] // len(known.samples) for row in np.column_stack([many[key] for key in known.keys]).tolist()]
    assert sorted(parts) == list(range(64))  # a Sobol dimension: one in each part of 64
    shuffled = np.random.default_rng(5).permutation(20)
    np.testing.assert_array_equal(widest_first(np.column_stack([shuffled * 1.0, -0.1 * shuffled])), np.argsort(shuffled))


def test_a_calibration_moves_and_its_preset_tells_what_it_stands_on(posterior: Path, tmp_path: Path):
    small = small_calibration(tmp_path, [0.25, 0.35], [120, 250], 6)
    file = without_table(small, tmp_path / "plain.toml")
    without, found = df.calibrate(file, "normal"), df.calibrate(file, "normal", posterior=posterior)
    # Less uptake leaves less pigment in every draw's skin on average: more is drained before cells hold it.
    assert float(found.outputs["retained_fraction_day42"].mean()) < float(without.outputs["retained_fraction_day42"].mean())
    told, known = found.preset["provenance"], df.load_posterior(posterior)
    assert check_preset(found.preset) == [] and len(told["data"]) == 3
    assert told["data"][0] == {"name": "fit.h5: a fit", "sha256": known.sha256}
    assert told["data"][1] == {"name": "contrast_1y: 0.3 +- 0.02 1", "source": "study: synthetic"}
    assert json.loads(told["input_files"])[f"{posterior.parent.name}/fit.h5"] == known.sha256
    fitted, still = re.fullmatch(r"fitted: (.*); on prior ranges: (.*)", told["priors"]).groups()
    assert set(fitted.split(", ")) == set(known.keys) and set(still.split(", ")) == set(found.file.uncertain) - set(known.keys)
    assert set(told["prior_keys"]) == set(still.split(", ")) and without.preset["provenance"]["prior_keys"] == without.file.uncertain
    assert "no clinical data" in without.preset["provenance"]["priors"] and without.preset["provenance"]["data"] == []
    assert "all uncertain parameters stand on prior ranges" in calibration_report(without)
    assert "all uncertain parameters stand on prior ranges" not in calibration_report(found)


def test_total_indices_refuse_a_posterior_by_name(posterior: Path, tmp_path: Path):
    with pytest.raises(df.InputError, match=r"--sobol 8: keys of a posterior go together.*leave out --sobol"):
        df.calibrate(small_calibration(tmp_path, [0.25, 0.35], [120, 250], 6), "normal", posterior=posterior, sobol=8)


def test_a_posterior_of_another_skin_or_prior_is_refused_and_another_needle_is_told(posterior: Path, normal: df.Treatment):
    known = df.load_posterior(posterior)
    assert known.check(normal) == []
    with pytest.raises(df.InputError, match="skin.class = normal.*cicatricial.*fit data of cicatricial"):
        known.check(normal.with_({"skin.class": "cicatricial"}))
    with pytest.raises(df.InputError, match=rf"{UPTAKE} = 1 \(0.2 to 5\), which now is 2"):
        known.check(normal.with_({UPTAKE: 2.0}))
    (told,) = known.check(normal.with_({"needle.model": "round_liner_3_025_long"}))
    assert "needle.model = round_liner_1_025_long, not round_liner_3_025_long" in told


NEEDLE, INK = "round_liner_1_025_long", "carbon_black_smp"


def test_a_set_draws_from_the_posterior_where_it_holds_and_from_priors_elsewhere(cli, posterior: Path, tmp_path: Path):
    small = small_calibration(tmp_path, [0.3], [120, 250], 3)
    file, folder = without_table(small, tmp_path / "plain.toml"), tmp_path / "set"
    order = ["preset", "set", file, "-o", folder, "--class", "normal", "--class", "bald", "--needle", NEEDLE, "--ink", INK]
    done = cli(*order, "--posterior", posterior)
    assert done.code == 0, done.err
    assert f"normal-{NEEDLE}-{INK}, from the posterior fit.h5\n" in done.err and f"bald-{NEEDLE}-{INK}, from priors\n" in done.err
    known = df.load_posterior(posterior)
    normal, bald = json.loads((folder / "set.json").read_text())["presets"]
    assert normal["posterior"] == f"fit.h5 {known.sha256}" and bald["posterior"] == ""
    made = {row["skin_class"]: json.loads((folder / row["file"]).read_text()) for row in (normal, bald)}
    alone = df.calibrate(file, "normal", posterior=posterior, changes={"needle.model": NEEDLE, "ink.model": INK}).preset
    assert made["normal"] == json.loads(json.dumps(alone)) and made["normal"]["provenance"]["data"][0]["sha256"] == known.sha256
    assert made["bald"]["provenance"]["data"] == []
    assert "fit.h5" in (folder / "index.html").read_text()
    again = cli(*order, "--posterior", posterior)
    assert again.err.count(", kept") == 2, again.err
    plan = _plan(file, [], False, [], "normal", NEEDLE, INK)  # without it, it is another input
    assert plan.member.input_sha256 != normal["input_sha256"] and plan.holds is None


def test_a_set_refuses_posteriors_that_hold_nowhere_or_twice_before_any_work(cli, posterior: Path, tmp_path: Path):
    order = ["preset", "set", SCALP, "--needle", NEEDLE, "--ink", INK, "-o", tmp_path / "out"]
    refused(cli, tmp_path, [*order, "--class", "bald", "--class", "atrophic", "--posterior", posterior],
            ["fit.h5", "holds for no preset of the set", "skin.class = normal"])
    refused(cli, tmp_path, [*order, "--class", "normal", "--posterior", posterior, "--posterior", posterior], ["both hold for normal", "give one of them"])
    refused(cli, tmp_path, [*order, "--class", "normal", "--posterior", posterior, "-s", f"{UPTAKE}=2"], [UPTAKE, "fit again"])
    assert not (tmp_path / "out").exists()


def test_the_command_refuses_what_is_no_fit_or_of_another_class(cli, posterior: Path, run_file: Path, tmp_path: Path):
    order = ["calibrate", SCALP, "--quick", "-o", tmp_path / "out", "--posterior"]
    refused(cli, tmp_path, [*order, run_file], [run_file.name, "is not a fit"])
    refused(cli, tmp_path, [*order, tmp_path / "none.h5"], ["none.h5", "no such file"])
    refused(cli, tmp_path, [*order, posterior, "--class", "bald"], ["fit.h5", "skin.class = normal", "bald"])
