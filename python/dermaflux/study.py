"""Running a study: a list of members in a file that survives being killed.

While it runs, every finished member is appended to a journal beside the output. When all are done the output appears under its
name at once and the journal goes. A killed study resumes from its journal and repeats no member. Jobs that share a folder can each
run a shard, with a journal of its own; whoever collects them writes the output.
"""

import fcntl
import itertools
import json
import math
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import xarray as xr

from . import _core
from .progress import progress_bar
from .result import json_number
from .running import Member, MemberError, run_batch
from .writing import check_output, complete_or_absent

Index = tuple[int, ...]
Entry = dict[str, object]  # "outputs" of a member, or why it failed as "error"
Groups = Iterator[tuple[Member, list[Index]]]  # members, each with the indices of its dwell times

_GROUPS_PER_BATCH = 64


class Study(Protocol):
    """What a journal must know of a list of members: a title, how they are numbered, and a hash of all that decides them."""

    @property
    def title(self) -> str: ...
    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def sha256(self) -> str: ...


@dataclass(frozen=True)
class Shard:
    """One of `count` parts of a study of nearly equal length, counted from 1: for each of several jobs one."""

    number: int = 1
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """Reads what a user writes, such as 3/40. Raises InputError."""
        number, slash, count = text.partition("/")
        if not (slash and number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
            raise _core.InputError(f"shard {text}: is not a part of a sweep; write 3/40 for the third of forty")
        return cls(int(number), int(count))

    def of(self, groups: int) -> range:
        """Which of some groups it runs: in turns, because neighbours cost alike."""
        return range(self.number - 1, groups, self.count)

    def journal(self, out: Path) -> Path:
        """Where its finished members are."""
        return out.with_name(f"{out.name}.{self.number}-of-{self.count}.journal" if self.count > 1 else f"{out.name}.journal")


@dataclass(frozen=True)
class JournalState:
    """What one journal of a study holds."""

    path: Path
    done: int
    failed: int
    active: bool  # whether a process works on it now


@dataclass(frozen=True)
class StudyState:
    """How far a study is."""

    members: int
    done: int
    failed: int
    finished: bool  # whether the output is there
    journals: tuple[JournalState, ...]


def _read(path: Path, plan: Study) -> tuple[list[str], dict[Index, Entry]]:
    """Complete lines of a journal and its entries by index; what follows the last line end was cut off. A later entry counts.

    Raises
    ------
    InputError: not a journal of this study.
    """
    try:
        complete = path.read_text(encoding="utf-8").split("\n")[:-1] if path.exists() else []
        found = [json.loads(line) for line in complete]
        other = bool(found) and found[0] != _header(plan)
        done = {} if other else {tuple(entry.pop("index")): entry for entry in found[1:]}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _core.InputError(f"{path}: is not the journal of a sweep or an analysis; give another output, or remove it") from None
    if other:
        raise _core.InputError(
            f"{path}: is the journal of another sweep or analysis (other axes, parameters, input, grid or version); give another output, or remove it"
        )
    return complete, done


def _header(plan: Study) -> dict[str, object]:
    return {"dermaflux_sweep": plan.sha256, "shape": list(plan.shape)}


def _journals(out: Path) -> list[Path]:
    """Journals beside an output, of all shards and of none."""
    marks = re.compile(re.escape(out.name) + r"(\.\d+-of-\d+)?\.journal")
    return sorted(path for path in out.parent.iterdir() if marks.fullmatch(path.name))


class _Journal:
    """Append-only list of finished members, one JSON line each; a half-written last line is ignored."""

    def __init__(self, path: Path, plan: Study):
        self.path = path
        complete, self.done = _read(path, plan)
        self._file = path.open("r+" if path.exists() else "w+", encoding="utf-8")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise _core.FileError(f"{path}: another process works on this sweep or analysis; wait for it, or give another output") from None
        self._file.truncate(sum(len(line.encode()) + 1 for line in complete))
        self._file.seek(0, os.SEEK_END)
        if not complete:
            self._append(_header(plan))

    def _append(self, entry: Mapping[str, object]) -> None:
        self._file.write(json.dumps(entry) + "\n")
        self._file.flush()

    def add(self, index: Index, entry: Entry) -> None:
        self.done[index] = entry
        self._append({"index": list(index)} | entry)

    def close(self) -> None:
        self._file.close()


def _entry(outcome: dict[str, float] | MemberError) -> Entry:
    if isinstance(outcome, MemberError):
        return {"error": outcome.message}
    return {"outputs": {name: json_number(value) for name, value in outcome.items()}}


def _finished(path: Path, plan: Study) -> xr.Dataset | None:
    """The output if it already holds this sweep."""
    if not path.exists():
        return None
    try:
        with xr.open_dataset(path, engine="h5netcdf") as stored:
            if stored.attrs.get("sweep_sha256") == plan.sha256:
                return stored.load()
    except (OSError, ValueError):
        pass
    raise _core.InputError(f"{path}: exists and does not hold this sweep or analysis; give another path, or remove it")


def _merged(journals: Iterable[Mapping[Index, Entry]]) -> dict[Index, Entry]:
    """Entries of several journals; where one failed and another did not, the one that did not."""
    done: dict[Index, Entry] = {}
    for entries in journals:
        done |= {index: entry for index, entry in entries.items() if "error" not in entry or index not in done}
    return done


def _failed(entries: Mapping[Index, Entry]) -> int:
    return sum("error" in entry for entry in entries.values())


def _at_work(path: Path) -> bool:
    """Whether a process holds the lock of a journal."""
    with path.open("r+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def _run(groups: Groups, done: dict[Index, Entry], journal: _Journal, title: str, total: int, backend: str, grid: str, progress: bool) -> None:
    """Runs groups of members, batch by batch, into the journal and into `done`."""
    failed = _failed(done)
    with progress_bar(title, total, quiet=not progress) as show:
        show(len(done), f"{failed} failed" if failed else "")
        while batch := list(itertools.islice(groups, _GROUPS_PER_BATCH)):

            def keep(k: int, outcome: Sequence[dict[str, float]] | MemberError, batch: list = batch) -> None:
                nonlocal failed
                indices = batch[k][1]
                failed += len(indices) if isinstance(outcome, MemberError) else 0
                for n, index in enumerate(indices):
                    done[index] = _entry(outcome if isinstance(outcome, MemberError) else outcome[n])
                    journal.add(index, done[index])
                show(len(done), f"{failed} failed" if failed else "")

            run_batch([member for member, _ in batch], backend=backend, grid=grid, done=keep)


def study_state(plan: Study, out: str | os.PathLike[str]) -> StudyState:
    """How far a study is. Disturbs nothing that runs.

    Raises
    ------
    InputError: `out` or a journal belongs to another study. FileError: no such folder.
    """
    out = check_output(out)
    members = math.prod(plan.shape)
    ready = _finished(out, plan)
    if ready is not None:
        return StudyState(members, members, int(ready.attrs["failed_members"]), True, ())
    found = {path: _read(path, plan)[1] for path in _journals(out)}
    journals = [JournalState(path, len(entries), _failed(entries), _at_work(path)) for path, entries in found.items()]
    done = _merged(found.values())
    return StudyState(members, len(done), _failed(done), False, tuple(journals))


def run_part(
    plan: Study,
    out: str | os.PathLike[str],
    shard: Shard,
    members: set[Index],
    groups: Callable[[set[Index]], Groups],
    *,
    backend: str,
    grid: str,
    retry_failed: bool,
    progress: bool,
) -> StudyState:
    """Runs the members of a shard that its journal does not hold, into that journal.

    Parameters
    ----------
    members: of the shard. groups: those still to run, from the indices that are missing.

    Raises
    ------
    As :func:`run_study`.
    """
    out = check_output(out)
    if _finished(out, plan) is None:
        _core.check_batch(grid, backend)  # what cannot run leaves no journal
        with closing(_Journal(shard.journal(out), plan)) as journal:
            done = {index: entry for index, entry in journal.done.items() if not (retry_failed and "error" in entry)}
            title = f"{plan.title}, {shard.number}/{shard.count}"
            _run(groups(members - done.keys()), done, journal, title, len(members), backend, grid, progress)
    return study_state(plan, out)


def run_study(
    plan: Study,
    out: str | os.PathLike[str],
    groups: Callable[[set[Index]], Groups],
    dataset: Callable[[Mapping[Index, Entry]], xr.Dataset],
    *,
    backend: str,
    grid: str,
    progress: bool,
    again: Callable[[xr.Dataset], dict[Index, Entry]] | None = None,
) -> xr.Dataset:
    """Runs the members of a study that its journals do not hold, and writes what `dataset` makes of all.

    Parameters
    ----------
    groups: members still to run, from the indices that are missing.
    dataset: from the entries by index; must carry the study's hash as attribute `sweep_sha256`.
    again: if given, members that failed run once more; says what a finished output holds of the others.

    Raises
    ------
    InputError: the study cannot run, or `out` or a journal belongs to another. BackendError: a backend that cannot run here.
    FileError: `out` cannot be written, or another process works on the study.
    KeyboardInterrupt: Ctrl-C; finished members stay in the journal.
    """
    out = check_output(out)
    ready = _finished(out, plan)
    if ready is not None and (again is None or not ready.attrs["failed_members"]):
        return ready
    _core.check_batch(grid, backend)  # what cannot run leaves no journal
    with ExitStack() as open_ones:
        place = Shard().journal(out)
        others = [open_ones.enter_context(closing(_Journal(path, plan))) for path in _journals(out) if path != place]
        own = open_ones.enter_context(closing(_Journal(place, plan)))
        done = _merged([journal.done for journal in (*others, own)])
        if ready is not None and again is not None:
            done |= again(ready)
        if again is not None:
            done = {index: entry for index, entry in done.items() if "error" not in entry}
        missing = set(itertools.product(*map(range, plan.shape))) - done.keys()
        _run(groups(missing), done, own, plan.title, math.prod(plan.shape), backend, grid, progress)
        result = dataset(done)
        with complete_or_absent(out) as part:
            result.to_netcdf(part, engine="h5netcdf")
        for journal in (*others, own):
            journal.path.unlink()
    return result
