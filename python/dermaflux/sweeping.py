"""Sweeps: all combinations of some axes around one treatment."""

import hashlib
import itertools
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import rfc8785
import xarray as xr

from . import _core, provenance
from .executors import Executor, Pool
from .result import OUTPUTS, json_number
from .running import Member
from .study import Entry, Groups, Index, Manner, Shard, StudyState, run_part, run_study, study_state
from .treatment import Treatment, Value, override_texts

_DWELL = "machine.dwell_ms"
_DWELLS_PER_INSERTION = 24


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
    def dwell_at(self) -> int | None:
        """Which axis is the dwell time: its values share an insertion."""
        return next((n for n, axis in enumerate(self.axes) if axis.key == _DWELL), None)

    @property
    def settings(self) -> list[Index]:
        """Members that differ in more than dwell time, by the index of their first dwell time."""
        return list(itertools.product(*(range(1 if n == self.dwell_at else length) for n, length in enumerate(self.shape))))

    def dwells(self, setting: Index) -> list[Index]:
        """Members of a setting: one per dwell time."""
        at = self.dwell_at
        return [setting] if at is None else [(*setting[:at], n, *setting[at + 1 :]) for n in range(self.shape[at])]

    @property
    def insertions(self) -> int:
        """How many insertions the sweep costs."""
        return len(self.settings) * (1 if self.dwell_at is None else -(-self.shape[self.dwell_at] // _DWELLS_PER_INSERTION))

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


def _groups(plan: SweepPlan, settings: list[Index], missing: set[Index]) -> Groups:
    """Members of some settings still to run. Those that differ only in dwell time share one insertion."""
    documents: dict[tuple[str, ...], Treatment] = {}
    for setting in settings:
        values = {axis.key: axis.values[n] for axis, n in zip(plan.axes, setting, strict=True) if axis.key != _DWELL}
        words = {key: value for key, value in values.items() if isinstance(value, str)}
        numbers = {key: value for key, value in values.items() if not isinstance(value, str)}
        open_ones = [index for index in plan.dwells(setting) if index in missing]
        if not open_ones:
            continue
        base = documents.setdefault(tuple(words.values()), plan.base.with_(words) if words else plan.base)
        if plan.dwell_at is None:
            yield Member(base, numbers), open_ones
            continue
        dwell = plan.axes[plan.dwell_at].values
        by_time = sorted((dwell[index[plan.dwell_at]], index) for index in open_ones)
        for k in range(0, len(by_time), _DWELLS_PER_INSERTION):
            part = by_time[k : k + _DWELLS_PER_INSERTION]
            yield Member(base, numbers, [time for time, _ in part]), [index for _, index in part]


def _dataset(plan: SweepPlan, done: Mapping[Index, Entry]) -> xr.Dataset:
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


def _entries(found: xr.Dataset) -> dict[Index, Entry]:
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
    executor: Executor | None = None,
    workers: int | None = None,
    worker_threads: int = 1,
) -> xr.Dataset:
    """Runs a sweep, or what is left of it, and writes it as HDF5 (netCDF4) with the axes as dimensions.

    Parameters
    ----------
    plan: a sweep file, or what :func:`load_sweep` read.
    out: output file; `out.journal` beside it holds finished members until the sweep is complete. Journals of shards count, too.
    changes: keys of the base treatment to override, when `plan` is a path.
    grid: replaces the grid level of the file.
    retry_failed: run members that failed once more, even those of a finished output.
    executor: runs batches of members on other processes or machines, with the same bits: a ProcessPoolExecutor whose `mp_context` is
        spawn (fork does not work), `Client.get_executor()` of dask, an MPIPoolExecutor of mpi4py. This process if not given; then
        :func:`dermaflux.set_threads` says how many cores it takes.
    workers: how many the executor has; asked of it if not given. worker_threads: of each worker.

    Returns
    -------
    The dataset in the file: one variable per output, and `error` with the message of each member that failed.

    Raises
    ------
    InputError: the sweep cannot run, or `out` or a journal belongs to another sweep. BackendError: a backend that cannot run here, or
    an executor that broke. FileError: `out` cannot be written, or another process works on the sweep.
    KeyboardInterrupt: Ctrl-C; finished members stay in the journal.
    """
    plan = _as_plan(plan, changes, grid)
    manner = Manner(backend, plan.grid, progress, None if executor is None else Pool(executor, workers, worker_threads))
    return run_study(
        plan, out, lambda missing: _groups(plan, plan.settings, missing), lambda done: _dataset(plan, done), manner,
        again=_entries if retry_failed else None,
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
    executor: Executor | None = None,
    workers: int | None = None,
    worker_threads: int = 1,
) -> StudyState:
    """Runs one part of a sweep, or what is left of it, into a journal of its own beside `out`; :func:`collect_sweep` writes `out`.

    Shards may run at the same time, on machines that share the folder, and any of them may be killed and run again.

    Parameters
    ----------
    plan, out, changes, grid, retry_failed, executor, workers, worker_threads: as in :func:`sweep`, the first four the same for all shards.
    shard: which part, as "3/40".

    Raises
    ------
    As :func:`sweep`; InputError also for a shard that does not exist.
    """
    plan = _as_plan(plan, changes, grid)
    shard = Shard.parse(shard) if isinstance(shard, str) else shard
    every = plan.settings
    settings = [every[n] for n in shard.of(len(every))]
    members = {index for setting in settings for index in plan.dwells(setting)}
    manner = Manner(backend, plan.grid, progress, None if executor is None else Pool(executor, workers, worker_threads))
    return run_part(plan, out, shard, members, lambda missing: _groups(plan, settings, missing), manner, retry_failed=retry_failed)


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
    state = study_state(plan, out)
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
) -> StudyState:
    """How many members of a sweep are done, and in which journals. Disturbs nothing that runs.

    Raises
    ------
    InputError: `out` or a journal belongs to another sweep. FileError: no such folder.
    """
    return study_state(_as_plan(plan, changes, grid), out)
