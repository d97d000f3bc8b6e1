"""Sweeps: all combinations of some axes, and of draws of others, around one treatment."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import rfc8785
import xarray as xr

from . import _core, provenance
from .conditions import Condition
from .corrections import Corrected, corrected_members, file_sha256
from .entries import Index, indices
from .executors import Executor, Pool
from .journal import OfOutputs
from .running import Member
from .sampling import Sample
from .study import Groups, Manner, Shard, StudyState, run_part, run_study, study_state
from .sweep_dataset import finished_entries, sweep_dataset
from .treatment import Treatment, Value, override_texts

_DWELL = "machine.dwell_ms"
_KIND = "geometry.kind"
_DWELLS_PER_INSERTION = {"axisymmetric": 24, "box": 1}  # dwell times that share one, by geometry.kind


@dataclass(frozen=True)
class Axis:
    """A key of the treatment and the values it takes."""

    key: str
    unit: str
    values: tuple[float, ...] | tuple[str, ...]


@dataclass(frozen=True)
class SweepPlan(OfOutputs):
    """What a sweep will run: combinations of the values of its axes and, if it has a sample, of its draws, the last dimension.
    Combinations that break a condition are no members. Corrections, if there are any, multiply outputs of what ran on rings; they decide
    nothing of what is run."""

    title: str
    base: Treatment
    axes: tuple[Axis, ...]
    outputs: tuple[str, ...]
    grid: str
    sample: Sample | None = None
    conditions: tuple[Condition, ...] = ()
    study: _core.SpaceStudy | None = field(default=None, compare=False)
    corrections: _core.Corrections | None = field(default=None, compare=False)

    @property
    def dims(self) -> list[str]:
        """Names of the dimensions."""
        return [axis.key.replace(".", "_") for axis in self.axes] + ([] if self.sample is None else ["sample"])

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(len(axis.values) for axis in self.axes) + (() if self.sample is None else (self.sample.count,))

    @property
    def dwell_at(self) -> int | None:
        """Which axis is the dwell time: its values share an insertion."""
        return next((n for n, axis in enumerate(self.axes) if axis.key == _DWELL), None)

    def along(self, key: str) -> np.ndarray:
        """Values of an axis, drawn or not, along its dimension; all other dimensions have length 1."""
        if self.sample is not None and key in self.sample.values:
            at, values = len(self.axes), self.sample.values[key]
        else:
            at, values = next((n, axis.values) for n, axis in enumerate(self.axes) if axis.key == key)
        return np.array(values).reshape([-1 if n == at else 1 for n in range(len(self.shape))])

    def broken(self, condition: Condition) -> np.ndarray:
        """Combinations that break a condition, shape :attr:`shape`."""
        return np.broadcast_to(condition.breaks(self.along), self.shape)

    @cached_property
    def excluded(self) -> np.ndarray:
        """Combinations that are no members, shape :attr:`shape`."""
        excluded = np.zeros(self.shape, dtype=bool)
        for condition in self.conditions:
            excluded |= self.broken(condition)
        return excluded

    @cached_property
    def members(self) -> list[Index]:
        """Combinations that are run."""
        return indices(~self.excluded)

    def values(self, index: Index) -> dict[str, float | str]:
        """What a combination sets, in the units of the keys."""
        values = {axis.key: axis.values[n] for axis, n in zip(self.axes, index, strict=False)}
        return values | ({} if self.sample is None else {key: drawn[index[-1]] for key, drawn in self.sample.values.items()})

    @cached_property
    def settings(self) -> list[Index]:
        """Members that differ in more than dwell time, by their index with the first dwell time."""
        at = self.dwell_at
        return self.members if at is None else indices((~self.excluded).any(axis=at, keepdims=True))

    def dwells(self, setting: Index) -> list[Index]:
        """Members of a setting: one per dwell time."""
        at = self.dwell_at
        if at is None:
            return [setting]
        every = [(*setting[:at], n, *setting[at + 1 :]) for n in range(self.shape[at])]
        return [index for index in every if not self.excluded[index]]

    @property
    def insertions(self) -> int:
        """How many insertions the sweep costs."""
        if self.dwell_at is None:
            return len(self.members)
        kinds = self.along(_KIND) if any(axis.key == _KIND for axis in self.axes) else np.array(self.base[_KIND])
        shared = np.where(kinds == "box", *(_DWELLS_PER_INSERTION[kind] for kind in ("box", "axisymmetric")))
        return int((-(-(~self.excluded).sum(axis=self.dwell_at, keepdims=True) // shared)).sum())

    @cached_property
    def corrected(self) -> dict[str, Corrected]:
        """Factors of the outputs that are corrected, by name. Raises InputError where the corrections hold none for a member."""
        if self.corrections is None:
            return {}
        return corrected_members(self.corrections, self.shape, {index: self._treated(self.values(index)) for index in self.members}, self.outputs)

    def _treated(self, values: dict[str, float | str]) -> tuple[bool, int, float]:
        """Of a member: whether it runs in a box, its prongs, its angle [degree]."""
        words = tuple((key, value) for key, value in values.items() if isinstance(value, str))
        if words not in self._documents:
            self._documents[words] = self.base.with_(dict(words)) if words else self.base
        treatment = self._documents[words]
        prongs, angle = (float(values.get(key, treatment[key])) for key in ("needle.prongs", "machine.angle_deg"))
        return treatment[_KIND] == "box", int(prongs), angle

    @cached_property
    def _documents(self) -> dict[tuple[tuple[str, str], ...], Treatment]:
        return {}

    @property
    def sha256(self) -> str:
        """Hash of all that decides the output: the members, and what corrects them."""
        if self.corrections is None:
            return self.members_sha256
        return provenance.text_sha256([self.members_sha256, file_sha256(self.corrections)])

    @property
    def members_sha256(self) -> str:
        """Hash of everything that decides the members: input, axes, draws, conditions, grid, program."""
        axes = [[axis.key, list(axis.values)] for axis in self.axes]
        content = {"input": provenance.input_sha256(self.base.resolved()), "axes": axes, "grid": self.grid, "program": provenance.build()}
        if self.sample is not None:
            content["sample"] = self.sample.content
        if self.conditions:
            content["conditions"] = [condition.content for condition in self.conditions]
        return hashlib.sha256(rfc8785.dumps(content)).hexdigest()


def load_sweep(path: str | os.PathLike[str], changes: Mapping[str, Value] | None = None) -> SweepPlan:
    """Reads a sweep file.

    Raises
    ------
    InputError: unknown key or output, an axis twice, an empty axis, a range that cannot be drawn from, a condition between what cannot
        be compared, too many combinations, or no member.
    """
    return load_sweep_texts(path, override_texts(changes))


def load_sweep_texts(path: str | os.PathLike[str], overrides: list[tuple[str, str]]) -> SweepPlan:
    """:func:`load_sweep` with overrides as the command line gives them."""
    file = _core.load_sweep(path, overrides)
    axes = tuple(Axis(axis.key, axis.unit, tuple(axis.values)) for axis in file.axes)
    sample = None if file.sample is None else Sample.of(file.sample)
    conditions = tuple(map(Condition.of, file.conditions))
    plan = SweepPlan(file.title, Treatment(file.base), axes, tuple(file.outputs), file.grid, sample, conditions, file.study, file.corrections)
    if plan.excluded.all():
        alone = [one for one in conditions if plan.broken(one).all()]
        raise _core.InputError(
            f"{path}: every one of the {plan.excluded.size} combinations breaks a [[condition]] (nothing would run); loosen "
            + (f"'{alone[0]}'" if alone else "one of " + ", ".join(f"'{one}'" for one in conditions))
        )
    assert plan.corrected is not None  # what cannot be corrected is refused now
    return plan


def with_corrections(plan: SweepPlan, path: str | os.PathLike[str] | None) -> SweepPlan:
    """A plan with the corrections of a file in place of its own; unchanged without one. Raises InputError, FileError."""
    if path is None:
        return plan
    plan = replace(plan, corrections=_core.load_corrections(path))
    assert plan.corrected is not None
    return plan


def _groups(plan: SweepPlan, settings: list[Index], missing: set[Index]) -> Groups:
    """Members of some settings still to run. Those that differ only in dwell time share one insertion."""
    documents: dict[tuple[str, ...], Treatment] = {}
    for setting in settings:
        values = plan.values(setting)
        if plan.dwell_at is not None:
            del values[_DWELL]
        words = {key: value for key, value in values.items() if isinstance(value, str)}
        numbers = {key: value for key, value in values.items() if not isinstance(value, str)}
        open_ones = [index for index in plan.dwells(setting) if index in missing]
        if not open_ones:
            continue
        names = tuple(words.values())
        if names not in documents:
            documents[names] = plan.base.with_(words) if words else plan.base
        base = documents[names]
        if plan.dwell_at is None:
            yield Member(base, numbers), open_ones
            continue
        dwell = plan.axes[plan.dwell_at].values
        by_time = sorted((dwell[index[plan.dwell_at]], index) for index in open_ones)
        shared = _DWELLS_PER_INSERTION[str(base[_KIND])]
        for k in range(0, len(by_time), shared):
            part = by_time[k : k + shared]
            yield Member(base, numbers, [time for time, _ in part]), [index for _, index in part]


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
        plan, out, lambda missing: _groups(plan, plan.settings, missing), lambda done: sweep_dataset(plan, done), manner,
        again=finished_entries if retry_failed else None,
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
