"""Validation: predictions before observations, verdicts, verification rows, dossier, report. Small folders of cases on the quick grid."""

import csv
import hashlib
import json
import math
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rfc8785
import xarray as xr
from conftest import ROOT, Finished, Page, refused
from validation_samples import KEPT, SLOPE, case_folder, case_text, numbers, observed_text

import dermaflux as df
from dermaflux import _core, case_profiles, judging, predictions, validation_report, verdicts, verification
from dermaflux.case_looks import HORIZON_YEAR
from dermaflux.case_quantities import longevity
from dermaflux.cases import read_cases, shipped_cases
from dermaflux.dossier import dossier
from dermaflux.verification import benchmarks

Cli = Callable[..., Finished]
CASES = ROOT / "validation" / "cases"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return case_folder(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def made(folder: Path) -> dict:
    """Predictions of the folder, once for all."""
    return predictions.predict(predictions.plan_predictions(read_cases(folder)), folder / "out.predictions.json")


@pytest.fixture
def ready(folder: Path, made: dict, tmp_path: Path) -> Path:
    """A copy of the folder whose predictions are on disk as out.predictions.json."""
    copy = case_folder(tmp_path / "data")
    (copy / "out.predictions.json").write_bytes((folder / "out.predictions.json").read_bytes())
    return copy


def validate(cli: Cli, folder: Path, *more: object) -> Finished:
    return cli("validate", "--data", folder, "-o", folder / "out.html", "--threads", 1, *more)


# cases that ship


def test_every_observation_of_the_list_has_a_case_or_a_slot():
    shipped = read_cases(CASES)
    known = {re.sub(r"[a-z]$", "", one.id) for one in shipped.cases} | {one.id for one in shipped.cases}
    assert {f"D{n}" for n in range(1, 19)} | {"D11b", "D11c"} <= known
    for one in shipped.cases:
        there = Path(one.observed).is_file()
        assert there != bool(one.waiting), one.id  # a number, or what to do to get it
        if there:
            seen = _core.load_case_observation(one.observed, one)
            assert seen.measured and seen.error_is and seen.check and seen.source, one.id
    assert {one.id for one in shipped.cases if one.waiting} == {"D11", "D11b", "D11c", "D12", "D18"}


def test_every_drawn_key_has_a_range_wherever_it_is_drawn_and_runs_are_shared():
    plan = predictions.plan_predictions(read_cases(CASES))
    assert len(plan.groups) < len(plan.rows)
    assert len({(row.case.id, row.setting.name) for row in plan.rows}) == len(plan.rows)


def test_the_cases_are_found_where_the_package_is_installed():
    assert [path.name for path in sorted(shipped_cases().glob("*.toml"))] == [path.name for path in sorted(CASES.glob("*.toml"))]


# the blind rule


def test_nothing_observed_is_opened_before_the_predictions_are_on_disk(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The reader of observations finds the whole file, and what is broken in an observation is found after it was written."""
    data, opened = case_folder(tmp_path / "data"), []
    real = _core.load_case_observation

    def spy(path: Path, case: _core.CaseFile) -> _core.CaseObservation:
        held = predictions.read_predictions(data / "out.predictions.json")
        assert {row["case"] for row in held["rows"]} == {"A1", "B2", "C3"}
        opened.append(Path(path).name)
        return real(path, case)

    monkeypatch.setattr(_core, "load_case_observation", spy)
    (data / "b_slope.observed.toml").write_text("this is no TOML")
    done = validate(cli, data)
    assert done.code == 2 and "b_slope.observed.toml" in done.err
    assert opened == ["a_kept.observed.toml", "b_slope.observed.toml"]
    assert (data / "out.predictions.json").exists() and not (data / "out.html").exists()


def test_predictions_do_not_know_what_was_observed(made: dict, ready: Path):
    before = (ready / "out.predictions.json").read_bytes()
    (ready / "a_kept.observed.toml").write_text(observed_text("A1", numbers("1", "interval", low=2.0, high=3.0)))
    (ready / "b_slope.observed.toml").unlink()
    (ready / "out.predictions.json").unlink()
    again = predictions.predict(predictions.plan_predictions(read_cases(ready)), ready / "out.predictions.json")
    assert (ready / "out.predictions.json").read_bytes() == before and again["sha256"] == made["sha256"]


def test_the_file_of_predictions_holds_its_own_hash_over_canonical_bytes(folder: Path, made: dict):
    content = json.loads((folder / "out.predictions.json").read_bytes())
    stated = content.pop("sha256")
    assert stated == hashlib.sha256(rfc8785.dumps(content)).hexdigest() == made["sha256"]


@pytest.mark.parametrize("change", ["number", "layout", "hash", "cut"])
def test_a_changed_prediction_is_refused(cli: Cli, ready: Path, change: str):
    path = ready / "out.predictions.json"
    text = path.read_text()
    digits = re.search(r'"shipped":0\.(\d)', text)
    assert digits
    changed = {
        "number": text[: digits.start(1)] + str((int(digits.group(1)) + 1) % 10) + text[digits.end(1) :],
        "layout": text.replace(",", ", ", 1),
        "hash": text.replace(made_hash(text), "0" * 64),
        "cut": text[:-10],
    }[change]
    path.write_text(changed)
    refused(cli, ready, ["validate", "--data", ready, "-o", ready / "out.html", "--threads", 1], ["out.predictions.json", "remove it"])


def made_hash(text: str) -> str:
    return str(json.loads(text)["sha256"])


def test_the_report_shows_both_hashes_and_goes_on_from_stored_predictions(cli: Cli, ready: Path, made: dict, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(predictions, "look", lambda *_: pytest.fail("nothing was to be run"))
    done = validate(cli, ready)
    assert done.code == 0, done.err
    page = Page((ready / "out.html").read_text())
    page.expect_no_network()
    plain = json.loads((ready / "out.json").read_text())
    assert made["sha256"] in page.text and plain["predictions_sha256"] == made["sha256"]
    assert plain["observed_sha256"] in page.text and plain["observed_sha256"] in done.out
    (ready / "a_kept.observed.toml").write_text(observed_text("A1", numbers("1", "interval", low=0.02, high=0.99)))
    assert validate(cli, ready).code == 0
    again = json.loads((ready / "out.json").read_text())
    assert again["predictions_sha256"] == made["sha256"] and again["observed_sha256"] != plain["observed_sha256"]


def test_only_what_has_another_input_is_run_again(ready: Path, made: dict, monkeypatch: pytest.MonkeyPatch):
    real, runs = predictions.look, []

    def counting(treatment, changes, *rest):
        runs.extend(changes)
        return real(treatment, changes, *rest)

    monkeypatch.setattr(predictions, "look", counting)
    (ready / "a_kept.toml").write_text(case_text("A1", KEPT, more='[[setting]]\nname = "as shipped"\n"skin.uptake_per_day" = 0.5\n'))
    again = predictions.predict(predictions.plan_predictions(read_cases(ready)), ready / "out.predictions.json")
    assert len(runs) == 9  # the values of the files and eight draws of the one treatment that changed
    old, new = ({row["case"]: row for row in one["rows"]} for one in (made, again))
    assert new["B2"] == old["B2"] and new["A1"]["input_sha256"] != old["A1"]["input_sha256"] and new["A1"]["draws"] != old["A1"]["draws"]


def test_ctrl_c_keeps_the_cases_that_are_finished(cli: Cli, tmp_path: Path, made: dict, monkeypatch: pytest.MonkeyPatch):
    data, real, runs = case_folder(tmp_path / "data"), predictions.look, []

    def stopped(*arguments):
        runs.append(arguments)
        if len(runs) > 3:  # nine runs of the first treatment are three calls
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(predictions, "look", stopped)
    done = validate(cli, data)
    assert done.code == 130 and "kept" in done.err
    held = predictions.read_predictions(data / "out.predictions.json")
    assert {row["case"] for row in held["rows"]} == {"A1", "C3"}
    assert not (data / "out.html").exists()
    monkeypatch.setattr(predictions, "look", real)
    assert validate(cli, data).code == 0
    assert predictions.read_predictions(data / "out.predictions.json") == made


def test_other_processes_give_the_same_bytes(folder: Path, made: dict, tmp_path: Path):
    again = predictions.predict(predictions.plan_predictions(read_cases(folder)), tmp_path / "two.predictions.json", workers=2)
    assert again == made


# what is computed


def test_a_prediction_is_what_the_run_says(made: dict, quick: df.Result):
    rows = {row["case"]: row for row in made["rows"]}
    np.testing.assert_allclose(rows["A1"]["shipped"], quick["retained_fraction_day42"], rtol=1e-12)
    low, high = (df.run(quick.treatment.with_({"machine.depth_mm": depth}), grid="quick")["pigment_depth_day0_mm"] for depth in (0.3, 0.6))
    np.testing.assert_allclose(rows["B2"]["shipped"], (high - low) / 0.3, rtol=1e-12)
    assert len(set(rows["A1"]["draws"])) == 8
    series = quick._run.series
    middle = case_profiles.depth_at(np.array(rows["C3"]["edges_um"]), np.array([rows["C3"]["shipped"]]), 0.1)[0]
    at = int(np.argmin(np.abs(series["time_day"] - 28.0)))
    assert abs(middle - 1e3 * series["depth_p10_mm"][at]) < 10.0  # edges of the stored curve


def test_longevity_is_where_an_exponential_has_halved():
    days = np.array([0.0, 42.0, 365.25, 3 * 365.25, 5 * 365.25, 10 * 365.25])
    for rate in (0.1, 0.3, 2.0):
        seen = {"series": {"time_day": days, "contrast": 0.6 * np.exp(-rate * days / 365.25)}}
        np.testing.assert_allclose(longevity(seen, 42.0), min(42.0 / 365.25 + math.log(2.0) / rate, HORIZON_YEAR), rtol=1e-12)


# verdicts


class Seen:
    """An observation without a file."""

    def __init__(self, compared: str, low: float = math.nan, high: float = math.nan, value: float = math.nan, sd: float = math.nan):
        self.compared, self.low, self.high, self.value, self.sd = compared, low, high, value, sd


@pytest.mark.parametrize(
    ("seen", "predicted", "verdict", "words"),
    [
        (Seen("interval", 0.6, 0.7), (0.5, 0.65, 0.8), "agrees", "the median lies in"),
        (Seen("interval", 0.6, 0.7), (0.5, 0.54, 0.65), "misses", "0.9 of the lower bound; the predicted interval reaches it"),
        (Seen("interval", 0.6, 0.7), (0.9, 1.4, 1.5), "misses", "2 of the upper bound; nor does"),
        (Seen("interval", 0.6, 0.61), (0.1, 0.605, 0.9), "agrees", "weak agreement"),
        (Seen("value", value=4.0, sd=1.0), (2.5, 3.0, 3.5), "agrees", "the median lies in"),
        (Seen("value", value=4.0, sd=0.1), (2.5, 3.0, 3.5), "misses", "lower bound"),
        (Seen("number", value=2.0), (1.0, 1.5, 4.0), "agrees", "spans a factor of 4"),
        (Seen("number", value=2.0), (3.0, 4.0, 5.0), "misses", "the median is 2 of it"),
        (Seen("at_most", high=0.5), (0.1, 0.3, 0.6), "bound kept", "of the draws keep it"),
        (Seen("at_most", high=0.5), (0.4, 0.6, 0.7), "misses", "1.2 of the bound"),
        (Seen("at_least", low=0.5), (0.4, 0.6, 0.7), "bound kept", "of the draws keep it"),
        (Seen("at_least", low=0.5), (0.1, 0.2, 0.7), "misses", "0.4 of the bound"),
        (Seen("negative"), (-0.3, -0.2, 0.1), "agrees", "% of the draws are negative"),
        (Seen("negative"), (-0.3, 0.2, 0.4), "misses", "are negative"),
        (Seen("positive"), (-0.3, 0.2, 0.4), "agrees", "are positive"),
    ],
)
def test_a_verdict_is_what_the_numbers_say(seen: Seen, predicted: tuple, verdict: str, words: str):
    found, reason, _ = verdicts.verdict_of(seen, predicted, np.array(predicted))
    assert found == verdict and words in reason


def test_a_case_with_too_many_failed_draws_is_not_judged(ready: Path, made: dict):
    rows = [dict(row) for row in made["rows"]]
    rows[0] |= {"draws": [None] * 3 + rows[0]["draws"][3:], "failed": {str(n): "the motor stalls" for n in range(3)}}
    found = judging.judge(read_cases(ready), made | {"rows": rows})
    (one,) = [line for line in found if line.case == "A1"]
    assert one.verdict == "cannot be judged" and "3 of 8 draws gave no number (the motor stalls)" in one.reason


def test_misses_come_first_and_slots_last(ready: Path, made: dict):
    found = judging.judge(read_cases(ready), made)
    assert [(one.case, one.verdict) for one in found] == [("B2", "misses"), ("A1", "agrees"), ("C3", "waiting for data")]
    assert "table 2 of the full text" in found[-1].reason
    with (ready / "t.csv").open("w+", newline="") as file:
        file.write(validation_report.as_csv(found))
        file.seek(0)
        table = list(csv.DictReader(file))
    assert [row["verdict"] for row in table] == ["misses", "agrees", "waiting for data"]
    assert float(table[1]["observed_low"]) == 0.01 and table[2]["observed_low"] == "" and len(table[0]["input_sha256"]) == 64


# profiles


def profile_csv(path: Path, edges: np.ndarray, curve: np.ndarray, sd: float = 0.002, head: str = "") -> Path:
    rows = "".join(f"{top:g},{end:g},{share:.9g},{sd}\n" for top, end, share in zip(edges, edges[1:], np.diff(curve), strict=False))
    path.write_text(head + "depth_from_um,depth_to_um,fraction,sd\n" + rows)
    return path


def add_profile(folder: Path, path: Path) -> None:
    (folder / "c_slot.observed.toml").write_text(observed_text("C3", f'compared = "profile"\nfile = "{path.name}"\n'))


def test_a_slot_that_is_filled_is_judged_by_the_predictions_made_before(ready: Path, made: dict):
    row = next(row for row in made["rows"] if row["case"] == "C3")
    edges, curves = np.array(row["edges_um"]), np.array(row["draws"])
    add_profile(ready, profile_csv(ready / "same.csv", edges, curves[0]))
    found = [one for one in judging.judge(read_cases(ready), made) if one.case == "C3"]
    titles = [one.title for one in found]
    assert (
        any("50 % of the pigment" in title for title in titles)
        and any("(epidermis)" in title for title in titles)
        and any("papillary dermis" in title for title in titles)
    )
    middle = next(one for one in found if "50 %" in one.title)
    assert middle.observed[0] < case_profiles.depth_at(edges, curves[:1], 0.5)[0] < middle.observed[1]
    shifted = np.interp(edges - 100.0, edges, curves[0], left=0.0)
    add_profile(ready, profile_csv(ready / "deeper.csv", edges, shifted))
    found = [one for one in judging.judge(read_cases(ready), made) if one.case == "C3"]
    distance = next(one for one in found if "distance" in one.title)
    assert distance.verdict == "misses" and abs(distance.predicted[1] - 100.0) < 0.25 * 100.0
    page = Page(validation_report.validation_report(found, made, [], []))
    page.expect_no_network()
    assert page.source.count("<img ") == 2  # forest and profile


def test_the_distance_of_a_shifted_profile_is_its_shift():
    edges = np.arange(0.0, 1001.0, 10.0)
    curve = np.clip((edges - 200.0) / 300.0, 0.0, 1.0)
    for shift in (0.0, 50.0, 200.0, -100.0):
        other = np.clip((edges - 200.0 - shift) / 300.0, 0.0, 1.0)
        np.testing.assert_allclose(case_profiles.wasserstein_um(edges, curve, other), abs(shift), atol=1e-9)
    narrower = np.clip((edges - 275.0) / 150.0, 0.0, 1.0)  # the same mean: |300 p - 150 p - 75| averaged over p is 37.5
    fine = np.arange(0.0, 1001.0, 1.0)
    found = case_profiles.wasserstein_um(fine, np.interp(fine, edges, curve), np.clip((fine - 275.0) / 150.0, 0.0, 1.0))
    np.testing.assert_allclose(found, 37.5, atol=0.01)
    assert case_profiles.wasserstein_um(edges, curve, narrower)[0] > 30.0


def test_profiles_come_from_csv_and_hdf5_and_bad_ones_are_refused(tmp_path: Path):
    edges, curve = np.array([0.0, 100.0, 250.0, 400.0]), np.array([0.0, 0.2, 0.9, 1.0])
    of_csv = case_profiles.read_profile(profile_csv(tmp_path / "a.csv", edges, curve), "surface")
    data = {
        f"surface_{name}": ("bin", values)
        for name, values in {"from_um": edges[:-1], "to_um": edges[1:], "fraction": np.diff(curve), "sd": np.full(3, 0.002)}.items()
    }
    xr.Dataset(data).to_netcdf(tmp_path / "a.h5", engine="h5netcdf")
    for left, right in zip(of_csv, case_profiles.read_profile(tmp_path / "a.h5", "surface"), strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-9)
    with pytest.raises(_core.InputError, match="below the junction, the case asks for depths below the surface"):
        case_profiles.read_profile(profile_csv(tmp_path / "d.csv", edges, curve, head="# depth [um] below the junction (DEJ), negative\n"), "surface")
    with pytest.raises(_core.InputError, match=r"add up to 0\.5"):
        case_profiles.read_profile(profile_csv(tmp_path / "h.csv", edges, 0.5 * curve), "surface")
    (tmp_path / "g.csv").write_text("depth_from_um,depth_to_um,fraction,sd\n0,100,0.5,0.1\n150,200,0.5,0.1\n")
    with pytest.raises(_core.InputError, match="leave gaps"):
        case_profiles.read_profile(tmp_path / "g.csv", "surface")
    with pytest.raises(_core.InputError, match="no profile of"):
        case_profiles.read_profile(tmp_path / "a.h5", "junction")


# verification and dossier


def known_tests() -> tuple[set[str], dict[str, str]]:
    """GoogleTests as Suite.Name, and the sources of pytest by file."""
    suites = set()
    for path in (ROOT / "tests").rglob("*.cpp"):
        suites |= {f"{suite}.{name}" for suite, name in re.findall(r"^TEST(?:_F|_P)?\((\w+),\s*(\w+)\)", path.read_text(), flags=re.MULTILINE)}
    return suites, {path.name: path.read_text() for path in (ROOT / "tests" / "python").glob("test_*.py")}


def missing_tests(names: list[str]) -> list[str]:
    suites, files = known_tests()

    def there(name: str) -> bool:
        file, marks, test = name.partition("::")
        return (file in files and (not marks or f"def {test}(" in files[file])) if file.endswith(".py") else name in suites

    return [name for name in names if not there(name)]


def test_every_test_that_a_row_or_the_dossier_names_is_in_the_sources():
    named = [name for one in benchmarks() for name in one.tests]
    named += [name for chapter in dossier([], 0) for item in chapter.items for name in item.tests]
    assert len(named) > 30 and missing_tests(named) == []
    assert missing_tests(["ExactFlow.NoSuchTest", "test_validate.py::test_nothing", "test_none.py"]) == [
        "ExactFlow.NoSuchTest",
        "test_validate.py::test_nothing",
        "test_none.py",
    ]


def test_every_command_of_the_dossier_exists(cli: Cli, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "200")  # or options are cut off
    for command in {item.command for chapter in dossier([], 0) for item in chapter.items if item.command}:
        words = command.split()
        if words[0] == "bash":
            assert (ROOT / words[1]).is_file(), command
        else:
            options = [word for word in words if word.startswith("--")]
            text = cli(*[word for word in words[1:3] if word.isalpha() and word.islower()], "--help")
            assert words[0] == "dermaflux" and text.code == 0 and all(option in re.sub(r"\s", "", text.out) for option in options), command


def test_rows_that_are_computed_hold_and_a_wrong_program_is_told(monkeypatch: pytest.MonkeyPatch):
    rows = [row for one in benchmarks() if one.live for row in one.live()]
    assert len(rows) >= 12 and all(row.holds for row in rows), [row for row in rows if not row.holds]
    monkeypatch.setattr(_core, "lab", lambda reflectance: [99.0, 0.0, 0.0])
    assert not all(row.holds for row in verification._lab())


def test_the_dossier_claims_nothing_it_cannot_show(made: dict, ready: Path):
    text = Page(validation_report.validation_report(judging.judge(read_cases(ready), made), made, [(one, []) for one in benchmarks()], [])).text
    assert "It is no certification" in text
    items = [item for chapter in dossier([], 0) if not chapter.statement for item in chapter.items]
    assert all(item.evidence for item in items) and sum(item.evidence == "no evidence" for item in items) >= 3
    assert all((item.evidence == "no evidence") != bool(item.tests or item.command) for item in items)
    for title in ("Context of use", "Model risk", "Code verification", "Calculation verification", "Validation evidence", "Uncertainty", "Applicability"):
        assert title in text
    assert "1 comparisons miss, 0 cannot be judged, 1 agree, 0 keep a bound, 1 wait for data" in text
    assert "Kubelka-Munk" in text


def test_a_row_that_does_not_hold_is_said_on_top(made: dict, ready: Path):
    broken = verification.Live("a number", 1.0, 2.0, 0.1)
    text = Page(validation_report.validation_report(judging.judge(read_cases(ready), made), made, [(benchmarks()[0], [broken])], [])).text
    assert text.index("a number is 1, not 2") < text.index("Comparisons") and "1 of the rows computed now do not hold" in text


# bad input


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["D99"], ["no case D99", "A1, B2, C3"]),
        (["--draws", "4"], ["--draws 4", "8 to 65536"]),
        (["--data", "nowhere"], ["nowhere", "no such folder"]),
        (["-o", "out.txt"], ["out.txt", ".html"]),
        (["-o", "nowhere/out.html"], ["nowhere"]),
    ],
)
def test_bad_input_is_refused_before_any_work(cli: Cli, ready: Path, arguments: list[str], words: list[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(predictions, "look", lambda *_: pytest.fail("work began"))
    refused(cli, ready, ["validate", "--data", ready, "-o", ready / "x.html", "--threads", 1, *arguments], words)


def test_a_folder_without_cases_and_two_cases_of_one_id_are_refused(cli: Cli, tmp_path: Path):
    (tmp_path / "empty").mkdir()
    refused(cli, tmp_path, ["validate", "--data", tmp_path / "empty", "-o", tmp_path / "x.html"], ["holds no case"])
    twice = case_folder(tmp_path / "twice")
    (twice / "d.toml").write_text(case_text("A1", SLOPE))
    refused(cli, tmp_path, ["validate", "--data", twice, "-o", tmp_path / "x.html"], ["two cases have the id A1"])


def test_a_part_of_the_cases_can_be_asked_for(ready: Path):
    assert [one.id for one in read_cases(ready, ["b2"]).cases] == ["B2"]
    assert [one.id for one in read_cases(ready, [str(ready / "c_slot.toml")]).cases] == ["C3"]
    assert {one.id for one in read_cases(CASES, ["D10"]).cases} == {"D10a", "D10b", "D10c", "D10d"}
    assert read_cases(ROOT / "validation").folder == CASES  # --data validation/


def test_python_gives_what_the_command_writes(ready: Path, made: dict):
    found = df.validate(ready, ready / "out.html", only=["A1", "B2"])
    assert [one.verdict for one in found.comparisons] == ["misses", "agrees"] and found.failed == 0
    assert found.predictions["sha256"] == made["sha256"] and found.json == (ready / "out.json").read_text()
    assert [path.name for path in found.written] == ["out.html", "out.csv", "out.json", "out.predictions.json"]
