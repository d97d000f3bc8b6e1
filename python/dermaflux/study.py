"""Running a study: a list of members in a file that survives being killed.

While it runs, every finished member is appended to a journal beside the output. When all are done the output appears under its
name at once and the journal goes. A killed study resumes from its journal and repeats no member. Jobs that share a folder can each
run a shard, with a journal of its own; whoever collects them writes the output.
"""

import itertools
import os
import pickle
import sys
from collections.abc import Callable
from concurrent.futures import BrokenExecutor
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import xarray as xr

from . import _core, provenance
from .entries import Entries, Entry, Index
from .executors import Groups, Outcome, Pool, run_on
from .journal import Journal, Study, at_work, journals_beside, read_journal
from .progress import progress_bar
from .result import json_number
from .running import MemberError, run_batch
from .writing import check_output, write_dataset

_GROUPS_PER_BATCH = 64
_GROUPS_PER_BATCH_OF_GPU = 4096  # blocks of several batches end together only if there are many


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


@dataclass(frozen=True)
class Manner:
    """How the members of a study are run; decides none of their bits."""

    backend: str
    grid: str
    progress: bool
    pool: Pool | None = None  # this process if there is none
    where: str = ""  # what it runs on and why, said when it begins
    whole: int = 0  # insertions of the whole study, by which auto chooses: the same when a part of it is run again
    groups: int = _GROUPS_PER_BATCH  # per batch
    run: Callable[..., object] | None = None  # in place of run_batch, for members that give more than scalar outputs; on the host; tells how far the member is


def _checked(manner: Manner, insertions: int) -> Manner:
    """How to run, once it is known that it can be done. All workers take the backend that this process would; whether
    there is a GPU they know better."""
    on_workers = manner.pool is not None
    chosen, reason = _core.check_batch(manner.grid, "serial" if on_workers and manner.backend == "cuda" else manner.backend, insertions)
    if on_workers:
        return manner if manner.backend == "cuda" else replace(manner, backend=chosen)
    if manner.run:
        return manner
    return replace(manner, where=f"on {chosen} ({reason})", whole=insertions, groups=_GROUPS_PER_BATCH_OF_GPU if chosen == "cuda" else _GROUPS_PER_BATCH)


def _run(groups: Groups, done: Entries, journal: Journal, title: str, total: int, manner: Manner) -> None:
    """Runs groups of members, batch by batch, into the journal and into `done`."""
    if manner.where and manner.progress and len(done) < total:
        print(f"{title}: {manner.where}", file=sys.stderr, flush=True)
    with progress_bar(title, total, quiet=not manner.progress) as show:

        def tell() -> None:
            show(len(done), f"{done.failed} failed" if done.failed else "")

        def keep(indices: list[Index], outcome: Outcome) -> None:
            for n, index in enumerate(indices):
                if index in done:  # of a batch that was kept in part when something stopped it
                    continue
                entry = _entry(outcome if isinstance(outcome, MemberError) else outcome[n])
                journal.add(index, entry)
                done.add(index, entry)
            tell()

        tell()
        if manner.pool is None:
            _run_here(groups, manner, keep, lambda share: show(len(done) + share))
            return
        try:
            run_on(manner.pool, groups, total - len(done), backend=manner.backend, grid=manner.grid, keep=keep)
        except (ImportError, AttributeError, pickle.PicklingError) as error:
            raise _core.BackendError(f"{title}: a worker cannot run it ({type(error).__name__}: {error}); install dermaflux {provenance.build()} there") from error
        except BrokenExecutor as error:
            raise _core.BackendError(
                f"{title}: the executor takes no more work ({type(error).__name__}: {error}); {len(done)} of {total} members are kept in "
                f"{journal.path}, and running the same again goes on from there"
            ) from error


def _run_here(groups: Groups, manner: Manner, keep: Callable[[list[Index], Outcome], None], within: Callable[[float], None]) -> None:
    own = {} if manner.run is None else {"within": within}
    while batch := list(itertools.islice(groups, manner.groups)):

        def done(k: int, outcome: Outcome, batch: list = batch) -> None:
            keep(batch[k][1], outcome)

        (manner.run or run_batch)([member for member, _ in batch], backend=manner.backend, grid=manner.grid, done=done, whole=manner.whole, **own)


def _remove_leftovers(plan: Study, out: Path, ready: xr.Dataset) -> None:
    """Removes the journals of a study whose process was killed after it had written the output, but none that holds more than that."""
    failed = [tuple(index) for index in np.argwhere(ready["error"].values != "").tolist()]
    for path in journals_beside(out):
        held = Entries(plan.shape, plan.names)
        with suppress(_core.InputError, _core.FileError), closing(Journal(path, plan, held)):
            if all(index not in held or "error" in held[index] for index in failed):
                path.unlink()


def study_state(plan: Study, out: str | os.PathLike[str]) -> StudyState:
    """How far a study is. Disturbs nothing that runs.

    Raises
    ------
    InputError: `out` or a journal belongs to another study. FileError: no such folder.
    """
    out = check_output(out)
    members = len(plan.members)
    ready = _finished(out, plan)
    if ready is not None:
        return StudyState(members, members, int(ready.attrs["failed_members"]), True, ())
    done, journals = Entries(plan.shape, plan.names), []
    for path in journals_beside(out):
        try:
            held = read_journal(path, plan, done)
            journals.append(JournalState(path, held.done, held.failed, at_work(path)))
        except FileNotFoundError:  # collected meanwhile
            return study_state(plan, out)
    return StudyState(members, len(done), done.failed, False, tuple(journals))


def run_part(
    plan: Study,
    out: str | os.PathLike[str],
    shard: Shard,
    members: set[Index],
    groups: Callable[[set[Index]], Groups],
    manner: Manner,
    *,
    retry_failed: bool,
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
    ready = _finished(out, plan)
    if ready is not None and retry_failed and ready.attrs["failed_members"]:
        raise _core.InputError(f"{out}: is written, with members that failed; run the whole sweep with --retry-failed, without a shard")
    if ready is None:
        manner = _checked(manner, plan.insertions // shard.count)  # what cannot run leaves no journal
        done = Entries(plan.shape, plan.names)
        with closing(Journal(shard.journal(out), plan, done)) as journal:
            if retry_failed:
                done.forget_failed()
            title = f"{plan.title}, {shard.number}/{shard.count}"
            _run(groups(members & done.missing()), done, journal, title, len(members), manner)
    return study_state(plan, out)


def run_study(
    plan: Study,
    out: str | os.PathLike[str],
    groups: Callable[[set[Index]], Groups],
    dataset: Callable[[Entries], xr.Dataset],
    manner: Manner,
    *,
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
        _remove_leftovers(plan, out, ready)
        return ready
    manner = _checked(manner, plan.insertions)  # what cannot run leaves no journal
    with ExitStack() as open_ones:
        done, place = Entries(plan.shape, plan.names), Shard().journal(out)
        others = [open_ones.enter_context(closing(Journal(path, plan, done))) for path in journals_beside(out) if path != place]
        own = open_ones.enter_context(closing(Journal(place, plan, done)))
        if again is not None:
            for index, entry in (again(ready) if ready is not None else {}).items():
                done.add(index, entry)
            done.forget_failed()
        missing = {index for index in plan.members if index not in done}
        _run(groups(missing), done, own, plan.title, len(plan.members), manner)
        result = dataset(done)
        try:
            write_dataset(result, out)
        except _core.FileError as error:
            raise _core.FileError(f"{error}; all that was run is kept, and running the same again writes it") from error
        for journal in (*others, own):
            journal.path.unlink()
    return result
