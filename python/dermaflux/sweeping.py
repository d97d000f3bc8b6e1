"""Sweeps: all combinations of some axes around one treatment, in a file that survives being killed.

While a sweep runs, every finished member is appended to a journal beside the output. When all are done the output appears
under its name at once and the journal goes. A killed sweep resumes from its journal and repeats no member.
"""

import fcntl
import hashlib
import itertools
import json
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
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


def _groups(plan: SweepPlan, missing: set[tuple[int, ...]]) -> Iterator[tuple[Member, list[tuple[int, ...]]]]:
    """Members still to run. Those that differ only in dwell time share one insertion."""
    dwell_at = next((n for n, axis in enumerate(plan.axes) if axis.key == _DWELL), None)
    others = [range(len(axis.values)) if n != dwell_at else (0,) for n, axis in enumerate(plan.axes)]
    documents: dict[tuple[str, ...], Treatment] = {}
    for index in itertools.product(*others):
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


class _Journal:
    """Append-only list of finished members, one JSON line each; a half-written last line is ignored."""

    def __init__(self, path: Path, plan: Study):
        self.path = path
        self.done: dict[tuple[int, ...], dict[str, object]] = {}
        header = {"dermaflux_sweep": plan.sha256, "shape": list(plan.shape)}
        try:
            lines = path.read_text(encoding="utf-8").split("\n") if path.exists() else []
            complete = lines[:-1]  # what follows the last line end was cut off
            found = [json.loads(line) for line in complete]
            other = bool(found) and found[0] != header
            self.done = {} if other else {tuple(entry.pop("index")): entry for entry in found[1:]}
        except (ValueError, KeyError, TypeError, AttributeError):
            raise _core.InputError(f"{path}: is not the journal of a sweep or an analysis; give another output, or remove it") from None
        if other:
            raise _core.InputError(
                f"{path}: is the journal of another sweep or analysis (other axes, parameters, input, grid or version); give another output, or remove it"
            )
        self._file = path.open("r+" if path.exists() else "w+", encoding="utf-8")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise _core.FileError(f"{path}: another process works on this sweep or analysis; wait for it, or give another output") from None
        self._file.truncate(sum(len(line.encode()) + 1 for line in complete))
        self._file.seek(0, os.SEEK_END)
        if not complete:
            self._append(header)

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


def sweep(
    plan: SweepPlan | str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    changes: Mapping[str, Value] | None = None,
    backend: str = "auto",
    grid: str | None = None,
    progress: bool = False,
) -> xr.Dataset:
    """Runs a sweep, or what is left of it, and writes it as HDF5 (netCDF4) with the axes as dimensions.

    Parameters
    ----------
    plan: a sweep file, or what :func:`load_sweep` read.
    out: output file; `out.journal` beside it holds finished members until the sweep is complete.
    changes: keys of the base treatment to override, when `plan` is a path.
    grid: replaces the grid level of the file.

    Returns
    -------
    The dataset in the file: one variable per output, and `error` with the message of each member that failed.

    Raises
    ------
    InputError: the sweep cannot run, or `out` or its journal belongs to another sweep. BackendError: a backend that cannot run here.
    FileError: `out` cannot be written.
    KeyboardInterrupt: Ctrl-C; finished members stay in the journal.
    """
    if not isinstance(plan, SweepPlan):
        plan = load_sweep(plan, changes)
    if grid is not None:
        plan = replace(plan, grid=grid)
    return run_study(
        plan, out, lambda missing: _groups(plan, missing), lambda done: _dataset(plan, done), backend=backend, grid=plan.grid, progress=progress
    )


def run_study(
    plan: Study,
    out: str | os.PathLike[str],
    groups: Callable[[set[tuple[int, ...]]], Iterator[tuple[Member, list[tuple[int, ...]]]]],
    dataset: Callable[[Mapping[tuple[int, ...], dict[str, object]]], xr.Dataset],
    *,
    backend: str,
    grid: str,
    progress: bool,
) -> xr.Dataset:
    """Runs the members of a study that its journal does not hold, and writes what `dataset` makes of all.

    Parameters
    ----------
    groups: members still to run, each with the indices of its dwell times, from the set of indices that are missing.
    dataset: from the entries by index; must carry the study's hash as attribute `sweep_sha256`.

    Raises
    ------
    As :func:`sweep`.
    """
    out = check_output(out)
    ready = _finished(out, plan)
    if ready is not None:
        return ready
    _core.check_batch(plan.grid, backend)  # what cannot run leaves no journal
    with closing(_Journal(out.with_name(out.name + ".journal"), plan)) as journal:
        missing = set(itertools.product(*map(range, plan.shape))) - journal.done.keys()
        failed = sum("error" in entry for entry in journal.done.values())
        with progress_bar(plan.title, math.prod(plan.shape), quiet=not progress) as show:
            show(len(journal.done))
            waiting = groups(missing)
            while batch := list(itertools.islice(waiting, _GROUPS_PER_BATCH)):

                def keep(k: int, outcome: Sequence[dict[str, float]] | MemberError, batch: list = batch) -> None:
                    nonlocal failed
                    indices = batch[k][1]
                    failed += len(indices) if isinstance(outcome, MemberError) else 0
                    for n, index in enumerate(indices):
                        journal.add(index, _entry(outcome if isinstance(outcome, MemberError) else outcome[n]))
                    show(len(journal.done), f"{failed} failed" if failed else "")

                run_batch([member for member, _ in batch], backend=backend, grid=grid, done=keep)
        result = dataset(journal.done)
        with complete_or_absent(out) as part:
            result.to_netcdf(part, engine="h5netcdf")
    journal.path.unlink()
    return result
