"""Sweeps: axes, resuming, failing members, dwell times."""

import fcntl
import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from conftest import LISTED_OUTPUTS, MAIN, NORMAL, STALLING, numbers, wait_for_lines, write_sweep

import dermaflux as df
from dermaflux import sweeping


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
    run_batch = sweeping.run_batch

    def counting(members, **options):
        asked.extend(max(1, len(member.dwells_ms)) for member in members)
        return run_batch(members, **options)

    monkeypatch.setattr(sweeping, "run_batch", counting)
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
    assert cli("sweep", plan, "-o", tmp_path / "cli.h5", "-s", "ink.dilution=0.3", "--grid", "quick").code == 0
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
    with subprocess.Popen([sys.executable, "-c", MAIN, "sweep", str(plan), "-o", str(out), "--threads", "1"],
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


def interrupted_study(study: Callable[[], object], monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """A sweep, or what runs as one, that the user stops after some members."""
    add = sweeping._Journal.add
    count = 0

    def adding(journal, index, entry):
        nonlocal count
        add(journal, index, entry)
        count += 1
        if count == after:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(sweeping._Journal, "add", adding)
        with pytest.raises(KeyboardInterrupt):
            study()


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
    done = cli("sweep", plan, "-o", tmp_path / "s.h5")
    assert done.code == 2 and str(journal) in done.err and "Traceback" not in done.err
    assert journal.read_text() == content


def test_a_journal_that_is_no_text_is_refused_and_kept(cli, tmp_path: Path):
    plan, journal = write_sweep(tmp_path / "s.toml", {"machine.depth_mm": [0.3]}), tmp_path / "s.h5.journal"
    journal.write_bytes(b"\xff\xfe\x00\n")
    done = cli("sweep", plan, "-o", tmp_path / "s.h5")
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


def test_the_journal_is_readable_line_by_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    interrupted(write_sweep(tmp_path / "s.toml", {"machine.depth_mm": [0.3, 0.4]}), tmp_path / "s.h5", monkeypatch, after=1)
    head, *entries = [json.loads(line) for line in (tmp_path / "s.h5.journal").read_text().splitlines()]
    assert head["shape"] == [2] and len(head["dermaflux_sweep"]) == 64
    assert entries and all(set(entry) == {"index", "outputs"} for entry in entries)


def test_the_shipped_sweep_reads(normal: df.Treatment):
    plan = sweeping.load_sweep(NORMAL.parents[1] / "sweeps/depth_dwell.toml")
    assert [axis.key for axis in plan.axes] == ["machine.depth_mm", "machine.dwell_ms"] and plan.shape == (7, 6)
    assert dict(plan.base) == dict(normal) and plan.grid == "quick"
