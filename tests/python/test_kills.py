"""Journals of sweeps under what happens to processes and disks: kills at any byte, full disks, other versions, many members.

Most of it needs no physics: a stand-in gives each member numbers that follow from its values.
"""

import io
import json
import os
import random
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from conftest import MAIN, NORMAL, refused, wait_for_lines, write_sweep
from test_sweep import counted, same, stored  # noqa: F401 (counted is a fixture)

import dermaflux as df
from dermaflux import _core, journal, study
from dermaflux.entries import NAMES, Entries
from dermaflux.writing import complete_or_absent, file_size, write_dataset

KILLS = 200
asked: list[float] = []  # of the stand-in


def stand_in(members: Iterable[df.Member], *, done: Callable, **options: object) -> None:
    """Numbers that follow from the values of each member, some of them none; one in fifty fails."""
    for k, member in enumerate(members):
        key = sum(value * (n + 1) for n, value in enumerate(member.changes.values()))
        asked.append(key)
        if round(100 * key) % 50 == 8:
            done(k, df.MemberError(f"no luck with {key!r}"))
        else:
            done(k, [{name: np.nan if n == 3 else (key + 1.0 / 3.0) ** (n % 7) for n, name in enumerate(NAMES)}])


def without_physics() -> None:
    """Puts the stand-in in place of the engine. No thread is started, so that this process may be forked."""
    study.run_batch = stand_in
    _core.check_batch = lambda grid, backend, members: (backend, 'as asked')


def many(folder: Path, members: int) -> Path:
    """A sweep of some thousand members."""
    axes = {"machine.depth_mm": [round(0.2 + 0.02 * n, 4) for n in range(20)], "machine.frequency_hz": [50.0 + 0.01 * n for n in range(members // 20)]}
    return write_sweep(folder / "s.toml", axes)


def in_a_process(call: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Calls a function of this module in a process of its own."""
    code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import test_kills; test_kills.{call}(*sys.argv[1:])"
    return subprocess.run([sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, timeout=300, check=False)


# kills


class Deadly(io.FileIO):
    """A file that takes some bytes, and then kills its process in the midst of a line."""

    left = 0

    def write(self, data: memoryview) -> int:
        if len(data) >= Deadly.left:
            super().write(data[: Deadly.left])
            os.kill(os.getpid(), signal.SIGKILL)
        Deadly.left -= len(data)
        return super().write(data)


def lines_of(path: Path) -> list[bytes]:
    """Complete lines."""
    return path.read_bytes().split(b"\n")[:-1] if path.exists() else []


def killed_once(plan: object, out: Path, limit: int) -> None:
    """A sweep by a child that is killed after some bytes of its journal."""
    child = os.fork()
    if not child:
        try:
            Deadly.left = limit
            journal.open = lambda place, mode, buffering: Deadly(place, mode)  # type: ignore[attr-defined]
            df.sweep(plan, out)
        finally:
            os._exit(1)  # it was to be killed
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def two_hundred_kills(folder: str) -> None:
    """Writes whole.h5 and killed.h5, the latter by processes that were killed; every line that was complete stays as it is."""
    without_physics()
    plan, out, draw = df.load_sweep(many(Path(folder), 2000)), Path(folder, "killed.h5"), random.Random(7)
    place, before, halves = Path(folder, "killed.h5.journal"), [], 0
    for _ in range(KILLS):
        killed_once(plan, out, draw.randrange(1, 30_000))
        after = lines_of(place)
        assert after[: len(before)] == before and not out.exists()
        halves += not place.read_bytes().endswith(b"\n")
        before = after
    members = [tuple(json.loads(line)["index"]) for line in before[1:]]
    assert len(members) == len(set(members)) < 2000, "a member was computed again, or none was left"
    df.sweep(plan, out)
    assert len(asked) == 2000 - len(members)
    df.sweep(plan, Path(folder, "whole.h5"))
    print(json.dumps({"kept": len(members), "halves": halves}))


def test_two_hundred_kills_lose_no_member_and_repeat_none(tmp_path: Path):
    done = in_a_process("two_hundred_kills", tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["kept"] > KILLS and found["halves"] > KILLS / 2  # most fell in the midst of a line
    xr.testing.assert_identical(stored(tmp_path / "killed.h5"), stored(tmp_path / "whole.h5"))
    assert sorted(one.name for one in tmp_path.iterdir()) == ["killed.h5", "s.toml", "whole.h5"]


def killed_while_writing(folder: str, moment: str) -> None:
    """All members are done; the process is killed before, while or after the output gets its name."""
    without_physics()
    plan, out = df.load_sweep(many(Path(folder), 40)), Path(folder, "killed.h5")
    child = os.fork()
    if not child:
        owner, name = {"write": (xr.Dataset, "to_netcdf"), "name": (Path, "replace"), "remove": (Path, "unlink")}[moment]
        setattr(owner, name, lambda *args, **options: os.kill(os.getpid(), signal.SIGKILL))
        try:
            df.sweep(plan, out)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert Path(folder, "killed.h5.journal").exists() and out.exists() == (moment == "remove")
    df.sweep(plan, out)
    assert not asked
    df.sweep(plan, Path(folder, "whole.h5"))


@pytest.mark.parametrize("moment", ["write", "name", "remove"])
def test_a_kill_while_the_output_is_written_costs_nothing(tmp_path: Path, moment: str):
    done = in_a_process("killed_while_writing", tmp_path, moment)
    assert done.returncode == 0, done.stderr
    xr.testing.assert_identical(stored(tmp_path / "killed.h5"), stored(tmp_path / "whole.h5"))
    assert sorted(one.name for one in tmp_path.iterdir()) == ["killed.h5", "s.toml", "whole.h5"]


def test_three_kills_of_the_engine_lose_no_member_and_repeat_none(tmp_path: Path, counted: list[int]):  # noqa: F811
    depths = [round(0.25 + 0.01 * n, 3) for n in range(24)]
    plan, out, place = write_sweep(tmp_path / "s.toml", {"machine.depth_mm": depths}), tmp_path / "s.h5", tmp_path / "s.h5.journal"
    before: list[bytes] = []
    for _ in range(3):
        command = [sys.executable, "-c", MAIN, "sweep", "run", str(plan), "-o", str(out), "--threads", "1"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            wait_for_lines(process, place, len(before) + 2)
            process.kill()
        assert process.returncode == -signal.SIGKILL
        after = lines_of(place)
        assert after[: len(before)] == before and len(after) > len(before)
        before = after
    members = [tuple(json.loads(line)["index"]) for line in before[1:]]
    assert len(members) == len(set(members)) < len(depths)
    data = df.sweep(plan, out)
    assert sum(counted) == len(depths) - len(members)
    same(data, df.sweep(plan, tmp_path / "whole.h5"))


# disks


def on_a_small_disk(folder: str, full: str) -> None:
    """A sweep of 20 members where no file may grow beyond a limit; then one without it."""
    without_physics()
    plan, out = df.load_sweep(many(Path(folder), 20)), Path(folder, "s.h5")
    df.sweep(plan, Path(folder, "whole.h5"))
    asked.clear()
    limit = 20_000 if full == "s.h5.journal" else Path(folder, "whole.h5").stat().st_size - 1
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # then a write fails as on a full disk, with another number
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        df.sweep(plan, out)
    except df.FileError as error:
        message = str(error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    files = sorted(one.name for one in Path(folder).iterdir())
    text = Path(folder, "s.h5.journal").read_bytes()
    asked.clear()
    df.sweep(plan, out)
    print(json.dumps({"message": message, "files": files, "kept": text.count(b"\n") - 1, "whole": text.endswith(b"\n"), "asked": len(asked)}))


@pytest.mark.parametrize("full", ["s.h5.journal", "s.h5"])
def test_a_full_disk_is_named_and_what_is_done_is_kept(tmp_path: Path, full: str):
    done = in_a_process("on_a_small_disk", tmp_path, full)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["message"].startswith(f"{tmp_path / full}: cannot be written (") and "kept" in found["message"] and "make room" in found["message"]
    assert found["files"] == ["s.h5.journal", "s.toml", "whole.h5"] and found["whole"]
    assert found["asked"] == 20 - found["kept"]
    assert (0 < found["kept"] < 20) if full == "s.h5.journal" else found["kept"] == 20
    xr.testing.assert_identical(stored(tmp_path / "s.h5"), stored(tmp_path / "whole.h5"))


@pytest.mark.parametrize("folder", ["/proc", "/dev/null", "/proc/version/x"])
def test_a_place_that_takes_no_file_is_refused_by_name(cli, tmp_path: Path, folder: str):
    plan = write_sweep(tmp_path / "s.toml", {"machine.depth_mm": [0.4]})
    refused(cli, tmp_path, ["sweep", "run", plan, "-o", f"{folder}/s.h5"], [f"{folder}/s.h5"])


def test_a_journal_that_cannot_be_locked_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def flock(file: object, how: int) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(journal.fcntl, "flock", flock)
    with pytest.raises(df.FileError, match=r"s.h5.journal: cannot be locked .No locks available."):
        df.sweep(write_sweep(tmp_path / "s.toml", {"machine.depth_mm": [0.4]}), tmp_path / "s.h5")


def test_a_journal_that_another_process_has_just_removed_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Whoever waits for the lock of a sweep that ends then holds a file without a name."""
    plan, place = write_sweep(tmp_path / "s.toml", {"machine.depth_mm": [0.4]}), tmp_path / "s.h5.journal"
    flock = journal.fcntl.flock
    monkeypatch.setattr(journal.fcntl, "flock", lambda file, how: (place.unlink(), flock(file, how)))
    with pytest.raises(df.FileError, match="another process works"):
        df.sweep(plan, tmp_path / "s.h5")
    assert not place.exists()


# other versions


@pytest.fixture
def no_physics(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The stand-in in this process; what was asked of it."""
    monkeypatch.setattr(study, "run_batch", stand_in)
    asked.clear()
    return asked


@pytest.mark.parametrize("finished", [False, True])
def test_files_of_another_version_are_refused_and_kept(cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_physics: list[float], finished: bool):
    plan, out = write_sweep(tmp_path / "s.toml", {"machine.depth_mm": [0.3, 0.4]}), tmp_path / "s.h5"
    with monkeypatch.context() as older:
        older.setattr(_core, "version", "0.0.1")
        if finished:
            df.sweep(plan, out)
        else:
            df.run_shard(plan, out, "1/1")
    words = ["s.h5: exists and does not hold this sweep"] if finished else ["s.h5.journal: is the journal of another sweep", "version"]
    refused(cli, tmp_path, ["sweep", "run", plan, "-o", out], words)
    refused(cli, tmp_path, ["sweep", "run", plan, "-o", out, "--executor", "processes", "--workers", 1], words)


@pytest.mark.parametrize(
    "line", ['{"index": [2], "outputs": {}}', '{"index": [0], "outputs": {"x": 1}}', '{"index": [0, 0], "error": "x"}', '{"index": [-1], "error": "x"}']
)
def test_a_journal_with_members_or_outputs_that_do_not_exist_is_refused_and_kept(tmp_path: Path, no_physics: list[float], line: str):
    plan, out, place = write_sweep(tmp_path / "s.toml", {"machine.depth_mm": [0.3, 0.4]}), tmp_path / "s.h5", tmp_path / "s.h5.journal"
    df.run_shard(plan, out, "1/1")
    content = place.read_text() + line + "\n"
    place.write_text(content)
    with pytest.raises(df.InputError, match="is not the journal of a sweep"):
        df.sweep(plan, out)
    assert place.read_text() == content


# many members


def of_many_members(folder: str, members: str) -> None:
    """Runs a sweep of many members, reads its journal again, and writes it; prints by how much the memory grew."""
    without_physics()
    small = Path(folder, "small")
    small.mkdir()
    df.sweep(many(small, 20), small / "s.h5")
    plan, out = df.load_sweep(many(Path(folder), int(members))), Path(folder, "s.h5")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    df.run_shard(plan, out, "1/1")
    assert df.sweep_state(plan, out).done == int(members)
    df.collect_sweep(plan, out)
    print(1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before))


def test_the_memory_of_a_sweep_is_a_few_numbers_per_output(tmp_path: Path):
    """Entries, the dataset made of them, and a copy while one of both is being made: three numbers per output and member, and for
    each member a few objects (its index, twice, and its message): 1 kB. As dictionaries, entries alone take 7 kB."""
    members = 20_000
    done = in_a_process("of_many_members", tmp_path, members)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < members * (3 * 8 * len(NAMES) + 1024)
    data = stored(tmp_path / "s.h5")
    assert data["error"].size == members and 0 < data.attrs["failed_members"] < members / 10


def test_entries_are_those_that_were_given():
    shape = (2, 3)
    entries = Entries(shape)
    good = {"outputs": {name: None if n == 3 else n / 7.0 for n, name in enumerate(NAMES)}}
    entries.add((1, 2), good)
    entries.add((0, 1), {"error": "no"})
    assert dict(entries) == {(0, 1): {"error": "no"}, (1, 2): good} and (len(entries), entries.failed) == (2, 1)
    assert entries.missing() == {(0, 0), (0, 2), (1, 0), (1, 1)} and (1, 2) in entries and (0, 0) not in entries
    entries.add((1, 2), {"error": "later"})  # one that did not fail counts
    entries.add((0, 1), good)
    assert dict(entries) == {(0, 1): good, (1, 2): good} and entries.failed == 0
    entries.add((0, 0), {"error": "no"})
    assert entries.errors().tolist() == [["no", "", ""], ["", "", ""]]
    assert np.isnan(entries.column(NAMES[3])).all() and entries.column(NAMES[1])[1, 2] == 1 / 7.0 and np.isnan(entries.column(NAMES[1])[0, 0])
    entries.forget_failed()
    assert (0, 0) in entries.missing() and len(entries) == 2
    with pytest.raises(KeyError):
        entries[0, 0]


@pytest.mark.parametrize(("members", "text"), [(1, ""), (3, "why " * 40), (20_000, ""), (20_000, "why")])
def test_room_is_made_for_a_whole_output(tmp_path: Path, members: int, text: str):
    data = xr.Dataset(
        {name: ("x", np.random.default_rng(1).random(members), {"long_name": "of " * 20}) for name in NAMES}, attrs={"resolved_json": "x" * 40_000}
    )
    data["error"] = ("x", np.array([text] * members))
    write_dataset(data, tmp_path / "x.h5")
    size = (tmp_path / "x.h5").stat().st_size
    assert size <= file_size(data) < 1.5 * size + 1_000_000


def test_no_half_written_output_stays(tmp_path: Path):
    with pytest.raises(OSError, match="full"), complete_or_absent(tmp_path / "x") as part:
        part.write_text("half")
        raise OSError("full")
    assert not list(tmp_path.iterdir()) and NORMAL.exists()
