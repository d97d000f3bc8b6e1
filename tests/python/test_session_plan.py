"""The session plan of a preset: practice from the calibration file, and the touch-up that the model predicts."""

import math
import re
from pathlib import Path

import numpy as np
import pytest
from conftest import CONFIGS

import dermaflux as df
from dermaflux import _core
from dermaflux.search import Search
from dermaflux.session_plan import LOOKS, plan_lines, session_plan, touch_up, touch_up_line

SCALP = CONFIGS / "calibrations/scalp.toml"
YEARS = np.array(list(LOOKS.values()))
DAY14 = 14 / 365.25


@pytest.fixture(scope="module")
def file() -> _core.CalibrationFile:
    return _core.load_calibration(SCALP, "normal")


def contrasts(*draws: np.ndarray) -> dict[str, np.ndarray]:
    """Outputs of draws given as contrasts at the looks."""
    return {name: np.array([draw[n] for draw in draws]) for n, name in enumerate(LOOKS)}


def falling(first: float, rate: float) -> np.ndarray:
    return first * np.exp(-rate * (YEARS - DAY14))


def test_the_looks_are_all_contrasts_from_day_14_to_the_tenth_year_in_order():
    assert list(LOOKS)[0] == "contrast_day14" and list(LOOKS)[-1] == "contrast_10y" and (np.diff(YEARS) > 0).all() and YEARS[0] == DAY14


@pytest.mark.parametrize(("first", "rate"), [(0.5, 0.1), (0.9, 0.2), (0.31, 0.01), (0.59, 0.5)])
def test_a_dot_that_fades_exponentially_is_due_where_it_crosses_the_level_that_comes_first(file: _core.CalibrationFile, first: float, rate: float):
    """0.3 is the lower limit of the criterion, half of day 14 that of alarm A13. Three digits are stated."""
    due = touch_up(contrasts(*[falling(first, rate)] * 4), file.criteria, file.sessions)
    exact = DAY14 + math.log(first / max(0.3, 0.5 * first)) / rate
    assert due["p05_years"] == due["p50_years"] == due["p95_years"] == pytest.approx(exact, rel=5e-3)
    assert due["draws"] == 4 and due["contrast_low"] == 0.3 and due["share_of_contrast_day14"] == 0.5 and due["horizon_years"] == 10.0


def test_a_quantile_is_a_draw_and_absent_where_that_is_not_due_before_the_horizon(file: _core.CalibrationFile):
    draws = [falling(0.6, math.log(2) / (n + 0.5 - DAY14)) for n in range(20)]  # due after half a year, a year and a half, ...
    due = touch_up(contrasts(*draws), file.criteria, file.sessions)
    assert (due["p05_years"], due["p50_years"]) == (0.5, 9.5) and "p95_years" not in due
    later = touch_up(contrasts(*draws[1:]), file.criteria, file.sessions)
    assert later["p05_years"] == 1.5 and "p50_years" not in later
    never = touch_up(contrasts(*draws[11:]), file.criteria, file.sessions)
    assert not {"p05_years", "p50_years", "p95_years"} & set(never) and "not before 10 years" in touch_up_line(never)


def test_no_look_after_the_horizon_of_the_rules_counts(tmp_path: Path):
    text = SCALP.read_text().replace('"../treatments"', f'"{CONFIGS / "treatments"}"').replace("horizon_years = { value = 10", "horizon_years = { value = 3")
    (tmp_path / "short.toml").write_text(text)
    short = _core.load_calibration(tmp_path / "short.toml", "normal")
    due = touch_up(contrasts(falling(0.6, 0.1)), short.criteria, short.sessions)
    assert due["horizon_years"] == 3.0 and "p05_years" not in due  # the level is crossed in the seventh year


def test_what_decides_sees_five_years_however_short_the_horizon_of_the_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    class Asked(Exception):
        pass

    def at(self: Search, title: str, settings: list, draws: int, grid: str, horizon_year: float) -> None:
        raise Asked(horizon_year)

    monkeypatch.setattr(Search, "at", at)
    for years, seen in ((2, 5.0), (10, 10.0)):
        text = SCALP.read_text().replace('"../treatments"', f'"{CONFIGS / "treatments"}"').replace("horizon_years = { value = 10", f"horizon_years = {{ value = {years}")
        (tmp_path / "plan.toml").write_text(text)
        with pytest.raises(Asked) as asked:
            file = _core.load_calibration(tmp_path / "plan.toml", "normal")
            Search(file, "serial", False).decide("the best setting", [(file, {"depth_mm": 0.3, "dwell_ms": 250.0})], 2)
        assert asked.value.args == (seen,)


def test_runs_that_end_sooner_promise_no_more_than_they_saw(file: _core.CalibrationFile):
    values = contrasts(falling(0.6, 0.1))
    for name in ("contrast_7y", "contrast_10y"):
        values[name] = np.array([np.nan])
    due = touch_up(values, file.criteria, file.sessions)
    assert due["horizon_years"] == 5.0 and "p50_years" not in due  # the level is crossed in the seventh year


def test_a_pale_dot_is_due_on_day_14_and_one_that_vanishes_on_the_way(file: _core.CalibrationFile):
    vanishing = np.where(YEARS <= 1.0, 0.6, 0.0)
    due = touch_up(contrasts(falling(0.2, 0.1), vanishing), file.criteria, file.sessions)
    assert due["p05_years"] == pytest.approx(DAY14, rel=5e-3) and due["p95_years"] == 2.0  # 0.6 to 0 from the first to the third year, 0.3 half way


def test_draws_without_an_outcome_are_left_out_and_where_there_is_none_there_is_no_plan(file: _core.CalibrationFile):
    missing = np.full(len(YEARS), np.nan)
    due = touch_up(contrasts(missing, falling(0.6, 0.1), missing), file.criteria, file.sessions)
    assert due == touch_up(contrasts(falling(0.6, 0.1)), file.criteria, file.sessions)
    with pytest.raises(df.NumericsError, match="no draw has a contrast at day 14"):
        touch_up(contrasts(missing), file.criteria, file.sessions)


def test_the_model_itself_has_the_contrast_of_the_level_at_the_time_that_is_predicted(file: _core.CalibrationFile):
    """A run that ends there. The chord of a logarithm L over two years, from the third to the fifth, misses it by at most 2^2 / 8 of its
    largest second derivative. That falls with time, faster first, so it is at most the second difference of L about the third year,
    half of the change of the mean rate from the two years before to these two. Three digits of the time are stated."""
    treatment = df.load(CONFIGS / "treatments/normal_scalp.toml", {"machine.dwell_ms": 160.0, "skin.lymph_clearance_per_day": 0.02})
    [[seen]] = df.run_batch([treatment], grid="quick", horizon_year=10.0)
    curve = np.array([seen[name] for name in LOOKS])
    n = list(LOOKS).index("contrast_3y")
    level = 0.5 * (curve[n] + curve[n + 1])

    class Rule:
        output, low = "contrast_1y", level

    due = touch_up({name: np.array([seen[name]]) for name in LOOKS}, [Rule], file.sessions)["p50_years"]
    assert 3.0 < due < 5.0
    before, within = np.log(curve[n - 1] / curve[n]) / 2, np.log(curve[n] / curve[n + 1]) / 2  # mean rates [1/y]
    assert before > within > 0.0
    series = df.run(treatment, grid="quick", horizon_year=due).to_xarray()
    assert float(series["time"][-1]) == pytest.approx(due * 365.25)
    assert abs(np.log(float(series["contrast"][-1]) / level)) < (before - within) / 4 + 0.005 * before


# the table [sessions]


def test_the_plan_is_that_of_the_class(file: _core.CalibrationFile):
    """physics.md 4.4: sessions and days to the next one."""
    found = {}
    for name in ("normal", "bald", "cicatricial", "hypertrophic", "atrophic", "fue_punctate", "fut_linear", "burn_radiation"):
        rules = _core.load_calibration(SCALP, name).sessions
        assert len(rules.purposes) == rules.count[1] and rules.earliest_day == 5.0  # alarm A7; the redness has faded before
        found[name] = (*rules.count, *rules.days_between)
    assert found == {
        "normal": (2, 3, 10, 14), "bald": (2, 3, 10, 14), "cicatricial": (1, 3, 5, 7), "hypertrophic": (3, 4, 5, 7), "atrophic": (2, 4, 5, 7),
        "fue_punctate": (2, 3, 5, 7), "fut_linear": (3, 4, 5, 7), "burn_radiation": (3, 4, 7, 14),
    }  # fmt: skip
    values = contrasts(falling(0.6, 0.1))
    plan = session_plan(values, file.criteria, file.sessions)
    assert plan["count"] == {"min": 2, "max": 3} and plan["touch_up"] == touch_up(values, file.criteria, file.sessions)
    assert any("none before day 5" in line for line in plan_lines(plan)) and "no session plan" in plan_lines(None)[0]


@pytest.mark.parametrize(("decay", "earliest", "days"), [(3.0, 5, (10, 14)), (3.2, 6, (10, 14)), (8.0, 13, (13, 14)), (20.0, 33, (33, 33))])
def test_no_session_comes_before_the_redness_has_faded(decay: float, earliest: float, days: tuple[float, float]):
    """Alarm A7: erythema above 0.2 blocks; exp(-t / decay) = 0.2 after 1.609 time constants, in whole days."""
    assert earliest == max(5, math.ceil(decay * math.log(5)))
    rules = _core.load_calibration(SCALP, "normal", False, [("skin.erythema_decay_day", str(decay))]).sessions
    assert rules.earliest_day == earliest and rules.days_between == days


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("count = { value = [2, 3]", "count = { value = [3, 2]", "count is no interval"),
        ("count = { value = [2, 3]", "count = { value = [0, 3]", "from 1 to 6"),
        ("count = { value = [2, 3]", "count = { value = [2, 7]", "from 1 to 6"),
        ("count = { value = [2, 3]", "count = { value = [2.5, 3]", "not whole"),
        ("count = { value = [2, 3]", "count = { value = 3", "wrong kind"),
        ('count = { value = [2, 3], unit = "1"', 'count = { value = [2, 3], unit = "day"', "unit"),
        ("days_between = { value = [10, 14]", "days_between = { value = [14, 10]", "no interval"),
        ("days_between = { value = [10, 14]", "days_between = { value = [10, 12, 14]", "no interval"),
        ('value = [10, 14], unit = "day"', 'value = [10, 14], unit = "year"', "unit"),
        ('"the last third; dots that faded, again"]\nsource', '"the last third", "more"]\nsource', "has 4 texts for up to 3 sessions"),
        ("erythema = { value = 0.2", "erythema = { value = 0", "erythema = 0 is out of range"),
        ("touch_up_share = { value = 0.5", "touch_up_share = { value = 1.5", "touch_up_share = 1.5 is out of range"),
        ("horizon_years = { value = 10", "horizon_years = { value = 11", "horizon_years = 11 is out of range; give 1 to 10"),
        ("horizon_years = ", "horizon_yers = ", "horizon_years is missing"),
        ("[sessions.cicatricial]", "[sessions.cicatrical]", "is of no tissue class"),
        ("[sessions.cicatricial]", "[sessions.cicatricial]\nsesions = 3", "sesions is an unknown key"),  # of another class than that asked for
        ('quantity = "days since last session below"', 'quantity = "days since last session above"', "needs an [[alarm]]"),
    ],
)
def test_a_table_of_sessions_that_is_wrong_is_refused_with_the_reason(tmp_path: Path, old: str, new: str, word: str):
    text = SCALP.read_text().replace('"../treatments"', f'"{CONFIGS / "treatments"}"')
    begin = text.index("[sessions]")
    assert old in text[begin:]
    (tmp_path / "bad.toml").write_text(text[:begin] + text[begin:].replace(old, new, 1))
    with pytest.raises(df.InputError, match=r"bad\.toml.*" + re.escape(word)):
        _core.load_calibration(tmp_path / "bad.toml", "normal")


def test_without_the_table_there_is_no_plan(tmp_path: Path):
    text = SCALP.read_text().replace('"../treatments"', f'"{CONFIGS / "treatments"}"')
    begin, end = text.index("[sessions]"), text.index("[[criterion]]")
    (tmp_path / "none.toml").write_text(text[:begin] + text[end:])
    assert _core.load_calibration(tmp_path / "none.toml", "normal").sessions is None
