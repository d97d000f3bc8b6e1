"""Sweeps: axes, resuming, failing members, dwell times."""

import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from conftest import LISTED_OUTPUTS, MAIN, NORMAL, STALLING, flags, numbers, wait_for_lines, write_sweep

import dermaflux as df
from dermaflux import study, sweeping


def same(one: xr.Dataset, other: xr.Dataset) -> None:
    """All data bit for bit; only the time it took may differ."""
    xr.testing.assert_identical(one.drop_vars("runtime_s"), other.drop_vars("runtime_s"))


def stored(path: Path) -> xr.Dataset:
    with xr.open_dataset(path, engine="h5netcdf") as data:
        return data.load()


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Outputs asked of the engine, one count per member (dwell times of a member counted each)."""
    asked: list[int] = []
    run_batch = study.run_batch

    def counting(members, **options):
        asked.extend(max(1, len(member.dwells_ms)) for member in members)
        return run_batch(members, **options)

    monkeypatch.setattr(study, "run_batch", counting)
    return asked


def test_axes_are_dimensions_and_every_listed_output_is_a_variable(tmp_path: Path):
    axes = {"machine.depth_mm": [0.3, 0.4, 0.5], "ink.dilution": [0.1], "skin.class": ["normal", "hypertrophic"]}
    data = df.sweep(write_sweep(tmp_path / "s.toml", axes), tmp_path / "s.h5")
    assert list(data.sizes.items()) == [("machine_depth_mm", 3), ("ink_dilution", 1), ("skin_class", 2)]
    assert {data[name].attrs["key"]: list(data[name].values) for name in data.sizes} == axes
    assert [data[name].attrs["key"].replace(".", "_") for name in data.sizes] == list(data.sizes)
    assert [data[name].attrs["units"] for name in data.sizes] == ["mm", "1", "1"]
    assert not [name for name in LISTED_OUTPUTS if name not in data]
    assert all(data[name].dims == tuple(data.sizes) for name in data.data_vars)
    assert all(np.isfinite(data[name]).all() for name in LISTED_OUTPUTS) and (data["error"] == "").all()
    same(stored(tmp_path / "s.h5"), data)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["s.h5", "s.toml"]


def test_each_member_of_a_sweep_equals_a_single_run(tmp_path: Path, normal: df.Treatment):
    axes = {"skin.class": ["normal", "bald"], "machine.dwell_ms": [40, 90, 150], "machine.depth_mm": [0.3, 0.5]}
    data = df.sweep(write_sweep(tmp_path / "s.toml", axes), tmp_path / "s.h5")
    for skin, dwell, depth in (("normal", 40, 0.3), ("normal", 90, 0.5), ("bald", 150, 0.3), ("bald", 40, 0.5)):
        member = data.sel(skin_class=skin, machine_dwell_ms=dwell, machine_depth_mm=depth)
        alone = df.run(normal.with_({"skin.class": skin, "machine.dwell_ms": dwell, "machine.depth_mm": depth}), grid="quick")
        assert numbers({name: float(member[name]) for name in alone}) == numbers(alone), (skin, dwell, depth)


def test_a_dwell_axis_costs_one_insertion_per_setting_of_the_others(tmp_path: Path, counted: list[int]):
    plan = write_sweep(tmp_path / "s.toml", {"machine.depth_mm": [0.3, 0.5], "machine.dwell_ms": [40, 90, 150]})
    df.sweep(plan, tmp_path / "s.h5")
    assert counted == [3, 3]


def test_dwell_times_may_stand_in_any_order(tmp_path: Path):
    data = df.sweep(write_sweep(tmp_path / "s.toml", {"machine.dwell_ms": [150, 40, 90]}), tmp_path / "s.h5")
    assert list(data["machine_dwell_ms"].values) == [150, 40, 90]
    strokes = data["strokes"].values
    assert strokes[1] < strokes[2] < strokes[0]


def test_more_dwell_times_than_one_insertion_serves_are_split(tmp_path: Path, counted: list[int]):
    dwells = list(range(20, 320, 10))
    data = df.sweep(write_sweep(tmp_path / "s.toml", {"machine.dwell_ms": dwells}), tmp_path / "s.h5")
    assert sum(counted) == len(dwells) == 30 and len(counted) == 2
    assert (np.diff(data["strokes"]) >= 0).all() and np.isfinite(data["contrast_1y"]).all()


def test_a_sweep_can_keep_some_outputs_only(tmp_path: Path):
    plan = write_sweep(tmp_path / "s.toml", {"machine.depth_mm": [0.4]}, head='grid = "quick"\noutputs = ["contrast_1y"]')
    assert set(df.sweep(plan, tmp_path / "s.h5").data_vars) == {"contrast_1y", "error"}


def test_overrides_and_grid_reach_every_member(tmp_path: Path, normal: df.Treatment):
    plan = write_sweep(tmp_path / "s.toml", {"machine.depth_mm": [0.4]}, head="")
    data = df.sweep(plan, tmp_path / "s.h5", changes={"ink.dilution": 0.3}, grid="quick")
    expected = df.run(normal.with_({"ink.dilution": 0.3, "machine.depth_mm": 0.4}), grid="quick")
    assert float(data["contrast_1y"][0]) == expected["contrast_1y"] and data.attrs["grid"] == "quick"


def test_the_command_gives_overrides_and_grid_to_every_member(cli, tmp_path: Path):
    plan = write_sweep(tmp_path / "s.toml", {"machine.depth_mm": [0.4]}, head="")
    expected = df.sweep(plan, tmp_path / "api.h5", changes={"ink.dilution": 0.3}, grid="quick")
    assert cli("sweep", "run", plan, "-o", tmp_path / "cli.h5", "-s", "ink.dilution=0.3", "--grid", "quick").code == 0
    same(stored(tmp_path / "cli.h5"), expected)


def test_a_finished_sweep_is_not_run_again(tmp_path: Path, counted: list[int]):
    plan = write_sweep(tmp_path / "s.toml", {"machine.depth_mm": [0.4, 0.5]})
    first = df.sweep(plan, tmp_path / "s.h5")
    assert len(counted) == 2
    same(df.sweep(plan, tmp_path / "s.h5"), first)
    assert len(counted) == 2


# failing members


def test_a_member_that_fails_is_recorded_and_the_others_are_those_of_a_clean_sweep(tmp_path: Path):
    plan = write_sweep(tmp_path / "s.toml", {"machine.stall_force_n": [3.0, 0.2, 5.0]})
    clean_plan = write_sweep(tmp_path / "clean.toml", {"machine.stall_force_n": [3.0, 5.0]})
    data = df.sweep(plan, tmp_path / "s.h5", changes=STALLING)
    clean = df.sweep(clean_plan, tmp_path / "clean.h5", changes=STALLING)
    assert [bool(text) for text in data["error"].values] == [False, True, False]
    assert "motor stalls" in str(data["error"].values[1]) and data.attrs["failed_members"] == 1
    for name in clean.data_vars:
        if name not in ("runtime_s", "error"):
            assert np.isnan(data[name].values[1])
            np.testing.assert_array_equal(data[name].values[[0, 2]], clean[name].values)
    same(stored(tmp_path / "s.h5"), data)


def test_settings_that_do_not_fit_together_fail_their_member_only(tmp_path: Path):
    plan = write_sweep(tmp_path / "s.toml", {"machine.depth_mm": [0.5, 1.5], "machine.stroke_mm": [1.0, 3.0]})
    data = df.sweep(plan, tmp_path / "s.h5")
    assert [[bool(text) for text in row] for row in data["error"].values] == [[False, False], [True, False]]
    assert "machine.stroke_mm" in str(data["error"].values[1, 0])


# resuming


def test_a_killed_sweep_resumes_and_ends_with_the_same_data(tmp_path: Path, counted: list[int]):
    depths = [round(0.25 + 0.02 * n, 3) for n in range(12)]
    plan = write_sweep(tmp_path / "s.toml", {"machine.depth_mm": depths})
    out = tmp_path / "killed.h5"
    journal = tmp_path / "killed.h5.journal"
    with subprocess.Popen([sys.executable, "-c", MAIN, "sweep", "run", str(plan), "-o", str(out), "--threads", "1"],
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:  # fmt: skip
        wait_for_lines(process, journal, 3)
        process.kill()
    assert process.returncode == -signal.SIGKILL and not out.exists()
    finished = journal.read_text().count("\n") - 1
    assert 2 <= finished < len(depths)

    resumed = df.sweep(plan, out)
    assert len(counted) == len(depths) - finished  # no member is repeated
    assert not journal.exists()
    same(resumed, df.sweep(plan, tmp_path / "whole.h5"))
    same(stored(out), stored(tmp_path / "whole.h5"))


def interrupted_study(run: Callable[[], object], monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """A sweep, or what runs as one, that the user stops after some members."""
    add = study.Journal.add
    count = 0

    def adding(journal, index, entry):
        nonlocal count
        add(journal, index, entry)
        count += 1
        if count == after:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(study.Journal, "add", adding)
        with pytest.raises(KeyboardInterrupt):
            run()


def interrupted(plan: Path, out: Path, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    interrupted_study(lambda: df.sweep(plan, out), monkeypatch, after)


def test_a_half_written_journal_line_is_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, counted: list[int]):
    plan = write_sweep(tmp_path / "s.toml", {"machine.depth_mm": [0.3, 0.4, 0.5]})
    interrupted(plan, tmp_path / "s.h5", monkeypatch, after=1)
    journal = tmp_path / "s.h5.journal"
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join(lines[:2]) + lines[1][: len(lines[1]) // 2])
    counted.clear()
    data = df.sweep(plan, tmp_path / "s.h5")
    assert len(counted) == 2
    same(data, df.sweep(plan, tmp_path / "whole.h5"))


def test_a_resumed_sweep_keeps_the_dwell_times_that_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, counted: list[int]):
    plan = write_sweep(tmp_path / "s.toml", {"machine.dwell_ms": [40, 90, 150]})
    interrupted(plan, tmp_path / "s.h5", monkeypatch, after=3)
    journal = tmp_path / "s.h5.journal"
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join(lines[:1] + lines[2:3]))  # as if only 90 ms had been written
    counted.clear()
    data = df.sweep(plan, tmp_path / "s.h5")
    assert counted == [2]
    same(data, df.sweep(plan, tmp_path / "whole.h5"))


def test_a_failed_member_is_not_repeated(tmp_path: Path, counted: list[int]):
    plan = write_sweep(tmp_path / "s.toml", {"machine.stall_force_n": [0.2, 3.0]})
    df.sweep(plan, tmp_path / "s.h5", changes=STALLING)
    again = df.sweep(plan, tmp_path / "s.h5", changes=STALLING)
    assert len(counted) == 2 and again.attrs["failed_members"] == 1


@pytest.mark.parametrize("change", [{"machine.depth_mm": [0.3, 0.6]}, {"machine.depth_mm": [0.3, 0.4], "machine.dwell_ms": [90]}])
def test_the_journal_of_another_sweep_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict):
    interrupted(write_sweep(tmp_path / "s.toml", {"machine.depth_mm": [0.3, 0.4]}), tmp_path / "s.h5", monkeypatch, after=1)
    before = (tmp_path / "s.h5.journal").read_bytes()
    with pytest.raises(df.InputError, match="journal of another sweep"):
        df.sweep(write_sweep(tmp_path / "other.toml", change), tmp_path / "s.h5")
    assert (tmp_path / "s.h5.journal").read_bytes() == before


def test_another_input_is_another_sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    plan = write_sweep(tmp_path / "s.toml", {"machine.depth_mm": [0.3, 0.4]})
    interrupted(plan, tmp_path / "s.h5", monkeypatch, after=1)
    with pytest.raises(df.InputError, match="journal of another sweep"):
        df.sweep(plan, tmp_path / "s.h5", changes={"ink.dilution": 0.3})


@pytest.mark.parametrize("content", ["my notes\nof today\n", "\n", '{"dermaflux_sweep": 1}\n', "[1]\n[2]\n"])
def test_a_journal_that_is_none_is_refused_and_kept(cli, tmp_path: Path, content: str):
    plan = write_sweep(tmp_path / "s.toml", {"machine.depth_mm": [0.3]})
    journal = tmp_path / "s.h5.journal"
    journal.write_text(content)
    done = cli("sweep", "run", plan, "-o", tmp_path / "s.h5")
    assert done.code == 2 and str(journal) in done.err and "Traceback" not in done.err
    assert journal.read_text() == content


def test_a_journal_that_is_no_text_is_refused_and_kept(cli, tmp_path: Path):
    plan, journal = write_sweep(tmp_path / "s.toml", {"machine.depth_mm": [0.3]}), tmp_path / "s.h5.journal"
    journal.write_bytes(b"\xff\xfe\x00\n")
    done = cli("sweep", "run", plan, "-o", tmp_path / "s.h5")
    assert done.code == 2 and f"{journal}: is not the journal" in done.err
    assert journal.read_bytes() == b"\xff\xfe\x00\n"


def test_two_processes_do_not_work_on_one_sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    plan = write_sweep(tmp_path / "s.toml", {"machine.depth_mm": [0.3, 0.4]})
    interrupted(plan, tmp_path / "s.h5", monkeypatch, after=1)
    with (tmp_path / "s.h5.journal").open("r+") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(df.FileError, match="another process"):
            df.sweep(plan, tmp_path / "s.h5")
    assert df.sweep(plan, tmp_path / "s.h5").attrs["failed_members"] == 0


# shards

AXES = {"machine.depth_mm": [0.3, 0.4, 0.5], "machine.dwell_ms": [40, 90]}


def test_shards_run_every_member_once_and_give_the_data_of_the_whole(tmp_path: Path, counted: list[int]):
    plan = write_sweep(tmp_path / "s.toml", AXES)
    whole = df.sweep(plan, tmp_path / "whole.h5")
    counted.clear()
    states = [df.run_shard(plan, tmp_path / "s.h5", f"{n}/2") for n in (2, 1)]
    assert [(one.done, one.members, one.finished) for one in states] == [(2, 6, False), (6, 6, False)]
    assert counted == [2, 2, 2]  # dwell times that share an insertion stay together
    same(df.collect_sweep(plan, tmp_path / "s.h5"), whole)
    assert sum(counted) == 6
    assert sorted(one.name for one in tmp_path.iterdir()) == ["s.h5", "s.toml", "whole.h5"]
    assert df.sweep_state(plan, tmp_path / "s.h5") == df.StudyState(6, 6, 0, True, ())
    assert df.run_shard(plan, tmp_path / "s.h5", "1/2").finished and sum(counted) == 6


@pytest.mark.parametrize("count", [1, 2, 3, 5, 7, 40])
def test_every_group_is_in_one_shard(count: int):
    parts = [list(study.Shard(n + 1, count).of(9)) for n in range(count)]
    assert sorted(group for part in parts for group in part) == list(range(9))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_a_sweep_with_members_missing_is_not_collected_and_says_how_many(cli, tmp_path: Path):
    plan, out = write_sweep(tmp_path / "s.toml", AXES), tmp_path / "s.h5"
    df.run_shard(plan, out, "1/3")
    journal = tmp_path / "s.h5.1-of-3.journal"
    before = journal.read_bytes()
    done = cli("sweep", "collect", plan, "-o", out)
    assert done.code == 2 and "4 of 6 members are not done (1 journals, 0 at work)" in done.err
    assert journal.read_bytes() == before and not out.exists()
    shown = cli("sweep", "status", plan, "-o", out)
    assert shown.code == 0 and "2 of 6 members done, 0 failed" in shown.out and journal.read_bytes() == before


def test_a_whole_run_takes_over_what_shards_have_done(tmp_path: Path, counted: list[int]):
    plan, out = write_sweep(tmp_path / "s.toml", AXES), tmp_path / "s.h5"
    df.run_shard(plan, out, "2/3")
    data = df.sweep(plan, out)
    assert sum(counted) == 6
    same(data, df.sweep(plan, tmp_path / "whole.h5"))
    assert not list(tmp_path.glob("*.journal"))


def test_a_killed_shard_goes_on_where_it_was(tmp_path: Path, counted: list[int]):
    depths = [round(0.25 + 0.005 * n, 3) for n in range(80)]  # half of which take a second or more
    plan, out = write_sweep(tmp_path / "s.toml", {"machine.depth_mm": depths}), tmp_path / "s.h5"
    journal = tmp_path / "s.h5.2-of-2.journal"
    command = [sys.executable, "-c", MAIN, "sweep", "run", str(plan), "-o", str(out), "--shard", "2/2", "--threads", "1"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        wait_for_lines(process, journal, 3)
        assert [(one.path, one.active) for one in df.sweep_state(plan, out).journals] == [(journal, True)]
        with pytest.raises(df.FileError, match="another process"):
            df.sweep(plan, out)
        assert not (tmp_path / "s.h5.journal").exists()
        process.kill()
    assert process.returncode == -signal.SIGKILL
    finished = journal.read_text().count("\n") - 1
    assert 2 <= finished < 40
    assert df.run_shard(plan, out, "2/2").done == 40 and len(counted) == 40 - finished
    df.run_shard(plan, out, "1/2")
    same(df.collect_sweep(plan, out), df.sweep(plan, tmp_path / "whole.h5"))


def test_shards_of_different_counts_add_up(tmp_path: Path, counted: list[int]):
    """Whoever changes the number of jobs half-way repeats members at most, and loses none."""
    plan, out = write_sweep(tmp_path / "s.toml", {"machine.depth_mm": [0.3, 0.4, 0.5, 0.6]}), tmp_path / "s.h5"
    for shard in ("1/2", "2/4", "4/4"):
        df.run_shard(plan, out, shard)
    assert sum(counted) == 4
    same(df.collect_sweep(plan, out), df.sweep(plan, tmp_path / "whole.h5"))


# trying again


@pytest.fixture
def first_time_fails(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """While the list holds true, every second member that is asked for fails, as if something outside it had."""
    fails = [True]
    run_batch = study.run_batch

    def failing(members, *, done, **options):
        run_batch(members, done=lambda k, outcome: done(k, df.MemberError("the node went down") if fails[0] and k % 2 else outcome), **options)

    monkeypatch.setattr(study, "run_batch", failing)
    return fails


@pytest.mark.parametrize("finished", [False, True])
def test_failed_members_run_again_if_asked_for_and_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first_time_fails: list[bool], counted: list[int], finished: bool
):
    plan, out = write_sweep(tmp_path / "s.toml", {"machine.depth_mm": [0.3, 0.4, 0.5, 0.6]}), tmp_path / "s.h5"
    if finished:
        assert df.sweep(plan, out).attrs["failed_members"] == 2
    else:
        assert df.run_shard(plan, out, "1/1").failed == 2
    first_time_fails[0] = False
    assert (df.sweep(plan, out) if finished else df.collect_sweep(plan, tmp_path / "s.h5")).attrs["failed_members"] == 2
    counted.clear()
    data = df.sweep(plan, out, retry_failed=True)
    assert counted == [1, 1] and data.attrs["failed_members"] == 0
    same(data, df.sweep(plan, tmp_path / "whole.h5"))
    same(stored(out), data)
    counted.clear()
    same(df.sweep(plan, out, retry_failed=True), data)
    assert counted == []


def test_a_shard_tries_its_failed_members_again(tmp_path: Path, first_time_fails: list[bool], counted: list[int]):
    plan, out = write_sweep(tmp_path / "s.toml", {"machine.depth_mm": [0.3, 0.4, 0.5, 0.6]}), tmp_path / "s.h5"
    assert df.run_shard(plan, out, "1/2").failed == 1
    first_time_fails[0] = False
    assert df.run_shard(plan, out, "1/2").failed == 1
    counted.clear()
    state = df.run_shard(plan, out, "1/2", retry_failed=True)
    assert (state.done, state.failed, counted) == (2, 0, [1])


def test_members_that_ran_again_are_kept_if_that_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first_time_fails: list[bool], counted: list[int]
):
    plan, out = write_sweep(tmp_path / "s.toml", {"machine.depth_mm": [0.3, 0.4, 0.5, 0.6]}), tmp_path / "s.h5"
    assert df.sweep(plan, out).attrs["failed_members"] == 2
    first_time_fails[0] = False
    interrupted_study(lambda: df.sweep(plan, out, retry_failed=True), monkeypatch, after=1)
    assert df.sweep(plan, out).attrs["failed_members"] == 2  # what is there
    counted.clear()
    assert df.sweep(plan, out, retry_failed=True).attrs["failed_members"] == 0 and counted == [1]
    assert not list(tmp_path.glob("*.journal"))


def test_a_shard_of_a_finished_sweep_does_not_try_again(tmp_path: Path, first_time_fails: list[bool]):
    plan, out = write_sweep(tmp_path / "s.toml", {"machine.depth_mm": [0.3, 0.4]}), tmp_path / "s.h5"
    assert df.sweep(plan, out).attrs["failed_members"] == 1 and first_time_fails
    with pytest.raises(df.InputError, match=r"s\.h5: is written, with members that failed; run the whole sweep with --retry-failed"):
        df.run_shard(plan, out, "1/2", retry_failed=True)


# commands


def test_the_commands_of_a_sweep_from_plan_to_collect(cli, tmp_path: Path):
    plan, out = write_sweep(tmp_path / "s.toml", AXES), tmp_path / "s.h5"
    planned = cli("sweep", "plan", plan)
    assert planned.code == 0 and "6 members in 3 insertions, grid quick" in planned.out and "machine.depth_mm" in planned.out
    assert sorted(one.name for one in tmp_path.iterdir()) == ["s.toml"]
    assert "0 of 6 members done" in cli("sweep", "status", plan, "-o", out).out
    for n in (1, 2):
        ran = cli("sweep", "run", plan, "-o", out, "--shard", f"{n}/2")
        assert ran.code == 0 and f"shard {n} of 2: {4 if n == 1 else 2} members, 0 failed" in ran.out
    collected = cli("sweep", "collect", plan, "-o", out)
    assert collected.code == 0 and f"6 members, 0 failed, written: {out}" in collected.out
    assert "6 of 6 members done" in cli("sweep", "status", plan, "-o", out).out
    assert cli("sweep", "run", plan, "-o", out, "--shard", "1/2").out.endswith("holds the whole sweep already\n")
    same(stored(out), df.sweep(plan, tmp_path / "whole.h5"))


def test_the_shipped_slurm_script_runs_its_share_of_the_members(tmp_path: Path):
    """Each job of the array, with the variables that Slurm sets."""
    plan, out, tools = write_sweep(tmp_path / "s.toml", AXES), tmp_path / "s.h5", tmp_path / "bin"
    tools.mkdir()
    (tools / "dermaflux").write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{MAIN}" "$@"\n')
    (tools / "dermaflux").chmod(0o755)
    script, path = df.configs() / "sweeps/slurm.sh", f"{tools}:{os.environ['PATH']}"

    def job(*words: object, **slurm: str) -> subprocess.CompletedProcess[str]:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("SLURM_")} | {"PATH": path} | slurm
        return subprocess.run(["bash", script, *map(str, words)], capture_output=True, text=True, env=environment, timeout=120, check=False)

    for n in ("2", "1"):
        done = job(plan, out, 2, SLURM_ARRAY_TASK_ID=n, SLURM_CPUS_PER_TASK="1")
        assert done.returncode == 0 and f"shard {n} of 2: " in done.stdout, done.stderr
    same(df.collect_sweep(plan, out), df.sweep(plan, tmp_path / "whole.h5"))
    for words, slurm, said in (((), {}, "which sweep?"), ((plan,), {}, "where to?"), ((plan, out), {}, "use sbatch")):
        done = job(*words, **slurm)
        assert done.returncode != 0 and said in done.stderr


def test_a_shard_with_failed_members_ends_with_three(cli, tmp_path: Path):
    plan = write_sweep(tmp_path / "s.toml", {"machine.stall_force_n": [3.0, 0.2]})
    done = cli("sweep", "run", plan, "-o", tmp_path / "s.h5", "--shard", "2/2", *flags(STALLING))
    assert done.code == 3 and "1 members of the shard failed; --retry-failed" in done.err


def test_the_journal_is_readable_line_by_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    interrupted(write_sweep(tmp_path / "s.toml", {"machine.depth_mm": [0.3, 0.4]}), tmp_path / "s.h5", monkeypatch, after=1)
    head, *entries = [json.loads(line) for line in (tmp_path / "s.h5.journal").read_text().splitlines()]
    assert head["shape"] == [2] and len(head["dermaflux_sweep"]) == 64
    assert entries and all(set(entry) == {"index", "outputs"} for entry in entries)


def test_the_shipped_sweep_reads(normal: df.Treatment):
    plan = sweeping.load_sweep(NORMAL.parents[1] / "sweeps/depth_dwell.toml")
    assert [axis.key for axis in plan.axes] == ["machine.depth_mm", "machine.dwell_ms"] and plan.shape == (7, 6)
    assert dict(plan.base) == dict(normal) and plan.grid == "quick"
