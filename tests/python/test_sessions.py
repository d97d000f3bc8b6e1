"""Several sessions, stopping and going on, and the horizon: what the package and the command show of them."""

import contextlib
import json
from pathlib import Path

import numpy as np
import pytest
from conftest import CONFIGS, NORMAL, numbers

import dermaflux as df
from dermaflux import _core, running

TWO = CONFIGS / "treatments" / "normal_scalp_two_sessions.toml"
SHORT = {"machine.dwell_ms": 40.0}


@pytest.fixture(scope="module")
def two() -> df.Treatment:
    return df.load(TWO, SHORT)


@pytest.fixture(scope="module")
def result(two: df.Treatment) -> df.Result:
    return df.run(two, grid="quick", horizon_year=10)


def same(a: df.Result, b: df.Result) -> None:
    """Every output and field bit by bit."""
    assert numbers(a) == numbers(b)
    np.testing.assert_array_equal(a.pools, b.pools)
    np.testing.assert_array_equal(a.insertion, b.insertion)
    for one, other in ((a._run.series, b._run.series), (a._run.trace, b._run.trace), (a.sessions, b.sessions)):
        assert {name: values.tobytes() for name, values in one.items()} == {name: values.tobytes() for name, values in other.items()}
    assert a.ledger == b.ledger


# sessions


def test_each_session_tells_what_it_did(result: df.Result):
    done = result.sessions
    assert list(done["session_day"]) == [0, 30]
    assert done["session_deposited_ng"].sum() == pytest.approx(result["pigment_deposited_ng"], rel=1e-14)
    assert done["session_drawn_ng"].sum() == pytest.approx(result["pigment_drawn_ng"], rel=1e-14)
    assert done["session_strokes"].sum() == result["strokes"] and result["session_count"] == 2
    assert result["last_session_deposited_ng"] == done["session_deposited_ng"][1] > 0
    assert done["session_contrast_before"][0] == 0 and (done["session_contrast_after"] > done["session_contrast_before"]).all()
    assert result["ledger_imbalance"] < 1e-12
    days = result._run.series["time_day"]
    assert 30 in days and days[-1] == pytest.approx(3652.5) and sum(days > 30) > 5


def test_sessions_are_a_dimension_of_dataset_and_file(result: df.Result, tmp_path: Path):
    stored = df.open_run(result.save(tmp_path / "two.h5"))
    for data in (result.to_xarray(), stored):
        assert data["session_deposited_ng"].dims == ("session",)
        np.testing.assert_array_equal(data["session"], [1, 2])
        np.testing.assert_array_equal(data["session_deposited_ng"], result.sessions["session_deposited_ng"])
        assert data["session_day"].attrs["units"] == "days"


def test_a_file_without_sessions_is_one_session_and_the_same_bits(quick: df.Result, normal: df.Treatment):
    assert normal["sessions.days"] == [0.0]
    listed = df.run(normal.with_({"sessions.days": [0.0]}), grid="quick")
    same(listed, quick)
    assert list(quick.sessions["session_day"]) == [0]
    assert "Sessions" not in quick.summary()


def test_run_prints_a_line_for_each_session(cli):
    done = cli("run", TWO, "--grid", "quick", "-s", "machine.dwell_ms=40")
    assert done.code == 0
    table = done.out[done.out.index("Sessions") :].splitlines()
    assert [line.split()[:2] for line in table[1:3]] == [["1", "0"], ["2", "30"]]
    assert "warning" not in done.out


def test_an_early_session_is_warned_of(cli):
    done = cli("run", TWO, "--grid", "quick", "-s", "machine.dwell_ms=20", "-s", "sessions.days=[0, 2]")
    assert done.code == 0 and "warning: early_session: time by which" in done.out and "warning: red_session" in done.out


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("sessions.days", "[0, -5]", ["-5 day", "0 to 10950 day"]),
        ("sessions.days", "[0, 60, 30]", ["[0, 60, 30]", "does not increase"]),
        ("sessions.days", "[0,1,2,3,4,5,6]", ["7 values", "at most 6"]),
        ("sessions.days", "[0, 2000]", ["normal_scalp_two_sessions.toml", "2000", "1826.25", "longer horizon"]),
        ("sessions.dwell_ms", "[50]", ["[50]", "sessions.days has 2"]),
    ],
)
def test_a_plan_that_is_none_is_one_clear_error(cli, tmp_path: Path, key: str, value: str, words: list[str]):
    done = cli("run", TWO, "-o", tmp_path / "run.h5", "-s", f"{key}={value}")
    assert done.code == 2 and all(word in done.err for word in [key, *words]), done.err
    assert not list(tmp_path.iterdir())


def test_a_batch_of_dwell_times_keeps_the_sessions(two: df.Treatment):
    (rows,) = df.run_batch([df.Member(two, {}, [20.0, 40.0])], grid="quick")
    alone = df.run(two.with_({"machine.dwell_ms": 20.0}), grid="quick")
    assert rows[0]["pigment_deposited_ng"] == alone["pigment_deposited_ng"] and rows[0]["session_count"] == 2
    fixed = two.with_({"sessions.dwell_ms": [40.0, 40.0]})
    (refused,) = df.run_batch([df.Member(fixed, {}, [20.0, 40.0])], grid="quick")
    assert isinstance(refused, df.MemberError) and "sessions.dwell_ms" in refused.message


# horizon


@pytest.mark.parametrize("horizon", [0, -1, 1000, 30.5, float("nan"), float("inf")])
def test_a_horizon_that_is_none_is_refused_with_the_range(normal: df.Treatment, horizon: float):
    for call in (lambda: df.run(normal, horizon_year=horizon), lambda: df.run_batch([normal], horizon_year=horizon)):
        with pytest.raises(df.InputError, match="horizon_year .* use 1 to 30 years"):
            call()


def test_thirty_years_are_looked_at(normal: df.Treatment):
    run = df.run(normal.with_(SHORT), grid="quick", horizon_year=30)
    years = run._run.series["time_day"] / 365.25
    assert [y for y in years if y > 4.5] == [5, 7, 10, 15, 20, 30]
    assert run["ledger_imbalance"] < 1e-12
    assert run._run.series["contrast"][-1] > 0


# stop and go on


@pytest.mark.parametrize("day", [0, 12, 31, 2000])
def test_a_stopped_run_goes_on_with_the_same_bits(two: df.Treatment, result: df.Result, tmp_path: Path, day: float):
    state = tmp_path / "run.state.h5"
    with pytest.raises(df.Stopped) as stopped:
        df.run(two, grid="quick", horizon_year=10, state=state, stop_after_day=day)
    assert stopped.value.state == state and stopped.value.day >= day
    assert [p.name for p in tmp_path.iterdir()] == ["run.state.h5"]
    same(df.resume(state), result)
    same(df.resume(state, two, backend="kokkos"), result)


def test_the_command_stops_and_resumes(cli, tmp_path: Path):
    common = ["--grid", "quick", "-s", "machine.dwell_ms=40"]
    whole = json.loads(cli("run", TWO, *common, "--json").out)
    done = cli("run", TWO, *common, "-o", tmp_path / "run.h5", "--stop-after-day", 35)
    state = tmp_path / "run.state.h5"
    assert done.code == 0 and "stopped on day" in done.out and f"dermaflux resume {state}" in done.out
    assert not (tmp_path / "run.h5").exists()
    later = cli("resume", state, "-o", tmp_path / "run.h5", "--stop-after-day", 500)
    assert later.code == 0 and "stopped on day" in later.out
    last = cli("resume", state, "-o", tmp_path / "run.h5", "--json")
    assert last.code == 0 and numbers(json.loads(last.out)) == numbers(whole)
    assert float(df.open_run(tmp_path / "run.h5")["contrast_5y"]) == whole["contrast_5y"]


@pytest.mark.parametrize("share", [0.0, 0.2, 0.6])
def test_ctrl_c_leaves_a_state_that_goes_on(cli, normal: df.Treatment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, share: float):
    """Stopped while contacts of later sessions, or healing between them, are under way; in the first contact nothing is kept."""

    @contextlib.contextmanager
    def interrupting(*_: object, **__: object):
        def show(done: float, note: str = "") -> None:
            if done >= share:
                raise KeyboardInterrupt

        yield show

    days = [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]
    treatment, state = normal.with_({"sessions.days": days}), tmp_path / "run.state.h5"
    with monkeypatch.context() as patched:
        patched.setattr(running, "progress_bar", interrupting)
        done = cli("run", NORMAL, "-o", tmp_path / "run.h5", "-s", f"sessions.days={days}")
    assert done.code == 130
    assert ("nothing to save" if share == 0.0 else f"dermaflux resume {state} -o {tmp_path / 'run.h5'}") in done.err
    if share == 0.0:
        assert not list(tmp_path.iterdir())
        return
    assert [p.name for p in tmp_path.iterdir()] == ["run.state.h5"]
    same(df.resume(state), df.run(treatment))


def test_a_state_of_something_else_is_refused_by_name(cli, two: df.Treatment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    state = tmp_path / "run.state.h5"
    with pytest.raises(df.Stopped):
        df.run(two, grid="quick", state=state, stop_after_day=5)
    with pytest.raises(df.InputError, match="input_sha256"):
        df.resume(state, two.with_({"machine.depth_mm": 0.6}))
    monkeypatch.setattr(_core, "version", "9.9.9")
    done = cli("resume", state, "-o", tmp_path / "run.h5")
    assert done.code == 2 and "program" in done.err and "9.9.9" in done.err
    assert cli("resume", tmp_path / "none.h5", "-o", tmp_path / "run.h5").code == 2
    assert cli("resume", NORMAL, "-o", tmp_path / "run.h5").code == 2
    assert [p.name for p in tmp_path.iterdir()] == ["run.state.h5"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--stop-after-day", "-1", "-o", "OUT"], ["stop_after_day", "-1", "0 to 1826.25"]),
        (["--stop-after-day", "5000", "-o", "OUT"], ["5000", "0 to 1826.25"]),
        (["--stop-after-day", "nan", "-o", "OUT"], ["nan", "0 to 1826.25"]),
        (["--stop-after-day", "3"], ["--stop-after-day", "-o"]),
        (["--stop-after-day", "3", "--grid", "auto", "-o", "OUT"], ["grid auto", "quick, standard, fine or finest"]),
    ],
)
def test_a_stop_that_cannot_be_is_one_clear_error(cli, tmp_path: Path, arguments: list[str], words: list[str]):
    done = cli("run", NORMAL, *[tmp_path / "run.h5" if a == "OUT" else a for a in arguments])
    assert done.code == 2 and all(word in done.err for word in words), done.err
    assert not list(tmp_path.iterdir())
