"""Sweeps: all combinations of some axes around one treatment, in a file that survives being killed.

While a sweep runs, every finished member is appended to a journal beside the output. When all are done the output appears
under its name at once and the journal goes. A killed sweep resumes from its journal and repeats no member. Jobs that share a
folder can each run a shard of a sweep, with a journal of its own; whoever collects them writes the output.
"""

import fcntl
import hashlib
import itertools
import json
import math
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import rfc8785
import xarray as xr

from . import _core, provenance
from .progress import progress_bar
from .result import OUTPUTS, json_number
from .running import Member, MemberError, run_batch
from .treatment import Treatment, Value, override_texts
from .writing import check_output, complete_or_absent

_DWELL = "machine.dwell_ms"
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
class Axis:
    """A key of the treatment and the values it takes."""

    key: str
    unit: str
    values: tuple[float, ...] | tuple[str, ...]


@dataclass(frozen=True)
class SweepPlan:
    """What a sweep will run."""

    title: str
    base: Treatment
    axes: tuple[Axis, ...]
    outputs: tuple[str, ...]
    grid: str

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(len(axis.values) for axis in self.axes)

    @property
    def sha256(self) -> str:
        """Hash of everything that decides the members: input, axes, grid, version."""
        axes = [[axis.key, list(axis.values)] for axis in self.axes]
        content = {"input": provenance.input_sha256(self.base.resolved()), "axes": axes, "grid": self.grid, "version": _core.version}
        return hashlib.sha256(rfc8785.dumps(content)).hexdigest()


def load_sweep(path: str | os.PathLike[str], changes: Mapping[str, Value] | None = None) -> SweepPlan:
    """Reads a sweep file.

    Raises
    ------
    InputError: unknown key or output, an axis twice, an empty axis, too many members.
    """
    return load_sweep_texts(path, override_texts(changes))


def load_sweep_texts(path: str | os.PathLike[str], overrides: list[tuple[str, str]]) -> SweepPlan:
    """:func:`load_sweep` with overrides as the command line gives them."""
    file = _core.load_sweep(path, overrides)
    axes = tuple(Axis(axis.key, axis.unit, tuple(axis.values)) for axis in file.axes)
    return SweepPlan(file.title, Treatment(file.base), axes, tuple(file.outputs), file.grid)


@dataclass(frozen=True)
class Shard:
    """One of `count` parts of a sweep of nearly equal length, counted from 1: for each of several jobs one."""

    number: int = 1
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """Reads what a user writes, such as 3/40. Raises InputError."""
        number, slash, count = text.partition("/")
        if not (slash and number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
            raise _core.InputError(f"shard {text}: is not a part of a sweep; write 3/40 for the third of forty")
        return cls(int(number), int(count))

    def holds(self, group: int) -> bool:
        """Whether it runs a group: in turns, because neighbours cost alike."""
        return group % self.count == self.number - 1

    def journal(self, out: Path) -> Path:
        """Where its finished members are."""
        return out.with_name(f"{out.name}.{self.number}-of-{self.count}.journal" if self.count > 1 else f"{out.name}.journal")


@dataclass(frozen=True)
class JournalState:
    """What one journal of a sweep holds."""

    path: Path
    done: int
    failed: int
    active: bool  # whether a process works on it now


@dataclass(frozen=True)
class SweepState:
    """How far a sweep is."""

    members: int
    done: int
    failed: int
    finished: bool  # whether the output is there
    journals: tuple[JournalState, ...]


def insertions(plan: SweepPlan) -> int:
    """How many insertions a sweep costs: members that differ only in dwell time share one."""
    return sum(1 for _ in _groups(plan, set(itertools.product(*map(range, plan.shape))), Shard()))


def _groups(plan: SweepPlan, missing: set[tuple[int, ...]], shard: Shard) -> Iterator[tuple[Member, list[tuple[int, ...]]]]:
    """Members of a shard still to run. Those that differ only in dwell time share one insertion."""
    dwell_at = next((n for n, axis in enumerate(plan.axes) if axis.key == _DWELL), None)
    others = [range(len(axis.values)) if n != dwell_at else (0,) for n, axis in enumerate(plan.axes)]
    documents: dict[tuple[str, ...], Treatment] = {}
    for group, index in enumerate(itertools.product(*others)):
        if not shard.holds(group):
            continue
        words = {a.key: a.values[i] for a, i in zip(plan.axes, index, strict=True) if isinstance(a.values[0], str)}
        numbers = {a.key: a.values[i] for a, i in zip(plan.axes, index, strict=True) if not isinstance(a.values[0], str) and a.key != _DWELL}
        base = documents.setdefault(tuple(words.values()), plan.base.with_(words) if words else plan.base)
        if dwell_at is None:
            if index in missing:
                yield Member(base, numbers), [index]
            continue
        axis = plan.axes[dwell_at]
        here = [tuple(n if k == dwell_at else i for k, i in enumerate(index)) for n in range(len(axis.values))]
        open_ones = sorted((axis.values[i[dwell_at]], i) for i in here if i in missing)
        for k in range(0, len(open_ones), 24):
            part = open_ones[k : k + 24]
            if part:
                yield Member(base, numbers, [dwell for dwell, _ in part]), [i for _, i in part]


def _read(path: Path, plan: Study) -> tuple[list[str], dict[tuple[int, ...], dict[str, object]]]:
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

    def add(self, index: tuple[int, ...], entry: dict[str, object]) -> None:
        self.done[index] = entry
        self._append({"index": list(index)} | entry)

    def close(self) -> None:
        self._file.close()


def _entry(outcome: dict[str, float] | MemberError) -> dict[str, object]:
    if isinstance(outcome, MemberError):
        return {"error": outcome.message}
    return {"outputs": {name: json_number(value) for name, value in outcome.items()}}


def _dataset(plan: SweepPlan, done: Mapping[tuple[int, ...], dict[str, object]]) -> xr.Dataset:
    """Members by axis: one variable per output, NaN where a member failed, and its message."""
    dims = [axis.key.replace(".", "_") for axis in plan.axes]
    names = list(plan.outputs) or list(OUTPUTS)
    arrays = {name: np.full(plan.shape, np.nan) for name in names}
    errors = np.full(plan.shape, "", dtype=object)
    for index, entry in done.items():
        if "error" in entry:
            errors[index] = entry["error"]
            continue
        for name in names:
            value = entry["outputs"][name]
            arrays[name][index] = np.nan if value is None else value
    data: dict[str, tuple] = {}
    for name, values in arrays.items():
        data[name] = (dims, values, {"units": OUTPUTS[name]["unit"] or "1", "long_name": OUTPUTS[name]["meaning"]})
    data["error"] = (dims, errors.astype(str), {"long_name": "why the member failed, empty if it did not"})
    coordinates = {}
    for dim, axis in zip(dims, plan.axes, strict=True):
        coordinates[dim] = (dim, list(axis.values), {"units": axis.unit or "1", "key": axis.key})
    facts = {f"provenance_{k}": v for k, v in provenance.program().items()}
    attributes = {
        "Conventions": "CF-1.11",
        "dermaflux_format": "1.0",
        "title": plan.title,
        "grid": plan.grid,
        "sweep_sha256": plan.sha256,
        "input_sha256": provenance.input_sha256(plan.base.resolved()),
        "resolved_json": plan.base._document.json(),
        "failed_members": int((errors != "").sum()),
    }
    return xr.Dataset(data, coords=coordinates, attrs=attributes | facts)


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


def _entries(found: xr.Dataset) -> dict[tuple[int, ...], dict[str, object]]:
    """Entries of the members of a finished sweep that did not fail."""
    names = [str(name) for name in found.data_vars if name != "error"]
    values = {name: found[name].values for name in names}
    good = np.argwhere(found["error"].values == "").tolist()
    return {tuple(index): {"outputs": {name: json_number(float(values[name][tuple(index)])) for name in names}} for index in good}


def _as_plan(plan: SweepPlan | str | os.PathLike[str], changes: Mapping[str, Value] | None, grid: str | None) -> SweepPlan:
    if not isinstance(plan, SweepPlan):
        plan = load_sweep(plan, changes)
    return plan if grid is None else replace(plan, grid=grid)


def sweep(
    plan: SweepPlan | str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    changes: Mapping[str, Value] | None = None,
    backend: str = "auto",
    grid: str | None = None,
    retry_failed: bool = False,
    progress: bool = False,
) -> xr.Dataset:
    """Runs a sweep, or what is left of it, and writes it as HDF5 (netCDF4) with the axes as dimensions.

    Parameters
    ----------
    plan: a sweep file, or what :func:`load_sweep` read.
    out: output file; `out.journal` beside it holds finished members until the sweep is complete. Journals of shards count, too.
    changes: keys of the base treatment to override, when `plan` is a path.
    grid: replaces the grid level of the file.
    retry_failed: run members that failed once more, even those of a finished output.

    Returns
    -------
    The dataset in the file: one variable per output, and `error` with the message of each member that failed.

    Raises
    ------
    InputError: the sweep cannot run, or `out` or a journal belongs to another sweep. BackendError: a backend that cannot run here.
    FileError: `out` cannot be written, or another process works on the sweep.
    KeyboardInterrupt: Ctrl-C; finished members stay in the journal.
    """
    plan = _as_plan(plan, changes, grid)
    return run_study(
        plan, out, lambda missing: _groups(plan, missing, Shard()), lambda done: _dataset(plan, done), backend=backend, grid=plan.grid,
        progress=progress, again=_entries if retry_failed else None,
    )  # fmt: skip


def run_shard(
    plan: SweepPlan | str | os.PathLike[str],
    out: str | os.PathLike[str],
    shard: str | Shard,
    *,
    changes: Mapping[str, Value] | None = None,
    backend: str = "auto",
    grid: str | None = None,
    retry_failed: bool = False,
    progress: bool = False,
) -> SweepState:
    """Runs one part of a sweep, or what is left of it, into a journal of its own beside `out`; :func:`collect_sweep` writes `out`.

    Shards may run at the same time, on machines that share the folder, and any of them may be killed and run again.

    Parameters
    ----------
    plan, out, changes, grid, retry_failed: as in :func:`sweep`, the same for all shards.
    shard: which part, as "3/40".

    Raises
    ------
    As :func:`sweep`; InputError also for a shard that does not exist.
    """
    plan = _as_plan(plan, changes, grid)
    shard = Shard.parse(shard) if isinstance(shard, str) else shard
    out = check_output(out)
    if _finished(out, plan) is None:
        _core.check_batch(plan.grid, backend)
        everything = set(itertools.product(*map(range, plan.shape)))
        with closing(_Journal(shard.journal(out), plan)) as journal:
            done = {index: entry for index, entry in journal.done.items() if not (retry_failed and "error" in entry)}
            total = sum(len(indices) for _, indices in _groups(plan, everything, shard))
            groups = _groups(plan, everything - done.keys(), shard)
            _run(groups, done, journal, f"{plan.title}, {shard.number}/{shard.count}", total, backend, plan.grid, progress)
    return sweep_state(plan, out)


def collect_sweep(
    plan: SweepPlan | str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    changes: Mapping[str, Value] | None = None,
    grid: str | None = None,
) -> xr.Dataset:
    """Writes the output of a sweep of which every member is in the journal of some shard, and removes the journals.

    Raises
    ------
    InputError: members are missing; the message says how many. Others as :func:`sweep`.
    """
    plan = _as_plan(plan, changes, grid)
    state = sweep_state(plan, out)
    if not state.finished and state.done < state.members:
        running = sum(journal.active for journal in state.journals)
        raise _core.InputError(
            f"{out}: {state.members - state.done} of {state.members} members are not done ({len(state.journals)} journals, {running} at work);"
            " run the shards that are missing, or the whole sweep, which takes over what is done"
        )
    return sweep(plan, out)


def sweep_state(
    plan: SweepPlan | str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    changes: Mapping[str, Value] | None = None,
    grid: str | None = None,
) -> SweepState:
    """How many members of a sweep are done, and in which journals. Disturbs nothing that runs.

    Raises
    ------
    InputError: `out` or a journal belongs to another sweep. FileError: no such folder.
    """
    plan = _as_plan(plan, changes, grid)
    out = check_output(out)
    members = math.prod(plan.shape)
    ready = _finished(out, plan)
    if ready is not None:
        return SweepState(members, members, int(ready.attrs["failed_members"]), True, ())
    found = {path: _read(path, plan)[1] for path in _journals(out)}
    journals = [JournalState(path, len(entries), _failed(entries), _at_work(path)) for path, entries in found.items()]
    done = _merged(found.values())
    return SweepState(members, len(done), _failed(done), False, tuple(journals))


def _merged(journals: Iterable[Mapping[tuple[int, ...], dict[str, object]]]) -> dict[tuple[int, ...], dict[str, object]]:
    """Entries of several journals; where one failed and another did not, the one that did not."""
    done: dict[tuple[int, ...], dict[str, object]] = {}
    for entries in journals:
        done |= {index: entry for index, entry in entries.items() if "error" not in entry or index not in done}
    return done


def _failed(entries: Mapping[tuple[int, ...], dict[str, object]]) -> int:
    return sum("error" in entry for entry in entries.values())


def _at_work(path: Path) -> bool:
    """Whether a process holds the lock of a journal."""
    with path.open("r+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def _run(
    groups: Iterator[tuple[Member, list[tuple[int, ...]]]], done: dict[tuple[int, ...], dict[str, object]], journal: _Journal, title: str,
    total: int, backend: str, grid: str, progress: bool,
) -> None:  # fmt: skip
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


def run_study(
    plan: Study,
    out: str | os.PathLike[str],
    groups: Callable[[set[tuple[int, ...]]], Iterator[tuple[Member, list[tuple[int, ...]]]]],
    dataset: Callable[[Mapping[tuple[int, ...], dict[str, object]]], xr.Dataset],
    *,
    backend: str,
    grid: str,
    progress: bool,
    again: Callable[[xr.Dataset], dict[tuple[int, ...], dict[str, object]]] | None = None,
) -> xr.Dataset:
    """Runs the members of a study that its journals do not hold, and writes what `dataset` makes of all.

    Parameters
    ----------
    groups: members still to run, each with the indices of its dwell times, from the set of indices that are missing.
    dataset: from the entries by index; must carry the study's hash as attribute `sweep_sha256`.
    again: if given, members that failed run once more; says what a finished output holds of the others.

    Raises
    ------
    As :func:`sweep`.
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
